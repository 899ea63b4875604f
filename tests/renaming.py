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

from earshot.demo.actions import read_world
from earshot.playbooks.models import HEARING, MEASURES, PARTS, PROCESS, SERVICE_LEVELS, SUPPORT, TEMPLATES
from earshot.playbooks.sources import PACKS

# Part and table → column → the space of codes that it speaks of. `code` is the row's own; a list is renamed one by one.
COLUMNS: dict[tuple[str, str], dict[str, str]] = {
    (PROCESS, "roles"): {"code": "role"},
    (PROCESS, "tiers"): {"code": "tier"},
    (PROCESS, "steps"): {"code": "step"},
    (PROCESS, "stages"): {"code": "stage", "step": "step"},
    (PROCESS, "gates"): {"code": "gate", "stage": "stage", "deciders": "role"},
    (PROCESS, "seats"): {"code": "seat", "role": "role"},
    (SERVICE_LEVELS, "levels"): {"code": "level"},
    (HEARING, "categories"): {"code": "category"},
    (HEARING, "hearers"): {"code": "hearer", "category": "category", "role": "role", "service_level": "level"},
    (HEARING, "default"): {"code": "hearer", "role": "role", "service_level": "level"},
    (SUPPORT, "catalogue"): {"code": "support", "unit": "unit", "role": "role", "skill": "skill", "service_level": "level"},
    (SUPPORT, "skills"): {"code": "skill"},
    (SUPPORT, "triggers"): {"code": "trigger", "stage": "stage", "support": "support"},
    (SUPPORT, "none_needed"): {"code": "none", "stage": "stage"},
    (TEMPLATES, "templates"): {"code": "template", "unit": "unit", "category": "category", "stage": "stage"},
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
# The order of the stages and steps is the process itself; a deal is of the first tier that holds.
IN_ORDER = {(PROCESS, "stages"), (PROCESS, "tiers"), (PROCESS, "steps")}
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


def renamed_world(tmp_path: Path, seed: int) -> tuple[dict[str, Any], Path]:
    """The world's spec and the folder of its pack. Beside what a world's file holds, the spec says under which categories the
    three sentences of the walk are filed (`categories`) and what became of each code (`renamed`: "space/code" → identifier)."""
    print(f"renamed world, seed {seed}")
    names = Names(seed)
    spec = copy.deepcopy(read_world())
    parts = {part: yaml.safe_load((PACKS / spec["pack"] / f"{part}.yaml").read_text(encoding="utf-8")) for part in PARTS}
    _add_fourth_role(spec, parts)
    _add_sizes(parts)
    _rename_pack(parts, names)
    _rename_world(spec, names)
    folder = tmp_path / names.fresh("pack")
    folder.mkdir(parents=True)
    for part, tables in parts.items():
        (folder / f"{part}.yaml").write_text(yaml.safe_dump(tables, allow_unicode=True), encoding="utf-8")
    spec["pack"] = folder.name
    spec["categories"] = [names("category", code) for code in ("running-cost", "site", "people")]
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


def _add_sizes(parts: dict[str, Any]) -> None:
    """Sizes and steps of its own, a gate, a seat and a call for large deals only, and what a stage asks on the way out."""
    process = parts[PROCESS]
    process["tiers"] = [
        {"code": "tier-large", "zh": "大单", "en": "Large", "when": "deal.amount >= 1000000.0"},
        {"code": "tier-rest", "zh": "其余", "en": "The rest"},
    ]
    process["steps"] = [{"code": f"step-{n}", "zh": f"第{n}步", "en": f"Step {n}"} for n in range(1, 7)]
    for stage in process["stages"]:
        stage["step"] = f"step-{stage['step']}"
    large = "deal.tier == 'tier-large'"
    process["gates"][0]["when"] = process["seats"][-1]["when"] = large
    parts[SUPPORT]["triggers"][-1]["when"] = large
    process["stages"][0]["exit"] = [{"code": "spoken", "needs": "words.statements > 0", "zh": "说过话", "en": "Spoken"}]


def _rename_pack(parts: dict[str, Any], names: Names) -> None:
    for (part, table), columns in COLUMNS.items():
        rows = parts[part][table]
        for row in rows:
            for column, space in columns.items():
                if column in row:
                    value = row[column]
                    row[column] = [names(space, code) for code in value] if isinstance(value, list) else names(space, value)
            for column in LABELS:
                if column in row:
                    row[column] = names.fresh("标签" if column.endswith("zh") else "label ")
            if "when" in row:
                row["when"] = re.sub(r"'(tier-\w+)'", lambda found: f"'{names('tier', found[1])}'", row["when"])
            for condition in row.get("exit", ()):
                condition["code"] = names("condition", condition["code"])
        if (part, table) not in IN_ORDER:
            names.random.shuffle(rows)
    for level in parts[SERVICE_LEVELS]["levels"]:
        for rung in level["ladder"]:
            rung["name"] = names("rung", rung["name"])


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
