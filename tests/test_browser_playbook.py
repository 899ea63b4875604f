"""The walk of the playbook in real browsers: sales operations change how the company works, on pages alone, and it comes in force by date.

A role, a stage with its gate and its seat, a limit, a support with its trigger, a hearer and a template's field are added; three mistakes
are made on the way, said beside their cells, and mended there. Whoever must approves. From the date on the new limits hold for a deal
that runs already, which keeps its process; a new deal follows the new one. The same is then done by pack and command line elsewhere.
"""

from __future__ import annotations

import re
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from django.db import connection
from django.utils.timezone import localtime
from django.utils.translation import gettext, override, pgettext
from playwright.sync_api import Browser, Page, expect

import databases
from browsers import Site, Visits
from earshot.cli.root import earshot
from earshot.clocks.models import Clock
from earshot.deals.actions import open_deal
from earshot.deals.models import Deal
from earshot.journal.models import Entry
from earshot.kit.clock import standing_still
from earshot.people.actors import as_person
from earshot.people.models import Login, Person
from earshot.playbooks.actions import approve, open_revision, set_cells, switch_profile
from earshot.playbooks.models import PartVersion, Revision
from earshot.voice.models import Ear
from test_cli_serve import Served
from worlds import AIM, MONDAY, OF_THE_SITE, World

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
    "code": "site-FR-2", "zh": "站点：交付快听", "en": "Site: delivery hears fast", "category": "site", "role": "FR",
    "service_level": "hear-critical",
}  # fmt: skip
FIELD = (
    "templates",
    "fields",
    "",
    {
        "code": "encryption", "zh": "要不要加密", "en": "Encryption", "template": "situation", "unit": "solutions", "kind": "yes_no",
        "reason_zh": "不加密的方案和加密的方案是两套设备。", "reason_en": "With and without it are two different solutions.",
        "help_zh": "客户没提，就去问。", "help_en": "Where they have not said, ask.",
        "ask_zh": "这条链路要加密吗？", "ask_en": "Is this line to be encrypted?", "example_zh": "要", "example_en": "Yes",
    },
)  # fmt: skip

# The same by hand in the files: what is written after which text.
BY_HAND: Mapping[str, Sequence[tuple[str, str]]] = {
    "process": [
        ("  - {code: SVC, zh: 服务, en: Service}\n", "  - {code: SEC, zh: 安全负责人, en: Security responsible}\n"),
        ("en: Guide before the bid, step: MO}\n", "  - {code: SEC1, zh: 安全评审, en: Security review, step: MO}\n"),
        (
            "    deciders: [FR, FIN, SDT]\n    when: deal.tier == 'L'\n    awaits: contracts\n",
            """\
  - code: ATS
    zh: 安全决策
    en: Decide on security
    stage: SEC1
    question_zh: 这个方案守得住吗？
    question_en: "Will this solution hold?"
    deciders: [SDT, SEC]
""",
        ),
        (
            "when: contract.promises_service, awaits: contracts}\n",
            "  - {code: seat-SEC, role: SEC, zh: 客户的网要守得住, en: The customer's network must hold}\n",
        ),
    ],
    "support": [
        (
            "    result_en: Whether it can be delivered in time, and with which risks\n",
            """\
  - code: threats
    zh: 威胁分析
    en: Threat analysis
    unit: solutions
    role: SR
    service_level: two-hours
    result_zh: 哪些威胁，各由什么挡住
    result_en: "Which threats, and what stops each"
""",
        ),
        (
            'en: "Bidding: the deliverability review"}\n',
            '  - {code: SEC1-SR, stage: SEC1, support: threats, zh: 安全评审时，方案做威胁分析, en: "At the security review: threats"}\n',
        ),
    ],
    "hearing": [
        (
            'en: "People: the account side hears"}\n',
            (
                "  - {code: site-SR, category: site, role: SR, service_level: hear, zh: 站点：方案也听, "
                'en: "Site: the solution side hears too"}\n'
            ),
        ),
    ],
    "templates": [
        (
            'ask_en: "Please check once more: does this agree with the contract?"\n    example_zh: 是\n    example_en: "Yes"\n',
            """\
  - code: encryption
    zh: 要不要加密
    en: Encryption
    template: situation
    unit: solutions
    kind: yes_no
    reason_zh: 不加密的方案和加密的方案是两套设备。
    reason_en: With and without it are two different solutions.
    help_zh: 客户没提，就去问。
    help_en: "Where they have not said, ask."
    ask_zh: 这条链路要加密吗？
    ask_en: "Is this line to be encrypted?"
    example_zh: 要
    example_en: "Yes"
""",
        ),
    ],
}
AT_THE_END = {
    "service_levels": """\
  - code: two-hours
    zh: 2 个工时
    en: Two working hours
    measure: working
    minutes: 120
    ladder:
      - {name: unit-head, addressee: unit_head, share: 100}
""",
}


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
        expect(self.page.locator("main")).to_contain_text(words)

    def shows_not(self, words: str | re.Pattern[str]) -> None:
        expect(self.page.locator("main")).not_to_contain_text(words)

    def press(self, words: str, context: str = "") -> None:
        label = re.compile(rf"^\s*{re.escape(said(words, context))}\s*$")
        self.page.locator("main button, main a.button").filter(has_text=label).first.click()
        self.page.wait_for_load_state()

    def press_like(self, words: str) -> None:
        """The button that speaks of this profile."""
        self.page.locator(f'main a.button[href*="{words}"]').first.click()
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
        outer, _slash, _inner = table.rpartition("/")
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
            expect(self.page.locator("main")).to_contain_text(one)


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
    seller = person("seller")
    with standing_still(MONDAY + timedelta(hours=1)):
        owners_approve()
        running = open_deal(
            by=as_person(seller), title="苏丹站点", account=seller.accounts.earliest("number"), owner=seller, amount="2105000", **AIM
        )
    connection.close()
    served = Served(tmp_path, own_database, EARSHOT_TEST_CLOCK="1")
    try:
        assert served.answers() == 200
        begins = walk(served, sit, running)
    finally:
        served.stop(signal.SIGTERM)
    by_pages = in_force(tmp_path / "by-pages", begins)
    # Elsewhere the same is written into the files of the pack and taken in by commands, with the same result.
    with databases.own(), standing_still(MONDAY + timedelta(hours=1)):
        owners_approve()
        folder = tmp_path / "by-files"
        told("export", str(folder))
        for part in sorted({*BY_HAND, *AT_THE_END}):
            text = (folder / f"{part}.yaml").read_text(encoding="utf-8")
            for after, more in BY_HAND.get(part, ()):
                assert text.count(after) == 1, after
                text = text.replace(after, after + more)
            if part == "service_levels":
                hear = text.index("  - code: hear\n")
                text = text[:hear] + text[hear:].replace("minutes: 450", "minutes: 225", 1)
            (folder / f"{part}.yaml").write_text(text + AT_THE_END.get(part, ""), encoding="utf-8")
        told("check", str(folder))
        told("revise", str(folder), "--reason", "客户开始问安全", "--begins", f"{begins:%Y-%m-%d %H:%M}", "--as", person("operations").name)
        number = str(Revision.objects.latest("number").number)
        for key in ("operations", "engineer_head"):
            read = CliRunner().invoke(earshot, ["playbook", "approve", number, "--as", person(key).name], catch_exceptions=False)
            version = re.search(r"--version (\d+)", read.output)
            assert read.exit_code == 2, read.output
            assert version, "nobody approves what was not shown"
            told("approve", number, "--version", version[1], "--as", person(key).name)
        assert in_force(tmp_path / "by-commands", begins) == by_pages


def owners_approve() -> None:
    """Fields are approved by the heads of the units that need the answers."""
    operations = as_person(person("operations"))
    earlier = open_revision(by=operations, reason="谁问谁批", parts=["templates"])
    set_cells(by=operations, revision=earlier, part="templates", cells={"approved_by": "owners"})
    approve(by=operations, revision=earlier)


def told(*words: str) -> str:
    """What `earshot playbook …` says."""
    result = CliRunner().invoke(earshot, ["playbook", *words], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def in_force(folder: Path, begins: datetime) -> tuple[dict[str, bytes], str]:
    """The pack that is in force when the change has begun, to the byte, and what it asks of whom."""
    with standing_still(begins + timedelta(minutes=5)):
        told("export", str(folder))
        return {one.name: one.read_bytes() for one in sorted(folder.iterdir()) if one.name != "about.yaml"}, told("asks", "--rows")


def set_to(clock: Desk, moment: datetime) -> None:
    clock.goes("/test-clock/").page.locator('[name="to"]').fill(f"{moment:%Y-%m-%dT%H:%M}")
    clock.press("Set the clock")
    clock.shows(f"{moment:%H:%M}")


def walk(served: Served, sit: Callable[..., Page], running: Deal) -> datetime:
    """Returns when the change began."""
    operations, administrator = person("operations"), person("administrator")
    # The clock goes back behind nothing that is recorded, and the served worker records in the machine's present: the Monday after that.
    last = localtime(Entry.objects.latest("seq").recorded_at)
    monday = (last + timedelta(days=7 - last.weekday())).replace(hour=14, minute=0, second=0, microsecond=0)
    clock = Desk(sit(served, administrator, "/test-clock/"))
    set_to(clock, monday)
    desk = Desk(sit(served, operations, "/playbook/"))
    page = desk.page
    page.get_by_role("link", name=said("Change the playbook")).click()
    for part in ("process", "service_levels", "support", "hearing", "templates"):
        page.locator(f'label:has(input[name="parts"][value="{part}"])').click()
    page.locator('[name="reason"]').fill("客户开始问安全")
    begins = (monday + timedelta(days=1)).replace(hour=9)
    page.locator('[name="starts_at"]').fill(f"{begins:%Y-%m-%dT%H:%M}")
    desk.press("Begin", "a revision")
    draft = Draft(page, page.url.rstrip("/").rpartition("/")[2])
    for row in (ROLE, STAGE, GATE, SEAT, LEVEL, RUNG, SUPPORT):
        draft.adds(*row)
    # Three mistakes, each said in words beside its cell. A stage of which the support table says nothing:
    draft.opens("support")
    draft.shows("阶段“安全评审”（SEC1）既没有召唤支援，也没有写明不需要")
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
    draft.press("Approve", "a revision")
    draft.shows("你已批准，还在等其他指定的人批准。")

    # The field belongs to the solution side: its head finds the line, looks, and approves on her day.
    owner = Desk(sit(served, person("engineer_head")))
    owner.shows("客户开始问安全")
    owner.page.get_by_role("link", name=said("Read and approve")).click()
    owner.press("Approve", "a revision")
    owner.goes("/").shows_not("客户开始问安全")
    draft.goes(f"/playbook/revisions/{draft.revision}/").shows("已批准")

    # Until its date everything is as it was, for the deal that runs and for a new one.
    mine = Desk(sit(served, person("seller")))
    record(mine, running, OF_THE_SITE)
    assert hearers(OF_THE_SITE) == {"郑凯": 450}
    set_to(clock, begins + timedelta(minutes=1))
    later = "站上只能放一个机柜"
    record(mine, running, later)
    assert hearers(later) == {"郑凯": 225, "林远": 225}
    mine.goes(f"/deals/{running.pk}/").shows_not("安全评审")

    # A new deal follows the new process: its stage, its seat, its call within two hours, its gate.
    mine.goes("/deals/new/")
    fields = {"title": "二期站点", "goal": "签下二期", "due": "2040-12-31", "amount": "300000"}
    for name, value in fields.items():
        mine.page.locator(f'[name="{name}"]').fill(value)
    mine.page.locator('[name="account"]').select_option(index=1)
    mine.press("Open the deal")
    mine.shows("安全评审")
    expect(mine.page.locator("#team")).to_contain_text("客户的网要守得住")
    for _stage in range(3):
        mine.page.locator('main form:has(input[name="act"][value="move_on"]) button').first.click()
        mine.page.wait_for_load_state()
    expect(mine.page.locator("#calls")).to_contain_text("威胁分析")
    mine.page.locator('main form:has(input[name="act"][value="move_on"]) button').first.click()
    mine.shows("关口“安全决策”未开")
    mine.shows("这里由安全负责人决策，但这个席位还没有人坐")
    deal_page = mine.page.url.partition("#")[0]
    # The role is in force, so somebody can be given it; the seller asks her to take the seat, and she does.
    security = person("colleague")
    posts = Desk(sit(served, administrator, f"/people/{security.pk}/administration/"))
    posts.page.locator("summary").filter(has_text=said("Give a post …")).first.click()
    posts.page.locator('[name="role"]').first.select_option("SEC")
    posts.page.locator('[name="unit"]').first.select_option(label="远声通信")
    posts.page.locator('form:has(input[value="give_post"]) button').first.click()
    posts.page.wait_for_load_state()
    mine.goes(f"/{deal_page.split('/', 3)[3]}")
    seat = mine.page.locator("#team li").filter(has_text="客户的网要守得住")
    seat.locator("summary").click()
    hers = seat.locator('[name="person"] option').filter(has_text=security.name)
    seat.locator('[name="person"]').select_option(hers.get_attribute("value"))
    seat.locator("form button").click()
    mine.page.wait_for_load_state()
    Desk(sit(served, security)).press("Accept")
    mine.goes(f"/{deal_page.split('/', 3)[3]}")
    mine.page.locator('main form:has(input[name="act"][value="move_on"]) button').first.click()
    expect(mine.page.locator(".refusal")).to_contain_text("安全负责人尚未同意")
    expect(mine.page.locator(".refusal")).to_contain_text(security.name)
    return begins


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


@pytest.mark.browser
def test_a_company_in_light_reads_what_standard_will_ask_of_whom_before_it_switches(world: World, open_page: Callable[..., Page]) -> None:
    switch_profile(by=world.by("operations"), profile="light", reason="刚开始")
    let_through, refused = world.moved_deal("轻松过关"), world.moved_deal("不再放过")
    for deal in (let_through, refused):
        world.hear(deal, "engineer")  # the one who delivers; nobody who decides has heard a word
        world.deliver(deal)

    def decides(deal: Deal) -> Desk:
        head = Desk(signed_in(open_page, world.head)).goes(f"/deals/{deal.pk}/gate/")
        head.page.locator('label:has(input[name="approves"])').first.click()
        head.page.locator('form:has(input[value="vote"]) button').first.click()
        head.page.wait_for_load_state()
        return head

    decides(let_through)
    assert Deal.objects.get(pk=let_through.pk).stage_id != let_through.stage_id, "light only warns"

    desk = Desk(signed_in(open_page, world.operations)).goes("/playbook/asks/")
    desk.press_like("standard")
    desk.shows(said("Policies that become stricter, and whom they ask"))
    desk.shows(said("More is asked"))
    assert PartVersion.objects.filter(part="policies", state="in_force", profile="light").exists(), "nothing has changed yet"
    desk.page.locator('[name="reason"]').fill("站稳了")
    desk.page.locator('form:has(input[value="switch"]) .is-primary').first.click()
    desk.page.wait_for_load_state()

    decides(refused)
    assert Deal.objects.get(pk=refused.pk).stage_id == refused.stage_id


def signed_in(open_page: Callable[..., Page], somebody: Person) -> Page:
    page = open_page("desk")
    page.goto("/sign-in/")
    page.locator(".pick button").filter(has_text=somebody.name).first.click()
    page.wait_for_url("**/")
    return page
