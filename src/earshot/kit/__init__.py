"""Plain Python without tables: now, ids, business time, refusals as data, money, and the engine-specific SQL."""

from earshot.kit.clock import now
from earshot.kit.ids import uuid7

__all__ = ["now", "uuid7"]
