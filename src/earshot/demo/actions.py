"""Building a demonstration world from its file, through the verbs that people use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from earshot.accounts.actions import open_account
from earshot.accounts.models import Account
from earshot.deals.actions import hand_lead, open_deal, record_lead, set_lead_account, set_lead_step, take_up_lead
from earshot.deals.models import Deal
from earshot.journal.actions import record, verb
from earshot.journal.actors import process
from earshot.kit import now
from earshot.kit.clock import standing_still
from earshot.kit.problems import Refusal
from earshot.people import actions as people
from earshot.people.actors import as_person
from earshot.people.calendars import set_calendar
from earshot.people.models import Login, Person, Unit
from earshot.playbooks.actions import adopt_pack
from earshot.playbooks.sources import PACKS, Sources
from earshot.talk.actions.channels import add_channel, confirm_channel, set_wishes
from earshot.talk.actions.messages import post_message
from earshot.talk.codes import code_of
from earshot.talk.models import Message
from earshot.voice.actions import Said, With, record_meeting

WORLDS = Path(__file__).parent / "worlds"
DEFAULT = "sudan"


@dataclass
class World:
    """What was built, by the keys of the world's file."""

    units: dict[str, Unit] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    deals: dict[str, Deal] = field(default_factory=dict)
    offered: list[str] = field(default_factory=list)


def read_world(name: str = DEFAULT) -> dict[str, Any]:
    with (WORLDS / name / "world.yaml").open(encoding="utf-8") as file:
        return dict(yaml.safe_load(file))


@verb
def build_world(spec: Mapping[str, Any] | None = None, *, pack: Path | None = None) -> World:
    """Build the company of `spec` (default: the shipped one) in an empty house. `pack`: folder of the playbook, default the one
    that the world names. Refused where there are people already."""
    if Person.objects.exists():
        raise Refusal("demo.not_empty", _("There is a company in this database already. A demonstration world needs an empty one."))
    spec = spec or read_world()
    world = World()
    by = process(f"demo/{spec['pack']}")
    calendar = set_calendar(by=by, name=spec["calendar"]["name"], zone=spec["calendar"]["zone"], country=spec["calendar"]["country"])
    for row in spec["units"]:
        parent = world.units[row["parent"]] if "parent" in row else None
        world.units[row["code"]] = people.add_unit(
            by=by, code=row["code"], name=row["name"], parent=parent, calendar=None if parent else calendar
        )
    sources = Sources.of_folder(pack or PACKS / spec["pack"])
    adopt_pack(by=by, sources=sources.in_profile(spec["profile"]), reason="demo")
    for row in spec["people"]:
        person = people.add_person(by=by, name=row["name"], title=row.get("title", ""), unit=world.units[row["unit"]])
        world.people[row["key"]] = person
        if "heads" in row:
            people.appoint_head(by=by, unit=world.units[row["heads"]], person=person)
        for post in row.get("posts", []):
            people.give_post(
                by=by, person=person, unit=world.units[post["unit"]], role=post["role"], answerable=post.get("answerable", False)
            )
        for skill in row.get("skills", []):
            people.give_skill(by=by, person=person, code=skill["code"], level=skill["level"], evidence=skill["evidence"])
        for permission in row.get("permissions", []):
            people.give_permission(by=by, person=person, permission=permission)
        Login.objects.create_user(f"demo-{row['key']}", None, person=person)
    world.offered = list(spec["offered"])
    for row in spec["accounts"]:
        owner = world.people[row["owner"]]
        world.accounts[row["key"]] = open_account(by=as_person(owner), name=row["name"], sector=row["sector"], owner=owner)
    _history(spec, world)
    _channels(spec, world)
    record("demo.world_built", by=by, objects={})
    return world


def _history(spec: Mapping[str, Any], world: World) -> None:
    """What happened before today: the same verbs, at their own moments."""
    today = now()
    for row in spec.get("deals", []):
        owner = world.people[row["owner"]]
        with standing_still(today - timedelta(days=row["days_ago"])):
            world.deals[row["key"]] = open_deal(
                by=as_person(owner),
                title=row["title"],
                account=world.accounts[row["account"]],
                owner=owner,
                goal=row["goal"],
                due=(today + timedelta(days=row["due_in"])).date(),
                amount=row["amount"],
                currency=row["currency"],
            )
    for row in spec.get("meetings", []):
        with standing_still(today - timedelta(days=row["days_ago"])):
            record_meeting(
                by=as_person(world.people[row["by"]]),
                deal=world.deals[row["deal"]],
                held_at=now(),
                place=row["place"],
                contacts=[With(contact["name"], contact["title"]) for contact in row["contacts"]],
                items=[Said(item["words"], item["category"], 0) for item in row["items"]],
            )
    _leads(spec, world, today)
    _written(spec, world, today)


def _leads(spec: Mapping[str, Any], world: World, today: datetime) -> None:
    """What somebody heard that may become a deal."""
    for row in spec.get("leads", []):
        with standing_still(today - timedelta(days=row["days_ago"])):
            lead = record_lead(
                by=as_person(world.people[row["by"]]),
                words=row["words"],
                source=row["source"],
                customer=row.get("customer", "") or world.accounts[row["account"]].name,
                speaker=row["speaker"]["name"],
                speaker_title=row["speaker"]["title"],
                said_at=now(),
                category=row.get("category", ""),
            )
            if "taken_by" in row:
                head = as_person(lead.owner)
                hand_lead(by=head, lead=lead, to=world.people[row["taken_by"]], reason=row["handed"])
        if "taken_by" in row:
            by = as_person(world.people[row["taken_by"]])
            with standing_still(today - timedelta(days=row["days_ago"] - 1)):
                taken = take_up_lead(by=by, lead=lead)
                named = set_lead_account(by=by, lead=taken, account=world.accounts[row["account"]], version=taken.version)
                due = (today + timedelta(days=row["step"]["due_in"])).date()
                set_lead_step(by=by, lead=named, what=row["step"]["what"], due=due, version=named.version)


def _written(spec: Mapping[str, Any], world: World, today: datetime) -> None:
    """What was written on the deals, the oldest first."""
    known: dict[str, Message] = {}
    for row in spec.get("messages", []):
        with standing_still(today - timedelta(days=row["days_ago"])):
            message = post_message(
                by=as_person(world.people[row["by"]]),
                about=world.deals[row["deal"]],
                text=row["text"],
                asks=row.get("asks", ""),
                to=[world.people[key] for key in row.get("to", [])],
                replies_to=known[row["replies_to"]] if "replies_to" in row else None,
            )
        known[row.get("key", "")] = message


def _channels(spec: Mapping[str, Any], world: World) -> None:
    """By which way some of them are told, where mail is set up: in a demonstration it is laid into a folder, and nothing leaves."""
    for row in spec.get("channels", []) if settings.MAIL is not None else []:
        by = as_person(world.people[row["person"]])
        channel, _secret = add_channel(by=by, kind="mail", address=row["address"])
        confirm_channel(by=by, channel=channel, code=code_of(channel))
        set_wishes(by=by, **row["wishes"])


def offered_people() -> list[Person]:
    """The people whom the sign-in page of a demonstration offers, in the world's order."""
    usernames = [f"demo-{key}" for key in read_world()["offered"]]
    found = {
        login.username: login.person for login in Login.objects.filter(username__in=usernames).select_related("person", "person__unit")
    }
    return [person for username in usernames if (person := found.get(username))]
