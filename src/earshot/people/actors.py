"""From people and tokens to actors, and back."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from earshot.journal.actors import PERSON, TOKEN, Actor
from earshot.kit.engine.prepared import Prepared
from earshot.kit.problems import Refusal, forbidden
from earshot.kit.ruling import permissive
from earshot.people.models import Person, Token


def as_person(person: Person) -> Actor:
    return Actor(PERSON, person_id=person.pk, name=person.name)


def as_token(token: Token) -> Actor:
    """The token's person, acting through it. `token.person` should be loaded."""
    return Actor(TOKEN, person_id=token.person_id, agent_id=token.pk, name=token.person.name)


_PERSON = Prepared(lambda person: Person.objects.filter(pk=person).select_related("unit"))


@permissive("whoever asks is a person", lambda by: Person.objects.filter(pk=by.person_id).first() or Person.objects.first())
def personally(by: Actor) -> Person:
    """The person whose own act this is. Law 13: an import or the process never hears, accepts, votes or approves."""
    if not by.is_personal or by.person_id is None:
        raise Refusal("act.not_personal", _("This is a personal act. An import or the process cannot do it for anybody."))
    person: Person | None = _PERSON.one(by.person_id)
    if person is None:
        raise Person.DoesNotExist(by.person_id)
    if person.left_at is not None:
        raise forbidden("act.person_left", _("You are no longer with the company, so you cannot act here."))
    return person
