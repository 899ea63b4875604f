"""Names as people look for them: by two characters, by pinyin, by its initials, by a fragment of Latin letters."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

MOST_ASKED = 100
# Of a long text, so that each of its places is one that either engine keeps: PostgreSQL counts them up to 16,383.
MOST_KEPT = 12_000
# What says only in which legal form a company stands. Two names that differ in nothing else are one customer's; longest first.
_FORMS = (
    *("股份有限责任公司", "有限责任公司", "股份有限公司", "有限公司", "股份公司", "公司"),
    *("incorporated", "corporation", "company", "limited", "gmbh", "corp", "inc", "ltd", "llc", "plc", "co"),
)
_HAN_FORM = re.compile("(" + "|".join(form for form in _FORMS if not form.isascii()) + ")$")
_LATIN_FORM = re.compile(r"(?<=[\s,.(])(" + "|".join(form for form in _FORMS if form.isascii()) + r")[\s.,)]*$")
_RUNS = re.compile(r"[0-9a-z]+|[^0-9a-z]+")


def plain(text: str) -> str:
    """Letters, characters and digits alone, as they sound alike to who types them: width, case, accents and whatever stands between
    are gone."""
    folded = unicodedata.normalize("NFKD", text).casefold()
    return "".join(char for char in folded if char.isalnum())


def bare(name: str) -> str:
    """The normal form of a company's name: `plain`, and without its legal form. A name that is nothing but one stays what it is."""
    text = unicodedata.normalize("NFKC", name).casefold().strip()
    while True:
        cut = _LATIN_FORM.sub("", _HAN_FORM.sub("", text.rstrip(" .,()"))).strip()
        if cut == text or not plain(cut):
            return plain(text) or text
        text = cut


def spelt(name: str) -> tuple[str, str]:
    """Full pinyin and its initials, of a normal form. What is written in letters stays as it is: a character read as in its word."""
    if name.isascii():
        return name, name
    from pypinyin import lazy_pinyin  # its tables take a moment to load, and most processes never ask

    sounds, initials = "", ""
    for run in _runs(name):
        syllables = [run] if run.isascii() else lazy_pinyin(run)
        sounds += "".join(syllables)
        initials += run if run.isascii() else "".join(syllable[:1] for syllable in syllables)
    return plain(sounds), plain(initials)


def _tokens(run: str) -> list[str]:
    """Each place of a run with what follows it: three letters, or two characters; shorter at the end."""
    if run.isascii():
        return [f"a{run[n : n + 3]}" for n in range(len(run))]
    return ["u" + "".join(f"{ord(char):05x}" for char in run[n : n + 2]) for n in range(len(run))]


def _runs(text: str) -> Iterator[str]:
    return (match[0] for match in _RUNS.finditer(text))


@dataclass(frozen=True)
class FoundBy:
    """By what a name is found. `words`: for the index, words of plain letters in the order in which they follow each other, so that any
    engine's full-text index takes them as they are, in any locale. `bare`: the normal form; `sound`: the pinyin of that."""

    words: str
    bare: str
    sound: str


def found_by(name: str, *more: str) -> FoundBy:
    """By what `name` is found. `more`: what else it is found by (a number)."""
    short = bare(name)
    return FoundBy(index_of([name], more), short, spelt(short)[0])


def index_of(names: Iterable[str], texts: Iterable[str] = ()) -> str:
    """Words for the index (`FoundBy.words`): of names, which are found by their sound too, and of texts, which are found as they are
    written."""
    ways: dict[str, None] = {}
    for name in names:
        short = bare(name)
        ways |= dict.fromkeys([plain(name), *(() if short.isascii() else spelt(short))])
    ways |= dict.fromkeys(plain(text)[:MOST_KEPT] for text in texts)
    return " zz ".join(" ".join(token for run in _runs(way) for token in _tokens(run)) for way in ways if way)


def phrase_of(asked: str) -> list[str]:
    """The words that must follow each other where `asked` is part of a name; the last may go on. None: nothing is asked."""
    runs = list(_runs(plain(asked[:MOST_ASKED])))
    words = [token for run in runs[:-1] for token in _tokens(run)]
    if runs:
        width = 3 if runs[-1].isascii() else 2
        words += _tokens(runs[-1])[: max(1, len(runs[-1]) - width + 1)]
    return words
