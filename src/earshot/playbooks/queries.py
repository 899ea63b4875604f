"""Reading the playbook: what is in force, and what a record's version said."""

from __future__ import annotations

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from earshot.clocks import rules as clock_rules
from earshot.kit.problems import Refusal, say, wrong
from earshot.playbooks.models import (
    HEARING,
    IN_FORCE,
    POLICIES,
    PROCESS,
    SERVICE_LEVELS,
    SUPPORT,
    Category,
    DefaultHearer,
    HearerRule,
    NoneNeeded,
    PartVersion,
    Policy,
    Role,
    ServiceLevel,
    Stage,
    Trigger,
)


def in_force(part: str) -> PartVersion:
    """The version of `part` in force; a Refusal that says how to get one when there is none."""
    version = PartVersion.objects.filter(part=part, state=IN_FORCE).first()
    if version is None:
        raise Refusal("playbook.none", say(_("No playbook is in force (part “{part}”). Operations put one in force first."), part=part))
    return version


def service_level(code: str) -> clock_rules.Level:
    """The service level in force with this code, as the clocks take it, citing its version."""
    level = ServiceLevel.objects.select_related("version").prefetch_related("rungs").get(version=in_force(SERVICE_LEVELS), code=code)
    ladder = [clock_rules.Rung(rung.name, rung.addressee, rung.share) for rung in level.rungs.all()]
    return clock_rules.Level(name=level.cite(), measure=level.measure, limit=level.minutes, ladder=ladder)


def service_level_of(cited: str) -> clock_rules.Level:
    """The service level, in force now, of the hearer rule that a record cites."""
    part_version, _slash, code = cited.partition("/")
    _part, _at, number = part_version.partition("@")
    for table in (HearerRule, DefaultHearer):
        row = table.objects.filter(version__part=HEARING, version__number=int(number), code=code).first()
        if row:
            return service_level(row.service_level)
    raise LookupError(f"no hearer rule is cited by {cited!r}")


def categories() -> QuerySet[Category]:
    return Category.objects.filter(version__part=HEARING, version__state=IN_FORCE).order_by("-critical", "code")


def category(code: str) -> Category:
    """The category in force with this code; refused beside its field when there is none."""
    found = categories().filter(code=code).first()
    if found is None:
        raise wrong("category", say(_("There is no category “{code}”. Choose one of the list."), code=code))
    return found


def hearer_rules(category_code: str) -> list[HearerRule]:
    rules = HearerRule.objects.filter(version__part=HEARING, version__state=IN_FORCE, category__code=category_code)
    return list(rules.select_related("version", "category").order_by("code"))


def default_hearer() -> DefaultHearer:
    return DefaultHearer.objects.select_related("version").get(version__part=HEARING, version__state=IN_FORCE)


def triggers(stage_code: str) -> list[Trigger]:
    """What entering the stage calls for, by the table in force."""
    rows = Trigger.objects.filter(version__part=SUPPORT, version__state=IN_FORCE, stage_code=stage_code)
    return list(rows.select_related("version", "support", "support__version").order_by("code"))


def says_none_needed(stage_code: str) -> bool:
    return NoneNeeded.objects.filter(version__part=SUPPORT, version__state=IN_FORCE, stage_code=stage_code).exists()


def first_stage(process: PartVersion) -> Stage:
    return Stage.objects.filter(version=process).earliest("position")


def next_stage(stage: Stage) -> Stage | None:
    return Stage.objects.filter(version=stage.version_id, position__gt=stage.position).order_by("position").first()


def warns_only(policy: str) -> bool:
    """Whether the named policy only warns in the version in force; where nothing is set, it blocks."""
    return Policy.objects.filter(version__part=POLICIES, version__state=IN_FORCE, code=policy, setting="warn").exists()


def role_names(codes: set[str]) -> dict[str, str]:
    """Role code → its name in the reader's language, by the process in force."""
    found = Role.objects.filter(version__part=PROCESS, version__state=IN_FORCE, code__in=codes)
    return {role.code: str(role) for role in found} | {code: code for code in codes - {role.code for role in found}}
