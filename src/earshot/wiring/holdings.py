"""What somebody can hold: how it is found, what it is called, and how it is handed over (A15.2b)."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from earshot.accounts.actions import hand_account
from earshot.accounts.models import Account
from earshot.calls import actions as calls
from earshot.calls.models import Assignment, Call
from earshot.calls.queries import open_calls
from earshot.deals import next_steps, risks
from earshot.deals.actions.handing import hand_deal
from earshot.deals.actions.leads import hand_lead
from earshot.deals.actions.risks import hand_risk
from earshot.deals.actions.stepping import hand_next_step
from earshot.deals.lead_tables import Lead
from earshot.deals.leads import handed_with
from earshot.deals.models import Deal
from earshot.deals.queries import still_open
from earshot.desk import saved
from earshot.journal.actions import record
from earshot.journal.actors import Actor
from earshot.journal.kinds import ref
from earshot.journal.models import Entry
from earshot.journal.queries import in_language
from earshot.people import absences
from earshot.people.models import Person, Unit
from earshot.people.registry import Holding, Owed
from earshot.talk.actions.messages import hand_messages
from earshot.talk.models import Recipient
from earshot.talk.queries.messages import places_of, unanswered
from earshot.teams.actions import hand_seat
from earshot.teams.models import Membership
from earshot.voice.ears import hand_ears
from earshot.voice.models import Ear
from earshot.voice.queries import ears_waiting_for


def _cause(by: Actor) -> Entry:
    assert by.cause is not None, "a hand-over has an entry that orders it"
    return by.cause


def _owed(holding: str, things: QuerySet[Any]) -> list[Owed]:
    return [Owed(holding, one.pk, str(one), ref(one)) for one in things]


def _accounts(person: Person) -> list[Owed]:
    return _owed("accounts", Account.objects.filter(owner=person).order_by("name", "pk"))


def _hand_accounts(by: Actor, ids: Collection[UUID], _former: Person, to: Person, reason: str, _by_rule: bool) -> None:
    for account in Account.objects.filter(pk__in=ids).order_by("pk"):
        hand_account(by=by, account=account, to=to, reason=reason)


def _deals(person: Person) -> list[Owed]:
    return _owed("deals", Deal.objects.filter(still_open(), owner=person).order_by("opened_at", "pk"))


def _hand_deals(by: Actor, ids: Collection[UUID], _former: Person, to: Person, reason: str, _by_rule: bool) -> None:
    for deal in Deal.objects.filter(pk__in=ids).order_by("pk"):
        hand_deal(by=by, deal=deal, to=to, reason=reason)


def _leads(person: Person) -> list[Owed]:
    return [Owed("leads", lead.pk, f"{lead.number} {lead.said}", ref(lead)) for lead in handed_with(person)]


def _hand_leads(by: Actor, ids: Collection[UUID], _former: Person, to: Person, reason: str, _by_rule: bool) -> None:
    for lead in Lead.objects.filter(pk__in=ids).order_by("pk"):
        hand_lead(by=by, lead=lead, to=to, reason=reason)


def _memberships(person: Person) -> QuerySet[Membership]:
    """Seats on teams of deals still open that do not go with the deal itself."""
    running = Deal.objects.filter(still_open()).values("team")
    rows = Membership.objects.filter(person=person, ended_at__isnull=True, seat__team__in=running)
    return rows.select_related("seat__team", "person").order_by("nominated_at", "pk")


def _seats(person: Person) -> list[Owed]:
    led = Deal.objects.filter(owner=person, team=OuterRef("seat__team"))
    rows = _memberships(person).exclude(Q(Exists(led)), seat__leader=True)
    return [Owed("seats", one.pk, str(one.seat), ref(one.seat.team)) for one in rows]


def _hand_seats(by: Actor, ids: Collection[UUID], former: Person, to: Person, reason: str, _by_rule: bool) -> None:
    for membership in _memberships(former).filter(pk__in=ids):
        hand_seat(by, membership, to, reason)


def _of_calls(person: Person) -> QuerySet[Call]:
    doing = Assignment.objects.filter(call=OuterRef("pk"), person=person, ended_at__isnull=True)
    rows = open_calls().filter(Q(accountable=person) | Exists(doing))
    return rows.select_related("deal", "unit", "accountable", "trigger__support").order_by("raised_at", "pk")


def _calls(person: Person) -> list[Owed]:
    return _owed("calls", _of_calls(person))


def _hand_calls(by: Actor, ids: Collection[UUID], former: Person, to: Person, reason: str, by_rule: bool) -> None:
    for call in _of_calls(former).filter(pk__in=ids):
        calls.hand_call(by, call, former, to, reason, by_rule=by_rule)


def _ears(person: Person) -> list[Owed]:
    return [Owed("ears", ear.pk, str(ear.item), ref(ear.item)) for ear in ears_waiting_for(person)]


def _hand_ears(by: Actor, ids: Collection[UUID], _former: Person, to: Person, _reason: str, _by_rule: bool) -> None:
    rows = Ear.objects.filter(pk__in=ids, ended_at__isnull=True).select_related("item__deal__unit", "person").order_by("since", "pk")
    hand_ears(_cause(by), list(rows), to)


def _messages(person: Person) -> list[Owed]:
    rows = list(unanswered().filter(person=person).select_related("message").order_by("message__posted_at", "pk"))
    places = places_of(one.message for one in rows)
    return [Owed("messages", one.pk, one.message.text[:100], ref(places[one.message.object_id].about)) for one in rows]


def _hand_messages(by: Actor, ids: Collection[UUID], _former: Person, to: Person, _reason: str, _by_rule: bool) -> None:
    hand_messages(_cause(by), list(Recipient.objects.filter(pk__in=ids).select_related("message")), to)


def _units(person: Person) -> list[Owed]:
    return _owed("units", Unit.objects.filter(head=person).order_by("name", "pk"))


def _hand_units(by: Actor, ids: Collection[UUID], former: Person, to: Person, _reason: str, _by_rule: bool) -> None:
    for unit in Unit.objects.filter(pk__in=ids).order_by("pk"):
        unit.head = to
        unit.save(update_fields=["head"])
        objects: dict[str, Any] = {"unit": unit, "person": to, "former": [former]}
        record("people.head_appointed", by=by, objects=objects, scopes=[unit, to])


def _steps(person: Person) -> list[Owed]:
    return [Owed("steps", one.pk, one.what, ref(one.deal)) for one in next_steps.of_doer(person)]


def _hand_steps(by: Actor, ids: Collection[UUID], former: Person, to: Person, _reason: str, by_rule: bool) -> None:
    for step in next_steps.of_doer(former).filter(pk__in=ids):
        hand_next_step(by, step, to, by_rule)


def _risks(person: Person) -> list[Owed]:
    return [Owed("risks", one.pk, in_language(one.line["sentence"]), ref(risks.deal_of(one))) for one in risks.held_by(person)]


def _hand_risks(by: Actor, ids: Collection[UUID], former: Person, to: Person, _reason: str, by_rule: bool) -> None:
    for line in risks.held_by(former):
        if line.pk in set(ids):
            hand_risk(by, line, to, by_rule)


def _views(person: Person) -> list[Owed]:
    return _owed("views", saved.shared_by(person))


def _hand_views(by: Actor, ids: Collection[UUID], former: Person, to: Person, _reason: str, _by_rule: bool) -> None:
    for view in saved.shared_by(former).filter(pk__in=ids).select_related("owner"):
        saved.hand_view(by, view, to)


def _deputies(person: Person) -> list[Owed]:
    return [Owed("deputy", one.pk, one.person.name, ref(one.person)) for one in absences.stood_in_for(person)]


def _hand_deputies(by: Actor, ids: Collection[UUID], former: Person, to: Person, _reason: str, by_rule: bool) -> None:
    for absence in absences.stood_in_for(former).filter(pk__in=ids):
        absences.hand_absence(by, absence, to, by_rule)


HOLDINGS = {
    "units": Holding(_("Heads the unit"), _units, _hand_units),
    "accounts": Holding(_("Answers for the account"), _accounts, _hand_accounts),
    "deals": Holding(_("Owns the deal"), _deals, _hand_deals),
    "leads": Holding(_("Answers for the lead"), _leads, _hand_leads),
    "seats": Holding(_("Has a seat"), _seats, _hand_seats),
    "calls": Holding(_("Owes the call"), _calls, _hand_calls),
    "ears": Holding(_("Has yet to hear"), _ears, _hand_ears),
    "messages": Holding(_("Is asked"), _messages, _hand_messages),
    "steps": Holding(_("Does the next step"), _steps, _hand_steps),
    "risks": Holding(_("Makes good"), _risks, _hand_risks),
    "deputy": Holding(_("Decides in the absence of"), _deputies, _hand_deputies),
    "views": Holding(_("Keeps a shared view"), _views, _hand_views),
}
