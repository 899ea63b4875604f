"""What the playbook asks of people, in which profile, and what another profile would ask of whom before it is in force."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy, ngettext, pgettext, pgettext_lazy
from django.utils.translation import gettext as _

from earshot.deals.asking import Asking, Effect, effect_of
from earshot.kit.problems import say
from earshot.people.permits import OPERATE
from earshot.people.standing import reach_of
from earshot.playbooks import book, burden, queries
from earshot.playbooks.actions import switch_profile
from earshot.playbooks.models import BLOCK, OFF, PROFILES, WARN, TierProfile, UnitProfile
from earshot.playbooks.policies import NAMES, SETTINGS_IN_WORDS, Place
from earshot.playbooks.registry import POLICIES
from earshot.web.page import Done, Page, version
from earshot.web.tables import under
from earshot.web.templatetags.looks import quoted

MOST_ROWS = 60  # of what a figure is made of
SHORT = {BLOCK: gettext_lazy("refuses"), WARN: pgettext_lazy("a policy", "warns"), OFF: pgettext_lazy("a policy", "off")}


class AsksPage(Page):
    """The policies and the acts that they and the process demand, role by role; a profile is looked at here before it is chosen."""

    template = "web/asks.html"
    acts = {"switch": ("profile", "reason", "version")}

    def context(self) -> dict[str, Any]:
        now = book.in_force().policies
        pack = queries.pack_in_force()
        wanted = self.request.POST.get("profile", "") or self.request.GET.get("profile", "")
        operates = OPERATE in reach_of(self.person).permissions
        looked_at = wanted if operates and wanted in PROFILES and wanted != now.profile else ""
        asks = queries.asks_of(pack) if pack else queries.Asks([], [])
        others: list[TierProfile | UnitProfile] = [*now.tiers.values(), *now.units.values()]
        return {
            "profile": NAMES.get(now.profile, ""),
            "others": [{"label": str(row), "profile": NAMES[row.profile]} for row in others],
            "profiles": [
                {"name": NAMES[name], "url": f"{reverse('asks')}?profile={name}#preview"} for name in PROFILES if name != now.profile
            ],
            "columns": [{"label": _("Policy")}, {"label": pgettext("a policy", "Now")}, *({"label": NAMES[name]} for name in PROFILES)],
            "policies": _policies(now),
            "roles": table_of(asks.figures),
            "role_columns": [{"label": _("Role")}, *({"label": said, "number": True} for said in burden.PER.values())],
            "figures": figures(asks.figures),
            "tiers": [{"label": row["en"] if _english() else row["zh"], "roles": table_of(one)} for row, one in asks.tiers],
            "whole": pack is not None,
            "preview": self.preview(pack, looked_at) if pack and looked_at else None,
            "operates": operates,
        }

    def preview(self, pack: Any, profile: str) -> dict[str, Any]:
        return {
            "profile": NAMES[profile],
            "effect": shown(effect_of(pack.in_profile(profile))),
            "hidden": {"act": "switch", "profile": profile},
            "version": queries.version(),
        }

    def switch(self, posted: QueryDict) -> Done:
        profile = posted.get("profile", "")
        made = switch_profile(by=self.by, profile=profile, reason=posted.get("reason", ""), version=version(posted.get("version", "")))
        if made.in_force_from is None:
            return Done(_("Prepared. It begins once whoever the part names has approved it."), reverse("asks"))
        return Done(say(_("The company stands in the profile “{name}” now."), name=NAMES[profile]), reverse("asks"))


def _english() -> bool:
    return (get_language() or "").startswith("en")


def _policies(now: book.Policies) -> list[list[Any]]:
    stands = now.choices.at(Place())
    rows = []
    for policy in POLICIES.values():
        marks = [_("a law: never off")] if policy.law else []
        marks += [_("set by itself, in every profile")] if policy.code in now.rows else []
        means = f"{policy.means} ({'; '.join(marks)})" if marks else str(policy.means)
        rows.append([means, SHORT[stands.setting(policy)], *(SHORT[policy.within(name)] for name in PROFILES)])
    return rows


def figures(found: Iterable[burden.Figure]) -> list[dict[str, Any]]:
    """Figures of roles, each with what it is made of."""
    return [
        {
            "role": quoted(str(one)),
            "per": burden.PER[one.per],
            "sum": counted(one.counts),
            "acts": [_act(act) for act in one.acts[:MOST_ROWS]],
        }
        for one in found
    ]


def table_of(found: Iterable[burden.Figure]) -> list[list[Any]]:
    """A row for each role: what is asked of it for a deal, for a contact with the customer, for a need."""
    rows: dict[str, dict[str, Any]] = {}
    for one in found:
        rows.setdefault(one.role, {"name": quoted(str(one))})[one.per] = under_(one.counts)
    return [[row["name"], *(row.get(per, "–") for per in burden.PER)] for row in rows.values()]


def under_(counts: tuple[int, int, int]) -> Any:
    demanded, *rest = counts
    beside = [_("%(n)s more where a condition holds"), _("%(n)s only reminded of")]
    said = [words % {"n": n} for words, n in zip(beside, rest, strict=True) if n]
    return under(str(demanded), _("; ").join(said)) if said else str(demanded)


def counted(counts: tuple[int, int, int]) -> str:
    """«6 个动作», and how many besides only sometimes, or only warned of."""
    demanded, sometimes, warned = counts
    said = [ngettext("%(n)s act", "%(n)s acts", demanded) % {"n": demanded}]
    said += [_("%(n)s more where a condition holds") % {"n": sometimes}] if sometimes else []
    said += [_("%(n)s only reminded of") % {"n": warned}] if warned else []
    return _("; ").join(said)


def _act(act: burden.Act) -> dict[str, Any]:
    notes = [_("where its condition holds")] if act.sometimes else []
    notes += [] if act.demanded else [_("only reminded of")]
    return {"words": burden.KINDS[act.kind], "places": ", ".join(act.places), "note": _("; ").join(notes)}


def shown(effect: Effect) -> dict[str, Any]:
    """What another playbook would change for people, as `web/_effect.html` takes it."""
    return {
        "rises": [_change(one) for one in effect.changes if one.rises > 0],
        "others": [_change(one) for one in effect.changes if one.rises <= 0],
        "stricter": [_asking(one) for one in effect.asking if one.shift.stricter],
        "milder": [_asking(one) for one in effect.asking if not one.shift.stricter],
        "nothing": not (effect.changes or effect.asking),
        "columns": [
            {"label": _("Role")},
            {"label": _("Counted")},
            {"label": _("Acts now"), "number": True},
            {"label": _("Acts then"), "number": True},
            {"label": _("Demanded"), "number": True},
        ],
    }


def _change(one: burden.Change) -> list[Any]:
    return [
        quoted(str(one.figure)),
        burden.PER[one.figure.per],
        under_(one.before),
        under_(one.after),
        f"{one.rises:+d}" if one.rises else "–",
    ]


def _asking(one: Asking) -> dict[str, Any]:
    return {
        "means": one.shift.policy.means,
        "before": SETTINGS_IN_WORDS[one.shift.before],
        "after": SETTINGS_IN_WORDS[one.shift.after],
        "deals": ngettext("%(n)s open deal", "%(n)s open deals", one.deals) % {"n": one.deals} if one.deals else "",
        "roles": [_of_role(role) for role in one.roles],
    }


def _of_role(role: Any) -> Mapping[str, Any]:
    said = [ngettext("%(n)s person", "%(n)s people", role.people) % {"n": role.people}] if role.people else []
    if role.unfilled:
        said.append(ngettext("%(n)s place without anybody", "%(n)s places without anybody", role.unfilled) % {"n": role.unfilled})
    said += [ngettext("on %(n)s deal", "on %(n)s deals", role.deals) % {"n": role.deals}]
    return {"role": quoted(role.name), "said": _(", ").join(said)}
