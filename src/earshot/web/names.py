"""Company data on a page: names, titles and words said, in their own language and direction."""

from __future__ import annotations

import re
from typing import Any

from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe

SCRIPTS = (
    ("ja", re.compile("[\u3040-\u30ff]")),
    ("zh-Hans", re.compile("[\u3400-\u9fff\U00020000-\U000323af]")),
    ("ko", re.compile("[\uac00-\ud7a3]")),
    ("ar", re.compile("[\u0600-\u06ff]")),
    ("he", re.compile("[\u0590-\u05ff]")),
    ("ru", re.compile("[\u0400-\u04ff]")),
)
ISOLATED = re.compile("\u2068(.*?)\u2069", re.DOTALL)


def tongue(text: Any) -> str:
    """The language that the script of `text` gives away, or "" (HTML: unknown)."""
    words = str(text)
    if words.isascii():
        return ""
    for language, script in SCRIPTS:
        if script.search(words):
            return language
    return ""


def quoted(text: Any) -> SafeString | str:
    """A name, title or sentence of the company's own data: never translated, its direction kept to itself."""
    if text is None or text == "":
        return ""
    return mark_safe(f'<bdi translate="no" lang="{tongue(text)}">{conditional_escape(text)}</bdi>')


def said(sentence: Any) -> SafeString | str:
    """A sentence in which company data stand between U+2068 and U+2069 (Unicode's isolates): on a page they become quotations."""
    words = conditional_escape(sentence)
    if "\u2068" not in words:
        return words
    return mark_safe(ISOLATED.sub(lambda found: f'<bdi translate="no" lang="{tongue(found[1])}">{found[1]}</bdi>', words))


def initial(name: Any) -> str:
    return str(name).strip()[:1].upper()
