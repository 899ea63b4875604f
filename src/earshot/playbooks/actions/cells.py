"""Editing a part as tables: cells and rows of a draft. Each is one edit of its text (`write_part`), in which only those lines differ."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from earshot.journal.actions import verb
from earshot.journal.actors import Actor
from earshot.kit.problems import missing, wrong
from earshot.kit.texts import storable
from earshot.playbooks import parts, revisions, rules, tables
from earshot.playbooks.actions.holding import checked_part, held
from earshot.playbooks.actions.preparing import write_part
from earshot.playbooks.models import PartVersion, Revision


@verb
def set_cells(
    *, by: Actor, revision: Revision, part: str, cells: Mapping[str, Any], seen: str | None = None, place: str = ""
) -> PartVersion:
    """Set cells of a draft, in one edit that is undone as one. `cells`: place → value (a text, number, true or false, or a list of
    such); `tables.ABSENT` takes an optional one away. `place`: what was meant, where that is not the one cell.

    A value that is none for its column in kind is refused; whatever else is wrong with it the check finds, and it is kept. `seen`: as
    in `write_part`."""

    def edited(text: str) -> str:
        for where, value in sorted(cells.items(), key=lambda cell: cell[0].endswith("/code")):  # by its code the row is found: that last
            text = tables.set_cell(text, where, _fitting(part, where, value))
        return text

    return _write(by, revision, part, edited, place or next(iter(cells), ""), seen)


@verb
def add_row(
    *,
    by: Actor,
    revision: Revision,
    part: str,
    table: str,
    values: Mapping[str, Any],
    after: str | None = None,
    seen: str | None = None,
) -> PartVersion:
    """Add a row to a table of a draft. `table`: its place (`hearers`, `levels/hear/ladder`); `after`: code or number of the row that it
    follows; None: at the end; empty: at the beginning. What is worded in one language alone stands in both until somebody words it in the
    other."""
    form = _table_form(part, table)
    properties = form["items"]["properties"]
    columns = list(properties)
    kept = {name: _fitting(part, f"{table}/0/{name}", value, name) for name, value in values.items() if value is not tables.ABSENT}
    kept = _in_both(kept, columns)
    # A table that the row must have begins empty: its rows follow one by one.
    kept |= {name: [] for name in form["items"].get("required", ()) if tables.is_table(properties[name])}

    def edited(text: str) -> str:
        return tables.add_row(text, table, kept, after, columns)

    return _write(by, revision, part, edited, f"{table}/{values.get('code', '')}".rstrip("/"), seen)


@verb
def remove_row(*, by: Actor, revision: Revision, part: str, table: str, code: str, seen: str | None = None) -> PartVersion:
    """Take a row out of a table of a draft. `code`: by which it is addressed: its own, or its number in the table."""
    _table_form(part, table)

    def edited(text: str) -> str:
        return tables.remove_row(text, table, code)

    return _write(by, revision, part, edited, f"{table}/{code}", seen)


@verb
def move_row(
    *, by: Actor, revision: Revision, part: str, table: str, code: str, after: str | None = None, seen: str | None = None
) -> PartVersion:
    """Put a row into another place of its table, with the comment that is its own. `code`: by which it is addressed: its own, or its
    number in the table; `after`: as in `add_row`. Where it stands there already, nothing is written."""
    _table_form(part, table)

    def edited(text: str) -> str:
        return tables.move_row(text, table, code, after)

    return _write(by, revision, part, edited, f"{table}/{code}", seen)


def _write(by: Actor, revision: Revision, part: str, edited: Callable[[str], str], place: str, seen: str | None) -> PartVersion:
    revision = held(revision)
    draft = revisions.versions_of(revision).get(checked_part(part))
    before = draft.source if draft else revisions.text_in_force(part)
    if seen is not None and seen != rules.digest(before):  # said before the edit is tried on a text that it was not meant for
        return write_part(by=by, revision=revision, part=part, text=before, place=place, seen=seen)
    return write_part(by=by, revision=revision, part=part, text=edited(before), place=place, seen=seen)


def _in_both(values: Mapping[str, Any], columns: Collection[str]) -> dict[str, Any]:
    found = dict(values)
    for name in columns:
        if name == "zh" or name.endswith("_zh"):
            other = f"{name[:-2]}en"
            if other in columns and bool(found.get(name)) != bool(found.get(other)):
                found[name] = found[other] = found.get(name) or found.get(other)
    return found


def _table_form(part: str, table: str) -> tables.Schema:
    form = tables.form_of(table, parts.BY_NAME[checked_part(part)].schema)
    if form is None or not tables.is_table(form):
        raise missing()
    return form


def _fitting(part: str, place: str, value: Any, field: str = "") -> Any:
    """The value, of the kind that its column has; refused beside the field where it is of another."""
    form = tables.form_of(place, parts.BY_NAME[checked_part(part)].schema)
    if form is None or tables.is_table(form) or form.get("type") == "object":
        raise missing()
    if value is tables.ABSENT:
        return value
    name = field or place
    for said in value if isinstance(value, list) else [value]:
        if isinstance(said, str) and storable(said) != said:
            raise wrong(name, _("It holds a character that cannot be stored. Please type it again."))
    kinds = form.get("type") or ("string" if "enum" in form else "")
    allowed = {_KINDS[kind] for kind in ([kinds] if isinstance(kinds, str) else kinds) if kind} or {str, dict}
    if type(value) not in allowed and not (type(value) is int and float in allowed):
        raise wrong(name, _NEEDED[kinds if isinstance(kinds, str) else kinds[0]] if kinds else _NEEDED["string"])
    if isinstance(value, list) and not all(isinstance(one, str) for one in value):
        raise wrong(name, _NEEDED["array"])
    return value


_KINDS: Mapping[str, type] = {"string": str, "integer": int, "number": float, "boolean": bool, "array": list}
_NEEDED: Mapping[str, Any] = {
    "string": _("Write a text."),
    "integer": _("Write a whole number."),
    "number": _("Write a number."),
    "boolean": _("Say true or false."),
    "array": _("Name them one by one, as texts."),
}
