"""People and things by the words that somebody types: a number, a name, an address, a public id."""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches
from functools import wraps
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop as noop

from earshot.cli.root import option
from earshot.desk.finding import FINDERS
from earshot.kit.problems import Line, Refusal, forbidden, missing, say
from earshot.people.models import Person


def uuid(words: str) -> UUID | None:
    try:
        return UUID(words)
    except ValueError:
        return None


def find_person(words: str, among: QuerySet[Person] | None = None) -> Person:
    """The one person whom the words name, by id, e-mail or exact name. Several: refused with each of them, to choose by id."""
    people = (Person.objects.all() if among is None else among).select_related("unit")
    words = words.strip()
    by_id = uuid(words)
    found = list(people.filter(pk=by_id) if by_id else people.filter(Q(email__iexact=words) | Q(name=words)).order_by("name", "pk")[:20])
    if len(found) == 1:
        return found[0]
    if not found:
        near = get_close_matches(words, people.values_list("name", flat=True), n=1)
        hint = say(_("; did you mean “{name}”?"), name=near[0]) if near else ""
        raise Refusal("person.unknown", say(_("Nobody is known as “{words}”{hint}"), words=words, hint=hint), status=404)
    lines = [Line("person.candidate", f"{person.name}, {person.unit or '–'}, {person.title or '–'}: {person.pk}") for person in found]
    raise Refusal("person.ambiguous", say(_("Several people are known as “{words}”. Name one by id:"), words=words), lines=lines)


def acting(*, required: bool = True) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """`--as PERSON`: the command gets `person`, who acts, with his or her standing. Not required: None is the machine's own act."""

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(command)
        def run(*args: Any, as_: str | None, **kwargs: Any) -> Any:
            person = find_person(as_) if as_ else None
            if person is not None and person.left_at is not None:
                raise forbidden("act.person_left", say(_("{name} is no longer with the company."), name=person.name))
            return command(*args, person=person, **kwargs)

        return option(  # type: ignore[no-any-return]  # click decorates anything
            "--as",
            "as_",
            metavar="PERSON",
            required=required,
            envvar="EARSHOT_AS",
            show_envvar=True,
            help=noop("Who acts: id, e-mail or exact name."),
        )(run)

    return decorate


def colleague(person: Person | None, words: str) -> Person:
    """Somebody whom `person` knows of; None: anybody."""
    return find_person(words, FINDERS["person"](person) if person else None)


def find(person: Person, kind: str, words: str) -> Any:
    """The object that the person may see, by public id or business number; otherwise the same refusal as everywhere."""
    seen = FINDERS[kind](person)
    by_id = uuid(words)
    numbered = any(field.name == "number" for field in seen.model._meta.get_fields())
    if by_id:
        found = seen.filter(pk=by_id).first()
    else:
        found = seen.filter(number=words.strip().upper()).first() if numbered else None
    if found is None and by_id is None and kind in ("deal", "account"):
        found = seen.filter(outside_id=words.strip()).first()
    if found is None:
        raise missing()
    return found
