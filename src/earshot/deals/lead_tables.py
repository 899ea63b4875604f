"""Tables of leads: what somebody heard that may become a deal, before it is one. Kept beside `models.py`, which takes them in."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from earshot.accounts.models import Account, Contact
from earshot.kit import uuid7
from earshot.kit.engine.fragments import fragments
from earshot.kit.engine.guards import append_only
from earshot.people.models import Person, Unit

NEW, TAKEN, REFUSED, DEAL = "new", "taken", "refused", "deal"
STATES = (NEW, TAKEN, REFUSED, DEAL)
CONFIRMED, NOT_CONFIRMED, UNCLEAR = "confirmed", "refuted", "unclear"
RESULTS = (CONFIRMED, NOT_CONFIRMED, UNCLEAR)


class Lead(models.Model):
    """`number`: the deal that it becomes carries it on (B28.1a). `source`, `rating`: codes of the playbook. `reporter`: who recorded it,
    for `origin`, the code of a role that he or she held then (empty: none), in `reporter_unit`. `owner`: who answers for it, at every
    moment; `unit`: where that is. `account` None: not known as one; what the reporter called the customer stands beside the words.
    `state`: waits to be taken up, taken up, refused, or part of `deal`. `version`: raised by every change. `outside_id`: its key in the
    list that it was brought in from; then nobody recorded it here, and `reporter` is whom the list names."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    number = models.CharField(max_length=20, unique=True)
    source = models.CharField(max_length=60, blank=True)
    reporter = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="leads_recorded")
    reporter_unit = models.ForeignKey(Unit, null=True, on_delete=models.PROTECT, related_name="+")
    origin = models.CharField(max_length=60, blank=True)
    owner = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="leads")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="leads")
    account = models.ForeignKey(Account, null=True, on_delete=models.PROTECT, related_name="leads")
    rating = models.CharField(max_length=60, blank=True)
    state = models.CharField(max_length=7, default=NEW, choices=[(state, state) for state in STATES])
    deal = models.ForeignKey("deals.Deal", null=True, on_delete=models.PROTECT, related_name="leads")
    version = models.PositiveIntegerField(default=1)
    outside_id = models.CharField(max_length=200, null=True, unique=True)  # noqa: DJ001 - null: none; two leads may have none
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="lead_of_a_deal_names_it", condition=Q(state=DEAL, deal__isnull=False) | (~Q(state=DEAL) & Q(deal__isnull=True))
            ),
            models.CheckConstraint(name="lead_state_is_one_that_is_known", condition=Q(state__in=STATES)),
        ]
        indexes = [
            models.Index(fields=["-recorded_at", "-id"], name="lead_newest"),
            models.Index(fields=["owner", "state"], name="lead_owner"),
        ]

    def __str__(self) -> str:
        return self.number


@append_only
class LeadWords(models.Model):
    """What was said, to the letter, and by whom: written once. `said_at` None: not told. `speaker`: somebody of the account, where that
    was known; `speaker_name`, `speaker_title`, `customer`: as the reporter wrote them. `heard`: the reporter heard it from the speaker in
    person. `category`: what it is about, by the playbook; empty: not told."""

    lead = models.OneToOneField(Lead, primary_key=True, on_delete=models.PROTECT, related_name="said")
    words = models.TextField()
    said_at = models.DateTimeField(null=True)
    speaker = models.ForeignKey(Contact, null=True, on_delete=models.PROTECT, related_name="+")
    speaker_name = models.CharField(max_length=100, blank=True)
    speaker_title = models.CharField(max_length=100, blank=True)
    customer = models.CharField(max_length=200, blank=True)
    heard = models.BooleanField()
    category = models.CharField(max_length=60, blank=True)

    class Meta:
        constraints = [models.CheckConstraint(name="a_lead_has_words", condition=~Q(words=""))]

    def __str__(self) -> str:
        line = " ".join(self.words.split())
        return f"“{line[:60]}…”" if len(line) > 61 else f"“{line}”"


class _Said(models.Model):
    """Something about a lead, by a person, at a moment."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    person: Any = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        abstract = True


@append_only
class LeadCorrection(_Said):
    """Stands beside the words; the words stay."""

    lead = models.ForeignKey(Lead, on_delete=models.PROTECT, related_name="corrections")
    text = models.TextField()

    def __str__(self) -> str:
        return self.text[:60]


@append_only
class LeadTurn(_Said):
    """The lead came to stand in `state`, or another came to own it; why, where that is asked. The first is its birth. `person` None: by
    the process, when somebody's things were handed over."""

    lead = models.ForeignKey(Lead, on_delete=models.PROTECT, related_name="turns")
    person = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=7, choices=[(state, state) for state in STATES])
    owner = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=1000, blank=True)

    class Meta:
        constraints = [models.CheckConstraint(name="a_refused_lead_says_why", condition=~Q(state=REFUSED) | ~Q(reason=""))]

    def __str__(self) -> str:
        return self.state


@append_only
class LeadRated(_Said):
    """The lead was rated so; the last one counts."""

    lead = models.ForeignKey(Lead, on_delete=models.PROTECT, related_name="ratings")
    rating = models.CharField(max_length=60)
    reason = models.CharField(max_length=1000, blank=True)

    def __str__(self) -> str:
        return self.rating


@append_only
class LeadFinding(_Said):
    """Somebody verified the lead: what was found, and whether it holds. The last one counts."""

    lead = models.ForeignKey(Lead, on_delete=models.PROTECT, related_name="findings")
    found = models.CharField(max_length=1000)
    result = models.CharField(max_length=9, choices=[(result, result) for result in RESULTS])

    class Meta:
        constraints = [
            models.CheckConstraint(name="a_lead_finding_says_what", condition=~Q(found="")),
            models.CheckConstraint(name="a_lead_finding_has_a_result", condition=Q(result__in=RESULTS)),
        ]

    def __str__(self) -> str:
        return self.result


@append_only
class LeadStep(_Said):
    """What the owner of the lead does next, and by which day. The last one counts."""

    lead = models.ForeignKey(Lead, on_delete=models.PROTECT, related_name="steps")
    what = models.CharField(max_length=300)
    due = models.DateField()

    class Meta:
        constraints = [models.CheckConstraint(name="a_lead_step_says_what", condition=~Q(what=""))]
        indexes = [models.Index(fields=["lead", "-at", "-id"], name="lead_step_newest")]

    def __str__(self) -> str:
        return self.what


@fragments("words")
class LeadSought(models.Model):
    """By what a lead is found, beside its account: one row for its number and the names in it, one for what was said, one for each
    correction. `words`: see `kit.names.index_of`."""

    id = models.BigAutoField(primary_key=True)
    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="sought")
    words = models.TextField()

    def __str__(self) -> str:
        return self.words[:60]
