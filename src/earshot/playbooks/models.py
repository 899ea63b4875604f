"""Parts and their versions, and the rows of each part. Nothing in the code knows a role, stage, unit or category by name."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import get_language, gettext

from earshot.kit import uuid7
from earshot.kit.engine.guards import append_only
from earshot.people.models import Person

# A version is a draft until everybody whom the part names has approved its text; approved, it waits for the others of its revision
# and for its date; in force until the next one of the part is. A draft, or an approved version before its date, may be withdrawn.
DRAFT, APPROVED, IN_FORCE, SUPERSEDED, WITHDRAWN = "draft", "approved", "in_force", "superseded", "withdrawn"
STATES = [DRAFT, APPROVED, IN_FORCE, SUPERSEDED, WITHDRAWN]
PROCESS, HEARING, SUPPORT, SERVICE_LEVELS, POLICIES = "process", "hearing", "support", "service_levels", "policies"
TEMPLATES, MEASURES = "templates", "measures"
HEAR_BEFORE_GATE, HEAR_BEFORE_VOTE = "hearing-before-gate", "hearing-before-vote"
SUPPORT_SAID = "support-said-for-each-stage"
BLOCK, WARN, OFF = "block", "warn", "off"
SETTINGS = [BLOCK, WARN, OFF]
# The policies that switch laws 2 and 3: block or warn, never off. What a profile sets, each policy says (`registry.POLICIES`).
LAWS = [HEAR_BEFORE_GATE, HEAR_BEFORE_VOTE]
LIGHT, STANDARD, STRICT = "light", "standard", "strict"
PROFILES = [LIGHT, STANDARD, STRICT]
PARTS = [PROCESS, SERVICE_LEVELS, HEARING, SUPPORT, POLICIES, TEMPLATES, MEASURES]
# What a pack may lack, as all did once: a part without a version in force is not there yet.
OPTIONAL = frozenset({TEMPLATES, MEASURES})
# What a message may ask of its recipients: an answer, or that they act on a directive.
ANSWER, DIRECTIVE = "answer", "directive"
ASKS = [ANSWER, DIRECTIVE]
# What a service level may serve besides the rows that name it: such messages; decisions that are asked of somebody outside the team, whose
# mandate they are within; leads, which wait until their owner takes them up; deals that are handed from one step to the next; and work
# that waits for somebody; the votes of a team that has begun to vote; and what somebody of it has against it, which a head settles.
DECISION, LEAD, HAND_OVER, BLOCKED, VOTE, DISSENT = "decision", "lead", "hand-over", "block", "vote", "dissent"
SERVES = [*ASKS, DECISION, LEAD, HAND_OVER, BLOCKED, VOTE, DISSENT]
# What must be known of a lead before it is rated so: the customer as an account, who said it, when, that somebody has verified it, and
# a next step with a day.
LEAD_DEMANDS = ["account", "speaker", "when", "verified", "next_step"]
# How a deal ends, where a reason is to be named. Lost: the customer decided for another, or against buying. Given up: the team does.
WON, LOST, GIVEN_UP = "won", "lost", "given_up"
OUTCOMES = [WON, LOST, GIVEN_UP]
# Where a condition of a stage is asked: on the way in, or on the way out.
ENTRY, EXIT = "entry", "exit"
# The steps of a key-account project where a process has no others (A8.3): code, Chinese, English.
SIX_STEPS = [
    ("1", "信息获取", "Getting to know"),
    ("2", "客户交流", "Talking with the customer"),
    ("3", "方案设计", "Designing the solution"),
    ("4", "项目谈判", "Negotiating"),
    ("5", "工程施工", "Building"),
    ("6", "后续服务", "Service afterwards"),
]


class Revision(models.Model):
    """A change of the playbook that is prepared: drafts of one or more parts, with a reason and a date. Its parts begin together.

    `starts_at`: when they begin once all are approved; null: at once. `pack`: what a pack that was taken in is called, else empty.
    `opened_by`: null: by the process. `version`: grows with every act on it. `dated`: how many times its date was changed."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    number = models.PositiveIntegerField(unique=True)
    pack = models.CharField(max_length=60, blank=True)
    reason = models.CharField(max_length=300)
    opened_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="revisions")
    opened_at = models.DateTimeField()
    starts_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1)
    dated = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return gettext("revision {n}").format(n=self.number)


class PartVersion(models.Model):
    """One version of one part. Exactly one version of a part is in force, and one at most is being prepared; a deal keeps the process
    version it began under.

    `profile`: what the pack calls its policies together; of the part `policies` alone, else empty. `source`: the part as it was
    written, to the byte, and of a draft the only truth: rows are written when its revision is approved; empty: put in force before
    sources were kept. `digest`: of the source, of a version that began as a draft. `revision`: null: of before there were any.
    `in_force_from`: known when the whole revision is approved, not before."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    part = models.CharField(max_length=30, choices=[(part, part) for part in PARTS])
    number = models.PositiveIntegerField()
    pack = models.CharField(max_length=60)
    profile = models.CharField(max_length=20, blank=True, choices=[(profile, profile) for profile in PROFILES])
    state = models.CharField(max_length=12, choices=[(s, s) for s in STATES])
    reason = models.CharField(max_length=300)
    in_force_from = models.DateTimeField(null=True)
    in_force_until = models.DateTimeField(null=True)
    source = models.TextField(blank=True)
    digest = models.CharField(max_length=64, blank=True)
    revision = models.ForeignKey(Revision, null=True, on_delete=models.PROTECT, related_name="versions")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["part", "number"], name="one_number_per_version"),
            models.UniqueConstraint(fields=["part"], condition=Q(state=IN_FORCE), name="one_version_in_force"),
            models.UniqueConstraint(fields=["part"], condition=Q(state__in=[DRAFT, APPROVED]), name="one_version_in_preparation"),
            models.CheckConstraint(name="part_version_state_is_known", condition=Q(state__in=STATES)),
            models.CheckConstraint(
                name="part_version_dates_fit_its_state",
                condition=Q(state__in=[DRAFT, WITHDRAWN], in_force_from__isnull=True, in_force_until__isnull=True)
                | Q(state=APPROVED, in_force_until__isnull=True)
                | Q(state=IN_FORCE, in_force_from__isnull=False, in_force_until__isnull=True)
                | Q(state=SUPERSEDED, in_force_from__isnull=False, in_force_until__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.part}@{self.number}"

    def approved_by(self, given: Approval) -> bool:
        """Whether this approval counts: it was given for this text and this date."""
        return self.revision is not None and (given.digest, given.dated) == (self.digest, self.revision.dated)


@append_only
class Edit(models.Model):
    """A draft was written: by whom, when, what stands in it since, and which place was meant (`hearers/rival-SR/role`; empty: the text as
    a whole). Number 0 is the text that the draft began with. `undoes`: the edit that this one took back. `person`: null: the process."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    version = models.ForeignKey(PartVersion, on_delete=models.PROTECT, related_name="edits")
    number = models.PositiveIntegerField()
    person = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="edits_of_drafts")
    at = models.DateTimeField()
    text = models.TextField(blank=True)
    place = models.CharField(max_length=200, blank=True)
    undoes = models.OneToOneField("self", null=True, on_delete=models.PROTECT, related_name="undone_by")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["version", "number"], name="one_number_per_edit")]

    def __str__(self) -> str:
        return f"{self.version_id} {self.number}"


class Approver(models.Model):
    """Whose approval the draft needs as it stands: the head of the unit with this code, or nearest above; empty: sales operations."""

    version = models.ForeignKey(PartVersion, on_delete=models.PROTECT, related_name="approvers")
    unit_code = models.CharField(max_length=60, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["version", "unit_code"], name="one_approver_per_unit")]

    def __str__(self) -> str:
        return f"{self.version_id} {self.unit_code}"


@append_only
class Approval(models.Model):
    """A person's own act: approved this very text of the version, as its approver (see `Approver`). It counts for no other text, nor for
    another date: `dated` is the revision's when it was given."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    version = models.ForeignKey(PartVersion, on_delete=models.PROTECT, related_name="approvals")
    unit_code = models.CharField(max_length=60, blank=True)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="approvals_of_parts")
    at = models.DateTimeField()
    digest = models.CharField(max_length=64)
    dated = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["version", "unit_code", "digest", "dated"], name="one_approval_per_text_and_date")]

    def __str__(self) -> str:
        return f"{self.version_id} {self.person_id}"


@append_only
class ApprovalRequest(models.Model):
    """Whoever prepares a revision has asked for its approval: from now on it waits for those whom its parts name."""

    revision = models.OneToOneField(Revision, on_delete=models.PROTECT, related_name="request")
    person = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.revision_id}"


@append_only
class Withdrawal(models.Model):
    """A revision was given up before it began."""

    revision = models.OneToOneField(Revision, on_delete=models.PROTECT, related_name="withdrawal")
    person = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    reason = models.CharField(max_length=300)

    def __str__(self) -> str:
        return f"{self.revision_id}"


class Row(models.Model):
    """A row of a part: its code is unique in the version; it is worded in both languages."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    version = models.ForeignKey(PartVersion, on_delete=models.PROTECT, related_name="%(class)ss")
    code = models.CharField(max_length=60)
    zh = models.CharField(max_length=200)
    en = models.CharField(max_length=200)

    class Meta:
        abstract = True
        constraints = [models.UniqueConstraint(fields=["version", "code"], name="one_%(class)s_per_code")]

    def __str__(self) -> str:
        return self.en if (get_language() or "").startswith("en") else self.zh

    def cite(self) -> str:
        """How records name the row and version they used, for instance `support@2/engineer-hears`."""
        return f"{self.version}/{self.code}"


class Role(Row):
    """`sells`: a role of the sales side. Alone it never suffices where solution, delivery or support is decided (B12.4a)."""

    sells = models.BooleanField(default=False)
    owner = models.BooleanField(default=False, help_text="holds the deal: leads its team")


class Step(Row):
    """A step of a key-account project, in order. A process without any has the six of `SIX_STEPS` (A8.3). `role`: which answers for it;
    None: the process names none."""

    position = models.PositiveSmallIntegerField()
    role = models.ForeignKey(Role, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta(Row.Meta):
        abstract = False
        ordering = ["position"]


class Tier(Row):
    """A size of deals, in order: a deal is of the first whose `when` holds, in CEL; the last is for whatever is left."""

    position = models.PositiveSmallIntegerField()
    when = models.TextField(blank=True)

    class Meta(Row.Meta):
        abstract = False
        ordering = ["position"]


class Stage(Row):
    """A stage of the process, in order; leaving the last one wins the deal. `step`: code of the step that it belongs to (A8.3)."""

    position = models.PositiveSmallIntegerField()
    step = models.CharField(max_length=60)

    class Meta(Row.Meta):
        abstract = False
        ordering = ["position"]


class StageCondition(Row):
    """What a deal must be to leave the stage (`exit`) or to come into it from the one before (`entry`): `needs`, in CEL. `zh`, `en`: the
    same in a sentence."""

    stage = models.ForeignKey(Stage, on_delete=models.PROTECT, related_name="conditions")
    at = models.CharField(max_length=5, choices=[(ENTRY, ENTRY), (EXIT, EXIT)])
    needs = models.TextField()


class Gate(Row):
    """The point where a stage may be left. `checks`: names of further checks beside those that the laws demand. `when`: in CEL, the deals
    for which it stands; empty: for all."""

    stage = models.OneToOneField(Stage, on_delete=models.PROTECT, related_name="gate")
    question_zh = models.CharField(max_length=300)
    question_en = models.CharField(max_length=300)
    checks = models.JSONField(default=list)
    when = models.TextField(blank=True)

    @property
    def question(self) -> str:
        return self.question_en if (get_language() or "").startswith("en") else self.question_zh


class GateCondition(Row):
    """What the gate asks besides its checks: `needs`, in CEL, of the facts that wiring provides. `zh`, `en`: the same in a sentence."""

    gate = models.ForeignKey(Gate, on_delete=models.PROTECT, related_name="conditions")
    needs = models.TextField()


class Decider(models.Model):
    """A role whose vote the gate needs."""

    gate = models.ForeignKey(Gate, on_delete=models.PROTECT, related_name="deciders")
    role = models.ForeignKey(Role, on_delete=models.PROTECT)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["gate", "role"], name="one_vote_per_role")]

    def __str__(self) -> str:
        return str(self.role)


class Mandate(Row):
    """Within which figures those who decide at the gate up to this role need ask nobody further up: `within`, in CEL. In order, the
    narrowest first. `unit_code`: for deals of this unit and those below it; empty: of every one."""

    gate = models.ForeignKey(Gate, on_delete=models.PROTECT, related_name="mandates")
    role = models.ForeignKey(Role, on_delete=models.PROTECT)
    unit_code = models.CharField(max_length=60, blank=True)
    within = models.TextField()
    position = models.PositiveSmallIntegerField()

    class Meta(Row.Meta):
        abstract = False
        ordering = ["position"]
        constraints = [
            *Row.Meta.constraints,
            models.UniqueConstraint(fields=["gate", "role", "unit_code"], name="one_mandate_a_role"),
        ]


class ClosingReason(Row):
    """Why a deal ends so (`outcome`), in order. `competitor`: whoever names it says, too, who won it instead."""

    outcome = models.CharField(max_length=10, choices=[(one, one) for one in OUTCOMES])
    competitor = models.BooleanField(default=False)
    position = models.PositiveSmallIntegerField()

    class Meta(Row.Meta):
        abstract = False
        ordering = ["position"]
        constraints = [
            *Row.Meta.constraints,
            models.CheckConstraint(name="a_competitor_wins_what_is_lost", condition=Q(competitor=False) | Q(outcome=LOST)),
        ]


class SeatTemplate(Row):
    """A seat that a deal's team begins with. `zh`, `en`: why it is wanted. `when`: in CEL, for which deals; empty: for all."""

    role = models.ForeignKey(Role, on_delete=models.PROTECT)
    leader = models.BooleanField(default=False)
    when = models.TextField(blank=True)

    class Meta(Row.Meta):
        abstract = False
        constraints = [
            *Row.Meta.constraints,
            models.UniqueConstraint(fields=["version"], condition=Q(leader=True), name="one_leading_seat_template"),
            models.CheckConstraint(name="the_leading_seat_is_for_all", condition=Q(leader=False) | Q(when="")),
        ]


class ServiceLevel(Row):
    """A limit: `minutes` of `working` or `clock` time, with its ladder. `serves`: the messages or decisions that it is for; empty: only the
    rows that name it."""

    measure = models.CharField(max_length=10, choices=[("working", "working"), ("clock", "clock")])
    minutes = models.PositiveIntegerField()
    serves = models.CharField(max_length=10, blank=True, choices=[(serves, serves) for serves in SERVES])

    class Meta(Row.Meta):
        abstract = False
        constraints = [
            *Row.Meta.constraints,
            models.UniqueConstraint(fields=["version", "serves"], condition=~Q(serves=""), name="one_level_serves"),
            models.CheckConstraint(name="level_serves_what_is_known", condition=Q(serves__in=["", *SERVES])),
        ]


class Rung(models.Model):
    """A step of the ladder, at a share of the limit in per cent or after an amount of minutes of the level's measure.
    `addressee`: a name that `wiring` resolves."""

    service_level = models.ForeignKey(ServiceLevel, on_delete=models.CASCADE, related_name="rungs")
    name = models.CharField(max_length=20)
    addressee = models.CharField(max_length=60)
    share = models.PositiveSmallIntegerField(null=True)
    minutes = models.PositiveIntegerField(null=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                name="rung_share_or_minutes",
                condition=Q(share__isnull=True, minutes__isnull=False) | Q(share__isnull=False, minutes__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.share}%" if self.minutes is None else f"{self.name} {self.minutes}"


class Category(Row):
    """What a statement of the customer is about. `critical`: nobody votes before having heard all such items of the deal."""

    critical = models.BooleanField(default=False)


class HearerRule(Row):
    """Whoever holds `role` for the deal must hear every item of `category` within the service level."""

    category = models.ForeignKey(Category, on_delete=models.PROTECT, related_name="hearers")
    role_code = models.CharField(max_length=60)
    service_level = models.CharField(max_length=60)


class DefaultHearer(Row):
    """Who hears an item whose category has no rule; operations are alarmed."""

    role_code = models.CharField(max_length=60)
    service_level = models.CharField(max_length=60)

    class Meta(Row.Meta):
        abstract = False
        constraints = [*Row.Meta.constraints, models.UniqueConstraint(fields=["version"], name="one_default_hearer")]


class LeadSource(Row):
    """Where a lead can come from, in order."""

    position = models.PositiveSmallIntegerField()


class LeadRating(Row):
    """How warm a lead is, in order, the coldest first. `demands`: what must be known of it before it is rated so (`LEAD_DEMANDS`)."""

    position = models.PositiveSmallIntegerField()
    demands = models.JSONField(default=list)


class SupportItem(Row):
    """The support catalogue: what a unit owes, by which role and skill, within what time, and which result counts."""

    unit_code = models.CharField(max_length=60)
    role_code = models.CharField(max_length=60)
    skill = models.CharField(max_length=60, blank=True)
    level = models.PositiveSmallIntegerField(default=0)
    service_level = models.CharField(max_length=60)
    result_zh = models.CharField(max_length=300)
    result_en = models.CharField(max_length=300)

    @property
    def result(self) -> str:
        return self.result_en if (get_language() or "").startswith("en") else self.result_zh


class Trigger(Row):
    """Entering `stage_code` raises a call for the support, whoever moves the deal and by whatever door. `when`: in CEL, for which deals;
    empty: for all."""

    stage_code = models.CharField(max_length=60)
    support = models.ForeignKey(SupportItem, on_delete=models.PROTECT, related_name="triggers")
    when = models.TextField(blank=True)


class NoneNeeded(Row):
    """A stage that says openly that it calls for no support (B20.3a)."""

    stage_code = models.CharField(max_length=60)


class Specialty(Row):
    """What a type of service asks for. Somebody of one of the units (`unit_codes`) or below has it who holds the role there, and the skill
    at the level, where it names one."""

    role_code = models.CharField(max_length=60)
    skill = models.CharField(max_length=60, blank=True)
    level = models.PositiveSmallIntegerField(default=0)
    unit_codes = models.JSONField(default=list)


class ServiceType(Row):
    """A type of service that a deal may carry beside others (A8.1a)."""

    position = models.PositiveSmallIntegerField()
    specialties = models.ManyToManyField(Specialty, through="Needing", related_name="services")


class Needing(models.Model):
    """A type of service needs a specialty."""

    service = models.ForeignKey(ServiceType, on_delete=models.PROTECT, related_name="needings")
    specialty = models.ForeignKey(Specialty, on_delete=models.PROTECT, related_name="needings")
    position = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["service", "specialty"], name="a_specialty_once_a_service")]

    def __str__(self) -> str:
        return f"{self.service_id} needs {self.specialty_id}"


class Policy(Row):
    """A policy that is set by itself, whatever the profile. A law is never off."""

    setting = models.CharField(max_length=5, choices=[(setting, setting) for setting in SETTINGS])

    class Meta(Row.Meta):
        abstract = False
        constraints = [
            *Row.Meta.constraints,
            models.CheckConstraint(name="policy_setting_is_known", condition=Q(setting__in=SETTINGS)),
            models.CheckConstraint(name="a_law_is_never_off", condition=~Q(code__in=LAWS) | ~Q(setting=OFF)),
        ]


class UnitProfile(Row):
    """A unit that stands in another profile than the company, with the units below it."""

    unit_code = models.CharField(max_length=60)
    profile = models.CharField(max_length=20, choices=[(profile, profile) for profile in PROFILES])

    class Meta(Row.Meta):
        abstract = False
        constraints = [
            *Row.Meta.constraints,
            models.UniqueConstraint(fields=["version", "unit_code"], name="one_profile_of_unit"),
            models.CheckConstraint(name="profile_of_unit_is_known", condition=Q(profile__in=PROFILES)),
        ]


class TierProfile(Row):
    """A size of deals that stands in another profile than the company."""

    tier_code = models.CharField(max_length=60)
    profile = models.CharField(max_length=20, choices=[(profile, profile) for profile in PROFILES])

    class Meta(Row.Meta):
        abstract = False
        constraints = [
            *Row.Meta.constraints,
            models.UniqueConstraint(fields=["version", "tier_code"], name="one_profile_of_tier"),
            models.CheckConstraint(name="profile_of_tier_is_known", condition=Q(profile__in=PROFILES)),
        ]
