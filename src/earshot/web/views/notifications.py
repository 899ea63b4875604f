"""What reaches me, by which way, and when; and the calendar that other programs read."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from earshot.desk.feed import calendar_of
from earshot.desk.finding import find
from earshot.kit.problems import say
from earshot.people.standing import for_request
from earshot.talk import rules
from earshot.talk.actions import channels as verbs
from earshot.talk.feeds import live_of, person_of
from earshot.talk.letters import home
from earshot.talk.models import Channel, Wishes
from earshot.talk.notices import wishes_of
from earshot.web.page import Done, Page, one_id

OPTIONS = [
    {"value": "mail", "label": gettext_lazy("Mail")},
    {"value": "wecom", "label": gettext_lazy("WeCom robot")},
    {"value": "dingtalk", "label": gettext_lazy("DingTalk robot")},
    {"value": "feishu", "label": gettext_lazy("Feishu robot")},
    {"value": "webhook", "label": gettext_lazy("Webhook: signed JSON for a program of your own")},
]


class Notifications(Page):
    """Channels, quiet hours, digest, calendar feed: all of them one's own."""

    template = "web/notifications.html"
    acts = {
        "add": ("kind", "address", "secret"),
        "confirm": ("channel", "code"),
        "send_code": ("channel",),
        "choose": ("channel", "at_once", "digest"),
        "try": ("channel",),
        "mend": ("channel",),
        "end": ("channel",),
        "wishes": ("quiet_from", "quiet_to", "working_time", "urgent", "digest_at", "language"),
        "make_feed": (),
        "revoke_feed": (),
    }
    failing = {"add": gettext_lazy("The channel was not added."), "confirm": gettext_lazy("The channel is not confirmed yet.")}
    secret = feed_address = ""

    def wished(self) -> Wishes:
        return Wishes.objects.filter(person=self.person).first() or wishes_of(self.person)

    def initial(self) -> dict[str, dict[str, Any]]:
        wished = self.wished()
        mail = settings.MAIL is not None
        return {
            "add": {"kind": "mail" if mail else "", "address": self.person.email if mail else ""},
            "wishes": {
                "quiet_from": rules.face(wished.quiet_from),
                "quiet_to": rules.face(wished.quiet_to),
                "working_time": wished.working_time,
                "urgent": wished.urgent,
                "digest_at": rules.face(wished.digest_at),
                "language": wished.language,
            },
        }

    def context(self) -> dict[str, Any]:
        channels = Channel.objects.filter(person=self.person, ended_at__isnull=True).order_by("added_at", "pk")
        return {
            "channels": [self.shown(channel) for channel in channels],
            "options": [option for option in OPTIONS if option["value"] != "mail" or settings.MAIL is not None],
            "no_mail": settings.MAIL is None,
            "languages": [(code, str(name)) for code, name in settings.LANGUAGES],
            "secret": self.secret,
            "feed": live_of(self.person),
            "feed_address": self.feed_address,
        }

    def shown(self, channel: Channel) -> dict[str, Any]:
        one = str(channel.pk)
        language = "en" if (get_language() or "").startswith("en") else "zh-hans"
        carries = [str(word) for goes, word in ((channel.at_once, _("at once")), (channel.digest, _("digest"))) if goes]
        return {
            "id": one,
            "name": verbs.NAMES[channel.kind],
            "address": verbs.shown(channel),
            "is_robot": channel.kind in rules.ROBOTS,
            "confirmed": channel.confirmed_at,
            "carries": _(", ").join(carries),
            "at_once": channel.at_once,
            "digest": channel.digest,
            "sent_at": channel.sent_at,
            "failing": channel.failing_since,
            "given_up": channel.given_up_at,
            "trouble": (channel.trouble or {}).get(language, ""),
            "hidden": {act: {"act": act, "channel": one} for act in ("confirm", "send_code", "choose", "try", "mend", "end")},
        }

    def channel(self, posted: QueryDict) -> Channel:
        found: Channel = find(self.person, "channel", one_id(posted.get("channel", "")))
        return found

    def do(self, name: str, posted: QueryDict) -> Done | HttpResponseBase:
        return self.try_out(posted) if name == "try" else super().do(name, posted)

    def add(self, posted: QueryDict) -> Done | HttpResponseBase:
        """The secret of a webhook is shown on this answer and nowhere else: so it is no redirect."""
        kind, address, secret = (posted.get(name, "") for name in ("kind", "address", "secret"))
        channel, self.secret = verbs.add_channel(by=self.by, kind=kind, address=address, secret=secret)
        if self.secret:
            return self.shown_once()
        return Done(say(_("A code is on its way to {address}. Type it here."), address=verbs.shown(channel)), self.place(channel))

    def confirm(self, posted: QueryDict) -> Done:
        channel = self.channel(posted)
        verbs.confirm_channel(by=self.by, channel=channel, code=posted.get("code", ""))
        return Done(_("Confirmed. What is for you comes this way from now on."), self.place(channel))

    def send_code(self, posted: QueryDict) -> Done:
        channel = self.channel(posted)
        verbs.send_code(by=self.by, channel=channel)
        return Done(_("Another code is on its way; the former one is good no more."), self.place(channel))

    def choose(self, posted: QueryDict) -> Done:
        channel = self.channel(posted)
        verbs.choose_channel(by=self.by, channel=channel, at_once=bool(posted.get("at_once")), digest=bool(posted.get("digest")))
        return Done(_("Saved."), self.place(channel))

    def try_out(self, posted: QueryDict) -> Done:
        channel = self.channel(posted)
        verbs.try_channel(by=self.by, channel=channel)
        return Done(_("A trial is on its way."), self.place(channel))

    def mend(self, posted: QueryDict) -> Done:
        channel = self.channel(posted)
        verbs.mend_channel(by=self.by, channel=channel)
        return Done(_("It is being tried again."), self.place(channel))

    def end(self, posted: QueryDict) -> Done:
        verbs.end_channel(
            by=self.by,
            channel=self.channel(posted),
        )
        return Done(_("Nothing goes this way any more."))

    def wishes(self, posted: QueryDict) -> Done:
        verbs.set_wishes(
            by=self.by,
            quiet_from=posted.get("quiet_from", ""),
            quiet_to=posted.get("quiet_to", ""),
            working_time=bool(posted.get("working_time")),
            urgent=bool(posted.get("urgent")),
            digest_at=posted.get("digest_at", ""),
            language=posted.get("language", ""),
        )
        return Done(_("Saved. What is waiting goes by it, too."))

    def make_feed(self, posted: QueryDict) -> HttpResponseBase:
        _feed, key = verbs.make_feed(by=self.by)
        self.feed_address = home(reverse("feed", kwargs={"key": key}))
        return self.shown_once()

    def revoke_feed(self, posted: QueryDict) -> Done:
        verbs.revoke_feed(by=self.by)
        return Done(_("The address opens nothing any more."))

    def shown_once(self) -> HttpResponseBase:
        response = self.show()
        response["Cache-Control"] = "no-store"
        return response

    def place(self, channel: Channel) -> str:
        return f"{self.request.path}#channel-{channel.pk}"


@require_safe
def feed(request: HttpRequest, key: str) -> HttpResponse:
    """A calendar, to whoever knows its address; nothing here says whether an unknown one was ever good."""
    person = person_of(key)
    if person is None:
        raise Http404
    response = HttpResponse(calendar_of(for_request(person)), content_type="text/calendar; charset=utf-8")
    response["Cache-Control"] = "private, max-age=300"
    response["X-Robots-Tag"] = "noindex"
    return response
