"""Saying what is done next on a deal."""

from __future__ import annotations

from datetime import date

from django.utils.translation import gettext_lazy as _

from earshot.deals import next_steps, queries
from earshot.deals.actions.writing import fresh, touch
from earshot.deals.decisions import NextStep
from earshot.deals.models import Deal
from earshot.journal.actions import record, verb
from earshot.journal.actors import Actor
from earshot.kit import now
from earshot.kit.problems import Together, wrong
from earshot.kit.texts import day, text
from earshot.people.actors import personally
from earshot.people.models import Person

WHAT = 300


@verb
def set_next_step(*, by: Actor, deal: Deal, version: int, what: str, due: date | str | None, doer: Person | None) -> NextStep:
    """What is done next, by the day `due`, from today on, by `doer`: the deal's owner or somebody of its team. It takes the place of the
    one before, which stays on record."""
    person = personally(by)
    deal = fresh(by, deal, version)
    each = Together()
    what = each(text, "what", what, most=WHAT) or ""
    until = each(day, "due", due, queries.today())
    who = each(_doer, deal, doer)
    each.refuse()
    step = NextStep.objects.create(deal=deal, what=what, due=until, doer=who, person=person, at=now())
    touch(deal)
    data = {"what": what, "due": step.due.isoformat(), "version": deal.version}
    record("deals.next_step_set", by=by, objects={"deal": deal, "doer": who}, scopes=[deal], data=data)
    return step


def _doer(deal: Deal, doer: Person | None) -> Person:
    if doer is None or not next_steps.doers(deal).filter(pk=doer.pk).exists():
        raise wrong("doer", _("Choose the deal's owner or somebody who sits on its team."))
    return doer


def hand_next_step(by: Actor, step: NextStep, to: Person, by_rule: bool) -> NextStep:
    """The same step by the same day, done by `to`; inside a verb that has judged who may hand over. Where `to` has no part in the deal:
    refused, or `by_rule` done by the deal's owner, who by then is somebody else than who hands over."""
    queries.lock(step.deal_id)
    deal = queries.as_it_stands(step.deal_id)
    doer = to if not by_rule or next_steps.doers(deal).filter(pk=to.pk).exists() else deal.owner
    cause = by.cause
    said_by = cause.person_id if cause is not None and cause.person_id is not None else step.person_id
    row = NextStep.objects.create(deal=deal, what=step.what, due=step.due, doer=_doer(deal, doer), person_id=said_by, at=now())
    touch(deal)
    data = {"what": row.what, "due": row.due.isoformat(), "version": deal.version}
    record("deals.next_step_set", by=by, objects={"deal": deal, "doer": doer}, scopes=[deal], data=data)
    return row
