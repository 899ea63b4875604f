"""The command line: acts as a person, refuses in the same words, and never with a traceback."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from earshot.cli.root import COMMANDS, earshot
from earshot.deals.actions import move_on
from earshot.deals.models import Deal
from earshot.intake.models import Batch
from earshot.journal.models import Entry
from earshot.kit.problems import Refusal
from earshot.people.actions import add_person, digest
from earshot.people.models import Login, Standing, Token
from earshot.people.queries import by_token, first_calendar
from earshot.playbooks.models import PartVersion
from earshot.playbooks.sources import PACKS, Sources
from earshot.voice.models import Hearing
from worlds import CRITICAL, World, said

DATA = Path(__file__).parent / "data_crm"
PACK = PACKS / "iron-triangle-ltc"


def run(*words: str, language: str = "en") -> Result:
    return CliRunner().invoke(earshot, ["--language", language, *words], catch_exceptions=False)


def good(*words: str, language: str = "en") -> str:
    result = run(*words, language=language)
    assert result.exit_code == 0, result.output
    return result.stdout


def refused(*words: str, language: str = "en") -> str:
    result = run(*words, language=language)
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    return result.stderr


def version(deal: Deal) -> int:
    return Deal.objects.get(pk=deal.pk).version


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_has_help(world: World, settings: Any, command: str):
    settings.TEST_CLOCK = True  # its command is there only where the clock may be moved
    assert "Usage: earshot" in good(command, "--help")
    assert re.search("[\u4e00-\u9fff]", good(command, "--help", language="zh-hans")), "the help is not translated"


def test_help_needs_no_database_and_speaks_both_languages(world: World):
    assert "Deals, from lead to won." in good("--help")
    assert "Deals, from lead to won." not in good("--help", language="zh-hans")


# Refusals


@pytest.mark.req("law 2")
def test_a_shut_gate_refuses_in_the_same_words_and_changes_nothing(world: World):
    deal = world.moved_deal()
    with pytest.raises(Refusal) as refusal:
        move_on(by=world.by("seller"), deal=deal, version=deal.version)
    words, entries = said(refusal.value), Entry.objects.count()
    told = refused("deals", "move", deal.number, "--as", "陈晓")
    for sentence in words.splitlines():
        assert sentence in told
    assert CRITICAL[:20] in told
    assert version(deal) == deal.version
    assert Entry.objects.count() == entries + 1
    assert Entry.objects.latest("seq").verb == "deals.gate_refused"


def test_refusals_speak_chinese_too(world: World):
    told = refused("deals", "move", world.moved_deal().number, "--as", "陈晓", language="zh-hans")
    assert "The gate" not in told


@pytest.mark.req("law 3", breaks="earshot.voice.checks.voters_have_heard")
def test_a_vote_before_hearing_is_refused_naming_the_words(world: World):
    told = refused("deals", "vote", world.moved_deal().number, "--yes", "--as", "何川")
    assert CRITICAL[:20] in told


@pytest.mark.req("law 13", breaks="earshot.deals.queries.visible_to")
@pytest.mark.parametrize("who", ["马超", "刘洋"])
def test_a_stranger_and_a_plain_colleague_find_nothing(world: World, who: str):
    deal = world.moved_deal()
    call = world.calls(deal)[0]
    assert deal.number not in good("deals", "list", "--as", who)
    assert deal.title not in good("day", "--as", who)
    nothing = refused("deals", "show", "D-2026-99999", "--as", who)
    for words in (
        ["deals", "show", deal.number],
        ["deals", "show", str(deal.pk)],
        ["deals", "gate", deal.number],
        ["deals", "move", deal.number],
        ["deals", "vote", deal.number, "--yes"],
        ["deals", "lose", deal.number, "--reason", "x"],
        ["calls", "take", call.number],
        ["calls", "deliver", call.number, "--result", "x"],
        ["items", "note", "--deal", deal.number],
        ["items", "note", str(world.items(deal)[0].pk)],
    ):
        assert refused(*words, "--as", who) == nothing


def test_a_stale_write_says_what_changed(world: World):
    deal = world.spoken_deal()
    good("deals", "change", deal.number, "--amount", "99", "--as", "陈晓")
    told = refused("deals", "change", deal.number, "--amount", "100", "--version", str(deal.version), "--as", "陈晓")
    assert "Somebody changed this deal" in told
    assert "99" in told


def test_a_wrong_argument_is_said_beside_its_name(world: World):
    assert "  amount: " in refused("deals", "change", world.deal().number, "--amount", "lots", "--as", "陈晓")


# Who acts


def test_people_are_known_by_id_mail_and_exact_name(world: World):
    twin = add_person(by=world.by("administrator"), name="陈晓", unit=world.units["branch"], title="大客户", email="Chen@Example.com")
    told = refused("day", "--as", "陈晓")
    assert "西南分公司" in told
    assert "大客户部" in told
    assert str(twin.pk) in told
    good("day", "--as", str(twin.pk))
    good("day", "--as", "chen@example.COM")


def test_nobody_of_that_name_and_no_name_at_all(world: World):
    assert "Nobody is known as “陈小晓”; did you mean “陈晓”?" in refused("day", "--as", "陈小晓")
    result = run("day")
    assert result.exit_code == 2
    assert "--as" in result.stderr


def test_who_has_left_cannot_act(world: World):
    world.seller.left_at = world.seller.joined_at
    world.seller.save()
    assert "no longer with the company" in refused("deals", "list", "--as", "陈晓")


# The walk by command line


@pytest.mark.req("law 4", breaks="earshot.calls.actions.raise_for_stage")
def test_the_walk(world: World):
    deal = world.spoken_deal()
    number = deal.number
    assert number in good("deals", "list", "--as", "陈晓")
    good("deals", "move", number, "--as", "陈晓")
    assert len(world.calls(deal)) == 1
    call = world.calls(deal)[0]
    assert call.number in good("day", "--as", "林远")
    assert call.number in good("calls", "list", "--as", "林远")
    assert CRITICAL in good("items", "list", "--as", "林远")
    shut = good("deals", "gate", number, "--as", "陈晓")
    assert "✗" in shut
    assert "林远" in shut
    for who in ("林远", "何川", "郑凯"):
        noted = good("items", "note", "--deal", number, "--as", who)
        assert "has taken note of" in noted
    assert CRITICAL in noted or Hearing.objects.filter(person=world.head, item__words=CRITICAL).exists()
    good("calls", "take", call.number, "--as", "林远")
    good("calls", "deliver", call.number, "--result", "光伏加小机组，柴油费减半", "--as", "林远")
    good("deals", "vote", number, "--yes", "--as", "何川")
    moved = Deal.objects.select_related("stage").get(pk=deal.pk)
    assert moved.stage.code == "MO2"
    shown = good("deals", "show", number, "--as", "陈晓")
    for words in (CRITICAL, call.number, "opened", "The process called"):
        assert words in shown


def test_a_deal_is_opened_changed_taken_back_and_lost(world: World):
    account = world.accounts["sudatel"]
    opened = good(
        "deals", "open", "--title", "第二站点", "--account", account.number, "--goal", "签约", "--due", "2040-12-31", "--as", "陈晓"
    )
    number = re.search(r"D-\d+-\d+", opened)[0]
    good("deals", "move", number, "--as", "陈晓")
    good("deals", "back", number, "--to", "ML", "--reason", "客户推迟", "--as", "陈晓")
    good("deals", "lose", number, "--reason", "客户选择了别家", "--code", "lost-price", "--competitor", "不知道", "--as", "陈晓")
    assert number not in good("deals", "list", "--as", "陈晓")
    assert "lost" in good("deals", "list", "--all", "--as", "陈晓")
    assert "is closed" in refused("deals", "move", number, "--as", "陈晓")


# Logins and tokens


def test_a_login_is_given_once_and_its_password_shown_once(world: World):
    somebody = add_person(by=world.by("administrator"), name="Moses Frase", unit=world.units["branch"])
    told = good("login", "give", "Moses Frase", "--as", "吴凡")
    login = Login.objects.get(person=somebody)
    password = re.search(r"password: +(\S+)", told)[1]
    assert f"user name: {login.username}" in told
    assert login.check_password(password)
    assert "has a login already" in refused("login", "give", "Moses Frase", "--as", "吴凡")
    assert "needs the permission" in refused("login", "give", "陈晓", "--as", "马超")


def test_the_first_login_can_be_given_at_the_machine_itself(world: World):
    add_person(by=world.by("administrator"), name="Moses Frase", unit=world.units["branch"])
    good("login", "give", "Moses Frase", "--username", "moses")
    entry = Entry.objects.filter(verb="people.login_given").latest("seq")
    assert (entry.actor_kind, entry.rule) == ("process", "cli/login give")


def test_a_token_is_shown_once_and_works(world: World):
    key = good("token", "make", "--as", "陈晓", "--name", "script").splitlines()[-1]
    token = by_token(digest(key))
    assert token is not None
    assert token.person == world.seller
    assert Token.objects.get(name="script").digest != key


# Playbook


def test_a_pack_is_checked_and_put_in_force(world: World, tmp_path: Path):
    assert "can be put in force" in good("playbook", "check", str(PACK))
    pack = tmp_path / "second"
    Sources.of_folder(PACK).in_profile("standard").write(pack)
    assert "exactly what is in force" in good("playbook", "adopt", str(pack), "--reason", "第二版", "--as", "孙宁")
    process = pack / "process.yaml"
    process.write_text("# 第二版\n" + process.read_text(encoding="utf-8"), encoding="utf-8")
    told = good("playbook", "adopt", str(pack), "--reason", "第二版", "--as", "孙宁")
    assert told.splitlines() == ["It asks nothing else of anybody.", "In force: process@2"]
    assert PartVersion.objects.filter(number=2).count() == 1
    assert "needs the permission" in refused("playbook", "adopt", str(PACK), "--reason", "x", "--as", "陈晓")


def test_a_pack_with_faults_names_them(world: World, tmp_path: Path):
    pack = Path(shutil.copytree(PACK, tmp_path / "spoilt"))
    process = pack / "process.yaml"
    process.write_text(process.read_text().replace("deciders: [SDT]", "deciders: [SDX]"))
    told = run("playbook", "check", str(pack))
    assert told.exit_code == 2
    assert "process.yaml" in told.stdout
    assert "SDX" in told.stdout


# Intake


def test_an_import_counts_first_and_a_preview_writes_nothing(world: World):
    told = good("intake", "deals", str(DATA), "--map", str(DATA / "crm.yaml"), "--preview", "--as", "孙宁")
    assert "13 to add" in told
    assert "9 are open and 4 closed; 2 come in as “account not known”" in told
    assert "6 × “Deep need interview” of 解决方案部; 林远 is answerable" in told
    assert "sales_pipeline.csv:9 sales_agent = 'Nobody Known'" in told
    assert not Batch.objects.exists()
    told = good("intake", "deals", str(DATA), "--map", str(DATA / "crm.yaml"), "--as", "孙宁")
    assert told.index("13 to add") < told.index("13 deals added, 0 deals known; 21 findings kept")
    assert "0 deals added, 13 deals known; 0 findings kept" in good("intake", "deals", str(DATA), "--map", str(DATA / "crm.yaml"))
    assert len(good("intake", "findings", "--as", "孙宁").splitlines()) == 21
    assert "13 deals added" in good("intake", "batches", "--as", "孙宁")


def test_an_import_is_refused_to_others_and_for_what_cannot_be_read(world: World, tmp_path: Path):
    words = ["intake", "deals", str(DATA), "--map", str(DATA / "crm.yaml")]
    assert "needs the permission" in refused(*words, "--as", "陈晓")
    assert "needs the permission" in refused("intake", "findings", "--as", "陈晓")
    assert "There is no folder" in refused("intake", "deals", str(tmp_path / "none"), "--map", str(DATA / "crm.yaml"))
    assert "cannot be read" in refused("intake", "deals", str(DATA), "--map", "nowhere.yaml")
    assert "sales_pipeline.csv: the file cannot be read" in refused("intake", "deals", str(tmp_path), "--map", "crm-sales")


# The house


def test_check_is_content_with_a_house_that_stands(world: World):
    world.ready_deal()
    assert "All is as it should be." in good("check")
    assert "All is as it should be." in good("check", "standing")


def test_check_names_what_is_wrong_and_rebuilds_standing(world: World):
    Standing.objects.filter(person=world.seller, kind="deal").delete()
    result = run("check")
    assert result.exit_code == 1
    assert "owns_deal" in result.stdout
    assert run("check", "standing").exit_code == 1
    assert "needs --as" in run("check", "standing", "--rebuild").output
    assert "needs the permission" in refused("check", "standing", "--rebuild", "--as", "陈晓")
    good("check", "standing", "--rebuild", "--as", "吴凡")
    assert "All is as it should be." in good("check")


def test_check_finds_orphans_of_every_sort(world: World):
    world.sound = False
    from earshot.clocks.models import Clock
    from earshot.kit import now, uuid7

    Clock.objects.create(
        kind="call", object_id=uuid7(), service_level="x", measure="clock", limit=1, started_at=now(), counted_from=now(), due_at=now()
    )
    Standing.objects.create(person=world.seller, kind="ghost", object_id=uuid7(), why="owns_deal", source_id=uuid7(), entry_id=uuid7())
    result = run("check")
    assert result.exit_code == 1
    assert "clocks: a clock runs for call" in result.stdout
    assert "of the kind 'ghost', which nothing registers" in result.stdout


@pytest.mark.own_database
def test_check_proves_the_guards_by_attempt(world: World):
    from django.db import connection

    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("DROP TRIGGER journal_entry_no_delete")
        else:
            cursor.execute("ALTER TABLE journal_entry DISABLE TRIGGER journal_entry_no_change")
    result = run("check")
    assert result.exit_code == 1
    assert "journal_entry: the trigger" in result.stdout
    good("migrate")  # written anew after every migration
    assert "All is as it should be." in good("check")


def test_migrate_says_that_all_is_done(world: World):
    assert "up to date" in good("migrate")


def test_a_calendar_goes_out_as_a_file_and_comes_back_and_each_bad_line_is_named(world: World, tmp_path: Path):
    name = first_calendar().get().name
    assert "Asia/Shanghai" in good("calendar", "list", "--as", world.seller.name)
    assert "国庆节" in good("calendar", "show", name, "--year", "2026")
    table = tmp_path / "days.csv"
    table.write_text(good("calendar", "export", name) + "2026-12-31,company,,结算\n", encoding="utf-8")
    assert "2026-12-31" in good("calendar", "import", name, str(table), "--preview")
    administrator = ("--as", world.administrator.name)
    assert "1 day changed" in good("calendar", "import", name, str(table), *administrator)
    table.write_text("day,kind,hours,name\n2026-02-30,holiday,,x\n", encoding="utf-8")
    assert "days.csv:2 day = “2026-02-30”" in refused("calendar", "import", name, str(table), *administrator)
    assert "permission" in refused("calendar", "day", name, "2026-12-30", "--kind", "company", "--as", world.seller.name)


def test_the_command_line_confirms_a_year_and_reckons_working_time_of_a_unit(world: World):
    administrator = ("--as", world.administrator.name)
    assert good("calendar", "reckon", "solutions", "2026-11-27 16:40", "240").strip() == "2026-11-30 11:40"
    assert good("calendar", "reckon", "solutions", "2026-11-30 11:40", "--", "-240").strip() == "2026-11-27 16:40"
    assert good("calendar", "reckon", "solutions", "2026-12-31 17:00", "240").strip().endswith("(provisional)")
    good("calendar", "confirm", first_calendar().get().name, "2027", *administrator)
    assert not good("calendar", "reckon", "solutions", "2026-12-31 17:00", "240").strip().endswith("(provisional)")
    own = good("calendar", "own-days", "solutions", *administrator).split()[0]
    good("calendar", "day", own, "2026-11-30", "--kind", "exception", "--name", "盘点", *administrator)
    assert good("calendar", "reckon", "solutions", "2026-11-27 16:40", "240").strip() == "2026-12-01 11:40"
    good("calendar", "remove", own, "2026-11-30", *administrator)
    good("calendar", "use", "solutions", first_calendar().get().name, *administrator)
    assert good("calendar", "reckon", "solutions", "2026-11-27 16:40", "240").strip() == "2026-11-30 11:40"
