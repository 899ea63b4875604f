"""What a gate is decided by: figures that people state, votes that are taken back, and mandates."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils.translation import override

from api_caller import Caller
from earshot.cli.root import earshot
from earshot.deals import figures, gates, mandates, queries
from earshot.deals.actions import change_deal, state_figures, vote, withdraw_vote
from earshot.deals.conditions import judged
from earshot.deals.decisions import MARGIN, Figure
from earshot.deals.models import Deal, GatePass, Vote
from earshot.desk.queries import my_day
from earshot.journal.actors import process
from earshot.journal.models import Entry
from earshot.journal.queries import tell
from earshot.kit import now
from earshot.kit.problems import Refusal
from earshot.playbooks import packs
from earshot.playbooks.queries import known
from earshot.playbooks.sources import Sources
from earshot.teams.actions import accept_seat, nominate
from earshot.teams.models import Seat
from worlds import World, changed_pack, later, plain, put_in_force, said, snapshot, spoken


def fresh(deal: Deal) -> Deal:
    return Deal.objects.get(pk=deal.pk)


def told(deal: Deal, verb: str, language: str = "en") -> list[str]:
    """The sentences of the journal's entries of this verb about the deal."""
    entries = Entry.objects.filter(verb=verb, objects_touched__object_id=deal.pk).order_by("seq").distinct()
    with override(language):
        return [str(one.sentence) for one in tell(entries)]


# Figures.


def test_a_figure_is_stated_by_a_person_with_its_source_and_the_one_before_stays(world: World) -> None:
    deal = world.deal()
    state_figures(by=world.by("seller"), deal=deal, version=1, gross_margin="28.5%", days_to_cash="60", source="estimate of Monday")
    with later(hours=1):
        state_figures(by=world.by("seller"), deal=deal, version=2, gross_margin="22", source="offer of Tuesday")
    stands = figures.standing(deal)
    assert {name: (figures.plain(row.value), row.person, row.source) for name, row in stands.items()} == {
        "offer.gross_margin": ("22", world.seller, "offer of Tuesday"),
        "offer.days_to_cash": ("60", world.seller, "estimate of Monday"),
    }
    assert [figures.plain(row.value) for row in figures.stated(deal.pk) if row.name == MARGIN] == ["22", "28.5"]
    assert told(deal, "deals.figures_stated")[0].endswith(
        "Gross margin: 28.5%; Days until the cash is in: 60 days (from: estimate of Monday)"
    )
    assert "毛利率：28.5%；回款天数：60 天（出处：estimate of Monday）" in told(deal, "deals.figures_stated", "zh-hans")[0]


def test_conditions_may_speak_of_figures_and_what_nobody_stated_is_not_known(world: World) -> None:
    deal = world.deal()
    judgement = judged(deal, "offer.gross_margin >= 25.0 && offer.days_to_cash <= 90")
    assert (judgement.met, list(judgement.unknown)) == (None, ["offer.gross_margin", "offer.days_to_cash"])
    state_figures(by=world.by("seller"), deal=deal, version=1, gross_margin="25", days_to_cash=90, source="x")
    assert judged(deal, "offer.gross_margin >= 25.0 && offer.days_to_cash <= 90").met is True


def test_the_database_neither_changes_nor_forgets_a_figure_nor_takes_one_without_a_source(world: World) -> None:
    deal = world.deal()
    [row] = state_figures(by=world.by("seller"), deal=deal, version=1, gross_margin="25", source="x")
    for attempt in (lambda: Figure.objects.update(value=30), lambda: Figure.objects.all().delete()):
        with pytest.raises(DatabaseError), transaction.atomic():
            attempt()
    for wrong in ({"source": ""}, {"name": "offer.luck"}):
        given: dict[str, Any] = {"name": MARGIN, "value": 1, "source": "x"} | wrong
        with pytest.raises(IntegrityError), transaction.atomic():
            Figure.objects.create(deal=deal, person=world.seller, at=now(), **given)
    assert list(Figure.objects.all()) == [row]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"gross_margin": "much"}, "gross_margin"),
        ({"gross_margin": "101"}, "gross_margin"),
        ({"gross_margin": "NaN"}, "gross_margin"),
        ({"gross_margin": "1e400"}, "gross_margin"),
        ({"gross_margin": "1.234"}, "gross_margin"),
        ({"advance_share": "-1"}, "advance_share"),
        ({"days_to_cash": "30.5"}, "days_to_cash"),
        ({"days_to_cash": "99999"}, "days_to_cash"),
        ({"gross_margin": " "}, "gross_margin"),
        ({"gross_margin": "20", "source": " "}, "source"),
        ({"gross_margin": "20", "source": "x" * 301}, "source"),
        ({"gross_margin": "20", "source": "a\x00b"}, "source"),
    ],
)
def test_what_is_wrong_with_a_figure_is_said_beside_its_field_and_nothing_is_kept(world: World, given: dict[str, str], field: str) -> None:
    deal = world.deal()
    before = snapshot()
    with pytest.raises(Refusal) as refused:
        state_figures(by=world.by("seller"), deal=deal, version=1, **({"source": "x"} | given))
    assert list(refused.value.fields) == [field]
    assert snapshot() == before


def test_only_who_works_on_the_deal_states_figures_on_what_was_seen_and_in_person(world: World) -> None:
    deal = world.deal()
    given: dict[str, Any] = {"deal": deal, "gross_margin": "25", "source": "x"}
    for by, version, code in (
        (world.by("engineer"), 1, "deal.not_yours"),
        (world.by("seller"), 7, "stale"),
        (process("import"), 1, None),
    ):
        with pytest.raises(Refusal) as refused:
            state_figures(by=by, version=version, **given)
        assert code in (None, refused.value.code)
    assert not Figure.objects.exists()


def test_other_figures_let_votes_lapse_and_the_journal_says_whose_and_why(world: World) -> None:
    deal = world.ready_deal()
    vote(by=world.by("head"), deal=deal, approves=False, reason="too early")
    state = fresh(deal)
    state_figures(by=world.by("seller"), deal=state, version=state.version, gross_margin="12", source="estimate")
    assert Vote.objects.get(visit__deal=deal).replaced_at is not None
    [sentence] = told(deal, "deals.votes_lapsed")
    assert world.head.name in sentence
    assert sentence.endswith("count no more: the figures are others now")


def test_the_same_figure_from_another_source_lets_no_vote_lapse(world: World) -> None:
    deal = fresh(world.ready_deal())
    state_figures(by=world.by("seller"), deal=deal, version=deal.version, gross_margin="12", source="estimate")
    vote(by=world.by("head"), deal=deal, approves=False, reason="too early")
    deal = fresh(deal)
    state_figures(by=world.by("seller"), deal=deal, version=deal.version, gross_margin="12.0", source="offer")
    assert Vote.objects.get(visit__deal=deal).replaced_at is None


def test_another_amount_lets_votes_lapse_and_the_journal_says_so(world: World) -> None:
    deal = fresh(world.ready_deal())
    vote(by=world.by("head"), deal=deal, approves=False, reason="too early")
    change_deal(by=world.by("seller"), deal=deal, version=deal.version, amount="2200000")
    [sentence] = told(deal, "deals.votes_lapsed")
    assert world.head.name in sentence
    assert sentence.endswith("the customer or the amount is another now")


# A vote taken back.


def test_a_vote_is_taken_back_by_its_voter_alone_and_stays_on_record(world: World) -> None:
    deal = fresh(world.ready_deal())
    vote(by=world.by("head"), deal=deal, approves=False, reason="too early")
    with pytest.raises(Refusal) as refused:
        withdraw_vote(by=world.by("seller"), deal=deal)
    assert refused.value.code == "vote.none"
    withdraw_vote(by=world.by("head"), deal=deal, version=deal.version)
    assert queries.live_votes(queries.open_visit(deal)) == []
    assert Vote.objects.filter(visit__deal=deal, replaced_at__isnull=False).count() == 1
    assert told(deal, "deals.vote_withdrawn")[0].startswith(f"{world.head.name} took back the vote")
    with pytest.raises(Refusal) as twice:
        withdraw_vote(by=world.by("head"), deal=deal)
    assert "no vote at this gate" in said(twice.value)
    vote(by=world.by("head"), deal=deal, approves=True)
    assert Vote.objects.filter(visit__deal=deal, person=world.head, approves=True).exists()


# Every door.


def test_by_the_api_figures_are_stated_and_listed_the_newest_first(world: World) -> None:
    deal = world.deal()
    caller = Caller(world.seller)
    made = caller.post(f"/deals/{deal.pk}/figures", {"gross_margin": "28.5", "source": "estimate"}, if_match='"1"')
    assert made.status == 201, made
    found = caller.get(f"/deals/{deal.pk}/figures")["items"]
    assert [(row["name"], row["value"], row["source"], row["person"]["name"]) for row in found] == [
        ("offer.gross_margin", "28.5", "estimate", world.seller.name)
    ]
    assert Caller(world.engineer).get(f"/deals/{deal.pk}/figures").status == 404


def test_by_the_command_line_figures_are_stated_and_votes_taken_back(world: World) -> None:
    deal = fresh(world.ready_deal())
    vote(by=world.by("head"), deal=deal, approves=False, reason="too early")

    def run(*words: str, by: str) -> str:
        done = CliRunner().invoke(earshot, ["--language", "en", "deals", *words, "--as", by])
        assert done.exit_code == 0, done.output
        return done.output

    assert "28.5%" in run("state", deal.number, "--gross-margin", "28.5", "--source", "estimate", by=world.seller.name)
    assert "estimate" in run("figures", deal.number, by=world.seller.name)
    vote(by=world.by("head"), deal=deal, approves=False, reason="too early")
    run("withdraw-vote", deal.number, by=world.head.name)
    assert queries.live_votes(queries.open_visit(deal)) == []


# Mandates.

TEAM = {"code": "team", "zh": "作战单元", "en": "The team", "role": "FR", "gate": "ATC", "within": "offer.gross_margin >= 25.0"}
MAKERS = {
    "code": "makers",
    "zh": "销售决策人",
    "en": "Decision makers",
    "role": "SDT",
    "gate": "ATC",
    "within": "offer.gross_margin >= 10.0",
}


def with_mandates(*mandates: dict[str, Any]) -> Any:
    """One gate at the end of the first stage, where owner, delivery and the decision makers decide."""

    def change(parts: dict[str, Any]) -> None:
        plain(parts)
        process = parts["process"]
        gate = next(row for row in process["gates"] if row["code"] == "ATC")
        process["gates"] = [{**gate, "stage": "ML", "conditions": []}]
        process["mandates"] = [dict(row) for row in mandates]

    return change


def findings(folder: Path, *mandates: dict[str, Any]) -> list[str]:
    found = packs.check(Sources.of_folder(changed_pack(folder, with_mandates(*mandates))), known())
    return [spoken(finding.as_line().sentence) for finding in found if "mandates" in finding.place]


@pytest.fixture
def at_gate(world: World, tmp_path: Path) -> Deal:
    """A deal before the gate, of which nothing was said: only figures and votes are wanting."""
    put_in_force(changed_pack(tmp_path / "pack", with_mandates(TEAM, MAKERS)))
    deal = world.deal()
    seat = Seat.objects.get(team=deal.team_id, role="FR")
    accept_seat(by=world.by("delivery"), membership=nominate(by=world.by("seller"), seat=seat, person=world.delivery))
    return fresh(deal)


def figure(world: World, deal: Deal, margin: str) -> Deal:
    deal = fresh(deal)
    state_figures(by=world.by("seller"), deal=deal, version=deal.version, gross_margin=margin, source="estimate")
    return fresh(deal)


def review(deal: Deal) -> dict[str, list[tuple[bool | None, bool, str]]]:
    found = gates.review(fresh(deal))
    assert found is not None
    lines: dict[str, list[tuple[bool | None, bool, str]]] = {}
    for one in found.conditions:
        lines.setdefault(one.line.code, []).append((one.met, one.warns, spoken(one.line.sentence)))
    return lines


def asked(world: World, key: str, deal: Deal) -> bool:
    return any(line.cause == "vote" and line.target.id == deal.pk for line in my_day(world.people[key]))


@pytest.mark.req("B9.1a", breaks="earshot.deals.rules.covering")
def test_inside_the_mandate_the_team_decides_itself_at_once_and_the_record_says_so(world: World, at_gate: Deal) -> None:
    deal = figure(world, at_gate, "30")
    assert not asked(world, "head", deal)
    vote(by=world.by("seller"), deal=deal, approves=True)
    vote(by=world.by("delivery"), deal=deal, approves=True)
    assert fresh(deal).stage.code == "MO1"
    [record] = GatePass.objects.filter(visit__deal=deal)
    said = [line["sentence"]["en"] for line in record.lines if line["code"] == "gate.within_mandate"]
    assert [sentence.startswith("Within the mandate “The team”: ") for sentence in said] == [True]


@pytest.mark.req("B9.1a", breaks="earshot.deals.rules.covering")
def test_who_is_relieved_by_a_mandate_is_not_asked_and_cannot_stop_the_team(world: World, at_gate: Deal) -> None:
    deal = figure(world, at_gate, "30")
    with pytest.raises(Refusal) as refused:
        vote(by=world.by("head"), deal=deal, approves=False, reason="I would not")
    assert refused.value.code == "vote.within_mandate"


def test_outside_the_teams_mandate_the_next_one_is_asked(world: World, at_gate: Deal) -> None:
    deal = figure(world, at_gate, "15")
    vote(by=world.by("seller"), deal=deal, approves=True)
    vote(by=world.by("delivery"), deal=deal, approves=True)
    assert fresh(deal).stage.code == "ML"
    assert any(line.cause == "decision" and line.target.id == deal.pk for line in my_day(world.head))
    vote(by=world.by("head"), deal=deal, approves=True)
    assert fresh(deal).stage.code == "MO1"


def test_where_no_mandate_covers_it_nobody_opens_the_gate(world: World, at_gate: Deal) -> None:
    deal = figure(world, at_gate, "5")
    for key in ("seller", "delivery", "head"):
        vote(by=world.by(key), deal=deal, approves=True)
    assert fresh(deal).stage.code == "ML"
    [(met, warns, sentence)] = review(deal)["gate.outside_mandates"]
    assert (met, warns) == (False, False)
    assert "Decision makers" in sentence


def test_without_figures_nobody_is_relieved_and_a_line_says_which_are_wanting(world: World, at_gate: Deal) -> None:
    [(met, warns, sentence)] = review(at_gate)["gate.mandate_unknown"]
    assert (met, warns) == (None, True)
    assert "offer.gross_margin" in sentence
    for key in ("seller", "delivery", "head"):
        vote(by=world.by(key), deal=at_gate, approves=True)
    assert fresh(at_gate).stage.code == "MO1"


@pytest.mark.req("B12.4a")
def test_sales_alone_decides_nothing_inside_a_mandate_either(world: World, at_gate: Deal) -> None:
    deal = figure(world, at_gate, "30")
    vote(by=world.by("seller"), deal=deal, approves=True)
    assert fresh(deal).stage.code == "ML"


def test_a_mandate_of_a_unit_is_for_deals_of_it_and_those_below(world: World, tmp_path: Path) -> None:
    put_in_force(changed_pack(tmp_path / "pack", with_mandates(TEAM | {"unit": "solutions"}, MAKERS)))
    deal = figure(world, world.deal(), "30")
    assert mandates.authority(deal, gates.gate_of(deal)).covers.code == "makers"  # type: ignore[union-attr, arg-type]  # it is before the gate
    put_in_force(changed_pack(tmp_path / "other", with_mandates(TEAM | {"unit": "company"}, MAKERS)))
    deal = figure(world, world.deal("another"), "30")
    assert mandates.authority(deal, gates.gate_of(deal)).covers.code == "team"  # type: ignore[union-attr, arg-type]


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ([TEAM | {"role": "SR"}], "this role does not decide at the gate"),
        ([TEAM | {"role": "FRX"}], "no role has the code “FRX”"),
        ([TEAM | {"gate": "ATX"}], "no gate has the code “ATX”"),
        ([TEAM | {"unit": "nowhere"}], "no unit has the code “nowhere”"),
        ([TEAM | {"within": "offer.luck > 1.0"}], "nothing provides the fact “offer.luck”"),
        (
            [TEAM | {"within": "offer.gross_margin > 30.0 && offer.gross_margin < 20.0"}],
            "no deal is ever within it",
        ),
        ([TEAM, MAKERS | {"within": "offer.gross_margin >= 40.0"}], "those before it take every deal"),
        ([TEAM, TEAM | {"code": "again", "within": "offer.gross_margin >= 10.0"}], "would come back to the same people"),
        ([TEAM | {"role": "AR"}, MAKERS, TEAM | {"code": "later", "within": "offer.gross_margin >= 1.0"}], "sales alone would decide"),
    ],
)
def test_a_mandate_that_gives_nothing_or_too_much_is_refused(
    world: World, tmp_path: Path, rows: list[dict[str, Any]], sentence: str
) -> None:
    assert any(sentence in found for found in findings(tmp_path / "pack", *rows)), findings(tmp_path / "other", *rows)


def test_sound_mandates_are_not_refused(world: World, tmp_path: Path) -> None:
    assert findings(tmp_path / "pack", TEAM, MAKERS) == []
    assert findings(tmp_path / "units", TEAM | {"unit": "solutions"}, TEAM | {"code": "b", "unit": "delivery"}, MAKERS) == []


def test_my_day_asks_as_many_statements_for_many_gates_with_mandates_as_for_few(world: World, at_gate: Deal) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as caught:
            my_day(world.head)
        return len(caught)

    figure(world, world.deal("one more"), "15")
    few = count()
    for n in range(4):
        figure(world, world.deal(f"more {n}"), "15")
    assert count() == few
