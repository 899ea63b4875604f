"""Leads from a list of another system: once each, waiting for whoever answers for them, and never anybody's own act."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction

from api_caller import Caller
from earshot.cli.root import earshot
from earshot.clocks.models import Clock
from earshot.deals import leads
from earshot.deals.actions import bring_in_lead, open_deal_of_lead, set_lead_account, take_up_lead
from earshot.deals.lead_tables import NEW, Lead, LeadTurn
from earshot.desk.queries import my_day
from earshot.intake import lead_actions, queries
from earshot.intake.maps import FIELDS, LEADS
from earshot.intake.models import Batch, Finding
from earshot.journal.models import Entry
from earshot.journal.queries import orphans
from earshot.kit.problems import Refusal
from earshot.people import standing
from earshot.people.models import Person
from earshot.voice.models import Hearing, Item
from pages import Visitor
from worlds import AIM, MONDAY, World, said

HEADER = "id,what,company,who,post,day,where,topic,ours"
ROWS = [
    'E-1,"盐池站明年要搬，\n两条链路都得换",青石水电,罗刚,机房主管,2025-03-01,展会,场地,{seller}',
    "E-2,他们的合同六月到期,{account},,,,展会,,",
    "E-1,第二次登记,青石水电,,,,,,",
    "E-3,,云岭能源,,,,,,",
    "E-4,想要报价,,,,,,,",
    "E-5,听说要扩容,玉泉水务,王工,,2999-01-01,传闻,天气,没有这个人",
]


def folder_of(tmp_path: Path, world: World, rows: list[str] = ROWS, **other: Any) -> tuple[Path, Path]:
    """A list and its map. `other`: keys of the map; None leaves one out."""
    names = {"seller": world.seller.name, "account": world.accounts["harbour"].name}
    (tmp_path / "leads.csv").write_text("\n".join([HEADER, *rows]).format(**names), encoding="utf-8")
    columns = {"id": "id", "what": "words", "company": "customer", "who": "speaker", "post": "speaker_title", "day": "said_on"}
    map_ = {
        "source": "fair",
        "date": "%Y-%m-%d",
        "zone": "Asia/Shanghai",
        "reporter": world.delivery.name,
        "lead_source": "other",
        "lead_sources": {"展会": "exchange"},
        "categories": {"场地": "site"},
        "leads": {"file": "leads.csv", "columns": columns | {"where": "source", "topic": "category", "ours": "reporter"}},
    }
    path = tmp_path / "map.yaml"
    kept = {name: value for name, value in (map_ | other).items() if value is not None}
    path.write_text(yaml.safe_dump(kept, allow_unicode=True), encoding="utf-8")
    return tmp_path, path


def bring(folder: Path, path: Path, by: Person | None = None) -> Batch:
    map_, taken = lead_actions.look(folder, path, ordered_by=by)
    return lead_actions.take_in(map_, taken, ordered_by=by)


def lead(key: str) -> Lead:
    return leads.as_it_stands(Lead.objects.get(outside_id=f"fair:{key}").pk)


def found(batch: Batch) -> set[tuple[int, str, str, bool]]:
    return {(row.line, row.column, row.code, row.brought_in) for row in queries.findings(batch)}


def test_a_list_comes_in_word_for_word_and_somebody_answers_for_each(world: World, tmp_path: Path) -> None:
    bring(*folder_of(tmp_path, world))
    first = lead("E-1")
    assert first.said.words == "盐池站明年要搬，\n两条链路都得换"
    assert (first.said.customer, first.said.speaker_name, first.said.speaker_title) == ("青石水电", "罗刚", "机房主管")
    assert (first.source, first.said.category, first.said.said_at.isoformat()) == ("exchange", "site", "2025-02-28T16:00:00+00:00")
    assert (first.reporter, first.origin, first.owner) == (world.seller, "AR", world.sales_head)
    second = lead("E-2")
    assert (second.account, second.owner, second.reporter) == (world.accounts["harbour"], world.accounts["harbour"].owner, world.delivery)
    assert second.origin == ""  # named for the whole list: it counts for no role
    assert lead("E-5").source == "other"
    assert {row.state for row in (first, second)} == {NEW}
    assert Clock.objects.get(object_id=first.pk).started_at == MONDAY
    assert [line.cause for line in my_day(world.sales_head) if line.target.id == first.pk] == ["lead"]
    assert leads.sees(world.seller, first)
    assert not leads.sees(world.stranger, first)
    assert [one.pk for one in leads.containing(world.sales_head, leads.visible_to(world.sales_head), "qssd")] == [first.pk]
    assert orphans() == []
    assert not standing.differences()


def test_what_is_bad_is_told_by_line_and_column_and_the_rest_comes_in(world: World, tmp_path: Path) -> None:
    batch = bring(*folder_of(tmp_path, world))
    assert found(batch) == {
        (5, "id", "value.twice", False),
        (6, "what", "value.empty", False),
        (7, "company", "value.empty", False),
        (8, "day", "date.future", True),
        (8, "where", "lead_source.unknown", True),
        (8, "topic", "category.unknown", True),
        (8, "ours", "reporter.unknown", True),
    }
    assert sorted(Lead.objects.filter(outside_id__isnull=False).values_list("outside_id", flat=True)) == [
        "fair:E-1",
        "fair:E-2",
        "fair:E-5",
    ]


@pytest.mark.req("law 13", breaks="earshot.deals.actions.leads.only_by_an_import")
def test_nothing_of_it_is_anybodys_own_act(world: World, tmp_path: Path) -> None:
    bring(*folder_of(tmp_path, world), by=world.people["operations"])
    first = lead("E-1")
    assert not first.said.heard
    assert LeadTurn.objects.get(lead=first).person is None
    entry = Entry.objects.get(verb="deals.lead_brought_in", objects_touched__object_id=first.pk, objects_touched__part="lead")
    assert (entry.actor_kind, entry.person_id) == ("import", world.people["operations"].pk)
    given: dict[str, Any] = {"words": "x", "source": "other", "customer": "y", "account": None, "reporter": world.seller}
    with pytest.raises(Refusal) as refused:
        bring_in_lead(by=world.by("head"), outside_id="mine:1", **given)
    assert refused.value.code == "lead.only_import"
    taken = take_up_lead(by=world.by("head"), lead=first)
    taken = set_lead_account(by=world.by("head"), lead=taken, account=world.accounts["harbour"], version=taken.version)
    deal = open_deal_of_lead(by=world.by("head"), lead=taken, version=taken.version, title="搬迁", **AIM)
    assert not Hearing.objects.filter(item__in=Item.objects.filter(deal=deal)).exists()


def test_a_second_run_adds_nothing_and_a_longer_list_only_what_is_new(world: World, tmp_path: Path) -> None:
    first = bring(*folder_of(tmp_path, world))
    assert (first.counts["leads_added"], first.counts["leads_known"], first.counts["findings"]) == (3, 0, 7)
    numbers = list(Lead.objects.order_by("pk").values_list("number", "version"))
    again = bring(*folder_of(tmp_path, world))
    assert (again.counts["leads_added"], again.counts["leads_known"], again.counts["findings"]) == (0, 3, 0)
    assert list(Lead.objects.order_by("pk").values_list("number", "version")) == numbers
    longer = bring(*folder_of(tmp_path, world, [*ROWS, "E-9,还要一条线,青石水电,,,,,,"]))
    assert (longer.counts["leads_added"], longer.counts["leads_known"]) == (1, 3)


def test_the_same_row_without_a_key_is_one_lead_in_this_file_and_the_next(world: World, tmp_path: Path) -> None:
    rows = [",要扩容,玉泉水务,,,,,,", ",要扩容,玉泉水务,,,,,,", ",要扩容,白石水务,,,,,,"]
    batch = bring(*folder_of(tmp_path, world, rows))
    assert found(batch) == {(3, "what", "row.twice", False)}
    assert batch.counts["leads_added"] == 2
    assert bring(*folder_of(tmp_path, world, rows[1:])).counts["leads_added"] == 0


def test_the_database_keeps_one_lead_of_a_key(world: World, tmp_path: Path) -> None:
    bring(*folder_of(tmp_path, world))
    other = Lead.objects.filter(outside_id__isnull=True)[0]
    with pytest.raises(IntegrityError), transaction.atomic():
        Lead.objects.filter(pk=other.pk).update(outside_id="fair:E-1")


def test_the_forecast_is_what_then_happens(world: World, tmp_path: Path) -> None:
    before = (Lead.objects.count(), Finding.objects.count())
    map_, taken = lead_actions.look(*folder_of(tmp_path, world), ordered_by=None)
    will = queries.forecast_leads(taken, map_)
    assert (Lead.objects.count(), Finding.objects.count()) == before
    assert (will.leads, will.known, will.of_accounts) == (3, 0, 1)
    lead_actions.take_in(map_, taken, ordered_by=None)
    owners: dict[Person, int] = {}
    for row in Lead.objects.filter(outside_id__isnull=False).select_related("owner"):
        owners[row.owner] = owners.get(row.owner, 0) + 1
    assert dict(will.owners) == owners


@pytest.mark.parametrize(
    ("other", "told"),
    [
        ({"reporter": "没有这个人"}, "nobody, or more than one, is called"),
        ({"lead_source": "exchang"}, "did you mean “exchange”?"),
        ({"lead_source": None}, "say where leads come from"),
        ({"lead_sources": {"展会": "rumour"}}, "no source of leads has the code “rumour”"),
        ({"categories": {"场地": "weather"}}, "no category has the code “weather”"),
        ({"zone": "Mars/North"}, "there is no time zone"),
        ({"date": "%d"}, "does not read a day"),
        ({"leads": {"file": "leads.csv", "columns": {"what": "words"}}}, "no column is mapped to “customer”"),
        ({"deals": {}}, "Additional properties"),
        ({"leads": {"file": "leads.csv", "columns": {"what": "words", "firma": "customer"}}}, "the column “firma” is missing"),
    ],
)
def test_a_map_or_a_file_that_cannot_be_used_is_refused_before_anything_is_written(
    world: World, tmp_path: Path, other: dict[str, Any], told: str
) -> None:
    with pytest.raises(Refusal) as refused:
        bring(*folder_of(tmp_path, world, **other))
    assert told in said(refused.value)
    assert not Lead.objects.filter(outside_id__isnull=False).exists()
    assert not Batch.objects.exists()


def test_only_operations_import_and_the_command_says_what_it_will_do(world: World, tmp_path: Path) -> None:
    folder, path = folder_of(tmp_path, world)
    words = ["--language", "en", "intake", "leads", str(folder), "--map", str(path)]
    with pytest.raises(Refusal):
        bring(folder, path, by=world.seller)
    told = CliRunner().invoke(earshot, [*words, "--preview"]).output
    assert "3 leads to add, 1 of them of an account that is here; 0 are known." in told
    assert world.sales_head.name in told
    assert "nothing was written" in told
    done = CliRunner().invoke(earshot, [*words, "--as", world.people["operations"].name])
    assert "3 leads added, 0 known; 7 findings kept" in done.output
    listed = CliRunner().invoke(earshot, ["--language", "en", "intake", "batches"]).output
    assert "3 leads added" in listed
    kept = CliRunner().invoke(earshot, ["--language", "en", "intake", "findings"]).output
    assert "leads.csv:8\ttopic\t'天气'\tno such category is known\tbrought in without it" in kept


def test_page_and_api_say_that_it_was_brought_in(world: World, tmp_path: Path) -> None:
    bring(*folder_of(tmp_path, world))
    first = lead("E-1")
    assert "brought in with a list" in Visitor("head", "en").get(f"/leads/{first.pk}/").html
    assert Caller(world.head).get(f"/leads/{first.pk}")["brought_in"] is True


# By the page.


LINES = "key,Customer,What was said,by\nE-1,青石水电,盐池站明年要搬,罗刚\nE-1,青石水电,again,\nE-2,云岭能源,,\nE-3,玉泉水务,要扩容,王工\n"


def looked(visitor: Visitor, **typed: Any) -> Any:
    page = visitor.get("/leads/import/")
    form = next(one for one in page.forms if one.act == "bring")
    return visitor.submit(form, "/leads/import/", **({"name": "fair 2026", "lines": LINES, "lead_source": "other", "look": "1"} | typed))


def test_operations_look_a_list_through_and_bring_it_in_on_one_page(world: World) -> None:
    visitor = Visitor("operations", "en")
    seen = looked(visitor)
    assert seen.status == 200
    assert 'value="Customer" selected' in seen.html  # a column called as the field is guessed
    assert "2 new leads" in seen.text
    assert not Lead.objects.filter(outside_id__isnull=False).exists()
    chosen = {f"column_{name}": "" for name in FIELDS[LEADS]} | {"column_words": "What was said", "column_customer": "Customer"}
    chosen |= {"column_id": "key", "column_speaker": "by"}
    form = next(one for one in seen.forms if one.act == "bring")
    seen = visitor.submit(form, "/leads/import/", look="1", **chosen)
    assert "2 new leads" in seen.text
    assert "stands in an earlier row already" in seen.text
    form = next(one for one in seen.forms if one.act == "bring")
    done = visitor.submit(form, "/leads/import/", **chosen)
    assert "2 leads are brought in, 0 were here already, 2 findings are kept." in done.text
    assert "not brought in" in done.text
    keys = Lead.objects.filter(outside_id__isnull=False).order_by("outside_id").values_list("outside_id", "said__speaker_name")
    assert list(keys) == [("fair-2026:E-1", "罗刚"), ("fair-2026:E-3", "王工")]
    form = next(one for one in looked(visitor, **chosen).forms if one.act == "bring")
    assert "0 leads are brought in, 2 were here already" in visitor.submit(form, "/leads/import/", **chosen).text


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ({"name": "a/b"}, "Letters, digits, dots and hyphens"),
        ({"lines": ""}, "Choose a file, or put its lines here."),
        ({"lead_source": "rumour"}, "Choose one of the list."),
        ({"column_words": "Customer", "column_customer": "Customer"}, "Two fields have the same column."),
        (
            {"lines": "What was said,Customer,Customer\na,b,c\n", "column_words": "What was said", "column_customer": "Customer"},
            "is there twice",
        ),
        ({"lines": 'Customer,What was said\n"a,b\n'}, "is not CSV"),
        ({"lines": "Customer,What was said\n" + "a,b\n" * 1_001}, "At most 1000 rows here"),
        ({"lines": "x,y\n1,2\n"}, "Choose the column."),
    ],
)
def test_a_list_that_cannot_be_read_is_told_beside_its_field_and_what_was_typed_is_kept(
    world: World, typed: dict[str, Any], told: str
) -> None:
    page = looked(Visitor("operations", "en"), **typed)
    assert told in page.text
    if "lines" not in typed:
        assert "盐池站明年要搬" in page.html
    assert not Batch.objects.exists()


def test_a_page_sends_line_ends_of_its_own_and_the_row_is_the_same_lead(world: World, tmp_path: Path) -> None:
    bring(*folder_of(tmp_path, world, [',"要搬，\n还要扩容",青石水电,,,,,,']))
    first = Lead.objects.get(outside_id__startswith="fair:row-")
    typed = {"name": "fair", "lines": f'{HEADER}\r\n,"要搬，\r\n还要扩容",青石水电,,,,,,\r\n'}
    columns = {"id": "id", "words": "what", "customer": "company", "speaker": "who", "speaker_title": "post", "said_on": "day"}
    columns |= {"source": "where", "category": "topic", "reporter": "ours"}
    page = looked(Visitor("operations", "en"), **typed, **{f"column_{name}": column for name, column in columns.items()})
    assert "0 new leads" in page.text
    assert first.outside_id is not None


def test_a_file_is_read_as_chinese_tables_write_it_and_its_lines_stand_in_the_form(world: World) -> None:
    visitor = Visitor("operations", "en")
    at, typed = "/leads/import/", {"act": "bring", "name": "fair", "lead_source": "other", "date": "%Y-%m-%d", "look": "1"}
    typed |= {"reporter": str(world.delivery.pk)}
    sheet = SimpleUploadedFile("list.csv", LINES.encode("gb18030"))
    page = visitor.client.post(at, typed | {"file": sheet}).content.decode()
    assert "盐池站明年要搬" in page
    assert "2 new leads" in page
    for content in (LINES.encode("utf-16"), b"\xff\xff\xff", b"a,b\n" * 600_000):
        refused = visitor.client.post(at, typed | {"file": SimpleUploadedFile("list.csv", content)})
        assert refused.status_code == 422
        assert "This file is" in refused.content.decode()


def test_columns_are_taken_for_what_lists_use_to_call_them_and_none_twice(world: World) -> None:
    visitor = Visitor("operations", "zh-hans")
    seen = looked(visitor, lines="编号,客户名称,需求,日期,联系人,客户,备注\nE-1,青石水电,盐池站明年要搬,2026-11-02,王工,x,y\n")
    form = next(one for one in seen.forms if one.act == "bring")
    chosen = {name: form.values[f"column_{name}"][0] for name in FIELDS[LEADS]}
    assert chosen == {
        "words": "需求",
        "customer": "客户名称",
        "id": "编号",
        "speaker": "联系人",
        "speaker_title": "",
        "said_on": "日期",
        "source": "",
        "category": "",
        "reporter": "",
    }
