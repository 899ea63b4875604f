"""CPU time of the application and of its database, and statements run again bare."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import connection, transaction

Statement = tuple[str, Any, bool]
WRITES = ("INSERT", "UPDATE", "DELETE", "WITH")
READS = ("SELECT", "WITH")


def cpu() -> float:
    """Milliseconds on a processor so far: this process, and the database server's process that serves it."""
    mine = time.process_time_ns()
    if connection.vendor == "postgresql":
        connection.ensure_connection()
        schedule = Path(f"/proc/{connection.connection.info.backend_pid}/schedstat")
        mine += int(schedule.read_text().split()[0])
    return mine / 1e6


@dataclass
class Case:
    """`door` and `ceiling` each do one request or its bare equal and return the milliseconds that count. `aim`: times the ceiling."""

    name: str
    door: Callable[[], float]
    ceiling: Callable[[], float]
    aim: float
    statements: Callable[[], int] | None = None


@dataclass
class Outcome:
    name: str
    door: float
    ceiling: float
    aim: float

    @property
    def times(self) -> float:
        return self.door / self.ceiling

    def line(self) -> str:
        verdict = "ok" if self.times <= self.aim else "MISSED"
        return f"{self.name:<40}{self.door:>9.2f}{self.ceiling:>11.2f}{self.times:>8.1f}x   at most {self.aim:.0f}x   {verdict}"


def timed(act: Callable[[], Any]) -> Callable[[], float]:
    def run() -> float:
        begin = cpu()
        act()
        return cpu() - begin

    return run


def measure(case: Case, *, runs: int, each: int) -> Outcome:
    """Median over the runs of the mean of each run; door and ceiling take turns, so that a noisy minute meets both."""
    for _ in range(3):
        case.door()
        case.ceiling()
    doors, ceilings = [], []
    for _ in range(runs):
        doors.append(statistics.mean(case.door() for _ in range(each)))
        ceilings.append(statistics.mean(case.ceiling() for _ in range(each)))
    return Outcome(case.name, statistics.median(doors), statistics.median(ceilings), case.aim)


@contextmanager
def recorded() -> Iterator[list[Statement]]:
    """The writing statements of the block, whose effect is undone at its end, so that they can be run again as they are."""
    found: list[Statement] = []

    def note(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        if sql.lstrip().upper().startswith(WRITES):
            found.append((sql, params, many))
        return execute(sql, params, many, context)

    places = sequences()
    with transaction.atomic(), connection.execute_wrapper(note):
        yield found
        transaction.set_rollback(True)
    restore(places)


def sequences() -> list[tuple[str, int | None]]:
    if connection.vendor != "postgresql":
        return []
    with connection.cursor() as cursor:
        cursor.execute("SELECT quote_ident(schemaname) || '.' || quote_ident(sequencename), last_value FROM pg_sequences")
        return list(cursor.fetchall())


def restore(places: list[tuple[str, int | None]]) -> None:
    """A rollback does not give numbers back on PostgreSQL; rows that name each other by number need the same ones again."""
    with connection.cursor() as cursor:
        for name, last in places:
            cursor.execute("SELECT setval(%s, %s, %s)", [name, last or 1, last is not None])


def bare(request: Callable[[], Any]) -> Callable[[], float]:
    """The same INSERTs and UPDATEs as `request` makes, in one transaction, with nothing around them."""

    def run() -> float:
        with recorded() as statements:
            request()
        begin = cpu()
        with transaction.atomic(), connection.cursor() as cursor:
            for sql, params, many in statements:
                (cursor.executemany if many else cursor.execute)(sql, params)
        return cpu() - begin

    return run


def bare_reads(request: Callable[[], Any]) -> Callable[[], float]:
    """What `request` asks the database, asked again as raw SQL, every row fetched, with nothing around it. What it writes besides is not
    among it."""
    found: list[Statement] = []

    def note(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        if sql.lstrip().upper().startswith(READS):
            found.append((sql, params, many))
        return execute(sql, params, many, context)

    def run() -> float:
        if not found:
            with connection.execute_wrapper(note):
                request()
        begin = cpu()
        with connection.cursor() as cursor:
            for sql, params, _many in found:
                cursor.execute(sql, params)
                cursor.fetchall()
        return cpu() - begin

    return run
