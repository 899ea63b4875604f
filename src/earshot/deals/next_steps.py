"""What is done next on a deal: always with a person and a day, so that it is seen when it slips."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.db.models import OuterRef, Q, QuerySet, Subquery

from earshot.deals import queries
from earshot.deals.decisions import NextStep
from earshot.deals.models import Deal
from earshot.kit.engine.prepared import Prepared
from earshot.kit.ruling import permissive
from earshot.people.models import Person
from earshot.teams.queries import sitting

_SAID = Prepared(lambda deal: NextStep.objects.filter(deal=deal).select_related("doer", "person").order_by("-at", "-pk"))


def said(deal_id: UUID) -> list[NextStep]:
    """Every next step that was ever said of the deal, the newest first: that one counts."""
    found: list[NextStep] = _SAID.objects(deal_id)
    return found


def doers(deal: Deal) -> QuerySet[Person]:
    """Who can be named to do it: the deal's owner, and who sits on its team."""
    there = Q(pk=deal.owner_id) | Q(pk__in=sitting(deal.team_id).order_by().values("pk"))
    return Person.objects.filter(there, left_at__isnull=True).order_by("name", "pk")


@permissive("no step slips", lambda person: [])
def near(person: Person) -> list[NextStep]:
    """Next steps of open deals whose day is tomorrow at the latest, for whoever is to do them; once it has passed, for the deal's owner
    as well. Only of deals that the person sees."""
    last = NextStep.objects.filter(deal=OuterRef("deal")).order_by("-at", "-pk").values("pk")[:1]
    mine = Q(doer=person, due__lte=queries.today() + timedelta(days=1)) | Q(deal__owner=person, due__lt=queries.today())
    counts = NextStep.objects.filter(mine, queries.seen(person, "deal", "deal__unit"), deal__is_open=True, pk=Subquery(last))
    return list(counts.select_related("deal", "doer").order_by("due", "pk"))


def of_doer(person: Person) -> QuerySet[NextStep]:
    """The steps that the person is to do next on open deals, whether or not he or she sees them still."""
    last = NextStep.objects.filter(deal=OuterRef("deal")).order_by("-at", "-pk").values("pk")[:1]
    rows = NextStep.objects.filter(doer=person, deal__is_open=True, pk=Subquery(last))
    return rows.select_related("deal", "doer").order_by("due", "pk")
