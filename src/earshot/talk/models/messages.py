"""Messages, whom they reach, and each one's own acknowledgement. Written once: what changes is a record of its own."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext

from earshot.kit import uuid7
from earshot.kit.engine.guards import append_only
from earshot.people.models import Person
from earshot.playbooks.models import ANSWER, ASKS, DIRECTIVE
from earshot.teams.models import Team

LEFT_TEAM, LOST_SIGHT, WITHDRAWN, HANDED = "left_team", "lost_sight", "withdrawn", "handed"
CAUSES = (LEFT_TEAM, LOST_SIGHT, WITHDRAWN, HANDED)


@append_only
class Message(models.Model):
    """What one person wrote. `kind`, `object_id`: what it is about, of a registered topic. `team` set: it is about that team and is
    seen by whom it reaches alone; else by whoever sees what it is about. `to_team`: it was written to the team's one address, and has
    reached exactly the members of that moment. `asks`: "" nothing, "answer" or "directive": each recipient acknowledges it in time."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    kind = models.CharField(max_length=30)
    object_id = models.UUIDField()
    team = models.ForeignKey(Team, null=True, on_delete=models.PROTECT, related_name="messages")
    to_team = models.BooleanField(default=False)
    author = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="messages_written")
    text = models.TextField()
    asks = models.CharField(max_length=10, blank=True, choices=[(asks, asks) for asks in ASKS])
    replies_to = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="replies")
    posted_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(name="message_asks_what_is_known", condition=Q(asks__in=["", ANSWER, DIRECTIVE])),
            models.CheckConstraint(name="message_has_text", condition=~Q(text="")),
            models.CheckConstraint(name="message_of_team_is_about_it", condition=Q(team__isnull=True) | Q(object_id=F("team"))),
            models.CheckConstraint(name="message_to_team_names_it", condition=Q(to_team=False) | Q(team__isnull=False)),
            models.CheckConstraint(name="message_no_reply_to_itself", condition=~Q(replies_to=F("id"))),
        ]
        indexes = [
            models.Index(fields=["object_id", "-posted_at", "-id"], name="message_object"),
            models.Index(fields=["team"], condition=Q(team__isnull=False), name="message_of_team"),
        ]

    def __str__(self) -> str:
        """Names the message without a word of it: this stands in journals, alarms and lists."""
        at = f"{timezone.localtime(self.posted_at):%m-%d %H:%M}"
        return gettext("message of {name} ({at})").format(name=self.author.name, at=at)


@append_only
class Recipient(models.Model):
    """Somebody whom a message was written to. Where it asks something, a clock runs for this row until he or she acknowledges."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    message = models.ForeignKey(Message, on_delete=models.PROTECT, related_name="recipients")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="messages_received")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["message", "person"], name="one_copy_per_person")]

    def __str__(self) -> str:
        return f"{self.message_id} → {self.person_id}"


@append_only
class Acknowledgement(models.Model):
    """The recipient's own act, never mere delivery. `reply`: with these words; None: without any."""

    recipient = models.OneToOneField(Recipient, on_delete=models.PROTECT, related_name="acknowledgement")
    at = models.DateTimeField()
    reply = models.ForeignKey(Message, null=True, on_delete=models.PROTECT, related_name="acknowledges")

    def __str__(self) -> str:
        return f"{self.recipient_id}"


@append_only
class Release(models.Model):
    """Nothing is asked of the recipient any more: he or she no longer sees the message, its author withdrew what it
    asks, or somebody else was handed it."""

    recipient = models.OneToOneField(Recipient, on_delete=models.PROTECT, related_name="release")
    at = models.DateTimeField()
    why = models.CharField(max_length=12, choices=[(why, why) for why in CAUSES])

    class Meta:
        constraints = [models.CheckConstraint(name="release_of_known_cause", condition=Q(why__in=list(CAUSES)))]

    def __str__(self) -> str:
        return f"{self.recipient_id}: {self.why}"
