"""A team gives a deal up: somebody proposes it with what was tried, everybody of the team says what he or she thinks, a head where the team
cannot decide it; the last word, or an act of its own, closes the deal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from earshot.clocks import actions as clocks
from earshot.clocks.models import Clock
from earshot.deals import closings, gates, giving_up, policies, queries, rules
from earshot.deals.actions.closing import REASON, end
from earshot.deals.actions.writing import fresh, not_stale
from earshot.deals.actions.writing import words as named
from earshot.deals.giving_up_tables import ENDED, REFUSED, WITHDRAWN, Alternative, GivingUp, GivingUpVoice
from earshot.deals.models import Deal
from earshot.journal.actions import call, record, verb
from earshot.journal.actors import Actor, process
from earshot.journal.kinds import ref
from earshot.journal.models import Entry
from earshot.kit import now
from earshot.kit.problems import Line, Refusal, forbidden, in_each, say
from earshot.kit.texts import text
from earshot.people.actors import personally
from earshot.people.models import Person
from earshot.playbooks import book
from earshot.playbooks.models import GIVEN_UP, VOTE

ALTERNATIVES = 10
TRIED = 300


@verb
def propose_giving_up(
    *, by: Actor, deal: Deal, version: int, reason: str, alternatives: Sequence[tuple[str, str]], code: str = ""
) -> GivingUp:
    """Who works on the deal proposes to give it up: for which of its process's reasons, in words, and with at least one thing that was
    tried instead (`alternatives`: what was tried, what came of it). Whoever proposes it has heard what is critical, and speaks for it."""
    person = personally(by)
    deal = fresh(by, deal, version)
    if giving_up.open_now(deal) is not None:
        raise Refusal("giving_up.open", _("It is proposed already; say there what you think of it."), about=ref(deal), status=409)
    reason = text("reason", reason, most=REASON)
    code, _none = closings.checked(deal, GIVEN_UP, code, "")
    tried = _alternatives(alternatives)
    _heard(deal, person)
    row = GivingUp.objects.create(deal=deal, code=code, reason=reason, person=person, at=now())
    Alternative.objects.bulk_create(
        [Alternative(giving_up=row, position=at, tried=one, came_of_it=came) for at, (one, came) in enumerate(tried, start=1)]
    )
    why = closings.reasons(deal, GIVEN_UP).get(code)
    data = {"reason": reason, "tried": "; ".join(one for one, _came in tried)} | ({"named": named(why)} if why else {})
    entry = record("deals.giving_up_proposed", by=by, objects={"deal": deal, "giving_up": row}, scopes=[deal], data=data)
    team = giving_up.team_of(deal)
    own = next((one for one in team if one.person.pk == person.pk), giving_up.Asked(person, None))
    GivingUpVoice.objects.create(giving_up=row, person=person, role=own.role, at=now(), agrees=True, words="", spoken_at=now())
    for one in team:
        if one.person.pk != person.pk:
            _ask(entry, deal, row, one)
    _ask_head(entry, deal, row)
    return row


def _alternatives(given: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """What was tried and what came of it; a line of the form that was left empty is none."""
    rows = [(tried.strip(), came.strip()) for tried, came in given if tried.strip() or came.strip()]
    fields: dict[str, Any] = {}
    if not rows:
        fields["tried_0"] = _("Say what was tried instead of giving it up, and what came of it.")
    if len(rows) > ALTERNATIVES:
        fields["tried_0"] = say(_("At most {most} of them; say the weightiest."), most=ALTERNATIVES)
    for at, (tried, came) in enumerate(rows):
        if not tried:
            fields[f"tried_{at}"] = _("Say what was tried.")
        if not came:
            fields[f"came_of_it_{at}"] = _("Say what came of it.")
    if fields:
        raise Refusal("giving_up.alternatives", _("Nothing is given up untried."), fields=fields)
    return [(text(f"tried_{at}", one, most=TRIED), text(f"came_of_it_{at}", came, most=TRIED)) for at, (one, came) in enumerate(rows)]


def _heard(deal: Deal, person: Person) -> None:
    """Law 3: nobody speaks on a deal whose critical words he or she has not heard."""
    unheard = gates.not_ready(deal, [person])[person]
    if unheard and policies.standing(deal).blocks(policies.HEARD_BEFORE_VOTE):
        sentence = say(_("Hear first what the customer said. Not heard by you yet: {count}."), count=len(unheard))
        raise Refusal("vote.not_heard", sentence, lines=unheard, about=ref(deal), status=409)


def _ask(because: Entry, deal: Deal, row: GivingUp, one: giving_up.Asked) -> None:
    voice = GivingUpVoice.objects.create(giving_up=row, person=one.person, role=one.role, head=one.head, at=now())
    objects: dict[str, Any] = {"deal": deal, "giving_up_voice": voice, "asked": one.person}
    by = process("deals/giving_up").because(because)
    name = "deals.giving_up_asked_of_head" if one.head else "deals.giving_up_asked"
    entry = record(name, by=by, objects=objects, scopes=[deal], data={"reason": row.reason})
    if (level := book.in_force().serving(VOTE)) is not None:
        clocks.start("giving_up_voice", [voice.pk], level, unit=one.person.unit or deal.unit, because=entry)


def _ask_head(because: Entry, deal: Deal, row: GivingUp) -> None:
    """A head is asked as soon as the team cannot decide it: somebody is against, nobody else is there, or only sales agrees."""
    voices = giving_up.standing(row)
    lacking = giving_up.lacks(deal, row, voices)
    if not lacking or rules.OPEN_VOICES in lacking or any(one.head for one in voices):
        return
    head = giving_up.head_to_ask(deal, row, voices)
    if head is not None:
        _ask(because, deal, row, giving_up.Asked(head, None, head=True))
        return
    by = process("deals/giving_up").because(because)
    record("deals.giving_up_of_nobody", by=by, objects={"deal": deal, "giving_up": row}, scopes=[deal], data={"reason": row.reason})


@verb
def speak_on_giving_up(*, by: Actor, deal: Deal, agrees: bool, words: str = "", version: int | None = None) -> GivingUp:
    """Whoever is asked agrees, or is against and says why; for somebody who is away, the deputy. Said anew, the later word counts. The last
    word closes the deal where nothing is lacking then and nobody was silent; a head who is against ends the proposal.

    `version`: of the deal that was seen; None: as it stands now."""
    person = personally(by)
    queries.lock(deal.pk)
    deal = queries.as_it_stands(deal.pk)
    row = giving_up.the_open(deal)
    voices = giving_up.standing(row)
    voice = giving_up.voice_of(person, deal, voices)
    if voice is None:
        raise forbidden("giving_up.not_asked", _("Nobody asks you about giving this deal up."), ref(deal))
    if version is not None and version != deal.version:
        not_stale(deal, version)
    _heard(deal, person)
    said = text("words", words, most=REASON, required=not agrees)
    voice.agrees, voice.words, voice.spoken_at, voice.spoken_by = agrees, said, now(), giving_up.speaking_for(person, voice)
    voice.save(update_fields=["agrees", "words", "spoken_at", "spoken_by"])
    objects: dict[str, Any] = {"deal": deal, "giving_up_voice": voice}
    objects |= {"represented": voice.person} if voice.spoken_by_id else {}
    name = "deals.giving_up_agreed" if agrees else "deals.giving_up_opposed"
    data = {"words": said} if not agrees else {"why": in_each(lambda: _(" ({reason})").format(reason=said)) if said else ""}
    entry = record(name, by=by, objects=objects, scopes=[deal], data=data)
    clocks.meet([voice.pk], because=entry)
    _go_on(entry, by, deal, row, voice)
    return row


def _go_on(entry: Entry, by: Actor, deal: Deal, row: GivingUp, voice: GivingUpVoice) -> None:
    """After somebody has spoken: given up, refused, or whom to ask next."""
    if voice.head and not voice.agrees:
        _end(entry, row, REFUSED, voice.spoken_by or voice.person)
        return
    voices = giving_up.standing(row)
    head = next((one for one in voices if one.head and one.spoken_at is None), None)
    if head is not None and not giving_up.lacks(deal, row, [one for one in voices if one is not head]):
        head.lapsed_at = now()  # whoever was against agrees now: the team decides it, and no head need be asked
        head.save(update_fields=["lapsed_at"])
        clocks.cancel([head.pk], because=entry)
        voices.remove(head)
    lacking = giving_up.lacks(deal, row, voices)
    silent = any(one.spoken_at is None and one.silent_at is not None for one in voices)
    if not lacking and (voice.head or not silent):
        _give_up(by.because(entry), deal, row, voice.spoken_by or voice.person)
    else:
        _ask_head(entry, deal, row)


@verb
def conclude_giving_up(*, by: Actor, deal: Deal, version: int) -> Deal:
    """Where somebody was silent, the owner or whoever proposed it closes the deal by this act, once nothing else is lacking."""
    person = personally(by)
    deal = fresh(by, deal, version)
    row = giving_up.the_open(deal)
    if person.pk not in {row.person_id, deal.owner_id}:
        raise forbidden("giving_up.not_yours", _("Only whoever proposed it, or the deal's owner, concludes it."), ref(deal))
    if lacking := giving_up.lacks(deal, row):
        lines = [Line(f"giving_up.{one}", giving_up.LACKING[one], about=ref(deal)) for one in lacking]
        raise Refusal("giving_up.lacking", _("This deal is not given up yet."), lines=lines, about=ref(deal), status=409)
    _heard(deal, person)
    _give_up(by, deal, row, person)
    return deal


@verb
def withdraw_giving_up(*, by: Actor, deal: Deal, version: int, reason: str) -> Deal:
    """Whoever proposed it, or the deal's owner, takes the proposal back, with a reason: the deal goes on."""
    person = personally(by)
    deal = fresh(by, deal, version)
    row = giving_up.the_open(deal)
    if person.pk not in {row.person_id, deal.owner_id}:
        raise forbidden("giving_up.not_yours", _("Only whoever proposed it, or the deal's owner, takes it back."), ref(deal))
    reason = text("reason", reason, most=REASON)
    entry = record("deals.giving_up_withdrawn", by=by, objects={"deal": deal, "giving_up": row}, scopes=[deal], data={"reason": reason})
    _end(entry, row, WITHDRAWN, person)
    return deal


def _give_up(by: Actor, deal: Deal, row: GivingUp, person: Person) -> None:
    entry = end(by, deal, GIVEN_UP, row.reason, row.code)
    _end(entry, row, GIVEN_UP, person)


def _end(because: Entry, row: GivingUp, outcome: str, person: Person | None) -> None:
    row.ended_at, row.outcome, row.ended_by = now(), outcome, person
    row.save(update_fields=["ended_at", "outcome", "ended_by"])
    if waiting := [one.pk for one in giving_up.standing(row) if one.spoken_at is None]:
        clocks.cancel(waiting, because=because)


def end_giving_up(entry: Entry) -> None:
    """A reaction: the deal has ended otherwise, and nobody is asked any more whether to give it up."""
    for deal_id in entry.parts().get("deal", []):
        for row in GivingUp.objects.filter(deal=deal_id, ended_at__isnull=True):
            _end(entry, row, ENDED, None)


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
                one.lapsed_at = now()
                one.save(update_fields=["lapsed_at"])
                clocks.cancel([one.pk], because=entry)
                _ask(entry, deal, row, giving_up.Asked(one.person, one.role, one.head))


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
    _ask_head(entry, deal, voice.giving_up)
    return 1
