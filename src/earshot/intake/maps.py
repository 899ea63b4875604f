"""Reading a map: which file, column and value of another system means what here. Checked like a pack; no table is touched."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import jsonschema
import yaml
from django.utils.translation import gettext_lazy as _

from earshot.kit.problems import Line, Refusal, say

MAPS = Path(__file__).parent / "maps"
WON, LOST = "won", "lost"
PRODUCTS, ACCOUNTS, SELLERS, DEALS, LEADS = "products", "accounts", "sellers", "deals", "leads"
# Table → field → whether a row is nothing without it.
FIELDS: dict[str, dict[str, bool]] = {
    PRODUCTS: {"name": True},
    ACCOUNTS: {"name": True, "sector": False},
    SELLERS: {"name": True, "manager": False, "office": False},
    DEALS: {
        "id": True,
        "seller": True,
        "stage": True,
        "product": False,
        "account": False,
        "opened_on": False,
        "closed_on": False,
        "amount": False,
        "services": False,
    },
    LEADS: {
        "id": False,
        "words": True,
        "customer": True,
        "speaker": False,
        "speaker_title": False,
        "said_on": False,
        "source": False,
        "category": False,
        "reporter": False,
    },
}
OF_DEALS = (PRODUCTS, ACCOUNTS, SELLERS, DEALS)
ALIASED = sorted({name for table in OF_DEALS for name in FIELDS[table]} - {"id", "opened_on", "closed_on", "amount", "services"})

WORD = {"type": "string", "minLength": 1, "maxLength": 200}
CODE = {"type": "string", "pattern": r"^[\w][\w.-]{0,59}$"}


def table_of(name: str) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {
            "file": {"type": "string", "pattern": r"^[^/\\]+$", "maxLength": 200},
            "columns": {"type": "object", "additionalProperties": {"enum": list(FIELDS[name])}, "minProperties": 1},
            "unused": {"type": "array", "items": WORD},
        },
        "required": ["file", "columns"],
        "additionalProperties": False,
    }


OF_ANY = {
    "source": {"type": "string", "pattern": r"^[\w][\w.-]{0,29}$"},
    "encoding": {"enum": ["utf-8", "gb18030"]},
    "date": WORD,
    "zone": WORD,
}
SCHEMA = {
    "type": "object",
    "properties": {
        **OF_ANY,
        "currency": {"type": "string", "pattern": "^[A-Z]{3}$"},
        "unit": CODE,
        "role": CODE,
        **{name: table_of(name) for name in OF_DEALS},
        "aliases": {
            "type": "object",
            "propertyNames": {"enum": ALIASED},
            "additionalProperties": {"type": "object", "additionalProperties": WORD},
        },
        "stages": {
            "type": "object",
            "minProperties": 1,
            "additionalProperties": {
                "type": "object",
                "properties": {
                    "stage": CODE,
                    "closing": {"enum": [WON, LOST]},
                    "reason": {"type": "string", "minLength": 1, "maxLength": 1000},
                    "expects": {"type": "array", "items": {"enum": [name for name, needed in FIELDS[DEALS].items() if not needed]}},
                },
                "required": ["stage"],
                "additionalProperties": False,
            },
        },
        # A word of the column of services → code of the type of service.
        "services": {"type": "object", "minProperties": 1, "additionalProperties": CODE},
    },
    "required": ["source", "date", "zone", "currency", "unit", "role", ACCOUNTS, SELLERS, DEALS, "stages"],
    "additionalProperties": False,
}
LEAD_SCHEMA = {
    "type": "object",
    "properties": {
        **OF_ANY,
        "reporter": WORD,
        "lead_source": CODE,
        "lead_sources": {"type": "object", "minProperties": 1, "additionalProperties": CODE},
        "categories": {"type": "object", "minProperties": 1, "additionalProperties": CODE},
        LEADS: table_of(LEADS),
    },
    "required": ["source", "date", "zone", "reporter", LEADS],
    "additionalProperties": False,
}


@dataclass(frozen=True)
class TableMap:
    """One file. `columns`: column of the file → our field."""

    file: str
    columns: Mapping[str, str]
    unused: frozenset[str] = frozenset()


@dataclass(frozen=True)
class StageMap:
    """What one value of the stage column means. `expects`: fields whose absence is then worth telling."""

    stage: str
    closing: str = ""
    reason: str = ""
    expects: frozenset[str] = frozenset()


@dataclass(frozen=True)
class AnyMap:
    """What every map says that was read and checked."""

    name: str
    source: str
    encoding: str
    date: str
    zone: ZoneInfo
    tables: Mapping[str, TableMap]
    aliases: Mapping[str, Mapping[str, str]]

    def outside_id(self, key: str) -> str:
        """How a key of the source is kept here: under the source's name, so that two sources never meet."""
        return f"{self.source}:{key}"


@dataclass(frozen=True)
class Map(AnyMap):
    """A map of accounts, sellers and deals. `services`: word of the files → code of our type of service."""

    currency: str
    unit: str
    role: str
    stages: Mapping[str, StageMap]
    services: Mapping[str, str]


@dataclass(frozen=True)
class LeadMap(AnyMap):
    """A map of leads. `reporter`: the id of the person under whose name a row comes in that names none of `people`. `lead_source`: code of
    where such rows come from; `lead_sources`, `categories`: word of the file → code."""

    reporter: UUID
    lead_source: str
    lead_sources: Mapping[str, str]
    categories: Mapping[str, str]
    people: Mapping[str, UUID]


@dataclass(frozen=True)
class Names:
    """What a map may name: codes of the company and of the playbook in force. `people`: name or e-mail address that is borne by one
    person alone → his or her id."""

    units: Collection[str] = field(default_factory=frozenset)
    roles: Collection[str] = field(default_factory=frozenset)
    stages: Collection[str] = field(default_factory=frozenset)
    currencies: Collection[str] = field(default_factory=frozenset)
    services: Collection[str] = field(default_factory=frozenset)
    lead_sources: Collection[str] = field(default_factory=frozenset)
    categories: Collection[str] = field(default_factory=frozenset)
    people: Mapping[str, UUID] = field(default_factory=dict)


def locate(words: str) -> Path:
    """The file that `words` mean: a path, or the name of a map that ships."""
    shipped = MAPS / f"{words}.yaml"
    return shipped if not Path(words).exists() and shipped.exists() else Path(words)


def read(path: Path, names: Names) -> Map:
    """Read and check a map of deals. Raises one Refusal with a line for each finding: place, what is wrong, what was meant."""
    data = _loaded(path)
    _check(path, data, SCHEMA, lambda: _cross_check(path, data, names))
    return Map(
        **_of_any(path, data),
        currency=data["currency"],
        unit=data["unit"],
        role=data["role"],
        stages={
            value: StageMap(row["stage"], row.get("closing", ""), row.get("reason", ""), frozenset(row.get("expects", ())))
            for value, row in data["stages"].items()
        },
        services=data.get("services", {}),
    )


def read_leads(path: Path, names: Names) -> LeadMap:
    """The same of a map of leads."""
    return of_leads(path, _loaded(path), names)


def of_leads(path: Path, data: dict[str, Any], names: Names) -> LeadMap:
    """A map of leads that was put together elsewhere, checked like one that was read. `path`: what findings call it."""
    _check(path, data, LEAD_SCHEMA, lambda: _cross_check_leads(path, data, names))
    return LeadMap(
        **_of_any(path, data),
        reporter=names.people[data["reporter"]],
        lead_source=data.get("lead_source", ""),
        lead_sources=data.get("lead_sources", {}),
        categories=data.get("categories", {}),
        people=names.people,
    )


def _loaded(path: Path) -> Any:
    try:
        return _plain(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError) as error:
        raise Refusal("intake.no_map", say(_("The map {path} cannot be read: {error}"), path=str(path), error=str(error))) from None
    except yaml.YAMLError as error:
        raise _refused(path, [_finding(path, "", say(_("This is not YAML: {error}"), error=str(error)))]) from None


def _check(path: Path, data: Any, schema: Mapping[str, Any], cross_check: Callable[[], Iterable[Line]]) -> None:
    errors = sorted(
        jsonschema.Draft202012Validator(schema).iter_errors(data), key=lambda error: [str(step) for step in error.absolute_path]
    )
    found = [_finding(path, "/".join(map(str, error.absolute_path)), error.message) for error in errors]
    if found := found or list(cross_check()):
        raise _refused(path, found)


def _of_any(path: Path, data: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": path.name,
        "source": data["source"],
        "encoding": data.get("encoding", "utf-8"),
        "date": data["date"],
        "zone": ZoneInfo(data["zone"]),
        "tables": {
            name: TableMap(data[name]["file"], data[name]["columns"], frozenset(data[name].get("unused", ())))
            for name in FIELDS
            if name in data
        },
        "aliases": data.get("aliases", {}),
    }


def _plain(data: Any) -> Any:
    """YAML reads bare `Yes` and `2017` as other things than words; names of columns and values are words."""
    return {str(key): _plain(value) for key, value in data.items()} if isinstance(data, dict) else data


def _cross_check_leads(path: Path, data: Mapping[str, Any], names: Names) -> Iterator[Line]:
    if data["reporter"] not in names.people:
        hint = _hint(data["reporter"], names.people)
        yield _finding(path, "reporter", say(_("nobody, or more than one, is called “{name}”{hint}"), name=data["reporter"], hint=hint))
    if "lead_source" in data:
        yield from _unknown(path, "lead_source", _("source of leads"), data["lead_source"], names.lead_sources)
    elif names.lead_sources:
        yield _finding(path, "lead_source", _("say where leads come from whose row does not tell: the code of one of your sources"))
    for word, code in data.get("lead_sources", {}).items():
        yield from _unknown(path, f"lead_sources/{word}", _("source of leads"), code, names.lead_sources)
    for word, code in data.get("categories", {}).items():
        yield from _unknown(path, f"categories/{word}", _("category"), code, names.categories)
    yield from _cross_check_any(path, data)


def _unknown(path: Path, place: str, what: Any, code: str, provided: Collection[str]) -> Iterator[Line]:
    if code not in provided:
        hint = _hint(code, provided)
        yield _finding(path, place, say(_("no {what} has the code “{code}”{hint}"), what=what, code=code, hint=hint))


def _hint(word: str, provided: Collection[str]) -> Any:
    near = get_close_matches(word, list(provided), n=1)
    return say(_("; did you mean “{name}”?"), name=near[0]) if near else ""


def _cross_check(path: Path, data: Mapping[str, Any], names: Names) -> Iterator[Line]:
    unknown = partial(_unknown, path)
    yield from unknown("unit", _("unit"), data["unit"], names.units)
    yield from unknown("role", _("role"), data["role"], names.roles)
    yield from unknown("currency", _("currency"), data["currency"], names.currencies)
    for value, row in data["stages"].items():
        yield from unknown(f"stages/{value}/stage", _("stage"), row["stage"], names.stages)
        if row.get("closing") == LOST and "reason" not in row:
            yield _finding(path, f"stages/{value}", _("a lost deal needs a reason: say what the files do not"))
        if "reason" in row and row.get("closing") != LOST:
            yield _finding(path, f"stages/{value}/reason", _("only a lost deal has a reason"))
    for word, code in data.get("services", {}).items():
        yield from unknown(f"services/{word}", _("type of service"), code, names.services)
    if "services" in data[DEALS]["columns"].values() and "services" not in data:
        yield _finding(path, "services", _("a column holds types of service: say of each word which of ours it means"))
    yield from _cross_check_any(path, data)


def _cross_check_any(path: Path, data: Mapping[str, Any]) -> Iterator[Line]:
    """What every map may get wrong: its columns, its zone, its dates."""
    for table, fields in FIELDS.items():
        if table not in data:
            continue
        mapped = list(data[table]["columns"].values())
        for name, needed in fields.items():
            if needed and name not in mapped:
                yield _finding(path, f"{table}/columns", say(_("no column is mapped to “{name}”"), name=name))
            if mapped.count(name) > 1:
                yield _finding(path, f"{table}/columns", say(_("two columns are mapped to “{name}”"), name=name))
    try:
        ZoneInfo(data["zone"])
    except (ZoneInfoNotFoundError, ValueError, OSError):
        yield _finding(path, "zone", say(_("there is no time zone “{name}”; write one such as Asia/Shanghai"), name=data["zone"]))
    if not _reads_dates(data["date"]):
        yield _finding(
            path, "date", say(_("“{format}” does not read a day, month and year; write one such as %m/%d/%Y"), format=data["date"])
        )


def _reads_dates(form: str) -> bool:
    day = datetime(2017, 11, 23)  # noqa: DTZ001 - a day on paper, in no zone
    try:
        return datetime.strptime(day.strftime(form), form) == day  # noqa: DTZ007
    except ValueError:
        return False


def _finding(path: Path, place: str, sentence: Any) -> Line:
    where = f"{path.name} {place}".strip()
    return Line("intake.map", say(_("{where}: {what}"), where=where, what=sentence))


def _refused(path: Path, found: list[Line]) -> Refusal:
    return Refusal("intake.map", say(_("The map {name} cannot be used: {count} findings."), name=path.name, count=len(found)), lines=found)
