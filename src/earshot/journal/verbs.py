"""The verb registry: dotted names, each with its sentence. `journal.record` refuses a verb that is not in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from earshot.kit.registry import Registry

VERBS: Registry[Any] = Registry("journal verb")


def register(sentences: Mapping[str, Any]) -> None:
    """Dotted name → lazy sentence with {parts} of the entry, {actor}, and the entry's data values as placeholders."""
    for name, sentence in sentences.items():
        VERBS.add(name, sentence)
