"""`make trace`: which requirement is guarded by a test that notices when its rule is taken out.

Each rule named by `@pytest.mark.req(number, breaks="…")` is replaced, in turn, by the permissive answer that it declares beside itself
(`kit.ruling`), and the tests that claim it are run: also in the server processes that they start. A claim holds when an assertion then
fails; a crash does not count. EARSHOT_REQUIREMENTS: a text that lists all numbers (`**#001 A1.1a**`); those without any test are open.

    make trace                          all
    python tools/tracing.py "law 3"       these numbers only
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
AT_ONCE = 2
IN_THE_DATABASE = "earshot.kit.engine.guards"  # rules that stand in the database itself: it is made without them
NUMBER = re.compile(r"\*\*#\d+ ([A-Z]\d+\.\d+[a-z]?)\*\*")


@dataclass(frozen=True)
class Claim:
    """A test's word that it guards the requirement against the rule's absence; `breaks` empty: it names no rule."""

    number: str
    test: str
    breaks: str


def pytest(*words: str, broken: str = "") -> list[dict[str, Any]]:
    """What the plugin `trace_report` wrote of this run."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report"
        report.touch()
        env = {key: value for key, value in os.environ.items() if not key.startswith(("EARSHOT_", "DJANGO_", "TRACE_"))}
        env |= {"TRACE_REPORT": str(report), "TRACE_BROKEN": broken, "EARSHOT_TEST_ENGINE": os.environ.get("EARSHOT_TEST_ENGINE", "sqlite")}
        if not broken.startswith(IN_THE_DATABASE):
            env |= {"EARSHOT_TEST_KEEP": "1"}  # one migrated database for all of the runs
        command = [sys.executable, "-m", "pytest", "-q", "-p", "trace_report", "--no-header", *words]
        ran = subprocess.run(command, cwd=ROOT, env=env | {"PYTHONPATH": str(ROOT / "tests")}, capture_output=True, text=True)
        if ran.returncode not in (0, 1):
            raise SystemExit(f"{' '.join(command)}\n{ran.stdout}{ran.stderr}")
        return [json.loads(line) for line in report.read_text().splitlines()]


def claims(numbers: Collection[str]) -> tuple[list[Claim], set[str]]:
    """What the tests claim, and the rules that say what they would answer if they forbade nothing."""
    rows = pytest("--collect-only")
    found = [Claim(row["number"], row["test"], row["breaks"]) for row in rows if "number" in row]
    declared = {row["declared"] for row in rows if "declared" in row}
    return [claim for claim in found if not numbers or claim.number in numbers], declared


def endings(rule: str, tests: Iterable[str]) -> dict[str, str]:
    """Test → how it ended without the rule; a test that never ran is a crash."""
    wanted = sorted(set(tests))
    rows = pytest(*wanted, broken=rule)
    found: dict[str, str] = dict.fromkeys(wanted, "crashed")
    for row in rows:
        if "ended" in row and found.get(row["test"]) != "noticed":
            found[row["test"]] = row["ended"]
    return found


def _telling(rules: Sequence[str], found: Iterable[dict[str, str]]) -> Iterator[tuple[str, dict[str, str]]]:
    """The same, told as it comes."""
    for rule, ended in zip(rules, found, strict=True):
        noticed = sum(word == "noticed" for word in ended.values())
        print(f"{noticed} of {len(ended)} notice  {rule}", flush=True)
        yield rule, ended


def main(numbers: Sequence[str]) -> int:
    made, declared = claims(set(numbers))
    by_rule: dict[str, set[str]] = defaultdict(set)
    for claim in made:
        if claim.breaks:
            by_rule[claim.breaks].add(claim.test)
    mute = sorted(set(by_rule) - declared)
    held: dict[tuple[str, str], str] = {}
    tried = sorted(set(by_rule) - set(mute))
    if tried:
        pytest(min(by_rule[tried[0]]))  # with every rule in place: what this leaves for the others was made by no broken one
    with ThreadPoolExecutor(AT_ONCE) as several:
        ended = several.map(lambda rule: endings(rule, by_rule[rule]), tried)
        told = list(_telling(tried, ended))
    for rule, words_of in told:
        held |= {(rule, test): word for test, word in words_of.items()}
    states: dict[str, list[str]] = defaultdict(list)
    for claim in made:
        states[claim.number].append(held.get((claim.breaks, claim.test), "no rule" if not claim.breaks else "mute"))
    if os.environ.get("EARSHOT_REQUIREMENTS") and not numbers:
        for number in NUMBER.findall(Path(os.environ["EARSHOT_REQUIREMENTS"]).read_text(encoding="utf-8")):
            states.setdefault(number, [])
    kinds: dict[str, list[str]] = {"covered": [], "partial": [], "open": []}
    for number, words in states.items():
        named = [word for word in words if word != "no rule"]
        kinds["open" if "noticed" not in named else "covered" if set(named) == {"noticed"} else "partial"].append(number)
    for claim in made:
        word = held.get((claim.breaks, claim.test), "mute")
        if claim.breaks and word != "noticed":
            why = {
                "passed": "passes without the rule",
                "crashed": "crashes, which proves nothing",
                "mute": "the rule declares no permissive answer",
            }
            print(f"✗ {claim.number}: {claim.test}: {why[word]} ({claim.breaks})")
    print()
    for kind, found in kinds.items():
        print(f"{kind}: {len(found)}  {', '.join(sorted(found))}")
    return 1 if mute or any(word != "noticed" for word in held.values()) else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
