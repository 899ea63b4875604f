"""What every act on a revision begins with: one at a time, on the playbook as it is in force by then."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from django.db.models import F
from django.utils.translation import gettext_lazy as _

from earshot.journal.actions import record
from earshot.journal.actors import Actor
from earshot.journal.kinds import ref
from earshot.kit import now
from earshot.kit.engine import locks
from earshot.kit.problems import Line, Refusal, say, stale, wrong
from earshot.people import permits
from earshot.people.actors import personally
from earshot.people.standing import reach_of
from earshot.playbooks import registry, revisions
from earshot.playbooks.actions.beginning import LOCK, begin
from earshot.playbooks.models import PARTS, Edit, Revision
from earshot.playbooks.packs import Pack
from earshot.playbooks.revisions import Beside


def turn() -> None:
    """One change of the playbook at a time, each on what is in force by then: what has come due is put in force first."""
    locks.hold(LOCK)
    begin()


def held(revision: Revision, version: int | None = None) -> Revision:
    """The revision read anew, while nobody else changes the playbook. `version`: as it was seen; refused where it has changed since."""
    turn()
    found = Revision.objects.select_related("withdrawal").get(pk=revision.pk)
    if version is not None and version != found.version:
        edits = Edit.objects.filter(version__revision=found, number__gt=0).select_related("version", "person").order_by("-at", "-number")
        lines = [
            Line(
                "playbook.edited",
                say(
                    _("{who} wrote {version} {place}"), who=edit.person.name if edit.person else "–", version=edit.version, place=edit.place
                ),
            )
            for edit in edits[:3]
        ]
        raise stale(say(_("{revision} has changed since you looked at it. Look again."), revision=found), lines, ref(found))
    return found


def touched(revision: Revision) -> Revision:
    """The revision is another one now than whoever has it open has seen."""
    Revision.objects.filter(pk=revision.pk).update(version=F("version") + 1)
    revision.version += 1
    return revision


def tell(name: str, by: Actor, revision: Revision, **data: Any) -> None:
    record(name, by=by, objects={"revision": revision}, data=data, permission=permits.OPERATE)


def checked_part(part: str) -> str:
    if part not in PARTS:
        raise wrong("part", say(_("There is no part “{part}”; there are: {known}"), part=part, known=", ".join(PARTS)))
    return part


def require_keeper(by: Actor, revision: Revision) -> None:
    """Date, request and end of a revision are its opener's, as long as he or she may change the playbook at all, or sales operations'."""
    if by.person_id is None or by.person_id != revision.opened_by_id or not reach_of(personally(by)).units:
        permits.require(by, permits.OPERATE)


def refuse_closed(revision: Revision) -> None:
    """What is approved, in force or withdrawn is changed no more."""
    state = revisions.state_of(revision, revisions.versions_of(revision).values())
    if state != revisions.OPEN:
        raise closed(revision, state)


def refuse_objected(changed: Collection[str], playbooks: Sequence[Beside], read: Sequence[Pack]) -> None:
    """What the company's records ask of each playbook that comes, as it was read. `changed`: parts that are otherwise than without this
    act."""
    for one, pack in zip(playbooks, read, strict=True):
        for objection in registry.OBJECTIONS.values():
            objection(registry.Coming(changed, pack.tables, one.moment if one.moment > now() else None, pack.choices))


def closed(revision: Revision, state: str) -> Refusal:
    said = {
        revisions.WITHDRAWN: _("{revision} was withdrawn. Open a new one."),
        revisions.SCHEDULED: _("{revision} is approved. Withdraw it to change it, or open a new one once it has begun."),
        revisions.BEGUN: _("{revision} is in force. Open a new one."),
    }
    return Refusal("playbook.closed", say(said[state], revision=revision), about=ref(revision), status=409)
