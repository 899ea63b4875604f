"""Deals that follow an older process than the one in force, and what moving one to it would change."""

from __future__ import annotations

import copy
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Count, QuerySet
from django.utils.translation import gettext_lazy as _

from earshot.deals import comparing, gates, queries, registry, rules, seats, wholes
from earshot.deals.comparing import GOES, Change, Side
from earshot.deals.models import Deal, GatePass, Vote
from earshot.deals.sizes import size_of
from earshot.kit.problems import say, wrong
from earshot.people.models import Person
from earshot.people.permits import OPERATE, holds
from earshot.playbooks import book
from earshot.playbooks.models import Gate, PartVersion, SeatTemplate, Stage
from earshot.teams.models import Seat
from earshot.teams.queries import SeatRead, may_nominate
from earshot.teams.queries import seats as seats_of_team


@dataclass(frozen=True)
class Preview:
    """What moving the deal to the process in force would change. `stage`: where the deal would stand; None: the process has its stage no
    more, and one of `choices` is to be chosen; then `changes` says nothing yet. `left_out`: gates of the new process that would lie behind
    the deal without its ever having passed them: sales operations alone may.
    `votes`: those that would lapse, and `why`."""

    deal: Deal
    old: PartVersion
    new: PartVersion
    stage: Stage | None
    choices: Sequence[Stage]
    changes: Sequence[Change]
    votes: Sequence[Vote] = ()
    why: Any = ""
    left_out: Sequence[Gate] = ()

    @property
    def gone(self) -> bool:
        """Whether the new process has no stage of the deal's code."""
        return self.stage is None or self.stage.code != self.deal.stage.code


def newest() -> book.Process:
    """The process in force."""
    return book.in_force().process


def may_move(person: Person, deal: Deal, known: Sequence[SeatRead] | None = None) -> bool:
    """Whether the person decides that the deal follows a newer process: who leads its team, owns it or heads its unit or one above, and
    sales operations. `known`: the seats of the team, where they have just been read."""
    return may_nominate(person, deal.team, known) or holds(person, OPERATE)


def preview(deal: Deal, stage: str = "", *, free: bool = False) -> Preview | None:
    """What changes for the deal if it follows the process in force from now on; None where it does already. `stage`: code of the stage in
    which it would stand, refused where that is not to be chosen: the process has the deal's own, or another that is not among the choices.
    `free`: sales operations choose among all stages; others only among those behind which no gate is left out."""
    new = newest()
    if deal.process_id == new.version.pk:
        return None
    before = _side(deal)
    choices = [] if deal.stage.code in new.stages else _choices(deal, before, new, free=free)
    if stage and stage != deal.stage.code and stage not in {one.code for one in choices}:
        raise wrong("stage", _not_to_be_chosen(new, stage, deal))
    there = new.stages.get(stage or deal.stage.code)
    if there is None:
        return Preview(deal, before.process.version, new.version, None, choices, [])
    moved = _as_if(deal, new, there)
    after = _side(moved)
    why = comparing.why_votes_lapse(before, after)
    votes = queries.live_votes(queries.open_visit(deal)) if why else []
    left_out = comparing.gates_left_out(before, after, there, _passed(deal))
    found = [
        *comparing.changes(before, after, left_out),
        *(Change(GOES, "gate", gate.code, passed_over(gate)) for gate in left_out),
        *comparing.of_seats(*_seats(moved)),
        *(Change(GOES, "vote", one.role.code, _lapses(one, why)) for one in votes),
        *(Change(comparing.COMES, "call", line.code, line.sentence) for brings in registry.BRINGS.values() for line in brings(moved)),
    ]
    return Preview(deal, before.process.version, new.version, there, choices, found, votes, why, left_out)


def _side(deal: Deal) -> Side:
    process = book.process_of(deal.process_id)
    standing = {stage.code: stage.gate for stage in process.stages.values() if hasattr(stage, "gate") and gates.stands(deal, stage.gate)}
    return Side(process, process.stage(deal.stage_id), standing, size_of(deal).tier)


def _as_if(deal: Deal, process: book.Process, stage: Stage) -> Deal:
    """The deal as it would stand; it is never written."""
    moved = copy.copy(deal)
    moved._state = copy.copy(deal._state)
    moved._state.fields_cache = dict(deal._state.fields_cache)
    moved.process, moved.stage = process.version, stage
    return moved


def _choices(deal: Deal, before: Side, new: book.Process, *, free: bool) -> list[Stage]:
    """The stages in which the deal may stand, where its own is gone: none that was ahead of it before, and, but for sales operations, none
    behind a gate that it never passed."""
    ahead = {stage.code for stage in before.ahead} - {deal.stage.code}
    first = min((stage.position for code, stage in new.stages.items() if code in ahead), default=None)
    found = [stage for stage in new.stages.values() if first is None or stage.position < first] or list(new.stages.values())[:1]
    if free:
        return found
    passed = _passed(deal)
    return [stage for stage in found if not comparing.gates_left_out(before, _side(_as_if(deal, new, stage)), stage, passed)]


def _passed(deal: Deal) -> list[str]:
    return sorted(wholes.passed_codes(deal))


def _seats(moved: Deal) -> tuple[list[SeatTemplate], list[tuple[Seat, str, str]]]:
    read = seats_of_team(moved.team_id)
    there = [row.seat for row in read]
    known = {row.seat.pk: (row.role, row.membership.person.name if row.membership else "") for row in read}
    beside = rules.seats_beside([*book.process_of(moved.process_id).seats, *seats.of_specialties(moved)], there)
    return seats.missing(moved, there), [(seat, *known[seat.pk]) for seat in beside]


def passed_over(gate: Gate) -> Any:
    return say(_("Gate “{gate}” lies behind the deal there, and it was never passed."), gate=gate)


def _lapses(vote: Vote, why: Any) -> Any:
    return say(_("The vote of {name} ({role}) lapses: {why}."), name=vote.person.name, role=vote.role, why=why)


def _not_to_be_chosen(new: book.Process, stage: str, deal: Deal) -> Any:
    if stage not in new.stages:
        return say(_("The process in force has no stage “{code}”."), code=stage)
    if deal.stage.code in new.stages:
        return say(_("The process in force has the stage “{stage}” too: the deal stays there."), stage=new.stages[deal.stage.code])
    return say(_("The deal cannot be put into “{stage}”: a gate lies before it that it never passed."), stage=new.stages[stage])


@dataclass(frozen=True)
class Behind:
    """Open deals that follow an older process and stand in one stage. `stays`: the process in force has that stage too, so they can be
    moved together; otherwise each is put somewhere by hand. `owed`: gates that lay ahead of them, would lie behind them after the move and
    were never passed, with how many of the deals that is true of; a gate that is for some deals only is counted for each of them."""

    process: PartVersion
    stage: Stage
    count: int
    stays: bool
    owed: Sequence[tuple[Gate, int]] = ()


def following_older() -> QuerySet[Deal]:
    """Open deals that follow another process than the one in force."""
    return Deal.objects.filter(queries.still_open()).exclude(process=newest().version)


def behind() -> list[Behind]:
    """How many open deals follow which older process, stage by stage, and which gates they would be behind; the oldest process first."""
    new = newest()
    rows = list(following_older().order_by().values_list("process", "stage").annotate(n=Count("pk")))
    ahead = {(process, stage): _gates_owed(book.process_of(process), stage, new) for process, stage, _count in rows}
    passed = _how_many_passed({gate.code for gates_ in ahead.values() for gate in gates_})
    found = []
    for process, stage, count in rows:
        old = book.process_of(process)
        counted = [(gate, count - passed.get((process, stage, gate.code), 0)) for gate in ahead[process, stage]]
        owed = [(gate, n) for gate, n in counted if n]
        found.append(Behind(old.version, old.stage(stage), count, old.stage(stage).code in new.stages, owed))
    return sorted(found, key=lambda row: (row.process.number, row.stage.position))


def _gates_owed(old: book.Process, stage: UUID, new: book.Process) -> list[Gate]:
    """Gates that lay ahead of a deal in this stage and lie behind it in the new process, whether they are for that deal or not."""
    here = old.stage(stage)
    there = new.stages.get(here.code)
    if there is None:
        return []
    before, after = (Side(one, at, _all_gates(one), None) for one, at in ((old, here), (new, there)))
    return comparing.gates_left_out(before, after, there, [])


def _all_gates(process: book.Process) -> dict[str, Gate]:
    return {stage.code: stage.gate for stage in process.stages.values() if hasattr(stage, "gate")}


def _how_many_passed(codes: Collection[str]) -> dict[tuple[Any, Any, str], int]:
    """(process, stage, code of a gate) → of how many open deals there a gate of that code was passed."""
    if not codes:
        return {}
    passes = GatePass.objects.filter(visit__deal__in=following_older(), gate__code__in=codes).order_by()
    rows = passes.values_list("visit__deal__process", "visit__deal__stage", "gate__code").annotate(n=Count("visit__deal", distinct=True))
    return {(process, stage, code): n for process, stage, code, n in rows}
