"""Of which size a deal is, by the tiers of its process: the first whose condition holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from earshot.deals.conditions import judged
from earshot.deals.models import Deal
from earshot.playbooks import book
from earshot.playbooks.models import Tier


@dataclass(frozen=True)
class Size:
    """`tier` None: the process has no tiers, or it cannot be said, because the condition of the tier `stuck` could not be judged:
    `unknown` facts are wanting, or, where there are none, it `failed`."""

    tier: Tier | None = None
    stuck: Tier | None = None
    unknown: Sequence[str] = ()
    failed: Any = ""


def size_of(deal: Deal) -> Size:
    """The size of the deal as it stands, from the deal and its account alone: no statement where both were read. A condition that
    cannot be judged hides every tier after it: whether one of those is the first that holds, nobody can say."""
    for tier in book.process_of(deal.process_id).tiers.values():
        if not tier.when:
            return Size(tier)
        judgement = judged(deal, tier.when)
        if judgement.met is None:
            return Size(None, tier, judgement.unknown, judgement.failed)
        if judgement.met:
            return Size(tier)
    return Size()
