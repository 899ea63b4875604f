"""The gate before a deal: what keeps it shut, and the decision."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext as _

from earshot.deals import gates, mandates
from earshot.deals import queries as deals
from earshot.deals.actions import ask_for_decision, decide, vote, withdraw_escalation, withdraw_vote
from earshot.deals.models import Deal
from earshot.deals.policies import HEARD_BEFORE_VOTE, standing
from earshot.kit.problems import Line, Refusal, say
from earshot.people.permits import ADMINISTER
from earshot.people.standing import reach_of
from earshot.playbooks.models import WON
from earshot.voice import queries as voice
from earshot.voice.models import Hearing, Item
from earshot.web import acts, parts
from earshot.web.acts import Mine
from earshot.web.page import Done, Page, version
from earshot.web.views import dissents, escalations
from earshot.web.views.day import take_note_of
from earshot.web.views.risks import may_decide

CRITICAL_SHOWN = 100


def gate_sum(review: gates.Review | None, deal: Deal) -> dict[str, Any] | str:
    """The word at the end of the stage on the way."""
    if review is None:
        return ""
    missing = len(review.unmet)
    if review.gate is None:  # only what the stages ask: the lines stand on the deal's own page
        asked = ngettext("%(n)s missing", "%(n)s missing", missing) % {"n": missing}
        return {"word": asked, "tone": "red", "url": "#gate"} if missing else ""
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


class WordsFirst(Page):
    """A page on which somebody decides about a deal, having heard the customer's critical words: they stand there, unheard ones first."""

    def critical(self, deal: Deal) -> dict[str, Any]:
        """`quotes`, and how many of them the reader has not heard (`unheard`), with the act that takes note of those that are shown."""
        found = list(voice.critical_items(deal).values_list("pk", flat=True)[:CRITICAL_SHOWN])
        owed = list(voice.owed_by(self.person, deal))
        shown = Item.objects.filter(pk__in=[*found, *owed])
        heard = set(Hearing.objects.filter(person=self.person, item__in=[*found, *owed]).values_list("item_id", flat=True))
        reads = sorted(voice.read(shown), key=lambda read: read.item.pk in heard)
        unheard = [read for read in reads if read.item.pk not in heard]
        return {
            "quotes": [parts.quote(read) for read in reads],
            "unheard": len(unheard),
            "note": {"act": "take_note", "shown": ",".join(str(read.item.pk) for read in unheard)},
            "owed": set(owed),
        }

    def refused_lines(self) -> list[dict[str, Any]]:
        """What the voter has not heard stands on this same page."""
        lines = super().refused_lines()
        assert self.refused is not None
        for shown, one in zip(lines, self.refused.lines, strict=False):
            if one.about and one.about.kind == "item":
                shown["about_url"] = f"#item-{one.about.id}"
        return lines


class Gate(WordsFirst):
    """The decision on one screen: the question, the customer's critical words, what is missing, the votes, one's own vote."""

    template = "web/gate.html"
    kind = "deal"
    live = True
    acts = {
        "vote": ("version", "approves", "reason"),
        "withdraw": ("version",),
        "take_note": ("shown",),
        "ask": ("version", "reason"),
        "refuse": ("version", "reason"),
        "withdraw_question": ("version", "reason"),
        "settle": ("version", "dissent", "goes_on", "words"),
    }

    def context(self) -> dict[str, Any]:
        deal: Deal = self.thing
        review = None if hasattr(deal, "closing") else gates.review(deal)
        gate = review.gate if review else None
        review = review if gate else None
        roles = mandates.roles_of(self.person, deal, gate) if gate else []
        words = self.critical(deal)
        visit = deals.open_visit(deal) if review else None
        # Where nobody may vote for a role, whoever can name somebody does it from here; else the page is about the words and the vote.
        vacant = review is not None and any(one.line.code == "gate.not_approved" and one.line.act != "vote" for one in review.unmet)
        mine = Mine(
            items=words["owed"],
            votes=bool(roles),
            works=vacant and deals.may_work(self.person, deal),
            administers=vacant and ADMINISTER in reach_of(self.person).permissions,
            settles=dissents.settles(self.person, deal, review),
        )
        told = self.told_above()
        lines = gate_lines(
            review, mine, deal, lambda line: line.target is not None and line.target.id in told and line.target.id in mine.items
        )
        for one in lines:
            if one.get("act_url") == reverse("to_hear"):
                one["act_url"] = "#words"
            elif str(one.get("act_url", "")).endswith("#vote"):
                one["act_url"] = "#vote"
            elif str(one.get("act_url", "")).endswith("#dissents"):
                one["act_url"] = "#dissents"
        votes = deals.live_votes(visit) if visit else []
        return {
            "deal": deal,
            "review": review,
            "gate_lines": lines,
            "told_above": len(told),
            "still_unmet": sum(one["state"] != "waived" for one in lines),
            "gate_met": [one for one in (review.conditions if review else []) if one.met is True],
            **words,
            "roles": [str(role) for role in roles],
            "stands_for": gettext(", ").join(self.represented(deal, [role.code for role in roles])),
            "at_risk": bool(review and review.unmet) and may_decide(self.person, deal),
            "may_vote": bool(roles),
            "waits": bool(words["unheard"]) and bool(roles) and standing(deal).blocks(HEARD_BEFORE_VOTE),
            "votes": [
                {"name": one.person.name, "role": str(one.role), "approves": one.approves, "reason": one.reason, "at": one.at}
                | {"stands_for": one.stands_for.name if one.stands_for else ""}
                for one in votes
            ],
            "voted": any(one.person_id == self.person.pk for one in votes),
            "choices": [("yes", _("I approve")), ("no", _("I am against"))],
            "settle_choices": dissents.CHOICES,
            **dissents.block(self.person, deal, gate),
        } | escalations.block(self.person, deal, gate)

    def represented(self, deal: Deal, roles: Sequence[str]) -> list[str]:
        """The names of those who are away and for whom the reader would vote here."""
        whose = [deals.deciders_now(deal, role).get(self.person) for role in roles]
        return list(dict.fromkeys(one.name for one in whose if one is not None))

    def told_above(self) -> set[UUID | str]:
        """Statements that the refusal on top names because the voter has not heard them: the review below does not say it again."""
        lines = self.refused.lines if self.refused else ()
        return {one.target.id for one in lines if one.act == "take_note" and one.target}

    def vote(self, posted: QueryDict) -> Done:
        if posted.get("approves") not in ("yes", "no"):
            raise Refusal("vote.not_chosen", _("That cannot be done as it stands."), fields={"approves": _("Choose one of the two.")})
        approves = posted["approves"] == "yes"
        vote(
            by=self.by,
            deal=self.thing,
            approves=approves,
            reason=posted.get("reason", ""),
            version=version(posted.get("version", "")),
        )
        fresh = Deal.objects.select_related("stage", "closing").get(pk=self.thing.pk)
        if not deals.visible_to(self.person).filter(pk=fresh.pk).exists():  # it was there for this decision alone
            return Done(_("Your decision is recorded."), reverse("my_day"))
        if fresh.version != self.thing.version:
            where = say(_("Your vote opened the gate; now in the stage “{stage}”."), stage=fresh.stage)
            won = hasattr(fresh, "closing") and fresh.closing.outcome == WON
            return Done(_("Your vote opened the gate: the deal is won.") if won else where, acts.address("deal", fresh.pk))
        return Done(_("Your vote is recorded."))

    def settle(self, posted: QueryDict) -> Done:
        deal: Deal = self.thing
        what = dissents.settled(self.by, deal, posted)
        moved = Deal.objects.get(pk=deal.pk).version != deal.version
        return Done(what, acts.address("deal", deal.pk) if moved else f"{self.request.path}#dissents")

    def ask(self, posted: QueryDict) -> Done:
        ask_for_decision(by=self.by, deal=self.thing, version=version(posted.get("version", "")), reason=posted.get("reason", ""))
        return Done(_("The decision is asked."), f"{self.request.path}#escalation")

    def refuse(self, posted: QueryDict) -> Done:
        seen = version(posted.get("version", ""))
        decide(by=self.by, deal=self.thing, approves=False, reason=posted.get("reason", ""), version=seen)
        return Done(_("Your decision is recorded."), reverse("my_day"))

    def withdraw_question(self, posted: QueryDict) -> Done:
        withdraw_escalation(by=self.by, deal=self.thing, version=version(posted.get("version", "")), reason=posted.get("reason", ""))
        return Done(_("The question is taken back."), f"{self.request.path}#escalation")

    def withdraw(self, posted: QueryDict) -> Done:
        withdraw_vote(by=self.by, deal=self.thing, version=version(posted.get("version", "")))
        return Done(_("Your vote is taken back. That you had voted stays on record."), f"{self.request.path}#vote")

    def take_note(self, posted: QueryDict) -> Done:
        return Done(take_note_of(self, posted), f"{self.request.path}#vote")
