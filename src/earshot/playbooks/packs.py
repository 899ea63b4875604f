"""Reading a pack: YAML, one text a part, checked for form and for names that nothing provides. Pure: no table is touched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import jsonschema
import yaml
from django.utils.translation import gettext_lazy as _

from earshot.kit.problems import Refusal, say
from earshot.kit.ruling import permissive
from earshot.playbooks import parts
from earshot.playbooks.findings import Finding, meant, worded
from earshot.playbooks.models import OPTIONAL, PARTS, POLICIES
from earshot.playbooks.parts.form import Tables
from earshot.playbooks.parts.reading import Known, Reading
from earshot.playbooks.parts.waiting import Waiting, living
from earshot.playbooks.parts.waiting import waiting as waiting_rows
from earshot.playbooks.rules import OWNED_BY_UNITS, OWNERS
from earshot.playbooks.sources import MOST_BYTES, Sources

_FILES = [f"{part}.yaml" for part in PARTS]


@dataclass(frozen=True)
class Pack:
    """A pack that was read. `tables`: of each part that it has, without the rows that wait for a room to come (`waiting`); `settings`:
    what else stands at the top of its file."""

    sources: Sources
    tables: Mapping[str, Tables]
    settings: Mapping[str, Mapping[str, Any]]
    waiting: Sequence[Waiting]

    @property
    def name(self) -> str:
        return self.sources.name

    @property
    def profile(self) -> str:
        """What it calls its policies together."""
        return str(self.settings[POLICIES]["profile"])


def read(sources: Sources, known: Known | None = None) -> Pack:
    """Read a pack. `known`: what there is for it to name outside of itself; None: not checked.

    Raises one Refusal with a line for each finding: file, place, line, what is wrong, what was expected.
    """
    pack, found = looked_at(sources, known)
    if pack is None:
        sentence = say(_("The pack {name} cannot be used: {count} findings."), name=sources.name, count=len(found))
        raise Refusal("playbook.pack", sentence, lines=[finding.as_line() for finding in found])
    return pack


def looked_at(sources: Sources, known: Known | None = None) -> tuple[Pack | None, list[Finding]]:
    """The pack as it was read, None where anything was found; and what was found."""
    reader = _Reader(sources, known or Known())
    if reader.found:
        return None, reader.found
    return Pack(sources, reader.tables, reader.settings, reader.waiting), []


def check(sources: Sources, known: Known | None = None) -> list[Finding]:
    """What is wrong with a pack: with the form of its files; where that is sound, with what they say."""
    return _Reader(sources, known or Known()).found


def waiting(sources: Sources) -> list[Waiting]:
    """The rows that wait for a room that is not built yet, of those files whose form is sound."""
    return _Reader(sources, Known()).waiting


def said(text: str) -> Mapping[str, Any] | None:
    """What the text of a part says, whatever is wrong with it; None where it cannot be read at all."""
    try:
        data = yaml.load(text, _Loader)  # noqa: S506 - a safe loader
    except (_Alias, yaml.YAMLError, ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) else None


class _Alias(Exception):
    pass


class _Loader(yaml.SafeLoader):
    """A row written once and pointed at elsewhere would be edited in one place and change in two."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise _Alias
        return super().compose_node(parent, index)


class _Reader:
    """Reads the files of a pack and gathers what is wrong, each at its place."""

    def __init__(self, sources: Sources, known: Known) -> None:
        self.texts = sources.texts
        self.nodes: dict[str, yaml.Node | None] = {}
        self.found: list[Finding] = []
        self.tables: dict[str, Tables] = {}
        self.settings: dict[str, Mapping[str, Any]] = {}
        self.waiting: list[Waiting] = []
        self.written: dict[str, Tables] = {}
        for part in PARTS:
            self._take_in(part)
        sound = not self.found
        for part, tables in self.written.items():
            self._stand_twice(part, tables)
        if sound:
            _cross_check(Reading(self.tables, known, self.finds, self.waiting, self.settings))
        self.found.sort(key=lambda finding: (_FILES.index(finding.file), finding.line or 0))

    def _take_in(self, part: str) -> None:
        text = self.texts.get(part)
        if text is None and part in OPTIONAL:
            return None
        if text is None:
            return self.finds(part, "", _("The file is missing. A pack has one file for each part."))
        if len(text) > MOST_BYTES:
            return self.finds(part, "", say(_("A part has at most {n} bytes."), n=MOST_BYTES))
        if "\x00" in text:
            return self.finds(part, "", _("It is not text in UTF-8."))
        loader = None
        try:
            loader = _Loader(text)
            self.nodes[part] = loader.get_single_node()
            data: Any = loader.construct_document(self.nodes[part]) if self.nodes[part] else None
        except _Alias:
            return self.finds(part, "", _("It points from one place to another (“*name”). Write each row where it stands."))
        except (yaml.YAMLError, ValueError, RecursionError) as error:  # a date that does not exist; nested without end
            mark = getattr(error, "problem_mark", None)
            if mark is not None:
                at = {"line": mark.line + 1, "column": mark.column + 1}
                return self.finds(part, "", say(_("This is not YAML: it cannot be read from line {line}, character {column}, on."), **at))
            return self.finds(part, "", say(_("This is not YAML: {error}"), error=str(error).splitlines()[0]))
        finally:
            if loader is not None:
                loader.dispose()
        faults = sorted(jsonschema.Draft202012Validator(parts.BY_NAME[part].schema).iter_errors(data), key=_in_order)
        for fault in faults:
            self.finds(part, "/".join(map(str, fault.absolute_path)), worded(fault))
        if not faults:
            tables = {
                name: data.get(name, []) for name, form in parts.BY_NAME[part].schema["properties"].items() if form.get("type") == "array"
            }
            self.written[part] = tables
            self.waiting += [replace(row, line=self._line_of(part, row.place)) for row in waiting_rows(part, tables)]
            self.tables[part] = living(tables)
            self.settings[part] = {name: value for name, value in data.items() if not isinstance(value, list)}
        return None

    def _stand_twice(self, part: str, tables: Tables) -> None:
        """Rows are found by their codes, also those that wait."""
        for table, rows in tables.items():
            codes = [row["code"] for row in rows]
            for code in sorted({code for code in codes if codes.count(code) > 1}):
                self.finds(part, f"{table}/{code}", _("the code stands twice in this table"))

    def finds(self, part: str, place: str, sentence: Any) -> None:
        self.found.append(Finding(f"{part}.yaml", place, self._line_of(part, place), sentence))

    def _line_of(self, part: str, place: str) -> int | None:
        """The line of the file in which the place stands, counted from 1; the nearest thing around it that is there."""
        node = self.nodes.get(part)
        if not place or node is None:
            return None
        for step in place.split("/"):
            inner = _inside(node, step)
            if inner is None:
                break
            node = inner
        return node.start_mark.line + 1


@permissive("nothing wrong", lambda *_: None)
def _cross_check(reading: Reading) -> None:
    for part, settings in reading.settings.items():
        _check_approver(reading, part, settings.get("approved_by"))
    for part, one in parts.BY_NAME.items():
        if part in reading.tables:
            one.check(reading)


def _check_approver(reading: Reading, part: str, named: Any) -> None:
    if named == OWNERS and part != OWNED_BY_UNITS:
        reading.finds(part, "approved_by", _("only need templates are approved by the units that own their rows"))
    if isinstance(named, dict) and reading.known.units is not None and named["head_of"] not in reading.known.units:
        hint = meant(named["head_of"], reading.known.units)
        sentence = say(_("no {what} has the code “{code}”{hint}"), what=_("unit"), code=named["head_of"], hint=hint)
        reading.finds(part, "approved_by/head_of", sentence)


def _in_order(fault: jsonschema.ValidationError) -> list[str]:
    return [str(step) for step in fault.absolute_path]


def _inside(node: yaml.Node | None, step: str) -> yaml.Node | None:
    """What a mapping holds under the key, or a table in the row with that code or number."""
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == step), None)
    if isinstance(node, yaml.SequenceNode):
        row = next((row for row in node.value if (code := _inside(row, "code")) is not None and code.value == step), None)
        return node.value[int(step)] if row is None and step.isdecimal() and int(step) < len(node.value) else row
    return None
