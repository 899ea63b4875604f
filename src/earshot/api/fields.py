"""The types of the API's fields: what comes in is bounded and free of what no database holds, what goes out is plain data.

Answers are `TypedDict`s: the type checker holds the code to them, the document shows them, and no list pays for a validation.
"""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, WithJsonSchema
from typing_extensions import TypedDict

from earshot.journal.kinds import ref as ref_of
from earshot.kit.problems import Ref
from earshot.kit.texts import WORDS

T = TypeVar("T")

# No NUL anywhere: PostgreSQL cannot store it, and nobody types it.
CLEAN = r"^[^\x00]*$"
AMOUNT = r"^[0-9]{1,12}(\.[0-9]{1,2})?$"
CURRENCY = r"^[A-Z]{3}$"
V7 = r"^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-7[0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}$"

# What comes in.
Words = Annotated[str, StringConstraints(min_length=1, max_length=WORDS, pattern=CLEAN)]
Title = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=CLEAN)]
Goal = Annotated[str, StringConstraints(min_length=1, max_length=300, pattern=CLEAN)]
Short = Annotated[str, StringConstraints(max_length=100, pattern=CLEAN)]
Code = Annotated[str, StringConstraints(min_length=1, max_length=60, pattern=CLEAN)]
Reason = Annotated[str, StringConstraints(min_length=1, max_length=1000, pattern=CLEAN)]
AnyReason = Annotated[str, StringConstraints(max_length=1000, pattern=CLEAN)]
ShortReason = Annotated[str, StringConstraints(min_length=1, max_length=300, pattern=CLEAN)]
Amount = Annotated[str, StringConstraints(pattern=AMOUNT)]
Currency = Annotated[str, StringConstraints(pattern=CURRENCY)]


def _version_seven(value: Any) -> Any:
    found = UUID(value) if isinstance(value, str) else value
    if not isinstance(found, UUID) or found.version != 7:
        raise ValueError("not a UUID of version 7")
    return found


# A public id that the client makes itself, so that sending twice makes one thing.
NewId = Annotated[
    UUID,
    BeforeValidator(_version_seven),
    WithJsonSchema({"type": "string", "pattern": V7, "description": "A UUIDv7 of your own making; the same id again makes nothing twice."}),
]
# Of something that is there already, or not: any UUID may be asked for.
AnyId = Annotated[UUID, WithJsonSchema({"type": "string", "format": "uuid"})]


def _as_typed(value: Any) -> str:
    """Whatever was sent, as text that can be stored: what cannot be read is asked for later, never refused."""
    typed = value if isinstance(value, str) else "" if value is None else json.dumps(value, ensure_ascii=False)
    return typed.replace("\x00", "")


# Kept as it came, for the record of a meeting: saving what a customer said never refuses for its trimmings.
AsTyped = Annotated[str, BeforeValidator(_as_typed), WithJsonSchema({"type": ["string", "null"]})]


class Body(BaseModel):
    """What a request carries. An unknown field is refused by name: a misspelt one would otherwise be lost in silence."""

    model_config = ConfigDict(extra="forbid")


class Lenient(BaseModel):
    """What a record of a meeting carries: fields that nobody knows are left aside."""

    model_config = ConfigDict(extra="ignore")


# What goes out.
Id = Annotated[str, WithJsonSchema({"type": "string", "format": "uuid"})]
Moment = Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})]
Day = Annotated[str, WithJsonSchema({"type": "string", "format": "date"})]
Money = Annotated[str, Field(pattern=r"^[0-9]{1,12}\.[0-9]{2}$")]


class Reference(TypedDict):
    """An object named: its kind, its id (the code, for rows of the playbook), and the words for it."""

    kind: str
    id: str
    label: str


class Named(TypedDict):
    id: Id
    name: str


class Coded(TypedDict):
    """A row of the playbook: its code, and its name in the language asked for."""

    code: str
    name: str


class Page(TypedDict, Generic[T]):
    """A part of a list. `next`: the cursor of the part after it; null at the end."""

    items: list[T]
    next: str | None


def moment(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def moment_or_none(at: datetime | None) -> str | None:
    return None if at is None else moment(at)


def money(amount: Decimal | None) -> str | None:
    return None if amount is None else f"{amount:.2f}"


def reference(ref: Ref) -> Reference:
    return {"kind": ref.kind, "id": str(ref.id), "label": str(ref.label)}


def reference_to(thing: Any) -> Reference:
    return reference(ref_of(thing))


def named(thing: Any) -> Named:
    """A person, unit or account."""
    return {"id": str(thing.pk), "name": thing.name}
