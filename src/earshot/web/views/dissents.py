"""Who of a team is silent or against, as a block of the gate's page and of the deal's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.http import QueryDict
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from earshot.clocks.queries import readings
from earshot.deals import dissents, gates
from earshot.deals.actions import settle_dissent
from earshot.deals.dissent_tables import GOES_ON, MOVED, STANDS, TAKEN_BACK, Dissent
from earshot.deals.models import Deal
from earshot.journal.actors import Actor
from earshot.kit.problems import Refusal, say
from earshot.people.models import Person
from earshot.playbooks.models import Gate
from earshot.web.page import one_id, version

OUTCOMES = {
    GOES_ON: _("settled: it goes on"),
    STANDS: _("settled: it stands"),
    TAKEN_BACK: pgettext_lazy("a dissent", "taken back"),
    MOVED: _("no longer asked: the deal stands elsewhere"),
}

CHOICES = [
    ("yes", _("The deal goes on all the same")),
    ("no", _("It stands: the gate stays shut until the vote is another")),
]


def settled(by: Actor, deal: Deal, posted: QueryDict) -> Any:
    """The form that settles what somebody is against, on whichever page it was sent: what came of it, in words."""
    row = dissents.of_id(deal, one_id(posted.get("dissent", "")))
    if posted.get("goes_on") not in ("yes", "no"):
        raise Refusal("dissent.not_chosen", _("That cannot be done as it stands."), fields={"goes_on": _("Choose one of the two.")})
    goes_on, seen = posted["goes_on"] == "yes", version(posted.get("version", ""))
    settle_dissent(by=by, deal=deal, dissent=row, goes_on=goes_on, words=posted.get("words", ""), version=seen)
    fresh = Deal.objects.select_related("stage", "closing").get(pk=deal.pk)
    if fresh.version == deal.version:
        return _("It is settled.")
    if hasattr(fresh, "closing"):
        return _("It is settled, and the deal is won.")
    return say(_("It is settled, and the gate is open; now in the stage “{stage}”."), stage=fresh.stage)


def block(person: Person, deal: Deal, gate: Gate | None) -> dict[str, Any]:
    """Roles that are asked to vote, until when, and those that were silent; who is against, who settles that, and what was settled."""
    if gate is None:
        return {"voices_asked": [], "dissents_open": [], "dissents_before": []}
    found = dissents.of_deal(deal)
    clocks = readings([one.pk for one in (*found.asked, *found.open)]) if found.asked or found.open else {}
    return {
        "voices_asked": [
            {"role": one.role, "since": one.at, "due": clocks[one.pk].due_at if one.pk in clocks else None, "silent": one.silent_at}
            for one in found.asked
        ],
        "dissents_open": [_open(person, deal, one) | {"due": clocks[one.pk].due_at if one.pk in clocks else None} for one in found.open],
        "dissents_before": before([one for one in found.dissents if one.ended_at is not None]),
    }


def settles(person: Person, deal: Deal, review: gates.Review | None) -> set[UUID]:
    """What of the review the person is to settle. No statement where nobody is against."""
    ids = [one.line.target.id for one in (review.conditions if review else []) if one.line.act == "settle" and one.line.target is not None]
    rows = Dissent.objects.filter(pk__in=ids).select_related("vote__person", "vote__stands_for") if ids else []
    return {row.pk for row in rows if dissents.may_settle(person, deal, row)[0]}


def _open(person: Person, deal: Deal, row: Dissent) -> dict[str, Any]:
    whom, instead = dissents.asked_of(deal, row)
    return {
        "id": str(row.pk),
        "name": row.vote.person.name,
        "role": row.role,
        "reason": row.vote.reason,
        "since": row.at,
        "asked": whom.name if whom is not None else "",
        "instead_of": instead.name if instead is not None else "",
        "mine": dissents.may_settle(person, deal, row)[0],
        "hidden": {"act": "settle", "dissent": str(row.pk)},
    }


def before(rows: Sequence[Dissent]) -> list[dict[str, Any]]:
    """What was said against, and what became of it, the last first."""
    return [
        {
            "name": row.vote.person.name,
            "role": row.role,
            "reason": row.vote.reason,
            "outcome": OUTCOMES[row.outcome],
            "by": row.settled_by.name if row.settled_by is not None else "",
            "instead_of": row.stands_for.name if row.stands_for is not None else "",
            "words": row.words,
            "at": row.ended_at,
            "lapsed": row.lapsed_at,
        }
        for row in reversed(rows)
    ]
