"""Reading files by a map, without any table: what is taken, and what is told."""

from __future__ import annotations

import shutil
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
import yaml

from earshot.intake import maps, rules, tables
from earshot.intake.maps import Map, Names
from earshot.intake.rules import Taken
from earshot.kit.problems import Refusal
from worlds import said

FOLDER = Path(__file__).parent / "data_crm"
MAP = FOLDER / "crm.yaml"
NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
NAMES = Names(units={"key-accounts"}, roles={"AR", "SR"}, stages={"ML", "MO1", "MO4"}, currencies={"USD", "CNY"})


def read(folder: Path = FOLDER, map_: Map | None = None) -> Taken:
    map_ = map_ or maps.read(MAP, NAMES)
    return rules.take(tables.read_all(folder, map_), map_, NOW)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the small set, to be spoilt."""
    return Path(shutil.copytree(FOLDER, tmp_path / "crm"))


def spoil(path: Path, old: str, new: str) -> Path:
    text = path.read_text(encoding="utf-8", errors="surrogateescape")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8", errors="surrogateescape")
    return path


def refused(folder: Path, map_: Map | None = None) -> str:
    with pytest.raises(Refusal) as refusal:
        read(folder, map_)
    return said(refusal.value)


FOUND = {
    # file, line, column: code, value, whether the row was brought in
    ("accounts.csv", 5, "account"): ("value.twice", "Harrow Mills", False),
    ("accounts.csv", 7, "account"): ("value.empty", "", False),
    ("sales_teams.csv", 5, "manager"): ("value.empty", "", True),
    ("sales_teams.csv", 6, "sales_agent"): ("value.twice", "Ada Berg", False),
    ("sales_teams.csv", 7, "regional_office"): ("value.empty", "", True),
    ("sales_pipeline.csv", 4, "account"): ("account.empty", "", True),
    ("sales_pipeline.csv", 7, "engage_date"): ("date.unreadable", "2/30/2025", True),
    ("sales_pipeline.csv", 7, "product"): ("product.unknown", "Relay Nine", True),
    ("sales_pipeline.csv", 8, "close_date"): ("date.before_opening", "4/4/2025", True),
    ("sales_pipeline.csv", 8, "close_value"): ("amount.unreadable", "-20", True),
    ("sales_pipeline.csv", 9, "sales_agent"): ("seller.unknown", "Nobody Known", False),
    ("sales_pipeline.csv", 10, "account"): ("account.unknown", "Harow Mills", True),
    ("sales_pipeline.csv", 11, "opportunity_id"): ("value.twice", "OP-009", False),
    ("sales_pipeline.csv", 12, "deal_stage"): ("stage.unknown", "Dreaming", False),
    ("sales_pipeline.csv", 13, "close_date"): ("date.of_open_deal", "6/6/2025", True),
    ("sales_pipeline.csv", 13, "close_value"): ("amount.unreadable", "12345678901234567890", True),
    ("sales_pipeline.csv", 14, "engage_date"): ("date.future", "1/1/2031", True),
    ("sales_pipeline.csv", 15, "opportunity_id"): ("value.empty", "", False),
    ("sales_pipeline.csv", 16, "engage_date"): ("row.short", "", True),
    ("sales_pipeline.csv", 17, "…"): ("row.long", "beyond", True),
    ("sales_pipeline.csv", 18, "product"): ("text.unreadable", "Link B�sic", True),
}


def test_every_bad_value_is_told_with_file_line_and_value_and_nothing_else_is():
    found = {(bad.row.file, bad.row.line, bad.column): (bad.code, bad.value, bad.brought_in) for bad in read().found}
    assert found == FOUND


def test_each_finding_keeps_its_whole_row():
    bad = next(bad for bad in read().found if bad.code == "seller.unknown")
    assert bad.row.cells["opportunity_id"] == "OP-008"
    assert bad.row.cells["account"] == "Lumen Clinics"


def test_every_code_of_a_finding_has_its_sentence():
    assert {code for code, _value, _taken in FOUND.values()} <= set(rules.SENTENCES)


def test_a_row_with_a_bad_value_is_taken_without_it():
    deal = read().deals["OP-007"]
    assert (deal.closing, deal.amount, deal.closed_at) == ("won", None, None)
    assert deal.opened_at is not None
    assert read().deals["OP-006"].title == "Lumen Clinics"


def test_a_row_without_what_it_is_nothing_without_is_left_out():
    deals = read().deals
    assert {"OP-008", "OP-010", ""} & set(deals) == set()
    assert len(deals) == 13


def test_the_first_of_two_rows_with_one_key_wins():
    assert read().deals["OP-009"].account == ""  # the first names an account that nobody knows


def test_aliases_are_counted_and_are_no_findings():
    taken = read()
    assert taken.aliased == Counter({("product", "LinkPlus", "Link Plus"): 1, ("sector", "tranport", "transport"): 1})
    assert taken.deals["OP-002"].title == "Link Plus – Northwind Ferries"
    assert taken.accounts["Northwind Ferries"].sector == "transport"


def test_a_column_that_the_map_does_not_speak_of_is_named():
    assert read().unknown_columns == ["sales_pipeline.csv: comment"]


def test_spaces_are_trimmed_and_quotes_read():
    assert read().deals["OP-015"].seller == "Ada Berg"


def test_dates_begin_in_the_zone_of_the_map():
    opened = read().deals["OP-001"].opened_at
    assert opened is not None
    assert opened.isoformat() == "2024-10-20T00:00:00+08:00"


def test_amounts_are_exact():
    assert read().deals["OP-012"].amount == Decimal("99.50")


def test_an_account_belongs_to_the_seller_with_most_of_its_deals_the_first_name_of_several():
    owners = {name: account.owner for name, account in read().accounts.items()}
    assert owners == {"Northwind Ferries": "Ada Berg", "Harrow Mills": "Eli Stone", "Lumen Clinics": "Cleo Marsh", "Quiet Holdings": ""}


def test_a_missing_column_that_rows_can_do_without_is_one_finding(folder: Path):
    spoil(folder / "sales_pipeline.csv", ",account,", ",customer,")
    taken = read(folder)
    assert [(bad.row.line, bad.column) for bad in taken.found if bad.code == "column.missing"] == [(1, "account")]
    assert not [bad for bad in taken.found if bad.code == "account.empty"]
    assert {deal.account for deal in taken.deals.values()} == {""}


def test_a_missing_column_that_rows_are_nothing_without_refuses_and_guesses(folder: Path):
    spoil(folder / "sales_pipeline.csv", "sales_agent", "sales_agents")
    assert "sales_pipeline.csv: the column “sales_agent” is missing; did you mean “sales_agents”?" in refused(folder)


def test_a_column_twice_refuses(folder: Path):
    spoil(folder / "sales_pipeline.csv", ",product,", ",account,")
    assert "the column “account” is there twice" in refused(folder)


def test_every_file_that_cannot_be_read_is_named_at_once(folder: Path):
    (folder / "accounts.csv").unlink()
    (folder / "products.csv").write_text("")
    text = refused(folder)
    assert "accounts.csv: the file cannot be read" in text
    assert "products.csv: the file is empty" in text


def test_an_open_quote_refuses_instead_of_swallowing_the_rest(folder: Path):
    spoil(folder / "sales_pipeline.csv", "OP-005,", '"OP-005,')
    assert "sales_pipeline.csv: the row that begins in line 6 is not CSV" in refused(folder)


def test_utf_16_is_named(folder: Path):
    (folder / "accounts.csv").write_text("account,sector\nA,b\n", encoding="utf-16")
    assert "accounts.csv: the file is UTF-16; save it as CSV in UTF-8" in refused(folder)


def test_gb18030_is_read_when_the_map_says_so(folder: Path):
    data = yaml.safe_load(MAP.read_text()) | {"encoding": "gb18030"}
    path = folder / "gb.yaml"
    path.write_text(yaml.safe_dump(data, allow_unicode=True))
    (folder / "accounts.csv").write_bytes("account,sector\n江河水务,公用事业\n".encode("gb18030"))
    assert read(folder, maps.read(path, NAMES)).accounts["江河水务"].sector == "公用事业"


def test_nul_and_very_long_values_are_told(folder: Path):
    spoil(folder / "accounts.csv", "Lumen Clinics,medical", f"{'L' * 161},med\x00ical")
    found = {(bad.column, bad.code, bad.brought_in) for bad in read(folder).found if bad.row.file == "accounts.csv" and bad.row.line == 4}
    assert found == {("account", "value.too_long", False), ("sector", "text.unreadable", False)}


def test_a_row_over_several_lines_is_named_by_its_first(folder: Path):
    spoil(folder / "sales_pipeline.csv", "OP-002,Ada Berg,LinkPlus", 'OP-002,Ada Berg,"Link\nPlus"')
    taken = read(folder)
    assert taken.deals["OP-002"].title == "Link Plus – Northwind Ferries"
    assert [bad.row.line for bad in taken.found if bad.code == "account.empty"] == [5]


def spoilt_map(tmp_path: Path, **changes: object) -> Path:
    path = tmp_path / "map.yaml"
    path.write_text(yaml.safe_dump(yaml.safe_load(MAP.read_text()) | changes))
    return path


def map_refused(path: Path) -> str:
    with pytest.raises(Refusal) as refusal:
        maps.read(path, NAMES)
    return said(refusal.value)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"unit": "key-account"}, "map.yaml unit: no unit has the code “key-account”; did you mean “key-accounts”?"),
        ({"role": "AX"}, "map.yaml role: no role has the code “AX”"),
        ({"currency": "USX"}, "map.yaml currency: no currency has the code “USX”; did you mean “USD”?"),
        ({"zone": "Mars/Olympus"}, "there is no time zone “Mars/Olympus”"),
        ({"date": "%H:%M"}, "does not read a day, month and year"),
        ({"stages": {"Open": {"stage": "MO9"}}}, "map.yaml stages/Open/stage: no stage has the code “MO9”"),
        ({"stages": {"Gone": {"stage": "MO1", "closing": "lost"}}}, "a lost deal needs a reason"),
        ({"stages": {"Gone": {"stage": "MO1", "closing": "maybe"}}}, "map.yaml stages/Gone/closing: 'maybe' is not one of"),
        ({"accounts": {"file": "a.csv", "columns": {"x": "sector"}}}, "map.yaml accounts/columns: no column is mapped to “name”"),
        ({"accounts": {"file": "a.csv", "columns": {"x": "name", "y": "name"}}}, "two columns are mapped to “name”"),
        ({"accounts": {"file": "../../etc/passwd", "columns": {"x": "name"}}}, "map.yaml accounts/file"),
        ({"surprise": 1}, "'surprise' was unexpected"),
    ],
)
def test_a_map_is_checked_before_anything_is_read(tmp_path: Path, changes: dict[str, object], words: str):
    assert words in map_refused(spoilt_map(tmp_path, **changes))


def test_what_is_no_yaml_and_what_is_no_file_is_refused(tmp_path: Path):
    (tmp_path / "bad.yaml").write_text("a: [")
    assert "This is not YAML" in map_refused(tmp_path / "bad.yaml")
    (tmp_path / "empty.yaml").write_text("")
    assert "cannot be used" in map_refused(tmp_path / "empty.yaml")
    assert "cannot be read" in map_refused(tmp_path / "none.yaml")


def test_the_shipped_map_is_found_by_its_name_and_can_be_read():
    assert maps.read(maps.locate("crm-sales"), NAMES).source == "crm-sales"
