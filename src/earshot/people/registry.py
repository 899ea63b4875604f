"""Which roles and skills there are, asked of the room to the right that knows them; filled by `wiring`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from earshot.kit.registry import Registry

# Code of a role → its words, as {"zh-hans": …, "en": …}; None: there is none. A post of a role that nobody knows would be called, heard
# and counted nowhere.
ROLES: Registry[Callable[[str], Mapping[str, str] | None]] = Registry("knower of roles")
# → the codes of the skills that the company asks for anywhere. One that nobody asks for qualifies for nothing: it is a slip of the pen.
SKILLS: Registry[Callable[[], Collection[str]]] = Registry("knower of skills")
