from django.db import migrations

from earshot.kit.engine.tail import follow_growth, no_longer_follow_growth

TABLE = "journal_entry"


class Migration(migrations.Migration):
    dependencies = [("journal", "0004_deliveries_to_subjects")]

    operations = [
        migrations.RunPython(
            lambda _apps, editor: follow_growth(TABLE, editor), lambda _apps, editor: no_longer_follow_growth(TABLE, editor)
        )
    ]
