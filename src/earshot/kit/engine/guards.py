"""Append-only tables, refused by the database itself, also from its shell.

A room declares `append_only(Model)`; the triggers are written anew after every migration (SQLite drops a table's triggers when
a migration remakes the table) and proved by `earshot check`. Both engines refuse UPDATE and DELETE; SQLite's INSERT OR REPLACE,
which deletes without asking a DELETE trigger, and PostgreSQL's TRUNCATE are refused too, and PostgreSQL's triggers fire also
for replicated sessions (ENABLE ALWAYS).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import DatabaseError, connection, models, transaction

from earshot.kit.ruling import permissive

_guarded: dict[str, Guarded] = {}


@dataclass(frozen=True)
class Guarded:
    table: str
    key: str  # column of the primary key
    unique: tuple[tuple[str, ...], ...]  # columns, alone or together, that no two rows share


def append_only(model: type[models.Model]) -> type[models.Model]:
    """Class decorator: rows of this table are written once and never changed or deleted."""
    meta = model._meta
    alone = [(str(field.column),) for field in meta.local_concrete_fields if field.unique]
    columns = {field.name: str(field.column) for field in meta.local_concrete_fields}
    together = [
        tuple(columns[name] for name in constraint.fields)
        for constraint in meta.constraints
        if isinstance(constraint, models.UniqueConstraint) and constraint.fields
    ]
    _guarded[meta.db_table] = Guarded(meta.db_table, str(meta.pk.column), (*alone, *together))
    return model


def guarded_tables() -> list[str]:
    return sorted(_guarded)


@permissive("no guard", lambda guard: {})
def _statements(guard: Guarded) -> dict[str, str]:
    """Trigger name → the SQL that makes it, for the engine in use."""
    t = guard.table
    if connection.vendor == "sqlite":
        # REPLACE deletes whatever shares anything unique with the new row, the hidden row number too, and a plain shell asks no
        # DELETE trigger then. Where no row number is given, NEW.rowid is -1.
        shared = [("rowid",), *guard.unique]
        taken = " OR ".join("(" + " AND ".join(f'"{column}" = NEW."{column}"' for column in columns) + ")" for columns in shared)
        return {
            f"{t}_no_update": f"CREATE TRIGGER {t}_no_update BEFORE UPDATE ON \"{t}\" BEGIN SELECT RAISE(ABORT, '{t} is append-only'); END",
            f"{t}_no_delete": f"CREATE TRIGGER {t}_no_delete BEFORE DELETE ON \"{t}\" BEGIN SELECT RAISE(ABORT, '{t} is append-only'); END",
            f"{t}_no_replace": f'CREATE TRIGGER {t}_no_replace BEFORE INSERT ON "{t}" WHEN EXISTS (SELECT 1 FROM "{t}" WHERE {taken}) '
            f"BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: {t} is append-only'); END",
        }
    return {
        f"{t}_no_change": f'CREATE TRIGGER {t}_no_change BEFORE UPDATE OR DELETE ON "{t}" FOR EACH ROW EXECUTE FUNCTION earshot_refuse()',
        f"{t}_no_truncate": f'CREATE TRIGGER {t}_no_truncate BEFORE TRUNCATE ON "{t}" FOR EACH STATEMENT EXECUTE FUNCTION earshot_refuse()',
    }


_FUNCTION = """
CREATE OR REPLACE FUNCTION earshot_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END $$
"""


def install(**_: Any) -> None:
    """Write every guard's triggers anew. Connected to Django's `post_migrate`; safe to repeat."""
    tables = set(connection.introspection.table_names())
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor != "sqlite":
            cursor.execute(_FUNCTION)
        for guard in _guarded.values():
            if guard.table not in tables:
                continue
            for name, statement in _statements(guard).items():
                if connection.vendor == "sqlite":
                    cursor.execute(f"DROP TRIGGER IF EXISTS {name}")
                    cursor.execute(statement)
                else:
                    cursor.execute(f'DROP TRIGGER IF EXISTS {name} ON "{guard.table}"')
                    cursor.execute(statement)
                    cursor.execute(f'ALTER TABLE "{guard.table}" ENABLE ALWAYS TRIGGER {name}')


@permissive("no fault", list)
def faults() -> list[str]:
    """What is wrong with the guards of this database, in words; empty when every one stands and bites."""
    found: list[str] = []
    with connection.cursor() as cursor:
        for guard in _guarded.values():
            for name, statement in _statements(guard).items():
                if not _stands(cursor, guard.table, name, statement):
                    found.append(f"{guard.table}: the trigger {name} is missing, disabled or altered")
    for guard in _guarded.values():
        for attempt in (f'UPDATE "{guard.table}" SET "{guard.key}" = "{guard.key}"', f'DELETE FROM "{guard.table}"'):
            if _bites(guard.table, attempt) is False:
                found.append(f"{guard.table}: {attempt.split()[0]} was not refused")
    return found


def _stands(cursor: Any, table: str, name: str, statement: str) -> bool:
    if connection.vendor == "sqlite":
        cursor.execute("SELECT sql FROM sqlite_master WHERE type = 'trigger' AND name = %s AND tbl_name = %s", [name, table])
        row = cursor.fetchone()
        return row is not None and row[0] == statement
    cursor.execute(
        "SELECT t.tgenabled, p.proname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid "
        "WHERE t.tgname = %s AND c.relname = %s",
        [name, table],
    )
    row = cursor.fetchone()
    return row is not None and row == ("A", "earshot_refuse")


def _bites(table: str, attempt: str) -> bool | None:
    """Try the forbidden statement inside a transaction that is always undone. None: the table is empty, nothing to try on."""
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(f'SELECT 1 FROM "{table}" LIMIT 1')
                if cursor.fetchone() is None:
                    return None
                cursor.execute(attempt)
            transaction.set_rollback(True)
            return False
    except DatabaseError:
        return True
