"""Table of the steps that are not needed for a deal."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from earshot.kit import uuid7
from earshot.people.models import Person


class StepNotNeeded(models.Model):
    """The step (`step`: its code) is not needed for the deal, says `person`, with the reason, until it is needed after all (`ended_at`,
    `ended_by`: who said so; None: the process that the deal follows now does not let it be left out)."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    deal = models.ForeignKey("deals.Deal", on_delete=models.PROTECT, related_name="steps_not_needed")
    step = models.CharField(max_length=60)
    reason = models.CharField(max_length=1000)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["deal", "step"], condition=Q(ended_at__isnull=True), name="once_not_needed"),
            models.CheckConstraint(name="not_needed_says_why", condition=~Q(reason="") & ~Q(step="")),
            models.CheckConstraint(name="needed_again_by_somebody", condition=Q(ended_by__isnull=True) | Q(ended_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.step
