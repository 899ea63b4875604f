"""Reading a pack: YAML, one text a part, checked for form and for names that nothing provides. Pure: no table is touched."""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import jsonschema
import yaml
from django.utils.translation import gettext_lazy as _

from earshot.kit.problems import Line, Refusal, say, wrong
from earshot.kit.ruling import permissive
from earshot.playbooks import conditions
from earshot.playbooks.models import HEARING, KNOWN_POLICIES, PARTS, POLICIES, PROCESS, PROFILES, SERVES, SERVICE_LEVELS, SUPPORT

PACKS = Path(__file__).parent / "packs_shipped"
MOST_BYTES = 1_000_000  # of one part

_CODE = {"type": "string", "pattern": r"^[\w][\w.-]{0,59}$"}
_WORDS = {"type": "string", "minLength": 1, "maxLength": 200}
_NAMED = {"code": _CODE, "zh": _WORDS, "en": _WORDS}


def _table(properties: Mapping[str, Any], required: list[str]) -> dict[str, Any]:
    return {
        "type": "array",
        "items": {
            "type": "object",
            "properties": {**_NAMED, **properties},
            "required": ["code", "zh", "en", *required],
            "additionalProperties": False,
        },
    }


def _part(tables: Mapping[str, Any], required: list[str]) -> dict[str, Any]:
    return {"type": "object", "properties": tables, "required": required, "additionalProperties": False}


_BOOL = {"type": "boolean"}
SCHEMAS: dict[str, dict[str, Any]] = {
    PROCESS: _part(
        {
            "roles": _table({"sells": _BOOL, "owner": _BOOL}, []),
            "stages": _table({"step": {"type": "integer", "minimum": 1, "maximum": 6}}, ["step"]),
            "gates": _table(
                {
                    "stage": _CODE,
                    "question_zh": _WORDS,
                    "question_en": _WORDS,
                    "deciders": {"type": "array", "items": _CODE, "minItems": 1, "uniqueItems": True},
                    "checks": {"type": "array", "items": _CODE},
                    "conditions": _table({"needs": {"type": "string", "minLength": 1, "maxLength": conditions.MOST_CHARACTERS}}, ["needs"]),
                },
                ["stage", "question_zh", "question_en", "deciders"],
            ),
            "seats": _table({"role": _CODE, "leader": _BOOL}, ["role"]),
        },
        ["roles", "stages", "gates", "seats"],
    ),
    SERVICE_LEVELS: _part(
        {
            "levels": _table(
                {
                    "measure": {"enum": ["working", "clock"]},
                    "minutes": {"type": "integer", "minimum": 1, "maximum": 10_000_000},
                    "serves": {"enum": SERVES},
                    "ladder": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "properties": {
                                "name": _CODE,
                                "addressee": _CODE,
                                "share": {"type": "integer", "minimum": 1, "maximum": 1000},
                                "minutes": {"type": "integer", "minimum": 1, "maximum": 10_000_000},
                            },
                            "required": ["name", "addressee"],
                            "oneOf": [{"required": ["share"]}, {"required": ["minutes"]}],
                            "additionalProperties": False,
                        },
                    },
                },
                ["measure", "minutes", "ladder"],
            )
        },
        ["levels"],
    ),
    HEARING: _part(
        {
            "categories": _table({"critical": _BOOL}, []),
            "hearers": _table({"category": _CODE, "role": _CODE, "service_level": _CODE}, ["category", "role", "service_level"]),
            "default": _table({"role": _CODE, "service_level": _CODE}, ["role", "service_level"]) | {"minItems": 1, "maxItems": 1},
        },
        ["categories", "hearers", "default"],
    ),
    SUPPORT: _part(
        {
            "catalogue": _table(
                {
                    "unit": _CODE,
                    "role": _CODE,
                    "skill": _CODE,
                    "level": {"type": "integer", "minimum": 1, "maximum": 5},
                    "service_level": _CODE,
                    "result_zh": _WORDS,
                    "result_en": _WORDS,
                },
                ["unit", "role", "service_level", "result_zh", "result_en"],
            ),
            "triggers": _table({"stage": _CODE, "support": _CODE}, ["stage", "support"]),
            "none_needed": _table({"stage": _CODE}, ["stage"]),
        },
        ["catalogue", "triggers", "none_needed"],
    ),
    POLICIES: _part(
        {"profile": {"enum": PROFILES}, "policies": _table({"setting": {"enum": ["block", "warn"]}}, ["setting"])}, ["profile", "policies"]
    ),
}


def published(part: str) -> str:
    """The JSON Schema of a part as it is published, for editors."""
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": f"Earshot playbook: {part}"}
    return json.dumps(head | SCHEMAS[part], ensure_ascii=False, indent=2) + "\n"


@dataclass(frozen=True)
class Sources:
    """A pack as it is written: its name, and the text of each part's file, to the byte."""

    name: str
    texts: Mapping[str, str]

    @classmethod
    def of_folder(cls, folder: Path) -> Sources:
        """The files of a folder; one that is not there is left out, and the check says so."""
        found = {part: folder / f"{part}.yaml" for part in PARTS}
        return cls(folder.name, {part: decoded(path.read_bytes()) for part, path in found.items() if path.exists()})

    @classmethod
    def of_zip(cls, name: str, content: bytes) -> Sources:
        """The files of a zip, at its top or in one folder; others in it are left aside. Refused beside `file` when it is none."""
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                rows = {Path(row.filename).name: row for row in archive.infolist() if not row.is_dir()}
                wanted = {part: rows[f"{part}.yaml"] for part in PARTS if f"{part}.yaml" in rows}
                # The folder in it is the pack's own name; what the file is called, a browser may have changed.
                name = next((folder for row in wanted.values() if (folder := Path(row.filename).parent.name)), name)[:60]
                if any(row.file_size > MOST_BYTES for row in wanted.values()):
                    raise wrong("file", say(_("A part has at most {n} bytes."), n=MOST_BYTES))
                return cls(name, {part: decoded(archive.read(row)) for part, row in wanted.items()})
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError):  # broken, unknown, or locked
            raise wrong("file", _("This is not a zip file that can be read.")) from None

    def zipped(self) -> bytes:
        """The files in a folder of the pack's name; the same pack is the same zip."""
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
            for part, text in self.texts.items():
                archive.writestr(zipfile.ZipInfo(f"{self.name}/{part}.yaml"), text.encode())
        return content.getvalue()

    def write(self, folder: Path) -> None:
        """The files into a folder, made where it is not there."""
        folder.mkdir(parents=True, exist_ok=True)
        for part, text in self.texts.items():
            (folder / f"{part}.yaml").write_bytes(text.encode())


def decoded(content: bytes) -> str:
    """Text as it came, line ends and all; what is not UTF-8 is marked, and refused by the check as no YAML."""
    return content.decode("utf-8", errors="replace").replace("\ufffd", "\x00")


@dataclass(frozen=True)
class Finding:
    """What is wrong with a pack. `place`: path inside the file; `line`: counted from 1, None where the file itself is meant."""

    file: str
    place: str
    line: int | None
    sentence: Any

    def as_line(self) -> Line:
        where: Any = f"{self.file} {self.place}".strip()
        if self.line:
            where = say(_("{where} (line {number})"), where=where, number=self.line)
        return Line("playbook.finding", say(_("{where}: {what}"), where=where, what=self.sentence))


@dataclass(frozen=True)
class Pack:
    """A pack that was read: what it calls its policies together, and the tables of each part."""

    sources: Sources
    profile: str
    parts: Mapping[str, Mapping[str, list[dict[str, Any]]]]

    @property
    def name(self) -> str:
        return self.sources.name


@dataclass(frozen=True)
class Known:
    """What there is for a pack to name: codes of the company's units, addressees that wiring resolves, names of what a gate may ask, and
    the facts that its conditions may speak of. None: not checked."""

    units: Collection[str] | None = None
    addressees: Collection[str] | None = None
    checks: Collection[str] | None = None
    facts: Mapping[str, conditions.Fact] | None = None


def read(sources: Sources, known: Known | None = None) -> Pack:
    """Read a pack. `known`: what there is for it to name outside of itself; None: not checked.

    Raises one Refusal with a line for each finding: file, place, line, what is wrong, what was expected.
    """
    parts, found = check(sources, known)
    if found:
        sentence = say(_("The pack {name} cannot be used: {count} findings."), name=sources.name, count=len(found))
        raise Refusal("playbook.pack", sentence, lines=[finding.as_line() for finding in found])
    return Pack(sources, parts[POLICIES].pop("profile"), parts)


def check(sources: Sources, known: Known | None = None) -> tuple[dict[str, Any], list[Finding]]:
    """The parts as data, and what is wrong with them."""
    reader = _Reader(sources)
    for part in PARTS:
        reader.take_in(part)
    if not reader.found:
        tables = {part: {name: rows for name, rows in data.items() if name != "profile"} for part, data in reader.parts.items()}
        _cross_check(reader, tables, known or Known())
    return reader.parts, reader.found


class _Reader:
    """Reads the files of a pack and gathers what is wrong, each at its place."""

    def __init__(self, sources: Sources) -> None:
        self.texts = sources.texts
        self.parts: dict[str, Any] = {}
        self.nodes: dict[str, yaml.Node | None] = {}
        self.found: list[Finding] = []

    def take_in(self, part: str) -> None:
        text = self.texts.get(part)
        if text is None:
            return self.finds(part, "", _("The file is missing. A pack has one file for each part."))
        if len(text) > MOST_BYTES:
            return self.finds(part, "", say(_("A part has at most {n} bytes."), n=MOST_BYTES))
        if "\x00" in text:
            return self.finds(part, "", _("It is not text in UTF-8."))
        try:
            # A row written once and pointed at elsewhere would be edited in one place and change in two.
            if any(isinstance(token, yaml.AliasToken) for token in yaml.scan(text, Loader=yaml.SafeLoader)):
                return self.finds(part, "", _("It points from one place to another (“*name”). Write each row where it stands."))
            self.nodes[part] = yaml.compose(text, Loader=yaml.SafeLoader)
            self.parts[part] = yaml.safe_load(text)
        except (yaml.YAMLError, ValueError, RecursionError) as error:  # a date that does not exist; nested without end
            mark = getattr(error, "problem_mark", None)
            if mark is not None:
                at = {"line": mark.line + 1, "column": mark.column + 1}
                return self.finds(part, "", say(_("This is not YAML: it cannot be read from line {line}, character {column}, on."), **at))
            return self.finds(part, "", say(_("This is not YAML: {error}"), error=str(error).splitlines()[0]))
        for fault in sorted(jsonschema.Draft202012Validator(SCHEMAS[part]).iter_errors(self.parts[part]), key=_in_order):
            self.finds(part, "/".join(map(str, fault.absolute_path)), _worded(fault))
        return None

    def finds(self, part: str, place: str, sentence: Any) -> None:
        self.found.append(Finding(f"{part}.yaml", place, self.line_of(part, place), sentence))

    def line_of(self, part: str, place: str) -> int | None:
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


def _worded(fault: jsonschema.ValidationError) -> Any:
    """A fault of form in the words of somebody who writes packs."""
    given: Any = fault.instance
    match fault.validator:
        case "required":
            lacking = [name for name in fault.validator_value if name not in given]
            return say(_("this is missing: {names}"), names=", ".join(lacking))
        case "additionalProperties":
            known = sorted(fault.schema.get("properties", {}))
            names = ", ".join(f"{name}" for name in given if name not in known)
            return say(_("nothing is called {names} here; there are: {known}"), names=names, known=", ".join(known))
        case "type":
            return say(
                _("it must be {kind}, and is “{given}”"), kind=TYPES.get(str(fault.validator_value), fault.validator_value), given=given
            )
        case "enum":
            return say(_("it must be one of {known}, and is “{given}”"), known=", ".join(map(str, fault.validator_value)), given=given)
        case "minimum":
            return say(_("at least {n}, and not {given}"), n=fault.validator_value, given=given)
        case "maximum":
            return say(_("at most {n}, and not {given}"), n=fault.validator_value, given=given)
        case "pattern":
            return say(_("“{given}” is no code: letters, digits, points and hyphens, at most 60"), given=given)
        case "minLength" | "minItems":
            return _("it must not be empty")
        case "maxLength":
            return say(_("at most {n} characters"), n=fault.validator_value)
        case "maxItems":
            return say(_("at most {n} rows"), n=fault.validator_value)
        case "uniqueItems":
            return _("something stands twice in it")
        case "oneOf":
            return _("exactly one of “share” and “minutes”")
    return fault.message


TYPES = {
    "string": _("a text"),
    "integer": _("a whole number"),
    "boolean": _("true or false"),
    "array": _("a list of rows"),
    "object": _("a row of names and values"),
}


def _in_order(fault: jsonschema.ValidationError) -> list[str]:
    return [str(step) for step in fault.absolute_path]


def _inside(node: yaml.Node | None, step: str) -> yaml.Node | None:
    """What a mapping holds under the key, or a table in the row with that code or number."""
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == step), None)
    if isinstance(node, yaml.SequenceNode):
        if step.isdecimal() and int(step) < len(node.value):
            return node.value[int(step)]  # type: ignore[no-any-return]  # untyped nodes of yaml
        return next((row for row in node.value if (code := _inside(row, "code")) is not None and code.value == step), None)
    return None


@permissive("nothing wrong", lambda *_: None)
def _cross_check(reader: _Reader, parts: Mapping[str, Any], outside: Known) -> None:
    process, hearing, support = parts[PROCESS], parts[HEARING], parts[SUPPORT]
    roles, stages = _codes(process["roles"]), _codes(process["stages"])
    levels = _codes(parts[SERVICE_LEVELS]["levels"])
    categories, catalogue = _codes(hearing["categories"]), _codes(support["catalogue"])

    def meant(name: str, known: Collection[str]) -> Any:
        near = get_close_matches(name, known, n=1)
        return say(_("; did you mean “{name}”?"), name=near[0]) if near else ""

    def names(part: str, table: str, column: str, known: Collection[str] | None, what: Any) -> None:
        if known is None:
            return
        for row in parts[part][table]:
            if column in row and row[column] not in known:
                hint = meant(row[column], known)
                sentence = say(_("no {what} has the code “{code}”{hint}"), what=what, code=row[column], hint=hint)
                reader.finds(part, f"{table}/{row['code']}/{column}", sentence)

    for part, tables in parts.items():
        for table, rows in tables.items():
            codes = [row["code"] for row in rows]
            for code in sorted({code for code in codes if codes.count(code) > 1}):
                reader.finds(part, f"{table}/{code}", _("the code stands twice in this table"))
    asked = [row["code"] for gate in process["gates"] for row in gate.get("conditions", [])]
    for code in sorted({code for code in asked if asked.count(code) > 1}):
        reader.finds(PROCESS, "gates", say(_("the condition “{code}” stands twice"), code=code))
    names(PROCESS, "gates", "stage", stages, _("stage"))
    names(PROCESS, "seats", "role", roles, _("role"))
    names(HEARING, "hearers", "category", categories, _("category"))
    names(HEARING, "hearers", "role", roles, _("role"))
    names(HEARING, "hearers", "service_level", levels, _("service level"))
    names(HEARING, "default", "role", roles, _("role"))
    names(HEARING, "default", "service_level", levels, _("service level"))
    names(SUPPORT, "catalogue", "unit", outside.units, _("unit"))
    names(SUPPORT, "catalogue", "role", roles, _("role"))
    names(SUPPORT, "catalogue", "service_level", levels, _("service level"))
    names(SUPPORT, "triggers", "stage", stages, _("stage"))
    names(SUPPORT, "triggers", "support", catalogue, _("support"))
    names(SUPPORT, "none_needed", "stage", stages, _("stage"))
    if sentence := _default_too_slow(hearing, parts[SERVICE_LEVELS]["levels"]):
        place = f"default/{hearing['default'][0]['code']}/service_level"
        reader.finds(HEARING, place, sentence)
    selling = {row["code"] for row in process["roles"] if row.get("sells")}
    for gate in process["gates"]:
        for role in gate["deciders"]:
            if role not in roles:
                reader.finds(PROCESS, f"gates/{gate['code']}/deciders", say(_("no role has the code “{code}”"), code=role))
        for number, name in enumerate(gate.get("checks", [])):
            if outside.checks is not None and name not in outside.checks:
                sentence = say(_("nothing provides the check “{name}”{hint}"), name=name, hint=meant(name, outside.checks))
                reader.finds(PROCESS, f"gates/{gate['code']}/checks/{number}", sentence)
        for row in gate.get("conditions", []):
            for fault in conditions.faults(row["needs"], outside.facts) if outside.facts is not None else ():
                sentence = say(_("character {n}: {what}"), n=fault.column, what=fault.sentence) if fault.column else fault.sentence
                reader.finds(PROCESS, f"gates/{gate['code']}/conditions/{row['code']}/needs", sentence)
        if set(gate["deciders"]) <= selling:
            sentence = _("sales alone cannot decide here: name a decider of another side as well")
            reader.finds(PROCESS, f"gates/{gate['code']}/deciders", sentence)
    if len([row for row in process["seats"] if row.get("leader")]) != 1:
        reader.finds(PROCESS, "seats", _("exactly one seat is the leader's"))
    if not [row for row in process["roles"] if row.get("owner")]:
        reader.finds(PROCESS, "roles", _("one role must be marked as owner: it holds the deal"))
    said = {row["stage"] for row in support["triggers"]} | {row["stage"] for row in support["none_needed"]}
    for row in process["stages"]:
        if row["code"] not in said:
            sentence = say(_("the stage “{code}” neither calls for support nor says that none is needed"), code=row["code"])
            reader.finds(SUPPORT, "none_needed", sentence)
    for row in support["none_needed"]:
        if row["stage"] in {trigger["stage"] for trigger in support["triggers"]}:
            reader.finds(SUPPORT, f"none_needed/{row['code']}", _("the stage also calls for support; only one can be true"))
    for row in parts[POLICIES]["policies"]:
        if row["code"] not in KNOWN_POLICIES:
            sentence = say(_("there is no policy “{code}”; known: {known}"), code=row["code"], known=", ".join(KNOWN_POLICIES))
            reader.finds(POLICIES, f"policies/{row['code']}", sentence)
    serving: dict[str, str] = {}
    for level in parts[SERVICE_LEVELS]["levels"]:
        if "serves" in level and (first := serving.setdefault(level["serves"], level["code"])) != level["code"]:
            sentence = say(_("the level “{code}” serves this already; one level does"), code=first)
            reader.finds(SERVICE_LEVELS, f"levels/{level['code']}/serves", sentence)
    if outside.addressees is not None:
        for level in parts[SERVICE_LEVELS]["levels"]:
            for rung in level["ladder"]:
                if rung["addressee"] not in outside.addressees:
                    sentence = say(_("nobody answers to the addressee “{name}”"), name=rung["addressee"])
                    reader.finds(SERVICE_LEVELS, f"levels/{level['code']}/ladder", sentence)


@permissive("any limit will do", lambda hearing, rows: "")
def _default_too_slow(hearing: Mapping[str, Any], rows: Iterable[Mapping[str, Any]]) -> Any:
    """What nobody has filed yet counts as critical at a vote until somebody says what it is about (law 3): a longer limit for hearing it
    would let the vote come before the alarm. Limits of different measures are not held against each other."""
    levels = {row["code"]: row for row in rows}
    critical = {row["code"] for row in hearing["categories"] if row.get("critical")}
    default = levels.get(hearing["default"][0]["service_level"])
    if default is None:
        return ""
    asked = [levels[row["service_level"]] for row in hearing["hearers"] if row["category"] in critical and row["service_level"] in levels]
    limits = [row["minutes"] for row in asked if row["measure"] == default["measure"]]
    if not limits or default["minutes"] <= min(limits):
        return ""
    sentence = _("what is not filed yet counts as critical, so it must be heard as soon as that: within {minutes} minutes")
    return say(sentence, minutes=min(limits))


def _codes(rows: list[dict[str, Any]]) -> set[str]:
    return {row["code"] for row in rows}
