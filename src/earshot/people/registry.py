"""Whether a role exists, asked of the room to the right that knows them; filled by `wiring`."""

from __future__ import annotations

from collections.abc import Callable

from earshot.kit.registry import Registry

# Code of a role → whether there is one. A post of a role that nobody knows would be called, heard and counted nowhere.
ROLES: Registry[Callable[[str], bool]] = Registry("knower of roles")
