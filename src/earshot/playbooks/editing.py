"""What stands beside a draft while it is edited as tables: what a cell can name, what the check says of it, and whom a changed row
touches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import jsonschema
from django.utils.translation import gettext_lazy as _

from earshot.kit.problems import missing, wrong
from earshot.people.models import Unit
from earshot.people.queries import known_skills
from earshot.playbooks import models as rows
from earshot.playbooks import packs, parts, revisions, rules, tables
from earshot.playbooks.findings import Finding
from earshot.playbooks.models import PARTS, Edit, PartVersion, Revision
from earshot.playbooks.parts import meaning
from earshot.playbooks.parts.form import worded
from earshot.playbooks.registry import CHECKS, IMPACTS, POLICIES, Changed, Impact
from earshot.playbooks.tables import Schema, Table, TableRow, Tables

Said = Mapping[str, list[dict[str, Any]]]


@dataclass(frozen=True)
class Draft:
    """A part of a revision while it is edited. `version`: None where the revision has no draft of it yet: then `text` is what is in
    force. `said`: of all parts as they will stand, each table's rows that are sound in form; `before`: the same of this part in
    force; `named`: as `said`, with every row that has a code and its words, whatever else is wrong with it, but those that wait."""

    revision: Revision
    part: str
    version: PartVersion | None
    text: str
    in_force: str
    findings: Sequence[Finding]
    said: Mapping[str, Said]
    before: Said
    named: Mapping[str, Said] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """Names the text that is read here: sent back with an edit, as `seen`."""
        return rules.digest(self.text)

    def tables(self) -> Tables:
        return tables.read(self.text, parts.BY_NAME[self.part].schema)


def draft(revision: Revision, part: str) -> Draft:
    """The part as the revision has it, in a fixed number of statements."""
    versions = revisions.versions_of(revision)
    version = versions.get(part)
    in_force = revisions.text_in_force(part)
    beside = revisions.playbooks_with(versions, revisions.begins(revision))
    texts = dict(beside[0].sources.texts)
    return Draft(
        revision=revision,
        part=part,
        version=version,
        text=version.source if version else in_force,
        in_force=in_force,
        findings=revisions.findings_in(beside),
        said={name: _sound(name, texts.get(name, "")) for name in PARTS},
        before=_sound(part, in_force),
        named={name: _named(name, texts.get(name, "")) for name in PARTS},
    )


def last_edit(version: PartVersion) -> Edit | None:
    """The edit that would be taken back now, its author loaded; None: there is none."""
    standing = Edit.objects.filter(version=version, number__gt=0, undoes__isnull=True, undone_by__isnull=True)
    return standing.select_related("person").order_by("-number").first()


@lru_cache(maxsize=64)
def _sound(part: str, text: str) -> Said:
    """The rows of each table that are sound in form, whatever is wrong beside them."""
    said = packs.said(text) or {}
    found = {}
    for name, form in parts.BY_NAME[part].schema["properties"].items():
        if tables.is_table(form):
            judge = jsonschema.Draft202012Validator(form["items"])
            given = said.get(name)
            found[name] = [row for row in given if judge.is_valid(row)] if isinstance(given, list) else []
    return found


@lru_cache(maxsize=64)
def _named(part: str, text: str) -> Said:
    """The rows of each table that can be called by their names: a row with a mistake in it is still the one that others name."""
    said = packs.said(text) or {}
    found = {}
    for name, form in parts.BY_NAME[part].schema["properties"].items():
        if tables.is_table(form):
            given = said.get(name)
            rows_ = [row for row in given if isinstance(row, dict)] if isinstance(given, list) else []
            found[name] = [
                row for row in rows_ if all(isinstance(row.get(each), str) for each in ("code", "zh", "en")) and "awaits" not in row
            ]
    return found


def named_of(read: revisions.Read) -> Mapping[str, Said]:
    """The rows of all parts by their names, as they will stand with a revision."""
    versions = {one.version.part: one.version for one in read.parts}
    texts = revisions.playbooks_with(versions, revisions.begins(read.revision))[0].sources.texts
    return {name: _named(name, texts.get(name, "")) for name in PARTS}


def named_in_force() -> Mapping[str, Said]:
    """The same, as they are in force."""
    return {name: _named(name, revisions.text_in_force(name)) for name in PARTS}


@dataclass
class Found:
    """What the check says of a part, by place: of a cell, a row, a table; what stands nowhere else is `rest`."""

    at: dict[str, list[Any]] = field(default_factory=dict)
    rest: list[Finding] = field(default_factory=list)


def findings_by_place(one: Draft, read: Tables) -> Found:
    """The findings of the part, each at the cell, row or table that it is about: a place may name a row by code or by number, and
    reach into a cell."""
    found = Found()
    file = f"{one.part}.yaml"
    for finding in one.findings:
        if finding.file == file:
            place = place_on(finding.place, read)
            if place:
                found.at.setdefault(place, []).append(finding.sentence)
            else:
                found.rest.append(finding)
    return found


def place_on(place: str, read: Tables) -> str:
    """The cell, row or table at which a finding's place stands; empty where it stands at none."""
    name, *steps = place.split("/")
    if name in read.settings:
        return name
    table = read.tables.get(name)
    known = name if table is not None else ""
    while table is not None and steps:
        row = row_of(table, steps[0])
        if row is None:
            break
        known = row.place
        inner = steps[1] if len(steps) > 1 else ""
        if inner in row.cells:
            return row.cells[inner].place
        table = row.tables.get(inner)
        known = table.place if table is not None else known
        steps = steps[2:]
    return known


def row_of(table: Table, step: str) -> TableRow | None:
    """The row with this code, else with this number."""
    by_code = next((row for row in table.rows if row.code == step), None)
    if by_code is None and step.isascii() and step.isdecimal() and int(step) < len(table.rows):
        return table.rows[int(step)]
    return by_code


def table_at(read: Tables, place: str) -> Table | None:
    """The table at the place (`levels`, `levels/hear/ladder`)."""
    name, *steps = place.split("/")
    table = read.tables.get(name)
    while table is not None and steps:
        row = row_of(table, steps[0])
        table = row.tables.get(steps[1]) if row is not None and len(steps) > 1 else None
        steps = steps[2:]
    return table


def row_at(read: Tables, place: str) -> TableRow | None:
    """The row at the place (`levels/hear`, `levels/hear/ladder/0`)."""
    above, _slash, step = place.rpartition("/")
    table = table_at(read, above) if above else None
    return row_of(table, step) if table is not None else None


def as_typed(form: Schema, typed: str, field: str) -> Any:
    """What somebody typed, as a cell of this form takes it: a number, true or false, a list (with commas), or the text as it is. Refused
    beside `field` where it is of another kind."""
    kind = form.get("type")
    if kind == "array":
        return [one.strip() for one in typed.replace("，", ",").split(",") if one.strip()]
    if kind == "boolean":
        if typed.strip().lower() not in ("true", "false"):
            raise wrong(field, _("Say true or false."))
        return typed.strip().lower() == "true"
    try:
        if kind == "integer":
            return int(typed)
        if kind == "number":
            return int(typed) if typed.strip().lstrip("-").isdecimal() else float(typed)
    except ValueError:
        raise wrong(field, _("Write a whole number.") if kind == "integer" else _("Write a number.")) from None
    if isinstance(kind, list) and typed.isascii() and typed.isdecimal() and str(int(typed)) == typed:
        return int(typed)
    if "anyOf" in form and typed.startswith("head_of:"):
        return {"head_of": typed.partition(":")[2]}
    return typed.replace("\r\n", "\n")


def cell_form(part: str, place: str) -> Schema:
    """The form of the cell at the place; 404 where there is none."""
    form = tables.form_of(place, parts.BY_NAME[part].schema) if part in parts.BY_NAME else None
    if form is None or tables.is_table(form) or form.get("type") == "object":
        raise missing()
    return form


def choices(names: str, said: Mapping[str, Said]) -> list[tuple[str, str]]:
    """What a cell can name, as pairs of code and name in the reader's language (see `meaning.Column.names`); empty: nothing is known."""
    if names == meaning.UNITS:
        return list(Unit.objects.order_by("name", "code").values_list("code", "name"))
    if names == meaning.CHECKS:
        return [(name, name) for name in sorted(CHECKS)]
    if names == meaning.POLICIES:
        return [(code, str(policy.means)) for code, policy in POLICIES.items()]
    if names == meaning.SKILLS:
        named = {str(row["code"]): str(worded(row)) for row in said.get("support", {}).get("skills", [])}
        return list(({code: code for code in known_skills()} | named).items())
    part, _slash, table = names.partition("/")
    found = said.get(part, {}).get(table, [])
    if names == "process/steps" and not found:
        return [(code, str(worded({"zh": zh, "en": en}))) for code, zh, en in rows.SIX_STEPS]
    return [(str(row["code"]), str(worded(row))) for row in found]


def changed_rows(one: Draft) -> list[Changed]:
    """The rows of the part that differ from what is in force, as far as they are sound in form."""
    return _changed(one.part, one.before, one.said)


def _changed(part: str, before: Said, said: Mapping[str, Said]) -> list[Changed]:
    found = []
    for table, after in said[part].items():
        was = {str(row["code"]): row for row in before.get(table, [])}
        will = {str(row["code"]): row for row in after}
        for code in dict.fromkeys([*was, *will]):
            if was.get(code) != will.get(code):
                found.append(Changed(part, table, code, was.get(code), will.get(code), said))
    return found


@dataclass(frozen=True)
class Touched:
    """A row that a revision changes, by what it is called, and whom that touches. `place`: `table/code`."""

    place: str
    name: str
    impact: Impact


def impacts_of(read: revisions.Read) -> dict[str, list[Touched]]:
    """Part → the rows that a revision changes, with whom they touch, as things stand."""
    versions = {one.version.part: one.version for one in read.parts}
    beside = revisions.playbooks_with(versions, revisions.begins(read.revision))
    said = {name: _sound(name, beside[0].sources.texts.get(name, "")) for name in PARTS}
    found = {}
    for one in read.parts:
        changed = _changed(one.version.part, _sound(one.version.part, one.before), said)
        named = {f"{each.table}/{each.code}": str(worded(each.rows[-1])) for each in changed}
        found[one.version.part] = [Touched(place, named[place], impact) for place, impact in impacts(changed).items()]
    return found


def impacts(changed: Sequence[Changed]) -> dict[str, Impact]:
    """`table/code` → whom the changed row touches, in a number of statements that does not grow with the rows."""
    groups: dict[str, list[Changed]] = {}
    for one in changed:
        name = next((name for name in (f"{one.part}/{one.table}", one.part) if name in IMPACTS), "")
        if name:
            groups.setdefault(name, []).append(one)
    found = {}
    for name, group in groups.items():
        ask = IMPACTS.get(name)
        for one, impact in zip(group, ask(group) if ask else (), strict=True):
            found[f"{one.table}/{one.code}"] = impact
    return found


def touched_by(one: Draft, row: str) -> Changed | None:
    """The row `table/code` as it would be changed; None where it is not sound in form, or not one of a table of the file."""
    table, _slash, code = row.partition("/")
    was = next((each for each in one.before.get(table, []) if each["code"] == code), None)
    will = next((each for each in one.said[one.part].get(table, []) if each["code"] == code), None)
    return Changed(one.part, table, code, was, will, one.said) if was or will else None
