"""Who hears for a role: everybody who acts for it on the deal, each for him- or herself, from the moment that it is so."""

from __future__ import annotations

import pytest

from earshot.calls.actions import name_person
from earshot.clocks.models import Clock
from earshot.deals import gates
from earshot.deals import queries as deals
from earshot.deals.models import Deal
from earshot.desk.queries import my_day
from earshot.journal.models import Entry
from earshot.kit.problems import Refusal
from earshot.people.actions import end_post, give_post
from earshot.people.models import Post, Unit
from earshot.teams.actions import accept_seat, nominate, release_seat
from earshot.teams.models import Membership, Seat
from earshot.voice import queries as voice
from earshot.voice.actions import file_item
from earshot.voice.models import Ear, Hearing, Item
from worlds import CRITICAL, OF_THE_SITE, World, snapshot


def hearers(deal: Deal, words: str = CRITICAL) -> set[str]:
    """Names of those who must hear these words; an ear that nobody has is “–”."""
    ears = Ear.objects.filter(item__deal=deal, item__words=words, ended_at__isnull=True).select_related("person")
    return {ear.person.name if ear.person else "–" for ear in ears}


def sits(world: World, deal: Deal, key: str, role: str = "SR") -> Membership:
    seat = Seat.objects.filter(team=deal.team, role=role).exclude(memberships__ended_at__isnull=True, memberships__isnull=False).first()
    assert seat is not None
    membership = nominate(by=world.by("seller"), seat=seat, person=world.people[key])
    accept_seat(by=world.by(key), membership=membership)
    return membership


def further_seat(deal: Deal, role: str = "SR") -> Seat:
    return Seat.objects.create(team=deal.team, role=role, why_zh="再来一位", why_en="one more")


def unheard(deal: Deal) -> list[str]:
    review = gates.review(deal)
    assert review is not None
    return [str(one.line.who) for one in review.unmet if one.line.code == "voice.not_heard"]


def to_hear(world: World, key: str) -> int:
    return voice.ears_waiting_for(world.people[key]).count()


@pytest.mark.req("law 2", breaks="earshot.voice.ears.align_ears")
def test_who_accepts_a_seat_later_must_hear_all_that_was_said_before(world: World) -> None:
    deal = world.spoken_deal()
    world.words(deal, words=[("别家也来谈了", "rival")])
    world.hear(deal, "engineer")
    sits(world, deal, "engineer_two")
    assert hearers(deal) == {world.engineer_two.name}
    assert to_hear(world, "engineer_two") == 2
    assert Clock.objects.filter(object_id__in=Ear.objects.filter(person=world.engineer_two), stopped_at__isnull=True).count() == 2
    assert Hearing.objects.filter(person=world.engineer).count() == 2  # who had heard keeps it
    assert not voice.visible_to(world.engineer).filter(deal=deal).exists()


@pytest.mark.req("law 2")
def test_who_is_asked_and_has_not_accepted_hears_nothing_yet(world: World) -> None:
    deal = world.spoken_deal()
    nominate(by=world.by("seller"), seat=Seat.objects.get(team=deal.team, role="SR"), person=world.engineer_two)
    assert hearers(deal) == {world.engineer.name}


@pytest.mark.req("law 2")
def test_two_who_sit_for_one_role_hear_each_for_him_or_herself(world: World) -> None:
    deal = world.spoken_deal()
    sits(world, deal, "engineer")
    further_seat(deal)
    sits(world, deal, "engineer_two")
    assert hearers(deal) == {world.engineer.name, world.engineer_two.name}
    world.words(deal, words=[("别家也来谈了", "rival")])  # what is said from now on, too
    assert hearers(deal, "别家也来谈了") == {world.engineer.name, world.engineer_two.name}


@pytest.mark.req("law 2", breaks="earshot.voice.ears.align_ears")
def test_the_gate_waits_for_the_one_who_came_later(world: World) -> None:
    deal = world.ready_deal()
    assert unheard(deal) == []
    sits(world, deal, "engineer_two")
    assert unheard(deal) == [world.engineer_two.name]
    world.hear(deal, "engineer_two")
    assert unheard(deal) == []


@pytest.mark.req("law 3")
def test_who_took_a_seat_later_votes_only_after_hearing(world: World) -> None:
    deal = world.ready_deal()
    sits(world, deal, "engineer_two")
    lacking = gates.not_ready(deal, [world.engineer_two])[world.engineer_two]
    assert [line.code for line in lacking] == ["vote.critical_unheard"]


def test_who_leaves_the_seat_need_not_hear_and_who_acts_for_the_role_then_does(world: World) -> None:
    deal = world.spoken_deal()
    membership = sits(world, deal, "engineer_two")
    world.hear(deal, "engineer_two")
    release_seat(by=world.by("engineer_two"), membership=membership, reason="换岗")
    assert hearers(deal) == {world.engineer.name}  # the one who is called first in the unit that owes the role
    assert to_hear(world, "engineer") == 1
    assert to_hear(world, "engineer_two") == 0
    assert not voice.visible_to(world.engineer_two).filter(deal=deal).exists()


def test_who_leaves_while_another_stays_is_released_and_the_other_still_hears(world: World) -> None:
    deal = world.spoken_deal()
    sits(world, deal, "engineer")
    further_seat(deal)
    membership = sits(world, deal, "engineer_two")
    release_seat(by=world.by("engineer_two"), membership=membership, reason="换岗")
    assert hearers(deal) == {world.engineer.name}
    assert Entry.objects.filter(verb="voice.ears_released").count() == 1


@pytest.mark.req("law 2")
def test_the_one_named_for_a_call_hears_beside_the_one_who_sits_there(world: World) -> None:
    deal = world.moved_deal()
    sits(world, deal, "engineer_two")
    assert hearers(deal) == {world.engineer.name, world.engineer_two.name}  # 林远 is called, 高翔 sits
    name_person(by=world.by("engineer"), call=world.calls(deal)[0], person=world.engineer_two)
    assert hearers(deal) == {world.engineer_two.name}
    world.words(deal, words=[("别家也来谈了", "rival")])
    assert hearers(deal, "别家也来谈了") == {world.engineer_two.name}


def test_taking_a_seat_again_changes_nothing(world: World) -> None:
    deal = world.spoken_deal()
    membership = sits(world, deal, "engineer_two")
    before = snapshot()
    accept_seat(by=world.by("engineer_two"), membership=membership)
    assert before == snapshot()


def test_filing_anew_asks_everybody_who_acts_for_the_role_now(world: World) -> None:
    deal = world.spoken_deal()
    sits(world, deal, "engineer")
    further_seat(deal)
    sits(world, deal, "engineer_two")
    site = Item.objects.get(deal=deal, words=OF_THE_SITE)
    file_item(by=world.by("seller"), item=site, category="rival")
    assert hearers(deal, OF_THE_SITE) == {world.engineer.name, world.engineer_two.name, world.delivery.name}


# Posts that end.


def post(world: World, key: str) -> Post:
    return Post.objects.get(person=world.people[key], until__isnull=True)


def test_what_the_former_holder_of_a_post_was_to_hear_passes_to_the_next(world: World) -> None:
    deal = world.spoken_deal()
    end_post(by=world.by("administrator"), post=post(world, "engineer"), reason="换岗")
    assert hearers(deal) == {world.engineer_two.name}
    assert to_hear(world, "engineer") == 0


def test_a_role_that_nobody_holds_is_heard_by_the_head_of_the_unit_that_owes_it(world: World) -> None:
    deal = world.ready_deal()
    end_post(by=world.by("administrator"), post=post(world, "delivery"), reason="离岗")
    assert hearers(deal, OF_THE_SITE) == {world.delivery_head.name}  # whoever heads the unit that owes the role answers for it


@pytest.mark.req("law 2")
def test_where_nobody_answers_for_the_role_any_more_operations_see_it_and_the_gate_stays_shut(world: World) -> None:
    deal = world.ready_deal()
    Unit.objects.filter(code__in=["delivery", "company"]).update(head=None)
    end_post(by=world.by("administrator"), post=post(world, "delivery"), reason="离岗")
    assert hearers(deal, OF_THE_SITE) == {"–"}
    assert [line.cause for line in my_day(world.operations)] == ["nobody_hears"]
    assert len(unheard(deal)) == 1
    give_post(by=world.by("administrator"), person=world.delivery_head, unit=world.units["delivery"], role="FR")
    assert hearers(deal, OF_THE_SITE) == {world.delivery_head.name}
    assert my_day(world.operations) == []


def test_who_still_acts_for_the_role_on_the_team_keeps_hearing_for_it(world: World) -> None:
    deal = world.spoken_deal()
    sits(world, deal, "engineer")
    end_post(by=world.by("administrator"), post=post(world, "engineer"), reason="换岗")
    assert hearers(deal) == {world.engineer.name}


@pytest.mark.req("law 13")
def test_who_decides_no_more_sees_the_deal_no_more(world: World) -> None:
    deal = world.moved_deal()
    give_post(by=world.by("administrator"), person=world.operations, unit=world.units["company"], role="SDT")
    assert deals.visible_to(world.operations).filter(pk=deal.pk).exists()
    end_post(by=world.by("administrator"), post=post(world, "operations"), reason="试岗结束")
    assert not deals.visible_to(world.operations).filter(pk=deal.pk).exists()
    with pytest.raises(Refusal):
        end_post(by=world.by("administrator"), post=Post.objects.get(person=world.operations), reason="again")
