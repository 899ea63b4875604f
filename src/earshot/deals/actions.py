"""Verbs on deals: open, change, move, vote, lose."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from babel.numbers import list_currencies
from django.utils.translation import gettext_lazy as _

from earshot.accounts import queries as accounts
from earshot.accounts.actions import may_act_for
from earshot.accounts.models import Account
from earshot.deals import gates, policies, queries, rules
from earshot.deals.models import LOST, WON, Closing, Deal, GatePass, StageVisit, Unjudged, Vote
from earshot.journal.actions import record, verb
from earshot.journal.actors import IMPORT, Actor, process
from earshot.journal.kinds import ref
from earshot.journal.models import Entry
from earshot.journal.numbers import next_number
from earshot.journal.queries import tell
from earshot.journal.repeats import earlier
from earshot.kit import now, texts, uuid7
from earshot.kit.engine import locks, written
from earshot.kit.problems import Line, Refusal, Together, forbidden, in_both, missing, say, stale, wrong
from earshot.kit.ruling import permissive
from earshot.kit.texts import TITLE, day, past, text
from earshot.people import permits
from earshot.people.actors import personally
from earshot.people.models import Person, Unit
from earshot.playbooks import book
from earshot.playbooks.models import Gate, Stage
from earshot.playbooks.queries import next_stage
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
    another: bool = False,
    id: UUID | None = None,
) -> Deal:
    """A new deal in the first stage of the process in force, with its team. The same `id` again gives the first one back.

    `goal`: what is to be achieved; `due`: by which day, from today on. Nothing is begun without both (A17.2c), in any profile.
    `account` None: not chosen yet, which is refused beside whatever else is wrong. `another`: the person has said that it is not the
    deal of the same title, for the same account and owner, that was opened a short while ago; without it, that is asked."""
    if known := earlier(Deal, id, lambda deal: _is_seen(by, deal)):
        return known
    each = Together()
    title = each(text, "title", title, most=TITLE)
    goal, until = each(_goal, goal) or "", each(_due, due)
    each(_known_currency, currency)
    money = each(texts.amount, "amount", amount, currency)
    customer = each(_chosen, account)
    each.refuse()
    if by.is_personal:
        _must_see(personally(by), customer)
        if owner.pk != by.person_id:
            may_act_for(personally(by), owner)
        if not another:
            _not_the_same_again(personally(by), title, customer, owner)
    plan = Deal(title=title, account=customer, owner=owner, amount=money, currency=currency, unit=unit or customer.unit)
    plan.goal, plan.due = goal, until
    deal, stage = _make(by, plan, id, now(), stage_code=None)
    opened = record(
        "deals.deal_opened", by=by, objects={"deal": deal, "owner": owner, "account": customer}, scopes=[deal], data={"version": 1}
    )
    _entered(by.because(opened), deal, stage)
    return deal


def _chosen(account: Account | None) -> Account:
    if account is None:
        raise wrong("account", _("Choose the customer."))
    return account


@permissive("a goal is not asked for", lambda goal: goal)
def _goal(goal: str) -> str:
    return text("goal", goal, most=GOAL)


@permissive("a date is not asked for", lambda due: due or None)
def _due(due: date | str | None) -> date:
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
) -> Deal:
    """A deal from another system, as it stands there. A closed one raises nothing; an open one owes what its present stage
    calls, from now on."""
    if by.kind != IMPORT:
        raise forbidden("deal.only_import", _("Only an import brings in a deal in the middle of the process."))
    opened_at = past("opened_at", opened_at, now())
    plan = Deal(title=title, account=account, owner=owner, amount=texts.amount("amount", amount, currency), currency=currency, unit=unit)
    plan.outside_id = outside_id
    deal, stage = _make(by, plan, None, opened_at, stage_code, closed=bool(closing))
    objects: dict[str, Any] = {"deal": deal, "owner": owner} | ({"account": account} if account else {})
    data = {"stage": _words(stage), "version": 1} | ({"closing": closing} if closing else {})
    if closing:
        ended = past("closed_at", closed_at or now(), now())
        Closing.objects.create(deal=deal, outcome=closing, reason=reason, at=ended)
        StageVisit.objects.filter(deal=deal).update(left_at=ended)
    brought = record("deals.deal_brought_in", by=by, objects=objects, scopes=[deal], data=data, claimed_at=opened_at)
    if not closing:
        _entered(by.because(brought), deal, stage)
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
    deal.team = form_team(by=by, name=deal.title, unit=deal.unit, seats=process.seats, leader=None if closed else deal.owner)
    deal.id, deal.number, deal.process, deal.stage, deal.opened_at = id or uuid7(), next_number("D"), process.version, stage, opened_at
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
    deal = _fresh(by, deal, version)
    changes: dict[str, str] = {}
    each = Together()
    new = each(text, "title", deal.title if title is None else title, most=TITLE)
    goal, due = _given(deal, goal, due)
    aim = deal.goal if goal is None else each(_goal, goal)
    until = deal.due if due is None or str(due) == str(deal.due) else each(_due, due)
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
    _touch(deal, "title", "account", "currency", "amount", "goal", "due")
    if changes.keys() & {"account", "amount", "currency"}:
        # Whoever has voted so far voted on something else.
        Vote.objects.filter(visit__deal=deal, visit__left_at__isnull=True, replaced_at__isnull=True).update(replaced_at=now())
    objects: dict[str, Any] = {"deal": deal} | ({"account": deal.account} if deal.account else {})
    data = {"changes": "; ".join(changes.values()), "fields": list(changes), "version": deal.version}
    record("deals.deal_changed", by=by, objects=objects, scopes=[deal], data=data)
    return deal


def _given(deal: Deal, goal: str | None, due: date | str | None) -> tuple[str | None, date | str | None]:
    """What is given of goal and date. Where the deal has neither, one of them asks for the other, and two empty ones are none."""
    if deal.due is not None:
        return goal, due
    return (goal or "", due or "") if goal or due else (None, None)


@verb
def move_on(*, by: Actor, deal: Deal, version: int, to: str | None = None) -> Deal:
    """Leave the stage forwards: through its gate, if it has one, into the next stage, or to *won* from the last one.

    `to`: code of the stage that the mover means; a stage further on is refused, naming what lies between. A shut gate
    refuses with a line for each condition, and that refusal stands in the journal.
    """
    deal = _fresh(by, deal, version)
    target = next_stage(deal.stage)
    if to is not None and (target is None or to != target.code):
        _refuse_target(deal, to)
    review = gates.review(deal)
    if review is not None and not review.open:
        raise _shut(by, deal, review)
    if review is None:
        _not_alone(deal)
    return _pass(by, deal, review, target)


def _not_alone(deal: Deal) -> None:
    """Out of its first stage, where no gate asks it, nobody carries a deal alone; where the policy only warns, the next gate's record
    says so (A1.1a)."""
    asks = policies.standing(deal)
    if deal.stage.position == 1 and asks.blocks(policies.NOT_ALONE):
        lines = [one.line for one in gates.of_team(deal, asks) if one.line.code == "team.alone"]
        if lines:
            sentence = _("This deal stays in its first stage until it has a team.")
            raise Refusal("deal.alone", sentence, lines=lines, about=ref(deal), status=409)


MOST_JUDGED = 100  # each is a whole review, in one transaction


@verb
def judge_again(*, by: Actor, name: str) -> int:
    """Sales operations have seen to a check or condition that could not be evaluated: it is tried again on every deal where it could
    not, the longest standing first, at most a hundred at once. Returns on how many it still cannot be."""
    permits.require(by, permits.OPERATE)
    live = Unjudged.objects.filter(name=name, ended_at__isnull=True)
    settled, left = [], live.count()
    for row in live.select_related("deal__stage", "deal__owner", "deal__account").order_by("since", "pk")[:MOST_JUDGED]:
        review = gates.review(row.deal)
        if review is None or not any(condition.name == name for condition in review.conditions):
            settled.append(row.pk)
    ended = live.filter(pk__in=settled).update(ended_at=now())
    left -= ended
    record("deals.judged_again", by=by, objects={}, data={"name": name, "n": ended, "left": left}, permission=permits.OPERATE)
    return left


def _refuse_target(deal: Deal, to: str) -> None:
    wanted = Stage.objects.filter(version=deal.process_id, code=to).first()
    if wanted is None:
        raise wrong("to", say(_("The process of this deal has no stage “{code}”."), code=to))
    between = Stage.objects.filter(version=deal.process_id, position__gt=deal.stage.position, position__lt=wanted.position)
    if rules.steps_skipped(deal.stage.position, wanted.position):
        lines = [Line("deal.stage_between", say(_("“{stage}” lies between."), stage=stage), about=ref(deal)) for stage in between]
        raise Refusal("deal.stage_skipped", say(_("A deal moves one stage at a time; “{stage}” comes later."), stage=wanted), lines=lines)
    raise wrong("to", say(_("“{stage}” is not ahead. Going back needs a reason."), stage=wanted))


def _shut(by: Actor, deal: Deal, review: gates.Review) -> Refusal:
    lines = [condition.line for condition in review.unmet]
    unjudged = [condition.name for condition in review.unmet if condition.name]
    data = {"gate": _words(review.gate), "count": len(lines), "lines": [line.spoken() for line in lines], "unjudged": unjudged}
    return Refusal(
        "gate.shut",
        say(_("The gate “{gate}” is shut: {count} conditions are not met."), gate=review.gate, count=len(lines)),
        lines=lines,
        about=ref(deal),
        entry={"name": "deals.gate_refused", "by": by, "objects": {"deal": deal}, "scopes": [deal], "data": data},
        status=409,
    )


def _pass(by: Actor, deal: Deal, review: gates.Review | None, target: Stage | None) -> Deal:
    visit = queries.open_visit(deal)
    if review is not None:
        lines = [condition.line.spoken() | {"met": condition.met, "warns": condition.warns} for condition in review.conditions]
        GatePass.objects.create(visit=visit, gate=review.gate, at=now(), lines=lines)
        opened = record(
            "deals.gate_opened", by=by, objects={"deal": deal}, scopes=[deal], data={"gate": _words(review.gate), "lines": lines}
        )
        by = by.because(opened)
    visit.left_at = now()
    written.update(visit, "left_at")
    if target is None:
        Closing.objects.create(deal=deal, outcome=WON, at=now())
        _touch(deal)
        record("deals.deal_won", by=by, objects={"deal": deal}, scopes=[deal], data={"version": deal.version})
        return deal
    deal.stage = target
    _touch(deal, "stage")
    written.insert([StageVisit(deal=deal, stage=target, entered_at=now())])
    _entered(by, deal, target)
    return deal


def _entered(by: Actor, deal: Deal, stage: Stage) -> Entry:
    """The entry that calls: whoever moved the deal, by whatever door, its reactions raise what the stage owes (law 4)."""
    data = {"stage": _words(stage), "stage_code": stage.code, "version": deal.version}
    return record("deals.stage_entered", by=by, objects={"deal": deal}, scopes=[deal], data=data)


@verb
def move_back(*, by: Actor, deal: Deal, version: int, to: str, reason: str) -> Deal:
    """Back to an earlier stage, with a reason. Entering it again raises only what it never called before."""
    deal = _fresh(by, deal, version)
    target = Stage.objects.filter(version=deal.process_id, code=to, position__lt=deal.stage.position).first()
    if target is None:
        raise wrong("to", _("Choose one of the earlier stages of this deal's process."))
    reason = text("reason", reason, most=1000)
    StageVisit.objects.filter(deal=deal, left_at__isnull=True).update(left_at=now())
    deal.stage = target
    _touch(deal, "stage")
    StageVisit.objects.create(deal=deal, stage=target, entered_at=now())
    data = {"stage": _words(target), "reason": reason, "version": deal.version}
    reversed_ = record("deals.stage_reversed", by=by, objects={"deal": deal}, scopes=[deal], data=data)
    _entered(by.because(reversed_), deal, target)
    return deal


@verb
def vote(*, by: Actor, deal: Deal, approves: bool, reason: str = "", version: int | None = None) -> Vote:
    """A decider's own vote at the gate before the deal, for every deciding role he or she holds there; a new one replaces the
    old. Refused while the voter has not heard a critical statement of the deal, naming each. The last vote needed opens the gate.

    `version`: of the deal that the voter saw; refused when it has changed or moved on since, so that a vote sent twice never lands
    on the next gate. None: as it stands now, for a door where nothing was shown.
    """
    person = personally(by)
    queries.lock(deal.pk)
    deal = queries.as_it_stands(deal.pk)
    if version is not None:
        _not_stale(deal, version)
    gate = gates.gate_of(deal)
    if gate is None or hasattr(deal, "closing"):
        raise Refusal("gate.none", _("There is no gate before this deal at present, so there is nothing to vote on."), about=ref(deal))
    roles = queries.roles_deciding(person, deal, gate)
    if not roles:
        raise forbidden(
            "vote.not_decider", say(_("You hold no role that decides at the gate “{gate}” of this deal."), gate=gate), ref(deal)
        )
    unheard = gates.not_ready(deal, [person])[person]
    asks = policies.standing(deal)
    if unheard and asks.blocks(policies.HEARD_BEFORE_VOTE):
        raise Refusal(
            "vote.not_heard",
            say(
                _("Hear first what the customer said; then your vote counts. Not heard by you yet: {count}."),
                count=len(unheard),
            ),
            lines=unheard,
            about=ref(deal),
            entry={
                "name": "deals.vote_refused",
                "by": by,
                "objects": {"deal": deal},
                "scopes": [deal],
                "data": {"gate": _words(gate), "count": len(unheard), "lines": [line.spoken() for line in unheard]},
            },
            status=409,
        )
    reason = text("reason", reason, most=1000, required=not approves or asks.blocks(policies.APPROVAL_SAYS_WHY))
    visit = queries.open_visit(deal)
    Vote.objects.filter(visit=visit, person=person, replaced_at__isnull=True).update(replaced_at=now())
    votes = Vote.objects.bulk_create(
        [Vote(visit=visit, gate=gate, role=role, person=person, approves=approves, reason=reason, at=now()) for role in roles]
    )
    data = {
        "gate": _words(gate),
        "choice": in_both(_("yes") if approves else _("no")),
        "approves": approves,
        "reason": reason,
        "unheard": len(unheard),
    }
    voted = record("deals.voted", by=by, objects={"deal": deal, "voter": person}, scopes=[deal], data=data)
    review = gates.review(deal)
    if approves and review is not None and review.open:
        _pass(process(f"{gate.version}/{gate.code}").because(voted), deal, review, next_stage(deal.stage))
    return votes[0]


@verb
def lose_deal(*, by: Actor, deal: Deal, version: int, reason: str) -> Deal:
    """The customer decided for another, or against buying: the reason is required."""
    deal = _fresh(by, deal, version)
    reason = text("reason", reason, most=1000)
    StageVisit.objects.filter(deal=deal, left_at__isnull=True).update(left_at=now())
    Closing.objects.create(deal=deal, outcome=LOST, reason=reason, at=now())
    _touch(deal)
    record("deals.deal_lost", by=by, objects={"deal": deal}, scopes=[deal], data={"reason": reason, "version": deal.version})
    return deal


def _fresh(by: Actor, deal: Deal, version: int) -> Deal:
    """The deal as it stands now, locked; refused when it is closed, stale, or not the actor's to work on."""
    queries.lock(deal.pk)
    deal = queries.as_it_stands(deal.pk)
    if by.is_personal:
        person = personally(by)
        if not queries.may_work(person, deal):
            sentence = _("You may read this deal, but only its owner, its team and the heads above it work on it.")
            raise forbidden("deal.not_yours", sentence, ref(deal))
    if hasattr(deal, "closing"):
        raise Refusal("deal.closed", say(_("{deal} is closed."), deal=deal.number), about=ref(deal), status=409)
    _not_stale(deal, version)
    return deal


def _not_stale(deal: Deal, version: int) -> None:
    if version != deal.version:
        changed = tell(queries.changes_since(deal, version))
        lines = [Line("deal.changed", told.sentence, about=ref(deal)) for told in changed]
        raise stale(_("Somebody changed this deal after you opened it. Look at what changed and try again."), lines, ref(deal))


def _touch(deal: Deal, *fields: str) -> None:
    """Write these fields of a deal that was read after it was locked, and raise its version."""
    deal.version += 1
    written.update(deal, "version", *fields)


def _words(row: Stage | Gate) -> dict[str, str]:
    return {"zh-hans": row.zh, "en": row.en}


def refuse_seats_of_closed(entry: Entry) -> None:
    """A reaction to a nomination or its acceptance: nobody is brought onto the team of a deal that is closed."""
    deal = Deal.objects.filter(team=entry.one("team"), closing__isnull=False).first()
    if deal is not None:
        raise Refusal("deal.closed", say(_("{deal} is closed."), deal=deal.number), about=ref(deal), status=409)
