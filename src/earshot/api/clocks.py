"""How a clock is shown, and the clocks of a deal."""

from __future__ import annotations

from typing import Annotated, Literal

from ninja import Query, Router
from typing_extensions import TypedDict

from earshot.api import paging
from earshot.api.answers import read
from earshot.api.auth import Asked, me
from earshot.api.fields import AnyId, Coded, Id, Moment, Named, Page, Reference, moment, moment_or_none, named, reference_to
from earshot.clocks.queries import Ahead, Reading
from earshot.desk import clocks
from earshot.desk.finding import find

router = Router()


class PauseShown(TypedDict):
    """Who let the time stand still, since when, and why."""

    by: Named
    at: Moment
    reason: str


class ClockShown(TypedDict):
    """`left`: minutes of working time or of clock time, as `measure` says, negative when overdue, null once it has stopped
    and while it is paused.
    `provisional`: due beyond the last day whose holidays are published. `service_level`: the row of the playbook, with its version."""

    started_at: Moment
    due_at: Moment
    measure: Literal["working", "clock"]
    left: int | None
    overdue: bool
    provisional: bool
    stopped_at: Moment | None
    paused: PauseShown | None
    service_level: str


def clock_shown(reading: Reading | None) -> ClockShown | None:
    if reading is None:
        return None
    clock = reading.clock
    shown: ClockShown = {
        "started_at": moment(clock.started_at),
        "due_at": moment(clock.due_at),
        "measure": clock.measure,  # type: ignore[typeddict-item]  # one of those that the rules know
        "left": reading.left,
        "overdue": reading.overdue,
        "provisional": clock.provisional,
        "stopped_at": moment_or_none(clock.stopped_at),
        "paused": {"by": named(reading.pause.paused_by), "at": moment(reading.pause.paused_at), "reason": reading.pause.reason}
        if reading.pause
        else None,
        "service_level": clock.service_level,
    }
    return shown


class StepAhead(TypedDict):
    """What comes next. `at`: null while the time stands still. `addressee`: the name in the ladder; empty where the time runs out and
    nobody is told just then. `people`: whom it would tell if it fired now. `sentence`: the same in words."""

    step: str
    at: Moment | None
    addressee: str
    people: list[Named]
    sentence: str


class AlarmShown(TypedDict):
    """Whom a step has told. `seen_to_at`: when that person said that he or she sees to it."""

    step: str
    addressee: str
    person: Named
    at: Moment
    seen_to_at: Moment | None


class PauseThatWas(PauseShown):
    """`until` null: the time stands still now. `resumed_by` null: it did so until it was stopped."""

    until: Moment | None
    resumed_by: Named | None


class CourseShown(TypedDict):
    """A clock from its beginning to its end. `about`: the statement to be heard, the call to be answered, the message to be
    acknowledged, or the decision to be taken. `role` null: a message or a decision is asked of a person. `person`: who owes it; null:
    nobody holds the role. `limit`: minutes of the clock's measure. `next`: all that happens at the next step, the soonest; empty while it
    runs: nobody else will be told. `then`: the steps after it. `ended` null: it runs; `met`, `met_late`: done; `cancelled`: ended by
    decision, or passed on."""

    id: Id
    kind: Literal["ear", "call", "recipient", "asking", "risk", "wait", "vote_asked", "dissent", "giving_up_voice"]
    about: Reference
    role: Coded | None
    person: Named | None
    unit: Named | None
    limit: int
    clock: ClockShown
    next: list[StepAhead]
    then: list[StepAhead]
    told: list[AlarmShown]
    pauses: list[PauseThatWas]
    ended: Literal["met", "met_late", "cancelled"] | None


def _ahead(one: Ahead) -> StepAhead:
    return {
        "step": one.step.name,
        "at": moment_or_none(one.step.due_at),
        "addressee": one.step.addressee,
        "people": [named(person) for person in one.people],
        "sentence": str(clocks.next_in_words(one)),
    }


def _course(one: clocks.ClockOfDeal) -> CourseShown:
    run = one.course
    shown = clock_shown(run.reading)
    assert shown is not None
    return {
        "id": str(run.clock.pk),
        "kind": run.clock.kind,  # type: ignore[typeddict-item]  # one of those that the rules know
        "about": reference_to(one.what),
        "role": {"code": one.role, "name": one.role_name} if one.role else None,
        "person": named(one.person) if one.person else None,
        "unit": named(one.unit) if one.unit else None,
        "limit": run.clock.limit,
        "clock": shown,
        "next": [_ahead(one) for one in run.ahead],
        "then": [_ahead(one) for one in run.beyond],
        "told": [
            {
                "step": alarm.step.name,
                "addressee": alarm.step.addressee,
                "person": named(alarm.person),
                "at": moment(alarm.at),
                "seen_to_at": moment_or_none(alarm.seen_to_at),
            }
            for alarm in run.told
        ],
        "pauses": [
            {
                "by": named(pause.paused_by),
                "at": moment(pause.paused_at),
                "reason": pause.reason,
                "until": moment_or_none(pause.resumed_at),
                "resumed_by": named(pause.resumed_by) if pause.resumed_by else None,
            }
            for pause in run.pauses
        ],
        "ended": run.ended or None,  # type: ignore[typeddict-item]  # one of those that the rules know
    }


@router.get("/deals/{deal_id}/clocks", response=Page[CourseShown])
@read
def list_clocks_of_deal(
    request: Asked,
    deal_id: AnyId,
    ended: Annotated[bool, Query(description="Those that have run and ended instead, the last to end first.")] = False,
    cursor: paging.Cursor = None,
    limit: paging.Limit = paging.USUAL,
) -> Page[CourseShown]:
    """Everything that runs for the deal, what is due first comes first, and what stands still last: who owes what until when, and who
    hears of it next."""
    person = me(request)
    deal = find(person, "deal", deal_id)
    rows, order = (clocks.ended(person, deal), clocks.LATEST) if ended else (clocks.running(person, deal), clocks.SOONEST)
    found, after = paging.part(rows, order, cursor, limit)
    return {"items": [_course(one) for one in clocks.read(found)], "next": after}
