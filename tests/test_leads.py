"""Leads: from anybody in any role, in somebody's words, somebody's from birth, until they are a deal under the same number."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.utils.translation import override

from earshot.accounts.actions import hand_account
from earshot.clocks.models import Clock
from earshot.clocks.sweep import sweep
from earshot.deals import lead_rules, leads, queries
from earshot.deals.actions import (
    correct_lead,
    hand_lead,
    join_lead,
    open_deal_of_lead,
    rate_lead,
    record_lead,
    refuse_lead,
    reopen_lead,
    set_lead_account,
    set_lead_step,
    take_up_lead,
    verify_lead,
)
from earshot.deals.lead_tables import DEAL, NEW, TAKEN, Lead, LeadWords
from earshot.deals.models import Deal
from earshot.desk.queries import my_day
from earshot.journal.actors import process
from earshot.journal.models import Entry
from earshot.journal.queries import tell
from earshot.kit import now, uuid7
from earshot.kit.problems import Refusal
from earshot.people.models import Person
from earshot.people.succession import hand_over
from earshot.voice.models import Hearing, Item
from worlds import AIM, World, later, said

WORDS = "  你们的机房明年要搬，\n到时候两条链路都得换。 "


def heard_by(world: World, key: str = "delivery", **given: Any) -> Lead:
    """A lead that somebody heard on the customer's site."""
    asked: dict[str, Any] = {"words": WORDS, "source": "site-visit", "customer": "青石水电", "speaker": "罗刚", "speaker_title": "机房主管"}
    return record_lead(by=world.by(key), **(asked | {"said_at": now() - timedelta(hours=2)} | given))


def fresh(lead: Lead) -> Lead:
    return leads.as_it_stands(lead.pk)


def taken(world: World, key: str = "delivery", **given: Any) -> Lead:
    """The same, taken up by who heard it: no salesperson comes in."""
    return take_up_lead(by=world.by(key), lead=heard_by(world, key, **given))


def of_account(world: World, lead: Lead, key: str = "delivery") -> Lead:
    """The head, who sees the accounts, says which customer it is."""
    return set_lead_account(by=world.by("head"), lead=lead, account=world.accounts["harbour"], version=fresh(lead).version)


def lines(person: Person, cause: str = "lead") -> list[tuple[str, str]]:
    with override("en"):
        return [(str(line.sentence), line.colour) for line in my_day(person) if line.cause == cause]


@pytest.mark.req("A16.4a", breaks="earshot.deals.lead_rules.role_of_origin")
def test_a_technician_records_a_lead_takes_it_up_and_makes_it_a_deal_without_any_salesperson(world: World) -> None:
    lead = heard_by(world)
    assert (lead.reporter, lead.origin, lead.owner, lead.state) == (world.delivery, "FR", world.delivery_head, NEW)
    lead = take_up_lead(by=world.by("delivery"), lead=lead)
    lead = of_account(world, lead)
    deal = open_deal_of_lead(by=world.by("delivery"), lead=lead, version=lead.version, title="灾备机房搬迁", **AIM)
    assert (deal.owner, deal.account) == (world.delivery, world.accounts["harbour"])
    assert {row.person for row in fresh(lead).turns.all()} == {world.delivery}


@pytest.mark.req("B28.1a")
def test_the_deal_carries_the_number_of_the_lead_and_links_every_lead_that_it_was(world: World) -> None:
    first, second = of_account(world, taken(world)), heard_by(world, "engineer", words="他们又提了一次", source="exchange")
    by, version = world.by("delivery"), first.version
    with pytest.raises(Refusal):  # the second is none that this person sees
        open_deal_of_lead(by=by, lead=first, version=version, title="搬迁", also=[second], **AIM)
    assert not Deal.objects.filter(title="搬迁").exists()
    deal = open_deal_of_lead(by=world.by("head"), lead=first, version=version, title="搬迁", also=[second], **AIM)
    assert deal.number == first.number
    assert [lead.number for lead in leads.of_deal(world.head, deal)] == [first.number, second.number]
    assert {fresh(lead).state for lead in (first, second)} == {DEAL}
    another = world.deal()
    assert another.number not in (first.number, second.number)
    with pytest.raises(Refusal) as refused:
        refuse_lead(by=world.by("delivery"), lead=first, reason="x", version=fresh(first).version)
    assert refused.value.code == "lead.closed"


def test_the_words_the_speaker_and_the_time_arrive_on_the_deal_as_they_were_recorded(world: World) -> None:
    lead = of_account(world, taken(world, category="site"))
    correct_lead(by=world.by("delivery"), lead=lead, correction="是后年")
    deal = open_deal_of_lead(by=world.by("head"), lead=lead, version=fresh(lead).version, title="搬迁", **AIM)
    item = Item.objects.select_related("meeting", "speaker").get(deal=deal)
    assert item.words == WORDS == LeadWords.objects.get(lead=lead).words
    assert (item.speaker.name, item.speaker.title, item.speaker.account) == ("罗刚", "机房主管", deal.account)
    assert (item.meeting.held_at, item.meeting.author) == (lead.said.said_at, world.delivery)
    assert [one.text for one in item.corrections.all()] == ["是后年"]
    assert [(one.person, one.how) for one in Hearing.objects.filter(item=item)] == [(world.delivery, "present")]
    assert {ear.role for ear in item.ears.filter(ended_at__isnull=True)} == {"FR"}  # as the playbook says of what is about the site
    assert item.filings.get(ended_at__isnull=True).category == "site"


def test_what_was_only_told_on_counts_as_heard_by_nobody(world: World) -> None:
    lead = of_account(world, taken(world, heard=False))
    deal = open_deal_of_lead(by=world.by("head"), lead=lead, version=lead.version, title="搬迁", **AIM)
    assert not Hearing.objects.filter(item__deal=deal).exists()
    assert Item.objects.get(deal=deal).ears.filter(ended_at__isnull=True).exists()


def test_a_lead_joins_a_deal_of_its_customer_that_is_open_and_no_other(world: World) -> None:
    lead, deal = of_account(world, taken(world)), world.deals["branches"]
    hand_lead(by=world.by("head"), lead=lead, to=world.seller, reason="ours")
    version = fresh(lead).version
    with pytest.raises(Refusal) as elsewhere:
        join_lead(by=world.by("seller"), lead=lead, version=version, deal=world.deal())
    assert list(elsewhere.value.fields) == ["deal"]
    with pytest.raises(Refusal) as unseen:
        join_lead(by=world.by("delivery"), lead=lead, version=version, deal=deal)
    assert unseen.value.status == 404
    take_up_lead(by=world.by("seller"), lead=lead)
    version = fresh(lead).version
    with pytest.raises(Refusal) as not_hers:
        join_lead(by=world.by("delivery"), lead=lead, version=version, deal=deal)
    assert not_hers.value.code == "lead.not_yours", "it was taken up: who answers for it decides"
    join_lead(by=world.by("seller"), lead=lead, version=version, deal=deal)
    assert fresh(lead).deal == deal
    assert Item.objects.filter(deal=deal, words=WORDS).exists()
    assert Deal.objects.get(pk=deal.pk).number != lead.number


@pytest.mark.parametrize(
    ("given", "fields"),
    [
        ({"words": " \n "}, ["words"]),
        ({"words": "a\x00b"}, ["words"]),
        ({"words": "x" * 10_001}, ["words"]),
        ({"source": "rumour"}, ["source"]),
        ({"source": ""}, ["source"]),
        ({"customer": ""}, ["customer"]),
        ({"customer": "x" * 201, "speaker": "y" * 101}, ["customer", "speaker"]),
        ({"category": "weather"}, ["category"]),
        ({"role": "AR"}, ["role"]),
        ({"said_at": "future"}, ["said_at"]),
    ],
)
def test_what_cannot_be_kept_is_said_beside_its_field_and_nothing_is_written(
    world: World, given: dict[str, Any], fields: list[str]
) -> None:
    before = Lead.objects.count()
    if given.get("said_at"):
        given = {"said_at": now() + timedelta(days=1)}
    with pytest.raises(Refusal) as refused:
        heard_by(world, **given)
    assert list(refused.value.fields) == fields
    assert Lead.objects.count() == before


def test_it_is_recorded_once_however_often_it_is_sent_and_by_a_person_alone(world: World) -> None:
    chosen = uuid7()
    assert heard_by(world, id=chosen) == heard_by(world, id=chosen)
    assert heard_by(world).pk == chosen  # back, and saved once more
    assert heard_by(world, words="and more").pk != chosen
    with pytest.raises(Refusal):
        record_lead(by=process("some.rule"), words=WORDS, source="other", customer="x")
    with pytest.raises(Refusal):  # somebody else's id says nothing
        heard_by(world, "engineer", id=chosen)


def test_words_and_everything_said_of_a_lead_stay(world: World) -> None:
    lead = taken(world)
    set_lead_step(by=world.by("delivery"), lead=lead, what="call", due=queries.today(), version=fresh(lead).version)
    for rows, change in ((LeadWords.objects.filter(lead=lead), {"words": "x"}), (lead.turns.all(), {"reason": "x"})):
        with pytest.raises(DatabaseError), transaction.atomic():
            rows.update(**change)
    with pytest.raises(DatabaseError), transaction.atomic():
        Lead.objects.filter(pk=lead.pk).update(state=DEAL)


@pytest.mark.req("A16.4a", breaks="earshot.deals.leads.visible_to")
def test_strangers_know_of_no_lead_and_who_is_concerned_does(world: World) -> None:
    lead = heard_by(world)
    for key, sees in {
        "delivery": True,
        "delivery_head": True,
        "head": True,
        "seller": False,
        "engineer": False,
        "stranger": False,
        "operations": False,
    }.items():
        assert leads.sees(world.people[key], lead) is sees, key
    of_account(world, lead)
    assert leads.sees(world.seller, lead)  # who answers for the account
    assert leads.sees(world.sales_head, lead)
    hand_account(by=world.by("head"), account=world.accounts["harbour"], to=world.colleague, reason="x")
    assert leads.sees(world.colleague, lead)
    assert not leads.sees(world.seller, lead)
    for act in (
        lambda: take_up_lead(by=world.by("stranger"), lead=lead),
        lambda: verify_lead(by=world.by("stranger"), lead=lead, found="x", result="confirmed"),
    ):
        with pytest.raises(Refusal) as refused:
            act()
        assert refused.value.status == 404


def test_who_answers_for_it_from_birth(world: World) -> None:
    assert heard_by(world, "seller", account=world.accounts["harbour"]).state == TAKEN  # one's own account
    assert heard_by(world, "colleague").owner == world.sales_head
    assert heard_by(world, "delivery_head").owner == world.delivery_head
    assert heard_by(world, "head").owner == world.head
    with pytest.raises(Refusal) as refused:  # an account that is not seen is none
        heard_by(world, account=world.accounts["cascade"])
    assert refused.value.status == 404


@pytest.mark.req("A16.4a", breaks="earshot.deals.leads.to_take_up")
def test_a_lead_waits_under_a_limit_until_it_is_taken_up_and_its_head_hears_of_silence(world: World) -> None:
    before = lines(world.delivery_head)
    lead = heard_by(world)
    assert [one for one in lines(world.delivery_head) if one not in before] == [("Take up the lead that 郑凯 recorded", "amber")]
    with later(days=1, hours=2):
        sweep()
        assert ("许静 has not taken up a lead in time", "red") in lines(world.head, "alarm")
        assert leads.sees(world.operations, lead) is False
        take_up_lead(by=world.by("delivery_head"), lead=lead)
        assert ("许静 has not taken up a lead in time", "red") not in lines(world.head, "alarm")
        assert not [one for one in my_day(world.delivery_head) if one.cause == "lead" and one.target.id == lead.pk]
    assert not Clock.objects.filter(object_id=lead.pk, stopped_at__isnull=True).exists()


def test_who_is_told_last_sees_the_lead_while_it_lasts(world: World) -> None:
    lead = heard_by(world)
    with later(days=4):
        sweep()
        assert leads.sees(world.operations, lead)
        refuse_lead(by=world.by("delivery_head"), lead=lead, reason="no budget", version=1)
        assert not leads.sees(world.operations, lead)


@pytest.mark.req("A16.4a", breaks="earshot.deals.leads.near")
def test_a_lead_without_a_next_step_or_past_it_stands_on_the_day_until_one_is_set(world: World) -> None:
    lead = taken(world)
    assert lines(world.delivery, "lead_step") == [("This lead has no next step: say what is done, and by when", "grey")]
    due = queries.today() + timedelta(days=3)
    set_lead_step(by=world.by("delivery"), lead=lead, what="看机房", due=due, version=lead.version)
    assert lines(world.delivery, "lead_step") == []
    with later(days=5):
        assert lines(world.delivery, "lead_step") == [("The next step of this lead is overdue: do it, and say what follows", "red")]
        assert ("The next step of 郑凯 on this lead is overdue", "red") in lines(world.head, "lead_step")
        ahead = queries.today() + timedelta(days=9)
        set_lead_step(by=world.by("delivery"), lead=lead, what="报价", due=ahead, version=fresh(lead).version)
        assert lines(world.delivery, "lead_step") == []
    for bad in ({"due": "2020-01-01"}, {"due": None}, {"what": ""}):
        with pytest.raises(Refusal):
            set_lead_step(by=world.by("delivery"), lead=lead, version=fresh(lead).version, **({"what": "x", "due": due} | bad))


@pytest.mark.req("A16.4a", breaks="earshot.deals.lead_rules.unmet")
def test_a_rating_says_what_it_demands_line_by_line_until_it_is_known(world: World) -> None:
    lead = taken(world)
    hot = list(leads.ratings())[-1]
    with pytest.raises(Refusal) as refused:
        rate_lead(by=world.by("delivery"), lead=lead, rating=hot, version=lead.version)
    assert [line.code for line in refused.value.lines] == ["lead.account", "lead.verified", "lead.next_step"]
    assert "nobody has verified it" in said(refused.value)
    of_account(world, lead)
    verify_lead(by=world.by("delivery"), lead=lead, found="去看过，确实要搬", result="confirmed")
    set_lead_step(by=world.by("delivery"), lead=lead, what="看机房", due=queries.today(), version=fresh(lead).version)
    rated = rate_lead(by=world.by("delivery"), lead=lead, rating=hot, version=fresh(lead).version)
    assert (rated.rating, leads.lacking(fresh(lead))) == (hot, [])
    verify_lead(by=world.by("head"), lead=lead, found="推迟了", result="refuted")
    assert leads.lacking(fresh(lead)) == ["verified"]
    assert [one.result for one in lead.findings.order_by("at", "pk")] == ["confirmed", "refuted"]
    with pytest.raises(Refusal):
        rate_lead(by=world.by("delivery"), lead=lead, rating="boiling", version=fresh(lead).version)


def test_refused_with_a_reason_and_reopened_with_one(world: World) -> None:
    lead = heard_by(world)
    for by in ("delivery",):  # who heard it does not decide what becomes of it
        with pytest.raises(Refusal) as refused:
            refuse_lead(by=world.by(by), lead=lead, reason="x", version=1)
        assert refused.value.status == 403
    with pytest.raises(Refusal):
        refuse_lead(by=world.by("delivery_head"), lead=lead, reason=" ", version=1)
    refuse_lead(by=world.by("delivery_head"), lead=lead, reason="没有预算", version=1)
    with pytest.raises(Refusal):
        take_up_lead(by=world.by("delivery_head"), lead=lead)
    reopen_lead(by=world.by("delivery"), lead=lead, reason="预算批了", version=2)
    assert fresh(lead).state == NEW
    assert Clock.objects.filter(object_id=lead.pk, stopped_at__isnull=True).count() == 1
    assert [row.reason for row in lead.turns.order_by("at", "pk")] == ["", "没有预算", "预算批了"]


def test_a_stale_version_is_told_what_changed(world: World) -> None:
    lead = taken(world)
    of_account(world, lead)
    with pytest.raises(Refusal) as stale:
        set_lead_step(by=world.by("delivery"), lead=lead, what="x", due=queries.today(), version=lead.version)
    assert stale.value.status == 412
    assert lead.number in said(stale.value)  # each change, in words


def test_what_somebody_answers_for_goes_to_a_successor(world: World) -> None:
    lead = taken(world)
    hand_lead(by=world.by("delivery"), lead=lead, to=world.engineer, reason="he knows them")
    stands = fresh(lead)
    assert (stands.owner, stands.state, stands.unit) == (world.engineer, NEW, world.units["solutions"])
    assert leads.sees(world.engineer_head, lead)
    with pytest.raises(Refusal):
        hand_lead(by=world.by("delivery"), lead=lead, to=world.seller, reason="x")
    hand_over(by=world.by("head"), person=world.engineer, to=world.engineer_two, reason="leaves")
    stands = fresh(lead)
    assert (stands.owner, stands.state) == (world.engineer_two, NEW)
    last = stands.turns.order_by("-at", "-pk")[0]
    assert (last.person, last.owner, last.reason) == (None, world.engineer_two, "leaves")


@pytest.mark.req("A16.4a", breaks="earshot.deals.leads.by_origin")
def test_leads_are_counted_by_the_role_that_they_came_from_and_each_figure_opens_to_its_leads(world: World) -> None:
    before = {one.role: one for one in leads.by_origin(leads.visible_to(world.head))}
    heard_by(world), heard_by(world, words="again"), heard_by(world, "head", words="hm")
    gone = heard_by(world, "engineer", words="other")
    refuse_lead(by=world.by("engineer_head"), lead=gone, reason="x", version=1)
    after = {one.role: one for one in leads.by_origin(leads.visible_to(world.head))}
    had = before.get("FR")
    assert {"FR", "SR"} <= set(after)
    assert after["FR"].all == (had.all if had else 0) + 2
    assert after["SR"].refused == (before["SR"].refused if "SR" in before else 0) + 1
    for one in after.values():
        asked = leads.Asked(state="all", origin=one.role or "-")
        assert leads.filtered(world.head, leads.visible_to(world.head), asked).count() == one.all
    assert {one.role for one in leads.by_origin(leads.visible_to(world.stranger))} == set()


def test_the_journal_says_it_in_both_languages(world: World) -> None:
    lead = of_account(world, taken(world))
    verify_lead(by=world.by("delivery"), lead=lead, found="去看过", result="unclear")
    open_deal_of_lead(by=world.by("delivery"), lead=lead, version=fresh(lead).version, title="搬迁", **AIM)
    entries = Entry.objects.filter(objects_touched__object_id=lead.pk, verb__startswith="deals.lead").distinct().order_by("seq")
    with override("en"):
        told = [one.sentence for one in tell(entries)]
    assert told[0].endswith(f"made the lead {lead.number} a deal: {lead.number} 搬迁") or f"recorded the lead {lead.number}" in told[0]
    with override("zh-hans"):
        assert not [one.sentence for one in tell(entries) if " the lead" in one.sentence]


def test_the_one_act_that_takes_a_lead_on() -> None:
    bare = lead_rules.Known(account=False, speaker=True, when=True, result="", next_step=False)
    stepped = lead_rules.Known(account=True, speaker=True, when=True, result="", next_step=True)
    assert lead_rules.next_act(NEW, "", bare, False, []) == "take_up"
    assert lead_rules.next_act(TAKEN, "", bare, False, []) == "step"
    assert lead_rules.next_act(TAKEN, "", stepped, True, []) == "step"
    assert lead_rules.next_act(TAKEN, "", stepped, False, []) == "rate"
    assert lead_rules.next_act(TAKEN, "x", stepped, False, ["verified"]) == "rate"
    assert lead_rules.next_act(TAKEN, "x", stepped, False, []) == "open"
    assert lead_rules.next_act(DEAL, "x", stepped, False, []) == ""
