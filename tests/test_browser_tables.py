"""A bad day in operations: a limit is changed, a hearer added wrongly, mended and taken back, in a real browser and by keyboard."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from earshot.playbooks.actions import open_revision
from earshot.playbooks.models import PartVersion, Revision
from earshot.playbooks.sources import PACKS, Sources
from test_browser_forms import at
from worlds import World

OpenPage = Callable[..., Page]
pytestmark = pytest.mark.of_the_page
SHIPPED = Sources.of_folder(PACKS / "iron-triangle-ltc").in_profile("standard").texts


def text(revision: Revision, part: str) -> str:
    return PartVersion.objects.get(revision=revision, part=part).source


def written(page: Page) -> None:
    page.locator(".table-open .button.is-primary").click()
    page.wait_for_load_state()


@pytest.mark.browser
@pytest.mark.parametrize("size", ["phone", "desk"])
def test_operations_change_a_limit_add_a_hearer_see_a_finding_mend_it_and_undo(world: World, open_page: OpenPage, size: str):
    revision = open_revision(by=world.by("operations"), reason="客户催得紧", parts=["service_levels", "hearing"])
    page = at(open_page, world.operations, size, language="en", java_script_enabled=size == "desk")
    page.goto(f"/playbook/revisions/{revision.pk}/")
    page.locator(f'a[href*="{revision.pk}/service_levels/"]').first.click()
    row = page.get_by_role("link", name="Critical words heard within 4 working hours")
    row.focus()
    page.keyboard.press("Enter")
    page.locator('[name="c.minutes"]').fill("180")
    page.locator('[name="c.minutes"]').press("Enter")
    expect(page.locator("#changes")).to_contain_text("minutes: 180")
    expect(page.locator("#changes")).to_contain_text("Who is touched")
    assert text(revision, "service_levels") == SHIPPED["service_levels"].replace("minutes: 240", "minutes: 180", 1)

    page.goto(f"/playbook/revisions/{revision.pk}/hearing/")
    page.locator("#t-hearers").get_by_role("link", name="Add a row").click()
    for name, value in {"code": "running-cost-SR", "zh": "站点：方案也听", "en": "Site: the solution side hears too"}.items():
        page.locator(f'[name="c.{name}"]').fill(value)
    for name, value in {"category": "site", "role": "SR", "service_level": "hear"}.items():
        page.locator(f'[name="c.{name}"]').select_option(value)
    written(page)
    expect(page.locator("#t-hearers .table-wrong")).to_contain_text("the code stands twice in this table")

    page.locator("#t-hearers").get_by_role("link", name="Site: the solution side hears too").click()
    page.locator('[name="c.code"]').fill("site-SR")
    written(page)
    expect(page.locator(".table-wrong")).to_have_count(0)
    assert "code: site-SR" in text(revision, "hearing")

    page.locator("header").get_by_role("button", name="Undo the last edit").click()
    expect(page.locator("#t-hearers .table-wrong").first).to_be_visible()
    page.locator("header").get_by_role("button", name="Undo the last edit").click()
    expect(page.locator("#changes")).to_contain_text("It says exactly what is in force.")
    assert text(revision, "hearing") == SHIPPED["hearing"]
