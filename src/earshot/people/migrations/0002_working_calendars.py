"""Days of a working calendar say their kind; a unit may have days of its own; contents have an edition."""

from __future__ import annotations

from typing import Any

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q

import earshot.kit.ids

KINDS = ["holiday", "make_up", "company", "exception"]


def kinds_of_days(apps: Any, _editor: Any) -> None:
    """What was entered so far came from the published table: a day off is a holiday, a worked one makes up for it."""
    days = apps.get_model("people", "CalendarDay").objects
    days.exclude(spans=[]).update(kind="make_up")


class Migration(migrations.Migration):
    dependencies = [("people", "0001_initial")]

    operations = [
        migrations.AddField("workingcalendar", "edition", models.UUIDField(default=earshot.kit.ids.uuid7)),
        migrations.AddField(
            "workingcalendar",
            "of_unit",
            models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="own_days", to="people.unit"),
        ),
        migrations.AlterField("workingcalendar", "zone", models.CharField(blank=True, default="Asia/Shanghai", max_length=60)),
        migrations.AlterField("workingcalendar", "weekly", models.JSONField(default=list)),
        migrations.AlterField("workingcalendar", "confirmed_to", models.DateField(null=True)),
        migrations.AddField(
            "calendarday",
            "kind",
            models.CharField(choices=[(kind, kind) for kind in KINDS], default="holiday", max_length=10),
            preserve_default=False,
        ),
        migrations.AlterField("calendarday", "name", models.CharField(blank=True, max_length=100)),
        migrations.RunPython(kinds_of_days, migrations.RunPython.noop, elidable=True),
        migrations.AddConstraint(
            "workingcalendar",
            models.CheckConstraint(
                name="calendar_is_whole_or_of_unit",
                condition=Q(("confirmed_to__isnull", False), ("of_unit__isnull", True))
                | Q(("confirmed_to__isnull", True), ("of_unit__isnull", False)),
            ),
        ),
        migrations.AddConstraint("calendarday", models.CheckConstraint(name="day_of_known_kind", condition=Q(kind__in=KINDS))),
    ]
