"""Saved views of the pipeline."""

from __future__ import annotations

from typing import Annotated

from ninja import Router
from pydantic import Field, StringConstraints
from typing_extensions import TypedDict

from earshot.api.answers import Reply, read, shows_version, version, versioned, write
from earshot.api.auth import Asked, actor, me
from earshot.api.fields import CLEAN, AnyId, Body, Id, Moment, Named, NewId, moment, moment_or_none, named
from earshot.desk import saved
from earshot.desk.finding import find
from earshot.desk.models import SavedView

router = Router()
Name = Annotated[str, StringConstraints(min_length=1, max_length=saved.NAME, pattern=CLEAN)]
Asks = dict[
    Annotated[str, StringConstraints(max_length=20, pattern=CLEAN)], Annotated[str, StringConstraints(max_length=200, pattern=CLEAN)]
]


class ViewShown(TypedDict):
    """`asked`: what it asks of the pipeline, by the names that `GET /deals` takes. `shared_at` null: its owner's alone. `version`: to be
    named in `If-Match` by whoever changes it."""

    id: Id
    name: str
    owner: Named
    asked: dict[str, str]
    made_at: Moment
    shared_at: Moment | None
    version: int


class Views(TypedDict):
    items: list[ViewShown]


class NewView(Body):
    id: NewId | None = None
    name: Name
    asked: Annotated[Asks, Field(description="As `GET /deals` takes it, with `sort`.")]
    shared: bool = False


class ViewChange(Body):
    """What is left out, or null, stays as it is."""

    name: Name | None = None
    asked: Asks | None = None
    shared: bool | None = None


def view_shown(view: SavedView) -> ViewShown:
    return {
        "id": str(view.pk),
        "name": view.name,
        "owner": named(view.owner),
        "asked": view.asked,
        "made_at": moment(view.made_at),
        "shared_at": moment_or_none(view.shared_at),
        "version": view.version,
    }


@router.get("/views", response=Views)
@read
def list_views(request: Asked) -> Views:
    """Your own, by name; another's is opened by its id, when its owner shares it."""
    return {"items": [view_shown(view) for view in saved.of(me(request)).select_related("owner")]}


@router.post("/views", response={201: ViewShown})
@shows_version
@write
def save_view(request: Asked, body: NewView) -> Reply:
    """Keep what is asked of the pipeline under a name."""
    view = saved.save_view(by=actor(request), name=body.name, asked=body.asked, shared=body.shared, id=body.id)
    return Reply(view_shown(view), 201, version=view.version)


@router.get("/views/{view_id}", response=ViewShown)
@shows_version
@read
def show_view(request: Asked, view_id: AnyId) -> Reply:
    """One view: yours, or one that its owner shares. What it asks, you ask with your own standing."""
    view = find(me(request), "view", view_id)
    return Reply(view_shown(view), version=view.version)


@router.patch("/views/{view_id}", response=ViewShown)
@shows_version
@versioned
@write
def change_view(request: Asked, view_id: AnyId, body: ViewChange) -> Reply:
    """Rename your view, keep something else under its name, share it or share it no more."""
    view = saved.change_view(
        by=actor(request),
        view=find(me(request), "view", view_id),
        version=version(request),
        name=body.name,
        asked=body.asked,
        shared=body.shared,
    )
    return Reply(view_shown(view), version=view.version)


@router.post("/views/{view_id}/endings", response={204: None})
@write
def end_view(request: Asked, view_id: AnyId) -> Reply:
    """Delete your view; by its link nobody opens it any more."""
    saved.end_view(by=actor(request), view=find(me(request), "view", view_id))
    return Reply(status=204)
