"""The conditions that the playbook puts on a deal, judged from the facts that the rooms provide."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from uuid import UUID

from django.db import transaction
from django.db.models import Count
from django.utils.translation import gettext_lazy as _

from earshot.deals.models import AT_GATE, ON_DEAL, Deal, Unjudged
from earshot.deals.rules import Condition
from earshot.journal.kinds import ref
from earshot.journal.models import Entry
from earshot.kit import now
from earshot.kit.engine import written
from earshot.kit.problems import Line, say
from earshot.kit.ruling import permissive
from earshot.playbooks import book, conditions
from earshot.playbooks.conditions import Value
from earshot.playbooks.models import ENTRY, EXIT, Gate, SeatTemplate, Stage, Tier, Trigger
from earshot.playbooks.queries import triggers
from earshot.playbooks.registry import FACTS, PROVIDERS

log = logging.getLogger(__name__)


def of_gate(deal: Deal, gate: Gate) -> list[Condition]:
    """One condition of the review for each that the gate asks. Not judged, because a fact is not known or the expression fails, is
    not met, and says which."""
    found = _each(deal, [(row.code, row.needs, row) for row in sorted(gate.conditions.all(), key=lambda row: row.code)])
    return [replace(one, part=f"gate-{one.part}", lasts=True) for one in found]


@permissive("nothing asked of stages", lambda deal, after: [])
def of_stages(deal: Deal, after: Stage | None) -> list[Condition]:
    """The same for what leaving the stage asks, and what coming into the next one does, `after` (None: the deal would be won)."""
    here = book.process_of(deal.process_id).stage(deal.stage_id)
    asked = [(row, say(_("To leave “{stage}”: {needs}"), stage=here, needs=row)) for row in here.conditions.all() if row.at == EXIT]
    if after is not None:
        entry = [row for row in after.conditions.all() if row.at == ENTRY]
        asked += [(row, say(_("To enter “{stage}”: {needs}"), stage=after, needs=row)) for row in entry]
    return _each(deal, [(row.code, row.needs, words) for row, words in asked])


def _each(deal: Deal, asked: Sequence[tuple[str, str, object]]) -> list[Condition]:
    """`asked`: of each condition its code, what it needs, and that in words."""
    if not asked:
        return []
    facts = dict(FACTS.items())
    values = facts_of(deal, {name for _code, needs, _words in asked for name in conditions.spoken_of(needs, facts)})
    return [_line(deal, code, words, _judge(needs, facts, values)) for code, needs, words in asked]


def of_standing(deal: Deal, gate: Gate, judgement: conditions.Judgement) -> list[Condition]:
    """A gate that stands for some deals only, and nobody can say whether this is one, stands and says so. That line itself bars
    nothing: else a deal would hang on it with no way out."""
    if judgement.met is not None:
        return []
    if judgement.unknown:
        facts = ", ".join(judgement.unknown)
        sentence = say(_("Whether the gate “{gate}” is for this deal is not known yet ({facts}), so it stands."), gate=gate, facts=facts)
        act = next((FACTS[name].act for name in judgement.unknown if FACTS[name].act), "")
        line = Line("gate.stands_unjudged", sentence, ref(deal), who=deal.owner.name, act=act, target=ref(deal), judged=False)
        return [Condition(None, line, warns=True)]
    sentence = _("Whether the gate “{gate}” is for this deal cannot be judged, so it stands: {error}")
    said = say(sentence, gate=gate, error=judgement.failed)
    line = Line("gate.stands_unjudged", said, about=ref(deal), who=_("sales operations"), judged=False)
    return [Condition(None, line, warns=True, name=gate.code)]


class Given(dict[str, Value]):
    """Values of facts. `broken`: those whose provider raised an error, which is something else than that they are not known yet."""

    broken: frozenset[str] = frozenset()


@permissive("what breaks is not known yet", conditions.judge)
def _judge(needs: str, facts: Mapping[str, conditions.Fact], values: Given) -> conditions.Judgement:
    """How the condition stands; where that hangs on a fact that broke, it cannot be judged, which is an alarm to operations and nothing
    that the deal's owner could mend."""
    judgement = conditions.judge(needs, facts, values)
    broken = sorted(values.broken & set(judgement.unknown))
    if judgement.met is not None or not broken:
        return judgement
    return replace(judgement, unknown=(), failed=say(_("these facts cannot be read: {facts}"), facts=", ".join(broken)))


def facts_of(deal: Deal, names: Collection[str]) -> Given:
    """The values of these facts for the deal: only their groups are asked, and what a group gives as a function only where it is asked
    for. A group that breaks leaves its facts unknown, and says so (`Given.broken`)."""
    found: dict[str, Value] = {}
    broken: set[str] = set()
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
            broken.update(wanted)
    given_ = Given({name: found.get(name) for name in names})
    given_.broken = frozenset(broken)
    return given_


def judged(deal: Deal, needs: str) -> conditions.Judgement:
    """How a condition of the playbook stands on the deal now."""
    facts = dict(FACTS.items())
    return _judge(needs, facts, facts_of(deal, conditions.spoken_of(needs, facts)))


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
    return Trial([], _judge(needs, facts, values), values)


def note_unjudged(entry: Entry) -> None:
    """A reaction: a gate was tried, a stage could not be left, or the deal is over. What could not be evaluated there is an alarm to
    operations until it can be."""
    _note(entry.one("deal"), AT_GATE, set(entry.data.get("unjudged", ())))


def end_unjudged(entry: Entry) -> None:
    """A reaction: the deal is over, and nothing is asked of it any more."""
    Unjudged.objects.filter(deal=entry.one("deal"), ended_at__isnull=True).update(ended_at=now())


def note_standing(deal: Deal, called: Sequence[Trigger]) -> None:
    """The deal entered a stage, changed, or follows another process. What narrows its size and seats, and the calls of its stage
    (`called`), and cannot be evaluated, is an alarm to operations; the call or seat that hangs on it is there all the same."""
    if narrowed(deal, called):
        _note(deal.pk, ON_DEAL, set(unjudged_on(deal, called)))


def _note(deal: UUID, where: str, wanted: set[str]) -> None:
    live = Unjudged.objects.filter(deal=deal, where=where, ended_at__isnull=True)
    if not wanted:
        live.update(ended_at=now())
        return
    known = set(live.values_list("name", flat=True))
    live.exclude(name__in=wanted).update(ended_at=now())
    new = [Unjudged(deal_id=deal, where=where, name=name, since=now()) for name in sorted(wanted - known)]
    written.insert(new, unless_taken=True)


def narrowed(deal: Deal, called: Sequence[Trigger] = ()) -> list[Tier | SeatTemplate | Trigger]:
    """The sizes and seats of the deal's process, and those of these calls, that have a condition of their own."""
    process = book.process_of(deal.process_id)
    rows: list[Tier | SeatTemplate | Trigger] = [*process.tiers.values(), *process.seats, *called]
    return [row for row in rows if row.when]


def unjudged_on(deal: Deal, called: Sequence[Trigger] | None = None) -> list[str]:
    """The codes of those that cannot be evaluated on the deal now; `called` None: with the calls of its stage. A call whose condition
    speaks of something that is not known is one of them: nobody but operations sees that it was called for want of knowledge. A size or
    seat that waits for a field is not."""
    rows = narrowed(deal, triggers(deal.stage.code) if called is None else called)
    found = [(row, judged(deal, row.when)) for row in rows]
    return [row.code for row, one in found if one.met is None and (isinstance(row, Trigger) or not one.unknown)]


def unjudged() -> list[tuple[str, str, int]]:
    """What could not be evaluated on open deals: its code, where (at a gate, or on the deal as it stands), and on how many of them; the
    most frequent first."""
    rows = Unjudged.objects.filter(ended_at__isnull=True).values_list("name", "where").annotate(n=Count("pk"))
    return [(name, where, n) for name, where, n in rows.order_by("-n", "name", "where")]


def _line(deal: Deal, code: str, words: object, judgement: conditions.Judgement) -> Condition:
    """`words`: read in the language of whoever reads them."""
    sentence = words
    if judgement.met is None and not judgement.unknown:
        sentence = say(_("“{needs}” cannot be judged, so it counts as not met: {error}"), needs=words, error=judgement.failed)
        line = Line("gate.cannot_judge", sentence, about=ref(deal), who=_("sales operations"), judged=False)
        return Condition(None, line, name=code, part=f"needs:{code}")
    if judgement.met is None:
        sentence = say(_("{needs}: not known yet ({facts})"), needs=words, facts=", ".join(judgement.unknown))
    wanting = [name for part in judgement.parts if part.met is not True for name in part.facts]
    act = next((FACTS[name].act for name in wanting if FACTS[name].act), "")
    stands = "gate.condition_met" if judgement.met else "gate.condition_unmet"
    line = Line(stands, sentence, about=ref(deal), who=deal.owner.name, act=act, target=ref(deal), judged=True)
    return Condition(judgement.met, line, part=f"needs:{code}")
