"""What is timed. The addresses that this bench knows stand at the top; a request that does not answer 2xx stops it."""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.test import Client

from bench_measure import Case, bare, bare_reads, timed
from bench_world import belongings, copy_rows, fill
from earshot.accounts.actions import open_account
from earshot.accounts.models import Account
from earshot.calls.actions import deliver_result
from earshot.calls.models import Assignment
from earshot.calls.queries import open_calls
from earshot.deals.actions import lose_deal, move_on, open_deal
from earshot.deals.models import Deal
from earshot.demo.actions import World, build_world
from earshot.journal.actors import process
from earshot.kit import uuid7
from earshot.people.actions import add_person, make_token
from earshot.people.actors import as_person
from earshot.people.models import Person
from earshot.playbooks.book import in_force
from earshot.voice import queries as voice
from earshot.voice.actions import Said, record_meeting, take_note

LIST, ONE, MOVES = "/api/v1/deals", "/api/v1/deals/{id}", "/api/v1/deals/{id}/moves"
GATE, VOTES, SEARCH = "/api/v1/deals/{id}/gate", "/api/v1/deals/{id}/votes", "/api/v1/search?q={q}"
LIST_PAGE, ONE_PAGE, BOARD_PAGE, GATE_PAGE = "/deals/", "/deals/{id}/", "/deals/board/", "/deals/{id}/gate/"
RARE, COMMON, NOWHERE = "柴油机组过热", "太阳能", "嫦娥奔月"  # words of one statement, of every one, of none


@dataclass
class Company:
    """`patterns`: the deals that the others are copies of; `ended`: the same, lost; `ready`: one that only the head's vote keeps at its
    gate."""

    seller: Person
    head: Person
    account: Account
    key: dict[Person, str]
    patterns: list[Deal]
    ended: list[Deal]
    ready: Deal


SELLERS = 100
OWNERS = 1_000 if os.environ.get("EARSHOT_BENCH_GROW") else SELLERS  # with those who sold in the years before


def company(total: int) -> Company:
    """The demonstration company with `total` deals of a hundred sellers of one unit, each with a statement that an engineer must
    hear; one deal of each, made through the verbs, is the pattern of the rest. One more of each, and of those who sold before them, is
    lost: the pattern of what ended over the years."""
    world = build_world()
    seller, head, account = world.people["seller"], world.people["head"], world.accounts["sudatel"]
    by = process("bench")
    patterns: list[Deal] = []
    ended: list[Deal] = []
    for number in range(OWNERS):
        owner = add_person(by=by, name=f"客户经理 {number}", unit=seller.unit) if number else seller
        own = open_account(by=as_person(owner), name=f"客户 {number}", owner=owner) if number else account
        if number < SELLERS:
            patterns.append(one_deal(owner, own, f"站点混合供电 {number}"))
        lost = one_deal(owner, own, f"旧站点供电 {number}")
        ended.append(lose_deal(by=as_person(owner), deal=lost, version=lost.version, reason="选了别家", code="lost-no-buy"))
    ready = ready_deal(world, account)
    fill(patterns, total)
    keys = {person: make_token(by=as_person(person), person=person, name="bench")[1] for person in (seller, head)}
    return Company(seller, head, account, keys, patterns, ended, ready)


def one_deal(owner: Person, account: Account, title: str) -> Deal:
    by = as_person(owner)
    deal = open_deal(by=by, title=title, account=account, owner=owner, amount="2105000", goal="测量", due="2040-12-31")
    record_meeting(by=by, deal=deal, items=[Said("另一家用太阳能加小油机，油费能省一半", next(iter(in_force().hearing.categories)))])
    return deal


def ready_deal(world: World, account: Account) -> Deal:
    """A deal before its gate with real checks: critical words that all have heard, a call with its result, seats taken."""
    seller = world.people["seller"]
    by = as_person(seller)
    deal = open_deal(by=by, title="到关口的站点", account=account, owner=seller, amount="2105000", goal="测量", due="2040-12-31")
    said = [Said(f"{RARE}，要换供电方案", next(iter(in_force().hearing.categories)))]
    record_meeting(by=by, deal=deal, items=said)
    deal = move_on(by=by, deal=deal, version=deal.version)
    for key in ("engineer", "head", "delivery"):
        items = list(voice.visible_to(world.people[key]).filter(deal=deal))
        if items:
            take_note(by=as_person(world.people[key]), items=items)
    for call in open_calls().filter(deal=deal):
        assigned = Assignment.objects.select_related("person").get(call=call, ended_at__isnull=True).person
        deliver_result(by=as_person(assigned), call=call, result="光伏加小机组，柴油费减半")
    deal.refresh_from_db()
    return deal


def api(house: Company, person: Person) -> Callable[..., None]:
    client = Client(headers={"authorization": f"Bearer {house.key[person]}"})

    def ask(method: str, address: str, **fields: Any) -> None:
        version = fields.pop("if_match", None)
        headers = {"idempotency-key": str(uuid7())} | ({"if-match": f'"{version}"'} if version else {})
        body = json.dumps(fields) if method == "POST" else ""
        answer = client.generic(method, address, body, content_type="application/json", headers=headers if method == "POST" else {})
        if not 200 <= answer.status_code < 300:
            raise SystemExit(f"{method} {address}: {answer.status_code} {answer.content.decode()[:400]}")

    return ask


def pages(person: Person) -> Callable[[str], None]:
    client = Client()
    client.force_login(person.login)

    def look(address: str) -> None:
        answer = client.get(address)
        if answer.status_code != 200:
            raise SystemExit(f"GET {address}: {answer.status_code}")

    return look


def twice(act: Callable[[], Any]) -> tuple[Callable[[], float], Callable[[], float]]:
    """A read, and what it asked the database, asked again bare."""
    return timed(act), bare_reads(act)


def fresh_deals(house: Company) -> Iterator[Deal]:
    """One deal after the other that stands in the first stage and has just been opened."""
    for number in itertools.count(1):
        yield open_deal(
            by=as_person(house.seller),
            title=f"一号站点 {number}",
            account=house.account,
            owner=house.seller,
            goal="测量",
            due="2040-12-31",
            another=True,
        )


def waiting_at_the_gate(house: Company) -> Iterator[Deal]:
    """Copies of the deal that waits for the head's vote, one after the other; made a hundred at a time."""
    rows, begin = belongings(house.ready), 10**7 + Deal.objects.count()
    while True:
        copy_rows(rows, begin, 1, begin + 100)
        yield from Deal.objects.filter(number__in=[f"B{n}-{place}" for n in range(begin, begin + 100) for place in range(len(rows))])
        begin += 100


def cases(house: Company) -> Iterator[Case]:
    seller, head = api(house, house.seller), api(house, house.head)
    some = Deal.objects.filter(owner=house.seller).order_by("pk")[1]
    rows, row, page = "/bench/rows", f"/bench/row?id={some.pk}", "/bench/page"
    look = pages(house.seller)

    listed = f"{LIST}?limit=50"
    yield Case("API: list 50 deals, a seller", timed(lambda: seller("GET", listed)), timed(lambda: seller("GET", rows)), 2)
    yield Case("API: list 50 deals, the head", timed(lambda: head("GET", listed)), timed(lambda: head("GET", rows)), 2)
    yield Case("API: open one deal", timed(lambda: seller("GET", ONE.format(id=some.pk))), timed(lambda: seller("GET", row)), 2)
    yield Case("page: list of deals", timed(lambda: look(LIST_PAGE)), timed(lambda: look(page)), 3)
    yield Case("page: my day, a seller", timed(lambda: look("/")), timed(lambda: look(page)), 3)
    yield Case("page: one deal", timed(lambda: look(ONE_PAGE.format(id=some.pk))), timed(lambda: look(page)), 3)

    summed, of_head = f"{LIST}/sums?state=", pages(house.head)
    yield Case("API: sums by stage, the head", timed(lambda: head("GET", summed)), timed(lambda: head("GET", "/bench/sums")), 2)
    yield Case("page: pipeline with sums, the head", timed(lambda: of_head(LIST_PAGE)), timed(lambda: head("GET", "/bench/sums")), 3)
    yield Case("page: my unit, the head", timed(lambda: of_head("/unit/")), timed(lambda: of_head(page)), 3)
    yield Case("page: board, the head", timed(lambda: of_head(BOARD_PAGE)), timed(lambda: head("GET", "/bench/sums")), 3)

    def create() -> None:
        seller(
            "POST",
            LIST,
            another=True,
            id=str(uuid7()),
            title="一号站点混合供电",
            account=str(house.account.pk),
            amount="120000.00",
            currency="CNY",
            goal="测量",
            due="2040-12-31",
        )

    yield Case("API: create a deal", timed(create), bare(create), 3)

    found = SEARCH.format
    yield Case("API: search, a word of every statement", *twice(lambda: head("GET", found(q=COMMON))), 3)
    yield Case("API: search, a word of one", *twice(lambda: head("GET", found(q=RARE))), 3)
    yield Case("API: search, a word of none", *twice(lambda: head("GET", found(q=NOWHERE))), 3)
    gate, at_gate = GATE.format(id=house.ready.pk), GATE_PAGE.format(id=house.ready.pk)
    yield Case("API: gate review", *twice(lambda: seller("GET", gate)), 3)
    yield Case("page: gate review, the head", timed(lambda: of_head(at_gate)), timed(lambda: look(page)), 3)

    ready = waiting_at_the_gate(house)

    def vote(how: Callable[[Callable[[], Any]], Callable[[], float]]) -> float:
        deal = next(ready)
        address = VOTES.format(id=deal.pk)
        return how(lambda: head("POST", address, approves=True, reason="可以", if_match=deal.version))()

    yield Case("API: the vote that opens a gate", lambda: vote(timed), lambda: vote(bare), 3)

    waiting = fresh_deals(house)

    def move(how: Callable[[Callable[[], Any]], Callable[[], float]]) -> float:
        deal = next(waiting)
        return how(lambda: seller("POST", MOVES.format(id=deal.pk), if_match=deal.version))()

    yield Case("API: move a deal on", lambda: move(timed), lambda: move(bare), 3)
