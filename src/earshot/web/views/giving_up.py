"""Giving a deal up: proposing it, saying what one thinks, concluding or taking it back; and why a deal ended, for the deal's page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from earshot.clocks.queries import readings
from earshot.deals import closings, giving_up, rules
from earshot.deals import queries as deals
from earshot.deals.actions import conclude_giving_up, propose_giving_up, speak_on_giving_up, withdraw_giving_up
from earshot.deals.giving_up_tables import ENDED, REFUSED, WITHDRAWN, GivingUp, GivingUpVoice
from earshot.deals.models import Closing, Deal
from earshot.deals.policies import HEARD_BEFORE_VOTE, standing
from earshot.journal.actors import Actor
from earshot.kit.problems import Refusal, say
from earshot.people import absences
from earshot.playbooks.models import GIVEN_UP, LOST, WON
from earshot.web.page import Done, version
from earshot.web.views.day import take_note_of
from earshot.web.views.gate import WordsFirst

ROWS = 3  # of what was tried; more by the API
OUTCOMES = {
    "": _("Proposed to be given up"),
    GIVEN_UP: pgettext_lazy("a proposal", "given up"),
    REFUSED: pgettext_lazy("a proposal", "refused: the deal goes on"),
    WITHDRAWN: pgettext_lazy("a proposal", "taken back"),
    ENDED: pgettext_lazy("a proposal", "over: the deal ended otherwise"),
}
CHOICES = [("yes", _("I agree: give it up")), ("no", _("I am against it"))]


def spoken(by: Actor, deal: Deal, posted: QueryDict) -> Any:
    """The form by which somebody says whether a deal is given up, on whichever page it was sent: what came of it, in words."""
    said = posted.get("agrees", "")
    if said not in {"yes", "no"}:
        raise Refusal("giving_up.not_chosen", _("That cannot be done as it stands."), fields={"agrees": _("Choose one of the two.")})
    seen = version(posted.get("version", ""))
    row = speak_on_giving_up(by=by, deal=deal, agrees=said == "yes", words=posted.get("words", ""), version=seen)
    if row.outcome == GIVEN_UP or Closing.objects.filter(deal=deal.pk, outcome=GIVEN_UP).exists():
        return say(_("{deal} is given up."), deal=deal.number)
    return _("It is on record what you think.")


def reasons(deal: Deal, outcome: str) -> list[tuple[str, str]]:
    return [(code, str(row)) for code, row in closings.reasons(deal, outcome).items()]


def ending(deal: Deal, closing: Closing | None, works: bool) -> dict[str, Any]:
    """For the page of a deal: why it ended, or the reasons for which it may. `who_won`: whether a reason asks for that; `proposed`: that it
    is to be given up."""
    named = closings.reason_of(closing) if closing is not None else None
    lost = closings.reasons(deal, LOST) if works and closing is None else {}
    return {
        "why": str(named) if named else "",
        "lost_reasons": [(code, str(row)) for code, row in lost.items()],
        "who_won": any(row.competitor for row in lost.values()),
        "won_reasons": reasons(deal, WON) if works and closing is not None and closing.outcome == WON else [],
        "proposed": giving_up.open_now(deal) if closing is None else None,
    }


class Giving(WordsFirst):
    """One proposal at a time: what was tried, what each of the team says, what is lacking; those of before below."""

    template = "web/deals/giving_up.html"
    kind = "deal"
    live = True
    acts = {
        "propose": ("version", "code", "reason", *(f"{name}_{at}" for at in range(ROWS) for name in ("tried", "came_of_it"))),
        "speak": ("version", "agrees", "words"),
        "conclude": ("version",),
        "withdraw": ("version", "reason"),
        "take_note": ("shown",),
    }

    def context(self) -> dict[str, Any]:
        deal: Deal = self.thing
        closed = hasattr(deal, "closing")
        rows = giving_up.of_deal(deal)
        now = next((row for row in rows if row.ended_at is None), None)
        works = not closed and deals.may_work(self.person, deal)
        page: dict[str, Any] = {
            "deal": deal,
            "closed": closed,
            "works": works,
            "reasons": reasons(deal, GIVEN_UP),
            "waits": standing(deal).blocks(HEARD_BEFORE_VOTE),
            "rows": [
                {"tried": self.field(f"tried_{at}"), "came": self.field(f"came_of_it_{at}"), "optional": at > 0} for at in range(ROWS)
            ],
            "more_typed": any(self.field(f"{name}_{at}")["value"] for at in range(1, ROWS) for name in ("tried", "came_of_it")),
            "proposal": None,
            "before": [self.shown(deal, row) for row in rows if row is not now],
            **self.critical(deal),
        }
        if now is None:
            return page
        voices = giving_up.standing(now)
        own = giving_up.voice_of(self.person, deal, voices)
        lacking = giving_up.lacks(deal, now, voices)
        concludes = self.person.pk in {now.person_id, deal.owner_id}
        return page | {
            "proposal": self.shown(deal, now),
            "own": own,
            "own_for": own.person.name if own is not None and own.person_id != self.person.pk else "",
            "choices": CHOICES,
            "lacking": [giving_up.LACKING[one] for one in lacking],
            "nobody": self.nobody(deal, now, voices, lacking),
            "concludes": concludes and not lacking,
            "withdraws": concludes,
        }

    def field(self, name: str) -> dict[str, Any]:
        """What was typed there, and what was wrong with it."""
        typed = self.typed.get(name, "") if self.typed is not None else ""
        return {"name": name, "value": typed, "error": self.refused.fields.get(name, "") if self.refused else ""}

    @staticmethod
    def nobody(deal: Deal, row: GivingUp, voices: Sequence[GivingUpVoice], lacking: Sequence[str]) -> bool:
        """Whether a head must decide, and none is there who could."""
        waits = bool(lacking) and rules.OPEN_VOICES not in lacking and not any(one.head for one in voices)
        return waits and not giving_up.heads_to_ask(deal, row, voices)

    @staticmethod
    def shown(deal: Deal, row: GivingUp) -> dict[str, Any]:
        known = closings.reasons(deal, GIVEN_UP)
        voices = [one for one in row.voices.all() if one.lapsed_at is None]
        waiting = [one.pk for one in voices if one.spoken_at is None] if row.ended_at is None else []
        clocks = readings(waiting) if waiting else {}
        away = absences.away_now() if waiting else {}
        return {
            "id": str(row.pk),
            "name": row.person.name,
            "at": row.at,
            "named": str(known[row.code]) if row.code in known else "",
            "reason": row.reason,
            "outcome": OUTCOMES[row.outcome],
            "ended_at": row.ended_at,
            "ended_by": row.ended_by.name if row.ended_by else "",
            "alternatives": [{"tried": one.tried, "came": one.came_of_it} for one in row.alternatives.all()],
            "voices": [
                {
                    "name": one.person.name,
                    "role": str(one.role) if one.role else "",
                    "head": one.head,
                    "proposes": one.person_id == row.person_id,
                    "spoken": one.spoken_at is not None,
                    "agrees": one.agrees,
                    "words": one.words,
                    "by": one.spoken_by.name if one.spoken_by else "",
                    "at": one.spoken_at,
                    "silent": one.silent_at if one.spoken_at is None else None,
                    "away": one.person_id in away,
                    "due": clocks[one.pk].due_at if one.pk in clocks else None,
                }
                for one in sorted(row.voices.all(), key=lambda one: (one.at, one.pk))
                if one.lapsed_at is None
            ],
        }

    def propose(self, posted: QueryDict) -> Done:
        tried = [(posted.get(f"tried_{at}", ""), posted.get(f"came_of_it_{at}", "")) for at in range(ROWS)]
        propose_giving_up(
            by=self.by,
            deal=self.thing,
            version=version(posted.get("version", "")),
            code=posted.get("code", ""),
            reason=posted.get("reason", ""),
            alternatives=tried,
        )
        return Done(_("It is proposed. Everybody of the team is asked."), self.request.path)

    def speak(self, posted: QueryDict) -> Done:
        return Done(spoken(self.by, self.thing, posted), self.request.path)

    def conclude(self, posted: QueryDict) -> Done:
        deal = conclude_giving_up(by=self.by, deal=self.thing, version=version(posted.get("version", "")))
        return Done(say(_("{deal} is given up."), deal=deal.number), self.request.path)

    def withdraw(self, posted: QueryDict) -> Done:
        withdraw_giving_up(by=self.by, deal=self.thing, version=version(posted.get("version", "")), reason=posted.get("reason", ""))
        return Done(_("The proposal is taken back: the deal goes on."), self.request.path)

    def take_note(self, posted: QueryDict) -> Done:
        return Done(take_note_of(self, posted), f"{self.request.path}#voice")
