"""What a clock is reckoned anew from: since when it is counted, and after how many minutes each step comes."""

from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import F


def count_from_the_start(apps, _editor):
    apps.get_model("clocks", "Clock").objects.update(counted_from=F("started_at"))


class Migration(migrations.Migration):
    dependencies = [("clocks", "0001_initial"), ("people", "0002_working_calendars")]

    operations = [
        migrations.AddField("clock", "counted_from", models.DateTimeField(null=True)),
        migrations.AddField("clock", "used", models.PositiveIntegerField(default=0)),
        migrations.AddField("step", "after", models.PositiveIntegerField(default=0), preserve_default=False),
        migrations.RunPython(count_from_the_start, migrations.RunPython.noop),
        migrations.AlterField("clock", "counted_from", models.DateTimeField()),
        migrations.AlterField("step", "due_at", models.DateTimeField(null=True)),
        migrations.CreateModel(
            name="Pause",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reason", models.CharField(max_length=1000)),
                ("paused_at", models.DateTimeField()),
                ("resumed_at", models.DateTimeField(null=True)),
                ("clock", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="pauses", to="clocks.clock")),
                ("paused_by", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.person")),
                (
                    "resumed_by",
                    models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.person"),
                ),
            ],
        ),
        migrations.AddConstraint(
            "pause",
            models.UniqueConstraint(condition=models.Q(("resumed_at__isnull", True)), fields=("clock",), name="one_pause_at_a_time"),
        ),
    ]
