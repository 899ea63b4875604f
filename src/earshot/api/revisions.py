"""Revisions of the playbook: prepared, written, approved, begun; and the versions of its parts."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from ninja import Query, Router
from pydantic import Field, StringConstraints
from typing_extensions import TypedDict

from earshot.api import paging
from earshot.api.answers import Reply, read, shows_version, version, versioned, write
from earshot.api.asks import EffectShown, effect_shown
from earshot.api.auth import Asked, actor, me
from earshot.api.fields import CLEAN, AnyId, Body, Id, Moment, Named, Page, ShortReason, moment, moment_or_none, named
from earshot.api.packs import ChangeShown, FindingShown, Text
from earshot.deals.asking import effect_of_revision
from earshot.deals.queries import open_under
from earshot.desk.finding import find
from earshot.kit.problems import missing
from earshot.people.permits import OPERATE
from earshot.people.standing import reach_of
from earshot.playbooks import actions, revisions
from earshot.playbooks.findings import Finding
from earshot.playbooks.models import PARTS, PROCESS, PartVersion, Revision
from earshot.playbooks.revisions import Awaited, Drafted

router = Router()
PartName = Annotated[str, StringConstraints(min_length=1, max_length=30, pattern=CLEAN)]
Place = Annotated[str, StringConstraints(max_length=200, pattern=CLEAN)]
RevisionState = Literal["open", "scheduled", "begun", "withdrawn"]
VersionState = Literal["draft", "approved", "in_force", "superseded", "withdrawn"]


class ApprovalShown(TypedDict):
    """`by`: who can give it, or has; null: sales operations. `given_at` null: awaited."""

    by: Named | None
    unit: Named | None
    given_at: Moment | None


class RevisedPart(TypedDict):
    """One part of a revision. `findings`: of the check, while the revision is open; `changes`: to the version that it follows."""

    part: str
    version: str
    id: Id
    state: VersionState
    findings: list[FindingShown]
    changes: list[ChangeShown]
    approvals: list[ApprovalShown]
    edits: int


class RevisionLine(TypedDict):
    """`starts_at`: the day that was set; null: at once, when it is approved."""

    id: Id
    number: int
    reason: str
    opened_by: Named | None
    opened_at: Moment
    starts_at: Moment | None


class RevisionShown(RevisionLine):
    """`begins`: null: when it is approved. `findings`: of the check in parts that the revision does not change; `warnings`:
    what is worth knowing of the whole playbook, and refuses nothing. `asks`: what it will ask
    of people otherwise than if it never began; null: nothing differs, the check finds something, or it has begun.
    `without_approver`: nobody but who opened it could approve it, who by the policies in force may not."""

    state: RevisionState
    begins: Moment | None
    asked: bool
    parts: list[RevisedPart]
    findings: list[FindingShown]
    warnings: list[FindingShown]
    asks: EffectShown | None
    without_approver: bool


class TextShown(TypedDict):
    """A part as it is written. `state`: null where the revision has no draft of it yet: then this is what is in force."""

    part: str
    text: str
    state: VersionState | None


class VersionLine(TypedDict):
    """`deals`: how many open deals run under it; null: of parts that no deal keeps, and to others than sales operations."""

    id: Id
    part: str
    number: int
    state: VersionState
    reason: str
    in_force_from: Moment | None
    in_force_until: Moment | None
    opened_by: Named | None
    approved_by: list[Named]
    deals: int | None


class VersionShown(TypedDict):
    id: Id
    part: str
    number: int
    state: VersionState
    reason: str
    in_force_from: Moment | None
    in_force_until: Moment | None
    text: str


class NewRevision(Body):
    """`parts`: of which it has a draft from the beginning. `starts_at`: null: as soon as it is approved."""

    reason: ShortReason
    parts: Annotated[list[PartName], Field(max_length=20)] = []
    starts_at: datetime | None = None


class NewText(Body):
    """`text`: the whole part. `place`: what was meant, as findings name it: `hearers/rival-SR/role`."""

    text: Text
    place: Place = ""


class Start(Body):
    starts_at: datetime | None


class Approving(Body):
    """`parts`: null: all that name you."""

    parts: Annotated[list[PartName], Field(min_length=1, max_length=20)] | None = None


class Withdrawing(Body):
    reason: ShortReason


def finding_shown(one: Finding) -> FindingShown:
    return {"file": one.file, "place": one.place, "line": one.line, "sentence": str(one.sentence), "text": one.text}


def _line(one: Revision) -> RevisionLine:
    return {
        "id": str(one.pk),
        "number": one.number,
        "reason": one.reason,
        "opened_by": named(one.opened_by) if one.opened_by else None,
        "opened_at": moment(one.opened_at),
        "starts_at": moment_or_none(one.starts_at),
    }


def _approval(one: Awaited) -> ApprovalShown:
    by = one.approval.person if one.approval else next(iter(one.people), None)
    return {
        "by": named(by) if by else None,
        "unit": named(one.unit) if one.unit else None,
        "given_at": moment(one.approval.at) if one.approval else None,
    }


def _part(one: Drafted) -> RevisedPart:
    return {
        "part": one.version.part,
        "version": str(one.version),
        "id": str(one.version.pk),
        "state": one.version.state,  # type: ignore[typeddict-item]  # by the choices of its column
        "findings": [finding_shown(finding) for finding in one.findings],
        "changes": [{"part": c.part, "row": c.row, "label": str(c), "before": c.before, "after": c.after} for c in one.changes],
        "approvals": [_approval(awaited) for awaited in one.awaited],
        "edits": len(one.edits),
    }


def _answer(one: Revision, status: int = 200) -> Reply:
    fresh = Revision.objects.select_related("opened_by", "withdrawal", "request").get(pk=one.pk)
    found = revisions.read(fresh)
    effect = effect_of_revision(found)
    shown: RevisionShown = {
        **_line(fresh),
        "state": found.state,  # type: ignore[typeddict-item]  # one of the four
        "begins": moment_or_none(found.begins),
        "asked": found.asked,
        "parts": [_part(part) for part in found.parts],
        "findings": [finding_shown(finding) for finding in found.findings],
        "warnings": [finding_shown(one) for one in found.pack.warnings] if found.pack else [],
        "asks": effect_shown(effect) if effect is not None else None,  # type: ignore[typeddict-item]  # made as it says
        "without_approver": found.without_approver,
    }
    return Reply(shown, status, version=fresh.version)


def text_shown(one: Revision, part: str, status: int = 200) -> Reply:
    """A part of a revision as it stands, with its version."""
    drafted = revisions.read_part(one, part)
    if drafted is None:
        text, tag = revisions.standing(part)
        return Reply(TextShown(part=part, text=text, state=None), status, version=tag)
    shown: TextShown = {"part": part, "text": drafted.version.source, "state": drafted.version.state}  # type: ignore[typeddict-item]
    return Reply(shown, status, version=drafted.etag)


@router.get("/playbook/revisions", response=Page[RevisionLine])
@read
def list_revisions(request: Asked, cursor: paging.Cursor = None, limit: paging.Limit = paging.USUAL) -> Page[RevisionLine]:
    """Changes of the playbook, the newest first: what is approved, everybody's; what is being prepared, those that you may see."""
    found, after = paging.part(revisions.visible_to(me(request)).select_related("opened_by"), ("-number", "id"), cursor, limit)
    return {"items": [_line(one) for one in found], "next": after}


@router.post("/playbook/revisions", response={201: RevisionShown})
@write
def open_revision(request: Asked, body: NewRevision) -> Reply:
    """Begin to change the playbook (sales operations). There is one draft of a part at most."""
    made = actions.open_revision(by=actor(request), reason=body.reason, parts=body.parts, starts_at=body.starts_at)
    return _answer(made, 201)


@router.get("/playbook/revisions/{revision_id}", response=RevisionShown)
@shows_version
@read
def show_revision(request: Asked, revision_id: AnyId) -> Reply:
    """Its parts, what the check finds in them together with what will be in force beside them, and whose approval it waits for."""
    return _answer(find(me(request), "revision", revision_id))


@router.get("/playbook/revisions/{revision_id}/parts/{part}", response=TextShown)
@shows_version
@read
def show_part(request: Asked, revision_id: AnyId, part: PartName) -> Reply:
    """The draft of a part as it is written, to the byte; where the revision has none yet, what is in force."""
    one = find(me(request), "revision", revision_id)
    if part not in PARTS:
        raise missing()
    return text_shown(one, part)


@router.put("/playbook/revisions/{revision_id}/parts/{part}", response=TextShown)
@shows_version
@versioned
@write
def write_part(request: Asked, revision_id: AnyId, part: PartName, body: NewText) -> Reply:
    """Write the draft of a part anew, as a whole. What the check finds is no reason to refuse: it is kept."""
    one = find(me(request), "revision", revision_id)
    seen = revisions.seen_as(part, version(request))
    actions.write_part(by=actor(request), revision=one, part=part, text=body.text, place=body.place, seen=seen)
    return text_shown(one, part)


@router.post("/playbook/revisions/{revision_id}/parts/{part}/undone", response=TextShown)
@shows_version
@versioned
@write
def undo(request: Asked, revision_id: AnyId, part: PartName) -> Reply:
    """Take back the last edit that stands; until the part is approved."""
    one = find(me(request), "revision", revision_id)
    actions.undo(by=actor(request), revision=one, part=part, seen=revisions.seen_as(part, version(request)))
    return text_shown(one, part)


@router.put("/playbook/revisions/{revision_id}/start", response=RevisionShown)
@shows_version
@versioned
@write
def set_start(request: Asked, revision_id: AnyId, body: Start) -> Reply:
    """When it begins once it is approved; null: at once."""
    one = find(me(request), "revision", revision_id)
    return _answer(actions.set_start(by=actor(request), revision=one, at=body.starts_at, version=version(request)))


@router.post("/playbook/revisions/{revision_id}/approval-requests", response={201: RevisionShown})
@shows_version
@versioned
@write
def ask_approval(request: Asked, revision_id: AnyId) -> Reply:
    """From now on it waits for those whom its parts name."""
    one = find(me(request), "revision", revision_id)
    return _answer(actions.ask_approval(by=actor(request), revision=one, version=version(request)), 201)


@router.post("/playbook/revisions/{revision_id}/approvals", response={201: RevisionShown})
@shows_version
@versioned
@write
def approve(request: Asked, revision_id: AnyId, body: Approving) -> Reply:
    """Approve the text that you have read, of the parts that name you. With the last approval it begins, at its date or at once."""
    one = find(me(request), "revision", revision_id)
    return _answer(actions.approve(by=actor(request), revision=one, parts=body.parts, version=version(request)), 201)


@router.post("/playbook/revisions/{revision_id}/withdrawals", response={201: RevisionShown})
@shows_version
@versioned
@write
def withdraw(request: Asked, revision_id: AnyId, body: Withdrawing) -> Reply:
    """Give it up, before it begins. What was written stays readable."""
    one = find(me(request), "revision", revision_id)
    return _answer(actions.withdraw(by=actor(request), revision=one, reason=body.reason, version=version(request)), 201)


@router.get("/playbook/versions", response=Page[VersionLine])
@read
def list_versions(
    request: Asked,
    part: Annotated[PartName | None, Query(description="Of this part alone.")] = None,
    cursor: paging.Cursor = None,
    limit: paging.Limit = paging.USUAL,
) -> Page[VersionLine]:
    """The versions of the parts, the newest first: with reason, who and when; and how many open deals run under each process."""
    rows = revisions.versions_seen(me(request)).select_related("revision__opened_by").prefetch_related("approvals__person")
    found, after = paging.part(rows.filter(part=part) if part else rows, ("part", "-number", "id"), cursor, limit)
    deals = open_under([one.pk for one in found]) if OPERATE in reach_of(me(request)).permissions else None
    return {
        "items": [
            {
                "id": str(one.pk),
                "part": one.part,
                "number": one.number,
                "state": one.state,
                "reason": one.reason,
                "in_force_from": moment_or_none(one.in_force_from),
                "in_force_until": moment_or_none(one.in_force_until),
                "opened_by": named(one.revision.opened_by) if one.revision and one.revision.opened_by else None,
                "approved_by": [named(given.person) for given in one.approvals.all() if one.approved_by(given)],
                "deals": deals.get(one.pk, 0) if deals is not None and one.part == PROCESS else None,
            }
            for one in found
        ],
        "next": after,
    }


@router.get("/playbook/versions/{version_id}", response=VersionShown)
@read
def show_version(request: Asked, version_id: AnyId) -> VersionShown:
    """A version as it was written, to the byte."""
    one: PartVersion = find(me(request), "playbook", version_id)
    return {
        "id": str(one.pk),
        "part": one.part,
        "number": one.number,
        "state": one.state,  # type: ignore[typeddict-item]  # by the choices of its column
        "reason": one.reason,
        "in_force_from": moment_or_none(one.in_force_from),
        "in_force_until": moment_or_none(one.in_force_until),
        "text": one.source,
    }
