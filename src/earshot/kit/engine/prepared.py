"""Queries of one shape, asked again and again: put into SQL once a process instead of once a request.

To put a queryset into SQL costs several times what the database needs to answer it. A query whose shape does not change from one
reader to the next is built once with stand-ins in place of its values; each asking puts the values where the stand-ins stood.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from django.core.exceptions import EmptyResultSet
from django.db import DEFAULT_DB_ALIAS, connection, connections, models
from django.db.models.base import ModelState
from django.db.models.query import get_related_populators

Parameter = UUID | str | int | datetime | None | Sequence[UUID] | Sequence[int] | Sequence[str]
Rows = list[tuple[Any, ...]]
MOST = 500  # plans of one query; far more shapes than a house has


@dataclass(frozen=True)
class _Plan:
    """`places`: where in `params` which of the values goes. `names`: of the columns, for dictionaries. `make`: an object of a row."""

    sql: str
    params: tuple[Any, ...]
    places: tuple[tuple[int, int], ...]
    width: int
    converters: tuple[tuple[int, Any, Any], ...]
    names: tuple[str, ...]
    make: Callable[[Sequence[Any]], Any] | None


class Prepared:
    """`build`: from values and a shape to a queryset. Values are parameters of the statement: a UUID, a text, a number or a moment,
    compared as it is, or a list of them for `__in`; nothing else of the query may depend on them, but on whether there is one (None,
    "", []). The shape (keywords: a language, a flag, what somebody is permitted) may decide anything; each has a plan of its own, as has
    each power of two of a list's length.

    `build` reads no clock, no language and no table by itself: what it read would stand in the plan for good.
    """

    def __init__(self, build: Callable[..., models.QuerySet[Any, Any]]) -> None:
        self.build = build
        self._known: dict[Any, _Plan | None] = {}

    def rows(self, *values: Parameter, **shape: Any) -> Rows:
        """What the queryset of `values_list` would give, in one statement."""
        return [tuple(row) for row in self._asked(values, shape)[1]]

    def dicts(self, *values: Parameter, **shape: Any) -> list[dict[str, Any]]:
        """What the queryset of `values` would give."""
        plan, rows = self._asked(values, shape)
        return [dict(zip(plan.names, row, strict=True)) for row in rows] if plan else []

    def objects(self, *values: Parameter, **shape: Any) -> list[Any]:
        """The objects of the queryset, with what it selects beside them (`select_related`, `annotate`)."""
        plan, rows = self._asked(values, shape)
        if plan is None:
            return []
        assert plan.make is not None, "a query of values has no objects"
        return [plan.make(row) for row in rows]

    def one(self, *values: Parameter, **shape: Any) -> Any | None:
        """The first object, or None."""
        return next(iter(self.objects(*values, **shape)), None)

    def count(self, *values: Parameter, **shape: Any) -> int:
        """How many rows the queryset has, counted by the database."""
        return sum(row[0] for row in self._counted._asked(values, shape)[1])

    @cached_property
    def _counted(self) -> Prepared:
        return _Counted(self.build)

    def _asked(self, values: Sequence[Parameter], shape: dict[str, Any]) -> tuple[_Plan | None, list[list[Any]]]:
        filled = [_padded(value) if isinstance(value, list | tuple) else value for value in values]
        database = connections[DEFAULT_DB_ALIAS]
        key = (database.vendor, tuple(map(_form, filled)), tuple(sorted(shape.items())) if shape else ())
        if key not in self._known:
            if len(self._known) >= MOST:
                self._known.clear()
            self._known[key] = self._prepare(filled, shape)
        plan = self._known[key]
        if plan is None:
            return None, []
        given = list(plan.params)
        if plan.places:
            flat = [_adapted(value) for value in _flat(filled)]
            for place, which in plan.places:
                given[place] = flat[which]
        with _cursor() as cursor:
            cursor.execute(plan.sql, given)
            found = [list(row[: plan.width]) for row in cursor.fetchall()]
        for at, convert, expression in plan.converters:
            for row in found:
                row[at] = convert(row[at], expression, database)
        return plan, found

    def _prepare(self, values: Sequence[Any], shape: dict[str, Any]) -> _Plan | None:
        count = iter(range(10_000))
        stand_ins = [[_stand_in(one, next(count)) for one in v] if isinstance(v, list) else _stand_in(v, next(count)) for v in values]
        queryset = self.build(*stand_ins, **shape)
        if queryset._prefetch_related_lookups:  # type: ignore[attr-defined]  # private, and the only place that knows
            raise TypeError("a prepared query fetches nothing besides: ask for that with a prepared query of its own")
        compiler = queryset.query.get_compiler(connection=connection)
        try:
            sql, params = compiler.as_sql()
        except EmptyResultSet:
            return None
        marks = {_adapted(mark): which for which, mark in enumerate(_flat(stand_ins)) if mark not in (None, "")}
        places = tuple((place, marks[param]) for place, param in enumerate(params) if _hashable(param) and param in marks)
        _refuse_changed(params, marks)
        selected = [column[0] for column in compiler.select]
        converters = compiler.get_converters(selected)
        return _Plan(
            sql=sql,
            params=tuple(params),
            places=places,
            width=len(selected),
            converters=tuple(
                (at, _quick_converter(one), expression) for at, (several, expression) in converters.items() for one in several
            ),
            names=tuple(queryset.query.selected or ()),
            make=_maker(compiler),
        )


class _Counted(Prepared):
    """The same query, counted instead of read."""

    def _prepare(self, values: Sequence[Any], shape: dict[str, Any]) -> _Plan | None:
        whole = Prepared(lambda *values, **shape: self.build(*values, **shape).order_by().values_list("pk"))._prepare(values, shape)
        if whole is None:
            return None
        return replace(whole, sql=f"SELECT COUNT(*) FROM ({whole.sql}) AS counted", width=1, converters=(), names=(), make=None)


def grouped(things: Iterable[Any], key: str) -> dict[Any, list[Any]]:
    """Value of the attribute `key` → the things that have it, in their order: what many objects have beside them, asked for once."""
    found: dict[Any, list[Any]] = {}
    for thing in things:
        found.setdefault(getattr(thing, key), []).append(thing)
    return found


def _maker(compiler: Any) -> Callable[[Sequence[Any]], Any] | None:
    """How an object is made of a row, as Django itself makes it."""
    info, select = compiler.klass_info, compiler.select
    if info is None:
        return None
    model, fields = info["model"], info["select_fields"]
    first, last = fields[0], fields[-1] + 1
    names = [column[0].target.attname for column in select[first:last]]
    fresh: Any = _Fresh(model)
    beside = _quick(get_related_populators(info, select, "default"))  # type: ignore[call-arg]  # the stubs are ahead
    annotated = tuple((compiler.annotation_col_map or {}).items())

    def make(row: Sequence[Any]) -> Any:
        thing = fresh.from_db("default", names, row[first:last])
        for populator in beside:
            populator.populate(row, thing)
        for name, at in annotated:
            setattr(thing, name, row[at])
        return thing

    return make


def _cursor() -> Any:
    """On PostgreSQL one that sends statement and values apart, so that the server keeps the plan of a statement which comes again on
    the same connection (`prepare_threshold` in the settings): to plan costs it more than to answer."""
    if connection.vendor != "postgresql" or connection.queries_logged:  # a log shows statements as they were sent
        return connection.cursor()
    from django.db.backends.postgresql.base import ServerBindingCursor

    connection.ensure_connection()
    with connection.wrap_database_errors:
        return connection._prepare_cursor(ServerBindingCursor(connection.connection))  # type: ignore[attr-defined, call-arg]  # PostgreSQL's own


class _Fresh:
    """Makes objects of a model as they come from the database: the same that `Model.from_db` makes, without asking each field and
    without its signals, which no room listens to."""

    def __init__(self, model: type[models.Model]) -> None:
        self.model, self._meta = model, model._meta

    def from_db(self, db: str, names: Sequence[str], values: Sequence[Any]) -> models.Model:
        thing = self.model.__new__(self.model)
        state = ModelState()
        state.adding, state.db = False, db
        thing.__dict__["_state"] = state
        thing.__dict__.update(zip(names, values, strict=True))
        return thing


def _quick(populators: Sequence[Any]) -> Sequence[Any]:
    for populator in populators:
        populator.model_cls = _Fresh(populator.model_cls)
        _quick(populator.related_populators)
    return populators


def _quick_converter(convert: Any) -> Any:
    """SQLite keeps ids as 32 digits; what Django does to read them allows for more than that."""
    return _id if getattr(convert, "__name__", "") == "convert_uuidfield_value" else convert


def _id(value: str | None, expression: Any, connection: Any) -> UUID | None:
    return None if value is None else UUID(int=int(value, 16))


def _form(value: Any) -> Any:
    """What of a value the statement depends on: its type, the length of a list, whether there is one at all."""
    if isinstance(value, list):
        return (type(value[0]), len(value)) if value else ()
    return "" if value == "" else type(value)


def _padded(values: Sequence[Any]) -> list[Any]:
    """The list in the next power of two of its length: `__in` does not mind one value twice. A very long one as it is."""
    length = 1 << (len(values) - 1).bit_length() if len(values) <= MOST else len(values)
    return [*values, *[values[-1]] * (length - len(values))] if values else []


def _flat(values: Iterable[Any]) -> Iterable[Any]:
    for value in values:
        if isinstance(value, list):
            yield from value
        else:
            yield value


def _stand_in(value: Any, number: int) -> Any:
    """A value of the same type that cannot be meant."""
    match value:
        case None | "":
            return value
        case UUID():
            return UUID(int=number + 1)
        case bool():
            raise TypeError("yes or no belongs to the shape of a prepared query, by keyword")
        case int():
            return 2_000_000_000 + number
        case datetime():
            return datetime(9000, 1, 1, number // 3600, number // 60 % 60, number % 60, tzinfo=UTC)
        case str():
            return f"earshot stand-in {number:05d}"
    raise TypeError(f"a prepared query takes no {type(value).__name__} as a value")


def _adapted(value: Any) -> Any:
    """The value as the database driver takes it."""
    if isinstance(value, datetime):
        return connection.ops.adapt_datetimefield_value(value)
    return value.hex if isinstance(value, UUID) and not connection.features.has_native_uuid_field else value


def _hashable(param: Any) -> bool:
    return isinstance(param, UUID | str | int | datetime)


def _refuse_changed(params: Iterable[Any], marks: dict[Any, int]) -> None:
    """A stand-in inside a longer parameter (`%word%`) would stay there for every reader."""
    texts = [mark for mark in marks if isinstance(mark, str)]
    for param in params:
        if isinstance(param, str) and param not in marks and any(mark in param for mark in texts):
            raise TypeError(f"a value of a prepared query is compared as it is, not as {param!r}")
