"""Writes are safe to repeat: an answer kept under the client's key, in the transaction of the write itself."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any, TypeVar
from uuid import UUID

from django.db import models
from django.utils.translation import gettext_lazy as _

from earshot.journal.models import Repeat
from earshot.kit import now
from earshot.kit.engine import locks, written
from earshot.kit.engine.prepared import Prepared
from earshot.kit.problems import Refusal

M = TypeVar("M", bound=models.Model)


def claim(person_id: UUID, key: str, request: Any) -> Repeat:
    """Open the key inside a call. A fresh one has `status` 0; a repeated one carries the first answer.

    Two browsers in the same second: the second waits at the unique key until the first has ended, then gets its answer.
    Refused when the key was used for another request.
    """
    if not 1 <= len(key) <= 100:
        raise Refusal("repeat.key", _("An Idempotency-Key has 1 to 100 characters."))
    fingerprint = hashlib.sha256(json.dumps(request, sort_keys=True, default=str).encode()).hexdigest()
    fresh = Repeat(person_id=person_id, key=key, fingerprint=fingerprint, at=now())
    if written.insert([fresh], unless_taken=True):
        return fresh
    kept = Repeat.objects.get(person_id=person_id, key=key)
    if kept.fingerprint != fingerprint:
        raise Refusal("repeat.other_request", _("This Idempotency-Key was used for a different request. Use a new key."))
    return kept


def keep(repeat: Repeat, status: int, answer: Any) -> None:
    """Keep the answer of the write that just succeeded, to be given again."""
    repeat.status, repeat.answer = status, answer
    written.update(repeat, "status", "answer")


_BY_ID = Prepared(lambda key, *, model: model._default_manager.filter(pk=key))


def earlier(model: type[M], id: UUID | None, mine: Callable[[M], bool]) -> M | None:
    """What the same act made before under this client-made public id, to be given back instead of made twice; None: nothing.

    Two in the same second: the second waits until the first has ended. An id that names something which is not `mine` is
    refused, without a word on what it names (law 13).
    """
    if id is None:
        return None
    locks.hold(id)
    row = _BY_ID.one(id, model=model)
    if row is not None and not mine(row):
        raise Refusal("id.taken", _("This id is in use. Make a new one."), status=409)
    return row
