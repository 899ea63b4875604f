"""Policy → whom it asks something on open deals: role, person and deal, in a fixed number of statements each."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from uuid import UUID

from django.db.models import Exists, OuterRef

from earshot.calls import policies as calls
from earshot.calls.queries import open_calls
from earshot.deals import policies as deals
from earshot.deals import queries as deal_queries
from earshot.deals.models import Deal
from earshot.people.models import Post, UnitAbove
from earshot.playbooks import book
from earshot.playbooks.policies import Policy
from earshot.teams import policies as teams
from earshot.teams.models import Membership, Seat
from earshot.voice import policies as voice
from earshot.voice.models import Ear, Hearing

Asked = Iterable[tuple[str, UUID | None, UUID]]


def hearers(ids: Collection[UUID]) -> Asked:
    """Who has yet to hear something, or would if somebody held the role."""
    heard = Hearing.objects.filter(item=OuterRef("item"), person=OuterRef("person"))
    ears = Ear.objects.filter(~Exists(heard), item__deal__in=ids, ended_at__isnull=True)
    return list(ears.values_list("role", "person", "item__deal").distinct())


def deciders(ids: Collection[UUID]) -> Asked:
    """Who may vote at the gate before each deal: holders of its roles in the unit or above it, and the owner for the role that owns."""
    found: list[tuple[str, UUID | None, UUID]] = []
    roles: dict[UUID, list[str]] = {}
    units: dict[UUID, UUID] = {}
    for pk, unit, process, stage, owner in Deal.objects.filter(pk__in=ids).values_list("pk", "unit", "process", "stage", "owner"):
        gate = getattr(book.process_of(process).stage(stage), "gate", None)
        for decider in gate.deciders.all() if gate is not None else ():
            if decider.role.owner:
                found.append((decider.role.code, owner, pk))
            else:
                roles.setdefault(pk, []).append(decider.role.code)
                units[pk] = unit
    above: dict[UUID, set[UUID]] = {}
    for unit, higher in UnitAbove.objects.filter(unit__in=set(units.values())).values_list("unit", "above"):
        above.setdefault(unit, set()).add(higher)
    deciding = {role for some in roles.values() for role in some}
    posts = list(Post.objects.filter(until__isnull=True, role__in=deciding).values_list("role", "unit", "person"))
    for pk, wanted in roles.items():
        for role in wanted:
            people = [person for held, unit, person in posts if held == role and unit in above.get(units[pk], ())]
            found += [(role, person, pk) for person in people] or [(role, None, pk)]
    return found


def empty_seats(ids: Collection[UUID]) -> Asked:
    """Who is asked to sit and has not accepted; where nobody is asked, nobody."""
    live = Membership.objects.filter(seat__team__deal__in=ids, ended_at__isnull=True).values_list("seat", "person", "acceptance")
    asked = {seat: (person, accepted) for seat, person, accepted in live}
    seats = Seat.objects.filter(team__deal__in=ids).values_list("pk", "role", "team__deal")
    return [(role, asked.get(pk, (None, None))[0], deal) for pk, role, deal in seats if asked.get(pk, (None, None))[1] is None]


def _seated(ids: Collection[UUID]) -> list[tuple[str, UUID, UUID]]:
    live = Membership.objects.filter(seat__team__deal__in=ids, ended_at__isnull=True, acceptance__isnull=False)
    return list(live.values_list("seat__role", "person", "seat__team__deal"))


def in_several_seats(ids: Collection[UUID]) -> Asked:
    """Who sits in more than one seat of the deal's team."""
    rows = _seated(ids)
    times: dict[tuple[UUID, UUID], int] = {}
    for _role, person, deal in rows:
        times[person, deal] = times.get((person, deal), 0) + 1
    return [row for row in rows if times[row[1], row[2]] > 1]


def alone(ids: Collection[UUID]) -> Asked:
    """Who owns a deal with fewer than two people on its team."""
    people: dict[UUID, set[UUID]] = {}
    for _role, person, deal in _seated(ids):
        people.setdefault(deal, set()).add(person)
    return [row for row in _owners(ids) if len(people.get(row[2], ())) < 2]


def past_their_date(ids: Collection[UUID]) -> Asked:
    return _owners(set(Deal.objects.filter(pk__in=ids, due__lt=deal_queries.today()).values_list("pk", flat=True)))


def _owners(ids: Collection[UUID]) -> list[tuple[str, UUID | None, UUID]]:
    rows = Deal.objects.filter(pk__in=ids).values_list("process", "owner", "pk")
    return [(next(code for code, role in book.process_of(process).roles.items() if role.owner), owner, pk) for process, owner, pk in rows]


def called(ids: Collection[UUID]) -> Asked:
    """Who answers for a call that is open."""
    return list(open_calls().filter(deal__in=ids).values_list("role", "accountable", "deal"))


ASKED: Mapping[Policy, Callable[[Collection[UUID]], Asked]] = {
    voice.HEARD_BEFORE_GATE: hearers,
    deals.HEARD_BEFORE_VOTE: deciders,
    deals.NOT_SALES_ALONE: deciders,
    deals.ONE_ROLE_A_VOTER: deciders,
    deals.APPROVAL_SAYS_WHY: deciders,
    deals.SEATS_TAKEN: empty_seats,
    deals.NOT_ALONE: alone,
    deals.WITHIN_DATE: past_their_date,
    teams.ONE_SEAT_EACH: in_several_seats,
    calls.QUALIFIED: called,
}
