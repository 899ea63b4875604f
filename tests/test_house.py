"""The house itself: what no room's own test would notice."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import databases
from trace_report import declared

ROOT = Path(__file__).resolve().parent.parent
SRC = ROOT / "src" / "earshot"
# Put together here, so that this file does not hold what it looks for.
REGISTRIES = [
    "pypi" + ".org",
    "pythonhosted" + ".org",
    "npmjs" + ".org",
    "npmjs" + ".com",
    "yarnpkg" + ".com",
    "deb.debian" + ".org",
    "npmmirror" + ".com",
]
PLACES = re.compile(r"(?<![\w.~-])/(?:wo" + r"rk|ro" + r"ot|ho" + r"me/\w+|op" + r"t/(?:pypi|wheels))(?:/|\b)")


def committed() -> list[Path]:
    """What git holds or is about to hold."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, check=True
    )
    return [path for name in listed.stdout.decode().split("\0") if name and (path := ROOT / name).is_file()]


def texts() -> list[tuple[Path, str]]:
    found = []
    for path in committed():
        content = path.read_bytes()
        if b"\0" not in content[:8000]:
            found.append((path.relative_to(ROOT), content.decode("utf-8", errors="replace")))
    return found


def rooms() -> list[Path]:
    return sorted(path.parent for path in SRC.glob("*/__init__.py"))


def test_lock_files_name_no_host():
    locks = [*ROOT.glob("requirements/*.txt"), ROOT / "package-lock.json"]
    assert len(locks) >= 4
    assert [path.name for path in locks if "://" in path.read_text()] == []


def test_no_lock_file_that_always_names_hosts_is_committed():
    assert [path.name for path in committed() if path.name in {"uv.lock", "poetry.lock", "yarn.lock", "pdm.lock"}] == []


def test_no_committed_text_names_a_registry_or_a_place_on_one_machine():
    found = []
    for path, text in texts():
        found += [f"{path}: {host}" for host in REGISTRIES if host in text]
        found += [f"{path}: {match[0]}" for match in PLACES.finditer(text)]
    assert found == []


def test_compiled_files_are_not_committed():
    assert [
        str(p) for p in committed() if p.suffix in {".mo", ".pyc", ".sqlite3"} or "node_modules" in p.parts or "vendor" in p.parts
    ] == []


def test_no_file_has_a_name_that_says_nothing():
    empty_words = {"utils", "helpers", "common", "services", "managers", "misc", "signals"}
    assert [str(path.relative_to(ROOT)) for path in SRC.rglob("*.py") if path.stem in empty_words] == []


def test_now_comes_from_one_place():
    """Beside the linter's list of banned calls: the ways that Django has of asking the clock by itself."""
    asking = re.compile(r"\bauto_now(_add)?\s*=\s*True|\btimezone\.local(date|time)\(\s*\)|\bCURRENT_TIMESTAMP\b|\bstrftime\('%s', *'now'")
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in SRC.rglob("*.py")
        if "migrations" not in path.parts
        for match in asking.finditer(path.read_text())
    ]
    assert found == []


def test_every_room_with_a_subject_has_its_page():
    """docs/<room>.md, for a room that has tables or verbs."""
    with_subject = [room for room in rooms() if any((room / name).exists() for name in ("models.py", "models", "actions.py", "actions"))]
    assert [room.name for room in with_subject if not (ROOT / "docs" / f"{room.name}.md").exists()] == []


def test_what_a_mark_says_breaks_declares_what_it_would_answer_if_it_forbade_nothing(request: pytest.FixtureRequest):
    """`req(…, breaks="earshot.voice.rules.required_hearers")` names a rule that `make trace` can take out."""
    named = {mark.kwargs["breaks"] for item in request.session.items for mark in item.iter_markers("req") if mark.kwargs.get("breaks")}
    assert named - declared(named) == set()


def test_what_the_trace_takes_out_is_taken_out_in_the_servers_that_tests_start():
    asked = "from earshot.voice.rules import required_hearers; print(required_hearers([], 'SR'))"

    def answer(**broken: str) -> str:
        env = {"PYTHONPATH": databases.path_of_servers(), "PATH": os.environ["PATH"]} | broken
        return subprocess.run([sys.executable, "-c", asked], env=env, capture_output=True, text=True, check=True).stdout.strip()

    assert answer() == "['SR']"
    assert answer(TRACE_BROKEN="earshot.voice.rules.required_hearers") == "[]"
