"""Calls: what the process asks of a unit."""

from __future__ import annotations

from typing import TextIO

import click
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

from earshot.calls import queries
from earshot.calls.actions import deliver_result, pause_call, resume_call, take_call
from earshot.cli.root import Group, option
from earshot.cli.who import acting, find
from earshot.cli.words import moment, rows
from earshot.people.actors import as_person
from earshot.people.models import Person


@click.group(cls=Group, help=noop("What the process calls for."))
def calls() -> None:
    pass


@calls.command("list", help=noop("The calls that you are to do."))
@acting()
def list_(person: Person) -> None:
    rows(
        [
            read.call.number,
            read.state,
            moment(read.clock.due_at if read.clock else None),
            read.call.unit.name,
            f"{read.support} · {read.call.deal}",
        ]
        for read in queries.read(queries.waiting_for(person))
    )


@calls.command(help=noop("Say that you do it."))
@click.argument("call", metavar="CALL")
@acting()
def take(call: str, person: Person) -> None:
    found = find(person, "call", call)
    take_call(by=as_person(person), call=found)
    click.echo(_("{name} has taken {call}.").format(name=person.name, call=found))


@calls.command(help=noop("Deliver the result that the catalogue asks for."))
@click.argument("call", metavar="CALL")
@option("--result", default="", help=noop("The result in words."))
@option("--file", "file", type=click.File(encoding="utf-8"), help=noop("A file that holds the result; - reads it from the terminal."))
@acting()
def deliver(call: str, result: str, file: TextIO | None, person: Person) -> None:
    found = find(person, "call", call)
    deliver_result(by=as_person(person), call=found, result=file.read() if file else result)
    click.echo(_("{name} has delivered a result for {call}.").format(name=person.name, call=found))


@calls.command(help=noop("Let the time of a call stand still (a head of the deal's unit)."))
@click.argument("call", metavar="CALL")
@option("--reason", required=True, help=noop("What it waits for."))
@acting()
def pause(call: str, reason: str, person: Person) -> None:
    found = find(person, "call", call)
    pause_call(by=as_person(person), call=found, reason=reason)
    click.echo(_("The time of {call} stands still.").format(call=found))


@calls.command(help=noop("Let the time of a call run on (a head of the deal's unit)."))
@click.argument("call", metavar="CALL")
@acting()
def resume(call: str, person: Person) -> None:
    found = find(person, "call", call)
    clock = resume_call(by=as_person(person), call=found)
    click.echo(_("The time of {call} runs on; due {due}.").format(call=found, due=moment(clock.due_at)))
