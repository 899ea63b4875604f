"""A clock belongs to any object and keeps the service level under which it began."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from earshot.kit import uuid7
from earshot.people.models import Person, Unit

WORKING, CLOCK = "working", "clock"
MET, CANCELLED = "met", "cancelled"


class Clock(models.Model):
    """`limit`: minutes of working time or clock time, as `measure` says. `unit`: whose business time runs.
    `provisional`: due beyond the last day whose holidays are published. `counted_from` and `used`: since when the limit runs, and
    how many minutes of it were spent before; both move when a pause ends. `paused_at`: it stands still since then (see `Pause`)."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    kind = models.CharField(max_length=30)
    object_id = models.UUIDField()
    service_level = models.CharField(max_length=120)
    measure = models.CharField(max_length=10, choices=[(WORKING, WORKING), (CLOCK, CLOCK)])
    limit = models.PositiveIntegerField()
    unit = models.ForeignKey(Unit, null=True, on_delete=models.PROTECT)
    started_at = models.DateTimeField()
    counted_from = models.DateTimeField()
    used = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField()
    paused_at = models.DateTimeField(null=True)
    provisional = models.BooleanField(default=False)
    stopped_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=10, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "object_id"], condition=Q(stopped_at__isnull=True), name="one_running_clock"),
            models.CheckConstraint(
                name="stopped_has_outcome",
                condition=Q(stopped_at__isnull=True, outcome="") | (Q(stopped_at__isnull=False) & Q(outcome__in=[MET, CANCELLED])),
            ),
        ]
        indexes = [models.Index(fields=["object_id"], name="clock_object")]

    def __str__(self) -> str:
        return f"{self.kind} {self.object_id} due {self.due_at:%Y-%m-%d %H:%M}"


class Pause(models.Model):
    """A clock stands still: by whom, since when, why, and who let it run on. Its steps have no due time meanwhile."""

    clock = models.ForeignKey(Clock, on_delete=models.PROTECT, related_name="pauses")
    reason = models.CharField(max_length=1000)
    paused_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    paused_at = models.DateTimeField()
    resumed_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    resumed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["clock"], condition=Q(resumed_at__isnull=True), name="one_pause_at_a_time")]

    def __str__(self) -> str:
        return self.reason


class Step(models.Model):
    """A rung of the ladder: at `due_at` the addressee is told. `addressee`: a name that wiring resolves when the step fires; empty:
    the limit itself, where the ladder tells nobody just then. `after`: minutes of the clock's measure from its start. `due_at` None:
    the clock is paused. `ended_at`: it fell away, because the clock stopped first."""

    clock = models.ForeignKey(Clock, on_delete=models.PROTECT, related_name="steps")
    name = models.CharField(max_length=20)
    addressee = models.CharField(max_length=60, blank=True)
    after = models.PositiveIntegerField()
    due_at = models.DateTimeField(null=True)
    fired_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clock", "name", "addressee"], name="one_rung"),
            models.CheckConstraint(
                name="step_fired_or_ended", condition=Q(fired_at__isnull=True) | Q(ended_at__isnull=True, due_at__isnull=False)
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at"], condition=Q(fired_at__isnull=True, ended_at__isnull=True, due_at__isnull=False), name="step_due"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} → {self.addressee}"


class Alarm(models.Model):
    """A step told a person. `seen_to_at`: that person's own "I see to it", good for a day; the next step tells anew. Ended with the
    clock."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    step = models.ForeignKey(Step, on_delete=models.PROTECT, related_name="alarms")
    clock = models.ForeignKey(Clock, on_delete=models.PROTECT, related_name="alarms")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    seen_to_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["step", "person"], name="told_once")]
        indexes = [
            models.Index(fields=["person"], condition=Q(ended_at__isnull=True), name="alarm_waiting"),
            models.Index(fields=["clock"], condition=Q(ended_at__isnull=True), name="alarm_of_running"),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} told of {self.clock_id}"


class Shift(models.Model):
    """How far "now" runs ahead of the machine's clock: one row, or none. `alive_at`: the last moment, in shifted time, at which the
    demonstration was seen running."""

    ONLY = 1
    ahead = models.DurationField()
    alive_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.CheckConstraint(name="one_shift", condition=Q(pk=1))]

    def __str__(self) -> str:
        return str(self.ahead)
