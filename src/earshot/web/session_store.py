"""Sessions in the database, as Django keeps them; finding one is a prepared query."""

from __future__ import annotations

from typing import Any

from django.contrib.sessions.backends.db import SessionStore as InDatabase
from django.contrib.sessions.models import Session

from earshot.kit.clock import machine_time
from earshot.kit.engine.prepared import Prepared

_SESSION = Prepared(lambda key: Session.objects.filter(session_key=key))


class SessionStore(InDatabase):
    def _get_session_from_db(self) -> Any:
        found = _SESSION.one(self.session_key)
        # By the clock that Django sets it with: a test clock that was moved ahead signs nobody out.
        if found is not None and found.expire_date > machine_time():
            return found
        self._session_key = None
        return None
