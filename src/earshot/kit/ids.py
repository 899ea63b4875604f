"""Public identifiers: UUID version 7 (RFC 9562), ordered by time of making, so that clients may make them too."""

from __future__ import annotations

from uuid import UUID

import uuid_utils.compat


def uuid7() -> UUID:
    return uuid_utils.compat.uuid7()
