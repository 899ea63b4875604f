"""Rows of which not both can be meant. Pure; each answers with places inside the file and sentences."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from earshot.clocks.rules import Rung
from earshot.kit.problems import say
from earshot.kit.ruling import permissive
from earshot.playbooks.parts.form import Row

Found = list[tuple[str, Any]]
LATEST = 10  # times the limit


def _pairs(rows: Sequence[Row], same: Callable[[Row], Hashable]) -> list[tuple[Row, Row]]:
    """Each row with the first one before it that is the same in this."""
    first: dict[Hashable, Row] = {}
    found = []
    for row in rows:
        if (before := first.setdefault(same(row), row)) is not row:
            found.append((before, row))
    return found


@permissive("nothing contradicts itself", lambda gates: [])
def two_gates(gates: Sequence[Row]) -> Found:
    sentence = _("the gate “{code}” stands at the end of this stage already; a stage ends with one gate")
    return [(f"gates/{row['code']}/stage", say(sentence, code=before["code"])) for before, row in _pairs(gates, lambda row: row["stage"])]


@permissive("nothing contradicts itself", lambda triggers, none_needed: [])
def calls_twice(triggers: Sequence[Row], none_needed: Sequence[Row]) -> Found:
    """A stage that calls for the same support twice, under the same condition or once without any; or says twice that it needs none."""
    found: Found = []
    seen: dict[tuple[str, str], list[Row]] = {}
    for row in triggers:
        before = seen.setdefault((row["stage"], row["support"]), [])
        if other := next((one for one in before if one.get("when") == row.get("when") or not (one.get("when") and row.get("when"))), None):
            sentence = _("“{code}” calls for this support at this stage already")
            found.append((f"triggers/{row['code']}/support", say(sentence, code=other["code"])))
        before.append(row)
    for other, row in _pairs(none_needed, lambda row: row["stage"]):
        found.append((f"none_needed/{row['code']}/stage", say(_("“{code}” says this of the stage already"), code=other["code"])))
    return found


@permissive("nothing contradicts itself", lambda hearers: [])
def heard_twice(hearers: Sequence[Row]) -> Found:
    found: Found = []
    for before, row in _pairs(hearers, lambda row: (row["category"], row["role"])):
        if row["service_level"] == before["service_level"]:
            sentence = _("“{code}” says already that this role hears this category")
            found.append((f"hearers/{row['code']}/role", say(sentence, code=before["code"])))
        else:
            sentence = _("it contradicts “{code}”: the same role hears the same category within “{other}”")
            found.append((f"hearers/{row['code']}/service_level", say(sentence, code=before["code"], other=before["service_level"])))
    return found


@permissive("any ladder will do", lambda level: [])
def ladder(level: Row) -> Found:
    """Steps out of order, steps that tell the same people at the same moment, steps so late that they tell nobody anything."""
    found: Found = []
    minutes, latest, told = level["minutes"], 0, set[tuple[str, int]]()
    for number, row in enumerate(level["ladder"]):
        place = f"levels/{level['code']}/ladder/{number}"
        after = Rung(row["name"], row["addressee"], row.get("share"), row.get("minutes")).after(minutes)
        if (row["addressee"], after) in told:
            found.append((place, say(_("“{name}” is told at this moment already"), name=row["addressee"])))
        elif after < latest:
            sentence = _(
                "the step “{name}” comes after {after} minutes, before the one above it ({latest}): a ladder stands in order of time"
            )
            found.append((place, say(sentence, name=row["name"], after=after, latest=latest)))
        elif after > LATEST * minutes:
            sentence = _("the step “{name}” comes after {after} minutes, more than {most} times the limit of {limit}")
            found.append((place, say(sentence, name=row["name"], after=after, most=LATEST, limit=minutes)))
        latest = max(latest, after)
        told.add((row["addressee"], after))
    return found
