"""What can be said of conditions without knowing any fact: that one is never met, that two cannot be met at once, that one takes
whatever another would. Pure, and sound: "never" is said only of what is never met.

Decided are comparisons of one fact with values (`deal.amount > 5.0`, `'SR' in team.roles`, `deal.stage in ['MO1']`, `team.led`),
joined by &&, || and !, and what names no fact at all. Sums, functions, macros, `? :` and two facts held against each other are taken
as things that may be true; so is whatever falls apart into more than `MOST_WAYS` ways of being met.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from math import inf

from earshot.kit.ruling import permissive
from earshot.playbooks.conditions import NUMBER, TEXT, TEXTS, WHOLE, YES_NO, Fact, Token, constant, tokens_of

MOST_WAYS = 256
_FLIPPED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "==": "==", "!=": "!="}
_OPPOSITE = {"<": ">=", ">": "<=", "<=": ">", ">=": "<", "==": "!=", "!=": "==", "in": "not in", "has": "lacks"}
Scalar = float | str | bool


@dataclass(frozen=True)
class _Claim:
    """That the fact stands so to the values: ==, !=, <, <=, >, >=; in, not in (several values); has, lacks (of a list). `fact` empty:
    that what names no fact comes out as it must (`values`)."""

    fact: str
    relation: str
    values: tuple[Scalar, ...]


Way = tuple[_Claim, ...]


@permissive("whatever is asked can be met", lambda sources, known, given=None: None)
def never_met(sources: Sequence[str], known: Mapping[str, Fact], given: Mapping[str, str] | None = None) -> str | None:
    """The fact of which the conditions together ask what cannot be true at once; empty where no fact is to blame; None where they can be
    met, or where that is not decided. `given`: facts that are known to be so, where these are asked."""
    return _impossible([_ways(tokens_of(source), known, source) for source in sources], known, given or {})


@permissive("whatever comes later can still be met", lambda later, earlier, known: False)
def taken_before(later: str, earlier: Iterable[str], known: Mapping[str, Fact]) -> bool:
    """Whether one of the earlier conditions is met whenever the later one is."""
    asked = [_ways(tokens_of(later), known, later), *(_ways(tokens_of(source), known, source, negated=True) for source in earlier)]
    return _impossible(asked, known, {}) is not None


def _impossible(asked: list[list[Way]], known: Mapping[str, Fact], given: Mapping[str, str]) -> str | None:
    ways = 1
    for one in asked:
        ways *= len(one)
    if ways > MOST_WAYS:
        return None
    there = tuple(_Claim(fact, "==", (value,)) for fact, value in given.items() if fact in known)
    blamed = ""
    for chosen in product(*asked):
        found = _contradiction([*there, *(claim for way in chosen for claim in way)], known)
        if found is None:
            return None
        blamed = blamed or found
    return blamed


def _ways(read: Sequence[Token], known: Mapping[str, Fact], source: str, *, negated: bool = False) -> list[Way]:
    """The ways in which the tokens can come out true (`negated`: false), each with what it claims of facts."""
    if not any(token.text == "?" for token in _outside(read)):
        for joint, each in (("||", negated), ("&&", not negated)):
            if len(parts := _split(read, joint)) > 1:
                found = [_ways(part, known, source, negated=negated) for part in parts]
                if each:
                    return _joined(found)
                return [way for ways in found for way in ways] if sum(map(len, found)) <= MOST_WAYS else [()]
        if len(read) > 1 and read[0].text == "!" and _is_one(read[1:]):
            return _ways(read[1:], known, source, negated=not negated)
        if len(read) > 2 and read[0].text == "(" and _is_one(read):
            return _ways(read[1:-1], known, source, negated=negated)
    return [_claims(read, known, source, negated)]


def _joined(found: list[list[Way]]) -> list[Way]:
    ways: list[Way] = [()]
    for one in found:
        if len(ways) * len(one) > MOST_WAYS:
            return [()]
        ways = [(*before, *after) for before in ways for after in one]
    return ways


def _outside(read: Sequence[Token]) -> list[Token]:
    """The tokens that stand in no bracket."""
    depth, found = 0, []
    for token in read:
        depth -= token.kind == "close"
        if depth == 0:
            found.append(token)
        depth += token.kind == "open"
    return found


def _split(read: Sequence[Token], joint: str) -> list[list[Token]]:
    parts: list[list[Token]] = [[]]
    depth = 0
    for token in read:
        depth += (token.kind == "open") - (token.kind == "close")
        if depth == 0 and token.text == joint:
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def _is_one(read: Sequence[Token]) -> bool:
    """Whether the tokens are one name, or one bracket from the first to the last."""
    if len(read) == 1:
        return read[0].kind == "name"
    depth = 0
    for at, token in enumerate(read):
        depth += (token.kind == "open") - (token.kind == "close")
        if depth == 0:
            return read[0].text == "(" and at == len(read) - 1
    return False


def _claims(read: Sequence[Token], known: Mapping[str, Fact], source: str, negated: bool) -> Way:
    if not read:
        return ()
    names = [token.dotted for token in read if token.kind == "name"]
    if not any(name == fact or name.startswith(f"{fact}.") for name in names for fact in known):
        text = source[read[0].start : read[-1].start + len(read[-1].text)]
        value = constant(text, known)
        return (_Claim("", "==", (value is not None and value != negated,)),)
    claim = _claim(read, known)
    if claim is None:
        return ()
    if not negated:
        return (claim,)
    if claim.relation in _OPPOSITE:
        return (_Claim(claim.fact, _OPPOSITE[claim.relation], claim.values),)
    return ()


def _claim(read: Sequence[Token], known: Mapping[str, Fact]) -> _Claim | None:
    first = known.get(read[0].dotted) if read[0].kind == "name" else None
    last = known.get(read[-1].dotted) if read[-1].kind == "name" else None
    if first and len(read) == 1:
        return _Claim(first.name, "==", (True,)) if first.kind == YES_NO else None
    if first and len(read) > 2 and first.kind != TEXTS:
        if read[1].text in _FLIPPED and (value := _value(read[2:])) is not None:
            return _Claim(first.name, read[1].text, (value,))
        if read[1].text == "in" and read[2].text == "[" and read[-1].text == "]":
            values = [_value(part) for part in _split(read[3:-1], ",")]
            if all(value is not None for value in values):
                return _Claim(first.name, "in", tuple(value for value in values if value is not None))
    if last and len(read) > 2 and (value := _value(read[:-2])) is not None:
        if read[-2].text == "in" and last.kind == TEXTS:
            return _Claim(last.name, "has", (value,))
        if read[-2].text in _FLIPPED and last.kind != TEXTS:
            return _Claim(last.name, _FLIPPED[read[-2].text], (value,))
    return None


def _value(read: Sequence[Token]) -> Scalar | None:
    """The value that the tokens are; None where they are something else."""
    sign = -1 if len(read) == 2 and read[0].text == "-" else 1
    token = read[-1] if read and len(read) == (1 if sign == 1 else 2) else None
    if token is None:
        return None
    if token.kind == "number":
        return sign * float(token.text.rstrip("u"))
    if sign == 1 and token.kind == "text" and token.text[0] in "'\"" and "\\" not in token.text:
        return token.text[1:-1]
    return {"true": True, "false": False}.get(token.text) if sign == 1 else None


@dataclass
class _Room:
    """What is left for one fact. `within`: the only values that it may have, where that is known."""

    low: tuple[float, bool] = (-inf, False)  # and whether the bound itself is left out
    high: tuple[float, bool] = (inf, False)
    without: set[Scalar] = field(default_factory=set)
    within: set[Scalar] | None = None
    has: set[Scalar] = field(default_factory=set)
    lacks: set[Scalar] = field(default_factory=set)

    def take(self, claim: _Claim) -> None:
        values = set(claim.values)
        match claim.relation:
            case "==" | "in":
                self.within = values if self.within is None else self.within & values
            case "!=" | "not in":
                self.without |= values
            case "has":
                self.has |= values
            case "lacks":
                self.lacks |= values
            case ">" | ">=":
                self.low = max(self.low, (float(claim.values[0]), claim.relation == ">"))
            case "<" | "<=":
                bound = (float(claim.values[0]), claim.relation == "<")
                self.high = min(self.high, bound, key=lambda one: (one[0], not one[1]))

    def is_empty(self, kind: str) -> bool:
        if self.has & self.lacks:
            return True
        if kind == YES_NO and self.within is None:
            self.within = {True, False}
        if self.within is not None:
            left = {value for value in self.within - self.without if kind not in (NUMBER, WHOLE) or self.spans(value)}
            return not {value for value in left if kind != WHOLE or float(value) == int(value)}
        if kind in (TEXT, TEXTS):
            return False
        low, high = self.low[0], self.high[0]
        if kind == WHOLE and low > -inf and high < inf:
            first, last = int(-(-low // 1)), int(high // 1)
            whole = range(first + (self.low[1] and first == low), last + 1 - (self.high[1] and last == high))
            return len(whole) <= len(self.without) and all(float(n) in self.without for n in whole)
        return low > high or (low == high and (self.low[1] or self.high[1] or low in self.without))

    def spans(self, value: Scalar) -> bool:
        number = float(value)
        above = number > self.low[0] or (number == self.low[0] and not self.low[1])
        return above and (number < self.high[0] or (number == self.high[0] and not self.high[1]))


def _contradiction(claims: Iterable[_Claim], known: Mapping[str, Fact]) -> str | None:
    rooms: dict[str, _Room] = {}
    for claim in claims:
        if not claim.fact:
            if claim.values == (False,):
                return ""
            continue
        if any(isinstance(value, str) and claim.relation in ("<", "<=", ">", ">=") for value in claim.values):
            continue  # texts in the order of their letters: not decided
        room = rooms.setdefault(claim.fact, _Room())
        room.take(claim)
        if room.is_empty(known[claim.fact].kind):
            return claim.fact
    return None
