"""Who is asked whether a deal is given up: the team as it is now, on the deal as it is now, and a head where the team cannot decide."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any
from uuid import UUID

from earshot.clocks import actions as clocks
from earshot.clocks.models import Clock
from earshot.deals import gates, giving_up, queries, rules
from earshot.deals.giving_up_tables import GivingUp, GivingUpVoice
from earshot.deals.models import Deal
from earshot.journal.actions import call, record
from earshot.journal.actors import process
from earshot.journal.models import Entry
from earshot.kit import now
from earshot.playbooks import book
from earshot.playbooks.models import VOTE


def ask(because: Entry, deal: Deal, row: GivingUp, one: giving_up.Asked) -> None:
    voice = GivingUpVoice.objects.create(giving_up=row, person=one.person, role=one.role, head=one.head, at=now())
    objects: dict[str, Any] = {"deal": deal, "giving_up_voice": voice, "asked": one.person}
    by = process("deals/giving_up").because(because)
    name = "deals.giving_up_asked_of_head" if one.head else "deals.giving_up_asked"
    entry = record(name, by=by, objects=objects, scopes=[deal], data={"reason": row.reason})
    if (level := book.in_force().serving(VOTE)) is not None:
        clocks.start("giving_up_voice", [voice.pk], level, unit=one.person.unit or deal.unit, because=entry)


def ask_head(because: Entry, deal: Deal, row: GivingUp) -> None:
    """A head is asked as soon as the team cannot decide it: somebody is against, nobody else is there, or only sales agrees."""
    voices = giving_up.standing(row)
    lacking = giving_up.lacks(deal, row, voices)
    if not lacking or rules.OPEN_VOICES in lacking or any(one.head for one in voices):
        return
    heads = giving_up.heads_to_ask(deal, row, voices)
    if heads:
        ask(because, deal, row, giving_up.Asked(heads[0], None, head=True))
        return
    by = process("deals/giving_up").because(because)
    record("deals.giving_up_of_nobody", by=by, objects={"deal": deal, "giving_up": row}, scopes=[deal], data={"reason": row.reason})


def lapse(because: Entry, voices: Iterable[GivingUpVoice]) -> None:
    """These count no more, and their time does not run any longer."""
    if ids := [one.pk for one in voices]:
        GivingUpVoice.objects.filter(pk__in=ids).update(lapsed_at=now())
        clocks.cancel(ids, because=because)


def ask_the_team(because: Entry, deal: Deal) -> None:
    """The deal's team, its owner or the heads above it are others now: whoever came is asked too, whoever went and has not spoken is waited
    for no more, and a head who cannot be asked any longer makes place for the one who can. What was said stays said."""
    if (row := giving_up.open_now(deal)) is None:
        return
    voices = giving_up.standing(row)
    team = {one.person.pk: one for one in giving_up.team_of(deal)}
    waiting = [one for one in voices if one.spoken_at is None]
    able = giving_up.heads_to_ask(deal, row, [one for one in voices if not (one.head and one.spoken_at is None)])
    gone = [one for one in waiting if (one.person not in able if one.head else one.person_id not in team)]
    lapse(because, gone)
    asked = {one.person_id for one in voices if one not in gone}
    for one in team.values():
        if one.person.pk not in asked:
            ask(because, deal, row, one)
    ask_head(because, deal, row)


def ask_all_anew(because: Entry, deal: Deal) -> None:
    """The deal is another now: worth something else, for another customer, of other services. Who has spoken has spoken on what it was, and
    everybody but who proposes it is asked again."""
    if (row := giving_up.open_now(deal)) is not None:
        answered = [one for one in giving_up.standing(row) if one.spoken_at is not None or one.silent_at is not None]
        lapse(because, [one for one in answered if one.person_id != row.person_id])
        ask_the_team(because, deal)


def ask_others(entry: Entry, people: Collection[UUID]) -> None:
    """A reaction: these people left, or are away. Where a head is asked whether a deal is given up, or somebody who is
    not of its team any longer, it may be somebody else's to say now."""
    waiting = GivingUpVoice.objects.filter(spoken_at__isnull=True, lapsed_at__isnull=True, giving_up__ended_at__isnull=True)
    for deal_id in list(waiting.filter(person__in=people).order_by("at", "pk").values_list("giving_up__deal_id", flat=True).distinct()):
        _asked_now(entry, deal_id)


def ask_under(entry: Entry, unit: UUID) -> None:
    """A reaction: another heads this unit. Of deals below it that somebody would give up, another may be asked as a head."""
    below = GivingUp.objects.filter(ended_at__isnull=True, deal__unit__aboves__above=unit)
    for deal_id in list(below.order_by("at", "pk").values_list("deal_id", flat=True)):
        _asked_now(entry, deal_id)


def ask_of_team(entry: Entry, team: UUID) -> None:
    """A reaction: somebody has come to this team, or left it."""
    there = GivingUp.objects.filter(ended_at__isnull=True, deal__team=team).values_list("deal_id", flat=True)
    for deal_id in list(there):
        _asked_now(entry, deal_id)


def _asked_now(entry: Entry, deal_id: UUID) -> None:
    queries.lock(deal_id)
    ask_the_team(entry, queries.as_it_stands(deal_id))


def speak_anew(entry: Entry, items: Mapping[UUID, UUID]) -> None:
    """A reaction: the customer has said something that votes wait for. Who has spoken and not heard it has spoken on something else, and is
    asked again with the whole limit; who was asked and has not heard it has the whole limit again. `items`: statement → its deal."""
    for deal_id in dict.fromkeys(items.values()):
        if not GivingUp.objects.filter(deal=deal_id, ended_at__isnull=True).exists():
            continue
        queries.lock(deal_id)
        deal = queries.as_it_stands(deal_id)
        if (row := giving_up.open_now(deal)) is None:
            continue
        voices = giving_up.standing(row)
        unheard = gates.not_ready(deal, [one.person for one in voices])
        for one in voices:
            if {line.about.id for line in unheard[one.person] if line.about is not None} & set(items):
                lapse(entry, [one])
                ask(entry, deal, row, giving_up.Asked(one.person, one.role, one.head))


def silence_voices() -> int:
    """Where the time of somebody of the team has run out, he or she is waited for no longer; returns how many. A head is: the ladder goes
    on. Closes nothing. For the worker; nothing due is one look."""
    late = Clock.objects.filter(kind="giving_up_voice", stopped_at__isnull=True, paused_at__isnull=True, due_at__lte=now())
    ids = list(late.order_by("due_at", "pk").values_list("object_id", flat=True)[:200])
    rows = GivingUpVoice.objects.filter(pk__in=ids, head=False, spoken_at__isnull=True, silent_at__isnull=True, lapsed_at__isnull=True)
    found = list(rows.values_list("giving_up__deal_id", "pk")) if ids else []
    silenced = 0
    for deal_id, voice_id in found:
        with call():
            silenced += _silence(deal_id, voice_id)
    return silenced


def _silence(deal_id: UUID, voice_id: UUID) -> int:
    queries.lock(deal_id)
    waiting = GivingUpVoice.objects.filter(pk=voice_id, spoken_at__isnull=True, silent_at__isnull=True, lapsed_at__isnull=True)
    voice = waiting.filter(giving_up__ended_at__isnull=True).select_related("giving_up", "person").first()
    if voice is None:
        return 0
    deal = queries.as_it_stands(deal_id)
    voice.silent_at = now()
    voice.save(update_fields=["silent_at"])
    asked = Entry.objects.filter(objects_touched__object_id=voice.pk).order_by("-seq").first()
    assert asked is not None, "whoever is asked was asked by an entry"
    by = process("deals/giving_up").because(asked)
    objects = {"deal": deal, "giving_up_voice": voice, "silent": voice.person}
    entry = record("deals.giving_up_silent", by=by, objects=objects, scopes=[deal], data={})
    ask_head(entry, deal, voice.giving_up)
    return 1
