"""Conditions of the playbook, in CEL (https://cel.dev): what they may speak of, what is wrong with one, and how it stands. Pure.

A fact has a type and a meaning; wiring says which there are and where each comes from. A condition is read against them before a
version is published, in bounds: at most 2,000 characters, 200 names, values and operators, one macro deep. It is judged from values
that are handed in: a fact that is not known, or an expression that fails, leaves it *not judged*, which never counts as met.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from itertools import pairwise, takewhile
from typing import Any

from cel_expr_python import cel
from django.utils.translation import gettext_lazy as _

from earshot.kit.problems import say
from earshot.kit.ruling import permissive

MOST_CHARACTERS, MOST_NODES, MOST_OF_LIST = 2_000, 200, 1_000
WHOLE, NUMBER, TEXT, YES_NO, TEXTS = "whole number", "number", "text", "yes or no", "list of texts"
_TYPES = {
    WHOLE: cel.Type.INT,
    NUMBER: cel.Type.DOUBLE,
    TEXT: cel.Type.STRING,
    YES_NO: cel.Type.BOOL,
    TEXTS: cel.Type.List(cel.Type.STRING),
}
# What CEL calls them in what it says of a mistake.
KINDS = {
    "int": _("a whole number (5)"),
    "double": _("a number with decimals (5.0)"),
    "string": _("a text ('…')"),
    "bool": _("yes or no (true, false)"),
    "list(string)": _("a list of texts (['…'])"),
    "list(int)": _("a list of whole numbers"),
    "list(double)": _("a list of numbers"),
    "null": _("nothing (null)"),
}
MACROS = {"all", "exists", "exists_one", "map", "filter"}
_TOKEN = re.compile(
    r"""(?P<text>r?'(?:\\.|[^'\\])*'|r?"(?:\\.|[^"\\])*")|(?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?u?)|(?P<name>[A-Za-z_]\w*(?:\s*\.\s*[A-Za-z_]\w*)*)"""
    r"""|(?P<operator>&&|\|\||[<>=!]=|[-+*/%<>!?:])|(?P<open>[(\[{])|(?P<close>[)\]}])|(?P<other>[.,])|(?P<space>\s+)|(?P<unknown>.)""",
    re.DOTALL,
)
_SAID = re.compile(r"ERROR: <input>:(\d+):(\d+): (.*?)(?:\n|$)")
_UNDECLARED = re.compile(r"undeclared reference to '([^']*)'")
_OVERLOAD = re.compile(r"found no matching overload for '([^']*)' applied to '\((.*)\)'")

Value = int | float | str | bool | Sequence[str] | None


@dataclass(frozen=True)
class Fact:
    """Something that a condition may speak of. `name`: group and fact, with a dot between. `kind`: its type. `meaning`: in a sentence.
    `unit`: of a number. `act`: name of the one act that changes it, where one does. `lasting`: it says what a deal is, not what was done
    on it, and is read from the deal itself and its account: sizes, gates and seats go by such facts alone. `codes_of`: the
    part and table (`process/roles`) of which its values are codes."""

    name: str
    kind: str
    meaning: Any
    unit: Any = ""
    act: str = ""
    lasting: bool = False
    codes_of: str = ""

    @property
    def group(self) -> str:
        return self.name.partition(".")[0]


@dataclass(frozen=True)
class Fault:
    """What is wrong with a condition. `column`: where, counted from 1; 0: with the whole."""

    column: int
    sentence: Any

    def told(self) -> Any:
        """The sentence, with where it stands in front of it."""
        return say(_("character {n}: {what}"), n=self.column, what=self.sentence) if self.column else self.sentence


@dataclass(frozen=True)
class Part:
    """One of the parts that && and || join. `met` None: it cannot be judged. `facts`: those that it speaks of, with their values."""

    source: str
    met: bool | None
    facts: Mapping[str, Value]


@dataclass(frozen=True)
class Judgement:
    """How a condition stands. `met` None: it cannot be judged, because these facts are not known (`unknown`), or, where that is
    empty, because it fails (`failed`, as the engine says it)."""

    met: bool | None
    parts: Sequence[Part] = ()
    unknown: Sequence[str] = ()
    failed: Any = ""


@dataclass(frozen=True)
class Token:
    """`kind`: text, number, name, operator, open, close or other. `start`: the place of its first character, from 0."""

    kind: str
    text: str
    start: int

    @property
    def dotted(self) -> str:
        """A name without the spaces in it."""
        return re.sub(r"\s", "", self.text)


@lru_cache(maxsize=1024)
def tokens_of(source: str) -> tuple[Token, ...]:
    """A source in tokens, spaces left out."""
    found = _TOKEN.finditer(source)
    return tuple(Token(str(match.lastgroup), match[0], match.start()) for match in found if match.lastgroup not in (None, "space"))


def constant(source: str, known: Mapping[str, Fact]) -> bool | None:
    """What a condition that names no fact comes out as; None: it fails."""
    return _value(source, _signature(known), known, {})[0]


def spoken_of(source: str, known: Mapping[str, Fact]) -> list[str]:
    """The facts that the condition speaks of, in order, each once."""
    found: dict[str, None] = {}
    for token in tokens_of(source):
        if token.kind != "name":
            continue
        steps = token.dotted.split(".")  # what a macro or a method adds behind a fact stands at their end
        for cut in range(len(steps), 0, -1):
            if ".".join(steps[:cut]) in known:
                found[".".join(steps[:cut])] = None
                break
    return list(found)


def compared(source: str, fact: str) -> list[tuple[int, str]]:
    """The texts that the condition holds against this fact (`fact == 'x'`, `'x' != fact`, `fact in ['x', 'y']`, `'x' in fact`), each with
    its character, counted from 1. Texts that are made up on the way (`'x' + 'y'`) or that hold escapes are left out."""
    read = tokens_of(source)
    found = []
    for at, token in enumerate(read):
        if token.kind != "name" or token.dotted != fact:
            continue
        before, after = read[:at][::-1], read[at + 1 :]
        for way in (before, after):
            if len(way) > 1 and way[0].text in ("==", "!=") and way[1].kind == "text" and not _goes_on(way[2:3]):
                found.append(way[1])
        if len(before) > 1 and before[0].text == "in" and before[1].kind == "text" and not _goes_on(before[2:3]):
            found.append(before[1])
        if len(after) > 1 and after[0].text == "in" and after[1].text == "[":
            row = list(takewhile(lambda one: one.kind == "text" or one.text == ",", after[2:]))
            if after[2 + len(row) : 3 + len(row)] and after[2 + len(row)].text == "]":
                found += [one for one in row if one.kind == "text"]
    return [(token.start + 1, token.text[1:-1]) for token in found if token.text[0] in "'\"" and "\\" not in token.text]


def _goes_on(tokens: Sequence[Token]) -> bool:
    """Whether the value does not end before these tokens."""
    return bool(tokens) and tokens[0].text in ("+", ".", "[")


@permissive("nothing wrong", lambda source, known: [])
def faults(source: str, known: Mapping[str, Fact]) -> list[Fault]:
    """What keeps the condition from being used; empty when nothing does."""
    if not source.strip():
        return [Fault(0, _("there is nothing to judge: write a condition"))]
    if len(source) > MOST_CHARACTERS:
        return [Fault(0, say(_("at most {most} characters; this has {n}"), most=MOST_CHARACTERS, n=len(source)))]
    tokens = tokens_of(source)
    if bounds := _hidden(tokens) or _out_of_bounds(tokens):
        return bounds
    compiled = _attempted(source, _signature(known))
    if isinstance(compiled, str):
        return [_fault(int(line), int(column), said, source, known) for line, column, said in _SAID.findall(compiled)] or [
            Fault(0, say(_("it cannot be read: {error}"), error=compiled.splitlines()[0]))
        ]
    if compiled.return_type() != cel.Type.BOOL:
        kind = KINDS.get(compiled.return_type().name().lower(), compiled.return_type().name().lower())
        return [Fault(0, say(_("its answer is {kind}, and must be yes or no"), kind=kind))]
    return []


@permissive("everything is written plainly", lambda tokens: [])
def _hidden(tokens: Sequence[Token]) -> list[Fault]:
    """What the engine reads otherwise than it is counted here: comments, texts in three quotes, with a letter before them, or raw ones
    in which a backslash stands before a quote."""
    for before, token in pairwise(tokens):
        joined = before.start + len(before.text) == token.start
        if joined and before.text == token.text == "/":
            return [Fault(before.start + 1, _("comments have no place in a condition; what it means is said in its words"))]
        if joined and token.kind == "text" and before.kind in ("text", "name", "number"):
            return [Fault(before.start + 1, _("a text stands between two plain quotation marks, with nothing before them"))]
    for token in tokens:
        if token.kind == "text" and token.text.startswith("r") and re.search(r"\\['\"]", token.text):
            return [Fault(token.start + 1, _("a text stands between two plain quotation marks, with nothing before them"))]
    return []


def _out_of_bounds(tokens: Sequence[Token]) -> list[Fault]:
    nodes, depth, macros = 0, 0, list[int]()
    for before, token in zip([None, *tokens], tokens, strict=False):
        if token.kind == "unknown":
            return [Fault(token.start + 1, _meaningless(token.text))]
        nodes += token.kind in ("text", "number", "name", "operator")
        if token.kind == "open":
            depth += 1
            if token.text == "(" and before is not None and before.kind == "name" and before.text.split(".")[-1].strip() in MACROS:
                if macros:
                    return [Fault(before.start + 1, _("a list is looked through inside another one: one level deep, no more"))]
                macros.append(depth)
        elif token.kind == "close":
            if macros and macros[-1] == depth:
                macros.pop()
            depth -= 1
    if nodes > MOST_NODES:
        return [Fault(0, say(_("at most {most} names, values and operators; this has {n}"), most=MOST_NODES, n=nodes))]
    return []


_WIDE = dict(zip("！＝＞＜（），．“”‘’＆｜【】、；：", "!=><(),.\"\"''&|[],;:", strict=True))


def _meaningless(text: str) -> Any:
    """What was probably meant by a character that no condition has."""
    if text in _WIDE:
        return say(_("“{text}” is a character of full width: type “{plain}” without the Chinese keyboard"), text=text, plain=_WIDE[text])
    if text in ("=", "&", "|"):
        return say(_("“{text}” alone has no meaning in a condition: write “{twice}”"), text=text, twice=text * 2)
    if text in ("'", '"'):
        return _("the text that begins here does not end: a quotation mark is missing")
    if not text.isascii():
        return say(_("“{text}” has no meaning here: a condition names facts and codes; texts stand between quotation marks"), text=text)
    return say(_("“{text}” has no meaning in a condition"), text=text)


def _fault(line: int, column: int, said: str, source: str, known: Mapping[str, Fact]) -> Fault:
    """The engine's complaint in the words of somebody who writes conditions."""
    column += sum(len(one) + 1 for one in source.split("\n")[: line - 1])
    if match := _UNDECLARED.search(said):
        token = next((one for one in tokens_of(source) if one.start <= column - 1 < one.start + len(one.text)), None)
        if (token is not None and token.text == "(") or token is None or token.kind != "name":
            return Fault(column, say(_("there is no function “{name}”"), name=match[1]))
        wanted = re.sub(r"\s", "", token.text)
        if source[token.start + len(token.text) :].lstrip().startswith("("):
            return Fault(column, say(_("there is no function “{name}”"), name=match[1]))
        near = get_close_matches(wanted, known, n=1)
        hint = say(_("; did you mean “{name}”?"), name=near[0]) if near else ""
        return Fault(token.start + 1, say(_("nothing provides the fact “{name}”{hint}"), name=wanted, hint=hint))
    if match := _OVERLOAD.search(said):
        what = match[1].strip("_").replace("_", " ").replace("@", "").strip()
        kinds = [KINDS.get(one.strip(), one.strip()) for one in match[2].split(", ")]
        if set(kinds) == {KINDS["double"], KINDS["int"]} and (whole := _whole_number(source, column)):
            sentence = _("an amount may have decimals: write “{right}” in place of “{typed}”")
            return Fault(whole.start + 1, say(sentence, right=f"{whole.text}.0", typed=whole.text))
        if len(kinds) == 2:
            return Fault(column, say(_("“{what}” does not go between {one} and {other}"), what=what, one=kinds[0], other=kinds[1]))
        return Fault(column, say(_("“{what}” does not go with {one}"), what=what, one=kinds[0]))
    if "Syntax error" in said and (bracket := _left_open(source)):
        return Fault(bracket.start + 1, say(_("the bracket “{bracket}” that opens here does not close"), bracket=bracket.text))
    if "Syntax error" in said:
        return Fault(column, _("it cannot be read from here on: something is missing before, or stands in the wrong place"))
    return Fault(column, say(_("it cannot be read: {error}"), error=said))


def _left_open(source: str) -> Token | None:
    """The first bracket that opens and does not close."""
    open_: list[Token] = []
    for token in tokens_of(source):
        if token.kind == "open":
            open_.append(token)
        elif token.kind == "close" and open_:
            open_.pop()
    return open_[0] if open_ else None


def _whole_number(source: str, column: int) -> Token | None:
    """The whole number beside the operator that stands there."""
    read = tokens_of(source)
    at = next((place for place, token in enumerate(read) if token.start <= column - 1 < token.start + len(token.text)), None)
    if at is None:
        return None
    beside = [read[place] for place in (at + 1, at - 1) if 0 <= place < len(read)]
    return next((token for token in beside if token.kind == "number" and token.text.isdecimal()), None)


@permissive("met", lambda source, known, values: Judgement(True))
def judge(source: str, known: Mapping[str, Fact], values: Mapping[str, Value]) -> Judgement:
    """How the condition stands with these values. A fact that is None is not known: it does not matter where the rest decides
    (`false && …`, `true || …`), and otherwise leaves the whole not judged."""
    signature = _signature(known)
    used = {name: values.get(name) for name in spoken_of(source, known)}
    met, failed = _value(source, signature, known, used)
    unknown = [name for name, value in used.items() if value is None] if met is None else []
    texts = split(source)
    if len(texts) == 1:
        return Judgement(met, [Part(texts[0], met, used)], unknown, "" if met is not None or unknown else failed)
    parts = []
    for text in texts:
        spoken = {name: values.get(name) for name in spoken_of(text, known)}
        parts.append(Part(text, _value(text, signature, known, spoken)[0], spoken))
    return Judgement(met, parts, unknown, "" if met is not None or unknown else failed)


def _value(source: str, signature: Signature, known: Mapping[str, Fact], used: Mapping[str, Value]) -> tuple[bool | None, Any]:
    for name, value in used.items():
        if isinstance(value, list | tuple | set | frozenset) and len(value) > MOST_OF_LIST:
            return None, f"{name}: {len(value)} > {MOST_OF_LIST}"
    given = {name: _given(value, known[name]) for name, value in used.items() if value is not None}
    try:
        answer = _compiled(source, signature).eval(data=given)
    except (RuntimeError, TypeError, ValueError) as error:  # what the engine raises on an expression or a value it cannot take
        return None, f"{type(error).__name__}: {error}".splitlines()[0]
    if answer.type() != cel.Type.BOOL:
        said = str(answer.value()).splitlines()[0]
        return None, _("it divides by zero") if "divide by zero" in said or "modulus by zero" in said else said
    return bool(answer.value()), ""


def _given(value: Value, fact: Fact) -> Any:
    if fact.kind == NUMBER:
        return float(value)  # type: ignore[arg-type]  # a fact of this kind is a number
    return list(value) if fact.kind == TEXTS else value  # type: ignore[arg-type]  # and one of that kind a collection


@permissive("only where it is known to hold", lambda met: met is True)
def stands(met: bool | None) -> bool:
    """Whether what a condition narrows (`when`) is there for a deal: a gate, a seat, a call. Only a condition that is known not to hold
    takes it away; one that cannot be judged does not, or leaving a field empty would."""
    return met is not False


def split(source: str) -> list[str]:
    """The parts that && and || join at the outermost level, in order."""
    parts, depth, begin = list[str](), 0, 0
    for token in tokens_of(source):
        depth += (token.kind == "open") - (token.kind == "close")
        if depth == 0 and token.text in ("&&", "||"):
            parts.append(source[begin : token.start].strip())
            begin = token.start + len(token.text)
    return [*parts, source[begin:].strip()]


Signature = tuple[tuple[str, str], ...]


def _signature(known: Mapping[str, Fact]) -> Signature:
    return tuple(sorted((fact.name, fact.kind) for fact in known.values()))


@lru_cache(maxsize=4)
def _environment(signature: Signature) -> Any:
    return cel.NewEnv(variables={name: _TYPES[kind] for name, kind in signature})


@lru_cache(maxsize=1024)
def _attempted(source: str, signature: Signature) -> Any:
    """The condition as it was compiled; or, as text, what the engine says against it: one that waits for a fact is tried at every check."""
    try:
        return _compiled(source, signature)
    except RuntimeError as error:
        return str(error) or type(error).__name__


@lru_cache(maxsize=1024)
def _compiled(source: str, signature: Signature) -> Any:
    return _environment(signature).compile(source)
