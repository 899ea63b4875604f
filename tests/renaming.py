"""The same small company under names that nobody has heard of: every code and label of the playbook and of the world's units,
roles and skills replaced by random identifiers, the rows in another order, and a fourth role with a call of its own.

`spec, pack = renamed_world(tmp_path, seed)` then `build_world(spec, pack=pack)` in an empty house
(`@pytest.mark.own_database(bare=True)`) and `worlds.read_built(spec)`.
"""

from __future__ import annotations

import copy
import random
import re
from pathlib import Path
from typing import Any

import yaml

from companies import company
from earshot.playbooks.models import HEARING, MEASURES, PARTS, PROCESS, SERVICE_LEVELS, SUPPORT, TEMPLATES
from earshot.playbooks.sources import PACKS
from worlds import World

# Part and table → column → the space of codes that it speaks of. `code` is the row's own; a list is renamed one by one.
COLUMNS: dict[tuple[str, str], dict[str, str]] = {
    (PROCESS, "roles"): {"code": "role"},
    (PROCESS, "tiers"): {"code": "tier"},
    (PROCESS, "steps"): {"code": "step", "role": "role"},
    (PROCESS, "stages"): {"code": "stage"},
    (PROCESS, "gates"): {"code": "gate", "stage": "stage", "deciders": "role"},
    (PROCESS, "seats"): {"code": "seat", "role": "role"},
    (PROCESS, "closing_reasons"): {"code": "ending"},
    (PROCESS, "chains"): {"code": "link"},
    (PROCESS, "mandates"): {"code": "mandate", "role": "role", "gate": "gate"},
    (PROCESS, "green_channels"): {"code": "channel", "grants": "role", "skips": "gate"},
    (SERVICE_LEVELS, "levels"): {"code": "level"},
    (HEARING, "categories"): {"code": "category"},
    (HEARING, "lead_sources"): {"code": "source"},
    (HEARING, "lead_ratings"): {"code": "rating"},
    (HEARING, "hearers"): {"code": "hearer", "category": "category", "role": "role", "service_level": "level"},
    (HEARING, "default"): {"code": "hearer", "role": "role", "service_level": "level"},
    (SUPPORT, "catalogue"): {"code": "support", "unit": "unit", "role": "role", "skill": "skill", "service_level": "level"},
    (SUPPORT, "skills"): {"code": "skill"},
    (SUPPORT, "specialties"): {"code": "specialty", "role": "role", "skill": "skill", "units": "unit"},
    (SUPPORT, "services"): {"code": "service", "specialties": "specialty"},
    (SUPPORT, "triggers"): {"code": "trigger", "stage": "stage", "support": "support"},
    (SUPPORT, "none_needed"): {"code": "none", "stage": "stage"},
    (SUPPORT, "emergency_groups"): {"code": "group", "unit": "unit", "role": "role", "skill": "skill", "service_level": "level"},
    (TEMPLATES, "templates"): {"code": "template", "unit": "unit", "category": "category", "stage": "stage", "service_type": "service"},
    (TEMPLATES, "fields"): {"code": "field", "template": "template", "unit": "unit"},
    (MEASURES, "measures"): {"code": "measure", "unit": "unit"},
}
LABELS = (
    "zh",
    "en",
    "question_zh",
    "question_en",
    "result_zh",
    "result_en",
    *(f"{what}_{language}" for what in ("reason", "help", "ask", "example") for language in ("zh", "en")),
)
IN_ORDER = {(PROCESS, "stages"), (PROCESS, "tiers"), (PROCESS, "steps"), (PROCESS, "mandates")}  # their order is the process itself
# What a condition may compare with a code, and the space of that code.
COMPARED = {
    "deal.tier": "tier",
    "deal.stage": "stage",
    "words.categories": "category",
    "team.roles": "role",
    "calls.answered": "support",
    "deal.services": "service",
}
FOURTH = "fourth"  # key of the person of the fourth role


class Names:
    """Code space and shipped code → a random identifier, always the same one."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.given: dict[tuple[str, str], str] = {}

    def __call__(self, space: str, code: str) -> str:
        if (space, code) not in self.given:
            self.given[space, code] = self.fresh("x")
        return self.given[space, code]

    def fresh(self, start: str) -> str:
        return start + "".join(self.random.choices("abcdefghijkmnopqrstuvwxyz0123456789", k=11))


def renamed_world(tmp_path: Path, seed: int, shipped: str = "iron-triangle-ltc") -> tuple[dict[str, Any], Path]:
    """The spec of the company of a shipped pack, and the folder of the pack. Beside what a world's file holds, the spec says under
    which categories the three sentences of the walk are filed (`categories`) and what became of each code (`renamed`:
    "space/code" → identifier)."""
    print(f"renamed world, seed {seed}")
    names = Names(seed)
    spec = copy.deepcopy(company(shipped))
    categories = spec.get("categories", World.categories)
    parts = {part: yaml.safe_load((PACKS / spec["pack"] / f"{part}.yaml").read_text(encoding="utf-8")) for part in PARTS}
    parts["policies"]["profile"] = spec["profile"]
    _add_fourth_role(spec, parts)
    _rename_pack(parts, names)
    _rename_world(spec, names)
    folder = tmp_path / names.fresh("pack")
    folder.mkdir(parents=True)
    for part, tables in parts.items():
        (folder / f"{part}.yaml").write_text(yaml.safe_dump(tables, allow_unicode=True), encoding="utf-8")
    spec["pack"] = folder.name
    spec["categories"] = [names("category", code) for code in categories]
    spec["renamed"] = {f"{space}/{code}": new for (space, code), new in names.given.items()}
    return spec, folder


def _add_fourth_role(spec: dict[str, Any], parts: dict[str, Any]) -> None:
    """A role that the shipped pack does not know, a unit that owes its support, a person, and a trigger at the first gate's stage."""
    gated = parts[PROCESS]["gates"][0]["stage"]
    label = {"zh": "第四种角色", "en": "A fourth role"}
    parts[PROCESS]["roles"].append({"code": "fourth-role", **label})
    parts[SUPPORT]["catalogue"].append(
        {
            "code": "fourth-support",
            **label,
            "unit": "fourth-unit",
            "role": "fourth-role",
            "skill": "fourth-skill",
            "level": 2,
            "service_level": parts[SUPPORT]["catalogue"][0]["service_level"],
            "result_zh": "第四种结果",
            "result_en": "A fourth result",
        }
    )
    parts[SUPPORT]["skills"].append({"code": "fourth-skill", **label})
    parts[SUPPORT]["triggers"].append({"code": "fourth-trigger", **label, "stage": gated, "support": "fourth-support"})
    spec["units"].append({"code": "fourth-unit", "name": "第四部", "parent": "company"})
    spec["people"].append(
        {
            "key": FOURTH,
            "name": "秦岚",
            "title": "第四岗",
            "unit": "fourth-unit",
            "posts": [{"role": "fourth-role", "unit": "fourth-unit", "answerable": True}],
            "skills": [{"code": "fourth-skill", "level": 2, "evidence": "两个项目"}],
        }
    )
    spec["offered"].append(FOURTH)


def _rename_pack(parts: dict[str, Any], names: Names) -> None:
    for (part, table), columns in COLUMNS.items():
        rows = parts[part].get(table, [])
        for row in rows:
            for column, space in columns.items():
                if column in row:
                    value = row[column]
                    row[column] = [names(space, code) for code in value] if isinstance(value, list) else names(space, value)
            for column in ("conditions", "entry", "exit"):
                for condition in row.get(column, []):
                    condition["code"] = names("condition", condition["code"])
                    _label(condition, names)
            _label(row, names)
        if (part, table) not in IN_ORDER:
            names.random.shuffle(rows)
    own_steps = {row["code"] for row in parts[PROCESS].get("steps", [])}
    for row in parts[PROCESS]["stages"]:
        if own_steps:
            row["step"] = names("step", str(row["step"]))
    for tables in parts.values():
        for rows in tables.values():
            for row in rows if isinstance(rows, list) else []:
                _rename_conditions(row, names)
    for level in parts[SERVICE_LEVELS]["levels"]:
        for rung in level["ladder"]:
            rung["name"] = names("rung", rung["name"])


def _label(row: dict[str, Any], names: Names) -> None:
    for column in LABELS:
        if column in row:
            row[column] = names.fresh("标签" if column.endswith("zh") else "label ")


def _rename_conditions(row: dict[str, Any], names: Names) -> None:
    """The codes that conditions compare with a fact, also inside the row."""
    for column, value in row.items():
        if column in ("when", "needs", "within"):
            spaces = [space for fact, space in COMPARED.items() if fact in value]
            known = {code: new for (space, code), new in names.given.items() if space in spaces}
            row[column] = re.sub(r"'([^']*)'", lambda found, known=known: f"'{known.get(found[1], found[1])}'", value)  # type: ignore[misc]
        for inner in value if isinstance(value, list) else []:
            if isinstance(inner, dict):
                _rename_conditions(inner, names)


def _rename_world(spec: dict[str, Any], names: Names) -> None:
    for unit in spec["units"]:
        unit["code"], unit["name"] = names("unit", unit["code"]), names.fresh("部门")
        if "parent" in unit:
            unit["parent"] = names("unit", unit["parent"])
    for person in spec["people"]:
        person["unit"] = names("unit", person["unit"])
        person["title"] = names.fresh("头衔")
        if "heads" in person:
            person["heads"] = names("unit", person["heads"])
        for post in person.get("posts", []):
            post["role"], post["unit"] = names("role", post["role"]), names("unit", post["unit"])
        for skill in person.get("skills", []):
            skill["code"] = names("skill", skill["code"])
    for meeting in spec.get("meetings", []):
        for item in meeting["items"]:
            item["category"] = names("category", item["category"])
    for lead in spec.get("leads", []):
        lead["source"] = names("source", lead["source"])
        lead |= {"category": names("category", lead["category"])} if "category" in lead else {}
