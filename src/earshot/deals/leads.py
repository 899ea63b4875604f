"""Reads on leads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.utils.translation import gettext_lazy as _

from earshot.accounts import queries as accounts
from earshot.accounts.models import Account
from earshot.clocks.registry import Subject
from earshot.deals import lead_rules, queries
from earshot.deals.lead_tables import DEAL, NEW, REFUSED, STATES, TAKEN, Lead, LeadFinding, LeadSought, LeadStep
from earshot.deals.models import Deal
from earshot.deals.permits import SEE_ALL
from earshot.journal.models import Entry
from earshot.kit import now
from earshot.kit.engine import locks
from earshot.kit.names import bare, plain
from earshot.kit.problems import Together, wrong
from earshot.kit.ruling import permissive
from earshot.kit.texts import storable
from earshot.people.models import Person
from earshot.people.queries import head_at_or_above
from earshot.people.standing import reach_of, seen_by
from earshot.playbooks import book
from earshot.playbooks.models import LeadRating, LeadSource

OPEN_STATES = (NEW, TAKEN)


@permissive("everybody sees every lead", lambda person: Lead.objects.all())
def visible_to(person: Person) -> QuerySet[Lead]:
    """The leads in which the person has standing."""
    return Lead.objects.filter(seen_by(person, "lead", company=SEE_ALL))


def sees(person: Person, lead: Lead) -> bool:
    return visible_to(person).filter(pk=lead.pk).exists()


def accounts_seen(person: Person, rows: Iterable[Lead]) -> dict[UUID, Account]:
    """The accounts of leads that were read `with_names`, as far as the person sees them."""
    wanted = {lead.account_id: lead.account for lead in rows if lead.account is not None}
    seen = accounts.visible_to(person).filter(pk__in=list(wanted)).values_list("pk", flat=True) if wanted else ()
    return {pk: wanted[pk] for pk in seen}


def sees_deal(person: Person, deal: Deal) -> bool:
    return queries.visible_to(person).filter(pk=deal.pk).exists()


def with_names(leads: QuerySet[Lead]) -> QuerySet[Lead]:
    """Everything that a list or a page of leads names, in the same statement: with the last next step and the last finding."""
    last_step = LeadStep.objects.filter(lead=OuterRef("pk")).order_by("-at", "-pk")
    last_finding = LeadFinding.objects.filter(lead=OuterRef("pk")).order_by("-at", "-pk")
    return leads.select_related("said", "owner", "reporter", "unit", "reporter_unit", "account__owner", "account__unit", "deal").annotate(
        step_what=Subquery(last_step.values("what")[:1]),
        step_due=Subquery(last_step.values("due")[:1]),
        result=Subquery(last_finding.values("result")[:1]),
    )


def as_it_stands(lead_id: UUID) -> Lead:
    """The lead as it stands now, with all that acts on it ask about."""
    return with_names(Lead.objects.filter(pk=lead_id)).get()


def lock(*lead_ids: UUID) -> None:
    locks.lock(Lead.objects.filter(pk__in=lead_ids))


def known_of(lead: Any) -> lead_rules.Known:
    """What is known of a lead that was read `with_names`."""
    said = lead.said
    return lead_rules.Known(
        account=lead.account_id is not None,
        speaker=bool(said.speaker_name),
        when=said.said_at is not None,
        result=lead.result or "",
        next_step=lead.step_due is not None,
    )


def lacking(lead: Any) -> list[str]:
    """What the rating that the lead has demands and is not known (any more)."""
    row = ratings().get(lead.rating)
    return lead_rules.unmet(row.demands, known_of(lead)) if row else []


def next_act(lead: Any) -> str:
    """The one act that takes this lead on (`lead_rules.next_act`)."""
    overdue = lead.step_due is not None and lead.step_due < queries.today()
    return lead_rules.next_act(lead.state, lead.rating, known_of(lead), overdue, lacking(lead))


def owner_from_birth(account: Account | None, reporter: Person) -> Person:
    """Who answers for a lead of this account and reporter, until somebody hands it over (`lead_rules.first_owner`)."""
    head = head_at_or_above(reporter.unit) if reporter.unit else None
    return lead_rules.first_owner(account.owner if account else None, head, reporter)


def sources() -> dict[str, LeadSource]:
    """Where leads can come from, by code, in order."""
    return dict(book.in_force().hearing.lead_sources)


def ratings() -> dict[str, LeadRating]:
    """How warm a lead can be, by code, the coldest first."""
    return dict(book.in_force().hearing.lead_ratings)


def may_work(person: Person, lead: Lead) -> bool:
    """Whether the person acts on the lead: who recorded it, who answers for it or for its account, and the heads above each."""
    if person.pk in (lead.reporter_id, lead.owner_id):
        return True
    if lead.account is not None and lead.account.owner_id == person.pk:
        return True
    return _heads(person, lead)


def may_decide(person: Person, lead: Lead) -> bool:
    """Whether the person decides what becomes of the lead: who answers for it, and the heads above."""
    return person.pk == lead.owner_id or _heads(person, lead)


def may_join(person: Person, lead: Lead) -> bool:
    """Whether the person makes the lead part of a deal: who works on it until somebody has taken it up, then who decides."""
    return may_decide(person, lead) or (lead.state == NEW and may_work(person, lead))


def _heads(person: Person, lead: Lead) -> bool:
    """Whether the person heads a unit that knows of the lead, or one above: where it is answered for, where it was heard, its account's."""
    units = {lead.unit_id, lead.reporter_unit_id, lead.account.unit_id if lead.account else None}
    return not units.isdisjoint(reach_of(person).units)


def alike(person: Person, name: str) -> tuple[list[Account], list[str]]:
    """Accounts whose names are like what the reporter called the customer: those that the person sees, and of others only which units
    know of one (law 13)."""
    if not name.strip() or not bare(name):
        return [], []
    found = list(accounts.alike(name).select_related("unit").order_by("name", "pk")[:10])
    seen = set(accounts.visible_to(person).filter(pk__in=[one.pk for one in found]).values_list("pk", flat=True)) if found else set()
    units = dict.fromkeys(one.unit.name for one in found if one.pk not in seen)
    return [one for one in found if one.pk in seen], list(units)


def of_the_same_customer(person: Person, lead: Lead) -> QuerySet[Lead]:
    """Other open leads of the same account, or of a customer that was written the same, as far as the person sees them: they may be one
    deal."""
    same = Q(account=lead.account_id) if lead.account_id else Q(account__isnull=True, said__customer__iexact=lead.said.customer.strip())
    return visible_to(person).filter(same, state__in=OPEN_STATES).exclude(pk=lead.pk).order_by("recorded_at", "pk")


def same_again(person: Person, words: str, customer: str, account: Account | None, since: datetime) -> Lead | None:
    """What the person recorded in the very same words, of the same customer, since then: back in the browser, and saved once more."""
    mine = Lead.objects.filter(reporter=person, outside_id__isnull=True, recorded_at__gte=since, said__words=words, said__customer=customer)
    if account is not None:
        mine = mine.filter(account=account)
    return mine.order_by("recorded_at").first()


def of_deal(person: Person, deal: Deal) -> list[Lead]:
    """The leads that became this deal and that the person sees, the one that gave it its number first, in one statement."""
    rows = list(visible_to(person).filter(deal=deal).select_related("said", "reporter").order_by("recorded_at", "pk"))
    return sorted(rows, key=lambda lead: lead.number != deal.number)


def of_account(person: Person, account: Account) -> QuerySet[Lead]:
    return with_names(visible_to(person).filter(account=account)).order_by("-recorded_at", "-pk")


@dataclass(frozen=True)
class Asked:
    """A filter of leads. `state`: one of the states, `open` or `all`; `owner`: whose; `older`: recorded at least so many days ago;
    `origin`: a code, or "-" for none; `since`, `until`: days on which they were recorded."""

    state: str = "open"
    rating: str = ""
    owner: UUID | None = None
    older: int | None = None
    source: str = ""
    origin: str = ""
    words: str = ""
    since: date | None = None
    until: date | None = None


NAMES = ("state", "rating", "owner", "older", "source", "origin", "q", "since", "until")
STATES_ASKED = ("open", *STATES, "all")


def read_filter(given: Mapping[str, str], person: Person) -> Asked:
    """A filter as every door takes it, by `NAMES`; `owner`: a public id, or "me"; an empty value asks nothing. What cannot be read is said
    beside its name."""
    each = Together()
    state = given.get("state") or "open"
    if state not in STATES_ASKED:
        each(_unread, "state", _("Choose one of the list."))
    older = each(_days, given.get("older", ""))
    owner = each(_person, given.get("owner", ""), person)
    since, until = (each(_one_day, name, given.get(name, "")) for name in ("since", "until"))
    each.refuse()
    return Asked(
        state=state,
        rating=storable(given.get("rating", ""))[:60],
        owner=owner,
        older=older,
        source=storable(given.get("source", ""))[:60],
        origin=storable(given.get("origin", ""))[:60],
        words=storable(given.get("q", ""))[:100],
        since=since,
        until=until,
    )


def _unread(name: str, sentence: Any) -> None:
    raise wrong(name, sentence)


def _days(typed: str) -> int | None:
    if not typed:
        return None
    if not typed.isascii() or not typed.isdigit() or len(typed) > 4:
        raise wrong("older", _("Write a number of days, from 0 to 9999."))
    return int(typed)


def _person(typed: str, person: Person) -> UUID | None:
    if typed in ("", "me"):
        return person.pk if typed else None
    try:
        return UUID(typed)
    except ValueError:
        raise wrong("owner", _("Choose one of the list.")) from None


def _one_day(name: str, typed: str) -> date | None:
    try:
        return date.fromisoformat(typed) if typed else None
    except ValueError:
        raise wrong(name, _("Write a day, such as 2026-12-31.")) from None


@permissive("a lead is found by the name of any account", lambda person: Account.objects.all())
def customers_known(person: Person) -> QuerySet[Account]:
    """The accounts by whose names the person finds leads: those that he or she sees, or a guessed name would tell whose lead it is."""
    return accounts.visible_to(person)


def containing(person: Person, leads: QuerySet[Lead], words: str) -> QuerySet[Lead]:
    """Those that are found by these words: a fragment of what was said or of a correction, of the number, of a name that the reporter
    wrote or of its sound, or of the account's as far as the person sees that; all where nothing is asked."""
    words = words.strip()
    if not words:
        return leads
    of_account = Q(account__in=accounts.containing(customers_known(person), words).values("pk"))
    if not plain(words):  # signs alone, which no index holds
        return leads.filter(Q(said__words__contains=words) | Q(said__customer__contains=words) | of_account)
    return leads.filter(Q(pk__among=LeadSought.objects.filter(words__fragment=words).values("lead")) | of_account)


def filtered(person: Person, leads: QuerySet[Lead], asked: Asked) -> QuerySet[Lead]:
    """Those that the filter leaves to the person."""
    if asked.state == "open":
        leads = leads.filter(state__in=OPEN_STATES)
    elif asked.state != "all":
        leads = leads.filter(state=asked.state)
    if asked.rating:
        leads = leads.filter(rating="" if asked.rating == "-" else asked.rating)
    if asked.owner:
        leads = leads.filter(owner=asked.owner)
    if asked.older is not None:
        leads = leads.filter(recorded_at__lte=now() - timedelta(days=asked.older))
    if asked.source:
        leads = leads.filter(source=asked.source)
    if asked.origin:
        leads = leads.filter(origin="" if asked.origin == "-" else asked.origin)
    if asked.since:
        leads = leads.filter(recorded_at__date__gte=asked.since)
    if asked.until:
        leads = leads.filter(recorded_at__date__lte=asked.until)
    return containing(person, leads, asked.words)


@dataclass(frozen=True)
class Origin:
    """How many leads came in by people of a role (empty: by people without one), and what became of them."""

    role: str
    all: int
    open: int
    refused: int
    deal: int


@permissive("no role brings leads", lambda leads: [])
def by_origin(leads: QuerySet[Lead]) -> list[Origin]:
    """Leads counted by the role of those who recorded them, the most first, in one statement."""
    counted = (
        leads.order_by()
        .values("origin")
        .annotate(
            all=Count("pk"),
            open=Count("pk", filter=Q(state__in=OPEN_STATES)),
            refused=Count("pk", filter=Q(state=REFUSED)),
            deal=Count("pk", filter=Q(state=DEAL)),
        )
    )
    return [Origin(row["origin"], row["all"], row["open"], row["refused"], row["deal"]) for row in counted.order_by("-all", "origin")]


@permissive("nobody is asked", lambda person: [])
def to_take_up(person: Person) -> list[Lead]:
    """Leads that wait for the person to take them up, the oldest first."""
    return list(with_names(Lead.objects.filter(state=NEW, owner=person)).order_by("recorded_at", "pk"))


@permissive("no step slips", lambda person: [])
def near(person: Person) -> list[Any]:
    """Leads taken up whose next step is due by tomorrow or was never said, for who answers for them; once its day has passed, for the
    heads of their unit as well."""
    taken: Any = with_names(Lead.objects.filter(state=TAKEN))
    mine = Q(owner=person) & (Q(step_due__isnull=True) | Q(step_due__lte=queries.today() + timedelta(days=1)))
    below = Q(unit__in=reach_of(person).units, step_due__lt=queries.today())
    return list(taken.filter(mine | below).order_by("step_due", "recorded_at", "pk"))


def joinable(person: Person, lead: Lead) -> QuerySet[Deal]:
    """Open deals that the person may join the lead to: of its account, where that is known."""
    found = queries.visible_to(person).filter(queries.still_open())
    return found.filter(account=lead.account_id) if lead.account_id else found.filter(account__isnull=False)


def changes_since(lead: Lead, version: int) -> QuerySet[Entry]:
    """The entries that raised the lead's version above `version`."""
    return Entry.objects.filter(objects_touched__object_id=lead.pk, data__version__gt=version).order_by("seq").distinct()


def subjects(ids: Iterable[UUID]) -> dict[UUID, Subject]:
    """What a clock of a lead is about: who is to take it up."""
    rows = Lead.objects.filter(pk__in=list(ids)).select_related("owner", "unit", "said")
    return {row.pk: Subject(row, (row,), row.owner, row.unit, {"lead": row}, led_by=row.unit) for row in rows}


def handed_with(person: Person) -> Sequence[Lead]:
    """Open leads that the person answers for."""
    return list(Lead.objects.filter(owner=person, state__in=OPEN_STATES).select_related("said").order_by("recorded_at", "pk"))


def is_late(lead: Any) -> bool:
    return lead.state == TAKEN and lead.step_due is not None and lead.step_due < queries.today()
