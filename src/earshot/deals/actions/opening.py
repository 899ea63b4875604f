"""Opening a deal, bringing one in, changing it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from babel.numbers import list_currencies
from django.utils.translation import gettext_lazy as _

from earshot.accounts import queries as accounts
from earshot.accounts.actions import may_act_for
from earshot.accounts.models import Account
from earshot.deals import queries, seats, specialties, wholes
from earshot.deals.actions.escalating import align, lapse_beside
from earshot.deals.actions.writing import entered, fresh, lapse_votes, narrowing, touch, words
from earshot.deals.models import Closing, Deal, StageVisit
from earshot.journal.actions import record, verb
from earshot.journal.actors import IMPORT, Actor
from earshot.journal.kinds import ref
from earshot.journal.models import Entry
from earshot.journal.numbers import next_number
from earshot.journal.repeats import earlier
from earshot.kit import now, texts, uuid7
from earshot.kit.engine import locks, written
from earshot.kit.problems import Refusal, Together, forbidden, missing, say, wrong
from earshot.kit.ruling import permissive
from earshot.kit.texts import TITLE, day, past, text
from earshot.people.actors import personally
from earshot.people.models import Person, Unit
from earshot.playbooks import book
from earshot.playbooks.models import Stage
from earshot.teams.actions import form_team

CURRENCIES = frozenset(list_currencies())
SAME_DEAL_WITHIN = timedelta(hours=12)
GOAL = 300


@verb
def open_deal(
    *,
    by: Actor,
    title: str,
    account: Account | None,
    owner: Person,
    goal: str = "",
    due: date | str | None = None,
    amount: str | Decimal | None = None,
    currency: str = "CNY",
    unit: Unit | None = None,
    services: Collection[str] = (),
    another: bool = False,
    number: str = "",
    id: UUID | None = None,
) -> Deal:
    """A new deal in the first stage of the process in force, with its team. The same `id` again gives the first one back.

    `goal`: what is to be achieved; `due`: by which day, from today on. Nothing is begun without both (A17.2c), in any profile.
    `services`: codes of its types of service. `account` None: not chosen yet, which is refused beside whatever else is wrong.
    `another`: the person has said that it is not the deal of the same title, for the same account and owner, that was opened a short
    while ago; without it, that is asked. `number`: of the lead that it was, which it carries on (B28.1a)."""
    if known := earlier(Deal, id, lambda deal: _is_seen(by, deal)):
        return known
    each = Together()
    title = each(text, "title", title, most=TITLE)
    goal, until = each(aim_of, goal) or "", each(until_of, due)
    each(_known_currency, currency)
    money = each(texts.amount, "amount", amount, currency)
    carries = each(specialties.chosen, services) or []
    customer = each(_chosen, account)
    each.refuse()
    if by.is_personal:
        _must_see(personally(by), customer)
        if owner.pk != by.person_id:
            may_act_for(personally(by), owner)
        if not another:
            _not_the_same_again(personally(by), title, customer, owner)
    plan = Deal(title=title, account=customer, owner=owner, amount=money, currency=currency, unit=unit or customer.unit)
    plan.goal, plan.due, plan.services, plan.number = goal, until, " ".join(carries), number
    deal, stage = _make(by, plan, id, now(), stage_code=None)
    data: dict[str, Any] = {"version": 1} | ({"services": carries} if carries else {})
    objects = {"deal": deal, "owner": owner, "account": customer}
    opened = record("deals.deal_opened", by=by, objects=objects, scopes=[deal], data=data)
    entered(by.because(opened), deal, stage)
    return deal


def _chosen(account: Account | None) -> Account:
    if account is None:
        raise wrong("account", _("Choose the customer."))
    return account


@permissive("a goal is not asked for", lambda goal: goal)
def aim_of(goal: str) -> str:
    return text("goal", goal, most=GOAL)


@permissive("a date is not asked for", lambda due: due or None)
def until_of(due: date | str | None) -> date:
    return day("due", due, queries.today())


def _known_currency(currency: str) -> str:
    if currency not in CURRENCIES:
        raise wrong("currency", say(_("There is no currency {code}. Write an ISO 4217 code such as CNY or USD."), code=currency))
    return currency


def _not_the_same_again(person: Person, title: str, account: Account, owner: Person) -> None:
    """Back in the browser, and saved once more: a second deal that nobody wanted. Two in the same second wait for each other."""
    locks.hold(f"deals of {owner.pk} for {account.pk}")
    twin = queries.just_opened(person, title, account, owner, now() - SAME_DEAL_WITHIN)
    if twin is not None:
        raise Refusal(
            "deal.same_again",
            say(_("“{title}” was opened for {account} a short while ago: {deal}."), title=twin.title, account=account, deal=twin.number),
            fields={"another": _("Say that this is another deal, or go on with the one that is there.")},
            about=ref(twin),
            status=409,
        )


def _must_see(person: Person, account: Account) -> None:
    if not accounts.sees(person, account):
        raise missing()


def _is_seen(by: Actor, deal: Deal) -> bool:
    return not by.is_personal or queries.visible_to(personally(by)).filter(pk=deal.pk).exists()


@verb
def bring_in_deal(
    *,
    by: Actor,
    title: str,
    account: Account | None,
    owner: Person,
    unit: Unit,
    stage_code: str,
    amount: str | Decimal | None,
    currency: str,
    outside_id: str,
    opened_at: datetime,
    closing: str = "",
    reason: str = "",
    closed_at: datetime | None = None,
    services: Collection[str] = (),
) -> Deal:
    """A deal from another system, as it stands there. A closed one raises nothing; an open one owes what its present stage
    calls, from now on."""
    if by.kind != IMPORT:
        raise forbidden("deal.only_import", _("Only an import brings in a deal in the middle of the process."))
    opened_at = past("opened_at", opened_at, now())
    plan = Deal(title=title, account=account, owner=owner, amount=texts.amount("amount", amount, currency), currency=currency, unit=unit)
    plan.outside_id, plan.services = outside_id, " ".join(specialties.chosen(services))
    deal, stage = _make(by, plan, None, opened_at, stage_code, closed=bool(closing))
    objects: dict[str, Any] = {"deal": deal, "owner": owner} | ({"account": account} if account else {})
    data = {"stage": words(stage), "version": 1} | ({"closing": closing} if closing else {})
    data |= {"services": deal.service_codes} if deal.services else {}
    if closing:
        ended = past("closed_at", closed_at or now(), now())
        Closing.objects.create(deal=deal, outcome=closing, reason=reason, at=ended)
        StageVisit.objects.filter(deal=deal).update(left_at=ended)
    brought = record("deals.deal_brought_in", by=by, objects=objects, scopes=[deal], data=data, claimed_at=opened_at)
    if not closing:
        entered(by.because(brought), deal, stage)
    return deal


def _make(
    by: Actor, deal: Deal, id: UUID | None, opened_at: datetime, stage_code: str | None, *, closed: bool = False
) -> tuple[Deal, Stage]:
    """The planned deal, written: with its number, its team and its first visit."""
    deal.title = text("title", deal.title, most=TITLE)
    _known_currency(deal.currency)
    if deal.owner.left_at is not None:
        raise wrong("owner", say(_("{name} is no longer with the company."), name=deal.owner.name))
    locks.hold(locks.POSTS, shared=True)
    process = book.in_force().process
    stage = process.stages.get(stage_code) if stage_code is not None else next(iter(process.stages.values()))
    if stage is None:
        raise wrong("stage", say(_("The process in force has no stage “{code}”."), code=stage_code))
    deal.id, deal.number = id or uuid7(), deal.number or next_number("D")
    deal.process, deal.stage, deal.opened_at = process.version, stage, opened_at
    leader = None if closed else deal.owner
    deal.team = form_team(by=by, name=deal.title, unit=deal.unit, seats=seats.wanted(deal), leader=leader)
    written.insert([deal])
    Closing._meta.get_field("deal").remote_field.set_cached_value(deal, None)  # known without asking: it is new
    written.insert([StageVisit(deal=deal, stage=stage, entered_at=opened_at)])
    return deal, stage


@verb
def change_deal(
    *,
    by: Actor,
    deal: Deal,
    version: int,
    title: str | None = None,
    account: Account | None = None,
    goal: str | None = None,
    due: date | str | None = None,
    amount: str | Decimal | None = None,
    currency: str | None = None,
) -> Deal:
    """Change what is given (None: left as it is). Refused when somebody changed the deal since `version`. A deal that has neither goal
    nor date yet gets both at once."""
    deal = fresh(by, deal, version)
    changes: dict[str, str] = {}
    each = Together()
    new = each(text, "title", deal.title if title is None else title, most=TITLE)
    goal, due = _given(deal, goal, due)
    aim = deal.goal if goal is None else each(aim_of, goal)
    until = deal.due if due is None or str(due) == str(deal.due) else each(until_of, due)
    now_in = each(_known_currency, deal.currency if currency is None else currency)
    money = deal.amount if amount is None else each(texts.amount, "amount", amount, now_in or "")
    each.refuse()
    if new != deal.title:
        changes["title"], deal.title = f"{deal.title} → {new}", new
    if account is not None and account.pk != deal.account_id:
        if by.is_personal:
            _must_see(personally(by), account)
        changes["account"], deal.account = f"{deal.account or '–'} → {account}", account
    if now_in != deal.currency:
        changes["currency"], deal.currency = f"{deal.currency} → {now_in}", now_in
    if money != deal.amount:
        changes["amount"], deal.amount = f"{deal.amount if deal.amount is not None else '–'} → {money}", money
    if aim != deal.goal:
        changes["goal"], deal.goal = f"{deal.goal or '–'} → {aim}", aim or ""
    if until != deal.due:
        changes["due"], deal.due = f"{deal.due or '–'} → {until}", until
    if not changes:
        return deal
    locks.hold(f"team:{deal.team_id}")
    if "currency" in changes and len(parts := wholes.open_parts(deal)) > 1:
        numbers = ", ".join(one.number for one in parts if one.pk != deal.pk)
        sentence = _("It was one deal with {numbers}, and is judged together with them: they stay in one currency while they are open.")
        raise wrong("currency", say(sentence, numbers=numbers))
    touch(deal, "title", "account", "currency", "amount", "goal", "due")
    if "amount" in changes:
        wholes.recount(deal)
    objects: dict[str, Any] = {"deal": deal} | ({"account": deal.account} if deal.account else {})
    data = {"changes": "; ".join(changes.values()), "fields": list(changes), "version": deal.version, **narrowing(deal)}
    changed = record("deals.deal_changed", by=by, objects=objects, scopes=[deal], data=data)
    if changes.keys() & {"account", "amount", "currency"}:
        lapse_votes(by.because(changed), deal, _("the customer or the amount is another now"))
        align(changed, deal)
    if "amount" in changes:
        lapse_beside(changed, by, deal)
    return deal


def _given(deal: Deal, goal: str | None, due: date | str | None) -> tuple[str | None, date | str | None]:
    """What is given of goal and date. Where the deal has neither, one of them asks for the other, and two empty ones are none."""
    if deal.due is not None:
        return goal, due
    return (goal or "", due or "") if goal or due else (None, None)


def refuse_seats_of_closed(entry: Entry) -> None:
    """A reaction to a nomination or its acceptance: nobody is brought onto the team of a deal that is closed."""
    deal = Deal.objects.filter(team=entry.one("team"), is_open=False).first()
    if deal is not None:
        raise Refusal("deal.closed", say(_("{deal} is closed."), deal=deal.number), about=ref(deal), status=409)
