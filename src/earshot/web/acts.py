"""Where the one act that mends a line is done: act names of the rooms → addresses of pages. Nowhere else does the door know this."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.urls import NoReverseMatch, get_urlconf, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from earshot.desk import rules
from earshot.desk.queries import DayLine
from earshot.journal.kinds import KINDS
from earshot.kit.problems import Line, Ref
from earshot.playbooks.models import DIRECTIVE
from earshot.web import times


@dataclass(frozen=True)
class Mine:
    """What of a deal waits for the reader: only then does a line of the gate offer its act, to others it says who can mend it."""

    items: Collection[UUID] = ()
    calls: Collection[UUID] = ()
    votes: bool = False
    works: bool = False
    operates: bool = False
    administers: bool = False
    settles: Collection[UUID] = ()


NOBODY = Mine()


def address(kind: str, object_id: Any) -> str:
    """The page of an object, or nothing where its kind has none."""
    before, after = _around_id(kind, get_urlconf())
    return f"{before}{object_id}{after}" if before else ""


@lru_cache(maxsize=256)
def _around_id(kind: str, urlconf: str | None) -> tuple[str, str]:
    """The address of a kind's pages before and after the id: asked of the table of addresses once a process."""
    known = KINDS.get(kind)
    if known is None or not known.page:
        return "", ""
    mark = UUID(int=0)
    try:
        before, after = reverse(known.page, urlconf=urlconf, kwargs={"id": mark}).split(str(mark))
    except NoReverseMatch:
        return "", ""
    return before, after


def of(ref: Ref | None) -> str:
    return address(ref.kind, ref.id) if ref else ""


def hear(deal_id: Any) -> str:
    return f"{reverse('to_hear')}?{urlencode({'deal': str(deal_id)})}"


def data(text: Any) -> Any:
    """Names in `text` as company data on a page; a sentence of ours stays as it is."""
    return text if isinstance(text, Promise) or not text else f"\u2068{text}\u2069"


def line(one: Line, mine: Mine, here: Any = None) -> dict[str, Any]:
    """A line of a gate or a refusal as `c-gate-line` and `c-refusal` take it, with its act where the reader can do it. `here`: id of
    the object whose page this is; it is not named again."""
    about = one.about if one.about and str(one.about.id) != str(here) else None
    named = about is not None and str(about.label) in str(one.sentence)
    shown: dict[str, Any] = {
        "sentence": one.sentence,
        "judged": one.judged,
        "who": data(one.who),
        "about": {"label": about.label if about and not named else ""},
        "about_url": of(about),
        "act_label": "",
    }
    target = one.target
    if target is None:
        return shown
    if one.act == "take_note" and target.id in mine.items:
        shown |= {"act_label": _("Hear it"), "act_url": reverse("to_hear")}
    elif one.act == "deliver" and target.id in mine.calls:
        shown |= {"act_label": _("Open the call"), "act_url": of(target)}
    elif one.act == "vote" and mine.votes:
        shown |= {"act_label": pgettext_lazy("go to the vote", "Vote"), "act_url": f"{reverse('gate', kwargs={'id': target.id})}#vote"}
    elif one.act == "settle" and target.id in mine.settles and one.about is not None:
        shown |= {"act_label": _("Settle it …"), "act_url": f"{reverse('gate', kwargs={'id': one.about.id})}#dissents"}
    elif one.act == "set_account" and mine.works:
        shown |= {"act_label": _("Name the account"), "act_url": f"{of(target)}#change"}
    elif one.act == "name_member" and mine.works:
        shown |= {"act_label": _("Ask somebody"), "act_url": f"{of(target)}#team"}
    elif one.act == "set_goal" and mine.works:
        shown |= {"act_label": _("Set goal and date"), "act_url": f"{of(target)}#change"}
    elif one.act == "move_back" and mine.works:
        shown |= {"act_label": _("Go back"), "act_url": f"{of(target)}#f-back-to"}
    elif one.act == "give_post" and mine.administers:
        shown |= {"act_label": _("Give somebody the post"), "act_url": reverse("search")}
    elif one.act == "state_figures" and mine.works:
        shown |= {"act_label": _("State the figures"), "act_url": f"{of(target)}#figures"}
    elif one.act == "set_services" and mine.works:
        shown |= {"act_label": _("Choose the services"), "act_url": f"{of(target)}#services"}
    elif one.act == "raise_calls" and mine.operates:
        shown |= {"act_label": _("Open the playbook"), "act_url": reverse("playbook")}
    return shown


def word(of_line: DayLine) -> Any:
    """The word beside the colour: what kind of red, amber or grey it is."""
    if of_line.act == "mend_channel":
        return pgettext_lazy("a channel", "does not arrive")
    if of_line.act in ("approve_revision", "find_approver"):
        return "" if of_line.due_at else pgettext_lazy("a line of my day", "waits")
    if of_line.act == "make_good":
        return _("passed at risk")
    if of_line.colour == rules.RED and not (of_line.clock and of_line.clock.overdue):
        return _("blocks the gate")
    return "" if of_line.due_at else pgettext_lazy("a line of my day", "waits")


def duty(of_line: DayLine, deals_of_teams: Mapping[UUID, UUID]) -> dict[str, Any]:
    """A line of my day as `c-duty` takes it, with its one act: done right there by a POST, or on the page where it is decided."""
    shown: dict[str, Any] = {
        "tone": of_line.colour,
        "word": word(of_line),
        "cause": of_line.sentence,
        "object": of_line.scope.label,
        "more": of_line.detail,
        "url": of(of_line.scope),
        "due": of_line.due_at or "",
        "provisional": bool(of_line.clock and of_line.clock.clock.provisional),
        "left": times.left_of(of_line.clock.left, of_line.clock.clock.measure, over=of_line.clock.overdue) if of_line.clock else "",
    }
    one = str(of_line.target.id)
    here = {"next": reverse("my_day")}
    match of_line.act:
        case "take_note":
            shown |= {"act_label": _("Hear it"), "act_url": hear(of_line.scope.id)}
        case "take":
            shown |= {"act_label": _("Take it"), "act_post": of(of_line.target), "hidden": {"act": "take", **here}}
        case "deliver":
            shown |= {"act_label": _("Deliver"), "act_url": f"{of(of_line.target)}#deliver"}
        case "name":
            shown |= {"act_label": _("Name somebody"), "act_url": f"{of(of_line.target)}#name"}
        case "see_to":
            alarms = ",".join(str(pk) for pk in of_line.ids)
            shown |= {"act_label": _("I see to it"), "act_post": reverse("my_day"), "hidden": {"act": "see_to", "alarms": alarms}}
            if of_line.target.kind == "call" or of_line.target.kind == "wait":
                shown |= {"url": of(of_line.target)}
            elif of_line.target.kind == "message":  # whoever does not see what it is about does not see its page either
                shown |= {"url": of(of_line.target) if of_line.scope.kind != "message" else ""}
        case "acknowledge" if len(of_line.ids) == 1 and of_line.cause == DIRECTIVE:
            message = of(of_line.target)
            shown |= {"act_label": _("Confirm"), "act_post": message, "hidden": {"act": "acknowledge", **here}, "url": message}
            shown |= {"other_label": _("Answer in words"), "other_url": f"{message}#answer"}
        case "acknowledge" if len(of_line.ids) == 1:
            message = of(of_line.target)
            shown |= {"act_label": pgettext_lazy("a message", "Answer"), "act_url": f"{message}#answer", "url": message}
        case "acknowledge":
            shown |= {"act_label": _("Open them"), "act_url": f"{reverse('messages')}#waiting", "url": f"{reverse('messages')}#waiting"}
        case "confirm_presence":
            shown |= {"act_label": _("I was there"), "act_post": reverse("my_day"), "hidden": {"act": "confirm", "attendance": one}}
            shown |= {"other_label": _("I was not"), "other_hidden": {"act": "deny", "attendance": one}}
        case "accept_seat":
            deal = deals_of_teams.get(UUID(str(of_line.scope.id)))
            page = address("deal", deal) if deal else ""
            shown |= {"act_label": _("Accept"), "act_post": reverse("my_day"), "hidden": {"act": "accept", "membership": one}}
            shown |= {"url": page, "other_label": _("Decline …") if page else "", "other_url": f"{page}#team"}
        case "name_leader":
            shown |= {"act_label": _("Name somebody"), "act_url": f"{of(of_line.target)}#team"}
        case "name_deputy":
            shown |= {"act_label": _("Name a deputy"), "act_url": reverse("absences", kwargs={"id": of_line.target.id})}
        case "set_next_step":
            shown |= {"act_label": _("Set the next step"), "act_url": f"{of(of_line.target)}#next"}
        case "make_good":
            shown |= {"act_label": _("Make it good"), "act_url": f"{of(of_line.target)}#risks"}
        case "take_over":
            shown |= {
                "act_label": pgettext_lazy("a deal", "Take it over"),
                "act_post": of(of_line.target),
                "hidden": {"act": "take_over", **here},
            }
        case "answer_wait":
            page = of(of_line.target)
            shown |= {"act_label": _("It is there …"), "act_url": f"{page}#there", "url": page}
        case "take_up_lead":
            shown |= {"act_label": _("Take it up"), "act_post": of(of_line.target), "hidden": {"act": "take_up", **here}}
        case "set_lead_step":
            shown |= {"act_label": _("Set the next step"), "act_url": f"{of(of_line.target)}#step"}
        case "set_date":
            shown |= {"act_label": _("Set another date"), "act_url": f"{of(of_line.target)}#change"}
        case "vote":
            shown |= {"act_label": pgettext_lazy("go to the vote", "Vote"), "act_url": reverse("gate", kwargs={"id": of_line.target.id})}
        case "settle":
            shown |= {"act_label": _("Settle it …"), "act_url": f"{reverse('gate', kwargs={'id': of_line.target.id})}#dissents"}
        case "speak" | "conclude":
            label = _("Say what you think …") if of_line.act == "speak" else _("Conclude it …")
            shown |= {"act_label": label, "act_url": reverse("giving_up", kwargs={"id": of_line.target.id})}
        case "say_why_won":
            shown |= {"act_label": _("Say why …"), "act_url": f"{of(of_line.target)}#why-won"}
        case "see_gate":
            shown |= {"act_label": _("To the gate"), "act_url": reverse("gate", kwargs={"id": of_line.target.id})}
        case "decide":
            shown |= {"act_label": _("Decide"), "act_url": reverse("gate", kwargs={"id": of_line.target.id})}
        case "complete_meeting":
            shown |= {"act_label": _("Complete it"), "act_url": of(of_line.target), "url": of(of_line.target)}
        case "file_item":
            shown |= {"act_label": "", "file": one, "url": of(of_line.target)}
        case "send_again":
            shown |= {
                "act_label": _("Try again"),
                "act_post": reverse("deliveries"),
                "hidden": {"act": "send_again", "which": "all", **here},
            }
            shown |= {"url": reverse("deliveries")}
        case "mend_channel":
            page = reverse("notifications")
            shown |= {"act_label": _("Try again"), "act_post": page, "hidden": {"act": "mend", "channel": one, **here}}
            shown |= {"url": page, "other_label": _("End the channel …"), "other_url": f"{page}#channel-{one}"}
        case "judge_again":
            shown |= {"act_label": _("Judge again"), "act_post": reverse("my_day"), "hidden": {"act": "judge_again", "name": one}}
            shown |= {"url": "", "object": "", "other_label": _("See the conditions"), "other_url": reverse("conditions")}
        case "approve_revision":
            # Nobody approves here what he has not seen: the approval stands beside the text that it is for.
            page = f"{of(of_line.target)}#approve"
            shown |= {"act_label": _("Read and approve"), "act_url": page, "url": page}
        case "find_approver":
            page = f"{of(of_line.target)}#approve"
            shown |= {"act_label": _("See who can"), "act_url": page, "url": page}
        case "start_worker":
            shown |= {"act_label": _("See how"), "act_url": reverse("deliveries"), "url": ""}
        case "add_hearer_rule":
            shown |= {"act_label": _("Open the playbook"), "act_url": f"{reverse('playbook')}#hearing", "url": ""}
        case "give_post":
            shown |= {"act_label": _("Open the playbook"), "act_url": f"{reverse('playbook')}#roles", "url": ""}
    return shown


def entry(entry_id: UUID) -> str:
    """The page of a journal entry."""
    return reverse("entry", kwargs={"id": entry_id})
