"""Giving a deal up is a decision of its team: who is asked, what each says, what is still lacking; a head where the team cannot decide it.

Nothing is closed by lapse of time: who is silent beyond the limit is waited for no longer, and somebody still has to conclude."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from earshot.clocks.registry import Subject, Subjects
from earshot.deals import queries, rules
from earshot.deals.giving_up_tables import GivingUp, GivingUpVoice
from earshot.deals.models import Deal
from earshot.journal.kinds import ref
from earshot.kit.engine.prepared import Prepared
from earshot.kit.problems import Refusal
from earshot.kit.ruling import permissive
from earshot.people import absences
from earshot.people.models import Person
from earshot.people.queries import heads_upwards
from earshot.playbooks import book
from earshot.playbooks.models import Role
from earshot.teams.models import Membership

MOST = 100  # of a day
_WITH = ("person__unit", "role", "spoken_by")
_PARTS = ("giving_up__deal__owner", "giving_up__deal__unit", "giving_up__deal__account", "giving_up__deal__stage")
_OPEN = Prepared(lambda deal: GivingUp.objects.filter(deal=deal, ended_at__isnull=True).select_related("person"))
_VOICES = Prepared(lambda asked: GivingUpVoice.objects.filter(giving_up=asked).select_related(*_WITH).order_by("at", "pk"))

LACKING: dict[str, Any] = {
    rules.OPEN_VOICES: _("Not everybody who is asked has said what he or she thinks of it."),
    rules.AGAINST: _("Somebody of the team is against it, and no head above the deal has agreed all the same."),
    rules.ALONE: _("Nobody besides who proposes it has agreed."),
    rules.SALES_ALONE: _("Only the sales side has agreed: somebody else of the team must, or a head above the deal."),
}


def open_now(deal: Deal) -> GivingUp | None:
    """The proposal that stands on the deal now, if there is one."""
    row: GivingUp | None = _OPEN.one(deal.pk)
    return row


def of_deal(deal: Deal) -> list[GivingUp]:
    """Every proposal to give it up, the newest first, with what was tried and what each said."""
    rows = GivingUp.objects.filter(deal=deal).select_related("person", "ended_by")
    voices = "voices__person", "voices__role", "voices__spoken_by"
    return list(rows.prefetch_related("alternatives", *voices).order_by("-at", "-pk"))


def standing(row: GivingUp) -> list[GivingUpVoice]:
    """What counts of those who are asked, in the order in which they were."""
    return [one for one in _VOICES.objects(row.pk) if one.lapsed_at is None]


def opinions(deal: Deal, row: GivingUp, voices: Sequence[GivingUpVoice]) -> list[rules.Opinion]:
    return _opinions(row, voices, queries.sales_side(deal, _speaking(voices)) if voices else set())


def _speaking(voices: Iterable[GivingUpVoice]) -> list[Person]:
    """Whose voices these are, and who spoke in their place."""
    return list({one.pk: one for voice in voices for one in (voice.person, voice.spoken_by) if one is not None}.values())


def _opinions(row: GivingUp, voices: Iterable[GivingUpVoice], selling: Collection[UUID]) -> list[rules.Opinion]:
    return [
        rules.Opinion(
            one.agrees,
            silent=one.silent_at is not None and one.spoken_at is None,
            head=one.head,
            sells=one.person_id in selling or one.spoken_by_id in selling or bool(one.role and one.role.sells),
            proposes=one.person_id == row.person_id,
        )
        for one in voices
    ]


def lacks(deal: Deal, row: GivingUp, voices: Sequence[GivingUpVoice] | None = None) -> list[str]:
    """What it lacks before the deal is given up (`rules.giving_up_lacks`)."""
    return rules.giving_up_lacks(opinions(deal, row, standing(row) if voices is None else voices))


@dataclass(frozen=True)
class Asked:
    """Somebody who is asked, as what."""

    person: Person
    role: Role | None
    head: bool = False


def team_of(deal: Deal) -> list[Asked]:
    """The deal's team, its owner first: each person once, for the role of the first seat that he or she took."""
    roles = book.process_of(deal.process_id).roles
    owner_role = next((role for role in roles.values() if role.owner), None)
    found = {deal.owner_id: Asked(deal.owner, owner_role)}
    rows = Membership.objects.filter(seat__team=deal.team_id, ended_at__isnull=True, acceptance__isnull=False)
    for one in rows.select_related("person", "seat").order_by("acceptance__at", "pk"):
        found.setdefault(one.person_id, Asked(one.person, roles.get(one.seat.role)))
    return [one for one in found.values() if one.person.left_at is None]


def heads_to_ask(deal: Deal, row: GivingUp, voices: Sequence[GivingUpVoice]) -> list[Person]:
    """The heads above the deal, and above whoever is against, where their units have heads in common, the nearest first: who are there, or
    whose deputies are, and who are not asked or proposing already."""
    taken = {deal.owner_id, row.person_id, *(one.person_id for one in voices)}
    against = {one.person.unit_id for one in voices if one.agrees is False and one.person.unit_id is not None}
    above, away, acting = heads_upwards({deal.unit_id, *against}), absences.away_now(), absences.stand_ins()
    heads = [head for head in above.get(deal.unit_id, []) if head.pk not in taken]
    heads = [head for head in heads if all(head in above.get(unit, []) for unit in against)] or heads
    return [head for head in heads if head.pk not in away or may_stand_in(deal, acting.get(head.pk), taken)]


def may_stand_in(deal: Deal, deputy: Person | None, taken: Iterable[UUID] = ()) -> bool:
    """Whether the deputy may speak for somebody who is away: he or she sees the deal and has no voice of his or her own there."""
    return deputy is not None and deputy.pk not in taken and queries.visible_to(deputy).filter(pk=deal.pk).exists()


@permissive("everybody speaks", lambda person, deal, voices: (list(voices)[:1] or [None])[0])
def voice_of(person: Person, deal: Deal, voices: Sequence[GivingUpVoice]) -> GivingUpVoice | None:
    """The voice that the person has: his or her own, else that of somebody who is away and whose deputy he or she is. None: nobody asks."""
    own = next((one for one in voices if one.person_id == person.pk), None)
    if own is not None:
        return own
    whose = {one.pk for one in absences.represented_by(person)}
    for one in voices:
        if one.person_id in whose and one.spoken_at is None and may_stand_in(deal, person):
            return one
    return None


def speaking_for(person: Person, voice: GivingUpVoice) -> Person | None:
    """Who speaks now for this voice: whoever is asked, or the deputy where he or she is away."""
    return None if voice.person_id == person.pk else person


def to_speak(person: Person) -> list[GivingUpVoice]:
    """Where the person is asked, or a deputy for whoever is, and has not spoken; the longest asked first."""
    whose = Q(person=person) | Q(person__in=[one.pk for one in absences.represented_by(person)])
    open_voices = GivingUpVoice.objects.filter(whose, spoken_at__isnull=True, lapsed_at__isnull=True, giving_up__ended_at__isnull=True)
    rows = list(open_voices.select_related("giving_up__person", *_PARTS, *_WITH).order_by("at", "pk")[:MOST])
    return [one for one in rows if one.person_id == person.pk or may_stand_in(one.giving_up.deal, person)]


def to_conclude(person: Person) -> list[GivingUp]:
    """Proposals of the person, or on his or her deals, where nothing is lacking any more but that somebody concludes."""
    mine = GivingUp.objects.filter(Q(person=person) | Q(deal__owner=person), ended_at__isnull=True)
    waiting = GivingUpVoice.objects.filter(spoken_at__isnull=True, silent_at__isnull=True, lapsed_at__isnull=True)
    rows = list(mine.exclude(voices__in=waiting).select_related("deal__owner", "deal__unit", "deal__account", "deal__stage")[:MOST])
    return [one for one, lacking in _lacking(rows) if not lacking]


def _lacking(rows: Sequence[GivingUp]) -> list[tuple[GivingUp, list[str]]]:
    """What each of these lacks, in two statements for all that follow one process."""
    voices: dict[UUID, list[GivingUpVoice]] = {row.pk: [] for row in rows}
    for one in GivingUpVoice.objects.filter(giving_up__in=rows, lapsed_at__isnull=True).select_related(*_WITH).order_by("at", "pk"):
        voices[one.giving_up_id].append(one)
    of_process: dict[UUID, list[GivingUp]] = {}
    for row in rows:
        of_process.setdefault(row.deal.process_id, []).append(row)
    found = []
    for process_id, together in of_process.items():
        people = _speaking(one for row in together for one in voices[row.pk])
        selling = queries.selling(process_id, {one.pk for one in people})
        for row in together:
            found.append((row, rules.giving_up_lacks(_opinions(row, voices[row.pk], {*selling, row.deal.owner_id}))))
    return found


def of_nobody() -> int:
    """How many proposals wait for a head, and none is there who could decide."""
    asked = GivingUpVoice.objects.filter(lapsed_at__isnull=True).filter(Q(head=True) | Q(spoken_at__isnull=True, silent_at__isnull=True))
    rows = list(GivingUp.objects.filter(ended_at__isnull=True).exclude(voices__in=asked).select_related("deal__owner", "person")[:MOST])
    return sum(bool(lacking) and not heads_to_ask(row.deal, row, standing(row)) for row, lacking in _lacking(rows))


def the_open(deal: Deal) -> GivingUp:
    """The proposal that stands on the deal; refused where none does."""
    row = open_now(deal)
    if row is None:
        raise Refusal("giving_up.none", _("Nobody proposes to give this deal up."), about=ref(deal), status=409)
    return row


_VOICES_OF = Prepared(lambda ids: GivingUpVoice.objects.filter(pk__in=ids).select_related("giving_up__person", *_PARTS, *_WITH))


def subjects(ids: Iterable[UUID]) -> Subjects:
    """What the clocks of these voices are about: the deal, and who is to speak."""
    found = {}
    for row in _VOICES_OF.objects(list(ids)):
        deal = row.giving_up.deal
        unit = row.person.unit if row.person.unit is not None else deal.unit
        parts = {"deal": deal, "giving_up_voice": row}
        sender = row.giving_up.person
        found[row.pk] = Subject(row, (deal,), row.person, unit, parts, team=deal.team_id, owner=deal.owner, led_by=deal.unit, sender=sender)
    return found
