"""Kind of object → how it is talked about: who sees it, where it belongs, who answers for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from earshot.accounts import queries as accounts
from earshot.accounts.models import Account
from earshot.accounts.permits import SEE_ALL as ALL_ACCOUNTS
from earshot.calls import queries as calls
from earshot.calls.models import Call
from earshot.deals import leads
from earshot.deals import queries as deals
from earshot.deals.lead_tables import Lead
from earshot.deals.models import Deal
from earshot.deals.permits import SEE_ALL as ALL_DEALS
from earshot.desk.finding import FINDERS
from earshot.people.models import Person
from earshot.people.standing import Sight
from earshot.talk.registry import Place, Topic
from earshot.teams.models import Team
from earshot.voice import queries as voice
from earshot.voice.models import Item, Meeting

Places = Callable[[Iterable[UUID]], Mapping[UUID, Place]]


def _deal_sight(deal: Deal) -> Sight:
    return Sight("deal", deal.pk, deal.unit_id, ALL_DEALS)


def _of_deals(rows: QuerySet[Any], of: str, kind: str = "") -> Places:
    """Places of objects that belong to a deal. `of`: the way to it ("" is the deal itself); `kind`: of what is seen one by one."""
    there = f"{of}__" if of else ""
    named = rows.select_related(*filter(None, [of]), f"{there}unit", f"{there}owner", f"{there}team__unit")

    def places(ids: Iterable[UUID]) -> dict[UUID, Place]:
        found = {}
        for one in named.filter(pk__in=list(ids)):
            deal: Deal = getattr(one, of) if of else one
            own = (Sight(kind, one.pk, one.unit_id if kind == "call" else None),) if kind else ()
            scopes = (deal, one) if kind else (deal,)
            found[one.pk] = Place(one, scopes, (_deal_sight(deal), *own), deal.unit, deal.team, deal.owner)
        return found

    return places


def _accounts(ids: Iterable[UUID]) -> dict[UUID, Place]:
    rows = Account.objects.filter(pk__in=list(ids)).select_related("unit", "owner")
    return {one.pk: Place(one, (one,), (Sight("account", one.pk, one.unit_id, ALL_ACCOUNTS),), one.unit, None, one.owner) for one in rows}


def _leads(ids: Iterable[UUID]) -> dict[UUID, Place]:
    """A lead, which its owner answers for: seen by itself, by the heads of its unit, and by whoever sees all deals."""
    rows = Lead.objects.filter(pk__in=list(ids)).select_related("unit", "owner")
    return {one.pk: Place(one, (one,), (Sight("lead", one.pk, one.unit_id, ALL_DEALS),), one.unit, None, one.owner) for one in rows}


def _teams(ids: Iterable[UUID]) -> dict[UUID, Place]:
    """A team of a deal, which that deal's owner answers for."""
    teams = Team.objects.filter(pk__in=list(ids)).select_related("unit")
    owners = {deal.team_id: deal.owner for deal in Deal.objects.filter(team__in=[team.pk for team in teams]).select_related("owner")}
    return {team.pk: Place(team, (team,), (), team.unit, team, owners.get(team.pk)) for team in teams}


def _meetings(person: Person) -> QuerySet[Any]:
    return Meeting.objects.filter(deal__in=deals.visible_to(person).values("pk"))


TOPICS = {
    "deal": Topic(deals.visible_to, _of_deals(Deal.objects.all(), "")),
    "item": Topic(voice.visible_to, _of_deals(Item.objects.all(), "deal", "item")),
    "meeting": Topic(_meetings, _of_deals(Meeting.objects.all(), "deal")),
    "call": Topic(calls.visible_to, _of_deals(Call.objects.select_related("trigger__support"), "deal", "call")),
    "account": Topic(accounts.visible_to, _accounts),
    "lead": Topic(leads.visible_to, _leads),
    "team": Topic(FINDERS["team"], _teams, closed=True),
}
