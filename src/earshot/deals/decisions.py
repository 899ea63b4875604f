"""Tables of what is decided on a deal, of the figures it is decided by, and of what comes next. Kept beside `models.py`, which takes them
in."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from earshot.kit import uuid7
from earshot.kit.engine.guards import append_only
from earshot.people.models import Person
from earshot.playbooks.models import Gate

MARGIN, ADVANCE, DAYS = "offer.gross_margin", "offer.advance_share", "offer.days_to_cash"
FIGURES = (MARGIN, ADVANCE, DAYS)


@append_only
class Figure(models.Model):
    """A figure of the offer, as a person stated it: of the deal, under the name of its fact, in the fact's unit (per cent, days). The last
    one counts; those before stay as they were stated. `source`: where the person has it from."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    deal = models.ForeignKey("deals.Deal", on_delete=models.PROTECT, related_name="figures")
    name = models.CharField(max_length=60, choices=[(name, name) for name in FIGURES])
    value = models.DecimalField(max_digits=7, decimal_places=2)
    source = models.CharField(max_length=300)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(name="a_figure_names_its_source", condition=~Q(source="")),
            models.CheckConstraint(name="a_figure_is_one_that_is_known", condition=Q(name__in=FIGURES)),
        ]
        indexes = [models.Index(fields=["deal", "-at", "-id"], name="figure_newest")]

    def __str__(self) -> str:
        return f"{self.name} {self.value}"


@append_only
class NextStep(models.Model):
    """What is done next on a deal, by whom and by which day, as a person said it. The last one counts; those before stay as they
    were said."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    deal = models.ForeignKey("deals.Deal", on_delete=models.PROTECT, related_name="next_steps")
    what = models.CharField(max_length=300)
    due = models.DateField()
    doer = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(name="a_next_step_says_what", condition=~Q(what=""))]
        indexes = [models.Index(fields=["deal", "-at", "-id"], name="next_step_newest"), models.Index(fields=["due"], name="next_step_due")]

    def __str__(self) -> str:
        return self.what


@append_only
class RiskDecision(models.Model):
    """A head opened the gate of this visit with something missing: who, when. What was missing stands in its lines, every one of them.
    `stands_for`: the head who was away, where the person is the deputy."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    visit = models.OneToOneField("deals.StageVisit", on_delete=models.PROTECT, related_name="risk_decision")
    deal = models.ForeignKey("deals.Deal", on_delete=models.PROTECT, related_name="risk_decisions")
    gate = models.ForeignKey(Gate, on_delete=models.PROTECT)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="risk_decisions")
    stands_for = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(name="a_risk_for_another", condition=Q(stands_for__isnull=True) | ~Q(stands_for=models.F("person")))
        ]

    def __str__(self) -> str:
        return f"{self.gate_id} {self.at:%Y-%m-%d}"


@append_only
class RiskLine(models.Model):
    """One thing that was missing when the gate opened: the line as it stood (`line`, in both languages), why it is taken as a risk, who
    makes it good and by which day. `key`: of the condition; `lasts`: its check can be asked again while the deal is open."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    decision = models.ForeignKey(RiskDecision, on_delete=models.PROTECT, related_name="lines")
    position = models.PositiveSmallIntegerField()
    key = models.CharField(max_length=12)
    line = models.JSONField()
    lasts = models.BooleanField()
    reason = models.CharField(max_length=1000)
    who = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="risk_lines")
    due = models.DateField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["decision", "key"], name="one_risk_line_a_condition"),
            models.CheckConstraint(name="a_risk_says_why", condition=~Q(reason="")),
        ]

    def __str__(self) -> str:
        return self.reason


class RiskHeir(models.Model):
    """Who makes a line good now, where whoever the head named has handed it over; the journal says who had it before."""

    line = models.OneToOneField(RiskLine, on_delete=models.PROTECT, primary_key=True, related_name="heir")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.line_id} {self.person_id}"


@append_only
class MadeGood(models.Model):
    """What was missing is made good: its check finds nothing missing any more (`person` None, no words), or somebody says so in words,
    where no check can be asked again."""

    line = models.OneToOneField(RiskLine, on_delete=models.PROTECT, primary_key=True, related_name="made_good")
    person = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    words = models.CharField(max_length=1000, blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="made_good_by_check_or_in_words", condition=Q(person__isnull=True, words="") | (Q(person__isnull=False) & ~Q(words=""))
            )
        ]

    def __str__(self) -> str:
        return self.words or "checked"
