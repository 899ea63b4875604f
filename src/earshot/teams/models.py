"""A team's seats and who sits in them. An open seat is an empty chair that says who is wanted and why."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from earshot.kit import uuid7
from earshot.people.models import Person, Unit

LIVE = Q(ended_at__isnull=True)


class Team(models.Model):
    """A virtual team, owned by a unit. What it serves points at it."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    name = models.CharField(max_length=240)
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT)
    formed_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class Seat(models.Model):
    """A seat for one role. Exactly one seat of a team is the leader's. `template`: code of the row of the playbook that it was made from;
    empty: made before that was kept."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="seats")
    role = models.CharField(max_length=60)
    leader = models.BooleanField(default=False)
    why_zh = models.CharField(max_length=200)
    why_en = models.CharField(max_length=200)
    template = models.CharField(max_length=60, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["team"], condition=Q(leader=True), name="one_leading_seat"),
            models.UniqueConstraint(fields=["team", "template", "role"], condition=~Q(template=""), name="one_seat_of_a_template"),
        ]

    def __str__(self) -> str:
        return f"{self.team}: {self.role}"


class Membership(models.Model):
    """A nomination of one person to one seat; a membership once that person has accepted it."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    seat = models.ForeignKey(Seat, on_delete=models.PROTECT, related_name="memberships")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="memberships")
    nominated_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    end_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["seat"], condition=LIVE, name="one_person_per_seat")]
        indexes = [models.Index(fields=["person"], condition=LIVE, name="live_membership")]

    def __str__(self) -> str:
        return f"{self.person_id} → {self.seat_id}"


class Acceptance(models.Model):
    """The person's own act: without it a nomination counts for nothing."""

    membership = models.OneToOneField(Membership, on_delete=models.PROTECT, related_name="acceptance")
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.membership_id}"
