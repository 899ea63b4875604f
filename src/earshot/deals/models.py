"""A deal runs through the stages of the process version it began under; gates stand at the ends of stages."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from earshot.accounts.models import Account
from earshot.kit import uuid7
from earshot.people.models import Person, Unit
from earshot.playbooks.models import GIVEN_UP, LOST, WON, Gate, Mandate, PartVersion, Role, Stage
from earshot.teams.models import Team

JOINED = "joined"
NOT_WON = (LOST, GIVEN_UP)
# Where a condition could not be evaluated.
AT_GATE, ON_DEAL = "gate", "deal"


class Deal(models.Model):
    """`account` None: imported with an account that nobody knows; it passes no gate. `version`: raised by every change;
    a write that names an older one is refused. `outside_id`: its key in the system it was imported from. `goal`: what is to be achieved,
    and `due`: by which day (A17.2c); neither: imported or opened before they were asked for, it passes no gate.
    `is_open`: nothing has closed it. Its `Closing` says so, too, and writes it, whoever makes one; here it stands for the indexes: what is
    asked of open deals does not grow with those that ended over the years.
    `services`: the codes of its types of service, with a space between (`service_codes`). `left_out`: so the codes of the steps that are
    not needed for it (A8.3c); who says so and why stands in `StepNotNeeded`. `whole`: what it was one of before it was split; None: it
    never was."""

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
    services = models.CharField(max_length=1000, blank=True, default="")
    left_out = models.CharField(max_length=1000, blank=True, default="")
    version = models.PositiveIntegerField(default=1)
    outside_id = models.CharField(max_length=100, null=True, unique=True)  # noqa: DJ001 - null: none; two deals may have none
    opened_at = models.DateTimeField()
    whole = models.ForeignKey("deals.Whole", null=True, on_delete=models.PROTECT, related_name="deals")
    is_open = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.CheckConstraint(name="amount_not_negative", condition=Q(amount__isnull=True) | Q(amount__gte=0)),
            models.CheckConstraint(
                name="goal_and_date_together", condition=Q(goal="", due__isnull=True) | (~Q(goal="") & Q(due__isnull=False))
            ),
        ]
        indexes = [
            models.Index(fields=["-opened_at", "-id"], name="deal_newest"),
            models.Index(fields=["owner"], name="deal_owner"),
            models.Index(fields=["-opened_at", "-id"], condition=Q(is_open=True), name="open_deal_newest"),
            models.Index(fields=["owner"], condition=Q(is_open=True), name="open_deal_owner"),
            # All that a sum by stage asks for stands in it.
            models.Index(fields=["unit", "stage", "currency", "amount"], condition=Q(is_open=True), name="open_deal_sums"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.title}"

    @property
    def service_codes(self) -> list[str]:
        return self.services.split()

    @property
    def steps_left_out(self) -> list[str]:
        return self.left_out.split()


class StageVisit(models.Model):
    """A deal stands in a stage from … until …; in exactly one at a time while it is open."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    deal = models.ForeignKey(Deal, on_delete=models.PROTECT, related_name="visits")
    stage = models.ForeignKey(Stage, on_delete=models.PROTECT)
    entered_at = models.DateTimeField()
    left_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["deal"], condition=Q(left_at__isnull=True), name="one_open_visit")]
        indexes = [models.Index(fields=["-left_at"], condition=Q(left_at__isnull=False), name="visit_left")]

    def __str__(self) -> str:
        return f"{self.deal_id} in {self.stage_id}"


class Vote(models.Model):
    """A decider's vote at the gate of the stage that the deal stands in. It counts while its voter has heard all that is critical.
    `stands_for`: whose decision it is, where the voter is the deputy of somebody who is away."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    visit = models.ForeignKey(StageVisit, on_delete=models.PROTECT, related_name="votes")
    gate = models.ForeignKey(Gate, on_delete=models.PROTECT)
    role = models.ForeignKey(Role, on_delete=models.PROTECT)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="votes")
    approves = models.BooleanField()
    reason = models.CharField(max_length=1000, blank=True)
    at = models.DateTimeField()
    replaced_at = models.DateTimeField(null=True)
    stands_for = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["visit", "role", "person"], condition=Q(replaced_at__isnull=True), name="one_live_vote"),
            models.UniqueConstraint(
                fields=["visit", "role", "stands_for"],
                condition=Q(replaced_at__isnull=True, stands_for__isnull=False),
                name="one_live_vote_for_somebody",
            ),
            models.CheckConstraint(name="a_vote_for_another", condition=Q(stands_for__isnull=True) | ~Q(stands_for=models.F("person"))),
            models.CheckConstraint(name="a_no_says_why", condition=Q(approves=True) | ~Q(reason="")),
        ]

    def __str__(self) -> str:
        return f"{self.person_id}: {'yes' if self.approves else 'no'}"


class GatePass(models.Model):
    """The gate opened for this visit: when, and the lines as they stood, so that it can be judged later. `lines`: in both languages.
    `risk`: the decision by which it opened with something missing. `heard`: what each of those who decided had heard of the customer by
    then (B9.1a): person, name, and of each critical statement its id, how (present, noted) and when."""

    visit = models.OneToOneField(StageVisit, on_delete=models.PROTECT, related_name="gate_pass")
    gate = models.ForeignKey(Gate, on_delete=models.PROTECT)
    at = models.DateTimeField()
    lines = models.JSONField()
    heard = models.JSONField(default=list)
    risk = models.OneToOneField("deals.RiskDecision", null=True, on_delete=models.PROTECT, related_name="gate_pass")

    def __str__(self) -> str:
        return f"{self.gate_id} {self.at:%Y-%m-%d}"


class GateNotAsked(models.Model):
    """The stage was left without its gate, which was none for the deal as it was then. Where the deal becomes one that the gate is for, it
    is asked later."""

    visit = models.OneToOneField(StageVisit, on_delete=models.PROTECT, related_name="gate_not_asked")
    gate = models.ForeignKey(Gate, on_delete=models.PROTECT)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.gate_id} {self.at:%Y-%m-%d}"


class Closing(models.Model):
    """The deal ended: won, lost, given up by its team, or joined to another (`Join`), when, and why: in words, and for which of the reasons
    of its process (`code`; empty: none was named). `competitor`: who won it instead, where that is known."""

    deal = models.OneToOneField(Deal, on_delete=models.PROTECT, related_name="closing")
    outcome = models.CharField(max_length=10, choices=[(one, one) for one in (WON, LOST, GIVEN_UP, JOINED)])
    code = models.CharField(max_length=60, blank=True)
    reason = models.CharField(max_length=1000, blank=True)
    competitor = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(name="lost_says_why", condition=~Q(outcome__in=[LOST, GIVEN_UP]) | ~Q(reason="")),
            models.CheckConstraint(name="a_competitor_wins_what_we_lose", condition=Q(competitor="") | Q(outcome=LOST)),
        ]

    def __str__(self) -> str:
        return self.outcome

    def save(self, *args: Any, **options: Any) -> None:
        super().save(*args, **options)
        Deal.objects.filter(pk=self.deal_id, is_open=True).update(is_open=False)
        self.deal.is_open = False


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


class Escalation(models.Model):
    """A decision outside what the team may decide, asked of one person at a time (`Asking`). `mandate`, `role`: which mandate covers it,
    and for which role the answer counts at the gate; both None: every mandate is known not to hold, and the answer lies above them all.
    `raised_by` None: by the process. `outcome`: how it ended; `words`: of whoever refused or withdrew it."""

    APPROVED, REFUSED, WITHDRAWN = "approved", "refused", "withdrawn"
    MOVED, OTHERWISE = "moved", "otherwise"  # the deal is elsewhere; another mandate covers it, or the team may decide
    OUTCOMES = (APPROVED, REFUSED, WITHDRAWN, MOVED, OTHERWISE)

    id = models.UUIDField(primary_key=True, default=uuid7)
    visit = models.ForeignKey(StageVisit, on_delete=models.PROTECT, related_name="escalations")
    gate = models.ForeignKey(Gate, on_delete=models.PROTECT)
    mandate = models.ForeignKey(Mandate, null=True, on_delete=models.PROTECT)
    role = models.ForeignKey(Role, null=True, on_delete=models.PROTECT)
    raised_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=1000, blank=True)
    at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    outcome = models.CharField(max_length=10, blank=True, choices=[(outcome, outcome) for outcome in OUTCOMES])
    words = models.CharField(max_length=1000, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["visit"], condition=Q(ended_at__isnull=True), name="one_open_escalation"),
            models.CheckConstraint(
                name="an_ended_escalation_has_an_outcome",
                condition=Q(ended_at__isnull=True, outcome="") | (Q(ended_at__isnull=False) & ~Q(outcome="")),
            ),
            models.CheckConstraint(name="refused_or_withdrawn_says_why", condition=~Q(outcome__in=["refused", "withdrawn"]) | ~Q(words="")),
            models.CheckConstraint(
                name="mandate_and_role_together",
                condition=Q(mandate__isnull=True, role__isnull=True) | Q(mandate__isnull=False, role__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return str(self.gate)


class Asking(models.Model):
    """Of whom an escalation is asked, from when to when: one person at a time. `instead_of`: who is away, where the deputy is asked.
    `as_head`: not a holder of the role, but a head above, because nobody else holds it, or nobody answered. `person` None: nobody is there
    to be asked; operations are told. `unit`: in whose business time the clock runs. `last_rung`: its time ran out, and nobody comes
    after."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    escalation = models.ForeignKey(Escalation, on_delete=models.PROTECT, related_name="askings")
    person = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    instead_of = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    as_head = models.BooleanField(default=False)
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    last_rung = models.BooleanField(default=False)
    at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["escalation"], condition=Q(ended_at__isnull=True), name="asked_of_one_at_a_time"),
            models.CheckConstraint(
                name="a_deputy_is_asked_for_another",
                condition=Q(instead_of__isnull=True) | (Q(person__isnull=False) & ~Q(instead_of=models.F("person"))),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.escalation_id} of {self.person_id}"


from earshot.deals.decisions import Figure, MadeGood, NextStep, RiskDecision, RiskHeir, RiskLine  # noqa: E402, F401 - they name Deal by words
from earshot.deals.dissent_tables import Dissent, VoteAsked  # noqa: E402, F401
from earshot.deals.giving_up_tables import Alternative, GivingUp, GivingUpVoice  # noqa: E402, F401
from earshot.deals.lead_tables import (  # noqa: E402, F401 - the same of leads
    Lead,
    LeadCorrection,
    LeadFinding,
    LeadRated,
    LeadSought,
    LeadStep,
    LeadTurn,
    LeadWords,
)
from earshot.deals.lines import ProductLine  # noqa: E402, F401
from earshot.deals.split_tables import Join, PassedBefore, RiskPlace, Split, Whole  # noqa: E402, F401
from earshot.deals.step_tables import StepNotNeeded  # noqa: E402, F401
from earshot.deals.wait_tables import Wait  # noqa: E402, F401
