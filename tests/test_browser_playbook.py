"""The walk of the playbook in real browsers: sales operations change how the company works, on pages alone, and it comes in force by date.

A role, a stage with its gate and its seat, a limit, a support with its trigger, a hearer and a template's field are added; three mistakes
are made on the way, said beside their cells, and mended there. Whoever must approves. From the date on the new limits hold for a deal
that runs already, which keeps its process; a new deal follows the new one. The same is then done by pack and command line elsewhere.
"""

from __future__ import annotations

import re
import signal
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.utils.timezone import localtime
from django.utils.translation import gettext, override, pgettext
from playwright.sync_api import Browser, Page, expect

from browsers import Site, Visits
from earshot.clocks.models import Clock
from earshot.deals.actions import open_deal
from earshot.deals.models import Deal
from earshot.journal.models import Entry
from earshot.kit.clock import standing_still
from earshot.people.actors import as_person
from earshot.people.models import Login, Person
from earshot.playbooks.actions import approve, open_revision, set_cells
from earshot.voice.models import Ear
from test_cli_serve import Served
from worlds import AIM, MONDAY, OF_THE_SITE

SOON = 15_000  # milliseconds
# What is added: part, table, after which row, and what is typed into the row.
ROLE = ("process", "roles", "", {"code": "SEC", "zh": "安全负责人", "en": "Security responsible"})
STAGE = ("process", "stages", "MO2", {"code": "SEC1", "zh": "安全评审", "en": "Security review", "step": "MO"})
SEAT = ("process", "seats", "", {"code": "seat-SEC", "zh": "客户的网要守得住", "en": "The customer's network must hold", "role": "SEC"})
GATE = (
    "process",
    "gates",
    "",
    {
        "code": "ATS", "zh": "安全决策", "en": "Decide on security", "stage": "SEC1", "question_zh": "这个方案守得住吗？",
        "question_en": "Will this solution hold?", "deciders": ["SEC", "SDT"],
    },
)  # fmt: skip
LEVEL = (
    "service_levels",
    "levels",
    "",
    {"code": "two-hours", "zh": "2 个工时", "en": "Two working hours", "measure": "working", "minutes": "120"},
)
RUNG = ("service_levels", "levels/two-hours/ladder", "", {"name": "unit-head", "addressee": "unit_head", "share": "100"})
SUPPORT = (
    "support",
    "catalogue",
    "",
    {
        "code": "threats", "zh": "威胁分析", "en": "Threat analysis", "unit": "solutions", "role": "SR", "service_level": "two-hours",
        "result_zh": "哪些威胁，各由什么挡住", "result_en": "Which threats, and what stops each",
    },
)  # fmt: skip
TRIGGER = (
    "support",
    "triggers",
    "",
    {"code": "SEC1-SR", "zh": "安全评审时，方案做威胁分析", "en": "At the security review: threats", "stage": "SEC1", "support": "threats"},
)
HEARER = (
    "hearing",
    "hearers",
    "",
    {
        "code": "site-SR",
        "zh": "站点：方案也听",
        "en": "Site: the solution side hears too",
        "category": "site",
        "role": "SR",
        "service_level": "hear",
    },
)
TWICE = {
    "code": "site-FR-2", "zh": "站点：交付快听", "en": "Site: delivery hears fast", "category": "site", "role": "FR", "service_level": "hear-critical",
}  # fmt: skip
FIELD = (
    "templates",
    "fields",
    "",
    {
        "code": "encryption", "zh": "要不要加密", "en": "Encryption", "template": "situation", "unit": "delivery", "kind": "yes_no",
        "reason_zh": "加密的设备要提前三个月备货。", "reason_en": "Encrypting equipment is ordered three months ahead.",
        "help_zh": "客户没提，就去问。", "help_en": "Where they have not said, ask.",
        "ask_zh": "这条链路要加密吗？", "ask_en": "Is this line to be encrypted?", "example_zh": "要", "example_en": "Yes",
    },
)  # fmt: skip


def said(words: str, context: str = "") -> str:
    with override("zh-hans"):
        return pgettext(context, words) if context else gettext(words)


def person(key: str) -> Person:
    found = Login.objects.select_related("person").get(username=f"demo-{key}").person
    assert found is not None
    return found


@dataclass
class Desk:
    """Somebody before a page."""

    page: Page

    def goes(self, path: str) -> Desk:
        self.page.goto(path)
        return self

    def shows(self, words: str | re.Pattern[str]) -> None:
        expect(self.page.locator("main")).to_contain_text(words, timeout=SOON)

    def shows_not(self, words: str | re.Pattern[str]) -> None:
        expect(self.page.locator("main")).not_to_contain_text(words, timeout=SOON)

    def press(self, words: str, context: str = "") -> None:
        label = re.compile(rf"^\s*{re.escape(said(words, context))}\s*$")
        self.page.locator("main button, main a.button").filter(has_text=label).first.click()
        self.page.wait_for_load_state()

    def types(self, cells: Mapping[str, Any]) -> None:
        """Into the open row, whatever each field is."""
        for name, value in cells.items():
            field = self.page.locator(f'.table-open [name="c.{name}"]')
            if isinstance(value, list):
                for one in value:
                    self.page.locator(f'.table-open label:has(input[name="c.{name}"][value="{one}"])').click()
            elif field.first.evaluate("one => one.tagName") == "SELECT":
                field.first.select_option(value)
            else:
                field.first.fill(value)

    def writes(self) -> None:
        self.page.locator(".table-open .button.is-primary").first.click()
        self.page.wait_for_load_state()


@dataclass
class Draft(Desk):
    """The tables of a revision, as operations fill them."""

    revision: str = ""

    def opens(self, part: str) -> None:
        self.goes(f"/playbook/revisions/{self.revision}/{part}/")

    def adds(self, part: str, table: str, after: str, cells: Mapping[str, Any]) -> None:
        outer, _slash, inner = table.rpartition("/")
        self.opens(part)
        if outer:
            self.opens_row(outer)
        self.page.locator(f"#t-{table.replace('/', '-')}").get_by_role("link", name=said("Add a row")).click()
        self.types(cells)
        if after:
            self.page.locator('.table-open [name="after"]').select_option(after)
        self.writes()

    def opens_row(self, place: str) -> None:
        self.page.locator(
            f'main a[href*="row={place.replace("/", "%2F")}#"], main a[href*="row={place.replace("/", "%2F")}&"]'
        ).first.click()
        self.page.wait_for_load_state()

    def changes(self, part: str, place: str, cells: Mapping[str, Any]) -> None:
        self.opens(part)
        self.opens_row(place)
        self.types(cells)
        self.writes()

    def wrong(self, *words: str) -> None:
        """What the check says beside the cells of this page."""
        for one in words:
            expect(self.page.locator("main")).to_contain_text(one, timeout=SOON)


@pytest.fixture
def sit(browser: Browser) -> Iterator[Callable[..., Page]]:
    visits: list[Visits] = []

    def at(served: Served, somebody: Person, path: str = "/", size: str = "desk") -> Page:
        visits.append(Visits(browser, Site(f"http://127.0.0.1:{served.port}")))
        page = visits[-1](size)
        page.goto("/sign-in/")
        page.locator(".pick button").filter(has_text=somebody.name).first.click()
        page.wait_for_url("**/")
        if path != "/":
            page.goto(path)
        return page

    yield at
    problems = [problem for one in visits for problem in one.problems]
    for one in visits:
        one.close()
    assert not problems, problems


@pytest.mark.own_database
@pytest.mark.browser
def test_operations_change_how_the_company_works_and_it_holds_from_its_date(
    own_database: str, tmp_path: Path, sit: Callable[..., Page]
) -> None:
    seller, operations = person("seller"), as_person(person("operations"))
    with standing_still(MONDAY + timedelta(hours=1)):
        # Fields are approved by the heads of the units that need the answers.
        earlier = open_revision(by=operations, reason="谁问谁批", parts=["templates"])
        set_cells(by=operations, revision=earlier, part="templates", cells={"approved_by": "owners"})
        approve(by=operations, revision=earlier)
        running = open_deal(
            by=as_person(seller), title="苏丹站点", account=seller.accounts.earliest("number"), owner=seller, amount="2105000", **AIM
        )
    connection.close()
    served = Served(tmp_path, own_database, EARSHOT_TEST_CLOCK="1")
    try:
        assert served.answers() == 200
        walk(served, sit, running)
    finally:
        served.stop(signal.SIGTERM)


def set_to(clock: Desk, moment: datetime) -> None:
    clock.goes("/test-clock/").page.locator('[name="to"]').fill(f"{moment:%Y-%m-%dT%H:%M}")
    clock.press("Set the clock")
    clock.shows(f"{moment:%H:%M}")


def walk(served: Served, sit: Callable[..., Page], running: Deal) -> None:
    operations, administrator = person("operations"), person("administrator")
    monday = localtime(Entry.objects.latest("seq").recorded_at).replace(hour=14, minute=0, second=0, microsecond=0)
    clock = Desk(sit(served, administrator, "/test-clock/"))
    set_to(clock, monday)
    desk = Desk(sit(served, operations, "/playbook/"))
    page = desk.page
    page.locator("summary").filter(has_text=said("Change the playbook")).click()
    for part in ("process", "service_levels", "support", "hearing", "templates"):
        page.locator(f'label:has(input[name="parts"][value="{part}"])').click()
    page.locator('[name="reason"]').fill("客户开始问安全")
    begins = (monday + timedelta(days=1)).replace(hour=9)
    page.locator('[name="starts_at"]').fill(f"{begins:%Y-%m-%dT%H:%M}")
    desk.press("Begin", "a revision")
    draft = Draft(page, page.url.rstrip("/").rpartition("/")[2])
    page.screenshot(path="/tmp/shots/me/1.png", full_page=True)
    for row in (ROLE, STAGE, GATE, SEAT, LEVEL, RUNG, SUPPORT):
        draft.adds(*row)
    # Three mistakes, each said in words beside its cell. A stage of which the support table says nothing:
    draft.opens("support")
    draft.shows("阶段“SEC1”既没有召唤支援，也没有写明不需要")
    # … a condition with a slip of the pen:
    part, table, after, cells = TRIGGER
    draft.adds(part, table, after, {**cells, "when": "deal.amuont >= 100000.0"})
    draft.shows("没有名为“deal.amuont”的事实；是不是“deal.amount”？")
    # … and somebody who is to hear the same within two limits:
    draft.adds("hearing", "hearers", "", TWICE)
    draft.shows("与“site-FR”矛盾")
    draft.goes(f"/playbook/revisions/{draft.revision}/")
    expect(page.locator("#approve form")).to_have_count(0)
    draft.changes("support", "triggers/SEC1-SR", {"when": ""})
    draft.opens("hearing")
    draft.opens_row("hearers/site-FR-2")
    draft.press("Remove this row")
    for row in (HEARER, FIELD):
        draft.adds(*row)
    draft.changes("service_levels", "levels/hear", {"minutes": "225"})
    # What it will ask of whom, and whom it touches, before anybody approves.
    draft.goes(f"/playbook/revisions/{draft.revision}/")
    expect(page.locator("#asks")).to_contain_text("安全负责人")
    expect(page.locator("#asks")).to_contain_text("+2")
    expect(page.locator("#hearing")).to_contain_text("林远")
    page.screenshot(path="/tmp/shots/me/5.png", full_page=True)
    draft.press("Approve", "a revision")
    draft.press("Ask for approval")
    page.screenshot(path="/tmp/shots/me/6.png", full_page=True)

    # The field belongs to delivery: its head finds the line, looks, and approves on her day.
    owner = Desk(sit(served, person("delivery_head")))
    owner.shows("客户开始问安全")
    owner.page.screenshot(path="/tmp/shots/me/7.png", full_page=True)
    owner.press("Approve", "a revision")
    owner.page.screenshot(path="/tmp/shots/me/8.png", full_page=True)
    owner.goes("/").shows_not("客户开始问安全")
    draft.goes(f"/playbook/revisions/{draft.revision}/").shows("已批准")
    page.screenshot(path="/tmp/shots/me/9.png", full_page=True)

    # Until its date everything is as it was, for the deal that runs and for a new one.
    mine = Desk(sit(served, person("seller")))
    record(mine, running, OF_THE_SITE)
    assert hearers(OF_THE_SITE) == {"郑凯": 450}
    set_to(clock, begins + timedelta(minutes=1))
    later = "站上只能放一个机柜"
    record(mine, running, later)
    assert hearers(later) == {"郑凯": 225, "林远": 225}
    mine.goes(f"/deals/{running.pk}/").shows_not("安全评审")
    page.screenshot(path="/tmp/shots/me/10.png", full_page=True)

    # A new deal follows the new process: its stage, its seat, its call within two hours, its gate.
    mine.goes("/deals/new/")
    fields = {"title": "二期站点", "goal": "签下二期", "due": "2040-12-31", "amount": "300000"}
    for name, value in fields.items():
        mine.page.locator(f'[name="{name}"]').fill(value)
    mine.page.locator('[name="account"]').select_option(index=1)
    mine.press("Open the deal")
    mine.shows("安全评审")
    expect(mine.page.locator("#team")).to_contain_text("客户的网要守得住")
    mine.page.screenshot(path="/tmp/shots/me/11.png", full_page=True)
    for _stage in range(3):
        mine.page.locator('main form:has(input[name="act"][value="move_on"]) button').first.click()
        mine.page.wait_for_load_state()
    mine.page.screenshot(path="/tmp/shots/me/12.png", full_page=True)
    expect(mine.page.locator("#calls")).to_contain_text("威胁分析")
    mine.page.locator('main form:has(input[name="act"][value="move_on"]) button').first.click()
    mine.shows("安全决策")
    mine.page.screenshot(path="/tmp/shots/me/13.png", full_page=True)
    raise SystemExit


def record(desk: Desk, deal: Deal, words: str) -> None:
    desk.goes(f"/deals/{deal.pk}/meetings/new/").page.locator('[name="words_1"]').fill(words)
    desk.page.locator('label:has(input[name="category_1"][value="site"])').click()
    desk.press("Save")
    desk.shows(words)


def hearers(words: str) -> dict[str, int]:
    """Who must hear it, and within how many minutes of working time."""
    ears = Ear.objects.select_related("person").filter(item__words=words)
    limits = dict(Clock.objects.filter(object_id__in=[ear.pk for ear in ears]).values_list("object_id", "limit"))
    found = {ear.person.name: limits[ear.pk] for ear in ears if ear.person and ear.pk in limits}
    connection.close()
    return found
