"""Who reaches what: every address of both doors × every person of the demonstration × the status that is right, written by hand.

The state: the seller's deal stands before its first gate; the customer said three things; the process called the engineer's unit.
On a second deal of the seller the engineer is asked to take a seat and named as present. Each request stands alone: what it wrote is
rolled back before the next.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from api_caller import Caller
from earshot.accounts.actions import add_contact, add_site, begin_key, set_segment
from earshot.accounts.models import Contact
from earshot.clocks.models import Alarm
from earshot.clocks.sweep import sweep
from earshot.deals import leads
from earshot.deals.actions import record_lead, wait_for
from earshot.desk.saved import save_view
from earshot.journal.models import Entry
from earshot.kit import uuid7
from earshot.people.absences import record_absence
from earshot.people.actions import give_permission, give_skill, make_token
from earshot.people.models import Login, Post
from earshot.people.queries import first_calendar, roles_of
from earshot.playbooks import revisions
from earshot.playbooks.actions import open_revision, write_part
from earshot.playbooks.models import Revision
from earshot.playbooks.queries import version
from earshot.playbooks.sources import PACKS, Sources
from earshot.talk.actions.channels import add_channel, make_feed
from earshot.talk.actions.messages import post_message
from earshot.talk.codes import code_of
from earshot.teams.actions import nominate
from earshot.teams.models import Membership, Seat
from earshot.voice.models import Attendance
from worlds import AIM, World, later

PEOPLE = ["seller", "engineer", "engineer_head", "head", "delivery", "operations", "administrator", "colleague", "stranger"]
NOBODY = "nobody"
SHIPPED = Sources.of_folder(PACKS / "iron-triangle-ltc").in_profile("standard")
ZIPPED = base64.b64encode(SHIPPED.zipped()).decode()
# How a column is said: one status for all, or the statuses in the order of PEOPLE, then of somebody who is not signed in.
IN = 302  # somebody who is not signed in is led to the sign-in page


def row(*statuses: int, nobody: int) -> list[int]:
    return [*(statuses * len(PEOPLE) if len(statuses) == 1 else statuses), nobody]


def everybody(status: int = 200, nobody: int = IN) -> list[int]:
    return row(status, nobody=nobody)


def operates(status: int, others: int = 404, nobody: int = IN) -> list[int]:
    """Sales operations alone."""
    return row(*(status if one == "operations" else others for one in PEOPLE), nobody=nobody)


# The standings of the case, by who has them; whoever has none is told 404.
def deal(seller: int, head: int, nobody: int = IN) -> list[int]:
    """The deal and all of it: its owner, and the deciding head, who heads all units too."""
    return row(seller, 404, 404, head, 404, 404, 404, 404, 404, nobody=nobody)


def call(seller: int, engineer: int, engineer_head: int, head: int, nobody: int = IN) -> list[int]:
    """The call and what it needs: besides, whoever is called, and the head of the unit that owes it."""
    return row(seller, engineer, engineer_head, head, 404, 404, 404, 404, 404, nobody=nobody)


def administers(status: int, nobody: int = IN) -> list[int]:
    """What only whoever administers may do, and the others see."""
    return row(*(status if one == "administrator" else 403 for one in PEOPLE), nobody=nobody)


def only(key: str, status: int, nobody: int = IN) -> list[int]:
    """What is somebody's own."""
    return row(*(status if one == key else 404 for one in PEOPLE), nobody=nobody)


def keepers(status: int, nobody: int = IN) -> list[int]:
    """What keeps the house running: operations and the administrator."""
    return row(*(status if one in ("operations", "administrator") else 403 for one in PEOPLE), nobody=nobody)


# Who heads a unit.
HEADS = row(404, 404, 200, 200, 404, 404, 404, 404, 404, nobody=401)
# Of list and board: anybody keeps a view of his or her own; no view is open here.
VIEWS = {"POST save": everybody(302), **{f"POST {act}": everybody(404) for act in ("rename", "keep", "end")}}
# Address → what is sent (method and act) → statuses.
PAGES: dict[str, dict[str, list[int]]] = {
    "": {
        "GET": everybody(),
        "POST confirm": only("engineer", 302),
        "POST deny": only("engineer", 302),
        "POST accept": row(403, 302, 404, 403, 404, 404, 404, 404, 404, nobody=IN),  # on a deal that they see, but not theirs
        "POST see_to": only("seller", 302),
        "POST judge_again": row(*(302 if one == "operations" else 403 for one in PEOPLE), nobody=IN),
        "POST nothing-known": everybody(404),
    },
    # Whoever heads no unit finds nothing there; the acts are those of the deal's own pages.
    "unit/": {
        "GET": everybody(),
        "POST vote": deal(403, 409),
        "POST refuse": deal(403, 403),  # it is asked of nobody
        "POST settle": deal(404, 404),  # nobody is against
        "POST speak": deal(409, 409),  # nobody proposes it
        "POST take_note": call(302, 302, 302, 302),
        "POST see_to": only("seller", 302),
        "POST nominate": deal(302, 302),
        "POST set_date": deal(422, 422),  # no date is named
    },
    "hear/": {"GET": everybody(), "POST take_note": call(302, 302, 302, 302)},
    # Who has exactly one open deal has no choice to make: the stranger, and the engineer who is asked to sit on one.
    "capture/": {"GET": row(200, 302, 200, 200, 200, 200, 200, 200, 302, nobody=IN)},
    "deals/": {"GET": everybody(), **VIEWS, "POST anything": everybody(404)},
    "deals/board/": {
        "GET": everybody(),
        **VIEWS,
        "POST move": deal(409, 409),  # the card is asked for the next stage; the gate is shut
        "POST back": deal(302, 302),
    },
    # The form of one rate is empty, and so is the file; only operations get so far as to be told.
    "rates/": {
        "GET": everybody(),
        "POST enter": row(*(422 if one == "operations" else 403 for one in PEOPLE), nobody=IN),
        "POST file": row(422, nobody=IN),
    },
    "views/<uuid:id>/": {"GET": only("seller", 302)},
    "leads/": {"GET": everybody(), "POST anything": everybody(404)},
    "leads/new/": {"GET": everybody(), "POST record": everybody(302)},  # anybody, in any role
    "leads/import/": {"GET": operates(200), "POST bring": operates(422)},  # an empty form: only operations get so far as to be told
    "leads/origins/": {"GET": everybody()},
    # The seller recorded it, of an account of his or her own.
    "leads/<uuid:id>/": {
        "GET": deal(200, 200),
        "POST take_up": deal(302, 409),  # the seller has it
        "POST hand": deal(302, 302),
        "POST correct": deal(302, 302),
        "POST name_account": deal(302, 302),
        "POST rate": deal(302, 302),
        "POST verify": deal(302, 302),
        "POST step": deal(302, 302),
        "POST refuse": deal(302, 302),
        "POST reopen": deal(409, 409),  # nobody has refused it
        "POST open": deal(302, 302),
        "POST join": deal(302, 302),
        "POST write": deal(302, 302),
    },
    "deals/new/": {"GET": everybody(), "POST open": deal(302, 302)},
    "deals/<uuid:id>/": {
        "GET": deal(200, 200),
        "POST move_on": deal(409, 409),
        "POST move_back": deal(302, 302),
        "POST lose": deal(302, 302),
        "POST why_won": deal(409, 409),  # it is open
        "POST change": deal(302, 302),
        "POST nominate": deal(302, 302),
        # Somebody else's seat, on a deal that they do not see: accepted by the person asked alone.
        "POST accept": deal(403, 403),
        "POST decline": deal(403, 403),
        "POST release": deal(302, 302),  # who names people for the team frees a seat, too
        "POST add_seats": deal(302, 302),
        "POST step": deal(302, 302),
        "POST state": deal(302, 302),
        "POST services": deal(302, 302),
        "POST line": deal(302, 302),
        "POST line_off": deal(404, 404),  # one that is not there
        "POST make_good": deal(404, 404),  # nothing was passed at risk here
        "POST take_over": deal(409, 409),  # nothing was handed over
        "POST leave_out": deal(422, 422),  # no such step
        "POST need": deal(422, 422),
        "POST wait_for": deal(302, 302),
        "POST write": deal(302, 302),
    },
    "deals/<uuid:id>/meetings/new/": {"GET": deal(200, 200), "POST record": deal(302, 302)},
    "deals/<uuid:id>/gate/": {
        "GET": deal(200, 200),
        "POST vote": deal(403, 409),  # the seller does not decide here; the head has not heard yet
        "POST withdraw": deal(409, 409),  # none of the two has voted
        "POST ask": deal(409, 409),  # the gate has no mandates
        "POST refuse": deal(403, 403),  # nothing is asked of them
        "POST withdraw_question": deal(409, 409),
        "POST settle": deal(404, 404),  # nobody is against
        "POST take_note": deal(302, 302),
    },
    "deals/<uuid:id>/risk/": {"GET": deal(200, 200), "POST decide": deal(403, 409)},  # the head lists nothing of what is missing
    "deals/<uuid:id>/clocks/": {"GET": deal(200, 200)},
    "deals/<uuid:id>/time/": {"GET": deal(200, 200)},
    "deals/<uuid:id>/giving-up/": {
        "GET": deal(200, 200),
        "POST propose": deal(302, 409),  # the head has not heard yet
        "POST speak": deal(409, 409),  # nobody proposes it
        "POST conclude": deal(409, 409),
        "POST withdraw": deal(409, 409),
        "POST take_note": deal(302, 302),
    },
    "deals/<uuid:id>/join/": {"GET": deal(200, 200), "POST join": deal(422, 422)},  # nothing is chosen
    "deals/<uuid:id>/split/": {"GET": deal(200, 200), "POST split": deal(302, 302)},
    "waits/<uuid:id>/": {"GET": call(200, 200, 200, 200), "POST there": call(302, 302, 302, 302)},  # whoever has it, too, and its head
    "waiting/": {"GET": everybody()},
    "deals/<uuid:id>/process/": {"GET": deal(200, 200), "POST move": deal(409, 409)},  # it follows the process in force
    "meetings/<uuid:id>/": {
        "GET": deal(200, 200),
        "POST complete": deal(302, 403),
        "POST file": deal(302, 302),
        "POST write": deal(302, 302),
    },
    "items/<uuid:id>/": {
        "GET": call(200, 200, 200, 200),
        "POST take_note": call(302, 302, 302, 302),
        "POST correct": call(302, 302, 403, 302),  # whoever must hear it, too
        "POST file": call(302, 302, 403, 302),
        "POST write": call(302, 302, 302, 302),
    },
    "calls/": {"GET": everybody()},
    "calls/<uuid:id>/": {
        "GET": call(200, 200, 200, 200),
        "POST take": call(403, 302, 403, 403),
        "POST deliver": call(403, 302, 403, 403),
        "POST name": call(403, 302, 302, 302),
        "POST decline": call(403, 302, 403, 403),
        "POST send_back": call(409, 403, 403, 409),  # there is no result yet
        "POST object": call(302, 403, 403, 302),
        "POST end": call(403, 403, 403, 302),
        "POST pause": call(403, 403, 403, 302),
        "POST resume": call(403, 403, 403, 409),  # its time is running
        "POST write": call(302, 302, 302, 302),
    },
    "accounts/": {"GET": everybody()},
    "accounts/new/": {"GET": everybody(), "POST open": everybody(302)},
    "accounts/<uuid:id>/": {
        "GET": deal(200, 200),
        "POST write": deal(302, 302),
        "POST change": deal(302, 302),
        "POST begin_key": deal(403, 302),  # who answers for it does not promote it
        "POST end_key": deal(403, 302),
        "POST add_site": deal(302, 302),
        "POST end_site": deal(302, 302),
        "POST hand": deal(302, 302),
        "POST report": deal(302, 302),
        "POST end_contact": deal(302, 302),
        "POST add_contact": deal(302, 302),
    },
    "accounts/segments/": {
        "GET": everybody(),
        "POST add": operates(302, 403),
        "POST set": operates(302, 403),
        "POST end": operates(302, 403),
    },
    "contacts/<uuid:id>/": {"GET": deal(200, 200), "POST also": deal(302, 302), "POST merge": deal(302, 302)},
    # Nobody but the seller sits on the team: who heads its unit writes to the seller, the seller to nobody.
    "teams/<uuid:id>/": {"GET": deal(200, 200), "POST write": deal(422, 302)},
    "messages/": {"GET": everybody()},
    # Written by the seller on a statement, to the engineer, for an answer.
    "messages/<uuid:id>/": {
        "GET": call(200, 200, 200, 200),
        "POST acknowledge": call(403, 302, 403, 403),
        "POST reply": call(302, 302, 302, 302),
        "POST withdraw": call(302, 403, 403, 403),
    },
    "discussions/<slug:kind>/<uuid:id>/": {"GET": call(200, 200, 200, 200), "POST write": call(302, 302, 302, 302)},
    "people/<uuid:id>/": {"GET": everybody()},
    # The seller's: his or her own, the head's who heads the unit, and whoever administers.
    "people/<uuid:id>/hand-over/": {
        "GET": row(200, 404, 404, 200, 404, 404, 200, 404, 404, nobody=IN),
        "POST hand": row(302, 404, 404, 302, 404, 404, 302, 404, 404, nobody=IN),
        "POST leave": row(403, 404, 404, 302, 404, 404, 302, 404, 404, nobody=IN),
    },
    "people/<uuid:id>/absences/": {
        "GET": row(200, 404, 404, 200, 404, 404, 200, 404, 404, nobody=IN),
        "POST enter": row(302, 404, 404, 302, 404, 404, 302, 404, 404, nobody=IN),
        "POST end": row(302, 404, 404, 302, 404, 404, 302, 404, 404, nobody=IN),
    },
    "people/<uuid:id>/administration/": {
        "GET": administers(200),
        "POST give_post": administers(302),
        "POST end_post": administers(302),
        "POST give_skill": administers(302),
        "POST end_skill": administers(302),
        "POST give_permission": administers(302),
        "POST end_permission": administers(302),
    },
    "me/": {"GET": everybody(), "POST make_token": everybody(200), "POST revoke": only("seller", 302)},
    # Everybody's own; the channel of the case is the seller's.
    "me/notifications/": {
        "GET": everybody(),
        "POST add": everybody(302),
        "POST confirm": only("seller", 302),
        "POST send_code": only("seller", 409),  # one was sent a moment ago
        "POST choose": only("seller", 302),
        "POST try": only("seller", 409),  # it is not confirmed
        "POST mend": only("seller", 409),  # nothing was given up
        "POST end": only("seller", 302),
        "POST wishes": everybody(302),
        "POST make_feed": everybody(200),
        "POST revoke_feed": row(*(302 if one == "seller" else 409 for one in PEOPLE), nobody=IN),
    },
    # Whoever knows the key, signed in or not.
    "feeds/<str:key>.ics": {"GET": everybody(200, nobody=200), "POST": everybody(405, nobody=405)},
    "entries/<uuid:id>/": {"GET": deal(200, 200)},
    "search/": {"GET": everybody()},
    # Who heads a unit may begin with the part whose rows units own, and with no other.
    "playbook/": {"GET": everybody(), "POST open": operates(302, 403)},
    # A draft of sales operations: nobody else sees it.
    "playbook/revisions/<uuid:id>/": {
        "GET": operates(200),
        "POST write": operates(302),
        "POST add": operates(302),
        "POST undo": operates(302),
        "POST start": operates(302),
        "POST ask": operates(302),
        "POST approve": operates(302),
        "POST withdraw": operates(302),
    },
    "playbook/revisions/<uuid:id>/<slug:part>/": {
        "GET": operates(200),
        "POST cells": operates(302),
        "POST add": operates(302),
        "POST remove": operates(302),
        "POST move": operates(302),
        "POST undo": operates(302),
    },
    "playbook/parts/<slug:part>/": {"GET": everybody()},
    "playbook/versions/<uuid:id>/": {"GET": operates(200)},  # of the same draft
    "playbook/conditions/": {"GET": everybody()},
    "playbook/asks/": {"GET": everybody(), "POST switch": row(*(302 if one == "operations" else 403 for one in PEOPLE), nobody=IN)},
    "playbook/deals/": {
        "GET": row(*(200 if one == "operations" else 403 for one in PEOPLE), nobody=IN),
        "POST move": row(*(422 if one == "operations" else 403 for one in PEOPLE), nobody=IN),  # no stage is chosen
    },
    "playbook/pack/": {
        "GET": everybody(),
        "POST preview": row(*(422 if one == "operations" else 403 for one in PEOPLE), nobody=IN),  # no file was sent
        "POST adopt": row(*(302 if one == "operations" else 403 for one in PEOPLE), nobody=IN),
    },
    "playbook/pack/file/": {"GET": everybody()},
    "playbook/pack/shipped/<slug:name>/": {"GET": everybody()},
    # Operations and the administrator: what the worker gave up. There is nothing to send again.
    "deliveries/": {"GET": keepers(200), "POST send_again": keepers(409)},
    # The company's calendar is everybody's; only whoever administers changes it. A unit that is not one's own is not seen here.
    "calendars/": {
        "GET": everybody(),
        "POST set": administers(302),
        "POST own": row(404, 403, 403, 403, 404, 404, 302, 404, 404, nobody=IN),
        "POST use": row(404, 403, 403, 403, 404, 404, 302, 404, 404, nobody=IN),
    },
    "calendars/<uuid:id>/": {
        "GET": everybody(),
        "POST hours": administers(302),
        "POST day": administers(302),
        "POST remove": administers(302),
        "POST seed": administers(302),
        "POST confirm": administers(302),
        "POST unconfirm": administers(302),
        "POST preview": administers(422),  # no file was sent
        "POST take_in": administers(302),
    },
    "calendars/<uuid:id>/days.csv": {"GET": everybody()},
    "sign-in/": {"GET": everybody(200, nobody=200), "POST": everybody(422, nobody=422)},
    "sign-out/": {"GET": everybody(405, nobody=405), "POST": everybody(302)},
    "language/": {"GET": everybody(302), "POST": everybody(302)},
    "gallery/": {"GET": everybody(200, nobody=200)},
}

API: dict[str, dict[str, list[int]]] = {
    "deals": {"GET": everybody(200, 401), "POST": row(201, 422, 422, 201, 422, 422, 422, 422, 422, nobody=401)},
    "deals/sums": {"GET": everybody(200, 401)},
    "deals/endings": {"GET": everybody(200, 401)},
    "my-unit": {"GET": HEADS},
    "rates": {"GET": everybody(200, 401), "POST": row(*(201 if one == "operations" else 403 for one in PEOPLE), nobody=401)},
    "views": {"GET": everybody(200, 401), "POST": everybody(201, 401)},
    "views/{view_id}": {"GET": only("seller", 200, 401), "PATCH": only("seller", 200, 401)},
    "views/{view_id}/endings": {"POST": only("seller", 204, 401)},
    "deals/{deal_id}": {"GET": deal(200, 200, 401), "PATCH": deal(200, 200, 401)},
    "deals/{deal_id}/moves": {"POST": deal(409, 409, 401)},
    "deals/{deal_id}/reversals": {"POST": deal(200, 200, 401)},
    "deals/{deal_id}/losses": {"POST": deal(200, 200, 401)},
    "deals/{deal_id}/win-reason": {"POST": deal(409, 409, 401)},  # it is open
    "deals/{deal_id}/giving-up": {"GET": deal(200, 200, 401), "POST": deal(201, 409, 401)},  # the head has not heard yet
    "deals/{deal_id}/giving-up/voices": {"POST": deal(409, 409, 401)},  # nobody proposes it
    "deals/{deal_id}/giving-up/conclusion": {"POST": deal(409, 409, 401)},
    "deals/{deal_id}/giving-up/withdrawal": {"POST": deal(409, 409, 401)},
    "deals/{deal_id}/gate": {"GET": deal(200, 200, 401)},
    "deals/{deal_id}/votes": {"GET": deal(200, 200, 401), "POST": deal(403, 409, 401)},
    "deals/{deal_id}/vote-withdrawals": {"POST": deal(409, 409, 401)},
    "deals/{deal_id}/risks": {"GET": deal(200, 200, 401)},
    "deals/{deal_id}/risk-decisions": {"POST": deal(403, 409, 401)},  # the one line is not what is missing
    "deals/{deal_id}/risks/{risk_id}/made-good": {"POST": deal(404, 404, 401)},  # nothing was passed at risk here
    "deals/{deal_id}/steps": {"GET": deal(200, 200, 401)},
    "deals/{deal_id}/time": {"GET": deal(200, 200, 401)},
    "deals/{deal_id}/parts": {"GET": deal(200, 200, 401), "POST": deal(201, 201, 401)},
    "deals/{deal_id}/joins": {"POST": deal(422, 422, 401)},  # to itself
    "deals/{deal_id}/waits": {"POST": deal(201, 201, 401)},
    "deals/{deal_id}/take-over": {"POST": deal(409, 409, 401)},
    "waits/{wait_id}": {"GET": call(200, 200, 200, 200, 401)},
    "waits/{wait_id}/there": {"POST": call(200, 200, 200, 200, 401)},
    "waiting": {"GET": everybody(200, 401)},
    "deals/{deal_id}/steps/{step_code}/left-out": {"POST": deal(422, 422, 401)},
    "deals/{deal_id}/steps/{step_code}/needed": {"POST": deal(422, 422, 401)},
    "deals/{deal_id}/passes": {"GET": deal(200, 200, 401)},
    "deals/{deal_id}/dissents": {"GET": deal(200, 200, 401)},
    "deals/{deal_id}/dissents/{dissent_id}/settlements": {"POST": deal(404, 404, 401)},
    "deals/{deal_id}/escalations": {"GET": deal(200, 200, 401), "POST": deal(409, 409, 401)},
    "deals/{deal_id}/escalations/decisions": {"POST": deal(403, 403, 401)},
    "deals/{deal_id}/escalations/withdrawals": {"POST": deal(409, 409, 401)},
    "deals/{deal_id}/next-steps": {"GET": deal(200, 200, 401), "POST": deal(201, 201, 401)},
    "deals/{deal_id}/lines": {"GET": deal(200, 200, 401), "PUT": deal(200, 200, 401)},
    "service-types": {"GET": everybody(200, 401)},
    "deals/{deal_id}/services": {"GET": deal(200, 200, 401), "PUT": deal(200, 200, 401)},
    "leads": {"GET": everybody(200, 401), "POST": everybody(201, 401)},
    "leads/origins": {"GET": everybody(200, 401)},
    "leads/{lead_id}": {"GET": deal(200, 200, 401)},
    "leads/{lead_id}/take-up": {"POST": deal(200, 409, 401)},
    "leads/{lead_id}/hand-over": {"POST": deal(200, 200, 401)},
    "leads/{lead_id}/corrections": {"POST": deal(201, 201, 401)},
    "leads/{lead_id}/account": {"PUT": deal(200, 200, 401)},
    "leads/{lead_id}/rating": {"PUT": deal(200, 200, 401)},
    "leads/{lead_id}/findings": {"POST": deal(201, 201, 401)},
    "leads/{lead_id}/next-steps": {"POST": deal(201, 201, 401)},
    "leads/{lead_id}/refusal": {"POST": deal(200, 200, 401)},
    "leads/{lead_id}/reopening": {"POST": deal(409, 409, 401)},
    "leads/{lead_id}/deal": {"POST": deal(201, 201, 401)},
    "leads/{lead_id}/joining": {"POST": deal(201, 201, 401)},
    "deals/{deal_id}/figures": {"GET": deal(200, 200, 401), "POST": deal(201, 201, 401)},
    "deals/{deal_id}/meetings": {"POST": deal(201, 201, 401)},
    "deals/{deal_id}/items": {"GET": deal(200, 200, 401)},
    "deals/{deal_id}/calls": {"GET": deal(200, 200, 401)},
    "deals/{deal_id}/clocks": {"GET": deal(200, 200, 401)},
    "deals/{deal_id}/process": {"GET": deal(200, 200, 401)},
    "deals/{deal_id}/process-moves": {"POST": deal(409, 409, 401)},
    "deals/{deal_id}/missing-seats": {"POST": deal(200, 200, 401)},
    "deals/{deal_id}/timeline": {"GET": deal(200, 200, 401)},
    "seats/{seat_id}/nominations": {"POST": deal(201, 201, 401)},
    # Asked on another deal of the seller: the one asked; its owner and the head see it, but it is not theirs to answer.
    "memberships/{membership_id}/acceptance": {"POST": row(403, 201, 404, 403, 404, 404, 404, 404, 404, nobody=401)},
    "memberships/{membership_id}/refusal": {"POST": row(403, 204, 404, 403, 404, 404, 404, 404, 404, nobody=401)},
    # They name people, so they free the seat; the one asked has not accepted, so there is nothing to give back.
    "memberships/{membership_id}/release": {"POST": row(201, 409, 404, 201, 404, 404, 404, 404, 404, nobody=401)},
    "teams/{team_id}": {"GET": deal(200, 200, 401)},
    "messages": {"GET": everybody(200, 401)},
    "messages/{message_id}": {"GET": call(200, 200, 200, 200, 401)},
    "messages/{message_id}/acknowledgements": {"POST": call(403, 201, 403, 403, 401)},
    "messages/{message_id}/withdrawals": {"POST": call(201, 403, 403, 403, 401)},
    "discussions/{kind}/{object_id}/messages": {"GET": call(200, 200, 200, 200, 401), "POST": call(201, 201, 201, 201, 401)},
    "meetings/{meeting_id}": {"GET": deal(200, 200, 401), "PATCH": deal(200, 403, 401)},
    "items": {"GET": everybody(200, 401)},
    "items/{item_id}": {"GET": call(200, 200, 200, 200, 401)},
    "items/{item_id}/category": {"PUT": call(200, 200, 403, 200, 401)},
    "items/{item_id}/corrections": {"POST": call(201, 201, 403, 201, 401)},
    "hearings": {"POST": call(201, 201, 201, 201, 401)},
    "attendances/{attendance_id}/confirmation": {"POST": only("engineer", 204, 401)},
    "attendances/{attendance_id}/denial": {"POST": only("engineer", 204, 401)},
    "calls": {"GET": everybody(200, 401)},
    "calls/{call_id}": {"GET": call(200, 200, 200, 200, 401)},
    "calls/{call_id}/items": {"GET": call(200, 200, 200, 200, 401)},
    "calls/{call_id}/candidates": {"GET": call(200, 200, 200, 200, 401)},
    "calls/{call_id}/assignments": {"POST": call(403, 201, 201, 201, 401)},
    "calls/{call_id}/declines": {"POST": call(403, 204, 403, 403, 401)},
    "calls/{call_id}/takings": {"POST": call(403, 201, 403, 403, 401)},
    "calls/{call_id}/results": {"POST": call(403, 201, 403, 403, 401)},
    "calls/{call_id}/results/returns": {"POST": call(409, 403, 403, 409, 401)},
    "calls/{call_id}/objections": {"POST": call(201, 403, 403, 201, 401)},
    "calls/{call_id}/endings": {"POST": call(403, 403, 403, 201, 401)},
    "calls/{call_id}/pauses": {"POST": call(403, 403, 403, 201, 401)},
    "calls/{call_id}/resumptions": {"POST": call(403, 403, 403, 409, 401)},
    "accounts": {"GET": everybody(200, 401), "POST": everybody(201, 401)},
    "people/{person_id}/owed": {"GET": row(200, 404, 404, 200, 404, 404, 200, 404, 404, nobody=401)},
    "people/{person_id}/hand-overs": {"POST": row(201, 404, 404, 201, 404, 404, 201, 404, 404, nobody=401)},
    "people/{person_id}/absences": {
        "GET": row(200, 404, 404, 200, 404, 404, 200, 404, 404, nobody=401),
        "POST": row(201, 404, 404, 201, 404, 404, 201, 404, 404, nobody=401),
    },
    "people/{person_id}/absences/endings": {"POST": row(200, 404, 404, 200, 404, 404, 200, 404, 404, nobody=401)},
    "people/{person_id}/departures": {"POST": row(403, 404, 404, 204, 404, 404, 204, 404, 404, nobody=401)},
    "accounts/{account_id}": {"GET": deal(200, 200, 401), "PATCH": deal(200, 200, 401)},
    "accounts/{account_id}/reporting": {"POST": deal(201, 201, 401)},
    "accounts/{account_id}/contacts": {"POST": deal(201, 201, 401)},
    "contacts/{contact_id}": {"GET": deal(200, 200, 401)},
    "contacts/{contact_id}/meetings": {"GET": deal(200, 200, 401)},
    "contacts/{contact_id}/posts": {"POST": deal(201, 201, 401)},
    "contacts/{contact_id}/mergers": {"POST": deal(201, 201, 401)},
    "accounts/{account_id}/contacts/endings": {"POST": deal(201, 201, 401)},
    "accounts/{account_id}/handovers": {"POST": deal(201, 201, 401)},
    "accounts/{account_id}/key-periods": {"POST": deal(403, 201, 401)},
    "accounts/{account_id}/key-periods/endings": {"POST": deal(403, 201, 401)},
    "accounts/{account_id}/sites": {"POST": deal(201, 201, 401)},
    "accounts/{account_id}/sites/endings": {"POST": deal(201, 201, 401)},
    "segments": {"GET": everybody(200, 401), "POST": operates(201, 403, 401)},
    "segments/endings": {"POST": operates(201, 403, 401)},
    "people": {"GET": everybody(200, 401)},
    "people/{person_id}": {"GET": everybody(200, 401)},
    "people/{person_id}/holdings": {"GET": administers(200, 401)},
    "people/{person_id}/posts": {"POST": administers(201, 401)},
    "people/{person_id}/posts/endings": {"POST": administers(201, 401)},
    "people/{person_id}/skills": {"POST": administers(201, 401)},
    "people/{person_id}/skills/endings": {"POST": administers(201, 401)},
    "people/{person_id}/permissions": {"POST": administers(201, 401)},
    "people/{person_id}/permissions/endings": {"POST": administers(201, 401)},
    "me": {"GET": everybody(200, 401)},
    "me/tokens": {"GET": everybody(200, 401), "POST": everybody(201, 401)},
    "me/channels": {"GET": everybody(200, 401), "POST": everybody(201, 401)},
    "me/channels/{channel_id}/confirmations": {"POST": only("seller", 201, 401)},
    "me/channels/{channel_id}/codes": {"POST": only("seller", 409, 401)},
    "me/channels/{channel_id}/choice": {"PUT": only("seller", 200, 401)},
    "me/channels/{channel_id}/trials": {"POST": only("seller", 409, 401)},
    "me/channels/{channel_id}/mendings": {"POST": only("seller", 409, 401)},
    "me/channels/{channel_id}/endings": {"POST": only("seller", 204, 401)},
    "me/wishes": {"GET": everybody(200, 401), "PUT": everybody(200, 401)},
    "me/feed": {
        "GET": everybody(200, 401),
        "POST": everybody(201, 401),
        "DELETE": row(*(204 if one == "seller" else 409 for one in PEOPLE), nobody=401),
    },
    "tokens/{token_id}": {"DELETE": only("seller", 204, 401)},
    "my-day": {"GET": everybody(200, 401)},
    "my-day/seen-to": {"POST": only("seller", 204, 401)},
    "deliveries": {"GET": keepers(200, 401)},
    "deliveries/sent-again": {"POST": keepers(409, 401)},
    "search": {"GET": everybody(200, 401)},
    "playbook": {"GET": everybody(200, 401)},
    "playbook/pack": {"GET": everybody(200, 401), "PUT": row(*(200 if one == "operations" else 403 for one in PEOPLE), nobody=401)},
    "playbook/pack/checks": {"POST": row(*(200 if one == "operations" else 403 for one in PEOPLE), nobody=401)},
    "playbook/asks": {"GET": everybody(200, 401)},
    "playbook/profiles/{profile}": {"GET": row(*(200 if one == "operations" else 403 for one in PEOPLE), nobody=401)},
    "playbook/profile": {"PUT": row(*(200 if one == "operations" else 403 for one in PEOPLE), nobody=401)},
    "playbook/revisions": {"GET": everybody(200, 401), "POST": operates(201, 403, 401)},
    "playbook/revisions/{revision_id}": {"GET": operates(200, nobody=401)},
    "playbook/revisions/{revision_id}/parts/{part}": {"GET": operates(200, nobody=401), "PUT": operates(200, nobody=401)},
    "playbook/revisions/{revision_id}/parts/{part}/cells": {"PATCH": operates(200, nobody=401)},
    "playbook/revisions/{revision_id}/parts/{part}/rows": {"POST": operates(201, nobody=401), "DELETE": operates(200, nobody=401)},
    "playbook/revisions/{revision_id}/parts/{part}/rows/moved": {"POST": operates(200, nobody=401)},
    "playbook/revisions/{revision_id}/parts/{part}/impacts": {"GET": operates(200, nobody=401)},
    "playbook/revisions/{revision_id}/parts/{part}/undone": {"POST": operates(200, nobody=401)},
    "playbook/revisions/{revision_id}/start": {"PUT": operates(200, nobody=401)},
    "playbook/revisions/{revision_id}/approval-requests": {"POST": operates(201, nobody=401)},
    "playbook/revisions/{revision_id}/approvals": {"POST": operates(201, nobody=401)},
    "playbook/revisions/{revision_id}/withdrawals": {"POST": operates(201, nobody=401)},
    "playbook/versions": {"GET": everybody(200, 401)},
    "playbook/versions/{version_id}": {"GET": operates(200, nobody=401)},
    "playbook/packs": {"GET": everybody(200, 401)},
    "playbook/packs/{name}": {"GET": everybody(200, 401)},
    "playbook/facts": {"GET": everybody(200, 401)},
    "playbook/older-deals": {
        "GET": row(*(200 if one == "operations" else 403 for one in PEOPLE), nobody=401),
        "POST": row(*(200 if one == "operations" else 403 for one in PEOPLE), nobody=401),
    },
    "playbook/judged-again": {"POST": row(*(200 if one == "operations" else 403 for one in PEOPLE), nobody=401)},
    "deals/{deal_id}/trial": {"GET": deal(200, 200, 401)},
    "calendars": {"GET": everybody(200, 401), "POST": administers(201, 401)},
    "calendars/{calendar_id}": {"GET": everybody(200, 401)},
    "calendars/{calendar_id}/hours": {"PUT": administers(200, 401)},
    "calendars/{calendar_id}/days/{day}": {"PUT": administers(200, 401), "DELETE": administers(204, 401)},
    "calendars/{calendar_id}/files": {"POST": administers(200, 401)},
    "calendars/{calendar_id}/confirmed-years/{year}": {"PUT": administers(200, 401)},
    "calendars/{calendar_id}/unconfirmed-years": {"POST": administers(201, 401)},
    # A unit is seen by its own people, by who heads it, and by whoever administers.
    "units/{unit_id}/calendar": {"PUT": row(404, 403, 403, 403, 404, 404, 204, 404, 404, nobody=401)},
    "units/{unit_id}/own-days": {"POST": row(404, 403, 403, 403, 404, 404, 201, 404, 404, nobody=401)},
    "units/{unit_id}/working-time": {"GET": row(404, 200, 200, 200, 404, 404, 200, 404, 404, nobody=401)},
    "openapi.json": {"GET": everybody(200, 200)},
    # Whatever else is asked under the API's root is refused in the API's own words.
    "nothing-here": {"GET": everybody(404, 404)},
}


@dataclass
class Case:
    """The objects that the table's addresses and forms speak of."""

    world: World
    ids: dict[str, str]
    version: int

    @property
    def back_to(self) -> str:
        return "ML"

    def url(self, address: str) -> str:
        """The address with the objects of the case in it."""
        kind = KINDS_OF_PAGES.get(address.partition("/<")[0], KINDS_OF_PAGES.get(address.split("/", 1)[0], ""))
        url = "/" + address.replace("<uuid:id>", self.ids.get(kind, "")).replace("<slug:kind>", "item")
        return url.replace("<str:key>", self.ids["feed"]).replace("<slug:name>", self.ids["name"]).replace("<slug:part>", "hearing")

    def form(self, address: str, act: str) -> dict[str, str]:
        """What is sent with an act: something that only standing and right could refuse."""
        other = {"attendance": self.ids["attendance"], "membership": self.ids["membership"], "alarms": self.ids["alarm"]}
        other |= {"channel": self.ids["channel"]}
        extra: dict[str, dict[str, str]] = {
            "take_note": {"shown": self.ids["item"]},
            "move_on": {"version": str(self.version)},
            "move": {"version": str(self.version), "to": "1", "reason": "a better one", "on": f"{self.ids['deal']}:{self.version}:"},
            "save": {"name": "a view"},
            "set_date": {"deal": self.ids["deal"], "version": str(self.version)},
            "back": {"version": str(self.version), "deal": self.ids["deal"], "to": self.back_to, "reason": "again"},
            "move_back": {"version": str(self.version), "to": self.back_to, "reason": "again"},
            "lose": {"version": str(self.version), "reason": "the rival", "code": "lost-no-buy"},
            "why_won": {"version": str(self.version), "code": "won-price"},
            "propose": {"version": str(self.version), "code": "up-risk", "reason": "x", "tried_0": "x", "came_of_it_0": "y"},
            "speak": {"version": str(self.version), "agrees": "yes", "deal": self.ids["deal"]},
            "conclude": {"version": str(self.version)},
            "wait_for": {"version": str(self.version), "unit": self.ids["unit"], "reason": "the other plan"},
            "there": {"words": "on the shelf"},
            "split": {"version": str(self.version), "title": "the first sites", "amount": "1"} | AIM,
            "change": {"version": str(self.version), "title": "another title", "amount": "1"},
            "begin_key": {"since": "2040-01-01", "reason": "it will matter"},
            "end_key": {"reason": "it matters no more"},
            "add_site": {"name": "plant", "city": "Khartoum"},
            "end_site": {"site": self.ids["site"], "reason": "closed"},
            "hand": {"to": self.ids["delivery"], "reason": "leaves"},
            "enter": {"first": "2026-11-30", "last": "2026-12-01", "deputy": self.ids["delivery"], "reason": "a journey"},
            "report": {"contact": self.ids["contact"], "to": ""},
            "add_contact": {"name": "Amal"},
            "also": {"account": self.ids["account"], "title": "CTO"},
            "merge": {"gone": self.ids["twin"], "reason": "one person", "sure": "1"},
            "end_contact": {"contact": self.ids["contact"], "reason": "moved"},
            "nominate": {"seat": self.ids["seat"], "person": self.ids["delivery"]},
            "decline": {"reason": "no time"},
            "release": {"reason": "needed elsewhere"},
            "give_post": {"role": self.ids["role"], "unit": "branch"},
            "end_post": {"post": self.ids["post"], "reason": "moved on"},
            "give_skill": {"code": "solution-design", "level": "3", "evidence": "three years"},
            "end_skill": {"code": "solution-design", "reason": "long ago"},
            "give_permission": {"permission": "operations"},
            "end_permission": {"permission": "accounts.see_all", "reason": "no need"},
            "vote": {"approves": "yes", "version": str(self.version), "deal": self.ids["deal"]},
            "ask": {"version": str(self.version)},
            "refuse": {"version": str(self.version), "reason": "too thin", "deal": self.ids["deal"]},
            "withdraw_question": {"version": str(self.version), "reason": "later"},
            "settle": {"version": str(self.version), "goes_on": "yes", "words": "x", "deal": self.ids["deal"]},
            "leave_out": {"version": str(self.version), "step": "nowhere", "reason": "x"},
            "need": {"version": str(self.version), "step": "nowhere"},
            "record": {"contact_1": "Osman", "words_1": "one thing", "words": "one thing", "source": "other", "customer": "somebody"},
            "complete": {"place": "Khartoum"},
            "file": {"item": self.ids["item"], "category": self.world.categories[1]},
            "correct": {"correction": "forty per cent"},
            "deliver": {"result": "a result"},
            "step": {"version": str(self.version), "what": "call", "due": "2030-01-02", "doer": self.ids["seller"]},
            "state": {"version": str(self.version), "gross_margin": "28.5", "source": "estimate"},
            "services": {"version": str(self.version), "services": "turnkey"},
            "line": {"version": str(self.version), "line_what": "sites", "line_quantity": "38", "line_price": "12000"},
            "line_off": {"version": str(self.version), "line": "nothing"},
            "withdraw": {"version": str(self.version)},
            "name": {"person": self.ids["engineer_two"]},
            "send_back": {"reason": "thin"},
            "object": {"reason": "not needed"},
            "decide": {"version": str(self.version)},
            "end": {"reason": "decided"},
            "pause": {"reason": "the site is closed"},
            "open": {"title": "a deal", "name": "an account", "account": self.ids["account"], "currency": "CNY"} | AIM,
            "make_token": {"name": "program"},
            "set": {"name": "Berlin", "zone": "Europe/Berlin", "country": "DE"},
            "own": {"unit": self.ids["unit"], "day": "2026-12-01"},
            "use": {"unit": self.ids["unit"], "calendar": self.ids["calendar"]},
            "hours": {"name": "office", "zone": "Asia/Shanghai", **{f"weekly_{n}": "9:00-17:00" for n in range(1, 6)}},
            "day": {"day": "2026-11-29", "kind": "company", "hours": "9:00-12:00"},
            "remove": {"day": "2026-10-01"},
            "seed": {"country": "CN"},
            "confirm": {"year": "2027", "code": self.ids["code"]},
            "add": {"kind": "wecom", "address": ROBOT},
            "choose": {"digest": "1"},
            "wishes": {"digest_at": "09:00", "language": "en"},
            "unconfirm": {"year": "2026", "reason": "a holiday came late"},
            "take_in": {"content": "day,kind\n2026-12-31,company\n", "file": "days.csv"},
            "revoke": {"token": self.ids["token"]},
            "write": {"text": "when?", "asks": "nothing"},
            "acknowledge": {"text": "on Friday"},
            "reply": {"text": "soon"},
            "switch": {"profile": "strict", "reason": "because", "version": str(version())},
            "adopt": {
                "name": "pack",
                "content": base64.b64encode(SHIPPED.zipped()).decode(),
                "reason": "because",
                "version": str(version()),
            },
        }
        if address.startswith("people/"):
            to = {"to": self.ids["delivery"], "reason": "leaves"}
            extra |= {"hand": to | {"what": f"accounts:{self.ids['account']}"}, "leave": to}
            extra |= {"end": {"absence": self.ids["absence"]}}
        if address.startswith("accounts/"):
            extra["change"] = {"version": "1", "name": "another name", "sector": "", "segment": "", "parent": ""}
        if address.startswith("leads/<"):
            seen = {"version": "1"}
            extra |= {"hand": extra["hand"] | seen, "step": extra["step"] | seen, "open": extra["open"] | seen | {"currency": "CNY"}}
            extra |= {one: seen | {"reason": "because"} for one in ("refuse", "reopen")}
            extra |= {"rate": seen | {"rating": self.ids["rating"]}, "verify": {"found": "it is so", "result": "confirmed"}}
            extra |= {"name_account": seen | {"account": self.ids["account"]}, "join": seen | {"deal": self.ids["deal"]}}
        if address == "accounts/segments/":
            named = {"code": "telecoms", "zh": "电信运营商", "en": "Carriers"}
            extra |= {"add": named, "set": named, "end": {"code": "telecoms", "reason": "split"}}
        if address.startswith("playbook/"):
            draft = {"part": "hearing", "seen": self.ids["seen"]}
            extra |= {"open": {"reason": "because", "parts": "policies"}, "add": {"part": "policies"}, "undo": draft}
            extra |= {"write": {**draft, "text": "mended"}, "withdraw": {"reason": "because"}}
            extra |= {one: {} for one in ("start", "ask", "approve")}
            if address.startswith("playbook/revisions/"):
                other |= {"version": self.ids["revision_version"]}
            if address.endswith("<slug:part>/"):
                named = {"c.code": "more", "c.zh": "更多", "c.en": "More"}
                extra["cells"] = {"place": "categories/site", "seen": self.ids["seen"], "was": "{}", **named}
                extra["add"] = {"table": "categories", "seen": self.ids["seen"], **named}
                extra["remove"] = {"table": "categories", "code": "people", "seen": self.ids["seen"]}
                extra["move"] = {"table": "categories", "code": "people", "after": "", "seen": self.ids["seen"]}
        return {"act": act, **other, **extra.get(act, {})} if act else {}

    def body(self, method: str, address: str) -> Any:
        """The same for the API."""
        because = {"reason": "because"}
        bodies: dict[str, Any] = {
            "POST deals": {"title": "a deal", "account": self.ids["account"]} | AIM,
            "POST rates": {"rates": [{"currency": "USD", "day": "2026-11-20", "rate": "7.1"}]},
            "POST views": {"name": "a view", "asked": {"mine": "1"}},
            "PATCH views/{view_id}": {"name": "another name"},
            "PATCH deals/{deal_id}": {"title": "another title"},
            "POST deals/{deal_id}/moves": {},
            "POST deals/{deal_id}/reversals": {"to": self.back_to, **because},
            "POST deals/{deal_id}/losses": because | {"code": "lost-no-buy"},
            "POST deals/{deal_id}/win-reason": {"code": "won-price"},
            "POST deals/{deal_id}/giving-up": because | {"code": "up-risk", "alternatives": [{"tried": "x", "came_of_it": "y"}]},
            "POST deals/{deal_id}/giving-up/voices": {"agrees": True},
            "POST deals/{deal_id}/giving-up/withdrawal": because,
            "POST deals/{deal_id}/risk-decisions": {
                "lines": [{"key": "0" * 12, "reason": "because", "who": self.ids["seller"], "due": "2030-01-02"}]
            },
            "POST deals/{deal_id}/risks/{risk_id}/made-good": {"words": "done"},
            "POST deals/{deal_id}/joins": {"other": self.ids["deal"], "other_version": 1},
            "POST deals/{deal_id}/parts": {"title": "the first sites", "amount": "1.00", **AIM},
            "POST deals/{deal_id}/waits": {"unit": self.ids["unit"], "reason": "the other plan"},
            "POST waits/{wait_id}/there": {"words": "on the shelf"},
            "POST deals/{deal_id}/next-steps": {"what": "call them", "due": "2030-01-02", "doer": self.ids["seller"]},
            "POST deals/{deal_id}/steps/{step_code}/left-out": because,
            "POST deals/{deal_id}/dissents/{dissent_id}/settlements": {"goes_on": True, "words": "x"},
            "POST deals/{deal_id}/escalations": {},
            "POST deals/{deal_id}/escalations/decisions": {"approves": True},
            "POST deals/{deal_id}/escalations/withdrawals": because,
            "PUT deals/{deal_id}/lines": {"lines": [{"what": "sites", "quantity": "38", "price": "12000"}]},
            "PUT deals/{deal_id}/services": {"services": ["turnkey"]},
            "POST leads": {"words": "one thing", "source": "other", "customer": "somebody"},
            "POST leads/{lead_id}/hand-over": {"to": self.ids["delivery"], **because},
            "POST leads/{lead_id}/corrections": {"correction": "forty per cent"},
            "PUT leads/{lead_id}/account": {"account": self.ids["account"]},
            "PUT leads/{lead_id}/rating": {"rating": self.ids["rating"]},
            "POST leads/{lead_id}/findings": {"found": "it is so", "result": "confirmed"},
            "POST leads/{lead_id}/next-steps": {"what": "call them", "due": "2030-01-02"},
            "POST leads/{lead_id}/refusal": because,
            "POST leads/{lead_id}/reopening": because,
            "POST leads/{lead_id}/deal": {"title": "another deal"} | AIM,
            "POST leads/{lead_id}/joining": {"deal": self.ids["deal"]},
            "POST deals/{deal_id}/figures": {"gross_margin": "28.5", "source": "estimate"},
            "POST deals/{deal_id}/process-moves": {"to": 1, **because},
            "POST playbook/older-deals": because,
            "POST deals/{deal_id}/votes": {"approves": True},
            "POST deals/{deal_id}/meetings": {"contacts": [{"name": "Osman"}], "items": [{"words": "one thing"}]},
            "POST seats/{seat_id}/nominations": {"person": self.ids["delivery"]},
            "POST memberships/{membership_id}/refusal": because,
            "POST memberships/{membership_id}/release": because,
            "POST people/{person_id}/posts": {"role": self.ids["role"], "unit": self.ids["unit"]},
            "POST people/{person_id}/posts/endings": {"post": self.ids["post"], **because},
            "POST people/{person_id}/skills": {"code": "solution-design", "level": 3, "evidence": "three years"},
            "POST people/{person_id}/skills/endings": {"code": "solution-design", **because},
            "POST people/{person_id}/permissions": {"permission": "operations"},
            "POST people/{person_id}/permissions/endings": {"permission": "accounts.see_all", **because},
            "POST messages/{message_id}/acknowledgements": {"text": "on Friday"},
            "POST discussions/{kind}/{object_id}/messages": {"text": "when?"},
            "PATCH meetings/{meeting_id}": {"place": "Khartoum"},
            "PUT items/{item_id}/category": {"category": self.world.categories[1]},
            "POST items/{item_id}/corrections": {"text": "forty per cent"},
            "POST hearings": {"items": [self.ids["item"]]},
            "POST calls/{call_id}/assignments": {"person": self.ids["engineer_two"]},
            "POST calls/{call_id}/declines": because,
            "POST calls/{call_id}/results": {"text": "a result"},
            "POST calls/{call_id}/results/returns": because,
            "POST calls/{call_id}/objections": because,
            "POST calls/{call_id}/endings": because,
            "POST calls/{call_id}/pauses": because,
            "POST my-day/seen-to": {"alarms": [self.ids["alarm"]]},
            "POST deliveries/sent-again": {"deliveries": [1]},
            "POST playbook/judged-again": {"name": "a-check"},
            "POST playbook/pack/checks": {"name": "pack", "parts": {}},
            "PUT playbook/profile": {"profile": "strict", **because},
            "POST playbook/revisions": {"parts": ["policies"], **because},
            "PUT playbook/revisions/{revision_id}/parts/{part}": {"text": SHIPPED.texts["hearing"]},
            "PUT playbook/revisions/{revision_id}/start": {"starts_at": None},
            "POST playbook/revisions/{revision_id}/approvals": {},
            "POST playbook/revisions/{revision_id}/withdrawals": because,
            "PATCH playbook/revisions/{revision_id}/parts/{part}/cells": {"cells": {"categories/site/en": "The site"}},
            "POST playbook/revisions/{revision_id}/parts/{part}/rows": {
                "table": "categories",
                "values": {"code": "more", "zh": "更多", "en": "More"},
            },
            "POST playbook/revisions/{revision_id}/parts/{part}/rows/moved": {"table": "categories", "code": "people", "after": ""},
            "PUT playbook/pack": {"name": "pack", "parts": dict(SHIPPED.texts), **because},
            "POST accounts": {"name": "an account"},
            "POST people/{person_id}/hand-overs": {"heir": self.ids["delivery"], **because},
            "POST people/{person_id}/absences": {
                "first": "2026-11-30",
                "last": "2026-12-01",
                "deputy": self.ids["delivery"],
                **because,
            },
            "POST people/{person_id}/absences/endings": {"absence": self.ids["absence"]},
            "POST people/{person_id}/departures": {"heir": self.ids["delivery"], **because},
            "PATCH accounts/{account_id}": {"sector": "power"},
            "POST accounts/{account_id}/reporting": {"contact": self.ids["contact"], "superior": None},
            "POST accounts/{account_id}/contacts": {"name": "Amal"},
            "POST contacts/{contact_id}/posts": {"account": self.ids["account"], "title": "CTO"},
            "POST contacts/{contact_id}/mergers": {"gone": self.ids["twin"], "sure": True, **because},
            "POST accounts/{account_id}/contacts/endings": {"contact": self.ids["contact"], **because},
            "POST accounts/{account_id}/handovers": {"owner": self.ids["delivery"], **because},
            "POST accounts/{account_id}/key-periods": {"since": "2040-01-01", **because},
            "POST accounts/{account_id}/key-periods/endings": because,
            "POST accounts/{account_id}/sites": {"name": "plant", "city": "Khartoum"},
            "POST accounts/{account_id}/sites/endings": {"site": self.ids["site"], **because},
            "POST segments": {"code": "power", "zh": "电力", "en": "Power"},
            "POST segments/endings": {"code": "telecoms", **because},
            "POST me/tokens": {"name": "program"},
            "POST me/channels": {"kind": "wecom", "address": ROBOT},
            "POST me/channels/{channel_id}/confirmations": {"code": self.ids["code"]},
            "PUT me/channels/{channel_id}/choice": {"at_once": False, "digest": True},
            "POST me/channels/{channel_id}/endings": because,
            "PUT me/wishes": {"digest_at": "09:00", "language": "en"},
            "POST calendars": {"name": "Berlin", "zone": "Europe/Berlin", "country": "DE"},
            "PUT calendars/{calendar_id}/hours": {"name": "office", "zone": "Asia/Shanghai", "weekly": ["9:00-17:00"] * 7},
            "PUT calendars/{calendar_id}/days/{day}": {"kind": "company"},
            "POST calendars/{calendar_id}/unconfirmed-years": {"year": 2026, **because},
            "POST calendars/{calendar_id}/files": {"content": "day,kind\n2026-12-31,company\n"},
            "PUT units/{unit_id}/calendar": {"calendar": self.ids["calendar"]},
        }
        return bodies.get(f"{method} {address}")


@pytest.fixture
def case(world: World) -> Case:
    stands = world.moved_deal()
    other = world.deal("另一单", account="harbour")
    heard = world.words(other, words=[("付款最多给到 60 天", world.categories[2])], present=["engineer"])
    seat = Seat.objects.get(team=other.team_id, role__in=roles_of(world.engineer))
    nominate(by=world.by("seller"), seat=seat, person=world.engineer)
    with later(hours=5):  # the leader of the team is told
        sweep()
    token, _key = make_token(by=world.by("seller"), person=world.seller, name="program")
    # What the seller holds, for the administrator to end. Nobody but who administers gets as far as that.
    give_skill(by=world.by("administrator"), person=world.seller, code="solution-design", level=2, evidence="a course")
    give_permission(by=world.by("administrator"), person=world.seller, permission="accounts.see_all")
    item = world.items(stands)[0]
    channel, _secret = add_channel(by=world.by("seller"), kind="wecom", address=f"{ROBOT}0")
    _feed, key = make_feed(by=world.by("seller"))
    message = post_message(by=world.by("seller"), about=item, text="when?", to=[world.engineer], asks="answer")
    revision = open_revision(by=world.by("operations"), reason="because", parts=["hearing"])
    draft = write_part(by=world.by("operations"), revision=revision, part="hearing", text=f"# 改\n{SHIPPED.texts['hearing']}")
    begin_key(by=world.by("head"), account=stands.account, reason="it matters", until="2030-12-31")
    set_segment(by=world.by("operations"), code="telecoms", zh="电信", en="Telecoms")
    lead = record_lead(by=world.by("seller"), words="one thing more", source="other", account=stands.account)
    wait = wait_for(
        by=world.by("seller"), deal=stands, version=stands.version, unit=None, person=world.engineer, reason="the plan of the site"
    )
    ids = {
        "wait": wait.pk,
        "risk": stands.pk,  # of a deal: nothing was passed at risk here
        "dissent": stands.pk,  # nobody is against here
        "lead": lead.pk,
        "rating": next(iter(leads.ratings())),
        "contact": Contact.objects.filter(account=stands.account).order_by("pk").values_list("pk", flat=True)[0],
        "twin": add_contact(by=world.by("seller"), account=stands.account, name="欧斯曼", title="CTO").pk,
        "site": add_site(by=world.by("seller"), account=stands.account, name="NOC", city="Khartoum").pk,
        "profile": "strict",
        "revision": revision.pk,
        "revision_version": Revision.objects.get(pk=revision.pk).version,
        "draft": draft.pk,
        "version": draft.pk,
        "part": "hearing",
        "seen": draft.digest,
        "draft_tag": revisions.read_part(revision, "hearing").etag,  # type: ignore[union-attr]  # it was just written
        "channel": channel.pk,
        "code": code_of(channel),
        "feed": key,
        "team": stands.team_id,
        "message": message.pk,
        "kind": "item",
        "object": item.pk,
        "deal": stands.pk,
        "item": item.pk,
        "meeting": item.meeting_id,
        "call": world.calls(stands)[0].pk,
        "account": stands.account_id,
        "person": world.seller.pk,
        "seat": Seat.objects.get(team=stands.team_id, role__in=roles_of(world.delivery)).pk,
        "membership": Membership.objects.get(person=world.engineer, ended_at__isnull=True).pk,
        "attendance": Attendance.objects.get(meeting=heard, person=world.engineer).pk,
        "token": token.pk,
        "calendar": first_calendar().get().pk,
        "calendar_version": first_calendar().get().version,
        "day": "2026-10-01",
        "year": "2027",
        "unit": world.units["solutions"].pk,
        "alarm": Alarm.objects.get(person=world.seller, clock__object_id__in=item.ears.values("pk"), ended_at=None).pk,
        "entry": Entry.objects.get(verb="deals.deal_opened", objects_touched__object_id=stands.pk).id,
        "seller": world.seller.pk,
        "delivery": world.delivery.pk,
        "engineer_two": world.engineer_two.pk,
        "post": Post.objects.get(person=world.seller).pk,
        "role": Post.objects.get(person=world.seller).role,
        "step_code": "nowhere",
        "role_code": Post.objects.get(person=world.seller).role,
        "view": save_view(by=world.by("seller"), name="mine", asked={"mine": "1"}).pk,
        "name": SHIPPED.name,
        "absence": record_absence(
            by=world.by("seller"),
            person=world.seller,
            first="2026-12-07",
            last="2026-12-08",
            deputy=world.delivery,
            reason="a journey",
        ).pk,
    }
    return Case(world, {name: str(pk) for name, pk in ids.items()}, stands.version)


ROBOT = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=1"
KINDS_OF_PAGES = {
    "deals": "deal",
    "waits": "wait",
    "leads": "lead",
    "meetings": "meeting",
    "items": "item",
    "calls": "call",
    "accounts": "account",
    "contacts": "contact",
    "people": "person",
    "teams": "team",
    "messages": "message",
    "discussions": "item",
    "entries": "entry",
    "calendars": "calendar",
    "playbook/revisions": "revision",
    "playbook/versions": "draft",
    "views": "view",
}


def patterns(found: list[Any], before: str = "") -> Iterator[str]:
    for one in found:
        if isinstance(one, URLResolver):
            yield from patterns(one.url_patterns, before + str(one.pattern))
        elif isinstance(one, URLPattern):
            yield before + str(one.pattern)


def addresses() -> tuple[set[str], set[str]]:
    """Every address of the pages and of the API, as the table writes them."""
    pages, api = set(), set()
    for address in patterns(get_resolver().url_patterns):
        if address.startswith("api/v1/"):
            bare = address.removeprefix("api/v1/")
            api.add(re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", bare) or "nothing-here")
        else:
            pages.add(address)
    return pages, api


def test_every_address_of_both_doors_stands_in_the_table():
    pages, api = addresses()
    assert pages == set(PAGES)
    assert api == set(API)


def test_every_act_that_a_page_takes_stands_in_the_table():
    for one in get_resolver().url_patterns:
        for pattern in one.url_patterns if isinstance(one, URLResolver) else [one]:
            view = getattr(pattern.callback, "view_class", None)
            if view is not None:
                said = {sent.removeprefix("POST ") for sent in PAGES[str(pattern.pattern)] if sent.startswith("POST ")}
                assert set(view.acts) <= said, pattern.pattern


def test_every_operation_of_the_api_stands_in_the_table(client: Client):
    document = json.loads(client.get("/api/v1/openapi.json").content)
    told = {path.removeprefix("/api/v1/"): {method.upper() for method in operations} for path, operations in document["paths"].items()}
    assert told == {path: set(row) for path, row in API.items() if path not in ("openapi.json", "nothing-here")}


def check(wrong: list[str], said: str, expected: list[int], statuses: list[int]) -> None:
    for who, right, status in zip([*PEOPLE, NOBODY], expected, statuses, strict=True):
        if right != status:
            wrong.append(f"{said} by {who}: {status}, not {right}")


@pytest.mark.req("law 13")
def test_pages(case: Case):
    clients = []
    for key in PEOPLE:
        client = Client(raise_request_exception=True)
        client.force_login(Login.objects.get(username=f"demo-{key}"))
        clients.append(client)
    clients.append(Client())
    wrong: list[str] = []
    for address, sendings in PAGES.items():
        url = case.url(address)
        for sent, expected in sendings.items():
            method, _space, act = sent.partition(" ")
            statuses = []
            for client in clients:
                cache.clear()  # each attempt to sign in is the first
                with transaction.atomic():
                    response = client.get(url) if method == "GET" else client.post(url, case.form(address, act))
                    transaction.set_rollback(True)
                statuses.append(response.status_code)
                if client is clients[-1] and expected[-1] == IN and address not in ("sign-out/", "language/"):
                    assert response["Location"].startswith("/sign-in/"), url
            check(wrong, f"{sent} /{address}", expected, statuses)
    assert not wrong, "\n".join(wrong)


def self_tag(case: Case, address: str) -> str:
    """The ETag of what the address speaks of: the revision, or its draft."""
    return case.ids["draft_tag" if "/parts/" in address else "revision_version"]


QUERIES = {
    "search": "?q=1",
    "deals/{deal_id}/trial": "?needs=true",
    "playbook/revisions/{revision_id}/parts/{part}/rows": "?table=categories&code=people",
    "units/{unit_id}/working-time": "?start=2026-11-23T10:00:00Z&minutes=240",
}


@pytest.mark.req("law 13")
def test_api(case: Case):
    callers = [Caller(case.world.people[key]) for key in PEOPLE]
    stranger = Client()
    wrong: list[str] = []
    for address, sendings in API.items():
        path = "/" + re.sub(r"\{(\w+?)(_id)?\}", lambda found: case.ids[found[1]], address) + QUERIES.get(address, "")
        for method, expected in sendings.items():
            statuses = []
            body = case.body(method, address)
            headers = {"if_match": f'"{case.version}"'} if "deals/{deal_id}" in address and method in ("PATCH", "POST", "PUT") else {}
            if address == "accounts/{account_id}" or address.startswith("leads/{lead_id}"):
                headers = {"if_match": '"1"'}
            if address.endswith(("/hours", "/files")):
                headers = {"if_match": f'"{case.ids["calendar_version"]}"'}
            if address.startswith("playbook/revisions/{revision_id}"):
                headers = {"if_match": f'"{self_tag(case, address)}"'}
            if address in ("playbook/pack", "playbook/profile"):
                headers = {"if_match": f'"{version()}"'}
            elif (address == "playbook/older-deals" and method == "POST") or address == "views/{view_id}":
                headers = {"if_match": '"1"'}
            for caller in callers:
                if address == "openapi.json":
                    statuses.append(caller.client.get(f"/api/v1{path}").status_code)
                    continue
                with transaction.atomic():
                    sent = {**headers, "idempotency_key": str(uuid7())} if method != "GET" else headers
                    statuses.append(caller(method, path, body, **sent).status)
                    transaction.set_rollback(True)
            data = b"" if body is None else json.dumps(body).encode()
            statuses.append(stranger.generic(method, f"/api/v1{path}", data, content_type="application/json").status_code)
            check(wrong, f"{method} {path}", expected, statuses)
    assert not wrong, "\n".join(wrong)


@pytest.mark.req("law 13")
def test_what_is_not_yours_looks_like_what_does_not_exist(case: Case):
    """Word for word the same page, so that nobody can tell the one from the other."""
    client = Client()
    client.force_login(Login.objects.get(username="demo-stranger"))

    def page(url: str) -> str:
        response = client.get(url)
        assert response.status_code == 404, url
        text = re.sub(r'(name="(csrfmiddlewaretoken|idempotency_key)" value=")[^"]+', r"\1", response.content.decode())
        return text.replace(url, "")

    for kind in ("deal", "item", "call", "meeting", "account", "entry", "team", "message"):
        folder = next(name for name, one in KINDS_OF_PAGES.items() if one == kind)
        assert page(f"/{folder}/{case.ids[kind]}/") == page(f"/{folder}/{uuid7()}/"), kind


def test_a_login_without_a_person_is_told_so(case: Case):
    client = Client()
    client.force_login(Login.objects.create_user("nobody-yet", "a long password"))
    for address in PAGES:
        if address in ("sign-in/", "sign-out/", "language/", "gallery/", "feeds/<str:key>.ics"):
            continue
        response = client.get(
            "/"
            + address.replace("<uuid:id>", case.ids["deal"])
            .replace("<slug:kind>", "item")
            .replace("<slug:name>", SHIPPED.name)
            .replace("<slug:part>", "hearing")
        )
        assert response.status_code == 403, address
        assert "这个登录还没有对应的人" in response.content.decode()
