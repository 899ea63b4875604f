"""The end of an append-only table, read as it grows: every row exactly once, in batches that follow each other as they were committed.

A *mark* says how far somebody has read. It can be kept for as long as anybody likes, handed to another process, and taken up again.

- SQLite: writers stand in a line, so the numbers of the rows are their order. That something was written, by whatever process, the engine
  says itself (`data_version`), for about as much as a look at the clock.
- PostgreSQL: a row with a lower number may be committed after one with a higher. So each row keeps the transaction that wrote it (a column
  of this engine's alone, filled by its default), a mark is a snapshot, and what came after it is what the snapshot does not show. That
  something was written, a trigger says by NOTIFY: at the commit, to whoever listens, and never of what was rolled back.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic, sleep
from typing import Any
from uuid import UUID

from django.db import connection

from earshot.kit.ruling import permissive

CHANNEL = "earshot_tail"
LOOK = 0.002  # seconds between two looks at SQLite's version, eleven microseconds each
NET = 2.0  # seconds after which PostgreSQL is asked without having said anything: should a notice ever be lost
TAKEN_ON_TRUST = "-"  # the check of a mark in an empty table
_MARK = re.compile(r"([sp]);([0-9:,]*);([0-9]{1,18});([0-9a-f]{12}|-)")  # a number that fits into the column
_SNAPSHOT = re.compile(r"([0-9]{1,18}):([0-9]{1,18}):((?:[0-9]{1,18}(?:,[0-9]{1,18})*)?)")


@dataclass(frozen=True)
class Table:
    """`number`: its growing key; `name`: the column of a public id, by which a row of another house is known."""

    table: str
    number: str = "seq"
    name: str = "id"

    def end(self) -> str:
        """The mark of a reader who has read everything that is committed."""
        with connection.cursor() as cursor:
            cursor.execute(f'SELECT {self._snapshot()}, "{self.number}", "{self.name}" FROM {self._last()}')
            snapshot, number, name = cursor.fetchone()
        return _mark(snapshot, number or 0, name)

    @permissive("nothing new", lambda self, mark, most: ([], mark))
    def after(self, mark: str, most: int) -> tuple[list[int], str] | None:
        """The numbers of the rows that were committed after the mark, in order, and the mark behind them. None: the mark says nothing
        here (it is of another house, another engine, or a copy restored from before), or there are more than `most`."""
        parts = _MARK.fullmatch(mark)
        if parts is None or parts[1] != _letter() or not _readable(parts[1], parts[2]):
            return None
        read = self._after_on_postgresql if connection.vendor == "postgresql" else self._after_on_sqlite
        return read(parts[2], int(parts[3]), parts[4], most)

    def _after_on_sqlite(self, _snapshot: str, number: int, check: str, most: int) -> tuple[list[int], str] | None:
        known = "" if number else "UNION ALL SELECT 0, NULL "
        with connection.cursor() as cursor:
            # The marked row itself comes first: where it is missing, or another one bears its number, the mark is of another house.
            cursor.execute(
                f'SELECT * FROM (SELECT "{self.number}", "{self.name}" FROM "{self.table}" WHERE "{self.number}" >= %s '
                f'{known}ORDER BY "{self.number}" LIMIT %s) ORDER BY 1',
                [number, most + 2],
            )
            rows = cursor.fetchall()
        if not rows or rows[0][0] != number or _check(rows[0][1]) != check or len(rows) > most + 1:
            return None
        return [row[0] for row in rows[1:]], _mark("", *rows[-1])

    def _after_on_postgresql(self, snapshot: str, number: int, check: str, most: int) -> tuple[list[int], str] | None:
        """One statement, so that what it shows and the snapshot that it returns are the same."""
        with connection.cursor() as cursor:
            cursor.execute(
                f'SELECT pg_current_snapshot()::text, (SELECT "{self.name}" FROM "{self.table}" WHERE "{self.number}" = %s), '
                "pg_snapshot_xmax(%s::pg_snapshot) <= pg_snapshot_xmax(pg_current_snapshot()), "
                f'ARRAY(SELECT "{self.number}" FROM "{self.table}" WHERE written_in >= pg_snapshot_xmin(%s::pg_snapshot) '
                "AND written_in < pg_snapshot_xmax(pg_current_snapshot()) "  # greater ones came in a dump of another cluster
                f'AND NOT pg_visible_in_snapshot(written_in, %s::pg_snapshot) LIMIT %s), last."{self.number}", last."{self.name}" '
                f"FROM {self._last()}",
                [number, snapshot, snapshot, snapshot, most + 1],
            )
            shown, marked, follows, numbers, last, name = cursor.fetchone()
        if not follows or (number and _check(marked) != check) or len(numbers) > most:
            return None
        return sorted(numbers), _mark(shown, last or 0, name)

    def _last(self) -> str:
        """The row with the highest number, or a row of nothing."""
        last = f'(SELECT "{self.number}", "{self.name}" FROM "{self.table}" ORDER BY "{self.number}" DESC LIMIT 1) AS last'
        return f"(SELECT 1) AS one LEFT JOIN {last} ON 1 = 1"

    @staticmethod
    def _snapshot() -> str:
        return "pg_current_snapshot()::text" if connection.vendor == "postgresql" else "''"


class Watch:
    """Says when something may have been written. Of one thread, and of its connection, which must not stand in a transaction."""

    def __init__(self) -> None:
        self._version: Any = None
        self._listening: Any = None

    def wait(self, most: float) -> bool:
        """Wait until something was written, `most` seconds at most; whether it may have been. May be woken for nothing, never too little:
        what is written while nobody waits wakes the next wait."""
        return self._wait_on_postgresql(most) if connection.vendor == "postgresql" else self._wait_on_sqlite(most)

    def _wait_on_sqlite(self, most: float) -> bool:
        until = monotonic() + most
        while True:
            with connection.cursor() as cursor:
                version = cursor.execute("PRAGMA data_version").fetchone()[0]
            if version != self._version:
                self._version = version
                return True
            if monotonic() >= until:
                return False
            sleep(LOOK)

    def _wait_on_postgresql(self, most: float) -> bool:
        connection.ensure_connection()
        line = connection.connection
        if self._listening is not line:  # a new line: what was said before it was opened, nobody heard
            with connection.wrap_database_errors:  # the driver's own line raises the driver's own errors
                line.execute(f"LISTEN {CHANNEL}")
            self._listening = line
            return True
        with connection.wrap_database_errors:
            for _notice in line.notifies(timeout=min(most, NET), stop_after=1):
                return True
        return most >= NET


def _letter() -> str:
    return "p" if connection.vendor == "postgresql" else "s"


def _readable(letter: str, snapshot: str) -> bool:
    """Whether the engine that wrote the mark takes this for a snapshot of its own: PostgreSQL ends the statement at any other."""
    if letter == "s":
        return snapshot == ""
    parts = _SNAPSHOT.fullmatch(snapshot)
    if parts is None:
        return False
    oldest, next_one = int(parts[1]), int(parts[2])
    running = [int(one) for one in parts[3].split(",") if one]
    return 0 < oldest <= next_one and running == sorted(running) and all(oldest <= one < next_one for one in running)


def _mark(snapshot: str, number: int, name: Any) -> str:
    return f"{_letter()};{snapshot};{number};{_check(name)}"


def _check(name: UUID | str | None) -> str:
    """The last twelve digits of a public id, the random ones."""
    return TAKEN_ON_TRUST if name is None else str(name).replace("-", "")[-12:]


def follow_growth(table: str, of: Any) -> None:
    """What `Table` and `Watch` need of a table, on the engine of this schema editor (`of`): for migrations; safe to repeat.

    The column comes first without, then with its default: rows that are there already were written before any mark, and need none.
    """
    if of.connection.vendor != "postgresql":
        return
    for statement in _growth(table):
        of.execute(statement)


_FUNCTION = "CREATE OR REPLACE FUNCTION earshot_tell_growth() RETURNS trigger LANGUAGE plpgsql AS $$"


def _growth(table: str) -> Sequence[str]:
    return (
        f'ALTER TABLE "{table}" ADD COLUMN IF NOT EXISTS written_in xid8',
        f'ALTER TABLE "{table}" ALTER COLUMN written_in SET DEFAULT pg_current_xact_id()',
        f'CREATE INDEX IF NOT EXISTS {table}_written_in ON "{table}" (written_in) WHERE written_in IS NOT NULL',
        f"{_FUNCTION} BEGIN PERFORM pg_notify('{CHANNEL}', ''); RETURN NULL; END $$",
        f'DROP TRIGGER IF EXISTS {table}_grows ON "{table}"',
        f'CREATE TRIGGER {table}_grows AFTER INSERT ON "{table}" FOR EACH STATEMENT EXECUTE FUNCTION earshot_tell_growth()',
    )


def no_longer_follow_growth(table: str, of: Any) -> None:
    if of.connection.vendor == "postgresql":
        of.execute(f'DROP TRIGGER IF EXISTS {table}_grows ON "{table}"')
        of.execute(f'ALTER TABLE "{table}" DROP COLUMN IF EXISTS written_in')
