"""Translations without system tools: one catalog per room, English msgids, Chinese complete.

`update`  finds every message of a room's Python and templates and brings its .po to that list: new ones empty, dead ones out
`check`   names what is missing, empty, identical, fuzzy or has other placeholders than the original; exit 1
`compile` writes the .mo files that Django reads (git-ignored)

A message's words must stand in the call itself (`_("…")`), never in a variable or an f-string: what cannot be read cannot be
translated. An alias (`gettext_lazy as later`) is understood.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import normalize, read_po

PACKAGE = Path(__file__).resolve().parent.parent / "src" / "earshot"
LANGUAGE = "zh_Hans"
# Files directly in the package (settings) have no room; theirs lie with the room that has no subject.
HOMELESS = "kit"
# The same in both languages, and right so.
SAME = {"CSV", "API", "ID", "OK", "Earshot", "English", "Markdown", "UTF-8"}

CALLS = {  # name in django.utils.translation → positions of (context, singular, plural)
    **dict.fromkeys(("gettext", "gettext_lazy", "gettext_noop"), (None, 0, None)),
    **dict.fromkeys(("ngettext", "ngettext_lazy"), (None, 0, 1)),
    **dict.fromkeys(("pgettext", "pgettext_lazy"), (0, 1, None)),
    **dict.fromkeys(("npgettext", "npgettext_lazy"), (0, 1, 2)),
}
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%[sdif]|\{\w*(?:[.!:][^{}]*)?\}")
TEMPLATE_CALL = re.compile(r"""(?<![\w.])(_|n?p?gettext(?:_noop)?)\(""")


@dataclass(frozen=True, order=True)
class Words:
    text: str
    context: str = ""
    plural: str = ""

    @property
    def key(self) -> tuple[str, str]:
        return self.context, self.text


unreadable: list[str] = []  # translation calls whose words are not literal, as far as files have been read


def rooms() -> list[str]:
    return sorted(p.name for p in PACKAGE.iterdir() if p.is_dir() and any(p.glob("*.py")))


def catalog_path(room: str) -> Path:
    return PACKAGE / room / "locale" / LANGUAGE / "LC_MESSAGES" / "django.po"


def literal(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def words_of_call(node: ast.Call, kind: str, where: str) -> Iterator[Words]:
    parts: list[str] = []
    for position in CALLS[kind]:
        if position is None:
            parts.append("")
            continue
        value = literal(node.args[position]) if position < len(node.args) else None
        if value is None:
            fault = f"{where}:{node.lineno}: the words of {kind} must be a literal string in the call itself"
            if fault not in unreadable:
                unreadable.append(fault)
            return
        parts.append(value)
    context, text, plural = parts
    yield Words(text, context, plural)


def in_python(path: Path) -> Iterator[Words]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "django.utils.translation":
            names.update({alias.asname or alias.name: alias.name for alias in node.names if alias.name in CALLS})
    where = str(path.relative_to(PACKAGE))
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        function = node.func
        kind = names.get(function.id, "") if isinstance(function, ast.Name) else ""
        if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name) and function.value.id == "translation":
            kind = function.attr if function.attr in CALLS else ""
        if kind:
            yield from words_of_call(node, kind, where)


def in_template(path: Path) -> Iterator[Words]:
    """Django turns a template into something that looks like calls of gettext; each call is cut out and read as Python."""
    from django.utils.translation.template import templatize

    where = str(path.relative_to(PACKAGE))
    text = templatize(path.read_text(encoding="utf-8"), origin=where)
    for match in TEMPLATE_CALL.finditer(text):
        kind = "gettext" if match[1] == "_" else match[1]
        for end in (m.end() for m in re.finditer(r"\)", text[match.end() :])):
            try:
                node = ast.parse("_" + text[match.end() - 1 : match.end() + end].replace("\n", " "), mode="eval").body
            except SyntaxError:
                continue
            if isinstance(node, ast.Call):
                yield from words_of_call(node, kind, where)
            break


def used(room: str) -> dict[tuple[str, str], Words]:
    """Every message of a room; the form with a plural wins where both are used."""
    files = [p for p in (PACKAGE / room).rglob("*.py") if "migrations" not in p.parts]
    if room == HOMELESS:
        files += PACKAGE.glob("*.py")
    pages = [p for suffix in ("html", "txt", "svg", "xml") for p in (PACKAGE / room / "templates").rglob(f"*.{suffix}")]
    found: dict[tuple[str, str], Words] = {}
    for words in [w for p in sorted(files) for w in in_python(p)] + [w for p in sorted(pages) for w in in_template(p)]:
        if words.text and (words.plural or words.key not in found):
            found[words.key] = words
    return found


def catalog(room: str) -> dict[tuple[str, str], Message]:
    path = catalog_path(room)
    if not path.exists():
        return {}
    with path.open("rb") as file:
        read = read_po(file, locale=LANGUAGE, abort_invalid=True)
    return {(m.context or "", m.id[0] if isinstance(m.id, tuple | list) else m.id): m for m in read if m.id}


def translated(message: Message | None) -> str:
    if message is None:
        return ""
    return str(message.string[0] if isinstance(message.string, tuple | list) else message.string)


def write(room: str, entries: dict[Words, tuple[str, bool]]) -> None:
    """Sorted, without dates and line numbers: two people who add messages touch two places."""
    lines = ['msgid ""', 'msgstr ""', f'"Language: {LANGUAGE}\\n"', '"MIME-Version: 1.0\\n"']
    lines += [
        '"Content-Type: text/plain; charset=UTF-8\\n"',
        '"Content-Transfer-Encoding: 8bit\\n"',
        '"Plural-Forms: nplurals=1; plural=0;\\n"',
        "",
    ]
    for words, (chinese, fuzzy) in sorted(entries.items()):
        lines += ["#, fuzzy"] if fuzzy else []
        lines += [f"msgctxt {normalize(words.context, width=0)}"] if words.context else []
        lines.append(f"msgid {normalize(words.text, width=0)}")
        if words.plural:
            lines += [f"msgid_plural {normalize(words.plural, width=0)}", f"msgstr[0] {normalize(chinese, width=0)}"]
        else:
            lines.append(f"msgstr {normalize(chinese, width=0)}")
        lines.append("")
    path = catalog_path(room)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines), encoding="utf-8")


def update() -> list[str]:
    known: dict[tuple[str, str], str] = {}
    for room in rooms():
        known |= {key: translated(m) for key, m in catalog(room).items() if translated(m) and not m.fuzzy}
    for room in rooms():
        present, wanted = catalog(room), used(room)
        if not present and not wanted:
            continue
        entries: dict[Words, tuple[str, bool]] = {}
        for key, words in wanted.items():
            old = present.get(key)
            # Words that another room has already translated are translated the same way: Django merges all rooms into one.
            entries[words] = (translated(old) or known.get(key, ""), bool(old and old.fuzzy))
        write(room, entries)
        empty = sum(not chinese for chinese, _ in entries.values())
        print(f"{room}: {len(entries)} messages" + (f", {empty} to translate" if empty else ""))
    return unreadable


def check() -> list[str]:
    found: list[str] = []
    everywhere: dict[tuple[str, str], tuple[str, str]] = {}
    for room in rooms():
        present, wanted = catalog(room), used(room)
        found += [f"{room}: not used any more: {text!r}; run make messages" for key in present if key not in wanted for text in [key[1]]]
        for key, words in sorted(wanted.items()):
            chinese = translated(present.get(key))
            found += [f"{room}: {words.text!r}: {fault}" for fault in faults_of(words, present.get(key), chinese)]
            elsewhere = everywhere.setdefault(key, (room, chinese))
            if chinese and elsewhere[1] and elsewhere[1] != chinese:
                found.append(
                    f"{room}: {words.text!r}: {chinese!r}, but {elsewhere[0]} says {elsewhere[1]!r}; use pgettext to tell them apart"
                )
    return unreadable + found


def faults_of(words: Words, message: Message | None, chinese: str) -> Iterator[str]:
    if re.search(r"[\u3400-\u9fff]", words.text):
        yield "the original must be English"
    if message is None:
        yield "missing; run make messages"
    elif not chinese.strip():
        yield "not translated"
    elif message.fuzzy:
        yield "marked fuzzy"
    elif bool(words.plural) != isinstance(message.id, tuple | list):
        yield "has or has not a plural form; run make messages"
    elif chinese in (words.text, words.plural) and words.text not in SAME and re.search(r"[A-Za-z]{2}", PLACEHOLDER.sub("", words.text)):
        yield "the translation is the original"
    elif words.text.endswith(" …") and chinese.endswith("……"):
        yield "what goes on ends in one ellipsis"
    elif "您" in chinese:
        yield "Earshot says 你 to whoever reads it"
    else:
        original, here = set(PLACEHOLDER.findall(words.plural or words.text)), set(PLACEHOLDER.findall(chinese))
        if original != here:
            yield f"placeholders differ: {sorted(original)} and {sorted(here)}"


def compile_all() -> list[str]:
    for room in rooms():
        path = catalog_path(room)
        if not path.exists():
            continue
        with path.open("rb") as file:
            read: Catalog = read_po(file, locale=LANGUAGE, abort_invalid=True)
        ready = path.with_suffix(".mo.new")
        with ready.open("wb") as file:
            write_mo(file, read)
        ready.replace(path.with_suffix(".mo"))
    return []


if __name__ == "__main__":
    verbs = {"update": update, "check": check, "compile": compile_all}
    verb = verbs.get(" ".join(sys.argv[1:]))
    if verb is None:
        sys.exit(__doc__)
    wrong = verb()
    print("\n".join(wrong), end="\n" if wrong else "")
    sys.exit(bool(wrong))
