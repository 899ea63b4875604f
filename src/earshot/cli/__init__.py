"""The command line. Commands act `--as PERSON`, with that person's standing; refusals are said in the same words as elsewhere."""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path

# Commands that make a house where there is none; every other one looks for it, and leaves no trace where there is none.
MAKING = {"demo", "migrate", "serve"}


def main() -> None:
    """The console script `earshot`."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "earshot.settings")
    words = [word for word in sys.argv[1:] if not word.startswith("-") and word not in ("en", "zh-hans")]
    if words[:1] == ["demo"]:
        # A company of its own in a folder of its own, unless somebody says otherwise. Settings read this as soon as anything
        # of Django is imported, so it is said before.
        os.environ.setdefault("EARSHOT_DEMO", "1")
        os.environ.setdefault("EARSHOT_HOME", "var/demo")
    if words[:1] not in [[name] for name in MAKING] and not Path(os.environ.get("EARSHOT_HOME", "var")).exists():
        os.environ.setdefault("EARSHOT_SECRET_KEY", secrets.token_urlsafe(50))  # for this process alone: settings would keep one there
    from earshot.cli.root import earshot

    earshot(prog_name="earshot")
