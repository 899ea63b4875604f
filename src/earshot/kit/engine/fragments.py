"""Names found by any fragment, through the full-text index of either engine.

A column holds the words of `kit.names.found_by`; `@fragments("column")` on its model declares it. SQLite: an FTS5 table beside it, which
three triggers keep; PostgreSQL: a column that it generates itself, with the places of the words, and a GIN index on that (an index
alone keeps no places, and each name would be read again). Both are written anew after every migration. Ask with the lookup
`column__fragment="sud"`: a phrase whose last word may go on.

FTS5's own trigrams find nothing for two characters, silently; `LIKE` and pg_trgm read every row.
"""

from __future__ import annotations

from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection, models, transaction
from django.db.models.lookups import In, Lookup

from earshot.kit.names import phrase_of

_declared: list[tuple[str, str, str]] = []


def fragments(column: str) -> Any:
    """Class decorator: `column` of this model, whose key is a number, is found by fragments."""

    def declare(model: type[models.Model]) -> type[models.Model]:
        meta = model._meta
        if not isinstance(meta.pk, models.AutoField):
            raise TypeError(f"{model.__name__}: the index goes by row numbers, which only a number as key keeps")
        field: Any = meta.get_field(column)
        _declared.append((meta.db_table, str(meta.pk.column), str(field.column)))
        return model

    return declare


@models.TextField.register_lookup
class Fragment(Lookup):
    """The column holds what was typed, as part of a name."""

    lookup_name = "fragment"
    prepare_rhs = False

    def _phrase(self) -> list[str]:
        words = phrase_of(str(self.rhs))
        if not words:
            raise EmptyResultSet
        return words

    def as_sqlite(self, compiler: Any, connection: Any) -> tuple[str, list[str]]:
        column: Any = self.lhs
        table, key = column.target.model._meta.db_table, column.target.model._meta.pk.column
        found = f'SELECT rowid FROM "{table}_fts" WHERE "{table}_fts" MATCH %s'
        return f'"{column.alias}"."{key}" IN ({found})', [f'"{" ".join(self._phrase())}" *']

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, list[str]]:
        column: Any = self.lhs
        places = f"{compiler.quote_name_unless_alias(column.alias)}.{connection.ops.quote_name(f'{column.target.column}_places')}"
        return f"{places} @@ to_tsquery('simple', %s)", [f"{' <-> '.join(self._phrase())}:*"]

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        raise NotImplementedError(connection.vendor)


@models.Field.register_lookup
class Among(In):
    """One of those that the subquery finds, asked for first and once. PostgreSQL takes a phrase for rare and walks a whole list in its
    order, asking the index row by row, where it may choose; what is an array it can only look up."""

    lookup_name = "among"

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        column, params = self.process_lhs(compiler, connection)
        found, more = self.process_rhs(compiler, connection)
        return f"{column} = ANY (ARRAY{found})", [*params, *more]


def install(**_: Any) -> None:
    """Write every index anew. Connected to Django's `post_migrate`; safe to repeat."""
    tables = set(connection.introspection.table_names())
    with transaction.atomic(), connection.cursor() as cursor:
        for table, key, column in _declared:
            if table in tables:
                for statement in _sqlite(table, key, column) if connection.vendor == "sqlite" else _postgresql(table, column):
                    cursor.execute(statement)


def _postgresql(table: str, column: str) -> list[str]:
    places = f"{column}_places"
    kept = f"""tsvector GENERATED ALWAYS AS (to_tsvector('simple', "{column}")) STORED"""
    return [
        f'ALTER TABLE "{table}" ADD COLUMN IF NOT EXISTS "{places}" {kept}',
        f'CREATE INDEX IF NOT EXISTS {table}_places ON "{table}" USING gin ("{places}")',
        f"DROP INDEX IF EXISTS {table}_fragments",  # of the column itself, as it was before
    ]


def _sqlite(table: str, key: str, column: str) -> list[str]:
    fts = f"{table}_fts"
    enter = f'INSERT INTO "{fts}"(rowid, words) VALUES (NEW."{key}", NEW."{column}")'
    leave = f"""INSERT INTO "{fts}"("{fts}", rowid, words) VALUES ('delete', OLD."{key}", OLD."{column}")"""
    return [
        f'DROP TABLE IF EXISTS "{fts}"',
        *(f"DROP TRIGGER IF EXISTS {fts}_{name}" for name in ("in", "out", "change")),
        # The words are kept in the column itself: the index holds none of its own.
        f"""CREATE VIRTUAL TABLE "{fts}" USING fts5(words, content='', tokenize='unicode61')""",
        f'INSERT INTO "{fts}"(rowid, words) SELECT "{key}", "{column}" FROM "{table}"',
        f'CREATE TRIGGER {fts}_in AFTER INSERT ON "{table}" BEGIN {enter}; END',
        f'CREATE TRIGGER {fts}_out AFTER DELETE ON "{table}" BEGIN {leave}; END',
        f'CREATE TRIGGER {fts}_change AFTER UPDATE OF "{column}" ON "{table}" BEGIN {leave}; {enter}; END',
    ]
