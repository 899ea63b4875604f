"""A deal is split: what each part owes stays owed, once, and neither is judged as if it were the smaller deal that it was cut to be."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils.translation import override

from api_caller import Caller
from earshot.calls import queries as calls
from earshot.calls.actions import deliver_result
from earshot.calls.models import Assignment, Call, SharedCall
from earshot.cli.root import earshot
from earshot.deals import gates, lines, mandates, queries, risks, rules, wholes
from earshot.deals.actions import change_deal, lose_deal, make_good, move_on, set_lines, set_services, split_deal, vote
from earshot.deals.models import Deal, GatePass, Vote
from earshot.deals.sizes import size_of
from earshot.deals.split_tables import PassedBefore, Split
from earshot.journal.models import Entry
from earshot.journal.queries import tell
from earshot.kit import now, uuid7
from earshot.kit.problems import Refusal
from earshot.people.actors import as_person
from earshot.teams.models import Membership
from earshot.teams.queries import seats
from earshot.voice import checks
from earshot.voice.actions import take_note
from earshot.voice.models import SharedItem
from pages import Visitor
from test_decisions import with_mandates
from test_risk_decisions import at_gate, pass_it
from test_sizes import in_force
from test_together import together
from worlds import World, changed_pack, put_in_force, said, snapshot, spoken

AIM = {"goal": "先签两座站点", "due": "2040-06-30"}


def fresh(deal: Deal) -> Deal:
    return queries.as_it_stands(deal.pk)


def split(world: World, deal: Deal, *, by: str = "seller", **given: Any) -> Deal:
    version = given.pop("version", None) or fresh(deal).version
    return split_deal(by=world.by(by), deal=deal, version=version, **{"title": "苏丹站点：首批", "amount": "605000"} | AIM | given)


def refused(world: World, deal: Deal, **given: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        split(world, deal, **given)
    return caught.value


def told(deal: Deal, verb: str) -> list[str]:
    rows = Entry.objects.filter(verb=verb, objects_touched__object_id=deal.pk).distinct().order_by("seq")
    with override("en"):
        return [str(one.sentence) for one in tell(rows)]


def unmet(deal: Deal) -> set[str]:
    review = gates.review(fresh(deal))
    return {one.line.code for one in review.unmet} if review else set()


# What a split does.


def test_a_part_is_a_deal_of_its_own_and_both_together_come_to_what_it_was(world: World) -> None:
    deal = world.deal()
    part = split(world, deal)
    assert part.number != deal.number
    assert (fresh(part).amount, fresh(deal).amount) == (Decimal(605000), Decimal(1500000))
    assert (part.account, part.unit, part.owner, part.stage, part.process) == (
        deal.account,
        deal.unit,
        deal.owner,
        fresh(deal).stage,
        fresh(deal).process,
    )
    assert (part.goal, part.due.isoformat() if part.due else "") == (AIM["goal"], AIM["due"])
    row = Split.objects.get(part=part)
    assert (row.first, row.before, row.kept, row.taken, row.reason) == (deal, 2105000, 1500000, 605000, "")
    found = wholes.family(world.seller, fresh(part))
    assert (found.first and found.first.deal, found.parts) == (deal, ())
    assert [one.deal for one in wholes.family(world.seller, fresh(deal)).parts] == [part]
    assert told(deal, "deals.deal_split") == [
        f"{world.seller.name} took {part.number} out of {deal}: 605,000.00 CNY of 2,105,000.00 CNY, 1,500,000.00 CNY remain"
    ]


def test_where_both_come_to_another_sum_somebody_says_why(world: World) -> None:
    deal = world.deal()
    before = snapshot()
    problem = refused(world, deal, kept="1600000")
    assert "100,000.00 CNY more than" in said(problem)
    assert set(problem.fields) == {"reason"}
    assert "less than" in said(refused(world, deal, kept="1.00"))
    assert set(refused(world, deal, amount="3000000").fields) == {"amount"}
    assert set(refused(world, deal, amount="").fields) == {"amount"}
    assert snapshot() == before
    part = split(world, deal, kept="1600000", reason="安装要单独结算")
    assert "(安装要单独结算)" in told(deal, "deals.deal_split")[0]
    assert Split.objects.get(part=part).reason == "安装要单独结算"
    with pytest.raises(IntegrityError), transaction.atomic():
        Split.objects.create(first=part, part=world.deal("另一单"), person=world.seller, before=10, kept=7, taken=2, at=now())
    with pytest.raises(DatabaseError), transaction.atomic():
        Split.objects.filter(part=part).update(reason="")


def test_nothing_is_begun_without_title_goal_and_date_and_nothing_is_half_written(world: World) -> None:
    deal = world.deal()
    before = snapshot()
    assert set(refused(world, deal, title=" ", goal="", due="").fields) == {"title", "goal", "due"}
    assert set(refused(world, deal, amount="-1").fields) == {"amount"}
    assert set(refused(world, deal, services={"nowhere": "part"}).fields) == {"services"}
    assert set(refused(world, deal, lines=[uuid7()]).fields) == {"lines"}
    assert set(refused(world, deal, risks_going=[uuid7()]).fields) == {"risks"}
    assert refused(world, deal, calls={uuid7(): "both"}).status == 422
    assert snapshot() == before


def test_who_works_on_the_deal_splits_it_while_it_is_open_and_nobody_else(world: World) -> None:
    deal = world.deal()
    assert refused(world, deal, by="operations").code == "deal.not_yours"
    assert refused(world, deal, version=fresh(deal).version + 1).status == 412
    lose_deal(by=world.by("seller"), deal=deal, version=fresh(deal).version, reason="客户选了别家", code="lost-no-buy")
    assert refused(world, deal).code == "deal.closed"


def test_sent_twice_it_is_one_part(world: World) -> None:
    deal = world.deal()
    version, key = fresh(deal).version, uuid7()
    part = split(world, deal, version=version, id=key)
    assert split(world, deal, version=version, id=key) == part
    assert Split.objects.filter(first=deal).count() == 1
    assert refused(world, deal, version=version).status == 412


@pytest.mark.own_database
def test_two_who_split_it_in_the_same_second_take_one_part(world: World) -> None:
    deal = world.deal()
    version = fresh(deal).version
    found = together(
        lambda: split(world, deal, version=version, amount="100000"), lambda: split(world, deal, version=version, by="sales_head")
    )
    assert sorted(isinstance(one, Refusal) for one in found) == [False, True]
    [row] = Split.objects.filter(first=deal)
    assert (fresh(deal).amount, fresh(row.part).amount) == (row.kept, row.taken)
    assert (row.kept or 0) + (row.taken or 0) == 2105000


@pytest.mark.own_database
def test_two_parts_changed_in_the_same_second_come_to_what_both_say(world: World) -> None:
    deal = world.deal()
    part = split(world, deal)
    one, two = fresh(deal), fresh(part)
    found = together(
        lambda: change_deal(by=world.by("seller"), deal=one, version=one.version, amount="1000000"),
        lambda: change_deal(by=world.by("sales_head"), deal=two, version=two.version, amount="500000"),
    )
    assert not [outcome for outcome in found if isinstance(outcome, Refusal)]
    assert wholes.judged_amount(fresh(deal)) == wholes.judged_amount(fresh(part)) == 1500000


# What goes along.


def test_the_team_goes_along_with_whoever_sits_there(world: World) -> None:
    deal = world.ready_deal()
    part = split(world, deal)
    sitting = [(row.seat.role, row.membership and row.membership.person, row.accepted) for row in seats(deal.team_id)]
    assert [(row.seat.role, row.membership and row.membership.person, row.accepted) for row in seats(part.team_id)] == sitting
    assert queries.may_work(world.seller, fresh(part))
    [entry] = Entry.objects.filter(verb="teams.team_carried_on")
    assert entry.scopes.filter(object_id=part.team_id).exists()
    with override("en"):
        assert "accepted this work before" in str(tell([entry])[0].sentence)
    assert Membership.objects.filter(seat__team=part.team_id, ended_at__isnull=True).exists()


def test_lines_and_types_of_service_go_or_stay_as_chosen(world: World) -> None:
    deal = world.deal()
    set_services(by=world.by("seller"), deal=deal, version=deal.version, services=["energy", "installing"])
    rows = [{"what": what, "quantity": "1", "price": "10"} for what in ("站点", "安装", "培训")]
    set_lines(by=world.by("seller"), deal=deal, version=fresh(deal).version, lines=rows)
    going = [row.pk for row in lines.of(deal.pk) if row.what != "站点"]
    part = split(world, deal, lines=going, services={"energy": "both", "installing": "part"})
    assert [row.what for row in lines.of(deal.pk)] == ["站点"]
    assert [(row.what, row.person) for row in lines.of(part.pk)] == [("安装", world.seller), ("培训", world.seller)]
    assert (fresh(deal).service_codes, part.service_codes) == (["energy"], ["energy", "installing"])


@pytest.mark.req("A8.3c", breaks="earshot.deals.wholes.to_carry")
def test_gates_passed_before_are_passed_for_the_part_and_say_so(world: World) -> None:
    deal = world.ready_deal()
    vote(by=world.by("head"), deal=deal, approves=True, reason="已逐条听过")
    passed = GatePass.objects.get(visit__deal=deal)
    part = split(world, deal)
    assert part.stage.position == 3
    carried = wholes.passed_before(fresh(part))
    assert len(carried) == 1
    [row] = carried
    assert (row.gate, row.passed, row.not_asked) == (passed.gate, passed, None)
    assert wholes.passed_codes(fresh(part)) == {passed.gate.code}
    assert not queries.passes(fresh(part))
    third = split(world, fresh(part), title="再分出一份", amount="5000")
    assert [row.passed for row in wholes.passed_before(fresh(third))] == [passed]
    with pytest.raises(DatabaseError), transaction.atomic():
        PassedBefore.objects.all().delete()
    with pytest.raises(IntegrityError), transaction.atomic():
        PassedBefore.objects.create(deal=part, gate=passed.gate, passed=passed, at=now())


@pytest.mark.req("A17.1a", breaks="earshot.deals.gates.asked_late")
def test_a_gate_that_was_not_asked_is_asked_of_the_part_once_it_is_for_it(world: World, tmp_path: Path) -> None:
    def only_big(parts: dict[str, Any]) -> None:
        parts["process"]["gates"][0]["when"] = "deal.amount >= 5000000.0"

    in_force(tmp_path / "pack", only_big)
    deal = world.ready_deal()
    deal = move_on(by=world.by("seller"), deal=deal, version=fresh(deal).version)
    part = split(world, deal)
    assert "gate.asked_late" not in unmet(part)
    change_deal(by=world.by("seller"), deal=part, version=fresh(part).version, amount="9000000")
    assert "gate.asked_late" in unmet(part)
    assert "gate.asked_late" in unmet(deal)


# Words, calls, votes: nothing is lost, and nothing owed twice.


@pytest.mark.req("law 3", breaks="earshot.voice.actions.share_words")
def test_what_was_said_before_holds_back_both_and_what_is_said_later_only_its_own(world: World) -> None:
    deal = world.moved_deal()
    part = split(world, deal)
    items = {item.pk for item in world.items(deal)}
    assert set(SharedItem.objects.filter(deal=part).values_list("item_id", flat=True)) == items
    assert "voice.not_heard" in unmet(part)
    assert "voice.not_heard" in unmet(deal)
    with pytest.raises(Refusal) as caught:
        vote(by=world.by("head"), deal=part, approves=True)
    assert caught.value.code == "vote.not_heard"
    world.hear(deal, "engineer", "head", "delivery")
    assert "voice.not_heard" not in unmet(part)
    world.words(part, words=[("分出来以后才说的", world.categories[0])])
    assert "voice.not_heard" in unmet(part)
    assert "voice.not_heard" not in unmet(deal)


@pytest.mark.req("law 2", breaks="earshot.voice.actions.share_words")
def test_words_stay_owed_while_one_of_both_is_open(world: World) -> None:
    from earshot.voice.queries import ears_waiting_for

    deal = world.moved_deal()
    part = split(world, deal)
    n = ears_waiting_for(world.engineer).count()
    assert n
    lose_deal(by=world.by("seller"), deal=deal, version=fresh(deal).version, reason="只留分出的一份", code="lost-no-buy")
    assert ears_waiting_for(world.engineer).count() == n
    take_note(by=world.by("engineer"), items=[ear.item for ear in ears_waiting_for(world.engineer)])
    assert not ears_waiting_for(world.engineer).exists()
    lose_deal(by=world.by("seller"), deal=part, version=fresh(part).version, reason="也不做了", code="lost-no-buy")
    assert not [one for one in checks.everyone_has_heard(fresh(part)) if one.met is False and one.line.who == world.engineer.name]


@pytest.mark.req("law 5", breaks="earshot.calls.actions.divide_calls")
def test_a_call_serves_both_is_owed_once_and_its_result_counts_for_both(world: World) -> None:
    deal = world.moved_deal()
    [call] = world.calls(deal)
    part = split(world, deal)
    assert Call.objects.count() == Call.objects.exclude(deal=part).count()
    assert [one.call for one in calls.read_of_deal(fresh(part))] == [call]
    assert "call.no_result" in unmet(part)
    assert "call.no_result" in unmet(deal)
    assigned = Assignment.objects.select_related("person").get(call=call, ended_at__isnull=True).person
    deliver_result(by=as_person(assigned), call=call, result="已完成")
    assert "call.no_result" not in unmet(part) | unmet(deal)


@pytest.mark.req("law 4", breaks="earshot.calls.actions.divide_calls")
def test_a_call_that_goes_with_one_is_called_anew_for_the_other_where_the_table_asks_for_it(world: World) -> None:
    deal = world.moved_deal()
    [call] = world.calls(deal)
    part = split(world, deal, calls={call.pk: "part"})
    call.refresh_from_db()
    assert (call.deal, call.came_with) == (part, deal)
    [again] = world.calls(deal)
    assert (again.pk != call.pk, again.support_code) == (True, call.support_code)
    assert not SharedCall.objects.exists()
    other = split(world, deal, title="第二份", amount="1000", calls={again.pk: "first"})
    [own] = world.calls(other)
    assert own.support_code == call.support_code
    with pytest.raises(Refusal):
        split(world, deal, title="第三份", amount="1000", calls={call.pk: "both"})


@pytest.mark.req("law 5", breaks="earshot.calls.actions.end_with_deal")
def test_a_call_of_both_goes_on_with_the_one_that_is_left(world: World) -> None:
    deal = world.moved_deal()
    [call] = world.calls(deal)
    part = split(world, deal)
    lose_deal(by=world.by("seller"), deal=deal, version=fresh(deal).version, reason="只留分出的一份", code="lost-no-buy")
    call.refresh_from_db()
    assert (call.deal, call.came_with) == (part, deal)
    assert calls.open_calls().filter(pk=call.pk).exists()
    lose_deal(by=world.by("seller"), deal=part, version=fresh(part).version, reason="也不做了", code="lost-no-buy")
    assert not calls.open_calls().filter(pk=call.pk).exists()


def test_votes_at_the_gate_lapse_with_the_split(world: World) -> None:
    deal = world.moved_deal()
    world.hear(deal, "head")
    vote(by=world.by("head"), deal=deal, approves=True, reason="同意")
    part = split(world, deal)
    assert not Vote.objects.filter(visit__deal__in=[deal, part], replaced_at__isnull=True).exists()
    assert "a part of the deal was taken out of it" in told(deal, "deals.votes_lapsed")[0]


# No way round a size or a mandate.


@pytest.mark.req("A17.1a", breaks="earshot.deals.wholes.judged_amount")
def test_the_parts_keep_the_size_of_what_they_were_as_long_as_they_are_open(world: World, tmp_path: Path) -> None:
    in_force(tmp_path / "pack")
    deal = world.deal(amount="6000000")
    part = split(world, deal, amount="2000000")
    sizes = [size_of(fresh(one)).tier for one in (deal, part)]
    assert [tier.code if tier else "" for tier in sizes] == ["big", "big"]
    lose_deal(by=world.by("seller"), deal=deal, version=fresh(deal).version, reason="只留分出的一份", code="lost-no-buy")
    tier = size_of(fresh(part)).tier
    assert tier
    assert tier.code == "middle"


@pytest.mark.req("A17.1a", breaks="earshot.deals.wholes.judged_amount")
def test_a_deal_is_not_cut_to_fit_inside_a_mandate(world: World, tmp_path: Path) -> None:
    small = {"code": "team", "zh": "作战单元", "en": "The team", "role": "FR", "gate": "ATC", "within": "deal.amount < 500000.0"}
    put_in_force(changed_pack(tmp_path / "pack", with_mandates(small)))
    deal = world.deal()
    part = split(world, deal, amount="100000")
    gate = gates.gate_of(fresh(part))
    assert gate is not None
    assert mandates.authority(fresh(part), gate).covers is None
    review = gates.review(fresh(part))
    assert review is not None
    [line] = [one.line for one in review.conditions if one.line.code == "deal.judged_together"]
    assert spoken(line.sentence) == f"Judged by 2,105,000.00 CNY together with {deal.number}, which it was one deal with."
    with pytest.raises(Refusal) as caught:
        change_deal(by=world.by("seller"), deal=part, version=fresh(part).version, currency="USD")
    assert set(caught.value.fields) == {"currency"}
    change_deal(by=world.by("seller"), deal=part, version=fresh(part).version, amount="200000")
    assert wholes.judged_amount(fresh(deal)) == 2205000


@pytest.mark.req("A17.1a", breaks="earshot.deals.actions.escalating.lapse_beside")
def test_where_one_part_is_worth_something_else_votes_at_the_others_lapse(world: World) -> None:
    deal = world.moved_deal()
    part = split(world, deal)
    world.hear(deal, "head")
    vote(by=world.by("head"), deal=deal, approves=True, reason="同意")
    change_deal(by=world.by("seller"), deal=part, version=fresh(part).version, amount="700000")
    assert not Vote.objects.filter(visit__deal=deal, replaced_at__isnull=True).exists()
    assert "what it was one deal with is worth something else now" in told(deal, "deals.votes_lapsed")[-1]


@pytest.mark.req("B28.1a", breaks="earshot.deals.rules.difference")
def test_together_nobody_knows_what_they_come_to_where_one_says_nothing() -> None:
    assert rules.together([Decimal(1), None]) is None
    assert rules.together([Decimal(1), Decimal("2.5")]) == Decimal("3.5")
    assert rules.difference(None, None, Decimal(1)) is None
    assert rules.difference(Decimal(10), Decimal(7), Decimal(2)) == -1


# Risk lines.


def test_a_risk_line_stays_unless_it_is_chosen_to_go_and_words_pass_for_no_check_there_either(world: World) -> None:
    deal = at_gate(world)
    pass_it(world, deal)
    rows = list(risks.open_lines(deal.pk))
    going = next(row for row in rows if row.line["code"] == "call.no_result")
    part = split(world, deal, risks_going=[going.pk])
    assert [row.pk for row in risks.open_lines(part.pk)] == [going.pk]
    assert going.pk not in [row.pk for row in risks.open_lines(deal.pk)]
    assert risks.open_counts([deal.pk, part.pk]) == {deal.pk: len(rows) - 1, part.pk: 1}
    with pytest.raises(Refusal) as caught:
        make_good(by=world.by("seller"), line=going, words="已经做好了")
    assert caught.value.code == "risk.still_missing"
    world.deliver(deal)
    make_good(by=world.by("seller"), line=going, words="结果已交")
    assert not risks.open_counts([part.pk])


# The doors.


def test_who_does_not_see_the_other_learns_its_number_and_whom_to_ask(world: World) -> None:
    deal = world.moved_deal("不给别人看的标题")
    part = split(world, deal)
    [call] = world.calls(deal)
    seen = wholes.family(world.engineer, fresh(part)).first
    assert seen is not None
    assert (seen.deal, seen.number, seen.unit) == (None, deal.number, deal.unit.name)
    assert calls.visible_to(world.engineer).filter(pk=call.pk).exists()
    for entry in Entry.objects.filter(verb__in=["deals.deal_split", "deals.part_opened"]):
        assert len({row.object_id for row in entry.objects_touched.filter(kind="deal")}) == 1


def test_by_the_page_what_was_typed_is_kept_and_both_pages_name_the_other(world: World) -> None:
    deal = world.moved_deal()
    [call] = world.calls(deal)
    visitor, there = Visitor("seller", "en"), f"/deals/{deal.pk}/split/"
    page = visitor.get(f"/deals/{deal.pk}/")
    assert there in page.html
    kept = visitor.submit(
        visitor.get(there).form("split"), there, title="the first sites", amount="3000000", **{f"calls-{call.pk}": "part"}
    )
    assert "which is less" in kept.html
    assert "the first sites" in kept.html
    done = visitor.submit(kept.form("split"), there, amount="605000")
    part = Split.objects.get(first=deal).part
    assert (part.amount, Call.objects.get(pk=call.pk).deal) == (Decimal(605000), part)
    assert deal.number in done.html.split('id="parts"')[1]
    assert "Judged by" in done.html.split('id="parts"')[1]
    assert part.number in visitor.get(f"/deals/{deal.pk}/").html.split('id="parts"')[1]
    assert f"part of {deal.number}" in visitor.get("/deals/").html
    lose_deal(by=world.by("seller"), deal=deal, version=fresh(deal).version, reason="x", code="lost-no-buy")
    assert "nothing is taken out of it any more" in visitor.get(there).html
    assert Visitor("sales_head", "en").get(f"/deals/{part.pk}/split/").html


def test_by_api_and_by_command_it_is_the_same_verb(world: World) -> None:
    deal = world.moved_deal()
    [call] = world.calls(deal)
    seller = Caller(world.seller)
    body = {"title": "the first sites", "amount": "605000", **AIM, "calls": [{"call": str(call.pk), "whom": "both"}]}
    etag = seller.get(f"/deals/{deal.pk}").etag
    made = seller.post(f"/deals/{deal.pk}/parts", body, if_match=etag)
    assert (made.status, made["part_of"], made["amount"]) == (201, deal.number, "605000.00")
    assert seller.post(f"/deals/{deal.pk}/parts", body, if_match=etag).status == 412
    listed = {row["number"]: row["part_of"] for row in seller.all("/deals")}
    assert (listed[made["number"]], listed[deal.number]) == (deal.number, None)
    shown = seller.get(f"/deals/{deal.pk}/parts")
    assert [one["number"] for one in shown["parts"]] == [made["number"]]
    assert (shown["judged_by"], shown["with_deals"]) == ("2105000.00", [made["number"]])
    assert [one["id"] for one in seller.all(f"/deals/{made['id']}/calls")] == [str(call.pk)]
    assert len(seller.all(f"/deals/{made['id']}/items")) == 3

    def run(*words: str, code: int = 0) -> str:
        result = CliRunner().invoke(earshot, ["deals", *words, "--as", world.seller.name])
        assert result.exit_code == code, result.output
        return result.output

    given = ["--title", "second", "--goal", "signed", "--by", "2040-01-01", "--amount", "1000"]
    run("split", deal.number, *given, "--call", f"{call.number}=nobody", code=2)
    assert "D-" in run("split", deal.number, *given, "--call", f"{call.number}=first")
    told = run("parts", deal.number)
    assert made["number"] in told
    assert Split.objects.filter(first=deal).count() == 2


def test_a_deal_that_was_never_split_costs_no_statement_more_and_many_parts_no_more_than_few(world: World) -> None:
    def statements(deal: Deal) -> int:
        deal = fresh(deal)
        with CaptureQueriesContext(connection) as found:
            wholes.judged_amount(deal)
            wholes.open_parts(deal)
            wholes.passed_before(deal)
            wholes.family(world.seller, deal)
        return len(found)

    def listed() -> int:
        visitor = Visitor("seller", "en")
        visitor.get("/deals/")
        with CaptureQueriesContext(connection) as found:
            visitor.get("/deals/")
        return len(found)

    deal = world.deal()
    assert statements(deal) == 0
    split(world, deal, title="1", amount="1")
    few, of_list = statements(deal), listed()
    for n in range(4):
        split(world, deal, title=f"{n + 2}", amount="1")
    assert (statements(deal), listed()) == (few, of_list)
