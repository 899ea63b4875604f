from zoneinfo import ZoneInfo

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import F

import earshot.kit.ids
from earshot.kit import worktime


def count_from_the_start(apps, schema_editor):
    """Clocks that run already: counted from their start, and each step after as much of the limit as lies before its due time."""
    Clock, Step = apps.get_model("clocks", "Clock"), apps.get_model("clocks", "Step")
    Clock.objects.update(counted_from=F("started_at"))
    Calendar, Above = apps.get_model("people", "WorkingCalendar"), apps.get_model("people", "UnitAbove")
    known = {}

    def calendar_of(unit):
        if unit not in known:
            own = Above.objects.filter(unit=unit, above__calendar__isnull=False).order_by("steps").values_list("above__calendar", flat=True)
            row = Calendar.objects.filter(pk=own.first()).first() or Calendar.objects.order_by("pk").first()
            days = {day.day: tuple(map(tuple, day.spans)) for day in row.days.all()}
            known[unit] = worktime.Calendar(ZoneInfo(row.zone), tuple(tuple(map(tuple, spans)) for spans in row.weekly), days)
        return known[unit]

    batch = []
    for step in Step.objects.select_related("clock").iterator(chunk_size=2000):
        start, clock = step.clock.started_at, step.clock
        passed = worktime.between(calendar_of(clock.unit_id), start, step.due_at) if clock.measure == "working" else None
        step.after = max(passed if passed is not None else int((step.due_at - start).total_seconds() // 60), 0)
        batch.append(step)
        if len(batch) == 2000:
            Step.objects.bulk_update(batch, ["after"])
            batch = []
    Step.objects.bulk_update(batch, ["after"])


class Migration(migrations.Migration):
    dependencies = [
        ("clocks", "0001_initial"),
        ("people", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Alarm",
            fields=[
                ("id", models.UUIDField(default=earshot.kit.ids.uuid7, primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
                ("seen_to_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Pause",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reason", models.CharField(max_length=1000)),
                ("paused_at", models.DateTimeField()),
                ("resumed_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.RemoveIndex(
            model_name="step",
            name="step_owed",
        ),
        migrations.AddField(
            model_name="clock",
            name="counted_from",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="clock",
            name="paused_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="clock",
            name="used",
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="step",
            name="after",
            field=models.PositiveIntegerField(default=0),
            preserve_default=False,
        ),
        migrations.RunPython(count_from_the_start, migrations.RunPython.noop),
        migrations.AlterField(
            model_name="clock",
            name="counted_from",
            field=models.DateTimeField(),
        ),
        migrations.AlterField(
            model_name="step",
            name="addressee",
            field=models.CharField(blank=True, max_length=60),
        ),
        migrations.AlterField(
            model_name="step",
            name="clock",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="steps", to="clocks.clock"),
        ),
        migrations.AlterField(
            model_name="step",
            name="due_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddIndex(
            model_name="step",
            index=models.Index(
                condition=models.Q(("due_at__isnull", False), ("ended_at__isnull", True), ("fired_at__isnull", True)),
                fields=["due_at"],
                name="step_due",
            ),
        ),
        migrations.AddConstraint(
            model_name="step",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("fired_at__isnull", True), models.Q(("due_at__isnull", False), ("ended_at__isnull", True)), _connector="OR"
                ),
                name="step_fired_or_ended",
            ),
        ),
        migrations.AddField(
            model_name="alarm",
            name="clock",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="alarms", to="clocks.clock"),
        ),
        migrations.AddField(
            model_name="alarm",
            name="person",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.person"),
        ),
        migrations.AddField(
            model_name="alarm",
            name="step",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="alarms", to="clocks.step"),
        ),
        migrations.AddField(
            model_name="pause",
            name="clock",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="pauses", to="clocks.clock"),
        ),
        migrations.AddField(
            model_name="pause",
            name="paused_by",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.person"),
        ),
        migrations.AddField(
            model_name="pause",
            name="resumed_by",
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.person"),
        ),
        migrations.AddIndex(
            model_name="alarm",
            index=models.Index(
                condition=models.Q(("ended_at__isnull", True), ("seen_to_at__isnull", True)), fields=["person"], name="alarm_waiting"
            ),
        ),
        migrations.AddIndex(
            model_name="alarm",
            index=models.Index(condition=models.Q(("ended_at__isnull", True)), fields=["clock"], name="alarm_of_running"),
        ),
        migrations.AddConstraint(
            model_name="alarm",
            constraint=models.UniqueConstraint(fields=("step", "person"), name="told_once"),
        ),
        migrations.AddConstraint(
            model_name="pause",
            constraint=models.UniqueConstraint(
                condition=models.Q(("resumed_at__isnull", True)), fields=("clock",), name="one_pause_at_a_time"
            ),
        ),
    ]
