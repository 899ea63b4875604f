"""Taking in a pack: the parts in which it differs become a revision, approved as far as whoever takes it in may."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from earshot.journal.actions import verb
from earshot.journal.actors import Actor
from earshot.kit.problems import Line, Refusal, say, stale, wrong
from earshot.kit.texts import text
from earshot.people import permits
from earshot.people.actors import personally
from earshot.people.standing import reach_of
from earshot.playbooks import book, packs, queries, revisions
from earshot.playbooks.actions import approving
from earshot.playbooks.actions.holding import turn
from earshot.playbooks.actions.preparing import open_with
from earshot.playbooks.models import PARTS, PROFILES, PartVersion, Revision
from earshot.playbooks.queries import known
from earshot.playbooks.sources import Sources


@verb
def adopt_pack(*, by: Actor, sources: Sources, reason: str, version: int | None = None) -> list[PartVersion]:
    """Take in a pack: each part in which it differs from what is in force becomes a new version, kept as it is written; running
    deals keep the process they began under. Whoever takes it in approves what he or she may; where a part names somebody else, the
    pack waits for that approval as a whole. Returns the new versions, in force or waiting; none where the pack says what is in force.

    `version`: the playbook's that it was compared with (see `queries.version`); where another is in force meanwhile, nobody has seen
    what this one would undo."""
    permits.require(by, permits.OPERATE)
    turn()
    pack = packs.read(sources, known())
    reason = text("reason", reason, most=300)
    in_force = book.versions()
    if version is not None and version != queries.version():
        newest = sorted(in_force.values(), key=lambda one: (one.in_force_from is not None, one.in_force_from, one.part), reverse=True)
        told = [Line("playbook.newer", say(_("{version} is in force: {reason}"), version=one, reason=one.reason)) for one in newest]
        raise stale(_("The playbook has changed since you looked at it. Look at your pack again."), told)
    given = [part for part in PARTS if part in sources.texts]
    if not any(part not in in_force or in_force[part].source != sources.texts[part] for part in given):
        return []
    revision = open_with(by=by, sources=sources, reason=reason)
    if not by.is_personal:
        approving.approve_by_process(by, revision, pack)
    elif _may_approve_some(by, revision):
        approving.give_approval(by, revision, read=pack)
    else:
        approving.ask_approval(by=by, revision=revision)
    return list(revisions.versions_of(revision).values())


def _may_approve_some(by: Actor, revision: Revision) -> bool:
    person = personally(by)
    operates = permits.OPERATE in reach_of(person).permissions
    needed = revisions.approvals_needed(list(revisions.versions_of(revision).values()))
    return any(one.takes(person, operates=operates) for one in needed)


@verb
def switch_profile(*, by: Actor, profile: str, reason: str, version: int | None = None) -> PartVersion:
    """The company stands in another profile: one line of its policies differs, and the rest of the part stays as it is written. The
    journal says what is asked more strictly from then on, and what no longer. Refused where the company stands in it already.
    `version`: as for `adopt_pack`."""
    permits.require(by, permits.OPERATE)
    if profile not in PROFILES:
        raise wrong("profile", say(_("There is no profile “{name}”. Choose one of: {known}."), name=profile, known=", ".join(PROFILES)))
    now = queries.sources()
    made = adopt_pack(by=by, sources=now.in_profile(profile), reason=reason, version=version)
    if not made:
        raise Refusal("playbook.profile_stands", _("The company stands in this profile already."), status=409)
    return made[0]
