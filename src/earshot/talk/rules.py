"""Where a message stands for one of its recipients, pure."""

from __future__ import annotations

SENT, ACKNOWLEDGED, OVERDUE, ESCALATED, RELEASED = "sent", "acknowledged", "overdue", "escalated", "released"
STATES = [SENT, ACKNOWLEDGED, OVERDUE, ESCALATED, RELEASED]


def state(*, acknowledged: bool, released: bool, overdue: bool, escalated: bool) -> str:
    """`overdue`: the clock has run out; `escalated`: a step of its ladder beyond that has been told. Only the recipient's own act makes
    it acknowledged, however late; delivery never does."""
    if acknowledged:
        return ACKNOWLEDGED
    if released:
        return RELEASED
    return ESCALATED if overdue and escalated else OVERDUE if overdue else SENT
