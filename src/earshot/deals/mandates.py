"""Who may decide at a gate without asking further up: the mandates of the playbook, judged on a deal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext_lazy as _

from earshot.deals import figures, queries, rules
from earshot.deals.conditions import facts_of
from earshot.deals.decisions import Figure
from earshot.deals.models import Asking, Deal
from earshot.deals.rules import Condition
from earshot.journal.kinds import ref
from earshot.kit.engine.prepared import Prepared
from earshot.kit.problems import Line, say
from earshot.people.models import Person, Unit
from earshot.playbooks import conditions
from earshot.playbooks.models import Gate, Mandate, Role
from earshot.playbooks.registry import FACTS
from earshot.teams.models import Seat


@dataclass(frozen=True)
class Authority:
    """How the mandates at a gate stand on a deal, in their order. `covers`: the one that the decision is within; `relieved`: codes of the
    roles that it makes unnecessary to ask."""

    judged: Sequence[tuple[Mandate, conditions.Judgement]] = ()
    covers: Mandate | None = None
    relieved: frozenset[str] = field(default_factory=frozenset)

    @property
    def unknown(self) -> list[str]:
        """The facts for want of which some mandate cannot be judged."""
        return list(dict.fromkeys(name for _row, one in self.judged if one.met is None for name in one.unknown))


_ABOVE = Prepared(lambda unit: Unit.objects.filter(belows__unit=unit).values_list("code"))


def authority(deal: Deal, gate: Gate, stated: Mapping[str, Figure] | None = None) -> Authority:
    """How the gate's mandates stand on the deal now. `stated`: the figures that count, where they were read already for many deals; then
    nothing else is asked of the database, and a mandate that speaks of more is taken as not judged."""
    rows = sorted(gate.mandates.all(), key=lambda row: row.position)
    if any(row.unit_code for row in rows):
        own = {code for (code,) in _ABOVE.rows(deal.unit_id)}
        rows = [row for row in rows if not row.unit_code or row.unit_code in own]
    if not rows:
        return Authority()
    facts = dict(FACTS.items())
    names = {name for row in rows for name in conditions.spoken_of(row.within, facts)}
    if stated is None:
        values = dict(facts_of(deal, names))
    else:
        values = dict.fromkeys(names) | dict(facts_of(deal, {name for name in names if facts[name].lasting}))
        values |= {name: figures.as_fact(row) for name, row in stated.items() if name in names}
    judged = [(row, conditions.judge(row.within, facts, values)) for row in rows]
    at, relieved = rules.covering([(row.role.code, one.met) for row, one in judged])
    return Authority(judged, None if at is None else rows[at], relieved)


def deciding(deal: Deal, gate: Gate) -> list[Role]:
    """The roles whose approval the gate needs for this deal, in the gate's order."""
    relieved = authority(deal, gate).relieved
    return [row.role for row in sorted(gate.deciders.all(), key=lambda row: row.pk) if row.role.code not in relieved]


def roles_of(person: Person, deal: Deal, gate: Gate) -> list[Role]:
    """The roles for which this person is asked to vote there."""
    asked = {role.code for role in deciding(deal, gate)}
    return [role for role in queries.roles_deciding(person, deal, gate) if role.code in asked]


def lines(deal: Deal, gate: Gate, stands: Authority, asking: Asking | None = None) -> list[Condition]:
    """What the review says of the mandates: which one covers the decision; that none does, which keeps the gate shut; or that nobody can
    say for want of figures, which bars nothing, because then everybody whom the gate names is asked. `asking`: of whom it is asked."""
    if not stands.judged:
        return []
    if (row := stands.covers) is not None:
        relieved = [one.role for one in sorted(gate.deciders.all(), key=lambda one: one.pk) if one.role.code in stands.relieved]
        said = say(_("Within the mandate “{mandate}”."), mandate=row)
        if relieved:
            roles = say(", ".join(f"{{r{at}}}" for at in range(len(relieved))), **{f"r{at}": one for at, one in enumerate(relieved)})
            said = say(_("Within the mandate “{mandate}”: {roles} need not be asked."), mandate=row, roles=roles)
        return [Condition(True, Line("gate.within_mandate", said, about=ref(deal), target=ref(deal)))]
    if unknown := stands.unknown:
        sentence = _("Whether this is within a mandate is not known yet ({facts}), so everybody who decides here is asked.")
        said = say(sentence, facts=", ".join(unknown))
        act = next((FACTS[name].act for name in unknown if FACTS[name].act), "")
        line = Line("gate.mandate_unknown", said, about=ref(deal), who=deal.owner.name, act=act, target=ref(deal), judged=False)
        return [Condition(None, line, warns=True)]
    if any(one.met is None for _row, one in stands.judged):
        name = next(row.code for row, one in stands.judged if one.met is None)
        said = say(_("The mandate “{name}” cannot be judged, so it covers nothing."), name=name)
        line = Line("gate.cannot_judge", said, about=ref(deal), who=_("sales operations"), judged=False)
        return [Condition(None, line, name=name)]
    widest = stands.judged[-1][0]
    said = say(_("Outside every mandate at this gate: “{mandate}” does not cover it either."), mandate=widest)
    who = asking.person if asking is not None and asking.person is not None else deal.owner
    line = Line("gate.outside_mandates", said, about=ref(deal), who=who.name, act="state_figures", target=ref(deal))
    return [Condition(False, line)]


def asking(role: str, waiting: Sequence[tuple[Deal, Gate]]) -> list[Deal]:
    """For lists: those of the deals at whose gate this role is asked, and not relieved by the mandate of another; the empty role always
    is. Where the mandate of this role covers what the team may not decide, one of its holders is asked in person, and only that one. Two
    statements for all of them, where any of these gates has mandates."""
    under = [deal for deal, gate in waiting if role and gate.mandates.all()]
    if not under:
        return [deal for deal, _gate in waiting]
    stated = figures.standing_of([deal.pk for deal in under])
    seated = set(Seat.objects.filter(team__in=[deal.team_id for deal in under], role=role).values_list("team_id", flat=True))
    found = []
    for deal, gate in waiting:
        stands = authority(deal, gate, stated.get(deal.pk, {}))
        in_person = stands.covers is not None and stands.covers.role.code == role and deal.team_id not in seated
        if role not in stands.relieved and not in_person:
            found.append(deal)
    return found
