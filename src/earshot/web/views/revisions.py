"""The playbook while it changes: revisions, the history of a part, and a version as it was written."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext_lazy

from earshot.deals.asking import effect_of_revision
from earshot.deals.queries import open_under
from earshot.kit.problems import Together, missing, say, wrong
from earshot.kit.texts import storable, text
from earshot.people.models import Person
from earshot.people.permits import OPERATE
from earshot.people.standing import reach_of
from earshot.playbooks import actions, book, editing, revisions
from earshot.playbooks.editing import Said, Touched
from earshot.playbooks.models import PARTS, PROCESS, PartVersion
from earshot.playbooks.models import Revision as RevisionRow
from earshot.playbooks.parts.meaning import NAMES
from earshot.playbooks.queries import Change, changes_of
from earshot.playbooks.registry import Impact
from earshot.playbooks.revisions import Drafted, Read
from earshot.playbooks.rules import line_ends
from earshot.web import acts
from earshot.web.page import Done, Page, version
from earshot.web.views.asks import shown
from earshot.web.views.meetings import moment
from earshot.web.wording import Wording, differences_shown

STATES = {
    "draft": (pgettext_lazy("of a version", "draft"), "grey"),
    "approved": (pgettext_lazy("of a version", "approved"), "met"),
    "in_force": (pgettext_lazy("of a version", "in force"), "met"),
    "superseded": (pgettext_lazy("of a version", "superseded"), "grey"),
    "withdrawn": (pgettext_lazy("of a version", "withdrawn"), "grey"),
}
STATES_OF_REVISIONS = {
    revisions.OPEN: (pgettext_lazy("of a revision", "being prepared"), "grey"),
    revisions.SCHEDULED: (pgettext_lazy("of a revision", "approved, begins at its date"), "met"),
    revisions.BEGUN: (pgettext_lazy("of a revision", "in force"), "met"),
    revisions.WITHDRAWN: (pgettext_lazy("of a revision", "withdrawn"), "grey"),
}
MOST_TOUCHED = 30  # rows of a part, of which it is said whom they touch; more stand on the page of its tables
MOST_NAMES = 12


def impact_shown(impact: Impact | None) -> dict[str, Any] | None:
    """Whom a changed row touches, in words and names."""
    if impact is None:
        return None
    more = len(impact.people) - MOST_NAMES
    return {
        "sentences": impact.sentences,
        "people": _(", ").join(impact.people[:MOST_NAMES]),
        "more": ngettext("and %(n)s more", "and %(n)s more", more) % {"n": more} if more > 0 else "",
    }


def at_hand(typed: str) -> datetime | None:
    """A moment as a field gives it; empty: none. Refused beside the field where it is neither."""
    if not typed.strip():
        return None
    found = moment(typed)
    if found is None:
        raise wrong("starts_at", _("This is no date and time. Choose one, or leave it empty."))
    return found


def lines_of(changes: Sequence[Change]) -> list[dict[str, str]]:
    """What differs, as `c-source` takes it."""
    shown: list[dict[str, str]] = []
    for one in changes:
        shown += [{"n": "", "text": text, "kind": "goes"} for text in one.before]
        shown += [{"n": "", "text": text, "kind": "comes"} for text in one.after]
        if one is not changes[-1]:
            shown.append({"n": "", "text": "⋯", "kind": ""})
    return shown


def written(text: str, wrong_lines: Collection[int] = ()) -> list[dict[str, Any]]:
    """A text line by line, as `c-source` takes it."""
    return [{"n": n, "text": line, "kind": "wrong" if n in wrong_lines else ""} for n, line in enumerate(text.splitlines(), start=1)]


def summed(changes: Sequence[Change]) -> str:
    before, after = sum(len(one.before) for one in changes), sum(len(one.after) for one in changes)
    go = ngettext("%(n)s line goes", "%(n)s lines go", before) % {"n": before}
    come = ngettext("%(n)s line comes", "%(n)s lines come", after) % {"n": after}
    return str(_(", ")).join(part for part, n in ((go, before), (come, after)) if n)


class Revision(Page):
    """One change of the playbook: why, from when, its parts with what is wrong and what differs, and what can be done with it."""

    template = "web/revision.html"
    kind = "revision"
    live = True
    approves = False
    acts = {
        "write": ("part", "text", "seen"),
        "add": ("part",),
        "undo": (),
        "start": ("starts_at",),
        "ask": (),
        "approve": (),
        "withdraw": ("reason",),
    }

    def initial(self) -> Mapping[str, Mapping[str, Any]]:
        return {"start": {"starts_at": self.thing.starts_at}}

    def held(self) -> str:
        return "approve" if self.approves else ""

    def context(self) -> dict[str, Any]:
        one = RevisionRow.objects.select_related("opened_by", "withdrawal", "request").get(pk=self.thing.pk)
        read = revisions.read(one)
        operates = OPERATE in reach_of(self.person).permissions
        opener = one.opened_by_id == self.person.pk
        mine = read.waits_for(self.person)
        self.approves = bool(mine)
        is_open = read.state == revisions.OPEN
        drafts = revisions.drafts_open_to(self.person) if is_open else ()
        word, tone = STATES_OF_REVISIONS[read.state]
        changed = any(part.changes for part in read.parts)
        taken = revisions.in_preparation()
        touched = editing.impacts_of(read) if is_open and read.parts else {}
        effect = effect_of_revision(read)
        named = editing.named_of(read) if read.parts else {}
        return {
            "one": one,
            "warnings": [{"sentence": one.as_line().sentence, "judged": True} for one in read.pack.warnings] if read.pack else [],
            "effect": shown(effect) if effect is not None else None,
            "state": {"word": word, "tone": tone},
            "begins": read.begins,
            "is_open": is_open,
            "asked": getattr(one, "request", None),
            "withdrawn": getattr(one, "withdrawal", None),
            "parts": [self.part(part, part.version.part in drafts, touched.get(part.version.part, ()), named) for part in read.parts],
            "elsewhere": [acts.line(finding.as_line(), acts.NOBODY) for finding in read.findings],
            "keeps": operates or opener,
            "approves": [NAMES[awaited.version.part] for awaited in mine],
            "barred": _why_barred(read, self.person) if is_open and changed and read.others is not None else "",
            "ready": read.ready,
            "sound": not read.findings and not any(part.findings for part in read.parts),
            "changed": changed,
            "can_ask": is_open and changed and not read.asked and (operates or opener) and _others_wait(read, self.person),
            "can_end": read.state in (revisions.OPEN, revisions.SCHEDULED) and (operates or opener),
            "free": [(part, NAMES[part]) for part in PARTS if part in drafts and part not in taken and (operates or opener)],
        }

    def part(self, part: Drafted, may_write: bool, touched: Sequence[Touched], named: Mapping[str, Said]) -> dict[str, Any]:
        word, tone = STATES[part.version.state]
        changes = part.changes
        name = part.version.part
        words = Wording(name, named)
        read = words.read(part.version.source) if part.findings else None
        typed = self.typed if self.typed is not None and (self.typed.get("act"), self.typed.get("part")) == ("write", name) else None
        return {
            "part": name,
            "name": NAMES[name],
            "version": part.version,
            "word": word,
            "tone": tone,
            "findings": [{"sentence": words.finding(read, finding), "plain": True} for finding in part.findings],
            "sum": summed(changes) if changes else "",
            "lines": lines_of(changes),
            "differences": differences_shown(words.differences(part.before, part.version.source)) if changes else [],
            "touched": [{"row": one.name, "place": one.place, "impact": impact_shown(one.impact)} for one in touched[:MOST_TOUCHED]],
            "tables_url": reverse("revision_part", kwargs={"id": self.thing.pk, "part": name}),
            "may_write": may_write,
            # What was typed into the form of this part stays, also where it was refused because somebody else was quicker.
            "text": line_ends(typed.get("text", ""), "") if typed is not None else part.version.source,
            "open": typed is not None,
            "error": self.refused.fields.get("text", "") if self.refused and typed is not None else "",
            "rows": min(max(part.version.source.count("\n") + 2, 8), 28),
            "write": {"act": "write", "part": name, "seen": part.version.digest},
            "undo": {"act": "undo", "part": name, "seen": part.version.digest} if may_write and part.can_be_undone else None,
            "approvals": [
                {
                    "who": awaited.approval.person.name if awaited.approval else awaited.whom,
                    "at": awaited.approval.at if awaited.approval else None,
                    "unit": awaited.unit,
                }
                for awaited in part.awaited
            ],
            "edits": [
                {"who": edit.person.name if edit.person else _("the process"), "at": edit.at, "place": edit.place, "undoes": edit.undoes_id}
                for edit in reversed(part.edits)
                if edit.number
            ],
        }

    def write(self, posted: QueryDict) -> Done:
        name = posted.get("part", "")
        drafted = revisions.read_part(self.thing, name)
        text = line_ends(posted.get("text", ""), drafted.version.source if drafted else "")
        actions.write_part(by=self.by, revision=self.thing, part=name, text=text, seen=posted.get("seen", ""))
        return Done(_("Saved. It holds once it is approved."), f"{self.request.path}#{name}")

    def add(self, posted: QueryDict) -> Done:
        name = posted.get("part", "")
        actions.add_part(by=self.by, revision=self.thing, part=name)
        return Done(_("The part is being changed in this revision now."), f"{self.request.path}#{name}")

    def undo(self, posted: QueryDict) -> Done:
        name = posted.get("part", "")
        actions.undo(by=self.by, revision=self.thing, part=name, seen=posted.get("seen", ""))
        return Done(_("The last edit is taken back."), f"{self.request.path}#{name}")

    def start(self, posted: QueryDict) -> Done:
        at = at_hand(posted.get("starts_at", ""))
        actions.set_start(by=self.by, revision=self.thing, at=at, version=version(posted.get("version", "")))
        return Done(_("The date is set.") if at else _("It begins as soon as it is approved."))

    def ask(self, posted: QueryDict) -> Done:
        actions.ask_approval(by=self.by, revision=self.thing, version=version(posted.get("version", "")))
        return Done(_("It waits for approval now, on the day of whoever gives it."))

    def approve(self, posted: QueryDict) -> Done:
        return approved(actions.approve(by=self.by, revision=self.thing, version=version(posted.get("version", ""))))

    def withdraw(self, posted: QueryDict) -> Done:
        reason, seen = posted.get("reason", ""), version(posted.get("version", ""))
        actions.withdraw(by=self.by, revision=self.thing, reason=reason, version=seen)
        return Done(_("It is withdrawn. What was written stays readable here."))


def approved(one: RevisionRow) -> Done:
    """What to say after an approval: whether others are still awaited, or from when it holds."""
    versions = revisions.versions_of(one)
    read = revisions.state_of(one, versions.values())
    said = {
        revisions.OPEN: _("Approved by you. It waits for the others whom its parts name."),
        revisions.SCHEDULED: _("Approved. It begins at its date."),
        revisions.BEGUN: _("Approved, and in force."),
    }
    if read == revisions.BEGUN and PROCESS in versions:
        return Done(_("Approved, and in force. Running deals keep the process that they began under."))
    return Done(said[read])


def _why_barred(read: Read, person: Person) -> Any:
    """Why its author does not approve it, and who does, or who could name somebody. Empty: he or she is not barred."""
    waiting = [one for part in read.parts for one in part.awaited if one.approval is None and person.pk in one.barred]
    if not waiting:
        return ""
    opened = person.pk == read.revision.opened_by_id
    if read.without_approver and opened:
        names = _(", ").join(one.name for one in revisions.who_can_name_somebody()[:MOST_NAMES])
        sentence = _(
            "You opened this revision, and by the policies in force somebody else approves it; but nobody else has the permission of sales "
            "operations. An administrator can give it to somebody: {names}. It then waits for that person."
        )
        return say(sentence, names=names or "–")
    names_of = [
        other.name for one in waiting for other in (one.people or [each for each in read.others or () if each.pk not in one.barred])
    ]
    sentence = _("You wrote in this revision. By the policies in force, somebody else approves what you wrote: {names}.")
    if opened:
        sentence = _("You opened this revision. By the policies in force, somebody else approves it: {names}.")
    return say(sentence, names=_(", ").join(list(dict.fromkeys(names_of))[:MOST_NAMES]) or "–")


def _others_wait(read: Read, person: Person) -> bool:
    """Whether anybody else than this person is to approve."""
    operates = OPERATE in reach_of(person).permissions
    wanted = [awaited for part in read.parts for awaited in part.awaited if awaited.approval is None]
    return any(not awaited.takes(person, operates=operates) for awaited in wanted) or not wanted


class Part(Page):
    """How a part came to be what it is: each version with its reason, who and when, and what comes next."""

    template = "web/part.html"

    def context(self) -> dict[str, Any]:
        name = self.kwargs["part"]
        if name not in PARTS:
            raise missing()
        rows = revisions.history(self.person, name)
        operates = OPERATE in reach_of(self.person).permissions
        deals = open_under([row.pk for row in rows]) if name == PROCESS and operates else {}
        current = book.in_force().versions.get(name)
        begins_here = name in revisions.drafts_open_to(self.person) and name not in revisions.in_preparation()
        return {
            "name": NAMES[name],
            "change_url": f"{reverse('playbook')}?{urlencode({'change': name})}#versions" if begins_here else "",
            "pinned": name == PROCESS and operates,
            "versions": [
                {
                    "version": row,
                    "url": acts.address("playbook", row.pk),
                    "word": STATES["in_force"][0] if row.pk == current else STATES[row.state][0],
                    "current": row.pk == current,
                    "revision": acts.address("revision", row.revision_id) if row.revision_id and row.revision_id in _seen(self) else "",
                    "opened_by": row.revision.opened_by if row.revision else None,
                    "approved_by": [given.person.name for given in row.approvals.all() if row.approved_by(given)],
                    "deals": deals.get(row.pk, 0) if row.state in ("in_force", "superseded") else None,
                }
                for row in rows
            ],
        }


def _seen(page: Page) -> set[Any]:
    found: set[Any] | None = getattr(page, "seen_revisions", None)
    if found is None:
        found = set(revisions.visible_to(page.person).values_list("pk", flat=True))
        page.seen_revisions = found  # type: ignore[attr-defined]  # asked once a page
    return found


class Version(Page):
    """One version of a part as it was written, and what it changed."""

    template = "web/version.html"
    kind = "playbook"

    def context(self) -> dict[str, Any]:
        one: PartVersion = self.thing
        before = (
            PartVersion.objects.filter(part=one.part, number__lt=one.number, state__in=["in_force", "superseded"]).order_by("number").last()
        )
        changes = changes_of(one.part, before.source, one.source) if before and before.source else []
        return {
            "one": one,
            "name": NAMES[one.part],
            "part_url": reverse("part", kwargs={"part": one.part}),
            "word": STATES[one.state][0],
            "before": before,
            "sum": summed(changes) if changes else "",
            "differences": differences_shown(Wording(one.part, editing.named_in_force()).differences(before.source, one.source))
            if before and changes
            else [],
            "diff": lines_of(changes),
            "lines": written(one.source),
        }


def open_revision(page: Page, posted: QueryDict) -> Done:
    """The act of the playbook's page: begin a change, with drafts of the parts that were ticked."""
    starts_at = at_hand(posted.get("starts_at", ""))
    reason = storable(posted.get("reason", ""))
    parts = [part for part in posted.getlist("parts") if part]
    each = Together()
    each(_some, parts)
    each(text, "reason", reason, most=300)
    each.refuse()
    one = actions.open_revision(by=page.by, reason=reason, parts=parts, starts_at=starts_at)
    return Done(say(_("{revision} is open. Change its parts below."), revision=one), acts.address("revision", one.pk))


def _some(parts: Collection[str]) -> Collection[str]:
    if not parts:
        raise wrong("parts", _("Choose at least one part."))
    return parts


def shown_on_playbook(page: Page) -> dict[str, Any]:
    """What the playbook's page says of versions: in force, what comes when, what is being prepared."""
    in_force, coming = book.versions(), revisions.in_preparation()
    seen = revisions.visible_to(page.person)
    visible = set(seen.filter(versions__in=[row.pk for row in coming.values()]).values_list("pk", flat=True)) if coming else set()
    drafts = revisions.drafts_open_to(page.person)
    return {
        "book_parts": [
            {
                "name": NAMES[part],
                "url": reverse("part", kwargs={"part": part}),
                "version": in_force.get(part),
                "next": coming[part] if part in coming and coming[part].revision_id in visible else None,
                "next_url": acts.address("revision", coming[part].revision_id) if part in coming else "",
            }
            for part in PARTS
            if part in in_force or (part in coming and coming[part].revision_id in visible)
        ],
        "may_draft": [(part, NAMES[part]) for part in PARTS if part in drafts and part not in coming],
        "drafts": bool(drafts),
    }
