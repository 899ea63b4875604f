"""Sessions in the database, as Django keeps them; finding one is a prepared query."""

from __future__ import annotations

from typing import Any

from django.contrib.sessions.backends.db import SessionStore as InDatabase
from django.contrib.sessions.models import Session

from earshot.kit import now
from earshot.kit.engine.prepared import Prepared

_SESSION = Prepared(lambda key: Session.objects.filter(session_key=key))


class SessionStore(InDatabase):
    def _get_session_from_db(self) -> Any:
        found = _SESSION.one(self.session_key)
        if found is not None and found.expire_date > now():
            return found
        self._session_key = None
        return None
