"""A page: find what the person may see, call one verb, go on with a notice; a refusal shows the same page with what was typed."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views import View

from earshot.desk.audience import KINDS
from earshot.desk.finding import find
from earshot.journal import tail
from earshot.journal.actions import call
from earshot.journal.actors import Actor
from earshot.journal.repeats import claim, keep
from earshot.kit.problems import Refusal, missing
from earshot.kit.reading import reading
from earshot.people.actors import as_person
from earshot.people.models import Person
from earshot.people.standing import for_request
from earshot.web import acts, sessions
from earshot.web.live import topics
from earshot.web.templatetags.looks import fields_noted

MOST_IDS = 500
A_SENTENCE = 12
REFUSAL = "<!-- refusal -->"


class Blank(dict[str, Any]):
    """Values by name; a name without one is empty, so that a template never prints a placeholder."""

    def __missing__(self, name: str) -> str:
        return ""


@dataclass
class Form:
    """One form of a page. `value`: what stands in its fields; `error`: what was wrong, beside the field; `open`: it was refused, or
    its author comes back to it, so it must be seen."""

    act: str
    value: Blank = field(default_factory=Blank)
    error: Blank = field(default_factory=Blank)
    open: bool = False

    @property
    def hidden(self) -> dict[str, str]:
        return {"act": self.act}

    def fresh(self) -> Form:
        """The same form, untouched."""
        return Form(self.act)


@dataclass(frozen=True)
class Done:
    """An act that was done: what to say, and where to go on (default: the page itself)."""

    said: Any
    to: str = ""


class Page(View):
    """A page of the walk, for somebody signed in.

    `kind`: of the object in the address (then `self.thing` is that object, or 404). `acts`: name of each act that may be POSTed
    here → names of its fields, `name[]` for several values; the method of the same name does it and returns `Done`.
    `failing`: name of an act → what has not happened when something in its form was wrong.
    `live`: what changes appears on it while it is open (docs/live.md).
    """

    template = ""
    kind = ""
    acts: ClassVar[Mapping[str, Sequence[str]]] = {}
    failing: ClassVar[Mapping[str, Any]] = {}
    http_method_names = ["get", "head", "post"]
    thing: Any = None
    person: Person
    refused: Refusal | None = None
    typed: QueryDict | None = None
    live: ClassVar[bool] = False
    since: str = ""  # the journal's end before the page read anything
    unsent: bool = False  # what stands in the form was typed before the sign-in ended

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return to_sign_in(request)
        person = sessions.person_of(request)
        if person is None:
            return render(request, "web/no_person.html", status=403)
        self.person = for_request(person)
        if request.method == "POST" and sessions.author_of(request) not in ("", str(person.pk)):
            return of_another(request, person)
        try:
            if request.method == "GET":
                self.begin()
            self.seek()
            return super().dispatch(request, *args, **kwargs)
        except Refusal as refusal:
            return refused_page(request, refusal)

    def seek(self) -> None:
        """Find what the address names; what the person may not see does not exist for him or her."""
        if self.kind:
            self.thing = find(self.person, self.kind, self.kwargs["id"])

    def begin(self) -> None:
        """Before the page reads anything: what is recorded from here on, an open page will hear of."""
        self.since = tail.end() if self.live else ""

    def follows(self) -> Collection[topics.Object] | None:
        """What the page is about, asked when it has read what it shows: what concerns these objects, it is told of. None: whatever its
        reader sees or is named in."""
        if self.kind == "deal":
            return [("deal", self.thing.pk), ("team", self.thing.team_id)]
        return [(self.kind, self.thing.pk)] if self.kind in KINDS else None

    def waits(self) -> int | None:
        """How much waits for the reader, on a page that shows just that: when it becomes more, it is read out."""
        return None

    @property
    def by(self) -> Actor:
        return as_person(self.person)

    def get(self, request: HttpRequest, **_kwargs: Any) -> HttpResponse:
        kept = sessions.kept_form(request, self.person) if "typed" in request.GET else None
        if kept is not None:
            self.typed, aside = kept
            self.unsent = not aside
        return self.show()

    def post(self, request: HttpRequest, **_kwargs: Any) -> HttpResponseBase:
        name = request.POST.get("act", "")
        if name not in self.acts:
            raise missing()
        try:
            done = self.once(name, request.POST)
        except Refusal as refusal:
            if refusal.status == 404:
                raise
            self.refused, self.typed = refusal, request.POST
            self.begin()
            self.seek()
            return self.show(status=refusal.status)
        if isinstance(done, HttpResponseBase):
            return done
        sessions.forget_forms(request, self.person)
        messages.success(request, str(done.said))
        return HttpResponseRedirect(local(request.POST.get("next", "")) or done.to or self.request.path)

    def once(self, name: str, posted: QueryDict) -> Done | HttpResponseBase:
        """Do the act, once however often the same form is sent: a form carries a key, and the same key with the same contents gets
        the first answer again. Typed differently (back, changed, sent), it is another form."""
        with call():
            if not posted.get("idempotency_key"):
                return self.do(name, posted)
            repeat = claim(self.person.pk, fingerprint(self.request.path, posted), name)
            if repeat.status:
                return Done(repeat.answer["said"], repeat.answer["to"])
            done = self.do(name, posted)
            if isinstance(done, Done):
                keep(repeat, 303, {"said": str(done.said), "to": done.to})
            else:
                keep(repeat, 303, {"said": _("This was done already."), "to": self.request.path})
            return done

    def do(self, name: str, posted: QueryDict) -> Done | HttpResponseBase:
        act: Any = getattr(self, name)
        done: Done | HttpResponseBase = act(posted)
        return done

    def initial(self) -> Mapping[str, Mapping[str, Any]]:
        """What stands in each form at first: act → field → value."""
        return {}

    def context(self) -> dict[str, Any]:
        """What the template needs besides the forms."""
        return {}

    def forms(self) -> dict[str, Form]:
        first = self.initial()
        current = self.typed.get("act", "") if self.typed is not None else ""
        made = {}
        for name, fields in self.acts.items():
            form = Form(name, Blank(first.get(name, {})))
            if name == current and self.typed is not None:
                form.value.update(typed_values(self.typed, fields))
                form.open = True
                if self.refused:
                    form.error.update(self.refused.fields)
            made[name] = form
        return made

    def show(self, status: int = 200) -> HttpResponse:
        with reading():
            context = {"page": self, "thing": self.thing, "forms": self.forms(), **self.context()}
            if self.refused:
                context |= {"refused": self.refused, "refused_lines": self.refused_lines(), "refused_about": self.refused_about()}
                context["refused_title"] = self.failed()
            context["typed_again"] = self.unsent
            if self.live:
                keep = self.typed.get("act", "") if self.typed is not None else self.held()
                context["live"] = {"address": topics.address(self.follows(), self.since), "keep": keep, "waits": self.waits()}
            return shown(self.request, self.template, context, status)

    def held(self) -> str:
        """The act for which the page stays as the reader saw it, until he asks for what has changed: one that counts for what was read."""
        return ""

    def failed(self) -> Any:
        """What has not happened: the refusal's own sentence, unless that says no more than that something typed was wrong."""
        assert self.refused is not None
        act = self.typed.get("act", "") if self.typed is not None else ""
        return self.failing.get(act, self.refused.sentence) if self.refused.code == "input.invalid" else self.refused.sentence

    def refused_lines(self) -> list[dict[str, Any]]:
        """The refusal's lines with where each is mended. What was wrong with a field stands beside it, and `base.html` leads there."""
        assert self.refused is not None
        here = self.thing.pk if self.kind else None
        # What changed meanwhile is no condition that is met or not.
        plain = {"plain": self.refused.code == "stale"}
        return [acts.line(one, acts.NOBODY, here) | plain for one in self.refused.lines]

    def typed_without_place(self, content: str) -> list[str]:
        """Sentences that were typed into a form which the page does not show any more, because what it did has become impossible in
        the meantime: they are shown as text, to be taken along. `content`: the page as it was made."""
        act = self.typed.get("act", "") if self.typed is not None else ""
        if self.typed is None or f'name="act" value="{act}"' in content:
            return []
        typed = (value for name in self.acts.get(act, ()) for value in self.typed.getlist(name.removesuffix("[]")))
        return [value for value in typed if len(value) >= A_SENTENCE and not is_id(value)]

    def refused_about(self) -> dict[str, str]:
        """The object that the refusal speaks of, to be opened, where that is not the one whose page this is."""
        about = self.refused.about if self.refused else None
        if about is None or (self.kind and str(about.id) == str(self.thing.pk)):
            return {}
        return {"url": acts.of(about), "label": about.label}


def shown(request: HttpRequest, template: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    """The page; a refusal (`refused`) on top of it is made last, when it is known which fields show what was wrong."""
    with fields_noted() as links:
        content = render_to_string(template, context, request)
    refusal: Refusal | None = context.get("refused")
    if refusal is not None:
        beside = {each["error"] for each in links}
        unplaced = [{"sentence": text, "judged": True} for text in refusal.fields.values() if str(text) not in beside]
        page: Page | None = context.get("page")
        lost = page.typed_without_place(content) if page is not None else []
        top = {name: context.get(name, "") for name in ("refused", "refused_lines", "refused_about")}
        top["title"] = context.get("refused_title") or refusal.sentence
        top |= {"links": links, "unplaced": unplaced, "lost": lost}
        return HttpResponse(content.replace(REFUSAL, render_to_string("web/_refusal.html", top, request), 1), status=status)
    return HttpResponse(content, status=status)


def typed_values(typed: QueryDict, fields: Sequence[str]) -> dict[str, Any]:
    return {name.removesuffix("[]"): typed.getlist(name[:-2]) if name.endswith("[]") else typed.get(name, "") for name in fields}


def fingerprint(path: str, posted: QueryDict) -> str:
    """Names one sending of one form: its key and all that was typed into it, but not the CSRF token, which changes."""
    parts = [
        f"{name}={value}" for name, values in sorted(posted.lists()) for value in values if name not in ("csrfmiddlewaretoken", "author")
    ]
    return hashlib.sha256("\x00".join([path, *parts]).encode("utf-8", "surrogatepass")).hexdigest()


def to_sign_in(request: HttpRequest) -> HttpResponseRedirect:
    """To the sign-in page and back; a form that was sent is kept for its author."""
    to = request.get_full_path()
    if request.method == "POST":
        name = sessions.keep_form(request)
        to = f"{request.path}?{urlencode({'typed': name})}" if name else request.path
    return HttpResponseRedirect(f"{reverse('sign_in')}?{urlencode({'next': to})}")


def refused_page(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    """A refusal for which no page stands: what does not exist and what is not the reader's look the same."""
    if refusal.status == 404:
        return render(request, "404.html", status=404)
    lines = [acts.line(one, acts.NOBODY) for one in refusal.lines]
    return shown(request, "web/refused.html", {"refused": refusal, "refused_lines": lines}, refusal.status)


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The page was opened under another sign-in, or the cookie is gone. Nothing is done; what was typed is kept for its author."""
    person = sessions.person_of(request) if request.user.is_authenticated else None
    if person is not None and sessions.author_of(request) != str(person.pk):
        return of_another(request, person)
    name = sessions.keep_form(request)
    if not name:
        return render(request, "403.html", status=403)
    again = f"{request.path}?{urlencode({'typed': name})}"
    if person is not None:
        return HttpResponseRedirect(again)
    return HttpResponseRedirect(f"{reverse('sign_in')}?{urlencode({'next': again})}")


def of_another(request: HttpRequest, person: Person) -> HttpResponse:
    """A form sent after somebody else had signed in in another window: whoever is here now did not fill it in, so it is not done and
    nothing is told of what it is about; it is kept for its author, who signs in and goes on."""
    name = sessions.keep_form(request)
    again = f"{request.path}?{urlencode({'typed': name})}" if name else request.path
    return render(
        request, "web/of_another.html", {"now": person, "kept": bool(name), "onward": {"next": again}}, status=409 if name else 403
    )


def local(url: str) -> str:
    """`url` if it is an address of this house, else nothing."""
    return url if url.startswith("/") and url_has_allowed_host_and_scheme(url, allowed_hosts=None) else ""


def ids(text: str) -> list[UUID]:
    """Public ids, comma-separated, as forms carry them; what is none does not exist."""
    try:
        found = [UUID(part) for part in text.split(",") if part]
    except ValueError:
        raise missing() from None
    if not found or len(found) > MOST_IDS:
        raise missing()
    return found


def is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def one_id(text: str) -> UUID:
    return ids(text)[0]


def version(text: str) -> int:
    """The row version that a form was opened with."""
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise missing()
    return int(text)


def words(text: str) -> str:
    """What is looked for: bounded, and without what no database holds."""
    return text.replace("\x00", "").strip()[:100]


def page_number(request: HttpRequest, name: str = "page") -> int:
    text = request.GET.get(name, "1")
    if not text.isascii() or not text.isdigit() or not 0 < int(text[:9]) < 100_000:
        raise Http404
    return int(text)
