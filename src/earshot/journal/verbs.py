"""The verb registry: dotted names, each with its sentence. `journal.record` refuses a verb that is not in it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from earshot.kit.registry import Registry

VERBS: Registry[Any] = Registry("journal verb")
# Verbs that a timeline leaves out unless the whole record is asked for: what they say, the act beside them says to a reader in a hurry.
QUIET: set[str] = set()


def register(sentences: Mapping[str, Any], quiet: Collection[str] = ()) -> None:
    """Dotted name → lazy sentence with {parts} of the entry, {actor}, and the entry's data values as placeholders."""
    for name, sentence in sentences.items():
        VERBS.add(name, sentence)
    QUIET.update(quiet)
