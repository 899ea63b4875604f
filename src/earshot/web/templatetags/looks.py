"""What templates say with: `{% load looks %}`. Every filter keeps the exact value within reach."""

from __future__ import annotations

from functools import cache
from typing import Any

from django import template
from django.conf import settings
from django.templatetags.static import static
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from earshot import kit
from earshot.web.money import money, number
from earshot.web.names import initial, quoted, said, tongue
from earshot.web.tables import link, table_rows, under
from earshot.web.times import ago, left, local_time, tone, tone_word, when, working

__all__ = ["ago", "left", "link", "money", "number", "quoted", "register", "said", "tone", "under", "when", "working"]

register = template.Library()
for said_as in (ago, initial, left, money, number, quoted, said, tone, tone_word, tongue, when, working):
    register.filter(said_as.__name__, said_as)
register.simple_tag(table_rows)

# In cascade order; the first file declares the layers.
SHEETS = (
    "tokens", "ground", "house", "page", "text", "mark", "quote", "clock", "person", "state", "gate", "figure", "table",
    "field", "form", "button", "empty", "notice", "stages", "timeline", "duty", "tabs", "print",
)  # fmt: skip


@register.simple_tag
def choices(options: Any, value: Any, name: str = "") -> list[dict[str, Any]]:
    """`options`: dicts (value, label, help) or pairs, as rows that know whether they are chosen."""
    chosen = {str(each) for each in value} if isinstance(value, list | tuple | set) else {str(value)} if value not in (None, "") else set()
    rows = []
    for index, option in enumerate(options or ()):
        if not isinstance(option, dict):
            option = dict(zip(("value", "label", "help"), option, strict=False))
        rows.append({**option, "chosen": str(option["value"]) in chosen, "id": f"{name}-{index}"})
    return rows


@register.simple_tag(takes_context=True)
def note_wrong(context: Any, field: str, label: Any, error: Any) -> str:
    """A field that is shown with what was wrong with it makes itself known, so that the refusal on top can lead to it."""
    request = context.get("request")
    if request is not None:
        request.wrong_fields = [*getattr(request, "wrong_fields", ()), {"url": f"#f-{field}", "label": label, "error": str(error)}]
    return ""


@register.simple_tag(takes_context=True)
def fields_to_mend(context: Any, refusal: Any) -> dict[str, list[Any]]:
    """After the page's content: `links` to the fields that show what was wrong, and what was wrong with none that is shown."""
    links: list[Any] = getattr(context.get("request"), "wrong_fields", [])
    said_beside = {each["error"] for each in links}
    lost = [{"sentence": text, "judged": True} for text in getattr(refusal, "fields", {}).values() if str(text) not in said_beside]
    return {"links": links, "lost": lost}


@register.simple_tag(takes_context=True)
def typed_without_place(context: Any, content: str) -> list[str]:
    """What the reader typed into a form that this page has no place for any more."""
    page = context.get("page")
    lost: list[str] = page.typed_without_place(content) if hasattr(page, "typed_without_place") else []
    return lost


class _Captured(template.Node):
    """`{% captured as name %} … {% endcaptured %}`: what is inside is made first and put where the page wants it."""

    def __init__(self, nodelist: template.NodeList, name: str) -> None:
        self.nodelist, self.name = nodelist, name

    def render(self, context: template.Context) -> str:
        context[self.name] = self.nodelist.render(context)
        return ""


@register.tag
def captured(parser: Any, token: Any) -> _Captured:
    _tag, _as, name = token.split_contents()
    nodelist = parser.parse(("endcaptured",))
    parser.delete_first_token()
    return _Captured(nodelist, name)


LONG = 600
MANY_LINES = 10


@register.filter
def is_long(words: Any) -> bool:
    """Whether these words are folded at first: more than a page has room for beside others."""
    return len(str(words)) > LONG or str(words).count("\n") > MANY_LINES


@register.filter
def for_input(value: Any, kind: str = "") -> str:
    """What stands in an input: a local moment for date-time fields, what was typed otherwise."""
    local = local_time(value)
    if local is not None:
        return f"{local:%Y-%m-%d}" if kind == "date" else f"{local:%Y-%m-%dT%H:%M}"
    return "" if value is None else str(value)


@register.simple_tag
def new_key() -> str:
    """An Idempotency-Key for a form: sending the same page twice does one thing."""
    return str(kit.uuid7())


@cache
def _links() -> SafeString:
    return format_html_join("\n", '<link rel="stylesheet" href="{}">', ((static(f"web/css/{name}.css"),) for name in SHEETS))


@register.simple_tag
def stylesheets() -> SafeString:
    if settings.DEBUG:
        _links.cache_clear()
    return _links()
