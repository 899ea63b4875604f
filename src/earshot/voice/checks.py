"""What this room tells a gate: who has not heard what (law 2), and which voter has not heard what is critical (law 3)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from earshot.deals.models import Deal
from earshot.deals.policies import standing
from earshot.deals.rules import Condition
from earshot.journal.kinds import ref
from earshot.kit.problems import Line, say
from earshot.kit.ruling import permissive
from earshot.people.models import Person
from earshot.playbooks import book
from earshot.voice import queries, rules
from earshot.voice.models import Hearing
from earshot.voice.policies import HEARD_BEFORE_GATE

NOT_FILED = _("{person} has not heard {item}, which is not yet filed; it counts as critical until somebody says what it is about")


def everyone_has_heard(deal: Deal) -> list[Condition]:
    """One condition for each duty to hear an item of the deal."""
    ears = queries.ears_of_deal(deal)
    heard = queries.heard_pairs({ear.item_id for ear in ears})
    open_ears = {(ear.item, ear.person) for ear in rules.unheard([rules.EarNow(e.item_id, e.person_id) for e in ears], heard)}
    # The rows themselves, so that each sentence names the role in the language in which it is read.
    roles = book.in_force().process.roles
    warns = standing(deal).warns(HEARD_BEFORE_GATE)
    conditions = []
    for ear in ears:
        met = (ear.item_id, ear.person_id) not in open_ears
        who = ear.person.name if ear.person else _("operations: nobody holds this role")
        if met:
            sentence = say(_("{person} ({role}) has heard {item}"), person=who, role=roles.get(ear.role, ear.role), item=ear.item)
        elif ear.person is None:
            sentence = say(_("Nobody holds the role {role}, which must hear {item}"), role=roles.get(ear.role, ear.role), item=ear.item)
        else:
            sentence = say(_("{person} ({role}) has not heard {item}"), person=who, role=roles.get(ear.role, ear.role), item=ear.item)
        code = "voice.heard" if met else "voice.not_heard"
        line = Line(code, sentence, about=ref(ear.item), who=who, act="take_note", target=ref(ear.item))
        conditions.append(Condition(met, line, warns, part=f"hears:{ear.role}", lasts=True))
    return conditions


@permissive("everybody has heard", lambda deal, people: {person: [] for person in people})
def voters_have_heard(deal: Deal, people: Sequence[Person]) -> dict[Person, list[Line]]:
    """Law 3: person → a line for each critical item of the deal that he or she has not heard."""
    critical = {item.pk: item for item in queries.critical_now(deal)}
    unfiled = queries.unfiled(critical)
    heard = queries.heard_pairs(critical)
    unheard = rules.critical_unheard(critical, [person.pk for person in people], heard)
    return {
        person: [
            Line(
                "vote.unfiled_unheard" if pk in unfiled else "vote.critical_unheard",
                say(NOT_FILED if pk in unfiled else _("{person} has not heard {item}"), person=person.name, item=critical[pk]),
                about=ref(critical[pk]),
                who=person.name,
                act="take_note",
                target=ref(critical[pk]),
            )
            for pk in unheard[person.pk]
        ]
        for person in people
    }


def heard_by(deal: Deal, people: Collection[UUID]) -> dict[UUID, list[tuple[UUID, str, datetime]]]:
    """Of each of these people, the critical items of the deal that he or she has heard: how, and when; in the order of hearing."""
    critical = [item.pk for item in queries.critical_now(deal)]
    found: dict[UUID, list[tuple[UUID, str, datetime]]] = {}
    rows = Hearing.objects.filter(person__in=list(people), item__in=critical).order_by("at", "pk") if critical else Hearing.objects.none()
    for row in rows:
        found.setdefault(row.person_id, []).append((row.item_id, row.how, row.at))
    return found
