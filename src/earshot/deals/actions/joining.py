"""Joining two deals, so that nothing of either is lost."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _

from earshot.deals import figures, giving_up, risks, rules, specialties, wholes
from earshot.deals import lines as product_lines
from earshot.deals.actions.escalating import align, lapse_beside, leaving, left
from earshot.deals.actions.leaving_out import needed_again
from earshot.deals.actions.waiting import begin_handover
from earshot.deals.actions.writing import entered, fresh, hold_parts, lapse_votes, narrowing, touch
from earshot.deals.decisions import Figure
from earshot.deals.lead_tables import Lead
from earshot.deals.lines import ProductLine
from earshot.deals.models import JOINED, Closing, Deal, StageVisit
from earshot.deals.split_tables import Join, RiskPlace, Whole
from earshot.deals.wait_tables import BLOCK, Wait
from earshot.journal.actions import record, verb
from earshot.journal.actors import Actor
from earshot.journal.kinds import ref
from earshot.kit import now, texts
from earshot.kit.engine import locks
from earshot.kit.problems import Line, Refusal, Together, in_each, say, wrong
from earshot.kit.texts import text
from earshot.people.actors import personally
from earshot.teams.actions import offer_seats

REASON, SOURCE = 1000, 300


@verb
def join_deals(
    *,
    by: Actor,
    deal: Deal,
    version: int,
    other: Deal,
    other_version: int,
    amount: str | Decimal | None = None,
    reason: str = "",
) -> Deal:
    """`other` becomes part of `deal`, and is closed as joined to it. Both are open, of one customer, in one currency, under one version of
    the process; whoever joins them works on both.

    What is owed, was said, stated, listed or passed at risk on the other arrives; who sat on its team is asked to a seat. The deal stands
    in the earlier stage of the two, and of the gates behind it only those count as passed that both had passed.
    `amount`: of what they are together; left out: the sum of the two, and where it is another, `reason` says why."""
    person = personally(by)
    if deal.pk == other.pk:
        raise wrong("other", _("Choose another deal: one is not joined to itself."))
    hold_parts(deal, other)
    deal, other = fresh(by, deal, version), fresh(by, other, other_version)
    _refuse_unlike(deal, other)
    for one in (deal, other):
        if giving_up.open_now(one) is not None:
            sentence = say(
                _("Somebody proposes to give {deal} up: conclude that, or take it back, before they are joined."), deal=one.number
            )
            raise Refusal("deal.giving_up", sentence, about=ref(one), status=409)
    each = Together()
    said = each(text, "reason", reason, most=REASON, required=False) or ""
    total = each(_total, deal, other, amount, said)
    each.refuse()
    for team in sorted((deal.team_id, other.team_id)):
        locks.hold(f"team:{team}")
    kept = deal.amount
    _make_one(deal, other)
    Join.objects.create(gone=other, into=deal, person=person, kept=kept, brought=other.amount, total=total, reason=said, at=now())
    at_risk = list(risks.open_lines(other.pk))
    for line in at_risk:
        RiskPlace.objects.update_or_create(line=line, defaults={"deal": deal, "at": now()})
    _bring_lines(deal, other)
    brought = _bring_figures(deal, other)
    became = list(Lead.objects.filter(deal=other))
    Lead.objects.filter(deal=other).update(deal=deal)
    _bring_waits(deal, other)
    deal.amount, deal.services = total, " ".join(specialties.chosen([*deal.service_codes, *other.service_codes], other.service_codes))
    back = other.stage if other.stage.position < deal.stage.position else None
    touch(deal, "amount", "services", "whole")
    data: dict[str, Any] = {
        # Named by its number: who may see the one deal need not see the other (law 13).
        "gone": other.number,
        "gone_id": str(other.pk),
        "kept": _written(kept, deal),
        "brought": _written(other.amount, other),
        "total": _written(total, deal),
        "why": in_each(lambda: _(" ({reason})").format(reason=said)) if said else "",
        "figures": [row.name for row in brought],
        "risks": len(at_risk),
        "version": deal.version,
        **narrowing(deal),
    }
    objects: dict[str, Any] = {"deal": deal} | ({"lead": became} if became else {}) | ({"risk": at_risk} if at_risk else {})
    joined = record("deals.joined_in", by=by, objects=objects, scopes=[deal], data=data)
    if again := [code for code in deal.steps_left_out if code not in other.steps_left_out]:
        needed_again(by.because(joined), deal, again)  # of a step that only one of them needs, both do as one
        touch(deal, "left_out")
    _close(by.because(joined), deal, other)
    wholes.recount(deal)
    lapse_votes(by.because(joined), deal, _("another deal was joined to it"))
    lapse_beside(joined, by, deal)
    offer_seats(by=by.because(joined), team=deal.team, of=other.team)
    if back is None:
        align(joined, deal)
        return deal
    asked = leaving(deal)
    StageVisit.objects.filter(deal=deal, left_at__isnull=True).update(left_at=now())
    deal.stage = back
    touch(deal, "stage")
    StageVisit.objects.create(deal=deal, stage=back, entered_at=now())
    there = entered(by.because(joined), deal, back)
    left(asked, there, deal)
    begin_handover(there, deal)
    return deal


def _refuse_unlike(deal: Deal, other: Deal) -> None:
    """Two deals that cannot be one, with a line for each reason."""
    said = {"deal": deal.number, "other": other.number}
    unlike = [
        (
            deal.account_id is None or other.account_id != deal.account_id,
            "join.account",
            _("{deal} and {other} are not of one customer that is known."),
        ),
        (deal.currency != other.currency, "join.currency", _("{deal} and {other} are not in one currency.")),
        (deal.process_id != other.process_id, "join.process", _("{deal} and {other} do not follow one version of the process.")),
        (
            len(product_lines.of(deal.pk)) + len(product_lines.of(other.pk)) > product_lines.MOST,
            "join.lines",
            _("{deal} and {other} have more lines together than one deal can have."),
        ),
    ]
    lines = [Line(code, say(sentence, **said), about=ref(other)) for differs, code, sentence in unlike if differs]
    if lines:
        sentence = say(_("{other} cannot be joined to {deal}."), **said)
        raise Refusal("deal.not_joined", sentence, lines=lines, about=ref(deal), status=409)


def _total(deal: Deal, other: Deal, amount: str | Decimal | None, reason: str) -> Decimal | None:
    """What they are worth together: what is said, else the sum of what is known."""
    known = [one for one in (deal.amount, other.amount) if one is not None]
    total = texts.amount("amount", amount, deal.currency)
    if total is None:
        return texts.amount("amount", str(sum(known)), deal.currency) if known else None
    if rules.difference(total, deal.amount, other.amount) and not reason:
        sum_of_both = f"{sum(known):,.2f} {deal.currency}"
        raise wrong("reason", say(_("The two come to {amount}: say why it is another sum."), amount=sum_of_both))
    return total


def _make_one(deal: Deal, other: Deal) -> None:
    """The two, and whatever either was one deal with, are judged together from now on."""
    if deal.whole_id is None:
        deal.whole = other.whole or Whole.objects.create()
    assert deal.whole is not None
    locks.lock(Whole.objects.filter(pk__in=[pk for pk in (deal.whole_id, other.whole_id) if pk is not None]))
    if other.whole_id is not None and other.whole_id != deal.whole_id:
        Deal.objects.filter(whole=other.whole_id).exclude(pk=other.pk).update(whole=deal.whole_id)
    other.whole = deal.whole


def _bring_lines(deal: Deal, other: Deal) -> None:
    rows = product_lines.of(other.pk)
    first = len(product_lines.of(deal.pk)) + 1
    ProductLine.objects.filter(pk__in=[row.pk for row in rows]).update(ended_at=now())
    product_lines.put_again(rows, deal, first)


def _bring_figures(deal: Deal, other: Deal) -> Sequence[Figure]:
    """What was stated of the other and not of the deal, by whoever stated it, when he or she did."""
    there = figures.standing(deal)
    rows = [
        Figure(
            deal=deal,
            name=row.name,
            value=row.value,
            source=f"{other.number}: {row.source}"[:SOURCE],
            person=row.person,
            at=row.at,
        )
        for row in figures.standing(other).values()
        if row.name not in there
    ]
    return Figure.objects.bulk_create(rows)


def _bring_waits(deal: Deal, other: Deal) -> None:
    """What the work on the other waits for, unless the deal waits for the same."""
    same = Wait.objects.filter(deal=deal, kind=BLOCK, until__isnull=True).values_list("unit_id", "reason")
    known = set(same)
    open_rows = Wait.objects.filter(deal=other, kind=BLOCK, until__isnull=True)
    going = [row.pk for row in open_rows if (row.unit_id, row.reason) not in known]
    Wait.objects.filter(pk__in=going).update(deal=deal)


def _close(by: Actor, deal: Deal, other: Deal) -> None:
    """The other has ended: it goes on as part of the deal."""
    asked = leaving(other)
    at = now()
    StageVisit.objects.filter(deal=other, left_at__isnull=True).update(left_at=at)
    Closing.objects.create(deal=other, outcome=JOINED, reason=deal.number, at=at)
    touch(other, "whole")
    data = {"into": deal.number, "version": other.version}
    left(asked, record("deals.deal_joined", by=by, objects={"deal": other}, scopes=[other], data=data), other)


def _written(amount: Decimal | None, deal: Deal) -> str:
    return "–" if amount is None else f"{amount:,.2f} {deal.currency}"
