"""Seats given back, and posts, skills and permissions ended, through the page and the command line (the API: access table, contract)."""

from __future__ import annotations

import re

import pytest
from django.db import IntegrityError, transaction

from earshot.deals.models import Deal
from earshot.desk.queries import timeline
from earshot.kit import now
from earshot.people.actions import end_post, give_post
from earshot.people.models import Grant, Post
from earshot.people.queries import valid_skills
from earshot.teams.actions import accept_seat, nominate
from earshot.teams.models import Membership, Seat
from earshot.teams.queries import sitting
from pages import Visitor
from test_cli import good, refused
from worlds import World, changed_tables, snapshot


def seated(world: World, key: str = "engineer", role: str = "SR") -> tuple[Deal, Membership]:
    deal = world.deal()
    membership = nominate(by=world.by("seller"), seat=Seat.objects.get(team=deal.team, role=role), person=world.people[key])
    accept_seat(by=world.by(key), membership=membership)
    return deal, membership


def test_a_member_gives_the_seat_back_on_the_deals_page_and_then_sees_the_deal_no_more(world: World) -> None:
    deal, membership = seated(world)
    engineer = Visitor("engineer", "en")
    page = engineer.get(f"/deals/{deal.pk}/")
    assert "decline" not in page.acts
    form = page.form("release", membership=str(membership.pk))
    assert "person" not in form.values  # a member names no successor
    kept = engineer.submit(form, page.url, reason="")
    assert kept.status == 422
    assert "Please fill this in." in kept.text
    done = engineer.submit(form, page.url, reason="换岗")
    assert done.url == "/"
    assert engineer.get(page.url).status == 404
    before = Visitor("seller", "en").get(page.url).text
    assert "Who sat here before" in before
    assert "换岗" in before


def test_the_leader_replaces_a_member_and_hands_over_the_lead_on_the_page(world: World) -> None:
    deal, membership = seated(world)
    seller = Visitor("seller", "en")
    page = seller.get(f"/deals/{deal.pk}/")
    form = page.form("release", membership=str(membership.pk))
    again = seller.submit(form, page.url, reason="另有安排", person=str(world.engineer_two.pk))
    assert f"{world.engineer_two.name} is asked to take the seat" in again.text.replace("\u2068", "").replace("\u2069", "")
    lead = Membership.objects.get(seat__team=deal.team, seat__leader=True, ended_at__isnull=True)
    empty = seller.submit(again.form("release", membership=str(lead.pk)), page.url, reason="休假", person="")
    assert "nominate" in empty.acts
    assert "Nobody leads the team" in seller.get("/").text


def test_seats_on_the_command_line(world: World) -> None:
    deal = world.deal()
    who = ("--as", "陈晓")
    good("seats", "ask", deal.number, "林远", "--role", "SR", *who)
    assert "asked" in good("seats", "list", deal.number, *who)
    good("seats", "decline", deal.number, "--reason", "没空", "--as", "林远")
    good("seats", "ask", deal.number, "林远", "--role", "SR", *who)
    good("seats", "accept", deal.number, "--as", "林远")
    assert "Give it back" in refused("seats", "decline", deal.number, "--reason", "x", "--as", "林远")
    good("seats", "release", deal.number, "--reason", "换岗", "--as", "林远")
    assert list(sitting(deal.team_id, "SR")) == []
    assert "Nobody sits" in refused("seats", "release", deal.number, "--role", "SR", "--reason", "x", *who)
    assert "is asked" in good("seats", "release", deal.number, "--reason", "休假", "--to", "刘洋", *who)
    assert refused("seats", "list", deal.number, "--as", "马超") == refused("seats", "list", "D-2026-99999", "--as", "马超")


def test_an_administrator_gives_and_ends_what_a_person_holds_on_one_page(world: World) -> None:
    administrator = Visitor("administrator", "en")
    assert "Administer" in administrator.get(f"/people/{world.colleague.pk}/").text
    assert "Administer" not in Visitor("seller", "en").get(f"/people/{world.colleague.pk}/").text
    page = administrator.get(f"/people/{world.colleague.pk}/administration/")
    administrator.submit(page.form("give_post"), page.url, role="FR", unit="branch", answerable="1")
    post = Post.objects.get(person=world.colleague, role="FR", until__isnull=True)
    assert post.answerable
    page = administrator.submit(
        page.form("give_skill"), page.url, code="solution-design", level="4", evidence="两次投标", until="2027-01-31"
    )
    assert valid_skills(world.colleague) == {"solution-design": 4}
    page = administrator.submit(page.form("give_permission"), page.url, permission="deals.see_all")
    page = administrator.submit(page.form("end_post", post=str(post.pk)), page.url, reason="换岗")
    page = administrator.submit(page.form("end_skill", code="solution-design"), page.url, reason="过期")
    page = administrator.submit(page.form("end_permission", permission="deals.see_all"), page.url, reason="不需要")
    assert not Post.objects.filter(person=world.colleague, role="FR", until__isnull=True).exists()
    assert valid_skills(world.colleague) == {}
    assert not Grant.objects.filter(person=world.colleague, until__isnull=True).exists()
    assert "换岗" in page.text


@pytest.mark.parametrize(
    ("act", "typed", "error"),
    [
        ("give_post", {"role": "", "unit": "branch"}, "Please fill this in."),
        ("give_post", {"role": "FR", "unit": "nowhere"}, "Choose one of the list."),
        ("give_post", {"role": "XX", "unit": "branch"}, "knows no role"),
        ("give_skill", {"code": "solution-design", "level": "9", "evidence": "x"}, "from 1 to 5"),
        ("give_skill", {"code": "solution-design", "level": "²", "evidence": "x"}, "Choose one of the list."),
        ("give_skill", {"code": "solution-design", "level": "3", "evidence": "x", "until": "tomorrow"}, "2026-12-31"),
        ("give_skill", {"code": "solution-design", "level": "3", "evidence": "x", "until": "2026-11-22"}, "has passed"),
        ("give_skill", {"code": "solution-desing", "level": "3", "evidence": "x"}, "There are: solution-design."),
        ("give_permission", {"permission": ""}, "Choose one of the list."),
    ],
)
def test_what_is_wrong_is_said_beside_its_field_on_the_administrators_page(
    world: World, act: str, typed: dict[str, str], error: str
) -> None:
    administrator = Visitor("administrator", "en")
    page = administrator.get(f"/people/{world.colleague.pk}/administration/")
    back = administrator.submit(page.form(act), page.url, **typed)
    assert back.status == 422
    assert error in back.text
    assert back.form(act).values.get("evidence") == ([typed["evidence"]] if "evidence" in typed else None)


def test_all_that_is_wrong_with_a_form_is_said_at_once_and_nothing_of_it_is_kept(world: World) -> None:
    administrator = Visitor("administrator", "en")
    page = administrator.get(f"/people/{world.colleague.pk}/administration/")
    before = snapshot()
    back = administrator.submit(page.form("give_post"), page.url, role="", unit="")
    assert (back.status, links_of_refusal(back.html)) == (422, ["Role", "Unit"])
    back = administrator.submit(page.form("give_skill"), page.url, code="", level="", evidence="", until="tomorrow")
    assert (back.status, links_of_refusal(back.html)) == (422, ["Skill", "Level", "Evidence", "Holds until"])
    back = administrator.submit(page.form("give_skill"), page.url, code="solution-design", level="3", evidence="x", until="tomorrow")
    assert (back.status, links_of_refusal(back.html)) == (422, ["Holds until"])
    assert changed_tables(before, snapshot()) <= {"journal_repeat", "django_session"}


def test_what_was_wrong_stands_in_the_row_that_was_sent_and_in_no_other(world: World) -> None:
    """With two posts the refusal named "Reason, Reason", and both forms stood open."""
    give_post(by=world.by("administrator"), person=world.colleague, unit=world.units["branch"], role="FR")
    posts = list(Post.objects.filter(person=world.colleague, until__isnull=True))
    assert len(posts) == 2
    administrator = Visitor("administrator", "en")
    page = administrator.get(f"/people/{world.colleague.pk}/administration/")
    back = administrator.submit(page.form("end_post", post=str(posts[1].pk)), page.url, reason=" ")
    assert (back.status, links_of_refusal(back.html)) == (422, ["Why?"])


def links_of_refusal(page: str) -> list[str]:
    """The fields that the refusal on top leads to."""
    found = re.search(r'<p class="refusal-fields">To be mended:(.*?)</p>', page, re.DOTALL)
    return re.findall(r'<a href="#f-[^"]*">([^<]*)</a>', found[1]) if found else []


def test_the_journal_names_the_role_of_a_post_and_the_same_post_again_is_nothing(world: World) -> None:
    by, unit = world.by("administrator"), world.units["branch"]
    post = give_post(by=by, person=world.colleague, unit=unit, role="FR")
    before = snapshot()
    assert give_post(by=by, person=world.colleague, unit=unit, role="FR") == post
    assert changed_tables(before, snapshot()) == set()
    with pytest.raises(IntegrityError), transaction.atomic():
        Post.objects.create(person=world.colleague, unit=unit, role="FR", since=now())
    end_post(by=by, post=post, reason="换岗")
    told = [str(entry.sentence) for entry in timeline(world.administrator, world.colleague.pk, most=2)]
    assert all("交付负责人" in sentence and "FR" not in sentence for sentence in told), told


def test_who_gives_the_leading_seat_back_reads_before_what_follows(world: World) -> None:
    deal = world.deal()
    page = Visitor("seller", "en").get(f"/deals/{deal.pk}/").text
    assert page.count("nobody leads the team from now on") == 1


def test_the_last_administrator_is_told_so_and_a_former_one_is_led_away(world: World) -> None:
    administrator = Visitor("administrator", "en")
    page = administrator.get(f"/people/{world.administrator.pk}/administration/")
    back = administrator.submit(page.form("end_permission"), page.url, reason="休假", person="")
    assert back.status == 409
    assert "is the last who administers" in back.text
    good("people", "give-permission", "刘洋", "people.administer", "--as", "吴凡")
    assert administrator.submit(page.form("end_permission"), page.url, reason="休假 2").url == f"/people/{world.administrator.pk}/"
    assert administrator.get(page.url).status == 403


def test_what_people_hold_on_the_command_line(world: World) -> None:
    who = ("--as", "吴凡")
    good("people", "give-post", "刘洋", "FR", "branch", *who)
    good("people", "give-skill", "刘洋", "solution-design", "--level", "4", "--evidence", "两次投标", *who)
    good("people", "give-permission", "刘洋", "deals.see_all", *who)
    shown = good("people", "show", "刘洋", *who)
    assert all(word in shown for word in ("FR", "branch", "solution-design", "deals.see_all"))
    assert "deals.see_all" not in good("people", "show", "刘洋", "--as", "陈晓")
    good("people", "end-post", "刘洋", "FR", "branch", "--reason", "换岗", *who)
    good("people", "end-skill", "刘洋", "solution-design", "--reason", "过期", "--until", "2026-11-01", *who)
    good("people", "end-permission", "刘洋", "deals.see_all", "--reason", "不需要", *who)
    assert "deals.see_all" not in good("people", "show", "刘洋", *who)
    assert "does not hold" in refused("people", "end-post", "刘洋", "FR", "branch", "--reason", "x", *who)
    assert "did you mean" in refused("people", "give-post", "刘洋", "FR", "brunch", *who)
    assert "is the last who administers" in refused("people", "end-permission", "吴凡", "people.administer", "--reason", "x", *who)
    assert "needs the permission" in refused("people", "give-post", "刘洋", "FR", "branch", "--as", "陈晓")
