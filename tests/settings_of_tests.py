"""Earshot's settings for tests: the engine comes from EARSHOT_TEST_ENGINE, the database itself from `databases.py`."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

# One folder per run, made by the process that starts it and inherited by the xdist workers.
RUN = Path(os.environ.get("EARSHOT_TEST_RUN") or tempfile.mkdtemp(prefix="earshot-test-"))
os.environ["EARSHOT_TEST_RUN"] = str(RUN)
os.environ["EARSHOT_HOME"] = str(RUN / "home")
os.environ["EARSHOT_SECRET_KEY"] = "only-for-tests"
os.environ.pop("EARSHOT_DATABASE", None)
os.environ.pop("EARSHOT_DEBUG", None)
# Playwright's synchronous interface runs an event loop in the test's own thread.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
(RUN / "home" / "static").mkdir(parents=True, exist_ok=True)

# What `make trace` has taken out, before any room is imported.
from earshot.kit import ruling  # noqa: E402

ruling.broken = os.environ.get("TRACE_BROKEN", "")

from earshot.settings import *  # noqa: E402, F403
from earshot.settings import DATABASES, LOGGING, STORAGES, database  # noqa: E402

ENGINE = os.environ.get("EARSHOT_TEST_ENGINE", "sqlite")
if ENGINE == "postgresql":
    DATABASES["default"] = database("postgresql://earshot@/template_of_tests") | {"HOST": str(RUN / "pg")}
else:
    DATABASES["default"] = database(f"sqlite://{RUN / 'template.sqlite3'}")
# A test's database goes away with the test: no thread may keep a connection to it.
DATABASES["default"]["CONN_MAX_AGE"] = 0

DEMO = True
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "testserver"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True
LOGGING["root"]["level"] = "WARNING"  # type: ignore[index]  # a plain dictionary of dictionaries
