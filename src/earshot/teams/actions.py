"""Verbs on teams: form, nominate, accept, decline, release."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from earshot.journal.actions import record, verb
from earshot.journal.actors import Actor
from earshot.kit import now
from earshot.kit.engine import locks, written
from earshot.kit.problems import Refusal, forbidden, say, wrong
from earshot.kit.texts import text
from earshot.people.actors import personally
from earshot.people.models import Person, Unit
from earshot.people.queries import roles_of
from earshot.playbooks.models import SeatTemplate
from earshot.playbooks.queries import role_names
from earshot.teams.models import Acceptance, Membership, Seat, Team
from earshot.teams.policies import ONE_SEAT_EACH, standing
from earshot.teams.queries import may_nominate


def form_team(*, by: Actor, name: str, unit: Unit, seats: Iterable[SeatTemplate], leader: Person | None) -> Team:
    """A team with the seats of the template; part of the verb that the team is formed for. The leader is nominated to the leading
    seat, and sits in it at once where forming the team is his or her own act. None: nobody is asked, for what was closed before it
    came to us."""
    team = Team(name=name, unit=unit, formed_at=now())
    made = _seats(team, seats)
    written.insert([team])
    written.insert(made)
    objects: dict[str, Any] = {"team": team}
    if leader is not None:
        membership = Membership(seat=next(seat for seat in made if seat.leader), person=leader, nominated_at=now())
        written.insert([membership])
        objects |= {"leader": leader, "membership": membership}
        if by.is_personal and by.person_id == leader.pk:
            written.insert([Acceptance(membership=membership, at=now())])
    record("teams.team_formed", by=by, objects=objects, scopes=[team])
    return team


def form_team_like(*, by: Actor, first: Team, name: str) -> Team:
    """A team with the same seats as the first, and in each whoever sits there or is asked to; part of the verb that takes a part out of
    what the first serves. Who has accepted a seat there has accepted this work, so he or she sits here at once; who is only asked is
    asked here, too."""
    team = Team(name=name, unit=first.unit, formed_at=now())
    there = list(Seat.objects.filter(team=first).order_by("-leader", "pk"))
    made = {
        seat.pk: Seat(team=team, template=seat.template, role=seat.role, leader=seat.leader, why_zh=seat.why_zh, why_en=seat.why_en)
        for seat in there
    }
    live = list(Membership.objects.filter(seat__team=first, ended_at__isnull=True).select_related("person", "acceptance").order_by("pk"))
    kept = [Membership(seat=made[row.seat_id], person=row.person, nominated_at=now()) for row in live]
    written.insert([team])
    written.insert(list(made.values()))
    written.insert(kept)
    accepted = [one for one, row in zip(kept, live, strict=True) if hasattr(row, "acceptance")]
    written.insert([Acceptance(membership=one, at=now()) for one in accepted])
    objects: dict[str, Any] = {"team": team, "first": first, "membership": kept, "member": [one.person for one in accepted]}
    record("teams.team_carried_on", by=by, objects=objects, scopes=[team])
    return team


def offer_seats(*, by: Actor, team: Team, of: Team) -> list[Membership]:
    """Everybody who sits on `of` and not on `team` is asked to a seat for the same role there: an empty chair, else one more; part of the
    verb that makes one of what the two serve. One who holds the role no more is not asked."""
    there = Membership.objects.filter(seat__team=team, ended_at__isnull=True).values_list("seat_id", "person_id")
    taken, members = {seat for seat, _person in there}, {person for _seat, person in there}
    empty = [seat for seat in Seat.objects.filter(team=team, leader=False).order_by("pk") if seat.pk not in taken]
    asked = []
    sits = Membership.objects.filter(seat__team=of, ended_at__isnull=True, acceptance__isnull=False, person__left_at__isnull=True)
    for row in sits.select_related("seat", "person").order_by("pk"):
        if row.person_id in members or row.seat.role not in roles_of(row.person):
            continue
        members.add(row.person_id)
        seat = next((one for one in empty if one.role == row.seat.role), None)
        if seat is None:
            seat = Seat.objects.create(team=team, role=row.seat.role, why_zh=row.seat.why_zh, why_en=row.seat.why_en)
        else:
            empty.remove(seat)
        seat.team = team
        asked.append(_nominate(by, seat, row.person))
    return asked


def _seats(team: Team, template: Iterable[SeatTemplate]) -> list[Seat]:
    return [Seat(team=team, template=row.code, role=row.role.code, leader=row.leader, why_zh=row.zh, why_en=row.en) for row in template]


def add_seats(team: Team, template: Iterable[SeatTemplate]) -> list[Seat]:
    """Seats of the template as empty chairs; part of the verb that they are added by."""
    made = _seats(team, template)
    locks.hold(f"team:{team.pk}")
    written.insert(made)
    return made


@verb
def nominate(*, by: Actor, seat: Seat, person: Person) -> Membership:
    """Ask a person to take a seat; whoever leads the team, answers for what it serves, or heads the owning unit or one above may. It
    counts once accepted."""
    team = seat.team
    locks.hold(f"team:{team.pk}")
    _must_nominate(by, team)
    _fits(person, seat)
    return _nominate(by, seat, person)


def _must_nominate(by: Actor, team: Team) -> None:
    if by.is_personal and not may_nominate(personally(by), team):
        sentence = _("Only the leader of {team}, who answers for its deal, or a head above it names who sits there.")
        raise forbidden("team.not_leader", say(sentence, team=team.name))


def _fits(person: Person, seat: Seat) -> None:
    """Whether the person can be asked to take this seat; refused beside the field otherwise."""
    if person.left_at is not None:
        raise Refusal("team.person_left", say(_("{name} is no longer with the company."), name=person.name))
    if seat.role not in roles_of(person):
        role = role_names([seat.role])[seat.role]
        raise wrong("person", say(_("{name} does not hold the role {role} that this seat is for."), name=person.name, role=role))
    others = Membership.objects.filter(seat__team=seat.team_id, person=person, ended_at__isnull=True).exclude(seat=seat)
    if others.exists() and standing(seat.team).blocks(ONE_SEAT_EACH):
        raise wrong("person", say(_("{name} has a seat on this team already; one person does not sit on two chairs."), name=person.name))


def _nominate(by: Actor, seat: Seat, person: Person) -> Membership:
    try:
        with transaction.atomic():
            membership = Membership.objects.create(seat=seat, person=person, nominated_at=now())
    except IntegrityError:
        taken = Membership.objects.select_related("person").get(seat=seat, ended_at__isnull=True)
        raise Refusal("team.seat_taken", say(_("{name} has this seat already."), name=taken.person.name)) from None
    record("teams.nominated", by=by, objects={"membership": membership, "person": person, "team": seat.team}, scopes=[seat.team])
    return membership


@verb
def accept_seat(*, by: Actor, membership: Membership) -> Acceptance:
    """The nominated person's own act; nobody does it for another, and an import never does."""
    person = personally(by)
    membership = _mine_and_open(person, membership)
    if known := Acceptance.objects.filter(membership=membership).first():
        return known
    return _accept(by, membership)


def _accept(by: Actor, membership: Membership) -> Acceptance:
    acceptance = Acceptance.objects.create(membership=membership, at=now())
    team = membership.seat.team
    objects: dict[str, Any] = {"membership": membership, "person": membership.person, "team": team}
    record("teams.accepted", by=by, objects=objects, scopes=[team])
    return acceptance


@verb
def decline_seat(*, by: Actor, membership: Membership, reason: str) -> None:
    """A refusal of the person asked needs a reason; the seat is an empty chair again. Who has accepted releases the seat instead."""
    person = personally(by)
    membership = _mine_and_open(person, membership)
    if Acceptance.objects.filter(membership=membership).exists():
        sentence = _("You have accepted this seat, so you sit in it. Give it back with a reason instead of declining.")
        raise Refusal("team.accepted", sentence, status=409)
    _end(by, membership, reason, "teams.declined")


@verb
def release_seat(*, by: Actor, membership: Membership, reason: str, to: Person | None = None) -> Membership | None:
    """Whoever sits there gives the seat back, or whoever names people for the team frees it; with a reason, from now on. `to`: who
    is asked to take it next, in the same act; otherwise it is an empty chair. Returns the new nomination.

    An empty leading seat stands on the day of whoever answers for what the team serves until somebody is named."""
    someone = personally(by)
    membership = _open(membership)
    seat = membership.seat
    own = membership.person_id == someone.pk
    accepted = Acceptance.objects.filter(membership=membership).exists()
    if own and not accepted:
        raise Refusal("team.not_accepted", _("You have not accepted this seat. Accept it, or decline it with a reason."), status=409)
    if not own or to is not None:
        _must_nominate(by, seat.team)
    if to is not None:
        if to.pk == membership.person_id:
            raise wrong("person", say(_("{name} has this seat already."), name=to.name))
        _fits(to, seat)
    _end(by, membership, reason, "teams.left" if own else "teams.released", accepted=accepted)
    return _nominate(by, seat, to) if to is not None else None


def hand_lead(by: Actor, team: Team, former: Person, to: Person, reason: str) -> None:
    """Part of handing over what the team serves: if the former owner led it, the new one is asked to, as when a team is formed. One who
    sits on it already keeps that seat; the leading one is then an empty chair."""
    led = Membership.objects.filter(seat__team=team, seat__leader=True, person=former, ended_at__isnull=True).first()
    if led is None:
        return
    led = _open(led)
    _end(by, led, reason, "teams.released", accepted=Acceptance.objects.filter(membership=led).exists())
    if not Membership.objects.filter(seat__team=team, person=to, ended_at__isnull=True).exists():
        _nominate(by, led.seat, to)


def hand_seat(by: Actor, membership: Membership, to: Person, reason: str) -> bool:
    """Part of a hand-over: the seat is free of who sat there or was asked, and the successor is asked to take it. One who cannot, for want
    of the role or with a seat there already, leaves it an empty chair. Returns whether the successor was asked."""
    membership = _open(membership)
    seat, accepted = membership.seat, Acceptance.objects.filter(membership=membership).exists()
    _end(by, membership, reason, "teams.released", accepted=accepted)
    try:
        _fits(to, seat)
    except Refusal:
        return False
    _nominate(by, seat, to)
    return True


def _end(by: Actor, membership: Membership, reason: str, name: str, **data: Any) -> None:
    membership.end_reason = text("reason", reason, most=300)
    membership.ended_at = now()
    membership.save(update_fields=["end_reason", "ended_at"])
    team = membership.seat.team
    objects: dict[str, Any] = {"membership": membership, "person": membership.person, "team": team}
    record(name, by=by, objects=objects, scopes=[team], data={"reason": membership.end_reason, **data})


def _open(membership: Membership) -> Membership:
    """The nomination as it stands now, locked; refused when it has ended."""
    locks.hold(locks.POSTS)
    locks.hold(f"team:{membership.seat.team_id}")
    membership = Membership.objects.select_related("seat__team__unit", "person").get(pk=membership.pk)
    if membership.ended_at is not None:
        raise Refusal("team.ended", _("This nomination has ended."), status=409)
    return membership


def _mine_and_open(person: Person, membership: Membership) -> Membership:
    if membership.person_id != person.pk:
        raise forbidden("team.not_yours", _("A seat is accepted or declined by the person nominated to it, by nobody else."))
    return _open(membership)
