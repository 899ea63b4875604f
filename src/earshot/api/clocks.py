"""How a clock is shown."""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypedDict

from earshot.api.fields import Moment, Named, moment, moment_or_none, named
from earshot.clocks.queries import Reading


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
        "measure": clock.measure,  # type: ignore[typeddict-item]
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
