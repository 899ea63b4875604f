"""Cells and rows of long lists, made in the view: a component a cell costs three times as much (docs/looks.md)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.utils.html import conditional_escape, escape, format_html
from django.utils.safestring import SafeString, mark_safe

from earshot.web.names import quoted, said


def link(url: str, text: Any, *, plain: bool = False) -> SafeString:
    """A cell that opens something. `plain`: `text` is interface text, not company data."""
    return mark_safe(f'<a href="{escape(url)}">{conditional_escape(text) if plain else quoted(text)}</a>')


def under(first: Any, second: Any) -> SafeString:
    """A cell of two lines."""
    return mark_safe(f'{conditional_escape(first)}<span class="table-under">{conditional_escape(second)}</span>')


def code(name: str) -> SafeString:
    """A cell with a name as programs write it: in one piece."""
    return format_html('<code translate="no">{}</code>', name)


def late(words: Any) -> SafeString:
    """Words of a cell about what is overdue."""
    return format_html('<span class="mark is-red">{}</span>', words)


def table_rows(columns: Sequence[Mapping[str, Any]], rows: Iterable[Sequence[Any]]) -> SafeString:
    """Rows of a long list in one go.

    `rows`: one sequence of cells each, in the order of `columns`; a cell is text (escaped) or what the filters here return.
    """
    heads = [f'<td data-label="{escape(column["label"])}"{" class=is-number" if column.get("number") else ""}><div>' for column in columns]
    parts: list[str] = []
    for row in rows:
        parts.append('<tr><th scope="row">')
        for index, cell in enumerate(row):
            if index:
                parts.append(heads[index])
            parts.append("" if cell is None else conditional_escape(cell))
            parts.append("</div></td>" if index else "</th>")
        parts.append("</tr>")
    return mark_safe("".join(parts))


def with_faults(cell: Any, sentences: Iterable[Any]) -> SafeString:
    """A cell with what is wrong with it under it."""
    faults = "".join(f'<span class="table-wrong"><span class="mark is-red">{said(one)}</span></span>' for one in sentences)
    return mark_safe(f"{conditional_escape(cell)}{faults}")
