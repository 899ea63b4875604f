"""A call is a duty of a unit. It has an accountable person and a clock from birth; there is no "declined" and no "favour"."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from earshot.deals.models import Deal, StageVisit
from earshot.kit import uuid7
from earshot.kit.engine.guards import append_only
from earshot.people.models import Person, Unit
from earshot.playbooks.models import Trigger


class Call(models.Model):
    """Raised by a row of the trigger table when a deal entered a stage. `prescribed_at`: when the rule says it was due to begin;
    earlier than `raised_at` only for what an import brought in, and never counted as the unit's lateness. `came_with`: the deal for which
    it was raised, where it went with a part of that to `deal`."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    number = models.CharField(max_length=20, unique=True)
    deal = models.ForeignKey(Deal, on_delete=models.PROTECT, related_name="calls")
    visit = models.ForeignKey(StageVisit, on_delete=models.PROTECT, related_name="calls")
    trigger = models.ForeignKey(Trigger, on_delete=models.PROTECT)
    support_code = models.CharField(max_length=60)
    role = models.CharField(max_length=60)
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="calls")
    accountable = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="calls_accountable")
    raised_at = models.DateTimeField()
    prescribed_at = models.DateTimeField()
    came_with = models.ForeignKey(Deal, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["deal", "support_code"], condition=Q(came_with__isnull=True), name="one_call_per_support")
        ]
        indexes = [models.Index(fields=["unit", "-raised_at"], name="call_unit")]

    def __str__(self) -> str:
        return f"{self.number} {self.trigger.support}"


class Assignment(models.Model):
    """Who does it now: named at birth by the catalogue, later by the unit. Taking it is the person's own act."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    call = models.ForeignKey(Call, on_delete=models.PROTECT, related_name="assignments")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="assignments")
    at = models.DateTimeField()
    taken_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    end_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["call"], condition=Q(ended_at__isnull=True), name="one_live_assignment")]
        indexes = [models.Index(fields=["person"], condition=Q(ended_at__isnull=True), name="live_assignments")]

    def __str__(self) -> str:
        return f"{self.person_id} → {self.call_id}"


class Result(models.Model):
    """What was delivered. Sent back, with a reason, it was not effective, and the duty is open again."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    call = models.ForeignKey(Call, on_delete=models.PROTECT, related_name="results")
    person = models.ForeignKey(Person, on_delete=models.PROTECT)
    text = models.TextField()
    at = models.DateTimeField()
    returned_at = models.DateTimeField(null=True)
    returned_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    return_reason = models.CharField(max_length=1000, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["call"], condition=Q(returned_at__isnull=True), name="one_live_result"),
            models.CheckConstraint(name="returned_says_why", condition=Q(returned_at__isnull=True) | ~Q(return_reason="")),
        ]

    def __str__(self) -> str:
        return self.text[:60]


class Objection(models.Model):
    """Somebody of the deal holds the call to be unnecessary, and says why. The support runs until a head decides."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    call = models.ForeignKey(Call, on_delete=models.PROTECT, related_name="objections")
    person = models.ForeignKey(Person, on_delete=models.PROTECT)
    reason = models.CharField(max_length=1000)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.reason[:60]


class Ending(models.Model):
    """A head of the deal's unit, or of one above it, decided that the duty ends without a result: by name, with a reason."""

    call = models.OneToOneField(Call, on_delete=models.PROTECT, related_name="ending")
    person = models.ForeignKey(Person, on_delete=models.PROTECT)
    reason = models.CharField(max_length=1000)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.reason[:60]


@append_only
class SharedCall(models.Model):
    """The call serves this deal as well, besides its own: they were one deal when it was raised."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    call = models.ForeignKey(Call, on_delete=models.PROTECT, related_name="shared")
    deal = models.ForeignKey(Deal, on_delete=models.PROTECT, related_name="shared_calls")
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["call", "deal"], name="a_call_shared_once")]

    def __str__(self) -> str:
        return f"{self.call_id} for {self.deal_id}"
