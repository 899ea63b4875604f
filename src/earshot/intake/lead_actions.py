"""Verbs of an import of leads: as those of `actions.py`, a call for each part, so that a run is simply run again."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from earshot.deals.actions import bring_in_lead
from earshot.deals.lead_tables import Lead
from earshot.intake import leads, maps, queries, tables
from earshot.intake.actions import CHUNK, Progress, begin, column_of, finish, may_look, one_at_a_time, or_finding
from earshot.intake.leads import LeadIn, LeadsTaken
from earshot.intake.maps import LEADS, LeadMap
from earshot.intake.models import Batch
from earshot.journal.actions import record, verb
from earshot.journal.actors import IMPORT, Actor
from earshot.kit import now
from earshot.kit.engine.planner import look_anew
from earshot.kit.problems import Refusal, Together, say, wrong
from earshot.people.actors import as_person
from earshot.people.models import Person, Unit
from earshot.people.permits import OPERATE, require

RULE = "intake leads"


def look(folder: Path, map_path: Path, *, ordered_by: Person | None) -> tuple[LeadMap, LeadsTaken]:
    """Read map and list; nothing is written. Refused like `actions.look`."""
    may_look(folder, ordered_by)
    map_ = maps.read_leads(map_path, queries.names_of_leads())
    return map_, leads.take(tables.read_all(folder, map_), map_, now())


@dataclass(frozen=True)
class Sheet:
    """A list as a page takes it. `name`: what its keys are kept under; `lines`: the whole file; `columns`: our field → its column; `date`:
    how it writes days, of `DATES`; `reporter`: id of the person under whose name a row comes in that names nobody; `lead_source`: code of
    where such rows come from."""

    name: str
    lines: str
    columns: Mapping[str, str]
    date: str
    reporter: str
    lead_source: str


COLUMN = "column_"  # before the name of a field, where it is said that its column is wrong
DATES = ("%Y-%m-%d", "%Y/%m/%d", "%Y年%m月%d日", "%d.%m.%Y", "%m/%d/%Y")
MOST_ROWS = 1_000  # that a page takes in; more is for the command line
_NAME = re.compile(r"\w[\w.-]{0,29}")


def look_at(sheet: Sheet, *, ordered_by: Person) -> tuple[LeadMap, LeadsTaken]:
    """The same of a list that was handed in on a page: words of sources and categories are read as the playbook writes them."""
    require(as_person(ordered_by), OPERATE)
    each = Together()
    source = each(_source, sheet.name)
    for name, needed in maps.FIELDS[LEADS].items():
        column = sheet.columns.get(name, "")
        if needed and not column:
            each.fields[f"{COLUMN}{name}"] = _("Choose the column.")
        elif column and list(sheet.columns.values()).count(column) > 1:
            each.fields[f"{COLUMN}{name}"] = _("Two fields have the same column.")
    if not sheet.lines.strip():
        each.fields["lines"] = _("Choose a file, or put its lines here.")
    for name, known in (("date", DATES), ("reporter", (names := queries.names_of_leads()).people)):
        if getattr(sheet, name) not in known:
            each.fields[name] = _("Choose one of the list.")
    if names.lead_sources and sheet.lead_source not in names.lead_sources:
        each.fields["lead_source"] = _("Choose one of the list.")
    each.refuse()
    columns = {column: name for name, column in sheet.columns.items() if column}
    data = {
        "source": source,
        "date": sheet.date,
        "zone": settings.TIME_ZONE,
        "reporter": sheet.reporter,
        "leads": {"file": f"{source}.csv", "columns": columns},
        **({"lead_source": sheet.lead_source} if sheet.lead_source else {}),
        **queries.words_of_leads(),
    }
    path = Path(f"{source}.csv")
    map_ = maps.of_leads(path, data, names)
    try:
        table = tables.read_text(path, sheet.lines, LEADS, map_.tables[LEADS])
    except Refusal as refusal:
        raise Refusal("intake.files", _("The list cannot be read."), lines=refusal.lines) from None
    if len(table.rows) > MOST_ROWS:
        raise wrong("lines", say(_("At most {most} rows here; a longer list comes in by the command line."), most=MOST_ROWS))
    return map_, leads.take({LEADS: table}, map_, now())


def _source(name: str) -> str:
    source = "-".join(name.split())
    if not _NAME.fullmatch(source):
        raise wrong("name", _("Letters, digits, dots and hyphens, at most 30: the name of the list, by which it is known again."))
    return source


def take_in(map_: LeadMap, taken: LeadsTaken, *, ordered_by: Person | None, tell: Progress = lambda done, total: None) -> Batch:
    """Bring in what is not here yet, and keep what was found. `tell`: called with how many leads are done, of how many."""
    batch = begin(map_, taken, ordered_by)
    by = Actor(IMPORT, person_id=batch.ordered_by, agent_id=batch.pk, rule=RULE)
    rows, done, added = list(taken.leads.items()), 0, 0
    while chunk := rows[done : done + CHUNK]:
        added += _bring(by, batch, map_, taken, chunk)
        done += len(chunk)
        tell(done, len(rows))
    batch = _finish(by, batch, map_, taken, added)
    if added:
        look_anew()
    return batch


@verb
def _bring(by: Actor, batch: Batch, map_: LeadMap, taken: LeadsTaken, chunk: Sequence[tuple[str, LeadIn]]) -> int:
    one_at_a_time()
    ids = [map_.outside_id(key) for key, _lead in chunk]
    known = set(Lead.objects.filter(outside_id__in=ids).values_list("outside_id", flat=True))
    customers = queries.customers_called({lead.customer for _key, lead in chunk})
    people = Person.objects.select_related("unit").in_bulk({lead.reporter for _key, lead in chunk})
    rows = {row.line: row for row in taken.tables[LEADS].rows}
    added = 0
    for (_key, lead), outside_id in zip(chunk, ids, strict=True):
        if outside_id in known:
            continue
        with or_finding(batch, rows[lead.line], column_of(map_, LEADS, "words")):
            bring_in_lead(
                by=by,
                outside_id=outside_id,
                words=lead.words,
                source=lead.source,
                customer=lead.customer,
                account=customers.get(lead.customer),
                reporter=people[lead.reporter],
                named=lead.named,
                speaker=lead.speaker,
                speaker_title=lead.speaker_title,
                said_at=lead.said_at,
                category=lead.category,
            )
            added += 1
    return added


@verb
def _finish(by: Actor, batch: Batch, map_: LeadMap, taken: LeadsTaken, added: int) -> Batch:
    known = len(taken.leads) - added
    data = finish(batch, taken, {"leads_added": added, "leads_known": known}) | {"added": added, "known": known}
    unit = (
        Person.objects.select_related("unit").get(pk=map_.reporter).unit or Unit.objects.filter(parent__isnull=True).order_by("pk").first()
    )
    if unit is None:
        raise Refusal("lead.no_unit", _("There is no unit that could answer for a lead. An administrator adds one first."))
    record("intake.leads_taken", by=by, objects={"batch": batch}, scopes=[unit], data=data)
    return batch
