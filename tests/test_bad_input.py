"""Absurd input on every act of every page: it is taken as it is or refused in words, nothing is half written, and what was typed stays."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.db import transaction
from django.test import Client

from earshot.journal.models import Entry
from earshot.people.models import Login
from earshot.web import urls
from pages import seen
from test_web_access import PAGES, PEOPLE, Case, case  # noqa: F401 - a fixture

UUIDS = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(,|$)")
# What says which object or which version is meant, and files as a browser hands them over: nobody types these.
NOT_TYPED = {"act", "version", "seen", "was", "place", "content", "next", "idempotency_key", "shown", "code", "table", "part", "asked"}
ABSURD = {
    "ten thousand characters": "长" * 10_000,
    "right to left, marks upon marks": "\u202e1200\u2066 z" + "\u0301" * 40,
    "negative beyond measure": "-1" + "0" * 400,
    "a day that is none": "2030-02-30",
}


def sendings() -> Iterator[tuple[str, str, str]]:
    """Every act of a page that somebody succeeds in: address, act, who."""
    views = {str(one.pattern): getattr(one.callback, "view_class", None) for one in urls.urlpatterns}
    for address, told in PAGES.items():
        for sent, statuses in told.items():
            who = next((key for key, status in zip(PEOPLE, statuses, strict=False) if status == 302), None)
            if sent.startswith("POST ") and who is not None and views.get(address) is not None:
                yield address, sent.removeprefix("POST "), who


@pytest.mark.parametrize("absurd", ABSURD)
def test_what_nobody_means_is_taken_or_refused_in_words_and_kept(case: Case, absurd: str) -> None:  # noqa: F811 - the fixture
    value, wrong, tried = ABSURD[absurd], [], 0
    clients = {}
    for key in PEOPLE:
        clients[key] = Client(raise_request_exception=True)
        clients[key].force_login(Login.objects.get(username=f"demo-{key}"))
    for address, act, who in sendings():
        url = case.url(address)
        form = case.form(address, act)
        for field in [name for name, there in form.items() if name not in NOT_TYPED and not UUIDS.match(there)]:
            tried += 1
            said = f"{act} /{address} {field}"
            cache.clear()
            with transaction.atomic():
                before = Entry.objects.count()
                response = clients[who].post(url, form | {field: value})
                written = Entry.objects.count() - before
                transaction.set_rollback(True)
            if response.status_code == 302:
                continue
            if response.status_code not in (404, 409, 412, 422):
                wrong.append(f"{said}: {response.status_code}")
            elif written:
                wrong.append(f"{said}: refused, and {written} entries are written")
            elif response.status_code == 422:
                page = seen(response, url)
                chosen = re.search(rf'<select[^>]*name="{re.escape(field)}"', page.html)
                sent = {name: [there] for name, there in form.items() if UUIDS.match(there)}
                stands = [
                    one.values[field]
                    for one in page.forms
                    if one.act == act and field in one.values and all(one.values.get(name, there) == there for name, there in sent.items())
                ]
                if stands and not chosen and [value] not in stands:
                    wrong.append(f"{said}: what was typed is gone")
    assert tried > 50
    assert not wrong, "\n".join(wrong)
