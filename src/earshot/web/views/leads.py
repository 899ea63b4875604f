"""Leads: what somebody heard that may become a deal: recording one, the inbox, one lead, and where they come from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext, pgettext_lazy

from earshot.accounts import queries as accounts
from earshot.clocks.queries import readings
from earshot.deals import lead_rules, leads
from earshot.deals.actions import (
    correct_lead,
    hand_lead,
    join_lead,
    open_deal_of_lead,
    rate_lead,
    record_lead,
    refuse_lead,
    reopen_lead,
    set_lead_account,
    set_lead_step,
    take_up_lead,
    verify_lead,
)
from earshot.deals.lead_tables import CONFIRMED, DEAL, NEW, NOT_CONFIRMED, REFUSED, TAKEN, UNCLEAR
from earshot.deals.lead_tables import Lead as LeadRow
from earshot.desk.finding import FINDERS, find
from earshot.desk.queries import end_of_day, shortened, timeline
from earshot.kit import now
from earshot.kit.problems import Refusal, say, wrong
from earshot.people.models import Person
from earshot.people.permits import OPERATE
from earshot.people.queries import roles_of
from earshot.people.standing import reach_of
from earshot.playbooks.queries import categories, role_names
from earshot.web import acts, parts, times
from earshot.web.page import Done, Page, is_id, one_id, page_number, version
from earshot.web.tables import link
from earshot.web.templatetags.looks import quoted
from earshot.web.views.deals import currencies
from earshot.web.views.meetings import moment, words_of
from earshot.web.views.people import not_chosen
from earshot.web.views.talk import WRITE, Talks

A_PAGE = 50
CHOICES = 200
STATES = {
    NEW: pgettext_lazy("state of a lead", "waits to be taken up"),
    TAKEN: pgettext_lazy("state of a lead", "taken up"),
    REFUSED: pgettext_lazy("state of a lead", "not followed up"),
    DEAL: pgettext_lazy("state of a lead", "a deal"),
}
ASKED = {"open": pgettext_lazy("state of leads", "open"), **STATES, "all": pgettext_lazy("state of leads", "all")}
AGES = {"7": gettext_lazy("a week or more"), "30": gettext_lazy("30 days or more"), "90": gettext_lazy("90 days or more")}
RESULTS = {
    CONFIRMED: gettext_lazy("It holds"),
    NOT_CONFIRMED: gettext_lazy("It does not hold"),
    UNCLEAR: gettext_lazy("Still open"),
}
DONE = {
    lead_rules.RATE: gettext_lazy("Rate it"),
    lead_rules.STEP: gettext_lazy("Set the next step"),
    lead_rules.OPEN: gettext_lazy("Open a deal"),
}


def customer(lead: Any, seen: Mapping[Any, Any]) -> str:
    """What the customer is called: the account's name for who sees that, else what the reporter wrote."""
    return str(lead.account) if lead.account_id in seen else lead.said.customer or _("a customer that you do not see")


def lines(person: Person, rows: list[Any], here: str) -> list[dict[str, Any]]:
    """Leads as `c-duty` takes them, each with the one act that takes it on."""
    seen, ratings = leads.accounts_seen(person, rows), leads.ratings()
    clocks = readings(lead.pk for lead in rows if lead.state == NEW) if any(lead.state == NEW for lead in rows) else {}
    return [_line(person, lead, customer(lead, seen), ratings, clocks.get(lead.pk), here) for lead in rows]


def _line(person: Person, lead: Any, called: str, ratings: Mapping[str, Any], clock: Any, here: str) -> dict[str, Any]:
    url, act = acts.address("lead", lead.pk), leads.next_act(lead)
    ends = end_of_day(lead.step_due) if lead.state == TAKEN and lead.step_due else None
    due = clock.due_at if clock else ends
    rating = str(ratings.get(lead.rating, lead.rating)) if lead.rating else ""
    what = shortened(lead.step_what) if lead.state == TAKEN and lead.step_what else STATES[lead.state]
    shown: dict[str, Any] = {
        "tone": times.tone(due) if due else "grey",
        "word": rating or _("not rated"),
        "cause": format_html("{}", quoted(str(lead.said))),
        "url": url,
        "object": called,
        "more": _("{number}, {day}, answered for by {name}: {what}").format(
            number=lead.number, day=f"{timezone.localtime(lead.recorded_at):%Y-%m-%d}", name=lead.owner.name, what=what
        ),
        "due": due or "",
        "left": times.left_of(clock.left, clock.clock.measure, over=clock.overdue) if clock else "",
    }
    if act == lead_rules.TAKE_UP and leads.may_work(person, lead):
        shown |= {"act_label": _("Take it up"), "act_post": url, "hidden": {"act": "take_up", "next": here}}
    elif act in DONE and leads.may_work(person, lead):
        shown |= {"act_label": DONE[act], "act_url": f"{url}#{act}"}
    return shown


class Leads(Page):
    """The inbox: leads that I may see, the newest first, each with the one act that takes it on."""

    template = "web/leads.html"
    live = True

    def context(self) -> dict[str, Any]:
        asked = {name: self.request.GET.get(name, "") for name in leads.NAMES}
        wrongly: Mapping[str, Any] = {}
        try:
            wanted = leads.read_filter(asked, self.person)
        except Refusal as refusal:
            wanted, wrongly = leads.Asked(), refusal.fields
        mine = leads.visible_to(self.person)
        rows = leads.with_names(leads.filtered(self.person, mine, wanted)).order_by("-recorded_at", "-pk")
        page = Paginator(rows, A_PAGE).get_page(page_number(self.request))
        kept = {name: value for name, value in asked.items() if value}
        owners = Person.objects.filter(pk__in=mine.order_by().values("owner")).order_by("name", "pk")[:CHOICES]
        return {
            "asked": asked | {"state": wanted.state},
            "wrong": {name: wrongly.get(name, "") for name in leads.NAMES},
            "filtered": bool(kept),
            "now": self.in_words(kept),
            "lines": lines(self.person, list(page.object_list), self.request.get_full_path()),
            "sum": ngettext("%(n)s lead", "%(n)s leads", page.paginator.count) % {"n": page.paginator.count},
            "operates": OPERATE in reach_of(self.person).permissions,
            "states": list(ASKED.items()),
            "ratings": [*((code, str(row)) for code, row in leads.ratings().items()), ("-", _("not rated"))],
            "sources": [(code, str(row)) for code, row in leads.sources().items()],
            "owners": [("me", _("me")), *((str(one.pk), one.name) for one in owners)],
            "ages": list(AGES.items()),
            "more_asked": any(asked[name] for name in ("source", "origin", "since", "until")),
            "origins": [*((code, str(words)) for code, words in origins(mine).items() if code), ("-", _("without a role"))],
            "before": f"?{urlencode(kept | {'page': page.previous_page_number()})}" if page.has_previous() else "",
            "after": f"?{urlencode(kept | {'page': page.next_page_number()})}" if page.has_next() else "",
        }

    @staticmethod
    def in_words(kept: Mapping[str, str]) -> str:
        said = [str(ASKED.get(kept.get("state", "open"), ""))]
        if "rating" in kept:
            said.append(str(leads.ratings().get(kept["rating"], _("not rated"))))
        if "older" in kept:
            said.append(str(AGES.get(kept["older"], kept["older"])))
        if "q" in kept:
            said.append(f"“{kept['q'][:30]}”")
        return _(", ").join(filter(None, said))


def origins(rows: Any) -> dict[str, Any]:
    """Role → its words, of the roles that leads came in by."""
    codes = [code for code in rows.order_by().values_list("origin", flat=True).distinct() if code]
    return {code: role_names(codes)[code] for code in sorted(codes)} if codes else {}


class NewLead(Page):
    """One screen for whoever heard something, between two sites. Nothing typed is lost."""

    template = "web/lead_new.html"
    acts = {
        "record": (
            "words",
            "source",
            "account",
            "customer",
            "speaker",
            "speaker_title",
            "said_at",
            "heard",
            "heard_here",
            "category",
            "role",
        )
    }

    def initial(self) -> Mapping[str, Mapping[str, Any]]:
        chosen = self.request.GET.get("account", "")
        return {"record": {"said_at": timezone.localtime(now()), "heard": "1", "account": chosen if is_id(chosen) else ""}}

    def context(self) -> dict[str, Any]:
        held = sorted(roles_of(self.person))
        names = role_names(held) if len(held) > 1 else {}
        return {
            "sources": [(code, str(row)) for code, row in leads.sources().items()],
            "categories": [(row.code, str(row)) for row in categories()],
            "accounts": [(str(pk), name) for pk, name in accounts.names(self.person)],
            "roles": [(code, str(names[code])) for code in held] if names else [],
        }

    def record(self, posted: QueryDict) -> Done:
        chosen, typed_when = posted.get("account", ""), posted.get("said_at", "").strip()
        said_at = moment(typed_when)
        if said_at is None and typed_when:
            raise wrong("said_at", _("Write day and time, such as 2026-12-31 14:00, or leave it empty."))
        lead = record_lead(
            by=self.by,
            words=words_of(posted, "words"),
            source=posted.get("source", ""),
            account=find(self.person, "account", one_id(chosen)) if chosen else None,
            customer=posted.get("customer", ""),
            speaker=posted.get("speaker", ""),
            speaker_title=posted.get("speaker_title", ""),
            said_at=said_at,
            heard=bool(posted.get("heard")),
            category=posted.get("category", ""),
            role=posted.get("role", ""),
        )
        if lead.owner_id == self.person.pk:
            return Done(say(_("{lead} is recorded; you answer for it."), lead=lead.number), acts.address("lead", lead.pk))
        said = say(_("{lead} is recorded; {name} answers for it and is asked to take it up."), lead=lead.number, name=lead.owner.name)
        return Done(said, acts.address("lead", lead.pk))


class Lead(Talks):
    """One lead: the words, who answers for it, how warm it is and why, what is done next, and what becomes of it."""

    template = "web/lead.html"
    kind = "lead"
    live = True
    acts = {
        "take_up": (),
        "hand": ("to", "reason"),
        "correct": ("correction",),
        "name_account": ("account", "customer", "sector", "another_customer"),
        "rate": ("rating", "reason"),
        "verify": ("found", "result"),
        "step": ("what", "due"),
        "refuse": ("reason",),
        "reopen": ("reason",),
        "open": (
            "account",
            "customer",
            "sector",
            "another_customer",
            "title",
            "goal",
            "due",
            "amount",
            "currency",
            "also[]",
            "another",
        ),
        "join": ("deal",),
        **WRITE,
    }

    def initial(self) -> Mapping[str, Mapping[str, Any]]:
        lead = self.thing
        account = {"account": str(lead.account_id or "")}
        opening = {"currency": "CNY", "customer": "" if lead.account_id else lead.said.customer}
        return {**super().initial(), "name_account": account, "rate": {"rating": lead.rating}, "open": opening}

    def context(self) -> dict[str, Any]:
        lead: Any = self.thing
        works, decides = leads.may_work(self.person, lead), leads.may_decide(self.person, lead)
        is_open = not lead_rules.is_closed(lead.state)
        seen = leads.accounts_seen(self.person, [lead])
        corrections = list(lead.corrections.select_related("person").order_by("-at", "-pk"))
        steps = list(lead.steps.select_related("person").order_by("-at", "-pk"))
        clock = readings([lead.pk]).get(lead.pk) if lead.state == NEW else None
        ratings = leads.ratings()
        return {
            "lead": lead,
            "customer": customer(lead, seen),
            "customer_url": acts.address("account", lead.account_id) if lead.account_id in seen else "",
            "state": STATES[lead.state],
            "rating": str(ratings.get(lead.rating, lead.rating)) if lead.rating else "",
            "lacking": [lead_rules.MISSING[one][0] for one in leads.lacking(lead)],
            "source": str(leads.sources().get(lead.source, lead.source)),
            "origin": str(role_names([lead.origin])[lead.origin]) if lead.origin else "",
            "works": works and is_open,
            "decides": decides and is_open,
            "reopens": works and lead.state == REFUSED,
            "takes": works and lead.state == NEW,
            "clock": parts.clock(clock) if clock else None,
            "category": next((str(row) for row in categories() if row.code == lead.said.category), ""),
            "correction": {"words": corrections[0].text, "by": corrections[0].person.name, "when": corrections[0].at}
            if corrections
            else "",
            "corrections": corrections[1:],
            "findings": [(RESULTS[one.result], one) for one in lead.findings.select_related("person").order_by("-at", "-pk")],
            "step": steps[0] if steps else None,
            "step_late": leads.is_late(lead),
            "steps_before": steps[1:],
            "turned": lead.turns.select_related("person").order_by("-at", "-pk").first() if lead.state == REFUSED else None,
            "deal": self.deal(lead),
            "owner_url": acts.address("person", lead.owner_id),
            "reporter_url": acts.address("person", lead.reporter_id),
            **(self.hints(lead) if works and is_open else {}),
            **(self.choices(lead, decides) if works and is_open else {}),
            **self.talk(),
            "entries": parts.entries(timeline(self.person, lead.pk)),
        }

    def deal(self, lead: LeadRow) -> dict[str, str]:
        """The deal that it became, to be opened by who sees that."""
        if lead.deal is None:
            return {}
        sees = leads.sees_deal(self.person, lead.deal)
        return {"label": str(lead.deal) if sees else lead.deal.number, "url": acts.address("deal", lead.deal.pk) if sees else ""}

    def hints(self, lead: LeadRow) -> dict[str, Any]:
        """Customers of a name alike, and other open leads of the same customer."""
        found, units = leads.alike(self.person, lead.said.customer) if lead.account_id is None else ([], [])
        others = list(leads.of_the_same_customer(self.person, lead).select_related("said", "owner", "account")[:20])
        return {
            "alike": [
                {"name": one.name, "hidden": {"act": "name_account", "account": str(one.pk), "version": lead.version}} for one in found
            ],
            "alike_units": units,
            "others": [{"url": acts.address("lead", one.pk), "said": str(one.said), "number": one.number} for one in others],
            "also": [(str(one.pk), f"{one.number} {one.said}") for one in others if leads.may_join(self.person, one)],
        }

    def choices(self, lead: LeadRow, decides: bool) -> dict[str, Any]:
        people = FINDERS["person"](self.person).filter(left_at__isnull=True).exclude(pk=lead.owner_id).order_by("name", "pk")
        joinable = [(str(deal.pk), str(deal)) for deal in leads.joinable(self.person, lead).order_by("-opened_at", "-pk")[:CHOICES]]
        return {
            "accounts": [(str(pk), name) for pk, name in accounts.names(self.person)],
            "successors": parts.options(people[:500]) if decides else [],
            "ratings": [(code, str(row)) for code, row in leads.ratings().items()],
            "results": list(RESULTS.items()),
            "currencies": currencies(),
            "joinable": joinable if leads.may_join(self.person, lead) else [],
        }

    def once(self, name: str, posted: QueryDict) -> Any:
        """What takes the lead out of one's sight leads back to the inbox."""
        done = super().once(name, posted)
        if isinstance(done, Done) and not done.to and not leads.sees(self.person, self.thing):
            return Done(done.said, reverse("leads"))
        return done

    def take_up(self, posted: QueryDict) -> Done:
        take_up_lead(by=self.by, lead=self.thing)
        return Done(say(_("You answer for {lead}. Say what is done next, and by when."), lead=self.thing.number))

    def hand(self, posted: QueryDict) -> Done:
        to = posted.get("to", "")
        somebody = find(self.person, "person", one_id(to)) if to else not_chosen("to")
        hand_lead(by=self.by, lead=self.thing, to=somebody, reason=posted.get("reason", ""), version=version(posted.get("version", "")))
        return Done(say(_("{name} answers for it from now on."), name=somebody.name))

    def correct(self, posted: QueryDict) -> Done:
        correct_lead(by=self.by, lead=self.thing, correction=words_of(posted, "correction"))
        return Done(_("The correction stands beside the words; the words stay."))

    def name_account(self, posted: QueryDict) -> Done:
        set_lead_account(by=self.by, lead=self.thing, version=version(posted.get("version", "")), **self.customer_of(posted))
        return Done(_("Saved."))

    def customer_of(self, posted: QueryDict) -> dict[str, Any]:
        """What the verbs that name the customer are given: one that is there, or the name of one that is opened in the same act."""
        chosen = posted.get("account", "")
        return {
            "account": find(self.person, "account", one_id(chosen)) if chosen else None,
            "customer": posted.get("customer", ""),
            "sector": posted.get("sector", ""),
            "another_customer": bool(posted.get("another_customer")),
        }

    def rate(self, posted: QueryDict) -> Done:
        seen = version(posted.get("version", ""))
        rate_lead(by=self.by, lead=self.thing, rating=posted.get("rating", ""), reason=posted.get("reason", ""), version=seen)
        return Done(_("It is rated."))

    def verify(self, posted: QueryDict) -> Done:
        verify_lead(by=self.by, lead=self.thing, found=posted.get("found", ""), result=posted.get("result", ""))
        return Done(_("What you found is on record."))

    def step(self, posted: QueryDict) -> Done:
        seen = version(posted.get("version", ""))
        set_lead_step(by=self.by, lead=self.thing, what=posted.get("what", ""), due=posted.get("due", ""), version=seen)
        return Done(_("The next step is set."))

    def refuse(self, posted: QueryDict) -> Done:
        refuse_lead(by=self.by, lead=self.thing, reason=posted.get("reason", ""), version=version(posted.get("version", "")))
        return Done(_("It is not followed up, and the reason stands on it."))

    def reopen(self, posted: QueryDict) -> Done:
        reopen_lead(by=self.by, lead=self.thing, reason=posted.get("reason", ""), version=version(posted.get("version", "")))
        return Done(_("It is followed up after all."))

    def open(self, posted: QueryDict) -> Done:
        deal = open_deal_of_lead(
            by=self.by,
            lead=self.thing,
            version=version(posted.get("version", "")),
            title=posted.get("title", ""),
            goal=posted.get("goal", ""),
            due=posted.get("due", ""),
            amount=posted.get("amount", ""),
            currency=posted.get("currency", "CNY"),
            also=[find(self.person, "lead", one_id(each)) for each in posted.getlist("also")],
            another=bool(posted.get("another")),
            **self.customer_of(posted),
        )
        page = acts.address("deal", deal.pk) if leads.sees_deal(self.person, deal) else ""
        return Done(say(_("{deal} is open, under the number of the lead. The words stand there."), deal=deal), page)

    def join(self, posted: QueryDict) -> Done:
        chosen = posted.get("deal", "")
        deal = find(self.person, "deal", one_id(chosen)) if chosen else not_chosen("deal")
        join_lead(by=self.by, lead=self.thing, version=version(posted.get("version", "")), deal=deal)
        return Done(say(_("The lead is part of {deal}. The words stand there."), deal=deal))


class Origins(Page):
    """From which roles leads come, and what becomes of them: each figure opens to its leads."""

    template = "web/lead_origins.html"
    live = True

    def context(self) -> dict[str, Any]:
        asked = {name: self.request.GET.get(name, "") for name in ("since", "until")}
        wrongly: Mapping[str, Any] = {}
        try:
            wanted = leads.read_filter({**asked, "state": "all"}, self.person)
        except Refusal as refusal:
            wanted, wrongly = leads.Asked(state="all"), refusal.fields
        kept = {name: value for name, value in asked.items() if value and not wrongly}
        counted = leads.by_origin(leads.filtered(self.person, leads.visible_to(self.person), wanted))
        names = role_names([one.role for one in counted if one.role])
        return {
            "asked": asked,
            "wrong": {name: wrongly.get(name, "") for name in ("since", "until")},
            "filtered": bool(asked["since"] or asked["until"]),
            "columns": [
                {"label": gettext_lazy("Role of who recorded it")},
                {"label": pgettext("leads", "All"), "number": True},
                {"label": pgettext("leads", "Open"), "number": True},
                {"label": pgettext("leads", "Became a deal"), "number": True},
                {"label": pgettext("leads", "Not followed up"), "number": True},
            ],
            "rows": [
                [
                    quoted(str(names[one.role])) if one.role else _("without a role"),
                    *(
                        self.figure(count, {**kept, "origin": one.role or "-", "state": state})
                        for count, state in ((one.all, "all"), (one.open, "open"), (one.deal, DEAL), (one.refused, REFUSED))
                    ),
                ]
                for one in counted
            ],
        }

    @staticmethod
    def figure(count: int, asked: Mapping[str, str]) -> Any:
        return link(f"{reverse('leads')}?{urlencode(asked)}", count, plain=True) if count else count
