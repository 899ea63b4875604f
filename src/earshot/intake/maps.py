"""Reading a map: which file, column and value of another system means what here. Checked like a pack; no table is touched."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import jsonschema
import yaml
from django.utils.translation import gettext_lazy as _

from earshot.kit.problems import Line, Refusal, say

MAPS = Path(__file__).parent / "maps"
WON, LOST = "won", "lost"
PRODUCTS, ACCOUNTS, SELLERS, DEALS = "products", "accounts", "sellers", "deals"
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
    },
}
ALIASED = sorted({name for fields in FIELDS.values() for name in fields} - {"id", "opened_on", "closed_on", "amount"})

_WORD = {"type": "string", "minLength": 1, "maxLength": 200}
_CODE = {"type": "string", "pattern": r"^[\w][\w.-]{0,59}$"}


def _table(name: str) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {
            "file": {"type": "string", "pattern": r"^[^/\\]+$", "maxLength": 200},
            "columns": {"type": "object", "additionalProperties": {"enum": list(FIELDS[name])}, "minProperties": 1},
            "unused": {"type": "array", "items": _WORD},
        },
        "required": ["file", "columns"],
        "additionalProperties": False,
    }


SCHEMA = {
    "type": "object",
    "properties": {
        "source": {"type": "string", "pattern": r"^[\w][\w.-]{0,29}$"},
        "encoding": {"enum": ["utf-8", "gb18030"]},
        "date": _WORD,
        "zone": _WORD,
        "currency": {"type": "string", "pattern": "^[A-Z]{3}$"},
        "unit": _CODE,
        "role": _CODE,
        **{name: _table(name) for name in FIELDS},
        "aliases": {
            "type": "object",
            "propertyNames": {"enum": ALIASED},
            "additionalProperties": {"type": "object", "additionalProperties": _WORD},
        },
        "stages": {
            "type": "object",
            "minProperties": 1,
            "additionalProperties": {
                "type": "object",
                "properties": {
                    "stage": _CODE,
                    "closing": {"enum": [WON, LOST]},
                    "reason": {"type": "string", "minLength": 1, "maxLength": 1000},
                    "expects": {"type": "array", "items": {"enum": [name for name, needed in FIELDS[DEALS].items() if not needed]}},
                },
                "required": ["stage"],
                "additionalProperties": False,
            },
        },
    },
    "required": ["source", "date", "zone", "currency", "unit", "role", ACCOUNTS, SELLERS, DEALS, "stages"],
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
class Map:
    """A map that was read and checked."""

    name: str
    source: str
    encoding: str
    date: str
    zone: ZoneInfo
    currency: str
    unit: str
    role: str
    tables: Mapping[str, TableMap]
    aliases: Mapping[str, Mapping[str, str]]
    stages: Mapping[str, StageMap]

    def outside_id(self, key: str) -> str:
        """How a key of the source is kept here: under the source's name, so that two sources never meet."""
        return f"{self.source}:{key}"


@dataclass(frozen=True)
class Names:
    """What a map may name: codes of the company and of the playbook in force."""

    units: Collection[str]
    roles: Collection[str]
    stages: Collection[str]
    currencies: Collection[str] = field(default_factory=frozenset)


def locate(words: str) -> Path:
    """The file that `words` mean: a path, or the name of a map that ships."""
    shipped = MAPS / f"{words}.yaml"
    return shipped if not Path(words).exists() and shipped.exists() else Path(words)


def read(path: Path, names: Names) -> Map:
    """Read and check a map. Raises one Refusal with a line for each finding: place, what is wrong, what was meant."""
    try:
        data = _plain(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError) as error:
        raise Refusal("intake.no_map", say(_("The map {path} cannot be read: {error}"), path=str(path), error=str(error))) from None
    except yaml.YAMLError as error:
        raise _refused(path, [_finding(path, "", say(_("This is not YAML: {error}"), error=str(error)))]) from None
    errors = sorted(
        jsonschema.Draft202012Validator(SCHEMA).iter_errors(data), key=lambda error: [str(step) for step in error.absolute_path]
    )
    found = [_finding(path, "/".join(map(str, error.absolute_path)), error.message) for error in errors]
    found = found or list(_cross_check(path, data, names))
    if found:
        raise _refused(path, found)
    return Map(
        name=path.name,
        source=data["source"],
        encoding=data.get("encoding", "utf-8"),
        date=data["date"],
        zone=ZoneInfo(data["zone"]),
        currency=data["currency"],
        unit=data["unit"],
        role=data["role"],
        tables={
            name: TableMap(data[name]["file"], data[name]["columns"], frozenset(data[name].get("unused", ())))
            for name in FIELDS
            if name in data
        },
        aliases=data.get("aliases", {}),
        stages={
            value: StageMap(row["stage"], row.get("closing", ""), row.get("reason", ""), frozenset(row.get("expects", ())))
            for value, row in data["stages"].items()
        },
    )


def _plain(data: Any) -> Any:
    """YAML reads bare `Yes` and `2017` as other things than words; names of columns and values are words."""
    return {str(key): _plain(value) for key, value in data.items()} if isinstance(data, dict) else data


def _cross_check(path: Path, data: Mapping[str, Any], names: Names) -> Iterator[Line]:
    def unknown(place: str, what: Any, code: str, provided: Collection[str]) -> Iterator[Line]:
        if code not in provided:
            near = get_close_matches(code, list(provided), n=1)
            hint = say(_("; did you mean “{name}”?"), name=near[0]) if near else ""
            yield _finding(path, place, say(_("no {what} has the code “{code}”{hint}"), what=what, code=code, hint=hint))

    yield from unknown("unit", _("unit"), data["unit"], names.units)
    yield from unknown("role", _("role"), data["role"], names.roles)
    yield from unknown("currency", _("currency"), data["currency"], names.currencies)
    for value, row in data["stages"].items():
        yield from unknown(f"stages/{value}/stage", _("stage"), row["stage"], names.stages)
        if row.get("closing") == LOST and "reason" not in row:
            yield _finding(path, f"stages/{value}", _("a lost deal needs a reason: say what the files do not"))
        if "reason" in row and row.get("closing") != LOST:
            yield _finding(path, f"stages/{value}/reason", _("only a lost deal has a reason"))
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
