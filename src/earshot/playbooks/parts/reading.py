"""A pack while it is checked: the tables of all its parts, what there is to name outside of it, and what was found."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext_lazy as _

from earshot.kit.problems import say
from earshot.playbooks import conditions
from earshot.playbooks.findings import meant
from earshot.playbooks.models import PROCESS
from earshot.playbooks.parts.form import Tables, codes
from earshot.playbooks.parts.waiting import ROOMS, Waiting
from earshot.playbooks.policies import Policy

TIER = "deal.tier"
# What a row of a table is called in a sentence.
TABLES = {
    "stages": _("stage"),
    "roles": _("role"),
    "categories": _("category"),
    "catalogue": _("support"),
    "services": _("type of service"),
    "specialties": _("specialty"),
}


@dataclass(frozen=True)
class Known:
    """What there is for a pack to name: codes of the company's units, addressees that wiring resolves, names of what a gate may ask, the
    facts that its conditions may speak of, the skills that somebody has, and the policies that some code reads. None: not checked.
    `followed`: stages of older processes that open deals still follow; `sizes`: their tiers. `held`: roles that somebody holds."""

    units: Collection[str] | None = None
    addressees: Collection[str] | None = None
    checks: Collection[str] | None = None
    facts: Mapping[str, conditions.Fact] | None = None
    skills: Collection[str] | None = None
    followed: Collection[str] = ()
    sizes: Collection[str] = ()
    policies: Mapping[str, Policy] | None = None
    held: Collection[str] | None = None


class Codes(set[str]):
    """Codes of the rows of a table. `waiting`: code → the room that the row waits for; those are not among the codes."""

    def __init__(self, found: Iterable[str], waiting: Mapping[str, str]) -> None:
        super().__init__(found)
        self.waiting = waiting


def unknown(what: Any, code: str, known: Collection[str]) -> Any:
    """That no row has this code: because nothing is called so, or because the row waits itself."""
    if isinstance(known, Codes) and code in known.waiting:
        sentence = _("the {what} “{code}” waits for {room}, which is not there yet, so nothing that is in force can name it")
        return say(sentence, what=what, code=code, room=ROOMS[known.waiting[code]])
    return say(_("no {what} has the code “{code}”{hint}"), what=what, code=code, hint=meant(code, known))


@dataclass(frozen=True)
class Reading:
    """`tables`: of each part whose form is sound, without the rows that wait; those are `waiting`. `finds`: takes a finding: part,
    place inside its file, sentence; `warns`: the same of what is worth knowing and refuses nothing. `settings`: what else stands at
    the top of each part."""

    tables: Mapping[str, Tables]
    known: Known
    finds: Callable[[str, str, Any], None]
    waiting: Collection[Waiting] = field(default=())
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    warns: Callable[[str, str, Any], None] = lambda part, place, sentence: None

    def codes(self, part: str, table: str) -> Codes:
        waits = {row.code: row.awaits for row in self.waiting if (row.part, row.table) == (part, table)}
        return Codes(codes(self.tables[part][table]), waits)

    def tell(self, part: str, found: Iterable[tuple[str, Any]]) -> None:
        """Findings of a rule: places inside the part's file, and sentences."""
        for place, sentence in found:
            self.finds(part, place, sentence)

    def warn(self, part: str, found: Iterable[tuple[str, Any]]) -> None:
        for place, sentence in found:
            self.warns(part, place, sentence)

    def stages(self) -> Codes:
        """The stages that a part in force by date may speak of: those of the process, and of older ones that open deals still follow."""
        found = self.codes(PROCESS, "stages")
        found |= set(self.known.followed)
        return found

    def refuse_idle_waiting(self) -> None:
        """A condition waits for a room because it asks for what only that room will know; one that asks for what is known today would only
        be switched off by it."""
        facts = self.known.facts
        for row in self.waiting if facts is not None else ():
            if row.needs and facts is not None and not conditions.faults(row.needs, facts) and conditions.spoken_of(row.needs, facts):
                asked = ", ".join(sorted(set(conditions.spoken_of(row.needs, facts))))
                sentence = _("it asks only for what is known already ({facts}), so it waits for nothing: leave “awaits” out")
                self.finds(row.part, row.place, say(sentence, facts=asked))

    def tiers(self, part: str) -> Codes:
        """The tiers that a condition of the part may name: those of the process, and for a part in force by date also those of older
        processes that open deals still follow."""
        found = self.codes(PROCESS, "tiers")
        if part != PROCESS:
            found |= set(self.known.sizes)
        return found

    def names(self, part: str, table: str, column: str, known: Collection[str] | None, what: Any) -> None:
        """Each row of the table names in this column one of `known`, where it names anything. None: not checked."""
        if known is None:
            return
        for row in self.tables[part].get(table, []):
            for number, code in enumerate(row[column] if isinstance(row.get(column), list) else ()):
                if code not in known:
                    self.finds(part, f"{table}/{row['code']}/{column}/{number}", unknown(what, code, known))
            if isinstance(row.get(column), str) and row[column] not in known:
                self.finds(part, f"{table}/{row['code']}/{column}", unknown(what, row[column], known))

    def condition(self, part: str, place: str, source: str, *, lasting: bool = False, sizes: bool = True) -> None:
        """The condition can be read, and names no tier that there is not. `lasting`: it may speak only of what a deal is, not of what is
        done on it; `sizes` False: nor of its tier."""
        known = self.known.facts
        if known is None:
            return
        found = [fault.told() for fault in conditions.faults(source, known)]
        spoken = [] if found else conditions.spoken_of(source, known)
        tiers = self.tiers(part)
        if lasting and (passing := [name for name in spoken if not known[name].lasting]):
            there = ", ".join(sorted(fact.name for fact in known.values() if fact.lasting and (sizes or fact.name != TIER)))
            sentence = _("“{name}” changes with what is done on a deal, and this must not; it may ask for: {known}")
            found.append(say(sentence, name=passing[0], known=there))
        if TIER in spoken and not sizes:
            found.append(say(_("a tier cannot ask for “{name}”, which it decides itself"), name=TIER))
        elif TIER in spoken and not tiers:
            found.append(say(_("the process has no tiers, so “{name}” is never known"), name=TIER))
        elif TIER in spoken:
            for column, code in conditions.compared(source, TIER):
                if code not in tiers:
                    found.append(conditions.Fault(column, unknown(_("tier"), code, tiers)).told())
        for name in spoken:
            if known[name].codes_of:
                found += self._misnamed(source, known[name])
        for sentence in found:
            self.finds(part, place, sentence)

    def _misnamed(self, source: str, fact: conditions.Fact) -> Iterator[Any]:
        """What the condition holds against a fact, and no row is called."""
        part, _slash, table = fact.codes_of.partition("/")
        there = self.codes(part, table)
        for column, code in conditions.compared(source, fact.name):
            if code not in there:
                yield conditions.Fault(column, unknown(TABLES[table], code, there)).told()
