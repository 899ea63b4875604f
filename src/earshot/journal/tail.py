"""The journal as it grows: what was recorded since somebody last looked, each entry once."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from earshot.journal.models import Entry, Scope, Touched
from earshot.kit.engine.prepared import MOST as MOST_AT_ONCE
from earshot.kit.engine.prepared import Prepared
from earshot.kit.engine.tail import Table, Watch

__all__ = ["MOST", "News", "Watch", "end", "news", "read_after"]

MOST = 2_000  # entries that are told one by one to whoever was away; beyond that, "look at everything again"
_JOURNAL = Table(Entry._meta.db_table)
_ENTRIES = Prepared(lambda entries: Entry.objects.filter(pk__in=entries).values_list("pk", "permission", "recorded_at"))
_SCOPES = Prepared(lambda entries: Scope.objects.filter(entry__in=entries).values_list("entry_id", "kind", "object_id"))
_TOUCHED = Prepared(
    lambda entries, kinds: Touched.objects.filter(entry__in=entries, kind__in=kinds).values_list("entry_id", "kind", "object_id")
)
Object = tuple[str, UUID]  # kind, public id


@dataclass
class News:
    """What has to be known of an entry to tell whom it concerns: what it needs of a reader, when it was recorded, and the objects it is
    about."""

    permission: str
    at: datetime
    scopes: set[Object] = field(default_factory=set)
    touched: set[Object] = field(default_factory=set)


def end() -> str:
    """The mark of a reader who knows everything that is recorded."""
    return _JOURNAL.end()


def read_after(mark: str, most: int = MOST) -> tuple[list[int], str] | None:
    """The numbers of the entries recorded after the mark, and the mark behind them. None: nobody can tell from this mark (another
    house, a restored copy), or there are more than `most`: look at everything again."""
    return _JOURNAL.after(mark, most)


def news(entries: Iterable[int], kinds: Collection[str]) -> dict[int, News]:
    """Entry → what it is about, of these kinds; three statements for each five hundred entries."""
    numbers, wanted = list(entries), sorted(kinds)
    found: dict[int, News] = {}
    for first in range(0, len(numbers), MOST_AT_ONCE):
        some = numbers[first : first + MOST_AT_ONCE]
        found |= {number: News(permission, at) for number, permission, at in _ENTRIES.rows(some)}
        for number, kind, object_id in _SCOPES.rows(some):
            found[number].scopes.add((kind, object_id))
        for number, kind, object_id in _TOUCHED.rows(some, wanted):
            found[number].touched.add((kind, object_id))
    return found
