"""A deal ends: lost, or given up by its team; and why it was won."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from earshot.deals import closings, queries
from earshot.deals.actions.escalating import leaving, left, part_gone
from earshot.deals.actions.writing import fresh, not_stale, touch, words
from earshot.deals.models import Closing, Deal, StageVisit
from earshot.deals.wholes import recount
from earshot.journal.actions import record, verb
from earshot.journal.actors import Actor
from earshot.journal.kinds import ref
from earshot.journal.models import Entry
from earshot.kit import now
from earshot.kit.problems import Refusal, forbidden
from earshot.kit.texts import text
from earshot.people.actors import personally
from earshot.playbooks.models import LOST, WON

REASON = 1000


@verb
def lose_deal(*, by: Actor, deal: Deal, version: int, reason: str, code: str = "", competitor: str = "") -> Deal:
    """The customer decided for another, or against buying: why, in words as far as the customer says it; `code`: which of the reasons of
    the deal's process, where it has any; `competitor`: who won it, where that reason asks."""
    deal = fresh(by, deal, version)
    reason = text("reason", reason, most=REASON)
    code, competitor = closings.checked(deal, LOST, code, competitor)
    end(by, deal, LOST, reason, code, competitor)
    return deal


def end(by: Actor, deal: Deal, outcome: str, reason: str, code: str = "", competitor: str = "") -> Entry:
    """The deal, which was read after it was locked, is closed so: what was asked, owed or waited for there ends with it."""
    at = now()  # of both: by it is told that the deal ended in the stage and did not go on from it
    StageVisit.objects.filter(deal=deal, left_at__isnull=True).update(left_at=at)
    closing = Closing.objects.create(deal=deal, outcome=outcome, code=code, reason=reason, competitor=competitor, at=at)
    touch(deal)
    recount(deal)
    data = {"reason": reason, "version": deal.version} | _named(closing)
    ended = record(f"deals.deal_{outcome}", by=by, objects={"deal": deal}, scopes=[deal], data=data)
    left(leaving(deal), ended, deal)
    part_gone(ended, by, deal)
    return ended


def _named(closing: Closing) -> dict[str, object]:
    """For an entry: the reason in both languages, and who won."""
    row = closings.reason_of(closing)
    said: dict[str, object] = {"named": words(row), "code": row.code} if row else {}
    return said | ({"competitor": closing.competitor} if closing.competitor else {})


@verb
def say_why_won(*, by: Actor, deal: Deal, version: int, code: str, reason: str = "") -> Deal:
    """Why the deal was won: one of the reasons of its process, and words if there are any. Said anew, the later word counts."""
    person = personally(by)
    queries.lock(deal.pk)
    deal = queries.as_it_stands(deal.pk)
    if not queries.may_work(person, deal):
        sentence = _("You may read this deal, but only its owner, its team and the heads above it work on it.")
        raise forbidden("deal.not_yours", sentence, ref(deal))
    closing = getattr(deal, "closing", None)
    if closing is None or closing.outcome != WON:
        raise Refusal("deal.not_won", _("Why it was won is said of a deal that was won."), about=ref(deal), status=409)
    not_stale(deal, version)
    if not closings.reasons(deal, WON):
        raise Refusal("deal.no_reasons", _("The process of this deal has no reasons for a deal that was won."), about=ref(deal), status=409)
    reason = text("reason", reason, most=REASON, required=False)
    if not code.strip():
        raise Refusal("deal.reason", _("Say why it ended."), fields={"code": _("Choose a reason: by it, what ends deals is counted.")})
    code, _none = closings.checked(deal, WON, code, "")
    closing.code, closing.reason = code, reason
    closing.save(update_fields=["code", "reason"])
    touch(deal)
    data = {"reason": reason, "version": deal.version} | _named(closing)
    record("deals.win_explained", by=by, objects={"deal": deal}, scopes=[deal], data=data)
    return deal
