"""Pages as a visitor without JavaScript sees them: links, forms with what stands in them, and what is sent when a button is pressed."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

from django.conf import settings
from django.test import Client

from earshot.people.models import Login

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
MARKED = re.compile(r'<(bdi|p|option|datalist|code|span)\b[^>]*translate="no"[^>]*>.*?</\1>', re.DOTALL)
HAN = re.compile(r"[\u3400-\u9fff\uff01-\uff5e\u3001\u3002]")


@dataclass
class Form:
    """A form of a page: where it is sent, and the values that stand in it."""

    action: str
    method: str
    values: dict[str, list[str]] = field(default_factory=dict)
    buttons: list[tuple[str, str, str]] = field(default_factory=list)  # words, name, value

    @property
    def act(self) -> str:
        return self.values.get("act", [""])[0]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.forms: list[Form] = []
        self.words: list[str] = []
        self.current: Form | None = None
        self.area: tuple[str, list[str]] | None = None
        self.select: str = ""
        self.chosen = False
        self.button: list[str] | None = None
        self.skipping = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        got = {name: value or "" for name, value in attrs}
        if tag in ("style", "script", "head"):
            self.skipping += 1
        if tag == "form":
            self.current = Form(got.get("action", ""), got.get("method", "get").lower())
            self.forms.append(self.current)
        if self.current is None:
            return
        values = self.current.values
        if tag == "input" and got.get("name"):
            kind = got.get("type", "text")
            if kind in ("checkbox", "radio"):
                if "checked" in got:
                    values.setdefault(got["name"], []).append(got.get("value", "on"))
            else:
                values.setdefault(got["name"], []).append(got.get("value", ""))
        elif tag == "textarea":
            self.area = (got.get("name", ""), [])
        elif tag == "select":
            self.select, self.chosen = got.get("name", ""), False
        elif tag == "option" and self.select and ("selected" in got or not self.chosen):  # the first stands where none is selected
            self.chosen = True
            values[self.select] = [got.get("value", "")]
        elif tag == "button":
            self.button = []
            self.current.buttons.append(("", got.get("name", ""), got.get("value", "")))

    def handle_endtag(self, tag: str) -> None:
        if tag in ("style", "script", "head"):
            self.skipping -= 1
        if tag == "form":
            self.current = None
        elif tag == "textarea" and self.area and self.current is not None:
            self.current.values.setdefault(self.area[0], []).append("".join(self.area[1]).removeprefix("\n"))
            self.area = None
        elif tag == "select":
            self.select = ""
        elif tag == "button" and self.button is not None and self.current is not None:
            _words, name, value = self.current.buttons[-1]
            self.current.buttons[-1] = (" ".join("".join(self.button).split()), name, value)
            self.button = None

    def handle_data(self, data: str) -> None:
        if self.area is not None:
            self.area[1].append(data)
        elif not self.skipping:
            if self.button is not None:
                self.button.append(data)
            self.words.append(data)


@dataclass
class Seen:
    """A page that came back."""

    status: int
    url: str
    html: str
    forms: list[Form]
    text: str

    def form(self, act: str, **holding: str) -> Form:
        """The form of this act; with `holding`, the one in which these values stand."""
        for one in self.forms:
            if one.act == act and all(one.values.get(name, [""])[0] == value for name, value in holding.items()):
                return one
        raise AssertionError(f"no form {act!r} {holding} on {self.url}; there are {[one.act for one in self.forms]}")

    @property
    def acts(self) -> set[str]:
        return {one.act for one in self.forms if one.method == "post" and one.act}

    def unmarked(self) -> str:
        """The page's words without what is marked as company data."""
        body = re.sub(r"<head>.*?</head>", "", self.html, flags=re.DOTALL)
        body = re.sub(r"<textarea.*?</textarea>", "", body, flags=re.DOTALL)
        body = re.sub(r'\s(value|href|id|content|for|list)="[^"]*"', "", body)
        return html.unescape(MARKED.sub("", body))


def seen(response: Any, url: str) -> Seen:
    reader = _Reader()
    text = response.content.decode()
    reader.feed(text)
    return Seen(response.status_code, url, text, reader.forms, " ".join(" ".join(reader.words).split()))


class Visitor:
    """Somebody with a browser in which JavaScript is off."""

    def __init__(self, key: str = "", language: str = "zh-hans", **options: Any) -> None:
        self.client = Client(**options)
        self.client.cookies[settings.LANGUAGE_COOKIE_NAME] = language  # as the switch on every page sets it
        if key:
            self.sign_in(key)

    def sign_in(self, key: str) -> None:
        """By the sign-in page of the demonstration, as a person does."""
        page = self.get("/sign-in/")
        person = str(Login.objects.get(username=f"demo-{key}").person_id)
        form = next(one for one in page.forms if one.values.get("person") == [person])
        self.submit(form, "/sign-in/")

    def get(self, url: str) -> Seen:
        response = self.client.get(url, follow=True)
        return seen(response, response.redirect_chain[-1][0] if response.redirect_chain else url)

    def send(self, url: str, values: dict[str, list[str]]) -> Any:
        return self.client.post(url, values)

    def submit(self, form: Form, at: str, button: tuple[str, str] | None = None, **typed: str | list[str]) -> Seen:
        """Send a form as it stands, with `typed` in its fields; follow to the page that comes."""
        values = {name: list(found) for name, found in form.values.items()}
        for name, value in typed.items():
            values[name] = value if isinstance(value, list) else [value]
        if button:
            values[button[0]] = [button[1]]
        url = form.action or at
        response = self.client.post(url, values, follow=True)
        return seen(response, response.redirect_chain[-1][0] if response.redirect_chain else url)
