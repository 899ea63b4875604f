"""Serving: the demonstration from nothing, its worker watched, all of it stopped cleanly."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from click.testing import CliRunner
from django.db import connection

import databases
from earshot.cli import demo as demo_command
from earshot.cli import journal
from earshot.cli.root import earshot
from earshot.cli.serve import held_home
from earshot.deals.actions import open_deal
from earshot.deals.models import Deal
from earshot.demo.actions import offered_people
from earshot.journal.actors import process
from earshot.people.actions import add_person
from earshot.people.actors import as_person
from earshot.people.models import Person
from worlds import World

ROOT = Path(__file__).resolve().parent.parent


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Served:
    """`earshot demo` in a process of its own, on the test's database."""

    def __init__(self, home: Path, name: str, *words: str, **more: str) -> None:
        self.port = free_port()
        place = (
            f"sqlite://{name}" if databases.vendor() == "sqlite" else f"postgresql://earshot@/{name}?host={databases.settings()['HOST']}"
        )
        env = {key: value for key, value in os.environ.items() if not key.startswith(("EARSHOT_", "DJANGO_"))}
        env |= {"EARSHOT_HOME": str(home), "EARSHOT_DATABASE": place, "PYTHONPATH": databases.path_of_servers()} | more
        command = [sys.executable, "-m", "earshot.cli", "demo", "--port", str(self.port), *words]
        self.process = subprocess.Popen(command, env=env, cwd=home, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def answers(self, path: str = "/") -> int:
        for _ in range(600):
            assert self.process.poll() is None, self.process.communicate()[0]
            try:
                with urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                    return int(answer.status)
            except HTTPError as error:
                return error.code
            except OSError:
                time.sleep(0.1)
        raise AssertionError("it did not answer within a minute")

    def children(self) -> list[int]:
        return [int(pid) for pid in Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()]

    def worker(self) -> int | None:
        for pid in self.children():
            if b"worker" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0"):
                return pid
        return None

    def stop(self, by: signal.Signals) -> str:
        children = self.children()
        self.process.send_signal(by)
        said = self.process.communicate(timeout=30)[0]
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
    for _ in range(100):
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
    open_deal(by=as_person(seller), title="Kept", account=account, owner=seller)
    connection.close()
    second = Served(tmp_path, own_database)
    assert second.answers() == 200
    said = second.stop(signal.SIGINT)
    assert "Building the company" not in said
    assert Deal.objects.filter(title="Kept").exists()
    connection.close()

    third = Served(tmp_path, own_database, "--fresh")
    if databases.vendor() == "postgresql":
        assert "--fresh is for the embedded database" in third.process.communicate(timeout=30)[0]
        assert third.process.returncode == 2
        return
    assert third.answers() == 200
    assert "Building the company" in third.stop(signal.SIGTERM)
    assert not Deal.objects.filter(title="Kept").exists()


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

    def drain(_worker: Any, most: int) -> int:
        drained.append(most)
        if len(drained) == 3:
            stop.set()
        return 1

    monkeypatch.setattr(journal, "drain", drain)
    monkeypatch.setattr(journal, "close_old_connections", lambda: None)
    journal.run(stop)
    assert len(drained) == 3


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
