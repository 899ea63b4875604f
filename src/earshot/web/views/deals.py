"""Deals: the list, and opening one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from functools import cache
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from babel.core import get_global
from babel.numbers import get_territory_currencies
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import mark_safe
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext, pgettext_lazy

from earshot.accounts import queries as accounts
from earshot.deals import risks
from earshot.deals.actions import move_back, move_on, open_deal
from earshot.deals.models import JOINED
from earshot.deals.queries import next_in
from earshot.deals.rates import Worth, company_currency
from earshot.desk import pipeline, saved
from earshot.desk.finding import find
from earshot.desk.models import SavedView
from earshot.desk.queries import shortened
from earshot.desk.saved import change_view, end_view, save_view
from earshot.kit.paging import NoCursor
from earshot.kit.problems import Refusal, missing, say
from earshot.people.models import Unit
from earshot.playbooks import book
from earshot.web import acts, sessions
from earshot.web.page import Done, Form, Page, one_id, words
from earshot.web.tables import late, link, under
from earshot.web.templatetags.looks import day_left, money, quoted, when
from earshot.web.views.specialties import options

A_PAGE, A_COLUMN = 50, 20
STATES = {
    "": pgettext_lazy("state of deals", "open"),
    "won": pgettext_lazy("state of deals", "won"),
    "lost": pgettext_lazy("state of deals", "lost"),
    "given_up": pgettext_lazy("state of deals", "given up"),
    "joined": pgettext_lazy("state of deals", "joined to another"),
    "all": pgettext_lazy("state of deals", "all"),
}
HOW = {
    pipeline.LATE: gettext_lazy("past their date"),
    pipeline.SLIPPED: gettext_lazy("the next step has slipped"),
    pipeline.STEPLESS: gettext_lazy("without a next step"),
    pipeline.AGEING: gettext_lazy("longer in the stage than usual"),
    pipeline.BLOCKED: gettext_lazy("held up before their gate"),
    pipeline.READY: gettext_lazy("only the decision is missing"),
}
DOT = mark_safe('<i class="dot"> </i>')
# What stands behind "more filters": folded while nothing of it is asked.
MORE = ("service", "step", "owner", "account", "tier", "process", "how", "older", "least", "most", "reason", "competitor", "ended")
CURRENCIES = ["CNY", "USD", "EUR", "GBP", "HKD", "JPY"]
COLUMNS = [
    (gettext_lazy("Deal"), "title", False),
    (gettext_lazy("Account"), "account", False),
    (gettext_lazy("Stage"), "stage", False),
    (gettext_lazy("Owner"), "owner", False),
    (pgettext_lazy("of a deal", "By"), "due", False),
    (gettext_lazy("Next step"), "next", False),
    (gettext_lazy("Amount"), "amount", True),
    (gettext_lazy("In this stage for"), "since", False),
]

# Of those that ended.
ENDED_ONES = [
    (gettext_lazy("Deal"), "title", False),
    (gettext_lazy("Account"), "account", False),
    (gettext_lazy("State"), "", False),
    (pgettext_lazy("of an end", "Reason"), "", False),
    (gettext_lazy("Owner"), "owner", False),
    (gettext_lazy("Amount"), "amount", True),
    (gettext_lazy("Ended at"), "since", False),
]


COUNTED = [{"label": gettext_lazy("Deals"), "number": True}, {"label": gettext_lazy("Worth"), "number": True}]
ENDED = [{"label": gettext_lazy("Reason")}, {"label": gettext_lazy("State")}, *COUNTED]
WINNERS = [{"label": gettext_lazy("Won by")}, *COUNTED]


class Pipeline(Page):
    """What list and board share: what is asked for, in an address that may be handed on, and the sums."""

    live = True
    place = ""  # name of its address
    wanted: pipeline.Wanted
    wrong: Mapping[str, Any] = {}
    view: SavedView | None = None
    acts = {"save": ("name", "shared"), "rename": ("name", "shared", "version"), "keep": ("version",), "end": ()}

    def seek(self) -> None:
        super().seek()
        opened = self.request.GET.get("view", "")
        self.view = find(self.person, "view", one_id(opened)) if opened else None
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
            "sort": {
                name: value for name, value in (("sort", self.wanted.sort), ("view", str(self.view.pk) if self.view else "")) if value
            },
            **self.views(),
            "worth_keeping": self.wanted.narrowed and not self.wrong and (self.view is None or self.view.asked != self.wanted.query()),
            "filtered": bool(self.wrong) or self.wanted.narrowed,
            "more_asked": bool(self.wrong) or (self.view is None and any(filters[name] for name in MORE)),
            "now": _(", ").join(self.filtered_in_words(choices, dict(units))),
            "stages": [(code, str(stage)) for code, stage in choices.stages.items()],
            "steps": [(code, str(step)) for code, step in choices.steps.items()],
            "tiers": [(code, str(tier)) for code, tier in choices.tiers.items()],
            "services": self.service_choices(choices),
            "versions": [(str(one.number), str(one)) for one in choices.versions] if len(choices.versions) > 1 else [],
            "units": units,
            "reasons": self.reason_choices(choices),
            "reasons_named": choices.reasons,
            "states": list(STATES.items()),
            "hows": list(HOW.items()),
            "money_in": company_currency(),
            "sums": self.summed(sums) if sums else [],
            "sum": in_all(sums.all) if sums else "",
            "originals": dotted(originals_said(sums.all)) if sums and set(sums.all.worth.originals) - {company_currency()} else "",
            "rates": rates_said(sums.all.worth) if sums else "",
            "rates_url": reverse("rates") if sums and set(sums.all.worth.originals) - {company_currency()} else "",
            "ways": [
                {"url": self.at(place=place), "label": label, "current": self.place == place}
                for place, label in (
                    ("deals", pgettext("a way to show the pipeline", "List")),
                    ("deals_board", pgettext("a way to show the pipeline", "Board")),
                )
            ],
        }

    def initial(self) -> Mapping[str, Mapping[str, Any]]:
        return {"rename": {"name": self.view.name, "shared": self.view.shared_at is not None}} if self.view else {}

    def views(self) -> dict[str, Any]:
        """My saved views, and the one that is open: another's, when it is shared."""
        view = self.view
        mine = list(saved.of(self.person))
        return {
            "view": view,
            "view_is_mine": view is not None and view.owner_id == self.person.pk,
            "view_changed": view is not None and not self.wrong and view.asked != self.wanted.query(),
            "view_link": self.request.build_absolute_uri(reverse("view", kwargs={"id": view.pk})) if view and view.shared_at else "",
            "my_views": [
                {"url": view_at(self.place, one), "label": one.name, "current": view is not None and one.pk == view.pk} for one in mine
            ],
        }

    def save(self, posted: QueryDict) -> Done:
        kept = save_view(by=self.by, name=posted.get("name", ""), asked=self.wanted.query(), shared=bool(posted.get("shared")))
        return Done(say(_("Kept under the name “{name}”."), name=kept.name), view_at(self.place, kept))

    def rename(self, posted: QueryDict) -> Done:
        view = self.opened()
        kept = change_view(
            by=self.by, view=view, version=seen_version(posted), name=posted.get("name", ""), shared=bool(posted.get("shared"))
        )
        return Done(say(_("The view “{name}” is changed."), name=kept.name), self.at())

    def keep(self, posted: QueryDict) -> Done:
        kept = change_view(by=self.by, view=self.opened(), version=seen_version(posted), asked=self.wanted.query())
        return Done(say(_("The view “{name}” is changed."), name=kept.name), self.at())

    def end(self, posted: QueryDict) -> Done:
        view = self.opened()
        end_view(by=self.by, view=view)
        self.view = None
        return Done(say(_("The view “{name}” is deleted."), name=view.name), self.at())

    def opened(self) -> SavedView:
        if self.view is None:
            raise missing()
        return self.view

    def summed(self, sums: pipeline.Sums) -> list[dict[str, Any]]:
        """The sums as `c-sums` takes them; each opens the deals that it is made of."""
        usual = pipeline.usual()
        shown = []
        for one in sums.stages:
            days = usual.get(one.code)
            shown.append(
                {
                    "label": str(one.stage),
                    "code": one.code,
                    "url": self.at(stage=one.code),
                    "count": one.count,
                    "money": worth_said(one.worth),
                    "originals": dotted(originals_said(one)),
                    "usual": usual_said(days) if days else "",
                    "current": self.wanted.stage == one.code,
                }
            )
        return shown

    def service_choices(self, choices: pipeline.Choices) -> list[tuple[str, str]]:
        """The types of service that there are, and one that is asked for by an old link; none where the playbook has none."""
        there = {code: str(one) for code, one in choices.services.items()}
        asked = self.wanted.service
        if not there and not asked:
            return []
        return [*({asked: asked} | there if asked and asked != pipeline.NONE else there).items(), (pipeline.NONE, _("none named"))]

    def reason_choices(self, choices: pipeline.Choices) -> list[tuple[str, str]]:
        """The reasons for which deals end, by how they end, and one that is asked for by an old link."""
        there = {
            code: str(say(_("{outcome}: {reason}"), outcome=OUTCOMES[one.outcome], reason=one)) for code, one in choices.reasons.items()
        }
        asked = self.wanted.reason
        if not there and not asked:
            return []
        return [*({asked: asked} | there if asked and asked != pipeline.NONE else there).items(), (pipeline.NONE, _("none named"))]

    def filtered_in_words(self, choices: pipeline.Choices, units: Mapping[str, str]) -> list[str]:
        """What the list is narrowed to, for the one line that stands over it on a phone."""
        wanted = self.wanted
        said = [str(STATES[wanted.state])]
        said += [str(choices.stages.get(wanted.stage, wanted.stage))] if wanted.stage else []
        said += [str(choices.steps.get(wanted.step, wanted.step))] if wanted.step else []
        said += [str(choices.tiers.get(wanted.tier, wanted.tier))] if wanted.tier else []
        said += [dict(self.service_choices(choices)).get(wanted.service, wanted.service)] if wanted.service else []
        said += [units.get(str(wanted.unit), "–")] if wanted.unit else []
        said += [_("only mine")] if wanted.mine else []
        said += [name for name in (self.named("person", wanted.owner), self.named("account", wanted.account)) if name]
        said += [f"process@{wanted.process}"] if wanted.process is not None else []
        said += [str(HOW[wanted.how])] if wanted.how else []
        said += [dict(self.reason_choices(choices)).get(wanted.reason, wanted.reason)] if wanted.reason else []
        said += [str(say(_("won by {name}"), name=wanted.competitor))] if wanted.competitor else []
        if wanted.ended is not None:
            said.append(ngettext("ended within %(n)s day", "ended within %(n)s days", wanted.ended) % {"n": wanted.ended})
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
        asked = {**self.wanted.query(), "view": str(self.view.pk) if self.view else "", **other}
        query = urlencode({name: value for name, value in asked.items() if value})
        return reverse(place or self.place) + (f"?{query}" if query else "")


class View(Page):
    """A saved view, by its link: the pipeline as it asks."""

    kind = "view"

    def get(self, request: HttpRequest, **_kwargs: Any) -> HttpResponse:
        return HttpResponseRedirect(view_at("deals", self.thing))


def view_at(place: str, view: SavedView) -> str:
    return f"{reverse(place)}?{urlencode({**view.asked, 'view': str(view.pk)})}"


def seen_version(posted: QueryDict) -> int:
    seen = posted.get("version", "")
    return int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 10 else 0


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
        at_risk = risks.open_counts([row.id for row in rows])
        return {
            **shared,
            **self.endings(),
            "columns": self.columns(),
            "rows": [self.ended_cells(row, shared["reasons_named"]) for row in rows]
            if self.ended
            else [self.cells(row, usual, at_risk.get(row.id, 0)) for row in rows],
            "before": self.at() if self.request.GET.get("after") else "",
            "after": self.at(after=after) if after else "",
        }

    def endings(self) -> dict[str, Any]:
        """Why those that ended did, and who won them instead; each line opens its deals."""
        if self.wrong or self.wanted.state in (pipeline.OPEN, JOINED):
            return {}
        found = pipeline.endings(self.person, self.wanted)
        if not found.competitors and not any(one.code for one in found.reasons):
            return {}  # words alone, which cannot be counted
        how = [
            [link(self.at(state=one.outcome, reason=one.code or pipeline.NONE), said), OUTCOMES[one.outcome], *counted(one)]
            for one in found.reasons
            for said in [str(one.reason) if one.reason else one.code or _("no reason of the list named")]
        ]
        who = [[link(self.at(competitor=one.competitor), one.competitor), *counted(one)] for one in found.competitors]
        return {"ended": how, "ended_columns": ENDED, "winners": who, "winner_columns": WINNERS}

    def columns(self) -> list[dict[str, Any]]:
        made = []
        current = self.wanted.sort
        for label, name, number in ENDED_ONES if self.ended else COLUMNS:
            column: dict[str, Any] = {"label": str(label), "number": number}
            if name:
                column["url"] = self.at(sort=f"-{name}" if current == name else name)
            if name and current.removeprefix("-") == name:
                column["sorted"] = "descending" if current.startswith("-") else "ascending"
            made.append(column)
        return made

    @property
    def ended(self) -> bool:
        """Whether only deals that ended are asked for: of these the list says why they did, and nothing that is still to come."""
        return not self.wrong and self.wanted.state not in (pipeline.OPEN, pipeline.ALL)

    @staticmethod
    def ended_cells(row: pipeline.Row, reasons: Mapping[str, Any]) -> list[Any]:
        named = str(reasons.get(row.reason_code or "") or "")
        winner = say(_("won by {name}"), name=row.competitor) if row.competitor else ""
        why = [quoted(named)] if named else []
        why += [quoted(shortened(row.reason))] if row.reason and row.outcome != JOINED else []
        why += [winner] if winner else []
        return [
            under(link(acts.address("deal", row.id), row.title), row.number),
            quoted(row.account) if row.account else _("not known"),
            OUTCOMES[row.outcome] if row.outcome else quoted(row.stage),
            under(why[0], dotted(why[1:])) if why else say(_("part of {number} now"), number=row.reason) if row.outcome == JOINED else "–",
            quoted(row.owner),
            money(row.amount, row.currency) if row.amount is not None else _("not known"),
            when(row.closed_at) if row.closed_at else "–",
        ]

    @staticmethod
    def cells(row: pipeline.Row, usual: Mapping[str, pipeline.Usual], at_risk: int) -> list[Any]:
        number = say(_("{number}, part of {first}"), number=row.number, first=row.part_of) if row.part_of else row.number
        number = format_html("{} {}", number, late(at_risk_said(at_risk))) if at_risk else number
        return [
            under(link(acts.address("deal", row.id), row.title), number),
            quoted(row.account) if row.account else _("not known"),
            OUTCOMES[row.outcome] if row.outcome else quoted(row.stage),
            quoted(row.owner),
            day_left(None if row.outcome else row.due),
            next_step(row),
            money(row.amount, row.currency) if row.amount is not None else _("not known"),
            when(row.closed_at) if row.outcome else ageing(row, usual),
        ]


class Board(Pipeline):
    """The same deals in a column for each stage. To move a card is the verb of the deal's own page: what is refused is said line by line,
    and the card stands where it stood."""

    template = "web/deals_board.html"
    place = "deals_board"
    acts = {**Pipeline.acts, "move": ("on",), "back": ("deal", "to", "reason", "version")}

    def context(self) -> dict[str, Any]:
        shared = super().context()
        return {
            **shared,
            "board": [] if self.wrong else self.drawn(shared["sums"]),
            "here": self.request.get_full_path(),
            **self.back_form(),
        }

    def drawn(self, sums: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The columns as `c-board` takes them. A stage of the process in force stands there without any deal, too; what is narrowed to
        one stage shows that alone."""
        wanted = replace(self.wanted, sort="")
        cards = pipeline.board(self.person, wanted, A_COLUMN)
        usual = pipeline.usual()
        at_risk = risks.open_counts([row.id for rows in cards.values() for row in rows])
        by_code = {one["code"]: one for one in sums}
        codes = [code for code in pipeline.choices().stages if code in by_code or code in book.in_force().process.stages]
        codes = [code for code in codes if code in by_code] if self.wanted.narrowed else codes
        stages = pipeline.choices().stages
        columns = []
        for place, code in enumerate(codes):
            column = by_code.get(code, {"label": str(stages[code]), "count": 0, "money": "", "originals": "", "usual": ""})
            shown = [self.card(row, usual, at_risk.get(row.id, 0)) for row in cards.get(code, [])]
            more = column["count"] - len(shown)
            columns.append(
                {**column, "code": code, "place": place, "cards": shown, "more": more, "url": self.at(place="deals", stage=code)}
            )
        return columns

    def card(self, row: pipeline.Row, usual: Mapping[str, pipeline.Usual], at_risk: int) -> dict[str, Any]:
        known = usual.get(row.stage_code)
        following = next_code(row)
        return {
            "id": str(row.id),
            "title": row.title,
            "number": say(_("{number}, part of {first}"), number=row.number, first=row.part_of) if row.part_of else row.number,
            "url": acts.address("deal", row.id),
            "account": row.account or "",
            "owner": row.owner,
            "money": money(row.amount, row.currency) if row.amount is not None else "",
            "due": None if row.outcome else row.due,
            "step": "" if row.outcome else shortened(row.step or ""),
            "step_due": row.step_due,
            "doer": row.doer or "",
            "stepless": row.outcome is None and row.step is None,
            "late": row.late or row.slipped,
            "days": "" if row.days is None else days_said(row.days),
            "usual": usual_said(known, row.days) if known and row.days is not None and row.days > known.days else "",
            "outcome": OUTCOMES[row.outcome] if row.outcome else "",
            "at_risk": at_risk_said(at_risk) if at_risk else "",
            "on": "" if row.outcome else f"{row.id}:{row.version}:{following}",
            "wins": not following,
            "back": "" if row.outcome or row.stage.position == 1 else f"{self.at(back=str(row.id))}#back",
        }

    def back_form(self) -> dict[str, Any]:
        """The one deal that is to be taken back: asked for by its card, or by what was typed before it was refused."""
        typed = self.typed if self.typed is not None and self.typed.get("act") == "back" else None
        asked = typed.get("deal", "") if typed is not None else self.request.GET.get("back", "")
        if not asked:
            return {"back": None}
        deal = find(self.person, "deal", one_id(asked))
        if hasattr(deal, "closing"):
            return {"back": None}
        earlier = [one for one in book.process_of(deal.process_id).stages.values() if one.position < deal.stage.position]
        chosen = typed.get("to", "") if typed is not None else self.request.GET.get("to", "")
        return {
            "back": deal,
            "back_to": [(one.code, str(one)) for one in earlier],
            "back_chosen": chosen or (earlier[-1].code if earlier else ""),
            "back_hidden": {"act": "back", "deal": str(deal.pk)},
            "back_version": typed.get("version", "") if typed is not None else deal.version,
            "back_off": self.at(),
        }

    def move(self, posted: QueryDict) -> Done:
        """`on`: the deal, the version that the card showed, and the stage that is meant (empty: won)."""
        deal_id, _colon, rest = posted.get("on", "").partition(":")
        seen, _colon, to = rest.partition(":")
        deal = find(self.person, "deal", one_id(deal_id))
        version = int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 10 else 0
        moved = move_on(by=self.by, deal=deal, version=version, to=to or None)
        if hasattr(moved, "closing"):
            return Done(say(_("{deal} is won."), deal=moved), self.at())
        return Done(say(_("{deal} stands in “{stage}” now."), deal=moved, stage=moved.stage), self.at())

    def back(self, posted: QueryDict) -> Done:
        deal = find(self.person, "deal", one_id(posted.get("deal", "")))
        moved = move_back(
            by=self.by,
            deal=deal,
            version=seen_version(posted),
            to=posted.get("to", ""),
            reason=posted.get("reason", ""),
        )
        return Done(say(_("{deal} stands in “{stage}” now."), deal=moved, stage=moved.stage), self.at())


def next_code(row: pipeline.Row) -> str:
    """The code of the stage after the deal's; empty: it would be won."""
    after = next_in(list(book.process_of(row.process_id).stages.values()), row.stage, row.left_out.split())
    return after.code if after is not None else ""


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
    return under(stood, usual_said(known, row.days)) if known else stood


def next_step(row: pipeline.Row) -> Any:
    """What is done next, by whom and until when: red once its day has passed."""
    if row.outcome:
        return ""
    if row.step is None:
        return _("not set")
    return under(quoted(shortened(row.step)), dotted([day_left(row.step_due), quoted(row.doer or "")]))


def at_risk_said(count: int) -> str:
    return ngettext("%(n)s passed at risk", "%(n)s passed at risk", count) % {"n": count}


def days_said(days: int) -> str:
    return ngettext("%(n)s day", "%(n)s days", days) % {"n": days}


def usual_said(usual: pipeline.Usual, days: int = 0) -> str:
    """What is usual, and how many of the `days` are beyond it."""
    said = ngettext("usual: %(n)s day", "usual: %(n)s days", usual.days) % {"n": usual.days}
    return _("{usual}; {n} longer").format(usual=said, n=days - usual.days) if days > usual.days else said


def worth_said(worth: Worth) -> Any:
    """What stands for the sum, in the company's currency: as it is, or converted; nothing where nothing can be converted."""
    if worth.total is None:
        return ""
    said = money(worth.total, company_currency())
    return format_html("≈ {}", said) if worth.by else said


def originals_said(of: pipeline.Summed) -> list[Any]:
    """The currencies beside the sum, one by one where there are others than the company's; what has no rate and what has no amount."""
    said: list[Any] = []
    if set(of.worth.originals) - {company_currency()}:
        for code, amount in of.worth.originals.items():
            exact = money(amount, code)
            said.append(format_html(_("{} (no rate, left out)"), exact) if code in of.worth.without else exact)
    if of.unknown:
        said.append(ngettext("%(n)s without an amount", "%(n)s without an amount", of.unknown) % {"n": of.unknown})
    return said


def in_all(of: pipeline.Summed) -> Any:
    """How many there are, and what they are worth."""
    counted = ngettext("%(n)s deal", "%(n)s deals", of.count) % {"n": f"{of.count:,}"}
    return dotted([part for part in (counted, worth_said(of.worth)) if part])


def counted(of: pipeline.Summed) -> list[Any]:
    """How many, and what they are worth, as the last cells of a row."""
    return [f"{of.count:,}", dotted([part for part in (worth_said(of.worth), *originals_said(of)) if part]) or "–"]


def dotted(parts: Iterable[Any]) -> Any:
    return format_html_join(DOT, "{}", ((part,) for part in parts))


def rates_said(worth: Worth) -> Any:
    """By which rates was converted, each with its day."""
    own = company_currency()
    return _(", ").join(f"1 {rate.currency} = {rate.rate.normalize():f} {own} ({rate.day.isoformat()})" for rate in worth.by)


def plain_money(amount: Decimal) -> str:
    return f"{amount:,.0f} {company_currency()}"


OUTCOMES = {
    "won": pgettext_lazy("outcome of a deal", "won"),
    "lost": pgettext_lazy("outcome of a deal", "lost"),
    "given_up": pgettext_lazy("outcome of a deal", "given up"),
    "joined": pgettext_lazy("outcome of a deal", "joined to another"),
}


class NewDeal(Page):
    """A deal in one short form. Whoever lacks the customer in the list opens the account on the way, and comes back to the same form."""

    template = "web/deal_new.html"
    acts = {"open": ("title", "account", "goal", "due", "amount", "currency", "services[]", "another")}

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
        return {"accounts": [(str(pk), name) for pk, name in seen], "currencies": currencies(), "service_options": options()}

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
            services=posted.getlist("services"),
            another=bool(posted.get("another")),
        )
        return Done(say(_("{deal} is open. Record what the customer says."), deal=deal), acts.address("deal", deal.pk))


def currencies(also: str = "") -> list[tuple[str, str]]:
    """Those that are asked for most, then every other one that is paid with somewhere today. `also`: one that stands there already."""
    known = [*CURRENCIES, *(code for code in _paid_with() if code not in CURRENCIES)]
    return [(code, code) for code in (known if not also or also in known else [*known, also])]


@cache
def _paid_with() -> list[str]:
    return sorted({code for place in get_global("territory_currencies") for code in get_territory_currencies(place)})
