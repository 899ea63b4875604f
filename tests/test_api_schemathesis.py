"""The API against its own document: every role of the company sends what fits the document and what does not, and no answer is a
server error, undocumented, or of another shape than was said. A tour of real calls shows that every operation can succeed.

Every call starts from the same world: what it did is undone, so that one found failure can be sent again alone.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api_caller import Caller, role_of
from earshot.accounts.models import Contact
from earshot.clocks.sweep import sweep
from earshot.deals import queries
from earshot.deals.actions import record_lead, wait_for
from earshot.deals.dissent_tables import Dissent
from earshot.deals.giving_up_tables import GivingUpVoice as Voice
from earshot.deals.models import Closing, Deal
from earshot.deals.wait_tables import HANDOVER, Wait
from earshot.demo.actions import read_world
from earshot.desk.saved import save_view
from earshot.journal.models import Delivery, Entry
from earshot.kit import now, uuid7
from earshot.people.models import Token, WorkingCalendar
from earshot.playbooks import book
from earshot.playbooks.actions import open_revision
from earshot.playbooks.models import PARTS, PartVersion, Revision
from earshot.playbooks.queries import version as playbook_version
from earshot.playbooks.revisions import read_part
from earshot.playbooks.sources import shipped
from earshot.talk.actions.channels import add_channel
from earshot.talk.actions.messages import post_message
from earshot.talk.codes import code_of
from earshot.talk.models import Channel
from earshot.teams.actions import accept_seat, nominate
from earshot.teams.models import Membership, Seat
from test_decisions import MAKERS, TEAM, with_mandates
from worlds import AIM, World, changed_pack, later, put_in_force

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_headers_conformance, response_schema_conformance]
FITTING, UNFITTING = 4, 2  # how many of each, for every role and operation
ROLES = read_world()["offered"]
ROBOT = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=1"


@pytest.fixture(autouse=True)
def one_connection() -> Iterator[None]:
    """The application leaves the test's own connection open between requests, as under Django's test client."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@lru_cache(maxsize=1)
def document() -> Any:
    return schemathesis.openapi.from_wsgi("/api/v1/openapi.json", WSGIHandler())


@lru_cache(maxsize=1)
def operations() -> dict[str, Any]:
    """`POST /deals` → the operation."""
    found = {}
    for result in document().get_all_operations():
        operation = result.ok()
        found[f"{operation.method.upper()} {operation.path.removeprefix('/api/v1')}"] = operation
    return found


@lru_cache(maxsize=512)
def cases(label: str, mode: GenerationMode, count: int) -> tuple[Case, ...]:
    """So many requests that fit the document, or that do not; the same ones in every run."""
    drawn: list[Case] = []

    @settings(
        max_examples=count, derandomize=True, database=None, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
    )
    @given(case=operations()[label].as_strategy(generation_mode=mode))
    def draw(case: Case) -> None:
        drawn.append(case)

    draw()
    return tuple(drawn[:count])


def answer(case: Case, key: str) -> Any:
    """Send it with the key of a token, and hold the answer to the document."""
    case.headers = {name: value for name, value in (case.headers or {}).items() if name.lower() != "authorization"}
    response = case.call(headers={"Authorization": f"Bearer {key}"})
    case.validate_response(response, checks=CHECKS)
    return response


class Known:
    """Ids and codes that exist, by the names under which operations ask for them: so that a generated request reaches more than
    "there is no such thing"."""

    def __init__(self, world: World, seed: str) -> None:
        self.chance = random.Random(seed)
        ready, waiting = world.ready_deal("Ready"), world.moved_deal("Waiting")
        fresh = world.deal("Fresh")
        meeting = world.words(fresh, present=[key for key in ROLES if key in world.people])
        for key in ("delivery", "engineer"):
            seat = Seat.objects.get(team=waiting.team_id, role=role_of(world.people[key]))
            nominate(by=world.by("seller"), seat=seat, person=world.people[key])
        given = {"version": queries.as_it_stands(waiting.pk).version, "person": world.people["engineer"], "reason": "?"}
        wait = wait_for(by=world.by("seller"), deal=waiting, unit=None, **given)
        message = post_message(by=world.by("seller"), about=ready, text="?", to=[world.people["head"]], asks="answer")
        opened = open_revision(by=world.by("operations"), reason="?", parts=["hearing"])
        now = book.in_force()
        self.versions = {str(deal.pk): f'"{deal.version}"' for deal in (ready, waiting, fresh)}
        self.by_name: dict[str, list[str]] = {
            "deal_id": list(self.versions),
            "account_id": [str(account.pk) for account in world.accounts.values()],
            "contact_id": [str(pk) for pk in Contact.objects.order_by("pk").values_list("pk", flat=True)],
            "item_id": [str(item.pk) for item in world.items(waiting)],
            "call_id": [str(call.pk) for deal in (ready, waiting) for call in world.calls(deal)],
            "meeting_id": [str(meeting.pk)],
            "person_id": [str(person.pk) for person in world.people.values()],
            "seat_id": [str(pk) for pk in Seat.objects.filter(team=fresh.team_id).values_list("pk", flat=True)],
            "wait_id": [str(wait.pk)],
            "role_code": sorted(now.process.roles),
            "step_code": ["nowhere", *now.process.steps],
            "dissent_id": [str(deal.pk) for deal in (ready, waiting)],  # nobody is against yet
            "risk_id": [str(deal.pk) for deal in (ready, waiting)],  # nothing was passed at risk yet
            "membership_id": [str(pk) for pk in Membership.objects.values_list("pk", flat=True)],
            "attendance_id": [str(pk) for pk in meeting.attendances.values_list("pk", flat=True)],
            "calendar_id": [str(pk) for pk in WorkingCalendar.objects.values_list("pk", flat=True)],
            "unit_id": [str(unit.pk) for unit in world.units.values()],
            "day": ["2026-12-31", "2027-01-04", "2026-10-01"],
            "year": ["2026", "2027", "2028"],
            "channel_id": [str(add_channel(by=world.by(role), kind="wecom", address=ROBOT)[0].pk) for role in ROLES],
            "team_id": [str(fresh.team_id), str(waiting.team_id)],
            "message_id": [str(message.pk)],
            "profile": ["light", "standard", "strict"],
            "name": list(shipped()),
            "part": list(PARTS),
            "revision_id": [str(opened.pk)],
            "view_id": [str(save_view(by=world.by(role), name="Mine", asked={"mine": "1"}, shared=True).pk) for role in ("seller", "head")],
            "version_id": [str(pk) for pk in PartVersion.objects.values_list("pk", flat=True)],
            "kind": ["deal", "item", "team"],
            "object_id": [str(ready.pk), str(waiting.team_id), *(str(item.pk) for item in world.items(waiting))],
            "lead_id": [str(lead.pk) for lead in (self.lead(world, "delivery"), self.lead(world, "seller", account=fresh.account))],
            "token_id": [str(pk) for pk in Token.objects.values_list("pk", flat=True)],
        }
        people = self.by_name["person_id"]
        self.by_field: dict[str, list[Any]] = {
            "account": self.by_name["account_id"],
            "owner": people,
            "gone": self.by_name["contact_id"],
            "heir": people,
            "holding": ["accounts", "deals", "seats"],
            "person": people,
            "to": list(now.process.stages),
            "stage": list(now.process.stages),
            "category": list(now.hearing.categories),
            "role": list(now.process.roles),
            "currency": ["CNY", "USD"],
            "items": [self.by_name["item_id"][:1]],
            "id": [str(uuid7())],
            "calendar": self.by_name["calendar_id"],
            "zone": ["Europe/Berlin"],
            "weekly": [["9:00-17:00"] * 5 + ["", ""]],
            "hours": ["", "9:00-12:00"],
            "content": ["day,kind\n2026-12-31,company\n"],
            "start": ["2026-11-23T10:00:00Z"],
            "address": [f"{ROBOT}2", "somebody@example.com"],
        }

    @staticmethod
    def lead(world: World, role: str, **given: Any) -> Any:
        return record_lead(by=world.by(role), words="?", source="other", customer="?", **given)

    def put_into(self, case: Case, label: str) -> Case:
        for name in list(case.path_parameters or {}):
            if self.chance.random() < 0.85:
                case.path_parameters[name] = self.chance.choice(self.by_name[name])
        deal = (case.path_parameters or {}).get("deal_id")
        if "If-Match" in (case.headers or {}) and deal in self.versions and self.chance.random() < 0.7:
            case.headers["If-Match"] = self.versions[deal]
        fields = [case.query] if isinstance(case.query, dict) else []
        if isinstance(case.body, dict) and not label.endswith("/meetings"):
            fields.append(case.body)
        for part in fields:
            for name in list(part):
                if name in self.by_field and self.chance.random() < 0.7:
                    part[name] = self.chance.choice(self.by_field[name])
        return case


@pytest.mark.parametrize("role", ROLES)
def test_what_a_role_sends_is_answered_as_the_document_says(world: World, role: str):
    key = Caller(world.people[role]).key
    known = Known(world, role)
    succeeded = set()
    for label in operations():
        for mode, count in ((GenerationMode.POSITIVE, FITTING), (GenerationMode.NEGATIVE, UNFITTING)):
            for drawn in cases(label, mode, count):
                case = drawn.operation.Case(
                    path_parameters=dict(drawn.path_parameters or {}),
                    headers=dict(drawn.headers or {}),
                    query=dict(drawn.query) if isinstance(drawn.query, dict) else drawn.query,
                    body=dict(drawn.body) if isinstance(drawn.body, dict) else drawn.body,
                    media_type=drawn.media_type,
                )
                case = known.put_into(case, label) if mode is GenerationMode.POSITIVE else case
                with undone():
                    if answer(case, key).status_code < 300:
                        succeeded.add(label)
    # Not a vacuous run: lists and a record of one's own succeed for everybody.
    assert {"GET /deals", "GET /my-day", "GET /playbook", "GET /people", "POST /me/tokens"} <= succeeded


class undone:  # noqa: N801 - reads as a word
    """Whatever happens inside is taken back at the end."""

    def __enter__(self) -> None:
        self.atomic = transaction.atomic()
        self.atomic.__enter__()

    def __exit__(self, *_: object) -> None:
        transaction.set_rollback(True)
        self.atomic.__exit__(None, None, None)


class Tour:
    """Real calls by people of the company, each held to the document."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.keys = {role: Caller(person).key for role, person in world.people.items()}
        self.done: set[str] = set()

    def __call__(self, role: str, label: str, body: Any = None, *, match: str = "", query: dict[str, Any] | None = None, **ids: str) -> Any:
        operation = operations()[label]
        more: dict[str, Any] = {} if body is None else {"body": body, "media_type": "application/json"}
        headers = {"If-Match": match} if match else {}
        case = operation.Case(path_parameters=ids, query=query or {}, headers=headers, **more)
        response = answer(case, self.keys[role])
        assert 200 <= response.status_code < 300, f"{label} by {role}: {response.status_code} {response.content.decode()}"
        self.done.add(label)
        return response.json() if response.content else None

    def etag(self, deal: str) -> str:
        return f'"{self("seller", "GET /deals/{deal_id}", deal_id=deal)["version"]}"'


def ends_of_deals(world: World, tour: Tour) -> None:
    """One is proposed to be given up, taken back, proposed again and given up; of one that was won it is said why."""
    deal = str(world.deal("放弃的").pk)
    why = {"reason": "no margin", "code": "up-no-margin", "alternatives": [{"tried": "instalments", "came_of_it": "not wanted"}]}
    propose, here = "POST /deals/{deal_id}/giving-up", {"deal_id": deal}
    tour("seller", propose, why, match=tour.etag(deal), **here)
    back = "POST /deals/{deal_id}/giving-up/withdrawal"
    tour("seller", back, {"reason": "they called"}, match=tour.etag(deal), **here)
    tour("seller", propose, why, match=tour.etag(deal), **here)
    tour("seller", "GET /deals/{deal_id}/giving-up", **here)
    asked = Voice.objects.get(giving_up__deal=deal, giving_up__ended_at__isnull=True, head=True)
    Voice.objects.filter(pk=asked.pk).update(person=world.head)  # as if nobody nearer were there
    tour("head", "POST /deals/{deal_id}/giving-up/voices", {"agrees": False, "words": "once more"}, match=tour.etag(deal), **here)
    tour("seller", propose, why, match=tour.etag(deal), **here)
    # As if a colleague of another role had agreed and the head were asked no more: what is left is to conclude.
    Voice.objects.filter(giving_up__deal=deal, head=True, spoken_at__isnull=True).update(
        head=False, person=world.engineer, agrees=True, spoken_at=now(), at=now()
    )
    tour("seller", "POST /deals/{deal_id}/giving-up/conclusion", match=tour.etag(deal), **here)
    won = world.deal("赢了的")
    Closing.objects.create(deal=won, outcome="won", at=now())
    tour("seller", "POST /deals/{deal_id}/win-reason", {"code": "won-price"}, match=tour.etag(str(won.pk)), deal_id=str(won.pk))


def calls_of_leads(tour: Tour, account: str, deal: str) -> None:
    """A lead that a technician heard becomes a deal; another is refused, reopened and joined to one."""
    said = {"words": "they move next year", "source": "site-visit", "customer": "Blue Nile", "speaker": "Osman"}
    lead = tour("delivery", "POST /leads", said)["id"]
    tour("delivery", "GET /leads", query={"rating": "-", "older": 0})
    tour("delivery", "GET /leads/origins")

    def match() -> str:
        return f'"{tour("head", "GET /leads/{lead_id}", lead_id=lead)["version"]}"'

    tour("delivery", "POST /leads/{lead_id}/take-up", lead_id=lead)
    tour("delivery", "POST /leads/{lead_id}/corrections", {"correction": "the year after"}, lead_id=lead)
    tour("delivery", "POST /leads/{lead_id}/findings", {"found": "been there", "result": "confirmed"}, lead_id=lead)
    tour("delivery", "POST /leads/{lead_id}/next-steps", {"what": "look", "due": "2030-01-02"}, match=match(), lead_id=lead)
    tour("head", "PUT /leads/{lead_id}/account", {"account": account}, match=match(), lead_id=lead)
    tour("delivery", "PUT /leads/{lead_id}/rating", {"rating": "warm"}, match=match(), lead_id=lead)
    handed = {"to": str(tour.world.people["delivery"].pk), "reason": "as it is"}
    tour("head", "POST /leads/{lead_id}/hand-over", handed, match=match(), lead_id=lead)
    tour("head", "POST /leads/{lead_id}/refusal", {"reason": "no budget"}, match=match(), lead_id=lead)
    tour("delivery", "POST /leads/{lead_id}/reopening", {"reason": "there is one"}, match=match(), lead_id=lead)
    tour("delivery", "POST /leads/{lead_id}/deal", {"title": "Moving"} | AIM, match=match(), lead_id=lead)
    lead = tour("seller", "POST /leads", said | {"account": account, "words": "and once more"})["id"]
    tour("seller", "POST /leads/{lead_id}/joining", {"deal": deal}, match=match(), lead_id=lead)


def calls_of_a_company(tour: Tour) -> Iterator[str]:
    world = tour.world
    engineer, delivery = str(world.engineer.pk), str(world.delivery.pk)

    account = tour("seller", "POST /accounts", {"name": "Blue Nile", "sector": "Telecoms"})["id"]
    tour("seller", "GET /accounts", query={"q": "Nile"})
    tour("seller", "GET /accounts/{account_id}", account_id=account)
    tour("operations", "POST /segments", {"code": "telecoms", "zh": "电信", "en": "Telecoms"})
    tour("seller", "GET /segments")
    tour("seller", "PATCH /accounts/{account_id}", {"segment": "telecoms"}, match='"1"', account_id=account)
    site = tour("seller", "POST /accounts/{account_id}/sites", {"name": "NOC", "city": "Khartoum"}, account_id=account)["sites"][0]["id"]
    tour("seller", "POST /accounts/{account_id}/sites/endings", {"site": site, "reason": "closed"}, account_id=account)
    tour("head", "POST /accounts/{account_id}/key-periods", {"reason": "a network of 400 sites"}, account_id=account)
    tour("head", "POST /accounts/{account_id}/key-periods/endings", {"reason": "sold"}, account_id=account)
    tour("head", "POST /accounts/{account_id}/handovers", {"owner": str(world.seller.pk), "reason": "as it is"}, account_id=account)
    tour("seller", "GET /people/{person_id}/owed", person_id=str(world.seller.pk))
    chosen = [{"holding": "accounts", "id": account}]
    handed = {"heir": str(world.colleague.pk), "reason": "as planned", "what": chosen}
    tour("seller", "POST /people/{person_id}/hand-overs", handed, person_id=str(world.seller.pk))
    gone = {"first": "2040-01-02", "last": "2040-01-03", "deputy": str(world.delivery.pk), "reason": "a journey"}
    absence = tour("seller", "POST /people/{person_id}/absences", gone, person_id=str(world.seller.pk))["id"]
    tour("seller", "GET /people/{person_id}/absences", person_id=str(world.seller.pk))
    tour("seller", "POST /people/{person_id}/absences/endings", {"absence": absence}, person_id=str(world.seller.pk))
    back = {"owner": str(world.seller.pk), "reason": "not after all"}
    tour("colleague", "POST /accounts/{account_id}/handovers", back, account_id=account)
    tour("operations", "POST /segments/endings", {"code": "telecoms", "reason": "split"})
    deal = tour("seller", "POST /deals", {"title": "Sudan sites", "account": account, "amount": "2105000.00"} | AIM)["id"]
    tour("seller", "GET /deals", query={"closed": "false", "limit": 1})
    tour("seller", "GET /deals/sums")
    tour("seller", "GET /deals/endings")
    tour("operations", "POST /rates", {"rates": [{"currency": "USD", "day": "2026-11-20", "rate": "7.1"}]})
    tour("seller", "GET /rates")
    tour("head", "GET /my-unit")
    view = tour("seller", "POST /views", {"name": "Late", "asked": {"how": "late"}})["id"]
    tour("seller", "GET /views")
    tour("seller", "GET /views/{view_id}", view_id=view)
    tour("seller", "PATCH /views/{view_id}", {"shared": True}, match='"1"', view_id=view)
    tour("seller", "POST /views/{view_id}/endings", view_id=view)
    yield "opened"

    said = [{"words": words, "category": category, "speaker": 0} for words, category in world.three_items()]
    meeting = tour(
        "seller",
        "POST /deals/{deal_id}/meetings",
        {"items": said, "contacts": [{"name": "Osman"}], "held_at": "yesterday", "present": [engineer, delivery]},
        deal_id=deal,
    )
    tour("seller", "PATCH /meetings/{meeting_id}", {"held_at": "2026-11-20T09:00:00Z"}, meeting_id=meeting["id"])
    tour("seller", "GET /meetings/{meeting_id}", meeting_id=meeting["id"])
    presence = {row["person"]["id"]: row["id"] for row in meeting["attendances"]}
    tour("engineer", "POST /attendances/{attendance_id}/confirmation", attendance_id=presence[engineer])
    tour("delivery", "POST /attendances/{attendance_id}/denial", attendance_id=presence[delivery])
    item = meeting["items"][1]["id"]
    about = {"kind": "item", "object_id": meeting["items"][0]["id"]}
    asked = tour(
        "seller", "POST /discussions/{kind}/{object_id}/messages", {"text": "Is it so?", "to": [engineer], "asks": "answer"}, **about
    )
    tour("engineer", "GET /discussions/{kind}/{object_id}/messages", **about)
    tour("engineer", "GET /messages", query={"waiting": "true"})
    tour("engineer", "GET /messages/{message_id}", message_id=asked["id"])
    tour("engineer", "POST /messages/{message_id}/acknowledgements", {"text": "It is."}, message_id=asked["id"])
    again = tour(
        "seller", "POST /discussions/{kind}/{object_id}/messages", {"text": "And this?", "to": [engineer], "asks": "answer"}, **about
    )
    tour("seller", "POST /messages/{message_id}/withdrawals", message_id=again["id"])
    tour("seller", "PUT /items/{item_id}/category", {"category": world.categories[2]}, item_id=item)
    tour("seller", "POST /items/{item_id}/corrections", {"text": "30 metres"}, item_id=item)
    tour("seller", "GET /items/{item_id}", item_id=item)
    tour("seller", "GET /teams/{team_id}", team_id=str(Deal.objects.get(pk=deal).team_id))
    yield "said"

    tour("seller", "PATCH /deals/{deal_id}", {"title": "Sudan, north"}, match=tour.etag(deal), deal_id=deal)
    first = tour("seller", "GET /deals/{deal_id}", deal_id=deal)
    tour("seller", "POST /deals/{deal_id}/moves", {"to": first["path"][1]["stage"]["code"]}, match=tour.etag(deal), deal_id=deal)
    tour(
        "seller", "POST /deals/{deal_id}/reversals", {"to": first["stage"]["code"], "reason": "early"}, match=tour.etag(deal), deal_id=deal
    )
    tour("seller", "POST /deals/{deal_id}/moves", {}, match=tour.etag(deal), deal_id=deal)
    tour("seller", "GET /deals/{deal_id}/gate", deal_id=deal)
    tour("seller", "POST /deals/{deal_id}/missing-seats", deal_id=deal)
    chairs = {seat["role"]["code"]: seat["id"] for seat in first["seats"]}
    asked = tour("seller", "POST /seats/{seat_id}/nominations", {"person": engineer}, seat_id=chairs[role_of(world.engineer)])["id"]
    tour("engineer", "POST /memberships/{membership_id}/acceptance", membership_id=asked)
    asked = tour("seller", "POST /seats/{seat_id}/nominations", {"person": delivery}, seat_id=chairs[role_of(world.delivery)])["id"]
    tour("delivery", "POST /memberships/{membership_id}/refusal", {"reason": "no time"}, membership_id=asked)
    sits = next(seat for seat in tour("seller", "GET /deals/{deal_id}", deal_id=deal)["seats"] if seat["leader"])["membership"]["id"]
    colleague = str(world.colleague.pk)
    tour("seller", "POST /memberships/{membership_id}/release", {"reason": "on leave", "person": colleague}, membership_id=sits)
    yield "moved"

    [call] = [row["id"] for row in tour("seller", "GET /deals/{deal_id}/calls", deal_id=deal)["items"]]
    with later(days=3):
        sweep()
    told = next(line for line in tour("seller", "GET /my-day")["items"] if line["act"] == "see_to")
    tour("seller", "POST /my-day/seen-to", {"alarms": told["ids"]})
    tour("seller", "GET /deals/{deal_id}/clocks", deal_id=deal)
    tour("operations", "GET /deliveries")
    lost = Delivery.objects.create(entry=Entry.objects.latest("seq"), reaction="calls.raise_missing", due_at=now(), dead_at=now())
    tour("operations", "POST /deliveries/sent-again", {"deliveries": [lost.pk]})
    tour("engineer_head", "GET /calls", query={"open": "true"})
    tour("engineer_head", "GET /calls/{call_id}/candidates", call_id=call)
    tour("engineer", "POST /calls/{call_id}/assignments", {"person": str(world.engineer_two.pk)}, call_id=call)
    tour("engineer_two", "POST /calls/{call_id}/declines", {"reason": "on leave"}, call_id=call)
    tour("seller", "POST /calls/{call_id}/objections", {"reason": "known customer"}, call_id=call)
    tour("engineer", "GET /calls/{call_id}", call_id=call)
    tour("engineer", "GET /calls/{call_id}/items", call_id=call)
    tour("sales_head", "POST /calls/{call_id}/pauses", {"reason": "the site is closed"}, call_id=call)
    tour("seller", "GET /deals/{deal_id}/clocks", deal_id=deal)
    tour("sales_head", "POST /calls/{call_id}/resumptions", call_id=call)
    tour("engineer", "POST /calls/{call_id}/takings", call_id=call)
    tour("engineer", "POST /calls/{call_id}/results", {"text": "The bill halves."}, call_id=call)
    tour("seller", "POST /calls/{call_id}/results/returns", {"reason": "by how much?"}, call_id=call)
    tour("sales_head", "POST /calls/{call_id}/endings", {"reason": "answered by mail"}, call_id=call)
    yield "called"

    tour("engineer", "GET /items", query={"to_hear": "true"})
    words = [row["id"] for row in tour("head", "GET /deals/{deal_id}/items", deal_id=deal)["items"]]
    tour("head", "POST /hearings", {"items": words})
    tour("head", "POST /deals/{deal_id}/votes", {"approves": True}, match=tour.etag(deal), deal_id=deal)
    tour("head", "POST /deals/{deal_id}/vote-withdrawals", {}, match=tour.etag(deal), deal_id=deal)
    tour("seller", "GET /deals/{deal_id}/votes", deal_id=deal)
    stated = {"gross_margin": "28.5", "advance_share": "30", "days_to_cash": 60, "source": "estimate of Monday"}
    tour("seller", "POST /deals/{deal_id}/figures", stated, match=tour.etag(deal), deal_id=deal)
    tour("seller", "GET /deals/{deal_id}/figures", deal_id=deal)
    asked = tour("head", "GET /deals/{deal_id}/gate", deal_id=deal)["conditions"]
    keys = dict.fromkeys(row["key"] for row in asked if not row["met"] and not row["warns"])
    taken = [{"key": key, "reason": "the tender closes", "who": str(world.seller.pk), "due": "2030-01-02"} for key in keys]
    passed = tour("head", "POST /deals/{deal_id}/risk-decisions", {"lines": taken}, match=tour.etag(deal), deal_id=deal)
    tour("seller", "GET /deals/{deal_id}/risks", deal_id=deal)
    needed = {"person": str(world.engineer.pk), "reason": "the plan of the site"}
    wait = tour("seller", "POST /deals/{deal_id}/waits", needed, match=tour.etag(deal), deal_id=deal)["id"]
    tour("engineer", "GET /waits/{wait_id}", wait_id=wait)
    tour("engineer", "POST /waits/{wait_id}/there", {"words": "on the shelf"}, wait_id=wait)
    roles = list(book.process_of(queries.as_it_stands(UUID(deal)).process_id).roles.values())
    seller_role, other = next(role for role in roles if role.owner), next(role for role in roles if not role.owner)
    visit = queries.open_visit(queries.as_it_stands(UUID(deal)))  # as if its stage had begun a step that the seller answers for
    Wait.objects.create(deal_id=deal, kind=HANDOVER, visit=visit, role=seller_role, former_role=other, since=now())
    tour("seller", "POST /deals/{deal_id}/take-over", deal_id=deal)
    tour("seller", "GET /deals/{deal_id}/time", deal_id=deal)
    worth = tour("seller", "GET /deals/{deal_id}", deal_id=deal)["amount"]
    going = {"title": "the first sites", "goal": "signed", "due": "2030-01-02", "amount": "0.01", "kept": worth, "reason": "rounded"}
    part = tour("seller", "POST /deals/{deal_id}/parts", going, match=tour.etag(deal), deal_id=deal)
    again = {"other": part["id"], "other_version": part["version"], "amount": worth, "reason": "rounded"}
    tour("seller", "POST /deals/{deal_id}/joins", again, match=tour.etag(deal), deal_id=deal)
    tour("seller", "GET /deals/{deal_id}/parts", deal_id=deal)
    tour("seller", "GET /waiting")
    line = next(row["id"] for row in passed if not row["by_check"])
    tour("seller", "POST /deals/{deal_id}/risks/{risk_id}/made-good", {"words": "confirmed"}, deal_id=deal, risk_id=line)
    tour("seller", "GET /deals/{deal_id}/escalations", deal_id=deal)
    put = {"lines": [{"what": "混合能源站点", "quantity": "38.5", "unit": "站", "price": "12000.50"}]}
    tour("seller", "PUT /deals/{deal_id}/lines", put, match=tour.etag(deal), deal_id=deal)
    tour("seller", "GET /deals/{deal_id}/lines", deal_id=deal)
    tour("seller", "GET /service-types")
    tour("seller", "PUT /deals/{deal_id}/services", {"services": ["turnkey", "energy"]}, match=tour.etag(deal), deal_id=deal)
    tour("seller", "GET /deals/{deal_id}/services", deal_id=deal)
    step = {"what": "call the site office", "due": "2030-01-02", "doer": str(world.seller.pk)}
    tour("seller", "POST /deals/{deal_id}/next-steps", step, match=tour.etag(deal), deal_id=deal)
    tour("seller", "GET /deals/{deal_id}/next-steps", deal_id=deal)
    calls_of_leads(tour, account, deal)
    tour("seller", "GET /deals/{deal_id}/steps", deal_id=deal)
    tour("seller", "GET /deals/{deal_id}/timeline", deal_id=deal)
    tour("seller", "GET /deals/{deal_id}/trial", query={"needs": "deal.amount > 1.0 && words.statements > 0"}, deal_id=deal)
    tour("seller", "GET /deals/{deal_id}/clocks", query={"ended": "true"}, deal_id=deal)
    tour(
        "seller",
        "POST /deals/{deal_id}/losses",
        {"reason": "the rival was cheaper to run", "code": "lost-price", "competitor": "Rival"},
        match=tour.etag(deal),
        deal_id=deal,
    )
    yield "decided"

    ends_of_deals(world, tour)
    calendar = tour("seller", "GET /calendars")["items"][0]["id"]
    solutions = str(world.units["solutions"].pk)
    berlin = tour("administrator", "POST /calendars", {"name": "Berlin", "zone": "Europe/Berlin", "country": "DE"})
    hours = {"name": "Berlin", "zone": "Europe/Berlin", "weekly": ["8:00-16:00"] * 5 + ["", ""]}
    match = f'"{berlin["version"]}"'
    berlin = tour("administrator", "PUT /calendars/{calendar_id}/hours", hours, match=match, calendar_id=berlin["id"])
    tour("administrator", "PUT /units/{unit_id}/calendar", {"calendar": berlin["id"]}, unit_id=solutions)
    own = tour("administrator", "POST /units/{unit_id}/own-days", unit_id=solutions)["id"]
    stocktaking = {"kind": "exception", "hours": "9:00-12:00", "name": "stocktaking"}
    tour("administrator", "PUT /calendars/{calendar_id}/days/{day}", stocktaking, calendar_id=own, day="2026-12-31")
    tour("administrator", "DELETE /calendars/{calendar_id}/days/{day}", calendar_id=own, day="2026-12-31")
    table = {"content": "day,kind,hours,name\n2027-01-01,holiday,,New Year\n2027-01-02,make_up,,\n"}
    version = f'"{tour("seller", "GET /calendars/{calendar_id}", calendar_id=calendar)["version"]}"'
    tour("administrator", "POST /calendars/{calendar_id}/files", table, match=version, calendar_id=calendar)
    tour("administrator", "PUT /calendars/{calendar_id}/confirmed-years/{year}", calendar_id=calendar, year="2027")
    taken_back = {"year": 2027, "reason": "a day was published late"}
    tour("administrator", "POST /calendars/{calendar_id}/unconfirmed-years", taken_back, calendar_id=calendar)
    tour("engineer", "GET /units/{unit_id}/working-time", query={"start": "2026-11-23T10:00:00Z", "minutes": 240}, unit_id=solutions)
    yield "reckoned"

    channel = tour("engineer", "POST /me/channels", {"kind": "wecom", "address": ROBOT})["id"]
    of_channel = Channel.objects.filter(pk=channel)
    of_channel.update(code_at=now() - timedelta(minutes=2))
    tour("engineer", "POST /me/channels/{channel_id}/codes", channel_id=channel)
    code = {"code": code_of(of_channel.get())}
    tour("engineer", "POST /me/channels/{channel_id}/confirmations", code, channel_id=channel)
    tour("engineer", "PUT /me/channels/{channel_id}/choice", {"at_once": True, "digest": False}, channel_id=channel)
    tour("engineer", "POST /me/channels/{channel_id}/trials", channel_id=channel)
    of_channel.update(given_up_at=now(), failing_since=now(), trouble={"zh-hans": "坏了", "en": "broken"})
    tour("engineer", "GET /me/channels")
    tour("engineer", "POST /me/channels/{channel_id}/mendings", channel_id=channel)
    tour("engineer", "POST /me/channels/{channel_id}/endings", {"reason": "another group"}, channel_id=channel)
    tour("engineer", "PUT /me/wishes", {"quiet_from": "22:00", "quiet_to": "07:30", "digest_at": "08:30"})
    tour("engineer", "GET /me/wishes")
    tour("engineer", "POST /me/feed")
    tour("engineer", "GET /me/feed")
    tour("engineer", "DELETE /me/feed")
    yield "told"

    for label in ("GET /me", "GET /my-day", "GET /playbook", "GET /people", "GET /me/tokens"):
        tour("operations", label)
    tour("operations", "GET /people/{person_id}", person_id=engineer)
    tour("seller", "GET /search", query={"q": "diesel"})
    tour("seller", "GET /playbook/facts")
    tour("operations", "POST /playbook/judged-again", {"name": "nothing-like-that"})
    shipped = tour("seller", "GET /playbook/packs")["items"]
    tour("seller", "GET /playbook/packs/{name}", name=shipped[0]["name"])
    shown = tour("seller", "GET /playbook/pack")
    pack = {name: shown[name] for name in ("name", "parts")}
    tour("operations", "POST /playbook/pack/checks", pack)
    first = tour("operations", "POST /playbook/revisions", {"reason": "more words", "parts": ["hearing"]})["id"]
    text = tour("operations", "GET /playbook/revisions/{revision_id}/parts/{part}", revision_id=first, part="hearing")["text"]
    written = {"text": f"# more\n{text}"}
    of = {"revision_id": first, "part": "hearing"}
    tag = f'"{read_part(Revision.objects.get(pk=first), "hearing").etag}"'  # type: ignore[union-attr]  # it was just made
    tour("operations", "PUT /playbook/revisions/{revision_id}/parts/{part}", written, match=tag, **of)
    tag = f'"{read_part(Revision.objects.get(pk=first), "hearing").etag}"'  # type: ignore[union-attr]
    tour("operations", "POST /playbook/revisions/{revision_id}/parts/{part}/undone", match=tag, **of)
    tag = f'"{read_part(Revision.objects.get(pk=first), "hearing").etag}"'  # type: ignore[union-attr]
    tour("operations", "PUT /playbook/revisions/{revision_id}/parts/{part}", written, match=tag, **of)
    draft = lambda: f'"{read_part(Revision.objects.get(pk=first), "hearing").etag}"'  # type: ignore[union-attr]  # noqa: E731
    place = "/playbook/revisions/{revision_id}/parts/{part}"
    tour(
        "operations",
        f"PATCH {place}/cells",
        {"cells": {"categories/site/critical": True, "categories/site/en": "Site"}},
        match=draft(),
        **of,
    )
    more = {"table": "categories", "values": {"code": "more", "zh": "更多", "en": "More"}, "after": "site"}
    tour("operations", f"POST {place}/rows", more, match=draft(), **of)
    tour("operations", f"POST {place}/rows/moved", {"table": "categories", "code": "more", "after": ""}, match=draft(), **of)
    tour("operations", f"GET {place}/impacts", **of)
    tour("operations", f"DELETE {place}/rows", match=draft(), query={"table": "categories", "code": "more"}, **of)
    seen = lambda: f'"{Revision.objects.get(pk=first).version}"'  # noqa: E731 - asked before each
    tour(
        "operations",
        "PUT /playbook/revisions/{revision_id}/start",
        {"starts_at": "2027-01-04T09:00:00+08:00"},
        match=seen(),
        revision_id=first,
    )
    tour("operations", "POST /playbook/revisions/{revision_id}/approval-requests", match=seen(), revision_id=first)
    tour("operations", "POST /playbook/revisions/{revision_id}/approvals", {}, match=seen(), revision_id=first)
    tour("seller", "GET /playbook/revisions")
    tour("seller", "GET /playbook/revisions/{revision_id}", revision_id=first)
    tour("operations", "POST /playbook/revisions/{revision_id}/withdrawals", {"reason": "not yet"}, match=seen(), revision_id=first)
    version = tour("seller", "GET /playbook/versions")["items"][0]["id"]
    tour("seller", "GET /playbook/versions/{version_id}", version_id=version)
    tour("seller", "GET /playbook/asks")
    tour("operations", "GET /playbook/profiles/{profile}", profile="light")
    switch = {"profile": "light", "reason": "one hand holds it all"}
    tour("operations", "PUT /playbook/profile", switch, match=f'"{playbook_version()}"')
    tour("operations", "PUT /playbook/profile", switch | {"profile": "standard"}, match=f'"{playbook_version()}"')
    tour("operations", "PUT /playbook/pack", pack | {"reason": "the same again"}, match=f'"{playbook_version()}"')
    parts = pack["parts"] | {"process": pack["parts"]["process"] + "# newer\n"}
    tour("operations", "PUT /playbook/pack", pack | {"parts": parts, "reason": "newer"}, match=f'"{playbook_version()}"')
    other = tour("seller", "GET /deals", query={"closed": "false"})["items"][0]["id"]
    newer = tour("seller", "GET /deals/{deal_id}/process", deal_id=other)["newer"]["number"]
    tour("seller", "POST /deals/{deal_id}/process-moves", {"to": newer, "reason": "newer"}, match=tour.etag(other), deal_id=other)
    tour("operations", "GET /playbook/older-deals")
    tour("operations", "POST /playbook/older-deals", {"reason": "newer"}, match=f'"{newer}"')
    by, who = "administrator", str(world.colleague.pk)
    unit = tour(by, "GET /people/{person_id}/holdings", person_id=who)["posts"][0]["unit"]["id"]
    given = tour(by, "POST /people/{person_id}/posts", {"role": role_of(world.delivery), "unit": unit}, person_id=who)["posts"]
    tour(by, "POST /people/{person_id}/posts/endings", {"post": given[-1]["id"], "reason": "on leave"}, person_id=who)
    tour(
        by,
        "POST /people/{person_id}/skills",
        {"code": "solution-design", "level": 3, "evidence": "two bids", "until": "2027-01-31"},
        person_id=who,
    )
    tour(by, "POST /people/{person_id}/skills/endings", {"code": "solution-design", "reason": "long ago"}, person_id=who)
    tour(by, "POST /people/{person_id}/permissions", {"permission": "deals.see_all"}, person_id=who)
    tour(by, "POST /people/{person_id}/permissions/endings", {"permission": "deals.see_all", "reason": "not needed"}, person_id=who)
    spare = tour("administrator", "POST /me/tokens", {"name": "spare"})["id"]
    tour("administrator", "DELETE /tokens/{token_id}", token_id=spare)
    gone = {"heir": str(world.seller.pk), "reason": "moves abroad"}
    tour("administrator", "POST /people/{person_id}/departures", gone, person_id=str(world.colleague.pk))
    for who in ("Amal", "阿马尔"):
        tour("head", "POST /accounts/{account_id}/contacts", {"name": who, "since": "2020-01-01"}, account_id=account)
    contacts = tour("head", "GET /accounts/{account_id}", account_id=account)["contacts"]
    if contacts:
        one, two = contacts[0]["id"], contacts[1]["id"]
        tour("head", "GET /contacts/{contact_id}", contact_id=one)
        tour("head", "GET /contacts/{contact_id}/meetings", contact_id=one)
        tour("head", "POST /contacts/{contact_id}/posts", {"account": account, "title": "CTO"}, contact_id=one)
        merger = {"gone": two, "reason": "one person", "sure": True}
        tour("head", "POST /contacts/{contact_id}/mergers", merger, contact_id=one)
        one = contacts[0]["id"]
        tour("head", "POST /accounts/{account_id}/reporting", {"contact": one, "superior": None}, account_id=account)
        tour("head", "POST /accounts/{account_id}/contacts/endings", {"contact": one, "reason": "moved"}, account_id=account)
    yield "read"


def calls_outside_the_mandate(tour: Tour, folder: Path) -> None:
    """A deal of a process with mandates: the decision that is outside the team's is asked, taken back, asked again and taken."""
    world = tour.world
    put_in_force(changed_pack(folder, with_mandates(TEAM, MAKERS)))
    row = world.deal("授权之外")
    accept_seat(
        by=world.by("delivery"),
        membership=nominate(by=world.by("seller"), seat=Seat.objects.get(team=row.team_id, role="FR"), person=world.delivery),
    )
    deal = str(row.pk)
    stated = {"gross_margin": "15", "source": "estimate of Monday"}
    tour("seller", "POST /deals/{deal_id}/figures", stated, match=tour.etag(deal), deal_id=deal)
    tour("seller", "POST /deals/{deal_id}/escalations", {"reason": "they wait"}, match=tour.etag(deal), deal_id=deal)
    tour("seller", "POST /deals/{deal_id}/escalations/withdrawals", {"reason": "not yet"}, match=tour.etag(deal), deal_id=deal)
    tour("seller", "POST /deals/{deal_id}/escalations", {}, match=tour.etag(deal), deal_id=deal)
    whom = queries.asked_now(Deal.objects.get(pk=deal))
    assert whom is not None
    key = next(key for key, person in world.people.items() if person.pk == whom.person_id)
    taken = {"approves": False, "reason": "too thin"}
    tour(key, "POST /deals/{deal_id}/escalations/decisions", taken, match=tour.etag(deal), deal_id=deal)
    tour("delivery", "POST /deals/{deal_id}/votes", {"approves": False, "reason": "too early"}, match=tour.etag(deal), deal_id=deal)
    left = {"reason": "they have their own"}
    tour("head", "POST /deals/{deal_id}/steps/{step_code}/left-out", left, match=tour.etag(deal), deal_id=deal, step_code="3")
    tour("head", "POST /deals/{deal_id}/steps/{step_code}/needed", match=tour.etag(deal), deal_id=deal, step_code="3")
    settled = {"goes_on": False, "words": "another date first"}
    settling = "POST /deals/{deal_id}/dissents/{dissent_id}/settlements"
    against = str(Dissent.objects.get(visit__deal=deal, role__code="FR", ended_at__isnull=True).pk)
    tour("head", settling, settled, match=tour.etag(deal), deal_id=deal, dissent_id=against)
    tour("seller", "GET /deals/{deal_id}/dissents", deal_id=deal)
    tour("seller", "GET /deals/{deal_id}/passes", deal_id=deal)


def test_every_operation_succeeds_at_least_once(world: World, tmp_path: Path):
    tour = Tour(world)
    assert list(calls_of_a_company(tour)) == ["opened", "said", "moved", "called", "decided", "reckoned", "told", "read"]
    calls_outside_the_mandate(tour, tmp_path / "pack")
    assert tour.done == set(operations())
