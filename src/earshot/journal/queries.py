"""Reading the log: timelines filtered by scope and permission, with a sentence each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from earshot.journal import actors
from earshot.journal.kinds import dangling
from earshot.journal.models import Entry, Label, Scope, Touched
from earshot.journal.verbs import VERBS
from earshot.kit.engine.prepared import Prepared

Hidden = Callable[[Iterable[Touched]], set[UUID]]
ScopeQuery = Callable[[QuerySet[Scope]], QuerySet[Scope]]
Causes = Callable[[list[int]], list[Entry]]

_TOUCHED = Prepared(lambda entries: Touched.objects.filter(entry_id__in=entries).order_by("pk"))
_LABELS = Prepared(
    lambda objects: Label.objects.filter(object_id__in=objects, erased_at__isnull=True).values_list("kind", "object_id", "text")
)


@dataclass(frozen=True)
class Told:
    """An entry as a person reads it. `objects`: (part, kind, id, label). `cause`: the sentence of what led to it, when the
    reader may see that too."""

    entry: Entry
    sentence: str
    actor: str
    objects: list[tuple[str, str, UUID, str]]
    claimed_at: datetime
    recorded_at: datetime
    cause: str = ""


def visible_entries(visible_scopes: ScopeQuery, permissions: Iterable[str] = ()) -> QuerySet[Entry]:
    """Entries with a scope among `visible_scopes` (handed in, so that the journal looks at nothing to its right) and no
    further permission than `permissions`. An entry without a scope concerns the whole house: its permission alone opens it."""
    of_entry = Scope.objects.filter(entry=OuterRef("pk"))
    in_sight = Exists(visible_scopes(of_entry)) | (~Q(permission="") & ~Exists(of_entry))
    return Entry.objects.filter(in_sight, Q(permission="") | Q(permission__in=list(permissions)))


def about(entries: QuerySet[Entry], object_id: UUID) -> QuerySet[Entry]:
    """Those of `entries` that belong to the scope `object_id` or touch it, newest first."""
    in_scope = Scope.objects.filter(object_id=object_id).values("entry")
    touching = Touched.objects.filter(object_id=object_id).values("entry")
    # A union, so that the few entries of the object are found by index and the rest of the journal is never walked.
    return entries.filter(pk__in=in_scope.union(touching)).order_by("-seq")


def tell(entries: Iterable[Entry], causes: Causes | None = None, hidden: Hidden | None = None) -> list[Told]:
    """Word the entries, in a fixed number of statements. `causes`: those of the entries with these numbers that the reader may see;
    another cause stays unsaid. `hidden`: of the objects named, those that the reader may not see; they are left out, so that an
    entry about several statements never tells a reader of one what the others said (law 13)."""
    rows = list(entries)
    ids = [entry.pk for entry in rows]
    touched: dict[int, list[Touched]] = {}
    cause_ids = {entry.cause_id for entry in rows if entry.cause_id} - set(ids)
    seen_causes = causes(sorted(cause_ids)) if causes is not None and cause_ids else []
    for row in _TOUCHED.objects([*ids, *(entry.pk for entry in seen_causes)]):
        touched.setdefault(row.entry_id, []).append(row)
    unseen = hidden(row for group in touched.values() for row in group) if hidden else set()
    touched = {pk: [row for row in group if row.object_id not in unseen] for pk, group in touched.items()}
    wanted = {row.object_id for group in touched.values() for row in group}
    wanted |= {entry.person_id for entry in [*rows, *seen_causes] if entry.person_id}
    labels = {(kind, object_id): text for kind, object_id, text in _LABELS.rows(sorted(wanted))}
    sentences = {entry.pk: _sentence(entry, touched.get(entry.pk, []), labels) for entry in [*rows, *seen_causes]}
    return [
        Told(
            entry=entry,
            sentence=sentences[entry.pk],
            actor=_actor(entry, labels),
            objects=[(t.part, t.kind, t.object_id, _label(t.kind, t.object_id, labels)) for t in touched.get(entry.pk, [])],
            claimed_at=entry.claimed_at,
            recorded_at=entry.recorded_at,
            cause=sentences.get(entry.cause_id or 0, ""),
        )
        for entry in rows
    ]


def _label(kind: str, object_id: UUID, labels: Mapping[tuple[str, UUID], str]) -> str:
    return labels.get((kind, object_id)) or _("(erased)")


def _actor(entry: Entry, labels: Mapping[tuple[str, UUID], str]) -> str:
    if entry.actor_kind == actors.PROCESS:
        return _("The process")
    if entry.actor_kind == actors.IMPORT:
        return _("Import")
    name = _label("person", entry.person_id, labels) if entry.person_id else ""
    return _("{name} (by token)").format(name=name) if entry.actor_kind == actors.TOKEN else name


def _sentence(entry: Entry, touched: Iterable[Touched], labels: Mapping[tuple[str, UUID], str]) -> str:
    values: dict[str, Any] = {"actor": _actor(entry, labels)}
    parts: dict[str, list[str]] = {}
    for row in touched:
        parts.setdefault(row.part, []).append(_label(row.kind, row.object_id, labels))
    values |= {part: _(", ").join(names) for part, names in parts.items()}
    values |= {name: in_language(value) for name, value in entry.data.items() if name not in parts}
    return str(VERBS[entry.verb]).format_map(_Blank(values))


class _Blank(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "–"


def in_language(value: Any) -> Any:
    """A value kept in both languages, in the reader's; a moment, in the time of the company; anything else as it is."""
    if isinstance(value, dict) and "zh-hans" in value:
        return value["en" if (get_language() or "").startswith("en") else "zh-hans"]
    if isinstance(value, dict) and set(value) == {"at"}:
        return f"{timezone.localtime(datetime.fromisoformat(value['at'])):%Y-%m-%d %H:%M}"
    return value


def orphans() -> list[str]:
    """Pointers at "any object" that point at nothing, in words: entries' objects and scopes."""
    return dangling("journal: an entry names", Touched.objects.all()) + dangling("journal: an entry belongs to", Scope.objects.all())
