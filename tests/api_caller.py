"""Somebody who speaks to `/api/v1` with a token of his or her own."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client

from earshot.people.actions import make_token
from earshot.people.actors import as_person
from earshot.people.models import Person, Post
from worlds import World

ROOT = "/api/v1"


@dataclass
class Answer:
    """What came back. `data`: the JSON, of an answer as of a problem."""

    status: int
    data: Any
    headers: dict[str, str]

    @property
    def etag(self) -> str:
        return self.headers["ETag"]

    @property
    def lines(self) -> list[str]:
        return [line["sentence"] for line in self.data["lines"]]

    def __getitem__(self, name: str) -> Any:
        return self.data[name]


class Caller:
    """One person's program. Every call checks that a refusal is a problem detail and that a success is plain JSON."""

    def __init__(self, person: Person, language: str = "en") -> None:
        self.person = person
        _token, self.key = make_token(by=as_person(person), person=person, name="test")
        self.client = Client(headers={"authorization": f"Bearer {self.key}", "accept-language": language})

    def __call__(self, method: str, path: str, body: Any = None, *, raw: bytes | None = None, **headers: str) -> Answer:
        """`headers`: with underscores for hyphens, such as `if_match='"3"'`."""
        sent = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
        kind = headers.pop("content_type", "application/json")
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        response = self.client.generic(method, ROOT + path, sent, content_type=kind, headers=named)
        data = json.loads(response.content) if response.content else None
        if response.status_code >= 400:
            assert response.headers["Content-Type"] == "application/problem+json", response.content
            assert data["status"] == response.status_code
            assert data["title"]
        elif response.content:
            assert response.headers["Content-Type"] == "application/json"
        assert response.headers["Content-Language"] in ("zh-hans", "en")
        return Answer(response.status_code, data, dict(response.headers))

    def get(self, path: str, **query: Any) -> Answer:
        asked = {name: value for name, value in query.items() if value is not None}
        return self("GET", f"{path}?{urlencode(asked)}" if asked else path)

    def post(self, path: str, body: Any = None, **headers: str) -> Answer:
        return self("POST", path, body, **headers)

    def patch(self, path: str, body: Any, **headers: str) -> Answer:
        return self("PATCH", path, body, **headers)

    def all(self, path: str, **query: Any) -> list[Any]:
        """Every item of a list, part by part."""
        found: list[Any] = []
        cursor = None
        while True:
            part = self.get(path, cursor=cursor, **query)
            assert part.status == 200, part.data
            found += part["items"]
            if part["next"] is None:
                return found
            cursor = part["next"]


def role_of(person: Person) -> str:
    """The code of the role that the person holds."""
    return Post.objects.get(person=person, until__isnull=True).role


@pytest.fixture
def caller(world: World) -> Callable[..., Caller]:
    """`caller("seller", language="zh-hans")`: that person of the world, with a token."""

    def make(key: str, language: str = "en") -> Caller:
        return Caller(world.people[key], language)

    return make
