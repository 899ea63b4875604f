"""What reaches oneself, by which way, and when."""

from __future__ import annotations

import click
from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

from earshot.cli.root import Group, option
from earshot.cli.who import acting, find, uuid
from earshot.cli.words import moment, rows
from earshot.journal.queries import in_language
from earshot.kit.problems import missing
from earshot.people.actors import as_person
from earshot.people.models import Person
from earshot.talk import rules
from earshot.talk.actions import channels as verbs
from earshot.talk.letters import home
from earshot.talk.models import Channel, Wishes
from earshot.talk.notices import wishes_of


@click.group(cls=Group, help=noop("The ways by which messages reach you."))
def channels() -> None:
    pass


CHANNEL = click.argument("channel", metavar="CHANNEL")


def _mine(person: Person, words: str) -> Channel:
    if uuid(words) is None:
        raise missing()
    found: Channel = find(person, "channel", words)
    return found


@channels.command("list", help=noop("Your channels, and how each of them does."))
@acting()
def list_(person: Person) -> None:
    rows(
        [str(one.pk), verbs.NAMES[one.kind], verbs.shown(one), _state(one)]
        for one in Channel.objects.filter(person=person, ended_at__isnull=True).order_by("added_at", "pk")
    )


def _state(one: Channel) -> str:
    if one.confirmed_at is None:
        return _("not confirmed")
    if one.failing_since is not None:
        return _("failing since {when}: {why}").format(when=moment(one.failing_since), why=in_language(one.trouble))
    return _("last sent {when}").format(when=moment(one.sent_at))


@channels.command(help=noop("Add a channel; a code goes there at once."))
@click.argument("kind", type=click.Choice(rules.KINDS))
@click.argument("address", metavar="ADDRESS")
@option("--secret", default="", envvar="EARSHOT_CHANNEL_SECRET", help=noop("Of a robot that checks signatures."))
@acting()
def add(kind: str, address: str, secret: str, person: Person) -> None:
    channel, made = verbs.add_channel(by=as_person(person), kind=kind, address=address, secret=secret)
    click.echo(_("{channel}: a code is on its way to {address}.").format(channel=channel.pk, address=verbs.shown(channel)))
    if made:
        click.echo(_("Its secret, shown once: {secret}").format(secret=made))


@channels.command(help=noop("Confirm a channel by the code that came there."))
@CHANNEL
@click.argument("code", metavar="CODE")
@acting()
def confirm(channel: str, code: str, person: Person) -> None:
    verbs.confirm_channel(by=as_person(person), channel=_mine(person, channel), code=code)
    click.echo(_("Confirmed."))


@channels.command(help=noop("Let another code be sent."))
@CHANNEL
@acting()
def code(channel: str, person: Person) -> None:
    verbs.send_code(by=as_person(person), channel=_mine(person, channel))
    click.echo(_("Another code is on its way."))


@channels.command(help=noop("Say what goes by a channel."))
@CHANNEL
@option("--at-once/--not-at-once", default=True, help=noop("What is your own duty."))
@option("--digest/--no-digest", default=True, help=noop("The digest of the day."))
@acting()
def choose(channel: str, at_once: bool, digest: bool, person: Person) -> None:
    verbs.choose_channel(by=as_person(person), channel=_mine(person, channel), at_once=at_once, digest=digest)
    click.echo(_("Saved."))


@channels.command("try", help=noop("Send a trial."))
@CHANNEL
@acting()
def try_(channel: str, person: Person) -> None:
    verbs.try_channel(by=as_person(person), channel=_mine(person, channel))
    click.echo(_("A trial is on its way."))


@channels.command(help=noop("Let what was given up be tried again."))
@CHANNEL
@acting()
def mend(channel: str, person: Person) -> None:
    verbs.mend_channel(by=as_person(person), channel=_mine(person, channel))
    click.echo(_("It is being tried again."))


@channels.command(help=noop("End a channel."))
@CHANNEL
@option("--reason", default="", help=noop("Why, if there is something to say; it stands in the journal."))
@acting()
def end(channel: str, reason: str, person: Person) -> None:
    verbs.end_channel(by=as_person(person), channel=_mine(person, channel), reason=reason)
    click.echo(_("Nothing goes this way any more."))


@channels.command(help=noop("Show or set when messages come; what is not named stays."))
@option("--quiet", metavar="FROM-TO", help=noop("Quiet hours, such as 22:00-07:30; empty: none."))
@option("--digest", metavar="TIME", help=noop("When the digest comes on working days; empty: never."))
@option("--working-time/--any-time", default=None, help=noop("Only while your unit works."))
@option("--urgent/--not-urgent", default=None, help=noop("A time limit that has run out may break this."))
@option("--speak", type=click.Choice([code for code, _name in settings.LANGUAGES]), help=noop("Language of the messages."))
@acting()
def wishes(
    quiet: str | None, digest: str | None, working_time: bool | None, urgent: bool | None, speak: str | None, person: Person
) -> None:
    known = Wishes.objects.filter(person=person).first() or wishes_of(person)
    if any(given is not None for given in (quiet, digest, working_time, urgent, speak)):
        begin, _dash, end = (rules.face(known.quiet_from), "", rules.face(known.quiet_to)) if quiet is None else quiet.partition("-")
        known = verbs.set_wishes(
            by=as_person(person),
            quiet_from=begin,
            quiet_to=end,
            working_time=known.working_time if working_time is None else working_time,
            urgent=known.urgent if urgent is None else urgent,
            digest_at=rules.face(known.digest_at) if digest is None else digest,
            language=speak or known.language,
        )
    yes = {True: _("yes"), False: _("no")}
    rows(
        [
            [_("quiet hours"), f"{rules.face(known.quiet_from)}–{rules.face(known.quiet_to)}"],
            [_("only while the unit works"), yes[known.working_time]],
            [_("a time limit that has run out may break this"), yes[known.urgent]],
            [_("digest at"), rules.face(known.digest_at) or "–"],
            [_("language"), known.language],
        ]
    )


@channels.command(help=noop("Make an address for your calendar, or withdraw it."))
@option("--withdraw", is_flag=True, help=noop("It opens nothing any more."))
@acting()
def feed(withdraw: bool, person: Person) -> None:
    if withdraw:
        verbs.revoke_feed(by=as_person(person))
        click.echo(_("The address opens nothing any more."))
        return
    _feed, key = verbs.make_feed(by=as_person(person))
    click.echo(_("The address of your calendar, shown once: {address}").format(address=home(reverse("feed", kwargs={"key": key}))))
