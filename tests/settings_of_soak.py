"""The settings of an installation, with one reaction more: it leaves a mark each time that it has happened."""

from __future__ import annotations

from earshot.settings import *  # noqa: F403
from earshot.settings import INSTALLED_APPS

INSTALLED_APPS.append("marks_of_soak.Marks")
