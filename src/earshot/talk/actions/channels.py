"""Verbs on one's own channels, wishes and calendar feed."""

from __future__ import annotations

import hashlib
import ipaddress
import re
import secrets
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext_lazy as _

from earshot.journal import jobs
from earshot.journal.actions import record, verb
from earshot.journal.actors import Actor
from earshot.journal.models import Delivery, Entry, Touched
from earshot.journal.repeats import earlier
from earshot.kit import now, uuid7
from earshot.kit.engine import locks
from earshot.kit.problems import Refusal, Together, in_both, missing, say, wrong
from earshot.kit.texts import text
from earshot.people.actors import personally
from earshot.people.models import Person
from earshot.talk import codes, robots, rules
from earshot.talk.models.channels import LIVE, Channel, Feed, Wishes
from earshot.talk.models.notices import DIGEST, WITHDRAWN, Notice
from earshot.talk.notices import OF_CODE, OF_TEST, hurry, replan, wishes_of
from earshot.talk.rules import DINGTALK, FEISHU, KINDS, MAIL, ROBOTS, WEBHOOK, masked
from earshot.talk.sending import MAIL_NOT_SET_UP, is_outside, named_by_house

MOST_CHANNELS = 8  # alive, of one person
NAMES: dict[str, Any] = {
    "mail": _("mail"),
    "webhook": _("webhook"),
    "wecom": _("WeCom robot"),
    "dingtalk": _("DingTalk robot"),
    "feishu": _("Feishu robot"),
}
TIME_OF_DAY = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])", re.ASCII)
SECRET = re.compile(r"whsec_[A-Za-z0-9+/=]{32,88}")


def shown(channel: Channel) -> str:
    """The channel as its owner knows it, without what would let somebody else send to it."""
    return masked(channel.kind, channel.address)


@verb
def add_channel(*, by: Actor, kind: str, address: str, secret: str = "", id: UUID | None = None) -> tuple[Channel, str]:
    """A further way to oneself. A code goes there at once; nothing else does before it is confirmed. Returns the channel and, for a
    webhook whose secret was left out, the secret that was made for it: it is shown this once. The same `id` again gives the first
    channel back, without its secret."""
    person = personally(by)
    known = earlier(Channel, id, lambda channel: channel.person_id == person.pk)
    if known is not None:
        return known, ""
    locks.lock(Person.objects.filter(pk=person.pk))
    if kind not in KINDS:
        raise wrong("kind", _("Choose one of the ways that there are."))
    each = Together()
    address = each(_address, kind, address)
    made = f"whsec_{b64encode(secrets.token_bytes(24)).decode()}" if kind == WEBHOOK and not secret.strip() else ""
    secret = each(_secret, kind, made or secret)
    each.refuse()
    mine = Channel.objects.filter(LIVE, person=person)
    if mine.count() >= MOST_CHANNELS:
        raise Refusal("channel.too_many", say(_("You have {n} channels. End one before you add another."), n=MOST_CHANNELS), status=409)
    if mine.filter(kind=kind, address=address).exists():
        raise Refusal("channel.known", _("You have this channel already."), status=409)
    at = now()
    _not_too_many_codes(person, at)
    channel = Channel.objects.create(id=id or uuid7(), person=person, kind=kind, address=address, secret=secret, added_at=at, code_at=at)
    _owe(OF_CODE, channel, _record("talk.channel_added", by, channel))
    return channel, made


def _address(kind: str, typed: str) -> str:
    """`typed` as an address of this kind. What it leads to is looked up when something is sent there, not here."""
    address = text("address", typed, most=1000)
    if kind == MAIL:
        if settings.MAIL is None:
            raise wrong("address", MAIL_NOT_SET_UP, code="channel.no_mail")
        try:
            validate_email(address)
        except ValidationError:
            raise wrong("address", _("Write a mail address, such as name@example.com.")) from None
        return address
    unreadable = wrong("address", _("Write the whole address, beginning with https://."))
    try:
        parts = urlsplit(address)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        raise unreadable from None
    if not host or not address.isascii() or not address.isprintable() or " " in address or parts.username or parts.fragment:
        raise unreadable
    if named_by_house(kind, address):
        return _of_robot(kind, address)
    if parts.scheme != "https":
        raise unreadable
    if kind in ROBOTS:
        if robots.origin(address) not in robots.ORIGINS[kind]:
            place = robots.ORIGINS[kind][0] + robots.PATHS[kind]
            raise wrong("address", say(_("The address of this robot begins with {place}"), place=place))
        return _of_robot(kind, address)
    if host == "localhost" or host.endswith(".localhost") or not _may_be_outside(host):
        raise wrong("address", _("The address leads into a network of our own, where nothing is sent."))
    return address


def _of_robot(kind: str, address: str) -> str:
    """A robot's address holds its key: without it, it leads nowhere."""
    parts = urlsplit(address)
    if kind in ROBOTS:
        rest = parts.path.removeprefix(robots.PATHS[kind]) if kind == FEISHU else parts.query
        if not parts.path.startswith(robots.PATHS[kind]) or not rest or (kind == DINGTALK and not rest.startswith("access_token=")):
            raise wrong("address", _("Copy the whole address that the robot shows, with its key."))
    return address


def _may_be_outside(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return not host.replace(".", "").isdigit()  # a name; or a number that some systems take for an address
    return is_outside(host)


def _secret(kind: str, typed: str) -> str:
    secret = text("secret", typed, most=200, required=False)
    if kind == WEBHOOK:
        try:
            fits = SECRET.fullmatch(secret) and 24 <= len(b64decode(secret.removeprefix("whsec_"), validate=True)) <= 64
        except NotBase64:
            fits = False
        if not fits:
            raise wrong("secret", _("A secret begins with whsec_ and holds 24 to 64 bytes in base64. Leave it out, and one is made."))
    elif secret and kind not in (DINGTALK, FEISHU):
        raise wrong("secret", _("This way takes no secret."))
    return secret


@verb
def send_code(*, by: Actor, channel: Channel) -> None:
    """Another code, because the first one is lost or too old."""
    channel = _mine(by, channel)
    if channel.confirmed_at is not None:
        raise Refusal("channel.confirmed", _("This channel is confirmed already."), status=409)
    at = now()
    if at - channel.code_at < codes.PAUSE:
        raise Refusal("channel.code_sent", _("A code was sent a moment ago. Wait a minute before you ask for another."), status=409)
    if channel.codes >= codes.MOST_CODES:
        raise Refusal("channel.codes_used", _("So many codes went there in vain. End this channel and add it anew."), status=409)
    _not_too_many_codes(channel.person, at)
    channel.codes, channel.code_at = channel.codes + 1, at
    channel.save(update_fields=["codes", "code_at"])
    _owe(OF_CODE, channel, _record("talk.code_asked", by, channel))


def _not_too_many_codes(person: Person, at: datetime) -> None:
    """Codes go to addresses that nobody has confirmed yet, so a person causes a few a day, whatever he or she does with the channels."""
    today = Channel.objects.filter(person=person, code_at__gte=at - codes.DAY)
    if sum(today.values_list("codes", flat=True)) >= codes.MOST_CODES_A_DAY:
        raise Refusal("channel.codes_today", _("So many codes were sent for you today. Go on tomorrow."), status=409)


@verb
def confirm_channel(*, by: Actor, channel: Channel, code: str) -> None:
    """The code that came through the channel: from now on it carries what its owner wishes. A wrong one is refused and counted; after
    five of them a new one must be sent."""
    channel = _mine(by, channel)
    if channel.confirmed_at is not None:
        return
    at = now()
    wrong_ones = Touched.objects.filter(entry__verb="talk.code_refused")
    tried = wrong_ones.filter(object_id=channel.pk, entry__recorded_at__gte=channel.code_at)
    mine = Channel.objects.filter(person=channel.person_id).values("pk")
    if wrong_ones.filter(object_id__in=mine, entry__recorded_at__gte=at - codes.DAY).count() >= codes.MOST_WRONG_A_DAY:
        raise Refusal("channel.wrong_codes_today", _("So many wrong codes today. Go on tomorrow."), status=409)
    if at - channel.code_at > codes.GOOD_FOR or tried.count() >= codes.MOST_WRONG:
        raise Refusal("channel.code_over", _("This code is not good any more. Let another one be sent."), status=409)
    if not codes.fits(channel, text("code", code, most=20)):
        refused = wrong("code", _("This is not the code that was sent there last."), code="channel.wrong_code")
        refused.entry = {"name": "talk.code_refused", "by": by, **_about(channel)}
        raise refused
    channel.confirmed_at = at
    channel.save(update_fields=["confirmed_at"])
    if not Wishes.objects.filter(person=channel.person_id).exists():
        wishes_of(channel.person).save()
    _record("talk.channel_confirmed", by, channel)


@verb
def choose_channel(*, by: Actor, channel: Channel, at_once: bool, digest: bool) -> None:
    """What goes this way: what is at once, the digest, or both."""
    channel = _mine(by, channel)
    if not at_once and not digest:
        raise wrong("at_once", _("Choose at least one. Whoever wants nothing this way ends the channel."))
    if (channel.at_once, channel.digest) == (at_once, digest):
        return
    channel.at_once, channel.digest = at_once, digest
    channel.save(update_fields=["at_once", "digest"])
    if not digest:
        Notice.objects.filter(channel=channel, way=DIGEST, sending__isnull=True, outcome="").update(outcome=WITHDRAWN)
    _record("talk.channel_chosen", by, channel)


@verb
def try_channel(*, by: Actor, channel: Channel) -> None:
    """A message of trial, at once, whatever the quiet hours."""
    channel = _mine(by, channel)
    if channel.confirmed_at is None:
        raise Refusal("channel.unconfirmed", _("Confirm this channel first, by the code that was sent there."), status=409)
    tried = Touched.objects.filter(object_id=channel.pk, entry__verb="talk.channel_tried", entry__recorded_at__gt=now() - codes.PAUSE)
    if tried.exists():
        raise Refusal("channel.tried", _("A trial was sent a moment ago. Wait a minute before the next."), status=409)
    _owe(OF_TEST, channel, _record("talk.channel_tried", by, channel))


@verb
def mend_channel(*, by: Actor, channel: Channel) -> None:
    """What was given up is tried again, and what waited goes out after it."""
    channel = _mine(by, channel)
    if channel.given_up_at is None:
        raise Refusal("channel.not_given_up", _("Nothing was given up here, or it is being tried again already."), status=409)
    channel.given_up_at = None
    channel.save(update_fields=["given_up_at"])
    _record("talk.channel_mended", by, channel)
    jobs.revive(Delivery.objects.filter(subject=channel.pk))
    hurry(channel.pk)


@verb
def end_channel(*, by: Actor, channel: Channel, reason: str = "") -> None:
    """Nothing goes this way any more; what was still to go is dropped. The record of the channel stays. It is one's own, so nobody is
    owed a reason; one that is given stands in the journal."""
    channel = _mine(by, channel)
    channel.ended_at, channel.end_reason = now(), text("reason", reason, most=300) if reason.strip() else ""
    channel.save(update_fields=["ended_at", "end_reason"])
    if channel.end_reason:
        _record("talk.channel_ended", by, channel, {"reason": channel.end_reason})
    else:
        _record("talk.channel_dropped", by, channel)
    Notice.objects.filter(channel=channel, outcome="").update(outcome=WITHDRAWN)
    Delivery.objects.filter(subject=channel.pk, dead_at__isnull=False).update(dead_at=None, done_at=now())


def _mine(by: Actor, channel: Channel) -> Channel:
    """The channel, locked and read anew; somebody else's, and one that has ended, does not exist."""
    person = personally(by)
    found = Channel.objects.filter(LIVE, pk=channel.pk, person=person)
    locks.lock(found)
    live = found.select_related("person", "person__wishes").first()
    if live is None:
        raise missing()
    return live


def _about(channel: Channel, data: dict[str, Any] | None = None) -> dict[str, Any]:
    named = {"kind": in_both(NAMES[channel.kind]), **(data or {})}
    return {"objects": {"channel": channel, "person": channel.person}, "scopes": [channel.person], "data": named}


def _record(name: str, by: Actor, channel: Channel, data: dict[str, Any] | None = None) -> Entry:
    return record(name, by=by, **_about(channel, data))


def _owe(what: str, channel: Channel, entry: Entry) -> None:
    jobs.owe([Delivery(entry=entry, reaction=what, subject=channel.pk, lane=channel.pk, due_at=now())])


@verb
def set_wishes(*, by: Actor, quiet_from: str, quiet_to: str, working_time: bool, urgent: bool, digest_at: str, language: str) -> Wishes:
    """When one wants to be told. Times of day as 22:00; both ends of the quiet hours or none; no `digest_at`: no digest."""
    person = personally(by)
    locks.lock(Person.objects.filter(pk=person.pk))
    each = Together()
    begin, end = each(_time_of_day, "quiet_from", quiet_from), each(_time_of_day, "quiet_to", quiet_to)
    digest = each(_time_of_day, "digest_at", digest_at)
    each.refuse()
    fields: dict[str, Any] = {}
    if (begin is None) != (end is None):
        fields["quiet_from" if begin is None else "quiet_to"] = _("Quiet hours have a beginning and an end.")
    elif begin is not None and end is not None:
        if begin == end:
            fields["quiet_to"] = _("These quiet hours would never end, or never begin.")
        elif digest is not None and rules.within((begin, end), digest):
            fields["digest_at"] = _("This lies in your quiet hours.")
    if language not in dict(settings.LANGUAGES):
        fields["language"] = _("Choose one of the languages that there are.")
    if fields:
        raise Refusal("input.invalid", _("That cannot be done as it stands."), fields=fields)
    values: dict[str, Any] = {"quiet_from": begin, "quiet_to": end, "working_time": working_time, "urgent": urgent, "digest_at": digest}
    values |= {"language": language}
    wishes, made = Wishes.objects.get_or_create(person=person, defaults=values)
    if not made:
        if all(getattr(wishes, name) == value for name, value in values.items()):
            return wishes
        for name, value in values.items():
            setattr(wishes, name, value)
        wishes.save()
    record("talk.wishes_set", by=by, objects={"person": person}, scopes=[person])
    replan(person, wishes)
    return wishes


def _time_of_day(name: str, typed: str) -> int | None:
    """Minutes from midnight; None where nothing was typed."""
    typed = text(name, typed, most=5, required=False).replace("：", ":")
    if not typed:
        return None
    found = TIME_OF_DAY.fullmatch(typed)
    if found is None:
        raise wrong(name, _("Write a time of day, such as 08:30."))
    return int(found[1]) * 60 + int(found[2])


@verb
def make_feed(*, by: Actor) -> tuple[Feed, str]:
    """An address of one's calendar that opens without signing in; one that was made before opens nothing from now on. Returns the feed
    and its key, which is shown once and kept only as a digest."""
    person = personally(by)
    locks.lock(Person.objects.filter(pk=person.pk))
    at = now()
    renewed = Feed.objects.filter(person=person, revoked_at__isnull=True).update(revoked_at=at)
    key = secrets.token_urlsafe(32)
    feed = Feed.objects.create(person=person, digest=digest(key), made_at=at)
    record("talk.feed_renewed" if renewed else "talk.feed_made", by=by, objects={"person": person}, scopes=[person])
    return feed, key


@verb
def revoke_feed(*, by: Actor) -> None:
    """The address opens nothing any more."""
    person = personally(by)
    if not Feed.objects.filter(person=person, revoked_at__isnull=True).update(revoked_at=now()):
        raise Refusal("feed.none", _("Your calendar has no address."), status=409)
    record("talk.feed_revoked", by=by, objects={"person": person}, scopes=[person])


def digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
