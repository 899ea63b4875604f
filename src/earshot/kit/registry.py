"""Registries that left rooms declare and `wiring.py` (or a room's own start) fills."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Generic, TypeVar

T = TypeVar("T")


class Registry(Generic[T]):
    """Names to things. An unknown name is an error that says what would have been right; so is a second owner of a name."""

    def __init__(self, what: str) -> None:
        self.what = what
        self._things: dict[str, T] = {}

    def add(self, name: str, thing: T) -> T:
        if self._things.get(name, thing) is not thing:
            raise ValueError(f"{self.what} {name!r} is registered twice")
        self._things[name] = thing
        return thing

    def __getitem__(self, name: str) -> T:
        try:
            return self._things[name]
        except KeyError:
            near = get_close_matches(name, self._things, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise KeyError(f"no {self.what} is called {name!r}{hint}") from None

    def get(self, name: str) -> T | None:
        return self._things.get(name)

    def __contains__(self, name: object) -> bool:
        return name in self._things

    def __iter__(self) -> Iterator[str]:
        return iter(self._things)

    def items(self) -> list[tuple[str, T]]:
        return list(self._things.items())

    def values(self) -> list[T]:
        return list(self._things.values())
