"""Somebody at our customers: the posts, who of us met him or her, and the records that are one person."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from earshot.accounts import persons
from earshot.accounts import queries as accounts
from earshot.accounts.models import Contact as Record
from earshot.accounts.models import ContactMerge
from earshot.desk.finding import find
from earshot.desk.queries import timeline
from earshot.kit.problems import say
from earshot.voice import queries as voice
from earshot.web import acts, parts
from earshot.web.page import Done, Page, one_id, page_number
from earshot.web.tables import link
from earshot.web.templatetags.looks import when
from earshot.web.views.people import not_chosen

A_PAGE = 20


class Contact(Page):
    """One human being at the customer, as far as the reader may see: each customer's part of it shows only to those who see that one."""

    template = "web/contact.html"
    kind = "contact"
    acts = {"also": ("account", "title", "since"), "merge": ("gone", "reason", "sure")}

    def context(self) -> dict[str, Any]:
        contact: Record = self.thing
        main = contact.stands_for
        seen = list(persons.records_of(main).filter(account__in=accounts.visible_to(self.person).values("pk")))
        posts = [one for one in seen if one.merged_at is None]
        met = voice.met(self.person, [main]).get(main, [])
        who = self._who()
        meetings = voice.meetings_with(self.person, main)
        if who is not None:
            meetings = meetings.filter(attendances__person=who, attendances__confirmed_at__isnull=False)
        page = Paginator(meetings.prefetch_related("attendances__person"), A_PAGE).get_page(page_number(self.request))
        asked = f"who={who}&" if who else ""
        others = persons.mergeable(self.person, contact)
        return {
            "called": contact.called,
            "known_as": sorted({one.name for one in seen} - {contact.called}),
            "posts": [{"post": one, "url": acts.address("account", one.account_id)} for one in posts if one.left_at is None],
            "former": [{"post": one, "url": acts.address("account", one.account_id)} for one in posts if one.left_at is not None],
            "met_columns": [
                {"label": gettext_lazy("Who of us")},
                {"label": gettext_lazy("Last met")},
                {"label": gettext_lazy("How often"), "number": True},
            ],
            "met_rows": [
                [
                    link(f"?who={one.person}#meetings", one.name),
                    when(one.last),
                    ngettext("%(n)s time", "%(n)s times", one.times) % {"n": one.times},
                ]
                for one in met
            ],
            "who": next((one.name for one in met if one.person == who), "") if who else "",
            "here": self.request.path,
            "meetings": [
                {
                    "when": one.held_at or one.recorded_at,
                    "url": reverse("meeting", kwargs={"id": one.pk}),
                    "deal": one.deal.title,
                    "place": one.place,
                    "names": [there.person.name for there in one.attendances.all() if there.confirmed_at],
                }
                for one in page.object_list
            ],
            "meetings_count": page.paginator.count,
            "before": f"?{asked}page={page.previous_page_number()}" if page.has_previous() else "",
            "after": f"?{asked}page={page.next_page_number()}" if page.has_next() else "",
            "accounts": [(str(pk), name) for pk, name in accounts.names(self.person)],
            "others": [(str(one.pk), f"{one} – {one.account.name}") for one in others],
            "alike": [f"{one} – {one.account.name}" for one in persons.alike(others, contact.called)],
            "merges": list(ContactMerge.objects.filter(stays=main, gone__in=seen).select_related("gone", "by").order_by("at", "pk")),
            "entries": parts.entries(timeline(self.person, contact.pk, most=20)),
        }

    def _who(self) -> UUID | None:
        try:
            return UUID(self.request.GET.get("who", ""))
        except ValueError:
            return None

    def also(self, posted: QueryDict) -> Done:
        account = find(self.person, "account", one_id(typed)) if (typed := posted.get("account", "")) else not_chosen("account")
        title, since = posted.get("title", ""), posted.get("since", "")
        post = persons.add_post(by=self.by, contact=self.thing, account=account, title=title, since=since)
        return Done(say(_("{name} is also at {account}."), name=post.name, account=account.name))

    def merge(self, posted: QueryDict) -> Done:
        gone = find(self.person, "contact", one_id(typed)) if (typed := posted.get("gone", "")) else not_chosen("gone")
        reason, sure = posted.get("reason", ""), bool(posted.get("sure"))
        persons.merge_contacts(by=self.by, gone=gone, into=self.thing, reason=reason, sure=sure)
        return Done(say(_("{name} and {other} are one person from now on."), name=self.thing.name, other=gone.name))
