"""Writing the log: one call through a door = one transaction; each verb inside it = one entry."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ParamSpec, TypeVar

from django.db import models, transaction

from earshot.journal.actors import Actor
from earshot.journal.kinds import MOST_OF_LABEL, kind_of
from earshot.journal.models import Delivery, Entry, Label, Scope, Touched
from earshot.journal.reactions import LATER, NOW
from earshot.journal.verbs import VERBS
from earshot.kit import now
from earshot.kit.engine import prepared, written
from earshot.kit.engine.prepared import Prepared
from earshot.kit.problems import Refusal

P = ParamSpec("P")
R = TypeVar("R")
Parts = Mapping[str, models.Model | Iterable[models.Model]]


@dataclass
class _Pending:
    """What belongs to the entries of one call, written together at its end: four statements however many entries there are."""

    touched: list[Touched] = field(default_factory=list)
    scopes: list[Scope] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)
    last: list[Callable[[], None]] = field(default_factory=list)

    def mark(self) -> tuple[int, int, int, int, int]:
        return len(self.touched), len(self.scopes), len(self.labels), len(self.deliveries), len(self.last)

    def forget_since(self, mark: tuple[int, int, int, int, int]) -> None:
        """A verb inside the call was refused, and its caller's savepoint undoes its entries: so does this."""
        del self.touched[mark[0] :], self.scopes[mark[1] :], self.labels[mark[2] :], self.deliveries[mark[3] :], self.last[mark[4] :]

    def write(self) -> None:
        while self.last:
            self.last.pop(0)()
        written.insert(self.touched)
        written.insert(self.scopes)
        keep_labels(self.labels)
        written.insert(self.deliveries)


_inside: ContextVar[_Pending | None] = ContextVar("earshot_inside_a_call", default=None)


@contextmanager
def call() -> Iterator[None]:
    """One call through a door. A refusal undoes everything; one that matters is then written in a transaction of its own.

    Inside another call it is part of that one; whoever catches a refusal there does so around a savepoint of his own.
    """
    outer = _inside.get()
    if outer is not None:
        mark = outer.mark()
        try:
            yield
        except BaseException:
            outer.forget_since(mark)
            raise
        return
    pending = _Pending()
    token = _inside.set(pending)
    try:
        with transaction.atomic():
            yield
            pending.write()
    except Refusal as refusal:
        if refusal.entry is not None:
            _inside.reset(token)
            token = _inside.set(None)
            with transaction.atomic():
                record(**refusal.entry)
        raise
    finally:
        _inside.reset(token)


def at_the_end(consequence: Callable[[], None]) -> None:
    """`consequence` follows when everything else of this call is done, still in its transaction: for what depends on how things stand
    in the end, whatever they went through on the way. Without a call it follows at once."""
    pending = _inside.get()
    if pending is None:
        consequence()
    else:
        pending.last.append(consequence)


def verb(action: Callable[P, R]) -> Callable[P, R]:
    """Mark an action as a verb: it runs inside a call, its own when no door opened one."""

    @functools.wraps(action)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        with call():
            return action(*args, **kwargs)

    return run


def record(
    name: str,
    *,
    by: Actor,
    objects: Parts,
    scopes: Iterable[models.Model] = (),
    data: Mapping[str, Any] | None = None,
    claimed_at: datetime | None = None,
    permission: str = "",
) -> Entry:
    """Write one entry with its objects, scopes and labels, run its `now` reactions, and owe its `later` ones.

    `objects`: part → object or objects, of registered kinds. Must stand in a transaction; the reactions share it.
    """
    return record_all([News(name, by, objects, scopes, data, claimed_at, permission)])[0]


@dataclass(frozen=True)
class News:
    """One entry to be written; the fields are those of `record`."""

    name: str
    by: Actor
    objects: Parts
    scopes: Iterable[models.Model] = ()
    data: Mapping[str, Any] | None = None
    claimed_at: datetime | None = None
    permission: str = ""

    def entry(self, at: datetime) -> Entry:
        VERBS[self.name]
        return Entry(
            verb=self.name,
            cause=self.by.cause,
            actor_kind=self.by.kind,
            person_id=self.by.person_id,
            agent_id=self.by.agent_id,
            rule=self.by.rule,
            claimed_at=self.claimed_at or at,
            recorded_at=at,
            permission=self.permission,
            data=dict(self.data or {}),
        )


def record_all(news: Sequence[News]) -> list[Entry]:
    """Write several entries together, in this order, as `record` writes one: a statement or two however many there are. Their `now`
    reactions run when all of them are written, in the same order."""
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError(f"{[one.name for one in news]}: an entry is written in the transaction of what it tells")
    at = now()
    entries = [one.entry(at) for one in news]
    written.insert(entries)
    pending = _inside.get() or _Pending()
    for one, entry in zip(news, entries, strict=True):
        _belongings(pending, one, entry)
    if _inside.get() is None:
        pending.write()
    for entry in entries:
        for reaction in NOW.get(entry.verb, ()):
            reaction(entry)
    return entries


def _belongings(pending: _Pending, news: News, entry: Entry) -> None:
    """What the entry touches, where it belongs, what its objects are called, and what is owed because of it."""
    touched: list[Touched] = []
    for part, things in news.objects.items():
        for thing in [things] if isinstance(things, models.Model) else things:
            kind = kind_of(thing)
            touched.append(Touched(entry=entry, kind=kind.name, object_id=thing.pk, part=part))
            words = kind.words(thing)
            text = words["zh-hans"] if words else kind.label(thing)[:MOST_OF_LABEL]
            pending.labels.append(Label(kind=kind.name, object_id=thing.pk, text=text, words=words))
    scopes = [Scope(entry=entry, kind=kind_of(thing).name, object_id=thing.pk) for thing in news.scopes]
    pending.touched += touched
    pending.scopes += scopes
    if owed := LATER.get(news.name, ()):
        about = [row.object_id for row in scopes or touched]
        lane = about[0] if about else None
        pending.deliveries += [Delivery(entry=entry, reaction=one, lane=lane, due_at=entry.recorded_at) for one in owed]
    # Reactions ask for what the entry touches: it is known here, so nothing is read back.
    entry._prefetched_objects_cache = {"objects_touched": touched}  # type: ignore[attr-defined]  # what Django itself reads


_LABELS = Prepared(
    lambda kinds, ids: Label.objects.filter(kind__in=kinds, object_id__in=ids).values_list(
        "kind", "object_id", "text", "words", "erased_at"
    )
)


def keep_labels(labels: Iterable[Label]) -> None:
    """Write the labels that are new or worded otherwise now, the newest wording of each; a label erased by mandate stays erased."""
    wanted = {(label.object_id, label.kind): label for label in labels}
    if not wanted:
        return
    kinds, ids = sorted({kind for _object_id, kind in wanted}), [object_id for object_id, _kind in wanted]
    rows = [row for first in range(0, len(ids), prepared.MOST) for row in _LABELS.rows(kinds, ids[first : first + prepared.MOST])]
    known = {(object_id, kind): (text, words, erased) for kind, object_id, text, words, erased in rows}
    # One order for all, so that two calls never wait for each other's label.
    fresh = [label for key, label in sorted(wanted.items(), key=lambda pair: pair[0]) if _is_news(label, known.get(key))]
    written.put(fresh, unique=["kind", "object_id"], fields=["text", "words"])


def _is_news(label: Label, known: tuple[str, Any, datetime | None] | None) -> bool:
    return known is None or (known[2] is None and known[:2] != (label.text, label.words))
