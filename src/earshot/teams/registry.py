"""What a team serves, asked of the rooms to the right; filled by `wiring`."""

from __future__ import annotations

from collections.abc import Callable, Collection
from uuid import UUID

from earshot.kit.registry import Registry
from earshot.playbooks.policies import Standing
from earshot.teams.models import Team

# Team → who answers for what it serves. They name people too: a team whose leader has gone is nobody else's.
OWNERS: Registry[Callable[[Team], Collection[UUID]]] = Registry("owner of what a team serves")
# Team → the profile in which stands what it serves; None: it serves nothing of that room.
STANDINGS: Registry[Callable[[Team], Standing | None]] = Registry("profile of what a team serves")
