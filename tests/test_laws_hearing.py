"""Laws 2 and 3: who must hear, hears, or the gate stays shut; nobody's vote counts before they have heard what is critical."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from earshot.clocks.models import Clock, Step
from earshot.clocks.queries import readings
from earshot.deals import gates, registry, rules
from earshot.deals.actions import move_back, move_on, vote
from earshot.deals.models import Deal, GatePass, Vote
from earshot.desk.queries import my_day
from earshot.journal.models import Entry
from earshot.kit import now
from earshot.kit.problems import Line, Refusal
from earshot.people.actions import give_post
from earshot.playbooks import packs
from earshot.playbooks.models import LAWS
from earshot.playbooks.sources import Sources
from earshot.voice import rules as voice_rules
from earshot.voice.actions import Said, confirm_presence, deny_presence, file_item, record_meeting, take_note
from earshot.voice.models import Attendance, Ear, Filing, Hearing
from earshot.voice.queries import visible_to as items_visible_to
from worlds import CRITICAL, JOURNAL, OF_THE_SITE, World, changed_pack, changed_tables, later, put_in_force, said, snapshot, spoken


def unmet(deal: Deal) -> dict[str, list[str]]:
    """Code of each condition that keeps the gate shut → its sentences in English."""
    review = gates.review(Deal.objects.get(pk=deal.pk))
    assert review is not None
    found: dict[str, list[str]] = {}
    for condition in review.unmet:
        found.setdefault(condition.line.code, []).append(spoken(condition.line.sentence))
    return found


def hearers(deal: Deal) -> dict[str, str]:
    """Words → the name of who must hear them, for the live ears."""
    ears = Ear.objects.filter(item__deal=deal, ended_at__isnull=True).select_related("item", "person")
    return {ear.item.words: ear.person.name if ear.person else "" for ear in ears}


# Who must hear.


@pytest.mark.req("B16.2b", breaks="earshot.voice.rules.required_hearers")
@pytest.mark.req("B12.5a", breaks="earshot.voice.rules.required_hearers")
def test_recording_names_who_must_hear_by_the_rule_of_the_category_and_nobody_has_to_think_of_it(world: World) -> None:
    deal = world.spoken_deal()
    by_words = hearers(deal)
    assert by_words.get(CRITICAL) == world.engineer.name
    assert by_words.get(OF_THE_SITE) == world.delivery.name
    assert sorted(by_words.values()) == sorted([world.engineer.name, world.delivery.name, world.seller.name])


@pytest.mark.req("B16.2a")
def test_a_duty_to_hear_has_a_clock_and_a_ladder_in_working_time_from_birth(world: World) -> None:
    deal = world.spoken_deal()
    for ear in Ear.objects.filter(item__deal=deal, ended_at__isnull=True).exclude(person=world.seller):
        clock = Clock.objects.get(object_id=ear.pk)
        assert clock.stopped_at is None
        assert clock.due_at > now()
        assert Step.objects.filter(clock=clock).count() >= 2
    critical = Ear.objects.get(item__words=CRITICAL, ended_at__isnull=True)
    # Monday 10:00, four working hours, with lunch from 12:00 to 13:30: 15:30 the same day.
    assert readings([critical.pk])[critical.pk].due_at == now().replace(hour=7, minute=30)


def test_the_sellers_own_ear_has_heard_at_once_because_the_seller_was_there(world: World) -> None:
    deal = world.spoken_deal()
    ear = Ear.objects.get(item__deal=deal, person=world.seller, ended_at__isnull=True)
    assert Hearing.objects.filter(item=ear.item, person=world.seller).exists()
    assert Clock.objects.get(object_id=ear.pk).outcome == "met"


@pytest.mark.req("B16.2a", breaks="earshot.voice.rules.unheard")
def test_a_required_ear_that_has_not_heard_closes_the_gate_and_the_line_names_item_and_person(world: World) -> None:
    deal = world.moved_deal()
    lines = unmet(deal).get("voice.not_heard", [])
    assert len(lines) == 2
    assert any(world.engineer.name in line and "the other offer runs on sun" in line for line in lines)
    assert any(world.delivery.name in line and OF_THE_SITE[:10] in line for line in lines)


@pytest.mark.req("B12.3a", breaks="earshot.voice.rules.unheard")
def test_anothers_hearing_never_counts(world: World) -> None:
    deal = world.moved_deal()
    world.hear(deal, "head", "sales_head", "engineer_head")
    before = unmet(deal).get("voice.not_heard", [])
    assert any(world.engineer.name in line for line in before)
    world.hear(deal, "engineer")
    assert not any(world.engineer.name in line for line in unmet(deal)["voice.not_heard"])


@pytest.mark.req("B12.3a")
def test_nobody_takes_note_for_another(world: World) -> None:
    """There is no argument for it: the actor is the hearer. What the actor may not see does not exist for him or her."""
    deal = world.moved_deal()
    for key in ("engineer_two", "colleague", "stranger", "operations", "administrator", "delivery_head"):
        with pytest.raises(Refusal) as refused:
            take_note(by=world.by(key), items=world.items(deal))
        assert refused.value.status == 404, key
    assert not Hearing.objects.filter(person=world.engineer).exists()


@pytest.mark.req("law 13")
def test_one_hidden_item_among_those_named_refuses_the_whole_act(world: World) -> None:
    deal = world.moved_deal()
    before = snapshot()
    with pytest.raises(Refusal) as refused:
        take_note(by=world.by("engineer"), items=world.items(deal))
    assert refused.value.status == 404
    assert changed_tables(before, snapshot()) == set()


def test_taking_note_of_all_that_is_shown_is_one_act_and_recorded_item_by_item(world: World) -> None:
    deal = world.moved_deal()
    shown = list(items_visible_to(world.head).filter(deal=deal))
    entries = Entry.objects.count()
    assert take_note(by=world.by("head"), items=shown) == 3
    assert Entry.objects.count() == entries + 1
    assert Hearing.objects.filter(person=world.head, item__deal=deal, how="noted").count() == 3
    assert take_note(by=world.by("head"), items=shown) == 0
    assert Entry.objects.count() == entries + 1


@pytest.mark.req("B9.1a")
def test_the_record_says_who_heard_what_and_when(world: World) -> None:
    deal = world.moved_deal()
    with later(hours=1):
        world.hear(deal, "engineer")
        heard = Hearing.objects.get(person=world.engineer, item__deal=deal)
        assert heard.at == now()
    assert Entry.objects.filter(verb="voice.noted", person_id=world.engineer.pk, objects_touched__object_id=heard.item_id).exists()


def test_being_ticked_as_present_by_another_counts_only_once_confirmed(world: World) -> None:
    deal = world.deal()
    world.words(deal, present=["engineer"])
    assert not Hearing.objects.filter(person=world.engineer).exists()
    attendance = Attendance.objects.get(person=world.engineer)
    for key in ("seller", "head", "engineer_two"):
        with pytest.raises(Refusal):
            confirm_presence(by=world.by(key), attendance=attendance)
    assert any(line.cause == "presence" for line in my_day(world.engineer))
    confirm_presence(by=world.by("engineer"), attendance=attendance)
    assert Hearing.objects.filter(person=world.engineer, how="present").count() == 3
    assert not any(line.cause == "presence" for line in my_day(world.engineer))
    with pytest.raises(Refusal):
        deny_presence(by=world.by("engineer"), attendance=attendance)


def test_who_denies_having_been_there_has_heard_nothing_and_sees_no_more_than_before(world: World) -> None:
    deal = world.deal()
    world.words(deal, present=["colleague"])
    assert items_visible_to(world.colleague).filter(deal=deal).count() == 3
    deny_presence(by=world.by("colleague"), attendance=Attendance.objects.get(person=world.colleague))
    assert not Hearing.objects.filter(person=world.colleague).exists()
    assert not items_visible_to(world.colleague).filter(deal=deal).exists()


def test_an_author_who_was_not_there_has_not_heard(world: World) -> None:
    deal = world.deal()
    record_meeting(by=world.by("seller"), deal=deal, items=[Said(CRITICAL, "running-cost")], was_present=False)
    assert not Hearing.objects.filter(person=world.seller, item__deal=deal).exists()


@pytest.mark.req("B12.5a", breaks="earshot.voice.rules.required_hearers")
def test_a_category_without_a_rule_goes_to_the_default_hearer_and_alarms_operations_until_a_rule_exists(
    world: World, tmp_path: Path
) -> None:
    def without_rule(parts: dict[str, Any]) -> None:
        parts["hearing"]["hearers"] = [row for row in parts["hearing"]["hearers"] if row["category"] != "terms"]

    put_in_force(changed_pack(tmp_path / "holey", without_rule), unchecked=True)
    deal = world.deal()
    assert not any(line.cause == "no_hearer_rule" for line in my_day(world.operations))
    world.words(deal, words=[("付款要拖到明年", "terms")])
    assert hearers(deal) == {"付款要拖到明年": world.engineer.name}
    [alarm] = [line for line in my_day(world.operations) if line.cause == "no_hearer_rule"]
    assert "Price and payment" in spoken(alarm.sentence)
    assert "价格与付款" in spoken(alarm.sentence, "zh-hans")
    assert alarm.colour == "red"
    assert not any(line.cause == "no_hearer_rule" for line in my_day(world.administrator))
    assert Entry.objects.filter(verb="voice.no_rule").exists()
    put_in_force(changed_pack(tmp_path / "whole", lambda _parts: None))
    assert not any(line.cause == "no_hearer_rule" for line in my_day(world.operations))


@pytest.mark.req("law 3", breaks="earshot.playbooks.parts.hearing._default_too_slow")
def test_a_playbook_in_which_unfiled_words_may_wait_longer_than_critical_ones_is_refused(world: World, tmp_path: Path) -> None:
    slower = changed_pack(tmp_path / "slower", lambda parts: parts["hearing"]["default"][0].update(service_level="hear"))
    with pytest.raises(Refusal) as refused:
        put_in_force(slower)
    assert "within 240 minutes" in said(refused.value)


@pytest.mark.req("law 3")
def test_what_is_not_filed_yet_runs_under_the_limit_of_what_is_critical(world: World) -> None:
    """It counts as critical at a vote: so it is heard, and alarmed, as soon as that."""
    deal = world.deal()
    world.words(deal, words=[("还没归类的一句", ""), ("柴油费能省一半", world.categories[0])])
    limits = {
        item.words: {clock.limit for clock in Clock.objects.filter(object_id__in=item.ears.values("pk"))} for item in world.items(deal)
    }
    assert limits["还没归类的一句"] == limits["柴油费能省一半"] == {240}


def test_a_statement_whose_category_was_not_told_goes_to_the_default_hearer_and_its_author_is_asked(world: World) -> None:
    deal = world.deal()
    world.words(deal, words=[("不知道算什么", "")])
    assert hearers(deal) == {"不知道算什么": world.engineer.name}
    assert any(line.cause == "category_asked" for line in my_day(world.seller))
    file_item(by=world.by("seller"), item=world.items(deal)[0], category="site")
    assert not any(line.cause == "category_asked" for line in my_day(world.seller))
    live = Ear.objects.filter(item__deal=deal, ended_at__isnull=True)
    # The default hearer was asked only because nobody had told.
    assert {ear.person for ear in live.select_related("person")} == {world.delivery}


@pytest.mark.req("law 2")
def test_filing_anew_only_adds_so_that_no_seller_files_a_duty_away(world: World) -> None:
    """What was critical stays critical; who had to hear and has not, still has to, counted from when it began."""
    deal = world.moved_deal()
    item = next(item for item in world.items(deal) if item.words == CRITICAL)
    with later(hours=2):
        for category in ("people", "site", "terms"):
            file_item(by=world.by("seller"), item=item, category=category)
        assert any(world.engineer.name in line for line in unmet(deal)["voice.not_heard"])
        assert Clock.objects.get(object_id=Ear.objects.get(item=item, role="SR", ended_at__isnull=True).pk).started_at < now()
        with pytest.raises(Refusal) as refused:
            vote(by=world.by("head"), deal=deal, approves=True)
        assert refused.value.code == "vote.not_heard"


def test_filing_anew_under_the_same_role_does_not_ask_again_who_has_heard(world: World) -> None:
    deal = world.spoken_deal()
    item = next(item for item in world.items(deal) if item.words == CRITICAL)
    world.hear(deal, "engineer")
    file_item(by=world.by("seller"), item=item, category="site")
    file_item(by=world.by("seller"), item=item, category="rival")
    ear = Ear.objects.get(item=item, role="SR", ended_at__isnull=True)
    assert ear.person == world.engineer
    assert Clock.objects.get(object_id=ear.pk).outcome == "met"
    assert not any(line.cause == "to_hear" and line.scope.id == deal.pk for line in my_day(world.engineer))


def test_a_stranger_files_and_corrects_nothing(world: World) -> None:
    item = world.items(world.spoken_deal())[0]
    for key in ("engineer_two", "colleague", "stranger"):
        with pytest.raises(Refusal) as refused:
            file_item(by=world.by(key), item=item, category="site")
        assert refused.value.status == 404, key
    assert Filing.objects.get(item=item, ended_at__isnull=True).category == "running-cost"


def test_an_ear_that_nobody_holds_alarms_operations_and_the_post_given_fills_it(world: World, tmp_path: Path) -> None:
    def somebody_new(parts: dict[str, Any]) -> None:
        parts["process"]["roles"].append({"code": "LAW", "zh": "法务", "en": "Legal"})
        row = {"code": "terms-LAW", "category": "terms", "role": "LAW", "service_level": "hear", "zh": "法务听", "en": "Legal hears"}
        parts["hearing"]["hearers"].append(row)

    put_in_force(changed_pack(tmp_path / "law", somebody_new))
    deal = world.deal()
    world.words(deal, words=[("违约金要封顶", "terms")])
    assert hearers(deal)["违约金要封顶"] in ("", world.seller.name)
    assert any(line.cause == "nobody_hears" for line in my_day(world.operations))
    give_post(by=world.by("administrator"), person=world.colleague, unit=world.units["company"], role="LAW")
    assert not any(line.cause == "nobody_hears" for line in my_day(world.operations))
    ear = Ear.objects.get(item__deal=deal, role="LAW", ended_at__isnull=True)
    assert ear.person == world.colleague
    assert items_visible_to(world.colleague).filter(deal=deal).count() == 1
    world.hear(deal, "colleague")
    assert Clock.objects.filter(object_id=ear.pk).latest("started_at").outcome == "met"


# The gate.


@pytest.mark.req("law 2", breaks="earshot.deals.rules.unmet")
def test_the_gate_refuses_line_by_line_in_both_languages_and_nothing_changes_but_one_entry(world: World) -> None:
    deal = world.moved_deal()
    before = snapshot()
    with pytest.raises(Refusal) as refused:
        move_on(by=world.by("seller"), deal=deal, version=deal.version)
    assert refused.value.code == "gate.shut"
    codes = sorted(line.code for line in refused.value.lines)
    assert codes == ["call.no_result", "gate.not_approved", "voice.not_heard", "voice.not_heard"]
    assert all(line.about is not None and line.act for line in refused.value.lines)
    assert said(refused.value) != said(refused.value, "zh-hans")
    after = snapshot()
    assert changed_tables(before, after) <= JOURNAL
    assert len(after["journal_entry"]) == len(before["journal_entry"]) + 1
    entry = Entry.objects.latest("seq")
    assert entry.verb == "deals.gate_refused"
    assert [line["code"] for line in entry.data["lines"]] == [line.code for line in refused.value.lines]
    assert {"zh-hans", "en"} == set(entry.data["lines"][0]["sentence"])


def test_the_gate_opens_when_all_have_heard_delivered_and_voted_and_its_record_keeps_the_lines(world: World) -> None:
    deal = world.ready_deal()
    assert unmet(deal).keys() == {"gate.not_approved"}
    first = deal.stage_id
    vote(by=world.by("head"), deal=deal, approves=True)
    deal.refresh_from_db()
    assert deal.stage_id != first
    record = GatePass.objects.get(visit__deal=deal)
    codes = {"voice.heard", "call.has_result", "deal.account_known", "deal.goal_set", "gate.approved"}
    assert {line["code"] for line in record.lines if line["met"]} == codes
    assert {line["code"] for line in record.lines if not line["met"]} == {"team.alone", "team.seat_empty"}  # which only warn
    opened = Entry.objects.get(verb="deals.gate_opened", objects_touched__object_id=deal.pk)
    assert opened.cause is not None
    assert opened.cause.verb == "deals.voted"
    entered = Entry.objects.filter(verb="deals.stage_entered", objects_touched__object_id=deal.pk).latest("seq")
    assert entered.cause == opened


def test_moving_on_by_hand_through_an_open_gate_needs_the_vote_all_the_same(world: World) -> None:
    deal = world.ready_deal()
    with pytest.raises(Refusal):
        move_on(by=world.by("head"), deal=deal, version=deal.version)


@pytest.mark.req("law 3", breaks="earshot.voice.rules.critical_unheard")
@pytest.mark.req("B9.1a", breaks="earshot.voice.rules.critical_unheard")
def test_a_vote_before_hearing_is_refused_naming_what_was_not_heard_and_only_the_journal_says_so(world: World) -> None:
    deal = world.moved_deal()
    before = snapshot()
    with pytest.raises(Refusal) as refused:
        vote(by=world.by("head"), deal=deal, approves=True)
    assert refused.value.code == "vote.not_heard"
    assert [spoken(line.sentence) for line in refused.value.lines]
    assert all("the other offer runs on sun" in spoken(line.sentence) for line in refused.value.lines)
    after = snapshot()
    assert changed_tables(before, after) <= JOURNAL
    assert len(after["journal_entry"]) == len(before["journal_entry"]) + 1
    entry = Entry.objects.latest("seq")
    assert (entry.verb, entry.person_id) == ("deals.vote_refused", world.head.pk)
    assert [line["about"]["kind"] for line in entry.data["lines"]] == ["item"]


@pytest.mark.req("law 3")
def test_voting_against_needs_hearing_as_well_and_a_reason(world: World) -> None:
    deal = world.moved_deal()
    with pytest.raises(Refusal) as refused:
        vote(by=world.by("head"), deal=deal, approves=False, reason="too dear")
    assert refused.value.code == "vote.not_heard"
    world.hear(deal, "head")
    with pytest.raises(Refusal) as refused:
        vote(by=world.by("head"), deal=deal, approves=False, reason="  ")
    assert set(refused.value.fields) == {"reason"}
    vote(by=world.by("head"), deal=deal, approves=False, reason="too dear")
    assert any("too dear" in line for line in unmet(deal)["gate.not_approved"])


@pytest.mark.req("law 3", breaks="earshot.deals.rules.roles_still_to_approve")
def test_new_critical_words_after_a_vote_make_it_not_count_until_they_are_heard(world: World) -> None:
    deal = world.moved_deal()
    world.hear(deal, "head")
    vote(by=world.by("head"), deal=deal, approves=True)
    world.words(deal, words=[("他们下周就签别家", "rival")])
    world.hear(deal, "engineer", "delivery")
    world.deliver(deal)
    assert [world.head.name in line for line in unmet(deal).get("gate.not_approved", [])] == [True]
    with pytest.raises(Refusal):
        move_on(by=world.by("seller"), deal=deal, version=deal.version)
    world.hear(deal, "head")
    assert unmet(deal) == {}
    moved = move_on(by=world.by("seller"), deal=deal, version=deal.version)
    assert moved.stage.position == deal.stage.position + 1


def test_filing_an_old_statement_as_critical_makes_the_vote_not_count_either(world: World) -> None:
    deal = world.moved_deal()
    critical = next(item for item in world.items(deal) if item.words == CRITICAL)
    take_note(by=world.by("head"), items=[critical])
    vote(by=world.by("head"), deal=deal, approves=True)
    site = next(item for item in world.items(deal) if item.words == OF_THE_SITE)
    file_item(by=world.by("seller"), item=site, category="rival")
    assert any(world.head.name in line for line in unmet(deal)["gate.not_approved"])


def test_a_new_vote_replaces_the_old_and_both_stay_on_record(world: World) -> None:
    deal = world.moved_deal()
    world.hear(deal, "head")
    vote(by=world.by("head"), deal=deal, approves=False, reason="not yet")
    vote(by=world.by("head"), deal=deal, approves=True)
    assert Vote.objects.filter(visit__deal=deal).count() == 2
    assert Vote.objects.filter(visit__deal=deal, replaced_at__isnull=True).get().approves


def test_a_vote_does_not_follow_the_deal_into_another_visit(world: World) -> None:
    deal = world.moved_deal()
    world.hear(deal, "head")
    vote(by=world.by("head"), deal=deal, approves=True)
    deal.refresh_from_db()
    deal = move_back(by=world.by("seller"), deal=deal, version=deal.version, to="ML", reason="客户改主意")
    deal = move_on(by=world.by("seller"), deal=deal, version=deal.version)
    assert any("has not approved" in line for line in unmet(deal)["gate.not_approved"])


def test_who_decides_nothing_here_cannot_vote(world: World) -> None:
    deal = world.moved_deal()
    for key in ("seller", "engineer", "sales_head", "delivery", "stranger", "operations"):
        with pytest.raises(Refusal) as refused:
            vote(by=world.by(key), deal=deal, approves=True)
        assert refused.value.code == "vote.not_decider", key
    assert not Vote.objects.filter(visit__deal=deal).exists()


def test_there_is_nothing_to_vote_on_where_no_gate_stands(world: World) -> None:
    with pytest.raises(Refusal) as refused:
        vote(by=world.by("head"), deal=world.spoken_deal(), approves=True)
    assert refused.value.code == "gate.none"


# Sales alone.


@pytest.mark.req("B12.4a", breaks="earshot.playbooks.packs._cross_check")
def test_a_gate_that_sales_alone_would_decide_cannot_be_configured(world: World, tmp_path: Path) -> None:
    def sales_alone(parts: dict[str, Any]) -> None:
        for gate in parts["process"]["gates"]:
            gate["deciders"] = ["AR"]

    with pytest.raises(Refusal) as refused:
        put_in_force(changed_pack(tmp_path / "sales", sales_alone))
    assert len([line for line in refused.value.lines if "sales alone" in spoken(line.sentence)]) == 3


@pytest.mark.req("B12.4a", breaks="earshot.deals.rules.sales_alone")
def test_sales_alone_never_opens_a_gate_even_where_a_playbook_was_forced_to_say_so(world: World, tmp_path: Path) -> None:
    def sales_alone(parts: dict[str, Any]) -> None:
        for gate in parts["process"]["gates"]:
            gate["deciders"] = ["AR"]

    put_in_force(changed_pack(tmp_path / "sales", sales_alone), unchecked=True)
    deal = world.moved_deal()
    world.hear(deal, "engineer", "delivery")
    world.deliver(deal)
    vote(by=world.by("seller"), deal=deal, approves=True)
    deal.refresh_from_db()
    assert unmet(deal).keys() == {"gate.not_approved"}
    with pytest.raises(Refusal):
        move_on(by=world.by("seller"), deal=deal, version=deal.version)


@pytest.mark.req("B12.4a", breaks="earshot.deals.rules.sales_alone")
def test_the_rule_itself_knows_sales_alone_from_sales_with_another() -> None:
    seller = rules.Ballot("owns", True, True, sells=True)
    seller_in_another_seat = rules.Ballot("solves", True, True, sells=True)
    solver = rules.Ballot("solves", True, True)
    assert rules.sales_alone([seller])
    assert rules.sales_alone([seller, seller_in_another_seat])
    assert not rules.sales_alone([seller, solver])
    assert rules.sales_alone([seller, rules.Ballot("solves", False, True)])
    assert rules.sales_alone([seller, rules.Ballot("solves", True, False)])


def test_a_seller_in_two_roles_still_votes_only_for_the_roles_held(world: World) -> None:
    give_post(by=world.by("administrator"), person=world.seller, unit=world.units["company"], role="SDT")
    deal = world.moved_deal()
    vote(by=world.by("seller"), deal=deal, approves=True)
    assert [row.role.code for row in Vote.objects.filter(visit__deal=deal)] == ["SDT"]


# Policies: block or warn, never off.


@pytest.mark.parametrize("setting", ["off", "ignore", ""])
def test_no_pack_switches_laws_2_and_3_off(tmp_path: Path, setting: str) -> None:
    def off(parts: dict[str, Any]) -> None:
        parts["policies"]["policies"] = [{"code": code, "zh": "x", "en": "x", "setting": setting} for code in LAWS]

    with pytest.raises(Refusal):
        packs.read(Sources.of_folder(changed_pack(tmp_path / "off", off)))


@pytest.mark.req("law 2")
def test_a_policy_that_warns_opens_the_gate_and_the_warning_is_printed_on_its_record(world: World, tmp_path: Path) -> None:
    def warn(parts: dict[str, Any]) -> None:
        parts["policies"]["policies"] = [{"code": code, "zh": "x", "en": "x", "setting": "warn"} for code in LAWS]

    put_in_force(changed_pack(tmp_path / "warn", warn))
    deal = world.moved_deal()
    world.deliver(deal)
    vote(by=world.by("head"), deal=deal, approves=True)
    record = GatePass.objects.get(visit__deal=deal)
    not_heard = [line for line in record.lines if line["code"] == "voice.not_heard"]
    assert len(not_heard) == 2
    assert all(line["warns"] and not line["met"] for line in not_heard)
    [approved] = [line for line in record.lines if line["code"] == "gate.approved"]
    assert "without having heard" in approved["sentence"]["en"]


# A condition that cannot be judged is not met.


def test_a_check_that_breaks_keeps_the_gate_shut_and_says_so(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    deal = world.ready_deal()
    world.hear(deal, "head")

    def broken(_deal: Deal) -> list[rules.Condition]:
        Deal.objects.raw("SELECT nonsense FROM nowhere")[0]
        raise AssertionError

    monkeypatch.setitem(registry.LAWS._things, "everyone_has_heard", broken)
    assert unmet(deal).keys() == {"law.cannot_judge", "gate.not_approved"}
    vote(by=world.by("head"), deal=deal, approves=True)
    deal.refresh_from_db()
    assert deal.stage.code == "MO1"


def test_a_check_that_nothing_provides_keeps_the_gate_shut(world: World, tmp_path: Path) -> None:
    def unknown_check(parts: dict[str, Any]) -> None:
        for gate in parts["process"]["gates"]:
            gate["checks"] = ["margin-above-floor"]

    put_in_force(changed_pack(tmp_path / "unknown", unknown_check), unchecked=True)
    deal = world.ready_deal()
    vote(by=world.by("head"), deal=deal, approves=True)
    assert any("margin-above-floor" in line for line in unmet(deal)["gate.cannot_judge"])


@pytest.mark.parametrize(
    ("met", "warns", "shut"), [(True, False, 0), (False, False, 1), (None, False, 1), (False, True, 0), (True, True, 0)]
)
def test_only_what_is_met_or_merely_warns_lets_a_gate_open(met: bool | None, warns: bool, shut: int) -> None:
    assert len(rules.unmet([rules.Condition(met, Line("any", "any"), warns)])) == shut


# The pure rules.


def test_without_a_rule_the_default_hears_and_with_one_it_does_not() -> None:
    default = voice_rules.RequiredEar("d", "sl", "hearing@1/d", by_default=True)
    ruled = voice_rules.RequiredEar("r", "sl", "hearing@1/r")
    assert voice_rules.required_hearers([], default) == [default]
    assert voice_rules.required_hearers([ruled], default) == [ruled]
