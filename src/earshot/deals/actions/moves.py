"""Moving a deal through its stages, and winning it."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from earshot.deals import gates, policies, queries, rules
from earshot.deals.actions.escalating import leaving, left, part_gone
from earshot.deals.actions.leaving_out import needed_again
from earshot.deals.actions.waiting import begin_handover
from earshot.deals.actions.writing import entered, fresh, touch, words
from earshot.deals.decisions import RiskDecision
from earshot.deals.models import Closing, Deal, GateNotAsked, GatePass, StageVisit
from earshot.deals.wholes import recount
from earshot.journal.actions import record, verb
from earshot.journal.actors import Actor
from earshot.journal.kinds import ref
from earshot.kit import now
from earshot.kit.engine import written
from earshot.kit.problems import Line, Refusal, say, wrong
from earshot.kit.texts import text
from earshot.playbooks.models import WON, Stage


@verb
def move_on(*, by: Actor, deal: Deal, version: int, to: str | None = None) -> Deal:
    """Leave the stage forwards: through its gate, if it has one, into the next stage, or to *won* from the last one.

    `to`: code of the stage that the mover means; a stage further on is refused, naming what lies between. A shut gate, and what the
    stage asks on the way out or the next one on the way in, refuses with a line for each condition, and that refusal stands in the
    journal.
    """
    deal = fresh(by, deal, version)
    target = queries.following(deal)
    if to is not None and (target is None or to != target.code):
        _refuse_target(deal, to)
    review = gates.review(deal)
    if review is not None and not review.open:
        raise _shut(by, deal, review)
    if review is None or review.gate is None:
        _not_alone(deal)
    return pass_on(by, deal, review, target)


def _not_alone(deal: Deal) -> None:
    """Out of its first stage, where no gate asks it, nobody carries a deal alone; where the policy only warns, the next gate's record
    says so (A1.1a)."""
    asks = policies.standing(deal)
    if deal.stage.position == 1 and asks.blocks(policies.NOT_ALONE):
        lines = [one.line for one in gates.of_team(deal, asks) if one.line.code == "team.alone"]
        if lines:
            sentence = _("This deal stays in its first stage until it has a team.")
            raise Refusal("deal.alone", sentence, lines=lines, about=ref(deal), status=409)


def _refuse_target(deal: Deal, to: str) -> None:
    wanted = Stage.objects.filter(version=deal.process_id, code=to).first()
    if wanted is None:
        raise wrong("to", say(_("The process of this deal has no stage “{code}”."), code=to))
    if wanted.step in deal.steps_left_out:
        sentence = _("The step of “{stage}” is not needed for this deal. Say that it is needed after all, then the deal can go there.")
        raise wrong("to", say(sentence, stage=wanted))
    between = Stage.objects.filter(version=deal.process_id, position__gt=deal.stage.position, position__lt=wanted.position)
    between = between.exclude(step__in=deal.steps_left_out)
    if rules.steps_skipped(deal.stage.position, wanted.position):
        lines = [Line("deal.stage_between", say(_("“{stage}” lies between."), stage=stage), about=ref(deal)) for stage in between]
        raise Refusal("deal.stage_skipped", say(_("A deal moves one stage at a time; “{stage}” comes later."), stage=wanted), lines=lines)
    raise wrong("to", say(_("“{stage}” is not ahead. Going back needs a reason."), stage=wanted))


def _shut(by: Actor, deal: Deal, review: gates.Review) -> Refusal:
    lines = [condition.line for condition in review.unmet]
    data = {"count": len(lines), "lines": [line.spoken() for line in lines], "unjudged": _unjudged(review)}
    name = "deals.gate_refused" if review.gate else "deals.move_refused"
    where = {"gate": words(review.gate)} if review.gate else {"stage": words(deal.stage)}
    entry = {"name": name, "by": by, "objects": {"deal": deal}, "scopes": [deal], "data": where | data}
    sentence = say(_("The stage “{stage}” cannot be left yet: {count} conditions are not met."), stage=deal.stage, count=len(lines))
    if review.gate:
        sentence = say(_("The gate “{gate}” is shut: {count} conditions are not met."), gate=review.gate, count=len(lines))
    return Refusal("gate.shut" if review.gate else "stage.shut", sentence, lines=lines, about=ref(deal), entry=entry, status=409)


def _unjudged(review: gates.Review) -> list[str]:
    return [condition.name for condition in review.conditions if condition.name and condition.met is not True]


def pass_on(by: Actor, deal: Deal, review: gates.Review | None, target: Stage | None, risk: RiskDecision | None = None) -> Deal:
    """Out of the stage, which nothing bars, or `risk` decides what does: into `target`, or won."""
    visit = queries.open_visit(deal)
    asked = leaving(deal)
    stood = review.conditions if review else []
    lines = [condition.line.spoken() | {"met": condition.met, "warns": condition.warns} for condition in stood]
    if review is not None and review.gate is not None:
        heard = gates.heard(deal, visit, risk)
        GatePass.objects.create(visit=visit, gate=review.gate, at=now(), lines=lines, heard=heard, risk=risk)
        data = {"gate": words(review.gate), "lines": lines, "unjudged": _unjudged(review)}
        by = by.because(record("deals.gate_opened", by=by, objects={"deal": deal}, scopes=[deal], data=data))
        lines = []
    elif (not_asked := gates.not_for(deal)) is not None:
        GateNotAsked.objects.create(visit=visit, gate=not_asked, at=now())
    visit.left_at = now()
    written.update(visit, "left_at")
    if target is None:
        Closing.objects.create(deal=deal, outcome=WON, at=now())
        touch(deal)
        recount(deal)
        won = {"version": deal.version} | ({"lines": lines} if lines else {})
        ended = record("deals.deal_won", by=by, objects={"deal": deal}, scopes=[deal], data=won)
        left(asked, ended, deal)
        part_gone(ended, by, deal)
        return deal
    deal.stage = target
    touch(deal, "stage")
    written.insert([StageVisit(deal=deal, stage=target, entered_at=now())])
    there = entered(by, deal, target, lines)
    left(asked, there, deal)
    begin_handover(there, deal)
    return deal


@verb
def move_back(*, by: Actor, deal: Deal, version: int, to: str, reason: str) -> Deal:
    """Back to an earlier stage, with a reason, whatever the stages ask on the way in or out. Entering it again raises only what it never
    called before."""
    deal = fresh(by, deal, version)
    target = Stage.objects.filter(version=deal.process_id, code=to, position__lt=deal.stage.position).first()
    if target is None:
        raise wrong("to", _("Choose one of the earlier stages of this deal's process."))
    reason = text("reason", reason, most=1000)
    asked = leaving(deal)
    StageVisit.objects.filter(deal=deal, left_at__isnull=True).update(left_at=now())
    deal.stage = target
    if target.step in deal.steps_left_out:
        needed_again(by, deal, [target.step])
    touch(deal, "stage", "left_out")
    StageVisit.objects.create(deal=deal, stage=target, entered_at=now())
    data = {"stage": words(target), "reason": reason, "version": deal.version}
    reversed_ = record("deals.stage_reversed", by=by, objects={"deal": deal}, scopes=[deal], data=data)
    left(asked, reversed_, deal)
    begin_handover(entered(by.because(reversed_), deal, target), deal)
    return deal
