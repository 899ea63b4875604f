"""What a channel is to tell because of an entry of the journal, and what was sent by it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from earshot.journal.models import Delivery, Entry
from earshot.kit import uuid7
from earshot.talk.models.channels import Channel

LINES, DIGEST = "lines", "digest"
TOLD, FOLDED, WITHDRAWN = "told", "folded", "withdrawn"


class Sending(models.Model):
    """One message by one channel, under the delivery that owes it. Its id is the message's: sent twice, it is the same one."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="sendings")
    delivery = models.OneToOneField(Delivery, on_delete=models.PROTECT, related_name="sending")
    made_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return str(self.pk)


class Notice(models.Model):
    """What one channel is to tell because of one entry. `cause` and `scope`: one line a message for each pair; the newest stands for
    those before it. `way`: at once, or in the digest. `sending`: the message that it goes with, or went.

    `outcome`: empty while it waits; told; folded (a newer one of the same cause was told in its place); withdrawn, because its cause
    was gone before it was sent, or the person may no longer read of it."""

    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="notices")
    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="+")
    cause = models.CharField(max_length=30)
    scope = models.UUIDField()
    way = models.CharField(max_length=10)
    urgent = models.BooleanField(default=False)
    made_at = models.DateTimeField()
    sending = models.ForeignKey(Sending, null=True, on_delete=models.PROTECT, related_name="notices")
    outcome = models.CharField(max_length=10, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["channel", "entry", "cause", "scope"], name="one_notice_per_channel"),
            models.CheckConstraint(name="notice_way", condition=Q(way__in=[LINES, DIGEST])),
            models.CheckConstraint(name="notice_outcome", condition=Q(outcome__in=["", TOLD, FOLDED, WITHDRAWN])),
        ]
        indexes = [
            models.Index(fields=["channel", "way"], condition=Q(outcome="", sending__isnull=True), name="notice_waiting"),
        ]

    def __str__(self) -> str:
        return f"{self.cause} {self.scope}"
