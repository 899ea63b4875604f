"""Saved views: what is asked under a name, one's own or shared by its link; each reader sees what is his or hers to see."""

from __future__ import annotations

from collections.abc import Callable
from threading import Barrier, Thread

import pytest
from click.testing import CliRunner
from django.db import connection, connections

from api_caller import Caller
from earshot.cli.root import earshot
from earshot.desk.models import SavedView
from earshot.desk.saved import change_view, end_view, of, save_view, visible_to
from earshot.journal.models import Entry
from earshot.kit import uuid7
from earshot.kit.problems import Refusal
from pages import Form, Seen, Visitor
from worlds import World, said

Call = Callable[..., Caller]


def form(page: Seen, act: str) -> Form:
    return next(one for one in page.forms if one.act == act)


@pytest.mark.req("B13.1")
def test_a_shared_view_shows_each_reader_what_is_theirs(world: World):
    world.moved_deal("ours alone")
    view = save_view(by=world.by("seller"), name="Late ones", asked={"q": "ours"}, shared=True)
    own = Visitor("seller", "en").get(f"/views/{view.pk}/")
    assert "ours alone" in own.text
    assert "View: Late ones" in own.text
    theirs = Visitor("stranger", "en").get(f"/views/{view.pk}/")
    assert theirs.status == 200
    assert "ours alone" not in theirs.text
    assert f"{world.seller.name} shares this view." in theirs.text
    assert "Rename, share or delete" not in theirs.text


@pytest.mark.req("B13.1")
def test_a_view_that_is_not_shared_does_not_exist_for_others(world: World, caller: Call):
    view = save_view(by=world.by("seller"), name="Mine", asked={"mine": "1"})
    stranger = Visitor("stranger", "en")
    assert stranger.get(f"/views/{view.pk}/").status == 404
    assert stranger.get(f"/deals/?view={view.pk}").status == 404
    assert caller("stranger").get(f"/views/{view.pk}").status == 404
    assert list(visible_to(world.stranger)) == []


def test_the_page_keeps_renames_keeps_again_and_deletes(world: World):
    seller = Visitor("seller", "en")
    at = "/deals/?q=north&sort=title"
    page = seller.submit(form(seller.get(at), "save"), at, name="North", shared="1")
    view = SavedView.objects.get(name="North")
    assert (view.asked, view.shared_at is not None) == ({"q": "north", "sort": "title"}, True)
    assert "View: North" in page.text
    page = seller.submit(form(page, "rename"), page.url, name="Far north")
    assert "View: Far north" in page.text
    other = seller.get(f"/deals/board/?q=south&view={view.pk}")
    assert "What is asked now is other than what this view keeps." in other.text
    before = seller.get(f"/deals/board/?q=east&view={view.pk}")
    seller.submit(form(other, "keep"), f"/deals/board/?q=south&view={view.pk}")
    view.refresh_from_db()
    assert view.asked == {"q": "south"}
    stale = seller.submit(form(before, "keep"), f"/deals/board/?q=east&view={view.pk}")
    assert stale.status == 412
    page = seller.get(f"/views/{view.pk}/")
    gone = seller.submit(form(page, "end"), page.url)
    assert "is deleted" in gone.text
    assert seller.get(f"/views/{view.pk}/").status == 404
    assert {one.verb for one in Entry.objects.filter(objects_touched__object_id=view.pk)} == {
        "desk.view_saved",
        "desk.view_changed",
        "desk.view_ended",
    }


def test_only_the_owner_changes_or_deletes_a_shared_view(world: World):
    view = save_view(by=world.by("seller"), name="Ours", asked={}, shared=True)
    for act in (lambda: change_view(by=world.by("head"), view=view, version=1, name="x"), lambda: end_view(by=world.by("head"), view=view)):
        with pytest.raises(Refusal) as refused:
            act()
        assert refused.value.status == 403


@pytest.mark.parametrize("name", ["", "  ", "x" * 101, "a\x00b"])
def test_a_view_has_a_name_that_fits(world: World, name: str):
    with pytest.raises(Refusal) as refused:
        save_view(by=world.by("seller"), name=name, asked={})
    assert list(refused.value.fields) == ["name"]


def test_what_cannot_be_asked_is_not_kept(world: World):
    for asked, field in (({"older": "x"}, "older"), ({"colour": "red"}, "asked")):
        with pytest.raises(Refusal) as refused:
            save_view(by=world.by("seller"), name="x", asked=asked)
        assert list(refused.value.fields) == [field]
    assert "no filter “colour”" in said(refused.value)


def test_two_views_of_one_owner_have_two_names_and_a_deleted_name_is_free(world: World):
    first = save_view(by=world.by("seller"), name="A", asked={})
    with pytest.raises(Refusal):
        save_view(by=world.by("seller"), name="A", asked={})
    save_view(by=world.by("head"), name="A", asked={})
    end_view(by=world.by("seller"), view=first)
    with pytest.raises(Refusal) as refused:
        change_view(by=world.by("seller"), view=first, version=1, name="B")
    assert refused.value.code == "view.ended"
    assert save_view(by=world.by("seller"), name="A", asked={}).pk != first.pk


@pytest.mark.own_database
def test_two_browsers_in_the_same_second_keep_one_view_of_a_name(world: World):
    by, barrier, ended = world.by("seller"), Barrier(2), []

    def save() -> None:
        try:
            barrier.wait()
            save_view(by=by, name="Twin", asked={})
            ended.append("kept")
        except Refusal as refusal:
            ended.append(refusal.code)
        finally:
            connections[connection.alias].close()

    threads = [Thread(target=save) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ended) == ["input.invalid", "kept"]


def test_the_api_keeps_changes_and_ends(world: World, caller: Call):
    seller, key = caller("seller"), str(uuid7())
    made = seller.post("/views", {"id": key, "name": "Late", "asked": {"how": "late"}, "shared": True})
    assert (made.status, made["id"]) == (201, key)
    assert seller.post("/views", {"id": key, "name": "Late", "asked": {}})["asked"] == {"how": "late"}
    assert [one["name"] for one in seller.get("/views")["items"]] == ["Late"]
    assert caller("stranger").get(f"/views/{key}")["owner"]["name"] == world.seller.name
    changed = seller.patch(f"/views/{key}", {"shared": False}, if_match=made.etag)
    assert changed["shared_at"] is None
    assert seller.patch(f"/views/{key}", {"name": "x"}, if_match=made.etag).status == 412
    assert caller("stranger").get(f"/views/{key}").status == 404
    assert seller.post(f"/views/{key}/endings").status == 204
    assert list(of(world.seller)) == []
    assert seller.post("/views", {"name": "x", "asked": {"older": "-"}}).status == 422


@pytest.mark.req("law 13")
def test_by_command_a_view_is_saved_shared_opened_and_deleted(world: World) -> None:
    def run(*words: str, key: str = "seller") -> tuple[int, str]:
        result = CliRunner().invoke(earshot, ["views", *words, "--as", world.people[key].name], catch_exceptions=False)
        return result.exit_code, result.output

    assert run("save", "港湾", "--words", "港湾")[0] == 0
    view = SavedView.objects.get(name="港湾")
    assert view.asked == {"q": "港湾"}
    assert "港湾银行网点互联" in run("open", "港湾")[1]
    assert run("open", str(view.pk), key="stranger")[0] == 2
    assert run("change", "港湾", "--name", "银行", "--shared")[0] == 0
    code, told = run("open", str(view.pk), key="stranger")
    assert code == 0
    assert "港湾银行网点互联" not in told  # the view is shared, what is found is each reader's own
    assert run("change", str(view.pk), "--private", key="stranger")[0] == 2
    assert run("save", "银行")[0] == 2
    assert str(view.pk) in run("list")[1]
    assert run("end", "银行")[0] == 0
    assert run("open", "银行")[0] == 2
