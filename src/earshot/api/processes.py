"""A deal moved to a newer process: what changes for it, and the act; many at once; the seats that the process wants."""

from __future__ import annotations

from typing import Annotated, Literal, cast

from ninja import Query, Router
from pydantic import Field
from typing_extensions import TypedDict

from earshot.api.answers import Reply, for_some, read, shows_version, version, versioned, write
from earshot.api.auth import Asked, actor, me
from earshot.api.deals import DealShown, deal_shown
from earshot.api.fields import AnyId, Body, Code, Coded, ShortReason
from earshot.deals import actions, processes
from earshot.desk.finding import find, find_row
from earshot.people import permits
from earshot.playbooks.models import PartVersion, Row

router = Router()
Kind = Literal["comes", "goes", "changes", "stays"]
What = Literal["stage", "gate", "condition", "decider", "seat", "size", "vote", "call"]


class ProcessNamed(TypedDict):
    """A version of the process: its number and why it was put in force."""

    number: int
    reason: str


class ChangeShown(TypedDict):
    """One thing that is otherwise after the move. `code`: of it, empty where it has none."""

    kind: Kind
    what: What
    code: str
    sentence: str


class ProcessPreview(TypedDict):
    """`newer` null: the deal follows the process in force, or is closed, and there is nothing to move. `stage` null: the newer process has
    the deal's stage no more, and one of `choices` is to be named. `changes`: what is otherwise for this deal after the move."""

    follows: ProcessNamed
    newer: ProcessNamed | None
    stage: Coded | None
    choices: list[Coded]
    changes: list[ChangeShown]


class NewProcess(Body):
    """`to`: number of the process version that you have looked at. `stage`: code of the one in which the deal stands, where its own is
    gone."""

    to: Annotated[int, Field(ge=1, le=2_147_483_647)]
    stage: Code | None = None
    reason: ShortReason


def _process(version: PartVersion) -> ProcessNamed:
    return {"number": version.number, "reason": version.reason}


def _coded(row: Row) -> Coded:
    return {"code": row.code, "name": str(row)}


@router.get("/deals/{deal_id}/process", response=ProcessPreview)
@shows_version
@read
def preview_process(
    request: Asked,
    deal_id: AnyId,
    stage: Annotated[Code | None, Query(description="Code of the stage in which the deal would stand, where its own is gone.")] = None,
) -> Reply:
    """What moving the deal to the process in force would change for it; nothing is written."""
    deal = find(me(request), "deal", deal_id)
    operates = permits.holds(me(request), permits.OPERATE)
    seen = None if hasattr(deal, "closing") else processes.preview(deal, stage or "", free=operates)
    shown: ProcessPreview = {
        "follows": _process(deal.process),
        "newer": _process(seen.new) if seen else None,
        "stage": _coded(seen.stage) if seen and seen.stage else None,
        "choices": [_coded(one) for one in seen.choices] if seen else [],
        "changes": [
            {"kind": cast("Kind", one.kind), "what": cast("What", one.what), "code": one.code, "sentence": str(one.sentence)}
            for one in (seen.changes if seen else ())
        ],
    }
    return Reply(shown, 200, version=deal.version)


@router.post("/deals/{deal_id}/process-moves", response=DealShown)
@shows_version
@versioned
@write
def move_to_process(request: Asked, deal_id: AnyId, body: NewProcess) -> Reply:
    """The deal follows the process in force from now on. It stays in its stage, people stay, votes at a gate that changed lapse, and the
    stage calls what it calls for now and never did. Who leads or owns the deal, heads its unit, or sales operations."""
    deal = find_row(me(request), "deal", deal_id)
    moved = actions.move_to_process(
        by=actor(request), deal=deal, version=version(request), to=body.to, reason=body.reason, stage=body.stage or ""
    )
    return deal_shown(moved)


class SeatsAdded(TypedDict):
    """How many seats the team got."""

    added: int


@router.post("/deals/{deal_id}/missing-seats", response=SeatsAdded)
@write
def add_missing_seats(request: Asked, deal_id: AnyId) -> Reply:
    """The team gets the seats that the process wants for the deal as it is now, as empty chairs. Twice is once."""
    made = actions.add_missing_seats(by=actor(request), deal=find_row(me(request), "deal", deal_id))
    return Reply({"added": len(made)}, 200)


class Owed(TypedDict):
    """A gate that deals would be behind after the move without having passed it, and how many of them never did."""

    gate: Coded
    deals: int


class Behind(TypedDict):
    """Open deals that follow an older process and stand in one stage. `stays`: the process in force has that stage too. `owed`: gates that
    they would be behind, unpassed."""

    process: int
    stage: Coded
    deals: int
    stays: bool
    owed: list[Owed]


class AllBehind(TypedDict):
    """`newest`: number of the process in force; the ETag, to be named in `If-Match` by who moves deals to it."""

    newest: int
    items: list[Behind]


class AllMoved(TypedDict):
    """`left`: could be moved too, and are not yet; `stuck`: stand in a stage that the process in force has no more."""

    moved: int
    left: int
    stuck: int


class NewProcessForMany(Body):
    """`stages`: codes; left out: in any. `leave_out`: codes of gates that deals may be behind without having passed them; where one would
    be behind another, nothing is moved."""

    stages: Annotated[list[Code], Field(min_length=1, max_length=100)] | None = None
    leave_out: Annotated[list[Code], Field(max_length=100)] = []
    reason: ShortReason


@router.get("/playbook/older-deals", response=AllBehind)
@for_some
@shows_version
@read
def list_older(request: Asked) -> Reply:
    """How many open deals follow which older process, stage by stage (sales operations)."""
    permits.require(actor(request), permits.OPERATE)
    found = processes.behind()
    newest = processes.newest().version.number
    shown: AllBehind = {
        "newest": newest,
        "items": [
            {
                "process": one.process.number,
                "stage": _coded(one.stage),
                "deals": one.count,
                "stays": one.stays,
                "owed": [{"gate": _coded(gate), "deals": n} for gate, n in one.owed],
            }
            for one in found
        ],
    }
    return Reply(shown, 200, version=newest)


@router.post("/playbook/older-deals", response=AllMoved)
@versioned
@write
def move_older(request: Asked, body: NewProcessForMany) -> Reply:
    """Move the open deals that stand in these stages to the process in force, at most a hundred at once (sales operations)."""
    done = actions.move_all_to_process(
        by=actor(request),
        to=version(request),
        reason=body.reason,
        stages=body.stages or [],
        every=body.stages is None,
        leave_out=body.leave_out,
    )
    return Reply({"moved": len(done.deals), "left": done.left, "stuck": done.stuck}, 200)
