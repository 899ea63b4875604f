"""People, oneself, and one's tokens."""

from __future__ import annotations

from typing import Annotated

from ninja import Query, Router
from pydantic import Field
from typing_extensions import TypedDict

from earshot.api import paging
from earshot.api.answers import Reply, read, write
from earshot.api.auth import Asked, actor, me
from earshot.api.fields import CLEAN, AnyId, Body, Code, Coded, Id, Moment, Named, Page, Short, moment, moment_or_none, named
from earshot.desk.finding import FINDERS, find
from earshot.people import actions
from earshot.people.models import Person, Post, Token, Unit
from earshot.people.permits import PERMITS, held
from earshot.playbooks.queries import role_names

router = Router()


class PersonLine(TypedDict):
    """`left_at`: no longer with the company."""

    id: Id
    name: str
    title: str
    unit: Named | None
    left_at: Moment | None


class PostShown(TypedDict):
    """`answerable`: is called first for this role of this unit."""

    role: Coded
    unit: Named
    answerable: bool


class PersonShown(PersonLine):
    posts: list[PostShown]
    heads: list[Named]


class Me(PersonShown):
    """You, in whose name the token acts. `permissions`: what you may do company-wide."""

    permissions: list[Coded]
    token: Id


class TokenLine(TypedDict):
    """`start`: the first letters of the key, to recognise it by."""

    id: Id
    name: str
    start: str
    made_at: Moment
    revoked_at: Moment | None


class TokenMade(TokenLine):
    """`key`: shown this once and kept nowhere; null where the same request is answered again."""

    key: str | None


class NewToken(Body):
    name: Annotated[Short, Field(min_length=1)]


def person_line(person: Person) -> PersonLine:
    return {
        "id": str(person.pk),
        "name": person.name,
        "title": person.title,
        "unit": named(person.unit) if person.unit else None,
        "left_at": moment_or_none(person.left_at),
    }


def person_shown(person: Person) -> PersonShown:
    posts = list(Post.objects.filter(person=person, until__isnull=True).select_related("unit").order_by("pk"))
    names = role_names({post.role for post in posts})
    return {
        **person_line(person),
        "posts": [
            {"role": {"code": post.role, "name": names[post.role]}, "unit": named(post.unit), "answerable": post.answerable}
            for post in posts
        ],
        "heads": [named(unit) for unit in Unit.objects.filter(head=person).order_by("name", "pk")],
    }


def token_line(token: Token) -> TokenLine:
    return {
        "id": str(token.pk),
        "name": token.name,
        "start": token.start,
        "made_at": moment(token.made_at),
        "revoked_at": moment_or_none(token.revoked_at),
    }


@router.get("/me", response=Me)
@read
def show_me(request: Asked) -> Me:
    """In whose name the token acts, and what that person may do."""
    permissions: list[Coded] = [{"code": code, "name": str(PERMITS[code])} for code in sorted(held(me(request))) if code in PERMITS]
    return {**person_shown(me(request)), "permissions": permissions, "token": str(request.auth.pk)}


@router.get("/me/tokens", response=Page[TokenLine])
@read
def list_tokens(request: Asked, cursor: paging.Cursor = None, limit: paging.Limit = paging.USUAL) -> Page[TokenLine]:
    """Your tokens, the newest first, those revoked included."""
    found, after = paging.part(Token.objects.filter(person=me(request)), ("-made_at", "-id"), cursor, limit)
    return {"items": [token_line(token) for token in found], "next": after}


@router.post("/me/tokens", response={201: TokenMade})
@write
def make_token(request: Asked, body: NewToken) -> Reply:
    """A further token that acts in your name. Keep its key: it is shown this once."""
    token, key = actions.make_token(by=actor(request), person=me(request), name=body.name)
    made: TokenMade = {**token_line(token), "key": key}
    return Reply(made, 201, secret="key")  # noqa: S106 - the name of the field


@router.delete("/tokens/{token_id}", response={204: None})
@write
def revoke_token(request: Asked, token_id: AnyId) -> Reply:
    """The token opens nothing any more; its record stays."""
    actions.revoke_token(by=actor(request), token=find(me(request), "token", token_id))
    return Reply(status=204)


@router.get("/people", response=Page[PersonLine])
@read
def list_people(
    request: Asked,
    q: Annotated[str, Query(max_length=100, pattern=CLEAN, description="Words of the name.")] = "",
    role: Annotated[Code | None, Query(description="Code of a role that they hold.")] = None,
    cursor: paging.Cursor = None,
    limit: paging.Limit = paging.USUAL,
) -> Page[PersonLine]:
    """The people of the company, by name."""
    rows = FINDERS["person"](me(request))
    if q.strip():
        rows = rows.filter(name__icontains=q.strip())
    if role is not None:
        rows = rows.filter(pk__in=Post.objects.filter(role=role, until__isnull=True).values("person"))
    found, after = paging.part(rows, ("name", "id"), cursor, limit)
    return {"items": [person_line(person) for person in found], "next": after}


@router.get("/people/{person_id}", response=PersonShown)
@read
def show_person(request: Asked, person_id: AnyId) -> PersonShown:
    """One colleague: unit, posts, and the units that he or she heads."""
    return person_shown(find(me(request), "person", person_id))
