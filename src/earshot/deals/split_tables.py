"""Tables of deals that were one: what was taken out of which, what they are judged by together, and what was passed before."""

from __future__ import annotations

from decimal import Decimal

from django.db import models
from django.db.models import F, Q

from earshot.kit import uuid7
from earshot.kit.engine.guards import append_only
from earshot.people.models import Person
from earshot.playbooks.models import Gate

# To half a cent: SQLite adds numbers with a fraction.
_SAME = Q(
    before__lt=F("kept") + F("taken") + models.Value(Decimal("0.005")), before__gt=F("kept") + F("taken") - models.Value(Decimal("0.005"))
)


class Whole(models.Model):
    """What was one deal. `amount`: of all its open parts together, by which gates, sizes and mandates judge each of them; None: one of
    them states none, so nobody knows. Counted anew whenever one of them changes or closes."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    amount = models.DecimalField(max_digits=16, decimal_places=2, null=True)

    def __str__(self) -> str:
        return str(self.pk)


@append_only
class Split(models.Model):
    """`part` was taken out of `first`. `before`: the amount of the first until then; `kept`, `taken`: of the two since then, where the one
    before was known. Where they do not come to the same, `reason` says why."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    first = models.ForeignKey("deals.Deal", on_delete=models.PROTECT, related_name="splits")
    part = models.OneToOneField("deals.Deal", on_delete=models.PROTECT, related_name="taken_from")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    before = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    kept = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    taken = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    reason = models.CharField(max_length=1000, blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(name="no_part_of_itself", condition=~Q(first=F("part"))),
            models.CheckConstraint(
                name="nothing_lost_by_a_split",
                condition=Q(before__isnull=True) | (Q(kept__isnull=False, taken__isnull=False) & (_SAME | ~Q(reason=""))),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.part_id} of {self.first_id}"


_SUM = Q(
    total__lt=F("kept") + F("brought") + models.Value(Decimal("0.005")), total__gt=F("kept") + F("brought") - models.Value(Decimal("0.005"))
)


@append_only
class Join(models.Model):
    """`gone` was joined to `into`, and is closed. `kept`, `brought`: what the two were worth until then; `total`: what `into` has been
    worth since. Where that is something else than the two together, `reason` says why."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    gone = models.OneToOneField("deals.Deal", on_delete=models.PROTECT, related_name="joined_to")
    into = models.ForeignKey("deals.Deal", on_delete=models.PROTECT, related_name="joins")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    kept = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    brought = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    total = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    reason = models.CharField(max_length=1000, blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(name="not_joined_to_itself", condition=~Q(gone=F("into"))),
            models.CheckConstraint(
                name="nothing_lost_by_a_join",
                condition=Q(kept__isnull=True) | Q(brought__isnull=True) | ~Q(reason="") | (Q(total__isnull=False) & _SUM),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.gone_id} to {self.into_id}"


@append_only
class PassedBefore(models.Model):
    """A gate that counts for `deal` as it stood when the deal was taken out of another: passed then (`passed`: when it opened, for the
    other), or not asked, because it was none for that one (`not_asked`)."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    deal = models.ForeignKey("deals.Deal", on_delete=models.PROTECT, related_name="passed_before")
    gate = models.ForeignKey(Gate, on_delete=models.PROTECT, related_name="+")
    passed = models.ForeignKey("deals.GatePass", null=True, on_delete=models.PROTECT, related_name="+")
    not_asked = models.ForeignKey("deals.GateNotAsked", null=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["deal", "gate"], name="passed_before_once_a_gate"),
            models.CheckConstraint(
                name="passed_before_or_not_asked",
                condition=Q(passed__isnull=False, not_asked__isnull=True) | Q(passed__isnull=True, not_asked__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return str(self.gate_id)


class RiskPlace(models.Model):
    """Which deal owes a risk line now, where it went with a part of the one that it was decided on; the journal says from where."""

    line = models.OneToOneField("deals.RiskLine", on_delete=models.PROTECT, primary_key=True, related_name="place")
    deal = models.ForeignKey("deals.Deal", on_delete=models.PROTECT, related_name="risk_places")
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.line_id} {self.deal_id}"
