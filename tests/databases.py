"""Where the tests' databases come from: one template, migrated once per run; every worker and every `own_database` is a copy of it.

Django's way (flush between transactional tests) is barred: triggers in the database refuse DELETE on the journal, in tests too.
"""

from __future__ import annotations

import fcntl
import hashlib
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


def path_of_servers() -> str:
    """PYTHONPATH of a server that a test starts: what the trace has taken out is taken out there, too."""
    here = Path(__file__).resolve().parent
    return os.pathsep.join([str(here.parent / "src"), str(here / "traced")])


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
        server.execute(statement)


def template(*, bare: bool = False) -> str:
    """The migrated template's name, with the small world in it unless `bare`; the first worker that comes builds it, the others
    wait."""
    kind = "bare" if bare or furnish is None else "furnished"
    name = f"template_{kind}" if vendor() == "postgresql" else str(RUN / f"template-{kind}.sqlite3")
    bare_name = template(bare=True) if kind == "furnished" else ""
    with (RUN / f"template-{kind}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (RUN / f"template-{kind}.ready").exists():
            before = settings()["NAME"]
            if bare_name:
                _duplicate(bare_name, name)
            elif vendor() == "postgresql":
                sql(f"CREATE DATABASE {name}")
            try:
                point_to(name)
                if bare_name:
                    assert furnish is not None
                    furnish()
                elif (kept := _kept()) and kept.exists():
                    shutil.copyfile(kept, name)
                else:
                    call_command("migrate", verbosity=0, interactive=False)
                    if kept:
                        connections.close_all()
                        close_wal(name)
                        kept.parent.mkdir(parents=True, exist_ok=True)
                        shutil.copyfile(name, kept)
            except BaseException:
                point_to(before)
                drop(name)  # so that the next one sees the same error, not a half-built template
                raise
            point_to(before)
            if vendor() == "sqlite":
                close_wal(name)
            (RUN / f"template-{kind}.ready").touch()
    return name


def _kept() -> Path | None:
    """Where an empty SQLite database of these very sources lies for whoever runs single tests again and again (EARSHOT_TEST_KEEP=1): to
    migrate takes longer than most of them. Never where a run decides."""
    if os.environ.get("EARSHOT_TEST_KEEP") != "1" or vendor() != "sqlite":
        return None
    house = Path(__file__).resolve().parent.parent
    told = hashlib.sha256()
    for path in sorted(
        [*house.glob("src/earshot/*/migrations/*.py"), *house.glob("src/earshot/**/*.yaml"), *house.glob("requirements/*.txt")]
    ):
        told.update(path.read_bytes())
    return house / "var" / "templates" / f"{told.hexdigest()[:20]}.sqlite3"


def _duplicate(source: str, name: str) -> None:
    if vendor() == "postgresql":
        sql(f"CREATE DATABASE {name} TEMPLATE {source}")
    else:
        shutil.copyfile(source, name)


def close_wal(path: str) -> None:
    """Everything into the one file, so that copying the file copies the database."""
    with sqlite3.connect(path) as plain:
        plain.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    plain.close()


def copy(*, bare: bool = False) -> str:
    name = f"copy_{WORKER}_{next(_numbers)}"
    if vendor() == "sqlite":
        name = str(RUN / f"{name}.sqlite3")
    _duplicate(template(bare=bare), name)
    return name


def drop(name: str) -> None:
    if vendor() == "postgresql":
        sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        return
    for suffix in ("", "-wal", "-shm"):
        Path(name + suffix).unlink(missing_ok=True)


@contextmanager
def own(*, bare: bool = False) -> Iterator[str]:
    """A fresh copy, in force for every thread of this process until the end of the block. `bare`: without the small world."""
    before = settings()["NAME"]
    name = copy(bare=bare)
    point_to(name)
    try:
        yield name
    finally:
        point_to(before)
        drop(name)
