"""Reading a pack: YAML files, one a part, checked for form and for names that nothing provides. Pure: no table is touched."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import jsonschema
import yaml
from django.utils.translation import gettext_lazy as _

from earshot.kit.problems import Line, Refusal, say
from earshot.kit.ruling import permissive
from earshot.playbooks import conditions
from earshot.playbooks.models import HEARING, KNOWN_POLICIES, PARTS, POLICIES, PROCESS, PROFILES, SERVICE_LEVELS, SUPPORT

PACKS = Path(__file__).parent / "packs_shipped"

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


@dataclass(frozen=True)
class Pack:
    """A pack that was read: its name, what it calls its policies together, and the tables of each part."""

    name: str
    profile: str
    parts: Mapping[str, Mapping[str, list[dict[str, Any]]]]


@dataclass(frozen=True)
class Known:
    """What there is for a pack to name: codes of the company's units, addressees that wiring resolves, names of what a gate may ask, and
    the facts that its conditions may speak of. None: not checked."""

    units: Collection[str] | None = None
    addressees: Collection[str] | None = None
    checks: Collection[str] | None = None
    facts: Mapping[str, conditions.Fact] | None = None


def read(folder: Path, known: Known | None = None) -> Pack:
    """Read and check a pack. `known`: what there is for it to name outside of itself.

    Raises one Refusal with a line for each finding: file, place, line, what is wrong, what was expected.
    """
    found: list[Line] = []
    parts: dict[str, Any] = {}
    for part in PARTS:
        path = folder / f"{part}.yaml"
        if not path.exists():
            found.append(_finding(path, "", say(_("The file is missing. A pack has one file for each part."))))
            continue
        try:
            parts[part] = yaml.safe_load(path.read_text(encoding="utf-8"))
        except yaml.YAMLError as error:
            found.append(_finding(path, "", say(_("This is not YAML: {error}"), error=str(error))))
            continue
        for fault in sorted(jsonschema.Draft202012Validator(SCHEMAS[part]).iter_errors(parts[part]), key=lambda e: list(e.absolute_path)):
            found.append(_finding(path, "/".join(map(str, fault.absolute_path)), fault.message))
    if not found:
        profile = parts[POLICIES].pop("profile")
        found = _cross_check(folder, parts, known or Known())
    if found:
        raise Refusal(
            "playbook.pack", say(_("The pack {name} cannot be used: {count} findings."), name=folder.name, count=len(found)), lines=found
        )
    return Pack(folder.name, profile, parts)


def _finding(path: Path, place: str, sentence: Any) -> Line:
    where: Any = f"{path.name} {place}".strip()
    if number := _line_of(path, place):
        where = say(_("{where} (line {number})"), where=where, number=number)
    return Line("playbook.finding", say(_("{where}: {what}"), where=where, what=sentence))


def _line_of(path: Path, place: str) -> int | None:
    """The line of the file in which the place stands, counted from 1; the nearest thing around it that is there."""
    if not place:
        return None
    node = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    for step in place.split("/"):
        inner = _inside(node, step)
        if inner is None:
            break
        node = inner
    return node.start_mark.line + 1 if node is not None else None


def _inside(node: yaml.Node | None, step: str) -> yaml.Node | None:
    """What a mapping holds under the key, or a table in the row with that code or number."""
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == step), None)
    if isinstance(node, yaml.SequenceNode):
        if step.isdecimal() and int(step) < len(node.value):
            return node.value[int(step)]  # type: ignore[no-any-return]  # untyped nodes of yaml
        return next((row for row in node.value if (code := _inside(row, "code")) is not None and code.value == step), None)
    return None


@permissive("nothing wrong", lambda *_: [])
def _cross_check(folder: Path, parts: Mapping[str, Any], outside: Known) -> list[Line]:
    found: list[Line] = []
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
                found.append(_finding(folder / f"{part}.yaml", f"{table}/{row['code']}/{column}", sentence))

    for part, tables in parts.items():
        for table, rows in tables.items():
            codes = [row["code"] for row in rows]
            for code in sorted({code for code in codes if codes.count(code) > 1}):
                found.append(_finding(folder / f"{part}.yaml", f"{table}/{code}", _("the code stands twice in this table")))
    asked = [row["code"] for gate in process["gates"] for row in gate.get("conditions", [])]
    for code in sorted({code for code in asked if asked.count(code) > 1}):
        found.append(_finding(folder / f"{PROCESS}.yaml", "gates", say(_("the condition “{code}” stands twice"), code=code)))
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
        found.append(_finding(folder / f"{HEARING}.yaml", place, sentence))
    selling = {row["code"] for row in process["roles"] if row.get("sells")}
    path = folder / f"{PROCESS}.yaml"
    for gate in process["gates"]:
        for role in gate["deciders"]:
            if role not in roles:
                found.append(_finding(path, f"gates/{gate['code']}/deciders", say(_("no role has the code “{code}”"), code=role)))
        for number, name in enumerate(gate.get("checks", [])):
            if outside.checks is not None and name not in outside.checks:
                sentence = say(_("nothing provides the check “{name}”{hint}"), name=name, hint=meant(name, outside.checks))
                found.append(_finding(path, f"gates/{gate['code']}/checks/{number}", sentence))
        for row in gate.get("conditions", []):
            for fault in conditions.faults(row["needs"], outside.facts) if outside.facts is not None else ():
                sentence = say(_("character {n}: {what}"), n=fault.column, what=fault.sentence) if fault.column else fault.sentence
                found.append(_finding(path, f"gates/{gate['code']}/conditions/{row['code']}/needs", sentence))
        if set(gate["deciders"]) <= selling:
            sentence = _("sales alone cannot decide here: name a decider of another side as well")
            found.append(_finding(path, f"gates/{gate['code']}/deciders", sentence))
    if len([row for row in process["seats"] if row.get("leader")]) != 1:
        found.append(_finding(path, "seats", _("exactly one seat is the leader's")))
    if not [row for row in process["roles"] if row.get("owner")]:
        found.append(_finding(path, "roles", _("one role must be marked as owner: it holds the deal")))
    said = {row["stage"] for row in support["triggers"]} | {row["stage"] for row in support["none_needed"]}
    for row in process["stages"]:
        if row["code"] not in said:
            sentence = say(_("the stage “{code}” neither calls for support nor says that none is needed"), code=row["code"])
            found.append(_finding(folder / f"{SUPPORT}.yaml", "none_needed", sentence))
    for row in support["none_needed"]:
        if row["stage"] in {trigger["stage"] for trigger in support["triggers"]}:
            found.append(
                _finding(
                    folder / f"{SUPPORT}.yaml", f"none_needed/{row['code']}", _("the stage also calls for support; only one can be true")
                )
            )
    for row in parts[POLICIES]["policies"]:
        if row["code"] not in KNOWN_POLICIES:
            sentence = say(_("there is no policy “{code}”; known: {known}"), code=row["code"], known=", ".join(KNOWN_POLICIES))
            found.append(_finding(folder / f"{POLICIES}.yaml", f"policies/{row['code']}", sentence))
    if outside.addressees is not None:
        for level in parts[SERVICE_LEVELS]["levels"]:
            for rung in level["ladder"]:
                if rung["addressee"] not in outside.addressees:
                    sentence = say(_("nobody answers to the addressee “{name}”"), name=rung["addressee"])
                    found.append(_finding(folder / f"{SERVICE_LEVELS}.yaml", f"levels/{level['code']}/ladder", sentence))
    return found


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
