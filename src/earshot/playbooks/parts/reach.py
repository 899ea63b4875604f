"""What a process can never come to: conditions that are never met, gates that never open, stages that are never reached. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from django.utils.translation import gettext_lazy as _

from earshot.kit.problems import say
from earshot.kit.ruling import permissive
from earshot.playbooks import models as rows
from earshot.playbooks.conditions import Fact, faults
from earshot.playbooks.parts.form import Row, Tables
from earshot.playbooks.reasoning import never_met, taken_before

Found = list[tuple[str, Any]]  # place inside the file, sentence
Facts = Mapping[str, Fact]
STAGE_OF_DEAL = "deal.stage"


@permissive("every gate opens, every stage is reached", lambda process, known: [])
def never_reached(process: Tables, known: Facts) -> Found:
    """Conditions at which a process comes to its end for every deal, with the stages behind."""
    found: Found = []
    stages = [row["code"] for row in process["stages"]]
    gates = {row["stage"]: row for row in reversed(process["gates"])}
    for at, stage in enumerate(process["stages"]):
        gate, behind = gates.get(stage["code"]), stages[at + 1 :]
        there = {STAGE_OF_DEAL: stage["code"]}
        entry = _never_together(f"stages/{stage['code']}/{rows.ENTRY}", stage.get(rows.ENTRY, []), known, {})
        found += [(place, _closed(_("no deal ever enters the stage"), why, stages[at:])) for place, why in entry]
        leaving = _never_together(f"stages/{stage['code']}/{rows.EXIT}", stage.get(rows.EXIT, []), known, there)
        found += [(place, _closed(_("no deal ever leaves the stage"), why, behind)) for place, why in leaving]
        if gate is not None:
            held = [{"code": "when", "needs": gate["when"]}] if "when" in gate else []
            opening = _never_together(f"gates/{gate['code']}/conditions", gate.get("conditions", []), known, there, held=held)
            found += [(place, _closed(_("the gate never opens"), why, behind)) for place, why in opening]
    return found


def _never_together(place: str, asked: Sequence[Row], known: Facts, given: Mapping[str, str], held: Sequence[Row] = ()) -> Found:
    """The first of the conditions that is never met, alone or beside one before it (or beside what holds anyway, `held`)."""
    before = [row for row in held if _sound(row["needs"], known) and never_met([row["needs"]], known, given) is None]
    for row in asked:
        if not _sound(row["needs"], known):
            continue
        at = f"{place}/{row['code']}/needs"
        if (fact := never_met([row["needs"]], known, given)) is not None:
            return [(at, _alone(fact))]
        for other in before:
            if (fact := never_met([other["needs"], row["needs"]], known, given)) is not None:
                sentence = _("it cannot be met together with “{other}”: of “{fact}” they ask what is never true at once")
                return [(at, say(sentence, other=other["code"], fact=fact))]
        before.append(row)
    if len(before) > 2 and (fact := never_met([row["needs"] for row in before], known, given)) is not None:
        return [(place, say(_("these conditions can never all be met: of “{fact}” they ask what is never true at once"), fact=fact))]
    return []


def _alone(fact: str) -> Any:
    if fact:
        return say(_("it is never met: of “{fact}” it asks what is never true"), fact=fact)
    return _("it is never met, whatever the facts are")


def _closed(what: Any, why: Any, stages: Sequence[str]) -> Any:
    if not stages:
        return say(_("{why}. So {what}."), why=why, what=what)
    return say(_("{why}. So {what}, and these stages are never reached: {stages}."), why=why, what=what, stages=", ".join(stages))


def _sound(source: str, known: Facts) -> bool:
    """Whether it can be read: what cannot is found, and said, elsewhere."""
    return not faults(source, known)


@permissive("every decider has a seat", lambda process, known: [])
def without_seat(process: Tables, known: Facts) -> Found:
    """Deciders who have a seat on the team for some deals only, as far as it cannot be shown that the gate stands for no others: there
    somebody must hold a post in the role, or the gate stays shut. A role without any seat is decided by posts alone, and meant so."""
    found: Found = []
    for gate in process["gates"]:
        for number, role in enumerate(gate["deciders"]):
            seats = [row for row in process["seats"] if row["role"] == role]
            whens = [row["when"] for row in seats if "when" in row]
            stands = gate.get("when", "true")
            if not seats or len(whens) < len(seats) or not all(_sound(source, known) for source in [stands, *whens]):
                continue
            if not taken_before(stands, whens, known):
                sentence = _(
                    "“{role}” has a seat only where “{when}”; for other deals somebody must hold a post in this role, or the gate "
                    "stays shut"
                )
                found.append((f"gates/{gate['code']}/deciders/{number}", say(sentence, role=role, when=" || ".join(whens))))
    return found


@permissive("every row can come true", lambda tables, known, given=None: [])
def never_true(tables: Mapping[str, Sequence[Row]], known: Facts, given: str = "") -> Found:
    """Rows of these tables whose `when` is never met. `given`: the column in which a row names the stage in which it is asked."""
    found: Found = []
    for table, rows_of in tables.items():
        for row in rows_of:
            there = {STAGE_OF_DEAL: row[given]} if given else {}
            if "when" in row and _sound(row["when"], known) and (fact := never_met([row["when"]], known, there)) is not None:
                found.append((f"{table}/{row['code']}/when", say(_("{why}. So this row is never used."), why=_alone(fact))))
    return found


@permissive("every tier takes something", lambda tiers, known: [])
def tiers_never_reached(tiers: Sequence[Row], known: Facts) -> Found:
    """Tiers of which every deal is taken by one before."""
    found: Found = []
    earlier: list[str] = []
    for row in tiers:
        if "when" not in row or not _sound(row["when"], known):
            continue
        if earlier and never_met([row["when"]], known) is None and taken_before(row["when"], earlier, known):
            sentence = _("the tiers before it take every deal that it would; the narrower tier stands first")
            found.append((f"tiers/{row['code']}/when", sentence))
        earlier.append(row["when"])
    return found


@permissive("any order will do", lambda stages, steps: [])
def steps_backwards(stages: Sequence[Row], steps: Sequence[str]) -> Found:
    """Stages whose step comes before the step of the stage in front of them. `steps`: their codes in order."""
    return list(_backwards(stages, steps))


def _backwards(stages: Sequence[Row], steps: Sequence[str]) -> Iterator[tuple[str, Any]]:
    known = [row for row in stages if str(row["step"]) in steps]
    for before, row in pairwise(known):
        if steps.index(str(row["step"])) < steps.index(str(before["step"])):
            sentence = _("the stages go back from step “{before}” (stage “{stage}”) to “{step}”: a deal goes through the steps in order")
            yield f"stages/{row['code']}/step", say(sentence, before=before["step"], stage=before["code"], step=row["step"])
