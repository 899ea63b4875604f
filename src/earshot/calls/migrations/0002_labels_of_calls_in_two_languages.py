"""The log knew calls by their Chinese name only: give it the English one for those that are there."""

from typing import Any

from django.db import migrations

MOST = 300  # letters of a label


def in_both(apps: Any, schema_editor: Any) -> None:
    Call, Label = apps.get_model("calls", "Call"), apps.get_model("journal", "Label")
    standing = Label.objects.filter(kind="call", erased_at__isnull=True)  # what was erased by mandate stays erased
    for pk, number, zh, en in Call.objects.values_list("pk", "number", "trigger__support__zh", "trigger__support__en").iterator():
        words = {"zh-hans": f"{number} {zh}"[:MOST], "en": f"{number} {en}"[:MOST]}
        standing.filter(object_id=pk).update(text=words["zh-hans"], words=words)


class Migration(migrations.Migration):
    dependencies = [
        ("calls", "0001_initial"),
        ("journal", "0002_label_in_two_languages"),
    ]

    operations = [migrations.RunPython(in_both, migrations.RunPython.noop)]
