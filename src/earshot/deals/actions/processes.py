"""A deal follows a newer process; its team gets the seats that the process wants for it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from earshot.deals import processes, queries, seats, steps
from earshot.deals.actions.escalating import align, leaving, left
from earshot.deals.actions.leaving_out import needed_again
from earshot.deals.actions.writing import entered, narrowing, open_and_not_stale, touch, words
from earshot.deals.dissent_tables import GOES_ON, Dissent
from earshot.deals.models import Deal, StageVisit, Vote
from earshot.journal.actions import record, verb
from earshot.journal.actors import Actor
from earshot.journal.kinds import ref
from earshot.kit import now
from earshot.kit.engine import locks, written
from earshot.kit.problems import Line, Ref, Refusal, Together, forbidden, say, stale, wrong
from earshot.kit.ruling import permissive
from earshot.kit.texts import text
from earshot.people import permits
from earshot.people.actors import personally
from earshot.playbooks.actions.beginning import LOCK as PLAYBOOK
from earshot.teams import actions as teams
from earshot.teams.models import Seat
from earshot.teams.queries import may_nominate
from earshot.teams.queries import seats as seats_of_team

MOST_MOVED = 100  # each is a whole move, in one transaction


@verb
def move_to_process(*, by: Actor, deal: Deal, version: int, to: int, reason: str, stage: str = "") -> Deal:
    """The deal follows the process in force from now on. It stays in its stage; where that is gone, `stage` (its code) says where it
    stands. Votes at a gate that changed lapse; people stay; the team gets the seats that the process wants; the stage calls what it calls
    for now and never did (law 4).

    `version`: of the deal, and `to`: number of the process version, as the preview showed them; refused where either is another now.
    """
    locks.hold(PLAYBOOK, shared=True)
    queries.lock(deal.pk)
    deal = queries.as_it_stands(deal.pk)
    operates = _may_move(by, deal)
    open_and_not_stale(deal, version)
    _still_newest(to, ref(deal))
    seen = processes.preview(deal, stage, free=operates)
    if seen is None:
        raise Refusal("deal.process_newest", say(_("{deal} follows this process already."), deal=deal.number), about=ref(deal), status=409)
    if seen.stage is None:
        sentence = say(_("The process has no stage “{stage}” any more: choose the one in which the deal stands."), stage=deal.stage)
        raise wrong("stage", sentence)
    if seen.left_out and not operates:
        lines = [Line("deal.gate_left_out", processes.passed_over(gate), about=ref(deal)) for gate in seen.left_out]
        sentence = _(
            "By this move the deal would be behind a gate that it never passed: pass it first, or ask sales operations to move it."
        )
        raise Refusal("deal.gate_left_out", sentence, lines, about=ref(deal), status=409)
    return _move(by, deal, seen, text("reason", reason, most=300))


def _may_move(by: Actor, deal: Deal) -> bool:
    """Whether the actor moves it for sales operations; refused where he or she may not move it at all."""
    if not by.is_personal:
        return True
    person = personally(by)
    operates = permits.holds(person, permits.OPERATE)
    if not operates and not may_nominate(person, deal.team):
        sentence = _("Who leads the team of this deal, owns it or heads its unit, and sales operations, move it to another process.")
        raise forbidden("deal.process_not_yours", sentence, ref(deal))
    return operates


def _still_newest(to: int, about: Ref | None = None) -> None:
    newest = processes.newest().version
    if newest.number != to:
        line = Line("deal.process_newer", say(_("{version} is in force: {reason}"), version=newest, reason=newest.reason), about=about)
        raise stale(_("Another process has come into force since you looked. Look again at what changes."), [line], about)


def _move(by: Actor, deal: Deal, seen: processes.Preview, reason: str) -> Deal:
    assert seen.stage is not None
    at, former, stays = now(), deal.stage, not seen.gone
    if seen.votes:
        Vote.objects.filter(pk__in=[vote.pk for vote in seen.votes]).update(replaced_at=at)
        settled = Dissent.objects.filter(visit__deal=deal, visit__left_at__isnull=True, outcome=GOES_ON, lapsed_at__isnull=True)
        settled.update(lapsed_at=at)
    visit = queries.open_visit(deal)
    asked = leaving(deal)
    if stays:
        visit.stage = seen.stage  # the same stage, as the new process says it: it was entered when it was
        written.update(visit, "stage")
    else:
        visit.left_at = at
        written.update(visit, "left_at")
        written.insert([StageVisit(deal=deal, stage=seen.stage, entered_at=at)])
    process = processes.newest()
    deal.process, deal.stage = process.version, process.stage(seen.stage.pk)
    if again := steps.needed_there(deal):
        needed_again(by, deal, again)
    touch(deal, "process", "stage", "left_out")
    made = _fill_seats(deal)
    data = {
        "stage": words(deal.stage),
        "stage_code": deal.stage.code,
        "former_stage": words(former),
        "reason": reason,
        "from": seen.old.number,
        "to": seen.new.number,
        "votes_lapsed": len(seen.votes),
        "gates_left_out": [gate.code for gate in seen.left_out],
        "seats_added": [seat.template for seat in made],
        "version": deal.version,
        **narrowing(deal),
    }
    objects: dict[str, Any] = {"deal": deal, "process": seen.new, "former": seen.old, "voter": list({vote.person for vote in seen.votes})}
    moved = record("deals.process_changed", by=by, objects=objects, scopes=[deal], data=data)
    left(asked, moved, deal)
    if not stays:
        entered(by.because(moved), deal, deal.stage)
    else:
        align(moved, deal)
    return deal


def _fill_seats(deal: Deal) -> list[Seat]:
    there = [row.seat for row in seats_of_team(deal.team_id)]
    return teams.add_seats(deal.team, seats.missing(deal, there))


@dataclass(frozen=True)
class Moved:
    """What became of moving many: `deals` that follow the process in force now; how many that could be moved are `left`, and how many
    stand in a stage that it has no more (`stuck`): each of those is moved by hand."""

    deals: Sequence[Deal]
    left: int
    stuck: int


@verb
def move_all_to_process(
    *, by: Actor, to: int, reason: str, stages: Collection[str], every: bool = False, leave_out: Collection[str] = ()
) -> Moved:
    """Sales operations move the open deals that stand in these stages (codes; `every`: in any) to the process in force, at most a hundred
    at once, the oldest first. `to`: number of the process version that was looked at. `leave_out`: codes of gates that a deal may be
    behind after the move without having passed them; where a deal would be behind another one, nothing is moved."""
    permits.require(by, permits.OPERATE)
    locks.hold(PLAYBOOK, shared=True)
    _still_newest(to)
    newest = processes.newest()
    each = Together()
    reason = each(text, "reason", reason, most=300)
    each(_chosen, stages, every)
    each.refuse()
    meant = processes.following_older()
    if not every:
        meant = meant.filter(stage__code__in=stages)
    stays = meant.filter(stage__code__in=list(newest.stages))
    ids = list(stays.order_by("opened_at", "pk").values_list("pk", flat=True)[:MOST_MOVED])
    queries.lock(*ids)
    looked = []
    for pk in ids:
        deal = queries.as_it_stands(pk)
        seen = processes.preview(deal)
        if seen is not None and not hasattr(deal, "closing"):  # as it stands now that it is locked
            looked.append((deal, seen))
    _refuse_left_out([seen for _deal, seen in looked], leave_out)
    moved = [_move(by, deal, seen, reason) for deal, seen in looked]
    return Moved(moved, stays.count(), meant.count() - stays.count())


@permissive("any gate is left out unsaid", lambda seen, leave_out: None)
def _refuse_left_out(seen: Sequence[processes.Preview], leave_out: Collection[str]) -> None:
    """A gate that deals would leave behind unpassed is left out knowingly, by its name."""
    owed: dict[str, list[Any]] = {}
    for one in seen:
        for gate in one.left_out:
            if gate.code not in leave_out:
                owed.setdefault(gate.code, []).append(gate)
    if owed:
        named = {f"g{at}": gates[0] for at, gates in enumerate(owed.values())}
        listed = say(", ".join(f"“{{{name}}}”" for name in named), **named)
        sentence = _(
            "Deals would be behind these gates without having passed them: {gates}. Say that they are left out, or move these deals singly."
        )
        raise wrong("leave_out", say(sentence, gates=listed))


def _chosen(stages: Collection[str], every: bool) -> None:
    """In each of these stages deals stand that follow an older process."""
    known = {one.stage.code for one in processes.behind()}
    if unknown := [code for code in stages if code not in known]:
        raise wrong("stages", say(_("No open deal of an older process stands in the stage “{code}”."), code=unknown[0]))
    if not stages and not every:
        raise wrong("stages", _("Choose the stages whose deals are meant."))


@verb
def add_missing_seats(*, by: Actor, deal: Deal) -> list[Seat]:
    """The team gets the seats that the deal's process wants for it as it is now, as empty chairs; whoever asks people for the team may.
    Nobody is asked to sit there by it. Two at once add them once."""
    queries.lock(deal.pk)
    deal = queries.as_it_stands(deal.pk)
    if by.is_personal and not may_nominate(personally(by), deal.team):
        sentence = _("Only the leader of {team}, who answers for its deal, or a head above it names who sits there.")
        raise forbidden("team.not_leader", say(sentence, team=deal.team.name))
    if hasattr(deal, "closing"):
        raise Refusal("deal.closed", say(_("{deal} is closed."), deal=deal.number), about=ref(deal), status=409)
    made = _fill_seats(deal)
    if made:
        data = {"n": len(made), "seats": [seat.template for seat in made]}
        record("deals.seats_added", by=by, objects={"deal": deal, "team": deal.team}, scopes=[deal], data=data)
    return made
