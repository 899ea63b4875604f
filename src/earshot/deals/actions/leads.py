"""Verbs on leads: anybody records one, in any role (A16.4a); somebody answers for it from then on; it becomes a deal under its number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from earshot.accounts import queries as accounts
from earshot.accounts.actions import keep_contact, open_account
from earshot.accounts.models import Account, Contact
from earshot.clocks import actions as clocks
from earshot.deals import lead_rules, leads, queries
from earshot.deals.actions.opening import open_deal
from earshot.deals.actions.writing import open_and_not_stale, touch
from earshot.deals.lead_tables import (
    DEAL,
    NEW,
    REFUSED,
    RESULTS,
    TAKEN,
    Lead,
    LeadCorrection,
    LeadFinding,
    LeadRated,
    LeadSought,
    LeadStep,
    LeadTurn,
    LeadWords,
)
from earshot.deals.models import Deal
from earshot.journal.actions import record, verb
from earshot.journal.actors import IMPORT, Actor
from earshot.journal.kinds import ref
from earshot.journal.models import Entry
from earshot.journal.numbers import next_number
from earshot.journal.queries import tell
from earshot.journal.repeats import earlier
from earshot.kit import now, uuid7
from earshot.kit.engine import locks
from earshot.kit.names import index_of
from earshot.kit.problems import Line, Refusal, Together, forbidden, missing, say, stale, wrong
from earshot.kit.ruling import permissive
from earshot.kit.texts import TITLE, believable, day, text
from earshot.people.actors import personally
from earshot.people.models import Person, Unit
from earshot.people.queries import roles_of
from earshot.playbooks import book
from earshot.playbooks.queries import category as category_in_force

SAME_WORDS_WITHIN = timedelta(hours=12)
NAME, REASON, FOUND, WHAT = 100, 1000, 1000, 300


@verb
def record_lead(
    *,
    by: Actor,
    words: str,
    source: str = "",
    account: Account | None = None,
    customer: str = "",
    speaker: str = "",
    speaker_title: str = "",
    said_at: datetime | None = None,
    heard: bool = True,
    category: str = "",
    role: str = "",
    id: UUID | None = None,
) -> Lead:
    """Something that was heard and may become a deal, by anybody, in any role. `words`: to the letter, never changed. `source`: a code
    of the playbook. `account`, or what the `customer` is called. `heard`: by oneself, from the speaker. `category`: what it is about,
    empty: not told. `role`: for which of one's own roles. The same `id` again, and the very same words within twelve hours, give the
    first one back.

    Who answers for it follows by rule (`lead_rules.first_owner`); unless that is the reporter, it waits to be taken up, under a limit."""
    person = personally(by)
    if known := earlier(Lead, id, lambda lead: lead.reporter_id == person.pk):
        return known
    each = Together()
    kind = each(_source, source)
    said = _said(each, words, customer, speaker, speaker_title, said_at, category, named=account is None)
    own = roles_of(person)
    each(_role, role, own)
    each.refuse()
    if account is not None and not accounts.sees(person, account):
        raise missing()
    locks.hold(f"leads of {person.pk}")
    if twin := leads.same_again(person, words, said.customer, account, now() - SAME_WORDS_WITHIN):
        return twin
    if account is not None:
        account = Account.objects.select_related("owner", "unit").get(pk=account.pk)
    owner = leads.owner_from_birth(account, person)
    lead = Lead(id=id or uuid7(), source=kind, reporter=person, account=account, owner=owner, state=TAKEN if owner == person else NEW)
    lead.origin = lead_rules.role_of_origin(own, list(book.in_force().process.roles), role)
    said.heard = heard
    objects = _write(by, lead, said, turned_by=person)
    entry = record("deals.lead_recorded", by=by, objects=objects, scopes=[lead], data={"version": 1})
    _wait_for_owner(entry, lead)
    return lead


@verb
def bring_in_lead(
    *,
    by: Actor,
    outside_id: str,
    words: str,
    source: str,
    customer: str,
    account: Account | None,
    reporter: Person,
    named: bool = True,
    speaker: str = "",
    speaker_title: str = "",
    said_at: datetime | None = None,
    category: str = "",
) -> Lead:
    """A lead from a list of another system, of which nobody here has done anything yet (law 13): it waits to be taken up by whoever
    answers for it by the same rule, from now on, and nobody has heard it in person. `reporter`: whom the list names for it; not `named`:
    whoever handed in the list named him or her for all of it, so that it counts for no role."""
    only_by_an_import(by)
    each = Together()
    kind = each(_source, source)
    said = _said(each, words, customer, speaker, speaker_title, said_at, category, named=True)
    each.refuse()
    owner = leads.owner_from_birth(account, reporter)
    lead = Lead(id=uuid7(), source=kind, reporter=reporter, account=account, owner=owner, state=NEW, outside_id=outside_id)
    if named:
        lead.origin = lead_rules.role_of_origin(roles_of(reporter), list(book.in_force().process.roles), "")
    objects = _write(by, lead, said, turned_by=None) | {"reporter": reporter}
    entry = record("deals.lead_brought_in", by=by, objects=objects, scopes=[lead], data={"version": 1})
    _wait_for_owner(entry, lead)
    return lead


@permissive("anybody records in the name of anybody", lambda by: None)
def only_by_an_import(by: Actor) -> None:
    if by.kind != IMPORT:
        raise forbidden("lead.only_import", _("Only an import brings in a lead in the name of somebody else."))


def _said(
    each: Together,
    words: str,
    customer: str,
    speaker: str,
    speaker_title: str,
    said_at: datetime | None,
    category: str,
    *,
    named: bool,
) -> LeadWords:
    """The words with what is told beside them, heard by nobody in person yet. `named`: what the customer is called must be told."""
    each(text, "words", words)
    said = LeadWords(
        words=words,
        said_at=said_at,
        customer=each(text, "customer", customer, most=TITLE, required=named),
        speaker_name=each(text, "speaker", speaker, most=NAME, required=False),
        speaker_title=each(text, "speaker_title", speaker_title, most=NAME, required=False),
        heard=False,
        category=each(_category, category),
    )
    each(_heard_at, said_at)
    return said


def _write(by: Actor, lead: Lead, said: LeadWords, *, turned_by: Person | None) -> dict[str, Any]:
    """The planned lead, written: with its number, its words and its birth. What an entry of that touches, by part."""
    lead.number, lead.recorded_at = next_number("D"), now()
    lead.reporter_unit, lead.unit = lead.reporter.unit, _home(lead.account, lead.owner, lead.reporter)
    lead.save(force_insert=True)
    said.lead = lead
    if lead.account is not None and said.speaker_name:
        said.speaker = keep_contact(by, lead.account, said.speaker_name, said.speaker_title)
    said.save(force_insert=True)
    _keep_sought(lead, texts=[lead.number], names=[said.customer, said.speaker_name])
    _keep_sought(lead, texts=[said.words])
    _turn(lead, turned_by)
    return {"lead": lead, "owner": lead.owner} | _parts(lead.account, said.speaker)


def _keep_sought(lead: Lead, *, texts: Sequence[str], names: Sequence[str] = ()) -> None:
    """By what the lead is found from now on."""
    if found_by := index_of(names, texts):
        LeadSought.objects.create(lead=lead, words=found_by)


def _source(code: str) -> str:
    known = leads.sources()
    if code not in known and (code or known):
        raise wrong("source", _("Choose where the lead comes from."))
    return code


def _category(code: str) -> str:
    return category_in_force(code).code if code else ""


def _role(role: str, held: set[str]) -> None:
    if role and role not in held:
        raise wrong("role", _("You do not hold this role. Choose one of your own."))


def _heard_at(said_at: datetime | None) -> None:
    if said_at is not None and not believable(said_at, now()):
        raise wrong("said_at", _("Give the time at which it was said; it does not lie in the future."))


def _home(account: Account | None, owner: Person, reporter: Person) -> Unit:
    """Where the lead is answered for: its account's unit, else the owner's, else the reporter's, else the top of the company."""
    home = (
        (account.unit if account else None)
        or owner.unit
        or reporter.unit
        or Unit.objects.filter(parent__isnull=True).order_by("pk").first()
    )
    if home is None:
        raise Refusal("lead.no_unit", _("There is no unit that could answer for a lead. An administrator adds one first."))
    return home


def _parts(account: Account | None, contact: Contact | None = None) -> dict[str, Any]:
    return ({"account": account} if account else {}) | ({"contact": contact} if contact else {})


def _turn(lead: Lead, person: Person | None, reason: str = "") -> None:
    LeadTurn.objects.create(lead=lead, state=lead.state, owner=lead.owner, person=person, reason=reason, at=now())


def _wait_for_owner(entry: Entry, lead: Lead) -> None:
    """The time to take it up runs from here, where the playbook sets one."""
    level = book.in_force().serving("lead")
    if lead.state == NEW and level is not None:
        clocks.start("lead", [lead.pk], level, unit=lead.unit, because=entry)


def _fresh(
    by: Actor, lead: Lead, version: int | None, *, decides: bool = False, joins: bool = False, refused: bool = False
) -> tuple[Person, Lead]:
    """The person and the lead as it stands now, locked; refused when it is closed, stale, or not the person's to act on. `version` None:
    the act stands beside what others do. `joins`: it is to be part of a deal, which is decided by who answers for it once that is taken up.
    `refused`: it must be one that was refused."""
    person = personally(by)
    leads.lock(lead.pk)
    lead = leads.as_it_stands(lead.pk)
    if not leads.sees(person, lead):
        raise missing()
    decides = decides or (joins and lead.state != NEW)
    may = leads.may_decide if decides else leads.may_work
    if not may(person, lead):
        sentence = (
            _("Only who answers for the lead, or a head above, decides what becomes of it.")
            if decides
            else _("You may read this lead, but only who recorded it, who answers for it or for the customer, and their heads work on it.")
        )
        raise forbidden("lead.not_yours", sentence, ref(lead))
    if version is not None and version != lead.version:
        lines = [Line("lead.changed", told.sentence, about=ref(lead)) for told in tell(leads.changes_since(lead, version))]
        raise stale(_("Somebody changed this lead after you opened it. Look at what changed and try again."), lines, ref(lead))
    if refused and lead.state != REFUSED:
        raise Refusal("lead.not_refused", say(_("{lead} has not been refused."), lead=lead.number), about=ref(lead), status=409)
    if not refused and lead_rules.is_closed(lead.state):
        raise Refusal("lead.closed", say(_("{lead} is closed."), lead=lead.number), about=ref(lead), status=409)
    return person, lead


def _touch(lead: Lead, *fields: str) -> dict[str, Any]:
    """Write these fields, raise the version, and what an entry says of that."""
    lead.version += 1
    lead.save(update_fields=[*fields, "version"])
    return {"version": lead.version}


@verb
def take_up_lead(*, by: Actor, lead: Lead, version: int | None = None) -> Lead:
    """The person answers for the lead from now on and sees to it: who is asked to, or anybody else who works on it, while nobody has."""
    person, lead = _fresh(by, lead, version)
    if lead.state == TAKEN:
        if lead.owner_id == person.pk:
            return lead
        sentence = say(_("{name} has taken it up. Who answers for it hands it over."), name=lead.owner.name)
        raise Refusal("lead.taken", sentence, about=ref(lead), status=409)
    former = lead.owner
    lead.state, lead.owner = TAKEN, person
    if former.pk != person.pk:
        lead.unit = person.unit or lead.unit
    _turn(lead, person)
    data = _touch(lead, "state", "owner", "unit")
    objects = {"lead": lead, "owner": person} | ({"former": former} if former.pk != person.pk else {})
    entry = record("deals.lead_taken_up", by=by, objects=objects, scopes=[lead], data=data)
    clocks.meet([lead.pk], because=entry)
    return lead


@verb
def hand_lead(*, by: Actor, lead: Lead, to: Person, reason: str, version: int | None = None) -> Lead:
    """Another answers for the lead from now on, and is asked to take it up."""
    person: Person | None = None
    if by.is_personal:
        person, lead = _fresh(by, lead, version, decides=True)
    else:
        leads.lock(lead.pk)
        lead = leads.as_it_stands(lead.pk)
    reason = text("reason", reason, most=REASON)
    if to.left_at is not None:
        raise wrong("to", say(_("{name} is no longer with the company."), name=to.name))
    if to.pk == lead.owner_id:
        return lead
    former = lead.owner
    lead.owner, lead.state, lead.unit = to, TAKEN if to == person else NEW, to.unit or lead.unit
    _turn(lead, person, reason)
    data = _touch(lead, "owner", "state", "unit") | {"reason": reason}
    objects = {"lead": lead, "owner": to, "former": former}
    entry = record("deals.lead_handed", by=by, objects=objects, scopes=[lead], data=data)
    clocks.cancel([lead.pk], because=entry)
    _wait_for_owner(entry, lead)
    return lead


@verb
def correct_lead(*, by: Actor, lead: Lead, correction: str) -> LeadCorrection:
    """A correction stands beside the words; the words stay (law 1)."""
    person, lead = _fresh(by, lead, None)
    made = LeadCorrection.objects.create(lead=lead, text=text("correction", correction), person=person, at=now())
    _keep_sought(lead, texts=[made.text])
    record("deals.lead_corrected", by=by, objects={"lead": lead}, scopes=[lead])
    return made


@verb
def set_lead_account(
    *,
    by: Actor,
    lead: Lead,
    account: Account | None,
    version: int,
    customer: str = "",
    sector: str = "",
    another_customer: bool = False,
) -> Lead:
    """The customer of the lead is this account. `account` None: one is opened in the same act, called `customer`, in `sector`, and who
    answers for the lead answers for it (law 10); `another_customer`: the person has said that it is none of those whose names are alike.
    What the reporter called the customer stays beside the words."""
    person, lead = _fresh(by, lead, version)
    _name_customer(by, person, lead, account, customer, sector, another_customer)
    return lead


# What `open_account` calls its arguments → what they are called here.
OF_ACCOUNT = {"name": "customer", "another": "another_customer"}


def _name_customer(by: Actor, person: Person, lead: Lead, account: Account | None, customer: str, sector: str, another: bool) -> Account:
    """The account that is the lead's customer from now on: the one that was chosen, else one opened under the name."""
    if account is None and not customer.strip():
        raise wrong("account", _("Choose the customer, or write the name under which an account is opened."))
    if account is None:
        try:
            account = open_account(
                by=by, name=customer, sector=sector, owner=lead.owner, unit=lead.owner.unit or lead.unit, another=another
            )
        except Refusal as refusal:
            raise replace(refusal, fields={OF_ACCOUNT.get(name, name): said for name, said in refusal.fields.items()}) from None
    elif not accounts.sees(person, account):
        raise missing()
    if account.pk == lead.account_id:
        return account
    lead.account = Account.objects.select_related("owner", "unit").get(pk=account.pk)
    data = _touch(lead, "account")
    record("deals.lead_account_set", by=by, objects={"lead": lead, "account": lead.account}, scopes=[lead], data=data)
    return lead.account


@verb
def rate_lead(*, by: Actor, lead: Lead, rating: str, version: int, reason: str = "") -> Lead:
    """How warm the lead is, by the playbook; refused with a line for each thing that this rating demands and that is not known."""
    person, lead = _fresh(by, lead, version)
    row = leads.ratings().get(rating)
    if row is None:
        raise wrong("rating", _("Choose how warm it is."))
    reason = text("reason", reason, most=REASON, required=False)
    if lacking := lead_rules.unmet(row.demands, leads.known_of(lead)):
        lines = [Line(f"lead.{one}", lead_rules.MISSING[one][0], about=ref(lead)) for one in lacking]
        sentence = say(_("“{rating}” asks more than is known of this lead."), rating=row)
        raise Refusal("lead.rating_demands", sentence, lines=lines, about=ref(lead), status=409)
    if rating == lead.rating:
        return lead
    lead.rating = rating
    LeadRated.objects.create(lead=lead, rating=rating, reason=reason, person=person, at=now())
    data = _touch(lead, "rating") | {"rating": {"zh-hans": row.zh, "en": row.en}, "code": rating}
    record("deals.lead_rated", by=by, objects={"lead": lead}, scopes=[lead], data=data)
    return lead


@verb
def verify_lead(*, by: Actor, lead: Lead, found: str, result: str) -> LeadFinding:
    """The person has verified the lead: what he or she found, and whether it holds (`lead_tables.RESULTS`)."""
    person, lead = _fresh(by, lead, None)
    each = Together()
    found = each(text, "found", found, most=FOUND)
    each(_result, result)
    each.refuse()
    made = LeadFinding.objects.create(lead=lead, found=found, result=result, person=person, at=now())
    data = _touch(lead) | {"result": result, "found": found}
    record(f"deals.lead_{result}", by=by, objects={"lead": lead}, scopes=[lead], data=data)
    return made


def _result(result: str) -> None:
    if result not in RESULTS:
        raise wrong("result", _("Say whether it holds."))


@verb
def set_lead_step(*, by: Actor, lead: Lead, what: str, due: date | str | None, version: int) -> LeadStep:
    """What who answers for the lead does next, by the day `due`, from today on. The last one counts; those before stay."""
    person, lead = _fresh(by, lead, version)
    each = Together()
    what = each(text, "what", what, most=WHAT)
    until = each(day, "due", due, queries.today())
    each.refuse()
    made = LeadStep.objects.create(lead=lead, what=what, due=until, person=person, at=now())
    data = _touch(lead) | {"what": what, "due": until.isoformat()}
    record("deals.lead_step_set", by=by, objects={"lead": lead}, scopes=[lead], data=data)
    return made


@verb
def refuse_lead(*, by: Actor, lead: Lead, reason: str, version: int) -> Lead:
    """The lead is not followed up, with a reason."""
    person, lead = _fresh(by, lead, version, decides=True)
    reason = text("reason", reason, most=REASON)
    lead.state = REFUSED
    _turn(lead, person, reason)
    data = _touch(lead, "state") | {"reason": reason}
    entry = record("deals.lead_turned_down", by=by, objects={"lead": lead}, scopes=[lead], data=data)
    clocks.cancel([lead.pk], because=entry)
    return lead


@verb
def reopen_lead(*, by: Actor, lead: Lead, reason: str, version: int) -> Lead:
    """A lead that was refused is followed up after all, with a reason; who answers for it is asked to take it up."""
    person, lead = _fresh(by, lead, version, refused=True)
    reason = text("reason", reason, most=REASON)
    lead.state = TAKEN if lead.owner_id == person.pk else NEW
    _turn(lead, person, reason)
    data = _touch(lead, "state") | {"reason": reason}
    entry = record("deals.lead_reopened", by=by, objects={"lead": lead}, scopes=[lead], data=data)
    _wait_for_owner(entry, lead)
    return lead


@verb
def open_deal_of_lead(
    *,
    by: Actor,
    lead: Lead,
    version: int,
    title: str,
    goal: str = "",
    due: date | str | None = None,
    amount: str | Decimal | None = None,
    currency: str = "CNY",
    also: Sequence[Lead] = (),
    another: bool = False,
    account: Account | None = None,
    customer: str = "",
    sector: str = "",
    another_customer: bool = False,
) -> Deal:
    """The lead becomes a deal and gives it its number (B28.1a); who answers for the lead owns the deal. `also`: further leads that become
    the same deal; each keeps its own number and is linked. The words of each arrive on the deal as they were recorded. A lead that names
    no account yet gets one in the same act, by `account`, `customer`, `sector` and `another_customer`: see `set_lead_account`."""
    leads.lock(lead.pk, *(one.pk for one in also))
    person, lead = _fresh(by, lead, version, decides=True)
    plan: dict[str, Any] = {"title": title, "owner": lead.owner, "goal": goal, "due": due, "amount": amount, "currency": currency}
    plan |= {"another": another, "number": lead.number}
    each = Together()
    if lead.account is None:
        each(_name_customer, by, person, lead, account, customer, sector, another_customer)
    elif account is not None and account.pk != lead.account_id:
        each.fields["account"] = _("The lead names another customer. Change that on the lead first.")
    if each.fields:  # what is wrong with the deal is said in the same breath: without a customer it is never opened
        told = dict(each.fields)
        each(open_deal, by=by, account=None, **plan)
        each.fields = {name: said for name, said in each.fields.items() if name != "account"} | told
    each.refuse()
    others = [_joining(by, one, lead) for one in {one.pk: one for one in also if one.pk != lead.pk}.values()]
    deal = open_deal(by=by, account=lead.account, **plan)
    became = [lead, *others]
    for one in became:
        _becomes(person, one, deal)
    objects: dict[str, Any] = {"lead": became, "deal": deal}
    entry = record("deals.lead_became_deal", by=by, objects=objects, scopes=[*became, deal], data={"number": lead.number})
    clocks.meet([one.pk for one in became], because=entry)
    return deal


def _joining(by: Actor, lead: Lead, first: Lead) -> Lead:
    """A further lead that is to become the same deal, as it stands now."""
    _person, lead = _fresh(by, lead, None, joins=True)
    _same_customer(lead, first.account)
    return lead


def _same_customer(lead: Lead, account: Account | None) -> None:
    if lead.account is not None and account is not None and lead.account_id != account.pk:
        raise wrong("also", say(_("{lead} is of another customer."), lead=lead.number))


def _becomes(person: Person, lead: Lead, deal: Deal) -> None:
    lead.state, lead.deal = DEAL, deal
    _turn(lead, person)
    _touch(lead, "state", "deal")


@verb
def join_lead(*, by: Actor, lead: Lead, version: int, deal: Deal, deal_version: int | None = None) -> Deal:
    """The lead becomes part of a deal that is open already, and that the person works on; both keep their numbers, and the words arrive on
    the deal as they were recorded."""
    person, lead = _fresh(by, lead, version, joins=True)
    queries.lock(deal.pk)
    if not queries.visible_to(person).filter(pk=deal.pk).exists():
        raise missing()
    deal = queries.as_it_stands(deal.pk)
    if not queries.may_work(person, deal):
        sentence = _("You may read this deal, but only its owner, its team and the heads above it work on it.")
        raise forbidden("deal.not_yours", sentence, ref(deal))
    open_and_not_stale(deal, deal.version if deal_version is None else deal_version)
    if lead.account is not None and lead.account_id != deal.account_id:
        raise wrong("deal", say(_("{deal} is of another customer than the lead."), deal=deal.number))
    _becomes(person, lead, deal)
    touch(deal)
    data = {"version": deal.version}
    entry = record("deals.lead_joined", by=by, objects={"lead": lead, "deal": deal}, scopes=[lead, deal], data=data)
    clocks.meet([lead.pk], because=entry)
    return deal
