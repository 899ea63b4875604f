"""What every page keeps: what was typed, one act once, a fixed number of statements, the components, the language of the reader."""

from __future__ import annotations

import gzip
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.translation import override

from earshot.clocks.sweep import sweep
from earshot.deals.models import Deal
from earshot.journal.models import Entry
from earshot.people.actions import make_token
from earshot.people.models import Token
from earshot.people.queries import roles_of
from earshot.teams.actions import nominate
from earshot.teams.models import Seat
from earshot.voice.models import Correction, Item, Meeting
from earshot.web import times, urls
from earshot.web.templatetags.looks import SHEETS
from pages import HAN, Seen, Visitor
from worlds import AIM, CRITICAL, World, later

WEB = Path(__file__).resolve().parent.parent / "src" / "earshot" / "web"
LONG = "很长的话" * 2_600  # 10,400 letters


def new_meeting(deal: Deal) -> str:
    return f"/deals/{deal.pk}/meetings/new/"


def record(visitor: Visitor, deal: Deal, **typed: Any) -> Seen:
    page = visitor.get(new_meeting(deal))
    return visitor.submit(page.form("record"), page.url, **typed)


def test_what_others_owe_stands_below_what_waits_for_oneself(world: World):
    """However red it is: the day is one's own first."""
    deal = world.spoken_deal()
    world.words(deal, words=[("没有归类的一句话", "")])
    with later(days=7):
        sweep()
        page = Visitor("seller", "en").get("/")
    own, others = page.text.split("What others owe")
    assert "Say what this statement is about" in own
    assert world.engineer.name not in own
    assert f"{world.engineer.name} has not heard" in others
    assert page.form("see_to")


# Nothing typed is lost.


def test_a_refusal_shows_the_same_page_with_what_was_typed(world: World):
    seller = Visitor("seller", "en")
    page = seller.get("/deals/new/")
    back = seller.submit(
        page.form("open"), page.url, title="Sudan sites", account=str(world.accounts["sudatel"].pk), amount="two million", **AIM
    )
    assert back.status == 422
    kept = back.form("open").values
    assert kept["title"] == ["Sudan sites"]
    assert kept["amount"] == ["two million"]
    assert kept["account"] == [str(world.accounts["sudatel"].pk)]
    assert "Write a number, such as 2105000" in back.text
    assert re.search(r'aria-describedby="[^"]*f-amount-error"', back.html)
    assert not Deal.objects.filter(title="Sudan sites").exists()


def test_a_record_without_a_word_is_refused_beside_the_words_and_keeps_the_rest(world: World):
    deal = world.deal()
    back = record(Visitor("seller", "en"), deal, contact_1="Osman Taha", title_1="CTO", place="Khartoum", category_1=world.categories[0])
    assert back.status == 422
    kept = back.form("record").values
    assert (kept["contact_1"], kept["title_1"], kept["place"]) == (["Osman Taha"], ["CTO"], ["Khartoum"])
    assert kept["category_1"] == [world.categories[0]]
    assert "Write at least one thing the customer said" in back.text
    assert not Meeting.objects.filter(deal=deal).exists()


def test_words_are_kept_however_long(world: World):
    deal = world.deal()
    assert record(Visitor("seller", "en"), deal, words_1="short", words_2=LONG).url.startswith("/meetings/")
    assert [item.words for item in world.items(deal)] == ["short", LONG]


def test_a_correction_that_is_too_long_is_refused_beside_its_field(world: World):
    item = world.items(world.spoken_deal())[0]
    seller = Visitor("seller", "en")
    page = seller.get(f"/items/{item.pk}/")
    back = seller.submit(page.form("correct"), page.url, correction=LONG)
    assert back.status == 422
    assert back.form("correct").values["correction"] == [LONG]
    assert back.html.count("At most 10000 characters; this has 10400.") == 1
    assert 'id="f-correction-error"' in back.html
    assert re.search(r"<details[^>]* open>.*?f-correction-error", back.html, re.DOTALL)  # not hidden away


def test_a_vote_against_without_a_reason_keeps_the_choice(world: World):
    deal = world.ready_deal()
    head = Visitor("head", "en")
    page = head.get(f"/deals/{deal.pk}/gate/")
    back = head.submit(page.form("vote"), page.url, approves="no")
    assert back.status == 422
    assert back.form("vote").values["approves"] == ["no"]
    assert "Please fill this in." in back.text


def test_one_more_slot_keeps_everything_and_records_nothing(world: World):
    deal = world.deal()
    seller = Visitor("seller", "en")
    page = seller.get(new_meeting(deal))
    typed = {
        "contact_1": "Osman",
        "words_3": "word for\nword",
        "category_3": world.categories[1],
        "place": "Khartoum",
        "held_at": "2026-11-20T09:30",
    }
    more = seller.submit(page.form("record"), page.url, ("more", "slots"), **typed)
    more = seller.submit(more.form("record"), page.url, ("more", "people"))
    kept = more.form("record").values
    assert {name: kept[name] for name in typed} == {name: [value] for name, value in typed.items()}
    assert "words_4" in kept
    assert "contact_2" in kept
    assert not Meeting.objects.filter(deal=deal).exists()
    # With two people the page asks who said it.
    done = seller.submit(more.form("record"), page.url, contact_2="Amal", speaker_3="2")
    assert done.url.startswith("/meetings/")
    item = Item.objects.get(deal=deal)
    assert (item.words, item.speaker.name if item.speaker else "") == ("word for\nword", "Amal")


def test_the_form_is_bounded(world: World):
    deal = world.deal()
    seller = Visitor("seller", "en")
    page = seller.get(new_meeting(deal))
    wide = seller.submit(page.form("record"), page.url, ("more", "slots"), slots="999", people="999")
    names = wide.form("record").values
    assert sum(name.startswith("words_") for name in names) == 20
    assert sum(name.startswith("contact_") for name in names) == 8
    assert seller.send(f"/deals/{deal.pk}/gate/", {"act": ["take_note"], "shown": [",".join([str(deal.pk)] * 501)]}).status_code == 404
    assert seller.send("/", {f"field-{n}": ["1"] for n in range(1100)}).status_code == 400


# An expired sign-in.


def expire(visitor: Visitor) -> None:
    """The session ends on the server, as when its time is over; the browser notices nothing."""
    visitor.client.session.flush()


def test_what_was_typed_outlives_an_expired_sign_in(world: World):
    deal = world.deal()
    seller = Visitor("seller", "en")
    page = seller.get(new_meeting(deal))
    expire(seller)
    asked = seller.submit(page.form("record"), page.url, contact_1="Osman", words_1=CRITICAL, category_1=world.categories[0])
    assert asked.url.startswith("/sign-in/?next=")
    person = next(one for one in asked.forms if one.values.get("person") == [str(world.seller.pk)])
    again = seller.submit(person, asked.url)
    assert again.url.startswith(new_meeting(deal))
    assert "Your sign-in had expired. Here is what you typed; it has not been sent yet." in again.text
    assert not Meeting.objects.filter(deal=deal).exists()
    kept = again.form("record")
    assert kept.values["words_1"] == [CRITICAL]
    assert kept.values["category_1"] == [world.categories[0]]
    done = seller.submit(kept, again.url)
    assert done.url.startswith("/meetings/")
    assert Meeting.objects.filter(deal=deal).count() == 1
    # The page itself is empty again.
    assert seller.get(new_meeting(deal)).form("record").values["words_1"] == [""]


def test_only_its_author_sees_what_was_typed(world: World):
    deal = world.deal()
    seller = Visitor("seller", "en")
    page = seller.get(new_meeting(deal))
    expire(seller)
    asked = seller.submit(page.form("record"), page.url, words_1="between us")
    head = next(one for one in asked.forms if one.values.get("person") == [str(world.head.pk)])
    shown = seller.submit(head, asked.url)
    assert shown.url.startswith(new_meeting(deal))  # the head may record there too
    assert "between us" not in shown.html
    assert shown.form("record").values["words_1"] == [""]
    assert "Your sign-in had expired" not in shown.text
    # When the author comes next at the same machine, it is there.
    out = next(one for one in shown.forms if one.action == "/sign-out/")
    seller.submit(out, shown.url)
    back = seller.submit(next(one for one in seller.get(asked.url).forms if one.values.get("person") == [str(world.seller.pk)]), asked.url)
    assert back.form("record").values["words_1"] == ["between us"]


def test_nobody_makes_others_see_a_form_that_they_did_not_type(world: World):
    deal = world.deal()
    visitor = Visitor(language="en")
    for author in ("", "forged", str(world.seller.pk)):
        response = visitor.client.post(new_meeting(deal), {"act": "record", "words_1": "planted", "author": author})
        assert response.status_code == 302
        assert "typed" not in response["Location"]
    assert "kept_forms" not in visitor.client.session


def test_a_form_of_another_sign_in_is_not_sent_but_kept(world: World):
    """Somebody signed in anew in another window: the token of this one is stale."""
    deal = world.deal()
    seller = Visitor("seller", "en", enforce_csrf_checks=False)
    page = seller.get(new_meeting(deal))
    seller.client.handler.enforce_csrf_checks = True
    form = page.form("record")
    form.values["csrfmiddlewaretoken"] = ["x" * 64]
    back = seller.submit(form, page.url, words_1=CRITICAL)
    assert back.form("record").values["words_1"] == [CRITICAL]
    assert not Meeting.objects.filter(deal=deal).exists()


# One act, once.


def test_the_same_form_sent_twice_records_once(world: World):
    deal = world.deal()
    seller = Visitor("seller", "en")
    page = seller.get(new_meeting(deal))
    form = page.form("record")
    first = seller.submit(form, page.url, words_1=CRITICAL)
    second = seller.submit(form, page.url, words_1=CRITICAL)
    assert first.url == second.url
    assert Meeting.objects.filter(deal=deal).count() == 1
    # Back, another word, sent: that is another record, not a lost one.
    seller.submit(form, page.url, words_1="and one thing more")
    assert Meeting.objects.filter(deal=deal).count() == 2


def test_acts_without_an_id_of_their_own_are_safe_to_repeat_too(world: World):
    deal = world.spoken_deal()
    seller = Visitor("seller", "en")
    page = seller.get(f"/items/{world.items(deal)[0].pk}/")
    for _ in range(3):
        seller.submit(page.form("correct"), page.url, correction="forty per cent, not half")
    assert Correction.objects.filter(item__deal=deal).count() == 1


@pytest.mark.own_database
def test_two_clicks_in_the_same_moment_record_once(world: World):
    deal = world.deal()
    seller = Visitor("seller", "en")
    page = seller.get(new_meeting(deal))
    form = page.form("record")
    values = {**form.values, "words_1": [CRITICAL]}
    answers: list[str] = []
    gate = threading.Barrier(3)

    def click() -> None:
        client = Client()
        client.cookies = seller.client.cookies
        gate.wait()
        answers.append(client.post(page.url, values)["Location"])
        connection.close()

    threads = [threading.Thread(target=click) for _ in range(3)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert Meeting.objects.filter(deal=deal).count() == 1
    assert len(set(answers)) == 1


def test_a_stale_page_is_refused_with_what_changed_and_keeps_what_was_typed(world: World):
    deal = world.deal()
    seller, head = Visitor("seller", "en"), Visitor("head", "en")
    url = f"/deals/{deal.pk}/"
    mine, other = seller.get(url), head.get(url)
    assert head.submit(other.form("change"), url, title="Sudan, 40 sites").status == 200
    back = seller.submit(mine.form("change"), url, title="Sudan and Chad")
    assert back.status == 412
    assert "Somebody changed this deal after you opened it" in back.text
    assert "Sudan, 40 sites" in back.text
    assert back.form("change").values["title"] == ["Sudan and Chad"]
    deal.refresh_from_db()
    assert deal.title == "Sudan, 40 sites"
    # Having seen it, the seller sends it again.
    assert seller.submit(back.form("change"), url).status == 200
    deal.refresh_from_db()
    assert deal.title == "Sudan and Chad"


def test_no_account_is_offered_where_there_is_one(world: World):
    """A deal has a customer or, brought in by an import, none yet; nobody takes it away again by a form."""
    deal = world.deal()
    change = Visitor("seller", "en").get(f"/deals/{deal.pk}/").html.partition('id="change"')[2]
    assert '<option value="">' not in change.partition("</form>")[0]
    world.sound = False  # its standing is of the import that never was
    Deal.objects.filter(pk=deal.pk).update(account=None)
    change = Visitor("seller", "en").get(f"/deals/{deal.pk}/").html.partition('id="change"')[2]
    assert '<option value="">Choose</option>' in change.partition("</form>")[0]


# What a page costs.


def statements(visitor: Visitor, url: str) -> int:
    visitor.get(url)  # versions of the playbook are read once a process
    with CaptureQueriesContext(
        connection,
    ) as caught:
        assert visitor.get(url).status == 200
    return len(caught)


def test_pages_ask_the_database_the_same_number_of_times_however_much_there_is(world: World):
    deal = world.moved_deal()
    seller, engineer = Visitor("seller", "en"), Visitor("engineer", "en")
    pages = {
        "deals": lambda: statements(seller, "/deals/"),
        "deal": lambda: statements(seller, f"/deals/{deal.pk}/"),
        "gate": lambda: statements(Visitor("head", "en"), f"/deals/{deal.pk}/gate/"),
        "my day": lambda: statements(engineer, "/"),
        "to hear": lambda: statements(engineer, "/hear/"),
        "calls": lambda: statements(engineer, "/calls/"),
        "accounts": lambda: statements(seller, "/accounts/"),
        "search": lambda: statements(seller, "/search/?q=a"),
    }

    def more(n: int) -> None:
        other = world.moved_deal(f"another {n}")
        seat = Seat.objects.get(team=other.team_id, role__in=roles_of(world.engineer))
        nominate(by=world.by("seller"), seat=seat, person=world.engineer)
        world.words(deal, words=[(f"statement {n}", world.categories[n % 3])], present=["engineer"])

    for n in range(3):  # one of each kind
        more(n)
    before = {name: count() for name, count in pages.items()}
    for n in range(3, 12):
        more(n)
    after = {name: count() for name, count in pages.items()}
    assert after == before
    # A list: session, person, permission …, where the journal ends (for what follows), one statement that sums and one that reads it; for
    # the pipeline besides, what its filters offer (units, versions of the process), one's saved views, the last departures from stages,
    # and what was passed at risk.
    assert after["deals"] <= 12
    assert after["my day"] <= 43
    assert after["deal"] <= 63  # three of them: what the reader's own records leave open, for the notice that lists what waits
    assert after["gate"] <= 43


def test_looking_never_writes(world: World):
    deal = world.ready_deal()
    item, call = world.items(deal)[0], world.calls(deal)[0]
    urls = ["/", "/hear/", "/capture/", "/deals/", "/deals/new/", f"/deals/{deal.pk}/", f"/deals/{deal.pk}/gate/", new_meeting(deal)]
    urls += [f"/deals/{deal.pk}/clocks/"]
    urls += [f"/meetings/{item.meeting_id}/", f"/items/{item.pk}/", "/calls/", f"/calls/{call.pk}/", "/accounts/", "/accounts/new/"]
    urls += [
        f"/accounts/{deal.account_id}/",
        f"/people/{world.seller.pk}/",
        "/me/",
        "/me/notifications/",
        "/search/?q=a",
        "/playbook/",
        "/sign-in/",
    ]
    urls += [f"/entries/{Entry.objects.get(verb='deals.deal_opened', objects_touched__object_id=deal.pk).id}/"]
    visitor = Visitor("seller")
    with CaptureQueriesContext(connection) as caught:
        for url in urls:
            assert visitor.get(url).status == 200, url
    wrote = [query["sql"][:90] for query in caught if re.match(r"\s*(INSERT|UPDATE|DELETE)", query["sql"], re.IGNORECASE)]
    assert wrote == []


def test_the_first_page_is_light(world: World):
    """Everything that a first visit to the page of a deal moves, compressed."""
    deal = world.moved_deal()
    page = Visitor("seller").get(f"/deals/{deal.pk}/").html.encode()
    styles = [(WEB / "static" / "web" / "css" / f"{name}.css").read_bytes() for name in SHEETS]
    scripts = [(WEB / "static" / name).read_bytes() for name in ("vendor/idiomorph.min.js", "web/islands/live.js")]
    assert page.count(b"<script") == len(scripts)
    assert sum(len(gzip.compress(part)) for part in [page, *styles, *scripts]) < 150_000


def test_no_page_carries_style_or_script_of_its_own(world: World):
    deal = world.moved_deal()
    response = Visitor("seller").client.get(f"/deals/{deal.pk}/")
    policy = response["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'self'" in policy
    assert not re.search(r"\sstyle=|\son\w+=|<script(?! src=\"/static/)|<style", response.content.decode())


NUL = "\x00"


@pytest.mark.parametrize("odd", [NUL, "9" * 400, "\u202e\u2068'; --"])
def test_no_page_breaks_on_what_nobody_types(world: World, odd: str):
    """Every act with every field odd, every list asked for something odd: refused or kept, never broken."""
    deal = world.moved_deal()
    item, call = world.items(deal)[0], world.calls(deal)[0]
    named = {"deals": deal.pk, "meetings": item.meeting_id, "items": item.pk, "calls": call.pk, "accounts": deal.account_id}
    named |= {"people": world.seller.pk}
    client = Visitor("seller").client
    for one in urls.urlpatterns:
        view = getattr(one.callback, "view_class", None)
        url = "/" + str(one.pattern)
        url = url.replace("<uuid:id>", str(named.get(url.split("/")[1], deal.pk)))
        for asked in ("q", "stage", "state", "sort", "mine", "which", "account", "typed", "next"), ("page",), ("deal",):
            assert client.get(url, dict.fromkeys(asked, odd)).status_code in (200, 302, 403, 404, 405), (url, asked)
        for act, fields in (view.acts if view else {"": ("username", "password", "person", "next", "language")}).items():
            names = [field.removesuffix("[]") for field in fields] or ["contact_1", "words_1", "category_1", "slots", "people", "held_at"]
            with transaction.atomic():
                status = client.post(url, {"act": act, "idempotency_key": odd, **dict.fromkeys(names, odd)}).status_code
                transaction.set_rollback(True)
            assert status in (200, 302, 400, 403, 404, 405, 409, 412, 422, 429), (url, act, status)


# Components only.

COMPONENTS = {path.stem.replace("_", "-") for path in (WEB / "templates" / "cotton").glob("*.html")}
TAGS = re.compile(r"<\s*/?\s*([a-zA-Z][\w-]*)")


def own_pages() -> Iterator[Path]:
    for path in [*(WEB / "templates").glob("*.html"), *(WEB / "templates" / "web").rglob("*.html")]:
        if path.name not in ("base.html", "gallery.html"):
            yield path


def test_pages_are_made_of_gallery_components_only():
    found = []
    for path in own_pages():
        source = re.sub(r"\{%\s*comment\s*%\}.*?\{%\s*endcomment\s*%\}", "", path.read_text(), flags=re.DOTALL)
        for tag in TAGS.findall(source):
            name = tag.removeprefix("c-")
            if tag == "c-slot" or (tag.startswith("c-") and name in COMPONENTS) or tag in ("h1", "h2", "h3"):
                continue
            found.append(f"{path.name}: <{tag}>")
    assert found == []


def test_every_component_stands_in_the_gallery():
    gallery = (WEB / "templates" / "web" / "gallery.html").read_text()
    inside = {path.stem: path.read_text() for path in (WEB / "templates" / "cotton").glob("*.html")}
    shown = {name for name in COMPONENTS if f"<c-{name}" in gallery}
    # A part of another component is shown with it.
    while more := {name for name in COMPONENTS - shown if any(f"<c-{name}" in inside[one.replace("-", "_")] for one in shown)}:
        shown |= more
    assert COMPONENTS - shown == set()


# The reader's language.


def test_no_chinese_literal_in_the_code_of_the_pages():
    """Chinese stands in catalogs and in the company's own data; the gallery's samples are such data."""
    allowed = {"samples.py"}
    found = []
    for path in WEB.rglob("*.py"):
        for number, line in enumerate(path.read_text().splitlines(), start=1):
            if (
                path.name not in allowed
                and not line.rstrip().endswith(('"万"', '"亿"'))
                and re.search(r"[\u3400-\u9fff]", line.partition("#")[0])
                and not re.search(r'«|"""', line)
            ):
                found.append(f"{path.name}:{number}: {line.strip()}")
    assert found == []


@pytest.mark.parametrize(
    ("minutes", "measure", "said"),
    [
        (40, "working", "40 分钟"),
        (239, "working", "3 工时 59 分"),
        (450, "working", "7.5 工时"),
        (900, "working", "15 工时"),
        (1000, "working", "16 工时 40 分"),
        (65, "clock", "1 小时 5 分（自然时间）"),
        (2880, "clock", "2 天（自然时间）"),
        (2940, "clock", "49 小时（自然时间）"),
    ],
)
def test_a_time_limit_is_said_to_the_minute_as_people_say_it(minutes: int, measure: str, said: str):
    with override("zh-hans"):
        assert times.limit(minutes, measure) == said


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_pages_speak_one_language(world: World, language: str):
    deal = world.moved_deal()
    world.words(deal, words=[("没有归类的一句话", "")], present=["engineer"])
    item, call = world.items(deal)[0], world.calls(deal)[0]
    token, _key = make_token(by=world.by("seller"), person=world.seller, name="程序")
    urls = ["/", "/hear/", "/capture/", "/deals/", "/deals/new/", f"/deals/{deal.pk}/", f"/deals/{deal.pk}/gate/", new_meeting(deal)]
    urls += [
        f"/meetings/{item.meeting_id}/",
        f"/items/{item.pk}/",
        "/calls/?which=open",
        f"/calls/{call.pk}/",
        "/accounts/",
        "/accounts/new/",
    ]
    urls += [f"/accounts/{deal.account_id}/", f"/people/{world.seller.pk}/", "/me/", "/search/?q=苏丹", "/playbook/", "/nowhere/"]
    wrong = []
    for key in ("seller", "head", "operations", "engineer"):
        visitor = Visitor(key, language)
        for url in urls:
            page = visitor.get(url)
            if language == "en":
                wrong += [
                    f"{url} by {key}: {line.strip()[:120]}"
                    for line in page.unmarked().splitlines()
                    if HAN.search(re.sub(r"<[^>]*>", "", line))
                ]
            else:
                assert 'lang="zh-Hans"' in page.html, url
    assert wrong == []
    assert token.name == "程序"


# Signing in.


def test_signing_in_by_password(world: World):
    login = world.login("seller")
    login.set_password("eight sheep on a hill")
    login.save()
    visitor = Visitor(language="en")
    page = visitor.get("/sign-in/?next=/deals/")
    form = next(one for one in page.forms if "password" in one.values)
    wrong = visitor.submit(form, page.url, username=login.username, password="nine sheep")
    assert wrong.status == 422
    assert "No one signs in with this user name and password" in wrong.text
    assert next(one for one in wrong.forms if "password" in one.values).values["username"] == [login.username]
    assert visitor.submit(form, page.url, username=login.username, password="eight sheep on a hill").url == "/deals/"


def test_guessing_is_slow(world: World):
    visitor = Visitor(language="en")
    page = visitor.get("/sign-in/")
    form = next(one for one in page.forms if "password" in one.values)
    statuses = [visitor.submit(form, page.url, username="demo-seller", password=f"guess {n}").status for n in range(7)]
    assert statuses == [422] * 5 + [429] * 2


def test_who_has_left_does_not_sign_in_and_is_out_at_once(world: World):
    seller = Visitor("seller", "en")
    world.seller.left_at = world.seller.joined_at
    world.seller.save()
    assert seller.get("/").url.startswith("/sign-in/")
    again = Visitor(language="en")
    page = again.get("/sign-in/")
    assert again.client.post("/sign-in/", {"person": str(world.seller.pk)}).status_code == 422
    assert page.status == 200


def test_without_the_demonstration_nobody_is_offered(world: World, settings: Any):
    settings.DEMO = False
    visitor = Visitor(language="en")
    page = visitor.get("/sign-in/")
    assert not any("person" in one.values for one in page.forms)
    assert visitor.client.post("/sign-in/", {"person": str(world.seller.pk)}).status_code == 422


def test_where_to_go_on_stays_in_the_house(world: World):
    for far in ("https://example.com/", "//example.com/", "/\\example.com", "javascript:alert(1)"):
        visitor = Visitor()
        assert visitor.client.post("/sign-in/", {"person": str(world.seller.pk), "next": far})["Location"] == "/"


# My own page.


def test_a_key_is_shown_once_and_works_until_it_is_revoked(world: World):
    seller = Visitor("seller", "en")
    form = seller.get("/me/").form("make_token")
    made = seller.submit(form, "/me/", name="my program")
    key = re.search(r"ear_[\w-]{20,}", made.text)
    assert key is not None
    headers = {"authorization": f"Bearer {key[0]}"}
    assert Client(headers=headers).get("/api/v1/me").status_code == 200
    again = seller.submit(form, "/me/", name="my program")
    assert key[0] not in again.html
    assert Token.objects.filter(person=world.seller, name="my program").count() == 1
    seller.submit(seller.get("/me/").form("revoke"), "/me/")
    assert Client(headers=headers).get("/api/v1/me").status_code == 401


# Records that still ask.


def test_a_record_asks_for_what_it_could_not_read(world: World):
    deal = world.deal()
    seller = Visitor("seller", "en")
    page = record(seller, deal, words_1="付款最多给到 60 天", held_at="last Tuesday", contact_1="")
    assert "“last Tuesday” could not be read" in page.text
    assert "Who at the customer said it?" in page.text
    assert any("not complete" in line for line in [seller.get("/").text])
    done = seller.submit(page.form("complete"), page.url, held_at="2026-11-20T09:30", contact="Osman", title="CTO")
    assert "asks" not in done.html or "could not be read" not in done.text
    meeting = Meeting.objects.get(deal=deal)
    assert meeting.asks == {}
    assert f"{meeting.held_at:%Y-%m-%d %H:%M}" == "2026-11-20 01:30"  # typed in Shanghai
    filed = seller.submit(done.form("file"), done.url, category=world.categories[1])
    assert filed.status == 200
    assert "statement is about" not in seller.get("/").text


def test_the_house_is_english_or_chinese_by_a_switch(world: World):
    seller = Visitor("seller")
    page = seller.get("/")
    assert "我的一天" in page.text
    switch = next(one for one in page.forms if one.action == "/language/")
    assert "My day" in seller.submit(switch, "/").text
    assert settings.LANGUAGE_CODE == "zh-hans"


def test_every_page_of_a_broken_house_still_speaks(world: World, monkeypatch: pytest.MonkeyPatch):
    from earshot.web.views import day

    def broken(_person: Any) -> None:
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr(day, "my_day", broken)
    visitor = Visitor("seller", "en", raise_request_exception=False)
    page = visitor.get("/")
    assert page.status == 500
    assert "Something broke on our side." in page.text
    assert "broken on purpose" not in page.text
