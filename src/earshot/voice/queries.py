"""Reads on what was said and who has heard it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.core.paginator import Paginator
from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce

from earshot.accounts.models import Contact
from earshot.clocks.queries import Reading, readings
from earshot.deals import queries as deals
from earshot.deals.models import Deal
from earshot.kit.engine.prepared import Prepared, grouped
from earshot.kit.reading import once
from earshot.people.models import Person, Unit
from earshot.people.queries import answerable_for
from earshot.people.queries import holders as holders_of
from earshot.people.standing import Seeing, seen_by
from earshot.playbooks import book
from earshot.playbooks.queries import role_names
from earshot.teams.queries import sitting
from earshot.voice.models import Attendance, Correction, Ear, Filing, Hearing, Item, Meeting, SharedItem
from earshot.voice.registry import ACTING


def visible_to(person: Person) -> QuerySet[Item]:
    """The items that the person may see: of deals in which he or she has standing, or one by one."""
    shared = SharedItem.objects.filter(deals.seen(person, "deal", "deal__unit")).values("item")
    return Item.objects.filter(seen_by(person, "item", unit="") | deals.seen(person, "deal", "deal__unit") | Q(pk__in=shared))


def said_on(deal: Deal) -> Q:
    """Condition on items: they stand on the deal, or concern it because they were said before it was taken out of another."""
    return _there(deal.pk, deal.whole_id is not None)


def _there(deal: UUID, parted: bool, key: str = "") -> Q:
    """`parted`: the deal was split; any other asks the database no more for it. `key`: of the item, on rows that point at one."""
    there = Q(**{f"{key}deal": deal})
    return there | Q(**{f"{key}pk__in": SharedItem.objects.filter(deal=deal).values("item")}) if parted else there


def still_asked() -> Q:
    """Condition on ears: the deal is open, or another that the words concern."""
    elsewhere = SharedItem.objects.filter(item=OuterRef("item"), deal__is_open=True)
    return Q(item__deal__is_open=True) | Q(Exists(elsewhere))


_SEEN = Seeing(lambda person, items: visible_to(person).filter(pk__in=items).values_list("pk"))


def seen_of(person: Person, items: Iterable[UUID]) -> set[UUID]:
    """Those of the items that the person may see."""
    return {pk for (pk,) in _SEEN.rows(person, list(items))}


def may_work_on(person: Person, item: Item) -> bool:
    """Whether the person files or corrects the item: its author, who was there, who must hear it, or who works on the deal."""
    present = Attendance.objects.filter(meeting=item.meeting_id, person=person, confirmed_at__isnull=False).exists()
    hears = Ear.objects.filter(item=item, person=person, ended_at__isnull=True).exists()
    return item.meeting.author_id == person.pk or present or hears or deals.may_work(person, item.deal)


def hearers_of(deal: Deal, role: str, acting: Mapping[str, Sequence[Person]] | None = None) -> list[Person]:
    """Who hears for a role on this deal: everybody who acts for it there, that is who sits on its team in that role and who is to do
    an open call for it; where there is nobody, the one who answers for the role; nobody at all when nobody holds it. `acting`: as
    `acting_on` gave it, where several roles are asked."""
    there = [*sitting(deal.team_id, role).select_related("unit"), *(acting_on(deal) if acting is None else acting).get(role, ())]
    found = list({person.pk: person for person in there}.values())
    if not found and (somebody := _answers_for(deal, role)):
        found = [somebody]
    return found


def acting_on(deal: Deal) -> dict[str, list[Person]]:
    """Role → people of the company who act for it on this deal without sitting on its team."""
    found: dict[str, list[Person]] = {}
    for ask in ACTING.values():
        for role, people in ask(deal).items():
            found.setdefault(role, []).extend(people)
    return found


def _answers_for(deal: Deal, role: str) -> Person | None:
    """The deal's owner for the role that owns deals, else who answers for the role in the unit that owes it by the support catalogue,
    else its answerable holder at or above the deal's unit, else any holder."""
    known = book.process_of(deal.process_id).roles.get(role)
    if known and known.owner and deal.owner.left_at is None:
        return deal.owner
    owed_by = next((row for row in book.in_force().support.catalogue.values() if row.role_code == role), None)
    if owed_by:
        unit = Unit.objects.filter(code=owed_by.unit_code).first()
        if unit and (person := answerable_for(unit, role)):
            return person
    for role_holder in (deals.voters(deal, role).first(), holders_of(role).first()):
        if role_holder:
            return role_holder
    return None


@dataclass(frozen=True)
class EarRead:
    """A duty to hear as people read it. `heard`: when, None: not yet."""

    ear: Ear
    role: str
    person: Person | None
    heard_at: datetime | None
    how: str
    clock: Reading | None


@dataclass
class ItemRead:
    """An item with everything a page shows of it."""

    item: Item
    category: str
    category_name: str
    critical: bool
    speaker: Contact | None
    said_at: datetime | None
    place: str
    author: Person
    ears: list[EarRead] = field(default_factory=list)
    others: list[Hearing] = field(default_factory=list)
    corrections: list[Correction] = field(default_factory=list)
    hearings: list[Hearing] = field(default_factory=list)

    @property
    def unheard(self) -> list[EarRead]:
        return [ear for ear in self.ears if ear.heard_at is None]

    def heard_by(self, person: Person) -> bool:
        return any(hearing.person_id == person.pk for hearing in self.hearings)


def _named(items: QuerySet[Item]) -> QuerySet[Item]:
    return items.select_related("meeting", "meeting__author", "speaker", "deal", "deal__account")


_OF_DEAL = Prepared(
    lambda deal, first, last, parted: (
        Item.objects.filter(_there(deal, parted))
        .select_related("meeting", "meeting__author", "speaker")
        .order_by("-recorded_at", "position", "pk")[first:last]
    )
)
_COUNT_OF_DEAL = Prepared(
    lambda deal, parted: Item.objects.filter(_there(deal, parted)).order_by().values("deal").annotate(n=Count("pk")).values_list("n")
)
_EARS = Prepared(
    lambda items: Ear.objects.filter(item__in=items, ended_at__isnull=True).select_related("person", "person__unit").order_by("pk")
)
_HEARINGS = Prepared(lambda items: Hearing.objects.filter(item__in=items).select_related("person").order_by("at", "pk"))
_CORRECTIONS = Prepared(lambda items: Correction.objects.filter(item__in=items).select_related("author").order_by("at", "pk"))
_FILINGS = Prepared(lambda items: Filing.objects.filter(item__in=items, ended_at__isnull=True))


def read(items: QuerySet[Item]) -> list[ItemRead]:
    """The items with ears, hearings, corrections and clocks, in a fixed number of statements."""
    return _read(list(_named(items)))


@dataclass(frozen=True)
class _OfDeal:
    """A deal's items for a paginator: counted, and read a page at a time."""

    deal: Deal

    def __len__(self) -> int:
        return sum(n for (n,) in _COUNT_OF_DEAL.rows(self.deal.pk, parted=self.deal.whole_id is not None))

    def __getitem__(self, part: slice) -> list[ItemRead]:
        parted = self.deal.whole_id is not None
        items: list[Item] = _OF_DEAL.objects(self.deal.pk, first=part.start, last=part.stop, parted=parted)
        for item in items:
            if item.deal_id == self.deal.pk:
                item.deal = self.deal
        return _read(items)


def pages_of_deal(deal: Deal, length: int) -> Paginator[ItemRead]:
    """The same of a deal's items, the latest meeting's first, in pages."""
    return Paginator(_OfDeal(deal), length)  # type: ignore[arg-type]  # counts and slices, which is all that is asked of it


def _read(items: list[Item]) -> list[ItemRead]:
    ids = [item.pk for item in items]
    ears = grouped(_EARS.objects(ids), "item_id")
    hearings = grouped(_HEARINGS.objects(ids), "item_id")
    corrections = grouped(_CORRECTIONS.objects(ids), "item_id")
    filings = {filing.item_id: filing for filing in _FILINGS.objects(ids)}
    live_ears = [ear for group in ears.values() for ear in group]
    clocks = readings(ear.pk for ear in live_ears)
    names = role_names({ear.role for ear in live_ears})
    categories = book.in_force().hearing.categories if items else {}
    found = []
    for item in items:
        filing = filings.get(item.pk) or Filing()
        heard = {hearing.person_id: hearing for hearing in hearings.get(item.pk, [])}
        shown = []
        for ear in ears.get(item.pk, []):
            hearing = heard.pop(ear.person_id, None) if ear.person_id else None
            shown.append(
                EarRead(
                    ear=ear,
                    role=names.get(ear.role, ear.role),
                    person=ear.person,
                    heard_at=hearing.at if hearing else None,
                    how=hearing.how if hearing else "",
                    clock=clocks.get(ear.pk),
                )
            )
        found.append(
            ItemRead(
                item=item,
                category=filing.category,
                category_name=str(categories.get(filing.category, filing.category)),
                critical=filing.critical,
                speaker=item.speaker,
                said_at=item.meeting.held_at,
                place=item.meeting.place,
                author=item.meeting.author,
                ears=shown,
                others=list(heard.values()),
                corrections=corrections.get(item.pk, []),
                hearings=hearings.get(item.pk, []),
            )
        )
    return found


def live_filing(item: Item) -> Filing:
    return Filing.objects.get(item=item, ended_at__isnull=True)


def critical_items(deal: Deal) -> QuerySet[Item]:
    """What a voter must have heard: what is critical, and what nobody has said yet what it is about; also what was said before the deal
    was taken out of another."""
    return _critical(deal.pk, parted=deal.whole_id is not None)


def _critical(deal: UUID, parted: bool) -> QuerySet[Item]:
    live = Filing.objects.filter(item=OuterRef("pk"), ended_at__isnull=True)
    critical = Exists(live.filter(Q(critical=True) | Q(category="")))
    return Item.objects.filter(critical, _there(deal, parted)).order_by("recorded_at", "position", "pk")


def unfiled(items: Iterable[UUID]) -> set[UUID]:
    """Those of the items of which nobody has said yet what they are about."""
    live = Filing.objects.filter(item__in=list(items), ended_at__isnull=True, category="")
    return set(live.values_list("item_id", flat=True))


_CRITICAL = Prepared(_critical)


@once
def critical_now(deal: Deal) -> list[Item]:
    """The same items, in one statement."""
    return _CRITICAL.objects(deal.pk, parted=deal.whole_id is not None)


_EARS_OF_DEAL = Prepared(
    lambda deal, parted: (
        Ear.objects.filter(_there(deal, parted, "item__"), ended_at__isnull=True)
        .select_related("item", "person")
        .order_by("item__recorded_at", "pk")
    )
)


def ears_of_deal(deal: Deal) -> list[Ear]:
    """Every live duty to hear an item of the deal, with the item and whoever owes it."""
    return _EARS_OF_DEAL.objects(deal.pk, parted=deal.whole_id is not None)


_PAIRS = Prepared(lambda items: Hearing.objects.filter(item__in=items).values_list("item_id", "person_id"))


def heard_pairs(items: Iterable[UUID]) -> set[tuple[UUID, UUID]]:
    """Pairs of item and person, for every hearing of these items."""
    return {(item, person) for item, person in _PAIRS.rows(list(items))}


def ears_waiting_for(person: Person) -> QuerySet[Ear]:
    """The person's own duties to hear that are not done, on deals still open."""
    done = Hearing.objects.filter(item=OuterRef("item"), person=person)
    return (
        Ear.objects.filter(~Exists(done), still_asked(), person=person, ended_at__isnull=True)
        .select_related("item", "item__deal")
        .order_by("since", "pk")
    )


_OWED = Prepared(
    lambda person, deal, parted: (
        ears_waiting_for(Person(pk=person)).filter(_there(deal, parted, "item__")).order_by().values_list("pk", "item_id")
    )
)


@once
def ears_owed_by(person: Person, deal: Deal) -> dict[UUID, UUID]:
    """The person's own duties to hear on the deal that are not done → the item of each."""
    return dict(_OWED.rows(person.pk, deal.pk, parted=deal.whole_id is not None))


def owed_by(person: Person, deal: Deal) -> set[UUID]:
    """The items of the deal that the person has still to hear."""
    return set(ears_owed_by(person, deal).values())


def attendances_waiting_for(person: Person) -> QuerySet[Attendance]:
    waiting = Attendance.objects.filter(person=person, confirmed_at__isnull=True, denied_at__isnull=True)
    return waiting.select_related("meeting", "meeting__deal", "ticked_by", "person").order_by("at")


def same_words(author: Person, deal: Deal, words: list[str], present: set[UUID], since: datetime) -> Meeting | None:
    """The author's record of exactly these words on this deal since then, if there is one that names everybody of `present`: a form
    sent again under another key, with nothing new in it."""
    recent = Meeting.objects.filter(author=author, deal=deal, recorded_at__gte=since).prefetch_related("items").order_by("recorded_at")
    for meeting in recent.prefetch_related("attendances")[:20]:
        named = {attendance.person_id for attendance in meeting.attendances.all()}
        if [item.words for item in meeting.items.all()] == words and present <= named:
            return meeting
    return None


def meetings_that_ask(person: Person) -> QuerySet[Meeting]:
    """The person's own records in which something could not be read, or was left open, and is asked for."""
    mine = Meeting.objects.filter(deals.seen(person, "deal", "deal__unit"), author=person)
    return mine.exclude(asks={}).select_related("deal").order_by("recorded_at")


def items_without_category(person: Person) -> QuerySet[Item]:
    """Items that the person recorded without saying what they are about."""
    unfiled = Filing.objects.filter(item=OuterRef("pk"), ended_at__isnull=True, category="")
    return visible_to(person).filter(Exists(unfiled), meeting__author=person).select_related("deal").order_by("pk")


def categories_without_rule() -> list[tuple[str, int]]:
    """For operations: categories that were used and had no rule, with how many live filings each; mended when a rule exists."""
    rows = Filing.objects.filter(ended_at__isnull=True, rule="").exclude(category="").values_list("category").annotate(n=Count("pk"))
    ruled = book.in_force().hearing.hearers
    return [(category, n) for category, n in rows.order_by("category") if category not in ruled]


def roles_that_nobody_holds() -> list[tuple[str, int]]:
    """For operations: roles that must hear and that nobody holds, with how many statements wait for each."""
    rows = Ear.objects.filter(still_asked(), person__isnull=True, ended_at__isnull=True).values_list("role").annotate(n=Count("pk"))
    return list(rows.order_by("role"))


@dataclass(frozen=True)
class Met:
    """One of us and one at the customer. `contact`: id of the record that stands for the latter; `last`: when they met last; where that
    was not told, when it was recorded."""

    contact: UUID
    person: UUID
    name: str
    times: int
    last: datetime


def met(reader: Person, contacts: Iterable[UUID]) -> dict[UUID, list[Met]]:
    """Id of who stands for a human being → who of us met him or her, the last one first: those who were there and say so themselves, in
    the meetings that `reader` may see. `contacts`: ids of such records. One statement."""
    ids = list(contacts)
    named = Meeting.contacts.through.objects.filter(Q(contact__in=ids) | Q(contact__person__in=ids))
    there = named.filter(
        meeting__deal__in=deals.visible_to(reader).values("pk"), meeting__attendances__confirmed_at__isnull=False
    ).values_list(Coalesce("contact__person", "contact__pk"), "meeting__attendances__person", "meeting__attendances__person__name")
    last = Max(Coalesce("meeting__held_at", "meeting__recorded_at"))
    found: dict[UUID, list[Met]] = {}
    for row in there.annotate(times=Count("meeting", distinct=True), last=last):
        found.setdefault(row[0], []).append(Met(*row))
    return {main: sorted(rows, key=lambda one: one.last, reverse=True) for main, rows in found.items()}


def meetings_with(reader: Person, contact: UUID) -> QuerySet[Meeting]:
    """The meetings with the human being for whom this record stands that `reader` may see, the latest first."""
    named = Meeting.contacts.through.objects.filter(Q(contact=contact) | Q(contact__person=contact))
    seen = Meeting.objects.filter(deals.seen(reader, "deal", "deal__unit"), pk__in=named.values("meeting"))
    return seen.select_related("deal", "author").order_by(Coalesce("held_at", "recorded_at").desc(), "pk")
