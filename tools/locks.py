"""The lock files: `tidy` takes out what would name a host, `check` says what is wrong with them, without any network."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
LOCKS = [*sorted((ROOT / "requirements").glob("*.txt")), ROOT / "package-lock.json"]


def pins(path: Path) -> dict[str, tuple[str, int]]:
    """Package name → exact version and number of hashes."""
    found: dict[str, tuple[str, int]] = {}
    for entry in path.read_text().replace("\\\n", " ").splitlines():
        if not entry.strip() or entry.startswith("#"):
            continue
        match = re.match(r"([A-Za-z0-9._\[\],-]+)==([^\s;]+)", entry)
        if match is None:
            raise ValueError(f"{path.name}: {entry.split()[0]} is not pinned with ==")
        found[canonicalize_name(match[1].split("[")[0])] = (match[2], entry.count("--hash=sha256:"))
    return found


def wanted(path: Path) -> list[Requirement]:
    lines = [line.split("#")[0].strip() for line in path.read_text().splitlines()]
    return [Requirement(line) for line in lines if line and not line.startswith("-")]


def faults() -> list[str]:
    found = [f"{path.name}: holds a host name (://)" for path in LOCKS if "://" in path.read_text()]
    locked = {path.stem: pins(path) for path in LOCKS if path.suffix == ".txt"}
    for stem, versions in locked.items():
        found += [f"{stem}.txt: {name} has no hash" for name, (_, hashes) in versions.items() if not hashes]
        for requirement in wanted(ROOT / "requirements" / f"{stem}.in"):
            version = versions.get(canonicalize_name(requirement.name))
            if version is None or not requirement.specifier.contains(version[0], prereleases=True):
                found.append(f"{stem}.txt: {requirement} of {stem}.in is not met; run make lock")
    differing = [name for name, pin in locked["base"].items() if locked["dev"].get(name) != pin]
    found += [f"dev.txt: {name} differs from base.txt; run make lock" for name in differing]
    return found + npm_faults()


def npm_faults() -> list[str]:
    package = json.loads((ROOT / "package.json").read_text())
    lock = json.loads((ROOT / "package-lock.json").read_text())
    found = [
        f"package-lock.json: {kind} differ from package.json; run make lock"
        for kind in ("dependencies", "devDependencies")
        if lock["packages"][""].get(kind) != package.get(kind)
    ]
    found += [
        f"package-lock.json: {name} has no integrity" for name, entry in lock["packages"].items() if name and "integrity" not in entry
    ]
    return found


def tidy() -> None:
    path = ROOT / "package-lock.json"
    lock = json.loads(path.read_text())
    for entry in lock["packages"].values():
        entry.pop("funding", None)
        entry.pop("resolved", None)
    path.write_text(json.dumps(lock, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    if sys.argv[1:] == ["tidy"]:
        tidy()
    else:
        wrong = faults()
        print("\n".join(wrong) or f"{len(LOCKS)} lock files are exact, hashed and name no host")
        sys.exit(bool(wrong))
