"""The kind registry: what "any object" may be. Everything that points at an object by kind and id is loaded through it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import models

from earshot.kit.problems import Ref, in_each
from earshot.kit.registry import Registry

MOST_OF_LABEL = 300


@dataclass(frozen=True)
class Kind:
    """`label` words one object for people. `page` is the URL name of its page, taking the public id; empty: it has none.
    `in_two_languages`: `label` says it in the language of whoever reads, so the log keeps both wordings."""

    name: str
    model: type[models.Model]
    label: Callable[[Any], str]
    page: str = ""
    in_two_languages: bool = False

    def words(self, thing: Any) -> dict[str, str] | None:
        """What the object is called in each language of the product; None where that is the same."""
        return in_each(lambda: self.label(thing)[:MOST_OF_LABEL]) if self.in_two_languages else None

    def load(self, ids: Iterable[UUID]) -> dict[UUID, Any]:
        """The objects of this kind by public id, in one statement; ids that exist no more are left out."""
        return dict(self.model._default_manager.in_bulk(list(ids)))


KINDS: Registry[Kind] = Registry("kind of object")
_by_model: dict[type[models.Model], Kind] = {}


def register(
    name: str, model: type[models.Model], *, label: Callable[[Any], str] = str, page: str = "", in_two_languages: bool = False
) -> None:
    kind = Kind(name, model, label, page, in_two_languages)
    KINDS.add(name, kind)
    _by_model[model] = kind


def kind_of(thing: models.Model) -> Kind:
    try:
        return _by_model[type(thing)]
    except KeyError:
        raise KeyError(f"{type(thing).__name__} is no registered kind: register it in its room's verbs.py") from None


def ref(thing: models.Model) -> Ref:
    kind = kind_of(thing)
    return Ref(kind.name, thing.pk, kind.label(thing))


def dangling(what: str, rows: models.QuerySet[Any]) -> list[str]:
    """Of rows that point at "any object" by `kind` and `object_id`: those that point at nothing, in words, a thousand a kind."""
    found: list[str] = []
    for name, kind in KINDS.items():
        gone = rows.filter(kind=name).exclude(object_id__in=kind.model._default_manager.values("pk")).values_list("object_id", flat=True)
        found += [f"{what} {name} {object_id}, which does not exist" for object_id in gone.distinct()[:1000]]
    unknown = rows.exclude(kind__in=list(KINDS)).values_list("kind", flat=True).distinct()
    found += [f"{what} an object of the kind {kind!r}, which nothing registers" for kind in unknown]
    return found
