"""What conditions of the playbook may speak of, those in force, and trying one on a deal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from earshot.deals import queries as deals
from earshot.deals.conditions import Trial, tried
from earshot.deals.models import Deal
from earshot.kit.problems import say
from earshot.kit.texts import storable
from earshot.playbooks import book, conditions
from earshot.playbooks.conditions import Value
from earshot.playbooks.findings import meant
from earshot.playbooks.parts.reading import TIER
from earshot.playbooks.registry import FACTS
from earshot.web import acts
from earshot.web.page import Page
from earshot.web.tables import code, under

KINDS = {
    conditions.WHOLE: gettext_lazy("whole number"),
    conditions.NUMBER: gettext_lazy("number with decimals"),
    conditions.TEXT: gettext_lazy("text"),
    conditions.YES_NO: gettext_lazy("yes or no"),
    conditions.TEXTS: gettext_lazy("list of texts"),
}
EXAMPLES = (
    ("deal.amount >= 100000.0", gettext_lazy("a number with decimals is written with its point")),
    ("team.empty_seats == 0 || deal.amount < 50000.0", gettext_lazy("|| is “or”, && is “and”, ! is “not”")),
    ("'SR' in team.roles && words.critical > 0", gettext_lazy("a text stands in quotation marks; “in” asks whether a list holds it")),
    ("words.categories.exists(c, c.startsWith('rival'))", gettext_lazy("a list is looked through with exists or all")),
)


class Conditions(Page):
    """A trial is a question, so it is asked with GET: its address can be sent to a colleague."""

    template = "web/conditions.html"

    def context(self) -> dict[str, Any]:
        needs, number = (storable(self.request.GET.get(name, "")).strip() for name in ("needs", "deal"))
        errors: dict[str, Any] = {}
        trial, deal = None, None
        if needs or number:
            deal = deals.visible_to(self.person).select_related("stage", "account", "closing").filter(number=number.upper()).first()
            if deal is None:
                errors["deal"] = (
                    say(_("There is no deal “{number}” that you see."), number=number) if number else _("Name a deal by its number.")
                )
            # A mistake in the condition is one whatever the deal is, also to whoever sees none.
            trial = tried(deal, needs) if deal else Trial(conditions.faults(needs, dict(FACTS.items())))
            if trial.faults:
                errors["needs"] = str(_("; ")).join(str(fault.told()) for fault in trial.faults)
        return {
            "needs": needs,
            "number": number,
            "example": deals.visible_to(self.person).order_by("-opened_at", "-pk").values_list("number", flat=True).first() or "",
            "errors": errors,
            "deal": deal,
            "deal_url": acts.address("deal", deal.pk) if deal else "",
            "misnamed": _misnamed(needs) if trial and not trial.faults else [],
            "trial": _shown(trial, deal) if trial and deal and not trial.faults else None,
            "columns": [
                {"label": gettext_lazy("Fact")},
                {"label": pgettext_lazy("of a fact", "Type")},
                {"label": gettext_lazy("What it says")},
            ],
            "facts": [[code(fact.name), KINDS[fact.kind], _in_full(fact)] for fact in sorted(FACTS.values(), key=lambda fact: fact.name)],
            "examples": [{"needs": needs, "hint": hint} for needs, hint in EXAMPLES],
            "gates": [
                {"gate": str(stage.gate), "stage": str(stage), "rows": [{"label": str(row), "needs": row.needs} for row in rows]}
                for stage in book.in_force().process.stages.values()
                if hasattr(stage, "gate") and (rows := sorted(stage.gate.conditions.all(), key=lambda row: row.code))
            ],
        }


def _in_full(fact: conditions.Fact) -> Any:
    """What a fact says, with its unit behind it, and under it the codes that it may name with what they are called."""
    unit = str(fact.unit)
    meaning = say(_("{meaning} ({unit})"), meaning=fact.meaning, unit=unit) if unit and unit not in str(fact.meaning) else fact.meaning
    rows = _codes_of(fact)
    return under(str(meaning), str(_(", ")).join(f"'{code}' {row}" for code, row in rows.items())) if rows else meaning


def _codes_of(fact: conditions.Fact) -> Mapping[str, Any]:
    """The codes that the fact's value may be, with what they are called; empty where it is no code."""
    part, _slash, table = ("process/tiers" if fact.name == TIER else fact.codes_of).partition("/")
    return getattr(getattr(book.in_force(), part), table) if table else {}


def _misnamed(needs: str) -> list[Any]:
    """What the condition holds against a fact although nothing is called so: it is not met then, and would never be."""
    found = []
    for name in conditions.spoken_of(needs, dict(FACTS.items())):
        codes = _codes_of(FACTS[name])
        wrong = [code for _column, code in conditions.compared(needs, name) if code not in codes] if codes else []
        found += [say(_("“{name}” is never '{code}'{hint}"), name=name, code=one, hint=meant(one, codes)) for one in wrong]
    return found


def _shown(trial: Trial, deal: Deal) -> dict[str, Any]:
    judgement = trial.judgement
    assert judgement is not None
    return {
        "met": judgement.met,
        "why": judgement.failed or (", ".join(judgement.unknown) if judgement.met is None else ""),
        "parts": [
            {
                "source": part.source,
                "met": part.met,
                "values": " · ".join(f"{name} = {written(value)}" for name, value in part.facts.items()),
            }
            for part in judgement.parts
        ],
    }


def written(value: Value) -> str:
    """A fact's value as a condition would write it."""
    if value is None:
        return str(_("not known"))
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f"'{value}'"
    if isinstance(value, int | float):
        return repr(value)
    return "[" + ", ".join(f"'{one}'" for one in value) + "]"
