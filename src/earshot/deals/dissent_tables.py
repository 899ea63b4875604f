"""Tables of what keeps a gate shut although the team decides: a role that has been asked and is silent, and a voice against."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from earshot.kit import uuid7
from earshot.people.models import Person
from earshot.playbooks.models import Role

GOES_ON, STANDS, TAKEN_BACK = "goes_on", "stands", "taken_back"
VOTED, ANEW, MOVED = "voted", "anew", "moved"


class VoteAsked(models.Model):
    """A role of the team is asked to vote at the gate, because others of it have begun to: from `at`, until it has voted, is asked anew
    because the customer said something critical, or nothing is asked there any more (`ended`). `silent_at`: its time ran out before it
    had voted: its silence keeps the gate shut no longer."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    visit = models.ForeignKey("deals.StageVisit", on_delete=models.PROTECT, related_name="votes_asked")
    role = models.ForeignKey(Role, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    silent_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    ended = models.CharField(max_length=10, blank=True, choices=[(one, one) for one in (VOTED, ANEW, MOVED)])

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["visit", "role"], condition=Q(ended_at__isnull=True), name="one_open_asking_a_role"),
            models.CheckConstraint(
                name="a_vote_asked_ends_one_way", condition=Q(ended_at__isnull=True, ended="") | (Q(ended_at__isnull=False) & ~Q(ended=""))
            ),
            models.CheckConstraint(name="silent_after_it_was_asked", condition=Q(silent_at__isnull=True) | Q(silent_at__gte=F("at"))),
        ]

    def __str__(self) -> str:
        return str(self.role)


class Dissent(models.Model):
    """A role of the team is against (`vote`), from `at`, until a head above both settles it, or it is taken back (`outcome`).

    `goes_on`: it no longer keeps the gate shut; `stands`: the gate stays shut until the vote is another. `settled_by` says so in `words`,
    for the head `stands_for` where he or she is away. `lapsed_at`: what was settled counts no more, because the customer has said
    something critical since."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    visit = models.ForeignKey("deals.StageVisit", on_delete=models.PROTECT, related_name="dissents")
    vote = models.ForeignKey("deals.Vote", on_delete=models.PROTECT, related_name="dissents")
    role = models.ForeignKey(Role, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=10, blank=True, choices=[(one, one) for one in (GOES_ON, STANDS, TAKEN_BACK, MOVED)])
    settled_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    stands_for = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    words = models.CharField(max_length=1000, blank=True)
    lapsed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["visit", "role"], condition=Q(ended_at__isnull=True), name="one_open_dissent_a_role"),
            models.CheckConstraint(
                name="a_dissent_ends_one_way",
                condition=Q(ended_at__isnull=True, outcome="") | (Q(ended_at__isnull=False) & ~Q(outcome="")),
            ),
            models.CheckConstraint(
                name="a_dissent_is_settled_in_words",
                condition=~Q(outcome__in=[GOES_ON, STANDS]) | (Q(settled_by__isnull=False) & ~Q(words="")),
            ),
            models.CheckConstraint(
                name="only_what_was_settled_lapses", condition=Q(lapsed_at__isnull=True) | Q(outcome=GOES_ON, lapsed_at__gte=F("ended_at"))
            ),
            models.CheckConstraint(name="settled_for_another", condition=Q(stands_for__isnull=True) | ~Q(stands_for=F("settled_by"))),
        ]

    def __str__(self) -> str:
        return str(self.role)
