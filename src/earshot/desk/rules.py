"""The colour of a line, pure: red is only "overdue, or blocks the next gate", amber only "due within a day", grey "not yet due"."""

from __future__ import annotations

from datetime import datetime, timedelta

RED, AMBER, GREY = "red", "amber", "grey"
ORDER = {RED: 0, AMBER: 1, GREY: 2}


def colour(now: datetime, due_at: datetime | None, *, blocks_next_gate: bool = False) -> str:
    if blocks_next_gate or (due_at is not None and now > due_at):
        return RED
    if due_at is not None and due_at - now <= timedelta(days=1):
        return AMBER
    return GREY
