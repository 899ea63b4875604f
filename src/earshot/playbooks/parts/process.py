"""The process: roles, sizes of deals, stages, gates with their deciders, and the seats of teams. Pinned to a deal."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from earshot.kit.problems import say
from earshot.playbooks import models as rows
from earshot.playbooks.findings import meant
from earshot.playbooks.models import PartVersion
from earshot.playbooks.parts import authority, contradictions, reach
from earshot.playbooks.parts.form import BOOL, CODE, NEEDS, WORDS, Row, Schema, Tables, named, part, table
from earshot.playbooks.parts.reading import Reading, unknown

_CODES = {"type": "array", "items": CODE, "minItems": 1, "uniqueItems": True}
CONDITIONS = table({"needs": NEEDS}, ["needs"])
# Code of a step; of the six of A8.3, its number.
STEP = {"type": ["string", "integer"], "pattern": CODE["pattern"], "minimum": 0, "maximum": 10_000}
SCHEMA: Schema = part(
    {
        "roles": table({"sells": BOOL, "owner": BOOL}, []),
        "tiers": table({"when": NEEDS}, []),
        "steps": table({"role": CODE}, []),
        "stages": table({"step": STEP, "entry": CONDITIONS, "exit": CONDITIONS}, ["step"]),
        "gates": table(
            {
                "stage": CODE,
                "question_zh": WORDS,
                "question_en": WORDS,
                "deciders": _CODES,
                "checks": {"type": "array", "items": CODE},
                "conditions": CONDITIONS,
                "when": NEEDS,
            },
            ["stage", "question_zh", "question_en", "deciders"],
        ),
        "seats": table({"role": CODE, "leader": BOOL, "when": NEEDS}, ["role"]),
        # Why deals end, by how they end; `competitor`: whoever names it says, too, who won.
        "closing_reasons": table({"outcome": {"enum": rows.OUTCOMES}, "competitor": BOOL}, ["outcome"]),
        # The links that the customer's decision chain must have; `order_types`: of which kinds of order, all where it is absent.
        "chains": table({"order_types": _CODES}, [], read_by="chains"),
        # Within which figures those who decide at a gate up to a role need ask nobody further up; the narrowest first.
        "mandates": table({"role": CODE, "unit": CODE, "gate": CODE, "within": NEEDS}, ["role", "gate", "within"]),
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
    _check_conditions(reading)
    _check_tiers(reading)
    _check_steps(reading)
    reading.names(rows.PROCESS, "gates", "stage", stages, _("stage"))
    reading.names(rows.PROCESS, "seats", "role", roles, _("role"))
    selling = {row["code"] for row in process["roles"] if row.get("sells")}
    for gate in process["gates"]:
        _check_gate(reading, gate, roles, selling)
    _check_mandates(reading, roles, selling)
    leaders = [row["code"] for row in process["seats"] if row.get("leader")]
    if not leaders:
        reading.finds(rows.PROCESS, "seats", _("exactly one seat is the leader's; none is"))
    for code in leaders[1:]:
        sentence = say(_("exactly one seat is the leader's; “{code}” is already"), code=leaders[0])
        reading.finds(rows.PROCESS, f"seats/{code}/leader", sentence)
    for row in process["seats"]:
        if "when" in row and row.get("leader"):
            reading.finds(rows.PROCESS, f"seats/{row['code']}/when", _("the leader's seat is there for every deal"))
        elif "when" in row:
            reading.condition(rows.PROCESS, f"seats/{row['code']}/when", row["when"], lasting=True)
    for row in process.get("closing_reasons", []):
        if row.get("competitor") and row["outcome"] != rows.LOST:
            sentence = _("who won instead is said of a deal that is lost, not of one that is won or given up")
            reading.finds(rows.PROCESS, f"closing_reasons/{row['code']}/competitor", sentence)
    reading.tell(rows.PROCESS, contradictions.two_gates(process["gates"]))
    if not process["stages"]:
        reading.finds(rows.PROCESS, "stages", _("a process has at least one stage"))
    if reading.known.facts is not None:
        facts, whens = reading.known.facts, {table: process[table] for table in ("tiers", "gates", "seats")}
        reading.tell(rows.PROCESS, reach.never_reached(process, facts))
        reading.tell(rows.PROCESS, reach.never_true(whens, facts))
        reading.tell(rows.PROCESS, reach.tiers_never_reached(process["tiers"], facts))
        reading.warn(rows.PROCESS, reach.without_seat(process, facts))
    if not [row for row in process["roles"] if row.get("owner")]:
        reading.finds(rows.PROCESS, "roles", _("one role must be marked as owner: it holds the deal"))


def _check_gate(reading: Reading, gate: Row, roles: set[str], selling: set[str]) -> None:
    place, known = f"gates/{gate['code']}", reading.known
    for number, role in enumerate(gate["deciders"]):
        if role not in roles:
            reading.finds(rows.PROCESS, f"{place}/deciders/{number}", unknown(_("role"), role, roles))
    for number, name in enumerate(gate.get("checks", [])):
        if known.checks is not None and name not in known.checks:
            hint = meant(name, known.checks) if known.checks else _("; there is none to name yet: leave it empty")
            sentence = say(_("nothing provides the check “{name}”{hint}"), name=name, hint=hint)
            reading.finds(rows.PROCESS, f"{place}/checks/{number}", sentence)
    if "when" in gate:
        reading.condition(rows.PROCESS, f"{place}/when", gate["when"], lasting=True)
    if set(gate["deciders"]) <= selling:
        reading.finds(rows.PROCESS, f"{place}/deciders", _("sales alone cannot decide here: name a decider of another side as well"))


def _check_mandates(reading: Reading, roles: set[str], selling: set[str]) -> None:
    process = reading.tables[rows.PROCESS]
    mandates = process.get("mandates", [])
    if not mandates:
        return
    reading.names(rows.PROCESS, "mandates", "role", roles, _("role"))
    reading.names(rows.PROCESS, "mandates", "gate", reading.codes(rows.PROCESS, "gates"), _("gate"))
    reading.names(rows.PROCESS, "mandates", "unit", reading.known.units, _("unit"))
    for row in mandates:
        reading.condition(rows.PROCESS, f"mandates/{row['code']}/within", row["within"])
    deciders = {gate["code"]: list(gate["deciders"]) for gate in process["gates"] if set(gate["deciders"]) <= roles}
    reading.tell(rows.PROCESS, authority.without_effect(mandates, deciders, selling))
    reading.tell(rows.PROCESS, authority.asks_itself(mandates, {row["code"] for row in process["roles"] if row.get("owner")}))
    if rows.SERVICE_LEVELS in reading.tables:
        seated = {row["role"] for row in process["seats"]} | {row["code"] for row in process["roles"] if row.get("owner")}
        levels = reading.tables[rows.SERVICE_LEVELS]["levels"]
        reading.tell(rows.PROCESS, authority.without_limit(mandates, roles - seated, levels))
    if reading.known.held is not None:
        reading.warn(rows.PROCESS, authority.held_by_nobody(mandates, reading.known.held))
    if reading.known.facts is not None:
        stages = {gate["code"]: gate["stage"] for gate in process["gates"]}
        reading.tell(rows.PROCESS, authority.never_asked(mandates, stages, reading.known.facts))


def conditions_of(tables: Tables) -> list[tuple[str, Row]]:
    """The conditions of gates and stages, each with its place inside the file."""
    held = [("gates", gate, "conditions") for gate in tables["gates"]]
    held += [("stages", stage, at) for stage in tables["stages"] for at in (rows.ENTRY, rows.EXIT)]
    return [(f"{table}/{row['code']}/{at}/{one['code']}", one) for table, row, at in held for one in row.get(at, [])]


def _check_conditions(reading: Reading) -> None:
    """Each can be read, and has a code of its own: by it, what could not be judged is named."""
    first: set[str] = set()
    for place, row in conditions_of(reading.tables[rows.PROCESS]):
        if row["code"] in first:
            reading.finds(rows.PROCESS, place, say(_("the condition “{code}” stands twice"), code=row["code"]))
        first.add(row["code"])
        reading.condition(rows.PROCESS, f"{place}/needs", row["needs"])


def _check_tiers(reading: Reading) -> None:
    tiers = reading.tables[rows.PROCESS].get("tiers", [])
    for number, row in enumerate(tiers, start=1):
        place, last = f"tiers/{row['code']}", number == len(tiers)
        if "when" in row:
            reading.condition(rows.PROCESS, f"{place}/when", row["when"], lasting=True, sizes=False)
        if last and "when" in row:
            reading.finds(rows.PROCESS, f"{place}/when", _("the last tier is for whatever is left: leave its condition out"))
        elif not last and "when" not in row:
            reading.finds(rows.PROCESS, place, _("without a condition it takes every deal, and no tier after it is ever reached"))


def _check_steps(reading: Reading) -> None:
    process = reading.tables[rows.PROCESS]
    reading.names(rows.PROCESS, "steps", "role", reading.codes(rows.PROCESS, "roles"), _("role"))
    order = [row["code"] for row in process["steps"]] or [code for code, _zh, _en in rows.SIX_STEPS]
    steps = reading.codes(rows.PROCESS, "steps") if process["steps"] else set(order)
    for row in process["stages"]:
        if str(row["step"]) not in steps:
            sentence = unknown(_("step"), str(row["step"]), steps)
            reading.finds(rows.PROCESS, f"stages/{row['code']}/step", sentence)
    reading.tell(rows.PROCESS, reach.steps_backwards(process["stages"], order))


def write(version: PartVersion, tables: Tables) -> None:
    roles = {
        row["code"]: rows.Role.objects.create(version=version, **named(row), sells=row.get("sells", False), owner=row.get("owner", False))
        for row in tables["roles"]
    }
    for position, row in enumerate(tables.get("tiers", []), start=1):
        rows.Tier.objects.create(version=version, **named(row), position=position, when=row.get("when", ""))
    for position, row in enumerate(tables.get("steps", []), start=1):
        rows.Step.objects.create(version=version, **named(row), position=position, role=roles[row["role"]] if "role" in row else None)
    stages = {
        row["code"]: rows.Stage.objects.create(version=version, **named(row), position=position, step=str(row["step"]))
        for position, row in enumerate(tables["stages"], start=1)
    }
    for row in tables["stages"]:
        for at in (rows.ENTRY, rows.EXIT):
            for one in row.get(at, []):
                rows.StageCondition.objects.create(version=version, **named(one), stage=stages[row["code"]], at=at, needs=one["needs"])
    gates: dict[str, rows.Gate] = {}
    for row in tables["gates"]:
        gate = gates[row["code"]] = rows.Gate.objects.create(
            version=version,
            **named(row),
            stage=stages[row["stage"]],
            question_zh=row["question_zh"],
            question_en=row["question_en"],
            checks=row.get("checks", []),
            when=row.get("when", ""),
        )
        for condition in row.get("conditions", []):
            rows.GateCondition.objects.create(version=version, **named(condition), gate=gate, needs=condition["needs"])
        rows.Decider.objects.bulk_create([rows.Decider(gate=gate, role=roles[role]) for role in row["deciders"]])
    for position, row in enumerate(tables.get("mandates", []), start=1):
        rows.Mandate.objects.create(
            version=version,
            **named(row),
            gate=gates[row["gate"]],
            role=roles[row["role"]],
            unit_code=row.get("unit", ""),
            within=row["within"],
            position=position,
        )
    for position, row in enumerate(tables.get("closing_reasons", []), start=1):
        said = {"outcome": row["outcome"], "competitor": row.get("competitor", False)}
        rows.ClosingReason.objects.create(version=version, **named(row), position=position, **said)
    for row in tables["seats"]:
        role, leader = roles[row["role"]], row.get("leader", False)
        rows.SeatTemplate.objects.create(version=version, **named(row), role=role, leader=leader, when=row.get("when", ""))
