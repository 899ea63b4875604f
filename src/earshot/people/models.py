"""Who there is, who answers for what, and who may see what and why."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import F, Q

from earshot.kit import uuid7, worktime
from earshot.people.rules import KINDS

LIVE = Q(until__isnull=True)


class WorkingCalendar(models.Model):
    """Weekly working hours with exceptions. `of_unit` set: the days that one unit has of its own, on top of whatever calendar it
    inherits; hours, zone and confirmation are then those of that calendar.

    `weekly`: seven lists of [start, end] in minutes from midnight, Monday first.
    Days after `confirmed_to` are provisional: nobody has confirmed yet that their holidays and make-up days are published.
    `version` grows with every change, for those who edit. `edition` names these contents and no others, ever: a change that was rolled
    back leaves none behind, so that what is remembered by edition is never another calendar's."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    name = models.CharField(max_length=100, unique=True)
    of_unit = models.OneToOneField("Unit", null=True, on_delete=models.PROTECT, related_name="own_days")
    zone = models.CharField(max_length=60, default="Asia/Shanghai", blank=True)
    weekly = models.JSONField(default=list)
    confirmed_to = models.DateField(null=True)
    version = models.PositiveIntegerField(default=1)
    edition = models.UUIDField(default=uuid7)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="calendar_is_whole_or_of_unit",
                condition=Q(of_unit__isnull=True, confirmed_to__isnull=False) | Q(of_unit__isnull=False, confirmed_to__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return self.name

    def as_calendar(self) -> worktime.Calendar:
        """This calendar as plain data for the arithmetic."""
        return worktime.Calendar(
            zone=ZoneInfo(self.zone),
            weekly=tuple(tuple((start, end) for start, end in spans) for spans in self.weekly),
            days=self.exceptions(),
        )

    def exceptions(self) -> dict[date, tuple[worktime.Span, ...]]:
        return {day.day: tuple((start, end) for start, end in day.spans) for day in self.days.all()}


class CalendarDay(models.Model):
    """A day on which the week does not hold: `spans` empty is a day off. `kind` says why: a public holiday, a working day that makes up
    for one (调休), a day of the company, or an exception of one unit."""

    calendar = models.ForeignKey(WorkingCalendar, on_delete=models.CASCADE, related_name="days")
    day = models.DateField()
    kind = models.CharField(max_length=10, choices=[(kind, kind) for kind in KINDS])
    spans = models.JSONField(default=list)
    name = models.CharField(max_length=100, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["calendar", "day"], name="one_exception_per_day"),
            models.CheckConstraint(name="day_of_known_kind", condition=Q(kind__in=list(KINDS))),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.name}"


class Unit(models.Model):
    """A unit of the company. Its head sees what the unit and all units below it own, and answers for their duties."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    code = models.CharField(max_length=60, unique=True)
    name = models.CharField(max_length=100)
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="children")
    head = models.ForeignKey("Person", null=True, blank=True, on_delete=models.PROTECT, related_name="heads")
    calendar = models.ForeignKey(WorkingCalendar, null=True, blank=True, on_delete=models.PROTECT)

    class Meta:
        constraints = [models.CheckConstraint(name="unit_not_its_own_parent", condition=~Q(parent=F("id")))]

    def __str__(self) -> str:
        return self.name


class UnitAbove(models.Model):
    """The closure of the tree: every unit with itself and each unit above it, so that "at or above" is one join."""

    unit = models.ForeignKey(Unit, on_delete=models.CASCADE, related_name="aboves")
    above = models.ForeignKey(Unit, on_delete=models.CASCADE, related_name="belows")
    steps = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["unit", "above"], name="one_path_up")]

    def __str__(self) -> str:
        return f"{self.unit_id} ≤ {self.above_id}"


class Person(models.Model):
    """Somebody of the company, or an imported seller who never signs in. `left_at`: no longer with the company.
    `outside_id`: the key in the system that he or she was imported from."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    name = models.CharField(max_length=100)
    title = models.CharField(max_length=100, blank=True)
    email = models.EmailField(blank=True)
    unit = models.ForeignKey(Unit, null=True, on_delete=models.PROTECT, related_name="people")
    outside_id = models.CharField(max_length=200, null=True, unique=True)  # noqa: DJ001 - null: none; two people may have none
    joined_at = models.DateTimeField()
    left_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name


class LoginManager(BaseUserManager["Login"]):
    def create_user(self, username: str, password: str | None = None, **fields: Any) -> Login:
        login = self.model(username=username, **fields)
        login.set_password(password)
        login.save(using=self._db)
        return login


class Login(AbstractBaseUser):
    """A way to sign in. It belongs to at most one person; a person exists without one."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    username = models.CharField(max_length=100, unique=True)
    person = models.OneToOneField(Person, null=True, on_delete=models.PROTECT, related_name="login")
    is_active = models.BooleanField(default=True)

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects = LoginManager()

    def __str__(self) -> str:
        return self.username


class Post(models.Model):
    """A person holds a role of the playbook in a unit. One of a role's holders in a unit is answerable: who is called first."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="posts")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="posts")
    role = models.CharField(max_length=60)
    answerable = models.BooleanField(default=False)
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person", "unit", "role"], condition=LIVE, name="one_post_per_role"),
            models.UniqueConstraint(fields=["unit", "role"], condition=LIVE & Q(answerable=True), name="one_answerable_per_role"),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} {self.role}"


class Skill(models.Model):
    """A person holds a skill at a level from 1 to 5, by evidence, until a day."""

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="skills")
    code = models.CharField(max_length=60)
    level = models.PositiveSmallIntegerField()
    evidence = models.CharField(max_length=300)
    until = models.DateField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person", "code"], name="one_level_per_skill"),
            models.CheckConstraint(name="skill_level_1_to_5", condition=Q(level__gte=1, level__lte=5)),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.level}"


class Grant(models.Model):
    """A named, company-wide permission that somebody was given, by whom, until when."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="grants")
    permission = models.CharField(max_length=60)
    given_at = models.DateTimeField()
    until = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "permission"], condition=LIVE, name="one_live_grant")]

    def __str__(self) -> str:
        return self.permission


class Token(models.Model):
    """A key for the API that acts on behalf of one person. Only a digest is kept; `start` is what people recognise it by."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="tokens")
    name = models.CharField(max_length=100)
    start = models.CharField(max_length=12)
    digest = models.CharField(max_length=64, unique=True)
    made_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.name} ({self.start}…)"


class Standing(models.Model):
    """Who may see one object, and why: a person, or whoever heads a unit or a unit above it. Written by reactions, rebuildable.

    `why`: stable name of the reason. `source`: the object that gives it (a membership, a call, an ear), so that it ends with it.
    `entry_id`: the journal entry that gave it.
    """

    person = models.ForeignKey(Person, null=True, on_delete=models.CASCADE, related_name="standings")
    heads_of = models.ForeignKey(Unit, null=True, on_delete=models.CASCADE, related_name="standings")
    kind = models.CharField(max_length=30)
    object_id = models.UUIDField()
    why = models.CharField(max_length=60)
    source_id = models.UUIDField()
    entry_id = models.UUIDField()
    until = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="standing_has_one_holder",
                condition=Q(person__isnull=False, heads_of__isnull=True) | Q(person__isnull=True, heads_of__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["person", "kind", "object_id", "why", "source_id"],
                condition=LIVE & Q(person__isnull=False),
                name="one_live_standing_person",
            ),
            models.UniqueConstraint(
                fields=["heads_of", "kind", "object_id", "why", "source_id"],
                condition=LIVE & Q(heads_of__isnull=False),
                name="one_live_standing_heads",
            ),
        ]
        indexes = [
            models.Index(fields=["person", "kind", "object_id"], condition=LIVE & Q(person__isnull=False), name="standing_of_person"),
            models.Index(fields=["heads_of", "kind", "object_id"], condition=LIVE & Q(heads_of__isnull=False), name="standing_of_heads"),
            models.Index(fields=["source_id"], name="standing_source"),
            models.Index(fields=["object_id"], name="standing_object"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.object_id}: {self.why}"


class Absence(models.Model):
    """A person is away from the day `first` to the day `last`, both of them included; `deputy` decides meanwhile what is asked of him or
    her. `entered_by` None: by the process. `begun_at`: written when its first day has come; `ended_at`: when it was over: by its last day
    (`ended_by` None), or by somebody before."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="absences")
    deputy = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="deputised")
    first = models.DateField()
    last = models.DateField()
    reason = models.CharField(max_length=300)
    entered_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    entered_at = models.DateTimeField()
    begun_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(name="nobody_deputises_for_themselves", condition=~Q(deputy=F("person"))),
            models.CheckConstraint(name="absence_days_in_order", condition=Q(last__gte=F("first"))),
            models.CheckConstraint(name="absence_says_why", condition=~Q(reason="")),
            models.CheckConstraint(
                name="absence_ended_by_somebody_has_ended", condition=Q(ended_by__isnull=True) | Q(ended_at__isnull=False)
            ),
            models.UniqueConstraint(fields=["person", "first"], condition=Q(ended_at__isnull=True), name="one_absence_from_a_day"),
            models.UniqueConstraint(
                fields=["person"], condition=Q(begun_at__isnull=False, ended_at__isnull=True), name="away_once_at_a_time"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} {self.first} – {self.last}"
