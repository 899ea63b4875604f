"""Whom a change of the playbook touches: table of a part → how many open deals, and which people. Each in a fixed number of statements."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db.models import Count, Exists, OuterRef
from django.utils.translation import gettext_lazy as _

from earshot.clocks.models import Clock
from earshot.deals.models import Deal
from earshot.deals.queries import still_open
from earshot.kit.problems import say
from earshot.people.models import Person
from earshot.people.queries import holders_by_role
from earshot.playbooks import book
from earshot.playbooks.models import ASKS, HEARING, LEAD, POLICIES, PROCESS, SERVICE_LEVELS, SUPPORT, TEMPLATES
from earshot.playbooks.parts.form import Tables, worded
from earshot.playbooks.registry import Changed, Impact
from earshot.teams.models import Membership
from earshot.voice.models import Ear, Hearing


def of_process(changed: Sequence[Changed]) -> list[Impact]:
    """A deal keeps the process that it began under."""
    n = Deal.objects.filter(still_open()).count()
    kept = say(_("{n} open deals keep the process that they began under; deals opened from then on follow this one."), n=n)
    return [Impact([kept], 0, [])] * len(changed)


def of_hearers(changed: Sequence[Changed]) -> list[Impact]:
    """Statements that are filed from then on, on every open deal; whoever holds the role there now."""
    n = Deal.objects.filter(still_open()).count()
    holding = _holding({str(row["role"]) for one in changed for row in one.rows})
    told = say(_("What customers say on {n} open deals, filed from then on; what is being heard already goes on as it began."), n=n)
    return [Impact([told], n, _names(holding.get(str(row["role"]), []) for row in one.rows)) for one in changed]


def of_categories(changed: Sequence[Changed]) -> list[Impact]:
    """As its hearers."""
    n = Deal.objects.filter(still_open()).count()
    roles = [{str(row["role"]) for row in one.tables[HEARING]["hearers"] if row["category"] == one.code} for one in changed]
    holding = _holding({role for each in roles for role in each})
    told = say(_("What customers say on {n} open deals, filed from then on; what is being heard already goes on as it began."), n=n)
    return [Impact([told], n, _names(holding.get(role, []) for role in sorted(each))) for each in roles]


def of_triggers(changed: Sequence[Changed]) -> list[Impact]:
    """Deals that have the stage before them, or stand in it; the people of the unit that will be called."""
    standing = _standing()
    owing = [[_unit_of(one, str(row["support"])) for row in one.rows if "support" in row] for one in changed]
    people = _of_units({unit for each in owing for unit in each})
    found = []
    for one, units in zip(changed, owing, strict=True):
        n = _coming(standing, {str(row["stage"]) for row in one.rows})
        told = say(
            _("{n} open deals stand at or before the stage: those in it are called for at once, the others when they enter it."), n=n
        )
        found.append(Impact([told], n, _names(people.get(unit, []) for unit in units)))
    return found


def of_none_needed(changed: Sequence[Changed]) -> list[Impact]:
    """Deals that have the stage before them, or stand in it: nothing is called for there."""
    standing = _standing()
    found = []
    for one in changed:
        n = _coming(standing, {str(row["stage"]) for row in one.rows})
        found.append(Impact([say(_("{n} open deals stand at or before the stage: nobody is called there."), n=n)], n, []))
    return found


def of_services(changed: Sequence[Changed]) -> list[Impact]:
    """Open deals that carry the type of service, or one that needs the specialty."""
    carried = list(Deal.objects.filter(still_open()).exclude(services="").order_by().values_list("services", flat=True))
    found = []
    for one in changed:
        needing = {str(row["code"]) for row in one.tables[SUPPORT].get("services", []) if one.code in row.get("specialties", [])}
        codes = {one.code} if one.table == "services" else needing
        n = sum(bool(codes & set(some.split())) for some in carried)
        found.append(Impact([say(_("{n} open deals carry it: who covers their specialties is judged anew."), n=n)], n, []))
    return found


def of_leads(changed: Sequence[Changed]) -> list[Impact]:
    """Leads recorded or rated from then on; those that are, stay as they were."""
    told = _("Leads recorded or rated from then on; those of before stay as they are.")
    return [Impact([told], 0, []) for _one in changed]


def of_catalogue(changed: Sequence[Changed]) -> list[Impact]:
    """As the triggers that call for it."""
    standing = _standing()
    people = _of_units({str(row["unit"]) for one in changed for row in one.rows})
    found = []
    for one in changed:
        n = _coming(standing, {str(row["stage"]) for row in one.tables[SUPPORT]["triggers"] if row["support"] == one.code})
        told = say(_("{n} open deals stand at or before a stage that calls for it; calls raised from then on."), n=n)
        found.append(Impact([told], n, _names(people.get(str(row["unit"]), []) for row in one.rows)))
    return found


def of_levels(changed: Sequence[Changed]) -> list[Impact]:
    """Clocks that would start under it: of the rows that name it; those that run keep their limit. The people are those whose clocks
    run under it now."""
    running = {
        cited.rpartition("/")[2]: n
        for cited, n in Clock.objects.filter(stopped_at__isnull=True).values_list("service_level").annotate(n=Count("pk"))
    }
    n = Deal.objects.filter(still_open()).count()
    naming = [[row for table in _naming_levels(one.tables) for row in table if row["service_level"] == one.code] for one in changed]
    roles = [{str(row["role"]) for row in rows} for rows in naming]
    holding = _holding({role for each in roles for role in each})
    found = []
    for one, rows, each in zip(changed, naming, roles, strict=True):
        told: list[Any] = []
        if rows:
            named = {f"r{at}": worded(row) for at, row in enumerate(rows)}
            listed = say(", ".join(f"“{{{name}}}”" for name in named), **named)
            told.append(say(_("Clocks that start from then on, by the rows {rows}."), rows=listed))
        if any(row.get("serves") in ASKS for row in one.rows):
            told.append(_("Messages sent from then on."))
        if any(row.get("serves") == LEAD for row in one.rows):
            told.append(_("Leads recorded from then on."))
        if not told:
            told.append(_("No row names it, so no clock starts under it."))
        if one.code in running:
            told.append(say(_("{n} clocks that run keep the limit that they began with."), n=running[one.code]))
        found.append(Impact(told, n if rows else 0, _names(holding.get(role, []) for role in sorted(each))))
    return found


def of_policies(changed: Sequence[Changed]) -> list[Impact]:
    """Open deals on which somebody has still to hear, and who that is."""
    done = Hearing.objects.filter(item=OuterRef("item"), person=OuterRef("person"))
    owed = Ear.objects.filter(~Exists(done), ended_at__isnull=True, item__deal__is_open=True)
    rows = list(owed.values_list("item__deal", "person__name").distinct())
    n = len({deal for deal, _name in rows})
    told = say(_("Gates passed and votes given from then on; on {n} open deals somebody has still to hear."), n=n)
    return [Impact([told], n, sorted({name for _deal, name in rows if name}))] * len(changed)


def of_templates(changed: Sequence[Changed]) -> list[Impact]:
    """The people of the unit that needs the answers."""
    people = _of_units({str(row["unit"]) for one in changed for row in one.rows if "unit" in row})
    told = _("Needs written down from then on.")
    return [Impact([told], None, _names(people.get(str(row.get("unit")), []) for row in one.rows)) for one in changed]


def _naming_levels(tables: Mapping[str, Tables]) -> list[list[dict[str, Any]]]:
    return [tables[HEARING]["hearers"], tables[HEARING]["default"], tables[SUPPORT]["catalogue"]]


def _holding(roles: Collection[str]) -> Mapping[str, list[str]]:
    """Role → names of those who hold it on open deals: sit in such a seat, or hold the deal where that is the role; else who holds it
    in the company."""
    sitting = Membership.objects.filter(
        seat__role__in=roles, ended_at__isnull=True, acceptance__isnull=False, seat__team__deal__isnull=False
    ).filter(~Exists(Deal.objects.filter(team=OuterRef("seat__team"), is_open=False)))
    found: dict[str, list[str]] = {}
    for role, name in sitting.values_list("seat__role", "person__name").distinct():
        found.setdefault(role, []).append(name)
    # Where nobody sits, who answers for it.
    found |= {role: [one.name for one in people] for role, people in holders_by_role(set(roles) - found.keys()).items()}
    owning = {code for code, role in book.in_force().process.roles.items() if role.owner} & set(roles)
    names = list(Deal.objects.filter(still_open()).values_list("owner__name", flat=True).distinct()) if owning else []
    for code in owning:
        found.setdefault(code, []).extend(names)
    return found


def _of_units(codes: Collection[str]) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    people = Person.objects.filter(unit__code__in=codes, left_at__isnull=True).order_by("name", "pk")
    for code, name in people.values_list("unit__code", "name"):
        found.setdefault(code, []).append(name)
    return found


def _standing() -> Mapping[tuple[UUID, int], int]:
    """Process and position of the stage → how many open deals stand there."""
    rows = Deal.objects.filter(still_open()).values_list("process", "stage__position").annotate(n=Count("pk"))
    return {(process, position): n for process, position, n in rows}


def _coming(standing: Mapping[tuple[UUID, int], int], stages: Collection[str]) -> int:
    """How many of them stand at or before one of the stages, each in its own process."""
    found = 0
    for (process, position), n in standing.items():
        there = book.process_of(process).stages
        if any(code in there and position <= there[code].position for code in stages):
            found += n
    return found


def _unit_of(one: Changed, support: str) -> str:
    return next((str(row["unit"]) for row in one.tables[SUPPORT]["catalogue"] if row["code"] == support), "")


def _names(groups: Iterable[Iterable[str]]) -> list[str]:
    return list(dict.fromkeys(name for group in groups for name in group))


IMPACTS: dict[str, Callable[[Sequence[Changed]], Sequence[Impact]]] = {
    PROCESS: of_process,
    f"{HEARING}/hearers": of_hearers,
    f"{HEARING}/default": of_hearers,
    f"{HEARING}/categories": of_categories,
    f"{SUPPORT}/triggers": of_triggers,
    f"{SUPPORT}/none_needed": of_none_needed,
    f"{SUPPORT}/catalogue": of_catalogue,
    f"{SUPPORT}/services": of_services,
    f"{SUPPORT}/specialties": of_services,
    f"{HEARING}/lead_sources": of_leads,
    f"{HEARING}/lead_ratings": of_leads,
    f"{SERVICE_LEVELS}/levels": of_levels,
    POLICIES: of_policies,
    TEMPLATES: of_templates,
}
