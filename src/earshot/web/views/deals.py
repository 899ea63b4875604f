"""Deals: the list, opening one, the war room, the gate."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, cast
from urllib.parse import urlencode
from uuid import UUID

from django.core.paginator import Paginator
from django.db.models import F, OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import get_language, gettext_lazy, ngettext, pgettext_lazy
from django.utils.translation import gettext as _

from earshot.accounts import queries as accounts
from earshot.calls import queries as calls
from earshot.deals import gates
from earshot.deals import queries as deals
from earshot.deals.actions import change_deal, lose_deal, move_back, move_on, open_deal, vote
from earshot.deals.models import LOST, Deal, StageVisit
from earshot.desk.finding import find
from earshot.desk.queries import timeline
from earshot.journal.queries import in_language
from earshot.kit.problems import Line, Refusal, say
from earshot.people.models import Person
from earshot.people.permits import OPERATE
from earshot.people.queries import holders_by_role
from earshot.people.standing import Seeing, reach_of
from earshot.playbooks import book
from earshot.playbooks.models import HEAR_BEFORE_VOTE, Stage
from earshot.playbooks.queries import next_stage, role_names, warns_only
from earshot.teams.actions import accept_seat, decline_seat, nominate, release_seat
from earshot.teams.queries import SeatRead, earlier_members, may_nominate, seats
from earshot.voice import queries as voice
from earshot.voice.models import Hearing, Item
from earshot.web import acts, parts, sessions
from earshot.web.acts import Mine
from earshot.web.page import Done, Form, Page, one_id, page_number, version, words
from earshot.web.tables import link, under
from earshot.web.templatetags.looks import money, quoted, when
from earshot.web.views.day import take_note_of
from earshot.web.views.talk import WRITE, Talks

A_PAGE = 50
WORDS_SHOWN = 20
SORTS = {"title": "title", "amount": "amount", "since": "since", "opened": "opened_at"}
STATES = {
    "": pgettext_lazy("state of deals", "open"),
    "won": pgettext_lazy("state of deals", "won"),
    "lost": pgettext_lazy("state of deals", "lost"),
    "all": pgettext_lazy("state of deals", "all"),
}
CURRENCIES = ["CNY", "USD", "EUR", "GBP", "HKD", "JPY"]


# What a line of the list shows. The name of the stage, in the language of the reader, is asked for beside them.
LINE = ("pk", "number", "title", "account__name", "stage_name", "owner__name", "amount", "currency", "closing__outcome", "closing__at")


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
            money(amount, currency),
            when(closed_at or since),
        ]


OUTCOMES = {"won": pgettext_lazy("outcome of a deal", "won"), "lost": pgettext_lazy("outcome of a deal", "lost")}


class NewDeal(Page):
    """A deal in one short form. Whoever lacks the customer in the list opens the account on the way, and comes back to the same form."""

    template = "web/deal_new.html"
    acts = {"open": ("title", "account", "amount", "currency", "another")}

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
            amount=posted.get("amount", ""),
            currency=posted.get("currency", "CNY"),
            another=bool(posted.get("another")),
        )
        return Done(say(_("{deal} is open. Record what the customer says."), deal=deal), acts.address("deal", deal.pk))


def currencies() -> list[tuple[str, str]]:
    return [(code, code) for code in CURRENCIES]


class War(Talks):
    """The war room of a deal: where it stands and what keeps it there; the customer's words; people and empty seats; what happened."""

    template = "web/deal.html"
    kind = "deal"
    live = True
    acts = {
        "move_on": ("version",),
        "move_back": ("version", "to", "reason"),
        "lose": ("version", "reason"),
        "change": ("version", "title", "account", "amount", "currency"),
        "nominate": ("seat", "person"),
        "accept": ("membership",),
        "decline": ("membership", "reason"),
        "release": ("membership", "reason", "person"),
        **WRITE,
    }

    @cached_property
    def works(self) -> bool:
        return deals.may_work(self.person, self.thing)

    def seek(self) -> None:
        super().seek()
        self.__dict__.pop("works", None)

    def initial(self) -> Mapping[str, Mapping[str, Any]]:
        deal = self.thing
        return {
            **super().initial(),
            "change": {"title": deal.title, "account": str(deal.account_id or ""), "amount": plain(deal.amount), "currency": deal.currency},
        }

    def context(self) -> dict[str, Any]:
        deal: Deal = self.thing
        closing = getattr(deal, "closing", None)
        review = None if closing else gates.review(deal)
        path = deals.path(deal)
        here = next((step for step in path if step.current), None)
        mine = self.mine(deal, review) if review else acts.NOBODY
        after = next_stage(deal.stage)
        above = {str(one.sentence) for one in self.refused.lines} if self.refused and self.refused.code == "gate.shut" else set()
        return {
            "deal": deal,
            "closing": closing,
            "outcome": OUTCOMES.get(closing.outcome) if closing else "",
            "stages": [self.stage(step, closing is not None) for step in path],
            "gate": gate_sum(review, deal),
            "review": review,
            "gate_lines": gate_lines(review, mine, deal, lambda line: str(line.sentence) in above),
            "told_above": len(above),
            "gate_met": [one for one in (review.conditions if review else []) if one.met is True],
            "next": after,
            "here": here,
            "earlier": [(step.stage.code, str(step.stage)) for step in path if step.stage.position < deal.stage.position],
            "works": self.works and closing is None,
            "accounts": self.account_options(deal) if self.works else [],
            "currencies": currencies() if deal.currency in CURRENCIES else [*currencies(), (deal.currency, deal.currency)],
            **self.words(deal),
            "team": self.team(deal),
            "earlier_members": self.earlier(deal),
            "calls": self.calls(deal),
            "passes": self.passes(deal),
            **self.talk(),
            "entries": parts.entries(timeline(self.person, deal.pk), here=str(deal), this=_("this deal")),
        }

    def mine(self, deal: Deal, review: gates.Review | None) -> Mine:
        return Mine(
            items=voice.owed_by(self.person, deal),
            calls=calls.owed_by(self.person, deal),
            votes=bool(review and deals.roles_deciding(self.person, deal, review.gate)),
            works=self.works,
            operates=OPERATE in reach_of(self.person).permissions,
        )

    @staticmethod
    def stage(step: deals.PathStep, closed: bool) -> dict[str, Any]:
        visited = step.visit is not None
        state = "here" if step.current and not closed else "done" if visited and (not step.current or closed) else "ahead"
        return {"label": str(step.stage), "state": state, "when": step.visit.entered_at if step.visit and state != "ahead" else ""}

    def account_options(self, deal: Deal) -> list[tuple[str, str]]:
        found = [(str(pk), name) for pk, name in accounts.names(self.person)]
        if deal.account and str(deal.account_id) not in dict(found):
            found.insert(0, (str(deal.account_id), deal.account.name))
        return found

    def words(self, deal: Deal) -> dict[str, Any]:
        page = voice.pages_of_deal(deal, WORDS_SHOWN).get_page(page_number(self.request))
        return {
            "quotes": [parts.quote(read) for read in page.object_list],
            "words_count": page.paginator.count,
            "words_before": f"?page={page.previous_page_number()}#words" if page.has_previous() else "",
            "words_after": f"?page={page.next_page_number()}#words" if page.has_next() else "",
        }

    def team(self, deal: Deal) -> list[dict[str, Any]]:
        rows = seats(deal.team_id)
        nominates = self.works and not hasattr(deal, "closing") and may_nominate(self.person, deal.team, rows)
        holders = holders_by_role({row.seat.role for row in rows}) if nominates else {}
        return [self.seat(row, nominates, parts.options(holders.get(row.seat.role, []))) for row in rows]

    def seat(self, row: SeatRead, nominates: bool, options: list[tuple[str, str]]) -> dict[str, Any]:
        """A seat of the team; `options`: who could be asked to take it."""
        taken = row.membership
        own = taken is not None and taken.person_id == self.person.pk
        one = str(taken.pk) if taken else ""
        return {
            "role": row.role,
            "why": row.why,
            "leads": row.seat.leader,
            "person": taken.person if taken else None,
            "url": acts.address("person", taken.person_id) if taken else "",
            "asked": taken is not None and not row.accepted,
            "mine": own and not row.accepted,
            "own": own,
            "membership": one,
            "hidden": {"act": "accept", "membership": one},
            "decline": {"act": "decline", "membership": one},
            "release": {"act": "release", "membership": one} if taken and (row.accepted if own else nominates) else {},
            "nominate": {"act": "nominate", "seat": str(row.seat.pk)},
            "options": [option for option in options if taken is None or option[0] != str(taken.person_id)],
            "id": str(row.seat.pk),
        }

    @staticmethod
    def earlier(deal: Deal) -> list[dict[str, Any]]:
        """Who sat on the team and does no more."""
        found = earlier_members(deal.team_id)
        names = role_names({row.seat.role for row in found})
        return [
            {
                "name": row.person.name,
                "role": names[row.seat.role],
                "since": row.acceptance.at,
                "until": row.ended_at,
                "reason": row.end_reason,
            }
            for row in found
        ]

    @staticmethod
    def calls(deal: Deal) -> list[dict[str, Any]]:
        return [call_part(read) for read in calls.read_of_deal(deal)]

    @staticmethod
    def passes(deal: Deal) -> list[dict[str, Any]]:
        return [
            {
                "gate": str(row.gate),
                "at": row.at,
                "votes": [
                    {"name": one.person.name, "role": str(one.role), "at": one.at, "approves": one.approves, "reason": one.reason}
                    for one in votes
                ],
                "lines": [
                    {"sentence": in_language(line["sentence"]), "state": "met" if line.get("met") else "waived"} for line in row.lines
                ],
            }
            for row, votes in deals.passes(deal)
        ]

    def refused_lines(self) -> list[dict[str, Any]]:
        """What keeps the gate shut, with the acts of whoever can mend it: the review below does not say it again."""
        assert self.refused is not None
        if self.refused.code != "gate.shut":
            return super().refused_lines()
        mine = self.mine(self.thing, gates.review(self.thing))
        return [acts.line(one, mine, here=self.thing.pk) for one in self.refused.lines]

    # acts

    def move_on(self, posted: QueryDict) -> Done:
        deal = move_on(by=self.by, deal=self.thing, version=version(posted.get("version", "")))
        if hasattr(deal, "closing"):
            return Done(say(_("{deal} is won."), deal=deal.number))
        return Done(say(_("Now in the stage “{stage}”. What this stage calls for, the process has called."), stage=deal.stage))

    def move_back(self, posted: QueryDict) -> Done:
        deal = move_back(
            by=self.by,
            deal=self.thing,
            version=version(posted.get("version", "")),
            to=posted.get("to", ""),
            reason=posted.get("reason", ""),
        )
        return Done(say(_("Back in the stage “{stage}”."), stage=deal.stage))

    def lose(self, posted: QueryDict) -> Done:
        deal = lose_deal(by=self.by, deal=self.thing, version=version(posted.get("version", "")), reason=posted.get("reason", ""))
        return Done(say(_("{deal} is recorded as lost."), deal=deal.number))

    def change(self, posted: QueryDict) -> Done:
        chosen = posted.get("account", "")
        deal = change_deal(
            by=self.by,
            deal=self.thing,
            version=version(posted.get("version", "")),
            title=posted.get("title", ""),
            account=find(self.person, "account", one_id(chosen)) if chosen and chosen != str(self.thing.account_id) else None,
            amount=posted.get("amount", ""),
            currency=posted.get("currency", "") or None,
        )
        return Done(say(_("{deal} is saved."), deal=deal.number))

    def nominate(self, posted: QueryDict) -> Done:
        if not posted.get("person"):
            raise Refusal(
                "team.nobody_chosen", _("That cannot be saved as it stands."), fields={"person": _("Choose somebody for the seat.")}
            )
        seat = find(self.person, "seat", one_id(posted.get("seat", "")))
        person: Person = find(self.person, "person", one_id(posted.get("person", "")))
        if seat.team_id != self.thing.team_id:
            raise Refusal("team.other_team", _("This seat belongs to another team."))
        nominate(by=self.by, seat=seat, person=person)
        return Done(say(_("{name} is asked to take the seat. It counts once accepted in person."), name=person.name))

    def accept(self, posted: QueryDict) -> Done:
        accept_seat(by=self.by, membership=find(self.person, "membership", one_id(posted.get("membership", ""))))
        return Done(_("You sit on the team now."))

    def decline(self, posted: QueryDict) -> Done:
        membership = find(self.person, "membership", one_id(posted.get("membership", "")))
        decline_seat(by=self.by, membership=membership, reason=posted.get("reason", ""))
        return Done(_("Declined. The seat is empty again, and its leader sees why."), reverse("my_day"))

    def release(self, posted: QueryDict) -> Done:
        membership = find(self.person, "membership", one_id(posted.get("membership", "")))
        chosen = posted.get("person", "")
        to = find(self.person, "person", one_id(chosen)) if chosen else None
        asked = release_seat(by=self.by, membership=membership, reason=posted.get("reason", ""), to=to)
        done = _("The seat is free. Who sat there until now, and why no more, stays on record.")
        if asked:
            done = say(_("{name} is asked to take the seat. It counts once accepted in person."), name=asked.person.name)
        sees = deals.visible_to(self.person).filter(pk=self.thing.pk).exists()
        return Done(done, "" if sees else reverse("my_day"))


def plain(amount: Decimal | None) -> str:
    if amount is None:
        return ""
    return f"{amount:.0f}" if amount == amount.to_integral_value() else f"{amount:.2f}"


def call_part(read: calls.CallRead) -> dict[str, Any]:
    """A call in a list beside a deal."""
    return {
        "number": read.call.number,
        "support": str(read.support),
        "url": acts.address("call", read.call.pk),
        "unit": read.call.unit.name,
        "role": read.role,
        "state": parts.state(read),
        "clock": parts.clock(read.clock, deal=read.call.deal_id) if read.state in ("waiting", "taken") else None,
        "result": read.result.text if read.result else "",
        "objections": len(read.objections),
    }


def gate_sum(review: gates.Review | None, deal: Deal) -> dict[str, Any] | str:
    """The word at the end of the stage on the way."""
    if review is None:
        return ""
    missing = len(review.unmet)
    url = reverse("gate", kwargs={"id": deal.pk})
    if not missing:
        return {"word": say(_("gate: open"), n=0), "tone": "met", "url": url}
    return {"word": ngettext("gate: %(n)s missing", "gate: %(n)s missing", missing) % {"n": missing}, "tone": "red", "url": url}


def gate_lines(
    review: gates.Review | None, mine: Mine, deal: Deal, told: Callable[[Line], bool] = lambda _line: False
) -> list[dict[str, Any]]:
    """What is not met, as `c-gate-line` takes it; what only warns is shown as let through. `told`: what the refusal on top of the
    page has said already is not said again."""
    lines = []
    for one in review.conditions if review else []:
        if one.met is True or told(one.line):
            continue
        shown = acts.line(one.line, mine, here=deal.pk)
        state = "unknown" if not one.line.judged else "waived" if one.warns else "unmet"
        lines.append({**shown, "state": state, "condition": one.line.sentence, "about": shown["about"]["label"]})
    return lines


class Gate(Page):
    """The decision on one screen: the question, the customer's critical words, what is missing, the votes, one's own vote."""

    template = "web/gate.html"
    kind = "deal"
    live = True
    acts = {"vote": ("version", "approves", "reason"), "take_note": ("shown",)}

    def context(self) -> dict[str, Any]:
        deal: Deal = self.thing
        review = None if hasattr(deal, "closing") else gates.review(deal)
        roles = deals.roles_deciding(self.person, deal, review.gate) if review else []
        critical = list(voice.critical_items(deal).values_list("pk", flat=True)[: WORDS_SHOWN * 5])
        owed = list(voice.ears_waiting_for(self.person).filter(item__deal=deal).values_list("item_id", flat=True))
        shown = Item.objects.filter(pk__in=[*critical, *owed])
        heard = set(Hearing.objects.filter(person=self.person, item__in=[*critical, *owed]).values_list("item_id", flat=True))
        reads = sorted(voice.read(shown), key=lambda read: read.item.pk in heard)
        unheard = [read for read in reads if read.item.pk not in heard]
        visit = deals.open_visit(deal) if review else None
        mine = Mine(items=set(owed), votes=bool(roles), works=False)
        told = self.told_above()
        lines = gate_lines(
            review, mine, deal, lambda line: line.target is not None and line.target.id in told and line.target.id in mine.items
        )
        for one in lines:
            if one.get("act_url") == reverse("to_hear"):
                one["act_url"] = "#words"
            elif one.get("act_label"):
                one["act_url"] = "#vote"
        votes = deals.live_votes(visit) if visit else []
        return {
            "deal": deal,
            "review": review,
            "gate_lines": lines,
            "told_above": len(told),
            "still_unmet": sum(one["state"] != "waived" for one in lines),
            "gate_met": [one for one in (review.conditions if review else []) if one.met is True],
            "quotes": [parts.quote(read) for read in reads],
            "unheard": len(unheard),
            "note": {"act": "take_note", "shown": ",".join(str(read.item.pk) for read in unheard)},
            "roles": [str(role) for role in roles],
            "may_vote": bool(roles),
            "waits": bool(unheard) and bool(roles) and not warns_only(HEAR_BEFORE_VOTE),
            "votes": [
                {"name": one.person.name, "role": str(one.role), "approves": one.approves, "reason": one.reason, "at": one.at}
                for one in votes
            ],
            "voted": any(one.person_id == self.person.pk for one in votes),
            "choices": [("yes", _("I approve")), ("no", _("I am against"))],
        }

    def told_above(self) -> set[UUID | str]:
        """Statements that the refusal on top names because the voter has not heard them: the review below does not say it again."""
        lines = self.refused.lines if self.refused else ()
        return {one.target.id for one in lines if one.act == "take_note" and one.target}

    def vote(self, posted: QueryDict) -> Done:
        if posted.get("approves") not in ("yes", "no"):
            raise Refusal("vote.not_chosen", _("That cannot be saved as it stands."), fields={"approves": _("Choose one of the two.")})
        approves = posted["approves"] == "yes"
        vote(
            by=self.by,
            deal=self.thing,
            approves=approves,
            reason=posted.get("reason", ""),
            version=version(posted.get("version", "")),
        )
        fresh = find(self.person, "deal", self.thing.pk)
        if fresh.version != self.thing.version:
            where = say(_("Your vote opened the gate; now in the stage “{stage}”."), stage=fresh.stage)
            won = hasattr(fresh, "closing") and fresh.closing.outcome != LOST
            return Done(_("Your vote opened the gate: the deal is won.") if won else where, acts.address("deal", fresh.pk))
        return Done(_("Your vote is recorded."))

    def take_note(self, posted: QueryDict) -> Done:
        return Done(take_note_of(self, posted), f"{self.request.path}#vote")

    def refused_lines(self) -> list[dict[str, Any]]:
        """What the voter has not heard stands on this same page."""
        lines = super().refused_lines()
        assert self.refused is not None
        for shown, one in zip(lines, self.refused.lines, strict=False):
            if one.about and one.about.kind == "item":
                shown["about_url"] = f"#item-{one.about.id}"
        return lines
