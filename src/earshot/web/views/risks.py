"""Opening a gate with something missing: every line of it with its own reason, person and day."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import QueryDict
from django.utils.translation import ngettext

from earshot.deals import gates, risks, rules
from earshot.deals.actions import AtRisk, pass_at_risk
from earshot.deals.decisions import RiskLine
from earshot.deals.models import NOT_WON, Deal
from earshot.desk.finding import find
from earshot.journal.queries import in_language
from earshot.people.models import Person
from earshot.people.standing import reach_of
from earshot.web import acts, parts
from earshot.web.page import Done, Page, one_id, version

FIELDS = ("reason", "who", "due")


def may_decide(person: Person, deal: Deal) -> bool:
    """Whether the page offers it; the verb asks again."""
    heads = deal.unit_id in reach_of(person).units
    return deal.owner_id != person.pk and (heads or risks.in_whose_place(person, deal) is not None)


def shown(lines: Sequence[RiskLine], deal: Deal, person: Person) -> list[dict[str, Any]]:
    """What was passed at risk on the deal, a group a decision, as the deal's page shows it."""
    groups: dict[Any, dict[str, Any]] = {}
    ended = getattr(deal, "closing", None)
    for line in lines:
        decision = line.decision
        made = getattr(line, "made_good", None)
        group = groups.setdefault(
            decision.pk,
            {
                "gate": str(decision.gate),
                "name": decision.person.name,
                "stands_for": decision.stands_for,
                "at": decision.at,
                "lines": [],
                "open": 0,
                "checks": False,
            },
        )
        is_open = made is None and not (ended and ended.outcome in NOT_WON)
        owing = risks.owing(line)
        mine = is_open and (owing.pk == person.pk or may_decide(person, deal))
        group["open"] += is_open
        group["checks"] |= is_open and line.lasts and ended is None
        group["lines"].append(
            {
                "id": str(line.pk),
                "sentence": in_language(line.line["sentence"]),
                "reason": line.reason,
                "who": owing.name,
                "due": line.due,
                "is_open": is_open,
                "made": made,
                "by_check": line.lasts and ended is None,
                "mine": mine,
                "owed": is_open and owing.pk == person.pk,
                "hidden": {"act": "make_good", "risk": str(line.pk)},
            }
        )
    return list(groups.values())


class Risk(Page):
    """What is missing at the gate before the deal, and the decision of a head to open it all the same."""

    template = "web/risk.html"
    kind = "deal"
    acts = {"decide": ("version",)}

    def context(self) -> dict[str, Any]:
        deal: Deal = self.thing
        review = None if hasattr(deal, "closing") else gates.review(deal)
        missing = review.unmet if review is not None and review.gate is not None else []
        never = rules.never_at_risk(missing)
        decides = bool(missing) and may_decide(self.person, deal)
        return {
            "deal": deal,
            "gate": review.gate if review is not None else None,
            "never": [acts.line(one.line, acts.NOBODY, here=deal.pk) for one in never],
            "lines": self.lines(missing) if decides and not never else [],
            "missing": bool(missing),
            "decides": decides,
            "stands_for": risks.in_whose_place(self.person, deal) if decides else None,
            "people": parts.options(risks.can_make_good(deal)) if decides and not never else [],
        }

    def lines(self, missing: Sequence[rules.Condition]) -> list[dict[str, Any]]:
        typed, wrong = self.typed, self.refused.fields if self.refused else {}
        return [
            {
                "sentence": risks.sentence_of(found),
                "who_can": acts.data(found[0].line.who),
                **{name: typed.get(f"{name}-{key}", "") if typed is not None else "" for name in FIELDS},
                **{f"{name}_name": f"{name}-{key}" for name in FIELDS},
                **{f"{name}_error": wrong.get(f"{name}-{key}", "") for name in FIELDS},
            }
            for key, found in risks.listed(missing).items()
        ]

    def decide(self, posted: QueryDict) -> Done:
        lines = []
        for name in posted:
            if name.startswith("reason-"):
                key = name.removeprefix("reason-")
                chosen = posted.get(f"who-{key}", "")
                who = find(self.person, "person", one_id(chosen)) if chosen else None
                lines.append(AtRisk(key, posted.get(name, ""), who, posted.get(f"due-{key}", "")))
        pass_at_risk(by=self.by, deal=self.thing, version=version(posted.get("version", "")), lines=lines)
        n = len(lines)
        said = ngettext("The gate is open; %(n)s thing stays red.", "The gate is open; %(n)s things stay red.", n)
        return Done(said % {"n": n}, f"{acts.address('deal', self.thing.pk)}#risks")
