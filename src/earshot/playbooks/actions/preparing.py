"""Preparing a revision: its drafts are opened, written and taken back, it gets its date, or it is given up."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from earshot.journal.actions import record, verb
from earshot.journal.actors import Actor
from earshot.journal.kinds import ref
from earshot.kit import now
from earshot.kit.problems import Line, Refusal, forbidden, missing, say, stale, wrong
from earshot.kit.texts import storable, text
from earshot.people import permits
from earshot.people.actors import personally
from earshot.people.models import Unit
from earshot.people.standing import reach_of
from earshot.playbooks import book, packs, queries, revisions, rules
from earshot.playbooks.actions.holding import (
    checked_part,
    closed,
    held,
    refuse_closed,
    refuse_objected,
    require_keeper,
    tell,
    touched,
    turn,
)
from earshot.playbooks.models import APPROVED, DRAFT, PARTS, WITHDRAWN, Approver, Edit, PartVersion, Revision, Withdrawal
from earshot.playbooks.parts.meaning import NAMES
from earshot.playbooks.rules import OWNED_BY_UNITS
from earshot.playbooks.sources import MOST_BYTES, Sources

FURTHEST = timedelta(days=731)  # ahead of now, that a revision may begin
MOST_LINES = 20  # of what somebody else has changed meanwhile


@verb
def open_revision(*, by: Actor, reason: str, parts: Collection[str] = (), starts_at: datetime | None = None, pack: str = "") -> Revision:
    """Begin to change the playbook, with drafts of these parts as they are in force; others may follow (`write_part`). A part that
    is being changed already is refused: there is one draft of it at most. `starts_at`: when it begins; None: as soon as it is
    approved. Sales operations; for the part whose rows units own, also who heads a unit."""
    turn()
    parts = [checked_part(part) for part in dict.fromkeys(parts)]
    _require_drafter(by, parts or [OWNED_BY_UNITS])
    reason = text("reason", reason, most=300)
    _refuse_date(starts_at)
    _refuse_taken(parts)
    revision = Revision.objects.create(
        number=(Revision.objects.aggregate(last=Max("number"))["last"] or 0) + 1,
        pack=pack,
        reason=reason,
        opened_by_id=by.person_id,
        opened_at=now(),
        starts_at=starts_at,
    )
    tell("playbooks.revision_opened", by, revision, reason=reason)
    for part in parts:
        _draft(by, revision, part)
    return revision


@verb
def add_part(*, by: Actor, revision: Revision, part: str) -> PartVersion:
    """A draft of a further part, as it is in force. One that the revision has already stays as it is."""
    revision = held(revision)
    part = checked_part(part)
    refuse_closed(revision)
    _require_drafter(by, [part])
    drafted = revisions.versions_of(revision).get(part)
    if drafted is not None:
        return drafted
    require_keeper(by, revision)
    _refuse_taken([part])
    touched(revision)
    return _draft(by, revision, part)


@verb
def write_part(*, by: Actor, revision: Revision, part: str, text: str, place: str = "", seen: str | None = None) -> PartVersion:
    """Write the draft of a part anew, as a whole; where the revision has none of it yet, it gets one. What the check finds is no reason
    to refuse: it is kept, and said. An approval given for the text of before does not count for this one.

    `place`: what was meant, as findings name it (`hearers/rival-SR/role`). `seen`: digest of the text that this one was made from
    (`rules.digest`); where the draft says something else meanwhile, refused with what changed."""
    revision = held(revision)
    part = checked_part(part)
    refuse_closed(revision)
    draft = revisions.versions_of(revision).get(part)
    before = draft.source if draft else revisions.text_in_force(part)
    _refuse_stale(part, draft, before, seen)
    checked = _checked_text(text)
    _require_drafter(by, [part], (before, checked))
    if draft is None:
        require_keeper(by, revision)
        _refuse_taken([part])
        draft = _draft(by, revision, part)
    if checked == before:
        return draft
    _write(by, draft, checked, storable(place)[:200], None)
    data = {"place": storable(place)[:200], "undone": False}
    record("playbooks.part_written", by=by, objects={"version": draft, "revision": revision}, data=data, permission=permits.OPERATE)
    touched(revision)
    return draft


@verb
def open_with(*, by: Actor, sources: Sources, reason: str, starts_at: datetime | None = None) -> Revision:
    """Begin to change the playbook with the parts that a pack writes otherwise than what is in force, as drafts. What is wrong with
    them is kept, and said."""
    turn()
    in_force = book.versions()
    differing = [part for part, new in sources.texts.items() if part not in in_force or in_force[part].source != new]
    if not differing:
        raise Refusal("playbook.nothing_new", _("The pack says exactly what is in force."), status=409)
    revision = open_revision(by=by, reason=reason, parts=differing, starts_at=starts_at, pack=sources.name)
    return write_parts(by=by, revision=revision, sources=Sources(sources.name, {part: sources.texts[part] for part in differing}))


@verb
def write_parts(*, by: Actor, revision: Revision, sources: Sources) -> Revision:
    """Write the drafts of a revision as a pack says them; a part of which it has none yet gets one where the pack writes it otherwise than
    what is in force."""
    revision = held(revision)
    drafted = revisions.versions_of(revision)
    in_force = book.versions()
    for part, new in sources.texts.items():
        if part in drafted or part not in in_force or in_force[part].source != new:
            write_part(by=by, revision=revision, part=part, text=new)
    return revision


@verb
def undo(*, by: Actor, revision: Revision, part: str, seen: str | None = None) -> PartVersion:
    """Take back the last edit of a draft that has not been taken back yet: the text is again what it was before. Until the part is
    approved, edit by edit down to the text in force. `seen`: as in `write_part`."""
    revision = held(revision)
    refuse_closed(revision)
    draft = revisions.versions_of(revision).get(checked_part(part))
    if draft is None:
        raise missing()
    if draft.state == APPROVED:
        raise Refusal("playbook.approved", say(_("{version} is approved. Write it anew to change it."), version=draft), status=409)
    _refuse_stale(part, draft, draft.source, seen)
    last = _last_standing(draft)
    if last is None:
        raise Refusal(
            "playbook.nothing_to_undo", _("There is nothing to take back: this is the text that the draft began with."), status=409
        )
    before = Edit.objects.get(version=draft, number=last.number - 1).text
    _require_drafter(by, [draft.part], (draft.source, before))
    _write(by, draft, before, last.place, last)
    data = {"place": last.place}
    record("playbooks.edit_undone", by=by, objects={"version": draft, "revision": revision}, data=data, permission=permits.OPERATE)
    touched(revision)
    return draft


@verb
def set_start(*, by: Actor, revision: Revision, at: datetime | None, version: int | None = None) -> Revision:
    """When the revision begins once it is approved; None: at once. Another date than before lets approvals lapse: they were given for
    that one. `version`: of the revision, as it was seen."""
    revision = held(revision, version)
    require_keeper(by, revision)
    refuse_closed(revision)
    _refuse_date(at)
    if at != revision.starts_at:
        revision.starts_at, revision.dated = at, revision.dated + 1
        Revision.objects.filter(pk=revision.pk).update(starts_at=at, dated=revision.dated)
        PartVersion.objects.filter(revision=revision, state=APPROVED).update(state=DRAFT)  # approved for another date
    tell("playbooks.start_set", by, revision, at=at.isoformat() if at else "")
    return touched(revision)


@verb
def withdraw(*, by: Actor, revision: Revision, reason: str, version: int | None = None) -> Revision:
    """Give a revision up, before it begins; what was written stays readable. One that is approved already is withdrawn only where
    nothing else that is approved builds on it."""
    revision = held(revision, version)
    require_keeper(by, revision)
    versions = revisions.versions_of(revision)
    state = revisions.state_of(revision, versions.values())
    if state not in (revisions.OPEN, revisions.SCHEDULED):
        raise closed(revision, state)
    reason = text("reason", reason, most=300)
    if state == revisions.SCHEDULED:
        _refuse_built_upon(revision, versions)
    Withdrawal.objects.create(revision=revision, person_id=by.person_id, at=now(), reason=reason)
    PartVersion.objects.filter(revision=revision).update(state=WITHDRAWN, in_force_from=None)
    tell("playbooks.revision_withdrawn", by, revision, reason=reason)
    return touched(revision)


def _refuse_built_upon(revision: Revision, versions: Mapping[str, PartVersion]) -> None:
    """What stands, and what is approved for later, must hold without it too, by the check and by the company's records."""
    left = revisions.playbooks_with({}, now(), without=[one.pk for one in versions.values()])
    there = queries.known()
    looked = [packs.looked_at(one.sources, there) for one in left]
    lines = {str(one.sentence): one.as_line() for _pack, found in looked for one in found}
    said = say(_("What is approved builds on {revision}."), revision=revision)
    if lines:
        raise Refusal("playbook.built_upon", said, list(lines.values()), status=409)
    ahead = [(one, pack) for one, (pack, _found) in zip(left, looked, strict=True) if pack is not None and one.moment > now()]
    try:
        refuse_objected(PARTS, [one for one, _pack in ahead], [pack for _one, pack in ahead])
    except Refusal as objected:
        lines_of = [Line(objected.code, objected.sentence), *objected.lines]
        raise Refusal("playbook.built_upon", said, lines_of, status=409) from None


def _draft(by: Actor, revision: Revision, part: str) -> PartVersion:
    """A draft of the part that says what is in force."""
    before = revisions.text_in_force(part)
    base = book.versions().get(part)
    draft = PartVersion.objects.create(
        part=part,
        number=(PartVersion.objects.filter(part=part).aggregate(last=Max("number"))["last"] or 0) + 1,
        pack=revision.pack or (base.pack if base else "playbook"),
        state=DRAFT,
        reason=revision.reason,
        source=before,
        digest=rules.digest(before),
        revision=revision,
    )
    Edit.objects.create(version=draft, number=0, person_id=by.person_id, at=now(), text=before)
    return draft


def _write(by: Actor, draft: PartVersion, new: str, place: str, undoes: Edit | None) -> None:
    number = (Edit.objects.filter(version=draft).aggregate(last=Max("number"))["last"] or 0) + 1
    Edit.objects.create(version=draft, number=number, person_id=by.person_id, at=now(), text=new, place=place, undoes=undoes)
    draft.source, draft.digest, draft.state = new, rules.digest(new), DRAFT
    PartVersion.objects.filter(pk=draft.pk).update(source=new, digest=draft.digest, state=DRAFT)
    _name_approvers(draft)


def _name_approvers(draft: PartVersion) -> None:
    """Whose approval the draft needs, as it stands and by what the version in force says of that: nobody names himself by the draft. A
    draft that says what is in force needs none."""
    base = revisions.text_in_force(draft.part)
    before = packs.said(base) if base else None
    named = before.get("approved_by") if before else None
    wanted = set() if draft.source == base else rules.approvers(named, before, packs.said(draft.source))
    Approver.objects.filter(version=draft).exclude(unit_code__in=wanted).delete()
    have = set(Approver.objects.filter(version=draft).values_list("unit_code", flat=True))
    Approver.objects.bulk_create([Approver(version=draft, unit_code=code) for code in sorted(wanted - have)])


def _last_standing(draft: PartVersion) -> Edit | None:
    """The last edit that was not taken back, nor takes one back; None: there is none beyond the text that the draft began with."""
    standing = Edit.objects.filter(version=draft, undoes__isnull=True, undone_by__isnull=True, number__gt=0)
    return standing.order_by("-number").first()


def _checked_text(new: str) -> str:
    """The text as it came: what cannot be stored or is too long for any part is refused beside the field."""
    if storable(new) != new:
        raise wrong("text", _("It holds a character that cannot be stored. Please type it again."))
    if len(new) > MOST_BYTES:
        raise wrong("text", say(_("A part has at most {n} bytes."), n=MOST_BYTES))
    return new


def _require_drafter(by: Actor, parts: Collection[str], texts: tuple[str, str] | None = None) -> None:
    """Refuse unless the actor may draft these parts; `texts`: before and after, of the rows that are touched."""
    if not by.is_personal:
        return
    person = personally(by)
    reach = reach_of(person)
    operates = permits.OPERATE in reach.permissions
    heads = set(Unit.objects.filter(pk__in=reach.units).values_list("code", flat=True)) if reach.units and not operates else set()
    touched = rules.owners(*(packs.said(one) for one in texts)) if texts and not operates else heads
    if not operates and not heads:
        permits.require(by, permits.OPERATE)
    if not all(rules.may_draft(part, touched, operates=operates, heads=heads) for part in parts):
        raise forbidden(
            "playbook.not_yours", _("This part is changed by sales operations; of need templates, also each row by the head of its unit.")
        )


def _refuse_taken(parts: Collection[str]) -> None:
    taken = revisions.in_preparation()
    lines = []
    for part in parts:
        if part in taken:
            other = taken[part].revision
            assert other is not None, "what is prepared belongs to a revision"
            sentence = say(
                _("The part “{part}” is being changed in {revision}: {reason}"), part=NAMES[part], revision=other, reason=other.reason
            )
            lines.append(Line("playbook.part_taken", sentence, about=ref(other)))
    if lines:
        raise Refusal("playbook.taken", _("There is one draft of a part at most. Go on there, or withdraw it."), lines, status=409)


def _refuse_date(at: datetime | None) -> None:
    if at is None:
        return
    if at.tzinfo is None or at <= now():
        raise wrong("starts_at", _("Choose a moment ahead, or leave it empty: then it begins as soon as it is approved."))
    if at > now() + FURTHEST:
        raise wrong("starts_at", _("At most two years ahead."))


def _refuse_stale(part: str, draft: PartVersion | None, current: str, seen: str | None) -> None:
    if seen is None or seen == rules.digest(current):
        return
    edits = list(Edit.objects.filter(version=draft).select_related("person").order_by("number")) if draft else []
    at = next((place for place, edit in reversed(list(enumerate(edits))) if rules.digest(edit.text) == seen), None)
    lines = []
    if at is not None:
        who = ", ".join(dict.fromkeys(edit.person.name for edit in edits[at + 1 :] if edit.person is not None))
        for change in queries.changes_of(part, edits[at].text, current)[:MOST_LINES]:
            before, after = (" / ".join(line.strip() for line in some[:3])[:200] for some in (change.before, change.after))
            sentence = say(_("{who} changed {row}: “{before}” → “{after}”"), who=who, row=change.row or part, before=before, after=after)
            lines.append(Line("playbook.edited", sentence))
    raise stale(say(_("The part “{part}” has changed since you read it. Look at what it says now."), part=NAMES[part]), lines)
