from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("playbooks", "0005_source_of_parts"),
    ]

    operations = [
        migrations.AddField(
            model_name="servicelevel",
            name="serves",
            field=models.CharField(blank=True, choices=[("answer", "answer"), ("directive", "directive")], max_length=10),
        ),
        migrations.AddConstraint(
            model_name="servicelevel",
            constraint=models.UniqueConstraint(
                condition=models.Q(("serves", ""), _negated=True), fields=("version", "serves"), name="one_level_serves"
            ),
        ),
        migrations.AddConstraint(
            model_name="servicelevel",
            constraint=models.CheckConstraint(
                condition=models.Q(("serves__in", ["", "answer", "directive"])), name="level_serves_what_is_known"
            ),
        ),
    ]
