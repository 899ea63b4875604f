"""Pages to read: search, a journal entry, the playbook."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.http import QueryDict
from django.utils.translation import gettext_lazy

from earshot.deals.leads import accounts_seen
from earshot.desk.finding import FINDERS
from earshot.desk.queries import entries_seen, search, told
from earshot.journal.queries import Told
from earshot.kit.problems import missing
from earshot.people.models import Unit
from earshot.people.permits import OPERATE
from earshot.people.standing import reach_of
from earshot.playbooks import book
from earshot.playbooks.models import OFF, SERVICE_LEVELS, Decider, ServiceLevel, TierProfile, UnitProfile
from earshot.playbooks.policies import NAMES, SETTINGS_IN_WORDS, Place
from earshot.playbooks.queries import role_names
from earshot.playbooks.registry import POLICIES
from earshot.voice.models import Item
from earshot.voice.queries import read
from earshot.web import acts, parts, times
from earshot.web.page import Done, Page, words
from earshot.web.views.leads import customer
from earshot.web.views.revisions import open_revision, shown_on_playbook

MOST_EFFECTS = 30
SERVED = {
    "answer": gettext_lazy("for messages that ask for an answer"),
    "directive": gettext_lazy("for directives"),
    "lead": gettext_lazy("for leads, until they are taken up"),
}


class Search(Page):
    """Deals, accounts, leads, statements and calls that contain the words, as far as I may see them."""

    template = "web/search.html"

    def context(self) -> dict[str, Any]:
        looked_for = words(self.request.GET.get("q", ""))
        found = search(self.person, looked_for)
        shown = read(Item.objects.filter(pk__in=[item.pk for item in found.items])) if found.items else []
        known = accounts_seen(self.person, found.leads)
        return {
            "q": looked_for,
            "deals": [
                {
                    "url": acts.address("deal", one.pk),
                    "label": str(one),
                    "account": one.account.name if one.account else "",
                    "stage": str(one.stage),
                }
                for one in found.deals
            ],
            "accounts": [{"url": acts.address("account", one.pk), "label": one.name, "number": one.number} for one in found.accounts],
            "leads": [
                {"url": acts.address("lead", one.pk), "label": str(one.said), "number": one.number, "customer": customer(one, known)}
                for one in found.leads
            ],
            "calls": [{"url": acts.address("call", one.pk), "label": str(one), "deal": str(one.deal)} for one in found.calls],
            "quotes": [{"quote": parts.quote(one, ears=False), "deal": str(one.item.deal)} for one in shown],
            "nothing": not (found.deals or found.accounts or found.leads or found.items or found.calls),
        }


class Entry(Page):
    """One entry of the journal: the sentence, what it touched, what led to it and what it led to, as far as I may see."""

    template = "web/entry.html"

    def seek(self) -> None:
        self.thing = entries_seen(self.person).filter(id=self.kwargs["id"]).first()
        if self.thing is None:
            raise missing()

    def context(self) -> dict[str, Any]:
        seen = entries_seen(self.person)
        cause = list(seen.filter(pk=self.thing.cause_id)) if self.thing.cause_id else []
        effects = list(seen.filter(cause=self.thing).order_by("seq")[:MOST_EFFECTS])
        rows = told(self.person, [self.thing, *cause, *effects])
        here: Told = rows[0]
        return {
            "told": here,
            "entry": parts.entries([here])[0],
            "rule": here.entry.rule,
            "objects": self.objects(here),
            "cause": parts.entries(rows[1 : 1 + len(cause)]),
            "effects": parts.entries(rows[1 + len(cause) :]),
        }

    def objects(self, here: Told) -> list[dict[str, str]]:
        """What the entry touched; a link only where the reader may follow it."""
        by_kind: dict[str, set[UUID]] = {}
        for _part, kind, object_id, _label in here.objects:
            if kind in FINDERS:
                by_kind.setdefault(kind, set()).add(object_id)
        visible = {
            (kind, pk) for kind, ids in by_kind.items() for pk in FINDERS[kind](self.person).filter(pk__in=ids).values_list("pk", flat=True)
        }
        return [
            {"label": label, "url": acts.address(kind, object_id) if (kind, object_id) in visible else ""}
            for _part, kind, object_id, label in here.objects
        ]


class Playbook(Page):
    """How the company works, as it is in force; which versions these are, what comes when, and what is being changed."""

    template = "web/playbook.html"
    acts = {"open": ("reason", "parts[]", "starts_at")}

    def open(self, posted: QueryDict) -> Done:
        return open_revision(self, posted)

    def initial(self) -> Mapping[str, Mapping[str, Any]]:
        return {"open": {"parts": [self.request.GET.get("change", "")]}}

    def context(self) -> dict[str, Any]:
        now = book.in_force()
        process, hearing, support = now.process, now.hearing, now.support
        units = dict(Unit.objects.values_list("code", "name"))
        levels = {
            row.code: row
            for row in ServiceLevel.objects.filter(version=now.versions[SERVICE_LEVELS])
            .prefetch_related("rungs")
            .select_related("version")
            .order_by("minutes")
        }
        deciders = _deciders(process)
        others: list[TierProfile | UnitProfile] = [*now.policies.tiers.values(), *now.policies.units.values()]
        names = role_names(
            {
                *process.roles,
                *(row.role_code for group in hearing.hearers.values() for row in group),
                *(row.role_code for row in support.catalogue.values()),
            }
        )
        return {
            "stages": [
                {
                    "label": str(stage),
                    "gate": str(stage.gate) if hasattr(stage, "gate") else "",
                    "question": stage.gate.question if hasattr(stage, "gate") else "",
                    "deciders": ", ".join(deciders.get(stage.code, [])),
                    "support": [str(row.support) for row in support.triggers.get(stage.code, ())],
                    "none": stage.code in support.none_needed,
                }
                for stage in process.stages.values()
            ],
            "roles": [{"label": str(role), "sells": role.sells, "owner": role.owner} for role in process.roles.values()],
            "tiers": [{"label": str(tier), "when": tier.when} for tier in process.tiers.values()],
            "seats": [{"label": str(seat.role), "why": str(seat), "leader": seat.leader, "when": seat.when} for seat in process.seats],
            "categories": [
                {
                    "label": str(row),
                    "critical": row.critical,
                    "hearers": ", ".join(names.get(rule.role_code, rule.role_code) for rule in hearing.hearers.get(code, ())),
                    "level": ", ".join(
                        dict.fromkeys(str(levels.get(rule.service_level, rule.service_level)) for rule in hearing.hearers.get(code, ()))
                    ),
                    "silent": not hearing.hearers.get(code),
                }
                for code, row in hearing.categories.items()
            ],
            "default": names.get(hearing.default.role_code, hearing.default.role_code),
            "support": [
                {
                    "label": str(row),
                    "unit": units.get(row.unit_code, row.unit_code),
                    "role": names.get(row.role_code, row.role_code),
                    "skill": f"{row.skill} ≥ {row.level}" if row.skill else "",
                    "level": str(levels.get(row.service_level, row.service_level)),
                    "result": row.result,
                }
                for row in support.catalogue.values()
            ],
            "levels": [
                {
                    "label": str(row),
                    "limit": times.limit(row.minutes, row.measure),
                    "serves": SERVED.get(row.serves, ""),
                    "ladder": [
                        {
                            "when": f"{rung.share} %" if rung.minutes is None else times.limit(rung.minutes, row.measure),
                            "who": parts.ADDRESSEES.get(rung.addressee, rung.addressee),
                        }
                        for rung in row.rungs.all()
                    ],
                }
                for row in levels.values()
            ],
            "profile": NAMES.get(now.policies.profile, ""),
            "policies": policies(now.policies),
            "others": [{"label": str(row), "profile": NAMES[row.profile]} for row in others],
            **shown_on_playbook(self),
            "changing": "change" in self.request.GET,
            "operates": OPERATE in reach_of(self.person).permissions,
        }


def policies(chosen: book.Policies) -> list[dict[str, Any]]:
    """Every policy with its meaning, what the company sets, and whether a row of its own sets it, whatever the profile."""
    stands = chosen.choices.at(Place())
    return [
        {
            "label": policy.means,
            "setting": SETTINGS_IN_WORDS[stands.setting(policy)],
            "law": policy.law,
            "kept": OFF not in policy.allowed,
            "own": policy.code in chosen.rows,
        }
        for policy in POLICIES.values()
    ]


def _deciders(process: book.Process) -> dict[str, list[str]]:
    """Stage code → the roles that decide at its gate."""
    found: dict[str, list[str]] = {}
    rows = Decider.objects.filter(gate__version=process.version.pk).select_related("role", "gate__stage").order_by("pk")
    for row in rows:
        found.setdefault(row.gate.stage.code, []).append(str(row.role))
    return found
