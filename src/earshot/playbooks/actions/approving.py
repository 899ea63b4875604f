"""Approving a revision: by whom its parts name, and for the text that was approved."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from earshot.journal.actions import Parts, record, verb
from earshot.journal.actors import Actor
from earshot.journal.kinds import ref
from earshot.kit import now
from earshot.kit.engine import written
from earshot.kit.problems import Line, Refusal, say
from earshot.people import permits
from earshot.people.actors import personally
from earshot.people.models import Person
from earshot.people.standing import reach_of
from earshot.playbooks import book, packs, parts, revisions
from earshot.playbooks import models as rows
from earshot.playbooks.actions.beginning import put_in_force
from earshot.playbooks.actions.holding import checked_part, held, refuse_closed, refuse_objected, require_keeper, touched
from earshot.playbooks.findings import Finding
from earshot.playbooks.models import APPROVED, DRAFT, WITHDRAWN, Approval, ApprovalRequest, PartVersion, Revision
from earshot.playbooks.packs import Pack
from earshot.playbooks.queries import known, standing
from earshot.playbooks.revisions import BY_ANOTHER, Awaited, Beside


@verb
def ask_approval(*, by: Actor, revision: Revision, version: int | None = None) -> Revision:
    """The revision is ready: from now on it waits for those whom its parts name, on the day of each. Refused while the check finds
    anything. Asked twice it is asked once."""
    revision = held(revision, version)
    require_keeper(by, revision)
    drafts = _open_drafts(revision)
    _sound(revision, drafts)
    return _ask(by, revision)


@verb
def approve(*, by: Actor, revision: Revision, parts: Collection[str] | None = None, version: int | None = None) -> Revision:
    """The actor's own act: approve the drafts of these parts, or of all that name him or her. When the last part is approved, the
    revision is: it begins at its date, or at once. `version`: of the revision, as it was read: nobody approves what he has not seen.

    Refused while the check finds anything in the drafts together with the parts that will be in force beside them, each finding a
    line; and for whoever is not named."""
    return give_approval(by, revision, parts, version)


def give_approval(
    by: Actor, revision: Revision, parts: Collection[str] | None = None, version: int | None = None, read: Pack | None = None
) -> Revision:
    """The same inside of a call. `read`: a pack that was read and checked in it already."""
    person = personally(by)
    revision = held(revision, version)
    drafts = _open_drafts(revision)
    if parts is not None:
        parts = [checked_part(part) for part in parts]
    mine = _mine(person, revision, drafts, parts)
    checked, pack = _sound(revision, drafts, read)
    at = now()
    written.insert(
        [
            Approval(version=one.version, unit_code=one.unit_code, person=person, at=at, digest=one.version.digest, dated=revision.dated)
            for one in mine
        ]
    )
    approved = list({one.version.pk: one.version for one in mine}.values())
    if approved:
        record("playbooks.part_approved", by=by, objects={"version": approved, "revision": revision}, permission=permits.OPERATE)
    own = any(person.pk in authors for authors in revisions.authors_of(approved).values())
    if own and rows.POLICIES in book.in_force().versions and standing().warns(BY_ANOTHER):
        record("playbooks.approved_by_author", by=by, objects={"revision": revision}, permission=permits.OPERATE)
    if not _settle(by, revision, drafts, checked, pack):
        _ask(by, revision)
    return touched(revision)


def approve_by_process(by: Actor, revision: Revision, read: Pack | None = None) -> None:
    """The process, or the installation itself, puts a pack in force by its own hand: nobody's approval is claimed (law 13)."""
    drafts = _open_drafts(revision)
    _begin_revision(by, revision, drafts, *_sound(revision, drafts, read))


def _open_drafts(revision: Revision) -> dict[str, PartVersion]:
    """The drafts of a revision that differ from what is in force; refused where it is over, or changes nothing."""
    refuse_closed(revision)
    versions = revisions.versions_of(revision)
    now_in_force = book.versions()
    drafts = {part: one for part, one in versions.items() if part not in now_in_force or one.source != now_in_force[part].source}
    if not drafts:
        raise Refusal("playbook.nothing_new", say(_("{revision} says exactly what is in force."), revision=revision), status=409)
    return drafts


def _sound(revision: Revision, drafts: Mapping[str, PartVersion], read: Pack | None = None) -> tuple[Beside, Pack]:
    """Refuse while the check, or a record of the company, speaks against the drafts. Returns the playbook that begins with them, as
    it stands and as it was read."""
    playbooks, there = revisions.playbooks_with(drafts, revisions.begins(revision)), known()
    found: dict[tuple[Any, ...], Finding] = {}
    packs_read = []
    for one in playbooks:
        same = read is not None and dict(read.sources.texts) == dict(one.sources.texts)
        pack, findings = (read, []) if same else packs.looked_at(one.sources, there)
        found |= {(each.file, each.place, each.line, str(each.sentence)): each for each in findings}
        packs_read.append(pack)
    if found:
        sentence = say(_("{revision} cannot be approved: {count} findings."), revision=revision, count=len(found))
        raise Refusal("playbook.pack", sentence, lines=[finding.as_line() for finding in found.values()], about=ref(revision))
    sound = [pack for pack in packs_read if pack is not None]
    refuse_objected(list(drafts), playbooks, sound)
    return playbooks[0], sound[0]


def _mine(person: Person, revision: Revision, drafts: Mapping[str, PartVersion], wanted: Collection[str] | None) -> list[Awaited]:
    """The approvals that this person gives now; refused where there is none to give. None, where all are there already and the revision
    has not begun: the part that lacked one was taken back, or written as it was approved. Then it begins."""
    operates = permits.OPERATE in reach_of(person).permissions
    needed = revisions.approvals_needed(list(drafts.values()))
    if all(one.approval is not None for one in needed) and revisions.may_settle(person, revision, needed, operates=operates):
        return []
    open_ = [one for one in needed if one.approval is None and not one.takes(person, operates=operates)]
    lines = [Line("playbook.awaited", say(_("{version} waits for {whom}"), version=one.version, whom=one.whom)) for one in open_]
    named = [one for one in needed if (wanted is None or one.version.part in wanted) and one.takes(person, operates=operates)]
    if not named and any(person.pk in one.barred for one in needed):
        sentence = _("You opened this revision. By the policies in force, somebody else approves it.")
        if person.pk != revision.opened_by_id:
            sentence = _("You wrote in this revision. By the policies in force, somebody else approves what you wrote.")
        raise Refusal("playbook.author", sentence, lines, about=ref(revision), status=403)
    if not named or (wanted is not None and {one.version.part for one in named} != set(wanted)):
        raise Refusal("playbook.not_the_approver", _("The approval of this is not yours to give."), lines=lines, status=403)
    mine = [one for one in named if one.approval is None]
    if not mine:
        raise Refusal("playbook.approved_before", _("This is approved already, as it stands."), about=ref(revision), status=409)
    return mine


def _settle(by: Actor, revision: Revision, drafts: Mapping[str, PartVersion], checked: Beside, pack: Pack) -> bool:
    """Whether the whole revision is approved now; then it has its date, or has begun."""
    open_ = {one.version.pk for one in revisions.approvals_needed(list(drafts.values())) if one.approval is None}
    settled = [draft.pk for draft in drafts.values() if draft.pk not in open_]
    PartVersion.objects.filter(pk__in=settled, state=DRAFT).update(state=APPROVED)
    if open_:
        return False
    _begin_revision(by, revision, drafts, checked, pack)
    return True


def _begin_revision(by: Actor, revision: Revision, drafts: Mapping[str, PartVersion], checked: Beside, pack: Pack) -> None:
    """All of it is approved: its rows are written, it has its date. Drafts that say what is in force are left aside."""
    for part, draft in drafts.items():
        draft.profile = pack.profile if part == rows.POLICIES else ""
        draft.state, draft.in_force_from = APPROVED, checked.moment
        draft.save(update_fields=["profile", "state", "in_force_from"])
        parts.BY_NAME[part].write(draft, pack.tables[part])
    PartVersion.objects.filter(revision=revision).exclude(pk__in=[draft.pk for draft in drafts.values()]).update(state=WITHDRAWN)
    data = {"from": checked.moment.isoformat(), "reason": revision.reason}
    objects: Parts = {"revision": revision, "version": list(drafts.values())}
    record("playbooks.revision_approved", by=by, objects=objects, data=data, permission=permits.OPERATE)
    if checked.moment <= now():
        for draft in drafts.values():
            draft.revision = revision
        put_in_force(list(drafts.values()), by)


def _ask(by: Actor, revision: Revision) -> Revision:
    if ApprovalRequest.objects.filter(revision=revision).exists():
        return revision
    ApprovalRequest.objects.create(revision=revision, person_id=by.person_id, at=now())
    record("playbooks.approval_asked", by=by, objects={"revision": revision}, data={"reason": revision.reason}, permission=permits.OPERATE)
    return revision
