"""Who asks: the bearer of a token, who acts in the name of the token's person. No cookie is ever read here."""

from __future__ import annotations

from django.http import HttpRequest
from ninja.security import HttpBearer

from earshot.journal.actors import Actor
from earshot.people.actions import digest
from earshot.people.actors import as_token
from earshot.people.models import Person, Token
from earshot.people.queries import by_token
from earshot.people.standing import for_request


class Asked(HttpRequest):
    """A request that has passed `Bearer`. `auth`: the live token, with its person and that person's unit loaded."""

    auth: Token


class Bearer(HttpBearer):
    """`Authorization: Bearer ear_…`, a token made on the page “me” or by `POST /me/tokens`."""

    def authenticate(self, request: HttpRequest, token: str) -> Token | None:
        return by_token(digest(token.strip()))


def me(request: Asked) -> Person:
    """The person in whose name the token acts, whose reach is asked for once a request."""
    person = request.auth.person
    return person if hasattr(person, "known_reach") else for_request(person)


def actor(request: Asked) -> Actor:
    return as_token(request.auth)
