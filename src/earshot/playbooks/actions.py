"""Putting parts of a playbook in force."""

from __future__ import annotations

from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from earshot.journal.actions import record, verb
from earshot.journal.actors import Actor
from earshot.kit import now
from earshot.kit.engine import locks
from earshot.kit.problems import Line, say, stale
from earshot.kit.texts import text
from earshot.people import permits
from earshot.playbooks import models as rows
from earshot.playbooks import packs, parts, queries
from earshot.playbooks.models import IN_FORCE, PARTS, SUPERSEDED, PartVersion
from earshot.playbooks.queries import known
from earshot.playbooks.sources import Sources


@verb
def adopt_pack(*, by: Actor, sources: Sources, reason: str, version: int | None = None) -> list[PartVersion]:
    """Put every part of the pack in force now, as a new version each, kept as it is written; running deals keep the process they
    began under. A part that the pack may lack, and lacks, stays as it is. `version`: the playbook's that it was compared with (see
    `queries.version`); where another is in force meanwhile, nobody has seen what this one would undo."""
    permits.require(by, permits.OPERATE)
    locks.hold("playbook")
    pack = packs.read(sources, known())
    reason = text("reason", reason, most=300)
    if version is not None and version != queries.version():
        newer = PartVersion.objects.filter(state=IN_FORCE).order_by("-in_force_from", "part")
        told = [Line("playbook.newer", say(_("{version} is in force: {reason}"), version=one, reason=one.reason)) for one in newer]
        raise stale(_("The playbook has changed since you looked at it. Look at your pack again."), told)
    return [_put_in_force(by, part, pack, reason) for part in PARTS if part in pack.tables]


def _put_in_force(by: Actor, part: str, pack: packs.Pack, reason: str) -> PartVersion:
    at = now()
    number = (PartVersion.objects.filter(part=part).aggregate(last=Max("number"))["last"] or 0) + 1
    PartVersion.objects.filter(part=part, state=IN_FORCE).update(state=SUPERSEDED, in_force_until=at)
    profile = pack.profile if part == rows.POLICIES else ""
    version = PartVersion.objects.create(
        part=part,
        number=number,
        pack=pack.name,
        profile=profile,
        state=IN_FORCE,
        reason=reason,
        in_force_from=at,
        source=pack.sources.texts[part],
    )
    parts.BY_NAME[part].write(version, pack.tables[part])
    record("playbooks.part_in_force", by=by, objects={"version": version}, data={"reason": reason}, permission=permits.OPERATE)
    return version
