"""A team gives a deal up: somebody proposes it with what was tried, everybody of the team says what he or she thinks, a head where the team
cannot decide it; the last word, or an act of its own, closes the deal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from earshot.clocks import actions as clocks
from earshot.deals import closings, gates, giving_up, policies, queries
from earshot.deals.actions.closing import REASON, end
from earshot.deals.actions.speaking import ask, ask_head, lapse
from earshot.deals.actions.writing import fresh, hold_parts, not_stale, touch
from earshot.deals.actions.writing import words as named
from earshot.deals.giving_up_tables import ENDED, REFUSED, WITHDRAWN, Alternative, GivingUp, GivingUpVoice
from earshot.deals.models import Deal
from earshot.journal.actions import record, verb
from earshot.journal.actors import Actor
from earshot.journal.kinds import ref
from earshot.journal.models import Entry
from earshot.kit import now
from earshot.kit.problems import Line, Refusal, forbidden, in_each, say
from earshot.kit.texts import text
from earshot.people.actors import personally
from earshot.people.models import Person
from earshot.playbooks.models import GIVEN_UP

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
    touch(deal)  # what was seen before it, or of one before this, is not what is spoken on now
    why = closings.reasons(deal, GIVEN_UP).get(code)
    data: dict[str, Any] = {"reason": reason, "tried": "; ".join(one for one, _came in tried), "version": deal.version}
    data |= {"named": named(why)} if why else {}
    entry = record("deals.giving_up_proposed", by=by, objects={"deal": deal, "giving_up": row}, scopes=[deal], data=data)
    team = giving_up.team_of(deal)
    own = next((one for one in team if one.person.pk == person.pk), giving_up.Asked(person, None))
    GivingUpVoice.objects.create(giving_up=row, person=person, role=own.role, at=now(), agrees=True, words="", spoken_at=now())
    for one in team:
        if one.person.pk != person.pk:
            ask(entry, deal, row, one)
    ask_head(entry, deal, row)
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


@verb
def speak_on_giving_up(*, by: Actor, deal: Deal, agrees: bool, words: str = "", version: int | None = None) -> GivingUp:
    """Whoever is asked agrees, or is against and says why; for somebody who is away, the deputy. Said anew, the later word counts. The last
    word closes the deal where nothing is lacking then and nobody was silent; a head who is against ends the proposal.

    `version`: of the deal that was seen; None: as it stands now."""
    person = personally(by)
    hold_parts(deal)
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
    ends = voice.head and not agrees
    if ends:
        touch(deal)
    data: dict[str, Any] = {"version": deal.version} if ends else {}
    data |= {"words": said} if not agrees else {"why": in_each(lambda: _(" ({reason})").format(reason=said)) if said else ""}
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
        lapse(entry, [head])  # whoever was against agrees now: the team decides it, and no head need be asked
        voices.remove(head)
    lacking = giving_up.lacks(deal, row, voices)
    silent = any(one.spoken_at is None and one.silent_at is not None for one in voices)
    if not lacking and (voice.head or not silent):
        _give_up(by.because(entry), deal, row, voice.spoken_by or voice.person)
    else:
        ask_head(entry, deal, row)


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
    touch(deal)
    data = {"reason": reason, "version": deal.version}
    entry = record("deals.giving_up_withdrawn", by=by, objects={"deal": deal, "giving_up": row}, scopes=[deal], data=data)
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
