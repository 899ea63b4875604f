"""Putting parts of a playbook in force."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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
from earshot.playbooks import packs, queries
from earshot.playbooks.models import IN_FORCE, PARTS, SUPERSEDED, PartVersion
from earshot.playbooks.queries import known

Tables = Mapping[str, list[dict[str, Any]]]


@verb
def adopt_pack(*, by: Actor, sources: packs.Sources, reason: str, version: int | None = None) -> list[PartVersion]:
    """Put every part of the pack in force now, as a new version each, kept as it is written; running deals keep the process they
    began under. `version`: the playbook's that it was compared with (see `queries.version`); where another is in force meanwhile,
    nobody has seen what this one would undo."""
    permits.require(by, permits.OPERATE)
    locks.hold("playbook")
    pack = packs.read(sources, known())
    reason = text("reason", reason, most=300)
    if version is not None and version != queries.version():
        newer = PartVersion.objects.filter(state=IN_FORCE).order_by("-in_force_from", "part")
        told = [Line("playbook.newer", say(_("{version} is in force: {reason}"), version=one, reason=one.reason)) for one in newer]
        raise stale(_("The playbook has changed since you looked at it. Look at your pack again."), told)
    return [_put_in_force(by, part, pack, reason) for part in PARTS]


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
    _WRITERS[part](version, pack.parts[part])
    record("playbooks.part_in_force", by=by, objects={"version": version}, data={"reason": reason}, permission=permits.OPERATE)
    return version


def _named(row: Mapping[str, Any]) -> dict[str, str]:
    return {"code": row["code"], "zh": row["zh"], "en": row["en"]}


def _write_process(version: PartVersion, tables: Tables) -> None:
    roles = {
        row["code"]: rows.Role.objects.create(version=version, **_named(row), sells=row.get("sells", False), owner=row.get("owner", False))
        for row in tables["roles"]
    }
    stages = {
        row["code"]: rows.Stage.objects.create(version=version, **_named(row), position=position, step=row["step"])
        for position, row in enumerate(tables["stages"], start=1)
    }
    for row in tables["gates"]:
        gate = rows.Gate.objects.create(
            version=version,
            **_named(row),
            stage=stages[row["stage"]],
            question_zh=row["question_zh"],
            question_en=row["question_en"],
            checks=row.get("checks", []),
        )
        for condition in row.get("conditions", []):
            rows.GateCondition.objects.create(version=version, **_named(condition), gate=gate, needs=condition["needs"])
        rows.Decider.objects.bulk_create([rows.Decider(gate=gate, role=roles[role]) for role in row["deciders"]])
    for row in tables["seats"]:
        rows.SeatTemplate.objects.create(version=version, **_named(row), role=roles[row["role"]], leader=row.get("leader", False))


def _write_service_levels(version: PartVersion, tables: Tables) -> None:
    for row in tables["levels"]:
        level = rows.ServiceLevel.objects.create(
            version=version, **_named(row), measure=row["measure"], minutes=row["minutes"], serves=row.get("serves", "")
        )
        rows.Rung.objects.bulk_create([rows.Rung(service_level=level, **rung) for rung in row["ladder"]])


def _write_hearing(version: PartVersion, tables: Tables) -> None:
    categories = {
        row["code"]: rows.Category.objects.create(version=version, **_named(row), critical=row.get("critical", False))
        for row in tables["categories"]
    }
    for row in tables["hearers"]:
        rows.HearerRule.objects.create(
            version=version,
            **_named(row),
            category=categories[row["category"]],
            role_code=row["role"],
            service_level=row["service_level"],
        )
    for row in tables["default"]:
        rows.DefaultHearer.objects.create(version=version, **_named(row), role_code=row["role"], service_level=row["service_level"])


def _write_support(version: PartVersion, tables: Tables) -> None:
    catalogue = {
        row["code"]: rows.SupportItem.objects.create(
            version=version,
            **_named(row),
            unit_code=row["unit"],
            role_code=row["role"],
            skill=row.get("skill", ""),
            level=row.get("level", 0),
            service_level=row["service_level"],
            result_zh=row["result_zh"],
            result_en=row["result_en"],
        )
        for row in tables["catalogue"]
    }
    for row in tables["triggers"]:
        rows.Trigger.objects.create(version=version, **_named(row), stage_code=row["stage"], support=catalogue[row["support"]])
    for row in tables["none_needed"]:
        rows.NoneNeeded.objects.create(version=version, **_named(row), stage_code=row["stage"])


def _write_policies(version: PartVersion, tables: Tables) -> None:
    for row in tables["policies"]:
        rows.Policy.objects.create(version=version, **_named(row), setting=row["setting"])


_WRITERS = {
    rows.PROCESS: _write_process,
    rows.SERVICE_LEVELS: _write_service_levels,
    rows.HEARING: _write_hearing,
    rows.SUPPORT: _write_support,
    rows.POLICIES: _write_policies,
}
