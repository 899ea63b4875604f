"""Saved views of the pipeline: list, look through, save, change, delete."""

from __future__ import annotations

import click
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

from earshot.cli.deals import MOST, narrowing, tell_deals, tell_sums
from earshot.cli.root import Group, option
from earshot.cli.who import acting, uuid
from earshot.cli.words import moment, rows
from earshot.desk import pipeline, saved
from earshot.desk.finding import find
from earshot.desk.models import SavedView
from earshot.kit.problems import missing
from earshot.people.actors import as_person
from earshot.people.models import Person


@click.group(cls=Group, help=noop("What you ask of the pipeline again and again, kept under names."))
def views() -> None:
    pass


def _view(person: Person, words: str) -> SavedView:
    """One's own by its name, or any that the person may open by its id."""
    if by_id := uuid(words):
        view: SavedView = find(person, "view", by_id)
        return view
    found = saved.of(person).filter(name=words).first()
    if found is None:
        raise missing()
    return found


def _tell(view: SavedView) -> list[object]:
    asked = " ".join(f"{name}={value}" for name, value in view.asked.items())
    return [view.name, _("shared since {at}").format(at=moment(view.shared_at)) if view.shared_at else _("your own alone"), view.pk, asked]


@views.command("list", help=noop("Your saved views, by name, each with its id: by that, others open one that you share."))
@acting()
def list_(person: Person) -> None:
    rows(_tell(one) for one in saved.of(person))


@views.command("open", help=noop("The deals that VIEW asks for and you may see: a view of yours by name, or one that is shared by id."))
@click.argument("view", metavar="VIEW")
@MOST
@acting()
def open_(view: str, most: int, person: Person) -> None:
    tell_deals(person, pipeline.read(_view(person, view).asked), most)


@views.command("sums", help=noop("The same deals counted and summed by stage."))
@click.argument("view", metavar="VIEW")
@acting()
def sums(view: str, person: Person) -> None:
    tell_sums(person, pipeline.read(_view(person, view).asked))


@views.command("save", help=noop("Keep what is asked under NAME."))
@click.argument("name", metavar="NAME")
@narrowing
@option("--shared", is_flag=True, help=noop("Whoever has its id or its link opens it; each sees only what is his or hers to see."))
@acting()
def save(name: str, wanted: pipeline.Wanted, shared: bool, person: Person) -> None:
    rows([_tell(saved.save_view(by=as_person(person), name=name, asked=wanted.query(), shared=shared))])


@views.command("change", help=noop("Rename VIEW, share it or share it no more."))
@click.argument("view", metavar="VIEW")
@option("--name", help=noop("Its new name."))
@option("--shared/--private", default=None, help=noop("Share it, or share it no more."))
@option("--version", type=int, help=noop("The version that you looked at; otherwise the present one."))
@acting()
def change(view: str, name: str | None, shared: bool | None, version: int | None, person: Person) -> None:
    found = _view(person, view)
    seen = found.version if version is None else version
    rows([_tell(saved.change_view(by=as_person(person), view=found, version=seen, name=name, shared=shared))])


@views.command("end", help=noop("Delete VIEW: nobody opens it any more."))
@click.argument("view", metavar="VIEW")
@acting()
def end(view: str, person: Person) -> None:
    found = _view(person, view)
    saved.end_view(by=as_person(person), view=found)
    click.echo(_("The view “{name}” is deleted.").format(name=found.name))
