"""A small named company for each pack that ships, and the way of one deal from its first stage to won, through the verbs, by whatever
stages, seats, calls and gates the playbook in force has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from earshot.deals import gates
from earshot.deals.actions import move_on, vote
from earshot.deals.models import Deal
from earshot.deals.queries import voters_now
from earshot.demo.actions import read_world
from earshot.people.actors import as_person
from earshot.people.models import Person, Post
from earshot.playbooks import book
from earshot.teams.actions import accept_seat, nominate
from earshot.teams.queries import seats
from earshot.voice.actions import take_note
from earshot.voice.models import Item
from earshot.voice.queries import visible_to
from worlds import World

FOLDER = Path(__file__).parent / "companies"
COMPANIES = {"iron-triangle-ltc": "", "telecom-key-account": "telecom", "appliance-supply": "appliance"}


def company(pack: str) -> dict[str, Any]:
    """The company of a shipped pack, in the form of a demonstration world."""
    name = COMPANIES[pack]
    return dict(yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))) if name else read_world()


def fill_seats(world: World, deal: Deal) -> None:
    """The seller asks, for each empty chair, somebody who holds its role; whoever is asked accepts."""
    for read in seats(deal.team_id):
        if read.membership is None:
            there = [one.membership.person_id for one in seats(deal.team_id) if one.membership is not None]
            post = Post.objects.filter(role=read.seat.role, until__isnull=True).exclude(person__in=there).select_related("person").first()
            assert post is not None, f"nobody of the company can sit as {read.role}"
            nominate(by=world.by("seller"), seat=read.seat, person=post.person)
    for read in seats(deal.team_id):
        if not read.accepted and read.membership is not None:
            accept_seat(by=as_person(read.membership.person), membership=read.membership)


def hear_all(deal: Deal) -> None:
    """Everybody takes note of all that he or she is shown of the deal."""
    for person in Person.objects.filter(left_at__isnull=True):
        if items := list(visible_to(person).filter(deal=deal)):
            take_note(by=as_person(person), items=items)


def approve(deal: Deal) -> None:
    """Each decider of the gate before the deal votes yes, until it opens."""
    gate = gates.gate_of(deal)
    for role in [row.role.code for row in gate.deciders.all()] if gate else ():
        stage = deal.stage_id
        deal.refresh_from_db()
        if deal.stage_id == stage and not hasattr(deal, "closing"):
            voters = voters_now(deal, role)
            assert voters, f"nobody can vote as {role} at {gate}"
            vote(by=as_person(voters[0]), deal=deal, approves=True)


def to_won(world: World, deal: Deal) -> list[str]:
    """Walk the deal to won: words of every category, seats taken, everything heard, every call answered, every gate voted on. Gives the
    codes of the stages that it stood in."""
    if not Item.objects.filter(deal=deal).exists():
        world.words(deal, words=[(f"“{code}”", code) for code in book.in_force().hearing.categories])
    stood = []
    for _stage in book.process_of(deal.process_id).stages:
        deal = Deal.objects.select_related("stage", "team").get(pk=deal.pk)
        stood.append(deal.stage.code)
        fill_seats(world, deal)
        world.deliver(deal)
        hear_all(deal)
        if gates.gate_of(deal) is not None:
            approve(deal)
        else:
            move_on(by=world.by("seller"), deal=deal, version=deal.version)
    deal = Deal.objects.get(pk=deal.pk)
    assert deal.closing.outcome == "won"
    return stood
