"""Who acts for a role on a deal without sitting on its team, asked of the rooms to the right; filled by `wiring`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from earshot.deals.models import Deal
from earshot.kit.registry import Registry
from earshot.people.models import Person

# Deal → role → people, in one statement.
ACTING: Registry[Callable[[Deal], Mapping[str, Sequence[Person]]]] = Registry("reason to act for a role")
