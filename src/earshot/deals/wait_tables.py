"""Tables of what waits on a deal: hand-overs from one step to the next, and work that somebody waits for."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from earshot.kit import uuid7
from earshot.people.models import Person, Unit
from earshot.playbooks.models import Role

HANDOVER, BLOCK = "handover", "block"
TAKEN, THERE, MOVED, CLOSED = "taken", "there", "moved", "closed"


class Wait(models.Model):
    """A deal waits, from `since` until `until` (None: still).

    `handover`: a step that `role` answers for was begun by `visit`, and nobody of it has taken the deal over from whoever answered for the
    step before (`former_role`). `block`: `raised_by` says that the work waits for `unit`, for `person` of it where one is known, and
    why. `ended`: how it ended: taken over, it is there (in `words`), the deal moved on or was closed; `ended_by`: who did that, if a
    person."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    deal = models.ForeignKey("deals.Deal", on_delete=models.PROTECT, related_name="waits")
    kind = models.CharField(max_length=10, choices=[(HANDOVER, HANDOVER), (BLOCK, BLOCK)])
    visit = models.OneToOneField("deals.StageVisit", null=True, on_delete=models.PROTECT, related_name="handover")
    role = models.ForeignKey(Role, null=True, on_delete=models.PROTECT, related_name="+")
    former_role = models.ForeignKey(Role, null=True, on_delete=models.PROTECT, related_name="+")
    unit = models.ForeignKey(Unit, null=True, on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=1000, blank=True)
    raised_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)
    ended = models.CharField(max_length=10, blank=True, choices=[(one, one) for one in (TAKEN, THERE, MOVED, CLOSED)])
    ended_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    words = models.CharField(max_length=1000, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["deal"], condition=Q(kind=HANDOVER, until__isnull=True), name="one_open_handover_a_deal"),
            models.UniqueConstraint(fields=["deal", "unit", "reason"], condition=Q(until__isnull=True), name="one_open_block_a_reason"),
            models.CheckConstraint(
                name="a_wait_says_for_whom",
                condition=Q(kind=HANDOVER, visit__isnull=False, role__isnull=False, unit__isnull=True, person__isnull=True, reason="")
                | (Q(kind=BLOCK, visit__isnull=True, unit__isnull=False, raised_by__isnull=False) & ~Q(reason="")),
            ),
            models.CheckConstraint(
                name="a_wait_ends_one_way",
                condition=Q(until__isnull=True, ended="") | (Q(until__isnull=False, until__gte=F("since")) & ~Q(ended="")),
            ),
            models.CheckConstraint(name="what_is_there_is_said", condition=~Q(ended=THERE) | (Q(ended_by__isnull=False) & ~Q(words=""))),
        ]
        indexes = [
            models.Index(fields=["deal", "since"], name="waits_of_deal"),
            models.Index(fields=["unit"], condition=Q(until__isnull=True), name="waits_on_unit"),
        ]

    def __str__(self) -> str:
        return self.reason or str(self.role)
