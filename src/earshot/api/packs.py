"""The pack in force as it is written, checking another one, and putting it in force."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

from ninja import Router
from pydantic import Field, StringConstraints
from typing_extensions import TypedDict

from earshot.api.answers import Reply, read, shows_version, version, versioned, write
from earshot.api.asks import EffectShown, effect_shown
from earshot.api.auth import Asked, actor
from earshot.api.fields import CLEAN, Body, Code, ShortReason
from earshot.deals.asking import effect_of
from earshot.kit.problems import missing
from earshot.playbooks import packs, queries
from earshot.playbooks.actions import adopt_pack
from earshot.playbooks.models import PARTS
from earshot.playbooks.parts.waiting import Waiting
from earshot.playbooks.queries import changes, check_pack, sources
from earshot.playbooks.sources import MOST_BYTES, Sources, shipped

router = Router()
Text = Annotated[str, StringConstraints(max_length=MOST_BYTES, pattern=CLEAN)]


class WaitingShown(TypedDict):
    """A row that waits for a room that is not built yet (`awaits`): kept, and nothing is done by it until then."""

    file: str
    place: str
    line: int | None
    code: str
    label: str
    awaits: str


class PackShown(TypedDict):
    """`parts`: part → its text in YAML, to the byte. `not_there_yet`: parts of which no version is in force."""

    name: str
    parts: dict[str, str]
    not_there_yet: list[str]
    not_yet: list[WaitingShown]


class FindingShown(TypedDict):
    """What is wrong with a pack. `place`: path inside the file. `line`: counted from 1; null where the file itself is meant. `text`: how
    that line reads."""

    file: str
    place: str
    line: int | None
    sentence: str
    text: str


class ChangeShown(TypedDict):
    """Lines of a part that go and come, compared with what is in force. `row`: code of the row in which they stand; `label`: its name."""

    part: str
    row: str
    label: str
    before: list[str]
    after: list[str]


class Checked(TypedDict):
    """`findings`: by file and line. `whole` false: the form of a file is not sound, so what the rows say was not looked at yet.
    `warnings`: what is worth knowing, and refuses nothing. `asks`: what it would ask of people; null where it cannot be used. `not_yet`:
    rows that wait for a room that is not built yet, of those files whose form is sound."""

    whole: bool
    findings: list[FindingShown]
    warnings: list[FindingShown]
    changes: list[ChangeShown]
    not_yet: list[WaitingShown]
    asks: EffectShown | None


class PackSent(Body):
    """`parts`: part → its text in YAML: process, service_levels, hearing, support, policies; templates and measures may be
    left out, and stay as they are."""

    name: Code
    parts: Annotated[dict[Annotated[str, StringConstraints(max_length=30, pattern=CLEAN)], Text], Field(max_length=20)]

    def sources(self) -> Sources:
        return Sources(self.name, {part: self.parts[part] for part in PARTS if part in self.parts})


class Adopting(PackSent):
    reason: ShortReason


class InForce(TypedDict):
    """`versions`: part → version."""

    versions: dict[str, str]


class ShippedShown(TypedDict):
    """A pack that comes with the product. `label`: what it models."""

    name: str
    label: str


class ShippedPacks(TypedDict):
    items: list[ShippedShown]


class ShippedPack(TypedDict):
    """`parts`: part → its text in YAML, to the byte, as `PUT /playbook/pack` takes it."""

    name: str
    parts: dict[str, str]


def _not_yet(rows: Iterable[Waiting]) -> list[dict[str, Any]]:
    return [
        {"file": f"{row.part}.yaml", "place": row.place, "line": row.line, "code": row.code, "label": str(row), "awaits": row.awaits}
        for row in rows
    ]


@router.get("/playbook/pack", response=PackShown)
@shows_version
@read
def show_pack(request: Asked) -> Reply:
    """The parts in force as they were written."""
    found = sources()
    shown = {
        "name": found.name,
        "parts": dict(found.texts),
        "not_there_yet": queries.not_there_yet(),
        "not_yet": _not_yet(queries.waiting()),
    }
    return Reply(shown, version=queries.version())


@router.post("/playbook/pack/checks", response=Checked)
@write
def check(request: Asked, body: PackSent) -> Reply:
    """What is wrong with a pack, and what it would change; nothing is put in force (sales operations)."""
    found = check_pack(actor(request), body.sources())
    findings, warnings = (
        [{"file": f.file, "place": f.place, "line": f.line, "sentence": str(f.sentence), "text": f.text} for f in some]
        for some in (found.findings, found.warnings)
    )
    changed = [
        {"part": one.part, "row": one.row, "label": str(one), "before": one.before, "after": one.after} for one in changes(body.sources())
    ]
    complete = None if found.findings else queries.completed(body.sources())
    asks = effect_shown(effect_of(packs.read(complete))) if complete else None
    return Reply(
        {
            "whole": found.whole,
            "findings": findings,
            "warnings": warnings,
            "changes": changed,
            "asks": asks,
            "not_yet": _not_yet(found.waiting),
        }
    )


@router.put("/playbook/pack", response=InForce)
@versioned
@write
def adopt(request: Asked, body: Adopting) -> Reply:
    """Put every part in force as a new version; running deals keep the process they began under (sales operations)."""
    made = adopt_pack(by=actor(request), sources=body.sources(), reason=body.reason, version=version(request))
    return Reply({"versions": {one.part: str(one) for one in made}}, version=queries.version())


@router.get("/playbook/packs", response=ShippedPacks)
@read
def list_shipped(request: Asked) -> Reply:
    """The packs that come with the product, for a company to choose from or to begin with."""
    return Reply({"items": [{"name": one.name, "label": str(one)} for one in shipped().values()]})


@router.get("/playbook/packs/{name}", response=ShippedPack)
@read
def show_shipped(request: Asked, name: Code) -> Reply:
    """A pack that comes with the product, as it is written."""
    found = shipped().get(name)
    if found is None:
        raise missing()
    return Reply({"name": name, "parts": dict(found.sources().texts)})
