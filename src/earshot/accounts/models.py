"""Customers and the people there."""

from __future__ import annotations

from django.db import models

from earshot.kit import uuid7
from earshot.people.models import Person, Unit


class Account(models.Model):
    """A customer. One named owner answers for it (law 10). `outside_id`: its key in the system it was imported from."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    number = models.CharField(max_length=20, unique=True)
    name = models.CharField(max_length=200)
    sector = models.CharField(max_length=100, blank=True)
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="accounts")
    owner = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="accounts")
    outside_id = models.CharField(max_length=200, null=True, unique=True)  # noqa: DJ001 - null: none; two accounts may have none
    opened_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["name"], name="account_name")]

    def __str__(self) -> str:
        return self.name


class Contact(models.Model):
    """A person at the customer."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="contacts")
    name = models.CharField(max_length=100)
    title = models.CharField(max_length=100, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "name", "title"], name="one_contact_per_name")]

    def __str__(self) -> str:
        return f"{self.name} ({self.title})" if self.title else self.name
