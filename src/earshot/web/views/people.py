"""People: a colleague's page, what he or she holds, and my own."""

from __future__ import annotations

from datetime import date
from typing import Any, NoReturn

from django.http import HttpResponseBase, QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy

from earshot.deals import queries as deals
from earshot.desk.finding import FINDERS, find
from earshot.desk.queries import timeline
from earshot.desk.succession import owed_as_seen
from earshot.desk.succession import words as owed_words
from earshot.kit import now
from earshot.kit.problems import Together, missing, say, wrong
from earshot.people import absences
from earshot.people.actions import end_grant, end_post, end_skill, give_permission, give_post, give_skill, make_token, revoke_token
from earshot.people.models import Grant, Post, Skill, Token, Unit
from earshot.people.models import Person as Somebody
from earshot.people.permits import ADMINISTER, OPERATE, PERMITS, held, holds, require
from earshot.people.queries import known_skills
from earshot.people.succession import hand_over, leave, may_hand
from earshot.playbooks import book
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
    live = True

    def context(self) -> dict[str, Any]:
        somebody: Somebody = self.thing
        rows = deals.with_names(deals.visible_to(self.person)).filter(owner=somebody, is_open=True).order_by("-opened_at", "-pk")
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
            "away": absences.away_now().get(somebody.pk),
            "stands_in": absences.stand_ins().get(somebody.pk),
            "absences": reverse("absences", kwargs={"id": somebody.pk}) if may_hand(self.person, somebody) else "",
            "hand_over": reverse("hand_over", kwargs={"id": somebody.pk}) if may_hand(self.person, somebody) else "",
            "administration": reverse("administration", kwargs={"id": somebody.pk}) if holds(self.person, ADMINISTER) else "",
            "entries": parts.entries(timeline(self.person, somebody.pk, most=20)),
        }


class Administration(Page):
    """What a person holds: posts, skills, permissions. Given and ended here, by whoever administers."""

    template = "web/administration.html"
    kind = "person"
    live = True
    acts = {
        "give_post": ("role", "unit", "answerable"),
        "end_post": ("post", "reason"),
        "give_skill": ("code", "level", "evidence", "until"),
        "end_skill": ("code", "reason"),
        "give_permission": ("permission",),
        "end_permission": ("permission", "reason"),
    }

    def seek(self) -> None:
        super().seek()
        require(self.by, ADMINISTER)

    def context(self) -> dict[str, Any]:
        somebody: Somebody = self.thing
        posts = list(Post.objects.filter(person=somebody, until__isnull=True).select_related("unit").order_by("since", "pk"))
        roles = book.in_force().process.roles
        current = held(somebody)
        return {
            "person_url": acts.address("person", somebody.pk),
            "posts": [
                {"role": str(roles.get(post.role, post.role)), "unit": post.unit.name, "answerable": post.answerable, "since": post.since}
                | {"id": str(post.pk), "hidden": {"act": "end_post", "post": str(post.pk)}}
                for post in posts
            ],
            "skills": [
                {"code": skill.code, "level": skill.level, "evidence": skill.evidence, "until": skill.until or "", "over": is_over(skill)}
                | {"hidden": {"act": "end_skill", "code": skill.code}}
                for skill in somebody.skills.order_by("-level", "code")
            ],
            "permissions": [
                {"code": code, "name": PERMITS[code], "hidden": {"act": "end_permission", "permission": code}}
                for code in sorted(current)
                if code in PERMITS
            ],
            "roles": [(code, str(row)) for code, row in roles.items()],
            "units": [(unit.code, unit.name) for unit in Unit.objects.order_by("name", "pk")],
            "known_skills": [(code, code) for code in known_skills()],
            "levels": [(str(level), str(level)) for level in range(1, 6)],
            "grantable": [(code, str(name)) for code, name in PERMITS.items() if code not in current],
            "entries": parts.entries(timeline(self.person, somebody.pk, most=20)),
        }

    def give_post(self, posted: QueryDict) -> Done:
        unit, role = Unit.objects.filter(code=posted.get("unit", "")).first(), posted.get("role", "")
        give_post(by=self.by, person=self.thing, unit=unit, role=role, answerable=bool(posted.get("answerable")))
        return Done(_("The post is given."))

    def end_post(self, posted: QueryDict) -> Done:
        post = Post.objects.filter(person=self.thing, pk=one_id(posted.get("post", ""))).first()
        if post is None:
            raise missing()
        end_post(by=self.by, post=post, reason=posted.get("reason", ""))
        return Done(_("The post has ended. What was to be heard or decided by it passes to who holds the role now."))

    def give_skill(self, posted: QueryDict) -> Done:
        level, until, each = posted.get("level", ""), posted.get("until", ""), Together()
        each(
            give_skill,
            by=self.by,
            person=self.thing,
            code=posted.get("code", ""),
            level=int(level) if level.isdecimal() and len(level) < 3 else None,
            evidence=posted.get("evidence", ""),
            until=each(day, "until", until) if until else None,
        )
        each.refuse()  # a day that cannot be read undoes the rest
        return Done(_("The skill is recorded."))

    def end_skill(self, posted: QueryDict) -> Done:
        skill = self.thing.skills.filter(code=posted.get("code", "")).first()
        if skill is None:
            raise missing()
        end_skill(by=self.by, skill=skill, reason=posted.get("reason", ""))
        return Done(_("The skill has ended."))

    def give_permission(self, posted: QueryDict) -> Done:
        give_permission(by=self.by, person=self.thing, permission=posted.get("permission") or not_chosen("permission"))
        return Done(_("The permission is given."))

    def end_permission(self, posted: QueryDict) -> Done:
        grant = Grant.objects.filter(person=self.thing, permission=posted.get("permission", ""), until__isnull=True).first()
        if grant is None:
            raise missing()
        end_grant(by=self.by, grant=grant, reason=posted.get("reason", ""))
        still = holds(self.person, ADMINISTER)
        return Done(_("The permission has ended."), "" if still else acts.address("person", self.thing.pk))


def is_over(skill: Skill) -> bool:
    return skill.until is not None and skill.until < now().date()


def not_chosen(field: str) -> NoReturn:
    raise wrong(field, _("Choose one of the list."))


def day(field: str, typed: str) -> date:
    try:
        return date.fromisoformat(typed)
    except ValueError:
        raise wrong(field, _("Write a day such as 2026-12-31.")) from None


def _administered() -> list[dict[str, str]]:
    """Everybody who is with the company, with the page where posts, skills and permissions are given and ended."""
    people = Somebody.objects.filter(left_at__isnull=True).select_related("unit").order_by("unit__name", "name", "pk")
    return [
        {"name": one.name, "unit": one.unit.name if one.unit else "", "url": reverse("administration", kwargs={"id": one.pk})}
        for one in people[:500]
    ]


class HandOver(Page):
    """Everything open that is a person's, to be handed to a named successor in one act or singly, and the record that he or she leaves."""

    template = "web/hand_over.html"
    kind = "person"
    acts = {"hand": ("to", "reason", "what[]", "everything"), "leave": ("to", "reason", "to_head")}

    def seek(self) -> None:
        super().seek()
        if not may_hand(self.person, self.thing):
            raise missing()

    def context(self) -> dict[str, Any]:
        somebody: Somebody = self.thing
        things = owed_as_seen(self.person, somebody)
        colleagues = FINDERS["person"](self.person).filter(left_at__isnull=True).exclude(pk=somebody.pk).order_by("name", "pk")
        return {
            "person_url": acts.address("person", somebody.pk),
            "is_me": somebody.pk == self.person.pk,
            "count": len(things),
            "what": [{"value": f"{one.holding}:{one.id}", "label": str(owed_words(one))} for one in things],
            "successors": parts.options(colleagues[:500]),
        }

    def _successor(self, posted: QueryDict) -> Somebody | None:
        return find(self.person, "person", one_id(to)) if (to := posted.get("to", "")) else None

    def hand(self, posted: QueryDict) -> Done:
        chosen = [one.partition(":") for one in posted.getlist("what")]
        everything = bool(posted.get("everything"))
        if not chosen and not everything:
            raise wrong("what", _("Choose at least one."))
        what = None if everything else [(name, one_id(pk)) for name, _colon, pk in chosen]
        to, reason = self._successor(posted), posted.get("reason", "")
        n = hand_over(by=self.by, person=self.thing, to=to, reason=reason, what=what)
        return Done(say(ngettext_lazy("{n} thing is handed over.", "{n} things are handed over.", n), n=n))

    def leave(self, posted: QueryDict) -> Done:
        to, to_head = self._successor(posted), bool(posted.get("to_head"))
        leave(by=self.by, person=self.thing, reason=posted.get("reason", ""), to=to, to_head=to_head)
        return Done(say(_("{name} is no longer with the company."), name=self.thing.name), reverse("my_day"))


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
            "colleagues": _administered() if ADMINISTER in held(self.person) else [],
            "my_url": reverse("person", kwargs={"id": self.person.pk}),
            "absences": reverse("absences", kwargs={"id": self.person.pk}),
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
