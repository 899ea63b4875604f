"""Taking a part out of a deal; and what a deal's page shows of those that it was one deal with."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.http import QueryDict
from django.utils.html import strip_tags
from django.utils.translation import gettext as _

from earshot.calls import queries as calls
from earshot.deals import lines, risks, wholes
from earshot.deals import queries as deals
from earshot.deals.actions import join_deals, split_deal
from earshot.deals.actions.splitting import BOTH, FIRST, PART
from earshot.deals.models import Deal
from earshot.deals.specialties import services_of
from earshot.desk.finding import find
from earshot.journal.queries import in_language
from earshot.kit.problems import say, wrong
from earshot.people.models import Person
from earshot.web import acts
from earshot.web.page import Done, Page, one_id, version
from earshot.web.templatetags.looks import money

OF_SERVICE, OF_CALL = "service-", "calls-"


def shown(deal: Deal, person: Person) -> dict[str, Any]:
    """What the deal was taken out of, what was taken out of it, what they come to, and the gates passed before."""
    family = wholes.family(person, deal)
    others = wholes.judged_with(deal)
    whole = wholes.judged_amount(deal) if others else None
    return {
        "part_of": _link(family.first) if family.first else None,
        "parts": [_link(one) for one in family.parts],
        "joined": [_link(one) for one in family.joined],
        "joined_to": _link(family.into) if family.into else None,
        "together": money(whole, deal.currency) if whole is not None else "",
        "others": ", ".join(one.number for one in others),
        "passed_before": [
            {
                "gate": str(row.gate),
                "at": row.passed.at if row.passed is not None else row.not_asked.at if row.not_asked is not None else None,
                "asked": row.passed is not None,
                "risk": row.passed is not None and row.passed.risk_id is not None,
                "number": (row.passed or row.not_asked).visit.deal.number,  # type: ignore[union-attr]  # it is one of the two
            }
            for row in wholes.passed_before(deal)
        ],
    }


def _link(link: wholes.Link | wholes.Joined) -> dict[str, Any]:
    row, other = link.split if isinstance(link, wholes.Link) else link.join, link.deal
    return {
        "number": link.number,
        "unit": link.unit,
        "title": other.title if other is not None else "",
        "url": acts.address("deal", other.pk) if other is not None else "",
        "money": money(other.amount, other.currency) if other is not None and other.amount is not None else "",
        "stage": str(other.stage) if other is not None and not hasattr(other, "closing") else "",
        "name": row.person.name,
        "at": row.at,
        "reason": row.reason,
    }


def _plain(amount: Decimal | None, currency: str) -> str:
    """An amount as words of a choice, without marks."""
    return strip_tags(str(money(amount, currency)))


class Join(Page):
    """A form: which other open deal of the customer becomes part of this one."""

    template = "web/deals/join.html"
    kind = "deal"
    acts = {"join": ("version", "other", "amount", "reason")}

    def context(self) -> dict[str, Any]:
        deal: Deal = self.thing
        closed = hasattr(deal, "closing")
        works = not closed and deals.may_work(self.person, deal)
        return {"deal": deal, "closed": closed, "works": works, "others": self.others(deal) if works else []}

    def others(self, deal: Deal) -> list[dict[str, Any]]:
        """Each with the version that is shown, so that what is joined is what was seen."""
        return [
            {
                "value": f"{one.pk}:{one.version}",
                "label": one.title,
                "help": " · ".join([one.number, _plain(one.amount, one.currency) or _("no amount yet"), str(one.stage)]),
            }
            for one in wholes.joinable(self.person, deal)
        ]

    def join(self, posted: QueryDict) -> Done:
        chosen, _colon, seen = posted.get("other", "").partition(":")
        if not chosen:
            raise wrong("other", _("Choose the deal that becomes part of this one."))
        other = find(self.person, "deal", one_id(chosen))
        join_deals(
            by=self.by,
            deal=self.thing,
            version=version(posted.get("version", "")),
            other=other,
            other_version=version(seen),
            amount=posted.get("amount", ""),
            reason=posted.get("reason", ""),
        )
        done = say(_("{other} is part of {deal} from now on."), other=other.number, deal=self.thing.number)
        return Done(done, acts.address("deal", self.thing.pk))


class Split(Page):
    """A form: what goes with the part, what stays, and what is owed by both."""

    template = "web/deals/split.html"
    kind = "deal"
    acts = {"split": ("version", "title", "goal", "due", "amount", "kept", "reason", "lines[]", "risks[]")}

    def initial(self) -> Mapping[str, Mapping[str, Any]]:
        deal: Deal = self.thing
        return {"split": {"goal": deal.goal, "due": deal.due.isoformat() if deal.due else ""}}

    def context(self) -> dict[str, Any]:
        deal: Deal = self.thing
        closed = hasattr(deal, "closing")
        works = not closed and deals.may_work(self.person, deal)
        if not works:
            return {"deal": deal, "closed": closed, "works": False}
        named = zip(deal.service_codes, services_of(deal), strict=True)
        ways = [(FIRST, _("stays")), (PART, _("goes")), (BOTH, _("both carry it"))]
        return {
            "deal": deal,
            "works": True,
            "services": [self.choice(f"{OF_SERVICE}{code}", str(name), "services", FIRST, ways) for code, name in named],
            "lines": [
                {
                    "value": str(row.pk),
                    "label": row.what,
                    "help": f"{lines.plain(row.quantity)} {row.unit} · {_plain(row.total, row.currency)}",
                }
                for row in lines.of(deal.pk)
            ],
            "calls": self.calls(deal),
            "risks": [
                {"value": str(row.pk), "label": in_language(row.line["sentence"]), "help": f"{risks.owing(row).name} · {row.due:%Y-%m-%d}"}
                for row in risks.open_lines(deal.pk)
            ],
        }

    def calls(self, deal: Deal) -> list[dict[str, Any]]:
        """What is owed, with whom it may serve; of another deal's, which serves this one too, nothing goes away."""
        found = []
        for read in calls.read_of_deal(deal):
            if read.state not in ("waiting", "taken"):
                continue
            name = f"{OF_CALL}{read.call.pk}"
            options = [(BOTH, _("serves both")), (FIRST, _("this deal only"))]
            options += [(PART, _("the part only"))] if read.call.deal_id == deal.pk else []
            found.append(self.choice(name, f"{read.support} · {read.call.number}", name, BOTH, options))
        return found

    def choice(self, name: str, label: str, place: str, usual: str, options: list[tuple[str, str]]) -> dict[str, Any]:
        typed = self.typed.get(name, usual) if self.typed is not None else usual
        error = self.refused.fields.get(place, "") if self.refused else ""
        return {"name": name, "label": label, "options": options, "value": typed, "error": error}

    def split(self, posted: QueryDict) -> Done:
        services = {name.removeprefix(OF_SERVICE): posted.get(name, "") for name in posted if name.startswith(OF_SERVICE)}
        chosen: dict[UUID, str] = {one_id(name.removeprefix(OF_CALL)): posted.get(name, "") for name in posted if name.startswith(OF_CALL)}
        part = split_deal(
            by=self.by,
            deal=self.thing,
            version=version(posted.get("version", "")),
            title=posted.get("title", ""),
            goal=posted.get("goal", ""),
            due=posted.get("due", ""),
            amount=posted.get("amount", ""),
            kept=posted.get("kept", ""),
            reason=posted.get("reason", ""),
            services={code: whom for code, whom in services.items() if whom != FIRST},
            lines=[one_id(pk) for pk in posted.getlist("lines")],
            calls=chosen,
            risks_going=[one_id(pk) for pk in posted.getlist("risks")],
        )
        return Done(say(_("{part} was taken out of {deal}."), part=part.number, deal=self.thing.number), acts.address("deal", part.pk))
