"""Taking a step over, and saying for whom the work waits and that it is there."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from earshot.clocks import actions as clocks
from earshot.deals import queries, waits
from earshot.deals.actions.writing import fresh, words
from earshot.deals.models import Deal, StageVisit
from earshot.deals.wait_tables import BLOCK, CLOSED, HANDOVER, MOVED, TAKEN, THERE, Wait
from earshot.journal.actions import record, verb
from earshot.journal.actors import Actor, process
from earshot.journal.kinds import ref
from earshot.journal.models import Entry
from earshot.kit import now
from earshot.kit.problems import Refusal, Together, forbidden, say, wrong
from earshot.kit.texts import text
from earshot.people.actors import personally
from earshot.people.models import Person, Unit
from earshot.playbooks import book
from earshot.playbooks.models import BLOCKED, HAND_OVER

REASON = 1000


def begin_handover(entry: Entry, deal: Deal) -> None:
    """The deal came into a stage (`entry`). A hand-over that was open has ended with its step; where another role answers for this one,
    it waits to be taken over from now on. No statement where one role answers for every step."""
    if not waits.hands_over(deal):
        return
    visits = list(StageVisit.objects.filter(deal=deal).select_related("stage").order_by("entered_at", "pk"))
    for row in Wait.objects.filter(deal=deal, kind=HANDOVER, until__isnull=True).select_related("visit__stage"):
        if row.visit is not None and row.visit.stage.step != visits[-1].stage.step:
            _end(process("deals/waits").because(entry), deal, row, MOVED)
    if (parties := waits.begun_by(deal, visits)) is None:
        return
    former, role = parties
    row = Wait.objects.create(deal=deal, kind=HANDOVER, visit=visits[-1], role=role, former_role=former, since=now())
    begun = record(
        "deals.handover_begun",
        by=process("deals/waits").because(entry),
        objects={"deal": deal, "wait": row},
        scopes=[deal],
        data={"role": words(role), "former": words(former)},
    )
    if (level := book.in_force().serving(HAND_OVER)) is not None:
        clocks.start("wait", [row.pk], level, unit=deal.unit, because=begun)


@verb
def take_over(*, by: Actor, deal: Deal) -> Wait:
    """Somebody who answers for the step that was begun takes the deal over; until then it waits. Once a hand-over."""
    person = personally(by)
    queries.lock(deal.pk)
    deal = queries.as_it_stands(deal.pk)
    row = Wait.objects.filter(deal=deal, kind=HANDOVER, until__isnull=True).select_related("role", "former_role").first()
    if row is None:
        raise Refusal("handover.none", _("Nothing waits to be taken over on this deal."), about=ref(deal), status=409)
    if not waits.may_take_over(person, deal, row):
        sentence = say(_("Only who answers for this step takes it over: {role}."), role=row.role)
        raise forbidden("handover.not_yours", sentence, ref(deal))
    return _end(by, deal, row, TAKEN, person)


@verb
def wait_for(*, by: Actor, deal: Deal, version: int, unit: Unit | None, person: Person | None = None, reason: str = "") -> Wait:
    """Who works on the deal says that the work waits for `unit`, for `person` of it where one is known, and why. From now on that is
    counted as blocked time, until it is there."""
    someone = personally(by)
    deal = fresh(by, deal, version)
    each = Together()
    if person is not None and person.left_at is not None:
        each(_refuse, "person", say(_("{name} is no longer with the company."), name=person.name))
    elif person is not None and person.pk == someone.pk:
        each(_refuse, "person", _("Nobody waits for him- or herself: name who has it."))
    if unit is None and person is not None:
        unit = person.unit
    if unit is None:
        each(_refuse, "unit", _("Choose the unit that has what is waited for."))
    elif person is not None and person.unit_id != unit.pk:
        each(_refuse, "person", say(_("{name} is not of {unit}."), name=person.name, unit=unit.name))
    reason = each(text, "reason", reason, most=REASON) or ""
    each.refuse()
    assert unit is not None
    if Wait.objects.filter(deal=deal, kind=BLOCK, unit=unit, reason=reason, until__isnull=True).exists():
        raise Refusal(
            "wait.said", say(_("That the work waits for {unit} so is said already."), unit=unit.name), about=ref(deal), status=409
        )
    row = Wait.objects.create(deal=deal, kind=BLOCK, unit=unit, person=person, reason=reason, raised_by=someone, since=now())
    objects = {"deal": deal, "wait": row, "unit": unit} | ({"person": person} if person is not None else {})
    entry = record(
        "deals.waits_for_person" if person is not None else "deals.waits_for",
        by=by,
        objects=objects,
        scopes=[deal],
        data={"reason": reason},
    )
    if (level := book.in_force().serving(BLOCKED)) is not None:
        clocks.start("wait", [row.pk], level, unit=unit, because=entry)
    return row


def _refuse(field: str, sentence: object) -> None:
    raise wrong(field, sentence)


@verb
def end_wait(*, by: Actor, wait: Wait, words: str) -> Wait:
    """What was waited for is there: said in words by who works on the deal, who was waited for, or a head of that unit."""
    person = personally(by)
    queries.lock(wait.deal_id)
    deal = queries.as_it_stands(wait.deal_id)
    row = Wait.objects.select_related("unit", "person", "role").get(pk=wait.pk)
    if not waits.may_end(person, deal, row):
        raise forbidden(
            "wait.not_yours", _("Only who works on the deal, who is waited for, or a head of that unit says that it is there."), ref(row)
        )
    if row.until is not None:
        raise Refusal("wait.ended", _("This has ended already."), about=ref(row), status=409)
    return _end(by, deal, row, THERE, person, text("words", words, most=REASON))


def end_waits(entry: Entry) -> None:
    """A reaction: the deal is closed, and nothing of it waits any more."""
    rows = Wait.objects.filter(deal=entry.one("deal"), until__isnull=True).select_related("deal", "unit", "person", "role")
    for row in rows:
        _end(process("deals/waits").because(entry), row.deal, row, CLOSED)


_TOLD = {
    TAKEN: "deals.handover_taken",
    THERE: "deals.wait_there",
    MOVED: "deals.handover_left",
    CLOSED: "deals.wait_closed",
}


def _end(by: Actor, deal: Deal, row: Wait, how: str, person: Person | None = None, said: str = "") -> Wait:
    row.until, row.ended, row.ended_by, row.words = now(), how, person, said
    row.save(update_fields=["until", "ended", "ended_by", "words"])
    data = {"words": said, "reason": row.reason, "role": words(row.role) if row.role is not None else ""}
    entry = record(_TOLD[how], by=by, objects={"deal": deal, "wait": row}, scopes=[deal], data=data)
    if how in (TAKEN, THERE):
        clocks.meet([row.pk], because=entry)
    else:
        clocks.cancel([row.pk], because=entry)
    return row
