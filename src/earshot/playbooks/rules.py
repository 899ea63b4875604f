"""What can be argued about a playbook that changes: which version is in force, whose approval a draft needs, what somebody may draft."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from difflib import SequenceMatcher
from hashlib import sha256
from typing import Any
from uuid import UUID

from earshot.kit.ruling import permissive
from earshot.playbooks.models import APPROVED, IN_FORCE, PARTS, TEMPLATES

OPERATIONS = ""  # the code of no unit: sales operations approve
OWNERS = "owners"
# The part whose rows belong to the units that need the answers (B21.2b): their heads draft them, and approve them where it says so.
OWNED_BY_UNITS = TEMPLATES

Chosen = tuple[str, UUID, str, datetime | None]  # part, version, state, in force from


@permissive("a date changes nothing", lambda versions, moment: {part: pk for part, pk, state, _begins in versions if state == IN_FORCE})
def in_force(versions: Iterable[Chosen], moment: datetime) -> dict[str, UUID]:
    """Part → the version in force at the moment, of those that are in force or approved with a date. One that is approved has taken
    over once its date has come, whether or not anybody has written that down."""
    known = list(versions)
    chosen = {part: pk for part, pk, state, _begins in known if state == IN_FORCE}
    begun = {part: pk for part, pk, state, begins in known if state == APPROVED and begins is not None and begins <= moment}
    return {part: (chosen | begun)[part] for part in PARTS if part in chosen | begun}


def digest(text: str) -> str:
    """Names a text: two that differ in one byte have two names."""
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def approvers(named: Any, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> set[str]:
    """Whose approval a draft needs: codes of units whose heads it takes, or `OPERATIONS`. `named`: `approved_by:` of the version in
    force, None where it has none, or where nothing is in force yet. `before`, `after`: what that version and the draft say."""
    match named:
        case {"head_of": str(unit)}:
            return {unit}
        case "owners":
            return owners(before, after) or {OPERATIONS}
    return {OPERATIONS}


@permissive("the rows belong to nobody", lambda before, after: set())
def owners(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> set[str]:
    """The units to which the rows belong that differ (`unit:`), as they were and as they will be: nobody gives a row of another's away,
    nor takes it. Whatever else differs, a setting at the top or the order of the rows, belongs to sales operations."""
    found: set[str] = set()
    old, new = before or {}, after or {}
    for name in {*old, *new}:
        was, will = old.get(name), new.get(name)
        if was == will:
            continue
        if not all(isinstance(rows, list) and all(isinstance(row, dict) for row in rows) for rows in (was or [], will or [])):
            found.add(OPERATIONS)
            continue
        before_rows, after_rows = _by_code(was or []), _by_code(will or [])
        if before_rows is None or after_rows is None:
            found.add(OPERATIONS)
            continue
        differing = [code for code in {*before_rows, *after_rows} if before_rows.get(code) != after_rows.get(code)]
        for code in differing:
            found |= {str(row.get("unit", OPERATIONS)) for row in (before_rows.get(code), after_rows.get(code)) if row is not None}
        common = [[code for code in rows if code in before_rows and code in after_rows] for rows in (before_rows, after_rows)]
        if not differing or common[0] != common[1]:
            found.add(OPERATIONS)
    return found


@permissive("nobody is barred", lambda authors, *, by_another: frozenset())
def barred(authors: Iterable[UUID | None], *, by_another: bool) -> frozenset[UUID]:
    """Who may not approve a part of a revision, whatever it says: whoever opened the revision or wrote what stands in the part, where
    somebody else is to approve it."""
    return frozenset(one for one in authors if one is not None) if by_another else frozenset()


@permissive("everybody drafts everything", lambda *_, **__: True)
def may_draft(part: str, touched: Collection[str], *, operates: bool, heads: Collection[str]) -> bool:
    """Sales operations draft every part; of the part whose rows units own, whoever heads them drafts those rows. `touched`: whose rows
    differ (see `owners`); `heads`: codes of the units that the person heads, with those below."""
    return operates or (part == OWNED_BY_UNITS and set(touched) <= set(heads))


def line_ends(typed: str, like: str) -> str:
    """What came from a form, which sends every line end as CR LF, with the line ends of the text that it was typed into: where those are
    mixed, each line keeps its own, and a new one ends as the line above it."""
    plain = typed.replace("\r\n", "\n")
    if like.count("\r\n") in (0, like.count("\n")):
        return plain.replace("\n", "\r\n") if "\r\n" in like else plain
    old, new = like.split("\n"), plain.split("\n")
    same = SequenceMatcher(None, [line.removesuffix("\r") for line in old], new, autojunk=False)
    ends: list[str] = []
    for _tag, first, last, begin, end in same.get_opcodes():
        kept = ["\r\n" if line.endswith("\r") else "\n" for line in old[first:last]][: end - begin]
        ends += kept + [(kept or ends or ["\n"])[-1]] * (end - begin - len(kept))
    return "".join(line + end for line, end in zip(new[:-1], ends, strict=False)) + new[-1]


def _by_code(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]] | None:
    """None where a row has no code that names it, or shares it: whose it is, nobody can say then."""
    codes = [row.get("code") for row in rows]
    if not all(isinstance(code, str) for code in codes) or len(set(map(str, codes))) < len(codes):
        return None
    return {str(row["code"]): row for row in rows}
