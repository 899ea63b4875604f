"""scratch: screenshots"""
from typing import Any
import pytest
from worlds import World
from earshot.playbooks.actions import add_row, open_revision, set_cells
from test_browser_forms import at

@pytest.mark.parametrize("lang", ["zh-hans","en"])
@pytest.mark.parametrize("size", ["phone", "desk"])
def test_look(world: World, open_page: Any, size: str, lang: str):
    by=world.by("operations")
    r=open_revision(by=by, reason="客户催得紧，限时改短")
    set_cells(by=by,revision=r,part="service_levels",cells={"levels/hear-critical/minutes":180})
    add_row(by=by,revision=r,part="hearing",table="hearers",values={"code":"site-SR","category":"sit","role":"SR","service_level":"hear","zh":"站点：方案也听","en":"Site: the solution side hears too"},after="site-FR")
    page = at(open_page, world.people["operations"] if hasattr(world,"people") else world.operations, size, **({"language": lang} if True else {}))
    base=f"/playbook/revisions/{r.pk}/"
    def shot(name, url):
        page.goto(url); page.wait_for_timeout(300)
        page.screenshot(path=f"/tmp/tabt/{name}-{size}-{lang}.png", full_page=True)
    shot("levels", base+"service_levels/")
    shot("level", base+"service_levels/?row=levels/hear-critical")
    shot("rung", base+"service_levels/?row=levels/hear-critical/ladder/1")
    shot("hearing", base+"hearing/")
    shot("hearer", base+"hearing/?row=hearers/site-SR")
    shot("add", base+"hearing/?add=hearers")
    shot("process", base+"process/")
    shot("templates", base+"templates/")
    shot("policies", base+"policies/")
