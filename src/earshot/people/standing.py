"""Who may see what, and why: the one condition that every list, page, search, timeline and message goes through."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from earshot.journal.models import Entry
from earshot.kit import now
from earshot.kit.registry import Registry
from earshot.people.models import LIVE, Person, Standing, UnitAbove
from earshot.people.permits import granted

Key = tuple[UUID | None, UUID | None, str, UUID]  # person, heads_of, kind, object
Source = Callable[[Iterable[UUID] | None], Iterable[tuple[UUID, Key]]]

# Why → the rule that says which standings it gives: of the sources asked for, or of all (None). Each pair names its source.
# One rule serves the reaction that writes, the check that compares and the rebuild.
SOURCES: Registry[Source] = Registry("reason of standing")


def headed_by(person: Person) -> QuerySet[UnitAbove, Any]:
    """Ids of the units that the person heads, or whose unit above he or she heads."""
    return UnitAbove.objects.filter(above__head=person).values("unit_id")


def objects_seen(person: Person, kind: str) -> QuerySet[Standing, Any]:
    """Ids of the objects of `kind` on which the person has standing now, personally or as a head."""
    holder = Q(person=person) | Q(heads_of__in=headed_by(person))
    return Standing.objects.filter(holder, LIVE, kind=kind).values("object_id")


def seen_by(person: Person, kind: str, *, key: str = "pk", unit: str = "unit", company: str = "") -> Q:
    """The condition "`person` may see it": standing, or heading the owning unit or one above, or a company-wide permission.

    `key` and `unit`: the fields that hold the object and its owning unit (empty: none owns it). No statement of its own.
    """
    condition = Q(**{f"{key}__in": objects_seen(person, kind)})
    if unit:
        condition |= Q(**{f"{unit}__in": headed_by(person)})
    if company:
        condition |= Q(granted(person, company))
    return condition


def sync(entry: Entry, why: str, source_ids: Iterable[UUID], *, new: bool = False) -> None:
    """A `now` reaction: make the standings that these sources give for this reason exactly what its rule says. `new`: the sources
    began with this entry, so that they cannot have given any before."""
    ids = list(source_ids)
    if not ids:
        return
    lacking, surplus = (set(SOURCES[why](ids)), set()) if new else _compare(why, ids)
    _write(entry, why, lacking, surplus)


def differences() -> dict[str, tuple[set[tuple[UUID, Key]], set[tuple[UUID, Key]]]]:
    """Reason → (lacking, surplus), for the reasons where the table differs from the rule."""
    found = {why: _compare(why, None) for why in SOURCES}
    return {why: pair for why, pair in found.items() if pair[0] or pair[1]}


def rebuild(entry: Entry) -> None:
    """Make every standing what its rule says. `entry`: the act that orders it."""
    for why, (lacking, surplus) in differences().items():
        _write(entry, why, lacking, surplus)


def _compare(why: str, source_ids: list[UUID] | None) -> tuple[set[tuple[UUID, Key]], set[tuple[UUID, Key]]]:
    wanted = set(SOURCES[why](source_ids))
    rows = Standing.objects.filter(LIVE, why=why)
    if source_ids is not None:
        rows = rows.filter(source_id__in=source_ids)
    present: set[tuple[UUID, Key]] = set()
    for row in rows:
        present.add((row.source_id, (row.person_id, row.heads_of_id, row.kind, row.object_id)))
    return wanted - present, present - wanted


def _write(entry: Entry, why: str, lacking: set[tuple[UUID, Key]], surplus: set[tuple[UUID, Key]]) -> None:
    Standing.objects.bulk_create(
        [
            Standing(person_id=p, heads_of_id=u, kind=kind, object_id=o, why=why, source_id=source, entry_id=entry.id)
            for source, (p, u, kind, o) in lacking
        ],
        ignore_conflicts=True,
    )
    for source, (p, u, kind, o) in surplus:
        holder = Q(person=p) if p else Q(heads_of=u)
        rows = Standing.objects.filter(holder, LIVE, why=why, source_id=source, kind=kind, object_id=o)
        rows.update(until=now())
