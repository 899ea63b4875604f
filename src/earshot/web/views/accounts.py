"""Accounts: the customers, the people there, their deals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from earshot.accounts import queries as accounts
from earshot.accounts.actions import open_account
from earshot.accounts.models import Contact
from earshot.deals import queries as deals
from earshot.deals.models import Deal
from earshot.desk.queries import timeline
from earshot.kit.problems import say
from earshot.web import acts, parts
from earshot.web.live.topics import Object
from earshot.web.page import Done, Page, page_number, words
from earshot.web.tables import link, under
from earshot.web.templatetags.looks import money, quoted, when
from earshot.web.views.deals import OUTCOMES
from earshot.web.views.talk import WRITE, Talks

A_PAGE = 50
DEALS_SHOWN = 20


class Accounts(Page):
    template = "web/accounts.html"
    live = True

    def context(self) -> dict[str, Any]:
        looked_for = words(self.request.GET.get("q", ""))
        rows = accounts.visible_to(self.person).select_related("owner", "unit").order_by("name", "pk")
        if looked_for:
            rows = rows.filter(name__icontains=looked_for)
        page = Paginator(rows, A_PAGE).get_page(page_number(self.request))
        return {
            "columns": [
                {"label": gettext_lazy("Account")},
                {"label": gettext_lazy("Sector")},
                {"label": gettext_lazy("Answers for it")},
                {"label": gettext_lazy("Unit")},
            ],
            "rows": [
                [
                    under(link(acts.address("account", one.pk), one.name), one.number),
                    quoted(one.sector),
                    quoted(one.owner.name),
                    quoted(one.unit.name),
                ]
                for one in page.object_list
            ],
            "q": looked_for,
            "sum": ngettext("%(n)s account", "%(n)s accounts", page.paginator.count) % {"n": page.paginator.count},
            "before": f"?{urlencode({'q': looked_for})}&page={page.previous_page_number()}" if page.has_previous() else "",
            "after": f"?{urlencode({'q': looked_for})}&page={page.next_page_number()}" if page.has_next() else "",
        }


class NewAccount(Page):
    """A customer. Opened on the way to a deal (`deal`: the name of the form put aside), it leads back to that form, chosen there."""

    template = "web/account_new.html"
    acts = {"open": ("name", "sector", "deal")}

    def initial(self) -> dict[str, dict[str, Any]]:
        return {"open": {"deal": self.request.GET.get("deal", "")}}

    def context(self) -> dict[str, Any]:
        asked = self.request.POST if self.refused else self.request.GET
        on_the_way = "deal" in asked
        return {
            "on_the_way": on_the_way,
            "back": f"{reverse('deal_new')}?{urlencode({'typed': asked.get('deal', '')})}" if on_the_way else reverse("accounts"),
            "hidden": {"act": "open", **({"deal": asked["deal"]} if on_the_way else {})},
        }

    def open(self, posted: QueryDict) -> Done:
        account = open_account(by=self.by, name=posted.get("name", ""), sector=posted.get("sector", ""), owner=self.person)
        said = say(_("{account} is opened; you answer for it."), account=account.name)
        if "deal" in posted:
            return Done(said, f"{reverse('deal_new')}?{urlencode({'typed': posted['deal'], 'account': str(account.pk)})}")
        return Done(said, acts.address("account", account.pk))


class Account(Talks):
    template = "web/account.html"
    kind = "account"
    live = True
    acts = WRITE
    shown: Sequence[Deal] = ()

    def follows(self) -> list[Object]:
        return [("account", self.thing.pk), *(("deal", deal.pk) for deal in self.shown)]

    def context(self) -> dict[str, Any]:
        account = self.thing
        rows = deals.with_names(deals.visible_to(self.person)).filter(account=account).order_by("-opened_at", "-pk")[:DEALS_SHOWN]
        self.shown = list(rows)
        return {
            "owner_url": acts.address("person", account.owner_id),
            "new_deal_url": f"{reverse('deal_new')}?account={account.pk}",
            "all_deals_url": f"{reverse('deals')}?{urlencode({'q': account.name, 'state': 'all'})}",
            "contacts": list(Contact.objects.filter(account=account).order_by("name", "pk")[:200]),
            "columns": [
                {"label": gettext_lazy("Deal")},
                {"label": gettext_lazy("Stage")},
                {"label": gettext_lazy("Owner")},
                {"label": gettext_lazy("Amount"), "number": True},
                {"label": gettext_lazy("Opened")},
            ],
            "rows": [
                [
                    under(link(acts.address("deal", deal.pk), deal.title), deal.number),
                    OUTCOMES[deal.closing.outcome] if hasattr(deal, "closing") else quoted(deal.stage),
                    quoted(deal.owner.name),
                    money(deal.amount, deal.currency),
                    when(deal.opened_at),
                ]
                for deal in self.shown
            ],
            **self.talk(),
            "entries": parts.entries(timeline(self.person, account.pk), here=str(account), this=_("this account")),
        }
