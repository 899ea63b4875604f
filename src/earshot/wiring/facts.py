"""What the conditions of a playbook may speak of, and where each comes from: a provider a group, for one deal, in a fixed number of
statements."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from django.utils.translation import gettext_lazy as _

from earshot.calls import queries as calls
from earshot.deals import figures, specialties, wholes
from earshot.deals import queries as deals
from earshot.deals.decisions import ADVANCE, DAYS, MARGIN
from earshot.deals.models import Deal
from earshot.deals.sizes import size_of
from earshot.kit import now
from earshot.playbooks.conditions import NUMBER, TEXT, TEXTS, WHOLE, YES_NO, Fact, Value
from earshot.teams.queries import seats
from earshot.voice import queries as voice
from earshot.voice import rules as voice_rules
from earshot.voice.models import Filing, Item

Values = Mapping[str, Value | Callable[[], Value]]
SET_ACCOUNT, SET_GOAL, STATE, SET_SERVICES = "set_account", "set_goal", "state_figures", "set_services"
OF_CONTRACT = _("per cent of the contract")

FACTS = [
    Fact(
        "deal.amount",
        NUMBER,
        _("what the deal is worth, with every open part of what it was one deal with; not known until somebody enters it"),
        _("in the deal's currency"),
        act=SET_ACCOUNT,
        lasting=True,
    ),
    Fact("deal.currency", TEXT, _("the currency of the amount, three letters (CNY)"), act=SET_ACCOUNT, lasting=True),
    Fact(
        "deal.tier",
        TEXT,
        _("the code of the deal's size, by the tiers of its process; not known while what they ask for is not, or where there are none"),
        act=SET_ACCOUNT,
        lasting=True,
    ),
    Fact(
        "deal.services",
        TEXTS,
        _("the codes of the types of service that the deal carries"),
        act=SET_SERVICES,
        lasting=True,
        codes_of="support/services",
    ),
    Fact(
        "deal.specialties",
        TEXTS,
        _("the codes of the specialties that those types of service need"),
        act=SET_SERVICES,
        codes_of="support/specialties",
    ),
    Fact("deal.stage", TEXT, _("the code of the stage in which the deal stands"), codes_of="process/stages"),
    Fact("deal.days_in_stage", WHOLE, _("whole days since the deal entered its stage"), _("days")),
    Fact("deal.age", WHOLE, _("whole days since the deal was opened"), _("days")),
    Fact("deal.days_left", WHOLE, _("whole days until the date of the deal; negative once it has passed"), _("days"), act=SET_GOAL),
    Fact("deal.imported", YES_NO, _("whether the deal was brought in from another system"), lasting=True),
    Fact("account.known", YES_NO, _("whether the deal has an account"), act=SET_ACCOUNT, lasting=True),
    Fact("account.sector", TEXT, _("the sector of the account; not known without an account"), act=SET_ACCOUNT, lasting=True),
    Fact(
        "account.won", WHOLE, _("deals that were won from the account before; none: this is a first order"), _("won deals"), act=SET_ACCOUNT
    ),
    Fact("team.empty_seats", WHOLE, _("seats of the team in which nobody sits who has accepted it"), _("seats")),
    Fact("team.roles", TEXTS, _("the codes of the roles in which somebody sits on the team"), codes_of="process/roles"),
    Fact(
        "team.lacking",
        TEXTS,
        _("the codes of the specialties that the deal needs and that neither its own unit nor anybody on its team covers"),
        act="name_member",
        codes_of="support/specialties",
    ),
    Fact("team.led", YES_NO, _("whether somebody sits in the leading seat")),
    Fact("words.statements", WHOLE, _("statements of the customer on record"), _("statements")),
    Fact("words.categories", TEXTS, _("the codes of what the customer's statements are about, each once"), codes_of="hearing/categories"),
    Fact("words.critical", WHOLE, _("statements that must be heard before a vote"), _("statements")),
    Fact("words.unheard", WHOLE, _("duties to hear that are not done"), _("duties")),
    Fact(MARGIN, NUMBER, _("the gross margin, as stated on the deal"), OF_CONTRACT, act=STATE),
    Fact(ADVANCE, NUMBER, _("what the customer pays in advance, as stated on the deal"), OF_CONTRACT, act=STATE),
    Fact(DAYS, WHOLE, _("days from the contract until the cash is in, as stated on the deal"), _("days"), act=STATE),
    Fact("calls.open", WHOLE, _("role calls that have neither a result nor an ending"), _("calls")),
    Fact("calls.answered", TEXTS, _("the codes of the supports that have an effective result on this deal"), codes_of="support/catalogue"),
]


def of_deal(deal: Deal) -> Values:
    return {
        "deal.amount": None if (amount := wholes.judged_amount(deal)) is None else float(amount),
        "deal.currency": deal.currency,
        "deal.services": deal.service_codes,
        "deal.specialties": lambda: sorted(specialties.needed(deal)),
        "deal.stage": lambda: deal.stage.code,
        "deal.days_in_stage": lambda: None if hasattr(deal, "closing") else (now() - deals.open_visit(deal).entered_at).days,
        "deal.tier": lambda: tier.code if (tier := size_of(deal).tier) else None,
        "deal.age": (now() - deal.opened_at).days,
        "deal.days_left": None if deal.due is None else (deal.due - deals.today()).days,
        "deal.imported": deal.outside_id is not None,
    }


def of_account(deal: Deal) -> Values:
    account = deal.account
    if account is None:
        return {"account.known": False}
    return {"account.known": True, "account.sector": account.sector or None, "account.won": lambda: deals.won_before(deal)}


def of_team(deal: Deal) -> Values:
    read = seats(deal.team_id)
    taken = [seat for seat in read if seat.accepted]
    return {
        "team.empty_seats": len(read) - len(taken),
        "team.roles": sorted({seat.seat.role for seat in taken}),
        "team.led": any(seat.seat.leader for seat in taken),
        "team.lacking": lambda: sorted(one.specialty.code for one in specialties.covers(deal) if not one.covered),
    }


def of_words(deal: Deal) -> Values:
    items = Item.objects.filter(voice.said_on(deal))
    about = Filing.objects.filter(item__in=items, ended_at__isnull=True).values_list("category", flat=True).distinct()
    ears = voice.ears_of_deal(deal)
    heard = voice.heard_pairs({ear.item_id for ear in ears})
    return {
        "words.statements": items.count(),
        "words.categories": sorted(category for category in about if category),
        "words.critical": len(voice.critical_now(deal)),
        "words.unheard": len(voice_rules.unheard([voice_rules.EarNow(ear.item_id, ear.person_id) for ear in ears], heard)),
    }


def of_offer(deal: Deal) -> Values:
    """What was stated last, until offers give it themselves."""
    return {name: figures.as_fact(row) for name, row in figures.standing(deal).items()}


def of_calls(deal: Deal) -> Values:
    read = calls.read_of_deal(deal)
    return {
        "calls.open": sum(one.result is None and one.ending is None for one in read),
        "calls.answered": sorted({one.call.support_code for one in read if one.result is not None}),
    }


PROVIDERS = {"deal": of_deal, "account": of_account, "team": of_team, "words": of_words, "offer": of_offer, "calls": of_calls}
