"""Production's settings, with the addresses of the ceilings beside the application's own."""

from __future__ import annotations

from pathlib import Path

from earshot.settings import *  # noqa: F403
from earshot.settings import LOGGING, STATIC_ROOT, STORAGES

DEBUG = False
ROOT_URLCONF = "bench_urls"
ALLOWED_HOSTS = ["testserver"]
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
LOGGING["root"]["level"] = "ERROR"  # type: ignore[index]  # a plain dictionary of dictionaries
Path(STATIC_ROOT).mkdir(parents=True, exist_ok=True)
