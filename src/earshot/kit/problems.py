"""Refusals as data: what failed, for which object, what would be right. Doors render them; nobody words them twice.

A page shows them beside the field or as lines, the API as RFC 9457 problem details, the command line as text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ParamSpec, TypeVar, cast
from uuid import UUID

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

LANGUAGES = ("zh-hans", "en")
P = ParamSpec("P")
T = TypeVar("T")


def say(sentence: Any, **values: Any) -> Any:
    """A translatable sentence with its values, still lazy: it is read in the language of whoever reads it."""
    return format_lazy(sentence, **values) if values else sentence


def in_both(sentence: Any) -> dict[str, str]:
    """The sentence in each language of the product, to be kept in the journal. Shape: {"zh-hans": …, "en": …}."""
    return in_each(lambda: str(sentence))


def in_each(worded: Callable[[], str]) -> dict[str, str]:
    """What `worded` says in each language of the product. Shape: {"zh-hans": …, "en": …}."""
    spoken = {}
    for language in LANGUAGES:
        with override(language):
            spoken[language] = worded()
    return spoken


@dataclass(frozen=True)
class Ref:
    """An object named for people: its kind (registered in `journal.kinds`), public id and the words for it."""

    kind: str
    id: UUID | str
    label: str


@dataclass(frozen=True)
class Line:
    """One thing that is missing or wrong.

    `code`: stable dotted name. `sentence`: in words. `about`: the object it failed for. `who`: who can mend it, in words.
    `act`: name of the one act that mends it (doors know where it is done), with `target` the object the act is done on.
    `judged`: False when the condition could not be evaluated; then it counts as not met.
    """

    code: str
    sentence: Any
    about: Ref | None = None
    who: Any = ""
    act: str = ""
    target: Ref | None = None
    judged: bool = True

    def spoken(self) -> dict[str, Any]:
        """The line as data for the journal and the API's log: sentences in both languages."""
        return {
            "code": self.code,
            "sentence": in_both(self.sentence),
            "about": {"kind": self.about.kind, "id": str(self.about.id), "label": str(self.about.label)} if self.about else None,
            "who": in_both(self.who),
            "act": self.act,
            "judged": self.judged,
        }


@dataclass
class Refusal(Exception):
    """A verb did not happen, and nothing was changed.

    `code`: stable dotted name. `sentence`: what failed. `lines`: each condition that failed. `fields`: messages by the name of
    the argument that was wrong. `entry`: arguments for `journal.record` when the refusal itself must stand in the journal.
    """

    code: str
    sentence: Any
    lines: Sequence[Line] = ()
    fields: Mapping[str, Any] = field(default_factory=dict)
    about: Ref | None = None
    entry: Mapping[str, Any] | None = None
    status: int = 422

    def __str__(self) -> str:
        parts = [
            str(self.sentence),
            *(f"{name}: {text}" for name, text in self.fields.items()),
            *(str(line.sentence) for line in self.lines),
        ]
        return "\n".join(parts)


def wrong(field_name: str, sentence: Any, code: str = "input.invalid") -> Refusal:
    """One argument is wrong: said beside its field."""
    return Refusal(code, _("That cannot be done as it stands."), fields={field_name: sentence})


class Together:
    """Reads several arguments and refuses once, with what was wrong with each, so that nobody mends a form field by field.

    `each = Together(); title = each(text, "title", title); each.refuse()`: before `refuse` has let it pass, nothing read counts.
    """

    def __init__(self) -> None:
        self.fields: dict[str, Any] = {}

    def __call__(self, read: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return read(*args, **kwargs)
        except Refusal as refusal:
            if not refusal.fields or refusal.lines:
                raise
            self.fields |= refusal.fields
            return cast("T", None)  # `refuse` comes before anybody looks at it

    def refuse(self) -> None:
        if self.fields:
            raise Refusal("input.invalid", _("That cannot be done as it stands."), fields=self.fields)


def missing() -> Refusal:
    """The object does not exist, or not for this person: both sound the same (law 13)."""
    return Refusal("not_found", _("There is nothing like that here, or it is not yours to see."), status=404)


def forbidden(code: str, sentence: Any, about: Ref | None = None) -> Refusal:
    """The person sees the object but is not entitled to the act."""
    return Refusal(code, sentence, about=about, status=403)


def stale(sentence: Any, lines: Sequence[Line], about: Ref | None = None) -> Refusal:
    """Somebody else was quicker: the row has a newer version, and `lines` say what changed."""
    return Refusal("stale", sentence, lines=lines, about=about, status=412)
