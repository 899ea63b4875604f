"""A statement is kept word for word; what it is about, who must hear it and who has heard it are records beside it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from earshot.accounts.models import Contact
from earshot.deals.models import Deal
from earshot.kit import uuid7
from earshot.kit.engine.guards import append_only
from earshot.people.models import Person

PRESENT, NOTED = "present", "noted"


class Meeting(models.Model):
    """A contact with the customer that was held: a visit, a call, a message. `held_at` None: not told (yet). `asks`: what was
    typed and could not be read, by field, kept so that the author can mend it: {"field": "typed"}."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    deal = models.ForeignKey(Deal, on_delete=models.PROTECT, related_name="meetings")
    author = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="meetings_recorded")
    held_at = models.DateTimeField(null=True)
    place = models.CharField(max_length=200, blank=True)
    contacts = models.ManyToManyField(Contact, related_name="meetings")
    asks = models.JSONField(default=dict)
    recorded_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.deal_id} {self.recorded_at:%Y-%m-%d}"


@append_only
class Item(models.Model):
    """One thing the customer said, in the customer's own words. Written once: the database refuses any change."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    meeting = models.ForeignKey(Meeting, on_delete=models.PROTECT, related_name="items")
    deal = models.ForeignKey(Deal, on_delete=models.PROTECT, related_name="items")
    speaker = models.ForeignKey(Contact, null=True, on_delete=models.PROTECT, related_name="items")
    position = models.PositiveSmallIntegerField()
    words = models.TextField()
    recorded_at = models.DateTimeField()

    class Meta:
        ordering = ["recorded_at", "position", "pk"]

    def __str__(self) -> str:
        words = " ".join(self.words.split())
        return f"“{words[:60]}…”" if len(words) > 61 else f"“{words}”"


@append_only
class Correction(models.Model):
    """Stands beside the words that it corrects; the words stay."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="corrections")
    text = models.TextField()
    author = models.ForeignKey(Person, on_delete=models.PROTECT)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.text[:60]


class Filing(models.Model):
    """What an item is about, by a category of the playbook. `category` empty: not told; the default hearer hears it, and the
    author is asked. `rule`: the version that decided who must hear, or empty where no rule did (operations are alarmed)."""

    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="filings")
    category = models.CharField(max_length=60, blank=True)
    critical = models.BooleanField(default=False)
    rule = models.CharField(max_length=120, blank=True)
    at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["item"], condition=Q(ended_at__isnull=True), name="one_live_filing")]
        indexes = [
            models.Index(fields=["category"], condition=Q(ended_at__isnull=True, rule=""), name="filing_without_rule"),
            models.Index(fields=["item"], condition=Q(ended_at__isnull=True, critical=True), name="filing_critical"),
        ]

    def __str__(self) -> str:
        return self.category


class Ear(models.Model):
    """Somebody who must hear an item: by which role, under which rule. `person` None: nobody holds the role (operations are
    alarmed). Ended when the duty passed to another person. Heard is not a mark here: it is that person's `Hearing`."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="ears")
    role = models.CharField(max_length=60)
    person = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="ears")
    rule = models.CharField(max_length=120)
    since = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["item", "role", "person"], condition=Q(ended_at__isnull=True, person__isnull=False), name="one_live_ear_per_hearer"
            ),
            models.UniqueConstraint(
                fields=["item", "role"], condition=Q(ended_at__isnull=True, person__isnull=True), name="one_live_ear_of_nobody"
            ),
        ]
        indexes = [
            models.Index(fields=["person", "since"], condition=Q(ended_at__isnull=True), name="live_ears"),
            models.Index(fields=["role"], condition=Q(ended_at__isnull=True, person__isnull=True), name="ears_of_nobody"),
        ]

    def __str__(self) -> str:
        return f"{self.role}: {self.item_id}"


class Attendance(models.Model):
    """Somebody is said to have been present. It counts only once that person confirms it; the one who says it of him- or herself
    confirms it by saying so."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    meeting = models.ForeignKey(Meeting, on_delete=models.PROTECT, related_name="attendances")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="attendances")
    ticked_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True)
    denied_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["meeting", "person"], name="one_attendance"),
            models.CheckConstraint(
                name="not_both_confirmed_and_denied", condition=Q(confirmed_at__isnull=True) | Q(denied_at__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} at {self.meeting_id}"


@append_only
class Hearing(models.Model):
    """A person has heard an item: was present, or took note of the original words. Always that person's own act."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="hearings")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="hearings")
    how = models.CharField(max_length=7, choices=[(PRESENT, PRESENT), (NOTED, NOTED)])
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["item", "person"], name="heard_once")]

    def __str__(self) -> str:
        return f"{self.person_id} heard {self.item_id}"


@append_only
class SharedItem(models.Model):
    """What was said concerns this deal as well: it was said before the deal was taken out of the one on which it stands."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="shared")
    deal = models.ForeignKey(Deal, on_delete=models.PROTECT, related_name="shared_items")
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["item", "deal"], name="an_item_shared_once")]

    def __str__(self) -> str:
        return f"{self.item_id} for {self.deal_id}"
