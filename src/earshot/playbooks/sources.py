"""A pack as it is written: files, and the text of each, to the byte."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from earshot.kit.problems import say, wrong
from earshot.playbooks.models import PARTS

PACKS = Path(__file__).parent / "packs_shipped"
MOST_BYTES = 1_000_000  # of one part


@dataclass(frozen=True)
class Sources:
    """A pack as it is written: its name, and the text of each part's file, to the byte."""

    name: str
    texts: Mapping[str, str]

    @classmethod
    def of_folder(cls, folder: Path) -> Sources:
        """The files of a folder; one that is not there is left out, and the check says so."""
        found = {part: folder / f"{part}.yaml" for part in PARTS}
        return cls(folder.name, {part: decoded(path.read_bytes()) for part, path in found.items() if path.exists()})

    @classmethod
    def of_zip(cls, name: str, content: bytes) -> Sources:
        """The files of a zip, at its top or in one folder; others in it are left aside. Refused beside `file` when it is none."""
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                rows = {Path(row.filename).name: row for row in archive.infolist() if not row.is_dir()}
                wanted = {part: rows[f"{part}.yaml"] for part in PARTS if f"{part}.yaml" in rows}
                # The folder in it is the pack's own name; what the file is called, a browser may have changed.
                name = next((folder for row in wanted.values() if (folder := Path(row.filename).parent.name)), name)[:60]
                if any(row.file_size > MOST_BYTES for row in wanted.values()):
                    raise wrong("file", say(_("A part has at most {n} bytes."), n=MOST_BYTES))
                return cls(name, {part: decoded(archive.read(row)) for part, row in wanted.items()})
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError):  # broken, unknown, or locked
            raise wrong("file", _("This is not a zip file that can be read.")) from None

    def zipped(self) -> bytes:
        """The files in a folder of the pack's name; the same pack is the same zip."""
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
            for part, text in self.texts.items():
                archive.writestr(zipfile.ZipInfo(f"{self.name}/{part}.yaml"), text.encode())
        return content.getvalue()

    def write(self, folder: Path) -> None:
        """The files into a folder, made where it is not there."""
        folder.mkdir(parents=True, exist_ok=True)
        for part, text in self.texts.items():
            (folder / f"{part}.yaml").write_bytes(text.encode())


def decoded(content: bytes) -> str:
    """Text as it came, line ends and all; what is not UTF-8 is marked by a NUL, and refused by the check."""
    try:
        return content.decode()
    except UnicodeDecodeError:
        return "\x00" + content.decode(errors="replace")


@dataclass(frozen=True)
class Shipped:
    """A pack that comes with the product, to be put in force as it is or taken as a start. `zh`, `en`: what it models."""

    name: str
    zh: str
    en: str

    def __str__(self) -> str:
        return self.en if (get_language() or "").startswith("en") else self.zh

    def sources(self) -> Sources:
        return Sources.of_folder(PACKS / self.name)


@cache
def shipped() -> Mapping[str, Shipped]:
    """The packs that come with the product, by name."""
    folders = sorted(path.parent for path in PACKS.glob("*/about.yaml"))
    return {one.name: Shipped(one.name, **yaml.safe_load((one / "about.yaml").read_text(encoding="utf-8"))) for one in folders}
