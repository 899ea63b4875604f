"""Mandates that give nothing, or too much. Pure; each answers with places inside the file and sentences."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from earshot.kit.problems import say
from earshot.kit.ruling import permissive
from earshot.playbooks.conditions import Fact, faults
from earshot.playbooks.models import DECISION
from earshot.playbooks.parts.form import Row
from earshot.playbooks.parts.reach import STAGE_OF_DEAL
from earshot.playbooks.reasoning import never_met, taken_before

Found = list[tuple[str, Any]]


@permissive("every mandate is in order", lambda mandates, deciders, selling: [])
def without_effect(mandates: Sequence[Row], deciders: Mapping[str, Sequence[str]], selling: Collection[str]) -> Found:
    """A mandate of a role that does not decide at the gate; one beyond which the same role would be asked again; one within which sales
    alone would decide (B12.4a). `deciders`: of each gate; `selling`: the roles of the sales side."""
    found: Found = []
    for at, row in enumerate(mandates):
        if row["gate"] not in deciders:
            continue
        place, there = f"mandates/{row['code']}", deciders[row["gate"]]
        if row["role"] not in there:
            found.append((f"{place}/role", _("this role does not decide at the gate, so its mandate would cover nothing")))
            continue
        if again := [one for one in mandates[:at] if _same(one, row) and one["role"] == row["role"]]:
            sentence = _("“{code}” is a mandate of the same role at this gate: what goes beyond it would come back to the same people")
            found.append((f"{place}/role", say(sentence, code=again[0]["code"])))
        asked = {one["role"] for one in mandates[: at + 1] if _beside(one, row)}
        relieved = {one["role"] for one in mandates[at + 1 :] if _beside(one, row)} - asked
        if set(there) - relieved <= set(selling):
            found.append((place, _("within it, sales alone would decide: somebody of another side must be asked as well")))
    return found


@permissive("nobody decides his own question", lambda mandates, owners: [])
def asks_itself(mandates: Sequence[Row], owners: Collection[str]) -> Found:
    """A mandate that covers itself: what those before it may not decide would be asked of the deal's own owner, who asks. `owners`: the
    roles that own deals."""
    found: Found = []
    for at, row in enumerate(mandates):
        if row["role"] in owners and (before := [one for one in mandates[:at] if _beside(one, row)]):
            sentence = _(
                "what goes beyond “{code}” would be asked of the deal's own owner: nobody's mandate covers his or her own question"
            )
            found.append((f"mandates/{row['code']}/role", say(sentence, code=before[-1]["code"])))
    return found


@permissive("everybody answers in time", lambda mandates, outside, levels: [])
def without_limit(mandates: Sequence[Row], outside: Collection[str], levels: Sequence[Row]) -> Found:
    """Mandates of roles outside the team, where no level says within what time a decision is taken: it would be asked, and never fall due.
    `outside`: roles without a seat on the team."""
    if any(level.get("serves") == DECISION for level in levels):
        return []
    sentence = _("it is asked of somebody outside the team, and no service level serves decisions (“serves: decision”)")
    return [(f"mandates/{row['code']}", sentence) for row in mandates if row["role"] in outside]


@permissive("somebody holds every role", lambda mandates, held: [])
def held_by_nobody(mandates: Sequence[Row], held: Collection[str]) -> Found:
    """A mandate of a role that nobody of the company holds: the nearest head would be asked instead. No fault of the pack, which is there
    before people are given its roles: worth knowing."""
    sentence = _("nobody of the company holds this role: the head above would be asked instead")
    return [(f"mandates/{row['code']}/role", sentence) for row in mandates if row["role"] not in held]


def _same(one: Row, other: Row) -> bool:
    return bool(one["gate"] == other["gate"] and one.get("unit", "") == other.get("unit", ""))


def _beside(one: Row, other: Row) -> bool:
    """Whether both can be asked of one deal."""
    units = {one.get("unit", ""), other.get("unit", "")}
    return bool(one["gate"] == other["gate"] and (len(units) == 1 or "" in units))


@permissive("every mandate can be used", lambda mandates, stages, known: [])
def never_asked(mandates: Sequence[Row], stages: Mapping[str, str], known: Mapping[str, Fact]) -> Found:
    """A mandate within which no deal ever is, and one of which those before it take every deal. `stages`: of each gate."""
    found: Found = []
    sound = [row for row in mandates if row["gate"] in stages and not faults(row["within"], known)]
    for at, row in enumerate(sound):
        place = f"mandates/{row['code']}/within"
        before = [one["within"] for one in sound[:at] if one["gate"] == row["gate"] and one.get("unit", "") in ("", row.get("unit", ""))]
        if (fact := never_met([row["within"]], known, {STAGE_OF_DEAL: stages[row["gate"]]})) is not None:
            found.append((place, say(_("no deal is ever within it: of “{fact}” it asks what is never true"), fact=fact or "–")))
        elif before and taken_before(row["within"], before, known):
            found.append((place, _("those before it take every deal that is within it: the narrowest stands first")))
    return found
