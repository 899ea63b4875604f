"""Who may see what, and why: the one condition that every list, page, search, timeline and message goes through."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.db.models import CharField, Q, QuerySet, Value
from django.db.models.functions import Cast

from earshot.journal.actions import at_the_end
from earshot.journal.kinds import dangling
from earshot.journal.models import Entry
from earshot.kit import now
from earshot.kit.engine import written
from earshot.kit.engine.prepared import Parameter, Prepared, Rows
from earshot.kit.registry import Registry
from earshot.kit.ruling import permissive
from earshot.people.models import LIVE, Grant, Person, Standing, UnitAbove

Key = tuple[UUID | None, UUID | None, str, UUID]  # person, heads_of, kind, object
Source = Callable[[Sequence[UUID] | None], Iterable[tuple[UUID, Key]]]

# Why → the rule that says which standings it gives: of the sources asked for, or of all (None). Each pair names its source.
# One rule serves the reaction that writes, the check that compares and the rebuild.
SOURCES: Registry[Source] = Registry("reason of standing")
# What follows when people have lost a standing, filled by `wiring`: asked at the end of the call, when whatever else still lets them
# see the same stands too. Takes the entry by which they lost it, and the people.
LOST: Registry[Callable[[Entry, Collection[UUID]], None]] = Registry("consequence of lost standing")


@dataclass(frozen=True)
class Reach:
    """What a person sees beyond personal standing: the units that he or she heads, with all below them, and the company-wide
    permissions held. Asked in one statement; what a person sees is then one further statement, planned for that person: for most
    it is driven by a handful of standing rows, for a head by the order of the list."""

    units: tuple[UUID, ...]
    permissions: frozenset[str]


def _beyond(person_id: UUID) -> QuerySet[Any, Any]:
    units = UnitAbove.objects.filter(above__head=person_id).annotate(word=Value("unit")).values_list("word", Cast("unit_id", CharField()))
    grants = Grant.objects.filter(person=person_id, until__isnull=True).annotate(word=Value("permission"))
    return units.union(grants.values_list("word", "permission"), all=True)


_BEYOND = Prepared(_beyond)


def reach(person: Person) -> Reach:
    found = _BEYOND.rows(person.pk)
    return Reach(
        units=tuple(sorted(UUID(text) for word, text in found if word == "unit")),
        permissions=frozenset(text for word, text in found if word == "permission"),
    )


def for_request(person: Person) -> Person:
    """Ask for the person's reach once for a whole request: a door does this with the person it has just loaded."""
    person.known_reach = reach(person)  # type: ignore[attr-defined]  # kept on the object, read by `reach_of`
    return person


def reach_of(person: Person) -> Reach:
    return getattr(person, "known_reach", None) or reach(person)


class Seeing:
    """A prepared query of what a person may see. `build`: from that person, values and a shape (see `Prepared`) to a queryset.

    The person and the units that he or she heads are parameters of the statement, the permissions held are of its shape, and nothing
    else of the person can be read while it is built: a plan never holds what somebody in particular may see.
    """

    def __init__(self, build: Callable[..., QuerySet[Any, Any]]) -> None:
        def of_anybody(
            person_id: UUID, units: Sequence[UUID], *values: Any, permissions: frozenset[str], **shape: Any
        ) -> QuerySet[Any, Any]:
            person = Person.from_db("default", ["id"], [person_id])
            person.known_reach = Reach(tuple(units), permissions)  # type: ignore[attr-defined]  # kept on the object, read by `reach_of`
            return build(person, *values, **shape)

        self._prepared = Prepared(of_anybody)

    def rows(self, person: Person, *values: Parameter, **shape: Any) -> Rows:
        known = reach_of(person)
        return self._prepared.rows(person.pk, known.units, *values, permissions=known.permissions, **shape)

    def dicts(self, person: Person, *values: Parameter, **shape: Any) -> list[dict[str, Any]]:
        known = reach_of(person)
        return self._prepared.dicts(person.pk, known.units, *values, permissions=known.permissions, **shape)

    def objects(self, person: Person, *values: Parameter, **shape: Any) -> list[Any]:
        known = reach_of(person)
        return self._prepared.objects(person.pk, known.units, *values, permissions=known.permissions, **shape)

    def count(self, person: Person, *values: Parameter, **shape: Any) -> int:
        known = reach_of(person)
        return self._prepared.count(person.pk, known.units, *values, permissions=known.permissions, **shape)

    def one(self, person: Person, *values: Parameter, **shape: Any) -> Any | None:
        return next(iter(self.objects(person, *values, **shape)), None)


@permissive("everybody sees it", lambda person, kind, **_: ~Q(pk__in=[]))
def seen_by(person: Person, kind: str, *, key: str = "pk", unit: str = "unit", company: str = "") -> Q:
    """The condition "`person` may see it": standing, or heading the owning unit or one above, or a company-wide permission.

    `key` and `unit`: the fields that hold the object and its owning unit (empty: none owns it).
    """
    known = reach_of(person)
    if company and company in known.permissions:
        return ~Q(pk__in=[])
    # The unit of the row itself stands first: where it decides, no engine gathers the standings, as many as there were objects over the
    # years.
    condition = Q(**{f"{unit}__in": known.units}) if unit and known.units else Q()
    condition |= Q(**{f"{key}__in": Standing.objects.filter(LIVE, person=person, kind=kind).values("object_id")})
    if known.units:
        as_head = Standing.objects.filter(LIVE, heads_of__in=known.units, kind=kind)
        condition |= Q(**{f"{key}__in": as_head.values("object_id")})
    return condition


@dataclass(frozen=True)
class Sight:
    """One way to see an object: standing on this object, heading its owning unit or one above, or a company-wide permission. What
    `seen_by` asks of a person, named of the object."""

    kind: str
    object_id: UUID
    unit: UUID | None = None
    company: str = ""


def seers(sights: Iterable[Sight]) -> QuerySet[Person]:
    """Who of the company sees an object, by any of its sights: the other direction of `seen_by`."""
    condition = Q(pk__in=[])
    for sight in sights:
        held = Standing.objects.filter(LIVE, kind=sight.kind, object_id=sight.object_id)
        heads = Q(unit__in=held.filter(heads_of__isnull=False).values("heads_of"))
        if sight.unit is not None:
            heads |= Q(unit=sight.unit)
        condition |= Q(pk__in=held.filter(person__isnull=False).values("person"))
        condition |= Q(pk__in=UnitAbove.objects.filter(heads, above__head__isnull=False).values("above__head"))
        if sight.company:
            condition |= Q(pk__in=Grant.objects.filter(permission=sight.company, until__isnull=True).values("person"))
    return Person.objects.filter(condition, left_at__isnull=True)


@dataclass(frozen=True)
class Seers:
    """`seen_by` the other way round: who sees. `standing`: by kind and object; `heads`: by unit, its head and those above;
    `permitted`: by company-wide permission."""

    standing: dict[tuple[str, UUID], set[UUID]]
    heads: dict[UUID, set[UUID]]
    permitted: dict[str, set[UUID]]

    def of(self, kind: str, object_id: UUID, *, unit: UUID | None = None, company: str = "") -> set[UUID]:
        """The ids of those for whom `seen_by` is true of an object of this kind that `unit` owns (None: no unit)."""
        with_standing = self.standing.get((kind, object_id), set())
        return with_standing | (self.heads.get(unit, set()) if unit else set()) | self.permitted.get(company, set())


_HOLDERS_OF_STANDING = Prepared(
    lambda objects: Standing.objects.filter(LIVE, object_id__in=objects).values_list("kind", "object_id", "person_id", "heads_of_id")
)
_LOST = Prepared(
    lambda since, objects: Standing.objects.filter(until__gte=since, object_id__in=objects).values_list(
        "kind", "object_id", "person_id", "heads_of_id", "until"
    )
)
_HEADS = Prepared(
    lambda units: UnitAbove.objects.filter(unit__in=units, above__head__isnull=False).values_list("unit_id", "above__head_id")
)
_PERMITTED = Prepared(
    lambda permissions: Grant.objects.filter(permission__in=permissions, until__isnull=True).values_list("permission", "person_id")
)


def seers_of_many(objects: Collection[UUID], units: Collection[UUID], permissions: Collection[str]) -> Seers:
    """Who sees these objects by standing, these units' by heading them, and everything by these permissions: three statements."""
    rows = _HOLDERS_OF_STANDING.rows(sorted(objects))
    wanted = {unit for _kind, _object_id, _person, unit in rows if unit} | set(units)
    heads: dict[UUID, set[UUID]] = {}
    for unit, head in _HEADS.rows(sorted(wanted)):
        heads.setdefault(unit, set()).add(head)
    standing: dict[tuple[str, UUID], set[UUID]] = {}
    for kind, object_id, person, unit in rows:
        standing.setdefault((kind, object_id), set()).update({person} if person else heads.get(unit, set()))
    permitted: dict[str, set[UUID]] = {}
    for permission, person in _PERMITTED.rows(sorted(permissions)):
        permitted.setdefault(permission, set()).add(person)
    return Seers(standing, heads, permitted)


def lost_since(objects: Collection[UUID], since: datetime) -> list[tuple[str, UUID, UUID, datetime]]:
    """Who stopped seeing one of these objects at `since` or later, for whatever reason: kind, object, person, when. Two statements."""
    rows = _LOST.rows(since, sorted(objects))
    heads: dict[UUID, list[UUID]] = {}
    for unit, head in _HEADS.rows(sorted({unit for _kind, _object_id, _person, unit, _until in rows if unit})):
        heads.setdefault(unit, []).append(head)
    return [
        (kind, object_id, who, until)
        for kind, object_id, person, unit, until in rows
        for who in ([person] if person else heads.get(unit, []))
    ]


def sync(entry: Entry, why: str, source_ids: Iterable[UUID], *, new: bool = False) -> None:
    """A `now` reaction: make the standings that these sources give for this reason exactly what its rule says. `new`: the sources
    began with this entry, so that they cannot have given any before."""
    ids = list(source_ids)
    if not ids:
        return
    gathered = _gathered.get()
    if gathered is not None:
        asked = gathered.setdefault((why, new), {})
        for source in ids:
            asked.setdefault(source, entry)
        return
    _align(why, dict.fromkeys(ids, entry), new)


# Reason, and whether its sources are new → source → the first entry that asked.
Gathered = dict[tuple[str, bool], dict[UUID, Entry]]
_gathered: ContextVar[Gathered | None] = ContextVar("earshot_standing_gathered", default=None)


@contextmanager
def together() -> Iterator[None]:
    """For many entries of one kind: what they ask of `sync` inside is done at the end, all sources of a reason in one comparison
    instead of one an entry. Nothing inside may depend on who sees what already, nor catch a refusal and go on."""
    if _gathered.get() is not None:
        yield
        return
    gathered: Gathered = {}
    token = _gathered.set(gathered)
    try:
        yield
    finally:
        _gathered.reset(token)
    for (why, new), asked in gathered.items():
        _align(why, asked, new)


def _align(why: str, because: Mapping[UUID, Entry], new: bool) -> None:
    ids = list(because)
    lacking, surplus = (set(SOURCES[why](ids)), set()) if new else _compare(why, ids)
    _write(because, why, lacking, surplus)


@permissive("no difference", dict)
def differences() -> dict[str, tuple[set[tuple[UUID, Key]], set[tuple[UUID, Key]]]]:
    """Reason → (lacking, surplus), for the reasons where the table differs from the rule."""
    found = {why: _compare(why, None) for why in SOURCES}
    return {why: pair for why, pair in found.items() if pair[0] or pair[1]}


def rebuild(entry: Entry) -> None:
    """Make every standing what its rule says. `entry`: the act that orders it."""
    for why, (lacking, surplus) in differences().items():
        _write({source: entry for source, _key in lacking | surplus}, why, lacking, surplus)


def _compare(why: str, source_ids: list[UUID] | None) -> tuple[set[tuple[UUID, Key]], set[tuple[UUID, Key]]]:
    wanted = set(SOURCES[why](source_ids))
    rows = _STANDINGS.rows(why, source_ids)
    present = {(source, (person, unit, kind, object_id)) for source, person, unit, kind, object_id in rows}
    return wanted - present, present - wanted


def _standings(why: str, source_ids: Sequence[UUID] | None) -> QuerySet[Any, Any]:
    rows = Standing.objects.filter(LIVE, why=why)
    if source_ids is not None:
        rows = rows.filter(source_id__in=source_ids)
    return rows.values_list("source_id", "person_id", "heads_of_id", "kind", "object_id")


_STANDINGS = Prepared(_standings)


def _write(because: Mapping[UUID, Entry], why: str, lacking: set[tuple[UUID, Key]], surplus: set[tuple[UUID, Key]]) -> None:
    """`because`: source → the entry that gives what it lacks."""
    written.insert(
        [
            Standing(person_id=p, heads_of_id=u, kind=kind, object_id=o, why=why, source_id=source, entry_id=because[source].id)
            for source, (p, u, kind, o) in lacking
        ],
        unless_taken=True,
    )
    for source, (p, u, kind, o) in surplus:
        holder = Q(person=p) if p else Q(heads_of=u)
        rows = Standing.objects.filter(holder, LIVE, why=why, source_id=source, kind=kind, object_id=o)
        rows.update(until=now())
    if surplus:
        _lost(next(iter(because.values())), surplus)


def _lost(entry: Entry, ended: Collection[tuple[UUID, Key]]) -> None:
    units = {unit for _source, (_person, unit, _kind, _object) in ended if unit}
    people = {person for _source, (person, _unit, _kind, _object) in ended if person}
    if units:
        people |= {pk for (pk,) in _HEADS_OF.rows(sorted(units))}
    for consequence in LOST.values():
        at_the_end(partial(consequence, entry, people))


_HEADS_OF = Prepared(
    lambda units: UnitAbove.objects.filter(unit__in=units, above__head__isnull=False).values_list("above__head").distinct()
)


def orphans() -> list[str]:
    """Standings on an object that does not exist, or of a kind that nothing registers, in words."""
    return dangling("standing: somebody has standing on", Standing.objects.filter(LIVE))
