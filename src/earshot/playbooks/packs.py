"""Reading a pack: YAML, one text a part, checked for form and for names that nothing provides. Pure: no table is touched."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import jsonschema
import yaml
from django.utils.translation import gettext_lazy as _

from earshot.kit.problems import Refusal, say
from earshot.kit.ruling import permissive
from earshot.playbooks import parts
from earshot.playbooks.findings import Finding, meant, unknown_names, worded
from earshot.playbooks.models import HEARING, OPTIONAL, PARTS, POLICIES, PROCESS, SUPPORT
from earshot.playbooks.parts import policies
from earshot.playbooks.parts.form import Tables
from earshot.playbooks.parts.reading import Known, Reading
from earshot.playbooks.parts.waiting import Waiting, living
from earshot.playbooks.parts.waiting import waiting as waiting_rows
from earshot.playbooks.policies import Choices
from earshot.playbooks.rules import OWNED_BY_UNITS, OWNERS
from earshot.playbooks.sources import MOST_BYTES, Sources

_LINE_ENDS = re.compile("\r\n|[\n\r\x85\u2028\u2029]")  # as YAML counts lines
MOST_SHOWN = 120  # characters of a line that is shown
# Tables whose rows ask something of a deal, call somebody, or say who must hear, and those that such a row names: (part, table).
NAMED_BY_ACTING = {(PROCESS, "roles"), (SUPPORT, "catalogue")}
ACTING = {
    (PROCESS, "gates"),
    (PROCESS, "seats"),
    (PROCESS, "mandates"),
    (HEARING, "categories"),
    (HEARING, "hearers"),
    (SUPPORT, "triggers"),
}
_FILES = [f"{part}.yaml" for part in PARTS]
# What a text can do to whoever builds values of it: a date that does not exist, nesting without end, a tag that its value does not fit
# (`!!bool maybe`, `!!timestamp x`, `!!float ''`), which the constructors meet with errors of every kind.
UNREADABLE = (yaml.YAMLError, ValueError, RecursionError, LookupError, TypeError, AttributeError, ArithmeticError)


@dataclass(frozen=True)
class Pack:
    """A pack that was read. `tables`: of each part that it has, without the rows that wait for a room to come (`waiting`); `settings`:
    what else stands at the top of its file; `warnings`: what is worth knowing of it, and refuses nothing."""

    sources: Sources
    tables: Mapping[str, Tables]
    settings: Mapping[str, Mapping[str, Any]]
    waiting: Sequence[Waiting]
    warnings: Sequence[Finding] = ()

    @property
    def name(self) -> str:
        return self.sources.name

    @property
    def choices(self) -> Choices:
        """What its policies choose."""
        return policies.choices(self.tables[POLICIES], self.settings[POLICIES])

    def in_profile(self, profile: str) -> Pack:
        """The same with the company in another profile, for a look at what it would ask."""
        settings = {**self.settings, POLICIES: {**self.settings[POLICIES], "profile": profile}}
        return replace(self, sources=self.sources.in_profile(profile), settings=settings)

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
    return Pack(sources, reader.tables, reader.settings, reader.waiting, reader.warned), []


@dataclass(frozen=True)
class Report:
    """What there is to say of a pack. `findings`: what is wrong, by file and line; `waiting`: rows that wait for a room that is not built
    yet, of those files whose form is sound. `whole` False: the form of a file is not sound, so what the rows say was not looked at.
    `warnings`: what is worth knowing, and refuses nothing."""

    findings: Sequence[Finding]
    waiting: Sequence[Waiting]
    whole: bool
    warnings: Sequence[Finding] = ()


def look(sources: Sources, known: Known | None = None) -> Report:
    """What is wrong with a pack: with the form of its files; where that is sound, with what they say."""
    reader = _Reader(sources, known or Known())
    return Report(reader.found, reader.waiting, reader.sound, reader.warned)


def check(sources: Sources, known: Known | None = None) -> list[Finding]:
    """What is wrong with a pack, by file and line."""
    return list(look(sources, known).findings)


def waiting(sources: Sources) -> list[Waiting]:
    """The rows that wait for a room that is not built yet, of those files whose form is sound."""
    return list(look(sources).waiting)


def said(text: str) -> Mapping[str, Any] | None:
    """What the text of a part says, whatever is wrong with it; None where it cannot be read at all."""
    loader = None
    try:
        loader = _Loader(text)
        data = loader.get_single_data()
    except (_Alias, *UNREADABLE):
        return None
    finally:
        if loader is not None:
            loader.dispose()
    return data if isinstance(data, dict) else None


class _Alias(Exception):
    pass


class _Loader(yaml.SafeLoader):
    """A row written once and pointed at elsewhere would be edited in one place and change in two. `twice`: names that stand twice in one
    row, with the lines of both: of such a row all but the last would be lost without a word."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.twice: list[tuple[str, int, int]] = []

    def compose_mapping_node(self, anchor: Any) -> Any:
        node = super().compose_mapping_node(anchor)
        first: dict[str, int] = {}
        for key, _value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                continue
            if key.value in first:
                self.twice.append((str(key.value), first[key.value], line))
            else:
                first[key.value] = line
        return node

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise _Alias
        return super().compose_node(parent, index)


@dataclass(frozen=True)
class _Composed:
    """A file as it was composed: its nodes, what it says, the faults of its form, names that stand twice; or why it cannot be read."""

    node: yaml.Node | None = None
    data: Any = None
    faults: Sequence[jsonschema.ValidationError] = ()
    twice: Sequence[tuple[str, int, int]] = ()
    error: Exception | None = None


def _composed(part: str, text: str) -> _Composed:
    loader = node = None
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        data = loader.construct_document(node) if node else None
    except (_Alias, *UNREADABLE) as error:
        return _Composed(node, error=error.with_traceback(None))
    finally:
        if loader is not None:
            loader.dispose()
    faults = jsonschema.Draft202012Validator(parts.BY_NAME[part].schema).iter_errors(data)
    return _Composed(node, data, sorted(faults, key=_in_order), loader.twice)


# Every page of a revision, and every act on it, reads eight files of which one changes at most. What they say is only read.
_remembered = lru_cache(maxsize=64)(_composed)
MOST_REMEMBERED = 100_000  # characters


class _Reader:
    """Reads the files of a pack and gathers what is wrong, each at its place."""

    def __init__(self, sources: Sources, known: Known) -> None:
        self.texts = sources.texts
        self.nodes: dict[str, yaml.Node | None] = {}
        self.found: list[Finding] = []
        self.warned: list[Finding] = []
        self.tables: dict[str, Tables] = {}
        self.settings: dict[str, Mapping[str, Any]] = {}
        self.waiting: list[Waiting] = []
        self.written: dict[str, Tables] = {}
        for part in PARTS:
            self._take_in(part)
        self.sound = not self.found
        for part, tables in self.written.items():
            self._stand_twice(part, tables)
        if self.sound:
            _cross_check(
                Reading(self.tables, known, self.finds, self.waiting, self.settings, self.warns), lambda: self._refuse_idle_rows(known)
            )
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
            return self.finds(part, "", _("It is not text in UTF-8: save the file again, in the encoding UTF-8."))
        read = _remembered(part, text) if len(text) <= MOST_REMEMBERED else _composed(part, text)
        self.nodes[part] = read.node
        data = read.data
        error = read.error
        if isinstance(error, _Alias):
            return self.finds(part, "", _("It points from one place to another (“*name”). Write each row where it stands."))
        if error is not None:
            mark = getattr(error, "problem_mark", None)
            if mark is not None:
                at = {"line": mark.line + 1, "column": mark.column + 1}
                sentence = _(
                    "This is not YAML: it cannot be read from line {line}, character {column}, on. The slip may stand just before."
                )
                if "'\\t'" in str(error):
                    sentence = _("This is not YAML: in line {line}, character {column}, stands a tab. Indent with spaces.")
                return self.finds(part, "", say(sentence, **at), min(at["line"], len(_LINE_ENDS.split(text))))
            return self.finds(part, "", say(_("This is not YAML: {error}"), error=(str(error).splitlines() or [type(error).__name__])[0]))
        for fault in read.faults:
            place = "/".join(map(str, fault.absolute_path))
            self.finds(part, place, worded(fault), self._line_of_name(part, place, unknown_names(fault)))
        for name, first, line in read.twice:
            self.finds(part, "", say(_("“{name}” stands twice here; the first is in line {line}"), name=name, line=first), line)
        if not read.faults:
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
            first: dict[str, int | None] = {}
            for number, row in enumerate(rows):
                line = self._line_of(part, table, number)
                if row["code"] in first:
                    sentence = say(_("the code stands twice in this table; the first is in line {line}"), line=first[row["code"]])
                    self.finds(part, f"{table}/{number}", sentence, line)
                first.setdefault(row["code"], line)

    @permissive("any row may wait", lambda reader, known: None)
    def _refuse_idle_rows(self, known: Known) -> None:
        """A row that acts on deals waits because something that it reads is not there yet. One that the check would take as it stands is
        only switched off by `awaits`: what it asks would silently not be asked. Of a gate, only its place and its deciders count: a
        condition of it waits by itself."""
        if self.found or known.facts is None:  # what is wrong anyway is said first; without facts nothing is known to be missing
            return
        beside = [row for row in self.waiting if (row.part, row.table) in ACTING | NAMED_BY_ACTING]
        for row in self.waiting:
            if (row.part, row.table) not in ACTING:
                continue
            together = [one for one in beside if one.part == row.part]
            if any(self._would_do(known, some) for some in ([row], together)):
                sentence = _("nothing that it reads is missing, so it waits for nothing: leave “awaits” out, or mark the one that waits")
                self.finds(row.part, row.place, sentence, row.line)

    def _would_do(self, known: Known, woken: Collection[Waiting]) -> bool:
        """Whether the check finds nothing in the pack with these rows taken as if they did not wait."""
        found: list[Any] = []
        places = {(row.part, row.place) for row in woken}
        tables = {part: living(_woken(part, read, places)) for part, read in self.written.items()}
        waits = [row for row in self.waiting if (row.part, row.place) not in places]
        _cross_check(Reading(tables, known, lambda *one: found.append(one), waits, self.settings))
        return not found

    def warns(self, part: str, place: str, sentence: Any) -> None:
        self.warned.append(self._at(part, place, sentence, None))

    def finds(self, part: str, place: str, sentence: Any, line: int | None = None) -> None:
        self.found.append(self._at(part, place, sentence, line))

    def _at(self, part: str, place: str, sentence: Any, line: int | None) -> Finding:
        line = line or self._line_of(part, place)
        text = _LINE_ENDS.split(self.texts[part])[line - 1].strip()[:MOST_SHOWN] if line else ""
        return Finding(f"{part}.yaml", place, line, sentence, text)

    def _line_of_name(self, part: str, place: str, names: Collection[str]) -> int | None:
        """The line of the first of these names in the row at the place; None where there is none."""
        keys = [key for key, _value in getattr(self._node_at(part, place), "value", ()) if key.value in names] if names else []
        return int(keys[0].start_mark.line) + 1 if keys else None

    def _line_of(self, part: str, place: str, number: int | None = None) -> int | None:
        """The line of the file in which the place stands, counted from 1; the nearest thing around it that is there. `number`: of the
        row in the table that is the place."""
        node = self._node_at(part, place)
        if not place or node is None:
            return None
        if number is not None and isinstance(node, yaml.SequenceNode):
            node = node.value[number]
        return int(node.start_mark.line) + 1

    def _node_at(self, part: str, place: str) -> yaml.Node | None:
        """What stands at the place, or the nearest thing around it that is there."""
        node = self.nodes.get(part)
        for step in place.split("/") if place else ():
            inner = _inside(node, step)
            if inner is None:
                break
            node = inner
        return node


def _woken(part: str, tables: Tables, places: Collection[tuple[str, str]]) -> Tables:
    return {
        table: [
            {name: value for name, value in row.items() if name not in ("awaits", "conditions")}
            if (part, f"{table}/{row['code']}") in places
            else row
            for row in rows
        ]
        for table, rows in tables.items()
    }


@permissive("nothing wrong", lambda *_: None)
def _cross_check(reading: Reading, last: Callable[[], None] = lambda: None) -> None:
    """What the parts say of each other; then `last`, once all of that was looked at."""
    reading.refuse_idle_waiting()
    for part, settings in reading.settings.items():
        _check_approver(reading, part, settings.get("approved_by"))
    for part, one in parts.BY_NAME.items():
        if part in reading.tables:
            one.check(reading)
    last()


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
