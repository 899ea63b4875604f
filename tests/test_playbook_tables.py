"""The text of a part is edited as tables: it says exactly what was meant, and only the lines concerned are other ones."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from difflib import ndiff
from itertools import takewhile
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from earshot.playbooks import parts, tables
from earshot.playbooks.sources import PACKS, Sources
from earshot.playbooks.tables import ABSENT, add_row, move_row, read, remove_row, set_cell

SHIPPED = Sources.of_folder(PACKS / "iron-triangle-ltc").texts
# What a hurried hand types into a cell, and what YAML would take for something else.
WILD = [
    "a # b", "a: b", "- a", "-", "yes", "no", "off", "null", "~", "1", "1.5", "0x10", "1_000", "2026-01-01", "'q'", '"d"', "it's",
    "{a", "[", "a, b", "a}", "!x", "&a", "*a", "%", "@", "`", "a:", "#", "=", "<<", "|", ">", "? a", "--- a", "...", "", " ", "trail ",
    " lead", "two\nlines", "\ttab", "🙂 ok", "👩\u200d👧", "中文：“引”，句。", "الوضوح", "\u2028", "é\x85", "\ufeff", "a\r\nb",
    "deal.amount >= 100000.0 && team.empty_seats == 0", 'words.categories.exists(c, c.startsWith("rival"))',
]  # fmt: skip
texts = st.one_of(
    st.sampled_from(WILD),
    st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12),
    st.from_regex(r"[a-z-]{1,9}", fullmatch=True),
)
values = st.one_of(texts, texts, st.integers(-5, 10**7), st.booleans(), st.lists(texts, max_size=4))
names = st.sampled_from(["zh", "en", "minutes", "critical", "serves", "deciders", "when"])
LADDER = {"type": "array", "items": {"type": "object", "properties": {name: {} for name in ["name", "share"]}}}
FORM: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        name: {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {name: {} for name in ["code", "zh", "en", "minutes", "critical", "serves", "deciders", "when"]}
                | {"ladder": LADDER},
            },
        }
        for name in ("levels", "hearers")
    }
    | {"profile": {}},
}


@st.composite
def rungs(draw: Any) -> dict[str, Any]:
    return {"name": draw(texts), "share": draw(st.integers(1, 200))}


@st.composite
def rows(draw: Any, number: int = 0) -> dict[str, Any]:
    row: dict[str, Any] = {"code": f"r{number}"}
    for name in draw(st.lists(names, unique=True, max_size=4)):
        row[name] = draw(values)
    if draw(st.booleans()):
        row["ladder"] = draw(st.lists(rungs(), max_size=3))
    return row


@st.composite
def documents(draw: Any) -> tuple[str, dict[str, Any]]:
    """A part as somebody may have written it, and what it says."""
    said: dict[str, Any] = {}
    lines: list[str] = draw(st.sampled_from([[], ["# first: {a: b}", ""], ["---"], ["%YAML 1.1", "---"]]))[:]
    if draw(st.booleans()):
        said["profile"] = draw(values)
        lines.append(f"profile: {_flow(draw, said['profile'])}{_note(draw)}")
    for name in ("levels", "hearers"):
        said[name] = [draw(rows(number)) for number in range(draw(st.integers(0, 4)))]
        if not said[name]:
            lines.append(f"{name}: []{_note(draw)}")
        elif draw(st.integers(0, 5)) == 0:
            lines.append(f"{name}: {_flow(draw, said[name])}{_note(draw)}")
        else:
            lines.append(f"{name}:{_note(draw)}")
            lines += _block(draw, said[name], draw(st.integers(0, 4)))
        lines += draw(st.sampled_from([[], [], [""], ["# - code: r0"], ["", "    # deeper", ""]]))
    end = draw(st.sampled_from(["\n", "\r\n"]))
    text = end.join(lines) + draw(st.sampled_from([end, end, "", end + end]))
    assert yaml.safe_load(text) == said
    return text, said


def _note(draw: Any) -> str:
    return draw(st.sampled_from(["", "", "  # why: - {x", " #"]))  # type: ignore[no-any-return]


def _block(draw: Any, items: list[dict[str, Any]], indent: int) -> list[str]:
    lines = []
    gap = draw(st.integers(1, 3))
    pad, inner = " " * indent, " " * (indent + 1 + gap)
    for item in items:
        lines += draw(st.sampled_from([[], [], [f"{pad}# - code: r1 {{"], [""]]))
        if draw(st.booleans()):
            lines.append(f"{pad}-{' ' * gap}{_flow(draw, item)}{_note(draw)}")
            continue
        begun = False
        for name, value in item.items():
            before = inner if begun else f"{pad}-{' ' * gap}"
            begun = True
            if isinstance(value, list) and value and draw(st.booleans()):
                lines.append(f"{before}{name}:{_note(draw)}")
                deeper = indent + 1 + gap + draw(st.integers(0, 3))
                if isinstance(value[0], dict):
                    lines += _block(draw, value, deeper)
                else:
                    lines += [f"{' ' * deeper}- {_scalar(draw, one)}{_note(draw)}" for one in value]
            elif isinstance(value, str) and "\n" in value and value.isprintable() and draw(st.booleans()):
                lines += [f"{before}{name}: |-", *(f"{inner}  {line}" for line in value.split("\n"))]
            else:
                lines.append(f"{before}{name}: {_flow(draw, value)}{_note(draw)}")
            lines += draw(st.sampled_from([[], [], [], [f"{inner}# note"], [""]]))
    return lines


def _flow(draw: Any, value: Any) -> str:
    gap = draw(st.sampled_from(["", " "]))
    if isinstance(value, dict):
        return "{" + gap + ", ".join(f"{name}:  {_flow(draw, held)}" for name, held in value.items()) + gap + "}"
    if isinstance(value, list):
        return (
            "[" + gap + ",".join(f"{gap}{_flow(draw, held)}" for held in value) + (draw(st.sampled_from(["", ","])) if value else "") + "]"
        )
    return _scalar(draw, value)


def _scalar(draw: Any, value: Any) -> str:
    """By the library's own writer, which is not the one that is tested."""
    style = draw(st.sampled_from([None, "'", '"'])) if isinstance(value, str) else None
    written: str = (
        yaml.safe_dump(value, default_style=style, width=10**6, allow_unicode=draw(st.booleans())).removesuffix("...\n").strip("\n")
    )
    return written if _flat(written, value) else yaml.safe_dump(value, default_style='"', width=10**6, allow_unicode=False).strip("\n")


def _flat(written: str, value: Any) -> bool:
    try:
        return "\n" not in written and bool(yaml.safe_load(f"{{k: {written}, l: 1}}") == {"k": value, "l": 1})
    except yaml.YAMLError:
        return False


def strictly(one: Any) -> Any:
    """Of another type is another value: 1 is not true."""
    if isinstance(one, dict):
        return {name: strictly(held) for name, held in one.items()}
    if isinstance(one, list):
        return [strictly(held) for held in one]
    return (type(one).__name__, one)


def only_within(before: str, after: str, first: int, last: int) -> None:
    """The lines of the old text before line `first` and after line `last` (from 1) are those of the new one, to the byte."""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    assert new[: first - 1] == old[: first - 1]
    rest = old[last:]
    assert not rest or [line.rstrip("\r\n") for line in new[-len(rest) :]] == [line.rstrip("\r\n") for line in rest]
    assert "".join(rest) == "" or after.endswith("".join(rest))


def keeps_line_ends(before: str, after: str) -> None:
    if "\r\n" in before:
        assert after.replace("\r\n", "").count("\n") == before.replace("\r\n", "").count("\n") == 0
    elif "\n" in before:
        assert "\r" not in after


def lines_of(text: str, row: tables.TableRow, following: tables.TableRow | None) -> tuple[int, int]:
    return row.line, following.line - 1 if following else len(text.splitlines())


def begins_its_line(text: str, row: tables.TableRow) -> bool:
    """Whether nothing of the row before stands in the line in which the row begins."""
    return text.splitlines()[row.line - 1].lstrip().startswith(("-", "{"))


def pick(draw: Any, text: str) -> tuple[str, int, tables.Table] | None:
    found = [(name, number, table) for name, table in read(text, FORM).tables.items() for number in range(len(table.rows))]
    return draw(st.sampled_from(found)) if found else None


FEW = settings(max_examples=50, deadline=None)


@FEW
@given(st.data())
def test_a_cell_says_what_was_typed_and_nothing_else_changes(data: st.DataObject):
    text, said = data.draw(documents())
    chosen = pick(data.draw, text)
    if chosen is None:
        return
    table, number, whole = chosen
    name, value = data.draw(names), data.draw(st.one_of(values, st.just(ABSENT)))
    new = set_cell(text, f"{table}/r{number}/{name}", value)
    expected = copy.deepcopy(said)
    if value is ABSENT:
        expected[table][number].pop(name, None)
    else:
        expected[table][number][name] = value
    assert strictly(yaml.safe_load(new)) == strictly(expected)
    keeps_line_ends(text, new)
    if value is not ABSENT and strictly(said[table][number].get(name, ABSENT)) == strictly(value):
        assert new == text
    following = whole.rows[number + 1] if number + 1 < len(whole.rows) else None
    if following is None or begins_its_line(text, following):
        only_within(text, new, *lines_of(text, whole.rows[number], following))


@FEW
@given(st.data())
def test_a_row_is_added_where_it_was_meant_and_nothing_else_changes(data: st.DataObject):
    text, said = data.draw(documents())
    table = data.draw(st.sampled_from(["levels", "hearers"]))
    row = data.draw(rows(99))
    after = data.draw(st.sampled_from([None, "", *(one["code"] for one in said[table])]))
    new = add_row(text, table, row, after)
    expected = copy.deepcopy(said)
    place = len(said[table]) if after is None else 0 if after == "" else [one["code"] for one in said[table]].index(after) + 1
    expected[table].insert(place, row)
    assert strictly(yaml.safe_load(new)) == strictly(expected)
    keeps_line_ends(text, new)
    gone = [line for line in ndiff(text.splitlines(), new.splitlines()) if line.startswith("- ")]
    # Each line stays, but that of a table in one line.
    assert len(gone) <= (1 if said[table] == [] or "[" in "".join(gone) else 0), (
        "each line stays; of a table in one line, that one is another"
    )


@FEW
@given(st.data())
def test_a_row_is_removed_and_nothing_else_changes(data: st.DataObject):
    text, said = data.draw(documents())
    chosen = pick(data.draw, text)
    if chosen is None:
        return
    table, number, whole = chosen
    new = remove_row(text, table, f"r{number}")
    expected = copy.deepcopy(said)
    expected[table].pop(number)
    assert strictly(yaml.safe_load(new)) == strictly(expected)
    keeps_line_ends(text, new)
    if len(whole.rows) > 1:
        following = whole.rows[number + 1] if number + 1 < len(whole.rows) else None
        if following is None or begins_its_line(text, following):
            first, last = lines_of(text, whole.rows[number], following)
            only_within(text, new, first - len(noted_above(text, first)), last)


def noted_above(text: str, line: int) -> list[str]:
    """The comments right above a line."""
    return list(takewhile(lambda one: one.lstrip().startswith("#"), reversed(text.splitlines()[: line - 1])))


@FEW
@given(st.data())
def test_a_row_is_moved_and_only_its_lines_move(data: st.DataObject):
    text, said = data.draw(documents())
    chosen = pick(data.draw, text)
    if chosen is None:
        return
    table, number, whole = chosen
    after = data.draw(st.sampled_from([None, "", *(row.code for row in whole.rows)]))
    new = move_row(text, table, f"r{number}", after)
    expected = copy.deepcopy(said)
    codes = [row.code for row in whole.rows]
    follows = len(codes) - 1 if after is None else -1 if after == "" else codes.index(after)
    place = number if follows == number else follows if number <= follows else follows + 1
    expected[table].insert(place, expected[table].pop(number))
    assert strictly(yaml.safe_load(new)) == strictly(expected)
    keeps_line_ends(text, new)
    if place == number:
        assert new == text
    # In lines of their own: the same lines, in another order. A text in brackets may hold what YAML, too, takes for the end of a line.
    if whole.rows[-1].line > whole.rows[0].line and f"{table}: [" not in text:
        assert sorted(text.splitlines()) == sorted(new.splitlines())


@FEW
@given(st.data())
def test_a_row_that_is_moved_away_and_back_is_where_it_was(data: st.DataObject):
    part = data.draw(st.sampled_from(sorted(set(SHIPPED) - {"policies"})))
    text = SHIPPED[part]
    table = data.draw(st.sampled_from([one for one in read(text, parts.BY_NAME[part].schema).every() if len(one.rows) > 1]))
    number = data.draw(st.integers(0, len(table.rows) - 1))
    codes = ["", *(row.code for row in table.rows)]
    away = data.draw(st.sampled_from([*codes, None]))
    there = move_row(text, table.place, table.rows[number].code, away)
    assert sorted(there.splitlines()) == sorted(text.splitlines())
    if table.rows[number].code.isdecimal():  # addressed by its number, which is another one now
        return
    assert yaml.safe_load(move_row(there, table.place, table.rows[number].code, codes[number])) == yaml.safe_load(text)


NOTED = """levels:
  # Heads both rows below.
  - {code: a}
  - code: b
    zh: 乙  # behind
    # deeper: part of b

  # Its own.
  - {code: c}
  # Its own, too:
  # of two lines.
  - {code: d}
  # At the end of the table.
"""


def test_a_comment_goes_with_the_row_that_it_is_about_alone():
    assert remove_row(NOTED, "levels", "c") == NOTED.replace("  # Its own.\n  - {code: c}\n", "")
    assert remove_row(NOTED, "levels", "d") == NOTED.replace("  # Its own, too:\n  # of two lines.\n  - {code: d}\n", "")
    assert remove_row(NOTED, "levels", "a") == NOTED.replace("  - {code: a}\n", "")  # a heading stays while it heads anything
    both = remove_row(remove_row(NOTED, "levels", "a"), "levels", "b")
    assert both == NOTED[: NOTED.index("  # Heads")] + NOTED[NOTED.index("\n  # Its own.") :]
    moved = move_row(NOTED, "levels", "d", "a")
    assert moved.index("# Heads") < moved.index("{code: a}") < moved.index("# Its own, too:") < moved.index("code: b")
    assert "  # deeper: part of b\n\n  # Its own.\n  - {code: c}\n  # At the end" in move_row(NOTED, "levels", "d", "a")
    assert move_row(NOTED, "levels", "b", None).endswith(
        "  - {code: d}\n  - code: b\n    zh: 乙  # behind\n    # deeper: part of b\n  # At the end of the table.\n"
    )


def test_rows_parted_by_empty_lines_stay_parted_and_a_file_without_a_last_line_end_stays_so():
    parted = "levels:\n  - {code: a}\n\n  - {code: b}\n\n  - {code: c}"
    assert move_row(parted, "levels", "c", "a") == "levels:\n  - {code: a}\n\n  - {code: c}\n\n  - {code: b}"
    assert move_row(parted, "levels", "a", None) == "levels:\n  - {code: b}\n\n  - {code: c}\n\n  - {code: a}"
    assert move_row(parted, "levels", "b", "") == "levels:\n  - {code: b}\n\n  - {code: a}\n\n  - {code: c}"


@FEW
@given(st.data())
def test_rows_in_rows_are_edited_like_any_other(data: st.DataObject):
    text, said = data.draw(documents())
    chosen = pick(data.draw, text)
    if chosen is None:
        return
    table, number, _whole = chosen
    place, expected = f"{table}/r{number}/ladder", copy.deepcopy(said)
    ladder = expected[table][number].get("ladder")
    rung = data.draw(rungs())
    act = data.draw(st.sampled_from(["add", "set", "remove"])) if ladder else "add"
    if act == "add":
        at = data.draw(st.sampled_from([None, "", *map(str, range(len(ladder or [])))]))
        new = add_row(text, place, rung, at)
        expected[table][number].setdefault("ladder", [])
        ladder = expected[table][number]["ladder"]
        ladder.insert(len(ladder) if at is None else 0 if at == "" else int(at) + 1, rung)
    else:
        which = data.draw(st.integers(0, len(ladder or []) - 1))
        if act == "set":
            value = data.draw(values)
            new = set_cell(text, f"{place}/{which}/name", value)
            expected[table][number]["ladder"][which]["name"] = value
        else:
            new = remove_row(text, place, str(which))
            expected[table][number]["ladder"].pop(which)
    assert strictly(yaml.safe_load(new)) == strictly(expected)
    keeps_line_ends(text, new)


@FEW
@given(st.data())
def test_what_was_changed_and_changed_back_in_the_same_style_is_the_text_of_before(data: st.DataObject):
    part = data.draw(st.sampled_from(sorted(set(SHIPPED) - {"policies"})))  # which has no rows
    text = SHIPPED[part]
    cells = [cell for table in read(text, parts.BY_NAME[part].schema).every() for row in table.rows for cell in row.cells.values()]
    cell = data.draw(
        st.sampled_from([cell for cell in cells if cell.written and cell.column != "code" and not isinstance(cell.value, list)])
    )
    between = data.draw(texts)
    back = set_cell(set_cell(text, cell.place, between), cell.place, cell.value)
    assert yaml.safe_load(back) == yaml.safe_load(text)
    assert len([1 for old, new in zip(text.splitlines(), back.splitlines(), strict=True) if old != new]) <= 1
