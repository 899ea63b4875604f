"""Tables of giving a deal up: who proposes it and why, what was tried instead, and what each of the team says to it."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from earshot.kit import uuid7
from earshot.people.models import Person
from earshot.playbooks.models import GIVEN_UP, Role

REFUSED, WITHDRAWN, ENDED = "refused", "withdrawn", "ended"


class GivingUp(models.Model):
    """Somebody of the team proposes to give the deal up, `at`, for the process's reason `code` (empty: it names none) and in words.

    `outcome`: given_up; refused by the head who was asked; withdrawn; or ended, because the deal was won, lost or joined. Empty: open.
    `ended_by`: whoever's act ended it."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    deal = models.ForeignKey("deals.Deal", on_delete=models.PROTECT, related_name="givings_up")
    code = models.CharField(max_length=60, blank=True)
    reason = models.CharField(max_length=1000)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    outcome = models.CharField(max_length=10, blank=True, choices=[(one, one) for one in (GIVEN_UP, REFUSED, WITHDRAWN, ENDED)])

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["deal"], condition=Q(ended_at__isnull=True), name="one_open_giving_up"),
            models.CheckConstraint(name="giving_up_says_why", condition=~Q(reason="")),
            models.CheckConstraint(
                name="giving_up_ends_one_way", condition=Q(ended_at__isnull=True, outcome="") | (Q(ended_at__isnull=False) & ~Q(outcome=""))
            ),
        ]

    def __str__(self) -> str:
        return self.reason


class Alternative(models.Model):
    """What was tried before the deal was to be given up, and what came of it."""

    giving_up = models.ForeignKey(GivingUp, on_delete=models.PROTECT, related_name="alternatives")
    position = models.PositiveSmallIntegerField()
    tried = models.CharField(max_length=300)
    came_of_it = models.CharField(max_length=300)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["giving_up", "position"], name="one_alternative_a_place"),
            models.CheckConstraint(name="an_alternative_was_tried", condition=~Q(tried="") & ~Q(came_of_it="")),
        ]

    def __str__(self) -> str:
        return self.tried


class GivingUpVoice(models.Model):
    """Somebody is asked whether the deal is to be given up, from `at`: for a `role` of its team, or as the `head` above it.

    `spoken_at`: said so or so, in words where against; by the deputy `spoken_by` where he or she is away. `silent_at`: the time ran out
    before that. `lapsed_at`: it counts no more, for the customer has said something critical since; who is asked again has another row."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    giving_up = models.ForeignKey(GivingUp, on_delete=models.PROTECT, related_name="voices")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    role = models.ForeignKey(Role, null=True, on_delete=models.PROTECT, related_name="+")
    head = models.BooleanField(default=False)
    at = models.DateTimeField()
    agrees = models.BooleanField(null=True)
    words = models.CharField(max_length=1000, blank=True)
    spoken_at = models.DateTimeField(null=True)
    spoken_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    silent_at = models.DateTimeField(null=True)
    lapsed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["giving_up", "person"], condition=Q(lapsed_at__isnull=True), name="one_voice_a_person"),
            models.UniqueConstraint(fields=["giving_up"], condition=Q(head=True, lapsed_at__isnull=True), name="one_head_is_asked"),
            models.CheckConstraint(
                name="a_voice_says_one_thing",
                condition=Q(spoken_at__isnull=True, agrees__isnull=True, spoken_by__isnull=True)
                | Q(spoken_at__isnull=False, agrees__isnull=False),
            ),
            models.CheckConstraint(name="a_voice_against_says_why", condition=~Q(agrees=False) | ~Q(words="")),
            models.CheckConstraint(name="spoken_by_another", condition=Q(spoken_by__isnull=True) | ~Q(spoken_by=F("person"))),
            models.CheckConstraint(name="silent_after_the_asking", condition=Q(silent_at__isnull=True) | Q(silent_at__gte=F("at"))),
        ]

    def __str__(self) -> str:
        return str(self.person)
