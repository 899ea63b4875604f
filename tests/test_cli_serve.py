"""Serving: the demonstration from nothing, its worker watched, all of it stopped cleanly."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import Mock
from urllib.error import HTTPError
from urllib.request import urlopen
from uuid import UUID

import pytest
from click.testing import CliRunner
from django.db import InterfaceError, OperationalError, connection

import databases
from earshot.cli import demo as demo_command
from earshot.cli import journal
from earshot.cli.root import earshot
from earshot.cli.serve import held_home
from earshot.deals.actions import open_deal
from earshot.deals.models import Deal
from earshot.demo.actions import offered_people
from earshot.journal.actors import process
from earshot.kit import uuid7
from earshot.people.actions import add_person
from earshot.people.actors import as_person
from earshot.people.models import Person
from worlds import AIM, World

ROOT = Path(__file__).resolve().parent.parent


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _command(pid: int) -> list[bytes]:
    return Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")


class Served:
    """`earshot demo` in a process of its own, on the test's database."""

    def __init__(self, home: Path, name: str, *words: str, **more: str) -> None:
        """`words`: options of `demo`, or another command and its options."""
        self.port = free_port()
        home.mkdir(exist_ok=True)
        told = words if words and not words[0].startswith("--") else ("demo", *words)
        place = (
            f"sqlite://{name}" if databases.vendor() == "sqlite" else f"postgresql://earshot@/{name}?host={databases.settings()['HOST']}"
        )
        env = {key: value for key, value in os.environ.items() if not key.startswith(("EARSHOT_", "DJANGO_"))}
        env |= {"EARSHOT_HOME": str(home), "EARSHOT_DATABASE": place, "PYTHONPATH": databases.path_of_servers()} | more
        command = [sys.executable, "-m", "earshot.cli", *told, "--port", str(self.port)]
        self.process = subprocess.Popen(command, env=env, cwd=home, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def answers(self, path: str = "/") -> int:
        for _ in range(600):
            assert self.process.poll() is None, self.process.communicate()[0]
            try:
                with urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=90) as answer:
                    return int(answer.status)
            except HTTPError as error:
                return error.code
            except OSError:
                time.sleep(0.1)
        raise AssertionError("it did not answer within a minute")

    def children(self) -> list[int]:
        return [int(pid) for pid in Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()]

    def worker(self) -> int | None:
        return next((pid for pid in self.children() if b"worker" in _command(pid)), None)

    def web(self) -> int:
        """The process that watches those that answer."""
        return next(pid for pid in self.children() if b"worker" not in _command(pid))

    def stop(self, by: signal.Signals) -> str:
        children = self.children()
        self.process.send_signal(by)
        said = self.process.communicate(timeout=90)[0]
        assert self.process.returncode == 0, said
        assert [pid for pid in children if Path(f"/proc/{pid}").exists()] == []
        return said


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.own_database(bare=True)
def test_the_demonstration_from_nothing(own_database: str, tmp_path: Path):
    first = Served(tmp_path, own_database)
    assert first.answers() == 200
    worker = first.worker()
    assert worker is not None
    os.kill(worker, signal.SIGKILL)
    for _ in range(300):
        if first.worker() not in (None, worker):
            break
        time.sleep(0.1)
    assert first.worker() not in (None, worker), "a worker that died is begun again"
    said = first.stop(signal.SIGTERM)
    assert f"http://127.0.0.1:{first.port}/" in said
    assert "Building the company" in said
    assert "Traceback" not in said

    seller = offered_people()[0]
    account = seller.accounts.earliest("number")
    open_deal(by=as_person(seller), title="Kept", account=account, owner=seller, **AIM)
    connection.close()
    second = Served(tmp_path, own_database)
    assert second.answers() == 200
    said = second.stop(signal.SIGINT)
    assert "Building the company" not in said
    assert Deal.objects.filter(title="Kept").exists()
    connection.close()

    third = Served(tmp_path, own_database, "--fresh")
    if databases.vendor() == "postgresql":
        assert "--fresh is for the embedded database" in third.process.communicate(timeout=90)[0]
        assert third.process.returncode == 2
        return
    assert third.answers() == 200
    assert "Building the company" in third.stop(signal.SIGTERM)
    assert not Deal.objects.filter(title="Kept").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.own_database
def test_whichever_process_is_killed_none_is_left_behind_on_the_port(own_database: str, tmp_path: Path):
    """Found by the soak: the process that answers outlived the one that watches it, and held the port against the next start."""
    for number, victim in enumerate(("serve", "granian")):
        served = Served(tmp_path / str(number), own_database, "serve")
        assert served.answers("/sign-in/") == 200
        before = descendants(served.process.pid)
        assert len(before) >= 3  # the worker, and two of the web
        os.kill(served.process.pid if victim == "serve" else served.web(), signal.SIGKILL)
        until = time.monotonic() + 90
        while left := [pid for pid in before if alive(pid)]:
            assert time.monotonic() < until, left
            time.sleep(0.1)
        served.process.communicate(timeout=90)
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", served.port)) != 0


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.own_database
def test_a_body_larger_than_anything_that_is_taken_is_refused_before_it_is_read(own_database: str, tmp_path: Path):
    served = Served(tmp_path, own_database, "serve")
    assert served.answers("/sign-in/") == 200
    most = 8 << 20

    def status(head: str, body: bytes = b"") -> int:
        with socket.create_connection(("127.0.0.1", served.port), timeout=90) as line:
            line.sendall(f"POST /sign-in/ HTTP/1.1\r\nHost: 127.0.0.1\r\n{head}\r\n\r\n".encode() + body)
            return int(line.recv(4096).split(b" ")[1])

    assert status(f"Content-Length: {most + 1}") == 413  # nothing of it was sent
    assert status("Transfer-Encoding: chunked", b"%x\r\n" % (most + 1) + b"x" * (most + 1)) == 413  # and no end of it
    assert status(f"Content-Length: {most}", b"x" * most) != 413
    assert status("Transfer-Encoding: chunked", b"3\r\na=b\r\n0\r\n\r\n") != 413
    assert "Traceback" not in served.stop(signal.SIGTERM)


def alive(pid: int) -> bool:
    """Whether it runs; one that has ended and waits to be asked how does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def descendants(pid: int) -> list[int]:
    children = [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return [*children, *(below for child in children for below in descendants(child))]


@pytest.mark.own_database(bare=True)
def test_the_demonstration_refuses_a_real_company(own_database: str, monkeypatch: pytest.MonkeyPatch):
    """One click would sign anybody in as anybody."""
    monkeypatch.setattr(demo_command, "run", lambda *_: pytest.fail("it was served"))
    add_person(by=process("test"), name="Somebody", unit=None)
    for words in (["demo"], ["demo", "--fresh"]):
        result = CliRunner().invoke(earshot, [*words, "--port", str(free_port())])
        assert result.exit_code == 2
        assert "holds a company that is no demonstration" in result.stderr
    assert Person.objects.get().name == "Somebody"


def test_a_second_server_of_the_same_home_is_refused_before_it_touches_anything(world: World, tmp_path: Path, settings: Any):
    settings.HOME = tmp_path
    for words in (["serve"], ["demo", "--fresh"]):
        with held_home():
            result = CliRunner().invoke(earshot, [*words, "--port", str(free_port())])
        assert result.exit_code == 2
        assert "running already" in result.stderr
    assert Person.objects.exists()


def test_a_port_that_is_taken_is_said(world: World):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        for command in ("demo", "serve"):
            result = CliRunner().invoke(earshot, [command, "--port", port])
            assert result.exit_code == 2
            assert f"Port {port} is taken" in result.stderr


def test_the_worker_drains_and_stops_when_told(world: World, monkeypatch: pytest.MonkeyPatch):
    stop, drained = threading.Event(), []

    def drain(_worker: Any, most: int, *, outside: bool) -> int:
        if outside:  # the couriers have nothing to send
            return 0
        drained.append(most)
        if len(drained) == 3:
            stop.set()
        return 1

    monkeypatch.setattr(journal, "drain", drain)
    monkeypatch.setattr(journal, "close_old_connections", lambda: None)
    journal.run(stop)
    assert len(drained) == 3


def test_a_courier_outlives_whatever_goes_wrong(monkeypatch: pytest.MonkeyPatch):
    stop, tried = threading.Event(), []

    def drain(_worker: Any, most: int, *, outside: bool) -> int:
        tried.append(most)
        if len(tried) == 2:
            stop.set()
            return 0
        raise InterfaceError("the connection is closed")

    monkeypatch.setattr(journal, "drain", drain)
    monkeypatch.setattr(journal, "PAUSE", 0.01)
    for name in ("close_old_connections", "connection"):
        monkeypatch.setattr(journal, name, Mock())
    journal._carry_until(stop, uuid7())
    assert len(tried) == 2


def test_the_worker_outlives_a_connection_that_has_died(monkeypatch: pytest.MonkeyPatch):
    stop, tried = threading.Event(), []

    def sweep() -> int:
        tried.append("swept")
        if len(tried) == 3:
            stop.set()
            return 1
        raise [OperationalError("the server closed the connection"), InterfaceError("the connection is closed")][len(tried) - 1]

    def dead() -> None:
        if stop.is_set():
            raise InterfaceError("the connection is closed")

    monkeypatch.setattr(journal, "begin_due", lambda: 0)
    monkeypatch.setattr(journal, "sweep", sweep)
    monkeypatch.setattr(journal, "PAUSE", 0.01)
    monkeypatch.setattr(journal, "begin_due", lambda: 0)
    for name in ("keep_time", "climb_silent", "silence_voices"):
        monkeypatch.setattr(journal, name, lambda: 0)
    monkeypatch.setattr(journal, "still_alive", dead)
    monkeypatch.setattr(journal, "drain", lambda *_args, **_options: 0)
    for name in ("close_old_connections", "follow"):
        monkeypatch.setattr(journal, name, Mock())
    journal._turn_until(stop, uuid7())
    assert len(tried) == 3


def test_a_worker_that_begins_while_the_database_is_away_waits_for_it(monkeypatch: pytest.MonkeyPatch):
    stop, tried, worker = threading.Event(), [], uuid7()

    @contextmanager
    def alive() -> Iterator[UUID]:
        tried.append("begun")
        if len(tried) < 3:
            raise OperationalError("the database system is starting up")
        yield worker

    turned: list[UUID] = []
    monkeypatch.setattr(journal, "alive", alive)
    monkeypatch.setattr(journal, "unapplied", Mock(side_effect=OperationalError("the database system is starting up")))
    monkeypatch.setattr(journal, "PAUSE", 0.01)
    monkeypatch.setattr(journal, "_turn_until", lambda _stop, worker: turned.append(worker))
    for name in ("_carry_until", "connection"):
        monkeypatch.setattr(journal, name, Mock())
    journal.run(stop)
    assert (len(tried), turned) == (3, [worker])


def test_a_worker_does_not_wait_for_tables_that_are_not_there(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(journal, "alive", Mock(side_effect=OperationalError("no such table: journal_worker")))
    monkeypatch.setattr(journal, "unapplied", lambda: ["journal.0001_initial"])
    monkeypatch.setattr(journal, "connection", Mock())
    with pytest.raises(OperationalError, match="no such table"):
        journal.run(threading.Event())


# A folder named by mistake


@pytest.mark.skipif(databases.vendor() != "sqlite", reason="a folder holds the embedded database alone")
@pytest.mark.parametrize(
    "words", [["check"], ["check", "standing"], ["day", "--as", "x"], ["worker"], ["people", "show", "x", "--as", "x"]]
)
def test_a_folder_without_a_house_is_named_and_nothing_is_made_there(tmp_path: Path, words: list[str]):
    home = tmp_path / "nowhere"
    told = in_home(home, *words)
    assert told.returncode == 2
    assert told.stdout == ""
    assert str(home) in told.stderr
    assert "EARSHOT_HOME" in told.stderr
    assert told.stderr.count("\n") == 1
    assert not home.exists()


def test_help_needs_no_house(tmp_path: Path):
    told = in_home(tmp_path / "nowhere", "check", "standing", "--help")
    assert told.returncode == 0
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.skipif(databases.vendor() != "sqlite", reason="a folder holds the embedded database alone")
def test_the_folder_of_the_demonstration_is_named_where_it_lies_below(tmp_path: Path):
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "earshot.sqlite3").touch()
    assert f"did you mean {tmp_path / 'demo'}?" in in_home(tmp_path, "check").stderr


def in_home(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    env = {key: value for key, value in os.environ.items() if not key.startswith(("EARSHOT_", "DJANGO_"))}
    env |= {"EARSHOT_HOME": str(home), "PYTHONPATH": databases.path_of_servers()}
    return subprocess.run([sys.executable, "-m", "earshot.cli", *words], env=env, capture_output=True, text=True, timeout=60, check=False)
