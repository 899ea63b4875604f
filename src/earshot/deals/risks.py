"""Gates that a head opened with something missing: what is still to be made good, by whom, by which day."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, time
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.text import format_lazy

from earshot.clocks.registry import Subject, Subjects
from earshot.clocks.rules import Level, Rung
from earshot.deals import gates, queries, rules
from earshot.deals.decisions import RiskLine
from earshot.deals.models import NOT_WON, Deal
from earshot.deals.next_steps import doers
from earshot.deals.policies import standing
from earshot.deals.rules import Condition
from earshot.kit import now
from earshot.kit.engine.prepared import Prepared
from earshot.kit.ruling import permissive
from earshot.people import absences
from earshot.people.models import Person
from earshot.people.queries import heads_upwards, is_head_at_or_above
from earshot.playbooks.models import Gate

# Whose a line is: of the deal that it was decided on, or of the part of it that it went with.
_STAYED = Q(place__isnull=True)
# What is open counts as long as the deal is neither lost nor given up: a risk on a deal that was won is made good all the same.
OPEN = Q(made_good__isnull=True) & (
    _STAYED & ~Q(decision__deal__closing__outcome__in=NOT_WON) | Q(place__isnull=False) & ~Q(place__deal__closing__outcome__in=NOT_WON)
)


def ON(deals: Any) -> Q:  # noqa: N802 - a condition, like those above
    """Lines that these deals owe now: ids, or a query of them."""
    return _STAYED & Q(decision__deal__in=deals) | Q(place__deal__in=deals)


def SEEN(person: Person) -> Q:  # noqa: N802 - a condition, like those above
    return _STAYED & queries.seen(person, "decision__deal", "decision__deal__unit") | queries.seen(
        person, "place__deal", "place__deal__unit"
    )


def OWED_BY(person: Person) -> Q:  # noqa: N802 - a condition, like those above
    return Q(heir__isnull=True, who=person) | Q(heir__person=person)


_LINES = Prepared(
    lambda deal: (
        RiskLine.objects.filter(ON([deal]))
        .select_related("decision__gate", "decision__person", "decision__stands_for", "who", "heir__person", "made_good__person", "place")
        .order_by("-decision__at", "-decision_id", "position")
    )
)


def lines_of(deal_id: UUID) -> list[RiskLine]:
    """Every line of every risk decision on the deal, the last decision first, in one statement."""
    found: list[RiskLine] = _LINES.objects(deal_id)
    return found


def is_open(line: RiskLine) -> bool:
    return getattr(line, "made_good", None) is None


def owing(line: RiskLine) -> Person:
    """Who makes the line good now: whoever the head named, or to whom that was handed."""
    heir = getattr(line, "heir", None)
    return heir.person if heir is not None else line.who


def deal_of(line: RiskLine) -> Deal:
    place = getattr(line, "place", None)
    deal: Deal = line.decision.deal if place is None else place.deal
    return deal


def owed_on(line: RiskLine) -> UUID:
    """The deal that owes the line now."""
    place = getattr(line, "place", None)
    return line.decision.deal_id if place is None else place.deal_id


def open_lines(deal_id: UUID) -> QuerySet[RiskLine]:
    """What is still to be made good on the deal, in the order in which it was listed."""
    rows = RiskLine.objects.filter(OPEN, ON([deal_id]))
    return rows.select_related("decision__gate", "who", "heir__person", "place").order_by("decision__at", "decision_id", "position")


def open_counts(deal_ids: Collection[UUID]) -> dict[UUID, int]:
    """Deal → how many lines are still to be made good, where there are any; one statement for all of them."""
    if not deal_ids:
        return {}
    rows = RiskLine.objects.filter(OPEN, ON(deal_ids)).order_by()
    return dict(rows.annotate(on=Coalesce("place__deal", "decision__deal")).values_list("on").annotate(n=Count("pk")))


@permissive("nothing is owed", lambda person: [])
def owed_by(person: Person) -> list[RiskLine]:
    """What the person is to make good, the soonest first; of deals that he or she sees."""
    mine = RiskLine.objects.filter(OPEN, OWED_BY(person), SEEN(person))
    return list(mine.select_related("decision__deal", "place__deal").order_by("due", "pk"))


def held_by(person: Person) -> list[RiskLine]:
    """What the person is to make good, whether he or she sees the deal or not: for whoever hands it over."""
    return list(RiskLine.objects.filter(OPEN, OWED_BY(person)).select_related("decision__deal", "place__deal").order_by("due", "pk"))


def can_make_good(deal: Deal) -> list[Person]:
    """Who can be named to make good what is missing: the deal's owner, who sits on its team, and the heads of its unit and above."""
    people = [*doers(deal), *heads_upwards([deal.unit_id]).get(deal.unit_id, [])]
    return list(dict.fromkeys(people))


def listed(missing: Iterable[Condition]) -> dict[str, list[Condition]]:
    """Key → what is missing under it: several people who lack the same, in the same role, are one line."""
    found: dict[str, list[Condition]] = {}
    for one in missing:
        found.setdefault(one.key, []).append(one)
    return found


def sentence_of(conditions: Sequence[Condition]) -> Any:
    """What a line says is missing."""
    sentences = [one.line.sentence for one in conditions]
    return sentences[0] if len(sentences) == 1 else format_lazy("{}" + "; {}" * (len(sentences) - 1), *sentences)


@permissive("everybody decides at risk", lambda person, deal: True)
def may_decide(person: Person, deal: Deal) -> bool:
    """Whether the person may open a gate of the deal with something missing: a head of its unit or one above, and not its owner; or the
    deputy of such a head, who is away."""
    return deal.owner_id != person.pk and (is_head_at_or_above(person, deal.unit) or in_whose_place(person, deal) is not None)


def in_whose_place(person: Person, deal: Deal) -> Person | None:
    """For which head the person would decide: None where as one him- or herself, or not at all."""
    if is_head_at_or_above(person, deal.unit):
        return None
    heads = [head for head in absences.represented_by(person) if head.pk != deal.owner_id and is_head_at_or_above(head, deal.unit)]
    return heads[0] if heads else None


@permissive("sales alone may decide", lambda person, deal, gate: False)
def sales_alone(person: Person, deal: Deal, gate: Gate) -> bool:
    """Whether with this decision only people of the sales side would have decided (B12.4a): the head is of it, or who decides in the
    head's place, and nobody of another side has approved."""
    head = in_whose_place(person, deal)
    sells = bool(queries.sales_side(deal, [person] if head is None else [person, head]))
    counted = gates.count(deal, gate, standing(deal))
    return rules.sales_alone([rules.Ballot("", True, True, sells, person), *counted.ballots])


def level(due: datetime) -> Level:
    """A limit that ends with the day by which a line is made good; then the head of the deal's unit hears of it."""
    minutes = max(1, int((due - now()).total_seconds() // 60))
    return Level("risk-decision", "clock", minutes, [Rung("head", "unit_head", share=100)])


def end_of(line: RiskLine) -> datetime:
    """The moment at which the line's day is over for the company."""
    return timezone.make_aware(datetime.combine(line.due, time.max))


_PARTS = (
    "decision__deal__owner",
    "decision__deal__unit",
    "decision__person",
    "who",
    "heir__person",
    "place__deal__owner",
    "place__deal__unit",
)
_SUBJECTS = Prepared(lambda ids: RiskLine.objects.filter(pk__in=ids).select_related(*_PARTS))


def subjects(ids: Iterable[UUID]) -> Subjects:
    """What the clocks of these lines are about: the deal, and who is to make the line good."""
    found = {}
    for line in _SUBJECTS.objects(list(ids)):
        deal = deal_of(line)
        found[line.pk] = Subject(
            deal,
            (deal,),
            owing(line),
            deal.unit,
            {"deal": deal, "risk": line, "owing": owing(line)},
            team=deal.team_id,
            owner=deal.owner,
            led_by=deal.unit,
            sender=line.decision.person,
        )
    return found
