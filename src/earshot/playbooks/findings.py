"""What is wrong with a pack, in the words of somebody who writes one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import jsonschema
from django.utils.translation import gettext_lazy as _

from earshot.kit.problems import Line, say


@dataclass(frozen=True)
class Finding:
    """What is wrong with a pack. `place`: path inside the file; `line`: counted from 1, None where the file itself is meant; `text`: how
    that line reads."""

    file: str
    place: str
    line: int | None
    sentence: Any
    text: str = ""

    def as_line(self) -> Line:
        where: Any = f"{self.file} {self.place}".strip()
        if self.line:
            where = say(_("{where} (line {number})"), where=where, number=self.line)
        return Line("playbook.finding", say(_("{where}: {what}"), where=where, what=self.sentence))


MOST_NAMED = 15
MOST_REPEATED = 60  # characters of what somebody wrote


def meant(name: str, known: Iterable[str]) -> Any:
    """A hint for the end of a sentence: the nearest name that there is; where none is near, those that there are, if they are few."""
    there = sorted(known)
    if near := _near(name, there):
        return near
    return say(_("; there are: {names}"), names=", ".join(there)) if 0 < len(there) <= MOST_NAMED else ""


def _near(name: str, there: Sequence[str]) -> Any:
    near = nearest(name, there)
    return say(_("; did you mean “{name}”?"), name=near) if near else ""


def nearest(name: str, known: Iterable[str]) -> str:
    """What was probably meant; empty where nothing is near."""
    there = sorted(known)
    near = [one for one in there if one.casefold() == name.casefold()] or get_close_matches(name, there, n=1)
    return near[0] if near else ""


def unknown_names(fault: jsonschema.ValidationError) -> list[str]:
    """The names that must not stand in the row with which the fault is; none where it is another fault."""
    if fault.validator != "additionalProperties":
        return []
    known = fault.schema.get("properties", {})
    return [str(name) for name in fault.instance if name not in known]


def worded(fault: jsonschema.ValidationError) -> Any:
    """A fault of form in the words of somebody who writes packs."""
    given: Any = _short(fault.instance)
    match fault.validator:
        case "required":
            lacking = [name for name in fault.validator_value if name not in given]
            return say(_("this is missing: {names}"), names=", ".join(lacking))
        case "additionalProperties":
            names = unknown_names(fault)
            hint = meant(names[0], sorted(fault.schema.get("properties", {})))
            return say(_("nothing is called {names} here{hint}"), names=", ".join(names), hint=hint)
        case "type":
            return say(
                _("it must be {kind}, and is “{given}”"), kind=TYPES.get(str(fault.validator_value), fault.validator_value), given=given
            )
        case "enum":
            there = [str(one) for one in fault.validator_value]
            if isinstance(given, bool):
                sentence = _("it must be one of {known}; without quotes, YAML reads “on”, “off”, “yes” and “no” as true or false")
                return say(sentence, known=", ".join(there))
            sentence = _("it must be one of {known}, and is “{given}”{hint}")
            return say(sentence, known=", ".join(there), given=given, hint=_near(str(given), there))
        case "minimum":
            return say(_("at least {n}, and not {given}"), n=fault.validator_value, given=given)
        case "maximum":
            return say(_("at most {n}, and not {given}"), n=fault.validator_value, given=given)
        case "pattern":
            return say(_("“{given}” is no code: letters, digits, points and hyphens, at most 60"), given=given)
        case "minLength" | "minItems":
            return _("it must not be empty")
        case "maxLength":
            return say(_("at most {n} characters"), n=fault.validator_value)
        case "maxItems":
            return say(_("at most {n} rows"), n=fault.validator_value)
        case "uniqueItems":
            return _("something stands twice in it")
        case "anyOf":
            return _("who approves is written “operations”, “owners”, or “head_of: CODE” of a unit")
        case "oneOf":
            return _("the step has either a share of the limit (share) or an amount of minutes (minutes), one of the two")
    return fault.message


def _short(given: Any) -> Any:
    return f"{given[:MOST_REPEATED]}…" if isinstance(given, str) and len(given) > MOST_REPEATED else given


TYPES = {
    "string": _("a text"),
    "integer": _("a whole number"),
    "['string', 'integer']": _("a code"),
    "boolean": _("true or false"),
    "array": _("a list of rows"),
    "object": _("a row of names and values"),
}
