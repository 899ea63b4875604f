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
from earshot.web.times import ago, in_full, left, local_time, tone, tone_word, when, working

__all__ = ["ago", "in_full", "left", "link", "money", "number", "quoted", "register", "said", "tone", "under", "when", "working"]

register = template.Library()
for said_as in (ago, in_full, initial, left, money, number, quoted, said, tone, tone_word, tongue, when, working):
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
