"""A pack while it is checked: the tables of all its parts, what there is to name outside of it, and what was found."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from earshot.kit.problems import say
from earshot.playbooks import conditions
from earshot.playbooks.findings import meant
from earshot.playbooks.models import PROCESS
from earshot.playbooks.parts.form import Tables, codes

TIER = "deal.tier"


@dataclass(frozen=True)
class Known:
    """What there is for a pack to name: codes of the company's units, addressees that wiring resolves, names of what a gate may ask, and
    the facts that its conditions may speak of. None: not checked. `followed`: stages of older processes that open deals still follow."""

    units: Collection[str] | None = None
    addressees: Collection[str] | None = None
    checks: Collection[str] | None = None
    facts: Mapping[str, conditions.Fact] | None = None
    followed: Collection[str] = ()


@dataclass(frozen=True)
class Reading:
    """`tables`: of each part, whose form is sound. `finds`: takes a finding: part, place inside its file, sentence."""

    tables: Mapping[str, Tables]
    known: Known
    finds: Callable[[str, str, Any], None]

    def codes(self, part: str, table: str) -> set[str]:
        return codes(self.tables[part][table])

    def names(self, part: str, table: str, column: str, known: Collection[str] | None, what: Any) -> None:
        """Each row of the table names in this column one of `known`, where it names anything. None: not checked."""
        if known is None:
            return
        for row in self.tables[part][table]:
            if column in row and row[column] not in known:
                hint = meant(row[column], known)
                sentence = say(_("no {what} has the code “{code}”{hint}"), what=what, code=row[column], hint=hint)
                self.finds(part, f"{table}/{row['code']}/{column}", sentence)

    def condition(self, part: str, place: str, source: str, *, lasting: bool = False, sizes: bool = True) -> None:
        """The condition can be read, and names no tier that there is not. `lasting`: it may speak only of what a deal is, not of what is
        done on it; `sizes` False: nor of its tier."""
        known = self.known.facts
        if known is None:
            return
        found = [fault.told() for fault in conditions.faults(source, known)]
        spoken = [] if found else conditions.spoken_of(source, known)
        tiers = codes(self.tables[PROCESS].get("tiers", []))
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
                    sentence = say(_("no tier has the code “{code}”{hint}"), code=code, hint=meant(code, tiers))
                    found.append(conditions.Fault(column, sentence).told())
        for sentence in found:
            self.finds(part, place, sentence)
