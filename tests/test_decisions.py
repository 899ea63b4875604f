"""What a gate is decided by: figures that people state, votes that are taken back, and mandates."""

from __future__ import annotations

from typing import Any

import pytest
from click.testing import CliRunner
from django.db import DatabaseError, IntegrityError, transaction
from django.utils.translation import override

from api_caller import Caller
from earshot.cli.root import earshot
from earshot.deals import figures, queries
from earshot.deals.actions import change_deal, state_figures, vote, withdraw_vote
from earshot.deals.conditions import judged
from earshot.deals.decisions import MARGIN, Figure
from earshot.deals.models import Deal, Vote
from earshot.journal.actors import process
from earshot.journal.models import Entry
from earshot.journal.queries import tell
from earshot.kit import now
from earshot.kit.problems import Refusal
from worlds import World, later, said, snapshot


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
