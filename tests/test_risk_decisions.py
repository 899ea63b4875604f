"""A head opens a gate with something missing: named, counted, red until it is made good."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from django.db import DatabaseError, IntegrityError, transaction
from django.utils.translation import override

from api_caller import Caller
from earshot.cli.root import earshot
from earshot.clocks.models import Alarm, Clock
from earshot.clocks.sweep import sweep
from earshot.deals import gates, queries, risks, rules
from earshot.deals.actions import AtRisk, lose_deal, make_good, pass_at_risk, vote
from earshot.deals.decisions import MadeGood, RiskDecision, RiskLine
from earshot.deals.models import Deal, GatePass
from earshot.desk.queries import my_day
from earshot.journal.actors import process
from earshot.journal.models import Entry
from earshot.journal.queries import tell
from earshot.kit import now
from earshot.kit.problems import Refusal
from earshot.people.absences import record_absence
from earshot.people.models import Person, Post
from earshot.people.queries import is_head_at_or_above
from earshot.people.succession import hand_over, leave, owed
from earshot.playbooks import book
from earshot.teams.actions import accept_seat, nominate
from earshot.teams.models import Seat
from pages import Visitor
from test_decisions import TEAM, figure, with_mandates
from test_together import together
from worlds import World, changed_pack, later, put_in_force, said, snapshot, spoken


def fresh(deal: Deal) -> Deal:
    return queries.as_it_stands(deal.pk)


def day_in(days: int) -> str:
    return (queries.today() + timedelta(days=days)).isoformat()


def missing(deal: Deal) -> list[str]:
    review = gates.review(fresh(deal))
    assert review is not None
    return list(risks.listed(review.unmet))


def taken(world: World, deal: Deal, **other: Any) -> list[AtRisk]:
    given = {"reason": "the tender closes on Friday", "who": world.seller, "due": day_in(3)} | other
    return [AtRisk(key, **given) for key in missing(deal)]


def pass_it(world: World, deal: Deal, *, by: str = "head", **other: Any) -> RiskDecision:
    return pass_at_risk(by=world.by(by), deal=deal, version=fresh(deal).version, lines=taken(world, deal, **other))


def at_gate(world: World) -> Deal:
    """The engineer has not heard, the call has no result, nobody has approved; the head has heard all."""
    deal = world.moved_deal()
    world.hear(deal, "head")
    return deal


def of_day(person: Person) -> list[tuple[str, str]]:
    return [(spoken(line.sentence), line.colour) for line in my_day(person) if line.cause == "risk"]


def told(deal: Deal, verb: str) -> list[str]:
    rows = Entry.objects.filter(verb=verb, objects_touched__object_id=deal.pk).distinct().order_by("seq")
    with override("en"):
        return [str(one.sentence) for one in tell(rows)]


def refused(act: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        act()
    return caught.value


@pytest.mark.req("B20.3a")
def test_a_head_opens_the_gate_with_everything_missing_listed_and_the_deal_goes_on(world: World) -> None:
    deal = at_gate(world)
    count = len(missing(deal))
    assert count >= 3
    stage = fresh(deal).stage
    decision = pass_it(world, deal)
    assert fresh(deal).stage.position == stage.position + 1
    assert GatePass.objects.get(visit__deal=deal).risk == decision
    assert (decision.person, decision.lines.count()) == (world.head, count)
    [sentence] = told(deal, "deals.passed_at_risk")
    assert sentence.startswith(world.head.name)
    assert f"with {count} things missing" in sentence
    assert Clock.objects.filter(kind="risk", stopped_at__isnull=True).count() == count
    assert of_day(world.seller) == [(f"Make good what was passed at risk: {count} things were missing at the gate", "red")]
    assert risks.open_counts([deal.pk]) == {deal.pk: count}


@pytest.mark.req("B12.4a", breaks="earshot.deals.risks.may_decide")
def test_only_a_head_above_the_deal_who_does_not_own_it_opens_a_gate_at_risk(world: World) -> None:
    deal = at_gate(world)
    before = snapshot()
    for who in ("seller", "engineer", "operations"):
        assert refused(lambda who=who: pass_it(world, deal, by=who)).code == "risk.not_head"
    with pytest.raises(Refusal):
        pass_at_risk(by=process("import"), deal=deal, version=fresh(deal).version, lines=taken(world, deal))
    assert snapshot() == before


@pytest.mark.req("law 3", breaks="earshot.voice.checks.voters_have_heard")
def test_the_head_has_heard_everything_critical_first(world: World) -> None:
    deal = world.moved_deal()
    problem = refused(lambda: pass_it(world, deal))
    assert problem.code == "risk.not_heard"
    assert len(problem.lines) == 1
    world.hear(deal, "head")
    pass_it(world, deal)


@pytest.mark.req("law 12", breaks="earshot.deals.rules.unlisted")
def test_nothing_unlisted_may_be_missing_at_the_moment_of_the_act(world: World) -> None:
    deal = at_gate(world)
    lines = taken(world, deal)
    version = fresh(deal).version

    def act(given: list[AtRisk]) -> Refusal:
        return refused(lambda: pass_at_risk(by=world.by("head"), deal=deal, version=version, lines=given))

    review = gates.review(fresh(deal))
    assert review is not None
    assert [one.line.code for one in rules.unlisted(review.unmet, [one.key for one in lines[1:]])[0]] == ["voice.not_heard"]
    assert [one.code for one in act(lines[1:]).lines] == ["voice.not_heard"]
    assert act([]).code == "risk.changed"
    assert act([*lines, AtRisk("0" * 12, "x", world.seller, day_in(1))]).lines[0].code == "risk.not_missing"
    assert act([*lines, lines[0]]).code == "risk.changed"
    world.words(deal, words=[("another thing", world.categories[0])])
    world.hear(deal, "head")
    version = fresh(deal).version
    appeared = act(lines)
    assert appeared.code == "risk.changed"
    assert "another thing" in said(appeared)
    assert not RiskDecision.objects.exists()


@pytest.mark.req("law 10", breaks="earshot.deals.rules.never_at_risk")
def test_what_no_decision_may_pass_is_named_and_mended_first(world: World) -> None:
    deal = at_gate(world)
    Deal.objects.filter(pk=deal.pk).update(goal="", due=None)
    problem = refused(lambda: pass_it(world, deal))
    assert (problem.code, [one.code for one in problem.lines]) == ("risk.never", ["deal.no_goal"])


@pytest.mark.req("B12.4a", breaks="earshot.deals.risks.sales_alone")
def test_a_head_of_the_sales_side_alone_is_not_enough(world: World) -> None:
    deal = at_gate(world)
    selling = next(role.code for role in book.process_of(deal.process_id).roles.values() if role.sells)
    Post.objects.create(person=world.head, role=selling, unit=deal.unit, since=now())
    world.sound = False
    assert refused(lambda: pass_it(world, deal)).code == "risk.sales_alone"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"reason": " "}, "reason"),
        ({"reason": "x" * 1001}, "reason"),
        ({"reason": "a\x00b"}, "reason"),
        ({"due": "soon"}, "due"),
        ({"due": "2020-01-01"}, "due"),
        ({"who": None}, "who"),
    ],
)
def test_what_is_wrong_with_a_line_is_said_beside_its_field_and_nothing_is_kept(world: World, wrong: dict[str, Any], field: str) -> None:
    deal = at_gate(world)
    before = snapshot()
    problem = refused(lambda: pass_it(world, deal, **wrong))
    assert set(problem.fields) == {f"{field}-{key}" for key in missing(deal)}
    assert refused(lambda: pass_it(world, deal, who=world.operations)).fields
    assert snapshot() == before


@pytest.mark.req("B20.3a", breaks="earshot.deals.rules.made_good")
def test_a_line_is_made_good_by_its_own_check_as_soon_as_nothing_is_missing(world: World) -> None:
    deal = at_gate(world)
    pass_it(world, deal)
    unheard = RiskLine.objects.filter(decision__deal=deal, line__code="voice.not_heard")
    before = unheard.count()
    assert refused(lambda: make_good(by=world.by("seller"), line=unheard[0], words="surely")).code == "risk.still_missing"
    world.hear(deal, "engineer", "delivery")
    assert before > 0
    assert not unheard.filter(made_good__isnull=True).exists()
    assert all(row.person is None for row in MadeGood.objects.all())
    assert told(deal, "deals.found_good")
    assert not Clock.objects.filter(kind="risk", object_id__in=unheard.values("pk"), stopped_at__isnull=True).exists()
    world.deliver(deal)
    left = RiskLine.objects.filter(risks.OPEN, decision__deal=deal)
    assert {row.line["code"] for row in left} == {"gate.not_approved"}


def test_what_no_check_can_judge_again_is_made_good_in_words_once_and_by_whom_it_concerns(world: World) -> None:
    deal = world.ready_deal()
    decision = pass_it(world, deal)
    [line] = decision.lines.all()
    for by, words, code in (("engineer", "done", "risk.not_yours"), ("seller", " ", "input.invalid")):
        assert refused(lambda by=by, words=words: make_good(by=world.by(by), line=line, words=words)).code == code
    make_good(by=world.by("seller"), line=line, words="the board confirmed it on Tuesday")
    assert refused(lambda: make_good(by=world.by("seller"), line=line, words="again")).code == "risk.made_good"
    assert (of_day(world.seller), risks.open_counts([deal.pk])) == ([], {})
    assert "the board confirmed it on Tuesday" in told(deal, "deals.made_good")[0]


def test_a_lost_deal_owes_nothing_more(world: World) -> None:
    deal = at_gate(world)
    pass_it(world, deal)
    lose_deal(by=world.by("seller"), deal=deal, version=fresh(deal).version, reason="the rival was cheaper to run", code="lost-no-buy")
    assert of_day(world.seller) == []
    assert not Clock.objects.filter(kind="risk", stopped_at__isnull=True).exists()
    assert risks.open_counts([deal.pk]) == {}


def test_the_head_hears_of_a_line_whose_day_has_passed(world: World) -> None:
    deal = world.ready_deal()
    pass_it(world, deal, due=day_in(1))
    with later(days=3):
        sweep()
        alarm = Alarm.objects.get(clock__kind="risk")
        lines = [spoken(one.sentence) for one in my_day(alarm.person) if one.cause == "alarm"]
    assert is_head_at_or_above(alarm.person, deal.unit)
    assert f"{world.seller.name} has not made good 1 thing that was passed at risk" in lines


def test_the_database_neither_changes_nor_forgets_a_decision_nor_takes_it_twice(world: World) -> None:
    deal = world.ready_deal()
    decision = pass_it(world, deal)
    for table in (RiskDecision, RiskLine):
        for attempt in (lambda table=table: table.objects.all().delete(), lambda table=table: table.objects.update(id=deal.pk)):
            with pytest.raises(DatabaseError), transaction.atomic():
                attempt()
    with pytest.raises(IntegrityError), transaction.atomic():
        RiskDecision.objects.create(visit=decision.visit, deal=deal, gate=decision.gate, person=world.head, at=now())
    line = decision.lines.get()
    for wrong in ({"key": "1" * 12, "reason": ""}, {"key": line.key, "reason": "x"}):
        given: dict[str, Any] = {"position": 9, "line": {}, "lasts": False, "who": world.seller, "due": queries.today()} | wrong
        with pytest.raises(IntegrityError), transaction.atomic():
            RiskLine.objects.create(decision=decision, **given)
    with pytest.raises(IntegrityError), transaction.atomic():
        MadeGood.objects.create(line=line, person=world.seller, words="", at=now())


def test_a_gate_that_lacks_nothing_needs_no_risk_decision_and_a_stale_list_is_refused(world: World) -> None:
    deal = at_gate(world)
    lines = taken(world, deal)
    old = fresh(deal).version
    pass_at_risk(by=world.by("head"), deal=deal, version=old, lines=lines)
    problem = refused(lambda: pass_at_risk(by=world.by("head"), deal=deal, version=old, lines=lines))
    assert problem.code == "stale"


def test_the_page_shows_every_line_and_keeps_what_was_typed(world: World) -> None:
    deal = at_gate(world)
    visitor, there = Visitor("head", "en"), f"/deals/{deal.pk}/risk/"
    assert there in visitor.get(f"/deals/{deal.pk}/gate/").html
    keys = missing(deal)
    typed = {f"reason-{key}": "the tender closes on Friday" for key in keys} | {f"who-{key}": str(world.seller.pk) for key in keys}
    kept = visitor.submit(visitor.get(there).form("decide"), there, **typed)
    assert kept.html.count("the tender closes on Friday") == len(keys)
    done = visitor.submit(kept.form("decide"), there, **{f"due-{key}": day_in(3) for key in keys})
    assert f"The gate is open; {len(keys)} things stay red." in done.html
    assert RiskDecision.objects.get().lines.count() == len(keys)
    assert f"{len(keys)} passed at risk" in visitor.get("/deals/").html
    assert f"{len(keys)} passed at risk" in visitor.get("/deals/board/").html
    owner = Visitor("seller", "en")
    page = owner.get(f"/deals/{deal.pk}/")
    done = owner.submit(page.form("make_good"), f"/deals/{deal.pk}/", words="the board confirmed it")
    assert "the board confirmed it" in done.html


def test_by_api_and_by_command_it_is_the_same_verb(world: World) -> None:
    deal = world.ready_deal()
    head, seller = Caller(world.head), Caller(world.seller)
    unmet = [row for row in head.get(f"/deals/{deal.pk}/gate")["conditions"] if not row["met"] and not row["warns"]]
    line = {"key": unmet[0]["key"], "reason": "the tender closes", "who": str(world.seller.pk), "due": day_in(2)}
    etag = head.get(f"/deals/{deal.pk}").etag
    assert seller.post(f"/deals/{deal.pk}/risk-decisions", {"lines": [line]}, if_match=etag).status == 403
    made = head.post(f"/deals/{deal.pk}/risk-decisions", {"lines": [line]}, if_match=etag)
    assert (made.status, made.data[0]["made_good"]) == (201, None)
    path = f"/deals/{deal.pk}/risks/{made.data[0]['id']}/made-good"
    assert seller.post(path, {}).status == 422
    assert seller.post(path, {"words": "confirmed"}).data[0]["made_good"]["words"] == "confirmed"
    other = world.ready_deal("第二站点")
    run = CliRunner()
    shown = run.invoke(earshot, ["--language", "en", "deals", "pass-at-risk", other.number, "--as", world.head.name])
    [key] = missing(other)
    assert key in shown.output
    given = ["--line", key, str(world.seller.pk), day_in(2), "the tender closes"]
    done = run.invoke(earshot, ["--language", "en", "deals", "pass-at-risk", other.number, *given, "--as", world.head.name])
    assert done.exit_code == 0, done.output
    assert key in run.invoke(earshot, ["deals", "risks", other.number, "--as", world.seller.name]).output
    assert run.invoke(earshot, ["deals", "make-good", other.number, key, "--words", "confirmed", "--as", world.seller.name]).exit_code == 0
    assert risks.open_counts([other.pk]) == {}


@pytest.mark.req("law 8", breaks="earshot.deals.risks.may_decide")
def test_a_deputy_opens_it_for_a_head_who_is_away_and_has_heard_himself(world: World) -> None:
    deal = at_gate(world)
    assert refused(lambda: pass_it(world, deal, by="engineer_head")).code == "risk.not_head"
    record_absence(
        by=world.by("head"), person=world.head, first=day_in(0), last=day_in(2), deputy=world.engineer_head, reason="on the road"
    )
    assert refused(lambda: pass_it(world, deal, by="engineer_head")).code == "risk.not_heard"
    world.hear(deal, "engineer_head")
    decision = pass_it(world, deal, by="engineer_head")
    assert (decision.person, decision.stands_for) == (world.engineer_head, world.head)
    [sentence] = told(deal, "deals.passed_at_risk_for")
    assert world.engineer_head.name in sentence
    assert world.head.name in sentence
    page = Visitor("seller").get(f"/deals/{deal.pk}/").html
    assert decision.person.name in page.split('id="risks"')[1].split("</section>")[0]
    assert decision.stands_for.name in page.split('id="risks"')[1].split("</section>")[0]


def test_the_deputy_of_a_head_who_sells_is_of_the_sales_side(world: World) -> None:
    deal = at_gate(world)
    record_absence(
        by=world.by("sales_head"),
        person=world.sales_head,
        first=day_in(0),
        last=day_in(2),
        deputy=world.engineer_head,
        reason="on the road",
    )
    Post.objects.create(person=world.sales_head, role="AR", unit=world.sales_head.unit, since=now())
    world.hear(deal, "engineer_head")
    assert refused(lambda: pass_it(world, deal, by="engineer_head")).code == "risk.sales_alone"


def test_whoever_hands_over_hands_over_what_is_to_be_made_good(world: World) -> None:
    deal = at_gate(world)
    pass_it(world, deal, who=world.sales_head)
    [*lines] = risks.held_by(world.sales_head)
    assert lines
    assert {one.id for one in owed(world.sales_head) if one.holding == "risks"} == {one.pk for one in lines}
    chosen = [("risks", one.pk) for one in lines]
    outsider = refused(
        lambda: hand_over(by=world.by("sales_head"), person=world.sales_head, to=world.stranger, reason="moves", what=chosen)
    )
    assert "to" in outsider.fields
    hand_over(by=world.by("sales_head"), person=world.sales_head, to=world.seller, reason="moves", what=chosen)
    assert not of_day(world.sales_head)
    assert of_day(world.seller)
    [first, *_rest] = [one for one in risks.open_lines(deal.pk) if not one.lasts]
    make_good(by=world.by("seller"), line=first, words="agreed by mail")
    assert told(deal, "deals.risk_handed")


def test_who_leaves_leaves_nothing_to_be_made_good_by_nobody(world: World) -> None:
    deal = at_gate(world)
    pass_it(world, deal, who=world.sales_head)
    leave(by=world.by("administrator"), person=world.sales_head, reason="retired", to=world.head)
    assert {risks.owing(one) for one in risks.open_lines(deal.pk)} == {world.head}


@pytest.mark.own_database
def test_two_heads_in_the_same_second_open_it_once(world: World) -> None:
    deal = at_gate(world)
    world.hear(deal, "sales_head")
    lines = taken(world, deal)
    version = fresh(deal).version

    def open_it(key: str) -> Callable[[], object]:
        return lambda: pass_at_risk(by=world.by(key), deal=deal, version=version, lines=lines)

    outcomes = together(open_it("head"), open_it("sales_head"))
    assert RiskDecision.objects.count() == 1
    assert GatePass.objects.filter(visit__deal=deal).count() == 1
    assert sum(isinstance(one, Refusal) for one in outcomes) == 1


def test_a_deal_outside_every_mandate_is_opened_at_risk_by_who_was_asked(world: World, tmp_path: Path) -> None:
    put_in_force(changed_pack(tmp_path / "pack", with_mandates(TEAM)))
    deal = world.deal()
    seat = Seat.objects.get(team=deal.team_id, role="FR")
    accept_seat(by=world.by("delivery"), membership=nominate(by=world.by("seller"), seat=seat, person=world.delivery))
    deal = figure(world, fresh(deal), "3")
    for key in ("seller", "delivery"):
        vote(by=world.by(key), deal=deal, approves=True)
    asked = queries.asked_now(fresh(deal))
    assert asked is not None
    assert asked.person == world.sales_head
    pass_it(world, deal, by="head")
    assert fresh(deal).stage.code == "MO1"
    assert queries.asked_now(fresh(deal)) is None
    assert risks.open_lines(deal.pk).exists()
    for line in risks.open_lines(deal.pk):
        make_good(by=world.by("seller"), line=line, words="the board agreed")
    assert not risks.open_lines(deal.pk).exists()
