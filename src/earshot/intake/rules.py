"""From rows to what will be brought in, pure: no query, no clock, no request.

A row with a bad value that it can do without is taken without it; a row that is nothing without the value is left out. Either
way the value is told, with its file, line and column, and kept with its row.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from django.utils.translation import gettext_lazy as _

from earshot.intake.maps import ACCOUNTS, DEALS, PRODUCTS, SELLERS, AnyMap, Map
from earshot.intake.tables import Bad, Row, Table
from earshot.kit import texts
from earshot.kit.problems import Refusal

# Code of a finding → what it says. Whether the row was brought in all the same stands beside it.
SENTENCES = {
    "column.missing": _("the column is missing"),
    "row.short": _("the row ends before this column"),
    "row.long": _("the row has more cells than the first line names"),
    "text.unreadable": _("it holds characters that cannot be read in the map's encoding"),
    "value.too_long": _("too long"),
    "value.empty": _("empty"),
    "value.twice": _("stands in an earlier row already"),
    "seller.unknown": _("nobody of this name is among the sellers"),
    "stage.unknown": _("the map knows no such stage"),
    "product.unknown": _("no such product"),
    "account.unknown": _("no such account; comes in as “account not known”"),
    "account.empty": _("no account; comes in as “account not known”"),
    "account.no_owner": _("nobody can own it: no seller has a deal with it, and nobody heads the unit of the map or one above"),
    "date.unreadable": _("not a date as the map writes dates"),
    "date.future": _("a date in the future"),
    "date.too_early": _("a date before 1990"),
    "date.before_opening": _("closed before it was opened"),
    "date.of_open_deal": _("a closing date on a deal that is open"),
    "amount.unreadable": _("not an amount from 0 to below 1,000,000,000,000 with at most two decimals"),
    "service.unknown": _("the map knows no such type of service"),
    "lead_source.unknown": _("no such source is known; comes in under the one for such rows"),
    "category.unknown": _("no such category is known"),
    "reporter.unknown": _("nobody of ours, or more than one, is called so; comes in under the name for such rows"),
    "row.twice": _("the same as an earlier row"),
    "row.refused": _("refused"),
}
MOST = {
    "id": 65,
    "seller": 100,
    "manager": 100,
    "office": 80,
    "product": 100,
    "account": 160,
    "sector": 100,
    "stage": 100,
    "customer": texts.TITLE,
    "speaker": 100,
    "speaker_title": 100,
    "source": 100,
    "category": 100,
    "reporter": 254,
}
# The name of a row of these tables is what deals call so: one alias and one length serve both.
CALLED = {SELLERS: "seller", ACCOUNTS: "account", PRODUCTS: "product"}


@dataclass(frozen=True)
class SellerIn:
    row: Row
    name: str
    office: str
    manager: str


@dataclass(frozen=True)
class AccountIn:
    """`owner`: the seller with most of its deals, by name; empty: it has none."""

    row: Row
    name: str
    sector: str
    owner: str = ""


@dataclass(frozen=True)
class DealIn:
    """`account` empty: not known. `stage`: code of our process; `services`: codes of our types of service. Dates None: not
    told, or not readable."""

    row: Row
    key: str
    title: str
    seller: str
    account: str
    stage: str
    closing: str
    reason: str
    amount: Decimal | None
    opened_at: datetime | None
    closed_at: datetime | None
    services: tuple[str, ...] = ()


@dataclass
class AnyTaken:
    """What was read of files of any kind. `rows`: how many of each table. `aliased`: (field, value, read as) → how often.
    `unknown_columns`: columns that the map does not speak of, as file:column."""

    rows: dict[str, int] = field(default_factory=dict)
    found: list[Bad] = field(default_factory=list)
    aliased: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    unknown_columns: list[str] = field(default_factory=list)


@dataclass
class Taken(AnyTaken):
    """Everything that the files say, in the order in which it is brought in."""

    sellers: dict[str, SellerIn] = field(default_factory=dict)
    accounts: dict[str, AccountIn] = field(default_factory=dict)
    deals: dict[str, DealIn] = field(default_factory=dict)


def take(tables: Mapping[str, Table], map_: Map, now: datetime) -> Taken:
    """Read every row by the map. `now`: the moment that no date may lie after."""
    taken = Taken(rows={name: len(table.rows) for name, table in tables.items()})
    taken.unknown_columns = [f"{table.file}: {column}" for table in tables.values() for column in table.unknown]
    products = _products(taken, tables.get(PRODUCTS), map_)
    _sellers(taken, tables[SELLERS], map_)
    _accounts(taken, tables[ACCOUNTS], map_)
    for row in tables[DEALS].rows:
        _deal(_DealCells(taken, tables[DEALS], row, map_), products, now)
    _owners(taken)
    taken.found = [bad for table in tables.values() for bad in table.missing] + taken.found
    return taken


class Cells:
    """The cells of one row by our fields, and what is found in them: at most one finding a cell, the first."""

    def __init__(self, taken: AnyTaken, table: Table, row: Row, map_: AnyMap) -> None:
        self.taken, self.table, self.row, self.map = taken, table, row, map_
        form = table.misshapen.get(row.line)
        self.found: dict[str, Bad] = {form.column: form} if form else {}

    def bad(self, name: str, code: str, value: str | None = None) -> None:
        column = self.table.column_of.get(name, name)
        if column not in self.found:
            self.found[column] = Bad(self.row, column, self.row.cells.get(column, "") if value is None else value, code)

    def has(self, name: str) -> bool:
        """Whether the file tells of this field at all."""
        return name in self.table.column_of

    def text(self, name: str) -> str:
        """The value, trimmed and read by the map's aliases; empty when there is none or it cannot be kept."""
        value = " ".join(self.row.cells.get(self.table.column_of.get(name, ""), "").split())
        kind = CALLED.get(self.table.kind, name) if name == "name" else name
        if value in self.map.aliases.get(kind, {}):
            alias = self.map.aliases[kind][value]
            self.taken.aliased[kind, value, alias] += 1
            value = alias
        if "�" in value or not storable(value):
            self.bad(name, "text.unreadable", value.replace("\x00", "�"))
            return ""
        if len(value) > MOST.get(kind, 100):
            self.bad(name, "value.too_long")
            return ""
        return value

    def required(self, name: str) -> str:
        value = self.text(name)
        if not value:
            self.bad(name, "value.empty")
        return value

    def date(self, name: str, now: datetime) -> datetime | None:
        value = self.text(name)
        if not value:
            return None
        try:
            moment = datetime.strptime(value, self.map.date).replace(tzinfo=self.map.zone)
        except ValueError:
            self.bad(name, "date.unreadable")
            return None
        if moment > now or moment.year < 1990:
            self.bad(name, "date.future" if moment > now else "date.too_early")
            return None
        return moment

    def close(self, *, brought_in: bool) -> None:
        self.taken.found += [replace(bad, brought_in=brought_in) for bad in self.found.values()]


class _DealCells(Cells):
    taken: Taken
    map: Map

    def amount(self, name: str) -> Decimal | None:
        try:
            return texts.amount(name, self.text(name), self.map.currency)
        except Refusal:
            self.bad(name, "amount.unreadable")
            return None

    def services(self) -> tuple[str, ...]:
        """The types of service that the cell names, several with a sign between them; a word that the map does not know is told."""
        words = [word.strip() for word in re.split(r"[、,，;；/|]", self.text("services")) if word.strip()]
        if unknown := [word for word in words if word not in self.map.services]:
            self.bad("services", "service.unknown", unknown[0])
        return tuple(dict.fromkeys(self.map.services[word] for word in words if word in self.map.services))


def storable(value: str) -> bool:
    try:
        texts.text("value", value, required=False)
    except Refusal:
        return False
    return True


def _products(taken: Taken, table: Table | None, map_: Map) -> set[str] | None:
    """The names of products; None: no file names them, so any name will do."""
    if table is None:
        return None
    names: set[str] = set()
    for row in table.rows:
        cells = Cells(taken, table, row, map_)
        name = cells.required("name")
        if name in names:
            cells.bad("name", "value.twice")
        cells.close(brought_in=bool(name) and name not in names)
        names |= {name} - {""}
    return names


def _sellers(taken: Taken, table: Table, map_: Map) -> None:
    for row in table.rows:
        cells = Cells(taken, table, row, map_)
        name, office, manager = cells.required("name"), cells.text("office"), cells.text("manager")
        for other, value in (("office", office), ("manager", manager)):
            if not value and cells.has(other):
                cells.bad(other, "value.empty")
        if name in taken.sellers:
            cells.bad("name", "value.twice")
        fresh = bool(name) and name not in taken.sellers
        cells.close(brought_in=fresh)
        if fresh:
            taken.sellers[name] = SellerIn(row, name, office, manager)


def _accounts(taken: Taken, table: Table, map_: Map) -> None:
    for row in table.rows:
        cells = Cells(taken, table, row, map_)
        name, sector = cells.required("name"), cells.text("sector")
        if name in taken.accounts:
            cells.bad("name", "value.twice")
        fresh = bool(name) and name not in taken.accounts
        cells.close(brought_in=fresh)
        if fresh:
            taken.accounts[name] = AccountIn(row, name, sector)


def _deal(cells: _DealCells, products: set[str] | None, now: datetime) -> None:
    taken, map_ = cells.taken, cells.map
    key, seller, stage_name = cells.required("id"), cells.required("seller"), cells.required("stage")
    stage = map_.stages.get(stage_name)
    if key in taken.deals:
        cells.bad("id", "value.twice")
    if seller and seller not in taken.sellers:
        cells.bad("seller", "seller.unknown")
    if stage_name and stage is None:
        cells.bad("stage", "stage.unknown")
    product, account = cells.text("product"), cells.text("account")
    if product and products is not None and product not in products:
        cells.bad("product", "product.unknown")
        product = ""
    elif not product and cells.has("product"):
        cells.bad("product", "value.empty")
    if account and account not in taken.accounts:
        cells.bad("account", "account.unknown")
        account = ""
    elif not account and cells.has("account"):
        cells.bad("account", "account.empty")
    opened_at, closed_at, amount = cells.date("opened_on", now), cells.date("closed_on", now), cells.amount("amount")
    services = cells.services()
    if stage is not None:
        for name, value in (("opened_on", opened_at), ("closed_on", closed_at), ("amount", amount)):
            if value is None and name in stage.expects and cells.has(name):
                cells.bad(name, "value.empty")
        if closed_at is not None and not stage.closing:
            cells.bad("closed_on", "date.of_open_deal")
            closed_at = None
    if opened_at and closed_at and closed_at < opened_at:
        cells.bad("closed_on", "date.before_opening")
        closed_at = None
    whole = bool(key) and key not in taken.deals and seller in taken.sellers and stage is not None
    cells.close(brought_in=whole)
    if whole and stage is not None:
        taken.deals[key] = DealIn(
            row=cells.row,
            key=key,
            title=" – ".join(filter(None, [product, account or key]))[: texts.TITLE],
            seller=seller,
            account=account,
            stage=stage.stage,
            closing=stage.closing,
            reason=stage.reason,
            amount=amount,
            opened_at=opened_at,
            closed_at=closed_at,
            services=services,
        )


def _owners(taken: Taken) -> None:
    """One named owner answers for an account (law 10): the files name none, so it is the seller with most of its deals; of
    several, the one whose name comes first."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for deal in taken.deals.values():
        counts[deal.account][deal.seller] += 1
    for name, account in taken.accounts.items():
        if counts[name]:
            most = max(counts[name].values())
            owner = min(seller for seller, n in counts[name].items() if n == most)
            taken.accounts[name] = replace(account, owner=owner)
