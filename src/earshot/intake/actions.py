"""Verbs of an import. Each is a call of its own, so that a run that was interrupted can simply be run again: what is here is known.

Everything goes through the verbs of the rooms that own it, by the batch as actor: no rule is skipped, and nothing that came in
this way counts as anybody's personal act (law 13).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from earshot.accounts.actions import open_account
from earshot.accounts.models import Account
from earshot.deals.actions import bring_in_deal
from earshot.deals.models import Deal
from earshot.intake import maps, queries, rules, tables
from earshot.intake.maps import AnyMap, Map
from earshot.intake.models import Batch, Finding
from earshot.intake.rules import AccountIn, AnyTaken, DealIn, SellerIn, Taken
from earshot.intake.tables import Bad, Row
from earshot.journal.actions import call, record, verb
from earshot.journal.actors import IMPORT, Actor
from earshot.kit import now
from earshot.kit.engine.planner import look_anew
from earshot.kit.problems import Refusal, say
from earshot.people import actions as people
from earshot.people.actors import as_person
from earshot.people.models import Person, Unit
from earshot.people.permits import OPERATE, require
from earshot.people.queries import head_at_or_above

CHUNK = 200  # deals in one call
RULE = "intake deals"
Progress = Callable[[int, int], None]


def look(folder: Path, map_path: Path, *, ordered_by: Person | None) -> tuple[Map, Taken]:
    """Read map and files; nothing is written. Refused for somebody who may not run imports, and for a map or files that cannot
    be read. `ordered_by` None: ordered at the machine itself."""
    may_look(folder, ordered_by)
    map_ = maps.read(map_path, queries.names())
    return map_, rules.take(tables.read_all(folder, map_), map_, now())


def may_look(folder: Path, ordered_by: Person | None) -> None:
    if ordered_by is not None:
        require(as_person(ordered_by), OPERATE)
    if not folder.is_dir():
        raise Refusal("intake.no_folder", say(_("There is no folder {path}."), path=str(folder)))


def take_in(map_: Map, taken: Taken, *, ordered_by: Person | None, tell: Progress = lambda done, total: None) -> Batch:
    """Bring in what is not here yet, and keep what was found. `tell`: called with how many deals are done, of how many."""
    batch = begin(map_, taken, ordered_by)
    by = Actor(IMPORT, person_id=batch.ordered_by, agent_id=batch.pk, rule=RULE)
    units = _bring_people(by, map_, taken.sellers.values())
    accounts = _bring_accounts(by, batch, map_, taken.accounts.values())
    deals, done, added = list(taken.deals.values()), 0, 0
    while chunk := deals[done : done + CHUNK]:
        added += _bring_deals(by, batch, map_, chunk, units)
        done += len(chunk)
        tell(done, len(deals))
    batch = _finish(by, batch, map_, taken, accounts=accounts, deals=added)
    if added:
        look_anew()
    return batch


@verb
def begin(map_: AnyMap, taken: AnyTaken, ordered_by: Person | None) -> Batch:
    """The batch, and its findings with their rows; one that an earlier batch of this source kept already is not kept twice."""
    if ordered_by is not None:
        require(as_person(ordered_by), OPERATE)
    batch = Batch.objects.create(source=map_.source, map_name=map_.name, ordered_by=ordered_by.pk if ordered_by else None, started_at=now())
    earlier = Finding.objects.filter(batch__source=map_.source).values_list("file", "line", "column", "value", "code", "brought_in")
    kept = set(earlier.iterator())
    fresh = [row for bad in taken.found if _cell(row := _finding(batch, bad)) not in kept]
    Finding.objects.bulk_create(fresh, batch_size=500)
    return batch


def _finding(batch: Batch, bad: Bad) -> Finding:
    cells = {column: _kept(value) for column, value in bad.row.cells.items()}
    return Finding(
        batch=batch,
        file=bad.row.file,
        line=bad.row.line,
        column=bad.column[:200],
        value=_kept(bad.value),
        code=bad.code,
        brought_in=bad.brought_in,
        row=cells,
    )


def _kept(value: str) -> str:
    """No engine stores NUL in text or JSON."""
    return value.replace("\x00", "�")


def _cell(row: Finding) -> tuple[str, int, str, str, str, bool]:
    return row.file, row.line, row.column, row.value, row.code, row.brought_in


Team = tuple[str, str]  # office, manager


@verb
def _bring_people(by: Actor, map_: Map, sellers: Iterable[SellerIn]) -> dict[str, tuple[Person, Unit]]:
    """Offices as units, managers as heads of their teams, sellers with their post. Seller's name → person and unit."""
    one_at_a_time()
    parent = Unit.objects.get(code=map_.unit)
    units: dict[Team, Unit] = {}
    found: dict[str, tuple[Person, Unit]] = {}
    known = {
        person.outside_id: person for person in Person.objects.filter(outside_id__startswith=map_.outside_id("")).select_related("unit")
    }
    for seller in sellers:
        team = _team(by, map_, parent, units, known, seller)
        person = known.get(map_.outside_id(seller.name))
        if person is None:
            person = _person(by, map_, known, seller.name, team)
            people.give_post(by=by, person=person, unit=team, role=map_.role)
        found[seller.name] = (person, person.unit or team)
    return found


def _team(by: Actor, map_: Map, parent: Unit, units: dict[Team, Unit], known: dict[str | None, Person], seller: SellerIn) -> Unit:
    """The unit that a seller belongs to: the manager's team in the office, made on first sight; a unit that is here stays as it is."""
    unit = parent
    for office, manager in ((seller.office, ""), (seller.office, seller.manager)):
        if not (manager or office) or (office, manager) in units:
            unit = units.get((office, manager), unit)
            continue
        code = _code(map_.source, office, manager)
        here = Unit.objects.filter(code=code).first()
        if here is None:
            name = " – ".join(filter(None, [office, manager]))[:100]
            here = people.add_unit(by=by, code=code, name=name, parent=unit)
            if manager:
                head = known.get(map_.outside_id(manager)) or _person(by, map_, known, manager, here)
                people.appoint_head(by=by, unit=here, person=head)
        unit = units[office, manager] = here
    return unit


def _person(by: Actor, map_: Map, known: dict[str | None, Person], name: str, unit: Unit) -> Person:
    person = people.add_person(by=by, name=name, unit=unit, outside_id=map_.outside_id(name))
    known[person.outside_id] = person
    return person


def _code(*parts: str) -> str:
    """A unit's code out of names; one too long is cut and told apart by a digest."""
    code = ".".join("-".join(part.casefold().split()) for part in parts if part)
    return code if len(code) <= 60 else f"{code[:51]}-{hashlib.sha256(code.encode()).hexdigest()[:8]}"


@verb
def _bring_accounts(by: Actor, batch: Batch, map_: Map, accounts: Iterable[AccountIn]) -> int:
    """Accounts with one owner each: the seller named for it, else who heads the unit of the map or one above."""
    one_at_a_time()
    known = queries.known(Account, map_)
    sellers = {
        person.outside_id: person for person in Person.objects.filter(outside_id__startswith=map_.outside_id("")).select_related("unit")
    }
    parent = Unit.objects.get(code=map_.unit)
    head = head_at_or_above(parent)
    added = 0
    for account in accounts:
        outside_id = map_.outside_id(account.name)
        if outside_id in known:
            continue
        owner = sellers.get(map_.outside_id(account.owner)) or head
        if owner is None:
            _keep(batch, Bad(account.row, column_of(map_, maps.ACCOUNTS, "name"), account.name, "account.no_owner", brought_in=False))
            continue
        unit = owner.unit if account.owner else parent
        with or_finding(batch, account.row, column_of(map_, maps.ACCOUNTS, "name")):
            open_account(by=by, name=account.name, sector=account.sector, owner=owner, unit=unit, outside_id=outside_id)
            added += 1
    return added


@verb
def _bring_deals(by: Actor, batch: Batch, map_: Map, deals: Sequence[DealIn], sellers: dict[str, tuple[Person, Unit]]) -> int:
    one_at_a_time()
    ids = [map_.outside_id(deal.key) for deal in deals]
    known = set(Deal.objects.filter(outside_id__in=ids).values_list("outside_id", flat=True))
    wanted = {map_.outside_id(deal.account) for deal in deals if deal.account}
    accounts = {account.outside_id: account for account in Account.objects.filter(outside_id__in=wanted).select_related("unit")}
    added = 0
    for deal, outside_id in zip(deals, ids, strict=True):
        if outside_id in known:
            continue
        owner, unit = sellers[deal.seller]
        with or_finding(batch, deal.row, column_of(map_, maps.DEALS, "id")):
            bring_in_deal(
                by=by,
                title=deal.title,
                account=accounts.get(map_.outside_id(deal.account)) if deal.account else None,
                owner=owner,
                unit=unit,
                stage_code=deal.stage,
                amount=deal.amount,
                currency=map_.currency,
                outside_id=outside_id,
                # Not told when it was opened: at the latest when it was closed, else when we came to know of it.
                opened_at=deal.opened_at or deal.closed_at or batch.started_at,
                closing=deal.closing,
                reason=deal.reason,
                closed_at=deal.closed_at,
                services=deal.services,
            )
            added += 1
    return added


def one_at_a_time() -> None:
    """Two imports at once take turns, call by call: the second finds what the first brought."""
    Batch.objects.select_for_update().order_by("started_at", "pk").first()


def column_of(map_: AnyMap, table: str, name: str) -> str:
    return next(column for column, field in map_.tables[table].columns.items() if field == name)


@contextmanager
def or_finding(batch: Batch, row: Row, column: str) -> Generator[None, None, None]:
    """What a verb refuses is undone and kept as a finding with its row; the other rows go on."""
    try:
        with transaction.atomic(), call():
            yield
    except Refusal as refusal:
        _keep(batch, Bad(row, column, f"{row.cells[column]}: {refusal}", "row.refused", brought_in=False))


def _keep(batch: Batch, bad: Bad) -> None:
    """One more finding of a row that was thought whole: its other findings no longer say that it was brought in."""
    Finding.objects.filter(batch=batch, file=bad.row.file, line=bad.row.line).update(brought_in=False)
    row = _finding(batch, bad)
    values = {"value": row.value, "code": row.code, "brought_in": False, "row": row.row}
    Finding.objects.update_or_create(batch=batch, file=row.file, line=row.line, column=row.column, defaults=values)


@verb
def _finish(by: Actor, batch: Batch, map_: Map, taken: Taken, *, accounts: int, deals: int) -> Batch:
    known = len(taken.deals) - deals
    counts = {"accounts_added": accounts, "deals_added": deals, "deals_known": known}
    data = finish(batch, taken, counts) | {"added": deals, "known": known}
    record("intake.batch_taken", by=by, objects={"batch": batch}, scopes=[Unit.objects.get(code=map_.unit)], data=data)
    return batch


def finish(batch: Batch, taken: AnyTaken, counts: Mapping[str, int]) -> dict[str, Any]:
    """Keep what the run came to; the number of its findings, for its entry."""
    findings = sum(queries.findings_by_code(batch).values())
    batch.counts = {
        "rows": taken.rows,
        **counts,
        "findings": findings,
        "found": len(taken.found),
        "read_as": [[kind, value, alias, count] for (kind, value, alias), count in sorted(taken.aliased.items())],
        "unknown_columns": taken.unknown_columns,
    }
    batch.finished_at = now()
    batch.save(update_fields=["counts", "finished_at"])
    return {"findings": findings}
