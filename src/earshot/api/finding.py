"""Finding what a body names: an object that is not there, or not yours to see, is said beside its field."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from earshot.api.problems import misfit
from earshot.desk.finding import find
from earshot.kit.problems import Refusal
from earshot.people.models import Person


def meant(person: Person, kind: str, object_id: UUID, field: str) -> Any:
    """The object of this kind that `field` of the body names, if the person may see it."""
    try:
        return find(person, kind, object_id)
    except Refusal as refusal:
        raise misfit({field: refusal.sentence}) from None
