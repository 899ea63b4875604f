"""Taking a part out of a deal, as a deal of its own, so that nothing is lost and nothing owed twice."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from earshot.deals import lines as product_lines
from earshot.deals import risks, rules, wholes
from earshot.deals.actions.escalating import align, lapse_beside
from earshot.deals.actions.opening import aim_of, until_of
from earshot.deals.actions.writing import entered, fresh, lapse_votes, narrowing, touch, words
from earshot.deals.lines import ProductLine
from earshot.deals.models import Closing, Deal, StageVisit
from earshot.deals.split_tables import PassedBefore, RiskPlace, Split, Whole
from earshot.deals.step_tables import StepNotNeeded
from earshot.journal.actions import record, verb
from earshot.journal.actors import Actor
from earshot.journal.models import Entry
from earshot.journal.numbers import next_number
from earshot.journal.queries import in_language
from earshot.journal.repeats import earlier
from earshot.kit import now, texts, uuid7
from earshot.kit.engine import locks, written
from earshot.kit.problems import Together, in_each, say, wrong
from earshot.kit.texts import TITLE, text
from earshot.people.actors import personally
from earshot.teams.actions import form_team_like

REASON = 1000
# Whom something of the deal serves from now on.
FIRST, PART, BOTH = "first", "part", "both"


@verb
def split_deal(
    *,
    by: Actor,
    deal: Deal,
    version: int,
    title: str,
    goal: str = "",
    due: date | str | None = None,
    amount: str | Decimal | None = None,
    kept: str | Decimal | None = None,
    reason: str = "",
    services: Mapping[str, str] | None = None,
    lines: Collection[UUID] = (),
    calls: Mapping[UUID, str] | None = None,
    risks_going: Collection[UUID] = (),
    id: UUID | None = None,
) -> Deal:
    """Take a part out of an open deal, as a deal with a number of its own. The same `id` again gives the part back.

    `amount`: of the part; `kept`: of what remains (left out: the difference). Where both do not come to what the deal was worth,
    `reason` says why. `services`: code → whether the type of service goes with the part, or both carry it. `lines`: those that go. `calls`:
    of an open call, whom it serves (`first`, `part`, `both`); left out: both, where the playbook calls for it on the part as well.
    `risks_going`: lines of risk decisions that the part makes good; the others stay.

    The part begins in the deal's stage, under its process, with its gates passed and its team. What the customer said until now concerns
    both. As long as several parts are open, each is judged by what they come to together."""
    person = personally(by)
    if known := earlier(Deal, id, lambda one: _is_part_of(one, deal)):
        return known
    deal = fresh(by, deal, version)
    before = deal.amount
    each = Together()
    name = each(text, "title", title, most=TITLE)
    aim, until = each(aim_of, goal) or "", each(until_of, due)
    said = each(text, "reason", reason, most=REASON, required=False) or ""
    worth = each(_amounts, deal, amount, kept, said)
    divided = each(_services, deal, services or {})
    moved = each(_lines, deal, lines) or []
    at_risk = each(_risks, deal, risks_going) or []
    each.refuse()
    (taken, rest), (going, staying) = worth, divided
    locks.hold(f"team:{deal.team_id}")
    part = _begin(by, deal, Deal(title=name or "", goal=aim, due=until, amount=taken, services=" ".join(going)), id)
    deal.amount, deal.services = rest, " ".join(staying)
    touch(deal, "amount", "services", "whole")
    wholes.recount(deal)
    part.whole = deal.whole
    Split.objects.create(first=deal, part=part, person=person, before=before, kept=rest, taken=taken, reason=said, at=now())
    passed = _carry(deal, part)
    _take_lines(moved, part)
    for line in at_risk:
        RiskPlace.objects.update_or_create(line=line, defaults={"deal": part, "at": now()})
    split = _split_entry(by, deal, part, before, said, moved, passed, calls or {})
    opened = _opened_entry(by.because(split), deal, part, passed)
    if at_risk:
        data: dict[str, Any] = {"missing": in_each(lambda: _("; ").join(in_language(one.line["sentence"]) for one in at_risk))}
        data |= {"part": part.number, "first": deal.number}
        record("deals.risks_went", by=by.because(split), objects={"risk": at_risk}, scopes=[deal, part], data=data)
    lapse_votes(by.because(split), deal, _("a part of the deal was taken out of it"))
    if rules.difference(before, rest, taken):
        lapse_beside(split, by, deal)
    align(split, deal)
    entered(by.because(opened), part, part.stage)
    return part


def _is_part_of(part: Deal, deal: Deal) -> bool:
    return Split.objects.filter(part=part, first=deal).exists()


def _amounts(deal: Deal, amount: str | Decimal | None, kept: str | Decimal | None, reason: str) -> tuple[Decimal | None, Decimal | None]:
    """Of the part, and of what remains. Where the two come to something else than the deal did, `reason` says why."""
    taken = texts.amount("amount", amount, deal.currency)
    rest = texts.amount("kept", kept, deal.currency)
    if deal.amount is None:
        return taken, rest
    if taken is None:
        raise wrong("amount", say(_("Say what the part is worth: {deal} is worth {amount}."), **_said(deal, deal.amount)))
    if rest is None:
        rest = deal.amount - taken
        if rest < 0:
            sentence = _("{deal} is worth {amount}, which is less. If the part is worth more, say what remains, and why.")
            raise wrong("amount", say(sentence, **_said(deal, deal.amount)))
    by = rules.difference(deal.amount, rest, taken)
    if by and not reason:
        more = _("Together they come to {amount} more than {deal} did: say why.")
        less = _("Together they come to {amount} less than {deal} did: say why.")
        raise wrong("reason", say(more if by > 0 else less, **_said(deal, abs(by))))
    return taken, rest


def _said(deal: Deal, amount: Decimal) -> dict[str, str]:
    return {"deal": deal.number, "amount": f"{amount:,.2f} {deal.currency}"}


def _services(deal: Deal, given: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """The types of service of the part, and those that remain, in their order."""
    for code, whom in given.items():
        if code not in deal.service_codes:
            raise wrong("services", say(_("{deal} does not carry the type of service “{code}”."), deal=deal.number, code=code))
        if whom not in (FIRST, PART, BOTH):
            raise wrong("services", _("Choose whether it stays, goes with the part, or both carry it."))
    going = [code for code in deal.service_codes if given.get(code) in (PART, BOTH)]
    return going, [code for code in deal.service_codes if given.get(code) != PART]


def _lines(deal: Deal, chosen: Collection[UUID]) -> list[ProductLine]:
    rows = [row for row in product_lines.of(deal.pk) if row.pk in set(chosen)]
    if len(rows) != len(set(chosen)):
        raise wrong("lines", say(_("A line that you chose is not on {deal} any more."), deal=deal.number))
    return rows


def _risks(deal: Deal, chosen: Collection[UUID]) -> list[Any]:
    rows = [row for row in risks.open_lines(deal.pk) if row.pk in set(chosen)]
    if len(rows) != len(set(chosen)):
        raise wrong("risks", say(_("What you chose is not to be made good on {deal} any more."), deal=deal.number))
    return rows


def _begin(by: Actor, deal: Deal, part: Deal, id: UUID | None) -> Deal:
    """The part, written, with its team, in the stage in which the deal stands."""
    if deal.whole_id is None:
        deal.whole = Whole.objects.create()
    part.id, part.number = id or uuid7(), next_number("D")
    part.account, part.unit, part.owner, part.currency, part.whole = deal.account, deal.unit, deal.owner, deal.currency, deal.whole
    part.process, part.stage, part.opened_at, part.left_out = deal.process, deal.stage, now(), deal.left_out
    part.team = form_team_like(by=by, first=deal.team, name=part.title)
    written.insert([part])
    Closing._meta.get_field("deal").remote_field.set_cached_value(part, None)  # known without asking: it is new
    written.insert([StageVisit(deal=part, stage=part.stage, entered_at=now())])
    for row in StepNotNeeded.objects.filter(deal=deal, ended_at__isnull=True) if deal.left_out else ():
        StepNotNeeded.objects.create(deal=part, step=row.step, reason=row.reason, person_id=row.person_id, at=row.at)
    return part


def _carry(deal: Deal, part: Deal) -> list[PassedBefore]:
    """What the deal has passed counts for the part as well, and what was not asked of it was not asked of the part."""
    rows = [
        PassedBefore(deal=part, gate=gate, passed=passed, not_asked=not_asked, at=now())
        for gate, passed, not_asked in wholes.to_carry(deal)
    ]
    return PassedBefore.objects.bulk_create(rows)


def _take_lines(moved: Sequence[ProductLine], part: Deal) -> None:
    """They end on the deal and stand on the part as whoever put them there did."""
    ProductLine.objects.filter(pk__in=[row.pk for row in moved]).update(ended_at=now())
    product_lines.put_again(moved, part, 1)


def _split_entry(
    by: Actor,
    deal: Deal,
    part: Deal,
    before: Decimal | None,
    reason: str,
    moved: Collection[ProductLine],
    passed: Collection[PassedBefore],
    calls: Mapping[UUID, str],
) -> Entry:
    # The part is named by its number: who may see the one deal need not see the other (law 13).
    data: dict[str, Any] = {
        "part": part.number,
        "part_id": str(part.pk),
        "before": _written(before, deal),
        "kept": _written(deal.amount, deal),
        "taken": _written(part.amount, part),
        "services": part.service_codes,
        "lines": [row.what for row in moved],
        "gates": [words(row.gate) for row in passed],
        "calls": {str(call): whom for call, whom in calls.items()},
        "version": deal.version,
        **narrowing(deal),
    }
    data["why"] = in_each(lambda: _(" ({reason})").format(reason=reason)) if reason else ""
    return record("deals.deal_split", by=by, objects={"deal": deal}, scopes=[deal], data=data)


def _opened_entry(by: Actor, deal: Deal, part: Deal, passed: Collection[PassedBefore]) -> Entry:
    objects: dict[str, Any] = {"deal": part, "owner": part.owner} | ({"account": part.account} if part.account else {})
    gates = [words(row.gate) | {"pass": str(row.passed_id)} for row in passed if row.passed_id is not None]
    return record("deals.part_opened", by=by, objects=objects, scopes=[part], data={"version": 1, "first": deal.number, "gates": gates})


def _written(amount: Decimal | None, deal: Deal) -> str:
    return "–" if amount is None else f"{amount:,.2f} {deal.currency}"
