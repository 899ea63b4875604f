"""Deals: list, look, move, vote."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import click
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop
from django.utils.translation import ngettext

from earshot.calls import queries as calls
from earshot.cli.root import Group, option
from earshot.cli.who import acting, find
from earshot.cli.words import by_day, due, limit, moment, rows, tell_line
from earshot.deals import actions, figures, gates, lines, next_steps, processes, queries, risks, specialties, steps
from earshot.deals.models import Deal
from earshot.deals.policies import standing
from earshot.deals.rates import company_currency
from earshot.desk import clocks as desk_clocks
from earshot.desk import pipeline
from earshot.desk.queries import timeline
from earshot.journal.queries import in_language
from earshot.kit.problems import missing
from earshot.people import permits
from earshot.people.actors import as_person
from earshot.people.models import Person
from earshot.playbooks.policies import NAMES
from earshot.playbooks.queries import why
from earshot.teams.queries import seats
from earshot.voice import queries as voice


@click.group(cls=Group, help=noop("Deals, from lead to won."))
def deals() -> None:
    pass


VERSION = option("--version", type=int, help=noop("The version that you looked at; otherwise the present one."))
MOST = option("--most", type=click.IntRange(1, 1000), default=50, show_default=True, help=noop("How many at most."))


def _version(deal: Deal, version: int | None) -> int:
    return deal.version if version is None else version


def narrowing(command: Callable[..., Any]) -> Callable[..., Any]:
    """The filters of the pipeline as options: the command gets `asked`, by the names of `pipeline.NAMES`."""

    @wraps(command)
    def run(*args: Any, everything: bool, mine: bool, **kwargs: Any) -> Any:
        asked = {name: kwargs.pop(name) for name in pipeline.NAMES if name in kwargs}
        asked |= {"state": asked["state"] or ("all" if everything else ""), "mine": "1" if mine else ""}
        return command(*args, wanted=pipeline.read(asked), **kwargs)

    for one in reversed(
        [
            option("--words", "q", default="", help=noop("Words of the title, the number or the account's name.")),
            option("--stage", default="", help=noop("Only those in the stage with this code.")),
            option("--step", default="", help=noop("Only those in stages of the step with this code.")),
            option("--size", "tier", default="", help=noop("Only those of the size with this code.")),
            option("--service", default="", help=noop("Only those with the type of service of this code; “-”: with none.")),
            option("--unit", default="", metavar="ID", help=noop("Only those of this unit and those below it.")),
            option("--owner", default="", help=noop("Only those of this owner: id, or words of the name.")),
            option("--account", default="", help=noop("Only those of this account: id, or words of the name.")),
            option("--process", default="", metavar="N", help=noop("Only those that follow this version of the process.")),
            option(
                "--state",
                type=click.Choice(["won", "lost", "given_up", "closed", "all"]),
                default=None,
                help=noop("Which; otherwise the open ones."),
            ),
            option("--all", "everything", is_flag=True, help=noop("Those that are closed as well.")),
            option(
                "--how",
                type=click.Choice(list(pipeline.HOW)),
                default=None,
                help=noop(
                    "late: past their date; slipped: past the day of their next step; stepless: without one; ageing: longer in their stage "
                    "than usual; blocked: more than the decision is missing at the gate; ready: nothing else is."
                ),
            ),
            option("--older", default="", metavar="DAYS", help=noop("In the stage for so many days at least.")),
            option("--least", default="", help=noop("Worth so much at least, in the company's currency.")),
            option("--most-worth", "most", default="", help=noop("Worth so much at most.")),
            option("--reason", default="", metavar="CODE", help=noop("Only those that ended for this reason; “-”: for none of the list.")),
            option("--competitor", default="", help=noop("Only those that this competitor won.")),
            option("--ended", default="", metavar="DAYS", help=noop("Only those that ended at most so many days ago.")),
            option("--mine", is_flag=True, help=noop("Only your own.")),
            option(
                "--sort",
                default="",
                help=noop("title, account, owner, stage, due, next, amount, since or opened; with - in front descending."),
            ),
        ]
    ):
        run = one(run)
    return run


@deals.command("list", help=noop("The deals in which you have standing, the newest first."))
@narrowing
@option("--most", "at_most", type=click.IntRange(1, 1000), default=50, show_default=True, help=noop("How many at most."))
@acting()
def list_(wanted: pipeline.Wanted, at_most: int, person: Person) -> None:
    tell_deals(person, wanted, at_most)


def tell_deals(person: Person, wanted: pipeline.Wanted, at_most: int) -> None:
    """A line for each deal of the pipeline that is asked for."""
    found, after = pipeline.page(person, wanted, None, at_most)
    rows(
        [row.number, _outcome(row), row.owner, row.account or _("account not known"), _amount(row), _days(row), _next(row), row.title]
        for row in found
    )
    if after:
        click.echo(_("There are more; narrow the list, or ask for more with --most."))


def _ended(outcome: str) -> str:
    return {"won": _("won"), "lost": _("lost"), "given_up": _("given up"), "joined": _("joined to another")}[outcome]


def _outcome(row: pipeline.Row) -> str:
    return _ended(row.outcome) if row.outcome else str(row.stage)


def _next(row: pipeline.Row) -> str:
    if row.outcome or row.step is None or row.step_due is None:
        return "–"
    return f"{row.step}, {by_day(row.step_due)}"


def _amount(row: pipeline.Row) -> str:
    return f"{row.amount} {row.currency}" if row.amount is not None else "–"


def _days(row: pipeline.Row) -> str:
    return "–" if row.days is None else ngettext("{n} day", "{n} days", row.days).format(n=row.days)


@deals.command("sums", help=noop("The same deals counted and summed by stage, in the company's currency and as they are."))
@narrowing
@acting()
def sums(wanted: pipeline.Wanted, person: Person) -> None:
    tell_sums(person, wanted)


def tell_sums(person: Person, wanted: pipeline.Wanted) -> None:
    """A line for each stage of the deals that are asked for, and one for all of them."""
    found = pipeline.sums(person, wanted)
    usual = pipeline.usual()
    lines = []
    for one in [*found.stages, found.all]:
        name = str(one.stage) if one.stage else _("in all")
        known = usual.get(one.code)
        stood = ngettext("usual: {n} day", "usual: {n} days", known.days).format(n=known.days) if known else ""
        count, total, beside = _counted(one)
        lines.append([name, count, total, stood, beside])
    rows(lines)
    for rate in found.all.worth.by:
        click.echo(str(rate))


@deals.command("endings", help=noop("Why the same deals ended: counted and summed by reason, and by who won them instead."))
@narrowing
@acting()
def endings(wanted: pipeline.Wanted, person: Person) -> None:
    found = pipeline.endings(person, wanted)
    lines = [[_ended(one.outcome), str(one.reason or one.code or _("no reason named")), *_counted(one)] for one in found.reasons]
    rows([*lines, *([_("won by"), one.competitor, *_counted(one)] for one in found.competitors)])


def _counted(of: pipeline.Summed) -> list[Any]:
    """How many, what they are worth together, and what stands beside that."""
    parts = [f"{amount} {code}" for code, amount in of.worth.originals.items()]
    parts += [_("no rate for {codes}").format(codes=", ".join(of.worth.without))] if of.worth.without else []
    parts += [_("{n} without an amount").format(n=of.unknown)] if of.unknown else []
    return [of.count, f"{of.worth.total} {company_currency()}" if of.worth.total is not None else "–", "; ".join(parts)]


def _account(deal: Deal) -> str:
    return str(deal.account) if deal.account else _("account not known")


def _state(deal: Deal) -> str:
    if hasattr(deal, "closing"):
        return _ended(deal.closing.outcome)
    return str(deal.stage)


@deals.command(help=noop("A deal: where it stands, what was said, what is called, what happened."))
@click.argument("deal", metavar="DEAL")
@MOST
@acting()
def show(deal: str, most: int, person: Person) -> None:
    found: Deal = find(person, "deal", deal)
    click.echo(str(found))
    stands = standing(found)
    amount = f"{found.amount} {found.currency}" if found.amount is not None else "–"
    rows(
        [
            (_("account"), _account(found)),
            (_("owner"), f"{found.owner} ({found.unit})"),
            (_("stage"), _state(found)),
            (_("profile"), f"{NAMES[stands.profile]} ({why(stands)})"),
            (_("goal"), found.goal or "–"),
            (_("date"), by_day(found.due)),
            (_("amount"), amount),
            (_("version"), found.version),
        ]
    )
    path = " → ".join(f"[{step.stage}]" if step.current else str(step.stage) for step in queries.path(found))
    click.echo(path)
    _section(_("Team"))
    for seat in seats(found.team_id):
        sits = seat.membership.person.name if seat.membership else _("empty chair")
        also = " " + _("(also: {roles})").format(roles=", ".join(seat.also)) if seat.also else ""
        click.echo(f"  {seat.role}: {sits}{also}" + ("" if seat.accepted or not seat.membership else " " + _("(asked, has not accepted)")))
    _section(_("What the customer said"))
    for item in voice.read(voice.visible_to(person).filter(deal=found).distinct()):
        unheard = ", ".join(f"{ear.role} {ear.person or '–'}" for ear in item.unheard)
        click.echo(f"  “{item.item.words}”" + ("  " + _("not heard yet: {who}").format(who=unheard) if unheard else ""))
    _section(_("Calls"))
    for read in calls.read_of_deal(found):
        click.echo(f"  {read.call}  {read.call.unit}  {read.assignment.person if read.assignment else '–'}  {moment(read.since)}")
    _section(_("What happened"))
    for told in timeline(person, found.pk, most):
        click.echo(f"  {moment(told.recorded_at)}  {told.sentence}")


def _section(name: str) -> None:
    click.echo()
    click.echo(name)


@deals.command(
    "clocks", help=noop("Everything that runs for a deal, soonest due first: who owes what until when, and who hears of it next.")
)
@click.argument("deal", metavar="DEAL")
@option("--ended", is_flag=True, help=noop("Those that have run and ended instead, the last to end first."))
@MOST
@acting()
def clocks_(deal: str, ended: bool, most: int, person: Person) -> None:
    found = find(person, "deal", deal)
    rows = desk_clocks.ended(person, found) if ended else desk_clocks.running(person, found)
    shown = desk_clocks.read(rows[:most])
    if not shown:
        click.echo(_("Nothing."))
    for one in shown:
        _tell_clock(one)


def _tell_clock(one: desk_clocks.ClockOfDeal) -> None:
    run = one.course
    still = run.reading.pause
    if run.clock.stopped_at:
        state = f"{moment(run.clock.stopped_at)}  {desk_clocks.ENDINGS[run.ended]}"
    else:
        state = _("stands still") if still else due(run.reading)
    who = one.person.name if one.person else _("nobody holds the role")
    click.echo(f"{state}  " + _("{duty}: {what}").format(duty=one.duty, what=one.what))
    click.echo("  " + ", ".join(filter(None, [who, one.role_name, str(one.unit or "–")])))
    click.echo("  " + _("since {since}, limit: {limit}").format(since=moment(run.clock.started_at), limit=limit(run.clock)))
    if still:
        stopped = _("stopped by {name}, {since}: {reason}")
        click.echo("  " + stopped.format(name=still.paused_by.name, since=moment(still.paused_at), reason=still.reason))
    for alarm in run.told:
        seen = "; " + _("sees to it since {since}").format(since=moment(alarm.seen_to_at)) if alarm.seen_to_at else ""
        click.echo(f"  {moment(alarm.at)}  {desk_clocks.told_in_words(alarm)}{seen}")
    for ahead in [*run.ahead, *run.beyond]:
        at, what = ahead.step.due_at, desk_clocks.next_in_words(ahead)
        then = _("then, {at}: {what}").format(at=moment(at), what=what) if at else _("once the time runs on, {what}").format(what=what)
        click.echo(f"  {then}")
    if last := desk_clocks.nobody_else_in_words(run):
        click.echo(f"  {last}")


@deals.command(help=noop("The gate before a deal, line by line; nothing changes."))
@click.argument("deal", metavar="DEAL")
@acting()
def gate(deal: str, person: Person) -> None:
    review = gates.review(find(person, "deal", deal))
    if review is None:
        click.echo(_("There is no gate at the end of this stage."))
        return
    state = _("open") if review.open else _("shut")
    if review.gate is not None:
        click.echo(_("The gate “{gate}”: {state}. {question}").format(gate=review.gate, state=state, question=review.gate.question))
    else:
        click.echo(_("No gate at the end of this stage; what the stages ask: {state}").format(state=state))
    for condition in review.conditions:
        mark = "✓" if condition.met else ("!" if condition.warns else "✗")
        click.echo(f"  {mark} {condition.line.sentence if condition.met else tell_line(condition.line)}")


@deals.command("open", help=noop("Open a deal that you own."))
@option("--title", required=True, help=noop("What it is called."))
@option("--account", required=True, metavar="ACCOUNT", help=noop("The account: number or id."))
@option("--goal", required=True, help=noop("What is to be achieved, in one sentence."))
@option("--due", required=True, metavar="DAY", help=noop("By which day (2026-12-31)."))
@option("--amount", default=None, help=noop("How much."))
@option("--currency", default="CNY", show_default=True, help=noop("ISO 4217 code."))
@option("--service", "services", multiple=True, metavar="CODE", help=noop("A type of service that it carries; may be repeated."))
@option("--another", is_flag=True, help=noop("It is another deal than the one of the same title that was opened a short while ago."))
@acting()
def open_(
    title: str,
    account: str,
    goal: str,
    due: str,
    amount: str | None,
    currency: str,
    services: tuple[str, ...],
    another: bool,
    person: Person,
) -> None:
    customer = find(person, "account", account)
    made = actions.open_deal(
        by=as_person(person),
        title=title,
        account=customer,
        owner=person,
        goal=goal,
        due=due,
        amount=amount,
        currency=currency,
        services=services,
        another=another,
    )
    click.echo(_("Opened: {deal}").format(deal=made))


@deals.command(help=noop("Change what is given of a deal."))
@click.argument("deal", metavar="DEAL")
@option("--title", default=None, help=noop("What it is called."))
@option("--account", default=None, metavar="ACCOUNT", help=noop("The account: number or id."))
@option("--goal", default=None, help=noop("What is to be achieved, in one sentence."))
@option("--due", default=None, metavar="DAY", help=noop("By which day (2026-12-31)."))
@option("--amount", default=None, help=noop("How much."))
@option("--currency", default=None, help=noop("ISO 4217 code."))
@VERSION
@acting()
def change(deal: str, account: str | None, version: int | None, person: Person, **given: Any) -> None:
    found: Deal = find(person, "deal", deal)
    customer = find(person, "account", account) if account else None
    changed = actions.change_deal(by=as_person(person), deal=found, version=_version(found, version), account=customer, **given)
    click.echo(_("{deal}: version {version}").format(deal=changed, version=changed.version))


@deals.command(help=noop("Move a deal on, through its gate if there is one. A shut gate refuses, line by line."))
@click.argument("deal", metavar="DEAL")
@option("--to", default=None, metavar="STAGE", help=noop("Code of the stage that you mean."))
@VERSION
@acting()
def move(deal: str, to: str | None, version: int | None, person: Person) -> None:
    found: Deal = find(person, "deal", deal)
    moved = actions.move_on(by=as_person(person), deal=found, version=_version(found, version), to=to)
    click.echo(_("{deal} stands in “{stage}” now.").format(deal=moved, stage=_state(moved)))


@deals.command(help=noop("Take a deal back to an earlier stage."))
@click.argument("deal", metavar="DEAL")
@option("--to", required=True, metavar="STAGE", help=noop("Code of the stage that you mean."))
@option("--reason", required=True, help=noop("Why; it stands in the journal."))
@VERSION
@acting()
def back(deal: str, to: str, reason: str, version: int | None, person: Person) -> None:
    found: Deal = find(person, "deal", deal)
    moved = actions.move_back(by=as_person(person), deal=found, version=_version(found, version), to=to, reason=reason)
    click.echo(_("{deal} stands in “{stage}” now.").format(deal=moved, stage=moved.stage))


@deals.command(help=noop("Vote at the gate before a deal."))
@click.argument("deal", metavar="DEAL")
@option("--yes/--no", "approves", required=True, default=None, help=noop("For or against."))
@option("--reason", default="", help=noop("Why; a no needs one."))
@acting()
def vote(deal: str, approves: bool, reason: str, person: Person) -> None:
    found: Deal = find(person, "deal", deal)
    actions.vote(by=as_person(person), deal=found, approves=approves, reason=reason)
    now = find(person, "deal", str(found.pk))
    click.echo(_("{name} has voted. {deal} stands in “{stage}”.").format(name=person.name, deal=now, stage=_state(now)))


@deals.command(help=noop("Record that the customer decided for another, or against buying."))
@click.argument("deal", metavar="DEAL")
@option("--reason", required=True, help=noop("Why; it stands in the journal."))
@option("--code", default="", help=noop("Code of the reason, where the deal's process has any."))
@option("--competitor", default="", help=noop("Who won it, where that reason asks."))
@VERSION
@acting()
def lose(deal: str, reason: str, code: str, competitor: str, version: int | None, person: Person) -> None:
    found: Deal = find(person, "deal", deal)
    said = {"reason": reason, "code": code, "competitor": competitor}
    actions.lose_deal(by=as_person(person), deal=found, version=_version(found, version), **said)
    click.echo(_("{deal} is recorded as lost.").format(deal=found))


@deals.command("why-won", help=noop("Say why a deal was won."))
@click.argument("deal", metavar="DEAL")
@click.argument("code", metavar="CODE")
@option("--reason", default="", help=noop("Why, in words."))
@VERSION
@acting()
def why_won(deal: str, code: str, reason: str, version: int | None, person: Person) -> None:
    found: Deal = find(person, "deal", deal)
    actions.say_why_won(by=as_person(person), deal=found, version=_version(found, version), code=code, reason=reason)
    click.echo(_("It is on record why it was won."))


@deals.command(
    "move-process",
    help=noop(
        "Move a deal, or with --all-at all deals of stages, to the process in force. Without --reason: what would change; nothing is done."
    ),
)
@click.argument("deal", metavar="[DEAL]", required=False)
@option("--stage", default="", metavar="STAGE", help=noop("Code of the stage in which it stands, where its own is gone."))
@option(
    "--all-at", "stages", multiple=True, metavar="STAGE", help=noop("All deals that stand in the stage with this code; may be repeated.")
)
@option(
    "--leave-out",
    multiple=True,
    metavar="GATE",
    help=noop("With --all-at: code of a gate that deals may be behind without having passed it; may be repeated."),
)
@option("--reason", default=None, help=noop("Why; it stands in the journal."))
@VERSION
@acting()
def move_process(
    deal: str | None,
    stage: str,
    stages: tuple[str, ...],
    leave_out: tuple[str, ...],
    reason: str | None,
    version: int | None,
    person: Person,
) -> None:
    if bool(deal) == bool(stages):
        raise click.UsageError(_("Name one deal, or stages with --all-at."))
    if deal is None:
        _move_all(stages, leave_out, reason, person)
        return
    found: Deal = find(person, "deal", deal)
    if reason is None:
        _tell_preview(found, stage, person)
        return
    newest = processes.newest().version.number
    by = as_person(person)
    moved = actions.move_to_process(by=by, deal=found, version=_version(found, version), to=newest, reason=reason, stage=stage)
    click.echo(_("{deal} follows {process} now, in “{stage}”.").format(deal=moved.number, process=moved.process, stage=moved.stage))


def _tell_preview(deal: Deal, stage: str, person: Person) -> None:
    seen = None if hasattr(deal, "closing") else processes.preview(deal, stage, free=permits.holds(person, permits.OPERATE))
    if seen is None:
        click.echo(_("{deal} follows the process in force.").format(deal=deal.number))
        return
    click.echo(
        _("{deal} follows {old}; {new} is in force: {reason}").format(deal=deal.number, old=seen.old, new=seen.new, reason=seen.new.reason)
    )
    if seen.stage is None:
        stages = ", ".join(f"{one} ({one.code})" for one in seen.choices)
        click.echo(_("Its stage “{stage}” is gone; name one with --stage: {stages}").format(stage=deal.stage, stages=stages))
        return
    click.echo(_("It would stand in “{stage}”.").format(stage=seen.stage))
    for one in seen.changes:
        click.echo(f"  {one.sentence}")


def _move_all(stages: tuple[str, ...], leave_out: tuple[str, ...], reason: str | None, person: Person) -> None:
    by = as_person(person)
    permits.require(by, permits.OPERATE)
    if reason is None:
        rows(
            [str(one.process), f"{one.stage} ({one.stage.code})", one.count, _of_older(one)]
            for one in processes.behind()
            if one.stage.code in stages
        )
        return
    done = actions.move_all_to_process(by=by, to=processes.newest().version.number, reason=reason, stages=stages, leave_out=leave_out)
    summary = _("moved: {moved}; left: {left}; in stages that are gone: {stuck}")
    click.echo(summary.format(moved=len(done.deals), left=done.left, stuck=done.stuck))


def _of_older(behind: processes.Behind) -> str:
    if not behind.stays:
        return _("the stage is gone")
    never = [_("{n} never passed “{gate}” ({code})").format(n=n, gate=gate, code=gate.code) for gate, n in behind.owed]
    return ", ".join(never)


@deals.command("state", help=noop("State figures of the offer, and where they are from. What was stated before stays on record."))
@click.argument("deal", metavar="DEAL")
@option("--gross-margin", default=None, help=noop("Per cent of the contract."))
@option("--advance-share", default=None, help=noop("What is paid in advance, per cent of the contract."))
@option("--days-to-cash", default=None, help=noop("Days from the contract until the cash is in."))
@option("--source", required=True, help=noop("Where the figures are from."))
@VERSION
@acting()
def state_(deal: str, version: int | None, person: Person, **given: Any) -> None:
    found: Deal = find(person, "deal", deal)
    for row in actions.state_figures(by=as_person(person), deal=found, version=_version(found, version), **given):
        click.echo(str(figures.KINDS[row.name].said(row.value)))


@deals.command("figures", help=noop("What was stated about the offer, by whom and where from, the newest first."))
@click.argument("deal", metavar="DEAL")
@acting()
def figures_(deal: str, person: Person) -> None:
    found: Deal = find(person, "deal", deal)
    stated = figures.stated(found.pk)
    if not stated:
        click.echo(_("Nothing."))
    rows([str(figures.KINDS[row.name].said(row.value)), row.person.name, moment(row.at), row.source] for row in stated)


@deals.command("next", help=noop("Set the next step of a deal; without --what: what was said to be done next, the newest first."))
@click.argument("deal", metavar="DEAL")
@option("--what", default=None, help=noop("What is done next."))
@option("--by", "due", default="", metavar="DAY", help=noop("By which day, such as 2026-12-31."))
@option("--doer", default=None, metavar="PERSON", help=noop("Who is to do it; left out, you."))
@VERSION
@acting()
def next_(deal: str, what: str | None, due: str, doer: str | None, version: int | None, person: Person) -> None:
    found: Deal = find(person, "deal", deal)
    if what is not None:
        who = find(person, "person", doer) if doer else person
        actions.set_next_step(by=as_person(person), deal=found, version=_version(found, version), what=what, due=due, doer=who)
    said = next_steps.said(found.pk)
    if not said:
        click.echo(_("Nothing."))
    rows([row.what, row.due.isoformat(), row.doer.name] for row in said)


@deals.command("steps", help=noop("The steps of a deal: which it is in since when, who answers for it, what it asks."))
@click.argument("deal", metavar="DEAL")
@acting()
def steps_(deal: str, person: Person) -> None:
    for one in steps.way(find(person, "deal", deal)):
        name = f"[{one.step}]" if one.state == steps.HERE else str(one.step)
        spent = " – ".join(moment(at) for at in (one.since, one.until) if at)
        click.echo("  ".join(filter(None, [name, spent, str(one.role or ""), ", ".join(who.name for who in one.people)])))
        for label, asked in ((_("to begin"), one.begins), (_("finished when"), one.finished)):
            for what in asked:
                click.echo(f"  {label}: {steps.asked_in_words(what)}")


@deals.command("leave-out", help=noop("Say that a step is not needed for a deal, and why."))
@click.argument("deal", metavar="DEAL")
@click.argument("step", metavar="STEP")
@option("--reason", required=True, help=noop("Why; it stands in the journal."))
@VERSION
@acting()
def leave_out(deal: str, step: str, reason: str, version: int | None, person: Person) -> None:
    found: Deal = find(person, "deal", deal)
    actions.leave_out_step(by=as_person(person), deal=found, version=_version(found, version), step=step, reason=reason)
    click.echo(_("The step is left out."))


@deals.command("need", help=noop("Say that a step that was left out is needed after all."))
@click.argument("deal", metavar="DEAL")
@click.argument("step", metavar="STEP")
@VERSION
@acting()
def need(deal: str, step: str, version: int | None, person: Person) -> None:
    found: Deal = find(person, "deal", deal)
    actions.need_step(by=as_person(person), deal=found, version=_version(found, version), step=step)
    click.echo(_("The step is needed again."))


@deals.command("withdraw-vote", help=noop("Take back your own vote at the gate before a deal."))
@click.argument("deal", metavar="DEAL")
@VERSION
@acting()
def withdraw_vote(deal: str, version: int | None, person: Person) -> None:
    actions.withdraw_vote(by=as_person(person), deal=find(person, "deal", deal), version=version)
    click.echo(_("Your vote is taken back."))


@deals.command("add-seats", help=noop("Add the seats that the process wants for the deal as it is now, as empty chairs."))
@click.argument("deal", metavar="DEAL")
@acting()
def add_seats(deal: str, person: Person) -> None:
    made = actions.add_missing_seats(by=as_person(person), deal=find(person, "deal", deal))
    click.echo(_("Seats added: {n}").format(n=len(made)))


@deals.command("risks", help=noop("What was passed at risk on a deal, and what of it is still to be made good."))
@click.argument("deal", metavar="DEAL")
@acting()
def risks_(deal: str, person: Person) -> None:
    found: Deal = find(person, "deal", deal)
    lines = risks.lines_of(found.pk)
    if not lines:
        click.echo(_("Nothing."))
    for line in lines:
        state = _("not made good") if risks.is_open(line) else _("made good")
        click.echo(f"{line.key}  {state}  {line.due.isoformat()}  {risks.owing(line).name}  {in_language(line.line['sentence'])}")
        click.echo(f"  {line.decision.gate}  {line.decision.person.name}: {line.reason}")


@deals.command(
    "pass-at-risk",
    help=noop("Open the gate before a deal with something missing, as a head above it. Without --line: what is missing, by its key."),
)
@click.argument("deal", metavar="DEAL")
@option(
    "--line",
    "lines",
    multiple=True,
    nargs=4,
    metavar="KEY PERSON DAY REASON",
    help=noop("One thing that is missing: its key, who makes it good, by which day, and why it is taken as a risk; may be repeated."),
)
@VERSION
@acting()
def pass_at_risk(deal: str, lines: tuple[tuple[str, str, str, str], ...], version: int | None, person: Person) -> None:
    found: Deal = find(person, "deal", deal)
    if not lines:
        review = gates.review(found)
        rows([key, str(risks.sentence_of(of))] for key, of in risks.listed(review.unmet if review else []).items())
        return
    taken = [actions.AtRisk(key, reason, find(person, "person", who), by) for key, who, by, reason in lines]
    actions.pass_at_risk(by=as_person(person), deal=found, version=_version(found, version), lines=taken)
    moved = find(person, "deal", str(found.pk))
    click.echo(_("{deal} stands in “{stage}” now.").format(deal=moved, stage=_state(moved)))


@deals.command("make-good", help=noop("Record that something that was passed at risk is made good."))
@click.argument("deal", metavar="DEAL")
@click.argument("key", metavar="KEY")
@option("--words", default="", help=noop("How; needed where no check can be asked again."))
@acting()
def make_good(deal: str, key: str, words: str, person: Person) -> None:
    found: Deal = find(person, "deal", deal)
    line = next((one for one in risks.lines_of(found.pk) if one.key == key and risks.is_open(one)), None)
    if line is None:
        raise missing()
    actions.make_good(by=as_person(person), line=line, words=words)
    click.echo(_("It is on record that this is made good."))


@deals.command(
    "services",
    help=noop("The types of service of a deal, and who covers the specialties that they need. With --type: it carries those from now on."),
)
@click.argument("deal", metavar="DEAL")
@option("--type", "types", multiple=True, metavar="CODE", help=noop("Code of a type of service; may be repeated."))
@option("--none", "nothing", is_flag=True, help=noop("It carries none any more."))
@VERSION
@acting()
def services_(deal: str, types: tuple[str, ...], nothing: bool, version: int | None, person: Person) -> None:
    if types and nothing:
        raise click.UsageError(_("Name types of service, or --none."))
    found: Deal = find(person, "deal", deal)
    if types or nothing:
        found = actions.set_services(by=as_person(person), deal=found, version=_version(found, version), services=types)
    rows([code, str(one)] for code, one in zip(found.service_codes, specialties.services_of(found), strict=True))
    covers = specialties.covers(found)
    wanting = {one.specialty.code for one in specialties.lacking(covers)}
    for one in covers:
        click.echo("  " + _covered(one, one.specialty.code in wanting))


def _covered(one: specialties.Cover, wanting: bool) -> str:
    units = ", ".join(unit.name for unit in one.units)
    if one.covered:
        names = ", ".join(person.name for person in one.people) or _("the deal's own unit")
        return _("{specialty}: {names}").format(specialty=one.specialty, names=names)
    if wanting:
        return _("{specialty}: nobody yet, and the deal does not go on without; {units} has it").format(
            specialty=one.specialty, units=units
        )
    return _("{specialty}: nobody yet; {units} has it").format(specialty=one.specialty, units=units)


@deals.command(
    "lines", help=noop("What a deal is made of, and what that comes to. With --line, or --none: it is made of those from now on.")
)
@click.argument("deal", metavar="DEAL")
@option(
    "--line",
    "given",
    multiple=True,
    nargs=4,
    metavar="WHAT QUANTITY UNIT PRICE",
    help=noop('One line: what, how many, of which unit ("" for pieces), at which price; may be repeated.'),
)
@option("--none", "nothing", is_flag=True, help=noop("It has no lines any more."))
@VERSION
@acting()
def lines_(deal: str, given: tuple[tuple[str, str, str, str], ...], nothing: bool, version: int | None, person: Person) -> None:
    if given and nothing:
        raise click.UsageError(_("Name lines, or --none."))
    found: Deal = find(person, "deal", deal)
    if given or nothing:
        wanted = [dict(zip(("what", "quantity", "unit", "price"), one, strict=True)) for one in given]
        found = actions.set_lines(by=as_person(person), deal=found, version=_version(found, version), lines=wanted)
    there = lines.of(found.pk)
    rows([one.what, f"{lines.plain(one.quantity)} {one.unit}".strip(), one.price, f"{one.total} {one.currency}"] for one in there)
    total = lines.summed(there, found.amount, found.currency)
    if total is not None:
        click.echo(_("in all {total} {currency}").format(total=total.total, currency=total.currency))
        if total.differs:
            click.echo(_("the amount of the deal is another: {amount} {currency}").format(amount=found.amount, currency=found.currency))
