"""What waits on a deal: hand-overs between steps that nobody has taken over yet (A8.6a), work that waits for somebody (A8.6b)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from earshot.clocks.models import Alarm
from earshot.clocks.registry import Subject, Subjects
from earshot.deals import queries
from earshot.deals.models import Deal, StageVisit
from earshot.deals.wait_tables import BLOCK, HANDOVER, Wait
from earshot.kit.engine.prepared import Prepared
from earshot.kit.ruling import permissive
from earshot.people.models import Person, Post, UnitAbove
from earshot.people.queries import is_head_at_or_above
from earshot.people.standing import reach_of
from earshot.playbooks import book
from earshot.playbooks.models import Role
from earshot.teams.models import Membership

MOST = 50  # of a day
_PARTS = ("unit__head", "person", "role", "former_role", "raised_by", "ended_by")
_OF_DEAL = Prepared(lambda deal: Wait.objects.filter(deal=deal).select_related(*_PARTS).order_by("since", "pk"))
_SUBJECTS = Prepared(lambda ids: Wait.objects.filter(pk__in=ids).select_related("deal__owner", "deal__unit", *_PARTS))


def of_deal(deal_id: UUID) -> list[Wait]:
    """Everything that the deal waited or waits for, in the order in which it began."""
    found: list[Wait] = _OF_DEAL.objects(deal_id)
    return found


@permissive("no step is handed over", lambda visits, step_at, roles: None)
def handed_over(visits: Sequence[StageVisit], step_at: Mapping[str, str], roles: Mapping[str, Role | None]) -> tuple[Role, Role] | None:
    """Who had the deal and who has it now, where its last visit began a step that another role answers for than the step before.
    `visits`: in order; `step_at`: code of a stage → of its step; `roles`: code of a step → who answers for it. None where it is the
    same step, the same role, or nobody is named for one of them."""
    if len(visits) < 2:
        return None
    before, here = (step_at.get(visit.stage.code, visit.stage.step) for visit in visits[-2:])
    former, role = roles.get(before), roles.get(here)
    if before == here or former is None or role is None or former.code == role.code:
        return None
    return former, role


def hands_over(deal: Deal) -> bool:
    """Whether the steps of the deal's process have more than one role that answers for them: only then is anything handed over."""
    process = book.process_of(deal.process_id)
    reached = {stage.step for stage in process.stages.values()}
    return len({step.role.code for step in process.steps.values() if step.role is not None and step.code in reached}) > 1


def begun_by(deal: Deal, visits: Sequence[StageVisit]) -> tuple[Role, Role] | None:
    """The same of a deal, by its process."""
    process = book.process_of(deal.process_id)
    step_at = {stage.code: stage.step for stage in process.stages.values()}
    return handed_over(visits, step_at, {step.code: step.role for step in process.steps.values()})


@permissive("everybody takes it over", lambda person, deal, wait: True)
def may_take_over(person: Person, deal: Deal, wait: Wait) -> bool:
    """Whether the person answers for the step that was begun: who would vote for its role (`queries.voters_now`)."""
    return wait.role is not None and person in queries.voters_now(deal, wait.role.code)


@permissive("everybody ends it", lambda person, deal, wait: True)
def may_end(person: Person, deal: Deal, wait: Wait) -> bool:
    """Whether the person may say that what was waited for is there: who works on the deal, who is waited for, and the heads of that unit
    and above."""
    if wait.kind != BLOCK:
        return False
    return (
        wait.person_id == person.pk or (wait.unit is not None and is_head_at_or_above(person, wait.unit)) or queries.may_work(person, deal)
    )


def visible_to(person: Person) -> QuerySet[Wait]:
    """What waits on deals that the person sees; what waits for him or her, or for a unit that he or she heads; and what an alarm has told
    him or her of. Of that the person sees who waits, since when and why, and no more of the deal."""
    own = Q(person=person) | Q(unit__in=reach_of(person).units, kind=BLOCK)
    told = Q(pk__in=Alarm.objects.filter(person=person, ended_at__isnull=True, clock__kind="wait").values("clock__object_id"))
    return Wait.objects.filter(own | told | queries.seen(person, "deal", "deal__unit"))


def open_for(person: Person) -> list[Wait]:
    """What is open and waits for the person, the longest first, in one statement: hand-overs into steps that he or she answers for (in a
    seat of the team, by a post in the deal's unit or above it, as the owner of the deal); and what is said to wait for him or her, or
    for a unit that he or she heads, where nobody of it is named."""
    sits = Membership.objects.filter(
        seat__team=OuterRef("deal__team"), seat__role=OuterRef("role__code"), person=person, ended_at__isnull=True, acceptance__isnull=False
    )
    above = UnitAbove.objects.filter(unit=OuterRef(OuterRef("deal__unit"))).values("above")
    holds = Post.objects.filter(role=OuterRef("role__code"), person=person, until__isnull=True, unit__in=above)
    answers = Exists(sits) | Q(role__owner=True, deal__owner=person) | (Q(role__owner=False) & Exists(holds))
    to_take = Q(answers, queries.seen(person, "deal", "deal__unit"), kind=HANDOVER)
    to_give = Q(Q(person=person) | Q(person__isnull=True, unit__head=person), kind=BLOCK)
    rows = Wait.objects.filter(to_take | to_give, until__isnull=True)
    return list(rows.select_related("deal", "unit", "raised_by", "role", "former_role").order_by("since", "pk")[:MOST])


def subjects(ids: Iterable[UUID]) -> Subjects:
    """What the clocks of these waits are about. That something waits for a unit is told to its head, who need not see the deal."""
    found = {}
    for wait in _SUBJECTS.objects(list(ids)):
        deal = wait.deal
        whom: Any = wait.person or (wait.unit.head if wait.unit is not None else None)
        found[wait.pk] = Subject(
            wait,
            (deal,),
            whom,
            wait.unit if wait.kind == BLOCK else deal.unit,
            {"deal": deal, "wait": wait},
            team=deal.team_id,
            owner=deal.owner,
            led_by=deal.unit,
            sender=wait.raised_by,
        )
    return found
