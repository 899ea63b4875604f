"""What an open page is about: objects, or everything that its reader sees (a day, a list)."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from urllib.parse import parse_qs, urlencode
from uuid import UUID

from earshot.desk.audience import KINDS, Heard
from earshot.kit.ruling import permissive

ADDRESS = "/live/"
MOST = 60  # objects of one page; a page of more is told of everything that its reader sees

Object = tuple[str, UUID]


@dataclass(frozen=True)
class Topics:
    """`mine`: whatever its reader sees or is named in; otherwise what concerns these objects."""

    mine: bool = False
    objects: frozenset[Object] = frozenset()

    @permissive("everybody is told", lambda *_: True)
    def concern(self, person: UUID, heard: Heard) -> bool:
        """Whether a page of this person is told of this entry. What a page asks for that its reader may not see is nothing."""
        if self.mine:
            return person in heard.seen_by or person in heard.names
        return any(heard.seen_on(one, person) for one in self.objects)


def address(objects: Collection[Object] | None, since: str) -> str:
    """Where a page that is about these objects listens; None: about everything that its reader sees. `since`: the journal's end before
    anything that the page shows was read, so that what happens until it is connected is told as the first event."""
    query = [("about", f"{kind}:{pk}") for kind, pk in objects or ()]
    if objects is None or len(query) > MOST:
        query = [("mine", "1")]
    return f"{ADDRESS}?{urlencode([*query, ('since', since)])}"


def asked(query: str) -> tuple[Topics, str]:
    """What a request asks to hear of, and since when. What makes no sense is nothing."""
    values = parse_qs(query, max_num_fields=2 * MOST, errors="replace")
    objects = frozenset(_objects(values.get("about", ())))
    return Topics("mine" in values, objects), values.get("since", [""])[0][:4000]


def _objects(texts: Iterable[str]) -> Iterable[Object]:
    for text in texts:
        kind, _colon, pk = text.partition(":")
        if kind in KINDS:
            try:
                yield kind, UUID(pk)
            except ValueError:
                continue
