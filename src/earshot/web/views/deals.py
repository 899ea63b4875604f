"""Deals: the list, and opening one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, cast
from urllib.parse import urlencode
from uuid import UUID

from django.core.paginator import Paginator
from django.db.models import F, OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy, ngettext, pgettext_lazy
from django.utils.translation import gettext as _

from earshot.accounts import queries as accounts
from earshot.deals import queries as deals
from earshot.deals.actions import open_deal
from earshot.deals.models import StageVisit
from earshot.desk.finding import find
from earshot.kit.problems import say
from earshot.people.models import Person
from earshot.people.standing import Seeing
from earshot.playbooks import book
from earshot.playbooks.models import Stage
from earshot.web import acts, sessions
from earshot.web.page import Done, Form, Page, one_id, page_number, words
from earshot.web.tables import link, under
from earshot.web.templatetags.looks import day_left, money, quoted, when

A_PAGE = 50
SORTS = {"title": "title", "due": "due", "amount": "amount", "since": "since", "opened": "opened_at"}
STATES = {
    "": pgettext_lazy("state of deals", "open"),
    "won": pgettext_lazy("state of deals", "won"),
    "lost": pgettext_lazy("state of deals", "lost"),
    "all": pgettext_lazy("state of deals", "all"),
}
CURRENCIES = ["CNY", "USD", "EUR", "GBP", "HKD", "JPY"]


# What a line of the list shows. The name of the stage, in the language of the reader, is asked for beside them.
LINE = (
    "pk",
    "number",
    "title",
    "account__name",
    "stage_name",
    "owner__name",
    "due",
    "amount",
    "currency",
    "closing__outcome",
    "closing__at",
)


def _lines(person: Person, stage: str | None, containing: str, *, mine: bool, state: str, sort: str, english: bool) -> QuerySet[Any, Any]:
    """Every line of the list that these filters leave, in order."""
    rows: QuerySet[Any] = deals.containing(deals.visible_to(person), containing)
    if stage:
        rows = rows.filter(stage__code=stage)
    if mine:
        rows = rows.filter(owner=person)
    match state:
        case "won" | "lost":
            rows = rows.filter(closing__outcome=state)
        case "":
            rows = rows.filter(deals.still_open())
    entered = StageVisit.objects.filter(deal=OuterRef("pk"), left_at__isnull=True).values("entered_at")[:1]
    rows = rows.annotate(since=Subquery(entered), stage_name=F("stage__en" if english else "stage__zh"))
    field, down = (SORTS[sort.removeprefix("-")], sort.startswith("-")) if sort else ("opened_at", True)
    return rows.order_by(f"{'-' if down else ''}{field}", "-pk").values_list(*LINE, "since")


_LINES = Seeing(lambda person, stage, containing, first, last, **shape: _lines(person, stage, containing, **shape)[first:last])
_COUNT = Seeing(_lines)


class Listed:
    """The list for a paginator: counted, and read a page at a time. Words that are looked for stand inside a pattern, and are no
    parameter of a prepared query."""

    def __init__(self, person: Person, *, stage: str, containing: str, **shape: Any) -> None:
        self.person, self.stage, self.containing = person, stage or None, containing
        self.shape = {**shape, "english": (get_language() or "").startswith("en")}

    def __len__(self) -> int:
        if self.containing:
            return _lines(self.person, self.stage, self.containing, **self.shape).count()
        return _COUNT.count(self.person, self.stage, containing="", **self.shape)

    def __getitem__(self, part: slice) -> Sequence[Any]:
        if self.containing:
            return list(_lines(self.person, self.stage, self.containing, **self.shape)[part])
        return _LINES.rows(self.person, self.stage, containing="", first=part.start, last=part.stop, **self.shape)


class Deals(Page):
    """All deals that I may see, filtered; one statement counts them and one reads a page, whatever their number."""

    template = "web/deals.html"
    live = True

    def context(self) -> dict[str, Any]:
        asked = self.request.GET
        page = Paginator(cast(Any, self.asked_for(asked)), A_PAGE).get_page(page_number(self.request))
        stages = list(book.in_force().process.stages.values())
        filters = {name: asked.get(name, "") for name in ("q", "stage", "state", "mine")}
        return {
            "columns": self.columns(asked),
            "rows": [self.cells(*row) for row in page.object_list],
            "filters": filters,
            "sort": {"sort": asked.get("sort", "")} if asked.get("sort") else {},
            "filtered": any(filters.values()),
            "now": _(", ").join(self.filtered_in_words(filters, stages)),
            "stages": [(stage.code, str(stage)) for stage in stages],
            "states": list(STATES.items()),
            "sum": ngettext("%(n)s deal", "%(n)s deals", page.paginator.count) % {"n": page.paginator.count},
            "before": self.at(page.previous_page_number()) if page.has_previous() else "",
            "after": self.at(page.next_page_number()) if page.has_next() else "",
            "pages": _("page %(page)s of %(all)s") % {"page": page.number, "all": page.paginator.num_pages},
            "many": page.paginator.num_pages > 1,
        }

    @staticmethod
    def filtered_in_words(filters: Mapping[str, str], stages: Iterable[Stage]) -> list[str]:
        """What the list is narrowed to, for the one line that stands over it on a phone."""
        said = [str(STATES.get(filters["state"], STATES[""]))]
        said += [str(stage) for stage in stages if stage.code == filters["stage"]]
        said += [_("only mine")] if filters["mine"] else []
        return said + ([_("“{words}”").format(words=words(filters["q"]))] if filters["q"] else [])

    def asked_for(self, asked: QueryDict) -> Listed:
        sort = asked.get("sort", "")
        return Listed(
            self.person,
            stage=words(asked.get("stage", "")),
            containing=words(asked.get("q", "")),
            mine=bool(asked.get("mine")),
            state=asked.get("state", "") if asked.get("state", "") in ("won", "lost", "all") else "",
            sort=sort if sort.removeprefix("-") in SORTS else "",
        )

    def columns(self, asked: QueryDict) -> list[dict[str, Any]]:
        heads = [
            (gettext_lazy("Deal"), "title", False),
            (gettext_lazy("Account"), "", False),
            (gettext_lazy("Stage"), "", False),
            (gettext_lazy("Owner"), "", False),
            (pgettext_lazy("of a deal", "By"), "due", False),
            (gettext_lazy("Amount"), "amount", True),
            (gettext_lazy("In this stage since"), "since", False),
        ]
        made = []
        for label, name, number in heads:
            column: dict[str, Any] = {"label": label, "number": number}
            if name:
                current = asked.get("sort", "")
                column["url"] = self.at(1, sort=f"-{name}" if current == name else name)
                if current.removeprefix("-") == name:
                    column["sorted"] = "descending" if current.startswith("-") else "ascending"
            made.append(column)
        return made

    def at(self, page: int, **other: str) -> str:
        """This list with the same filters, elsewhere."""
        kept = {name: value for name in ("q", "stage", "state", "mine", "sort") if (value := self.request.GET.get(name, ""))}
        return f"{reverse('deals')}?{urlencode({**kept, **other, **({'page': str(page)} if page > 1 else {})})}"

    @staticmethod
    def cells(
        pk: UUID,
        number: str,
        title: str,
        account: str | None,
        stage: str,
        owner: str,
        due: date | None,
        amount: Decimal | None,
        currency: str,
        outcome: str | None,
        closed_at: datetime | None,
        since: datetime | None,
    ) -> list[Any]:
        """Of a row of `LINE`."""
        return [
            under(link(acts.address("deal", pk), title), number),
            quoted(account) if account else _("not known"),
            OUTCOMES[outcome] if outcome else quoted(stage),
            quoted(owner),
            day_left(None if outcome else due),
            money(amount, currency),
            when(closed_at or since),
        ]


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
