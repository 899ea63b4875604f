"""A version begins: at once with the last approval, or by its date."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet
from django.utils.text import format_lazy

from earshot.journal.actions import News, Parts, call, record_all
from earshot.journal.actors import Actor, process
from earshot.journal.models import Entry
from earshot.kit import now
from earshot.kit.engine import locks
from earshot.kit.problems import in_both
from earshot.people import permits
from earshot.playbooks import book
from earshot.playbooks.models import APPROVED, IN_FORCE, POLICIES, SUPERSEDED, PartVersion
from earshot.playbooks.policies import shifts_anywhere
from earshot.playbooks.registry import POLICIES as POLICIES_READ

LOCK = "playbook"  # held by whoever changes which version is in force


def begin_due() -> int:
    """Put in force what is approved and whose date has come; returns how many versions began. Nothing due is one look, without a
    transaction. They have held since their date in any case: this writes it down, and tells of it, once."""
    if not _due().exists():
        return 0
    with call():
        locks.hold(LOCK)
        return begin()


def begin() -> int:
    """The same inside of a call that has its turn."""
    due = list(_due().select_related("revision").order_by("in_force_from", "part"))
    if due:
        put_in_force(due, None)
    return len(due)


def _due() -> QuerySet[PartVersion]:
    return PartVersion.objects.filter(state=APPROVED, in_force_from__lte=now())


def put_in_force(due: Collection[PartVersion], by: Actor | None) -> None:
    """State and end are written, and told, in one transaction: once, whatever is killed. `by`: whose approval began them; None: their
    date."""
    by_moment: dict[datetime, list[PartVersion]] = {}
    for version in due:
        assert version.in_force_from is not None, "what begins has its date"
        by_moment.setdefault(version.in_force_from, []).append(version)
    news = []
    causes = {} if by else _approvals_told(due)
    for moment, versions in by_moment.items():
        before = PartVersion.objects.filter(part__in=[one.part for one in versions], state=IN_FORCE)
        chosen = [one for one in before if one.part == POLICIES] if POLICIES in {one.part for one in versions} else []
        before.update(state=SUPERSEDED, in_force_until=moment)
        PartVersion.objects.filter(pk__in=[one.pk for one in versions]).update(state=IN_FORCE)
        for version in versions:
            version.state = IN_FORCE
            actor = by or process(f"playbook/{version}")
            if by is None and version.pk in causes:
                actor = actor.because(causes[version.pk])
            data = {"reason": version.reason}
            objects: Parts = {"version": version} | ({"revision": version.revision} if version.revision is not None else {})
            news.append(News("playbooks.part_in_force", actor, objects, data=data, claimed_at=moment, permission=permits.OPERATE))
            if version.part == POLICIES and chosen:
                news += _asked_otherwise(actor, chosen[0], version)
    record_all(news)


def _asked_otherwise(actor: Actor, before: PartVersion, after: PartVersion) -> list[News]:
    """What the policies ask more strictly from now on, and what no longer, each in an entry of its own: nothing falls away in silence."""
    found = shifts_anywhere(book.policies_of(before.pk).choices, book.policies_of(after.pk).choices, POLICIES_READ.values())
    news = []
    for verb, told in (("more", [one for one in found if one.stricter]), ("less", [one for one in found if not one.stricter])):
        if told:
            data = {"what": in_both(format_lazy(" ".join("{}" for _one in told), *(one.policy.means for one in told)))}
            news.append(News(f"playbooks.asks_{verb}", actor, {"version": after}, data=data, permission=permits.OPERATE))
    return news


def _approvals_told(due: Collection[PartVersion]) -> dict[UUID, Entry]:
    """Version → the entry that tells that its revision was approved."""
    ids = {version.pk for version in due}
    told = Entry.objects.filter(verb="playbooks.revision_approved", objects_touched__object_id__in=ids).prefetch_related("objects_touched")
    return {touched.object_id: entry for entry in told.distinct() for touched in entry.objects_touched.all() if touched.object_id in ids}
