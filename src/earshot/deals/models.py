"""A deal runs through the stages of the process version it began under; gates stand at the ends of stages."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from earshot.accounts.models import Account
from earshot.kit import uuid7
from earshot.people.models import Person, Unit
from earshot.playbooks.models import Gate, PartVersion, Role, Stage
from earshot.teams.models import Team

WON, LOST = "won", "lost"
# Where a condition could not be evaluated.
AT_GATE, ON_DEAL = "gate", "deal"


class Deal(models.Model):
    """`account` None: imported with an account that nobody knows; it passes no gate. `version`: raised by every change;
    a write that names an older one is refused. `outside_id`: its key in the system it was imported from. `goal`: what is to be achieved,
    and `due`: by which day (A17.2c); neither: imported or opened before they were asked for, it passes no gate."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    number = models.CharField(max_length=20, unique=True)
    title = models.CharField(max_length=200)
    account = models.ForeignKey(Account, null=True, on_delete=models.PROTECT, related_name="deals")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="deals")
    owner = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="deals")
    team = models.OneToOneField(Team, on_delete=models.PROTECT, related_name="deal")
    process = models.ForeignKey(PartVersion, on_delete=models.PROTECT)
    stage = models.ForeignKey(Stage, on_delete=models.PROTECT, related_name="deals")
    amount = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    currency = models.CharField(max_length=3, default="CNY")
    goal = models.CharField(max_length=300, blank=True)
    due = models.DateField(null=True)
    version = models.PositiveIntegerField(default=1)
    outside_id = models.CharField(max_length=100, null=True, unique=True)  # noqa: DJ001 - null: none; two deals may have none
    opened_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(name="amount_not_negative", condition=Q(amount__isnull=True) | Q(amount__gte=0)),
            models.CheckConstraint(
                name="goal_and_date_together", condition=Q(goal="", due__isnull=True) | (~Q(goal="") & Q(due__isnull=False))
            ),
        ]
        indexes = [models.Index(fields=["-opened_at", "-id"], name="deal_newest"), models.Index(fields=["owner"], name="deal_owner")]

    def __str__(self) -> str:
        return f"{self.number} {self.title}"


class StageVisit(models.Model):
    """A deal stands in a stage from … until …; in exactly one at a time while it is open."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    deal = models.ForeignKey(Deal, on_delete=models.PROTECT, related_name="visits")
    stage = models.ForeignKey(Stage, on_delete=models.PROTECT)
    entered_at = models.DateTimeField()
    left_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["deal"], condition=Q(left_at__isnull=True), name="one_open_visit")]

    def __str__(self) -> str:
        return f"{self.deal_id} in {self.stage_id}"


class Vote(models.Model):
    """A decider's vote at the gate of the stage that the deal stands in. It counts while its voter has heard all that is critical."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    visit = models.ForeignKey(StageVisit, on_delete=models.PROTECT, related_name="votes")
    gate = models.ForeignKey(Gate, on_delete=models.PROTECT)
    role = models.ForeignKey(Role, on_delete=models.PROTECT)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="votes")
    approves = models.BooleanField()
    reason = models.CharField(max_length=1000, blank=True)
    at = models.DateTimeField()
    replaced_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["visit", "role", "person"], condition=Q(replaced_at__isnull=True), name="one_live_vote"),
            models.CheckConstraint(name="a_no_says_why", condition=Q(approves=True) | ~Q(reason="")),
        ]

    def __str__(self) -> str:
        return f"{self.person_id}: {'yes' if self.approves else 'no'}"


class GatePass(models.Model):
    """The gate opened for this visit: when, and the lines as they stood, so that it can be judged later. `lines`: in both languages."""

    visit = models.OneToOneField(StageVisit, on_delete=models.PROTECT, related_name="gate_pass")
    gate = models.ForeignKey(Gate, on_delete=models.PROTECT)
    at = models.DateTimeField()
    lines = models.JSONField()

    def __str__(self) -> str:
        return f"{self.gate_id} {self.at:%Y-%m-%d}"


class Closing(models.Model):
    """The deal ended: won or lost, when, and why."""

    deal = models.OneToOneField(Deal, on_delete=models.PROTECT, related_name="closing")
    outcome = models.CharField(max_length=5, choices=[(WON, WON), (LOST, LOST)])
    reason = models.CharField(max_length=1000, blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(name="lost_says_why", condition=Q(outcome=WON) | ~Q(reason=""))]

    def __str__(self) -> str:
        return self.outcome


class Rate(models.Model):
    """What one unit of a currency was worth in the company's on a day, as somebody of operations entered it. `replaced_at`: another
    figure was entered for the same day since; the row stays. `base`: the company's currency when it was entered."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    base = models.CharField(max_length=3)
    currency = models.CharField(max_length=3)
    day = models.DateField()
    rate = models.DecimalField(max_digits=18, decimal_places=8)
    person = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    replaced_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["base", "currency", "day"], condition=Q(replaced_at__isnull=True), name="one_rate_for_a_day"),
            models.CheckConstraint(name="rate_above_zero", condition=Q(rate__gt=0)),
            models.CheckConstraint(name="rate_of_another_currency", condition=~Q(base=models.F("currency"))),
        ]

    def __str__(self) -> str:
        return f"1 {self.currency} = {self.rate.normalize():f} {self.base} ({self.day})"


class Unjudged(models.Model):
    """A check or condition of the playbook could not be evaluated on a deal: from the attempt that met it until one that could.
    `where`: on trying to leave its stage, or on the deal as it stands (its size, its seats, the calls of its stage)."""

    deal = models.ForeignKey(Deal, on_delete=models.PROTECT, related_name="unjudged")
    where = models.CharField(max_length=4, choices=[(AT_GATE, AT_GATE), (ON_DEAL, ON_DEAL)], default=AT_GATE)
    name = models.CharField(max_length=60)
    since = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["deal", "where", "name"], condition=Q(ended_at__isnull=True), name="one_live_unjudged")
        ]

    def __str__(self) -> str:
        return f"{self.name} on {self.deal_id}"


from earshot.deals.decisions import Figure, NextStep  # noqa: E402, F401 - tables of this room that name Deal by words
