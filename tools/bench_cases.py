"""What is timed. The addresses that this bench knows stand at the top; a request that does not answer 2xx stops it."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.test import Client

from bench_measure import Case, bare, timed
from bench_world import fill
from earshot.accounts.actions import open_account
from earshot.accounts.models import Account
from earshot.deals.actions import open_deal
from earshot.deals.models import Deal
from earshot.demo.actions import build_world
from earshot.journal.actors import process
from earshot.kit import uuid7
from earshot.people.actions import add_person, make_token
from earshot.people.actors import as_person
from earshot.people.models import Person
from earshot.playbooks.book import in_force
from earshot.voice.actions import Said, record_meeting

LIST, ONE, MOVES = "/api/v1/deals", "/api/v1/deals/{id}", "/api/v1/deals/{id}/moves"
LIST_PAGE, ONE_PAGE, BOARD_PAGE = "/deals/", "/deals/{id}/", "/deals/board/"


@dataclass
class Company:
    seller: Person
    head: Person
    account: Account
    key: dict[Person, str]


SELLERS = 100


def company(total: int) -> Company:
    """The demonstration company with `total` deals of a hundred sellers of one unit, each with a statement that an engineer must
    hear; one deal of each, made through the verbs, is the pattern of the rest."""
    world = build_world()
    seller, head, account = world.people["seller"], world.people["head"], world.accounts["sudatel"]
    by = process("bench")
    patterns = []
    for number in range(SELLERS):
        owner = add_person(by=by, name=f"客户经理 {number}", unit=seller.unit) if number else seller
        own = open_account(by=as_person(owner), name=f"客户 {number}", owner=owner) if number else account
        deal = open_deal(
            by=as_person(owner), title=f"站点混合供电 {number}", account=own, owner=owner, amount="2105000", goal="测量", due="2040-12-31"
        )
        said = [Said("另一家用太阳能加小油机，油费能省一半", next(iter(in_force().hearing.categories)))]
        record_meeting(by=as_person(owner), deal=deal, items=said)
        patterns.append(deal)
    fill(patterns, total)
    keys = {person: make_token(by=as_person(person), person=person, name="bench")[1] for person in (seller, head)}
    return Company(seller, head, account, keys)


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


def fresh_deals(house: Company) -> Iterator[Deal]:
    """One deal after the other that stands in the first stage and has just been opened."""
    for number in itertools.count(1):
        yield open_deal(
            by=as_person(house.seller), title=f"一号站点 {number}", account=house.account, owner=house.seller, goal="测量", due="2040-12-31"
        )


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
    yield Case("page: one deal", timed(lambda: look(ONE_PAGE.format(id=some.pk))), timed(lambda: look(page)), 3)

    summed, of_head = f"{LIST}/sums?state=", pages(house.head)
    yield Case("API: sums by stage, the head", timed(lambda: head("GET", summed)), timed(lambda: head("GET", "/bench/sums")), 2)
    yield Case("page: pipeline with sums, the head", timed(lambda: of_head(LIST_PAGE)), timed(lambda: head("GET", "/bench/sums")), 3)
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

    waiting = fresh_deals(house)

    def move(how: Callable[[Callable[[], Any]], Callable[[], float]]) -> float:
        deal = next(waiting)
        return how(lambda: seller("POST", MOVES.format(id=deal.pk), if_match=deal.version))()

    yield Case("API: move a deal on", lambda: move(timed), lambda: move(bare), 3)
