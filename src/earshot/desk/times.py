"""Where the time of deals goes: in which stage, what of it was waiting, and who waited for whom (A8.6a, A8.6b).

Nothing here is entered: stages are visits, hand-overs and blocks are `deals.waits`, a decision that is asked waits for whoever is asked,
and a call past its due time waits for its unit. Lengths are minutes of working time of the deal's unit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from statistics import median
from typing import Any, Literal
from uuid import UUID

from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from earshot.calls.models import Call
from earshot.clocks.models import Clock
from earshot.deals import queries as deals
from earshot.deals.models import Asking, Deal, StageVisit
from earshot.deals.wait_tables import BLOCK, HANDOVER, Wait
from earshot.journal.kinds import ref
from earshot.kit import now, worktime
from earshot.kit.engine.prepared import Prepared
from earshot.kit.problems import Ref, Together, say, wrong
from earshot.kit.ruling import permissive
from earshot.people.models import Person, Unit
from earshot.people.queries import business_times
from earshot.playbooks.models import Role, Stage

Kind = Literal["handover", "block", "decision", "call"]
KINDS: dict[str, Any] = {
    HANDOVER: _("Hand-over to the next step"),
    BLOCK: _("Work that waits for somebody"),
    "decision": _("Decision that is asked"),
    "call": _("Result of a call, past its time"),
}
USUAL = 90  # days that are looked at unless others are asked
FIRST, LAST = date(2000, 1, 1), date(2199, 12, 31)
MOST = 5000  # waits or visits of one look across deals


@dataclass(frozen=True)
class Waited:
    """The deal waited from `since` until `until` (None: still), `minutes` of working time. `on`: the unit it waited for, `person` and
    `role` where one is known; `waiting`: the unit of the deal. `why`: in words; `about`: what can be opened; `row`: where it is one of
    its own."""

    kind: Kind
    deal: Deal
    waiting: Unit
    on: Unit | None
    person: Person | None
    role: Role | None
    former_role: Role | None
    since: datetime
    until: datetime | None
    minutes: int
    why: Any
    about: Ref
    row: Wait | None = None


@dataclass(frozen=True)
class Part:
    """A stretch of a stage: from minute `at` of its working time, `minutes` long, waiting or not."""

    at: int
    minutes: int
    waiting: bool


@dataclass(frozen=True)
class Spent:
    """A stay in a stage: `minutes` of working time, `waited` of them; `parts` in order."""

    stage: Stage
    since: datetime
    until: datetime | None
    minutes: int
    waited: int
    parts: Sequence[Part]


@dataclass(frozen=True)
class TimesOfDeal:
    """`minutes` in all, `waited` of them: what overlaps is counted once. `handovers`, `blocked`: sums of what was handed over, and of what
    waited for somebody, each wait by itself."""

    spent: Sequence[Spent]
    waits: Sequence[Waited]
    minutes: int
    waited: int
    handovers: int
    blocked: int


_VISITS = Prepared(lambda deals: StageVisit.objects.filter(deal__in=deals).select_related("stage").order_by("entered_at", "pk"))
_WAITS = Prepared(
    lambda deals: (
        Wait.objects.filter(deal__in=deals)
        .select_related("unit", "person", "role", "former_role", "raised_by", "ended_by")
        .order_by("since", "pk")
    )
)
_ASKINGS = Prepared(
    lambda deals: (
        Asking.objects.filter(escalation__visit__deal__in=deals)
        .select_related("escalation__gate", "escalation__visit", "person__unit", "unit")
        .order_by("at", "pk")
    )
)
_CALLS = Prepared(lambda deals: Call.objects.filter(deal__in=deals).select_related("unit", "accountable", "trigger__support"))


def of_deal(deal: Deal) -> TimesOfDeal:
    """Every stay of the deal in a stage and everything it waited for, in the order in which each began; in five statements."""
    passed = _measure([deal])[deal.unit_id]
    waited = _waits({deal.pk: deal}, lambda _unit: passed)
    visits = _VISITS.objects([deal.pk])
    end = deal.closing.at if hasattr(deal, "closing") else now()
    spans = merged([(one.since, one.until or end) for one in waited])
    spent = [_spent(visit, spans, passed, end) for visit in visits]
    return TimesOfDeal(
        spent,
        waited,
        sum(one.minutes for one in spent),
        sum(one.waited for one in spent),
        sum(one.minutes for one in waited if one.kind == HANDOVER),
        sum(one.minutes for one in waited if one.kind != HANDOVER),
    )


Passed = Callable[[datetime, datetime], int]


def _measure(rows: Iterable[Deal]) -> dict[UUID, Passed]:
    """Unit → minutes of its working time between two moments."""
    times = business_times({deal.unit_id for deal in rows})

    def of(unit: UUID) -> Passed:
        calendar = times[unit].calendar
        return lambda begin, end: max(0, worktime.between(calendar, begin, end))

    return {unit: of(unit) for unit in times if unit is not None}


@permissive("nothing waits", lambda spans: [])
def merged(spans: Iterable[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    """The same stretches of time, those that overlap or touch made one, in order."""
    found: list[tuple[datetime, datetime]] = []
    for begin, end in sorted(spans):
        if found and begin <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        elif begin < end:
            found.append((begin, end))
    return found


def _spent(visit: StageVisit, spans: Sequence[tuple[datetime, datetime]], passed: Passed, end: datetime) -> Spent:
    begin, until = visit.entered_at, visit.left_at or end
    parts: list[Part] = []
    at = begin
    for since, to in spans:
        since, to = max(since, begin), min(to, until)
        if since >= to:
            continue
        parts += [Part(passed(begin, at), passed(at, since), False), Part(passed(begin, since), passed(since, to), True)]
        at = to
    parts.append(Part(passed(begin, at), passed(at, until), False))
    shown = [part for part in parts if part.minutes]
    return Spent(visit.stage, begin, visit.left_at, passed(begin, until), sum(part.minutes for part in shown if part.waiting), shown)


def _waits(rows: Mapping[UUID, Deal], passed: Callable[[UUID], Passed]) -> list[Waited]:
    """Everything that these deals waited for; three statements, and one for the clocks of the calls."""
    ids = list(rows)
    found = [
        *(_of_row(row, rows[row.deal_id], passed) for row in _WAITS.objects(ids)),
        *(_of_asking(row, rows[row.escalation.visit.deal_id], passed) for row in _ASKINGS.objects(ids)),
        *_of_calls(_CALLS.objects(ids), rows, passed),
    ]
    return sorted(found, key=lambda one: (one.since, str(one.about.id)))


def _length(deal: Deal, since: datetime, until: datetime | None, passed: Callable[[UUID], Passed]) -> int:
    return passed(deal.unit_id)(since, until or now())


def _of_row(row: Wait, deal: Deal, passed: Callable[[UUID], Passed]) -> Waited:
    minutes = _length(deal, row.since, row.until, passed)
    why: Any = row.reason or KINDS[HANDOVER]
    kind: Kind = BLOCK if row.kind == BLOCK else HANDOVER  # type: ignore[assignment]  # the literals are the table's own
    return Waited(kind, deal, deal.unit, row.unit, row.person, row.role, row.former_role, row.since, row.until, minutes, why, ref(row), row)


def _of_asking(row: Asking, deal: Deal, passed: Callable[[UUID], Passed]) -> Waited:
    until = row.ended_at or row.escalation.ended_at
    unit = row.person.unit if row.person is not None and row.person.unit is not None else row.unit
    minutes = _length(deal, row.at, until, passed)
    return Waited("decision", deal, deal.unit, unit, row.person, None, None, row.at, until, minutes, str(row.escalation.gate), ref(deal))


def _of_calls(rows: Sequence[Call], deals_of: Mapping[UUID, Deal], passed: Callable[[UUID], Passed]) -> list[Waited]:
    clocks = Clock.objects.filter(kind="call", object_id__in=[row.pk for row in rows]) if rows else Clock.objects.none()
    last = {clock.object_id: clock for clock in clocks.order_by("started_at", "pk")}
    found = []
    for row in rows:
        clock = last.get(row.pk)
        if clock is None or clock.due_at >= (clock.stopped_at or now()):
            continue
        deal = deals_of[row.deal_id]
        minutes = _length(deal, clock.due_at, clock.stopped_at, passed)
        found.append(
            Waited(
                "call", deal, deal.unit, row.unit, row.accountable, None, None, clock.due_at, clock.stopped_at, minutes, str(row), ref(row)
            )
        )
    return found


def period(since: date | str | None, until: date | str | None) -> tuple[datetime, datetime]:
    """The moments from the first day to the end of the last, both included; today and ninety days before where none is named. Errors in
    fields `since`, `until`."""
    each = Together()
    last = each(_day, "until", until) if until else deals.today()
    first = each(_day, "since", since) if since else None
    each.refuse()
    first = first or max(last - timedelta(days=USUAL), FIRST)
    if first > last:
        raise wrong("until", _("The period ends before it begins."))
    begin, end = (timezone.make_aware(datetime.combine(one, time())) for one in (first, last + timedelta(days=1)))
    return begin, end


def _day(name: str, value: date | str) -> date:
    try:
        read = value if isinstance(value, date) else date.fromisoformat(value.strip())
    except ValueError:
        raise wrong(name, _("Write a day, such as 2026-12-31.")) from None
    if not FIRST <= read <= LAST:
        raise wrong(name, say(_("Name a day between {first} and {last}."), first=FIRST, last=LAST))
    return read


@dataclass(frozen=True)
class Blocked:
    """How long the deals of one unit waited for another: `n` waits, `minutes` together, `open_now` of them still."""

    on: Unit | None
    waiting: Unit
    n: int
    minutes: int
    open_now: int


@dataclass(frozen=True)
class HandedOver:
    """From who answers for one step to who answers for the next: `n` hand-overs, the middle one and the sum in minutes."""

    former: str
    role: str
    n: int
    median: int
    minutes: int


@dataclass(frozen=True)
class InStage:
    """How long deals stayed in a stage that they left in the period: `n` stays, the middle one in minutes."""

    stage: str
    n: int
    median: int


@dataclass(frozen=True)
class Across:
    """Of deals that the reader sees, for the period: everything that waited in it, and the stays that ended in it. `more`: there was more
    than is counted at once; choose a shorter period."""

    waits: Sequence[Waited]
    blocked: Sequence[Blocked]
    handed_over: Sequence[HandedOver]
    stages: Sequence[InStage]
    more: bool


def across(person: Person, begin: datetime, end: datetime, units: Iterable[UUID] | None = None) -> Across:
    """The same of all deals that the person sees, of `units` where given, for the time from `begin` to `end`."""
    seen = deals.visible_to(person)
    if units is not None:
        seen = seen.filter(unit__in=list(units))
    ids = list(seen.filter(_waited_in(begin, end)).order_by("-opened_at", "-pk").values_list("pk", flat=True)[: MOST + 1])
    rows = {deal.pk: deal for deal in deals.with_names(Deal.objects.filter(pk__in=ids[:MOST]))}
    passed = _measure(rows.values())
    waited = [one for one in _waits(rows, passed.__getitem__) if one.since < end and (one.until or now()) >= begin] if rows else []
    left = StageVisit.objects.filter(deal__in=seen, left_at__gte=begin, left_at__lt=end).select_related("stage", "deal__unit")
    visits = list(left.order_by("-left_at")[: MOST + 1])
    return Across(waited, blocked(waited), handed(waited), _stages(visits[:MOST]), len(ids) > MOST or len(visits) > MOST)


def _waited_in(begin: datetime, end: datetime) -> Q:
    """Condition on deals: one that waited for something between these moments."""
    kept = Wait.objects.filter(Q(until__isnull=True) | Q(until__gte=begin), since__lt=end).values("deal")
    asked = Asking.objects.filter(Q(ended_at__isnull=True) | Q(ended_at__gte=begin), at__lt=end).values("escalation__visit__deal")
    over = Q(stopped_at__isnull=True) | Q(stopped_at__gte=begin, stopped_at__gt=F("due_at"))
    late = Clock.objects.filter(over, kind="call", due_at__lt=min(end, now())).values("object_id")
    return Q(pk__in=kept) | Q(pk__in=asked) | Q(pk__in=Call.objects.filter(pk__in=late).values("deal"))


@permissive("nobody waits for anybody", lambda waited: [])
def blocked(waited: Iterable[Waited]) -> list[Blocked]:
    """Who waited for whom, hand-overs apart: the longest together first."""
    groups: dict[tuple[UUID | None, UUID], list[Waited]] = {}
    for one in waited:
        if one.kind != HANDOVER:
            groups.setdefault((one.on.pk if one.on else None, one.waiting.pk), []).append(one)
    found = [
        Blocked(group[0].on, group[0].waiting, len(group), sum(one.minutes for one in group), sum(one.until is None for one in group))
        for group in groups.values()
    ]
    return sorted(found, key=lambda one: (-one.minutes, one.on.name if one.on else "", one.waiting.name))


def handed(waited: Iterable[Waited]) -> list[HandedOver]:
    """Hand-overs by who had the deal and who was to take it: the longest together first."""
    groups: dict[tuple[str, str], list[int]] = {}
    for one in waited:
        if one.kind == HANDOVER:
            groups.setdefault((str(one.former_role), str(one.role)), []).append(one.minutes)
    found = [HandedOver(former, role, len(each), int(median(each)), sum(each)) for (former, role), each in groups.items()]
    return sorted(found, key=lambda one: (-one.minutes, one.former, one.role))


def _stages(visits: Sequence[StageVisit]) -> list[InStage]:
    passed = _measure(visit.deal for visit in visits) if visits else {}
    groups: dict[tuple[int, str], list[int]] = {}
    for visit in visits:
        assert visit.left_at is not None
        groups.setdefault((visit.stage.position, str(visit.stage)), []).append(passed[visit.deal.unit_id](visit.entered_at, visit.left_at))
    return [InStage(name, len(each), int(median(each))) for (_place, name), each in sorted(groups.items())]
