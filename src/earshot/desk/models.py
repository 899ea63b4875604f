"""What somebody keeps of what several rooms put before one person."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from earshot.kit import uuid7
from earshot.people.models import Person


class SavedView(models.Model):
    """A view of the pipeline under a name. `asked`: what it asks, as it stands in an address. `shared_at`: since when whoever has its link
    may open it, each seeing only the deals in which he or she has standing; null: its owner alone. `ended_at`: deleted; the row stays."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    owner = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="saved_views")
    name = models.CharField(max_length=100)
    asked = models.JSONField(default=dict)
    made_at = models.DateTimeField()
    shared_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["owner", "name"], condition=Q(ended_at__isnull=True), name="one_view_of_a_name"),
            models.CheckConstraint(name="a_view_has_a_name", condition=~Q(name="")),
        ]

    def __str__(self) -> str:
        return self.name
