"""A reaction owed after the commit that would show whether it had happened twice: a mark for each time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from django.apps import AppConfig

if TYPE_CHECKING:
    from earshot.journal.models import Entry

VERBS = ("voice.meeting_recorded", "voice.noted", "calls.taken", "calls.delivered", "deals.stage_entered")
REACTION = "tests.mark"
KIND = "mark of a test"


def mark(entry: Entry) -> None:
    from earshot.journal.models import Label
    from earshot.kit import uuid7

    Label.objects.create(kind=KIND, object_id=uuid7(), text=str(entry.pk))
    time.sleep(0.01)  # an instant at which it may be killed, between what it did and the mark that it is done


class Marks(AppConfig):
    name = "marks_of_soak"

    def ready(self) -> None:
        from earshot.journal.reactions import afterwards

        for verb in VERBS:
            afterwards(verb, REACTION, mark)
