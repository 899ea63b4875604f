"""The journal verbs, kinds and standings of this room."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from earshot.clocks.queries import alarms_of
from earshot.journal import kinds, verbs
from earshot.kit.engine.prepared import Prepared
from earshot.people.standing import SOURCES, Key
from earshot.voice.models import Attendance, Correction, Ear, Item, Meeting

kinds.register("meeting", Meeting, label=lambda meeting: f"{meeting.held_at or meeting.recorded_at:%Y-%m-%d}", page="meeting")
kinds.register("item", Item, page="item")
kinds.register("ear", Ear, label=lambda ear: ear.role)
kinds.register("attendance", Attendance, label=lambda attendance: attendance.person.name)
kinds.register("correction", Correction)
verbs.register(
    {
        "voice.meeting_recorded": _("{actor} recorded what the customer said on {deal}: {item}"),
        "voice.lead_words_kept": _("The words of the lead {lead} stand on {deal}: {item}"),
        "voice.meeting_completed": _("{actor} completed the record of a meeting on {deal}"),
        "voice.item_filed": _("{actor} filed {item} under “{category}”"),
        "voice.item_corrected": _("{actor} put a correction beside {item}"),
        "voice.ears_named": _("By rule, {hearer} must hear {item}"),
        "voice.ears_ended": _("{former} need no longer hear {item}, filed anew"),
        "voice.ear_passed": _("Hearing {item} passed from {former} to {hearer}"),
        "voice.ears_released": _("{former} no longer acts for the role that must hear {item}; others still do"),
        "voice.ears_of_nobody": _("Nobody holds the role any more that must hear {item}; until now it was {former}"),
        "voice.no_rule": _("No rule says who must hear {item} (category “{category}”): it went to the default hearer"),
        "voice.noted": _("{actor} took note of the customer's words: {item}"),
        "voice.present_confirmed": _("{actor} confirmed having been present and heard {item}"),
        "voice.present_denied": _("{actor} was not present at a meeting on {deal}"),
    }
)


def _ears(ear_ids: Sequence[UUID] | None) -> Iterable[tuple[UUID, Key]]:
    """Whoever must hear an item sees it; not the whole deal."""
    ears = Ear.objects.filter(ended_at__isnull=True, person__isnull=False)
    if ear_ids is not None:
        ears = ears.filter(pk__in=ear_ids)
    return [(pk, (person, None, "item", item)) for pk, person, item in ears.values_list("pk", "person_id", "item_id")]


def _present(attendance_ids: Sequence[UUID] | None) -> Iterable[tuple[UUID, Key]]:
    """Whoever is said to have been present, and has not denied it, sees what was said there."""
    attendances = Attendance.objects.filter(denied_at__isnull=True)
    if attendance_ids is not None:
        attendances = attendances.filter(pk__in=attendance_ids)
    rows = attendances.filter(meeting__items__isnull=False).values_list("pk", "person_id", "meeting__items")
    return [(pk, (person, None, "item", item)) for pk, person, item in rows]


def _alarmed(ear_ids: Iterable[UUID] | None) -> Iterable[tuple[UUID, Key]]:
    """Whom the clock of an ear has told sees the statement as long as that clock runs; not the whole deal."""
    rows = alarms_of("ear", ear_ids)
    items: dict[UUID, UUID] = dict(_ITEMS.rows(list(dict.fromkeys(ear for ear, _person in rows))))
    return [(ear, (person, None, "item", items[ear])) for ear, person in rows]


_ITEMS = Prepared(lambda ears: Ear.objects.filter(pk__in=ears).values_list("pk", "item_id"))

MUST_HEAR, WAS_PRESENT, ALARMED_EAR = "must_hear", "was_present", "alarmed_ear"
SOURCES.add(MUST_HEAR, _ears)
SOURCES.add(WAS_PRESENT, _present)
SOURCES.add(ALARMED_EAR, _alarmed)
