"""Who acts: a person, the process (by which rule), an import batch, or a token on behalf of a person.

Every verb takes `by=` an actor. The actor carries the cause, the entry that led to the act, so that nothing is ambient.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from earshot.journal.models import Entry

PERSON, PROCESS, IMPORT, TOKEN = "person", "process", "import", "token"


@dataclass(frozen=True)
class Actor:
    """`person_id`: who is answerable (None for process and import). `agent_id`: the token or the import batch.
    `rule`: for the process, which rule in which version; for the command line's own acts, the command."""

    kind: str
    person_id: UUID | None = None
    agent_id: UUID | None = None
    rule: str = ""
    name: str = ""
    cause: Entry | None = None

    def because(self, entry: Entry) -> Actor:
        return replace(self, cause=entry)

    @property
    def is_personal(self) -> bool:
        """Whether an act of this actor is a person's own act: the process and an import never are (law 13)."""
        return self.kind in (PERSON, TOKEN)


def process(rule: str) -> Actor:
    """The process itself, by `rule`, for instance `triggers@2/sr-hears`."""
    return Actor(PROCESS, rule=rule)
