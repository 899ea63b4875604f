"""What a rule would answer if it forbade nothing and asked for nothing, declared beside it.

`make trace` puts that answer in the rule's place and runs the tests that claim to guard it: a claim counts when an assertion then
fails. Nothing of the product breaks a rule: `broken` is set by the tests' own set-up, before any room is imported.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

DECLARED: dict[str, str] = {}  # dotted name of the rule → its permissive answer in words
broken = ""  # the rule that the trace has taken out
in_place = True  # False while the trace lets the broken rule stand: the tests' world is built by the rules as they are


def permissive(words: str, answer: Callable[..., Any]) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Declare what the rule answers when it forbids nothing: in words, and as a function of the rule's own arguments."""

    def declare(rule: Callable[P, R]) -> Callable[P, R]:
        name = f"{rule.__module__}.{rule.__qualname__}"
        DECLARED[name] = words
        if name != broken:
            return rule

        @functools.wraps(rule)
        def taken_out(*args: P.args, **kwargs: P.kwargs) -> R:
            return answer(*args, **kwargs) if in_place else rule(*args, **kwargs)

        return taken_out

    return declare
