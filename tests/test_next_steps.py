"""What is done next on a deal: a person, a day, and red when it slips."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from click.testing import CliRunner
from django.db import DatabaseError, transaction
from django.utils.translation import override

from api_caller import Caller
from earshot.cli.root import earshot
from earshot.deals import next_steps, queries
from earshot.deals.actions import lose_deal, set_next_step
from earshot.deals.decisions import NextStep
from earshot.deals.models import Deal
from earshot.desk.queries import my_day
from earshot.journal.actors import process
from earshot.journal.models import Entry
from earshot.journal.queries import tell
from earshot.kit.problems import Refusal
from earshot.people.models import Person
from earshot.people.queries import roles_of
from earshot.teams.actions import accept_seat, nominate, release_seat
from earshot.teams.models import Seat
from pages import Visitor
from worlds import World, later


def day_in(days: int) -> str:
    return (queries.today() + timedelta(days=days)).isoformat()


def set_one(world: World, deal: Deal, what: str = "call the site office", *, days: int = 3, doer: Person | None = None) -> NextStep:
    version = Deal.objects.get(pk=deal.pk).version
    return set_next_step(by=world.by("seller"), deal=deal, version=version, what=what, due=day_in(days), doer=doer or world.seller)


def lines(person: Person) -> list[tuple[str, str]]:
    with override("en"):
        return [(str(line.sentence), line.colour) for line in my_day(person) if line.cause == "next_step"]


def seat_engineer(world: World, deal: Deal) -> Any:
    seat = Seat.objects.get(team=deal.team_id, role__in=roles_of(world.engineer))
    asked = nominate(by=world.by("seller"), seat=seat, person=world.engineer)
    accept_seat(by=world.by("engineer"), membership=asked)
    return asked


def test_the_last_step_counts_and_the_one_before_stays_as_it_was_said(world: World) -> None:
    deal = world.deal()
    set_one(world, deal)
    with later(minutes=5):
        set_one(world, deal, "send the drawing", days=5)
    assert [row.what for row in next_steps.said(deal.pk)] == ["send the drawing", "call the site office"]
    entries = Entry.objects.filter(verb="deals.next_step_set").order_by("seq")
    with override("en"):
        assert "call the site office, by" in str(tell(entries)[0].sentence)
    with override("zh-hans"):
        assert "的下一步：call the site office，最晚" in str(tell(entries)[0].sentence)
    with pytest.raises(DatabaseError), transaction.atomic():
        NextStep.objects.filter(deal=deal).update(what="something else")


def test_a_step_past_its_day_is_red_for_who_does_it_and_for_the_owner_until_the_following_one(world: World) -> None:
    deal = world.deal()
    seat_engineer(world, deal)
    set_one(world, deal, doer=world.engineer)
    assert lines(world.engineer) == lines(world.seller) == []
    for days, colour in ((2, "grey"), (3, "amber")):
        with later(days=days):
            assert lines(world.engineer) == [("The next step of this deal is due: do it, and say what follows", colour)]
            assert lines(world.seller) == []
    with later(days=1):
        assert lines(world.engineer) == []
        assert lines(world.seller) == []
    with later(days=5):
        assert lines(world.engineer) == [("The next step of this deal is overdue: do it, and say what follows", "red")]
        assert lines(world.seller) == [(f"The next step of {world.engineer.name} on this deal is overdue", "red")]
        assert lines(world.stranger) == []
        set_one(world, deal, "send the drawing", days=9)
        assert lines(world.engineer) == lines(world.seller) == []


def test_a_closed_deal_has_no_next_step_to_do_and_who_left_the_team_sees_none(world: World) -> None:
    deal = world.deal()
    seated = seat_engineer(world, deal)
    set_one(world, deal, doer=world.engineer)
    release_seat(by=world.by("seller"), membership=seated, reason="needed elsewhere")
    with later(days=5):
        assert lines(world.engineer) == []
        assert len(lines(world.seller)) == 1
        lose_deal(by=world.by("seller"), deal=deal, version=Deal.objects.get(pk=deal.pk).version, reason="price", code="lost-no-buy")
        assert lines(world.seller) == []


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"what": " "}, "what"),
        ({"what": "x" * 301}, "what"),
        ({"due": "2020-01-01"}, "due"),
        ({"due": "soon"}, "due"),
        ({"doer": None}, "doer"),
    ],
)
def test_a_step_without_words_day_or_person_is_refused_and_nothing_is_written(world: World, given: dict[str, Any], field: str) -> None:
    deal = world.deal()
    asked = {"what": "call", "due": day_in(3), "doer": world.seller} | given
    with pytest.raises(Refusal) as refused:
        set_next_step(by=world.by("seller"), deal=deal, version=1, **asked)
    assert list(refused.value.fields) == [field]
    assert not NextStep.objects.exists()


def test_only_who_works_on_the_deal_sets_it_and_names_only_who_does(world: World) -> None:
    deal = world.deal()
    asked: dict[str, Any] = {"what": "call", "due": day_in(3)}
    with pytest.raises(Refusal):
        set_next_step(by=world.by("colleague"), deal=deal, version=1, doer=world.seller, **asked)
    with pytest.raises(Refusal) as refused:
        set_next_step(by=world.by("seller"), deal=deal, version=1, doer=world.stranger, **asked)
    assert list(refused.value.fields) == ["doer"]
    with pytest.raises(Refusal):
        set_next_step(by=process("some.rule"), deal=deal, version=1, doer=world.seller, **asked)
    with pytest.raises(Refusal) as stale:
        set_next_step(by=world.by("seller"), deal=deal, version=7, doer=world.seller, **asked)
    assert stale.value.status == 412
    assert not NextStep.objects.exists()


def test_every_door_sets_the_same_step(world: World) -> None:
    deal = world.deal()
    caller = Caller(world.seller)
    asked = {"what": "by the API", "due": day_in(3), "doer": str(world.seller.pk)}
    assert caller.post(f"/deals/{deal.pk}/next-steps", asked, if_match='"1"').status == 201
    assert Caller(world.stranger).get(f"/deals/{deal.pk}/next-steps").status == 404
    words = ["--language", "en", "deals", "next", deal.number, "--what", "by command", "--by", day_in(4), "--as", world.seller.name]
    done = CliRunner().invoke(earshot, words)
    assert done.exit_code == 0, done.output
    assert "by command" in done.output
    visitor = Visitor("seller", "en")
    page = visitor.get(f"/deals/{deal.pk}/")
    form = next(one for one in page.forms if one.values.get("act") == ["step"])
    kept = visitor.submit(form, f"/deals/{deal.pk}/", what="by the page", due="2020-01-01", doer=str(world.seller.pk))
    assert 'value="by the page"' in kept.html
    page = visitor.submit(form, f"/deals/{deal.pk}/", what="by the page", due=day_in(5), doer=str(world.seller.pk))
    assert "The next step is set." in page.html
    assert [row["what"] for row in caller.get(f"/deals/{deal.pk}/next-steps")["items"]] == ["by the page", "by command", "by the API"]
    with later(days=8):
        assert "overdue" in visitor.get(f"/deals/{deal.pk}/").html.partition('id="next"')[2].partition("</section>")[0]
