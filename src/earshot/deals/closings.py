"""How deals ended and why: the reasons of their process, and what a reason asks for besides."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from earshot.deals import policies
from earshot.deals.models import Closing, Deal
from earshot.kit.problems import Refusal, say
from earshot.kit.ruling import permissive
from earshot.kit.texts import text
from earshot.people.models import Person
from earshot.playbooks import book
from earshot.playbooks.models import LOST, WON, ClosingReason

COMPETITOR = 200
MOST = 100  # of a day


def reasons(deal: Deal, outcome: str) -> Mapping[str, ClosingReason]:
    """The reasons for which the deal may end so, by code, in the order of its process."""
    return book.process_of(deal.process_id).ending(outcome)


def reason_of(closing: Closing) -> ClosingReason | None:
    """The reason that was named, as the deal's process calls it."""
    return reasons(closing.deal, closing.outcome).get(closing.code) if closing.code else None


@permissive("whatever is said is a reason", lambda deal, outcome, code, competitor: (code, competitor))
def checked(deal: Deal, outcome: str, code: str, competitor: str) -> tuple[str, str]:
    """The reason's code and the competitor, as they may be written; refused, each at its field, where the process has reasons and none of
    them is named, or the reason asks who won and nobody says."""
    known, fields = reasons(deal, outcome), {}
    code = code.strip()
    row = known.get(code)
    asks = policies.standing(deal)
    if code and row is None:
        fields["code"] = say(_("“{code}” is none of the reasons: {codes}."), code=code, codes=", ".join(known) or "–")
    elif not code and known and asks.blocks(policies.REASON_NAMED):
        fields["code"] = _("Choose a reason: by it, what ends deals is counted.")
    who = text("competitor", competitor, most=COMPETITOR, required=False)
    if row is not None and row.competitor and not who and asks.blocks(policies.REASON_NAMED):
        fields["competitor"] = _("Say who won it, or that it is not known.")
    if who and row is not None and not row.competitor:
        fields["competitor"] = _("With this reason nobody else won it: leave the competitor out.")
    elif who and outcome != LOST:
        fields["competitor"] = _("Only a deal that was lost was won by somebody else.")
    if fields:
        raise Refusal("deal.reason", _("Say why it ended."), fields=fields)
    return code, who


def to_explain(person: Person) -> list[Deal]:
    """The person's deals that were won and nobody has said why, where the process asks; the longest won first."""
    silent = Closing.objects.filter(outcome=WON, code="", reason="", deal__owner=person, deal__outside_id__isnull=True)
    rows = list(silent.select_related("deal__account", "deal__unit", "deal__owner", "deal__stage").order_by("at", "pk")[:MOST])
    return [one.deal for one in rows if asked_why(one.deal)]


def asked_why(deal: Deal) -> bool:
    """Whether whoever won the deal is asked why."""
    return bool(reasons(deal, WON)) and policies.standing(deal).asks(policies.REASON_NAMED)
