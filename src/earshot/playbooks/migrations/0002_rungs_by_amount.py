from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("playbooks", "0001_initial")]

    operations = [
        migrations.AlterModelOptions(name="rung", options={"ordering": ["pk"]}),
        migrations.AddField(model_name="rung", name="minutes", field=models.PositiveIntegerField(null=True)),
        migrations.AlterField(model_name="rung", name="share", field=models.PositiveSmallIntegerField(null=True)),
        migrations.AddConstraint(
            model_name="rung",
            constraint=models.CheckConstraint(
                condition=Q(share__isnull=True, minutes__isnull=False) | Q(share__isnull=False, minutes__isnull=True),
                name="rung_share_or_minutes",
            ),
        ),
    ]
