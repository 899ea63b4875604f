"""The types of service that a deal carries, the specialties that they need, and who covers each (A8.1a, A8.2a)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from earshot.deals import rules
from earshot.deals.models import Deal
from earshot.deals.policies import SPECIALTIES_COVERED, standing
from earshot.deals.rules import Condition
from earshot.journal.kinds import ref
from earshot.kit import now
from earshot.kit.problems import Line, Refusal, say, wrong
from earshot.kit.reading import once
from earshot.kit.ruling import permissive
from earshot.people.models import Person, Post, Skill, Unit, UnitAbove
from earshot.playbooks import book
from earshot.playbooks.models import SUPPORT, ServiceType, Specialty
from earshot.playbooks.registry import Coming

MOST = 15  # types of service on one deal


@dataclass(frozen=True)
class Cover:
    """A specialty that the deal needs. `services`: of its types of service, those that ask for it; `people`: of its team, those who bring
    it; `own`: the unit that has the deal has the specialty itself, or is part of one that has; `units`: all that have it."""

    specialty: Specialty
    services: tuple[ServiceType, ...]
    units: tuple[Unit, ...]
    people: tuple[Person, ...]
    own: bool

    @property
    def covered(self) -> bool:
        return self.own or bool(self.people)


def catalogue() -> Mapping[str, ServiceType]:
    """The types of service that there are, by code, in the playbook's order; none where none is in force."""
    found = book.in_force()
    return found.support.services if SUPPORT in found.versions else {}


def needs() -> Mapping[str, Collection[str]]:
    """The same types, each with the codes of the specialties that it needs."""
    found = book.in_force()
    return found.support.needs if SUPPORT in found.versions else {}


def services_of(deal: Deal) -> list[Any]:
    """The types of service of the deal, each as people read it; one that the playbook has no more, by its code."""
    if not deal.services:
        return []
    there = catalogue()
    return [there.get(code, code) for code in deal.service_codes]


def chosen(codes: Collection[str], there: Collection[str] = ()) -> list[str]:
    """What somebody chose, in the order of the catalogue, each once. `there`: codes that the deal carries already; those may stay."""
    known = catalogue()
    asked = dict.fromkeys(code.strip() for code in codes if code.strip())
    for code in asked:
        if code not in known and code not in there:
            near = get_close_matches(code, list(known), n=1)
            hint = say(_("; did you mean “{name}”?"), name=near[0]) if near else ""
            sentence = _("The playbook in force has no type of service “{code}”{hint}.")
            raise wrong("services", say(sentence, code=code.replace("\x00", "�")[:60], hint=hint))
    if len(asked) > MOST:
        raise wrong("services", say(_("At most {n} types of service."), n=MOST))
    order = {code: at for at, code in enumerate(known)}
    return sorted(asked, key=lambda code: (order.get(code, len(order)), code))


@permissive("a type of service needs nothing", lambda deal: {})
def needed(deal: Deal) -> Mapping[str, tuple[Specialty, tuple[ServiceType, ...]]]:
    """The specialties that the deal's types of service need, by code, with those that ask for each. By the deal alone."""
    if not deal.services:
        return {}
    support = book.in_force().support
    found: dict[str, list[ServiceType]] = {}
    for service in deal.service_codes:
        for code in support.needs.get(service, ()):
            found.setdefault(code, []).append(support.services[service])
    return {code: (support.specialties[code], tuple(asking)) for code, asking in found.items()}


def covers(deal: Deal) -> list[Cover]:
    """Each specialty that the deal needs, and who covers it. No statement where it needs none; else two, and one more where a specialty
    asks for a skill."""
    asked = needed(deal)
    if not asked:
        return []
    specialties = tuple(specialty for specialty, _asking in asked.values())
    units, people = _there(specialties, deal.team_id, deal.unit_id)
    found = []
    for specialty, asking in asked.values():
        holding = tuple(units[code][0] for code in specialty.unit_codes if code in units)
        own = any(units[code][1] for code in specialty.unit_codes if code in units)
        found.append(Cover(specialty, asking, holding, people[specialty.code], own))
    return found


@once
def _there(
    specialties: tuple[Specialty, ...], team: UUID, of: UUID
) -> tuple[Mapping[str, tuple[Unit, bool]], Mapping[str, tuple[Person, ...]]]:
    """The units that have the specialties, by code, each with whether the unit `of` is it or below it; and by specialty, who of the team
    brings it: by a post in the role in one of those units or below, and by a skill that still holds."""
    codes = sorted({code for one in specialties for code in one.unit_codes})
    above = UnitAbove.objects.filter(unit=of, above=OuterRef("pk"))
    units = {unit.code: (unit, unit.own) for unit in Unit.objects.filter(code__in=codes).annotate(own=Exists(above))}
    posts = Post.objects.filter(
        role__in={one.role_code for one in specialties},
        until__isnull=True,
        unit__aboves__above__code__in=codes,
        person__left_at__isnull=True,
        person__memberships__seat__team=team,
        person__memberships__ended_at__isnull=True,
        person__memberships__acceptance__isnull=False,
    )
    rows = posts.values_list("person", "person__name", "role", "unit__aboves__above__code").order_by("person__name", "person").distinct()
    sitting = list(rows)
    levels: dict[UUID, dict[str, int]] = {}
    if sitting and any(one.skill for one in specialties):
        held = Skill.objects.filter(person__in={row[0] for row in sitting}, code__in={one.skill for one in specialties if one.skill})
        for skill in held:
            if skill.until is None or skill.until >= now().date():
                levels.setdefault(skill.person_id, {})[skill.code] = skill.level
    people: dict[str, tuple[Person, ...]] = {}
    for one in specialties:
        bringing = {
            pk: Person(pk=pk, name=name)
            for pk, name, role, unit in sitting
            if role == one.role_code
            and unit in one.unit_codes
            and (not one.skill or levels.get(pk, {}).get(one.skill, 0) >= max(one.level, 1))
        }
        people[one.code] = tuple(bringing.values())
    return units, people


def lacking(found: Sequence[Cover]) -> list[Cover]:
    """Those without which the deal does not go on (see `rules.lacking`)."""
    units = {one.specialty.code: one.specialty.unit_codes for one in found}
    codes = rules.lacking(units, {one.specialty.code for one in found if one.covered})
    return [one for one in found if one.specialty.code in codes]


def of_specialties(deal: Deal) -> list[Condition]:
    """A deal whose specialties no one unit has is not carried by one unit alone: a line for each that is wanting, asked whenever a stage
    is left, and one for each that somebody brings. Nothing of a deal that one unit can carry."""
    found = covers(deal)
    if len(found) < 2 or not rules.lacking({one.specialty.code: one.specialty.unit_codes for one in found}, ()):
        return []
    wanting = {one.specialty.code for one in lacking(found)}
    warns = bool(wanting) and standing(deal).warns(SPECIALTIES_COVERED)
    return [_condition(deal, one, one.specialty.code not in wanting, warns) for one in found]


def _condition(deal: Deal, one: Cover, met: bool, warns: bool) -> Condition:
    about = ref(deal)
    if met:
        names = ", ".join(person.name for person in one.people) or deal.unit.name
        sentence = say(_("The specialty “{specialty}” is covered: {names}"), specialty=one.specialty, names=names)
        return Condition(True, Line("deal.specialty_covered", sentence, about=about, target=about))
    sentence = say(
        _("The specialty “{specialty}” ({services}) is in other hands, and nobody on the team brings it: ask somebody of {units}"),
        specialty=one.specialty,
        services=listed(one.services),
        units=", ".join(unit.name for unit in one.units) or ", ".join(one.specialty.unit_codes),
    )
    line = Line("deal.specialty_lacking", sentence, about=about, who=deal.owner.name, act="name_member", target=about)
    return Condition(False, line, warns=warns)


def listed(some: Sequence[Any]) -> Any:
    """Several things in one line, each worded when it is read."""
    return format_lazy(" / ".join("{}" for _one in some), *some) if some else "–"


def refuse_forgotten(coming: Coming) -> None:
    """Asked of a support part before it is approved: a type of service that open deals carry stays in it, or what they need would fall
    away without a word."""
    if SUPPORT not in coming.changed:
        return
    there = {row["code"] for row in coming.tables[SUPPORT].get("services", [])}
    carried = Deal.objects.filter(is_open=True).exclude(services="").order_by().values_list("services", flat=True).distinct()
    gone = sorted({code for some in carried for code in some.split()} - there)
    if gone:
        sentence = _("Open deals carry the types of service “{codes}”: keep them in the table, or take them off those deals first.")
        raise Refusal("playbook.service_forgotten", say(sentence, codes=", ".join(gone)))
