"""Deals that were one before they were split: linked, and judged together as long as they are open."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from earshot.deals import rules
from earshot.deals.models import Deal, GateNotAsked, GatePass
from earshot.deals.queries import still_open, visible_to, with_names
from earshot.deals.rules import Condition, together
from earshot.deals.split_tables import Join, PassedBefore, Split, Whole
from earshot.journal.kinds import ref
from earshot.kit.engine import locks, written
from earshot.kit.engine.prepared import Prepared
from earshot.kit.problems import Line, say
from earshot.kit.reading import once
from earshot.kit.ruling import permissive
from earshot.people.models import Person
from earshot.people.standing import reach_of
from earshot.playbooks.models import Gate
from earshot.teams.queries import sitting_on


@permissive("each part is judged by itself", lambda deal: deal.amount)
def judged_amount(deal: Deal) -> Decimal | None:
    """By which amount the deal is judged: of all open parts of what was one deal, or nobody could cut a deal to fit below a size or inside
    a mandate. No statement for a deal that was never split."""
    if deal.whole_id is None or hasattr(deal, "closing"):
        return deal.amount
    return deal.whole.amount if deal.whole is not None else None


def recount(deal: Deal) -> None:
    """The deal's amount changed, or it was closed: what it was one of is counted anew, also against somebody who does the same to another
    part in this second. Nothing for a deal that was never split."""
    if deal.whole_id is None:
        return
    locks.lock(Whole.objects.filter(pk=deal.whole_id))
    amounts = Deal.objects.filter(whole=deal.whole_id, is_open=True).values_list("amount", flat=True)
    whole = Whole(pk=deal.whole_id, amount=together(list(amounts)))
    written.update(whole, "amount")
    deal.whole = whole


_OTHERS = Prepared(lambda whole: Deal.objects.filter(whole=whole, is_open=True).order_by("opened_at", "pk"))


def open_parts(deal: Deal) -> list[Deal]:
    """The open parts of what was one deal, this one among them; none for a deal that was never split."""
    return [] if deal.whole_id is None else _OTHERS.objects(deal.whole_id)


def judged_with(deal: Deal) -> list[Deal]:
    """The other open parts that count in what the deal is judged by; none for one that is closed."""
    return [] if hasattr(deal, "closing") else [one for one in open_parts(deal) if one.pk != deal.pk]


def lines(deal: Deal) -> list[Condition]:
    """What a gate's review says of it: by which amount the deal is judged, and with which others."""
    others = judged_with(deal)
    if not others:
        return []
    numbers = ", ".join(one.number for one in others)
    whole = judged_amount(deal)
    if whole is None:
        sentence = say(_("Judged together with {numbers}, which it was one deal with; not each of them states an amount."), numbers=numbers)
    else:
        total = f"{whole:,.2f} {deal.currency}"
        sentence = say(_("Judged by {total} together with {numbers}, which it was one deal with."), total=total, numbers=numbers)
    return [Condition(True, Line("deal.judged_together", sentence, about=ref(deal), target=ref(deal)), part="together")]


def passed_codes(deal: Deal) -> set[str]:
    """The codes of the gates that the deal has passed, or had passed before it was split. Of those before another was joined to it, only
    what that one had passed, too."""
    own = Q(visit__deal=deal)
    if deal.whole_id is None:
        return set(GatePass.objects.filter(own).values_list("gate__code", flat=True))
    own |= Q(pk__in=PassedBefore.objects.filter(deal=deal, passed__isnull=False).values("passed"))
    joined = joined_to(deal)
    rows = GatePass.objects.filter(own).values_list("gate__code", "at")
    return rules.passed_by_both(list(rows), [(row.at, passed_codes(row.gone)) for row in joined])


def not_asked_codes(deal: Deal, codes: list[str]) -> set[str]:
    """Those of the gates that were none for the deal when it left their stage, itself or as part of what it was; or for another that was
    joined to it."""
    own = Q(visit__deal=deal)
    if deal.whole_id is None:
        return set(GateNotAsked.objects.filter(own, gate__code__in=codes).values_list("gate__code", flat=True))
    own |= Q(pk__in=PassedBefore.objects.filter(deal=deal, not_asked__isnull=False).values("not_asked"))
    found = set(GateNotAsked.objects.filter(own, gate__code__in=codes).values_list("gate__code", flat=True))
    return found.union(*(not_asked_codes(row.gone, codes) for row in joined_to(deal)))


def joined_to(deal: Deal) -> list[Join]:
    """What was joined to the deal, in order; no statement for one that was never split and nothing was joined to."""
    if deal.whole_id is None:
        return []
    return list(Join.objects.filter(into=deal).select_related("gone__unit", "gone__closing", "person").order_by("at", "pk"))


_PASSED_BEFORE = Prepared(
    lambda deal: (
        PassedBefore.objects.filter(deal=deal)
        .select_related("gate", "passed__visit__deal", "passed__risk", "not_asked__visit__deal")
        .order_by("gate__code")
    )
)


def passed_before(deal: Deal) -> list[PassedBefore]:
    """The gates that stand for the deal as they stood when it was taken out of another."""
    return [] if deal.whole_id is None else _PASSED_BEFORE.objects(deal.pk)


@permissive("what was passed before the split counts for nobody", lambda deal: [])
def to_carry(deal: Deal) -> list[tuple[Gate, GatePass | None, GateNotAsked | None]]:
    """What a part of the deal begins with: each gate that the deal has passed, or that was not asked of it, by its last record."""
    found: dict[UUID, tuple[Gate, GatePass | None, GateNotAsked | None]] = {}
    for row in passed_before(deal):
        found[row.gate_id] = (row.gate, row.passed, row.not_asked)
    joined = joined_to(deal)
    there = [deal.pk, *(row.gone_id for row in joined)]
    for skipped in GateNotAsked.objects.filter(visit__deal__in=there).select_related("gate").order_by("at", "pk"):
        if skipped.gate_id not in found or found[skipped.gate_id][1] is None:
            found[skipped.gate_id] = (skipped.gate, None, skipped)
    for one in GatePass.objects.filter(visit__deal=deal).select_related("gate").order_by("at", "pk"):
        found[one.gate_id] = (one.gate, one, None)
    counts = passed_codes(deal) if joined else None
    return [row for row in found.values() if row[1] is None or counts is None or row[0].code in counts]


@dataclass(frozen=True)
class Link:
    """A deal with which this one was one: what it was taken out of, or what was taken out of it. `split`: when, by whom, with which
    amounts. `deal` None: the reader may not see it."""

    split: Split
    number: str
    unit: str
    deal: Deal | None


@dataclass(frozen=True)
class Joined:
    """The same of a deal that was joined to this one, or to which this one was."""

    join: Join
    number: str
    unit: str
    deal: Deal | None


@dataclass(frozen=True)
class Family:
    """`first`: what the deal was taken out of; `parts`: what was taken out of it, in order; `joined`: what was joined to it; `into`: what
    it was joined to itself."""

    first: Link | None = None
    parts: tuple[Link, ...] = ()
    joined: tuple[Joined, ...] = ()
    into: Joined | None = None


def first_numbers(parts: Collection[UUID]) -> dict[UUID, str]:
    """Part → the number of the deal that it was taken out of; one statement, none for no deals."""
    if not parts:
        return {}
    return dict(Split.objects.filter(part__in=parts).values_list("part_id", "first__number"))


_SPLITS = Prepared(
    lambda deal: (
        Split.objects.filter(Q(first=deal) | Q(part=deal))
        .select_related("first__unit", "first__closing", "part__unit", "part__closing", "person")
        .order_by("at", "pk")
    )
)


MOST = 50  # deals offered to be joined


def joinable(person: Person, deal: Deal) -> list[Deal]:
    """Open deals that could be joined to this one and that the person works on, the newest first, fifty at most."""
    if deal.account_id is None:
        return []
    like = with_names(visible_to(person)).filter(still_open(), account=deal.account_id, currency=deal.currency, process=deal.process_id)
    found = like.exclude(pk=deal.pk).order_by("-opened_at", "-pk")[:MOST]
    mine = set(sitting_on(person, [one.team_id for one in found]))
    units = reach_of(person).units
    return [one for one in found if one.owner_id == person.pk or one.team_id in mine or one.unit_id in units]


_JOINS = Prepared(
    lambda deal: (
        Join.objects.filter(Q(into=deal) | Q(gone=deal))
        .select_related("gone__unit", "gone__closing", "into__unit", "into__closing", "person")
        .order_by("at", "pk")
    )
)


@once
def family(person: Person, deal: Deal) -> Family:
    """From where the deal comes and what was taken out of it, as the person sees it. No statement for a deal that was never split."""
    if deal.whole_id is None:
        return Family()
    rows: list[Split] = _SPLITS.objects(deal.pk)
    joins = list(_JOINS.objects(deal.pk))
    ids = {pk for row in rows for pk in (row.first_id, row.part_id)} | {pk for row in joins for pk in (row.gone_id, row.into_id)}
    seen = set(visible_to(person).filter(pk__in=ids).values_list("pk", flat=True))

    def link(row: Split, other: Deal) -> Link:
        return Link(row, other.number, other.unit.name, other if other.pk in seen else None)

    def joined(row: Join, other: Deal) -> Joined:
        return Joined(row, other.number, other.unit.name, other if other.pk in seen else None)

    first = next((link(row, row.first) for row in rows if row.part_id == deal.pk), None)
    return Family(
        first,
        tuple(link(row, row.part) for row in rows if row.first_id == deal.pk),
        tuple(joined(row, row.gone) for row in joins if row.into_id == deal.pk),
        next((joined(row, row.into) for row in joins if row.gone_id == deal.pk), None),
    )
