"""The pipeline: the deals that a person may see, narrowed, ordered, summed by stage and currency, and how long they stand where they
stand. One `Wanted` says what is asked for by every door, and travels in the address, so that whoever gets the link asks the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from statistics import median
from typing import Any
from uuid import UUID

from django.db.models import (
    Case,
    Count,
    DateTimeField,
    DecimalField,
    Exists,
    F,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    TextField,
    Value,
    When,
    Window,
)
from django.db.models.functions import Coalesce, Concat, Lower, RowNumber
from django.utils.translation import gettext_lazy as _

from earshot.deals import queries as deals
from earshot.deals.decisions import NextStep
from earshot.deals.models import JOINED, Deal, StageVisit
from earshot.deals.rates import Worth, company_currency, rates_on, worth
from earshot.deals.sizes import size_of
from earshot.deals.specialties import catalogue
from earshot.deals.wholes import first_numbers, judged_amount
from earshot.desk.queries import ready_for_decision
from earshot.kit import now, paging, texts
from earshot.kit.engine.prepared import Prepared
from earshot.kit.problems import Together, say, wrong
from earshot.kit.reading import once
from earshot.people.models import Person, UnitAbove
from earshot.people.standing import Seeing
from earshot.playbooks import book
from earshot.playbooks.models import (
    GIVEN_UP,
    IN_FORCE,
    OUTCOMES,
    PROCESS,
    SUPERSEDED,
    WON,
    ClosingReason,
    PartVersion,
    ServiceType,
    Stage,
    Step,
    Tier,
)

OPEN, WON_ONES, LOST_ONES, CLOSED, ALL = "", "won", "lost", "closed", "all"
STATES = (OPEN, WON_ONES, LOST_ONES, GIVEN_UP, JOINED, CLOSED, ALL)
LATE, SLIPPED, STEPLESS, AGEING, BLOCKED, READY = "late", "slipped", "stepless", "ageing", "blocked", "ready"
HOW = (LATE, SLIPPED, STEPLESS, AGEING, BLOCKED, READY)
NONE = "-"  # of a filter: those that have none
SORTS = ("title", "account", "owner", "stage", "due", "next", "amount", "since", "opened")
# Deals whose size is worked out one by one, at most; whoever asks for more narrows by something else first.
MOST_SIZED = 20_000
# The usual time in a stage is the median of the last departures from any stage; fewer than so many from one say nothing of it. They are
# looked for among so many stays that ended last, however many there were over the years.
DEPARTURES, ENOUGH, LOOKED_AT = 500, 3, 3_000
NEVER = date(9999, 12, 31)
NOTHING = Decimal(-1)


@dataclass(frozen=True)
class Wanted:
    """What is asked of the pipeline; each field left empty asks nothing. `words`: in title, number or account's name. `stage`, `step`,
    `tier`, `service` (one of the deal's types; `NONE`: it has none): codes of the playbook. `unit`: with those below it. `owner`,
    `account`: an id, or words of the name. `process`: number of the version. `state`: of `STATES`. `how`: of `HOW`. `older`: days in the
    stage at least. `least`, `most`: worth in the company's currency. Of closed ones alone: `reason`, the code of the reason for which it
    ended (`NONE`: none was named); `competitor`, the name of who won it; `ended`, at most so many days ago. `sort`: of `SORTS`, `-` for
    descending; empty: the newest first."""

    q: str = ""
    stage: str = ""
    step: str = ""
    tier: str = ""
    service: str = ""
    unit: UUID | None = None
    owner: str = ""
    account: str = ""
    process: int | None = None
    state: str = OPEN
    how: str = ""
    older: int | None = None
    least: Decimal | None = None
    most: Decimal | None = None
    reason: str = ""
    competitor: str = ""
    ended: int | None = None
    mine: bool = False
    sort: str = ""

    @property
    def narrowed(self) -> bool:
        """Whether anything but the order is asked for."""
        return replace(self, sort="") != Wanted()

    def query(self) -> dict[str, str]:
        """The same as it stands in an address, what is empty left out."""
        asked = {one.name: getattr(self, one.name) for one in fields(self)}
        return {name: "1" if value is True else str(value) for name, value in asked.items() if value not in ("", None, False)}


NAMES = tuple(one.name for one in fields(Wanted))


def read(asked: Mapping[str, str]) -> Wanted:
    """What an address asks for; refused with what is wrong beside each field. Names that are not of `NAMES` are not looked at. Whoever
    asks how deals ended, and not which, asks for the closed ones."""
    each = Together()
    given = {name: str(asked.get(name) or "") for name in NAMES}
    words = {
        name: each(texts.text, name, given[name], most=200, required=False) or ""
        for name in ("q", "stage", "step", "tier", "service", "owner", "account", "reason", "competitor")
    }
    wanted = Wanted(
        **words,
        unit=each(_id, "unit", given["unit"]),
        process=each(_whole, "process", given["process"]),
        state=each(_one_of, "state", given["state"], STATES) or OPEN,
        how=each(_one_of, "how", given["how"], HOW) or "",
        older=each(_whole, "older", given["older"]),
        least=each(texts.amount, "least", given["least"]),
        most=each(texts.amount, "most", given["most"]),
        ended=each(_whole, "ended", given["ended"]),
        mine=bool(given["mine"]),
        sort=each(_sort, given["sort"]) or "",
    )
    if wanted.least is not None and wanted.most is not None and wanted.least > wanted.most:
        each.fields["most"] = _("This is less than the amount to begin from.")
    each.refuse()
    how_ended = wanted.reason or wanted.competitor or wanted.ended is not None
    return replace(wanted, state=CLOSED) if how_ended and wanted.state == OPEN else wanted


def _id(name: str, typed: str) -> UUID | None:
    try:
        return UUID(typed) if typed else None
    except ValueError:
        raise wrong(name, _("Choose one of the list.")) from None


def _whole(name: str, typed: str) -> int | None:
    typed = typed.strip()
    if not typed:
        return None
    if not (typed.isascii() and typed.isdigit() and len(typed) <= 5):
        raise wrong(name, _("Write a whole number, such as 30."))
    return int(typed)


def _one_of(name: str, typed: str, choices: Sequence[str]) -> str:
    if typed and typed not in choices:
        raise wrong(name, _("Choose one of the list."))
    return typed


def _sort(typed: str) -> str:
    return _one_of("sort", typed, [*SORTS, *(f"-{name}" for name in SORTS)])


def rows(person: Person, wanted: Wanted) -> QuerySet[Deal]:
    """The deals that the person may see and that fit, in no order."""
    seen = deals.open_to(person) if wanted.state == OPEN else deals.visible_to(person)
    found = deals.containing(seen, wanted.q)
    match wanted.state:
        case "won" | "lost" | "given_up" | "joined":
            found = found.filter(closing__outcome=wanted.state)
        case "closed":
            found = found.filter(is_open=False)
    if wanted.stage:
        found = found.filter(stage__code=wanted.stage)
    if wanted.step:
        found = found.filter(stage__step=wanted.step)
    if wanted.service:
        found = found.filter(services="") if wanted.service == NONE else _of_service(found, wanted.service)
    if wanted.mine:
        found = found.filter(owner=person)
    if wanted.unit is not None:
        found = found.filter(unit__in=UnitAbove.objects.filter(above=wanted.unit).values("unit"))
    if wanted.owner:
        found = found.filter(_named("owner", wanted.owner))
    if wanted.account:
        found = found.filter(_named("account", wanted.account))
    if wanted.process is not None:
        found = found.filter(process__number=wanted.process)
    if wanted.how:
        found = _how(found, wanted.how)
    if wanted.older is not None:
        open_visit = StageVisit.objects.filter(deal=OuterRef("pk"), left_at__isnull=True)
        found = found.filter(Exists(open_visit.filter(entered_at__lte=now() - timedelta(days=wanted.older))))
    if wanted.reason:
        found = found.filter(_unnamed() if wanted.reason == NONE else Q(closing__code=wanted.reason))
    if wanted.competitor:
        found = found.alias(winner=Lower("closing__competitor")).filter(winner=Lower(Value(wanted.competitor.strip())))
    if wanted.ended is not None:
        found = found.filter(closing__at__gte=now() - timedelta(days=wanted.ended))
    if wanted.least is not None or wanted.most is not None:
        found = found.alias(value=_value())
        found = found.filter(value__gte=wanted.least or 0)
        found = found.filter(value__lte=wanted.most) if wanted.most is not None else found
    return found.filter(pk__in=_of_size(found, wanted.tier)) if wanted.tier else found


def _unnamed() -> Q:
    """Ended, and nobody named one of the reasons; what was joined to another goes on there."""
    return Q(is_open=False, closing__code="") & ~Q(closing__outcome=JOINED)


def _of_service(found: QuerySet[Deal], code: str) -> QuerySet[Deal]:
    """Those with this type of service among theirs: whole codes, which stand in one column with a space between."""
    if len(code.split()) != 1:
        return found.none()
    within = Concat(Value(" "), F("services"), Value(" "), output_field=TextField())
    return found.alias(carries=within).filter(carries__contains=f" {code} ")


def _named(field_name: str, typed: str) -> Q:
    try:
        return Q(**{field_name: UUID(typed)})
    except ValueError:
        return Q(**{f"{field_name}__name__icontains": typed.strip()})


def _how(found: QuerySet[Deal], how: str) -> QuerySet[Deal]:
    """Past their date; past the day of their next step; without one; longer in their stage than usual; before a gate where more than the
    decision is missing, as far as the laws ask; or where nothing else is."""
    if how == LATE:
        return found.filter(deals.still_open(), due__lt=deals.today())
    if how == SLIPPED:
        return found.alias(wanted_by=_step("due")).filter(deals.still_open(), wanted_by__lt=deals.today())
    if how == STEPLESS:
        return found.filter(deals.still_open(), ~Exists(NextStep.objects.filter(deal=OuterRef("pk"))))
    if how == AGEING:
        return _ageing(found)
    before_gate = found.filter(deals.still_open(), stage__gate__isnull=False)
    ready = ready_for_decision(Deal.objects.filter(pk=OuterRef("pk")))
    return before_gate.filter(Exists(ready)) if how == READY else before_gate.filter(~Exists(ready))


def _ageing(found: QuerySet[Deal]) -> QuerySet[Deal]:
    """Those that have stood in their stage for more whole days than is usual there."""
    longer = Q(pk__in=[])
    for code, known in usual().items():
        longer |= Q(stage__code=code, entered_at__lte=now() - timedelta(days=known.days + 1))
    here = StageVisit.objects.filter(longer, deal=OuterRef("pk"), left_at__isnull=True)
    return found.filter(deals.still_open(), Exists(here))


def _step(field_name: str) -> Subquery:
    """Of the last thing that was said to be done next on the deal."""
    return Subquery(NextStep.objects.filter(deal=OuterRef("pk")).order_by("-at", "-pk").values(field_name)[:1])


def _value() -> Any:
    """What a deal is worth in the company's currency by the rates of today; null without an amount or a rate."""
    money = DecimalField(max_digits=30, decimal_places=2)
    own = When(currency=company_currency(), then=F("amount"))
    others = [When(currency=code, then=F("amount") * Value(rate.rate)) for code, rate in rates_on(deals.today()).items()]
    return Case(own, *others, default=None, output_field=money)


def _of_size(found: QuerySet[Deal], tier: str) -> list[UUID]:
    """Those of the size: what a size asks stands in the playbook, not in a column, so they are worked out one by one, from one statement.
    The size goes by the deal and its account alone."""
    candidates = list(
        found.order_by()
        .select_related("account", "whole")
        .only(
            "process_id",
            "stage_id",
            "amount",
            "currency",
            "outside_id",
            "opened_at",
            "due",
            "services",
            "account__sector",
            "account__number",
            "whole__amount",
        )[: MOST_SIZED + 1]
    )
    if len(candidates) > MOST_SIZED:
        sentence = say(_("More than {most} deals would have to be sized one by one. Narrow by something else as well."), most=MOST_SIZED)
        raise wrong("tier", sentence)
    known: dict[Any, str] = {}
    fitting = []
    for deal in candidates:
        account = deal.account
        key = (deal.process_id, judged_amount(deal), deal.currency, deal.outside_id is None, deal.account_id if account else None)
        if key not in known:
            size = size_of(deal).tier
            known[key] = size.code if size else ""
        if known[key] == tier:
            fitting.append(deal.pk)
    return fitting


# What a line of the pipeline shows. The name of the stage, in the language of the reader, is asked for beside them.
LINE = (
    "id",
    "number",
    "title",
    "account__name",
    "owner__name",
    "unit__name",
    "stage_id",
    "stage__code",
    "process_id",
    "left_out",
    "due",
    "amount",
    "currency",
    "version",
    "closing__outcome",
    "closing__at",
    "closing__code",
    "closing__reason",
    "closing__competitor",
    "whole_id",
)


@dataclass(frozen=True)
class Row:
    """A deal as the pipeline shows it. `since`: when it entered its stage, or ended. `reason_code`, `reason`, `competitor`: of one that
    ended, which of the reasons of its process, in words, and who won it. `step`, `step_due`, `doer`: what is done next, by
    which day and by whom, as it was last said. `part_of`: the number of the deal that it was taken out of."""

    id: UUID
    number: str
    title: str
    account: str | None
    owner: str
    unit: str
    stage_id: UUID
    stage_code: str
    process_id: UUID
    left_out: str
    due: date | None
    amount: Decimal | None
    currency: str
    version: int
    outcome: str | None
    closed_at: datetime | None
    reason_code: str | None
    reason: str | None
    competitor: str | None
    whole_id: UUID | None
    since: datetime | None
    step: str | None
    step_due: date | None
    doer: str | None
    part_of: str = ""

    @property
    def stage(self) -> Stage:
        return book.process_of(self.process_id).stage(self.stage_id)

    @property
    def days(self) -> int | None:
        """Whole days in its stage; of an open one."""
        return None if self.outcome or self.since is None else max(0, (now() - self.since).days)

    @property
    def late(self) -> bool:
        return self.outcome is None and self.due is not None and self.due < deals.today()

    @property
    def slipped(self) -> bool:
        return self.outcome is None and self.step_due is not None and self.step_due < deals.today()


def _since() -> Any:
    entered = StageVisit.objects.filter(deal=OuterRef("pk"), left_at__isnull=True).values("entered_at")[:1]
    return Coalesce(Subquery(entered), F("closing__at"), F("opened_at"), output_field=DateTimeField())


def _ordered(found: QuerySet[Deal], sort: str) -> tuple[QuerySet[Deal], tuple[str, str]]:
    """With a key that is never null, so that a cursor can name any place in the order. What has none stands last, from below; sums of
    several currencies are ordered by their worth in the company's."""
    name, down = (sort.removeprefix("-"), sort.startswith("-")) if sort else ("opened", True)
    keys: dict[str, Any] = {
        "title": F("title"),
        "account": Coalesce(F("account__name"), Value(""), output_field=TextField()),
        "owner": F("owner__name"),
        "stage": F("stage__position"),
        "due": Coalesce(F("due"), Value(NEVER)),
        "next": Coalesce(_step("due"), Value(NEVER)),
        "since": _since(),
        "opened": F("opened_at"),
    }
    key = Coalesce(_value(), Value(NOTHING), output_field=DecimalField(max_digits=30, decimal_places=2)) if name == "amount" else keys[name]
    return found.annotate(key=key), ("-key" if down else "key", "-id")


STANDING = ("since", "next_what", "next_due", "next_doer")


def standing_so(found: QuerySet[Deal]) -> QuerySet[Deal]:
    """With how they stand (`STANDING`): since when in the stage, and what is done next, by which day and by whom; in the same statement."""
    return found.annotate(since=_since(), next_what=_step("what"), next_due=_step("due"), next_doer=_step("doer__name"))


def _lines(found: QuerySet[Deal], sort: str) -> tuple[QuerySet[Deal, dict[str, Any]], tuple[str, str]]:
    found, order = _ordered(found, sort)
    lines: QuerySet[Deal, dict[str, Any]] = standing_so(found).values(*LINE, *STANDING, "key")
    return lines, order


def _simple(person: Person, stage: str | None, *, mine: bool, state: str) -> QuerySet[Deal]:
    """What is asked most: by stage, state and one's own. Prepared; whatever else is asked is put together each time."""
    return rows(person, Wanted(stage=stage or "", mine=mine, state=state))


def _newest(person: Person, stage: str | None, *, most: int, **shape: Any) -> QuerySet[Deal, dict[str, Any]]:
    lines, order = _lines(_simple(person, stage, **shape), "")
    return lines.order_by(*order)[:most]


_FIRST = Seeing(_newest)


def ordered(person: Person, wanted: Wanted) -> tuple[QuerySet[Deal], tuple[str, str]]:
    """The deals that fit, with what they are ordered by (`key`), and the order, for a door that reads fields of its own."""
    return _ordered(rows(person, wanted), wanted.sort)


def page(person: Person, wanted: Wanted, cursor: str | None, limit: int) -> tuple[list[Row], str | None]:
    """A part of the list in the order wanted, and the cursor of the next; `kit.paging.NoCursor` for one of another list. One statement,
    and one for the size where that is asked."""
    if cursor is None and replace(wanted, stage="", mine=False, state="") == Wanted():
        found = _FIRST.dicts(person, wanted.stage or None, mine=wanted.mine, state=wanted.state, most=limit + 1)
        after = paging.cursor(found[limit - 1], ("-key", "-id"), SALT) if len(found) > limit else None
        found = found[:limit]
    else:
        lines, order = _lines(rows(person, wanted), wanted.sort)
        found, after = paging.part(lines, order, cursor, limit, f"{SALT}{wanted.sort}")
    return _rows(found), after


SALT = "earshot.pipeline."


def _rows(found: Iterable[Mapping[str, Any]]) -> list[Row]:
    """One statement more where one of them was split."""
    lines = list(found)
    firsts = first_numbers([one["id"] for one in lines if one["whole_id"] is not None])
    made = [_row(one) for one in lines]
    return [replace(row, part_of=firsts[row.id]) if row.id in firsts else row for row in made]


def _row(one: Mapping[str, Any]) -> Row:
    return Row(*(one[name] for name in (*LINE, *STANDING)))


@dataclass
class Summed:
    """Deals together: how many, how many of them without an amount, and what they are worth."""

    count: int = 0
    unknown: int = 0
    amounts: dict[str, Decimal] = field(default_factory=dict)
    worth: Worth = field(default_factory=lambda: Worth(None))

    def add(self, currency: str, count: int, known: int, total: Decimal | None) -> None:
        self.count += count
        self.unknown += count - known
        if known:
            self.amounts[currency] = self.amounts.get(currency, Decimal("0.00")) + (total or Decimal(0))


@dataclass
class StageSum(Summed):
    """The deals of a stage."""

    code: str = ""
    stage: Stage | None = None


@dataclass
class EndSum(Summed):
    """The deals that ended so: for the reason of the playbook with this code, or with none named; or those that a competitor won."""

    outcome: str = ""
    code: str = ""
    reason: ClosingReason | None = None
    competitor: str = ""


@dataclass(frozen=True)
class Sums:
    """`stages`: by stage, in the order of the process, those of versions that are no more in force among them; a stage of the same code is
    one, whatever version it is of. `all`: everything together."""

    stages: Sequence[StageSum]
    all: StageSum


def _grouped(found: QuerySet[Deal], state: str) -> QuerySet[Any, Any]:
    """What was joined to another counts there with its amount, and is worth nothing more here, unless it alone is asked for."""
    by = found.order_by().values("process_id", "stage__code", "currency")
    known, total = Count("amount"), Sum("amount")
    if state in (ALL, CLOSED):
        gone = Q(closing__outcome=JOINED)
        known = Count("pk", filter=Q(amount__isnull=False) | gone)
        total = Sum("amount", filter=~gone | Q(is_open=True))
    return by.annotate(n=Count("pk"), known=known, total=total).values_list("process_id", "stage__code", "currency", "n", "known", "total")


_GROUPED = Seeing(lambda person, stage, *, state, **shape: _grouped(_simple(person, stage, state=state, **shape), state))


@once
def sums(person: Person, wanted: Wanted) -> Sums:
    """Counted and summed in one statement, converted by the company's last rates (a second one)."""
    if replace(wanted, stage="", mine=False, state="", sort="") == Wanted():
        grouped: Iterable[Any] = _GROUPED.rows(person, wanted.stage or None, mine=wanted.mine, state=wanted.state)
    else:
        grouped = list(_grouped(rows(person, wanted), wanted.state))
    by_code: dict[str, StageSum] = {}
    everything = StageSum()
    versions: set[UUID] = set()
    for process, code, currency, n, known, total in grouped:
        versions.add(process)
        by_code.setdefault(code, StageSum(code=code)).add(currency, n, known, total)
        everything.add(currency, n, known, total)
    _convert([*by_code.values(), everything])
    stages = in_order(versions)
    for one in by_code.values():
        one.stage = stages.get(one.code)
    return Sums([by_code[code] for code in stages if code in by_code], everything)


def _convert(together: Iterable[Summed]) -> None:
    """What they are worth in the company's currency: one statement where there are others."""
    summed = list(together)
    foreign = {code for one in summed for code in one.amounts} - {company_currency()}
    rates = rates_on(deals.today()) if foreign else {}
    for one in summed:
        one.worth = worth(one.amounts, rates)


@dataclass(frozen=True)
class Endings:
    """How deals ended. `reasons`: by outcome and reason, the most first, those without one last of their outcome; `competitors`: by who
    won them instead, as it was written, the most first."""

    reasons: Sequence[EndSum]
    competitors: Sequence[EndSum]


def endings(person: Person, wanted: Wanted) -> Endings:
    """Of the deals that fit those that ended, counted and summed by reason and by competitor; what was joined to another goes on there.
    One statement, and one for rates where there are other currencies."""
    ended = rows(person, wanted).filter(closing__outcome__in=OUTCOMES).order_by()
    grouped = ended.annotate(winner=Lower("closing__competitor")).values(
        "process_id", "closing__outcome", "closing__code", "winner", "currency"
    )
    found = grouped.annotate(who=Min("closing__competitor"), n=Count("pk"), known=Count("amount"), total=Sum("amount"))
    reasons: dict[tuple[str, str], EndSum] = {}
    competitors: dict[str, EndSum] = {}
    in_force = book.in_force().process
    for one in found:
        outcome, code, who = one["closing__outcome"], one["closing__code"], one["winner"]
        reason = reasons.setdefault((outcome, code), EndSum(outcome=outcome, code=code))
        if code and reason.reason is None:
            reason.reason = in_force.ending(outcome).get(code) or book.process_of(one["process_id"]).ending(outcome).get(code)
        parts = [reason, competitors.setdefault(who, EndSum(outcome=outcome, competitor=one["who"]))] if who else [reason]
        for part in parts:
            part.add(one["currency"], one["n"], one["known"], one["total"])
    _convert([*reasons.values(), *competitors.values()])
    return Endings(
        sorted(reasons.values(), key=lambda one: (OUTCOMES.index(one.outcome), not one.code, -one.count, one.code)),
        sorted(competitors.values(), key=lambda one: (-one.count, one.competitor)),
    )


def in_order(versions: Iterable[UUID]) -> dict[str, Stage]:
    """The stages of the process in force and of these versions by code, in their order: one that is in force no more stands behind the
    one that it followed."""
    ordered: dict[str, Stage] = dict(book.in_force().process.stages)
    for version in sorted(versions, key=str):
        before: str | None = None
        for code, stage in book.process_of(version).stages.items():
            if code not in ordered:
                codes = list(ordered)
                at = codes.index(before) + 1 if before is not None else 0
                ordered = dict([*list(ordered.items())[:at], (code, stage), *list(ordered.items())[at:]])
            before = code
    return ordered


def board(person: Person, wanted: Wanted, each: int) -> Mapping[str, list[Row]]:
    """Stage code → its most pressing deals, `each` of a stage at most: by their date, those without one last. Two statements, whatever
    their number."""
    pressing = [Coalesce(F("due"), Value(NEVER)).asc(), F("id").desc()]
    ranked = rows(person, wanted).annotate(rank=Window(RowNumber(), partition_by=[F("stage__code")], order_by=pressing))
    ids = list(ranked.filter(rank__lte=each).order_by("rank").values_list("pk", flat=True))
    lines, order = _lines(Deal.objects.filter(pk__in=ids), "due")
    found: dict[str, list[Row]] = {}
    for row in _rows(lines.order_by(*order)):
        found.setdefault(row.stage_code, []).append(row)
    return found


@dataclass(frozen=True)
class Usual:
    """How long deals usually stood in a stage, from `n` departures."""

    days: int
    n: int


def _departed() -> QuerySet[Any, Any]:
    """The last departures, of what ended last: no deal that was brought in as closed, and none that was lost in the stage."""
    moved = Q(deal__is_open=True) | Q(left_at__lt=F("deal__closing__at")) | Q(deal__closing__outcome=WON, deal__outside_id__isnull=True)
    last = StageVisit.objects.filter(left_at__isnull=False).order_by("-left_at").values("pk")[:LOOKED_AT]
    left = StageVisit.objects.filter(moved, pk__in=Subquery(last)).order_by("-left_at")
    return left.values_list("stage__code", "entered_at", "left_at")[:DEPARTURES]


_DEPARTED = Prepared(_departed)


@once
def usual() -> Mapping[str, Usual]:
    """Stage code → the usual time there, over the whole company: the median of the last departures. One statement."""
    spans: dict[str, list[float]] = {}
    for code, entered, left in _DEPARTED.rows():
        spans.setdefault(code, []).append((left - entered).total_seconds() / 86_400)
    return {code: Usual(round(median(days)), len(days)) for code, days in spans.items() if len(days) >= ENOUGH}


@dataclass(frozen=True)
class Choices:
    """What the filters offer: of the process in force and of older ones that deals still follow."""

    stages: Mapping[str, Stage]
    steps: Mapping[str, Step]
    tiers: Mapping[str, Tier]
    services: Mapping[str, ServiceType]
    versions: Sequence[PartVersion]
    reasons: Mapping[str, ClosingReason]


@once
def choices() -> Choices:
    """In one statement, the versions of the process; the rest stands in memory."""
    versions = list(PartVersion.objects.filter(part=PROCESS, state__in=[IN_FORCE, SUPERSEDED]).order_by("-number"))
    processes = [book.process_of(version.pk) for version in versions]
    steps: dict[str, Step] = {}
    tiers: dict[str, Tier] = {}
    reasons: dict[str, ClosingReason] = {}
    for process in processes:
        for reason in process.reasons:
            reasons.setdefault(reason.code, reason)
        for code, step in process.steps.items():
            steps.setdefault(code, step)
        for code, tier in process.tiers.items():
            tiers.setdefault(code, tier)
    return Choices(in_order(version.pk for version in versions), steps, tiers, catalogue(), versions, reasons)
