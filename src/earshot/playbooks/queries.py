"""Reading the playbook: what is in force, and what a record's version said."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import takewhile
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from earshot.clocks import rules as clock_rules
from earshot.clocks.registry import ADDRESSEES
from earshot.journal.actors import Actor
from earshot.kit.engine.prepared import Prepared
from earshot.kit.problems import Refusal, say, wrong
from earshot.kit.reading import once
from earshot.people import permits
from earshot.people.models import Post, Skill, Unit, UnitAbove
from earshot.playbooks import book, burden, packs
from earshot.playbooks.models import (
    APPROVED,
    HEARING,
    IN_FORCE,
    OPTIONAL,
    PARTS,
    PROCESS,
    SUPERSEDED,
    WITHDRAWN,
    Category,
    DefaultHearer,
    HearerRule,
    PartVersion,
    Role,
    ServiceLevel,
    Specialty,
    SupportItem,
    Trigger,
)
from earshot.playbooks.parts.reading import Known
from earshot.playbooks.parts.waiting import Waiting
from earshot.playbooks.policies import TIER, UNIT, Place, Standing
from earshot.playbooks.registry import CHECKS, FACTS, FOLLOWED, FOLLOWED_TIERS, POLICIES
from earshot.playbooks.sources import Sources

# Rows of versions that are, or were, in force: one that is approved for a later day has its rows already.
BEGUN = Q(version__state__in=[IN_FORCE, SUPERSEDED])


def service_level(code: str) -> clock_rules.Level:
    """The service level in force with this code, as the clocks take it, citing its version. One that is in force no more, but
    that a record of an older version names, as it stood last."""
    found = book.in_force().service_levels.get(code)
    if found is None:
        last = ServiceLevel.objects.filter(BEGUN, code=code).order_by("-version__number").values_list("version_id", flat=True).first()
        if last is None:
            raise LookupError(f"there never was a service level {code!r}")
        found = book.service_levels_of(last)[code]
    return found


def service_level_of(cited: str) -> clock_rules.Level:
    """The service level, in force now, of the hearer rule that a record cites."""
    part_version, _slash, code = cited.partition("/")
    _part, _at, number = part_version.partition("@")
    for table in (HearerRule, DefaultHearer):
        row = table.objects.filter(version__part=HEARING, version__number=int(number), code=code).first()
        if row:
            return service_level(row.service_level)
    raise LookupError(f"no hearer rule is cited by {cited!r}")


def categories() -> list[Category]:
    """The categories in force, the critical ones first."""
    return list(book.in_force().hearing.categories.values())


def category(code: str) -> Category:
    """The category in force with this code; refused beside its field when there is none."""
    found = book.in_force().hearing.categories.get(code)
    if found is None:
        raise wrong("category", say(_("There is no category “{code}”. Choose one of the list."), code=code))
    return found


def triggers(stage_code: str) -> tuple[Trigger, ...]:
    """What entering the stage calls for, by the table in force."""
    return book.in_force().support.triggers.get(stage_code, ())


def says_none_needed(stage_code: str) -> bool:
    return stage_code in book.in_force().support.none_needed


def known() -> Known:
    """What a playbook may name as things stand: units, addressees, checks, the facts that conditions speak of, skills that somebody has."""
    units = frozenset(Unit.objects.values_list("code", flat=True))
    skills = frozenset(Skill.objects.values_list("code", flat=True))
    followed = frozenset(code for stages in FOLLOWED.values() for code in stages())
    sizes = frozenset(code for tiers in FOLLOWED_TIERS.values() for code in tiers())
    held = frozenset(Post.objects.filter(until__isnull=True, person__left_at__isnull=True).values_list("role", flat=True))
    facts, policies = dict(FACTS.items()), dict(POLICIES.items())
    return Known(units, frozenset(ADDRESSEES), frozenset(CHECKS), facts, skills, followed, sizes, policies, held)


def version() -> int:
    """A number that grows whenever a part is put in force: those of the versions in force, together."""
    return sum(PartVersion.objects.filter(pk__in=book.in_force().versions.values()).values_list("number", flat=True))


def sources() -> Sources:
    """The parts in force as they were written, to the byte; refused where one was put in force before sources were kept. A part that
    a pack may lack and of which no version is in force is left out: it is not there yet."""
    found = book.versions()
    wanted = [part for part in PARTS if part in found or part not in OPTIONAL]
    lacking = [part for part in wanted if part not in found or not found[part].source]
    if lacking:
        sentence = _("The text of these parts was not kept: {parts}. It is from their next version on.")
        raise Refusal("playbook.no_source", say(sentence, parts=", ".join(lacking)), status=409)
    return Sources(found[PROCESS].pack, {part: found[part].source for part in wanted})


def not_there_yet() -> list[str]:
    """The parts of which no version is in force, though a playbook may have them."""
    return [part for part in PARTS if part in OPTIONAL - set(book.in_force().versions)]


def waiting() -> list[Waiting]:
    """The rows in force that wait for a room that is not built yet, in the order of the files."""
    kept = PartVersion.objects.filter(pk__in=book.in_force().versions.values()).exclude(source="").values_list("part", "source")
    return list(_waiting(frozenset(kept)))


@lru_cache(maxsize=16)
def _waiting(kept: frozenset[tuple[str, str]]) -> tuple[Waiting, ...]:
    return tuple(packs.waiting(Sources("", dict(kept))))


def check_pack(by: Actor, new: Sources) -> packs.Report:
    """What is wrong with a pack, for whoever may put one in force: a check names units and facts of the company."""
    permits.require(by, permits.OPERATE)
    return packs.look(new, known())


@dataclass(frozen=True)
class Change:
    """Lines of a part that a pack would write otherwise. `row`: code of the row in which they stand, empty at the top of the file;
    `zh`, `en`: what the row is called, as far as it is written there. `before`: lines of the version in force that go; `after`: lines
    that come."""

    part: str
    row: str
    before: list[str]
    after: list[str]
    zh: str = ""
    en: str = ""

    def __str__(self) -> str:
        return (self.en if (get_language() or "").startswith("en") else self.zh) or self.row


_CODE = re.compile(r"^\s*(?:-\s*)?\{?\s*code:\s*([\w.-]+)")
# A name as the files write one: in quotes, or up to the comma in a row of one line, or to the end of its own line.
_NAME = r"""(?:^\s*|[{{,]\s*){language}:\s*(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([^,}}]+))"""
_NAMES = tuple(re.compile(_NAME.format(language=language)) for language in ("zh", "en"))


def changes(new: Sources) -> list[Change]:
    """What the pack would change in the parts in force, line by line; what stays as it is is left out, a part too that
    the pack may lack."""
    kept = {part: row.source for part, row in book.versions().items()}
    meant = [part for part in PARTS if part in new.texts or part not in OPTIONAL]
    return [change for part in meant for change in changes_of(part, kept.get(part, ""), new.texts.get(part, ""))]


def changes_of(part: str, before: str, after: str) -> list[Change]:
    """What differs between two texts of a part, line by line."""
    found = []
    old, text = before.splitlines(), after.splitlines()
    for tag, first, last, begin, end in SequenceMatcher(None, old, text, autojunk=False).get_opcodes():
        if tag != "equal":
            row = _row_of(text, begin, end) if end > begin else _row_of(old, first, last)
            found.append(Change(part, row[0], old[first:last], text[begin:end], *row[1:]))
    return found


def _row_of(lines: Sequence[str], first: int, last: int) -> tuple[str, str, str]:
    """The code of the row that the lines stand in, their own or the nearest one above, and its two names."""
    for number in [*range(first, last), *reversed(range(first))]:
        if match := _CODE.match(lines[number]):
            below = takewhile(lambda line: not _CODE.match(line), lines[number + 1 :])
            written = [lines[number], *below]
            return match[1], _name(written, _NAMES[0]), _name(written, _NAMES[1])
    return "", "", ""


def _name(lines: Iterable[str], name: re.Pattern[str]) -> str:
    """The first name in this language that the lines write; empty where they write none."""
    found = next((match for line in lines if (match := name.search(line))), None)
    return next(text for text in found.groups() if text is not None).strip() if found else ""


def standing(unit: UUID | None = None, tier: Callable[[], str] | None = None) -> Standing:
    """In which profile something stands that belongs to the unit and is of this size; None: the company itself. Where no unit and no size
    stands in a profile of its own, nothing further is asked."""
    chosen = book.in_force().policies.choices
    units = tuple(_units_upwards(unit)) if unit is not None and chosen.units else ()
    return chosen.at(Place(units, tier() if tier is not None and chosen.tiers else ""))


@dataclass(frozen=True)
class Asks:
    """What a playbook asks of people (`burden`), for any deal, and by size of deals where there are sizes: row of the tier and figures."""

    figures: list[burden.Figure]
    tiers: list[tuple[dict[str, Any], list[burden.Figure]]]


def asks_of(pack: packs.Pack) -> Asks:
    """The acts that a playbook demands of each role, by its own policies."""
    facts, policies = dict(FACTS.items()), POLICIES.values()

    def of(tier: str = "") -> list[burden.Figure]:
        return burden.figures(pack.tables, burden.acts(pack.tables, pack.choices, policies, facts, tier))

    return Asks(of(), [(row, of(row["code"])) for row in pack.tables[PROCESS].get("tiers", [])])


def pack_in_force() -> packs.Pack | None:
    """The playbook in force, read from its text; None where that was not kept."""
    return pack_of(book.in_force().versions.values())


def pack_of(versions: Iterable[UUID]) -> packs.Pack | None:
    """These versions together, read from their texts; None where one was not kept."""
    return _read(tuple(sorted(versions)))


@lru_cache(maxsize=4)
def _read(versions: tuple[UUID, ...]) -> packs.Pack | None:
    texts = {one.part: one.source for one in PartVersion.objects.filter(pk__in=versions) if one.source}
    return None if set(PARTS) - OPTIONAL - set(texts) else packs.read(Sources("in force", texts))


def completed(new: Sources) -> Sources | None:
    """A pack with the parts that it lacks as they are in force; None where the text of one that is needed is not there."""
    kept = {row.part: row.source for row in book.versions().values() if row.source}
    texts = {part: text for part in PARTS if (text := new.texts.get(part) or kept.get(part))}
    return Sources(new.name, texts) if set(PARTS) - OPTIONAL <= set(texts) else None


def why(stands: Standing) -> Any:
    """Why something stands in its profile, in words: the row that says so, or the company's choice."""
    chosen = book.in_force().policies
    row = {UNIT: chosen.units, TIER: chosen.tiers}.get(stands.why, {}).get(stands.code)
    return _("as the whole company") if row is None else row


_ABOVE = Prepared(lambda unit: UnitAbove.objects.filter(unit=unit).order_by("steps").values_list("above__code"))


@once
def _units_upwards(unit: UUID) -> list[str]:
    """The codes of the unit and those above it, the nearest first."""
    return [code for (code,) in _ABOVE.rows(unit)]


def role(code: str) -> Role | str:
    """The role of the process in force, for a sentence that is worded when it is read; an unknown code names itself."""
    return book.in_force().process.roles.get(code, code)


def role_words(code: str) -> dict[str, str] | None:
    """The name of a role in both languages, by the newest version of the process that had it (deals keep the one they began under), or
    by the one that is to come: people are given posts before it begins. None where none has it. Before there is any version, a code
    names itself."""
    of_versions = Role.objects.filter(code=code).order_by("-version__number")
    row = of_versions.filter(BEGUN).first() or of_versions.filter(version__state=APPROVED).first()
    if row is not None:
        return {"zh-hans": row.zh, "en": row.en}
    return None if Role.objects.exists() else {"zh-hans": code, "en": code}


def skills_asked_for() -> set[str]:
    """The codes of the skills that any version of the support catalogue or of its specialties asked for, or will."""
    asking = (SupportItem.objects, Specialty.objects)
    return {skill for rows in asking for skill in rows.exclude(version__state=WITHDRAWN).exclude(skill="").values_list("skill", flat=True)}


def role_names(codes: Collection[str]) -> dict[str, str]:
    """Role code → its name in the reader's language, by the process in force; an unknown code names itself."""
    roles = book.in_force().process.roles if codes else {}
    return {code: str(roles.get(code, code)) for code in codes}
