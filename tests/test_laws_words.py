"""Law 1: what the customer said is stored word for word and never changed. Tried through the verbs and in the database's shell."""

from __future__ import annotations

import sqlite3
import unicodedata
from datetime import UTC, datetime, timedelta

import pytest
from django.db import DatabaseError, connection, transaction

import databases
from earshot.accounts.actions import add_contact
from earshot.accounts.persons import merge_contacts
from earshot.deals import gates, leads, queries
from earshot.deals.actions import (
    AtRisk,
    correct_lead,
    join_deals,
    make_good,
    pass_at_risk,
    rate_lead,
    record_lead,
    set_lead_step,
    set_next_step,
    split_deal,
    state_figures,
    verify_lead,
)
from earshot.deals.queries import visible_to as deals_visible_to
from earshot.kit import now, uuid7
from earshot.kit.engine import guards
from earshot.kit.problems import Refusal
from earshot.playbooks.actions import approve, ask_approval, open_revision, write_part
from earshot.playbooks.actions import withdraw as withdraw_revision
from earshot.playbooks.sources import PACKS, Sources
from earshot.talk.actions.messages import acknowledge, post_message, withdraw
from earshot.voice.actions import Said, With, complete_meeting, correct_item, file_item, record_meeting
from earshot.voice.models import Correction, Filing, Item, Meeting
from earshot.voice.queries import read
from worlds import AIM, CRITICAL, JOURNAL, MONDAY, World, changed_tables, later, snapshot

TO_THE_LETTER = {
    "spaces and lines": "  first line\n\n\tsecond line, then three spaces   ",
    "right to left": "قال عثمان: «فاتورة الديزل نصفها» \u202eabc\u202c שלום",
    "combining, decomposed": unicodedata.normalize("NFD", "Ångström é ü 각"),
    "combining, composed": unicodedata.normalize("NFC", "Ångström é ü 각"),
    "beyond the basic plane": "👩‍👩‍👧‍👦 𠮷野家 🇸🇩",
    "markup": "<script>alert('x')</script> &amp; {{ words }} %s %(x)s \\n '; DROP TABLE voice_item; --",
    "zero width": "柴\u200b油\ufeff费",
    "10,000 characters": "炮" * 10_000,
}


@pytest.mark.req("law 1")
def test_what_the_customer_said_is_kept_to_the_letter(world: World) -> None:
    deal = world.deal()
    meeting = world.words(deal, words=[(words, "site") for words in TO_THE_LETTER.values()])
    assert dict(zip(TO_THE_LETTER, Item.objects.filter(meeting=meeting).values_list("words", flat=True), strict=True)) == TO_THE_LETTER
    assert [told.item.words for told in read(Item.objects.filter(meeting=meeting))] == list(TO_THE_LETTER.values())


@pytest.mark.req("law 1")
@pytest.mark.parametrize(
    ("words", "kept"),
    [("the diesel\x00 bill", "the diesel bill"), ("half a pair \ud83d", "half a pair "), ("长" * 50_000, "长" * 50_000)],
    ids=["NUL", "surrogate", "50,000"],
)
def test_words_are_kept_however_long_and_what_no_database_holds_is_left_out_and_asked_for(world: World, words: str, kept: str) -> None:
    meeting = world.words(world.deal(), words=[("said clearly", "site"), (words, "site")])
    assert [item.words for item in Item.objects.filter(meeting=meeting)] == ["said clearly", kept]
    meeting.refresh_from_db()
    assert ("words_2" in meeting.asks) == (words != kept)


@pytest.mark.req("law 1")
def test_saving_never_refuses_for_what_is_missing_or_unreadable_but_asks(world: World) -> None:
    deal = world.deal()
    meeting = record_meeting(
        by=world.by("seller"),
        deal=deal,
        held_at=now() + timedelta(days=400),
        place="x" * 500 + "\x00",
        contacts=[With("  "), With("Y" * 101), With("Osman\x00"), With("Amal\ud83d")],
        items=[Said(CRITICAL, "no-such-category", 7), Said("   ", "site"), Said("我们下周再说", "", -1)],
        asks={"amount": "about two\x00 million"},
    )
    meeting.refresh_from_db()
    assert meeting.held_at is None
    assert set(meeting.asks) >= {"held_at", "contact_2", "contact_3", "amount"}
    assert [item.words for item in Item.objects.filter(meeting=meeting)] == [CRITICAL, "我们下周再说"]
    assert [item.speaker for item in Item.objects.filter(meeting=meeting)] == [None, None]
    assert [filing.category for filing in Filing.objects.filter(item__meeting=meeting)] == ["", ""]


@pytest.mark.req("law 1")
def test_a_record_without_contact_place_or_time_is_kept_and_asks_with_whom(world: World) -> None:
    meeting = record_meeting(by=world.by("seller"), deal=world.deal(), items=[Said("只有这句话")])
    meeting.refresh_from_db()
    assert "contact_1" in meeting.asks
    complete_meeting(
        by=world.by("seller"), meeting=meeting, held_at=now() - timedelta(hours=2), place="喀土穆", contacts=[With("Osman", "CTO")]
    )
    meeting.refresh_from_db()
    assert meeting.asks == {}
    assert [contact.name for contact in meeting.contacts.all()] == ["Osman"]


def test_a_record_without_a_single_word_is_nothing_to_keep(world: World) -> None:
    with pytest.raises(Refusal) as refused:
        record_meeting(by=world.by("seller"), deal=world.deal(), items=[Said(" \n"), Said("")])
    assert set(refused.value.fields) == {"items"}
    assert not Meeting.objects.filter(recorded_at=MONDAY).exists()


@pytest.mark.req("law 1", breaks="earshot.voice.actions.correct_item")
def test_a_correction_stands_beside_the_words_and_the_words_stay(world: World) -> None:
    deal = world.spoken_deal()
    item = world.items(deal)[0]
    correct_item(by=world.by("seller"), item=item, correction="He said a third, not half")
    correct_item(by=world.by("seller"), item=item, correction="No: half after all")
    [told] = read(Item.objects.filter(pk=item.pk))
    assert told.item.words == CRITICAL
    assert [row.text for row in told.corrections] == ["He said a third, not half", "No: half after all"]


@pytest.mark.req("law 1")
def test_filing_anew_keeps_the_words_and_the_filings_before(world: World) -> None:
    deal = world.spoken_deal()
    item = world.items(deal)[0]
    file_item(by=world.by("seller"), item=item, category="terms")
    assert Item.objects.get(pk=item.pk).words == CRITICAL
    filings = [(row.category, row.ended_at is None) for row in Filing.objects.filter(item=item).order_by("pk")]
    assert filings == [("running-cost", False), ("terms", True)]


def test_the_same_record_sent_twice_is_kept_once(world: World) -> None:
    deal, meeting_id = world.deal(), uuid7()
    first = record_meeting(by=world.by("seller"), deal=deal, items=[Said("once")], id=meeting_id)
    after_first = snapshot()
    again = record_meeting(by=world.by("seller"), deal=deal, items=[Said("once")], id=meeting_id)
    assert again.pk == first.pk == meeting_id
    assert changed_tables(after_first, snapshot()) == set()


@pytest.mark.req("law 13")
def test_an_id_that_another_author_used_gives_nothing_away(world: World) -> None:
    mine, meeting_id = world.deal(), uuid7()
    record_meeting(by=world.by("seller"), deal=mine, items=[Said("secret")], id=meeting_id)
    theirs = world.deals["mine"]
    before = snapshot()
    with pytest.raises(Refusal) as refused:
        record_meeting(by=world.by("stranger"), deal=theirs, items=[Said("other")], id=meeting_id)
    assert refused.value.code == "id.taken"
    assert changed_tables(before, snapshot()) == set()


@pytest.mark.req("law 13")
def test_nobody_records_on_a_deal_that_does_not_exist_for_them(world: World) -> None:
    deal = world.deal()
    assert not deals_visible_to(world.stranger).filter(pk=deal.pk).exists()
    with pytest.raises(Refusal) as refused:
        record_meeting(by=world.by("stranger"), deal=deal, items=[Said("I was never there")])
    assert refused.value.status == 404


# In the database's shell.


def forbidden_statements(table: str, key: str) -> list[str]:
    """Each way to change or remove a row that the engine's dialect knows."""
    ways = [f'UPDATE "{table}" SET "{key}" = "{key}"', f'DELETE FROM "{table}"']
    if connection.vendor == "sqlite":
        return [
            *ways,
            f'REPLACE INTO "{table}" SELECT * FROM "{table}" LIMIT 1',
            f'INSERT OR REPLACE INTO "{table}" SELECT * FROM "{table}" LIMIT 1',
            f'UPDATE OR REPLACE "{table}" SET "{key}" = "{key}"',
            f'INSERT INTO "{table}" SELECT * FROM "{table}" WHERE true ON CONFLICT DO UPDATE SET "{key}" = excluded."{key}"',
        ]
    return [
        *ways,
        f'TRUNCATE "{table}" CASCADE',
        f'INSERT INTO "{table}" SELECT * FROM "{table}" ON CONFLICT ("{key}") DO UPDATE SET "{key}" = excluded."{key}"',
        f'WITH gone AS (DELETE FROM "{table}" RETURNING *) SELECT * FROM gone',
    ]


SHIPPED = Sources.of_folder(PACKS / "iron-triangle-ltc")


@pytest.fixture
def full(world: World) -> World:
    """A world in which every guarded table has a row."""
    deal = world.spoken_deal()
    state_figures(by=world.by("seller"), deal=deal, version=deal.version, gross_margin="28.5", source="estimate")
    deal.refresh_from_db()
    set_next_step(by=world.by("seller"), deal=deal, version=deal.version, what="报价", due=AIM["due"], doer=world.seller)
    correct_item(by=world.by("seller"), item=world.items(deal)[0], correction="a third")
    at_risk = world.ready_deal("带险站点")
    unmet = [one.key for one in gates.review(at_risk).unmet]
    taken = [AtRisk(key, "x", world.seller, AIM["due"]) for key in unmet]
    decision = pass_at_risk(by=world.by("head"), deal=at_risk, version=queries.as_it_stands(at_risk.pk).version, lines=taken)
    make_good(by=world.by("seller"), line=decision.lines.get(), words="x")
    version = queries.as_it_stands(at_risk.pk).version
    split_deal(by=world.by("seller"), deal=at_risk, version=version, title="首批", amount="1000", **AIM)
    one, two = world.deal("一"), world.deal("二")
    join_deals(by=world.by("seller"), deal=one, version=one.version, other=two, other_version=two.version)
    lead = record_lead(by=world.by("head"), words="他们明年要搬", source="other", customer="青石水电")
    correct_lead(by=world.by("head"), lead=lead, correction="后年")
    verify_lead(by=world.by("head"), lead=lead, found="去看过", result="confirmed")
    set_lead_step(by=world.by("head"), lead=lead, what="报价", due=AIM["due"], version=2)
    rate_lead(by=world.by("head"), lead=lead, rating=next(iter(leads.ratings())), version=3)
    one, two = (add_contact(by=world.by("seller"), account=deal.account, name=name) for name in ("Osman T.", "欧斯曼"))
    merge_contacts(by=world.by("seller"), gone=one, into=two, reason="一个人", sure=True)
    answered, withdrawn = (
        post_message(by=world.by("seller"), about=deal, text=text, to=[world.head], asks="answer") for text in ("几点？", "哪里？")
    )
    acknowledge(by=world.by("head"), messages=[answered], text="三点")
    withdraw(by=world.by("seller"), message=withdrawn)
    operations = world.by("operations")
    approved, given_up = (open_revision(by=operations, reason="x", parts=[part]) for part in ("hearing", "service_levels"))
    text = SHIPPED.texts["hearing"] + "# more\n"
    write_part(by=operations, revision=approved, part="hearing", text=text)
    ask_approval(by=operations, revision=approved)
    approve(by=operations, revision=approved)
    withdraw_revision(by=operations, revision=given_up, reason="x")
    for guard in guards._guarded.values():
        with connection.cursor() as cursor:
            cursor.execute(f'SELECT count(*) FROM "{guard.table}"')
            assert cursor.fetchone()[0] > 0, guard.table
    if connection.vendor == "postgresql":
        # What is checked at commit is checked now, so that the statements tried below meet nothing but the guard.
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    return world


def primary_keys() -> list[tuple[str, str]]:
    from django.apps import apps

    by_table = {model._meta.db_table: model._meta.pk.column for model in apps.get_models()}
    return [(table, by_table[table]) for table in guards.guarded_tables()]


EXPECTED = {
    *("journal_entry", "journal_touched", "journal_scope", "voice_item", "voice_hearing", "voice_correction"),
    *("talk_message", "talk_recipient", "talk_acknowledgement", "talk_release"),
}


def test_the_log_and_the_words_are_guarded() -> None:
    assert set(guards.guarded_tables()) >= EXPECTED


@pytest.mark.req("law 1", breaks="earshot.kit.engine.guards._statements")
def test_the_database_refuses_every_change_of_the_log_and_of_the_words(full: World) -> None:
    before = snapshot()
    for table, key in primary_keys():
        for statement in forbidden_statements(table, key):
            with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(statement)
    assert changed_tables(before, snapshot()) == set()


@pytest.mark.req("law 1", breaks="earshot.kit.engine.guards._statements")
def test_the_models_refuse_it_too(full: World) -> None:
    item = Item.objects.order_by("pk").first()
    assert item is not None
    item.words = "what suits us better"
    for attempt in (item.save, lambda: Item.objects.update(words=""), lambda: Correction.objects.all().delete()):
        with pytest.raises(DatabaseError), transaction.atomic():
            attempt()


@pytest.mark.own_database
@pytest.mark.req("law 1", breaks="earshot.kit.engine.guards._statements")
def test_a_plain_shell_without_any_setting_of_ours_is_refused_as_well(full: World) -> None:
    """No pragma, no role of ours: SQLite's shell does not fire DELETE triggers for REPLACE; PostgreSQL as superuser in a replica
    session skips ordinary triggers."""
    before = snapshot()
    for table, key in primary_keys():
        for statement in forbidden_statements(table, key):
            run_in_shell(statement)
    if connection.vendor == "sqlite":
        # A row with a new id takes another's place by any other unique thing: the pair of a hearing, the hidden row number.
        run_in_shell(
            "INSERT OR REPLACE INTO voice_hearing (id, item_id, person_id, how, at) "
            "SELECT 'f0000000000000000000000000000000', item_id, person_id, 'noted', '2020-01-01' FROM voice_hearing LIMIT 1"
        )
        run_in_shell(
            "INSERT OR REPLACE INTO voice_item (rowid, id, meeting_id, deal_id, speaker_id, position, words, recorded_at) "
            "SELECT rowid, 'f0000000000000000000000000000000', meeting_id, deal_id, speaker_id, position, 'other words', recorded_at "
            "FROM voice_item LIMIT 1"
        )
    assert changed_tables(before, snapshot()) == set()


def run_in_shell(statement: str) -> None:
    if connection.vendor == "sqlite":
        with pytest.raises(sqlite3.DatabaseError, match="append-only"), sqlite3.connect(databases.settings()["NAME"]) as plain:
            plain.execute(statement)
        plain.close()
        return
    import psycopg

    own = databases.settings()
    with psycopg.connect(host=own["HOST"], user="earshot", dbname=own["NAME"], autocommit=True) as shell:
        for role in ("origin", "replica"):
            shell.execute(f"SET session_replication_role = {role}")
            with pytest.raises(psycopg.Error, match="append-only"):
                shell.execute(statement)


@pytest.mark.req("law 1", breaks="earshot.kit.engine.guards.faults")
def test_the_guards_stand_after_all_migrations_and_a_missing_one_is_named(full: World) -> None:
    assert guards.faults() == []
    names = [(table, name) for table in guards.guarded_tables() for name in guards._statements(guards._guarded[table])]
    # Every second one is missing, then every other: none is named for its neighbour's sake.
    for missing in (names[::2], names[1::2]):
        with transaction.atomic():
            for table, name in missing:
                drop_trigger(table, name)
            named = {fault for fault in guards.faults() if "is missing" in fault}
            transaction.set_rollback(True)
        assert len(named) == len(missing)
        assert all(any(f"{table}: the trigger {name} " in fault for fault in named) for table, name in missing)
    assert guards.faults() == []


def test_a_guard_that_was_hollowed_out_is_found(full: World) -> None:
    with transaction.atomic():
        with connection.cursor() as cursor:
            if connection.vendor == "sqlite":
                cursor.execute("DROP TRIGGER voice_item_no_update")
                cursor.execute("CREATE TRIGGER voice_item_no_update BEFORE UPDATE ON voice_item BEGIN SELECT 1; END")
            else:
                cursor.execute('ALTER TABLE voice_item DISABLE TRIGGER "voice_item_no_change"')
        faults = guards.faults()
        transaction.set_rollback(True)
    assert any("voice_item_no_" in fault for fault in faults)
    assert any("was not refused" in fault for fault in faults)


@pytest.mark.skipif("databases.vendor() != 'postgresql'")
def test_a_guard_whose_function_was_emptied_is_found(full: World) -> None:
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("CREATE OR REPLACE FUNCTION earshot_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$")
        faults = guards.faults()
        transaction.set_rollback(True)
    assert any("voice_item: UPDATE was not refused" in fault for fault in faults)


def drop_trigger(table: str, name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER {name}" if connection.vendor == "sqlite" else f'DROP TRIGGER {name} ON "{table}"')


def test_installing_the_guards_again_changes_nothing(full: World) -> None:
    guards.install()
    assert guards.faults() == []


def test_only_the_labels_of_the_journal_may_change() -> None:
    """A person's name can be erased by mandate; the entries stay."""
    assert "journal_label" not in guards.guarded_tables()
    assert JOURNAL - {"journal_label"} <= set(guards.guarded_tables())


@pytest.mark.req("law 1")
def test_the_same_words_saved_once_more_are_the_first_record_and_other_words_another(world: World) -> None:
    """Back, and saved again: nobody must hear the same thing twice. A day later the customer may well say it again."""
    deal = world.deal()
    first = world.words(deal, words=[("油费能省一半", "rival"), ("场地只有二十米", "site")])
    assert world.words(deal, words=[("油费能省一半", "rival"), ("场地只有二十米", "site")]) == first
    assert world.words(deal, words=[("油费能省一半", "rival")]) != first
    with later(hours=13):
        assert world.words(deal, words=[("油费能省一半", "rival"), ("场地只有二十米", "site")]) != first


def test_the_same_words_saved_again_with_a_time_that_can_be_true_answer_what_the_first_record_asked(world: World) -> None:
    deal = world.deal()
    words = [Said("柴油费减半", world.categories[0])]
    first = record_meeting(by=world.by("seller"), deal=deal, items=words, held_at=datetime(9000, 1, 1, tzinfo=UTC))
    assert "held_at" in first.asks
    again = record_meeting(by=world.by("seller"), deal=deal, items=words, held_at=now() - timedelta(hours=1))
    assert again.pk == first.pk
    assert again.held_at == now() - timedelta(hours=1)
    assert "held_at" not in again.asks
