"""What a newer process changes for a deal: stages, gates, conditions, who decides, seats, size. Pure: no query, no clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from earshot.kit.problems import say
from earshot.kit.ruling import permissive
from earshot.playbooks.book import Process
from earshot.playbooks.models import ENTRY, Gate, SeatTemplate, Stage, StageCondition, Tier
from earshot.teams.models import Seat

COMES, GOES, CHANGES, STAYS = "comes", "goes", "changes", "stays"


@dataclass(frozen=True)
class Change:
    """One thing that is otherwise after the move. `kind`: it comes, goes, changes, or stays although the process has it no more; `what`:
    stage, gate, condition, decider, seat, size, vote or call; `code`: of it; `sentence`: in words."""

    kind: str
    what: str
    code: str
    sentence: Any


@dataclass(frozen=True)
class Side:
    """A process as the deal stands in it. `stage` None: none of its stages is the deal's. `gates`: code of a stage → its gate, of those
    that stand for the deal. `tier`: of the deal, None: not known or none."""

    process: Process
    stage: Stage | None
    gates: Mapping[str, Gate]
    tier: Tier | None

    @property
    def ahead(self) -> list[Stage]:
        """The stages from the deal's own on."""
        here = self.stage.position if self.stage else 0
        return [stage for stage in self.process.stages.values() if stage.position >= here]


def shape(gate: Gate) -> tuple[Any, ...]:
    """What a vote at the gate was about: the question, who decides, and what else the gate asks."""
    deciders = sorted((row.role.code, row.role.sells, row.role.owner) for row in gate.deciders.all())
    asked = sorted((row.code, row.needs) for row in gate.conditions.all())
    return gate.code, gate.question_zh, gate.question_en, deciders, sorted(gate.checks), asked, _mandates(gate)


def _mandates(gate: Gate) -> list[tuple[str, str, str]]:
    rows = sorted(gate.mandates.all(), key=lambda row: row.position)
    return [(row.role.code, row.unit_code, row.within) for row in rows]


@permissive("every vote stands", lambda before, after: None)
def why_votes_lapse(before: Side, after: Side) -> Any:
    """Why votes cast at the gate that the deal stands before count no more after the move; None: they count. A vote was about one gate,
    one question and one circle of deciders."""
    old = before.gates.get(before.stage.code) if before.stage else None
    new = after.gates.get(after.stage.code) if after.stage else None
    if old is None:
        return None
    if new is None or after.stage is None or before.stage is None or after.stage.code != before.stage.code:
        return say(_("the gate “{gate}” no longer stands before this deal"), gate=old)
    return say(_("the gate “{gate}” asks something else now, or others decide there"), gate=old) if shape(old) != shape(new) else None


@permissive("no gate is left out", lambda before, after, stage, passed: [])
def gates_left_out(before: Side, after: Side, stage: Stage, passed: Sequence[str]) -> list[Gate]:
    """Gates of the new process that lie before this stage and that the deal never passed: standing there, it would be behind them.
    `passed`: codes of the gates that it has passed. Where the stage is the deal's own, those that lay ahead of it before: a gate that came
    since behind the deal was never asked of it, but none that it still owed is dodged by a move."""
    earlier = [one for one in after.process.stages.values() if one.position < stage.position]
    found = [after.gates[one.code] for one in earlier if one.code in after.gates and after.gates[one.code].code not in passed]
    if before.stage is not None and stage.code == before.stage.code:
        owed = _ahead(before)
        return [gate for gate in found if gate.code in owed]
    return found


def changes(before: Side, after: Side, left_out: Sequence[Gate] = ()) -> list[Change]:
    """What lies ahead of the deal otherwise than before: stages, gates, conditions, deciders and size, in this order. `left_out`: gates
    that would lie behind it and were never passed; they are no gates that the process has no more."""
    return [*_stages(before, after), *_gates(before, after, left_out), *_conditions(before, after), *_size(before, after)]


def _stages(before: Side, after: Side) -> list[Change]:
    old, new = {one.code: one for one in before.ahead}, {one.code: one for one in after.ahead}
    found = [Change(COMES, "stage", code, say(_("Stage “{stage}” comes."), stage=new[code])) for code in new if code not in old]
    found += [Change(GOES, "stage", code, say(_("Stage “{stage}” goes."), stage=old[code])) for code in old if code not in new]
    both = [code for code in old if code in new]
    if both != [code for code in new if code in old]:
        found.append(Change(CHANGES, "stage", "", _("The stages come in another order.")))
    return found


def _ahead(side: Side) -> dict[str, tuple[Stage, Gate]]:
    return {side.gates[one.code].code: (one, side.gates[one.code]) for one in side.ahead if one.code in side.gates}


def _gates(before: Side, after: Side, left_out: Sequence[Gate]) -> list[Change]:
    old, new = _ahead(before), _ahead(after)
    found = []
    for code, (stage, gate) in new.items():
        if code not in old:
            sentence = _("Gate “{gate}” comes, at the end of “{stage}”; decided by {roles}.")
            found.append(Change(COMES, "gate", code, say(sentence, gate=gate, stage=stage, roles=_roles(gate))))
    skipped = {gate.code for gate in left_out}
    for code, (stage, gate) in old.items():
        if code not in new and code not in skipped:
            found.append(Change(GOES, "gate", code, say(_("Gate “{gate}” goes, at the end of “{stage}”."), gate=gate, stage=stage)))
    for code, (stage, gate) in new.items():
        if code in old:
            found += _of_gate(*old[code], stage, gate)
    return found


def _of_gate(was_at: Stage, was: Gate, stage: Stage, gate: Gate) -> list[Change]:
    found = []
    if stage.code != was_at.code:
        moved = say(_("Gate “{gate}” stands at the end of “{stage}” now."), gate=gate, stage=stage)
        found.append(Change(CHANGES, "gate", gate.code, moved))
    if (was.question_zh, was.question_en) != (gate.question_zh, gate.question_en):
        asks = say(_("Gate “{gate}” asks another question: {question}"), gate=gate, question=_Question(gate))
        found.append(Change(CHANGES, "gate", gate.code, asks))
    old, new = ({row.role.code: row.role for row in one.deciders.all()} for one in (was, gate))
    for code, role in new.items():
        if code not in old:
            found.append(Change(COMES, "decider", code, say(_("At “{gate}”, {role} decides as well."), gate=gate, role=role)))
    for code, role in old.items():
        if code not in new:
            found.append(Change(GOES, "decider", code, say(_("At “{gate}”, {role} no longer decides."), gate=gate, role=role)))
    if _mandates(gate) != _mandates(was):
        found.append(Change(CHANGES, "decider", gate.code, say(_("At “{gate}”, the mandates are others now."), gate=gate)))
    for name in sorted(set(gate.checks) - set(was.checks)):
        found.append(Change(COMES, "condition", name, say(_("“{gate}” asks for the check “{name}” as well."), gate=gate, name=name)))
    for name in sorted(set(was.checks) - set(gate.checks)):
        found.append(Change(GOES, "condition", name, say(_("“{gate}” no longer asks for the check “{name}”."), gate=gate, name=name)))
    return found


@dataclass(frozen=True)
class _Question:
    """The question of a gate, in the language of whoever reads it."""

    gate: Gate

    def __str__(self) -> str:
        return self.gate.question


def _roles(gate: Gate) -> Any:
    rows = [row.role for row in sorted(gate.deciders.all(), key=lambda row: row.pk)]
    return say(", ".join(f"{{r{at}}}" for at in range(len(rows))), **{f"r{at}": role for at, role in enumerate(rows)})


def _asked(side: Side) -> dict[str, tuple[Any, tuple[str, ...], Any]]:
    """Code of each condition that lies ahead → what it is, what it needs and where that is asked, and where in words."""
    found: dict[str, tuple[Any, tuple[str, ...], Any]] = {}
    for stage in side.ahead:
        for row in stage.conditions.all():
            if not (row.at == ENTRY and side.stage is not None and stage.code == side.stage.code):  # it stands inside already
                found[row.code] = (row, (row.needs, row.at, stage.code), _at(row, stage))
        if stage.code in side.gates:
            gate = side.gates[stage.code]
            where = say(_("at the gate “{gate}”"), gate=gate)
            found |= {row.code: (row, (row.needs, "gate", gate.code), where) for row in gate.conditions.all()}
    return found


def _at(row: StageCondition, stage: Stage) -> Any:
    return say(_("to enter “{stage}”") if row.at == ENTRY else _("to leave “{stage}”"), stage=stage)


def _conditions(before: Side, after: Side) -> list[Change]:
    old, new = _asked(before), _asked(after)
    found = []
    for code, (row, needs, where) in new.items():
        if code not in old:
            found.append(Change(COMES, "condition", code, say(_("Asked as well, {where}: {needs}"), where=where, needs=row)))
        elif old[code][1] != needs:
            found.append(Change(CHANGES, "condition", code, say(_("Asked otherwise, {where}: {needs}"), where=where, needs=row)))
    for code, (row, _needs, where) in old.items():
        if code not in new:
            found.append(Change(GOES, "condition", code, say(_("No longer asked, {where}: {needs}"), where=where, needs=row)))
    return found


def _size(before: Side, after: Side) -> list[Change]:
    old, new = before.tier, after.tier
    if (old.code if old else None) == (new.code if new else None):
        return []
    if new is None:
        return [Change(GOES, "size", old.code if old else "", say(_("Its size is no longer known (until now: {tier})."), tier=old))]
    if old is None:
        return [Change(COMES, "size", new.code, say(_("Its size: {tier}."), tier=new))]
    return [Change(CHANGES, "size", new.code, say(_("Its size: {tier}; until now {former}."), tier=new, former=old))]


def of_seats(missing: Sequence[SeatTemplate], beside: Sequence[tuple[Seat, str, str]]) -> list[Change]:
    """`missing`: seats that the team gets; `beside`: seats that the process has no more, with their role and who sits there (empty:
    nobody)."""
    found = [Change(COMES, "seat", row.code, say(_("The team gets a seat for {role}: {why}"), role=row.role, why=row)) for row in missing]
    for seat, role, name in beside:
        sentence = _("The process has no seat for {role} any more; it stays, and {name} with it.")
        if not name:
            sentence = _("The process has no seat for {role} any more; the empty one stays.")
        found.append(Change(STAYS, "seat", seat.template, say(sentence, role=role, name=name)))
    return found
