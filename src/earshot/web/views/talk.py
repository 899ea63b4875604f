"""Messages: what reached me, one message, the discussion on an object, a team and its one address."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast
from uuid import UUID

from django.core.paginator import Paginator
from django.db.models import Model, Q, QuerySet
from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from earshot.desk.finding import FINDERS, find
from earshot.desk.queries import shortened, timeline
from earshot.journal.kinds import kind_of
from earshot.kit.problems import missing, say, wrong
from earshot.people.models import Person
from earshot.people.queries import called
from earshot.playbooks.models import ANSWER, DIRECTIVE
from earshot.talk import rules
from earshot.talk.actions.messages import about_of, acknowledge, post_message, withdraw
from earshot.talk.queries import messages as talk
from earshot.talk.registry import TOPICS
from earshot.teams.queries import SeatRead, seats
from earshot.web import acts, parts, times
from earshot.web.page import Done, Page, is_id, page_number

A_PAGE = 20
LATEST = 3
MOST_NAMES = 2000
MOST_SUGGESTED = 200
NOTHING = "nothing"
WRITE = {"write": ("text", "to", "members[]", "asks")}
ASKS = {ANSWER: gettext_lazy("answer needed"), DIRECTIVE: gettext_lazy("directive")}
TONES = {rules.SENT: "grey", rules.ACKNOWLEDGED: "met", rules.OVERDUE: "red", rules.ESCALATED: "red", rules.RELEASED: "grey"}
STATES = {  # of one who is asked, by what is asked
    ANSWER: {
        rules.SENT: pgettext_lazy("state of a message", "not answered yet"),
        rules.ACKNOWLEDGED: pgettext_lazy("state of a message", "answered"),
        rules.OVERDUE: pgettext_lazy("state of a message", "not answered in time"),
        rules.ESCALATED: pgettext_lazy("state of a message", "not answered in time, escalated"),
        rules.RELEASED: pgettext_lazy("state of a message", "no longer asked"),
    },
    DIRECTIVE: {
        rules.SENT: pgettext_lazy("state of a message", "not confirmed yet"),
        rules.ACKNOWLEDGED: pgettext_lazy("state of a message", "confirmed"),
        rules.OVERDUE: pgettext_lazy("state of a message", "not confirmed in time"),
        rules.ESCALATED: pgettext_lazy("state of a message", "not confirmed in time, escalated"),
        rules.RELEASED: pgettext_lazy("state of a message", "no longer asked"),
    },
}


def message_part(
    read: talk.MessageRead, person: Person, here: str, about: dict[str, str] | None = None, *, withdraws: bool = False
) -> dict[str, Any]:
    """A message as `c-message` takes it. `here`: the address to come back to; `about`: what it is about, where that is not the page;
    `withdraws`: its author withdraws right there what it asks."""
    message = read.message
    url = acts.address("message", message.pk)
    answers = read.answers
    shown: dict[str, Any] = {
        "id": f"message-{message.pk}",
        "author": message.author.name,
        "author_url": acts.address("person", message.author_id),
        "when": message.posted_at,
        "text": message.text,
        "to": _("the whole team") if message.to_team else "",
        "names": [] if message.to_team else [one.person.name for one in read.recipients],
        "asks": ASKS.get(message.asks, ""),
        "url": url,
        "about": about or {},
        "answers": {
            "name": answers.author.name,
            "words": shortened(answers.text),
            "url": acts.address("message", answers.pk),
        }
        if answers
        else {},
    }
    if message.asks:
        shown["confirmed"] = [confirmed_part(one, message.asks) for one in read.recipients]
        shown["wants_answers"] = message.asks == ANSWER
    if read.asks(person):
        if message.asks == DIRECTIVE:
            shown["acknowledge"] = {"act": "acknowledge", "next": here}
        shown["answer_url"] = f"{url}#answer"
    if withdraws:
        shown["withdraw"] = {"act": "withdraw", "next": here}
    return shown


def confirmed_part(one: talk.RecipientRead, asks: str) -> dict[str, Any]:
    """One of those who are asked, as `c-confirmed` takes it."""
    tone = TONES[one.state]
    waits = one.state in (rules.SENT, rules.OVERDUE, rules.ESCALATED) and one.clock is not None
    return {
        "name": one.person.name,
        "unit": one.person.unit.name if one.person.unit else "",
        "word": STATES[asks][one.state],
        "tone": tone if tone != "grey" or not one.clock or not waits else times.tone(one.clock.due_at),
        "waits": waits,
        "when": one.since or "",
        "due": one.clock.due_at if waits and one.clock else "",
        "left": parts.left(one.clock) if waits else "",
    }


class Talks(Page):
    """A page whose object is talked about: the latest messages, and writing one. A page adds `WRITE` to its acts, and `talk()` to what
    its template needs."""

    failing = {"write": gettext_lazy("The message was not sent.")}

    def initial(self) -> Mapping[str, Mapping[str, Any]]:
        return {"write": {"asks": NOTHING}}

    @property
    def about(self) -> Model:
        thing: Model = self.thing
        return thing

    def talk(self, most: int = LATEST) -> dict[str, Any]:
        """The latest messages and, however old, those that wait for the reader; and where all of them stand."""
        rows = talk.on(self.person, self.about)
        latest = list(rows.values_list("pk", flat=True)[: most + 1])
        shown = rows.filter(Q(pk__in=latest[:most]) | Q(pk__in=talk.asked_of(self.person, self.about)))
        reads = talk.read(self.person, shown[: most + A_PAGE]) if latest else []
        here = f"{self.request.path}#talk"
        return {
            "messages_here": [message_part(read, self.person, here) for read in reads],
            "messages_asked": [read for read in reads if read.asks(self.person)],
            "more_messages": len(latest) > most,
            "talk_url": address(self.about),
            "to_team_url": self.to_team_url(),
            "asks_options": asks_options(leads=False),
        }

    def to_team_url(self) -> str:
        """Where the reader writes to the team of the deal alone."""
        team = getattr(self.about, "team", None) if self.kind == "deal" else None
        return acts.address("team", team.pk) if team is not None and not talk.is_closed(self.about) else ""

    def write(self, posted: QueryDict) -> Done:
        about = self.about
        message = post_message(
            by=self.by,
            about=about,
            text=posted.get("text", "").replace("\r\n", "\n"),
            asks="" if posted.get("asks", "") == NOTHING else posted.get("asks", ""),
            to=self.named(posted),
            to_team=talk.is_closed(about) and not posted.getlist("members"),
        )
        return Done(said_of(message), f"{self.request.path}#talk")

    def named(self, posted: QueryDict) -> list[Person]:
        """Those who were ticked, or named with commas between."""
        ticked = [UUID(each) for each in posted.getlist("members") if is_id(each)][:MOST_SUGGESTED]
        return named_in(posted) + list(Person.objects.filter(pk__in=ticked).order_by("name", "pk"))


def named_in(posted: QueryDict) -> list[Person]:
    people, unknown = called(posted.get("to", "")[:MOST_NAMES])
    if unknown:
        sentence = _("Nobody, or more than one, is called: {names}. Write the name, with the unit in brackets where several bear it.")
        raise wrong("to", say(sentence, names=_(", ").join(unknown)))
    return people


def said_of(message: Any) -> Any:
    n = message.recipients.count()
    if not n:
        return _("Written. Whoever sees this reads it.")
    return ngettext("Written to %(n)s person.", "Written to %(n)s people.", n) % {"n": n}


def asks_options(*, leads: bool) -> list[dict[str, str]]:
    """What a message may ask of those whom it is written to. `leads`: the writer may give directives there."""
    options = [
        {"value": NOTHING, "label": _("Nothing: for their information"), "help": ""},
        {"value": ANSWER, "label": _("An answer"), "help": _("Each of them answers in words; you and the leader hear of silence.")},
    ]
    if leads:
        confirmed = _("Each of them confirms it; you see who has not.")
        options.append({"value": DIRECTIVE, "label": _("It is a directive"), "help": confirmed})
    return options


def address(about: Model) -> str:
    """Where everything that is said on an object stands."""
    kind = kind_of(about).name
    return acts.address("team", about.pk) if kind == "team" else reverse("discussion", kwargs={"kind": kind, "id": about.pk})


def listed(page: Page, rows: Any, here: str, *, name_objects: bool = False) -> dict[str, Any]:
    """A part of the messages `rows`, with the links to the parts before and after."""
    part = Paginator(rows, A_PAGE).get_page(page_number(page.request))
    reads = talk.read(page.person, cast("QuerySet[Any]", part.object_list))
    places = talk.places_of(read.message for read in reads) if name_objects else {}
    objects = {pk: {"label": str(place.about), "url": address(place.about)} for pk, place in places.items()}
    kept = page.request.GET.copy()

    def at(number: int) -> str:
        kept["page"] = str(number)
        return f"?{kept.urlencode()}#talk"

    return {
        "messages_here": [message_part(read, page.person, here, objects.get(read.message.object_id)) for read in reads],
        "count": part.paginator.count,
        "before": at(part.previous_page_number()) if part.has_previous() else "",
        "after": at(part.next_page_number()) if part.has_next() else "",
    }


class Messages(Page):
    """What was written to me and by me, the newest first; on top what waits for my own answer, and what others still owe me. A message
    stands there once."""

    template = "web/messages.html"
    live = True

    def context(self) -> dict[str, Any]:
        here = reverse("messages")
        waiting = talk.waiting_for(self.person).values("message")
        asked = talk.visible_to(self.person).filter(pk__in=waiting).order_by("posted_at", "id")
        reads = talk.read(self.person, asked[:A_PAGE])
        owed = talk.read(self.person, talk.owed_to(self.person)[:A_PAGE])
        places = talk.places_of(read.message for read in [*reads, *owed])
        objects = {pk: {"label": str(place.about), "url": address(place.about)} for pk, place in places.items()}
        on_top = [read.message.pk for read in [*reads, *owed]]
        return {
            "waiting": [message_part(read, self.person, here, objects[read.message.object_id]) for read in reads],
            "owed": [message_part(read, self.person, here, objects[read.message.object_id], withdraws=True) for read in owed],
            **listed(self, talk.reached(self.person).exclude(pk__in=on_top), here, name_objects=True),
        }


class Discussion(Talks):
    """Everything that was said on one object, a part at a time."""

    template = "web/discussion.html"
    live = True
    acts = WRITE

    def seek(self) -> None:
        kind = self.kwargs["kind"]
        topic = TOPICS.get(kind)
        if topic is None or topic.closed or kind not in FINDERS:
            raise missing()
        self.thing = find(self.person, kind, self.kwargs["id"])

    def context(self) -> dict[str, Any]:
        about = self.about
        place = talk.place_of(about)
        people = talk.within_reach(about, place).exclude(pk=self.person.pk)[:MOST_SUGGESTED]
        return {
            "title": str(about),
            "up_url": acts.address(kind_of(about).name, about.pk),
            "suggested": [f"{one.name} ({one.unit.name})" if one.unit else one.name for one in people],
            "asks_options": asks_options(leads=talk.leads(self.person, place)),
            **listed(self, talk.on(self.person, about), f"{self.request.path}#talk"),
        }


class Team(Talks):
    """Who sits on a team, its one address, and what of its messages reached me."""

    template = "web/team.html"
    kind = "team"
    live = True
    acts = WRITE

    def follows(self) -> None:
        """What reaches the reader: a message among the members may be seen by who does not see what it is about."""

    def context(self) -> dict[str, Any]:
        place = talk.place_of(self.thing)
        rows = seats(self.thing.pk)
        writes = talk.may_write(self.person, self.thing, place)
        members = [row.membership.person for row in rows if row.accepted and row.membership]
        others = [person for person in members if person.pk != self.person.pk and person.left_at is None]
        deal = getattr(self.thing, "deal", None)
        sees_deal = deal is not None and FINDERS["deal"](self.person).filter(pk=deal.pk).exists()
        return {
            "deal_url": acts.address("deal", deal.pk) if sees_deal and deal is not None else "",
            "team": [
                {
                    "name": row.membership.person.name,
                    "role": row.role,
                    "unit": row.membership.person.unit.name if row.membership.person.unit else "",
                    "url": acts.address("person", row.membership.person_id),
                    "leads": "1" if row.seat.leader else "",
                    "note": _note(row),
                }
                for row in rows
                if row.membership
            ],
            "empty_seats": [{"role": row.role, "why": row.why} for row in rows if row.membership is None],
            "writes": writes,
            "reach": ngettext("reaches %(n)s member", "reaches %(n)s members", len(others)) % {"n": len(others)},
            "members": [(str(person.pk), person.name) for person in others],
            "asks_options": asks_options(leads=writes and talk.leads(self.person, place)),
            **listed(self, talk.on(self.person, self.thing), f"{self.request.path}#talk"),
        }


class Message(Page):
    """One message: its words, who has acknowledged it and who has not, and my own answer."""

    template = "web/message.html"
    kind = "message"
    live = True
    acts = {"acknowledge": ("text",), "reply": ("text", "to_all"), "withdraw": ()}
    failing = {"acknowledge": gettext_lazy("Your answer was not sent."), "reply": gettext_lazy("The message was not sent.")}

    def follows(self) -> None:
        """What reaches the reader: a message among the members may be seen by who does not see what it is about."""

    def context(self) -> dict[str, Any]:
        message = self.thing
        read = talk.read(self.person, type(message).objects.filter(pk=message.pk))[0]
        about = about_of(message)
        replies = talk.read(self.person, talk.visible_to(self.person).filter(replies_to=message).order_by("posted_at", "id")[:A_PAGE])
        asks_me = read.asks(self.person)
        shown = message_part(read, self.person, self.request.path)
        for act in ("acknowledge", "answer_url"):  # the form for it stands right below
            shown.pop(act, None)
        return {
            "read": read,
            "shown": shown,
            "about": str(about),
            "about_url": address(about),
            "asks_me": asks_me,
            "directive": message.asks == DIRECTIVE,
            "wants_words": asks_me and talk.wants_words(message),
            "withdraws": message.author_id == self.person.pk and bool(read.open),
            "replies": [message_part(one, self.person, self.request.path) for one in replies],
            "writes": talk.may_write(self.person, about, talk.place_of(about)),
            "to_all": message.to_team,
            "own": message.author_id == self.person.pk,
            "entries": parts.entries(timeline(self.person, message.pk)),
        }

    # acts

    def acknowledge(self, posted: QueryDict) -> Done:
        acknowledge(by=self.by, messages=[self.thing], text=posted.get("text", "").replace("\r\n", "\n"))
        if self.thing.asks == ANSWER:
            return Done(_("Answered: it is recorded as your own act."))
        return Done(_("Confirmed: it is recorded as your own act."))

    def reply(self, posted: QueryDict) -> Done:
        about = about_of(self.thing)
        message = post_message(
            by=self.by,
            about=about,
            text=posted.get("text", "").replace("\r\n", "\n"),
            to_team=talk.is_closed(about) and bool(posted.get("to_all")),
            to=self.again(about, posted),
            replies_to=self.thing,
        )
        return Done(said_of(message))

    def again(self, about: Model, posted: QueryDict) -> list[Person]:
        """One's own message is followed up with those to whom it was written."""
        if self.thing.author_id != self.person.pk or posted.get("to_all") or not talk.is_closed(about):
            return []
        return [one.person for one in self.thing.recipients.select_related("person").order_by("person__name")]

    def withdraw(self, posted: QueryDict) -> Done:
        n = withdraw(by=self.by, message=self.thing)
        return Done(ngettext("%(n)s person is asked no more.", "%(n)s people are asked no more.", n) % {"n": n})


def _note(row: SeatRead) -> str:
    """What is to be known of somebody in a seat: not accepted yet; sitting in others as well."""
    notes = [] if row.accepted else [_("asked, has not accepted yet: not reached yet")]
    notes += [_("also: %(roles)s") % {"roles": _(", ").join(row.also)}] if row.also else []
    return " · ".join(notes)
