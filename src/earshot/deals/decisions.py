"""Tables of what is decided on a deal, of the figures it is decided by, and of what comes next. Kept beside `models.py`, which takes them
in."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from earshot.kit import uuid7
from earshot.kit.engine.guards import append_only
from earshot.people.models import Person

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
