"""Verbs on calls: raise (the process only), name, decline, take, deliver, send back, object, end by decision."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from earshot.calls import queries
from earshot.calls.models import Assignment, Call, Ending, Objection, Result, SharedCall
from earshot.calls.policies import QUALIFIED, STAGE_SAYS_SUPPORT
from earshot.clocks import actions as clocks
from earshot.clocks.models import Clock, Pause
from earshot.deals import queries as deals
from earshot.deals.conditions import note_standing
from earshot.deals.models import Deal
from earshot.deals.policies import standing
from earshot.journal.actions import record, verb
from earshot.journal.actors import IMPORT, Actor, process
from earshot.journal.kinds import ref
from earshot.journal.models import Entry
from earshot.journal.numbers import next_number
from earshot.journal.repeats import earlier
from earshot.kit import now, uuid7
from earshot.kit.engine import written
from earshot.kit.engine.prepared import Prepared
from earshot.kit.problems import Line, Refusal, forbidden, in_both, say, wrong
from earshot.kit.ruling import permissive
from earshot.kit.texts import text
from earshot.people.actors import personally
from earshot.people.models import Person, Unit, UnitAbove
from earshot.people.permits import OPERATE
from earshot.people.permits import holders as holders_of_permit
from earshot.people.queries import answerable_for, head_at_or_above, holders, is_head_at_or_above, unit_called
from earshot.playbooks import book
from earshot.playbooks import queries as playbook
from earshot.playbooks.models import BLOCK, POLICIES, PROCESS, SUPPORT, SupportItem, Trigger
from earshot.playbooks.parts.renamed import forgotten
from earshot.playbooks.registry import Coming
from earshot.teams.queries import sitting


@permissive("no call is raised", lambda entry: None)
def raise_for_stage(entry: Entry) -> None:
    """A reaction to a stage entered: raise what the trigger table in force says, whoever moved the deal and by whatever door.

    A support that this deal has been given already, or is waiting for, is not called twice. One with a condition is called where it
    holds, and where it cannot be judged: nobody suppresses a call by leaving a field empty (law 4).
    """
    rows = playbook.triggers(entry.data["stage_code"])
    if rows or "narrowed" in entry.data:
        deal = deals.row(entry.one("deal"))
        _raise_all(entry, deal, rows)
        note_standing(deal, rows)


@permissive("what was once not called is never called", lambda entry: None)
def raise_where_it_holds(entry: Entry) -> None:
    """A reaction to what may make a condition hold that did not when the stage was entered: the deal changed, the customer said
    something more, or somebody tried to leave the stage. What it calls for now is called now."""
    support = book.in_force().support
    if "narrowed" not in entry.data and not any(row.when for rows in support.triggers.values() for row in rows):
        return
    for pk in entry.parts().get("deal", []):
        deal = deals.row(pk)
        rows = support.triggers.get(deal.stage.code, ())
        if not hasattr(deal, "closing"):
            _raise_all(entry, deal, [row for row in rows if row.when])
            note_standing(deal, rows)


_SUPPORTS_CALLED = Prepared(lambda deal_id: Call.objects.filter(deal=deal_id).values_list("support_code"))
_SUPPORTS_SHARED = Prepared(lambda deal_id: SharedCall.objects.filter(deal=deal_id).values_list("call__support_code"))


def _raise_all(entry: Entry, deal: Deal, rows: Sequence[Trigger]) -> None:
    if not rows:
        return
    known = {code for (code,) in _SUPPORTS_CALLED.rows(deal.pk)}
    known |= set() if deal.whole_id is None else {code for (code,) in _SUPPORTS_SHARED.rows(deal.pk)}
    for trigger in queries.uncalled(rows, deal, known):
        _raise(entry, deal, trigger)


def _raise(entry: Entry, deal: Deal, trigger: Trigger) -> Call:
    support = trigger.support
    unit, accountable = who_owes(support)
    visit = deals.open_visit(deal)
    at = now()
    call = Call(
        id=uuid7(),
        number=next_number("C"),
        deal=deal,
        visit=visit,
        trigger=trigger,
        support_code=support.code,
        role=support.role_code,
        unit=unit,
        accountable=accountable,
        raised_at=at,
        prescribed_at=visit.entered_at if _imported(entry) else at,
    )
    written.insert([call])
    written.insert([Assignment(call=call, person=accountable, at=at)])
    raised = record(
        "calls.raised",
        by=process(trigger.cite()).because(entry),
        objects={"call": call, "deal": deal, "unit": unit, "assignee": accountable},
        scopes=[deal, call],
    )
    about = {call.pk: queries.subject(call, accountable)}
    clocks.start("call", [call.pk], playbook.service_level(support.service_level), unit=unit, because=raised, subjects=about)
    return call


def who_owes(support: SupportItem) -> tuple[Unit, Person]:
    """The unit that owes a support of the catalogue, and who answers for it there: a call raised now would name them."""
    unit = unit_called(support.unit_code)
    return unit, answerable_for(unit, support.role_code) or _operations(unit)


def _imported(entry: Entry) -> bool:
    return entry.actor_kind == IMPORT


def _operations(unit: Unit) -> Person:
    """A duty has an accountable person from birth (law 5): where the unit and all above it have neither holder nor head, it
    falls to sales operations, who appoint one."""
    person = Person.objects.filter(holders_of_permit(OPERATE)).order_by("pk").first()
    if person is None:
        sentence = _("{unit} owes a support, but nobody holds the role there, nobody heads it, and there are no operations.")
        raise Refusal("call.nobody", say(sentence, unit=unit.name))
    return person


@verb
def name_person(*, by: Actor, call: Call, person: Person) -> Assignment:
    """The accountable person or a head of the unit names another qualified one of the unit or one below it; the duty stays the
    unit's (law 5)."""
    someone = personally(by)
    call = _open(call)
    if someone.pk != call.accountable_id and not is_head_at_or_above(someone, call.unit):
        sentence = say(
            _("Only {name}, who is answerable, or a head of {unit} names somebody for this call."),
            name=call.accountable.name,
            unit=call.unit.name,
        )
        raise forbidden("call.not_answerable", sentence, ref(call))
    lacking = queries.lacking(call, person)
    asks = standing(call.deal)
    if lacking and asks.asks(QUALIFIED):
        # The row itself, so that the sentence names the role in the language in which it is read.
        named = [playbook.role(code) if code == call.role else code for code in lacking]
        what = format_lazy(", ".join("{}" for _code in named), *named)
        sentence = _("{name} is not qualified for this call; lacking: {what}.")
        if call.role in lacking:
            sentence = _("{name} is not qualified for this call; lacking in {unit} and the units below it: {what}.")
        if asks.blocks(QUALIFIED):
            raise wrong("person", say(sentence, name=person.name, unit=call.unit.name, what=what))
        objects = {"call": call, "deal": call.deal, "assignee": person}
        record("calls.not_qualified", by=by, objects=objects, scopes=[call.deal, call], data={"lacking": in_both(what)})
    return _assign(by, call, person, "calls.named", "")


def _assign(by: Actor, call: Call, person: Person, name: str, reason: str, *, former: Person | None = None) -> Assignment:
    live = Assignment.objects.filter(call=call, ended_at__isnull=True).first()
    if live and live.person_id == person.pk:
        return live
    if live:
        live.ended_at, live.end_reason = now(), reason
        live.save(update_fields=["ended_at", "end_reason"])
    fresh = Assignment.objects.create(call=call, person=person, at=now())
    objects = {"call": call, "deal": call.deal, "assignee": person, "unit": call.unit} | ({"former": former} if former else {})
    record(name, by=by, objects=objects, scopes=[call.deal, call], data={"reason": reason} if reason else {})
    return fresh


@permissive("the duty ends with the person", lambda **_: None)
@verb
def decline(*, by: Actor, call: Call, reason: str) -> Assignment:
    """A person may decline with cause; the unit may not: the duty goes to who answers for it, else to the next head."""
    person = personally(by)
    call = _open(call)
    live = _mine(person, call)
    reason = text("reason", reason, most=300)
    heir = call.accountable if call.accountable_id != person.pk and call.accountable.left_at is None else head_at_or_above(call.unit)
    if heir is None or heir.pk == live.person_id:
        sentence = _("Nobody above you answers for this call, so name another qualified person instead of declining.")
        raise Refusal("call.nobody_else", sentence, about=ref(call))
    return _assign(by, call, heir, "calls.declined", reason)


@verb
def take_call(*, by: Actor, call: Call) -> Assignment:
    """The assigned person's own act: "I do it"."""
    person = personally(by)
    call = _open(call)
    live = _mine(person, call)
    if live.taken_at is None:
        live.taken_at = now()
        live.save(update_fields=["taken_at"])
        record("calls.taken", by=by, objects={"call": call, "deal": call.deal}, scopes=[call.deal, call])
    return live


@verb
def deliver_result(*, by: Actor, call: Call, result: str, id: UUID | None = None) -> Result:
    """The result that the catalogue asks for; the clock stops. The same `id` again gives the first one back."""
    person = personally(by)
    if known := earlier(Result, id, lambda result: result.call_id == call.pk and result.person_id == person.pk):
        return known
    call = _open(call)
    live = _mine(person, call)
    kept = text("result", result)
    if live.taken_at is None:
        take_call(by=by, call=call)
    try:
        with transaction.atomic():
            made = Result.objects.create(id=id or uuid7(), call=call, person=person, text=kept, at=now())
    except IntegrityError:
        raise Refusal("call.delivered", _("This call has a result already."), about=ref(call), status=409) from None
    entry = record("calls.delivered", by=by, objects={"call": call, "deal": call.deal}, scopes=[call.deal, call])
    clocks.meet([call.pk], because=entry)
    return made


@verb
def return_result(*, by: Actor, call: Call, reason: str) -> None:
    """Done but useless is not done: who works on the deal sends the result back with a reason, and the duty is open again: of whoever
    did it, or, where that person may do it no more, of who answers for it now."""
    person = personally(by)
    call = _locked(call)
    _works_on_deal(person, call, _("Only those who work on the deal send a result back."))
    result = Result.objects.filter(call=call, returned_at__isnull=True).first()
    if result is None or hasattr(call.deal, "closing"):
        raise Refusal("call.no_result", _("There is no result to send back."), about=ref(call), status=409)
    reason = text("reason", reason, most=1000)
    result.returned_at, result.returned_by, result.return_reason = now(), person, reason
    result.save(update_fields=["returned_at", "returned_by", "return_reason"])
    data = {"reason": reason}
    entry = record("calls.returned", by=by, objects={"call": call, "deal": call.deal}, scopes=[call.deal, call], data=data)
    live = Assignment.objects.select_related("person").get(call=call, ended_at__isnull=True)
    for former in dict.fromkeys((live.person, call.accountable)):
        if not _may_still(former, call):
            _pass_on(process("calls.returned").because(entry), call, former, reason[:300])
    level = playbook.service_level(call.trigger.support.service_level)
    clocks.start("call", [call.pk], level, unit=call.unit, because=entry)


@verb
def object_to(*, by: Actor, call: Call, reason: str) -> Objection:
    """Say that the support is not needed, and why. Nothing stops: a head decides (law 4)."""
    person = personally(by)
    call = _open(call)
    _works_on_deal(person, call, _("Only those who work on the deal object to a call."))
    objection = Objection.objects.create(call=call, person=person, reason=text("reason", reason, most=1000), at=now())
    data = {"reason": objection.reason}
    record("calls.objected", by=by, objects={"call": call, "deal": call.deal}, scopes=[call.deal, call], data=data)
    return objection


@verb
def end_call(*, by: Actor, call: Call, reason: str) -> Ending:
    """A head of the deal's unit, or of one above it, decides that the duty ends without a result, by name and with a reason.
    The owing unit cannot release itself, and the seller cannot suppress."""
    person = personally(by)
    call = _open(call)
    _decides(person, call)
    ending = Ending.objects.create(call=call, person=person, reason=text("reason", reason, most=1000), at=now())
    Assignment.objects.filter(call=call, ended_at__isnull=True).update(ended_at=now(), end_reason=ending.reason[:300])
    data = {"reason": ending.reason}
    entry = record("calls.ended", by=by, objects={"call": call, "deal": call.deal}, scopes=[call.deal, call], data=data)
    clocks.cancel([call.pk], because=entry)
    return ending


@verb
def pause_call(*, by: Actor, call: Call, reason: str) -> Pause:
    """Who may end a call may let its time stand still, with a reason: the customer's site is closed, say. The unit that owes it
    cannot give itself time, nor can the seller."""
    call = _open(call)
    _decides(personally(by), call)
    return clocks.pause(by=by, kind="call", object_id=call.pk, reason=reason)


@verb
def resume_call(*, by: Actor, call: Call) -> Clock:
    """The time of a call runs on; what is still ahead is due later by as much working time as the pause took."""
    call = _open(call)
    _decides(personally(by), call)
    return clocks.resume(by=by, kind="call", object_id=call.pk)


def _decides(person: Person, call: Call) -> None:
    """A head of the deal's unit, or of one above it, who does not work on the deal: neither who owes it nor who sells decides."""
    if call.deal.owner_id == person.pk or sitting(call.deal.team_id).filter(pk=person.pk).exists():
        sentence = _("This is your own deal, so the next head above you decides on the time and the end of its calls.")
        raise forbidden("call.own_deal", sentence, ref(call))
    if not is_head_at_or_above(person, call.deal.unit):
        sentence = say(
            _("Only a head of {unit}, or of a unit above it, decides on the time and the end of a call."), unit=call.deal.unit.name
        )
        raise forbidden("call.not_entitled", sentence, ref(call))


def _locked(call: Call) -> Call:
    """The call as it stands now, its deal locked."""
    deals.lock(call.deal_id)
    return Call.objects.select_related("deal", "deal__unit", "unit", "accountable", "trigger__support").get(pk=call.pk)


def _open(call: Call) -> Call:
    """The call, locked; refused, with the one reason, once it has a result, was ended, or its deal is closed."""
    call = _locked(call)
    if not queries.open_calls().filter(pk=call.pk).exists():
        raise Refusal("call.closed", _why_closed(call), about=ref(call), status=409)
    return call


def _why_closed(call: Call) -> object:
    result = Result.objects.filter(call=call, returned_at__isnull=True).select_related("person").first()
    ending = Ending.objects.filter(call=call).select_related("person").first()
    if result is not None:
        return say(_("{number} has a result already, delivered by {name}."), number=call.number, name=result.person.name)
    if ending is not None:
        return say(
            _("{number} was ended by decision of {name}: {reason}"), number=call.number, name=ending.person.name, reason=ending.reason
        )
    return say(_("{number} is no longer owed: {deal} is closed."), number=call.number, deal=call.deal.number)


def _mine(person: Person, call: Call) -> Assignment:
    live = Assignment.objects.select_related("person").get(call=call, ended_at__isnull=True)
    if live.person_id != person.pk:
        raise forbidden("call.not_yours", say(_("This call is assigned to {name}."), name=live.person.name), ref(call))
    return live


def _works_on_deal(person: Person, call: Call, otherwise: object) -> None:
    served = [call.deal, *(row.deal for row in SharedCall.objects.filter(call=call).select_related("deal__unit", "deal__owner"))]
    if not any(deals.may_work(person, deal) for deal in served):
        raise forbidden("deal.not_yours", otherwise, ref(call))


def pass_on(entry: Entry) -> None:
    """A reaction to a post ended: who does or answers for open calls by that role, in that unit or one above it, and holds it there no
    more, passes them on to who answers for them now (law 5: somebody does at every moment). Whoever answers as head stays."""
    former = Person.objects.get(pk=entry.one("person"))
    owing = UnitAbove.objects.filter(unit=entry.one("unit")).values("above")
    doing = Assignment.objects.filter(call=OuterRef("pk"), person=former, ended_at__isnull=True)
    found = queries.open_calls().filter(Q(accountable=former) | Exists(doing), role=entry.data["role"], unit__in=owing)
    deals.lock(*found.order_by().values_list("deal_id", flat=True).distinct())
    for call in found.select_related("deal", "unit", "accountable").order_by("raised_at", "pk"):
        if not holders(call.role, call.unit).filter(pk=former.pk).exists():
            _pass_on(process("people.post_ended").because(entry), call, former, entry.data["reason"])


def _may_still(person: Person, call: Call) -> bool:
    """Whether the person may do or answer for the call as things stand: a holder of its role there, a head, or, where there is neither,
    the operations to whom it fell."""
    if person.left_at is not None:
        return False
    if holders(call.role, call.unit).filter(pk=person.pk).exists() or is_head_at_or_above(person, call.unit):
        return True
    return answerable_for(call.unit, call.role) is None and Person.objects.filter(holders_of_permit(OPERATE), pk=person.pk).exists()


def _pass_on(by: Actor, call: Call, former: Person, reason: str) -> None:
    """What the person did or answered for passes to who answers for it now."""
    heir = answerable_for(call.unit, call.role) or _operations(call.unit)
    answered = call.accountable_id == former.pk and heir.pk != former.pk
    if answered or call.accountable.left_at is not None:
        call.accountable = heir
        call.save(update_fields=["accountable"])
    does = Assignment.objects.filter(call=call, person=former, ended_at__isnull=True).exists()
    if does and call.accountable_id != former.pk:
        _assign(by, call, call.accountable, "calls.passed_on", reason, former=former)
    elif answered:
        objects = {"call": call, "deal": call.deal, "unit": call.unit, "assignee": heir, "former": former}
        record("calls.answered_for", by=by, objects=objects, scopes=[call.deal, call])


def hand_call(by: Actor, call: Call, former: Person, to: Person, reason: str, *, by_rule: bool) -> None:
    """Part of a hand-over: what the person does or answers for goes to the successor, if qualified; otherwise to who answers for it now,
    where `by_rule` allows it, and is refused by name where not (law 5: somebody does at every moment)."""
    call = _locked(call)
    if queries.lacking(call, to) and not is_head_at_or_above(to, call.unit):
        if not by_rule:
            raise wrong("to", say(_("{name} is not qualified for the call {call}."), name=to.name, call=call.number))
        _pass_on(by, call, former, reason)
        return
    if answered := call.accountable_id == former.pk:
        call.accountable = to
        call.save(update_fields=["accountable"])
    if Assignment.objects.filter(call=call, person=former, ended_at__isnull=True).exists():
        _assign(by, call, to, "calls.passed_on", reason, former=former)
    elif answered:
        objects = {"call": call, "deal": call.deal, "unit": call.unit, "assignee": to, "former": former}
        record("calls.answered_for", by=by, objects=objects, scopes=[call.deal, call])


SERVES_FIRST, SERVES_PART, SERVES_BOTH = "first", "part", "both"


@permissive("what is owed goes nowhere", lambda entry: None)
def divide_calls(entry: Entry) -> None:
    """A reaction: a part was taken out of a deal. Each open call serves the one, the other or both, as was chosen; where nothing was, both,
    if the playbook calls for it on the part too. What has a result counts for both. Where a call goes or stays alone and is called for on
    the other as well, the process calls it there: splitting suppresses no call (law 4)."""
    first = deals.as_it_stands(entry.one("deal"))
    part = deals.as_it_stands(UUID(entry.data["part_id"]))
    chosen: dict[UUID, str] = {UUID(pk): whom for pk, whom in entry.data["calls"].items()}
    there = queries.serving(first).select_related("trigger__support", "deal").order_by("raised_at", "pk")
    waiting = set(queries.open_calls().filter(pk__in=[call.pk for call in there]).values_list("pk", flat=True))
    if unknown := set(chosen) - waiting:
        sentence = say(_("A call that you chose is not open on {deal} any more. Look at it again."), deal=first.number)
        raise wrong(f"calls-{min(map(str, unknown))}", sentence)
    shared, moved, again = [], [], []
    for call in there:
        needed = queries.is_for(call.trigger, part)
        whom = SERVES_BOTH if call.pk not in waiting else chosen.get(call.pk, SERVES_BOTH if needed else SERVES_FIRST)
        if whom not in (SERVES_FIRST, SERVES_PART, SERVES_BOTH):
            raise wrong(f"calls-{call.pk}", _("Choose whether it stays, goes with the part, or serves both."))
        if whom == SERVES_PART and call.deal_id != first.pk:
            sentence = say(_("{call} is of {deal} and serves it too: it goes with nobody alone."), call=call.number, deal=call.deal.number)
            raise wrong(f"calls-{call.pk}", sentence)
        if whom == SERVES_BOTH:
            shared.append(call)
        elif whom == SERVES_PART:
            moved.append(call)
        if whom == SERVES_FIRST and needed:
            again.append((part, call.trigger))
        if whom == SERVES_PART and queries.is_for(call.trigger, first):
            again.append((first, call.trigger))
    SharedCall.objects.bulk_create([SharedCall(call=call, deal=part, at=now()) for call in shared])
    for call in moved:
        call.deal, call.came_with = part, first
    Call.objects.bulk_update(moved, ["deal", "came_with"])
    for call in moved:
        data = {"part": part.number, "first": first.number}
        record("calls.went_with", by=process("deals/split").because(entry), objects={"call": call}, scopes=[first, part, call], data=data)
    for deal, trigger in again:
        _raise(entry, deal, trigger)


@permissive("what is owed is left behind", lambda entry: None)
def bring_calls(entry: Entry) -> None:
    """A reaction: another deal was joined to this one. Its calls go on here, each owed as it was, beside those of the deal itself; what
    was called on either is not called again. What serves it beside a third deal serves this one now."""
    deal = deals.as_it_stands(entry.one("deal"))
    gone = UUID(entry.data["gone_id"])
    moved = list(Call.objects.filter(deal=gone).order_by("raised_at", "pk"))
    elsewhere = SharedCall.objects.filter(deal=gone).exclude(call__deal__in=[gone, deal.pk]).exclude(call__shared__deal=deal)
    SharedCall.objects.bulk_create([SharedCall(call_id=pk, deal=deal, at=now()) for pk in elsewhere.values_list("call_id", flat=True)])
    for call in moved:
        call.deal, call.came_with_id = deal, gone
    Call.objects.bulk_update(moved, ["deal", "came_with"])
    if moved:
        data = {"part": deal.number, "first": entry.data["gone"]}
        scopes = [deal, *moved]
        record("calls.went_with", by=process("deals/join").because(entry), objects={"call": moved}, scopes=scopes, data=data)


@permissive("what serves both stays where it was", lambda entry: None)
def end_with_deal(entry: Entry) -> None:
    """A reaction to a deal won or lost: its open duties end with it; their clocks stop. Those that serve another part of what was one deal
    go on there, as long as one of them is open."""
    ended = entry.one("deal")
    open_ids = set(Call.objects.filter(deal=ended).values_list("pk", flat=True))
    others = SharedCall.objects.filter(call__in=open_ids, deal__is_open=True).exclude(deal=ended)
    for shared in others.select_related("call", "deal").order_by("at", "pk"):
        if shared.call_id in open_ids:
            open_ids.discard(shared.call_id)
            call = shared.call
            call.deal, call.came_with = shared.deal, call.deal
            call.save(update_fields=["deal", "came_with"])
            data = {"part": shared.deal.number, "first": call.came_with.number}
            scopes = [call.came_with, shared.deal, call]
            record("calls.went_with", by=process(entry.verb).because(entry), objects={"call": call}, scopes=scopes, data=data)
    clocks.cancel(list(open_ids), because=entry)


def raise_missing(entry: Entry) -> None:
    """A later reaction to a support part put in force: open deals get the calls of the stage they stand in that the table now asks
    for and they never had. Done twice it is done once."""
    support = book.in_force().support
    waiting = Deal.objects.filter(is_open=True, stage__code__in=list(support.triggers))
    for pk in waiting.order_by("pk").values_list("pk", flat=True):
        deals.lock(pk)
        deal = deals.row(pk)
        _raise_all(entry, deal, support.triggers.get(deal.stage.code, ()))


def refuse_uncovered(coming: Coming) -> None:
    """What is asked of a support part before it is approved: every stage of every process that open deals will still follow must be
    spoken of, or calls would silently fall away for them (law 4, B20.3a), unless the company stands everywhere where silence only warns.
    Until its date comes, deals begin under the process in force."""
    _refuse_forgotten_sizes(coming)
    if not {SUPPORT, POLICIES} & set(coming.changed) or coming.choices.strictest(STAGE_SAYS_SUPPORT) != BLOCK:
        return
    tables = coming.tables[SUPPORT]
    spoken = {row["stage"] for name in ("triggers", "none_needed") for row in tables[name]}
    followed = set(Deal.objects.filter(is_open=True).values_list("process", flat=True).distinct())
    if coming.begins is not None:
        followed |= {pk for part, pk in book.in_force().versions.items() if part == PROCESS}
    lines = []
    for version in sorted(followed):
        process_ = book.process_of(version)
        for code, stage in process_.stages.items():
            if code not in spoken:
                sentence = say(
                    _("“{stage}” of {version}, which open deals follow, neither calls for support nor says that none is needed."),
                    stage=stage,
                    version=process_.version,
                )
                lines.append(Line("call.table_silent", sentence, about=ref(process_.version)))
    if lines:
        raise Refusal("playbook.uncovered", _("This support table would leave open deals without their calls."), lines=lines)


def _refuse_forgotten_sizes(coming: Coming) -> None:
    """A deal keeps the size that its own process gives it: while one follows that process, the table does not fall silent for it."""
    if not {SUPPORT, PROCESS} & set(coming.changed) or SUPPORT not in book.in_force().versions:
        return
    older = deals.tiers_followed() - {row["code"] for row in coming.tables[PROCESS].get("tiers", [])}
    standing_ = [
        {"stage": row.stage_code, "support": row.support.code, "when": row.when}
        for rows in book.in_force().support.triggers.values()
        for row in rows
    ]
    lines = [
        Line("call.size_forgotten", say(_("“{support}” at the stage “{stage}” no longer names the size “{tier}”."), **said))
        for stage, tier, support in sorted(forgotten(standing_, coming.tables[SUPPORT]["triggers"], older))
        for said in [{"support": support, "stage": stage, "tier": tier}]
    ]
    if lines:
        sentence = _("Open deals follow a process with sizes that this table no longer names: they would get no calls by it.")
        raise Refusal("playbook.size_forgotten", sentence, lines=lines)
