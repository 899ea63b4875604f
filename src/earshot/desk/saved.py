"""Saved views of the pipeline: kept under a name by whoever made them, and shared by their link. A view holds what is asked, never what
was found: each reader sees what he or she has standing in (law 13)."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from earshot.desk import pipeline
from earshot.desk.models import SavedView
from earshot.journal.actions import record, verb
from earshot.journal.actors import Actor
from earshot.journal.kinds import ref
from earshot.journal.repeats import earlier
from earshot.kit import now, uuid7
from earshot.kit.engine import locks
from earshot.kit.problems import Refusal, Together, forbidden, say, stale, wrong
from earshot.kit.ruling import permissive
from earshot.kit.texts import text
from earshot.people.actors import personally
from earshot.people.models import Person

NAME, MOST = 100, 100


@permissive("everybody sees every view", lambda person: SavedView.objects.filter(ended_at__isnull=True))
def visible_to(person: Person) -> QuerySet[SavedView]:
    """One's own, and those that their owners share; none that has been deleted."""
    return SavedView.objects.filter(Q(owner=person.pk) | Q(shared_at__isnull=False), ended_at__isnull=True)


def of(person: Person) -> QuerySet[SavedView]:
    """One's own, by name."""
    return SavedView.objects.filter(owner=person.pk, ended_at__isnull=True).order_by("name", "pk")


@verb
def save_view(*, by: Actor, name: str, asked: Mapping[str, str], shared: bool = False, id: UUID | None = None) -> SavedView:
    """Keep what is asked of the pipeline under a name of one's own. The same `id` again gives the first one back."""
    person = personally(by)
    if known := earlier(SavedView, id, lambda view: view.owner_id == person.pk):
        return known
    each = Together()
    name = each(text, "name", name, most=NAME)
    kept = each(_asked, asked)
    each.refuse()
    locks.lock(Person.objects.filter(pk=person.pk))
    _new_name(person, name)
    if of(person).count() >= MOST:
        raise Refusal("view.too_many", say(_("You have {n} saved views. Delete one before you save another."), n=MOST), status=409)
    at = now()
    view = SavedView.objects.create(id=id or uuid7(), owner=person, name=name, asked=kept, made_at=at, shared_at=at if shared else None)
    record("desk.view_saved", by=by, objects={"view": view}, scopes=[person], data={"asked": kept, "shared": shared})
    return view


@verb
def change_view(
    *,
    by: Actor,
    view: SavedView,
    version: int,
    name: str | None = None,
    asked: Mapping[str, str] | None = None,
    shared: bool | None = None,
) -> SavedView:
    """Rename one's own view, keep something else under its name, share it or share it no more. None: left as it is."""
    view = _own(by, view, version)
    changes: dict[str, str] = {}
    each = Together()
    called = view.name if name is None else each(text, "name", name, most=NAME)
    kept = view.asked if asked is None else each(_asked, asked)
    each.refuse()
    if called != view.name:
        _new_name(view.owner, called)
        changes["name"], view.name = f"{view.name} → {called}", called
    if kept != view.asked:
        changes["asked"], view.asked = _in_short(kept), kept
    if shared is not None and shared != (view.shared_at is not None):
        view.shared_at = now() if shared else None
        changes["shared"] = "yes" if shared else "no"
    if not changes:
        return view
    view.version += 1
    view.save(update_fields=["name", "asked", "shared_at", "version"])
    record(
        "desk.view_changed", by=by, objects={"view": view}, scopes=[view.owner], data={"changes": "; ".join(changes.values()), **changes}
    )
    return view


@verb
def end_view(*, by: Actor, view: SavedView) -> None:
    """Delete one's own view: nobody opens it any more, by its link neither."""
    view = _own(by, view, None)
    view.ended_at = now()
    view.save(update_fields=["ended_at"])
    record("desk.view_ended", by=by, objects={"view": view}, scopes=[view.owner])


def shared_by(person: Person) -> QuerySet[SavedView]:
    """Those that others open by their link."""
    return of(person).filter(shared_at__isnull=False)


def hand_view(by: Actor, view: SavedView, to: Person) -> None:
    """Another one keeps a shared view, so that its link goes on; inside a verb that has judged who may hand over. Where that one has a
    view of the name, the former owner's name stands beside it."""
    locks.lock(Person.objects.filter(pk=to.pk))
    former = view.owner
    name, n = view.name, 1
    taken = set(of(to).values_list("name", flat=True))
    while name in taken:
        suffix = f" ({former.name})" if n == 1 else f" ({former.name} {n})"
        name, n = f"{view.name[: NAME - len(suffix)]}{suffix}", n + 1
    view.owner, view.name, view.version = to, name, view.version + 1
    view.save(update_fields=["owner", "name", "version"])
    record("desk.view_handed", by=by, objects={"view": view, "owner": to, "former": former}, scopes=[to, former])


def _own(by: Actor, view: SavedView, version: int | None) -> SavedView:
    """The view as it stands now, locked."""
    person = personally(by)
    locks.lock(SavedView.objects.filter(pk=view.pk))
    view = SavedView.objects.select_related("owner").get(pk=view.pk)
    if view.owner_id != person.pk:
        raise forbidden("view.not_yours", _("This view is somebody else's. Save it under a name of your own to change it."), ref(view))
    if view.ended_at is not None:
        raise Refusal("view.ended", _("This view has been deleted."), about=ref(view), status=409)
    if version is not None and version != view.version:
        raise stale(_("You changed this view elsewhere after you opened it here. Look at it and try again."), [], ref(view))
    return view


def _asked(asked: Mapping[str, str]) -> dict[str, str]:
    unknown = sorted(set(asked) - set(pipeline.NAMES))
    if unknown:
        raise wrong("asked", say(_("The pipeline knows no filter “{name}”."), name=unknown[0][:60]))
    return pipeline.read(asked).query()


def _in_short(asked: Mapping[str, str]) -> str:
    return ", ".join(f"{name}={value}" for name, value in asked.items())


def _new_name(person: Person, name: str) -> None:
    if of(person).filter(name=name).exists():
        raise wrong("name", say(_("You have a view “{name}” already."), name=name))
