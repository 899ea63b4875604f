"""What is wrong with a pack, in the words of somebody who writes one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import jsonschema
from django.utils.translation import gettext_lazy as _

from earshot.kit.problems import Line, say


@dataclass(frozen=True)
class Finding:
    """What is wrong with a pack. `place`: path inside the file; `line`: counted from 1, None where the file itself is meant."""

    file: str
    place: str
    line: int | None
    sentence: Any

    def as_line(self) -> Line:
        where: Any = f"{self.file} {self.place}".strip()
        if self.line:
            where = say(_("{where} (line {number})"), where=where, number=self.line)
        return Line("playbook.finding", say(_("{where}: {what}"), where=where, what=self.sentence))


def meant(name: str, known: Iterable[str]) -> Any:
    """A hint for the end of a sentence: the nearest name that there is."""
    near = get_close_matches(name, list(known), n=1)
    return say(_("; did you mean “{name}”?"), name=near[0]) if near else ""


def worded(fault: jsonschema.ValidationError) -> Any:
    """A fault of form in the words of somebody who writes packs."""
    given: Any = fault.instance
    match fault.validator:
        case "required":
            lacking = [name for name in fault.validator_value if name not in given]
            return say(_("this is missing: {names}"), names=", ".join(lacking))
        case "additionalProperties":
            known = sorted(fault.schema.get("properties", {}))
            names = ", ".join(f"{name}" for name in given if name not in known)
            hint = meant(str(next(name for name in given if name not in known)), known)
            return say(_("nothing is called {names} here; there are: {known}{hint}"), names=names, known=", ".join(known), hint=hint)
        case "type":
            return say(
                _("it must be {kind}, and is “{given}”"), kind=TYPES.get(str(fault.validator_value), fault.validator_value), given=given
            )
        case "enum":
            known = [str(one) for one in fault.validator_value]
            sentence = _("it must be one of {known}, and is “{given}”{hint}")
            return say(sentence, known=", ".join(known), given=given, hint=meant(str(given), known))
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
            return _("exactly one of “share” and “minutes”")
    return fault.message


TYPES = {
    "string": _("a text"),
    "integer": _("a whole number"),
    "['string', 'integer']": _("a code"),
    "boolean": _("true or false"),
    "array": _("a list of rows"),
    "object": _("a row of names and values"),
}
