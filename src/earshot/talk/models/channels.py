"""The ways by which a person is told, and what he or she wishes of them."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from earshot.kit import uuid7
from earshot.kit.worktime import MIDNIGHT
from earshot.people.models import Person
from earshot.talk.rules import KINDS

LIVE = Q(ended_at__isnull=True)


class Channel(models.Model):
    """One way to one person, which that person added and confirmed by a code sent through it. Before that nothing else goes there.

    `address`: where to; of a robot it holds the robot's key, so that it is shown by its ends alone (`rules.masked`), as is `secret`,
    by which what is sent is signed. `at_once`, `digest`: what of the news goes this way. `codes`: how many codes were sent, the last
    at `code_at`. `failing_since`: nothing has arrived since; `given_up_at`: something was given up, and nothing new is tried before
    its owner, or operations, let it be tried again; `trouble`: why, in both languages."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="channels")
    kind = models.CharField(max_length=10)
    address = models.CharField(max_length=1000)
    secret = models.CharField(max_length=200, blank=True)
    at_once = models.BooleanField(default=True)
    digest = models.BooleanField(default=True)
    added_at = models.DateTimeField()
    codes = models.PositiveSmallIntegerField(default=1)
    code_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    failing_since = models.DateTimeField(null=True)
    given_up_at = models.DateTimeField(null=True)
    trouble = models.JSONField(null=True)
    ended_at = models.DateTimeField(null=True)
    end_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(name="channel_of_known_kind", condition=Q(kind__in=list(KINDS))),
            models.CheckConstraint(name="channel_carries_something", condition=Q(at_once=True) | Q(digest=True)),
            models.CheckConstraint(name="channel_live_has_no_end", condition=~LIVE | Q(end_reason="")),
            models.UniqueConstraint(fields=["person", "kind", "address"], condition=LIVE, name="one_live_channel_per_address"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class Wishes(models.Model):
    """When a person wants to be told: minutes from midnight, in the time of his or her unit. Quiet hours may run over midnight.
    `working_time`: at once only while the unit works. `urgent`: a time limit that has run out may break both. `digest_at`: when, on
    working days, the rest comes in one message; None: never."""

    person = models.OneToOneField(Person, primary_key=True, on_delete=models.PROTECT, related_name="wishes")
    quiet_from = models.PositiveSmallIntegerField(null=True)
    quiet_to = models.PositiveSmallIntegerField(null=True)
    working_time = models.BooleanField(default=False)
    urgent = models.BooleanField(default=False)
    digest_at = models.PositiveSmallIntegerField(null=True)
    language = models.CharField(max_length=10)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="quiet_hours_are_whole",
                condition=Q(quiet_from__isnull=True, quiet_to__isnull=True)
                | Q(quiet_from__lt=MIDNIGHT, quiet_to__lt=MIDNIGHT) & ~Q(quiet_from=models.F("quiet_to")),
            ),
            models.CheckConstraint(name="digest_within_the_day", condition=Q(digest_at__isnull=True) | Q(digest_at__lt=MIDNIGHT)),
        ]

    def __str__(self) -> str:
        return str(self.person_id)


class Feed(models.Model):
    """The address under which a person's calendar may be read without signing in. Only a digest of it is kept; one lives at a time."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="feeds")
    digest = models.CharField(max_length=64, unique=True)
    made_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person"], condition=Q(revoked_at__isnull=True), name="one_live_feed")]

    def __str__(self) -> str:
        return str(self.pk)
