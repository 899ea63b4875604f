"""Conditions of the playbook: the facts that they may speak of, trying one on a deal, and judging again what could not be judged."""

from __future__ import annotations

from typing import Annotated, Literal, cast

from ninja import Query, Router
from typing_extensions import TypedDict

from earshot.api.answers import Reply, read, write
from earshot.api.auth import Asked, actor, me
from earshot.api.fields import CLEAN, AnyId, Body, Code
from earshot.deals import actions
from earshot.deals.conditions import tried
from earshot.desk.finding import find
from earshot.playbooks.conditions import MOST_CHARACTERS, Value
from earshot.playbooks.registry import FACTS

router = Router()
Kind = Literal["whole number", "number", "text", "yes or no", "list of texts"]
FactValue = int | float | str | bool | list[str] | None


class FactShown(TypedDict):
    """Something that a condition may speak of. `unit`: of a number; empty where it has none."""

    name: str
    kind: Kind
    meaning: str
    unit: str


class Facts(TypedDict):
    items: list[FactShown]


class FaultShown(TypedDict):
    """What is wrong with the condition. `character`: where, counted from 1; 0: with the whole."""

    character: int
    sentence: str


class FactNow(TypedDict):
    """`value` null: not known."""

    name: str
    value: FactValue


class PartShown(TypedDict):
    """One of the parts that && and || join. `met` null: it cannot be judged."""

    source: str
    met: bool | None
    facts: list[FactNow]


class TrialShown(TypedDict):
    """How the condition stands. `faults`: what keeps it from being used; then nothing was judged. `met` null: it cannot be judged,
    because of the facts in `unknown` or, where that is empty, because it fails (`failed`); it then counts as not met."""

    faults: list[FaultShown]
    met: bool | None
    unknown: list[str]
    failed: str
    parts: list[PartShown]


@router.get("/playbook/facts", response=Facts)
@read
def list_facts(request: Asked) -> Facts:
    """What a condition may speak of, by name."""
    return {
        "items": [
            {"name": fact.name, "kind": cast("Kind", fact.kind), "meaning": str(fact.meaning), "unit": str(fact.unit)}
            for fact in sorted(FACTS.values(), key=lambda fact: fact.name)
        ]
    }


@router.get("/deals/{deal_id}/trial", response=TrialShown)
@read
def try_condition(
    request: Asked,
    deal_id: AnyId,
    needs: Annotated[str, Query(min_length=1, max_length=MOST_CHARACTERS, pattern=CLEAN, description="The condition, in CEL.")],
) -> TrialShown:
    """How a condition would stand on the deal now, part by part; nothing is written."""
    trial = tried(find(me(request), "deal", deal_id), needs)
    judged = trial.judgement
    return {
        "faults": [{"character": fault.column, "sentence": str(fault.sentence)} for fault in trial.faults],
        "met": judged.met if judged else None,
        "unknown": list(judged.unknown) if judged else [],
        "failed": str(judged.failed) if judged else "",
        "parts": [
            {"source": part.source, "met": part.met, "facts": [{"name": name, "value": _plain(v)} for name, v in part.facts.items()]}
            for part in (judged.parts if judged else ())
        ],
    }


def _plain(value: Value) -> FactValue:
    return value if value is None or isinstance(value, int | float | str) else list(value)


class JudgingAgain(Body):
    """`name`: of the check or condition, as the line of your day names it."""

    name: Code


class Judged(TypedDict):
    """`left`: on how many deals it still cannot be judged."""

    left: int


@router.post("/playbook/judged-again", response=Judged)
@write
def judge_again(request: Asked, body: JudgingAgain) -> Reply:
    """Try a check or condition again on every deal where it could not be evaluated (sales operations)."""
    return Reply({"left": actions.judge_again(by=actor(request), name=body.name)}, status=200)
