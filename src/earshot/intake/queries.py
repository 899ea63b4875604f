"""What an import would bring, counted before it is done; and what one brought."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Count, QuerySet

from earshot.accounts.models import Account
from earshot.calls.actions import who_owes
from earshot.deals.actions import CURRENCIES
from earshot.deals.models import Deal
from earshot.intake.maps import Map, Names
from earshot.intake.models import Batch, Finding
from earshot.intake.rules import Taken
from earshot.people.models import Person, Unit
from earshot.playbooks import book
from earshot.playbooks.models import Trigger
from earshot.playbooks.queries import triggers


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
    return Names(set(Unit.objects.values_list("code", flat=True)), set(process.roles), set(process.stages), CURRENCIES)


def known(model: Any, map_: Map) -> set[str]:
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
