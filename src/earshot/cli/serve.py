"""Serving: the web process and the worker beside it, both watched, both stopped together."""

from __future__ import annotations

import fcntl
import hashlib
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from types import FrameType
from typing import Any

import click
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

from earshot.cli.root import Worded, option
from earshot.kit.problems import Refusal, say
from earshot.kit.processes import end_with_parent

HOST = "127.0.0.1"
PATIENCE = 15.0  # seconds that a process gets to end what it began
LONG_ENOUGH = 30.0  # a worker that ran so long did not die at birth: begin again at once
PORT = option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True, help=noop("Port on 127.0.0.1."))
WORKER = option(
    "--worker/--no-worker", default=True, show_default=True, help=noop("Without: the worker runs elsewhere (`earshot worker`).")
)


@click.command(cls=Worded, help=noop("Serve the application, with its worker beside it, until told to stop (SIGTERM, Ctrl-C)."))
@PORT
@WORKER
def serve(port: int, worker: bool) -> None:
    free(port)
    with held_home():
        collect()
        raise SystemExit(run(port, worker=worker))


@contextmanager
def held_home() -> Iterator[None]:
    """Refused when another server of this home is running: starting over, or a second worker, would pull its data from under it."""
    settings.HOME.mkdir(parents=True, exist_ok=True)
    with (settings.HOME / "serving.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            sentence = _("Earshot is running already on the data in {home}. Stop it first, or give another folder: EARSHOT_HOME")
            raise Refusal("serve.home", say(sentence, home=str(settings.HOME))) from None
        yield


def free(port: int) -> None:
    """Refused when somebody else answers there: better than a server that dies at birth."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            raise Refusal(
                "serve.port", say(_("Port {port} is taken. Stop what runs there, or give another one: --port"), port=port)
            ) from None


def collect() -> None:
    """Static files into the folder they are served from, when they are not the ones that are there."""
    root = Path(settings.STATIC_ROOT)
    stamp, wanted = root / ".stamp", _fingerprint()
    if not stamp.exists() or stamp.read_text() != wanted:
        click.echo(_("Preparing the pages …"))
        call_command("collectstatic", interactive=False, clear=root.exists(), verbosity=0)
        stamp.write_text(wanted)


def _fingerprint() -> str:
    digest = hashlib.sha256()
    for finder in get_finders():
        for path, storage in finder.list([]):
            size, touched = storage.size(path), storage.get_modified_time(path)
            digest.update(f"{path} {size} {touched}\n".encode())
    return digest.hexdigest()


class Child:
    """A process of ours, in a session of its own: Ctrl-C reaches the parent alone, which then stops its children in order."""

    def __init__(self, *command: str) -> None:
        self.command = command
        self.began = monotonic()
        # No thread of ours runs in this process, so what runs between fork and exec is safe.
        settled: Any = {"stdin": subprocess.DEVNULL, "start_new_session": True, "preexec_fn": end_with_parent}
        self.process: subprocess.Popen[bytes] = subprocess.Popen(command, **settled)

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()

    def wait(self) -> None:
        try:
            self.process.wait(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def run(port: int, ready: Callable[[], None] = lambda: None, *, worker: bool = True) -> int:
    """Serve until asked to stop; 0 then, else the code of a web process that ended by itself. A worker that dies is begun again.
    `ready`: called once the application answers. `worker`: whether one runs beside the pages."""
    asked = threading.Event()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        asked.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    # What is sent out names the address at which the house is served, unless it was told a better one.
    os.environ.setdefault("EARSHOT_URL", f"http://{HOST}:{port}")
    _open_files()
    # One address for pages and for the streams of live pages (earshot.rsgi). A stream is a request that lasts: as many must fit as pages
    # may be open, or the server takes no more requests at all. A web process that dies is begun again.
    web = Child(sys.executable, "-m", "granian", "--interface", "rsgi", "--host", HOST, "--port", str(port), "--no-ws",
                "--log-level", "warning", "--backlog", "8192", "--backpressure", "8192", "--respawn-failed-workers",
                "--respawn-interval", "0.5", "--workers-kill-timeout", "5", "earshot.rsgi:application")  # fmt: skip
    beside = Child(sys.executable, "-m", "earshot.cli", "worker") if worker else None
    pause, announced, again_at = 1.0, False, 0.0
    while not asked.wait(0.2 if not announced else 0.5) and web.process.poll() is None:
        if not announced and _answers(port):
            announced = True
            ready()
        if beside and beside.process.poll() is not None:
            if not again_at:
                pause = 1.0 if monotonic() - beside.began > LONG_ENOUGH else min(pause * 2, 60.0)
                again_at = monotonic() + pause
                click.echo(_("The worker ended; it is begun again."), err=True)
            elif monotonic() >= again_at:
                beside, again_at = Child(*beside.command), 0.0
    code = 0 if asked.is_set() else web.process.returncode or 1
    children = [web, beside] if beside else [web]
    for child in children:
        child.stop()
    for child in children:
        child.wait()
    return code


def _open_files() -> None:
    """Every open page is an open file: as many as the system lets us have."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _answers(port: int) -> bool:
    try:
        socket.create_connection((HOST, port), timeout=0.2).close()
    except OSError:
        return False
    return True
