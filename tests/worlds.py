"""The small named world that tests stand in: the shipped demonstration company, on a Monday morning that never passes.

The company is built once per run, into the template that every test's database is a copy of (`build`, see `databases.py`). The
fixture `world` gives its people, units, accounts and deals by the keys of the world's file, read fresh for each test, with the
clock of every thread standing still at `MONDAY`. It rolls back (`db`) unless the test has a database of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock
from zoneinfo import ZoneInfo

import pytest
import yaml
from django.apps import apps
from django.db import connection
from django.utils.translation import override

from earshot.accounts.models import Account
from earshot.calls.models import Call
from earshot.deals.models import Deal
from earshot.demo.actions import World as BuiltWorld
from earshot.demo.actions import build_world, read_world
from earshot.journal.actors import Actor, process
from earshot.kit import clock, now, ruling
from earshot.kit.problems import Refusal
from earshot.people import standing
from earshot.people.actors import as_person
from earshot.people.models import Login, Person, Unit
from earshot.playbooks import packs, registry
from earshot.playbooks.actions import adopt_pack
from earshot.playbooks.models import PARTS
from earshot.playbooks.sources import PACKS, Sources
from earshot.voice.models import Item, Meeting

SHANGHAI = ZoneInfo("Asia/Shanghai")
MONDAY = datetime(2026, 11, 23, 10, 0, tzinfo=SHANGHAI)
MONDAY_IN_UTC = MONDAY.astimezone(UTC)

CRITICAL = "the other offer runs on sun and a small engine; our diesel bill would halve"
OF_THE_SITE = "场地只给到二十米，别的都给别家了"
OF_PEOPLE = "签字的是 Osman，但他只听 Amal 的"


def build() -> None:
    """Build the shipped company on that Monday, committed: what `databases.furnish` puts into the template."""
    ruling.in_place = False  # the world stands by the rules as they are, also where the trace has taken one out
    try:
        with clock.standing_still(MONDAY):
            build_world()
    finally:
        ruling.in_place = True


def spoken(sentence: Any, language: str = "en") -> str:
    """A lazy sentence, read in the language."""
    with override(language):
        return str(sentence)


def said(refusal: Refusal, language: str = "en") -> str:
    """A refusal with all its lines and fields, as the command line would print it."""
    with override(language):
        return str(refusal)


def later(**span: float) -> AbstractContextManager[None]:
    """Everything inside happens that much later (`later(hours=3)`), in this thread."""
    return clock.standing_still(now() + timedelta(**span))


def changed_pack(folder: Path, change: Callable[[dict[str, Any]], None], *, base: Path | None = None) -> Path:
    """A copy of the shipped pack (or of `base`) in `folder`, after `change` was let loose on its parts: part → table → rows."""
    base = base or PACKS / read_world()["pack"]
    parts = {part: yaml.safe_load((base / f"{part}.yaml").read_text(encoding="utf-8")) for part in PARTS}
    change(parts)
    folder.mkdir(parents=True, exist_ok=True)
    for part, tables in parts.items():
        (folder / f"{part}.yaml").write_text(yaml.safe_dump(tables, allow_unicode=True), encoding="utf-8")
    return folder


def plain(parts: dict[str, Any]) -> None:
    """Takes out of the shipped pack what goes by the size of a deal or by what the order is: every gate, seat and call that is left is
    for every deal, and the steps are the six."""
    process = parts["process"]
    process["seats"] = [row for row in process["seats"] if "deal.tier" in row.get("when", "deal.tier")]
    for row in (*process["seats"], *process["gates"], *parts["support"]["triggers"]):
        row.pop("when", None)
    for number, row in enumerate(process["stages"]):
        row["step"] = min(number + 1, 6)
    for table in ("tiers", "steps"):
        process.pop(table, None)


def put_in_force(folder: Path, *, unchecked: bool = False) -> None:
    """Put a pack in force by the process's own hand. `unchecked`: as if somebody had written it past every check."""
    if not unchecked:
        adopt_pack(by=process("tests"), sources=Sources.of_folder(folder), reason="test")
        return
    with mock.patch.object(packs, "_cross_check", return_value=[]), mock.patch.dict(registry.OBJECTIONS._things, clear=True):
        adopt_pack(by=process("tests"), sources=Sources.of_folder(folder), reason="test")


def snapshot() -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table of ours, to see what an act has changed."""
    ours = [app for app in apps.get_app_configs() if app.name.startswith("earshot.")]
    models = [model for app in ours for model in app.get_models(include_auto_created=True)]
    return {model._meta.db_table: sorted(model._default_manager.order_by().values_list(), key=repr) for model in models}


def changed_tables(before: Mapping[str, Any], after: Mapping[str, Any]) -> set[str]:
    return {table for table in before if before[table] != after[table]}


JOURNAL = {"journal_entry", "journal_touched", "journal_scope", "journal_label"}


@dataclass
class World:
    """What was built, by the keys of the world's file. `world.seller` is the person, `world.by("seller")` the actor."""

    units: dict[str, Unit]
    people: dict[str, Person]
    accounts: dict[str, Account]
    deals: dict[str, Deal]
    # Codes of the hearing table for the three sentences of the walk; the renamed world has others.
    categories: tuple[str, str, str] = ("running-cost", "site", "people")
    # After a test that passed its acts, the table of standings must be what its rules say (a test that forges it says False).
    sound: bool = True

    def __getattr__(self, key: str) -> Person:
        try:
            return self.__dict__["people"][key]
        except KeyError:
            raise AttributeError(f"nobody in the world is called {key!r}; there are {sorted(self.__dict__.get('people', ()))}") from None

    def by(self, key: str) -> Actor:
        """The person acting for him- or herself, read anew."""
        return as_person(self.people[key])

    def login(self, key: str) -> Login:
        return Login.objects.get(username=f"demo-{key}")

    # What happens in the walk, step by step, through the verbs.

    def deal(self, title: str = "苏丹站点", *, owner: str = "seller", account: str = "sudatel", amount: str | None = "2105000") -> Deal:
        """A deal that its owner has just opened: no words, first stage. A second one of the same title is another deal."""
        from earshot.deals.actions import open_deal

        person, customer = self.people[owner], self.accounts[account]
        return open_deal(by=self.by(owner), title=title, account=customer, owner=person, amount=amount, another=True)

    def words(
        self, deal: Deal, *, by: str = "seller", words: Iterable[tuple[str, str]] | None = None, present: Iterable[str] = ()
    ) -> Meeting:
        """One contact with three things that the customer said, the first of a critical category; or with `words` (words, category)."""
        from earshot.voice.actions import Said, With, record_meeting

        lines = words if words is not None else self.three_items()
        return record_meeting(
            by=self.by(by),
            deal=deal,
            held_at=now() - timedelta(hours=1),
            contacts=[With("Osman Taha", "CTO")],
            items=[Said(text, category, 0) for text, category in lines],
            present=[self.people[key] for key in present],
        )

    def three_items(self) -> list[tuple[str, str]]:
        """The three sentences of the walk: a critical one that the solution side must hear, one for delivery, one for the seller."""
        return list(zip((CRITICAL, OF_THE_SITE, OF_PEOPLE), self.categories, strict=True))

    def spoken_deal(self, title: str = "苏丹站点") -> Deal:
        """A deal with the three items of the walk, still in its first stage."""
        deal = self.deal(title)
        self.words(deal)
        return deal

    def moved_deal(self, title: str = "苏丹站点") -> Deal:
        """The same, moved on by its seller: the process has called."""
        from earshot.deals.actions import move_on

        deal = self.spoken_deal(title)
        return move_on(by=self.by("seller"), deal=deal, version=deal.version)

    @staticmethod
    def items(deal: Deal) -> list[Item]:
        return list(Item.objects.filter(deal=deal).order_by("recorded_at", "position", "pk"))

    @staticmethod
    def calls(deal: Deal) -> list[Call]:
        return list(Call.objects.filter(deal=deal).order_by("number"))

    def hear(self, deal: Deal, *keys: str) -> None:
        """Each of them takes note of all that he or she is shown of the deal."""
        from earshot.voice.actions import take_note
        from earshot.voice.queries import visible_to

        for key in keys:
            take_note(by=self.by(key), items=list(visible_to(self.people[key]).filter(deal=deal)))

    def deliver(self, deal: Deal, result: str = "光伏加小机组，柴油费减半") -> None:
        """Whoever is assigned to each open call of the deal delivers a result."""
        from earshot.calls.actions import deliver_result
        from earshot.calls.models import Assignment
        from earshot.calls.queries import open_calls

        for call in open_calls().filter(deal=deal):
            assigned = Assignment.objects.select_related("person").get(call=call, ended_at__isnull=True).person
            deliver_result(by=as_person(assigned), call=call, result=result)

    def ready_deal(self, title: str = "苏丹站点") -> Deal:
        """All have heard and every call has its result: only the head's vote is wanting at the gate."""
        deal = self.moved_deal(title)
        self.hear(deal, "engineer", "head", "delivery")
        self.deliver(deal)
        return deal


def read_built(spec: Mapping[str, Any] | None = None) -> World:
    """The company that stands in this database, with objects of this moment. `spec`: what it was built from, default the
    shipped world."""
    spec = spec or read_world()
    people = {login.username.removeprefix("demo-"): login.person for login in Login.objects.select_related("person", "person__unit")}
    accounts = {account.name: account for account in Account.objects.select_related("unit", "owner")}
    deals = {deal.title: deal for deal in Deal.objects.select_related("unit", "owner", "account", "stage", "team", "process")}
    return World(
        units={unit.code: unit for unit in Unit.objects.all()},
        people={key: person for key, person in people.items() if person is not None},
        accounts={row["key"]: accounts[row["name"]] for row in spec["accounts"]},
        deals={row["key"]: deals[row["title"]] for row in spec.get("deals", [])},
        categories=tuple(spec.get("categories", World.categories)),
    )


@pytest.fixture
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock of every thread stands still at `MONDAY`; `later(…)` moves it for a block."""
    monkeypatch.setattr(clock, "_moved", ContextVar("earshot_clock_of_tests", default=MONDAY_IN_UTC))


@pytest.fixture
def world(request: pytest.FixtureRequest, still: None) -> Iterator[World]:
    """The small company, in a database that is rolled back, or in the test's own (`@pytest.mark.own_database`, `site`, `page`)."""
    owns = request.node.get_closest_marker("own_database") is not None
    request.getfixturevalue("own_database" if owns else "db")
    built = read_built()
    yield built
    if built.sound and not connection.needs_rollback:
        assert standing.differences() == {}


__all__ = [
    "CRITICAL",
    "JOURNAL",
    "MONDAY",
    "OF_PEOPLE",
    "OF_THE_SITE",
    "BuiltWorld",
    "World",
    "build",
    "changed_pack",
    "changed_tables",
    "later",
    "plain",
    "put_in_force",
    "read_built",
    "said",
    "snapshot",
    "spoken",
    "still",
    "world",
]
