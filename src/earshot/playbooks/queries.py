"""Reading the playbook: what is in force, and what a record's version said."""

from __future__ import annotations

from collections.abc import Collection

from django.utils.translation import gettext_lazy as _

from earshot.clocks import rules as clock_rules
from earshot.clocks.registry import ADDRESSEES
from earshot.kit.problems import say, wrong
from earshot.people.models import Unit
from earshot.playbooks import book, packs
from earshot.playbooks.models import HEARING, Category, DefaultHearer, HearerRule, Role, ServiceLevel, Stage, SupportItem, Trigger
from earshot.playbooks.registry import CHECKS, FACTS


def service_level(code: str) -> clock_rules.Level:
    """The service level in force with this code, as the clocks take it, citing its version. One that is in force no more, but
    that a record of an older version names, as it stood last."""
    found = book.in_force().service_levels.get(code)
    if found is None:
        last = ServiceLevel.objects.filter(code=code).order_by("-version__number").values_list("version_id", flat=True).first()
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


def known() -> packs.Known:
    """What a playbook may name as things stand: units, addressees, checks, and the facts that conditions speak of."""
    units = frozenset(Unit.objects.values_list("code", flat=True))
    return packs.Known(units, frozenset(ADDRESSEES), frozenset(CHECKS), dict(FACTS.items()))


def next_stage(stage: Stage) -> Stage | None:
    """The stage after this one in the same process, or None after the last."""
    after = [row for row in book.process_of(stage.version_id).stages.values() if row.position > stage.position]
    return after[0] if after else None


def warns_only(policy: str) -> bool:
    return book.in_force().warns_only(policy)


def role(code: str) -> Role | str:
    """The role of the process in force, for a sentence that is worded when it is read; an unknown code names itself."""
    return book.in_force().process.roles.get(code, code)


def role_words(code: str) -> dict[str, str] | None:
    """The name of a role in both languages, by the newest version of the process that had it (deals keep the one they began under);
    None where none had it. Before there is any version, a code names itself."""
    row = Role.objects.filter(code=code).order_by("-version__number").first()
    if row is not None:
        return {"zh-hans": row.zh, "en": row.en}
    return None if Role.objects.exists() else {"zh-hans": code, "en": code}


def skills_asked_for() -> set[str]:
    """The codes of the skills that any version of the support catalogue asked for."""
    return set(SupportItem.objects.exclude(skill="").values_list("skill", flat=True))


def role_names(codes: Collection[str]) -> dict[str, str]:
    """Role code → its name in the reader's language, by the process in force; an unknown code names itself."""
    roles = book.in_force().process.roles if codes else {}
    return {code: str(roles.get(code, code)) for code in codes}
