"""What templates say with: `{% load looks %}`. Every filter keeps the exact value within reach."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
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
from earshot.web.times import ago, day, day_left, in_full, left, local_time, provisional, tone, tone_word, when, working

__all__ = [
    "ago",
    "day",
    "day_left",
    "in_full",
    "left",
    "link",
    "money",
    "number",
    "provisional",
    "quoted",
    "register",
    "said",
    "tone",
    "under",
    "when",
    "working",
]

register = template.Library()
_wrong: ContextVar[list[dict[str, str]] | None] = ContextVar("earshot_fields_that_were_wrong", default=None)
for said_as in (
    ago,
    day,
    day_left,
    in_full,
    initial,
    left,
    money,
    number,
    provisional,
    quoted,
    said,
    tone,
    tone_word,
    tongue,
    when,
    working,
):
    register.filter(said_as.__name__, said_as)
register.simple_tag(table_rows)

# In cascade order; the first file declares the layers.
SHEETS = (
    "tokens", "ground", "house", "page", "text", "mark", "quote", "message", "clock", "course", "person", "state", "gate", "figure",
    "sums", "bars", "board", "table", "field", "source", "form", "button", "empty", "notice", "owed", "live", "stages", "timeline", "duty",
    "tabs", "year", "print",
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


@contextmanager
def fields_noted() -> Iterator[list[dict[str, str]]]:
    """What is drawn inside notes its fields that show what was wrong with them, in their order: {url, label, error}."""
    noted: list[dict[str, str]] = []
    token = _wrong.set(noted)
    try:
        yield noted
    finally:
        _wrong.reset(token)


@register.simple_tag
def note_wrong(field: str, label: Any, error: Any) -> str:
    """A field that is shown with what was wrong with it makes itself known, so that the refusal on top can lead to it."""
    noted = _wrong.get()
    if noted is not None:
        noted.append({"url": f"#f-{field}", "label": label, "error": str(error)})
    return ""


@register.filter
def of(form: Any, hidden: dict[str, str]) -> Any:
    """Of a form that stands once for each row, the one of this row: what was typed and what was wrong belong to the row that was
    sent, told by the values that it hides. Any other row's form is as it was."""
    return form if all(str(form.value[name]) == value for name, value in hidden.items() if name != "act") else form.fresh()


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
def waiting_of(people: Any) -> int:
    """How many of those who are asked have not acknowledged."""
    return sum(bool(one.get("waits")) for one in people or ())


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
