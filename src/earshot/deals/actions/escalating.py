"""A decision outside what the team may decide: raised once, asked of one person at a time, decided there, or gone with its cause.

The process raises it as soon as the team has voted its part. Who works on the deal may ask before that: one corner's silence keeps nobody
from being asked further up (B8.2a); the gate wants every other vote all the same.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from earshot.clocks import actions as clocks
from earshot.clocks.models import Clock
from earshot.clocks.registry import SUBJECTS
from earshot.deals import escalations, gates, policies, queries, wholes
from earshot.deals.actions import dissenting
from earshot.deals.actions.writing import fresh, lapse_votes, words
from earshot.deals.models import Asking, Deal, Escalation, Vote
from earshot.journal.actions import call, record, verb
from earshot.journal.actors import Actor, process
from earshot.journal.kinds import ref
from earshot.journal.models import Entry
from earshot.kit import now
from earshot.kit.problems import Refusal, in_both, say
from earshot.kit.ruling import permissive
from earshot.kit.texts import text
from earshot.people.actors import personally
from earshot.people.models import Person
from earshot.playbooks import book
from earshot.playbooks.models import DECISION, Gate

REASON = 1000


@verb
def ask_for_decision(*, by: Actor, deal: Deal, version: int, reason: str = "") -> Escalation:
    """Somebody who works on the deal asks for the decision that lies outside the team's mandate, before the process does. Refused inside
    the mandate, where nobody can say for want of figures, and while it is asked already."""
    person = personally(by)
    deal = fresh(by, deal, version)
    gate = gates.gate_of(deal)
    if gate is None or not gate.mandates.all():
        sentence = _("No mandate is set at the gate before this deal: everybody who is named there decides.")
        raise Refusal("escalation.no_mandates", sentence, about=ref(deal), status=409)
    reason = text("reason", reason, most=REASON, required=False)
    if (there := escalations.open_now(deal)) is not None:
        asking = escalations.live(there)
        who = asking.person.name if asking is not None and asking.person is not None else _("nobody yet")
        raise Refusal("escalation.open", say(_("The decision is asked already, of {name}."), name=who), about=ref(deal), status=409)
    counted = gates.count(deal, gate, policies.standing(deal))
    asked = escalations.question(deal, counted.authority)
    if asked is None and (unknown := counted.authority.unknown) and counted.authority.covers is None:
        sentence = say(
            _("State the figures first: {facts}. Until then nobody knows whose mandate this is within."), facts=", ".join(unknown)
        )
        raise Refusal("escalation.unknown", sentence, about=ref(deal), status=409)
    if asked is None:
        sentence = say(_("This is within the mandate “{mandate}”: the team decides it itself."), mandate=counted.authority.covers or gate)
        raise Refusal("escalation.inside", sentence, about=ref(deal), status=409)
    role = asked.role.code if asked.role else None
    for vote, ballot in zip(counted.votes, counted.ballots, strict=True):
        if ballot.role == role and ballot.counts and not ballot.approves:
            sentence = say(
                _("{name} has refused it: {reason}. State other figures, or talk to {name}."), name=vote.person.name, reason=vote.reason
            )
            raise Refusal("escalation.refused", sentence, about=ref(deal), status=409)
    entry = record("deals.decision_wanted", by=by, objects={"deal": deal}, scopes=[deal], data={"gate": words(gate), "reason": reason})
    return _raise(entry, deal, gate, asked, counted, raised_by=person, reason=reason)


def align(because: Entry, deal: Deal) -> None:
    """After an act by which the question may be another now, or the team has voted its part: the open one goes on, ends, or makes place for
    another; where there is none, the process asks. Whoever of the team is silent or against is asked or heard too. `because`: the entry
    of the act."""
    dissenting.follow(because, deal)
    if queries.gate_with_mandates(deal) is None:
        return
    there = escalations.open_now(deal)
    gate = gates.gate_of(deal)
    if gate is None:
        if there is not None:
            end_escalation(process("deals/escalation").because(because), deal, there, Escalation.OTHERWISE)
        return
    counted = gates.count(deal, gate, policies.standing(deal))
    asked = escalations.question(deal, counted.authority)
    if there is not None:
        if asked is not None and asked.same_as(there):
            return
        ended = end_escalation(process("deals/escalation").because(because), deal, there, Escalation.OTHERWISE)
        if asked is not None:
            _raise(ended, deal, gate, asked, counted, raised_by=there.raised_by, reason=there.reason)
    elif (
        asked is not None
        and escalations.voted_its_part(asked, _lacking(deal, asked, counted), counted.ballots)
        and not escalations.answered_lately(queries.open_visit(deal), counted.votes)
    ):
        _raise(because, deal, gate, asked, counted)


def _lacking(deal: Deal, asked: escalations.Question, counted: gates.Count) -> list[str]:
    """The roles whose approval the answer must wait for."""
    if asked.role is not None:
        return counted.lacking
    return [role.code for role in counted.roles if role.code in counted.lacking and escalations.of_team(deal, role)]


def _raise(
    because: Entry,
    deal: Deal,
    gate: Gate,
    asked: escalations.Question,
    counted: gates.Count,
    *,
    raised_by: Person | None = None,
    reason: str = "",
) -> Escalation:
    row = Escalation.objects.create(
        visit=queries.open_visit(deal),
        gate=gate,
        mandate=asked.mandate,
        role=asked.role,
        raised_by=raised_by,
        reason=reason,
        at=now(),
    )
    _ask_next(because, deal, row, asked, counted)
    return row


def _ask_next(
    because: Entry,
    deal: Deal,
    row: Escalation,
    asked: escalations.Question,
    counted: gates.Count,
    *,
    gone: Collection[UUID] = (),
    away: Collection[UUID] = (),
) -> bool:
    """Ask whoever is next on the ladder; False where nobody is left, and somebody is asked already. `gone`: who cannot be asked any more;
    `away`: who cannot for the time being, and whose deputy is asked, if there is one."""
    barred = {*gone, *(escalations.asked_before(row) - {*away})} | ({row.raised_by_id} if row.raised_by_id else set())
    candidate = next(escalations.ladder(deal, asked, counted.authority, barred), None)
    before = escalations.live(row)
    if candidate is None and before is not None and before.person_id not in {*gone, *away}:
        return False
    if before is not None:
        before.ended_at = now()
        before.save(update_fields=["ended_at"])
    one = Asking.objects.create(
        escalation=row,
        person=candidate.person if candidate else None,
        instead_of=candidate.instead_of if candidate else None,
        as_head=candidate.as_head if candidate else False,
        unit=candidate.unit if candidate else deal.unit,
        at=now(),
    )
    objects: dict[str, Any] = {"deal": deal, "escalation": row, "asking": [one] if before is None else [one, before]}
    objects |= {"asked": one.person} if one.person else {}
    objects |= {"represented": one.instead_of} if one.instead_of else {}
    name = "deals.decision_asked" if before is None else "deals.decision_climbed"
    name += "" if one.person else "_of_nobody"
    data = {"gate": words(row.gate), "mandate": words(row.mandate) if row.mandate else in_both(_("above every mandate"))}
    entry = record(name, by=process(f"{row.gate.version}/{row.gate.code}").because(because), objects=objects, scopes=[deal], data=data)
    if before is not None:
        clocks.cancel([before.pk], because=entry)
    if (level := book.in_force().serving(DECISION)) is not None:
        clocks.start("asking", [one.pk], level, unit=one.unit, because=entry, subjects=SUBJECTS["asking"]([one.pk]))
    return True


def end_escalation(by: Actor, deal: Deal, row: Escalation, outcome: str, *, person: Person | None = None, said: str = "") -> Entry:
    one = escalations.live(row)
    row.outcome, row.ended_at, row.ended_by, row.words = outcome, now(), person, said
    row.save(update_fields=["outcome", "ended_at", "ended_by", "words"])
    Asking.objects.filter(escalation=row, ended_at__isnull=True).update(ended_at=now())
    objects: dict[str, Any] = {"deal": deal, "escalation": row} | ({"asking": one} if one else {})
    data = {"gate": words(row.gate), "reason": said}
    entry = record(f"deals.decision_{outcome}", by=by, objects=objects, scopes=[deal], data=data)
    if one is not None:
        stop = clocks.meet if outcome in (Escalation.APPROVED, Escalation.REFUSED) else clocks.cancel
        stop([one.pk], because=entry)
    return entry


def answered(voted: Entry, by: Actor, deal: Deal, votes: list[Vote]) -> None:
    """Somebody has voted for the role of which the decision is asked: that is the answer, whoever was asked."""
    there = escalations.open_now(deal) if queries.gate_with_mandates(deal) is not None else None
    answer = next((vote for vote in votes if there is not None and vote.role_id == there.role_id), None)
    if there is not None and answer is not None:
        outcome = Escalation.APPROVED if answer.approves else Escalation.REFUSED
        end_escalation(by.because(voted), deal, there, outcome, person=answer.person, said=answer.reason)


@permissive("each part is decided by itself", lambda because, by, deal: None)
def lapse_beside(because: Entry, by: Actor, deal: Deal) -> None:
    """The deal is worth something else now: so is what the other open parts of it are judged by, and the votes there were about that.
    Whoever changes it holds them all (`hold_parts`)."""
    for other in wholes.judged_with(deal):
        part = queries.as_it_stands(other.pk)
        lapse_votes(by.because(because), part, _("what it was one deal with is worth something else now"))
        align(because, part)


def part_gone(because: Entry, by: Actor, deal: Deal) -> None:
    """The deal is closed, and counts no more in what the other open parts of it are judged by: as above. Nothing for one that was never
    split."""
    for other in wholes.open_parts(deal):
        part = queries.as_it_stands(other.pk)
        lapse_votes(by.because(because), part, _("what it was one deal with is closed"))
        align(because, part)


def leaving(deal: Deal) -> Escalation | None:
    """What is asked on the deal, read before it leaves its stage or process; no statement where no mandate stands there."""
    return escalations.open_now(deal) if queries.gate_with_mandates(deal) is not None else None


def left(there: Escalation | None, because: Entry, deal: Deal) -> None:
    """The deal has left the stage, or is closed, or follows another process: what was asked there is asked no more."""
    dissenting.close(because, deal)
    if there is not None:
        end_escalation(process("deals/escalation").because(because), deal, there, Escalation.MOVED)


@verb
def withdraw_escalation(*, by: Actor, deal: Deal, version: int, reason: str) -> Escalation:
    """Who works on the deal takes the question back, with a reason; a later vote of the team, or whoever asks anew, raises it again."""
    person = personally(by)
    deal = fresh(by, deal, version)
    there = escalations.open_now(deal)
    if there is None:
        raise Refusal("escalation.none", _("No decision is asked on this deal at present."), about=ref(deal), status=409)
    reason = text("reason", reason, most=REASON)
    end_escalation(by, deal, there, Escalation.WITHDRAWN, person=person, said=reason)
    return there


def climb_silent() -> int:
    """Where the time of whoever is asked has run out in silence, the next on the ladder is asked; returns how many. Where nobody is left it
    stays with the last, whose ladder goes on. A role of the team that was asked to vote is silent from then on.
    Nothing due is one look, without a transaction. For the worker."""
    due = _overdue()
    climbed = 0
    for deal_id, asking_id in due:
        with call():
            climbed += _climb(deal_id, asking_id)
    for deal_id, asked_id in dissenting.overdue():
        with call():
            if (silent := dissenting.silenced(deal_id, asked_id)) is not None:
                align(*silent)
                climbed += 1
    return climbed


def _overdue() -> list[tuple[UUID, UUID]]:
    late = Clock.objects.filter(kind="asking", stopped_at__isnull=True, paused_at__isnull=True, due_at__lte=now()).order_by("due_at", "pk")
    ids = list(late.values_list("object_id", flat=True)[:200])
    rows = Asking.objects.filter(queries.LIVE_ASKING, pk__in=ids, last_rung=False).order_by("at", "pk") if ids else Asking.objects.none()
    return list(rows.values_list("escalation__visit__deal_id", "pk"))


def _climb(
    deal_id: UUID, asking_id: UUID, *, gone: Collection[UUID] = (), away: Collection[UUID] = (), because: Entry | None = None
) -> bool:
    queries.lock(deal_id)
    there = Asking.objects.filter(queries.LIVE_ASKING, pk=asking_id)
    one = there.select_related("escalation__gate", "escalation__mandate", "escalation__role").first()
    deal = queries.as_it_stands(deal_id)
    gate = gates.gate_of(deal)
    if one is None or gate is None:
        return False
    counted = gates.count(deal, gate, policies.standing(deal))
    asked = escalations.Question(one.escalation.mandate, one.escalation.role)
    because = because or Entry.objects.filter(objects_touched__object_id=one.pk).order_by("-seq").first()
    assert because is not None, "whoever is asked was asked by an entry"
    if _ask_next(because, deal, one.escalation, asked, counted, gone=gone, away=away):
        return True
    there.update(last_rung=True)
    return False


def role_ended(because: Entry, person_id: UUID, role: str) -> None:
    """The person holds the role in some unit no more: what was asked of him or her as its holder is asked of whoever comes next."""
    rows = Asking.objects.filter(queries.LIVE_ASKING, person=person_id, escalation__role__code=role, as_head=False, instead_of__isnull=True)
    for deal_id, asking_id in list(rows.order_by("at", "pk").values_list("escalation__visit__deal_id", "pk")):
        if all(voter.pk != person_id for voter in queries.voters_now(queries.as_it_stands(deal_id), role)):
            _climb(deal_id, asking_id, gone=[person_id], because=because)


def ask_another(because: Entry, *, gone: Collection[UUID] = (), away: Collection[UUID] = (), deals: Collection[UUID] | None = None) -> None:
    """These people are away (their deputies are asked first), or gone: what is asked of them is asked of whoever comes next. A reaction.
    `deals`: of these alone; somebody in whose place a deputy is asked is gone as well there."""
    whom = Q(person__in=[*gone, *away])
    whom = whom if deals is None else (whom | Q(instead_of__in=gone)) & Q(escalation__visit__deal__in=deals)
    rows = Asking.objects.filter(queries.LIVE_ASKING, whom).order_by("at", "pk")
    for deal_id, asking_id in list(rows.values_list("escalation__visit__deal_id", "pk")):
        _climb(deal_id, asking_id, gone=gone, away=away, because=because)
