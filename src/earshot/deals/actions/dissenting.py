"""Nobody of the team blocks by withholding (B8.2a): who has not voted is asked, with a limit; who is against is heard by a head."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from earshot.clocks import actions as clocks
from earshot.clocks.models import Clock
from earshot.deals import dissents, escalations, gates, policies, queries
from earshot.deals.actions.writing import words
from earshot.deals.dissent_tables import ANEW, GOES_ON, MOVED, STANDS, TAKEN_BACK, VOTED, Dissent, VoteAsked
from earshot.deals.models import Deal, StageVisit, Vote
from earshot.journal.actions import record
from earshot.journal.actors import process
from earshot.journal.models import Entry
from earshot.kit import now
from earshot.playbooks import book
from earshot.playbooks.models import DISSENT, VOTE, Gate, Role


def follow(because: Entry, deal: Deal) -> None:
    """After an act by which the votes at the gate stand otherwise: whoever of the team has not voted is asked as soon as others have begun
    to, and no more once they have; who is against is heard by a head, unless one has settled that already."""
    visit = queries.open_visit(deal)
    there = dissents.at_visit(visit)
    gate = gates.gate_of(deal)
    votes = queries.live_votes(visit)
    if gate is None or not (votes or there.asked or there.open):
        close(because, deal, there)
        return
    counted = gates.count(deal, gate, policies.standing(deal))
    cast = {ballot.role for ballot in counted.ballots if ballot.counts}
    begun = any(ballot.counts and ballot.approves for ballot in counted.ballots)
    of_team = [role for role in counted.roles if escalations.of_team(deal, role)]
    asked = {one.role.code: one for one in there.asked}
    for role in of_team:
        if begun and role.code not in cast and role.code not in asked and queries.voters_now(deal, role.code):
            ask(because, deal, visit, gate, role)
    _end_votes(because, deal, [one for code, one in asked.items() if not begun or code in cast], VOTED if begun else MOVED)
    live = {vote.pk for vote in votes if not vote.approves}
    _take_back(because, deal, [one for one in there.open if one.vote_id not in live])
    still = {one.role.code for one in there.open if one.vote_id in live}
    upheld = {one.vote_id for one in there.dissents if one.outcome == STANDS}
    theirs = {role.code for role in of_team}
    for vote, ballot in zip(counted.votes, counted.ballots, strict=True):
        code = ballot.role
        against = ballot.counts and not ballot.approves and vote.pk not in upheld
        if against and code in theirs and code not in still and code not in there.settled:
            still.add(code)
            hear(because, deal, visit, vote)


def ask(because: Entry, deal: Deal, visit: StageVisit, gate: Gate, role: Role) -> None:
    """Whoever holds the role is asked to vote, within the limit of the playbook; where none is set there, nobody is timed out."""
    if (level := book.in_force().serving(VOTE)) is None:
        return
    row = VoteAsked.objects.create(visit=visit, role=role, at=now())
    objects: dict[str, Any] = {"deal": deal, "vote_asked": row, "asked": list(queries.deciders_now(deal, role.code))}
    data = {"gate": words(gate), "role": words(role)}
    by = process(f"{gate.version}/{gate.code}").because(because)
    entry = record("deals.vote_asked", by=by, objects=objects, scopes=[deal], data=data)
    clocks.start("vote_asked", [row.pk], level, unit=deal.unit, because=entry)


def hear(because: Entry, deal: Deal, visit: StageVisit, vote: Vote) -> None:
    """Somebody is against: a head is to hear that and settle it."""
    row = Dissent.objects.create(visit=visit, vote=vote, role=vote.role, at=now())
    whom, _instead = dissents.asked_of(deal, row)
    objects: dict[str, Any] = {"deal": deal, "dissent": row, "voter": vote.person} | ({"asked": whom} if whom is not None else {})
    data = {"gate": words(vote.gate), "role": words(vote.role), "reason": vote.reason}
    name = "deals.dissent_heard" if whom is not None else "deals.dissent_of_nobody"
    by = process(f"{vote.gate.version}/{vote.gate.code}").because(because)
    entry = record(name, by=by, objects=objects, scopes=[deal], data=data)
    if (level := book.in_force().serving(DISSENT)) is not None:
        clocks.start("dissent", [row.pk], level, unit=whom.unit if whom is not None and whom.unit else deal.unit, because=entry)


def close(because: Entry, deal: Deal, there: dissents.Standing | None = None) -> None:
    """Nothing is asked there any more: the deal has left the stage, is closed, or no gate stands before it. Whoever has voted since, or
    taken it back, has done so."""
    there = there or dissents.Standing(
        list(VoteAsked.objects.filter(visit__deal=deal, ended_at__isnull=True).select_related("role")),
        list(Dissent.objects.filter(visit__deal=deal, ended_at__isnull=True).select_related("vote")),
    )
    if there.asked:
        live = Vote.objects.filter(visit__in={one.visit_id for one in there.asked}, replaced_at__isnull=True)
        cast = set(live.values_list("visit_id", "role__code"))
        _end_votes(because, deal, [one for one in there.asked if (one.visit_id, one.role.code) in cast], VOTED)
        _end_votes(because, deal, [one for one in there.asked if (one.visit_id, one.role.code) not in cast], MOVED)
    _take_back(because, deal, [one for one in there.open if one.vote.replaced_at is not None])
    if gone := [one.pk for one in there.open if one.vote.replaced_at is None]:
        Dissent.objects.filter(pk__in=gone).update(ended_at=now(), outcome=MOVED)
        clocks.cancel(gone, because=because)


def _end_votes(because: Entry, deal: Deal, rows: Sequence[VoteAsked], how: str) -> None:
    if ids := [row.pk for row in rows]:
        VoteAsked.objects.filter(pk__in=ids).update(ended_at=now(), ended=how)
        (clocks.meet if how == VOTED else clocks.cancel)(ids, because=because)


def _take_back(because: Entry, deal: Deal, rows: Sequence[Dissent]) -> None:
    if ids := [row.pk for row in rows]:
        Dissent.objects.filter(pk__in=ids).update(ended_at=now(), outcome=TAKEN_BACK)
        clocks.cancel(ids, because=because)


def ask_anew(entry: Entry, items: Mapping[UUID, UUID]) -> None:
    """A reaction: the customer has said something that votes wait for. Whoever was asked has the whole limit again; what a head has settled
    was settled on what was known before, and is heard anew. `items`: statement → its deal."""
    for deal_id in dict.fromkeys(items.values()):
        visits = StageVisit.objects.filter(deal=deal_id, left_at__isnull=True)
        waiting = VoteAsked.objects.filter(visit__in=visits, ended_at__isnull=True)
        settled = Dissent.objects.filter(visit__in=visits, outcome=GOES_ON, lapsed_at__isnull=True)
        if not (waiting.exists() or settled.exists()):
            continue
        queries.lock(deal_id)
        deal = queries.as_it_stands(deal_id)
        gate, visit = gates.gate_of(deal), queries.open_visit(deal)
        voters = list({vote.person_id: vote.person for vote in queries.live_votes(visit)}.values())
        missing = {line.about.id for lines in gates.not_ready(deal, voters).values() for line in lines if line.about is not None}
        if gate is None or not missing & set(items):
            continue
        rows, lapsed = list(waiting.select_related("role")), list(settled.select_related("vote__gate", "vote__role", "vote__person"))
        _end_votes(entry, deal, rows, ANEW)
        for row in rows:
            ask(entry, deal, visit, gate, row.role)
        Dissent.objects.filter(pk__in=[one.pk for one in lapsed]).update(lapsed_at=now())
        for one in lapsed:
            if one.vote.replaced_at is None:
                hear(entry, deal, visit, one.vote)


def overdue() -> list[tuple[UUID, UUID]]:
    """Deal and vote asked, where the time has run out in silence. Nothing due is one look."""
    late = Clock.objects.filter(kind="vote_asked", stopped_at__isnull=True, paused_at__isnull=True, due_at__lte=now())
    ids = list(late.order_by("due_at", "pk").values_list("object_id", flat=True)[:1000])
    rows = VoteAsked.objects.filter(pk__in=ids, ended_at__isnull=True, silent_at__isnull=True) if ids else VoteAsked.objects.none()
    return list(rows.order_by("at", "pk").values_list("visit__deal_id", "pk")[:200])


def silenced(deal_id: UUID, asked_id: UUID) -> tuple[Entry, Deal] | None:
    """The role's time has run out: its silence keeps the gate shut no longer, and the record says so. None: it has voted meanwhile."""
    queries.lock(deal_id)
    row = VoteAsked.objects.filter(pk=asked_id, ended_at__isnull=True, silent_at__isnull=True).select_related("role").first()
    if row is None:
        return None
    deal = queries.as_it_stands(deal_id)
    row.silent_at = now()
    row.save(update_fields=["silent_at"])
    asked = Entry.objects.filter(objects_touched__object_id=row.pk).order_by("-seq").first()
    assert asked is not None, "whoever is asked was asked by an entry"
    data = {"role": words(row.role)}
    by = process("deals/votes").because(asked)
    return record("deals.vote_silent", by=by, objects={"deal": deal, "vote_asked": row}, scopes=[deal], data=data), deal
