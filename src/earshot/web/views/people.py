"""People: a colleague's page, and my own."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponseBase, QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from earshot.deals import queries as deals
from earshot.desk.finding import find
from earshot.desk.queries import timeline
from earshot.kit.problems import say
from earshot.people.actions import make_token, revoke_token
from earshot.people.models import Person as Somebody
from earshot.people.models import Post, Token, Unit
from earshot.people.permits import ADMINISTER, OPERATE, PERMITS, held
from earshot.playbooks.queries import role_names
from earshot.web import acts, parts
from earshot.web.page import Done, Page, one_id
from earshot.web.tables import link, under
from earshot.web.templatetags.looks import quoted, when


def posts_of(person: Somebody) -> list[dict[str, Any]]:
    """The roles that the person holds, and where."""
    posts = list(Post.objects.filter(person=person, until__isnull=True).select_related("unit").order_by("since", "pk"))
    names = role_names({post.role for post in posts})
    return [{"role": names[post.role], "unit": post.unit.name, "answerable": post.answerable, "since": post.since} for post in posts]


class Person(Page):
    """A colleague: where, in which roles, with which skills, and the deals of theirs that I may see."""

    template = "web/person.html"
    kind = "person"

    def context(self) -> dict[str, Any]:
        somebody: Somebody = self.thing
        rows = deals.with_names(deals.visible_to(self.person)).filter(owner=somebody, closing__isnull=True).order_by("-opened_at", "-pk")
        return {
            "posts": posts_of(somebody),
            "heads": list(Unit.objects.filter(head=somebody).order_by("name")),
            "skills": list(somebody.skills.order_by("-level", "code")),
            "columns": [
                {"label": gettext_lazy("Deal")},
                {"label": gettext_lazy("Account")},
                {"label": gettext_lazy("Stage")},
                {"label": gettext_lazy("Opened")},
            ],
            "rows": [
                [
                    under(link(acts.address("deal", deal.pk), deal.title), deal.number),
                    quoted(deal.account.name) if deal.account else _("not known"),
                    quoted(deal.stage),
                    when(deal.opened_at),
                ]
                for deal in rows[:50]
            ],
            "is_me": somebody.pk == self.person.pk,
            "entries": parts.entries(timeline(self.person, somebody.pk, most=20)),
        }


class Me(Page):
    """My posts, permissions, keys for the API, and the language."""

    template = "web/me.html"
    acts = {"make_token": ("name",), "revoke": ("token",)}
    key = ""

    def context(self) -> dict[str, Any]:
        tokens = Token.objects.filter(person=self.person, revoked_at__isnull=True).order_by("-made_at", "-pk")
        return {
            "posts": posts_of(self.person),
            "heads": list(Unit.objects.filter(head=self.person).order_by("name")),
            "permissions": [PERMITS[name] for name in sorted(held(self.person)) if name in PERMITS],
            "skills": list(self.person.skills.order_by("-level", "code")),
            "tokens": [
                {"name": one.name, "start": one.start, "made": one.made_at, "hidden": {"act": "revoke", "token": str(one.pk)}}
                for one in tokens
            ],
            "key": self.key,
            "username": self.request.user.get_username(),
            "engine_room": bool({OPERATE, ADMINISTER} & held(self.person)),
            "my_url": reverse("person", kwargs={"id": self.person.pk}),
        }

    def make_token(self, posted: QueryDict) -> HttpResponseBase:
        """The key is shown on this answer and nowhere else: so it is no redirect."""
        _token, self.key = make_token(by=self.by, person=self.person, name=posted.get("name", ""))
        response = self.show()
        response["Cache-Control"] = "no-store"
        return response

    def revoke(self, posted: QueryDict) -> Done:
        token = find(self.person, "token", one_id(posted.get("token", "")))
        revoke_token(by=self.by, token=token)
        return Done(say(_("The key “{name}” works no more."), name=token.name))
