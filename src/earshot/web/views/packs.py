"""The pack in force as a file; another one looked at, and put in force."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.http import HttpResponse, HttpResponseBase, QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from earshot.deals.asking import effect_of
from earshot.kit.problems import missing, wrong
from earshot.kit.texts import storable, text
from earshot.people import permits
from earshot.people.permits import OPERATE
from earshot.people.standing import reach_of
from earshot.playbooks import book, packs, queries
from earshot.playbooks.actions import adopt_pack
from earshot.playbooks.findings import Finding
from earshot.playbooks.parts.meaning import NAMES
from earshot.playbooks.parts.waiting import Waiting
from earshot.playbooks.queries import Change, changes, check_pack, sources
from earshot.playbooks.sources import Sources, shipped
from earshot.web.page import Done, Page, version
from earshot.web.views.asks import shown

MOST_OF_ZIP = 1_500_000  # bytes; sent back in the form that puts it in force
MOST_LINES = 100


class Pack(Page):
    """Everybody reads the pack in force; sales operations take another one in, after looking at what it would change."""

    template = "web/pack.html"
    acts = {"preview": ("file",), "adopt": ("reason",)}
    looked_at: tuple[Sources, bytes] | None = None

    def context(self) -> dict[str, Any]:
        versions = list(book.versions().values())
        return {
            "parts": [{"name": NAMES[row.part], "version": row} for row in versions],
            "absent": [NAMES[part] for part in queries.not_there_yet()],
            "waiting": _waiting(queries.waiting()),
            "whole": all(row.source for row in versions),
            "operates": OPERATE in reach_of(self.person).permissions,
            "preview": self.look_at(*self.looked_at) if self.looked_at else None,
            "export_url": reverse("pack_file"),
            "shipped": [{"name": one.name, "label": one, "url": reverse("shipped_pack", args=[one.name])} for one in shipped().values()],
        }

    def preview(self, posted: QueryDict) -> HttpResponseBase:
        """What is wrong with the file, and what it would change. Nothing is put in force."""
        permits.require(self.by, OPERATE)
        sent = self.request.FILES.get("file")
        if sent is None:
            raise wrong("file", _("Choose a file."))
        if (sent.size or 0) > MOST_OF_ZIP:
            raise wrong("file", _("The file is too big for a pack."))
        content = sent.read()
        self.looked_at = Sources.of_zip(self.named(Path(sent.name or "").stem), content), content
        return self.show()

    def adopt(self, posted: QueryDict) -> Done:
        permits.require(self.by, OPERATE)
        content, seen = self.sent_back(posted), version(posted.get("version", ""))
        new = Sources.of_zip(self.named(posted.get("name", "")), content)
        self.looked_at = new, content  # shown again, with what was typed, where it is refused
        adopt_pack(by=self.by, sources=new, reason=posted.get("reason", ""), version=seen)
        return Done(_("The pack is in force. Running deals keep the process that they began under."), reverse("playbook"))

    def look_at(self, new: Sources, content: bytes) -> dict[str, Any]:
        """What was refused for another reason than what is wrong with the pack was checked when it was looked at."""
        again = self.refused is None or self.refused.code == "playbook.pack"
        found = check_pack(self.by, new) if again else packs.Report([], packs.waiting(new), True)
        complete = queries.completed(new) if again and not found.findings else None
        by_part: dict[str, list[Change]] = {}
        for one in changes(new):
            by_part.setdefault(one.part, []).append(one)
        return {
            "name": new.name,
            "bad": [_told(finding) for finding in found.findings],
            "warnings": [_told(finding) for finding in found.warnings],
            "whole": found.whole,
            "changes": [
                {
                    "name": NAMES[part],
                    "sum": _sum(sum(len(one.before) for one in group), sum(len(one.after) for one in group)),
                    "rows": [
                        {"row": one.row, "name": str(one), "before": one.before[:MOST_LINES], "after": one.after[:MOST_LINES]}
                        for one in group
                    ],
                }
                for part, group in by_part.items()
            ],
            "effect": None if complete is None else shown(effect_of(packs.read(complete))),
            "waiting": _waiting(found.waiting),
            "version": queries.version(),
            "hidden": {"act": "adopt", "name": new.name, "content": base64.b64encode(content).decode()},
        }

    def named(self, name: str) -> str:
        return text("name", storable(name)[:60] or "pack", most=60)

    def sent_back(self, posted: QueryDict) -> bytes:
        """The file as it was looked at: in base 64, because a form would change its line ends."""
        try:
            return base64.b64decode(posted.get("content", ""), validate=True)
        except (binascii.Error, ValueError):
            raise wrong("file", _("This is not a zip file that can be read.")) from None


def _told(finding: Finding) -> dict[str, str]:
    where = finding.file
    if finding.line:
        where = _("%(file)s, line %(line)s") % {"file": finding.file, "line": finding.line}
    return {"where": where, "place": finding.place, "sentence": str(finding.sentence), "text": finding.text}


def _waiting(rows: Iterable[Waiting]) -> list[dict[str, Any]]:
    """By what they wait for, with where each stands."""
    by_room: dict[str, dict[str, Any]] = {}
    for row in rows:
        place = _("%(file)s, line %(line)s") % {"file": f"{row.part}.yaml", "line": row.line}
        by_room.setdefault(row.awaits, {"room": row.what_for, "rows": []})["rows"].append({"label": str(row), "place": place})
    return list(by_room.values())


def _sum(before: int, after: int) -> str:
    go = ngettext("%(n)s line goes", "%(n)s lines go", before) % {"n": before}
    come = ngettext("%(n)s line comes", "%(n)s lines come", after) % {"n": after}
    return str(_("; ")).join((go, come))


class PackFile(Page):
    """The parts in force as they were written, in a zip."""

    def show(self, status: int = 200) -> HttpResponse:
        return _as_zip(sources())


class ShippedPack(Page):
    """A pack that comes with the product, in a zip: to be edited and taken in, or taken in as it is."""

    def show(self, status: int = 200) -> HttpResponse:
        found = shipped().get(self.kwargs["name"])
        if found is None:
            raise missing()
        return _as_zip(found.sources())


def _as_zip(found: Sources) -> HttpResponse:
    response = HttpResponse(found.zipped(), content_type="application/zip")
    response["Content-Disposition"] = f'attachment; filename="{found.name}.zip"'
    return response
