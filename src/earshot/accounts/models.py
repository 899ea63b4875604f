"""Customers and the people there."""

from __future__ import annotations

from uuid import UUID

from django.db import models
from django.db.models import F, Q
from django.utils.translation import get_language

from earshot.kit import uuid7
from earshot.kit.engine.fragments import fragments
from earshot.kit.engine.guards import append_only
from earshot.people.models import Person, Unit


class Segment(models.Model):
    """A part of the market, as the company divides it: a table of its own, kept by sales operations. It is no part of the playbook: it
    says what customers are, not how anybody works, so nothing that it changes needs a version of the process. `ended_at`: chosen no
    more; the accounts that are in it stay."""

    code = models.CharField(max_length=60, primary_key=True)
    zh = models.CharField(max_length=100)
    en = models.CharField(max_length=100)
    ended_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.zh if (get_language() or "").startswith("zh") else self.en


class Account(models.Model):
    """A customer. One named owner answers for it (law 10). `parent`: the customer that it belongs to. `version`: raised by every change;
    a write that names an older one is refused. `outside_id`: its key in the system it was imported from."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    number = models.CharField(max_length=20, unique=True)
    name = models.CharField(max_length=200)
    sector = models.CharField(max_length=100, blank=True)
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="accounts")
    owner = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="accounts")
    segment = models.ForeignKey(Segment, null=True, on_delete=models.PROTECT, related_name="accounts")
    parent = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="subsidiaries")
    version = models.PositiveIntegerField(default=1)
    outside_id = models.CharField(max_length=200, null=True, unique=True)  # noqa: DJ001 - null: none; two accounts may have none
    opened_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["name"], name="account_name")]
        constraints = [models.CheckConstraint(name="account_not_its_own_parent", condition=Q(parent__isnull=True) | ~Q(parent=F("id")))]

    def __str__(self) -> str:
        return self.name


@fragments("words")
class AccountName(models.Model):
    """By what an account is found. `words`: see `kit.names.found_by`. `bare`: its normal form; `sound`: the pinyin of that. Two accounts
    of the same normal form or sound may be one customer."""

    id = models.BigAutoField(primary_key=True)
    account = models.OneToOneField(Account, on_delete=models.CASCADE, related_name="found_by")
    words = models.TextField()
    bare = models.CharField(max_length=300, db_index=True)
    sound = models.CharField(max_length=1500, db_index=True)

    def __str__(self) -> str:
        return self.bare


class KeyPeriod(models.Model):
    """The account is a key account from a day to a day, both included; `until` None: until further notice. Periods of an account do not
    overlap. Who decided it and why stands beside it, as does why it ended."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="key_periods")
    since = models.DateField()
    until = models.DateField(null=True)
    reason = models.CharField(max_length=300)
    decided_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    end_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(name="key_period_in_order", condition=Q(until__isnull=True) | Q(until__gte=F("since"))),
            models.CheckConstraint(name="key_period_says_why", condition=~Q(reason="")),
            models.UniqueConstraint(fields=["account"], condition=Q(until__isnull=True), name="one_open_key_period"),
            models.UniqueConstraint(fields=["account", "since"], name="one_key_period_a_day"),
        ]

    def __str__(self) -> str:
        return f"{self.since} – {self.until or ''}"


class Site(models.Model):
    """A place of a customer. `zone`: by which its people live. `ended_at`: no place of theirs any more."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="sites")
    name = models.CharField(max_length=100)
    address = models.CharField(max_length=300, blank=True)
    city = models.CharField(max_length=100)
    zone = models.CharField(max_length=60)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "name"], condition=Q(ended_at__isnull=True), name="one_live_site_a_name")]

    def __str__(self) -> str:
        return f"{self.name} ({self.city})"


class Contact(models.Model):
    """A person at a customer, in one post there. `reports_to`: whom he or she answers to there; `since`: the first day, None: not known;
    `left_at`: no longer there, as far as we know. `person`: the record that stands for the human being, where that is another one;
    None: this one. It never stands for something else in turn. `merged_at`: no post of its own, but one that the person's records at
    this account name already; its words and its name stay where they are."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="contacts")
    name = models.CharField(max_length=100)
    title = models.CharField(max_length=100, blank=True)
    reports_to = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="reports")
    left_at = models.DateTimeField(null=True)
    since = models.DateField(null=True)
    person = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="records")
    merged_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "name", "title"], name="one_contact_per_name"),
            models.CheckConstraint(name="contact_not_own_superior", condition=Q(reports_to__isnull=True) | ~Q(reports_to=F("id"))),
            models.CheckConstraint(name="contact_not_its_own_record", condition=Q(person__isnull=True) | ~Q(person=F("id"))),
            models.CheckConstraint(name="merged_contact_names_who_stays", condition=Q(merged_at__isnull=True) | Q(person__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.title})" if self.title else self.name

    @property
    def stands_for(self) -> UUID:
        """The id of the record of the human being."""
        return self.person_id or self.pk

    @property
    def called(self) -> str:
        """What the human being is called; `name` is what was written down here."""
        return self.person.name if self.person else self.name


@append_only
class ContactMerge(models.Model):
    """Two records were one human being: `gone` points to `stays` since. Never taken back."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    gone = models.OneToOneField(Contact, on_delete=models.PROTECT, related_name="merge")
    stays = models.ForeignKey(Contact, on_delete=models.PROTECT, related_name="merges")
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    reason = models.CharField(max_length=300)

    class Meta:
        constraints = [
            models.CheckConstraint(name="merge_of_two_contacts", condition=~Q(gone=F("stays"))),
            models.CheckConstraint(name="merge_says_why", condition=~Q(reason="")),
        ]

    def __str__(self) -> str:
        return f"{self.gone_id} → {self.stays_id}"
