"""Deals: the list, and opening one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponseBase, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import mark_safe
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext, pgettext_lazy

from earshot.accounts import queries as accounts
from earshot.deals.actions import open_deal
from earshot.deals.rates import Worth, company_currency
from earshot.desk import pipeline
from earshot.desk.finding import find
from earshot.kit.paging import NoCursor
from earshot.kit.problems import Refusal, say
from earshot.people.models import Unit
from earshot.web import acts, sessions
from earshot.web.page import Done, Form, Page, one_id, words
from earshot.web.tables import link, under
from earshot.web.templatetags.looks import day_left, money, quoted, when

A_PAGE = 50
STATES = {
    "": pgettext_lazy("state of deals", "open"),
    "won": pgettext_lazy("state of deals", "won"),
    "lost": pgettext_lazy("state of deals", "lost"),
    "all": pgettext_lazy("state of deals", "all"),
}
HOW = {
    pipeline.LATE: gettext_lazy("past their date"),
    pipeline.BLOCKED: gettext_lazy("held up before their gate"),
    pipeline.READY: gettext_lazy("only the decision is missing"),
}
DOT = mark_safe('<i class="dot"> </i>')
# What stands behind "more filters": folded while nothing of it is asked.
MORE = ("step", "owner", "account", "tier", "process", "how", "older", "least", "most")
CURRENCIES = ["CNY", "USD", "EUR", "GBP", "HKD", "JPY"]
COLUMNS = [
    (gettext_lazy("Deal"), "title", False),
    (gettext_lazy("Account"), "account", False),
    (gettext_lazy("Stage"), "stage", False),
    (gettext_lazy("Owner"), "owner", False),
    (pgettext_lazy("of a deal", "By"), "due", False),
    (gettext_lazy("Amount"), "amount", True),
    (gettext_lazy("In this stage for"), "since", False),
]


class Pipeline(Page):
    """What list and board share: what is asked for, in an address that may be handed on, and the sums."""

    live = True
    place = ""  # name of its address
    wanted: pipeline.Wanted
    wrong: Mapping[str, Any] = {}

    def seek(self) -> None:
        super().seek()
        try:
            self.wanted = pipeline.read(self.request.GET.dict())
        except Refusal as refusal:
            self.wanted, self.wrong = pipeline.Wanted(), refusal.fields

    def context(self) -> dict[str, Any]:
        choices = pipeline.choices()
        try:
            sums = None if self.wrong else pipeline.sums(self.person, self.wanted)
        except Refusal as refusal:  # of a size that would have to be worked out for too many
            sums, self.wrong = None, refusal.fields
        asked = {name: self.request.GET.get(name, "") for name in pipeline.NAMES} if self.wrong else self.wanted.query()
        filters = {name: asked.get(name, "") for name in pipeline.NAMES}
        units = [(str(pk), name) for pk, name in Unit.objects.order_by("name", "pk").values_list("pk", "name")]
        return {
            "filters": filters,
            "wrong": {name: self.wrong.get(name, "") for name in pipeline.NAMES},
            "sort": {"sort": self.wanted.sort} if self.wanted.sort else {},
            "filtered": bool(self.wrong) or self.wanted.narrowed,
            "more_asked": any(filters[name] for name in MORE),
            "now": _(", ").join(self.filtered_in_words(choices, dict(units))),
            "stages": [(code, str(stage)) for code, stage in choices.stages.items()],
            "steps": [(code, str(step)) for code, step in choices.steps.items()],
            "tiers": [(code, str(tier)) for code, tier in choices.tiers.items()],
            "versions": [(str(one.number), str(one)) for one in choices.versions] if len(choices.versions) > 1 else [],
            "units": units,
            "states": list(STATES.items()),
            "hows": list(HOW.items()),
            "money_in": company_currency(),
            "sums": self.summed(sums) if sums else [],
            "sum": in_all(sums.all) if sums else "",
            "originals": dotted(originals_said(sums.all)) if sums else "",
            "rates": rates_said(sums.all.worth) if sums else "",
            "ways": [
                {"url": self.at(place="deals"), "label": pgettext("a way to show the pipeline", "List"), "current": self.place == "deals"},
            ],
        }

    def summed(self, sums: pipeline.Sums) -> list[dict[str, Any]]:
        """The sums as `c-sums` takes them; each opens the deals that it is made of."""
        usual = pipeline.usual()
        shown = []
        for one in sums.stages:
            days = usual.get(one.code)
            shown.append(
                {
                    "label": str(one.stage),
                    "url": self.at(stage=one.code),
                    "count": one.count,
                    "money": worth_said(one.worth),
                    "originals": dotted(originals_said(one)),
                    "usual": usual_said(days) if days else "",
                    "current": self.wanted.stage == one.code,
                }
            )
        return shown

    def filtered_in_words(self, choices: pipeline.Choices, units: Mapping[str, str]) -> list[str]:
        """What the list is narrowed to, for the one line that stands over it on a phone."""
        wanted = self.wanted
        said = [str(STATES[wanted.state])]
        said += [str(choices.stages.get(wanted.stage, wanted.stage))] if wanted.stage else []
        said += [str(choices.steps.get(wanted.step, wanted.step))] if wanted.step else []
        said += [str(choices.tiers.get(wanted.tier, wanted.tier))] if wanted.tier else []
        said += [units.get(str(wanted.unit), "–")] if wanted.unit else []
        said += [_("only mine")] if wanted.mine else []
        said += [name for name in (self.named("person", wanted.owner), self.named("account", wanted.account)) if name]
        said += [f"process@{wanted.process}"] if wanted.process is not None else []
        said += [str(HOW[wanted.how])] if wanted.how else []
        if wanted.older is not None:
            said.append(
                ngettext("%(n)s day or longer in the stage", "%(n)s days or longer in the stage", wanted.older) % {"n": wanted.older}
            )
        if wanted.least is not None:
            said.append(_("from {amount}").format(amount=plain_money(wanted.least)))
        if wanted.most is not None:
            said.append(_("up to {amount}").format(amount=plain_money(wanted.most)))
        return said + ([_("“{words}”").format(words=words(wanted.q))] if wanted.q else [])

    def named(self, kind: str, typed: str) -> str:
        """Whom an id in the address means, for whoever may know; words as they are."""
        try:
            return str(find(self.person, kind, UUID(typed)).name)
        except ValueError:
            return typed
        except Refusal:
            return "–"

    def at(self, *, place: str = "", **other: str) -> str:
        """The same, elsewhere or with something else asked."""
        asked = {**self.wanted.query(), **other}
        query = urlencode({name: value for name, value in asked.items() if value})
        return reverse(place or self.place) + (f"?{query}" if query else "")


class Deals(Pipeline):
    """All deals that I may see, filtered; one statement sums them and one reads a part, whatever their number."""

    template = "web/deals.html"
    place = "deals"

    def context(self) -> dict[str, Any]:
        shared = super().context()
        rows: list[pipeline.Row] = []
        after = None
        if not self.wrong:
            cursor = self.request.GET.get("after") or None
            try:
                rows, after = pipeline.page(self.person, self.wanted, cursor, A_PAGE)
            except NoCursor:
                raise Http404 from None
        usual = pipeline.usual()
        return {
            **shared,
            "columns": self.columns(),
            "rows": [self.cells(row, usual) for row in rows],
            "before": self.at() if self.request.GET.get("after") else "",
            "after": self.at(after=after) if after else "",
        }

    def columns(self) -> list[dict[str, Any]]:
        made = []
        current = self.wanted.sort
        for label, name, number in COLUMNS:
            column: dict[str, Any] = {"label": label, "number": number, "url": self.at(sort=f"-{name}" if current == name else name)}
            if current.removeprefix("-") == name:
                column["sorted"] = "descending" if current.startswith("-") else "ascending"
            made.append(column)
        return made

    @staticmethod
    def cells(row: pipeline.Row, usual: Mapping[str, pipeline.Usual]) -> list[Any]:
        return [
            under(link(acts.address("deal", row.id), row.title), row.number),
            quoted(row.account) if row.account else _("not known"),
            OUTCOMES[row.outcome] if row.outcome else quoted(row.stage),
            quoted(row.owner),
            day_left(None if row.outcome else row.due),
            money(row.amount, row.currency) if row.amount is not None else _("not known"),
            when(row.closed_at) if row.outcome else ageing(row, usual),
        ]


def ageing(row: pipeline.Row, usual: Mapping[str, pipeline.Usual]) -> Any:
    """Days in the stage, beside the usual."""
    if row.days is None or row.since is None:
        return ""
    stood = format_html(
        '<time datetime="{}" title="{}">{}</time>',
        row.since.isoformat(),
        localtime(row.since).strftime("%Y-%m-%d %H:%M"),
        days_said(row.days),
    )
    known = usual.get(row.stage_code)
    return under(stood, usual_said(known)) if known else stood


def days_said(days: int) -> str:
    return ngettext("%(n)s day", "%(n)s days", days) % {"n": days}


def usual_said(usual: pipeline.Usual) -> str:
    return ngettext("usual: %(n)s day", "usual: %(n)s days", usual.days) % {"n": usual.days}


def worth_said(worth: Worth) -> Any:
    """What stands for the sum, in the company's currency: as it is, or converted; nothing where nothing can be converted."""
    if worth.total is None:
        return ""
    said = money(worth.total, company_currency())
    return format_html("≈ {}", said) if worth.by else said


def originals_said(of: pipeline.StageSum) -> list[Any]:
    """The currencies beside the sum, one by one where there are others than the company's; what has no rate and what has no amount."""
    said: list[Any] = []
    if set(of.worth.originals) - {company_currency()}:
        for code, amount in of.worth.originals.items():
            exact = money(amount, code)
            said.append(format_html(_("{} (no rate, left out)"), exact) if code in of.worth.without else exact)
    if of.unknown:
        said.append(ngettext("%(n)s without an amount", "%(n)s without an amount", of.unknown) % {"n": of.unknown})
    return said


def in_all(of: pipeline.StageSum) -> Any:
    """How many there are, and what they are worth."""
    counted = ngettext("%(n)s deal", "%(n)s deals", of.count) % {"n": f"{of.count:,}"}
    return dotted([part for part in (counted, worth_said(of.worth)) if part])


def dotted(parts: Iterable[Any]) -> Any:
    return format_html_join(DOT, "{}", ((part,) for part in parts))


def rates_said(worth: Worth) -> Any:
    """By which rates was converted, each with its day."""
    own = company_currency()
    return _(", ").join(f"1 {rate.currency} = {rate.rate.normalize():f} {own} ({rate.day.isoformat()})" for rate in worth.by)


def plain_money(amount: Decimal) -> str:
    return f"{amount:,.0f} {company_currency()}"


OUTCOMES = {"won": pgettext_lazy("outcome of a deal", "won"), "lost": pgettext_lazy("outcome of a deal", "lost")}


class NewDeal(Page):
    """A deal in one short form. Whoever lacks the customer in the list opens the account on the way, and comes back to the same form."""

    template = "web/deal_new.html"
    acts = {"open": ("title", "account", "goal", "due", "amount", "currency", "another")}

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        if "new_account" in request.POST:
            kept = sessions.keep_form(request, aside=True)
            return HttpResponseRedirect(f"{reverse('account_new')}?{urlencode({'deal': kept})}")
        return super().post(request, **kwargs)

    def initial(self) -> Mapping[str, Mapping[str, Any]]:
        return {"open": {"account": self.request.GET.get("account", ""), "currency": "CNY"}}

    def forms(self) -> dict[str, Form]:
        forms = super().forms()
        if self.request.method == "GET" and "account" in self.request.GET:  # opened on the way: chosen over what was typed before
            forms["open"].value["account"] = self.request.GET["account"]
        return forms

    def context(self) -> dict[str, Any]:
        seen = accounts.visible_to(self.person).order_by("name", "pk").values_list("pk", "name")
        return {"accounts": [(str(pk), name) for pk, name in seen], "currencies": currencies()}

    def open(self, posted: QueryDict) -> Done:
        chosen = posted.get("account", "")
        deal = open_deal(
            by=self.by,
            title=posted.get("title", ""),
            account=find(self.person, "account", one_id(chosen)) if chosen else None,
            owner=self.person,
            goal=posted.get("goal", ""),
            due=posted.get("due", ""),
            amount=posted.get("amount", ""),
            currency=posted.get("currency", "CNY"),
            another=bool(posted.get("another")),
        )
        return Done(say(_("{deal} is open. Record what the customer says."), deal=deal), acts.address("deal", deal.pk))


def currencies() -> list[tuple[str, str]]:
    return [(code, code) for code in CURRENCIES]
