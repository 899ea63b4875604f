"""What waits for a person and is due, as a calendar that other programs read (iCalendar, RFC 5545)."""

from __future__ import annotations

from datetime import timedelta

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import override
from icalendar import Calendar, Event

from earshot.desk.queries import my_day
from earshot.journal.kinds import KINDS
from earshot.kit import now
from earshot.kit.problems import Ref
from earshot.people.models import Person
from earshot.talk.letters import home
from earshot.talk.notices import wishes_of

LOOK_AGAIN = timedelta(minutes=15)


def calendar_of(person: Person) -> bytes:
    """One event for each line of *my day* that is due, at the moment at which it is. Titles only: the customer's words stay inside."""
    with override(wishes_of(person).language):
        calendar = Calendar()
        calendar.add("prodid", "-//Earshot//my day//")
        calendar.add("version", "2.0")
        calendar.add("method", "PUBLISH")
        calendar.add("x-wr-calname", _("Earshot: what is due"))
        calendar.add("refresh-interval", LOOK_AGAIN, parameters={"VALUE": "DURATION"})
        calendar.add("x-published-ttl", "PT15M")
        at = now()
        for line in my_day(person):
            if line.due_at is None:
                continue
            event = Event()
            event.add("uid", f"{line.cause}.{line.scope.id}.{line.target.id if line.cause == 'alarm' else 0}@earshot")
            event.add("dtstamp", at)
            event.add("dtstart", line.due_at)
            title = _titled(line.scope)
            event.add("summary", _("{what}: {title}").format(what=line.sentence, title=title) if title else str(line.sentence))
            event.add("url", home("/hear/" if line.act == "take_note" else _page(line.scope)))
            calendar.add_component(event)
        return bytes(calendar.to_ical())


def _titled(scope: Ref) -> str:
    """What a statement is called holds its words."""
    return "" if scope.kind == "item" else str(scope.label)


def _page(scope: Ref) -> str:
    page = KINDS[scope.kind].page if scope.kind in KINDS else ""
    return reverse(page, kwargs={"id": scope.id}) if page else "/"
