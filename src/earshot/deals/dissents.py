"""A role of the team that is silent, or against, while the others decide: neither keeps the gate shut for ever (B8.2a).

Who is asked and silent beyond the limit is counted as silent; who is against is heard by a head above both, who settles it in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext_lazy as _

from earshot.clocks.registry import Subject, Subjects
from earshot.deals import queries
from earshot.deals.dissent_tables import GOES_ON, Dissent, VoteAsked
from earshot.deals.models import Deal, StageVisit
from earshot.journal.kinds import ref
from earshot.kit.engine.prepared import Prepared
from earshot.kit.problems import Refusal, missing, say
from earshot.kit.ruling import permissive
from earshot.people import absences
from earshot.people.models import Person, UnitAbove
from earshot.people.queries import heads_upwards
from earshot.teams.models import Membership

MOST = 100  # of a day
_WITH = ("role", "vote__person__unit", "vote__stands_for__unit", "settled_by", "stands_for")
_ASKED = Prepared(lambda visit: VoteAsked.objects.filter(visit=visit).select_related("role").order_by("at", "pk"))
_DISSENTS = Prepared(lambda visit: Dissent.objects.filter(visit=visit).select_related(*_WITH).order_by("at", "pk"))


@dataclass(frozen=True)
class Standing:
    """What the roles of a team were asked at a visit of a stage, and what was settled there, in the order in which it began."""

    votes: Sequence[VoteAsked] = ()
    dissents: Sequence[Dissent] = ()

    @property
    def asked(self) -> list[VoteAsked]:
        """Roles that are asked and have not voted, whether or not their time has run out."""
        return [one for one in self.votes if one.ended_at is None]

    @property
    def open(self) -> list[Dissent]:
        return [one for one in self.dissents if one.ended_at is None]

    @property
    def silent(self) -> dict[str, VoteAsked]:
        """Role → that its time ran out in silence."""
        return {one.role.code: one for one in self.asked if one.silent_at is not None}

    @property
    def settled(self) -> dict[str, Dissent]:
        """Role → that it is against, and a head has said that the deal goes on all the same."""
        return {one.role.code: one for one in self.dissents if one.outcome == GOES_ON and one.lapsed_at is None}


def at_visit(visit: StageVisit) -> Standing:
    """In two statements."""
    return Standing(_ASKED.objects(visit.pk), _DISSENTS.objects(visit.pk))


def of_deal(deal: Deal) -> Standing:
    """The same of every visit of the deal."""
    votes = VoteAsked.objects.filter(visit__deal=deal).select_related("role").order_by("at", "pk")
    dissents = Dissent.objects.filter(visit__deal=deal).select_related(*_WITH).order_by("at", "pk")
    return Standing(list(votes), list(dissents))


def settlers(deal: Deal, row: Dissent, above: Mapping[UUID, Sequence[Person]] | None = None) -> list[Person]:
    """The heads who may settle it, the nearest first: above the deal and above whoever is against, where their units have heads in
    common; else above the deal. Not whoever is against, and not the deal's owner. `above`: the heads above each unit, where they were read
    already for many."""
    unit = _unit_of(row) or deal.unit_id
    above = heads_upwards({deal.unit_id, unit}) if above is None else above
    own = [head for head in above.get(deal.unit_id, []) if _free(deal, row, head)]
    theirs = {head.pk for head in above.get(unit, [])}
    return list(dict.fromkeys([head for head in own if head.pk in theirs] or own))


def _unit_of(row: Dissent) -> UUID | None:
    return (row.vote.stands_for or row.vote.person).unit_id


def _free(deal: Deal, row: Dissent, person: Person) -> bool:
    return person.pk not in {row.vote.person_id, row.vote.stands_for_id, deal.owner_id}


def asked_of(deal: Deal, row: Dissent, above: Mapping[UUID, Sequence[Person]] | None = None) -> tuple[Person | None, Person | None]:
    """Who is to settle it now, and for whom: the nearest of these heads who is there, or whose deputy is and sees the deal. None: nobody
    is."""
    away, acting = absences.away_now(), absences.stand_ins()
    for head in settlers(deal, row, above):
        if head.pk not in away:
            return head, None
        deputy = acting.get(head.pk)
        if deputy is not None and _may_stand_in(deal, row, deputy):
            return deputy, head
    return None, None


def _may_stand_in(deal: Deal, row: Dissent, deputy: Person) -> bool:
    return _free(deal, row, deputy) and queries.visible_to(deputy).filter(pk=deal.pk).exists()


def open_of(deal: Deal, role: str) -> Dissent:
    """What the role is against on the deal now; refused where it is not."""
    row = Dissent.objects.filter(visit__deal=deal, role__code=role, ended_at__isnull=True).first()
    if row is None:
        raise Refusal("dissent.none", say(_("Nobody is against here as “{role}”."), role=role), about=ref(deal), status=404)
    return row


def of_id(deal: Deal, dissent_id: UUID) -> Dissent:
    """The one with this id on the deal, whether or not it is settled; refused where there is none."""
    row = Dissent.objects.filter(visit__deal=deal, pk=dissent_id).first()
    if row is None:
        raise missing()
    return row


@permissive("everybody settles it", lambda person, deal, row: (True, None))
def may_settle(person: Person, deal: Deal, row: Dissent) -> tuple[bool, Person | None]:
    """Whether the person may settle it, and for which head who is away."""
    heads = settlers(deal, row)
    if person in heads:
        return True, None
    acting = absences.stand_ins()
    head = next((head for head in heads if acting.get(head.pk) == person), None)
    return head is not None and _may_stand_in(deal, row, person), head


def to_settle(person: Person) -> list[Dissent]:
    """What the person is to settle now, the longest open first."""
    whose = [person.pk, *(head.pk for head in absences.represented_by(person))]
    above = UnitAbove.objects.filter(unit=OuterRef("visit__deal__unit"), above__head__in=whose)
    found = Dissent.objects.filter(Exists(above), ended_at__isnull=True)
    rows = list(found.select_related("visit__deal__owner", "visit__deal__unit", "visit__deal__account", *_WITH).order_by("at", "pk")[:MOST])
    heads = _heads_of(rows)
    return [row for row in rows if asked_of(row.visit.deal, row, heads)[0] == person]


def _heads_of(rows: Sequence[Dissent]) -> Mapping[UUID, Sequence[Person]]:
    units = {unit for row in rows for unit in (row.visit.deal.unit_id, _unit_of(row)) if unit is not None}
    return heads_upwards(units) if units else {}


def of_nobody() -> int:
    """How many voices against have no head above who could settle them."""
    rows = list(Dissent.objects.filter(ended_at__isnull=True).select_related("visit__deal", *_WITH).order_by("at", "pk")[:MOST])
    heads = _heads_of(rows)
    return sum(not settlers(row.visit.deal, row, heads) for row in rows)


def silent_on_deals_of(person: Person) -> list[VoteAsked]:
    """On the person's deals: roles whose time ran out in silence while the gate is still before the deal."""
    mine = VoteAsked.objects.filter(visit__deal__owner=person, silent_at__isnull=False, ended_at__isnull=True)
    return list(mine.select_related("visit__deal", "role").order_by("silent_at", "pk")[:MOST])


_PARTS = ("visit__deal__owner", "visit__deal__unit")
_VOTES_OF = Prepared(lambda ids: VoteAsked.objects.filter(pk__in=ids).select_related("role", *_PARTS))
_DISSENTS_OF = Prepared(lambda ids: Dissent.objects.filter(pk__in=ids).select_related(*_PARTS, *_WITH))
_SITTING = Prepared(
    lambda teams, roles: (
        Membership.objects.filter(seat__team__in=teams, seat__role__in=roles, ended_at__isnull=True, acceptance__isnull=False)
        .select_related("person__unit", "seat")
        .order_by("-acceptance__at", "pk")
    )
)


def subjects_of_votes(ids: Iterable[UUID]) -> Subjects:
    """What the clocks of these votes are about: the deal, and who is to vote."""
    rows = _VOTES_OF.objects(list(ids))
    seated = _SITTING.objects(sorted({row.visit.deal.team_id for row in rows}), sorted({row.role.code for row in rows})) if rows else []
    sits = {(one.seat.team_id, one.seat.role): one.person for one in seated}
    found = {}
    for row in rows:
        deal = row.visit.deal
        whom = deal.owner if row.role.owner else sits.get((deal.team_id, row.role.code))
        unit = whom.unit if whom is not None and whom.unit is not None else deal.unit
        parts = {"deal": deal, "vote_asked": row}
        found[row.pk] = Subject(row, (deal,), whom, unit, parts, team=deal.team_id, owner=deal.owner, led_by=deal.unit, sender=deal.owner)
    return found


def subjects_of_dissents(ids: Iterable[UUID]) -> Subjects:
    """What the clocks of these are about: the deal, and who is to settle it."""
    rows = _DISSENTS_OF.objects(list(ids))
    heads, away, found = _heads_of(rows), absences.away_now(), {}
    for row in rows:
        deal = row.visit.deal
        able = settlers(deal, row, heads)
        whom = next((head for head in able if head.pk not in away), able[0] if able else None)
        parts = {"deal": deal, "dissent": row}
        found[row.pk] = Subject(
            row, (deal,), whom, deal.unit, parts, team=deal.team_id, owner=deal.owner, led_by=deal.unit, sender=row.vote.person
        )
    return found
