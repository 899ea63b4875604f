"""An import batch, and the rows that could not be taken as they were."""

from __future__ import annotations

from django.db import models

from earshot.kit import uuid7


class Batch(models.Model):
    """One run of an import: who ordered it, from which files by which map, and its counts once it is finished."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    source = models.CharField(max_length=300)
    map_name = models.CharField(max_length=200)
    ordered_by = models.UUIDField(null=True)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    counts = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"{self.source} {self.started_at:%Y-%m-%d %H:%M}"


class Finding(models.Model):
    """A bad or unknown value: file, line, column, the value, and the whole row as it came. `code`: what is wrong (`rules.SENTENCES`).
    `brought_in`: the row was taken all the same, without the value."""

    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="findings")
    file = models.CharField(max_length=200)
    line = models.PositiveIntegerField()
    column = models.CharField(max_length=200)
    value = models.TextField(blank=True)
    code = models.CharField(max_length=60)
    brought_in = models.BooleanField()
    row = models.JSONField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["batch", "file", "line", "column"], name="one_finding_per_cell")]

    def __str__(self) -> str:
        return f"{self.file}:{self.line} {self.column}={self.value!r}"
