"""What somebody else's open things are called for whoever hands them over: what the reader may not see is counted, not named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from earshot.desk.finding import FINDERS
from earshot.kit.problems import say
from earshot.people.models import Person
from earshot.people.registry import HOLDINGS, Owed
from earshot.people.succession import owed

HIDDEN = _("not yours to see")


def owed_as_seen(reader: Person, person: Person) -> list[Owed]:
    """Everything open that is `person`'s; the label and the object of what `reader` may not see are left away. One statement a kind."""
    things = owed(person)
    wanted: dict[str, set[UUID]] = {}
    for one in things:
        if one.about is not None and isinstance(one.about.id, UUID):
            wanted.setdefault(one.about.kind, set()).add(one.about.id)
    seen = {(kind, pk) for kind, ids in wanted.items() for pk in _seen(reader, kind, ids)}
    return [one if one.about is not None and (one.about.kind, one.about.id) in seen else _hidden(one) for one in things]


def _seen(reader: Person, kind: str, ids: set[UUID]) -> Sequence[Any]:
    return list(FINDERS[kind](reader).filter(pk__in=ids).order_by().values_list("pk", flat=True)) if kind in FINDERS else []


def _hidden(one: Owed) -> Owed:
    return replace(one, label="", about=None)


def words(one: Owed) -> Any:
    """What it is, and which one, as far as the reader may see it."""
    return say("{what}: {label}", what=HOLDINGS[one.holding].words, label=one.label or HIDDEN)
