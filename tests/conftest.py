"""Databases, the site, the browser, and what every test of the house is held to.

- A test that touches the database takes the fixture `db` (or `pytestmark = pytest.mark.django_db`): rolled back at its end.
- A test that needs real commits (threads, several browsers, the live site) is marked `@pytest.mark.own_database`, or takes a
  fixture that implies it: `site`, `page`, `open_page`.
- The small company of `worlds.py` stands in both; `world` gives its people. `@pytest.mark.own_database(bare=True)`: an empty house.
- `EARSHOT_TEST_ENGINE=sqlite|postgresql` chooses the engine; `make test` runs both. What a page does by itself, whatever database is behind
  it (focus, folding, scripts that are off), is marked `of_the_page` and tried on SQLite alone.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

import browsers
import databases
import worlds
from api_caller import caller  # noqa: F401 - a fixture
from worlds import still, world  # noqa: F401 - fixtures

databases.furnish = worlds.build

STRICT = os.environ.get("EARSHOT_STRICT") == "1"
# Property tests look for what nobody thought of wherever somebody sits before them; where a run decides, it tries the same every time.
hypothesis.settings.register_profile("decides", derandomize=True)
if STRICT:
    hypothesis.settings.load_profile("decides")
IS_WORKER = "PYTEST_XDIST_WORKER" in os.environ
RUN = Path(os.environ["EARSHOT_TEST_RUN"])
BROWSING = {"browser", "page", "open_page"}
OWN = {"own_database", "site", "page", "open_page"}
FLUSHING = {"transactional_db", "live_server", "django_db_reset_sequences", "django_db_serialized_rollback"}
PROBLEMS = pytest.StashKey[bool]()
SERVER = pytest.StashKey[Any]()


def pytest_configure(config: pytest.Config) -> None:
    if not IS_WORKER and databases.vendor() == "postgresql":
        from servers import Server

        config.stash[SERVER] = Server(RUN)


def pytest_unconfigure(config: pytest.Config) -> None:
    if IS_WORKER:
        return
    server = config.stash.get(SERVER, None)
    if server is not None:
        server.stop()
    shutil.rmtree(RUN, ignore_errors=True)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    missing_browser = browsers.chromium() is None
    soaking = "soak" in (config.option.markexpr or "")
    for item in items:
        names = set(getattr(item, "fixturenames", ()))
        django_db = item.get_closest_marker("django_db")
        if names & FLUSHING or (django_db and (django_db.kwargs.get("transaction") or True in django_db.args)):
            raise pytest.UsageError(f"{item.nodeid}: the journal refuses Django's flush; use @pytest.mark.own_database instead")
        if names & OWN or item.get_closest_marker("own_database"):
            if "db" in names or django_db:
                raise pytest.UsageError(f"{item.nodeid}: either `db` (rolled back) or a database of its own, not both")
            item.add_marker("own_database")
        if names & BROWSING or item.get_closest_marker("browser"):
            item.add_marker("browser")
            if missing_browser and not STRICT:
                item.add_marker(pytest.mark.skip(reason="no Chromium on this machine"))
        if item.get_closest_marker("data") and not os.environ.get("EARSHOT_DATA"):
            item.add_marker(pytest.mark.skip(reason="EARSHOT_DATA is not set"))
        for mark in item.iter_markers("req"):
            if len(mark.args) != 1 or not re.fullmatch(r"[A-Z]\d+(\.\d+)?[a-z]?|law \d+", mark.args[0]) or set(mark.kwargs) - {"breaks"}:
                raise pytest.UsageError(f'{item.nodeid}: write @pytest.mark.req("B16.2b", breaks="earshot.room.module.function")')
    left = {"of_the_page"} if databases.vendor() != "sqlite" else set()
    left |= set() if soaking else {"soak"}
    gone = [item for item in items if any(item.get_closest_marker(name) for name in left)]
    if gone:
        config.hook.pytest_deselected(items=gone)
        there = set(gone)
        items[:] = [item for item in items if item not in there]


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if browsers.chromium() is None and not IS_WORKER:
        terminalreporter.write_line(
            "NO BROWSER: Chromium was not found, so no page was tried. Install Debian's `chromium`.", red=True, bold=True
        )


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment: None, django_db_blocker: Any) -> Iterator[None]:
    """This worker's database for rolled-back tests: a copy of the migrated template."""
    with django_db_blocker.unblock():
        own = databases.own()
        own.__enter__()
    yield
    with django_db_blocker.unblock():
        own.__exit__(None, None, None)


@pytest.fixture
def own_database(request: pytest.FixtureRequest, django_test_environment: None, django_db_blocker: Any) -> Iterator[str]:
    """The name of a database that only this test sees, where commits are real and every thread sees them."""
    if "django_db_setup" not in request.fixturenames:
        request.getfixturevalue("django_db_setup")
    bare = any(mark.kwargs.get("bare") for mark in request.node.iter_markers("own_database"))
    with django_db_blocker.unblock(), databases.own(bare=bare) as name:
        yield name


@pytest.fixture(autouse=True)
def _house_rules(request: pytest.FixtureRequest) -> Iterator[None]:
    """Own database by marker; nothing remembered from the test before."""
    from django.core.cache import cache
    from django.utils import translation

    if request.node.get_closest_marker("own_database"):
        request.getfixturevalue("own_database")
    cache.clear()
    yield
    translation.deactivate()


@pytest.fixture
def site(own_database: str) -> Iterator[browsers.Site]:
    """The application on a port of its own: `site.url`. A server error fails the test unless `site.problems.clear()` says it was meant."""
    with browsers.serve() as served:
        yield served
    assert not served.problems, "\n".join(served.problems)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """One Chromium per worker."""
    if browsers.chromium() is None:
        pytest.fail("Chromium is missing, and EARSHOT_STRICT=1 makes that a failure")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        launched = browsers.launch(playwright)
        yield launched
        launched.close()


@pytest.fixture
def open_page(request: pytest.FixtureRequest, browser: Any, site: browsers.Site) -> Iterator[Callable[..., Any]]:
    """`open_page("phone" | "desk", language="zh-hans" | "en")`: a page of a new visitor. Script and CSP errors fail the test."""
    visits = browsers.Visits(browser, site)
    yield visits
    failed = request.node.stash.get(PROBLEMS, False)
    name = re.sub(r"[^\w.-]+", "-", request.node.nodeid.split("/")[-1])
    visits.close(Path("var/pictures") / name if failed else None)
    assert not visits.problems, "\n".join(visits.problems)


@pytest.fixture
def page(open_page: Callable[..., Any]) -> Any:
    return open_page()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    report = yield
    if report.when == "call" and report.failed:
        item.stash[PROBLEMS] = True
    return report
