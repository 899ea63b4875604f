"""A pytest plugin of `make trace` (`-p trace_report`): writes what each test claims to guard, and how it ended, a line of JSON each,
into the file that TRACE_REPORT names."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from earshot.kit import ruling

PASSED, NOTICED, CRASHED = "passed", "noticed", "crashed"


def declared(named: Iterable[str]) -> set[str]:
    """Of the rules that are named, with the modules they stand in loaded, those that say what they would answer."""
    for name in named:
        parts = name.split(".")
        for cut in range(1, len(parts)):
            with suppress(ModuleNotFoundError):
                import_module(".".join(parts[:cut]))
    return set(ruling.DECLARED)


def _write(line: dict[str, Any]) -> None:
    with Path(os.environ["TRACE_REPORT"]).open("a") as file:
        file.write(json.dumps(line) + "\n")


def pytest_collection_finish(session: pytest.Session) -> None:
    for name in declared({mark.kwargs["breaks"] for item in session.items for mark in item.iter_markers("req") if "breaks" in mark.kwargs}):
        _write({"declared": name})
    for item in session.items:
        for mark in item.iter_markers("req"):
            _write({"test": item.nodeid, "number": mark.args[0], "breaks": mark.kwargs.get("breaks", "")})


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    report = yield
    if report.when == "call" or report.failed:
        # A test notices by an assertion, or by a refusal that was expected and did not come. Anything else is a crash.
        asserted = call.excinfo is not None and isinstance(call.excinfo.value, AssertionError | pytest.fail.Exception)
        ended = PASSED if report.passed else NOTICED if report.when == "call" and asserted else CRASHED
        if not report.skipped:
            said = str(call.excinfo.value).splitlines()[:1] if call.excinfo else []
            _write({"test": item.nodeid, "ended": ended, "said": said})
    return report
