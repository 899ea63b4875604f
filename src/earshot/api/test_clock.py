"""Moving the test clock: only where `EARSHOT_TEST_CLOCK=1`."""

from __future__ import annotations

from typing import Annotated

from ninja import Router
from pydantic import AwareDatetime, Field
from typing_extensions import TypedDict

from earshot.api.answers import Reply, read, write
from earshot.api.auth import Asked, actor
from earshot.api.fields import Body, Moment, moment
from earshot.clocks import test_clock
from earshot.kit import now

router = Router()


class TimeShown(TypedDict):
    """What "now" is for the whole installation."""

    now: Moment


class Setting(Body):
    to: AwareDatetime


class Advance(Body):
    minutes: Annotated[int, Field(ge=1, le=5_270_400)]


@router.get("/test-clock", response=TimeShown)
@read
def show_time(request: Asked) -> TimeShown:
    """What time it is."""
    test_clock.permit(actor(request))
    return {"now": moment(now())}


@router.put("/test-clock", response=TimeShown)
@write
def set_time(request: Asked, body: Setting) -> Reply:
    """Move "now"; time goes on from there, never back behind what has been recorded."""
    return Reply({"now": moment(test_clock.set_time(by=actor(request), to=body.to))})


@router.post("/test-clock/advances", response={201: TimeShown})
@write
def advance(request: Asked, body: Advance) -> Reply:
    """Move "now" forward."""
    return Reply({"now": moment(test_clock.advance(by=actor(request), minutes=body.minutes))}, 201)
