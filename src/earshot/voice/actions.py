"""Verbs on what the customer said: record, complete, file, correct, take note, confirm presence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from earshot.accounts.actions import keep_contact
from earshot.accounts.models import Contact
from earshot.deals import queries as deals
from earshot.deals.models import Deal
from earshot.journal.actions import record, verb
from earshot.journal.actors import Actor, process
from earshot.journal.kinds import ref
from earshot.journal.models import Entry
from earshot.journal.repeats import earlier
from earshot.kit import now, uuid7
from earshot.kit.problems import Refusal, forbidden, missing, wrong
from earshot.kit.ruling import permissive
from earshot.kit.texts import believable, past, storable, text
from earshot.people.actors import personally
from earshot.people.models import Person
from earshot.playbooks import book
from earshot.playbooks import queries as playbook
from earshot.voice import queries, rules
from earshot.voice.ears import name_ears, stop_clocks_of_heard
from earshot.voice.models import NOTED, PRESENT, Attendance, Correction, Filing, Hearing, Item, Meeting, SharedItem

SAME_WORDS_WITHIN = timedelta(hours=12)


@dataclass(frozen=True)
class Said:
    """One thing the customer said. `words`: to the letter. `category`: code of the playbook, empty: not told.
    `speaker`: position in the list of contacts of the meeting; None: not told."""

    words: str
    category: str = ""
    speaker: int | None = None


@dataclass(frozen=True)
class With:
    """Somebody at the customer, by name; a new one is added to the account."""

    name: str
    title: str = ""


@verb
def record_meeting(
    *,
    by: Actor,
    deal: Deal,
    items: Sequence[Said],
    contacts: Sequence[With] = (),
    held_at: datetime | None = None,
    place: str = "",
    present: Iterable[Person] = (),
    was_present: bool = True,
    asks: dict[str, str] | None = None,
    id: UUID | None = None,
) -> Meeting:
    """Keep what the customer said. Saving never refuses for a missing or unreadable part: it keeps, and asks the author later;
    only a record without a single word is nothing to keep. The very same words again
    within twelve hours (back, and saved once more) are that first record. `present`: colleagues said to have been there; each confirms it.
    `asks`: what was typed and could not be read, by field. The same `id` again gives the first record back."""
    author = personally(by)
    if known := earlier(Meeting, id, lambda meeting: meeting.author_id == author.pk):
        return known
    if not deals.visible_to(author).filter(pk=deal.pk).exists():
        raise missing()
    deals.lock(deal.pk)
    kept = [said for said in items if said.words.strip()]
    if not kept:
        raise wrong("items", _("Write at least one thing the customer said, in the customer's own words."))
    at = now()
    present = list(present)
    named = {person.pk for person in present}
    if twin := queries.same_words(author, deal, [storable(said.words) for said in kept], named, at - SAME_WORDS_WITHIN):
        if twin.held_at is None and held_at is not None and believable(held_at, at):  # saved again because the time was asked for
            return complete_meeting(by=by, meeting=twin, held_at=held_at)
        return twin
    asked = {field: storable(typed) for field, typed in (asks or {}).items()}
    if held_at is not None and not believable(held_at, at):
        asked["held_at"], held_at = held_at.isoformat(), None
    known_categories = book.in_force().hearing.categories
    for position, said in enumerate(kept, start=1):
        if said.category and said.category not in known_categories:
            asked[f"category_{position}"] = storable(said.category)[:300]
        if storable(said.words) != said.words:
            asked[f"words_{position}"] = _unstorable_note()
    meeting = Meeting.objects.create(
        id=id or uuid7(), deal=deal, author=author, held_at=held_at, place=storable(place).strip()[:200], asks=dict(asked), recorded_at=at
    )
    if len(place.strip()) > 200:
        asked["place"] = storable(place).strip()[:2000]
    people = _contacts(by, deal, contacts, asked)
    meeting.contacts.set([person for person in people if person is not None])
    rows = Item.objects.bulk_create(
        [
            Item(
                meeting=meeting,
                deal=deal,
                speaker=_speaker(people, said.speaker),
                position=position,
                words=storable(said.words),
                recorded_at=at,
            )
            for position, said in enumerate(kept, start=1)
        ]
    )
    if asked != meeting.asks:
        meeting.asks = asked
        meeting.save(update_fields=["asks"])
    there = {person.pk: person for person in ([author] if was_present else []) + present}
    attendances = Attendance.objects.bulk_create(
        [
            Attendance(meeting=meeting, person=person, ticked_by=author, at=at, confirmed_at=at if person.pk == author.pk else None)
            for person in there.values()
        ]
    )
    entry = record(
        "voice.meeting_recorded",
        by=by,
        objects={
            "deal": deal,
            "meeting": meeting,
            "item": rows,
            "contact": [person for person in people if person],
            "attendance": attendances,
        },
        scopes=[deal, *rows],
        data={"count": len(rows)},
        claimed_at=held_at,
    )
    file_under(entry, [(item, said.category) for item, said in zip(rows, kept, strict=True)])
    if was_present:
        _hear(by.because(entry), author, rows, PRESENT, "voice.present_confirmed")
    return meeting


def _contacts(by: Actor, deal: Deal, contacts: Sequence[With], asked: dict[str, str]) -> list[Contact | None]:
    """Contacts in the order given; one that cannot be kept at an account is asked for instead of refused."""
    found: list[Contact | None] = []
    for number, one in enumerate(contacts, start=1):
        name = one.name.strip()
        if not name:
            found.append(None)
        elif deal.account is None or len(name) > 100 or len(one.title.strip()) > 100 or storable(name) != name:
            asked[f"contact_{number}"] = storable(f"{name} {one.title}").strip()[:300]
            found.append(None)
        else:
            found.append(keep_contact(by, deal.account, name, storable(one.title).strip()[:100]))
    if not any(found):
        asked.setdefault("contact_1", "")
    return found


def _unstorable_note() -> str:
    """What the author is asked where a character of the words could not be kept; the words themselves are never asked for again."""
    return "\N{REPLACEMENT CHARACTER}"


def _speaker(people: Sequence[Contact | None], index: int | None) -> Contact | None:
    named = [person for person in people if person]
    if index is None:
        return named[0] if len(named) == 1 else None
    return people[index] if 0 <= index < len(people) else None


def file_under(entry: Entry, filings: Sequence[tuple[Item, str]]) -> None:
    """Name what each item is about (an unknown code counts as not told), and by rule who must hear it, at once (B12.5a, B16.2b).

    Filing anew only adds: what was critical stays critical, and who still has to hear still has to, or one act of the seller would
    undo laws 2 and 3. `entry`: what led to it. The items are of one deal."""
    hearing = book.in_force().hearing
    default = rules.RequiredEar(hearing.default.role_code, hearing.default.service_level, hearing.default.cite(), by_default=True)
    required: list[tuple[Item, list[rules.RequiredEar]]] = []
    rows: list[Filing] = []
    before = {row.item_id: row for row in Filing.objects.filter(item__in=[item for item, _code in filings], ended_at__isnull=True)}
    for item, code in filings:
        category = hearing.categories.get(code)
        former = before.get(item.pk)
        asked = [rules.RequiredEar(row.role_code, row.service_level, row.cite()) for row in hearing.hearers.get(code, ())]
        required.append((item, rules.required_hearers(asked, default)))
        by_rule = [ear for ear in required[-1][1] if not ear.by_default]
        rows.append(
            Filing(
                item=item,
                category=category.code if category else "",
                critical=bool((category and category.critical) or (former and former.critical)),
                rule=by_rule[0].rule if by_rule else "",
                at=now(),
            )
        )
        if category and not by_rule:
            data = {"category": {"zh-hans": category.zh, "en": category.en}}
            by = process(default.rule).because(entry)
            record("voice.no_rule", by=by, objects={"item": item, "deal": item.deal}, scopes=[item.deal, item], data=data)
    Filing.objects.filter(item__in=[item for item, _code in filings], ended_at__isnull=True).update(ended_at=now())
    Filing.objects.bulk_create(rows)
    name_ears(entry, required, {former.item_id for former in before.values() if not former.rule})


def _hear(by: Actor, person: Person, items: Sequence[Item], how: str, name: str) -> Entry | None:
    """Keep the person's hearing of each item that he or she has not heard before, and stop the clocks of duties now done."""
    before = set(Hearing.objects.filter(person=person, item__in=items).values_list("item_id", flat=True))
    fresh = [item for item in items if item.pk not in before]
    if not fresh:
        return None
    with transaction.atomic():
        # Two browsers in the same second: the second finds the rows there and adds nothing.
        Hearing.objects.bulk_create([Hearing(item=item, person=person, how=how, at=now()) for item in fresh], ignore_conflicts=True)
    scopes = {item.deal_id: item.deal for item in fresh}
    entry = record(name, by=by, objects={"item": fresh, "hearer": person}, scopes=[*scopes.values(), *fresh], data={"how": how})
    stop_clocks_of_heard(entry, fresh)
    return entry


@verb
def take_note(*, by: Actor, items: Iterable[Item]) -> int:
    """The person's own act: has read the original words of all these items, those that were shown. Recorded item by item.
    Returns how many were new to the person. An item that the person may not see does not exist for him or her."""
    person = personally(by)
    wanted = {item.pk for item in items}
    seen = list(queries.visible_to(person).filter(pk__in=wanted).select_related("deal").distinct())
    if not wanted or {item.pk for item in seen} != wanted:
        raise missing()
    deals.lock(*{item.deal_id for item in seen})
    before = Hearing.objects.filter(person=person, item__in=seen).count()
    _hear(by, person, seen, NOTED, "voice.noted")
    return len(seen) - before


@permissive("what was said is left behind", lambda entry: None)
def share_words(entry: Entry) -> None:
    """A reaction: a part was taken out of a deal. What the customer said on it until now concerns both: what somebody still has to hear
    holds back both (laws 2 and 3)."""
    first = deals.as_it_stands(entry.one("deal"))
    part = UUID(entry.data["part_id"])
    said = Item.objects.filter(queries.said_on(first)).order_by("recorded_at", "position", "pk").values_list("pk", flat=True)
    SharedItem.objects.bulk_create([SharedItem(item_id=pk, deal_id=part, at=now()) for pk in said])


@permissive("what was said is left behind", lambda entry: None)
def bring_said(entry: Entry) -> None:
    """A reaction: another deal was joined to this one. What was said there concerns this one, too."""
    deal, gone = deals.as_it_stands(entry.one("deal")), deals.as_it_stands(UUID(entry.data["gone_id"]))
    there = Item.objects.filter(queries.said_on(deal)).values("pk")
    said = Item.objects.filter(queries.said_on(gone)).exclude(pk__in=there).order_by("recorded_at", "position", "pk")
    SharedItem.objects.bulk_create([SharedItem(item=item, deal=deal, at=now()) for item in said])


@verb
def confirm_presence(*, by: Actor, attendance: Attendance) -> None:
    """Confirm for oneself what somebody else ticked: only then does it count as having heard."""
    person, attendance = _own_attendance(by, attendance)
    attendance.confirmed_at = now()
    attendance.save(update_fields=["confirmed_at"])
    items = list(Item.objects.filter(meeting=attendance.meeting_id).select_related("deal"))
    _hear(by, person, items, PRESENT, "voice.present_confirmed")


@verb
def deny_presence(*, by: Actor, attendance: Attendance) -> None:
    """ "I was not there": what somebody else ticked counts for nothing, and gives no standing any more."""
    _person, attendance = _own_attendance(by, attendance)
    attendance.denied_at = now()
    attendance.save(update_fields=["denied_at"])
    meeting = attendance.meeting
    record(
        "voice.present_denied", by=by, objects={"meeting": meeting, "deal": meeting.deal, "attendance": attendance}, scopes=[meeting.deal]
    )


def _own_attendance(by: Actor, attendance: Attendance) -> tuple[Person, Attendance]:
    """The actor and the attendance as it stands now, locked; refused when it is another's or answered."""
    person = personally(by)
    deals.lock(attendance.meeting.deal_id)
    attendance = Attendance.objects.select_related("meeting__deal", "person").get(pk=attendance.pk)
    if attendance.person_id != person.pk:
        raise forbidden("presence.not_yours", _("Presence is confirmed by the person him- or herself, by nobody else."))
    if attendance.confirmed_at or attendance.denied_at:
        raise Refusal("presence.answered", _("You have answered this already."), status=409)
    return person, attendance


@verb
def file_item(*, by: Actor, item: Item, category: str) -> None:
    """Say what an item is about, or say it anew: who must hear it follows the rule of that category at once."""
    person = personally(by)
    row = playbook.category(category)
    deals.lock(item.deal_id)
    _works_on(person, item)
    entry = record(
        "voice.item_filed",
        by=by,
        objects={"item": item, "deal": item.deal},
        scopes=[item.deal, item],
        data={"category": {"zh-hans": row.zh, "en": row.en}, "code": row.code},
    )
    file_under(entry, [(item, row.code)])
    _answered(item, "category")
    stop_clocks_of_heard(entry, [item])


@permissive("no correction is kept", lambda **_: None)
@verb
def correct_item(*, by: Actor, item: Item, correction: str) -> Correction:
    """A correction stands beside the words; the words stay (law 1)."""
    person = personally(by)
    _works_on(person, item)
    made = Correction.objects.create(item=item, text=text("correction", correction), author=person, at=now())
    _answered(item, "words")
    record("voice.item_corrected", by=by, objects={"item": item, "correction": made}, scopes=[item.deal, item])
    return made


def _answered(item: Item, what: str) -> None:
    """What the record still asked about this item is answered."""
    meeting = Meeting.objects.get(pk=item.meeting_id)
    if meeting.asks.pop(f"{what}_{item.position}", None) is not None:
        meeting.save(update_fields=["asks"])


def _works_on(person: Person, item: Item) -> None:
    if not queries.visible_to(person).filter(pk=item.pk).exists():
        raise missing()
    if not queries.may_work_on(person, item):
        sentence = _("Only those who were there, or who work on the deal, file or correct what was said.")
        raise forbidden("item.not_yours", sentence, ref(item))


@verb
def complete_meeting(
    *,
    by: Actor,
    meeting: Meeting,
    held_at: datetime | None = None,
    place: str | None = None,
    contacts: Sequence[With] = (),
    present: Iterable[Person] | None = None,
) -> Meeting:
    """Answer what a record asks for. What was said stays as it is. `present`: colleagues who were there too, each of whom confirms
    it; given, even empty, it settles that question."""
    person = personally(by)
    deals.lock(meeting.deal_id)
    meeting = Meeting.objects.select_related("deal__account", "deal__unit").get(pk=meeting.pk)
    if meeting.author_id != person.pk:
        raise forbidden("meeting.not_yours", _("The record is completed by its author."))
    before = {"held_at": str(meeting.held_at or ""), "place": meeting.place}
    if held_at is not None:
        past("held_at", held_at, now())
        if meeting.held_at is not None and meeting.held_at != held_at:
            raise wrong("held_at", _("The time of this meeting is on record already. Put a correction beside the words instead."))
        meeting.held_at = held_at
        meeting.asks.pop("held_at", None)
    if place is not None:
        meeting.place = text("place", place, most=200, required=False)
        meeting.asks.pop("place", None)
    named = [one for one in contacts if one.name.strip()]
    if named:
        if meeting.deal.account is None:
            raise wrong("contacts", _("The account of this deal is not known yet. Set it first; then name the people there."))
        meeting.contacts.add(*[keep_contact(by, meeting.deal.account, one.name, one.title) for one in named])
        meeting.asks = {key: value for key, value in meeting.asks.items() if not key.startswith("contact_")}
    attendances: list[Attendance] = []
    if present is not None:
        known = set(Attendance.objects.filter(meeting=meeting).values_list("person_id", flat=True))
        fresh = {one.pk: one for one in present if one.pk not in known}
        rows = [Attendance(meeting=meeting, person=one, ticked_by=person, at=now()) for one in fresh.values()]
        attendances = Attendance.objects.bulk_create(rows)
        meeting.asks.pop("present", None)
    # Completing the record is the author's look at it: what could not be kept of the words has been seen.
    meeting.asks = {key: value for key, value in meeting.asks.items() if not key.startswith("words_")}
    meeting.save(update_fields=["held_at", "place", "asks"])
    objects: dict[str, Any] = {"meeting": meeting, "deal": meeting.deal, "attendance": attendances}
    data = {"before": before, "after": {"held_at": str(meeting.held_at or ""), "place": meeting.place}}
    record("voice.meeting_completed", by=by, objects=objects, scopes=[meeting.deal], data=data)
    return meeting


@verb
def apply_new_rules(entry: Entry) -> None:
    """A later reaction to a hearing part put in force: statements of open deals whose category had no rule, and has one now, go to
    the people whom it names. Done twice it is done once: what has been filed by a rule is not looked at again."""
    ruled = book.in_force().hearing.hearers
    waiting = Filing.objects.filter(rule="", category__in=list(ruled), ended_at__isnull=True, item__deal__is_open=True)
    deals.lock(*waiting.values_list("item__deal", flat=True).distinct())
    by_deal: dict[UUID, list[tuple[Item, str]]] = {}
    for filing in waiting.select_related("item", "item__deal", "item__deal__owner", "item__deal__unit").order_by("pk"):
        by_deal.setdefault(filing.item.deal_id, []).append((filing.item, filing.category))
    for filings in by_deal.values():
        file_under(entry, filings)
        stop_clocks_of_heard(entry, [item for item, _code in filings])
