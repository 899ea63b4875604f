"""Company data on a page: names, titles and words said, in their own language and direction."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

SCRIPTS = (
    ("ja", re.compile("[\u3040-\u30ff]")),
    ("zh-Hans", re.compile("[\u3400-\u9fff\U00020000-\U000323af]")),
    ("ko", re.compile("[\uac00-\ud7a3]")),
    ("ar", re.compile("[\u0600-\u06ff]")),
    ("he", re.compile("[\u0590-\u05ff]")),
    ("ru", re.compile("[\u0400-\u04ff]")),
)
_OTHERS = "\u0400-\u04ff\u0590-\u05ff\u0600-\u06ff\u3040-\u30ff\uac00-\ud7a3"
_HAN = "\u3400-\u9fff\U00020000-\U000323af\u3001-\u3002\uff01-\uff5e\u00b7"
# Runs of letters that a page's own language does not have; single spaces inside a run belong to it.
FOREIGN_IN_CHINESE = re.compile(f"[{_OTHERS}]+(?: [{_OTHERS}]+)*")
FOREIGN_IN_ENGLISH = re.compile(f"[{_OTHERS}{_HAN}]+(?: [{_OTHERS}{_HAN}]+)*")
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
    return _quoted_name(text) if type(text) is str and len(text) <= 100 else _quoted(text)


def _quoted(text: Any) -> SafeString:
    return mark_safe(f'<bdi translate="no" lang="{tongue(text)}">{conditional_escape(text)}</bdi>')


# The names of a house come up again and again.
_quoted_name = lru_cache(maxsize=4096)(_quoted)


def said(sentence: Any) -> SafeString | str:
    """A sentence with company data in it. What stands between U+2068 and U+2069 (Unicode's isolates) becomes a quotation; so does
    every run of a script that the page's own language is not written in: such words can only be somebody's name or saying."""
    words = conditional_escape(sentence)
    if "\u2068" in words:
        return mark_safe(ISOLATED.sub(_isolated, words))
    if isinstance(sentence, SafeString) or words.isascii():
        return words  # markup that was said already, or nothing to mark
    return mark_safe((FOREIGN_IN_ENGLISH if (get_language() or "").startswith("en") else FOREIGN_IN_CHINESE).sub(_run, words))


def _isolated(found: re.Match[str]) -> str:
    return f'<bdi translate="no" lang="{tongue(found[1])}">{found[1]}</bdi>'


def _run(found: re.Match[str]) -> str:
    return f'<bdi translate="no" lang="{tongue(found[0])}">{found[0]}</bdi>'


def initial(name: Any) -> str:
    return str(name).strip()[:1].upper()
