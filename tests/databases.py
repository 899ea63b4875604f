"""Where the tests' databases come from: one template, migrated once per run; every worker and every `own_database` is a copy of it.

Django's way (flush between transactional tests) is barred: triggers in the database refuse DELETE on the journal, in tests too.
"""

from __future__ import annotations

import fcntl
import itertools
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.db import connections

RUN = Path(os.environ["EARSHOT_TEST_RUN"])
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")
_numbers = itertools.count(1)
# What the template holds beside its tables, built once per run: a small world for all tests. Set in conftest.py.
furnish: Callable[[], None] | None = None


def settings() -> dict[str, Any]:
    """The one dictionary that every thread's connection reads its database's name from."""
    return connections.databases["default"]


def vendor() -> str:
    return "postgresql" if "postgresql" in settings()["ENGINE"] else "sqlite"


def point_to(name: str) -> None:
    """Every connection opened from now on, in any thread, goes to this database."""
    connections.close_all()
    settings()["NAME"] = name
    for connection in connections.all(initialized_only=True):
        connection.settings_dict["NAME"] = name


def sql(statement: str) -> None:
    """One statement on the server itself, outside any database of the tests."""
    import psycopg

    with psycopg.connect(host=settings()["HOST"], user="earshot", dbname="postgres", autocommit=True) as server:
        server.execute(statement)  # type: ignore[arg-type]


def template() -> str:
    """The migrated template's name; the first worker that comes builds it, the others wait."""
    name = "template_of_tests" if vendor() == "postgresql" else str(RUN / "template.sqlite3")
    with (RUN / "template.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (RUN / "template.ready").exists():
            if vendor() == "postgresql":
                sql(f"CREATE DATABASE {name}")
            point_to(name)
            call_command("migrate", verbosity=0, interactive=False)
            if furnish is not None:
                furnish()
            connections.close_all()
            if vendor() == "sqlite":
                close_wal(name)
            (RUN / "template.ready").touch()
    return name


def close_wal(path: str) -> None:
    """Everything into the one file, so that copying the file copies the database."""
    with sqlite3.connect(path) as plain:
        plain.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    plain.close()


def copy() -> str:
    number = next(_numbers)
    if vendor() == "postgresql":
        name = f"copy_{WORKER}_{number}"
        sql(f"CREATE DATABASE {name} TEMPLATE {template()}")
        return name
    path = RUN / f"copy-{WORKER}-{number}.sqlite3"
    shutil.copyfile(template(), path)
    return str(path)


def drop(name: str) -> None:
    if vendor() == "postgresql":
        sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        return
    for suffix in ("", "-wal", "-shm"):
        Path(name + suffix).unlink(missing_ok=True)


@contextmanager
def own() -> Iterator[str]:
    """A fresh copy, in force for every thread of this process until the end of the block."""
    before = settings()["NAME"]
    name = copy()
    point_to(name)
    try:
        yield name
    finally:
        point_to(before)
        drop(name)
