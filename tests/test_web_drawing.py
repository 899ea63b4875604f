"""Pages are drawn by code made of their templates, to the letter as Django would draw them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.template import Context, engines
from django.template.base import Template
from django.utils import translation
from django_cotton.compiler_regex import CottonCompiler

from earshot.kit import now
from earshot.kit.clock import standing_still
from earshot.web import drawing
from pages import Visitor
from worlds import World

TEMPLATES = Path(__file__).resolve().parent.parent / "src" / "earshot" / "web" / "templates"
# What is new in every page, whoever draws it.
NEW = re.compile(r'(name="(?:csrfmiddlewaretoken|idempotency_key|author)" value=|nonce-)"?[^"\']*')


def made_of(source: str) -> Any:
    """The template as a file with this in it would be read: components are tags to Django."""
    return engines["django"].engine.from_string(CottonCompiler().process(source))


def by_django(source: str, **names: Any) -> str:
    return str(made_of(source).render(Context(names)))


def by_us(source: str, **names: Any) -> str:
    template = made_of(source)
    assert drawing.drawing(template) is not None, "only Django can draw it"
    return str(drawing.Drawn(template, engines["django"]).render(names))


@pytest.mark.parametrize("path", sorted(path.relative_to(TEMPLATES).as_posix() for path in TEMPLATES.glob("**/*.html")))
def test_every_template_of_the_house_is_drawn_by_us(path: str) -> None:
    if not path.startswith("cotton/"):
        assert drawing.drawing(engines["django"].engine.get_template(path)) is not None


def test_a_page_is_drawn_as_django_draws_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    deal = world.ready_deal()
    world.deal("empty")
    item, call = world.items(deal)[0], world.calls(deal)[0]
    urls = [
        "/",
        "/hear/",
        "/capture/",
        "/deals/",
        "/deals/?q=x&sort=-amount",
        "/deals/new/",
        f"/deals/{deal.pk}/",
        f"/deals/{deal.pk}/gate/",
    ]
    urls += [f"/deals/{deal.pk}/meetings/new/", f"/meetings/{item.meeting_id}/", f"/items/{item.pk}/", "/calls/", f"/calls/{call.pk}/"]
    urls += ["/accounts/", "/accounts/new/", f"/accounts/{deal.account_id}/", f"/people/{world.seller.pk}/", "/me/", "/search/?q=a"]
    urls += ["/playbook/", "/sign-in/", "/gallery/", "/nowhere/"]
    drawn = []

    def drawings(template: Template) -> Any:
        drawn.append(template.name)
        return real(template)

    real = drawing.drawing
    with standing_still(now()):
        for who, language in (("seller", "zh-hans"), ("head", "en")):
            visitor = Visitor(who, language)
            for url in urls:
                monkeypatch.setattr(drawing, "drawing", drawings)
                ours = NEW.sub(r"\1", visitor.get(url).html)
                monkeypatch.setattr(drawing, "drawing", lambda _template: None)
                assert ours == NEW.sub(r"\1", visitor.get(url).html), (url, who, language)
    assert "web/deal.html" in drawn


class Thing:
    name = "A & B"

    def said(self) -> str:
        return "<said>"

    def delete(self) -> None:
        raise AssertionError("a page changes nothing")

    delete.alters_data = True  # type: ignore[attr-defined]


# ruff: noqa: E501, ISC004 - a template is one line
@pytest.mark.parametrize(
    "template",
    [
        "{{ a }} {{ b }} {{ missing }} {{ missing.part }} {{ thing.name }} {{ thing.said }} {{ thing.delete }}|{{ number }} {{ none }} {{ yes }}",
        "{{ rows.0 }} {{ rows.9 }} {{ pairs.0.1 }} {{ book.items|length }} {{ book.key }} {{ book.absent|default:'–' }} {{ a|default:b }}",
        "{% if missing %}x{% elif not a and b %}y{% elif number > 2 and 1 in rows or none %}z{% else %}w{% endif %}",
        "{% if none > 3 %}a{% endif %}{% if missing == none %}b{% endif %}{% if 'x' not in none %}c{% endif %}{% if number is not none %}d{% endif %}",
        "{% for x in rows %}{{ forloop.counter }}{{ forloop.last }}{{ x }}{% empty %}none{% endfor %}{{ x }}{% for x in none %}{% empty %}–{% endfor %}",
        "{% for left, right in pairs %}{{ left }}={{ right }};{% endfor %}{% for k, v in book.items %}{{ k }}{{ v }}{% endfor %}",
        "{% with a=number b=a %}{{ a }}{{ b }}{% with a=thing.name %}{{ a }}{% endwith %}{{ a }}{% endwith %}{{ a }}{{ b }}",
        "{% load i18n %}{% translate 'Deals' %}{% translate '100% <b>' %}{% translate 'Me' context 'my own page' %}{% translate 'Deals' as d %}{{ d }}",
        "{% load i18n %}{% blocktranslate with x=a %}At {{ x }} & 5%{% endblocktranslate %}"
        "{% blocktranslate count n=rows|length %}{{ n }} condition is met{% plural %}{{ n }} conditions are met{% endblocktranslate %}",
        "{% firstof missing none a %}{% firstof missing 'x<' as f %}{{ f }}{% firstof missing none %}",
        '<c-text kind="{{ a }}">{{ a }}<c-dot />{% if number %}<c-strong>{{ b }}</c-strong>{% endif %}</c-text>',
        '<c-link :url="missing" :label="thing.name" quote="1" /><c-link url="{% url "deals" %}" label="A & B" /><c-link :label="3" :url="a">{{ b }}</c-link>',
        '<c-section title="x" :count="none">{% for x in rows %}<c-item id="i{{ x }}">{{ x }}</c-item>{% endfor %}</c-section>',
        '<c-page-header :title="a" quote="1">{% if number %}<c-slot name="act"><c-button label="<go>" :hidden="book" post="/x" /></c-slot>{% endif %}</c-page-header>',
        '<c-field :attrs="field" /><c-field name="n" kind="select" :options="pairs" :value="number" optional />{% load looks %}{{ money|money:"CNY" }}{{ when|when }}',
    ],
)
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_what_a_template_may_say_is_drawn_as_django_draws_it(template: str, language: str) -> None:
    names: dict[str, Any] = {
        "a": "<a> & 'b'",
        "b": translation.gettext_lazy("Deals"),
        "thing": Thing(),
        "number": 1234,
        "none": None,
        "yes": True,
        "rows": [1, 2, 3],
        "pairs": [("l", "<r>"), ("m", 2)],
        "book": {"key": "<v>"},
        "field": {"name": "f", "label": "L & M", "value": "<v>"},
        "money": "2105000",
        "when": now(),
    }
    with translation.override(language), standing_still(now()):
        assert NEW.sub(r"\1", by_us(template, **names)) == NEW.sub(r"\1", by_django(template, **names))


def test_a_template_that_we_do_not_know_is_drawn_by_django() -> None:
    template = "{% autoescape off %}{{ a }}{% endautoescape %}"
    made = engines["django"].from_string(template)
    assert drawing.drawing(made.template) is None
    assert made.render({"a": "<b>"}) == "<b>"


def test_what_one_component_is_given_does_not_leak_into_another() -> None:
    assert by_us('<c-text kind="quiet">x</c-text><c-text>y</c-text>').count("is-quiet") == 1
    assert "outside" not in by_us("<c-link url='/'>x</c-link>", label="outside")


def test_each_reader_has_the_language_of_the_reader() -> None:
    template = engines["django"].engine.from_string("{% load i18n %}{% translate 'Deals' %}")
    draw = drawing.Drawn(template, engines["django"])
    with translation.override("en"):
        assert draw.render({}) == "Deals"
    with translation.override("zh-hans"):
        assert draw.render({}) == "商机"
