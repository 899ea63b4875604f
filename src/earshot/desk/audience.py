"""Who may be told that something was recorded: `desk.queries.entries_seen` the other way round, for live pages (law 13).

A timeline asks, for one reader, which of many entries he or she sees. Here one or a few entries are there, and the question is which of
all the people see them: a fixed number of statements, however many people the company has and however many pages are open. A test holds
both against each other for every person, over everything that happens in the small world.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from earshot.accounts import permits as accounts
from earshot.accounts.models import Account
from earshot.calls.models import Call
from earshot.deals import permits as deals
from earshot.deals.lead_tables import Lead
from earshot.deals.models import Deal
from earshot.journal.tail import News, Object, news
from earshot.kit import now
from earshot.kit.engine.prepared import Prepared
from earshot.kit.ruling import permissive
from earshot.people.models import Person, Unit, UnitAbove
from earshot.people.permits import ADMINISTER, OPERATE
from earshot.people.queries import first_calendar
from earshot.people.standing import Seers, lost_since, seers_of_many
from earshot.playbooks.models import Approver, PartVersion, Revision
from earshot.voice.models import Item

# Kinds of object that a page may be about, and that entries belong to.
KINDS = ("account", "calendar", "call", "deal", "item", "lead", "message", "person", "revision", "team", "unit")
REVISION = "revision"


@dataclass(frozen=True)
class Heard:
    """One entry: who may see it, and of the objects that it is about, who may see each. `names`: the people whom it is about, those
    who saw what it is about until it was recorded (their lists are told even when it has just taken from them what they saw), and
    those who prepare or approve the revision that it is about: it stands on their day."""

    entry: int
    seen_by: frozenset[UUID]
    about: Mapping[Object, frozenset[UUID]]
    names: frozenset[UUID]

    @property
    def people(self) -> frozenset[UUID]:
        """Whoever may have a page open that this concerns."""
        of_revisions = (who for (kind, _pk), who in self.about.items() if kind == REVISION)
        return (self.seen_by | self.names).union(*of_revisions)

    @permissive("every page has changed", lambda *_: True)
    def seen_on(self, thing: Object, person: UUID) -> bool:
        """Whether the page of this object, open before this person, has changed. An entry on a deal may be another's alone; a revision
        shows itself whole to whoever sees it, so its page hears of each of its entries."""
        return person in self.about.get(thing, ()) and (thing[0] == REVISION or person in self.seen_by)


def audience(entries: Iterable[int]) -> list[Heard]:
    """Who may see these entries, in their order."""
    found = news(entries, KINDS)
    sight = _Sight(found)
    told = []
    for number, one in sorted(found.items()):
        seen = set().union(*(sight.of(thing) for thing in one.scopes)) if one.scopes else sight.who.permitted.get(one.permission, set())
        if one.permission:
            seen = seen & sight.who.permitted.get(one.permission, set())
        about = {thing: frozenset(sight.of(thing)) for thing in one.scopes | one.touched if thing[0] in KINDS}
        names = {object_id for kind, object_id in one.touched if kind == "person"}
        names |= set().union(*(sight.at_work_on(pk) for kind, pk in one.touched if kind == REVISION))
        names |= {who for thing in one.scopes | one.touched for who, until in sight.lost.get(thing, ()) if until >= one.at}
        told.append(Heard(number, frozenset(seen), about, frozenset(names)))
    return told


_DEALS = Prepared(lambda ids: Deal.objects.filter(pk__in=ids).values_list("pk", "unit_id", "team_id"))
_OF_TEAMS = Prepared(lambda teams: Deal.objects.filter(team__in=teams).values_list("pk", "unit_id", "team_id"))
_ITEMS = Prepared(lambda ids: Item.objects.filter(pk__in=ids).values_list("pk", "deal_id", "deal__unit_id"))
_CALLS = Prepared(lambda ids: Call.objects.filter(pk__in=ids).values_list("pk", "unit_id", "deal_id", "deal__unit_id"))
_REVISIONS = Prepared(lambda ids: Revision.objects.filter(pk__in=ids).values_list("pk", "opened_by_id"))
_APPROVING = Prepared(lambda ids: Approver.objects.filter(version__revision__in=ids).values_list("version__revision_id", "unit_code"))
_APPROVED = Prepared(lambda ids: PartVersion.objects.filter(revision__in=ids, in_force_from__isnull=False).values_list("revision_id"))
_LEADS = Prepared(lambda ids: Lead.objects.filter(pk__in=ids).values_list("pk", "unit_id"))
_ACCOUNTS = Prepared(lambda ids: Account.objects.filter(pk__in=ids).values_list("pk", "unit_id"))


class _Sight:
    """Who sees each of the objects that some entries are about: the rules of the rooms' `visible_to`, from the object's side."""

    def __init__(self, found: Mapping[int, News]) -> None:
        things = set().union(*(one.scopes | one.touched for one in found.values())) if found else set()
        ids: dict[str, list[UUID]] = {kind: sorted(pk for each, pk in things if each == kind) for kind in KINDS}
        self.items = {pk: (deal, unit) for pk, deal, unit in _ITEMS.rows(ids["item"])}
        self.calls = {pk: (owing, deal, unit) for pk, owing, deal, unit in _CALLS.rows(ids["call"])}
        self.accounts: dict[UUID, UUID] = dict(_ACCOUNTS.rows(ids["account"]))
        self.leads: dict[UUID, UUID] = dict(_LEADS.rows(ids["lead"])) if ids["lead"] else {}
        self.revisions: dict[UUID, UUID | None] = dict(_REVISIONS.rows(ids[REVISION])) if ids[REVISION] else {}
        self.approving = self._approving(ids[REVISION]) if ids[REVISION] else {}
        self.approved = {pk for (pk,) in _APPROVED.rows(ids[REVISION])} if ids[REVISION] else set()
        rows = {*_DEALS.rows(ids["deal"]), *_OF_TEAMS.rows(ids["team"])}
        self.deals = {pk: unit for pk, unit, _team in rows}
        self.teams = {team: pk for pk, _unit, team in rows}
        self.deals |= dict(self.items.values()) | {deal: unit for _owing, deal, unit in self.calls.values()}
        units = {
            *self.deals.values(),
            *(owing for owing, _deal, _unit in self.calls.values()),
            *self.accounts.values(),
            *self.leads.values(),
            *ids["unit"],
        }
        units |= set().union(*self.approving.values())
        permissions = {one.permission for one in found.values()} - {""}
        self.who: Seers = seers_of_many(
            {*self.deals, *self.items, *self.calls, *self.accounts, *self.leads, *ids["message"]},
            units - {None},
            permissions | {ADMINISTER, OPERATE, deals.SEE_ALL, accounts.SEE_ALL},
        )
        self.lost: dict[Object, list[tuple[UUID, datetime]]] = {}
        since = min((one.at for one in found.values()), default=now())
        for kind, pk, who, until in lost_since(
            {*self.deals, *self.items, *self.calls, *self.accounts, *self.leads, *ids["message"]}, since
        ):
            self.lost.setdefault((kind, pk), []).append((who, until))
        administering = self.who.permitted.get(ADMINISTER, set())
        self._calendars = {pk: _seers_of_calendar(pk) | administering for pk in ids["calendar"]}

    @permissive("everybody sees it", lambda *_: set(Person.objects.values_list("pk", flat=True)))
    def of(self, thing: Object) -> set[UUID]:
        kind, pk = thing
        match kind:
            case "deal":
                return self._deal(pk)
            case "team":
                return self._deal(self.teams[pk]) if pk in self.teams else set()
            case "item" if pk in self.items:
                return self.who.of("item", pk) | self._deal(self.items[pk][0])
            case "call" if pk in self.calls:
                return self.who.of("call", pk, unit=self.calls[pk][0]) | self._deal(self.calls[pk][1])
            case "account" if pk in self.accounts:
                return self.who.of("account", pk, unit=self.accounts[pk], company=accounts.SEE_ALL)
            case "lead" if pk in self.leads:
                return self.who.of("lead", pk, unit=self.leads[pk], company=deals.SEE_ALL)
            case "message":  # among the members of a team; another one is seen where it stands
                return self.who.of("message", pk)
            case "revision" if pk in self.revisions:
                everybody = set(Person.objects.values_list("pk", flat=True)) if pk in self.approved else set()
                return everybody | self.at_work_on(pk)
            case "calendar":
                return self._calendars[pk]
            case "person":
                return {pk} | self.who.permitted.get(ADMINISTER, set())
            case "unit":
                return self.who.heads.get(pk, set()) | self.who.permitted.get(ADMINISTER, set())
        return set()

    def at_work_on(self, revision: UUID) -> set[UUID]:
        """Who prepares a revision, or is named by its parts to approve it."""
        if revision not in self.revisions:
            return set()
        heads = set().union(*(self.who.heads.get(unit, set()) for unit in self.approving.get(revision, ())))
        opener = self.revisions[revision]
        return heads | self.who.permitted.get(OPERATE, set()) | ({opener} if opener is not None else set())

    @staticmethod
    def _approving(revisions: list[UUID]) -> dict[UUID, set[UUID]]:
        """Revision → the units whose heads its parts name."""
        rows = _APPROVING.rows(revisions)
        units = dict(Unit.objects.filter(code__in={code for _revision, code in rows}).values_list("code", "pk"))
        found: dict[UUID, set[UUID]] = {}
        for revision, code in rows:
            found.setdefault(revision, set()).update({units[code]} if code in units else set())
        return found

    def _deal(self, pk: UUID) -> set[UUID]:
        return self.who.of("deal", pk, unit=self.deals[pk], company=deals.SEE_ALL) if pk in self.deals else set()


def _seers_of_calendar(calendar: UUID) -> set[UUID]:
    """Those for whom it is among `calendars_visible_to`: who works in, or heads, a unit whose time it is or one below, and whoever
    heads one above; everybody, where it is the company's first. A calendar changes a few times a year: three statements then."""
    if calendar in first_calendar().values_list("pk", flat=True):
        return set(Person.objects.values_list("pk", flat=True))
    units = Unit.objects.filter(Q(calendar=calendar) | Q(own_days=calendar)).values("pk")
    working = Person.objects.filter(unit__aboves__above__in=units).values_list("pk", flat=True)
    heading = UnitAbove.objects.filter(unit__aboves__above__in=units, above__head__isnull=False).values_list("above__head_id", flat=True)
    return set(working.union(heading))
