"""The one log. Entries, what they touch and which scopes they belong to are written once; the database refuses change."""

from __future__ import annotations

from uuid import UUID

from django.db import models
from django.db.models import Q

from earshot.journal import actors
from earshot.kit import uuid7
from earshot.kit.engine.guards import append_only


@append_only
class Entry(models.Model):
    """One verb that happened, or one refusal that matters.

    `claimed_at`: when it is said to have happened; `recorded_at`: when it was written. `data`: values by name, JSON; a value
    with both languages has the shape {"zh-hans": …, "en": …}, a moment {"at": …}. `permission`: what a reader needs to see
    it beside its scopes.
    """

    seq = models.BigAutoField(primary_key=True)
    id = models.UUIDField(unique=True, default=uuid7)
    verb = models.CharField(max_length=60)
    cause = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="effects")
    actor_kind = models.CharField(max_length=10)
    person_id = models.UUIDField(null=True)
    agent_id = models.UUIDField(null=True)
    rule = models.CharField(max_length=200, blank=True)
    claimed_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    permission = models.CharField(max_length=60, blank=True)
    data = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="entry_actor_is_whole",
                condition=Q(actor_kind=actors.PERSON, person_id__isnull=False)
                | Q(actor_kind=actors.TOKEN, person_id__isnull=False, agent_id__isnull=False)
                | Q(actor_kind=actors.IMPORT, agent_id__isnull=False)
                | (Q(actor_kind=actors.PROCESS) & ~Q(rule="")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.seq} {self.verb}"

    def parts(self) -> dict[str, list[UUID]]:
        """Part name → ids of the objects that the entry touches in that part."""
        found: dict[str, list[UUID]] = {}
        for row in self.objects_touched.all():
            found.setdefault(row.part, []).append(row.object_id)
        return found

    def one(self, part: str) -> UUID:
        """The id of the only object in this part; a LookupError when there is none or several."""
        ids = self.parts().get(part, [])
        if len(ids) != 1:
            raise LookupError(f"{self}: {len(ids)} objects in the part {part!r}")
        return ids[0]


@append_only
class Touched(models.Model):
    """An object that an entry touches, with its part in it (OCEL 2.0's qualifier)."""

    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="objects_touched")
    kind = models.CharField(max_length=30)
    object_id = models.UUIDField()
    part = models.CharField(max_length=30)

    class Meta:
        indexes = [models.Index(fields=["object_id", "kind"], name="touched_object")]

    def __str__(self) -> str:
        return f"{self.part}: {self.kind} {self.object_id}"


@append_only
class Scope(models.Model):
    """A scope that an entry belongs to: whoever may see one of them may see the entry."""

    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="scopes")
    kind = models.CharField(max_length=30)
    object_id = models.UUIDField()

    class Meta:
        indexes = [models.Index(fields=["object_id", "entry"], name="scope_object")]

    def __str__(self) -> str:
        return f"{self.kind} {self.object_id}"


class Label(models.Model):
    """The words for an object in the log, apart from it: they can be erased by mandate without touching an entry. `words`: of an
    object whose name has two languages, both, as {"zh-hans": …, "en": …}; `text` is then the Chinese one."""

    pk = models.CompositePrimaryKey("kind", "object_id")
    kind = models.CharField(max_length=30)
    object_id = models.UUIDField()
    text = models.CharField(max_length=300)
    words = models.JSONField(null=True)
    erased_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "journal_label"
        constraints = [models.CheckConstraint(name="erased_in_both_languages", condition=Q(erased_at__isnull=True) | Q(words__isnull=True))]

    def __str__(self) -> str:
        return self.text


class Worker(models.Model):
    """A worker process: it says every few seconds, by the machine's clock, that it is alive. What one holds that has fallen silent is
    free for the others."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    name = models.CharField(max_length=100)
    began_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    stopped_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name


class Delivery(models.Model):
    """One `later` reaction owed to one entry: written with it, held by one living worker, retried, at least once.

    `subject`: whom or what of several the reaction is owed to (a channel of a person); None where it is owed to the entry alone.
    `lane`: the object that it is about; what one reaction owes to one object goes out in the order of the entries. `holder`: the
    worker that is at it. `dead_at`: given up after the last attempt; parked, and no longer in the way of its lane."""

    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="deliveries")
    reaction = models.CharField(max_length=80)
    subject = models.UUIDField(null=True)
    lane = models.UUIDField(null=True)
    due_at = models.DateTimeField()
    holder = models.UUIDField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    done_at = models.DateTimeField(null=True)
    dead_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["entry", "reaction"], condition=Q(subject__isnull=True), name="one_delivery_per_reaction"),
            models.UniqueConstraint(
                fields=["entry", "reaction", "subject"], condition=Q(subject__isnull=False), name="one_delivery_per_subject"
            ),
            models.CheckConstraint(name="delivery_done_or_dead", condition=Q(done_at__isnull=True) | Q(dead_at__isnull=True)),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(done_at__isnull=True, dead_at__isnull=True), name="delivery_owed"),
            models.Index(fields=["lane"], condition=Q(done_at__isnull=True, dead_at__isnull=True), name="delivery_lane"),
            models.Index(fields=["dead_at"], condition=Q(dead_at__isnull=False), name="delivery_dead"),
            models.Index(fields=["subject"], condition=Q(done_at__isnull=True, subject__isnull=False), name="delivery_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.reaction} of {self.entry_id}"


class Repeat(models.Model):
    """An answer kept under an `Idempotency-Key`: the same request again gets the same answer and does nothing."""

    person_id = models.UUIDField()
    key = models.CharField(max_length=100)
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(default=0)
    answer = models.JSONField(default=dict)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person_id", "key"], name="one_answer_per_key")]

    def __str__(self) -> str:
        return self.key


class Counter(models.Model):
    """The last business number given in a series, such as `D-2026`."""

    series = models.CharField(max_length=20, primary_key=True)
    last = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.series}: {self.last}"
