"""Reads on deals."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, F, Q, QuerySet

from earshot.deals.models import Deal, StageVisit, Vote
from earshot.deals.permits import SEE_ALL
from earshot.journal.models import Entry
from earshot.people.models import Person, Post, UnitAbove
from earshot.people.queries import is_head_at_or_above
from earshot.people.standing import seen_by
from earshot.playbooks.models import Stage
from earshot.teams.queries import sitting


def visible_to(person: Person) -> QuerySet[Deal]:
    """The deals in which the person has standing."""
    return Deal.objects.filter(seen_by(person, "deal", company=SEE_ALL))


def with_names(deals: QuerySet[Deal]) -> QuerySet[Deal]:
    """Everything that a list or a page of deals names, in the same statement."""
    return deals.select_related("account", "owner", "unit", "stage", "closing")


def containing(deals: QuerySet[Deal], words: str) -> QuerySet[Deal]:
    """Those whose title, number or account's name contains the words; all where there are none."""
    words = words.strip()
    named = Q(title__icontains=words) | Q(number__icontains=words) | Q(account__name__icontains=words)
    return deals.filter(named) if words else deals


def may_work(person: Person, deal: Deal) -> bool:
    """Whether the person may act on the deal: its owner, who sits on its team, or a head of its unit or one above."""
    return deal.owner_id == person.pk or sitting(deal.team_id).filter(pk=person.pk).exists() or is_head_at_or_above(person, deal.unit)


def open_visit(deal: Deal) -> StageVisit:
    return StageVisit.objects.get(deal=deal, left_at__isnull=True)


@dataclass(frozen=True)
class PathStep:
    """A stage on the deal's path. `visit`: when it was entered last, if ever."""

    stage: Stage
    current: bool
    visit: StageVisit | None


def path(deal: Deal) -> list[PathStep]:
    """The stages of the deal's process with its visits, in two statements."""
    visits = {visit.stage_id: visit for visit in StageVisit.objects.filter(deal=deal).order_by("entered_at")}
    stages = Stage.objects.filter(version=deal.process_id).select_related("gate").order_by("position")
    return [PathStep(stage, stage.pk == deal.stage_id, visits.get(stage.pk)) for stage in stages]


def live_votes(visit: StageVisit) -> list[Vote]:
    return list(Vote.objects.filter(visit=visit, replaced_at__isnull=True).select_related("person", "role").order_by("at", "pk"))


def voters(deal: Deal, role_code: str) -> QuerySet[Person]:
    """Who may vote for a role at the deal's gate: holders of the role in the deal's unit or one above it, and who sits on its
    team in that role."""
    above = UnitAbove.objects.filter(unit=deal.unit_id).values("above")
    posts = Post.objects.filter(role=role_code, until__isnull=True, unit__in=above).values("person")
    seated = sitting(deal.team_id, role_code).values("pk")
    return Person.objects.filter(Q(pk__in=posts) | Q(pk__in=seated), left_at__isnull=True).order_by("name", "pk")


def votes_waiting_for(person: Person) -> QuerySet[Deal]:
    """Open deals at a gate where the person may vote by a post and has not voted in this visit."""
    posts = Post.objects.filter(person=person, until__isnull=True)
    waiting = Q(pk__in=[])
    for role, unit in posts.values_list("role", "unit_id"):
        below = UnitAbove.objects.filter(above=unit).values("unit")
        waiting |= Q(unit__in=below, stage__gate__deciders__role__code=role)
    waiting |= Q(
        team__seats__memberships__in=person.memberships.filter(ended_at__isnull=True, acceptance__isnull=False),
        stage__gate__deciders__role__code=F("team__seats__role"),
    )
    voted = Vote.objects.filter(person=person, replaced_at__isnull=True, visit__left_at__isnull=True).values("visit__deal")
    return Deal.objects.filter(waiting, closing__isnull=True).exclude(pk__in=voted).distinct()


def changes_since(deal: Deal, version: int) -> QuerySet[Entry]:
    """The entries that raised the deal's version above `version`."""
    return Entry.objects.filter(objects_touched__object_id=deal.pk, data__version__gt=version).order_by("seq").distinct()


def count_open_by_stage(deals: QuerySet[Deal]) -> dict[UUID, int]:
    return dict(deals.filter(closing__isnull=True).values_list("stage_id").annotate(n=Count("pk")))
