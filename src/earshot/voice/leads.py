"""A lead becomes part of a deal: what was said arrives there as it was recorded, and whoever must hear it does."""

from __future__ import annotations

from typing import Any

from earshot.accounts.actions import keep_contact
from earshot.deals import queries as deals
from earshot.deals.lead_tables import Lead
from earshot.deals.models import Deal
from earshot.journal.actions import record
from earshot.journal.actors import process
from earshot.journal.models import Entry
from earshot.kit import now
from earshot.voice.actions import file_under
from earshot.voice.ears import stop_clocks_of_heard
from earshot.voice.models import PRESENT, Attendance, Correction, Hearing, Item, Meeting


def bring_words(entry: Entry) -> None:
    """A reaction: each lead of the entry is a contact that was held, with its words to the letter, speaker, time and corrections.
    The reporter has heard what he or she recorded as heard in person; everybody else hears it by the rules of any statement."""
    touched = entry.parts()
    deal = Deal.objects.select_related("account", "owner", "unit", "closing").get(pk=touched["deal"][0])
    deals.lock(deal.pk)
    rows = Lead.objects.filter(pk__in=touched["lead"]).select_related("said__speaker", "reporter").prefetch_related("corrections__person")
    for lead in sorted(rows, key=lambda one: (one.recorded_at, one.pk)):
        _bring(entry, deal, lead)


def _bring(entry: Entry, deal: Deal, lead: Lead) -> None:
    by, said, at = process(entry.verb).because(entry), lead.said, now()
    speaker = said.speaker
    if speaker is None and said.speaker_name and deal.account is not None:
        speaker = keep_contact(by, deal.account, said.speaker_name, said.speaker_title)
    meeting = Meeting.objects.create(deal=deal, author=lead.reporter, held_at=said.said_at, recorded_at=at)
    meeting.contacts.set([speaker] if speaker else [])
    item = Item.objects.create(meeting=meeting, deal=deal, speaker=speaker, position=1, words=said.words, recorded_at=at)
    for one in lead.corrections.all():
        Correction.objects.create(item=item, text=one.text, author=one.person, at=one.at)
    there = []
    if said.heard:
        own = Attendance(meeting=meeting, person=lead.reporter, ticked_by=lead.reporter, at=lead.recorded_at, confirmed_at=lead.recorded_at)
        there = Attendance.objects.bulk_create([own])
    objects: dict[str, Any] = {"deal": deal, "lead": lead, "meeting": meeting, "item": item, "attendance": there}
    objects["contact"] = [speaker] if speaker else []
    kept = record("voice.lead_words_kept", by=by, objects=objects, scopes=[deal, item], claimed_at=said.said_at)
    file_under(kept, [(item, said.category)])
    if said.heard:  # by the reporter's own act, when he or she recorded it
        Hearing.objects.create(item=item, person=lead.reporter, how=PRESENT, at=lead.recorded_at)
        stop_clocks_of_heard(kept, [item])
