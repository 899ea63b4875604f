"""The war room of a deal: where it stands, what the customer said, who works on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.http import QueryDict
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext_lazy

from earshot.accounts import queries as accounts
from earshot.calls import queries as calls
from earshot.deals import figures, gates, leads, mandates, next_steps, processes
from earshot.deals import queries as deals
from earshot.deals import seats as wanted
from earshot.deals.actions import (
    add_missing_seats,
    change_deal,
    leave_out_step,
    lose_deal,
    make_good,
    move_back,
    move_on,
    need_step,
    say_why_won,
    set_lines,
    set_next_step,
    set_services,
    state_figures,
    take_over,
    wait_for,
)
from earshot.deals.decisions import Figure, RiskLine
from earshot.deals.models import Deal
from earshot.deals.policies import standing
from earshot.deals.risks import ON
from earshot.deals.risks import lines_of as risk_lines
from earshot.deals.sizes import size_of
from earshot.desk.finding import find
from earshot.desk.queries import timeline
from earshot.journal.queries import in_language
from earshot.kit.problems import Refusal, missing, say, wrong
from earshot.people.models import Person
from earshot.people.permits import ADMINISTER, OPERATE
from earshot.people.queries import holders_by_role, of_unit_called, unit_of_id
from earshot.people.standing import reach_of
from earshot.playbooks.policies import NAMES
from earshot.playbooks.queries import role_names, why
from earshot.teams.actions import accept_seat, decline_seat, nominate, release_seat
from earshot.teams.queries import SeatRead, earlier_members, may_nominate, seats
from earshot.voice import queries as voice
from earshot.web import acts, parts
from earshot.web.acts import Mine
from earshot.web.page import Done, one_id, page_number, version
from earshot.web.views import giving_up, lines, owed, splitting, waits
from earshot.web.views.deals import OUTCOMES, currencies
from earshot.web.views.dissents import settles
from earshot.web.views.gate import gate_lines, gate_sum
from earshot.web.views.risks import shown as shown_risks
from earshot.web.views.specialties import options, shown
from earshot.web.views.steps import way
from earshot.web.views.talk import WRITE, Talks

WORDS_SHOWN = 20
HOW = {"present": pgettext_lazy("how somebody heard", "was present"), "noted": pgettext_lazy("how somebody heard", "took note")}
SHUT = ("gate.shut", "stage.shut")


class War(Talks):
    """The war room of a deal: where it stands and what keeps it there; the customer's words; people and empty seats; what happened."""

    template = "web/deal.html"
    kind = "deal"
    live = True
    acts = {
        "move_on": ("version",),
        "move_back": ("version", "to", "reason"),
        "lose": ("version", "code", "competitor", "reason"),
        "why_won": ("version", "code", "reason"),
        "change": ("version", "title", "account", "goal", "due", "amount", "currency"),
        "nominate": ("seat", "person"),
        "accept": ("membership",),
        "decline": ("membership", "reason"),
        "release": ("membership", "reason", "person"),
        "add_seats": (),
        "state": ("version", "gross_margin", "advance_share", "days_to_cash", "source"),
        "step": ("version", "what", "due", "doer"),
        "services": ("version", "services[]"),
        "line": ("version", "line_what", "line_quantity", "line_unit", "line_price"),
        "line_off": ("version", "line"),
        "make_good": ("risk", "words"),
        "leave_out": ("version", "step", "reason"),
        "need": ("version", "step"),
        "take_over": (),
        "wait_for": ("version", "unit", "person", "reason"),
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
            "change": {
                "title": deal.title,
                "account": str(deal.account_id or ""),
                "goal": deal.goal,
                "due": deal.due.isoformat() if deal.due else "",
                "amount": plain(deal.amount),
                "currency": deal.currency,
            },
            "services": {"services": deal.service_codes},
        }

    def context(self) -> dict[str, Any]:
        deal: Deal = self.thing
        closing = getattr(deal, "closing", None)
        review = None if closing else gates.review(deal)
        path = deals.path(deal)
        rows = seats(deal.team_id)
        here = next((step for step in path if step.current), None)
        mine = self.mine(deal, review) if closing is None else acts.NOBODY
        after = deals.following(deal)
        stands = standing(deal)
        above = {str(one.sentence) for one in self.refused.lines} if self.refused and self.refused.code in SHUT else set()
        found = {
            "deal": deal,
            "closing": closing,
            "profile": say(_("profile: {name}, {why}"), name=NAMES[stands.profile], why=why(stands)),
            "outcome": OUTCOMES.get(closing.outcome) if closing else "",
            **giving_up.ending(deal, closing, self.works),
            "stages": [self.stage(step, closing is not None, deal.steps_left_out) for step in path],
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
            "currencies": currencies(deal.currency),
            **self.words(deal),
            "team": self.team(deal, rows),
            "seats_missing": self.missing(deal, rows) if closing is None else [],
            "add_seats": {"act": "add_seats"},
            "nominates": self.nominates(deal, rows),
            "tier": size_of(deal).tier,
            "newer": newest if closing is None and (newest := processes.newest().version).pk != deal.process_id else None,
            "earlier_members": self.earlier(deal),
            **self.figures(deal),
            **self.steps(deal, closing is not None),
            **shown(deal),
            **lines.shown(deal),
            "service_options": options(deal) if self.works and closing is None else [],
            **way(deal, self.person, self.works and closing is None),
            **splitting.shown(deal, self.person),
            **waits.shown(deal, self.person, self.works and closing is None),
            "calls": self.calls(deal),
            **self.passed(deal),
            "leads_of_deal": [
                {"url": acts.address("lead", one.pk), "number": one.number, "said": str(one.said), "name": one.reporter.name}
                for one in leads.of_deal(self.person, deal)
            ],
            **self.talk(),
            "entries": parts.entries(timeline(self.person, deal.pk), here=str(deal), this=_("this deal")),
        }
        return {**found, "for_me": self.for_me(deal, review, mine, rows, found)}

    def for_me(
        self, deal: Deal, review: gates.Review | None, mine: Mine, rows: Sequence[SeatRead], found: Mapping[str, Any]
    ) -> list[dict[str, Any]]:
        """What of this deal waits for the reader, and where each is done."""
        at_risk = [line for decision in found["risk_decisions"] for line in decision["lines"]]
        of_calls = calls.read_of_deal(deal)
        read = owed.Read(
            review, mine, of_calls, rows, found["step"], found["waits_open"], at_risk, found["messages_asked"], bool(found["proposed"])
        )
        return owed.shown(self.person, deal, read)

    def mine(self, deal: Deal, review: gates.Review | None) -> Mine:
        return Mine(
            items=voice.owed_by(self.person, deal),
            calls=calls.owed_by(self.person, deal),
            votes=bool(review and review.gate and mandates.roles_of(self.person, deal, review.gate)),
            works=self.works,
            operates=OPERATE in reach_of(self.person).permissions,
            administers=ADMINISTER in reach_of(self.person).permissions,
            settles=settles(self.person, deal, review),
        )

    @staticmethod
    def stage(step: deals.PathStep, closed: bool, left_out: Sequence[str] = ()) -> dict[str, Any]:
        visited = step.visit is not None
        if step.stage.step in left_out and not visited:
            return {"label": say(_("{stage} (not needed)"), stage=step.stage), "state": "ahead", "when": ""}
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

    def nominates(self, deal: Deal, rows: Sequence[SeatRead]) -> bool:
        return self.works and not hasattr(deal, "closing") and may_nominate(self.person, deal.team, rows)

    @staticmethod
    def missing(deal: Deal, rows: Sequence[SeatRead]) -> list[dict[str, Any]]:
        """Seats that the process wants for the deal as it is now, and that its team lacks."""
        return [{"role": str(row.role), "why": str(row)} for row in wanted.missing(deal, [read.seat for read in rows])]

    def team(self, deal: Deal, rows: Sequence[SeatRead]) -> list[dict[str, Any]]:
        nominates = self.nominates(deal, rows)
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
            "also": _(", ").join(row.also),
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
    def figures(deal: Deal) -> dict[str, Any]:
        """What was stated of the offer: what counts, with who said it and where it is from, and what was stated before."""

        def shown(row: Figure) -> dict[str, Any]:
            kind = figures.KINDS[row.name]
            return {"label": kind.label, "value": kind.valued(row.value), "name": row.person.name, "at": row.at, "source": row.source}

        counts = figures.standing(deal)
        now = {row.pk for row in counts.values()}
        before = [shown(row) for row in figures.stated(deal.pk) if row.pk not in now]
        return {"figures": [shown(row) for row in counts.values()], "figures_before": before}

    def steps(self, deal: Deal, closed: bool) -> dict[str, Any]:
        """What is done next, what was said before, and who could be named."""
        said = next_steps.said(deal.pk)
        return {
            "step": said[0] if said else None,
            "step_late": bool(said) and not closed and said[0].due < deals.today(),
            "steps_before": said[1:],
            "doers": parts.options(next_steps.doers(deal)) if self.works and not closed else [],
        }

    @staticmethod
    def calls(deal: Deal) -> list[dict[str, Any]]:
        return [call_part(read) for read in calls.read_of_deal(deal)]

    def passed(self, deal: Deal) -> dict[str, Any]:
        """The gates that the deal has passed, and what of it was passed at risk."""
        passes = self.passes(deal, self.person)
        at_risk = risk_lines(deal.pk) if deal.whole_id is not None or any(one["risk"] for one in passes) else []
        shown = shown_risks(at_risk, deal, self.person)
        left = sum(line["is_open"] and not line["owed"] for decision in shown for line in decision["lines"])
        return {"passes": passes, "risk_decisions": shown, "risks_open": left}

    @staticmethod
    def passes(deal: Deal, person: Person) -> list[dict[str, Any]]:
        passed = deals.passes(deal)
        heard = {UUID(one["item"]) for row, _votes in passed for who in row.heard for one in who["heard"]}
        words = {item.pk: str(item) for item in voice.visible_to(person).filter(pk__in=heard)} if heard else {}
        return [
            {
                "gate": str(row.gate),
                "at": row.at,
                "risk": row.risk_id is not None,
                "votes": [
                    {"name": one.person.name, "role": str(one.role), "at": one.at, "approves": one.approves, "reason": one.reason}
                    for one in votes
                ],
                "lines": [
                    {
                        "sentence": in_language(line["sentence"]),
                        "warned": not line.get("met"),
                        "missing": not line.get("met") and not line.get("warns"),
                    }
                    for line in row.lines
                ],
                "heard": [
                    {
                        "name": who["name"],
                        "items": [
                            {"words": words.get(UUID(one["item"]), ""), "how": HOW[one["how"]], "at": datetime.fromisoformat(one["at"])}
                            for one in who["heard"]
                        ],
                    }
                    for who in row.heard
                ],
            }
            for row, votes in passed
        ]

    def refused_lines(self) -> list[dict[str, Any]]:
        """What keeps the gate shut, with the acts of whoever can mend it: the review below does not say it again."""
        assert self.refused is not None
        if self.refused.code not in SHUT:
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

    def state(self, posted: QueryDict) -> Done:
        state_figures(
            by=self.by,
            deal=self.thing,
            version=version(posted.get("version", "")),
            gross_margin=posted.get("gross_margin", ""),
            advance_share=posted.get("advance_share", ""),
            days_to_cash=posted.get("days_to_cash", ""),
            source=posted.get("source", ""),
        )
        return Done(_("The figures are on record, with who stated them and where they are from."), f"{self.request.path}#figures")

    def step(self, posted: QueryDict) -> Done:
        chosen = posted.get("doer", "")
        set_next_step(
            by=self.by,
            deal=self.thing,
            version=version(posted.get("version", "")),
            what=posted.get("what", ""),
            due=posted.get("due", ""),
            doer=find(self.person, "person", one_id(chosen)) if chosen else None,
        )
        return Done(_("The next step is set."), f"{self.request.path}#next")

    def line(self, posted: QueryDict) -> Done:
        """One more line."""
        there = lines.as_given(self.thing)
        given = [*there, lines.with_another(posted)]
        try:
            set_lines(by=self.by, deal=self.thing, version=version(posted.get("version", "")), lines=given)
        except Refusal as refusal:
            raise lines.beside(refusal, len(there)) from None
        return Done(_("The line is there."), f"{self.request.path}#lines")

    def line_off(self, posted: QueryDict) -> Done:
        given = lines.without(self.thing, posted.get("line", ""))
        set_lines(by=self.by, deal=self.thing, version=version(posted.get("version", "")), lines=given)
        return Done(_("The line is taken off."), f"{self.request.path}#lines")

    def services(self, posted: QueryDict) -> Done:
        set_services(by=self.by, deal=self.thing, version=version(posted.get("version", "")), services=posted.getlist("services"))
        return Done(_("The types of service are saved."), f"{self.request.path}#services")

    def leave_out(self, posted: QueryDict) -> Done:
        seen, reason = version(posted.get("version", "")), posted.get("reason", "")
        leave_out_step(by=self.by, deal=self.thing, version=seen, step=posted.get("step", ""), reason=reason)
        return Done(_("The step is left out, with your name and reason."), f"{self.request.path}#way")

    def need(self, posted: QueryDict) -> Done:
        need_step(by=self.by, deal=self.thing, version=version(posted.get("version", "")), step=posted.get("step", ""))
        return Done(_("The step is needed again."), f"{self.request.path}#way")

    def take_over(self, posted: QueryDict) -> Done:
        take_over(by=self.by, deal=self.thing)
        return Done(_("You have taken the deal over."), f"{self.request.path}#waits")

    def wait_for(self, posted: QueryDict) -> Done:
        chosen, name = posted.get("unit", ""), posted.get("person", "").strip()
        unit = unit_of_id(one_id(chosen)) if chosen else None
        person = of_unit_called(unit, name) if unit is not None and name else None
        if unit is not None and name and person is None:
            sentence = say(
                _("Nobody called {name} is of {unit}, or several are: leave it empty, or write the whole name."), name=name, unit=unit.name
            )
            raise wrong("person", sentence)
        reason = posted.get("reason", "")
        wait_for(by=self.by, deal=self.thing, version=version(posted.get("version", "")), unit=unit, person=person, reason=reason)
        return Done(_("It is on record, and counted from now on."), f"{self.request.path}#waits")

    def make_good(self, posted: QueryDict) -> Done:
        line = RiskLine.objects.filter(ON([self.thing.pk]), pk=one_id(posted.get("risk", ""))).first()
        if line is None:
            raise missing()
        make_good(by=self.by, line=line, words=posted.get("words", ""))
        return Done(_("It is on record that this is made good."), f"{self.request.path}#risks")

    def lose(self, posted: QueryDict) -> Done:
        deal = lose_deal(
            by=self.by,
            deal=self.thing,
            version=version(posted.get("version", "")),
            reason=posted.get("reason", ""),
            code=posted.get("code", ""),
            competitor=posted.get("competitor", ""),
        )
        return Done(say(_("{deal} is recorded as lost."), deal=deal.number))

    def why_won(self, posted: QueryDict) -> Done:
        seen = version(posted.get("version", ""))
        say_why_won(by=self.by, deal=self.thing, version=seen, code=posted.get("code", ""), reason=posted.get("reason", ""))
        return Done(_("It is on record why it was won."))

    def change(self, posted: QueryDict) -> Done:
        chosen = posted.get("account", "")
        deal = change_deal(
            by=self.by,
            deal=self.thing,
            version=version(posted.get("version", "")),
            title=posted.get("title", ""),
            account=find(self.person, "account", one_id(chosen)) if chosen and chosen != str(self.thing.account_id) else None,
            goal=posted.get("goal"),
            due=posted.get("due"),
            amount=posted.get("amount", ""),
            currency=posted.get("currency", "") or None,
        )
        return Done(say(_("{deal} is saved."), deal=deal.number))

    def nominate(self, posted: QueryDict) -> Done:
        if not posted.get("person"):
            raise Refusal(
                "team.nobody_chosen", _("That cannot be done as it stands."), fields={"person": _("Choose somebody for the seat.")}
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

    def add_seats(self, posted: QueryDict) -> Done:
        made = add_missing_seats(by=self.by, deal=self.thing)
        done = ngettext("%(n)s seat is added, still empty.", "%(n)s seats are added, still empty.", len(made)) % {"n": len(made)}
        return Done(done if made else _("The team has every seat that the process wants."), f"{self.request.path}#team")

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
