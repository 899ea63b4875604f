"""What an import would bring, counted before it is done; and what one brought."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from earshot.accounts.models import Account
from earshot.calls.actions import who_owes
from earshot.deals import leads, specialties
from earshot.deals.actions import CURRENCIES
from earshot.deals.lead_tables import Lead
from earshot.deals.models import Deal
from earshot.intake.leads import LeadsTaken
from earshot.intake.maps import AnyMap, LeadMap, Map, Names
from earshot.intake.models import Batch, Finding
from earshot.intake.rules import Taken
from earshot.people.models import Person, Unit
from earshot.playbooks import book
from earshot.playbooks.models import Trigger
from earshot.playbooks.queries import categories, triggers

AT_ONCE = 400  # names in one statement: what any engine takes


@dataclass(frozen=True)
class Owed:
    """So many calls, for one support, on one unit; `person` answers for them."""

    unit: Unit
    support: str
    person: Person
    count: int


@dataclass(frozen=True)
class Forecast:
    """What an import adds, and what of it is known from an earlier one. `calls`: what its open deals owe, by the table in force."""

    sellers: int
    sellers_known: int
    managers: int
    accounts: int
    accounts_known: int
    deals: int
    deals_known: int
    open: int
    without_account: int
    calls: list[Owed]

    @property
    def closed(self) -> int:
        return self.deals - self.open

    @property
    def owed(self) -> int:
        return sum(row.count for row in self.calls)


def names() -> Names:
    """What a map may name here: the company's units, and roles and stages of the process in force."""
    process = book.in_force().process
    return Names(
        set(Unit.objects.values_list("code", flat=True)), set(process.roles), set(process.stages), CURRENCIES, set(specialties.catalogue())
    )


def names_of_leads() -> Names:
    """What a map of leads may name here: people by id, or by a name or an address that nobody else bears, and codes of the playbook in
    force."""
    found = Person.objects.filter(left_at__isnull=True).values_list("pk", "name", "email")
    bearers: dict[str, set[UUID]] = {}
    for pk, name, email in found:
        for word in filter(None, (name, email)):
            bearers.setdefault(word, set()).add(pk)
    people = {word: next(iter(borne)) for word, borne in bearers.items() if len(borne) == 1} | {str(pk): pk for pk, _name, _email in found}
    return Names(lead_sources=set(leads.sources()), categories={row.code for row in categories()}, people=people)


def words_of_leads() -> dict[str, dict[str, str]]:
    """Sources and categories by every word under which the playbook in force knows them: code, Chinese, English."""
    found = {"lead_sources": leads.sources().values(), "categories": categories()}
    words = {key: {word: row.code for row in rows for word in (row.code, row.zh, row.en)} for key, rows in found.items()}
    return {key: by_word for key, by_word in words.items() if by_word}


def customers_called(words: AbstractSet[str]) -> dict[str, Account]:
    """Word → the account of exactly this name or number, where there is one alone."""
    asked, meant = sorted(words), defaultdict[str, list[Account]](list)
    for n in range(0, len(asked), AT_ONCE):
        part = asked[n : n + AT_ONCE]
        for row in Account.objects.filter(Q(name__in=part) | Q(number__in=part)).select_related("owner", "unit"):
            for word in {row.name, row.number} & words:
                meant[word].append(row)
    return {word: rows[0] for word, rows in meant.items() if len(rows) == 1}


@dataclass(frozen=True)
class LeadForecast:
    """How many leads an import adds, how many are known from an earlier one, how many of the new ones are of an account that is here, and
    who will answer for how many of them."""

    leads: int
    known: int
    of_accounts: int
    owners: list[tuple[Person, int]]


def forecast_leads(taken: LeadsTaken, map_: LeadMap) -> LeadForecast:
    """Counted before anything is done, by the rule of the room that brings them in; each reporter's head is asked for once."""
    here = known(Lead, map_)
    fresh = [lead for key, lead in taken.leads.items() if map_.outside_id(key) not in here]
    customers = customers_called({lead.customer for lead in fresh})
    people = Person.objects.select_related("unit").in_bulk({lead.reporter for lead in fresh})
    without_account = {reporter: leads.owner_from_birth(None, person) for reporter, person in people.items()}
    owners: Counter[Person] = Counter()
    for lead in fresh:
        account = customers.get(lead.customer)
        owners[account.owner if account else without_account[lead.reporter]] += 1
    of_accounts = sum(lead.customer in customers for lead in fresh)
    by_number = sorted(owners.items(), key=lambda one: (-one[1], one[0].name))
    return LeadForecast(len(fresh), len(taken.leads) - len(fresh), of_accounts, by_number)


def known(model: Any, map_: AnyMap) -> set[str]:
    """The outside ids of this source that are here already."""
    return set(model.objects.filter(outside_id__startswith=map_.outside_id("")).values_list("outside_id", flat=True))


def forecast(taken: Taken, map_: Map) -> Forecast:
    """Counted before anything is done. What a call would name, and whom, is asked of the room that raises it."""
    sellers, accounts, deals = known(Person, map_), known(Account, map_), known(Deal, map_)
    fresh = [deal for key, deal in taken.deals.items() if map_.outside_id(key) not in deals]
    still_open = [deal for deal in fresh if not deal.closing]
    fresh_sellers = _lacking(taken.sellers, sellers, map_)
    fresh_accounts = _lacking(taken.accounts, accounts, map_)
    calls = [_owed(trigger, count) for stage, count in Counter(deal.stage for deal in still_open).items() for trigger in triggers(stage)]
    return Forecast(
        sellers=fresh_sellers,
        sellers_known=len(taken.sellers) - fresh_sellers,
        managers=_lacking({row.manager for row in taken.sellers.values()} - {""} - set(taken.sellers), sellers, map_),
        accounts=fresh_accounts,
        accounts_known=len(taken.accounts) - fresh_accounts,
        deals=len(fresh),
        deals_known=len(taken.deals) - len(fresh),
        open=len(still_open),
        without_account=sum(not deal.account for deal in fresh),
        calls=calls,
    )


def _owed(trigger: Trigger, count: int) -> Owed:
    unit, person = who_owes(trigger.support)
    return Owed(unit, str(trigger.support), person, count)


def _lacking(keys: Iterable[str], present: set[str], map_: Map) -> int:
    return sum(map_.outside_id(key) not in present for key in keys)


def findings_by_code(batch: Batch) -> dict[str, int]:
    return dict(Finding.objects.filter(batch=batch).values_list("code").annotate(n=Count("pk")).order_by("code"))


def findings(batch: Batch) -> QuerySet[Finding]:
    return Finding.objects.filter(batch=batch).order_by("file", "line", "column")


def last_with_findings() -> Batch | None:
    return batches().filter(findings__isnull=False).first()


def batch(batch_id: UUID) -> Batch | None:
    return Batch.objects.filter(pk=batch_id).first()


def batches() -> QuerySet[Batch]:
    return Batch.objects.order_by("-started_at", "-pk")
