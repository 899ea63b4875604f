"""Reading revisions: who sees which, what is wrong with one, whose approval it waits for, and how a part came to be what it is."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from earshot.kit import now
from earshot.kit.ruling import permissive
from earshot.people.models import Person, Unit
from earshot.people.permits import ADMINISTER, OPERATE, holders
from earshot.people.queries import heads_upwards
from earshot.people.standing import reach_of
from earshot.playbooks import book, packs, registry, rules
from earshot.playbooks.findings import Finding
from earshot.playbooks.models import (
    APPROVED,
    BLOCK,
    DRAFT,
    IN_FORCE,
    OFF,
    PARTS,
    POLICIES,
    SUPERSEDED,
    Approval,
    Approver,
    Edit,
    PartVersion,
    Revision,
)
from earshot.playbooks.queries import Change, changes_of, known
from earshot.playbooks.queries import standing as standing_of_company
from earshot.playbooks.rules import OWNED_BY_UNITS
from earshot.playbooks.sources import Sources

BY_ANOTHER = registry.policy(
    "revision-approved-by-another",
    _("Whoever opens a revision of the playbook does not approve it; somebody else does."),
    light=OFF,
    standard=OFF,
    strict=BLOCK,
)
OPEN, SCHEDULED, BEGUN, WITHDRAWN = "open", "scheduled", "begun", "withdrawn"
_GIVEN = Approval.objects.filter(
    version=OuterRef("version"), unit_code=OuterRef("unit_code"), digest=OuterRef("version__digest"), dated=F("version__revision__dated")
)
_AWAITED = Exists(Approver.objects.filter(~Exists(_GIVEN), version=OuterRef("pk")))


def visible_to(person: Person) -> QuerySet[Revision]:
    """What is approved everybody may read, like the playbook itself; what is only being prepared, sales operations, who opened it and
    whose approval it needs."""
    known_reach = reach_of(person)
    if OPERATE in known_reach.permissions:
        return Revision.objects.all()
    approved = PartVersion.objects.filter(in_force_from__isnull=False, revision__isnull=False).values("revision")
    return Revision.objects.filter(Q(pk__in=approved) | _takes_part(person))


def _takes_part(person: Person) -> Q:
    """Revisions that the person opened, or whose approval is a matter of his or her units."""
    reach = reach_of(person)
    found = Q(opened_by=person)
    if reach.units:
        own = Unit.objects.filter(pk__in=reach.units).values("code")
        found |= Q(pk__in=Approver.objects.filter(unit_code__in=own, version__revision__isnull=False).values("version__revision"))
    return found


@permissive("everybody sees whom it touches", lambda person, revision: True)
def sees_impacts(person: Person, revision: Revision) -> bool:
    """Whether the person sees whom a revision touches: names and counts of deals, whoever's they are. It is for those who prepare or
    approve it; that everybody may read its text, once it is approved, says nothing of people (law 13)."""
    return OPERATE in reach_of(person).permissions or Revision.objects.filter(_takes_part(person), pk=revision.pk).exists()


def versions_of(revision: Revision) -> dict[str, PartVersion]:
    """Part → the version that the revision makes of it, in the order of the parts."""
    found = {version.part: version for version in PartVersion.objects.filter(revision=revision)}
    return {part: found[part] for part in PARTS if part in found}


def state_of(revision: Revision, versions: Collection[PartVersion]) -> str:
    """Open until the last of its parts is approved; then scheduled until its date, then begun. Or withdrawn before that."""
    if hasattr(revision, "withdrawal"):
        return WITHDRAWN
    dates = [version.in_force_from for version in versions if version.in_force_from is not None]
    if not dates:
        return OPEN
    return SCHEDULED if min(dates) > now() else BEGUN


def begins(revision: Revision) -> datetime:
    """When its parts would begin if they were approved now."""
    return max(revision.starts_at or now(), now())


@dataclass(frozen=True)
class Beside:
    """A playbook as it will stand from a moment on: the texts of its parts, those of a revision among the others."""

    moment: datetime
    sources: Sources


_DATED = Q(state=IN_FORCE) | Q(state=APPROVED, in_force_from__isnull=False)


def standing_without(versions: Collection[PartVersion], moment: datetime) -> list[UUID]:
    """The versions that will be in force at the moment if these never begin."""
    rows = PartVersion.objects.filter(_DATED).exclude(pk__in=[one.pk for one in versions])
    return list(rules.in_force(rows.values_list("part", "pk", "state", "in_force_from"), moment).values())


def playbooks_with(drafts: Mapping[str, PartVersion], start: datetime, *, without: Collection[UUID] = ()) -> list[Beside]:
    """The playbook as it will stand when the drafts begin, and at each later moment when another part that is approved already does.
    `without`: versions that are thought away."""
    others = {
        one.pk: one for one in PartVersion.objects.filter(_DATED).exclude(pk__in=[*without, *(draft.pk for draft in drafts.values())])
    }
    rows = [(one.part, one.pk, one.state, one.in_force_from) for one in others.values()]
    later = {begins for _part, _pk, state, begins in rows if state == APPROVED and begins is not None and begins > start}
    found = []
    for moment in sorted({start, *later}):
        texts = {part: others[pk].source for part, pk in rules.in_force(rows, moment).items()}
        texts |= {part: draft.source for part, draft in drafts.items()}
        name = next((draft.pack for draft in drafts.values()), "playbook")
        found.append(Beside(moment, Sources(name, {part: texts[part] for part in PARTS if part in texts})))
    return found


def findings_in(playbooks: Iterable[Beside]) -> list[Finding]:
    """What the check finds in them, each thing once."""
    return _looked_at(playbooks)[1]


def _looked_at(playbooks: Iterable[Beside]) -> tuple[packs.Pack | None, list[Finding]]:
    """The first of them as it was read, None where anything is wrong with any; and what the check finds, each thing once."""
    there = known()
    first: packs.Pack | None = None
    found: dict[tuple[Any, ...], Finding] = {}
    for one in playbooks:
        pack, wrong = packs.looked_at(one.sources, there)
        first = first or pack
        for finding in wrong:
            found.setdefault((finding.file, finding.place, finding.line, str(finding.sentence)), finding)
    return None if found else first, list(found.values())


def findings(revision: Revision, drafts: Mapping[str, PartVersion] | None = None) -> list[Finding]:
    """What the check finds in the drafts of a revision, together with the parts that will be in force beside them at its date, and
    after it as far as that is approved."""
    return findings_in(playbooks_with(drafts if drafts is not None else versions_of(revision), begins(revision)))


@dataclass(frozen=True)
class Awaited:
    """An approval that a draft needs as it stands. `approval`: given for this very text; None: awaited. `people`: who can give it; empty:
    whoever holds the permission of sales operations. `unit`: whose head it is; None: sales operations. `barred`: those who may not give it
    whatever the part says; the next one above is asked in that head's place."""

    version: PartVersion
    unit_code: str
    unit: Unit | None
    people: tuple[Person, ...]
    approval: Approval | None
    barred: frozenset[UUID] = frozenset()

    @property
    def whom(self) -> Any:
        """Whose approval it is, in words."""
        return self.people[0].name if self.people else _("sales operations")

    def takes(self, person: Person, *, operates: bool) -> bool:
        """Whether the person is whom the part names, and may approve."""
        return person.pk not in self.barred and (person in self.people if self.people else operates)

    def lacks(self, operations: Iterable[Person]) -> bool:
        """Whether it is awaited and none of sales operations, to whom it is left, may give it."""
        return self.approval is None and not self.people and all(one.pk in self.barred for one in operations)


def by_another() -> bool:
    """Whether the policies in force refuse the approval of whoever opened a revision, or wrote what stands in it."""
    return POLICIES in book.in_force().versions and standing_of_company().blocks(BY_ANOTHER)


def others_in_operations(author: UUID | None) -> list[Person]:
    """Who of sales operations may approve in the author's place, by name."""
    return [one for one in Person.objects.filter(holders(OPERATE)).order_by("name") if one.pk != author]


def who_can_name_somebody() -> list[Person]:
    """Who may give the permission of sales operations to somebody else, by name."""
    return list(Person.objects.filter(holders(ADMINISTER)).order_by("name"))


def approvals_needed(versions: Collection[PartVersion]) -> list[Awaited]:
    """The approvals that these drafts need, given or not, in a fixed number of statements. A unit that nobody heads, nor any above it,
    leaves its part to sales operations."""
    by_id = {version.pk: version for version in versions}
    wanted = list(Approver.objects.filter(version__in=by_id).order_by("unit_code"))
    units = {unit.code: unit for unit in Unit.objects.filter(code__in={one.unit_code for one in wanted})}
    heads = heads_upwards([unit.pk for unit in units.values()]) if units else {}
    asks_another = by_another()
    authors = authors_of(versions) if asks_another else {}
    barred = {pk: rules.barred(authors.get(pk, ()), by_another=asks_another) for pk in by_id}
    approvals = Approval.objects.filter(version__in=by_id, dated=F("version__revision__dated")).select_related("person")
    given = {(one.version_id, one.unit_code): one for one in approvals if one.digest == by_id[one.version_id].digest}
    return [
        Awaited(
            version=by_id[one.version_id],
            unit_code=one.unit_code,
            unit=(unit := units.get(one.unit_code)),
            people=_nearest(heads.get(unit.pk, ()), barred[one.version_id]) if unit is not None else (),
            approval=given.get((one.version_id, one.unit_code)),
            barred=barred[one.version_id],
        )
        for one in wanted
    ]


def authors_of(versions: Collection[PartVersion]) -> dict[UUID, set[UUID]]:
    """Version → who opened its revision, and who wrote what stands in it: whoever's edits were not taken back."""
    opened = dict(Revision.objects.filter(pk__in={one.revision_id for one in versions}).values_list("pk", "opened_by"))
    found = {one.pk: {author for author in [opened.get(one.revision_id)] if author is not None} for one in versions}  # type: ignore[arg-type]  # none has no opener
    standing = Edit.objects.filter(version__in=found, number__gt=0, undoes__isnull=True, undone_by__isnull=True, person__isnull=False)
    for version, person in standing.values_list("version", "person"):
        found[version].add(person)
    return found


def _nearest(heads: Iterable[Person], barred: Collection[UUID]) -> tuple[Person, ...]:
    return tuple(one for one in heads if one.pk not in barred)[:1]


def waiting_for(person: Person) -> list[Revision]:
    """The revisions whose approval was asked for and that wait for this person's, the oldest first."""
    operates = OPERATE in reach_of(person).permissions
    if not operates and not reach_of(person).units:
        return []
    asked = PartVersion.objects.filter(_AWAITED, state=DRAFT, revision__request__isnull=False)
    drafts = list(asked.select_related("revision__opened_by").order_by("revision__number"))  # one of a part at most
    wanted = [one for one in approvals_needed(drafts) if one.approval is None and one.takes(person, operates=operates)] if drafts else []
    mine = {one.version.pk for one in wanted}
    return list({draft.revision_id: draft.revision for draft in drafts if draft.pk in mine and draft.revision is not None}.values())


def without_approver(person: Person) -> list[Revision]:
    """The revisions of this person whose approval was asked for and that nobody but he or she could approve, who may not."""
    if not by_another():
        return []
    asked = PartVersion.objects.filter(_AWAITED, state=DRAFT, revision__request__isnull=False, revision__opened_by=person)
    drafts = list(asked.select_related("revision").order_by("revision__number"))
    left = [one for one in approvals_needed(drafts) if one.approval is None and not one.people] if drafts else []
    operations = others_in_operations(person.pk) if left else []
    open_ = {one.version.pk for one in left if one.lacks(operations)}
    return list({draft.revision_id: draft.revision for draft in drafts if draft.pk in open_ and draft.revision is not None}.values())


@dataclass(frozen=True)
class Drafted:
    """One part of a revision. `before`: the text of the version that it follows; `edits`: the oldest first, without their texts;
    `findings`: of the check in this part, while the revision is open."""

    version: PartVersion
    before: str
    edits: Sequence[Edit]
    findings: Sequence[Finding]
    awaited: Sequence[Awaited]

    @property
    def changes(self) -> list[Change]:
        return changes_of(self.version.part, self.before, self.version.source)

    @property
    def etag(self) -> int:
        return etag(self.version, self.edits[-1].number if self.edits else 0)

    @property
    def can_be_undone(self) -> bool:
        """Whether an edit stands that was not taken back."""
        undone = {edit.undoes_id for edit in self.edits}
        return self.version.state == DRAFT and any(edit.number and not edit.undoes_id and edit.pk not in undone for edit in self.edits)


@dataclass(frozen=True)
class Read:
    """A revision as a door shows it. `findings`: of the check in parts that it does not change, beside its drafts. `begins`: by its
    date, or the moment at which it began; None: at once, when it is approved. `asked`: its approval was asked for. `pack`: the playbook
    with its drafts, as it begins; None where the check finds anything, nothing differs, or it begins no more. `others`: of sales
    operations, who may approve while its author may not; None: the author may."""

    revision: Revision
    state: str
    begins: datetime | None
    parts: Sequence[Drafted]
    findings: Sequence[Finding]
    asked: bool
    pack: packs.Pack | None = None
    others: Sequence[Person] | None = None

    @property
    def without_approver(self) -> bool:
        """Whether nobody but its author could give an approval that it waits for."""
        return self.others is not None and any(one.lacks(self.others) for drafted in self.parts for one in drafted.awaited)

    @property
    def ready(self) -> bool:
        """Whether every approval is there and it has not begun for all that: what lacked one was taken back. Any further `approve` begins
        it."""
        wanted = [one for drafted in self.parts for one in drafted.awaited]
        return self.state == OPEN and bool(wanted) and all(one.approval is not None for one in wanted)

    def part(self, name: str) -> Drafted | None:
        return next((one for one in self.parts if one.version.part == name), None)

    def waits_for(self, person: Person) -> list[Awaited]:
        """The approvals that this person can give now."""
        operates = OPERATE in reach_of(person).permissions
        wanted = [one for drafted in self.parts for one in drafted.awaited]
        if self.ready:
            return [one for one in wanted if may_settle(person, self.revision, wanted, operates=operates)]
        return [one for one in wanted if self.state == OPEN and one.approval is None and one.takes(person, operates=operates)]


def may_settle(person: Person, revision: Revision, needed: Iterable[Awaited], *, operates: bool) -> bool:
    """Whether the person may let a revision begin of which every approval is there: sales operations, who opened it, whom a part names."""
    return operates or person.pk == revision.opened_by_id or any(one.takes(person, operates=operates) for one in needed)


def read(revision: Revision) -> Read:
    """The revision with its parts, what the check finds and whose approval is awaited, in a fixed number of statements."""
    versions = versions_of(revision)
    state = state_of(revision, versions.values())
    pack, found = _looked_at(_as_it_begins(revision, versions, state))
    before = _followed(versions.values())
    edits: dict[UUID, list[Edit]] = {}
    for edit in Edit.objects.filter(version__in=versions.values()).defer("text").select_related("person").order_by("number"):
        edits.setdefault(edit.version_id, []).append(edit)
    awaited: dict[UUID, list[Awaited]] = {}
    for one in approvals_needed(list(versions.values())):
        awaited.setdefault(one.version.pk, []).append(one)
    drafted = [
        Drafted(
            version=version,
            before=before.get(part, ""),
            edits=edits.get(version.pk, []),
            findings=[one for one in found if one.file == f"{part}.yaml"],
            awaited=awaited.get(version.pk, []),
        )
        for part, version in versions.items()
    ]
    dates = [version.in_force_from for version in versions.values() if version.in_force_from is not None]
    elsewhere = [one for one in found if one.file.removesuffix(".yaml") not in versions]
    differs = any(one.before != one.version.source for one in drafted)
    begins_at = dates[0] if dates else revision.starts_at
    others = others_in_operations(revision.opened_by_id) if state == OPEN and by_another() else None
    return Read(revision, state, begins_at, drafted, elsewhere, hasattr(revision, "request"), pack if differs else None, others)


def _as_it_begins(revision: Revision, versions: Mapping[str, PartVersion], state: str) -> list[Beside]:
    """The playbook with the drafts of a revision, at its date and after it; of one that is approved, at its date. Nothing, where it has
    no part or begins no more."""
    if state == OPEN and versions:
        return playbooks_with(versions, begins(revision))
    dated = {part: one for part, one in versions.items() if one.in_force_from is not None}
    if state == SCHEDULED and dated:
        return playbooks_with(dated, max(one.in_force_from for one in dated.values() if one.in_force_from))[:1]
    return []


def read_part(revision: Revision, part: str) -> Drafted | None:
    """One part of a revision, as it is written: without what the check finds, or whose approval it needs."""
    version = PartVersion.objects.filter(revision=revision, part=part).first()
    if version is None:
        return None
    edits = list(Edit.objects.filter(version=version).defer("text").select_related("person").order_by("number"))
    return Drafted(version, _followed([version]).get(part, ""), edits, (), ())


def versions_seen(person: Person) -> QuerySet[PartVersion]:
    """What is or was in force everybody may read; what is only being prepared, whoever sees its revision."""
    begun = Q(state__in=[IN_FORCE, SUPERSEDED])
    return PartVersion.objects.filter(begun | Q(revision__in=visible_to(person).values("pk")))


def _followed(versions: Collection[PartVersion]) -> dict[str, str]:
    """Part → the text of the version that was in force before this one, or is while it is prepared."""
    own = {version.part: version.number for version in versions}
    begun = (
        PartVersion.objects.filter(part__in=own, state__in=[IN_FORCE, SUPERSEDED]).order_by("number").values_list("part", "number", "pk")
    )
    last = {part: pk for part, number, pk in begun if number < own[part]}
    return dict(PartVersion.objects.filter(pk__in=last.values()).values_list("part", "source"))


_STEP = 100_000  # more edits than a draft has


def etag(version: PartVersion, edit: int) -> int:
    """A number for one text of a part, as the API names it: of this version, after so many edits."""
    return version.number * _STEP + min(edit, _STEP - 1)


def seen_as(part: str, tag: int) -> str:
    """The digest of the text that a door named by this number; empty, which no text has, where there never was one."""
    if tag == 0:
        return rules.digest("")
    number, edit = divmod(tag, _STEP)
    version = PartVersion.objects.filter(part=part, number=number).first()
    if version is None:
        return ""
    written = Edit.objects.filter(version=version, number=edit).first()
    if written is None:
        return rules.digest(version.source) if version.revision_id is None and not edit else ""
    return rules.digest(written.text)


def standing(part: str) -> tuple[str, int]:
    """The text of a part that somebody who begins to change it sees, and the number that names it: as it is in force."""
    version = book.versions().get(part)
    if version is None:
        return "", 0
    last = Edit.objects.filter(version=version).order_by("-number").values_list("number", flat=True).first()
    return version.source, etag(version, last or 0)


def drafts_open_to(person: Person) -> Collection[str]:
    """The parts that the person may draft: all of them, the rows of his or her units, or none."""
    if OPERATE in reach_of(person).permissions:
        return PARTS
    return [OWNED_BY_UNITS] if reach_of(person).units and OWNED_BY_UNITS in PARTS else []


def rows_open_to(person: Person, part: str) -> Collection[str] | None:
    """Codes of the units whose rows of the part the person may draft; None: all of it, whatever it says."""
    reach = reach_of(person)
    if OPERATE in reach.permissions:
        return None
    if part != OWNED_BY_UNITS or not reach.units:
        return ()
    return set(Unit.objects.filter(pk__in=reach.units).values_list("code", flat=True))


def in_preparation() -> dict[str, PartVersion]:
    """Part → the version of it that is being prepared, or approved and not begun, its revision loaded."""
    found = PartVersion.objects.filter(state__in=[DRAFT, APPROVED]).select_related("revision__opened_by")
    return {version.part: version for version in found}


def history(person: Person, part: str) -> list[PartVersion]:
    """The versions of a part that the person sees, the newest first, each with its revision, who opened that, and who approved."""
    found = versions_seen(person).filter(part=part).select_related("revision__opened_by").prefetch_related("approvals__person")
    return list(found.order_by("-number"))


def text_in_force(part: str) -> str:
    """The part in force as it was written; empty where there is none, or where its text was not kept."""
    chosen = book.in_force().versions.get(part)
    return PartVersion.objects.values_list("source", flat=True).get(pk=chosen) if chosen else ""
