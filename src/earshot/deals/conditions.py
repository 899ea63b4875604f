"""The conditions that a gate of the playbook puts on a deal, judged from the facts that the rooms provide."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import Count
from django.utils.translation import gettext_lazy as _

from earshot.deals.models import Deal, Unjudged
from earshot.deals.rules import Condition
from earshot.journal.kinds import ref
from earshot.journal.models import Entry
from earshot.kit import now
from earshot.kit.engine import written
from earshot.kit.problems import Line, say
from earshot.playbooks import conditions
from earshot.playbooks.conditions import Value
from earshot.playbooks.models import Gate, GateCondition
from earshot.playbooks.registry import FACTS, PROVIDERS

log = logging.getLogger(__name__)


def of_gate(deal: Deal, gate: Gate) -> list[Condition]:
    """One condition of the review for each that the gate asks. Not judged, because a fact is not known or the expression fails, is
    not met, and says which."""
    rows = sorted(gate.conditions.all(), key=lambda row: row.code)
    if not rows:
        return []
    facts = dict(FACTS.items())
    values = facts_of(deal, {name for row in rows for name in conditions.spoken_of(row.needs, facts)})
    return [_line(deal, row, conditions.judge(row.needs, facts, values)) for row in rows]


def facts_of(deal: Deal, names: Collection[str]) -> Mapping[str, Value]:
    """The values of these facts for the deal: only their groups are asked, and what a group gives as a function only where it is asked
    for. A group that breaks leaves its facts unknown."""
    found: dict[str, Value] = {}
    for group in sorted({FACTS[name].group for name in names}):
        wanted = [name for name in names if FACTS[name].group == group]
        # A savepoint where there is a transaction to protect; a page that only reads takes no lock for it, and what is read from the
        # deal itself asks the database nothing.
        asks = transaction.get_connection().in_atomic_block and not all(FACTS[name].lasting for name in wanted)
        try:
            with transaction.atomic() if asks else nullcontext():
                given = PROVIDERS[group](deal)
                asked = {name: given.get(name) for name in wanted}
                found |= {name: value() if callable(value) else value for name, value in asked.items()}
        except Exception:
            log.exception("the facts %s broke on %s", group, deal)
    return {name: found.get(name) for name in names}


def judged(deal: Deal, needs: str) -> conditions.Judgement:
    """How a condition of the playbook stands on the deal now."""
    facts = dict(FACTS.items())
    return conditions.judge(needs, facts, facts_of(deal, conditions.spoken_of(needs, facts)))


@dataclass(frozen=True)
class Trial:
    """A condition tried on a deal: what is wrong with it, or how it stands, with the values of the facts that it speaks of."""

    faults: list[conditions.Fault]
    judgement: conditions.Judgement | None = None
    values: Mapping[str, Value] = field(default_factory=dict)


def tried(deal: Deal, needs: str) -> Trial:
    """How a condition would stand on this deal now; nothing is written."""
    facts = dict(FACTS.items())
    if faults := conditions.faults(needs, facts):
        return Trial(faults)
    values = facts_of(deal, conditions.spoken_of(needs, facts))
    return Trial([], conditions.judge(needs, facts, values), values)


def note_unjudged(entry: Entry) -> None:
    """A reaction: a gate was tried, or the deal is over. What could not be evaluated there is an alarm to operations until it can be."""
    deal = entry.one("deal")
    wanted = set(entry.data.get("unjudged", ()))
    live = Unjudged.objects.filter(deal=deal, ended_at__isnull=True)
    if not wanted:
        live.update(ended_at=now())
        return
    known = set(live.values_list("name", flat=True))
    live.exclude(name__in=wanted).update(ended_at=now())
    written.insert([Unjudged(deal_id=deal, name=name, since=now()) for name in sorted(wanted - known)], unless_taken=True)


def unjudged() -> list[tuple[str, int]]:
    """What could not be evaluated at gates of open deals, with on how many of them, the most frequent first."""
    rows = Unjudged.objects.filter(ended_at__isnull=True).values_list("name").annotate(n=Count("pk"))
    return [(name, n) for name, n in rows.order_by("-n", "name")]


def _line(deal: Deal, row: GateCondition, judgement: conditions.Judgement) -> Condition:
    sentence: object = row  # read in the language of whoever reads it
    if judgement.met is None and not judgement.unknown:
        sentence = say(_("“{needs}” cannot be judged, so it counts as not met: {error}"), needs=row, error=judgement.failed)
        line = Line("gate.cannot_judge", sentence, about=ref(deal), who=_("sales operations"), judged=False)
        return Condition(None, line, name=row.code)
    if judgement.met is None:
        sentence = say(_("{needs}: not known yet ({facts})"), needs=row, facts=", ".join(judgement.unknown))
    wanting = [name for part in judgement.parts if part.met is not True for name in part.facts]
    act = next((FACTS[name].act for name in wanting if FACTS[name].act), "")
    code = "gate.condition_met" if judgement.met else "gate.condition_unmet"
    return Condition(judgement.met, Line(code, sentence, about=ref(deal), who=deal.owner.name, act=act, target=ref(deal), judged=True))
