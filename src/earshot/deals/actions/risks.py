"""Opening a gate with something missing, named and counted, and making it good."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from earshot.clocks import actions as clocks
from earshot.deals import gates, queries, risks, rules
from earshot.deals.actions.moves import pass_on
from earshot.deals.actions.writing import hold_parts, open_and_not_stale
from earshot.deals.actions.writing import words as named
from earshot.deals.decisions import MadeGood, RiskDecision, RiskHeir, RiskLine
from earshot.deals.models import NOT_WON, Deal
from earshot.journal.actions import record, verb
from earshot.journal.actors import Actor, process
from earshot.journal.kinds import ref
from earshot.journal.models import Entry
from earshot.journal.queries import in_language
from earshot.kit import now
from earshot.kit.problems import Line, Refusal, Together, forbidden, in_both, in_each, say, wrong
from earshot.kit.texts import day, text
from earshot.people.actors import personally
from earshot.people.models import Person

REASON = 1000


@dataclass(frozen=True)
class AtRisk:
    """One missing thing as the head takes it: `key` of the condition, why it is taken, who makes it good, by which day."""

    key: str
    reason: str
    who: Person | None
    due: date | str | None


@verb
def pass_at_risk(*, by: Actor, deal: Deal, version: int, lines: Sequence[AtRisk]) -> RiskDecision:
    """A head of the deal's unit or one above, who is not its owner, opens the gate before it with something missing; or the deputy of
    such a head, who is away. Every condition that is not met is listed, each with its own reason, who makes it good and the day by which;
    refused where anything else is missing at this moment, naming it, where something is listed that nobody may pass, and while whoever
    decides has not heard what is critical. The deal moves on; each line stays open until it is made good (`make_good`).

    Errors in fields are named by the line's key: `reason-KEY`, `who-KEY`, `due-KEY`."""
    person = personally(by)
    hold_parts(deal)
    queries.lock(deal.pk)
    deal = queries.as_it_stands(deal.pk)
    if not risks.may_decide(person, deal):
        sentence = _("Only a head of the deal's unit or one above, who does not own it, opens a gate with something missing.")
        raise forbidden("risk.not_head", sentence, ref(deal))
    open_and_not_stale(deal, version)
    review = gates.review(deal)
    if review is None or review.gate is None:
        raise Refusal("gate.none", _("There is no gate before this deal at present, so there is nothing to decide."), about=ref(deal))
    missing = review.unmet
    if not missing:
        raise Refusal("risk.open", _("Nothing is missing at this gate: it opens without a risk decision."), about=ref(deal), status=409)
    _refuse_never(deal, missing)
    _refuse_changed(deal, missing, lines)
    _refuse_unheard(deal, person)
    if risks.sales_alone(person, deal, review.gate):
        sentence = _("Sales alone cannot decide here; somebody of another side must approve as well.")
        raise Refusal("risk.sales_alone", sentence, about=ref(deal), status=409)
    return _decide(by, deal, review, person, _read(deal, lines))


def _refuse_never(deal: Deal, missing: Sequence[rules.Condition]) -> None:
    if never := rules.never_at_risk(missing):
        sentence = _("No risk decision passes what stands here: it is mended first.")
        raise Refusal("risk.never", sentence, lines=[one.line for one in never], about=ref(deal), status=409)


def _refuse_changed(deal: Deal, missing: Sequence[rules.Condition], lines: Sequence[AtRisk]) -> None:
    new, gone = rules.unlisted(missing, [one.key for one in lines])
    if not new and not gone and len(lines) == len({one.key for one in lines}):
        return
    told = [one.line for one in new]
    if gone:
        told.append(Line("risk.not_missing", say(_("Listed here and not missing any more: {n}"), n=gone), about=ref(deal)))
    sentence = _("What is missing is not what you listed. Look at the list as it is now, and decide again.")
    raise Refusal("risk.changed", sentence, lines=told, about=ref(deal), status=409)


def _refuse_unheard(deal: Deal, person: Person) -> None:
    if unheard := gates.not_ready(deal, [person])[person]:
        sentence = say(_("Hear first what the customer said; then decide. Not heard by you yet: {count}."), count=len(unheard))
        raise Refusal("risk.not_heard", sentence, lines=unheard, about=ref(deal), status=409)


def _read(deal: Deal, lines: Sequence[AtRisk]) -> dict[str, tuple[str, Person, date]]:
    """Reason, person and day by the key of each line; refused once, with what is wrong with each."""
    each, found = Together(), {}
    fitting = {one.pk for one in risks.can_make_good(deal)}
    for one in lines:
        reason = each(text, f"reason-{one.key}", one.reason, most=REASON) or ""
        due = each(day, f"due-{one.key}", one.due, queries.today())
        who = each(_fits, f"who-{one.key}", one.who, fitting)
        found[one.key] = (reason, who, due)
    each.refuse()
    return found


def _fits(name: str, who: Person | None, fitting: set[Any]) -> Person:
    if who is None or who.pk not in fitting:
        raise wrong(name, _("Choose the deal's owner, somebody who sits on its team, or a head above it."))
    return who


def _decide(by: Actor, deal: Deal, review: gates.Review, person: Person, taken: Mapping[str, tuple[str, Person, date]]) -> RiskDecision:
    assert review.gate is not None
    decision = RiskDecision.objects.create(
        visit=queries.open_visit(deal),
        deal=deal,
        gate=review.gate,
        person=person,
        stands_for=risks.in_whose_place(person, deal),
        at=now(),
    )
    rows = RiskLine.objects.bulk_create(
        [
            RiskLine(
                decision=decision,
                position=at,
                key=key,
                line=found[0].line.spoken() | {"sentence": in_both(risks.sentence_of(found))},
                lasts=found[0].lasts,
                reason=taken[key][0],
                who=taken[key][1],
                due=taken[key][2],
            )
            for at, (key, found) in enumerate(risks.listed(review.unmet).items())
        ]
    )
    listed = [row.line | {"reason": row.reason, "due": row.due.isoformat(), "by": row.who.name, "risk": str(row.pk)} for row in rows]
    names = list({row.who_id: row.who for row in rows}.values())
    represented = {"represented": decision.stands_for} if decision.stands_for is not None else {}
    entry = record(
        "deals.passed_at_risk_for" if represented else "deals.passed_at_risk",
        by=by,
        objects={"deal": deal, "head": person, "owing": names, **represented},
        scopes=[deal],
        data={"gate": named(review.gate), "count": len(rows), "lines": listed},
    )
    for due in sorted({row.due for row in rows}):
        of_day = [row for row in rows if row.due == due]
        level = risks.level(risks.end_of(of_day[0]))
        clocks.start("risk", [row.pk for row in of_day], level, unit=deal.unit, because=entry)
    pass_on(process(f"{review.gate.version}/{review.gate.code}").because(entry), deal, review, queries.following(deal), risk=decision)
    return decision


@verb
def make_good(*, by: Actor, line: RiskLine, words: str = "") -> MadeGood:
    """What was missing is made good. Where the check can still be asked, it alone says so: refused, with what it finds, while it is not
    met. For anything else the person who was named, or a head of the deal's unit or above, says in words how."""
    person = personally(by)
    line = RiskLine.objects.select_related("decision__gate", "who", "heir__person", "place").get(pk=line.pk)
    queries.lock(risks.owed_on(line))
    deal = queries.as_it_stands(risks.owed_on(line))
    if risks.owing(line).pk != person.pk and not risks.may_decide(person, deal):
        sentence = say(_("{name} is to make this good, or a head above the deal says that it is."), name=risks.owing(line).name)
        raise forbidden("risk.not_yours", sentence, ref(deal))
    if MadeGood.objects.filter(line=line).exists():
        raise Refusal("risk.made_good", _("This was made good already."), about=ref(deal), status=409)
    if hasattr(deal, "closing") and deal.closing.outcome in NOT_WON:
        raise Refusal("deal.closed", say(_("{deal} is closed."), deal=deal.number), about=ref(deal), status=409)
    if line.lasts and not hasattr(deal, "closing") and (found := _asked_again(deal, line)):
        if rules.made_good([line.key], found) and line.decision.deal_id == deal.pk:
            return _found_good(by, deal, [line])[0]
        still = [one.line for one in found if one.met is not True and (one.key == line.key or one.part.startswith("check:"))]
        if still or line.decision.deal_id == deal.pk:
            sentence = _("Its check still finds this missing: words alone do not make it good.")
            raise Refusal("risk.still_missing", sentence, lines=still, about=ref(deal), status=409)
    said = text("words", words, most=REASON)
    made = MadeGood.objects.create(line=line, person=person, words=said, at=now())
    data = {"missing": line.line["sentence"], "words": said}
    entry = record("deals.made_good", by=by, objects={"deal": deal, "risk": line}, scopes=[deal], data=data)
    clocks.meet([line.pk], because=entry)
    return made


def _asked_again(deal: Deal, line: RiskLine) -> list[rules.Condition]:
    """What the gate asks now, where the line was decided; of one that went with a part, there as long as that deal is open, and on the
    part: while either finds it missing, words do not make it good, and no check alone does."""
    gate, found = line.decision.gate, []
    for pk in dict.fromkeys((line.decision.deal_id, deal.pk)):
        there = deal if pk == deal.pk else queries.as_it_stands(pk)
        found += [] if hasattr(there, "closing") else gates.asked_again(there, gate)
    return found


def _found_good(by: Actor, deal: Deal, lines: Sequence[RiskLine]) -> list[MadeGood]:
    made = MadeGood.objects.bulk_create([MadeGood(line=line, at=now()) for line in lines])
    data = {"missing": in_each(lambda: _("; ").join(in_language(line.line["sentence"]) for line in lines))}
    entry = record("deals.found_good", by=by, objects={"deal": deal, "risk": list(lines)}, scopes=[deal], data=data)
    clocks.meet([line.pk for line in lines], because=entry)
    return made


def hand_risk(by: Actor, line: RiskLine, to: Person, by_rule: bool) -> None:
    """From now on `to` makes the line good, by the same day; inside a verb that has judged who may hand over. Where `to` has no part in the
    deal: refused, or `by_rule` the deal's owner does, who by then is somebody else than who hands over."""
    deal = queries.as_it_stands(risks.owed_on(line))
    fitting = {one.pk for one in risks.can_make_good(deal)}
    heir = to if not by_rule or to.pk in fitting else deal.owner
    if heir.pk not in fitting:
        raise wrong(
            "to", say(_("{name} has no part in {deal}: choose its owner, somebody of its team, or a head."), name=to.name, deal=deal)
        )
    former = risks.owing(line)
    RiskHeir.objects.update_or_create(line=line, defaults={"person": heir, "at": now()})
    objects: dict[str, Any] = {"deal": deal, "risk": line, "owing": heir, "former": [former]}
    record("deals.risk_handed", by=by, objects=objects, scopes=[deal], data={"missing": line.line["sentence"]})


def judge_risks(entry: Entry, there: QuerySet[Deal]) -> None:
    """A reaction: something happened on these deals. What a head passed at risk, and whose check finds nothing missing any more, is made
    good. One statement where nothing is open."""
    waiting: dict[Any, list[RiskLine]] = {}
    still = there.filter(is_open=True).values("pk")
    rows = RiskLine.objects.filter(made_good__isnull=True, lasts=True, place__isnull=True, decision__deal__in=still)
    for line in rows.select_related("decision").order_by("decision_id", "position"):
        waiting.setdefault((line.decision.deal_id, line.decision.gate_id), []).append(line)
    for (deal_id, _gate), lines in waiting.items():
        deal = queries.as_it_stands(deal_id)
        met = set(rules.made_good([line.key for line in lines], gates.asked_again(deal, lines[0].decision.gate)))
        if good := [line for line in lines if line.key in met]:
            _found_good(process("risk-decision").because(entry), deal, good)


def end_risks(entry: Entry) -> None:
    """A reaction: the deal is lost, and nobody is to make anything good on it."""
    rows = RiskLine.objects.filter(risks.ON([entry.one("deal")]), made_good__isnull=True).values_list("pk", flat=True)
    clocks.cancel(list(rows), because=entry)
