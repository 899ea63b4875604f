import django.db.models.deletion
from django.db import migrations, models

import earshot.kit.ids


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("people", "0002_working_calendars"),
        ("teams", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Message",
            fields=[
                ("id", models.UUIDField(default=earshot.kit.ids.uuid7, primary_key=True, serialize=False)),
                ("kind", models.CharField(max_length=30)),
                ("object_id", models.UUIDField()),
                ("to_team", models.BooleanField(default=False)),
                ("text", models.TextField()),
                ("asks", models.CharField(blank=True, choices=[("answer", "answer"), ("directive", "directive")], max_length=10)),
                ("posted_at", models.DateTimeField()),
                (
                    "author",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="messages_written", to="people.person"),
                ),
                (
                    "replies_to",
                    models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="replies", to="talk.message"),
                ),
                (
                    "team",
                    models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="messages", to="teams.team"),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Recipient",
            fields=[
                ("id", models.UUIDField(default=earshot.kit.ids.uuid7, primary_key=True, serialize=False)),
                ("message", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="recipients", to="talk.message")),
                (
                    "person",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="messages_received", to="people.person"),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Acknowledgement",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField()),
                (
                    "reply",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="acknowledges", to="talk.message"
                    ),
                ),
                (
                    "recipient",
                    models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name="acknowledgement", to="talk.recipient"),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Release",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField()),
                (
                    "why",
                    models.CharField(
                        choices=[("left_team", "left_team"), ("lost_sight", "lost_sight"), ("withdrawn", "withdrawn")], max_length=12
                    ),
                ),
                (
                    "recipient",
                    models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name="release", to="talk.recipient"),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(fields=["object_id", "-posted_at", "-id"], name="message_object"),
        ),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(condition=models.Q(("team__isnull", False)), fields=["team"], name="message_of_team"),
        ),
        migrations.AddConstraint(
            model_name="message",
            constraint=models.CheckConstraint(
                condition=models.Q(("asks__in", ["", "answer", "directive"])), name="message_asks_what_is_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="message",
            constraint=models.CheckConstraint(condition=models.Q(("text", ""), _negated=True), name="message_has_text"),
        ),
        migrations.AddConstraint(
            model_name="message",
            constraint=models.CheckConstraint(
                condition=models.Q(("team__isnull", True), ("object_id", models.F("team")), _connector="OR"),
                name="message_of_team_is_about_it",
            ),
        ),
        migrations.AddConstraint(
            model_name="message",
            constraint=models.CheckConstraint(
                condition=models.Q(("to_team", False), ("team__isnull", False), _connector="OR"), name="message_to_team_names_it"
            ),
        ),
        migrations.AddConstraint(
            model_name="message",
            constraint=models.CheckConstraint(
                condition=models.Q(("replies_to", models.F("id")), _negated=True), name="message_no_reply_to_itself"
            ),
        ),
        migrations.AddConstraint(
            model_name="recipient",
            constraint=models.UniqueConstraint(fields=("message", "person"), name="one_copy_per_person"),
        ),
        migrations.AddConstraint(
            model_name="release",
            constraint=models.CheckConstraint(
                condition=models.Q(("why__in", ["left_team", "lost_sight", "withdrawn"])), name="release_of_known_cause"
            ),
        ),
    ]
