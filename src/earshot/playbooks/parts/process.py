"""The process: roles, stages, gates with their deciders, and the seats of every team. Pinned to a deal."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from earshot.kit.problems import say
from earshot.playbooks import conditions
from earshot.playbooks import models as rows
from earshot.playbooks.findings import meant
from earshot.playbooks.models import PartVersion
from earshot.playbooks.parts.form import BOOL, CODE, WORDS, Row, Schema, Tables, named, part, table
from earshot.playbooks.parts.reading import Reading, unknown

_CEL = {"type": "string", "minLength": 1, "maxLength": conditions.MOST_CHARACTERS}
_CODES = {"type": "array", "items": CODE, "minItems": 1, "uniqueItems": True}

SCHEMA: Schema = part(
    {
        "roles": table({"sells": BOOL, "owner": BOOL}, []),
        "stages": table({"step": {"type": "integer", "minimum": 1, "maximum": 6}}, ["step"]),
        "gates": table(
            {
                "stage": CODE,
                "question_zh": WORDS,
                "question_en": WORDS,
                "deciders": _CODES,
                "checks": {"type": "array", "items": CODE},
                "conditions": table({"needs": _CEL}, ["needs"]),
            },
            ["stage", "question_zh", "question_en", "deciders"],
        ),
        "seats": table({"role": CODE, "leader": BOOL}, ["role"]),
        # The links that the customer's decision chain must have; `order_types`: of which kinds of order, all where it is absent.
        "chains": table({"order_types": _CODES}, [], read_by="chains"),
        # Within which figures a role decides alone at a gate, without asking anybody further up.
        "mandates": table({"role": CODE, "unit": CODE, "gate": CODE, "within": _CEL}, ["role", "gate", "within"], read_by="offers"),
        # Which role may let a deal skip which gates, and within how many days what was skipped is made good (law 12).
        "green_channels": table(
            {"grants": CODE, "skips": _CODES, "make_good_days": {"type": "integer", "minimum": 1, "maximum": 365}},
            ["grants", "skips", "make_good_days"],
            read_by="deals",
        ),
    },
    ["roles", "stages", "gates", "seats"],
)


def check(reading: Reading) -> None:
    process = reading.tables[rows.PROCESS]
    roles, stages = reading.codes(rows.PROCESS, "roles"), reading.codes(rows.PROCESS, "stages")
    asked = [row["code"] for gate in process["gates"] for row in gate.get("conditions", [])]
    for code in sorted({code for code in asked if asked.count(code) > 1}):
        reading.finds(rows.PROCESS, "gates", say(_("the condition “{code}” stands twice"), code=code))
    reading.names(rows.PROCESS, "gates", "stage", stages, _("stage"))
    reading.names(rows.PROCESS, "seats", "role", roles, _("role"))
    selling = {row["code"] for row in process["roles"] if row.get("sells")}
    for gate in process["gates"]:
        _check_gate(reading, gate, roles, selling)
    if len([row for row in process["seats"] if row.get("leader")]) != 1:
        reading.finds(rows.PROCESS, "seats", _("exactly one seat is the leader's"))
    if not [row for row in process["roles"] if row.get("owner")]:
        reading.finds(rows.PROCESS, "roles", _("one role must be marked as owner: it holds the deal"))


def _check_gate(reading: Reading, gate: Row, roles: set[str], selling: set[str]) -> None:
    place, known = f"gates/{gate['code']}", reading.known
    for role in gate["deciders"]:
        if role not in roles:
            reading.finds(rows.PROCESS, f"{place}/deciders", unknown(_("role"), role, roles))
    for number, name in enumerate(gate.get("checks", [])):
        if known.checks is not None and name not in known.checks:
            sentence = say(_("nothing provides the check “{name}”{hint}"), name=name, hint=meant(name, known.checks))
            reading.finds(rows.PROCESS, f"{place}/checks/{number}", sentence)
    for row in gate.get("conditions", []):
        for fault in conditions.faults(row["needs"], known.facts) if known.facts is not None else ():
            sentence = say(_("character {n}: {what}"), n=fault.column, what=fault.sentence) if fault.column else fault.sentence
            reading.finds(rows.PROCESS, f"{place}/conditions/{row['code']}/needs", sentence)
    if set(gate["deciders"]) <= selling:
        reading.finds(rows.PROCESS, f"{place}/deciders", _("sales alone cannot decide here: name a decider of another side as well"))


def write(version: PartVersion, tables: Tables) -> None:
    roles = {
        row["code"]: rows.Role.objects.create(version=version, **named(row), sells=row.get("sells", False), owner=row.get("owner", False))
        for row in tables["roles"]
    }
    stages = {
        row["code"]: rows.Stage.objects.create(version=version, **named(row), position=position, step=row["step"])
        for position, row in enumerate(tables["stages"], start=1)
    }
    for row in tables["gates"]:
        gate = rows.Gate.objects.create(
            version=version,
            **named(row),
            stage=stages[row["stage"]],
            question_zh=row["question_zh"],
            question_en=row["question_en"],
            checks=row.get("checks", []),
        )
        for condition in row.get("conditions", []):
            rows.GateCondition.objects.create(version=version, **named(condition), gate=gate, needs=condition["needs"])
        rows.Decider.objects.bulk_create([rows.Decider(gate=gate, role=roles[role]) for role in row["deciders"]])
    for row in tables["seats"]:
        rows.SeatTemplate.objects.create(version=version, **named(row), role=roles[row["role"]], leader=row.get("leader", False))
