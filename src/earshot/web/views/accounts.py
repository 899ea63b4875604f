"""Accounts: the customers, the people there, their deals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from earshot.accounts import actions, persons
from earshot.accounts import queries as accounts
from earshot.accounts.actions import open_account
from earshot.accounts.models import Account as Customer
from earshot.accounts.models import Contact, Site
from earshot.deals import leads
from earshot.deals import queries as deals
from earshot.deals.models import Deal
from earshot.desk.finding import FINDERS, find
from earshot.desk.queries import timeline
from earshot.kit.problems import missing, say
from earshot.people.queries import is_head_at_or_above
from earshot.voice import queries as voice
from earshot.web import acts, parts
from earshot.web.live.topics import Object
from earshot.web.page import Done, Page, one_id, page_number, version, words
from earshot.web.tables import link, under
from earshot.web.templatetags.looks import money, quoted, when
from earshot.web.views.deals import OUTCOMES
from earshot.web.views.leads import lines
from earshot.web.views.people import not_chosen
from earshot.web.views.talk import WRITE, Talks

A_PAGE = 50
DEALS_SHOWN = 20
LEADS_SHOWN = 10


class Accounts(Page):
    template = "web/accounts.html"
    live = True

    def context(self) -> dict[str, Any]:
        looked_for = words(self.request.GET.get("q", ""))
        rows = accounts.visible_to(self.person).select_related("owner", "unit").order_by("name", "pk")
        rows = accounts.containing(rows, looked_for)
        key = self.request.GET.get("key", "") == "1"
        if key:
            rows = accounts.key_accounts(rows, accounts.today())
        segments = [(one.code, str(one)) for one in accounts.all_segments()]
        segment = words(self.request.GET.get("segment", ""))
        if segment:
            rows = rows.filter(segment=segment)
        asked = {"q": looked_for, **({"key": "1"} if key else {}), **({"segment": segment} if segment else {})}
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
            "key": key,
            "segments": segments,
            "segment": segment,
            "sum": ngettext("%(n)s account", "%(n)s accounts", page.paginator.count) % {"n": page.paginator.count},
            "before": f"?{urlencode(asked)}&page={page.previous_page_number()}" if page.has_previous() else "",
            "after": f"?{urlencode(asked)}&page={page.next_page_number()}" if page.has_next() else "",
        }


class NewAccount(Page):
    """A customer. Opened on the way to a deal (`deal`: the name of the form put aside), it leads back to that form, chosen there."""

    template = "web/account_new.html"
    acts = {"open": ("name", "sector", "deal", "another")}

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
        name, sector, another = posted.get("name", ""), posted.get("sector", ""), bool(posted.get("another"))
        account = open_account(by=self.by, name=name, sector=sector, owner=self.person, another=another)
        said = say(_("{account} is opened; you answer for it."), account=account.name)
        if "deal" in posted:
            return Done(said, f"{reverse('deal_new')}?{urlencode({'typed': posted['deal'], 'account': str(account.pk)})}")
        return Done(said, acts.address("account", account.pk))


class Account(Talks):
    """A customer in one view: what we sell there, what is served there, who its people and ours are, its places, what was decided."""

    template = "web/account.html"
    kind = "account"
    live = True
    acts = {
        "change": ("name", "sector", "segment", "parent", "another"),
        "begin_key": ("since", "until", "reason"),
        "end_key": ("until", "reason"),
        "add_site": ("name", "city", "address", "zone"),
        "end_site": ("site", "reason"),
        "hand": ("to", "reason"),
        "report": ("contact", "to"),
        "add_contact": ("name", "title", "since"),
        "end_contact": ("contact", "reason"),
        **WRITE,
    }
    shown: Sequence[Deal] = ()

    def follows(self) -> list[Object]:
        return [("account", self.thing.pk), *(("deal", deal.pk) for deal in self.shown)]

    def initial(self) -> Mapping[str, Mapping[str, Any]]:
        account = self.thing
        change = {
            "name": account.name,
            "sector": account.sector,
            "segment": account.segment_id or "",
            "parent": str(account.parent_id or ""),
        }
        today = accounts.today().isoformat()
        days = {"begin_key": {"since": today}, "end_key": {"until": today}, "add_site": {"zone": actions.ZONE}}
        return {**super().initial(), "change": change, **days}

    def context(self) -> dict[str, Any]:
        account: Customer = self.thing
        rows = deals.with_names(deals.visible_to(self.person)).filter(account=account).order_by("-opened_at", "-pk")[:DEALS_SHOWN]
        self.shown = list(rows)
        works = accounts.may_work(self.person, account)
        periods = list(account.key_periods.select_related("decided_by").order_by("-since"))
        today = accounts.today()
        return {
            "owner_url": acts.address("person", account.owner_id),
            "new_deal_url": f"{reverse('deal_new')}?account={account.pk}",
            "all_deals_url": f"{reverse('deals')}?{urlencode({'q': account.name, 'state': 'all'})}",
            "contacts": self.contacts(account),
            "works": works,
            "decides": is_head_at_or_above(self.person, account.unit),
            "key": next((one for one in periods if one.since <= today and (one.until is None or one.until >= today)), None),
            "periods": periods,
            "sites": [
                {"site": one, "hidden": {"act": "end_site", "site": str(one.pk)}}
                for one in account.sites.filter(ended_at__isnull=True).order_by("name", "pk")[:200]
            ],
            **self.tree(account),
            **(self.choices(account) if works else {}),
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
            **self.leads(account),
            **self.talk(),
            "entries": parts.entries(timeline(self.person, account.pk), here=str(account), this=_("this account")),
        }

    def leads(self, account: Customer) -> dict[str, Any]:
        """The open leads of the customer that I may see, each with the one act that takes it on."""
        found = leads.of_account(self.person, account).filter(state__in=leads.OPEN_STATES)[:LEADS_SHOWN]
        return {
            "leads": lines(self.person, list(found), self.request.path),
            "new_lead_url": f"{reverse('lead_new')}?account={account.pk}",
            "all_leads_url": f"{reverse('leads')}?{urlencode({'q': account.name, 'state': 'all'})}",
        }

    def contacts(self, account: Customer) -> list[dict[str, Any]]:
        """The people there; `others`: to whom each may report."""
        people = list(accounts.contacts_of(account)[:200])
        known = [(str(one.pk), str(one)) for one in people]
        also = persons.elsewhere(self.person, people) if people else {}
        met = voice.met(self.person, {one.stands_for for one in people}) if people else {}
        twice = persons.likely(people)
        return [
            {
                "contact": one,
                "url": reverse("contact", kwargs={"id": one.pk}),
                "also": [other.account.name for other in also.get(one.stands_for, [])],
                "met": met.get(one.stands_for, []),
                "twice": one.pk in twice,
                "superior": str(one.reports_to_id or ""),
                "others": [other for other in known if other[0] != str(one.pk)],
                "report": {"act": "report", "contact": str(one.pk)},
                "end": {"act": "end_contact", "contact": str(one.pk)},
            }
            for one in people
        ]

    def add_contact(self, posted: QueryDict) -> Done:
        name, title, since = posted.get("name", ""), posted.get("title", ""), posted.get("since", "")
        contact = actions.add_contact(by=self.by, account=self.thing, name=name, title=title, since=since)
        return Done(say(_("{name} is known there now."), name=contact.called))

    def _contact(self, posted: QueryDict, field: str = "contact") -> Contact:
        found = Contact.objects.filter(account=self.thing, pk=one_id(posted.get(field, ""))).first()
        if found is None:
            raise missing()
        return found

    def report(self, posted: QueryDict) -> Done:
        to = self._contact(posted, "to") if posted.get("to") else None
        actions.set_superior(by=self.by, contact=self._contact(posted), to=to)
        return Done(_("Saved."))

    def end_contact(self, posted: QueryDict) -> Done:
        contact = self._contact(posted)
        actions.end_contact(by=self.by, contact=contact, reason=posted.get("reason", ""))
        return Done(say(_("{name} is no longer listed; what was said stays."), name=contact.name))

    def tree(self, account: Customer) -> dict[str, Any]:
        """The customer that it belongs to, by name for those who see that one; its subsidiaries as far as they are seen."""
        seen = accounts.visible_to(self.person)
        parent = account.parent
        found = parent is not None and seen.filter(pk=parent.pk).exists()
        return {
            "parent": parent if found else None,
            "parent_url": acts.address("account", parent.pk) if found and parent else "",
            "parent_unit": parent.unit.name if parent and not found else "",
            "subsidiaries": [
                {"name": one.name, "url": acts.address("account", one.pk)}
                for one in seen.filter(parent=account).order_by("name", "pk")[:100]
            ],
        }

    def choices(self, account: Customer) -> dict[str, Any]:
        others = [(str(pk), name) for pk, name in accounts.names(self.person) if pk != account.pk]
        if account.parent_id and str(account.parent_id) not in dict(others):
            others.insert(0, (str(account.parent_id), _("as it is now")))
        segments = [(one.code, str(one)) for one in accounts.segments()]
        if account.segment and account.segment_id not in dict(segments):
            segments.append((account.segment_id or "", str(account.segment)))
        people = FINDERS["person"](self.person).filter(left_at__isnull=True).exclude(pk=account.owner_id).order_by("name", "pk")
        return {"others": others, "segments": segments, "successors": parts.options(people[:500])}

    def change(self, posted: QueryDict) -> Done:
        parent, upper = posted.get("parent"), None
        if parent and parent != str(self.thing.parent_id or ""):
            upper = find(self.person, "account", one_id(parent))
        actions.change_account(
            by=self.by,
            account=self.thing,
            version=version(posted.get("version", "")),
            name=posted.get("name", ""),
            sector=posted.get("sector", ""),
            segment=posted.get("segment"),
            parent=upper,
            alone=parent == "",
            another=bool(posted.get("another")),
        )
        return Done(_("Saved."))

    def begin_key(self, posted: QueryDict) -> Done:
        reason, since, until = posted.get("reason", ""), posted.get("since", ""), posted.get("until", "")
        actions.begin_key(by=self.by, account=self.thing, reason=reason, since=since, until=until)
        return Done(say(_("{account} is a key account."), account=self.thing.name))

    def end_key(self, posted: QueryDict) -> Done:
        actions.end_key(by=self.by, account=self.thing, reason=posted.get("reason", ""), until=posted.get("until", ""))
        return Done(_("The end is recorded. What was stays on record."))

    def add_site(self, posted: QueryDict) -> Done:
        what = {name: posted.get(name, "") for name in ("name", "city", "address", "zone")}
        actions.add_site(by=self.by, account=self.thing, **what)
        return Done(_("The place is recorded."))

    def end_site(self, posted: QueryDict) -> Done:
        site = Site.objects.select_related("account").filter(account=self.thing, pk=one_id(posted.get("site", ""))).first()
        if site is None:
            raise missing()
        actions.end_site(by=self.by, site=site, reason=posted.get("reason", ""))
        return Done(_("The place is no longer listed."))

    def hand(self, posted: QueryDict) -> Done:
        to = posted.get("to", "")
        somebody = find(self.person, "person", one_id(to)) if to else not_chosen("to")
        actions.hand_account(by=self.by, account=self.thing, to=somebody, reason=posted.get("reason", ""))
        still = accounts.sees(self.person, self.thing)
        return Done(say(_("{name} answers for it from now on."), name=somebody.name), "" if still else reverse("accounts"))
