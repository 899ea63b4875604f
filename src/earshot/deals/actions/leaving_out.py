"""A step that is not needed for a deal, and one that is needed after all."""

from __future__ import annotations

from collections.abc import Collection

from django.utils.translation import gettext_lazy as _

from earshot.deals import steps
from earshot.deals.actions.writing import fresh, touch
from earshot.deals.models import Deal
from earshot.deals.step_tables import StepNotNeeded
from earshot.journal.actions import record, verb
from earshot.journal.actors import Actor
from earshot.journal.kinds import ref
from earshot.kit import now
from earshot.kit.problems import Line, Refusal, forbidden, say, wrong
from earshot.kit.texts import text
from earshot.people.actors import personally
from earshot.playbooks import book
from earshot.playbooks.models import Step

REASON = 1000


@verb
def leave_out_step(*, by: Actor, deal: Deal, version: int, step: str, reason: str) -> StepNotNeeded:
    """Whoever answers for the step (where nobody does, who works on the deal), or a head above the deal who is not its owner, says that it
    is not needed, and why; the deal goes past it. Not the step that it is in, one behind it, the first or the last, nor one with a gate;
    a step in which the process calls somebody is left out by a head alone (law 4)."""
    person = personally(by)
    deal = fresh(by, deal, version)
    found = _step(deal, step)
    if found.code in deal.steps_left_out:
        sentence = say(_("That “{step}” is not needed is said already."), step=found)
        raise Refusal("step.left_out", sentence, about=ref(deal), status=409)
    if lines := steps.bars_leaving_out(deal, found):
        sentence = say(_("The step “{step}” cannot be left out."), step=found)
        raise Refusal("step.needed", sentence, lines=lines, about=ref(deal), status=409)
    if not steps.may_leave_out(person, deal, found):
        called = steps.calls_in(deal, found)
        sentence = (
            _("In “{step}” the process calls support: only a head above the deal, who is not its owner, leaves it out.")
            if called
            else _("Who answers for “{step}” says that it is not needed, or a head above the deal.")
        )
        raise forbidden("step.not_yours", say(sentence, step=found), ref(deal))
    reason = text("reason", reason, most=REASON)
    row = StepNotNeeded.objects.create(deal=deal, step=found.code, reason=reason, person=person, at=now())
    deal.left_out = " ".join([*deal.steps_left_out, found.code])
    touch(deal, "left_out")
    data = {"step": {"zh-hans": found.zh, "en": found.en}, "reason": reason, "version": deal.version}
    record("deals.step_left_out", by=by, objects={"deal": deal}, scopes=[deal], data=data)
    return row


@verb
def need_step(*, by: Actor, deal: Deal, version: int, step: str) -> Deal:
    """The step is needed after all; said as long as the deal has not gone past it. Later, one goes back into it."""
    personally(by)
    deal = fresh(by, deal, version)
    found = _step(deal, step)
    if found.code not in deal.steps_left_out:
        raise Refusal("step.not_left_out", say(_("“{step}” is not left out."), step=found), about=ref(deal), status=409)
    stages = [one for one in book.process_of(deal.process_id).stages.values() if one.step == found.code]
    if stages and stages[0].position < deal.stage.position:
        lines = [Line("step.behind", say(_("Go back to “{stage}”, with a reason: then it is needed again."), stage=stages[0]), ref(deal))]
        sentence = say(_("The deal has gone past “{step}” already."), step=found)
        raise Refusal("step.behind", sentence, lines=lines, about=ref(deal), status=409)
    needed_again(by, deal, [found.code])
    touch(deal, "left_out")
    return deal


def needed_again(by: Actor, deal: Deal, codes: Collection[str]) -> None:
    """These steps are left out no longer. The caller writes the deal (`left_out`)."""
    known = book.process_of(deal.process_id).steps
    person = personally(by) if by.is_personal else None
    StepNotNeeded.objects.filter(deal=deal, step__in=list(codes), ended_at__isnull=True).update(ended_at=now(), ended_by=person)
    deal.left_out = " ".join(code for code in deal.steps_left_out if code not in codes)
    for code in codes:
        row = known.get(code)
        data = {"step": {"zh-hans": row.zh, "en": row.en} if row else code, "version": deal.version + 1}
        record("deals.step_needed", by=by, objects={"deal": deal}, scopes=[deal], data=data)


def _step(deal: Deal, code: str) -> Step:
    found = book.process_of(deal.process_id).steps.get(code)
    if found is None:
        raise wrong("step", say(_("The process of this deal has no step “{code}”."), code=code.replace("\x00", "�")[:60]))
    return found
