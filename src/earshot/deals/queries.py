"""Reads on deals."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import BooleanField, Case, Count, F, Q, QuerySet, Value, When
from django.utils import timezone

from earshot.accounts.models import Account
from earshot.accounts.queries import containing as containing_accounts
from earshot.deals.models import Asking, Closing, Deal, GatePass, StageVisit, Vote
from earshot.deals.permits import SEE_ALL
from earshot.journal.models import Entry
from earshot.kit import now
from earshot.kit.engine import locks
from earshot.kit.engine.prepared import Prepared, grouped
from earshot.kit.reading import once
from earshot.kit.ruling import permissive
from earshot.people.absences import represented_by, stand_ins
from earshot.people.models import Person, Post, UnitAbove
from earshot.people.queries import heads_upwards, is_head_at_or_above
from earshot.people.standing import reach_of, seen_by
from earshot.playbooks import book
from earshot.playbooks.models import WON, Decider, Gate, Role, Stage, Tier
from earshot.teams.models import Seat, Team
from earshot.teams.queries import sits, sitting, without_leader


@permissive("everybody sees every deal", lambda person: Deal.objects.all())
def visible_to(person: Person) -> QuerySet[Deal]:
    """The deals in which the person has standing."""
    return Deal.objects.filter(seen(person))


def open_to(person: Person) -> QuerySet[Deal]:
    """The open deals in which the person has standing. Of a head it is asked of each open deal: to gather what a head may see gathers all
    that ended over the years, too."""
    if not reach_of(person).units:
        return visible_to(person).filter(still_open())
    in_sight = Case(When(seen(person), then=Value(True)), default=Value(False), output_field=BooleanField())
    return Deal.objects.alias(in_sight=in_sight).filter(still_open(), in_sight=True)


def seen(person: Person, key: str = "pk", unit: str = "unit") -> Q:
    """The same as a condition on rows that point at a deal by `key`, its unit by `unit`."""
    return seen_by(person, "deal", key=key, unit=unit, company=SEE_ALL)


def with_names(deals: QuerySet[Deal]) -> QuerySet[Deal]:
    """Everything that a list or a page of deals names, in the same statement."""
    return deals.select_related("account", "owner", "unit", "stage", "closing", "whole")


def containing(deals: QuerySet[Deal], words: str) -> QuerySet[Deal]:
    """Those whose title or number contains the words, or whose account is found by them; all where there are none."""
    words = words.strip()
    if not words:
        return deals
    customers = containing_accounts(Account.objects.all(), words).values("pk")
    return deals.filter(Q(title__icontains=words) | Q(number__icontains=words) | Q(account__in=customers))


def just_opened(person: Person, title: str, account: Account, owner: Person, since: datetime) -> Deal | None:
    """The owner's open deal of exactly this title for this account, if one was opened since then (a form that was sent again) and the
    person sees it."""
    same = visible_to(person).filter(still_open(), title=title, account=account, owner=owner, opened_at__gte=since)
    return same.order_by("opened_at").first()


def stages_followed() -> set[str]:
    """The codes of the stages of every process that an open deal follows."""
    followed = Deal.objects.filter(still_open()).order_by().values("process").distinct()
    return set(Stage.objects.filter(version__in=followed).values_list("code", flat=True))


def tiers_followed() -> set[str]:
    """The codes of the tiers of every process that an open deal follows."""
    followed = Deal.objects.filter(still_open()).order_by().values("process").distinct()
    return set(Tier.objects.filter(version__in=followed).values_list("code", flat=True))


def still_open() -> Q:
    """Condition on deals: neither won, lost, given up nor joined to another."""
    return Q(is_open=True)


def may_work(person: Person, deal: Deal) -> bool:
    """Whether the person may act on the deal: its owner, who sits on its team, or a head of its unit or one above."""
    return deal.owner_id == person.pk or sits(person, deal.team_id) or is_head_at_or_above(person, deal.unit)


def owners_of_team(team: Team) -> set[UUID]:
    """Who owns the deal that the team serves."""
    return set(Deal.objects.filter(team=team).values_list("owner_id", flat=True))


def leaderless(person: Person) -> list[Deal]:
    """Open deals without anybody to lead their team, for whom it falls to name somebody: their owner; once the owner has left the
    company, the nearest head."""
    empty = with_names(Deal.objects.filter(still_open(), without_leader("team")))
    mine = Q(owner=person) | Q(owner__left_at__isnull=False, unit__in=reach_of(person).units)
    found = list(empty.filter(mine).order_by("opened_at", "pk"))
    heads = heads_upwards({deal.unit_id for deal in found if deal.owner_id != person.pk})
    return [deal for deal in found if deal.owner_id == person.pk or person in heads.get(deal.unit_id, [])[:1]]


def today() -> date:
    """The day that it is for the company."""
    return timezone.localdate(now())


@permissive("no date is near", lambda person: [])
def near_their_date(person: Person) -> list[Deal]:
    """Open deals whose date is tomorrow at the latest, for their owner; once it has passed, for the nearest head as well (A17.2c)."""
    soon = Q(owner=person, due__lte=today() + timedelta(days=1)) | Q(unit__in=reach_of(person).units, due__lt=today())
    found = list(with_names(Deal.objects.filter(still_open(), soon)).order_by("due", "pk"))
    heads = heads_upwards({deal.unit_id for deal in found if deal.owner_id != person.pk})
    return [deal for deal in found if deal.owner_id == person.pk or person in heads.get(deal.unit_id, [])[:1]]


def open_under(versions: Collection[UUID]) -> dict[UUID, int]:
    """Version of the process → how many open deals still run under it."""
    running = Deal.objects.filter(process__in=versions, is_open=True).values_list("process").annotate(n=Count("pk"))
    return dict(running)


def lock(*deal_ids: UUID) -> None:
    """Whoever changes what the people of a deal must do, or what they decide on, goes one after the other from here to the end of
    the call: a vote and a critical statement, a person named and a duty to hear, never miss each other."""
    locks.hold(locks.POSTS, shared=True)
    locks.lock(Deal.objects.filter(pk__in=deal_ids))


_ROW = Prepared(lambda deal: Deal.objects.filter(pk=deal))


def row(deal_id: UUID) -> Deal:
    """The deal as it stands now with its stage, and nothing else beside it."""
    return _found(_ROW.one(deal_id), deal_id)


_AS_IT_STANDS = Prepared(lambda deal: Deal.objects.filter(pk=deal).select_related("unit", "owner", "account", "closing", "whole"))


def as_it_stands(deal_id: UUID) -> Deal:
    """The deal as it stands now, with everything that acts on it ask about."""
    return _found(_AS_IT_STANDS.one(deal_id), deal_id)


def _found(deal: Deal | None, deal_id: UUID) -> Deal:
    """What the playbook says about the deal is in memory: it is not asked for again."""
    if deal is None:
        raise Deal.DoesNotExist(deal_id)
    process = book.process_of(deal.process_id)
    deal.process, deal.stage = process.version, process.stage(deal.stage_id)
    return deal


_OPEN_VISIT = Prepared(lambda deal_id: StageVisit.objects.filter(deal=deal_id, left_at__isnull=True))


def open_visit(deal: Deal) -> StageVisit:
    visit: StageVisit | None = _OPEN_VISIT.one(deal.pk)
    if visit is None:
        raise StageVisit.DoesNotExist(f"{deal} stands in no stage")
    return visit


_VISITS = Prepared(lambda deal: StageVisit.objects.filter(deal=deal).select_related("stage").order_by("entered_at"))


@once
def _visits(deal_id: UUID) -> list[StageVisit]:
    return _VISITS.objects(deal_id)


def visits(deal: Deal) -> list[StageVisit]:
    """Every visit of the deal, in the order in which they began."""
    return _visits(deal.pk)


def following(deal: Deal) -> Stage | None:
    """The stage after the one in which the deal stands, past the steps that are not needed for it; None: leaving this one wins it."""
    stages = list(book.process_of(deal.process_id).stages.values())
    return next_in(stages, book.process_of(deal.process_id).stage(deal.stage_id), deal.steps_left_out)


@permissive("no step is left out", lambda stages, here, left_out: next((one for one in stages if one.position > here.position), None))
def next_in(stages: Sequence[Stage], here: Stage, left_out: Collection[str]) -> Stage | None:
    """The first of the stages, in order, after `here` whose step is not `left_out`."""
    return next((one for one in stages if one.position > here.position and one.step not in left_out), None)


@dataclass(frozen=True)
class PathStep:
    """A stage on the deal's path. `visit`: when it was entered last, if ever."""

    stage: Stage
    current: bool
    visit: StageVisit | None


def path(deal: Deal) -> list[PathStep]:
    """The stages of the deal's process with its visits, in one statement; what it passed under an older process too, by the code."""
    visits = {visit.stage.code: visit for visit in _visits(deal.pk)}
    stages = book.process_of(deal.process_id).stages.values()
    return [PathStep(stage, stage.pk == deal.stage_id, visits.get(stage.code)) for stage in stages]


_LIVE_VOTES = Prepared(
    lambda visits: (
        Vote.objects.filter(visit__in=visits, replaced_at__isnull=True).select_related("person", "role", "stands_for").order_by("at", "pk")
    )
)


def live_votes(visit: StageVisit) -> list[Vote]:
    return _LIVE_VOTES.objects([visit.pk])


def voters(deal: Deal, role_code: str) -> QuerySet[Person]:
    """Who may vote for a role at the deal's gate: who sits on its team in that role; for the role that owns deals, the deal's
    owner; for any other, holders of the role in the deal's unit or one above it. A colleague who owns other deals has no say."""
    return _voters(deal.team_id, deal.unit_id, deal.owner_id, role_code, owns=_owns(deal, role_code))


def _owns(deal: Deal, role_code: str) -> bool:
    role = book.process_of(deal.process_id).roles.get(role_code)
    return role is not None and role.owner


def _voters(team_id: UUID, unit_id: UUID, owner_id: UUID, role_code: str, owns: bool) -> QuerySet[Person]:
    may = Q(pk__in=sitting(team_id, role_code).values("pk"))
    if owns:
        may |= Q(pk=owner_id)
    else:
        above = UnitAbove.objects.filter(unit=unit_id).values("above")
        may |= Q(pk__in=Post.objects.filter(role=role_code, until__isnull=True, unit__in=above).values("person"))
    return Person.objects.filter(may, left_at__isnull=True).order_by("name", "pk")


_VOTERS = Prepared(_voters)


@once
def voters_now(deal: Deal, role_code: str) -> list[Person]:
    """The same people, by name, in one statement."""
    return _VOTERS.objects(deal.team_id, deal.unit_id, deal.owner_id, role_code, owns=_owns(deal, role_code))


_POSTS_IN = Prepared(
    lambda people, roles: Post.objects.filter(person__in=people, role__in=roles, until__isnull=True).values_list("person_id")
)


def sales_side(deal: Deal, people: Iterable[Person]) -> set[UUID]:
    """Those of the people who are of the sales side: the deal's owner, and who holds a post in a role that sells."""
    ids = {person.pk for person in people}
    return selling(deal.process_id, ids) | ({deal.owner_id} & ids)


def selling(process_id: UUID, people: Collection[UUID]) -> set[UUID]:
    """Those of the people who hold a post in a role that sells, as the process says."""
    roles = [role.code for role in book.process_of(process_id).roles.values() if role.sells]
    return {person for (person,) in _POSTS_IN.rows(sorted(people), roles)}


@permissive("everybody decides", lambda person, deal, gate: [row.role for row in gate.deciders.all()])
def roles_deciding(person: Person, deal: Deal, gate: Gate) -> list[Role]:
    """The roles of the gate's deciders for which this person may vote on this deal, for him- or herself or for somebody who is away."""
    return [row.role for row in gate.deciders.all() if person in deciders_now(deal, row.role.code)]


def gate_with_mandates(deal: Deal) -> Gate | None:
    """The gate of the stage in which the deal stands, where it has mandates; whether or not it stands for this deal. No statement."""
    gate = getattr(book.process_of(deal.process_id).stage(deal.stage_id), "gate", None)
    return gate if gate is not None and gate.mandates.all() else None


LIVE_ASKING = Q(ended_at__isnull=True, escalation__ended_at__isnull=True)
_ASKED_NOW = Prepared(
    lambda deal: Asking.objects.filter(LIVE_ASKING, escalation__visit__deal=deal).select_related(
        "escalation__role", "escalation__mandate", "person", "instead_of", "unit"
    )
)
_ASKED_AT = Prepared(lambda visit: Asking.objects.filter(escalation__visit=visit, person__isnull=False).select_related("escalation__role"))


@once
def asked_now(deal: Deal) -> Asking | None:
    """Of whom a decision outside the team's mandate is asked on the deal now."""
    found: Asking | None = _ASKED_NOW.one(deal.pk)
    return found


def asked_at(visit: StageVisit) -> list[Asking]:
    """Everybody of whom a decision was asked at this visit of the stage."""
    found: list[Asking] = _ASKED_AT.objects(visit.pk)
    return found


def deciders_now(deal: Deal, role_code: str) -> dict[Person, Person | None]:
    """Who may vote for a role at this moment → for whom: None for oneself. The deputy of somebody who is away votes for that person;
    whoever may vote for the role anyway does so for him- or herself, and never a second time for another."""
    own = voters_now(deal, role_code)
    found: dict[Person, Person | None] = dict.fromkeys(own)
    asked = asked_now(deal) if gate_with_mandates(deal) is not None else None
    if asked is not None and asked.person is not None and asked.escalation.role is not None and asked.escalation.role.code == role_code:
        found.setdefault(asked.person, asked.instead_of)
    acting = stand_ins() if own else {}
    for person in own:
        if (deputy := acting.get(person.pk)) is not None:
            found.setdefault(deputy, person)
    return found


_PASSES = Prepared(lambda deal: GatePass.objects.filter(visit__deal=deal).select_related("gate").order_by("-at", "-pk"))


def passes(deal: Deal) -> list[tuple[GatePass, list[Vote]]]:
    """The gates that the deal has passed, the last first, each with the votes that opened it, in two statements."""
    if not any(visit.left_at for visit in _visits(deal.pk)):
        return []
    rows: list[GatePass] = _PASSES.objects(deal.pk)
    votes = grouped(_LIVE_VOTES.objects([row.visit_id for row in rows]), "visit_id")
    return [(row, votes.get(row.visit_id, [])) for row in rows]


def votes_waiting_for(person: Person) -> list[tuple[str, QuerySet[Deal]]]:
    """Open deals at a gate where the person may vote and has not voted in this visit: one query by each post that decides
    somewhere, with its role, and one by the seats that the person sits in; and the same of each who is away and for whom the person decides
    meanwhile. They may overlap."""
    voted = Vote.objects.filter(person=person, replaced_at__isnull=True, visit__left_at__isnull=True).values("visit__deal")
    found = _waiting_for(person, voted)
    for somebody in represented_by(person):
        answered = Vote.objects.filter(person=somebody, replaced_at__isnull=True, visit__left_at__isnull=True).values("visit__deal")
        found += [(role, waiting.exclude(pk__in=answered)) for role, waiting in _waiting_for(somebody, voted)]
    return found


def _waiting_for(person: Person, voted: QuerySet[Any, Any]) -> list[tuple[str, QuerySet[Deal]]]:
    waiting = Deal.objects.filter(is_open=True).exclude(pk__in=voted)
    found = []
    deciding = Decider.objects.values("role__code")
    for role, unit in Post.objects.filter(person=person, until__isnull=True, role__in=deciding).values_list("role", "unit_id"):
        below = UnitAbove.objects.filter(above=unit).values("unit")
        at_gate = waiting.filter(stage__gate__deciders__role__code=role, stage__gate__deciders__role__owner=False, unit__in=below)
        found.append((role, at_gate))
    found.append(("", waiting.filter(owner=person, stage__gate__deciders__role__owner=True)))
    seats = Seat.objects.filter(memberships__person=person, memberships__ended_at__isnull=True, memberships__acceptance__isnull=False)
    if seats.filter(role__in=deciding).exists():
        found.append(("", waiting.filter(team__seats__in=seats, stage__gate__deciders__role__code=F("team__seats__role"))))
    return found


def changes_since(deal: Deal, version: int) -> QuerySet[Entry]:
    """The entries that raised the deal's version above `version`."""
    return Entry.objects.filter(objects_touched__object_id=deal.pk, data__version__gt=version).order_by("seq").distinct()


def won_before(deal: Deal) -> int:
    """How many other deals of the same account are won."""
    return Closing.objects.filter(outcome=WON, deal__account=deal.account_id).exclude(deal=deal.pk).count()
