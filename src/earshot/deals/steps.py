"""In which step of its process a deal is, since when, who answers for it, what it needs to begin and when it is finished (A8.3a)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from django.utils.translation import gettext_lazy as _

from earshot.deals import gates, queries
from earshot.deals.models import Deal, StageVisit
from earshot.deals.step_tables import StepNotNeeded
from earshot.journal.kinds import ref
from earshot.kit.problems import Line, say
from earshot.kit.ruling import permissive
from earshot.people.models import Person
from earshot.people.queries import is_head_at_or_above
from earshot.playbooks import book
from earshot.playbooks.models import ENTRY, EXIT, Gate, Role, Stage, StageCondition, Step

State = Literal["behind", "here", "ahead", "without", "left_out"]
BEHIND: State = "behind"
HERE: State = "here"
AHEAD: State = "ahead"
WITHOUT: State = "without"
LEFT_OUT: State = "left_out"

Asked = Sequence[StageCondition | Gate]


@dataclass(frozen=True)
class StepOfDeal:
    """One step of the deal's way. `state`: behind, here, ahead, or without any stage of the process (yet). `since`: when it was begun the
    last time; `until`: when it was left last. None where it was not, as of a deal that came in the middle of the process. `role` None:
    the process names none. `people`: who answers for it now, by name; nobody for a step that the deal is not in. `begins`, `finished`:
    what is asked to come into its first stage, and to leave its stages. `not_needed`: who says that it is not needed for
    this deal, and why."""

    step: Step
    state: State
    since: datetime | None
    until: datetime | None
    role: Role | None
    people: Sequence[Person]
    begins: Asked
    finished: Asked
    not_needed: StepNotNeeded | None = None


def way(deal: Deal) -> list[StepOfDeal]:
    """The steps of the deal's process, in order; visits and who answers are a statement each. A closed deal is in none."""
    process, closed = book.process_of(deal.process_id), hasattr(deal, "closing")
    stages = list(process.stages.values())
    visits = queries.visits(deal)
    step_at = {stage.code: stage.step for stage in stages}
    here = "" if closed else step_at[process.stage(deal.stage_id).code]
    order = list(process.steps)
    left_out = not_needed(deal) if deal.left_out else {}
    found = []
    for step in process.steps.values():
        own = [stage for stage in stages if stage.step == step.code]
        since, until = spent(visits, step_at, step.code)
        ahead = order.index(step.code) > order.index(here) if here else since is None
        state = HERE if step.code == here else WITHOUT if not own else AHEAD if ahead else BEHIND
        state = LEFT_OUT if step.code in left_out else state
        before = [stage for stage in stages if own and stage.position < own[0].position][-1:]
        found.append(
            StepOfDeal(
                step=step,
                state=state,
                since=since,
                until=None if state == HERE else until,
                role=step.role,
                people=queries.voters_now(deal, step.role.code) if state == HERE and step.role else [],
                begins=[*_to_leave(deal, before), *_conditions(own[:1], ENTRY)],
                finished=_to_leave(deal, own),
                not_needed=left_out.get(step.code),
            )
        )
    return found


def not_needed(deal: Deal) -> dict[str, StepNotNeeded]:
    """Code of a step → who says that it is not needed."""
    rows = StepNotNeeded.objects.filter(deal=deal, ended_at__isnull=True).select_related("person")
    return {row.step: row for row in rows}


def _stages_of(deal: Deal, step: Step) -> list[Stage]:
    return [stage for stage in book.process_of(deal.process_id).stages.values() if stage.step == step.code]


@permissive("every step may be left out", lambda deal, step: [])
def bars_leaving_out(deal: Deal, step: Step) -> list[Line]:
    """Why the step cannot be left out: it is the first or the last, the deal is in it or behind it, or it has a gate, whether that stands
    for the deal today or not."""
    stages, process = _stages_of(deal, step), book.process_of(deal.process_id)
    about, found = ref(deal), []
    every = list(process.stages.values())
    if not stages:
        return [Line("step.without", _("No stage of the process belongs to it, so there is nothing to leave out."), about=about)]
    if every[0] in stages or every[-1] in stages:
        found.append(Line("step.end", _("The first step and the last one are needed for every deal."), about=about))
    if stages[0].position <= process.stage(deal.stage_id).position:
        found.append(Line("step.begun", _("The deal is in it already, or has gone past it."), about=about))
    for stage in stages:
        if (gate := getattr(stage, "gate", None)) is not None:
            sentence = _("The gate “{gate}” stands in it: it is passed, or a head opens it at risk.")
            found.append(Line("step.gate", say(sentence, gate=gate), about=about))
    return found


def needed_there(deal: Deal) -> list[str]:
    """Of the steps that are left out: those that the process which the deal follows does not know, or that it does not let be left out. A
    step behind the deal stays as it was."""
    process = book.process_of(deal.process_id)
    ahead = process.stage(deal.stage_id).position
    found = []
    for code in deal.steps_left_out:
        step = process.steps.get(code)
        if step is None or (any(one.position > ahead for one in _stages_of(deal, step)) and bars_leaving_out(deal, step)):
            found.append(code)
    return found


def calls_in(deal: Deal, step: Step) -> bool:
    """Whether the process calls anybody in a stage of the step."""
    triggers = book.in_force().support.triggers
    return any(triggers.get(stage.code) for stage in _stages_of(deal, step))


@permissive("everybody leaves it out", lambda person, deal, step: True)
def may_leave_out(person: Person, deal: Deal, step: Step) -> bool:
    """Whether the person may say that the step is not needed: a head above the deal who is not its owner; where the process calls nobody in
    it, also who answers for it, or, where nobody does, who works on the deal."""
    if deal.owner_id != person.pk and is_head_at_or_above(person, deal.unit):
        return True
    if calls_in(deal, step):
        return False
    answers = queries.voters_now(deal, step.role.code) if step.role is not None else []
    return person in answers if answers else queries.may_work(person, deal)


@permissive("no step is ever begun", lambda visits, step_at, step: (None, None))
def spent(visits: Sequence[StageVisit], step_at: Mapping[str, str], step: str) -> tuple[datetime | None, datetime | None]:
    """Since when the step lasts, or lasted the last time, and until when. `visits`: in the order in which they began; `step_at`: code of
    a stage → of its step. Whoever goes on to another stage of the same step is in it still; whoever comes back begins it anew. A visit
    to a stage that the process has no more counts for the step that it belonged to then."""
    since = until = None
    inside = False
    for visit in visits:
        within = step_at.get(visit.stage.code, visit.stage.step) == step
        if within:
            since, until = since if inside else visit.entered_at, visit.left_at
        inside = within
    return since, until


def _conditions(stages: Sequence[Stage], at: str) -> list[StageCondition]:
    return [row for stage in stages for row in sorted(stage.conditions.all(), key=lambda row: row.code) if row.at == at]


def _to_leave(deal: Deal, stages: Sequence[Stage]) -> list[StageCondition | Gate]:
    """What is asked to leave each of the stages: its conditions, and its gate if that stands for the deal."""
    asked: list[StageCondition | Gate] = []
    for stage in stages:
        asked += _conditions([stage], EXIT)
        gate = getattr(stage, "gate", None)
        asked += [gate] if gate is not None and gates.stands(deal, gate) else []
    return asked


def asked_in_words(asked: StageCondition | Gate) -> Any:
    """What is asked, in a sentence."""
    return say(_("the gate “{gate}” has opened"), gate=asked) if isinstance(asked, Gate) else str(asked)


def kind_of(asked: StageCondition | Gate) -> Literal["condition", "gate"]:
    return "gate" if isinstance(asked, Gate) else "condition"
