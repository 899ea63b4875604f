"""What conditions and tables of a playbook may speak of, filled by `wiring.py`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from earshot.kit.registry import Registry

# Name → what a gate of the playbook may ask besides the laws; the room to the right says what a check takes and gives.
CHECKS: Registry[Callable[..., Any]] = Registry("gate check")
