"""A version's rows, read once a process: a version is never changed once it is in force, so what was read stays true.

`in_force()` asks in one statement which versions are in force by their dates; everything else is answered from memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from earshot.clocks import rules as clock_rules
from earshot.kit import now
from earshot.kit.engine.prepared import Prepared
from earshot.kit.problems import Refusal, say
from earshot.kit.reading import once
from earshot.playbooks import models as rows
from earshot.playbooks import rules
from earshot.playbooks.models import APPROVED, HEARING, IN_FORCE, PARTS, POLICIES, PROCESS, SERVICE_LEVELS, SUPPORT, PartVersion
from earshot.playbooks.policies import Choices


@dataclass(frozen=True)
class Process:
    """Roles, tiers, steps and stages by code, in order, each stage with its conditions and its gate; the seats that teams begin with, the
    leader's first; why deals end, in order."""

    version: PartVersion
    roles: Mapping[str, rows.Role]
    tiers: Mapping[str, rows.Tier]
    steps: Mapping[str, rows.Step]
    stages: Mapping[str, rows.Stage]
    seats: tuple[rows.SeatTemplate, ...]
    reasons: tuple[rows.ClosingReason, ...] = ()

    def ending(self, outcome: str) -> dict[str, rows.ClosingReason]:
        """The reasons for which a deal may end so, by code. None: the process leaves it to words."""
        return {row.code: row for row in self.reasons if row.outcome == outcome}

    def stage(self, stage_id: UUID) -> rows.Stage:
        """The stage with this id, its gate and who decides there loaded."""
        return next(stage for stage in self.stages.values() if stage.pk == stage_id)


@dataclass(frozen=True)
class Hearing:
    """Categories by code, the hearer rules of each, and the default; where leads come from and how warm they are, in order."""

    categories: Mapping[str, rows.Category]
    hearers: Mapping[str, tuple[rows.HearerRule, ...]]
    default: rows.DefaultHearer
    lead_sources: Mapping[str, rows.LeadSource]
    lead_ratings: Mapping[str, rows.LeadRating]


@dataclass(frozen=True)
class Support:
    """The catalogue by code, triggers by stage code, and the stages that say that none is needed; the types of service in order, each
    with the specialties that it needs (`needs`), and all specialties, by code."""

    catalogue: Mapping[str, rows.SupportItem]
    triggers: Mapping[str, tuple[rows.Trigger, ...]]
    none_needed: frozenset[str]
    services: Mapping[str, rows.ServiceType]
    specialties: Mapping[str, rows.Specialty]
    needs: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Policies:
    """The policies that are set one by one, by code; the company's profile (empty: a pack of before profiles); the units and tiers that
    stand in another."""

    profile: str
    units: Mapping[str, rows.UnitProfile]
    tiers: Mapping[str, rows.TierProfile]
    choices: Choices
    rows: Mapping[str, rows.Policy]


@dataclass(frozen=True)
class Book:
    """Which version of each part is in force."""

    versions: Mapping[str, UUID]

    @property
    def process(self) -> Process:
        return process_of(self._version(PROCESS))

    @property
    def hearing(self) -> Hearing:
        return hearing_of(self._version(HEARING))

    @property
    def support(self) -> Support:
        return support_of(self._version(SUPPORT))

    @property
    def service_levels(self) -> Mapping[str, clock_rules.Level]:
        """By code, as the clocks take them, each citing its version."""
        return service_levels_of(self._version(SERVICE_LEVELS))

    def serving(self, serves: str) -> clock_rules.Level | None:
        """The level in force that serves this kind of message (see `ServiceLevel.serves`), if there is one."""
        version = self._version(SERVICE_LEVELS)
        code = served_by(version).get(serves)
        return service_levels_of(version)[code] if code else None

    @property
    def policies(self) -> Policies:
        return policies_of(self._version(POLICIES))

    def _version(self, part: str) -> UUID:
        if part not in self.versions:
            raise Refusal("playbook.none", say(_("No playbook is in force (part “{part}”). Operations put one in force first."), part=part))
        return self.versions[part]


_TO_CHOOSE_FROM = Prepared(
    lambda: PartVersion.objects.filter(Q(state=IN_FORCE) | Q(state=APPROVED, in_force_from__isnull=False)).values_list(
        "part", "pk", "state", "in_force_from"
    )
)


@once
def in_force() -> Book:
    """The book as it stands now, in one statement: what has been approved holds from its date on, to the second."""
    return at(now())


def at(moment: datetime) -> Book:
    """The book as it will stand at this moment, now or later, as far as it is approved today."""
    return Book(rules.in_force(_TO_CHOOSE_FROM.rows(), moment))


def versions(of: Book | None = None) -> dict[str, PartVersion]:
    """Part → its version in force, in the order of the parts."""
    chosen = (of or in_force()).versions
    found = PartVersion.objects.in_bulk(list(chosen.values()))
    return {part: found[chosen[part]] for part in PARTS if part in chosen}


@lru_cache(maxsize=64)
def process_of(version: UUID) -> Process:
    stages = (
        rows.Stage.objects.filter(version=version)
        .select_related("version", "gate")
        .prefetch_related("gate__deciders__role", "gate__conditions", "gate__mandates__role", "conditions")
        .order_by("position")
    )
    steps = list(rows.Step.objects.filter(version=version).select_related("role").order_by("position")) or [
        rows.Step(version_id=version, position=position, code=code, zh=zh, en=en)
        for position, (code, zh, en) in enumerate(rows.SIX_STEPS, start=1)
    ]
    seats = rows.SeatTemplate.objects.filter(version=version).select_related("role").order_by("-leader", "code")
    return Process(
        version=PartVersion.objects.get(pk=version),
        roles={row.code: row for row in rows.Role.objects.filter(version=version).order_by("pk")},
        tiers={row.code: row for row in rows.Tier.objects.filter(version=version).order_by("position")},
        steps={row.code: row for row in steps},
        stages={row.code: row for row in stages},
        seats=tuple(seats),
        reasons=tuple(rows.ClosingReason.objects.filter(version=version).order_by("position")),
    )


@lru_cache(maxsize=64)
def hearing_of(version: UUID) -> Hearing:
    hearers: dict[str, list[rows.HearerRule]] = {}
    for row in rows.HearerRule.objects.filter(version=version).select_related("version", "category").order_by("code"):
        hearers.setdefault(row.category.code, []).append(row)
    categories = rows.Category.objects.filter(version=version).select_related("version").order_by("-critical", "code")
    return Hearing(
        categories={row.code: row for row in categories},
        hearers={code: tuple(group) for code, group in hearers.items()},
        default=rows.DefaultHearer.objects.select_related("version").get(version=version),
        lead_sources={row.code: row for row in rows.LeadSource.objects.filter(version=version).order_by("position")},
        lead_ratings={row.code: row for row in rows.LeadRating.objects.filter(version=version).order_by("position")},
    )


@lru_cache(maxsize=64)
def support_of(version: UUID) -> Support:
    triggers: dict[str, list[rows.Trigger]] = {}
    found = rows.Trigger.objects.filter(version=version).select_related("version", "support", "support__version").order_by("code")
    for row in found:
        triggers.setdefault(row.stage_code, []).append(row)
    needs: dict[str, list[str]] = {}
    needing = rows.Needing.objects.filter(service__version=version).order_by("service__position", "position")
    for service, specialty in needing.values_list("service__code", "specialty__code"):
        needs.setdefault(service, []).append(specialty)
    return Support(
        catalogue={row.code: row for row in rows.SupportItem.objects.filter(version=version).order_by("code")},
        triggers={code: tuple(group) for code, group in triggers.items()},
        none_needed=frozenset(rows.NoneNeeded.objects.filter(version=version).values_list("stage_code", flat=True)),
        services={row.code: row for row in rows.ServiceType.objects.filter(version=version).order_by("position")},
        specialties={row.code: row for row in rows.Specialty.objects.filter(version=version).order_by("pk")},
        needs={code: tuple(some) for code, some in needs.items()},
    )


@lru_cache(maxsize=64)
def service_levels_of(version: UUID) -> Mapping[str, clock_rules.Level]:
    return {
        row.code: clock_rules.Level(
            name=row.cite(),
            measure=row.measure,
            limit=row.minutes,
            ladder=tuple(clock_rules.Rung(rung.name, rung.addressee, rung.share, rung.minutes) for rung in row.rungs.all()),
        )
        for row in rows.ServiceLevel.objects.filter(version=version).select_related("version").prefetch_related("rungs")
    }


@lru_cache(maxsize=64)
def served_by(version: UUID) -> Mapping[str, str]:
    """What levels of this version serve → the code of the level."""
    return dict(rows.ServiceLevel.objects.filter(version=version).exclude(serves="").values_list("serves", "code"))


@lru_cache(maxsize=64)
def policies_of(version: UUID) -> Policies:
    found = {row.code: row for row in rows.Policy.objects.filter(version=version).order_by("pk")}
    units = {row.unit_code: row for row in rows.UnitProfile.objects.filter(version=version).order_by("pk")}
    tiers = {row.tier_code: row for row in rows.TierProfile.objects.filter(version=version).order_by("pk")}
    profile = PartVersion.objects.get(pk=version).profile
    choices = Choices(
        profile or rows.STANDARD,
        {code: row.setting for code, row in found.items()},
        {code: row.profile for code, row in units.items()},
        {code: row.profile for code, row in tiers.items()},
    )
    return Policies(profile, units, tiers, choices, found)
