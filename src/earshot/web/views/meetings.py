"""Recording a contact with the customer: one screen, phone first; nothing typed is ever lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Case, IntegerField, Q, When
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from earshot.accounts import queries as accounts
from earshot.deals import queries as deals
from earshot.deals.models import Deal
from earshot.desk.finding import find
from earshot.kit import now
from earshot.kit.problems import missing, wrong
from earshot.people.models import Person
from earshot.people.queries import called
from earshot.playbooks.queries import categories
from earshot.teams.models import Membership
from earshot.voice import queries as voice
from earshot.voice.actions import Said, With, complete_meeting, file_item, record_meeting
from earshot.voice.models import Attendance, Item
from earshot.web import acts, parts
from earshot.web.live.topics import Object
from earshot.web.page import Done, Page, is_id, words
from earshot.web.templatetags.looks import when
from earshot.web.views.talk import WRITE, Talks

ITEMS, MOST_ITEMS = 3, 20
PEOPLE, MOST_PEOPLE = 1, 8
COLLEAGUES = 12
FEW, CHOICES = 8, 50
KNOWN = 200
MOST_NAMES, MOST_ASKED = 2_000, 300


def count(posted: Mapping[str, Any], name: str, least: int, most: int) -> int:
    """How many slots the form has: what it says, within bounds."""
    told = str(posted.get(name, ""))
    return min(max(int(told), least), most) if told.isascii() and told.isdigit() and len(told) < 4 else least


def words_of(posted: Mapping[str, Any], name: str) -> str:
    """What was typed, to the letter; browsers send line breaks as two characters, which nobody typed."""
    return str(posted.get(name, "")).replace("\r\n", "\n")


def moment(typed: str) -> datetime | None:
    """A local date and time as a browser's field gives it; None when it is none."""
    try:
        parsed = parse_datetime(typed.strip())
    except ValueError:
        return None
    if parsed is None or not 1990 <= parsed.year <= 9000:
        return None
    return timezone.make_aware(parsed) if timezone.is_naive(parsed) else parsed


class NewMeeting(Page):
    """With whom, when, where, and what they said. Saving never refuses for what is missing; the record asks afterwards."""

    template = "web/meeting_new.html"
    kind = "deal"
    acts = {"record": ()}

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        if "more" in request.POST:  # one more slot: the same page with all that was typed, and nothing done
            self.typed = request.POST.copy()
            what = request.POST["more"]
            if what in ("slots", "people"):
                least, most = (ITEMS, MOST_ITEMS) if what == "slots" else (PEOPLE, MOST_PEOPLE)
                self.typed[what] = str(min(count(request.POST, what, least, most) + 1, most))
            return self.show()
        return super().post(request, **kwargs)

    def context(self) -> dict[str, Any]:
        deal: Deal = self.thing
        typed: Mapping[str, Any] = self.typed if self.typed is not None else {}
        people = count(typed, "people", PEOPLE, MOST_PEOPLE)
        empty = self.refused.fields.get("items", "") if self.refused else ""
        fresh = self.typed is None
        known = list(accounts.contacts_of(deal.account)[:KNOWN]) if deal.account else []
        return {
            "deal": deal,
            "up_url": acts.address("deal", deal.pk),
            "people": [{"n": n, "name": typed.get(f"contact_{n}", ""), "title": typed.get(f"title_{n}", "")} for n in range(1, people + 1)],
            "more_people": people < MOST_PEOPLE,
            "names": sorted({one.name for one in known}),
            "titles": sorted({one.title for one in known if one.title}),
            "items": [self.slot(n, typed, people, empty if n == 1 else "") for n in range(1, count(typed, "slots", ITEMS, MOST_ITEMS) + 1)],
            "more_items": count(typed, "slots", ITEMS, MOST_ITEMS) < MOST_ITEMS,
            "categories": [(row.code, str(row)) for row in categories()],
            "when": timezone.localtime(now()) if fresh else typed.get("held_at", ""),
            "place": typed.get("place", ""),
            "was_present": True if fresh else bool(typed.get("was_present")),
            "colleagues": colleagues(self.person, deal),
            "present": typed.getlist("present") if isinstance(typed, QueryDict) else [],
            "others": typed.get("others", ""),
            "hidden": {"act": "record", "slots": count(typed, "slots", ITEMS, MOST_ITEMS), "people": people},
        }

    def slot(self, n: int, typed: Mapping[str, Any], people: int, error: Any) -> dict[str, Any]:
        named = [(str(i), str(typed.get(f"contact_{i}", "")).strip() or _("person %(n)s") % {"n": i}) for i in range(1, people + 1)]
        return {
            "n": n,
            "legend": _("Statement %(n)s") % {"n": n},
            "words": typed.get(f"words_{n}", ""),
            "category": typed.get(f"category_{n}", ""),
            "speaker": typed.get(f"speaker_{n}", ""),
            "speakers": named if people > 1 else [],
            "error": error,
        }

    def record(self, posted: QueryDict) -> Done:
        people = count(posted, "people", PEOPLE, MOST_PEOPLE)
        contacts = [With(posted.get(f"contact_{n}", ""), posted.get(f"title_{n}", "")) for n in range(1, people + 1)]
        asks: dict[str, str] = {}
        typed_when = posted.get("held_at", "")
        held_at = moment(typed_when)
        if held_at is None and typed_when.strip():
            asks["held_at"] = typed_when[:100].replace("\x00", "")
        present, unknown = who_was_there(posted)
        if unknown:
            asks["present"] = ", ".join(unknown)[:MOST_ASKED]
        meeting = record_meeting(
            by=self.by,
            deal=self.thing,
            items=[self.said(posted, n, people) for n in range(1, count(posted, "slots", ITEMS, MOST_ITEMS) + 1)],
            contacts=contacts,
            held_at=held_at,
            place=posted.get("place", "").replace("\x00", ""),
            present=present,
            was_present=bool(posted.get("was_present")),
            asks=asks,
        )
        n = meeting.items.count()
        said = ngettext("%(n)s statement is kept, word for word.", "%(n)s statements are kept, word for word.", n) % {"n": n}
        return Done(said, acts.address("meeting", meeting.pk))

    @staticmethod
    def said(posted: QueryDict, n: int, people: int) -> Said:
        who = posted.get(f"speaker_{n}", "")
        speaker = int(who) - 1 if who.isascii() and who.isdigit() and len(who) < 4 and 1 <= int(who) <= people else None
        return Said(words_of(posted, f"words_{n}"), posted.get(f"category_{n}", ""), speaker)


def when_was_it(typed: str) -> Any:
    """The question for a time that could not be kept, with the one reason why: it cannot be read, or has not come yet."""
    given = moment(typed)
    if given is None:
        return _("When was it? “%(typed)s” could not be read.") % {"typed": typed}
    return format_html(_("When was it? {when} lies in the future."), when=when(given))


@dataclass(frozen=True)
class Colleagues:
    """Who of us may have been there: a dozen boxes for the likeliest, everybody else by name."""

    boxes: list[dict[str, str]]
    suggested: list[str]


def colleagues(person: Person, deal: Deal) -> Colleagues:
    """In the boxes the team first, then those who were called or must hear, then the own unit, then whoever else holds a role."""
    team = Membership.objects.filter(seat__team=deal.team_id, ended_at__isnull=True).values("person")
    near = Q(pk__in=team) | Q(ears__item__deal=deal, ears__ended_at__isnull=True) | Q(assignments__call__deal=deal)
    current = Person.objects.filter(left_at__isnull=True).exclude(pk=person.pk).select_related("unit")
    likely = list(current.filter(near).distinct().order_by("name", "pk")[:COLLEAGUES])
    own_unit = Case(When(unit=person.unit_id, then=0), default=1, output_field=IntegerField())
    posts = current.filter(posts__until__isnull=True, posts__isnull=False).exclude(pk__in=[one.pk for one in likely]).distinct()
    rest = list(posts.annotate(near=own_unit).order_by("near", "name", "pk")[:KNOWN])
    room = COLLEAGUES - len(likely)
    boxed, others = likely + rest[:room], rest[room:]
    return Colleagues(
        [{"value": str(one.pk), "label": one.name, "help": one.unit.name if one.unit else ""} for one in boxed],
        [f"{one.name} ({one.unit.name})" if one.unit else one.name for one in others],
    )


def who_was_there(posted: QueryDict) -> tuple[list[Person], list[str]]:
    """Those who were ticked or named, and what names nobody."""
    ticked = [each for each in posted.getlist("present")[:COLLEAGUES] if is_id(each)]
    named, unknown = called(posted.get("others", "")[:MOST_NAMES])
    found = {one.pk: one for one in named}
    if ticked:
        found |= {one.pk: one for one in Person.objects.filter(left_at__isnull=True, pk__in=ticked)}
    return list(found.values()), unknown


class Meeting(Talks):
    """A record: what was said, who must hear it, and what it still asks of its author."""

    template = "web/meeting.html"
    kind = "meeting"
    live = True
    acts = {"complete": ("held_at", "place", "contact", "title", "present[]", "others"), "file": ("item", "category"), **WRITE}

    def follows(self) -> list[Object]:
        return [("deal", self.thing.deal_id)]

    def initial(self) -> Mapping[str, Mapping[str, Any]]:
        asks = self.thing.asks
        typed = next((value for name, value in sorted(asks.items()) if name.startswith("contact_")), "")
        held_at = moment(asks.get("held_at", ""))
        complete = {"place": self.thing.place, "contact": typed, "held_at": held_at or "", "others": asks.get("present", "")}
        return {**super().initial(), "complete": complete}

    def context(self) -> dict[str, Any]:
        meeting = self.thing
        reads = voice.read(Item.objects.filter(meeting=meeting))
        attendances = Attendance.objects.filter(meeting=meeting).select_related("person", "person__unit").order_by("at", "pk")
        author = meeting.author_id == self.person.pk
        return {
            "deal": meeting.deal,
            "up_url": acts.address("deal", meeting.deal_id),
            "author": author,
            "asks": self.asks() if author else [],
            "quotes": [
                {
                    "quote": parts.quote(read),
                    "asks": author and not read.category,
                    "url": acts.address("item", read.item.pk),
                    "hidden": {"act": "file", "item": str(read.item.pk)},
                }
                for read in reads
            ],
            "categories": [(row.code, str(row)) for row in categories()],
            "colleagues": colleagues(self.person, meeting.deal) if author and "present" in meeting.asks else None,
            "contacts": list(meeting.contacts.order_by("name", "pk")),
            **self.talk(),
            "present": [
                {
                    "name": one.person.name,
                    "unit": one.person.unit.name if one.person.unit else "",
                    "url": acts.address("person", one.person_id),
                    "note": _("was there")
                    if one.confirmed_at
                    else _("was not there")
                    if one.denied_at
                    else _("named as present, not confirmed yet"),
                }
                for one in attendances
            ],
        }

    def asks(self) -> list[Any]:
        asks = self.thing.asks
        said: list[Any] = []
        if "held_at" in asks:
            said.append(when_was_it(asks["held_at"]))
        typed = [value for name, value in sorted(asks.items()) if name.startswith("contact_")]
        if any(typed):
            said.append(_("Who was it at the customer? Typed: %(typed)s") % {"typed": ", ".join(value for value in typed if value)})
        elif typed:
            said.append(_("Who at the customer said it?"))
        if any(name.startswith("words_") for name in asks):
            said.append(_("A character of the words could not be kept. Put a correction beside them if it matters."))
        if "present" in asks:
            said.append(_("Who of us was there? Nobody could be found by: %(typed)s") % {"typed": asks["present"]})
        return said

    def complete(self, posted: QueryDict) -> Done:
        typed = posted.get("held_at", "")
        held_at = moment(typed) if self.thing.held_at is None else None
        if typed.strip() and held_at is None and self.thing.held_at is None:
            raise wrong("held_at", _("Give a date and a time, such as 2026-11-23 14:30."))
        contact = With(posted.get("contact", "").replace("\x00", "")[:100], posted.get("title", "").replace("\x00", "")[:100])
        asked = "present" in self.thing.asks
        present, unknown = who_was_there(posted) if asked else ([], [])
        if unknown:
            raise wrong(
                "others",
                _("Nobody, or more than one, is called: %(typed)s. Write the name, and the unit in brackets.")
                % {"typed": ", ".join(unknown)},
            )
        complete_meeting(
            by=self.by,
            meeting=self.thing,
            held_at=held_at,
            place=posted.get("place", ""),
            contacts=[contact],
            present=present if asked else None,
        )
        return Done(_("The record is completed."))

    def file(self, posted: QueryDict) -> Done:
        item = find(self.person, "item", UUID(posted.get("item", ""))) if is_id(posted.get("item", "")) else None
        if item is None or item.meeting_id != self.thing.pk:
            raise missing()
        file_item(by=self.by, item=item, category=posted.get("category", ""))
        return Done(_("Filed. Who must hear it follows the rule."))


class Capture(Page):
    """From the phone's bottom bar: which deal was it about? Then the one screen."""

    template = "web/capture.html"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        rows = self.open_deals()
        if len(rows) == 1 and "q" not in request.GET:
            return HttpResponseRedirect(reverse("meeting_new", kwargs={"id": rows[0].pk}))
        return super().get(request, **kwargs)

    def open_deals(self, looked_for: str = "") -> list[Deal]:
        seated = Membership.objects.filter(person=self.person, ended_at__isnull=True).values("seat__team")
        mine = deals.visible_to(self.person).filter(Q(owner=self.person) | Q(team__in=seated), is_open=True)
        found = deals.containing(mine, looked_for)
        return list(deals.with_names(found).order_by("-opened_at", "-pk")[:CHOICES])

    def context(self) -> dict[str, Any]:
        looked_for = words(self.request.GET.get("q", ""))
        rows = self.open_deals(looked_for)
        return {
            "q": looked_for,
            "searches": bool(looked_for) or len(rows) > FEW,
            "deals": [
                {
                    "url": reverse("meeting_new", kwargs={"id": deal.pk}),
                    "title": deal.title,
                    "account": deal.account.name if deal.account else deal.number,
                    "stage": str(deal.stage),
                }
                for deal in rows
            ],
        }
