"""The plain tools: now, ids, texts, amounts, refusals as data, registries."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from earshot.kit import clock, now, texts, uuid7
from earshot.kit.problems import Line, Ref, Refusal, forbidden, in_both, missing, say, stale, wrong
from earshot.kit.registry import Registry
from worlds import MONDAY


def test_now_is_aware_in_utc_and_moves_only_where_somebody_moved_it() -> None:
    before = datetime.now(UTC)  # noqa: TID251 - against what it stands for
    assert before <= now() <= datetime.now(UTC)  # noqa: TID251
    with clock.standing_still(MONDAY):
        assert now() == MONDAY
        assert now().utcoffset() == timedelta(0)
        seen: list[datetime] = []
        thread = threading.Thread(target=lambda: seen.append(now()))
        thread.start()
        thread.join()
        assert seen[0] != MONDAY
    assert now() >= before


def test_a_naive_moment_cannot_be_now() -> None:
    with pytest.raises(ValueError), clock.standing_still(datetime(2026, 1, 1)):
        pass


def test_ids_are_version_7_and_ordered_by_their_making() -> None:
    made = [uuid7() for _number in range(1000)]
    assert {one.version for one in made} == {7}
    assert made == sorted(made)
    assert len(set(made)) == 1000


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("2105000", "2105000.00"),
        ("2,105,000.5", "2105000.50"),
        ("2，105", "2105.00"),
        ("210万", "2100000.00"),
        ("1.5亿", "150000000.00"),
        ("1亿5000万", "150000000.00"),
        ("2千万元", "20000000.00"),
        ("￥210.5 万", "2105000.00"),
        ("¥2,105,000", "2105000.00"),
        ("２１０．５万", "2105000.00"),
        ("人民币 3 百万", "3000000.00"),
        ("US$ 2,105", "2105.00"),
        ("2,105,000.50 CNY", "2105000.50"),
        (" 0 ", "0.00"),
        ("1e3", "1000.00"),
        (Decimal("7.25"), "7.25"),
    ],
)
def test_an_amount_is_read_as_people_write_it(typed: Any, kept: str) -> None:
    assert str(texts.amount("amount", typed)) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "-1",
        "1.005",
        "1000000000000",
        "NaN",
        "Infinity",
        "-inf",
        "two",
        "1 2",
        "0x10",
        "sNaN",
        "1e999",
        "1e-999999999",
        "2,10",
        "1,5亿",
        "万",
        "1万5",
        "1亿亿",
        "1万亿",
    ],
)
def test_an_amount_that_is_none_is_refused_beside_its_field(typed: str) -> None:
    with pytest.raises(Refusal) as refused:
        texts.amount("amount", typed)
    assert set(refused.value.fields) == {"amount"}


def test_a_sign_of_another_currency_is_refused() -> None:
    assert str(texts.amount("amount", "¥210万", "CNY")) == "2100000.00"
    assert str(texts.amount("amount", "$5", "USD")) == "5.00"
    with pytest.raises(Refusal) as refused:
        texts.amount("amount", "¥210万", "USD")
    with override("en"):
        assert "“¥” is not USD" in str(refused.value)


def test_an_empty_amount_is_not_known_yet() -> None:
    assert texts.amount("amount", None) is texts.amount("amount", "  ") is None


def test_text_is_trimmed_bounded_and_required_unless_said_otherwise() -> None:
    assert texts.text("x", "  a b ") == "a b"
    assert texts.text("x", None, required=False) == ""
    for value, most in (("", 10), ("\u3000 ", 10), ("abc", 2), ("a\x00", 10), ("\udc00", 10)):
        with pytest.raises(Refusal) as refused:
            texts.text("x", value, most=most)
        assert set(refused.value.fields) == {"x"}


def test_what_cannot_be_stored_is_taken_out_where_refusing_is_not_allowed() -> None:
    assert texts.storable("a\x00b\ud800c👍") == "abc👍"


def test_what_happened_does_not_lie_ahead_or_in_a_past_that_nobody_means() -> None:
    assert texts.past("at", MONDAY, MONDAY) == MONDAY
    for moment in (MONDAY + timedelta(seconds=1), MONDAY.replace(year=1989)):
        with pytest.raises(Refusal):
            texts.past("at", moment, MONDAY)


def test_a_sentence_is_read_in_the_language_of_whoever_reads_it() -> None:
    sentence = say(_("At most {most} characters; this has {length}."), most=3, length=5)
    with override("en"):
        assert str(sentence) == "At most 3 characters; this has 5."
    assert in_both(sentence)["en"] == "At most 3 characters; this has 5."
    assert set(in_both(sentence)) == {"zh-hans", "en"}


def test_a_refusal_is_data_and_every_kind_has_its_status() -> None:
    one = Line("code", "sentence", about=Ref("deal", uuid7(), "D-1"), who="x", act="vote")
    assert one.spoken()["about"]["kind"] == "deal"
    assert (wrong("f", "x").status, missing().status, forbidden("c", "x").status, stale("x", [one]).status) == (422, 404, 403, 412)
    assert str(Refusal("c", "no", lines=[one], fields={"f": "bad"})) == "no\nf: bad\nsentence"


def test_an_unknown_name_says_what_would_have_been_right_and_a_second_owner_is_refused() -> None:
    names: Registry[object] = Registry("colour")
    first = names.add("amber", object())
    assert names.add("amber", first) is first
    with pytest.raises(KeyError, match="did you mean 'amber'"):
        names["ambre"]
    with pytest.raises(ValueError, match="registered twice"):
        names.add("amber", object())
    assert "amber" in names
    assert names.get("red") is None
