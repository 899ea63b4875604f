"""My unit: what waits, what is late, what is empty and what slips, of the units that somebody heads; mended right there."""

from __future__ import annotations

from typing import Any

from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from earshot.clocks.actions import see_to
from earshot.clocks.models import Alarm
from earshot.deals.actions import change_deal, decide, vote
from earshot.desk.finding import find
from earshot.desk.queries import DayLine
from earshot.desk.unit import MOST, Decision, my_unit
from earshot.kit.problems import Refusal, say
from earshot.teams.actions import nominate
from earshot.web import acts, parts
from earshot.web.page import Done, Page, ids, one_id, version
from earshot.web.views import dissents, giving_up
from earshot.web.views.day import take_note_of
from earshot.web.views.dissents import settled
from earshot.web.views.giving_up import spoken


class MyUnit(Page):
    """For heads, of one unit or several."""

    template = "web/my_unit.html"
    live = True
    acts = {
        "vote": ("deal", "version", "approves", "reason"),
        "refuse": ("deal", "version", "reason"),
        "settle": ("deal", "version", "dissent", "goes_on", "words"),
        "speak": ("deal", "version", "agrees", "words"),
        "take_note": ("shown",),
        "see_to": (),
        "nominate": ("seat", "person"),
        "set_date": ("deal", "version", "due"),
    }
    waiting = 0

    def waits(self) -> int:
        return self.waiting

    def context(self) -> dict[str, Any]:
        unit = my_unit(self.person)
        if unit is None:
            return {"unit": None}
        self.waiting = unit.decisions_count + unit.breaches_count
        return {
            "unit": unit,
            "most": MOST,
            "units": _(", ").join(one.name for one in unit.units),
            "decisions": [decision(one) for one in unit.decisions],
            "breaches": [breach(one) for one in unit.breaches],
            "chairs": [
                {
                    "id": str(one.seat.pk),
                    "role": one.role,
                    "deal": str(one.deal),
                    "url": f"{acts.address('deal', one.deal.pk)}#team",
                    "options": [(str(who.pk), who.name) for who in one.fitting],
                    "nominate": {"act": "nominate", "seat": str(one.seat.pk)},
                }
                for one in unit.chairs
            ],
            "slipping": [
                {
                    "id": str(deal.pk),
                    "deal": str(deal),
                    "url": acts.address("deal", deal.pk),
                    "owner": deal.owner.name,
                    "due": deal.due,
                    "goal": deal.goal,
                    "stage": str(deal.stage),
                    "version": deal.version,
                    "set_date": {"act": "set_date", "deal": str(deal.pk)},
                }
                for deal in unit.slipping
            ],
            "late_url": f"{reverse('deals')}?how=late",
        }

    def vote(self, posted: QueryDict) -> Done:
        deal = find(self.person, "deal", one_id(posted.get("deal", "")))
        if posted.get("approves") not in ("yes", "no"):
            raise Refusal("vote.not_chosen", _("That cannot be done as it stands."), fields={"approves": _("Choose one of the two.")})
        vote(
            by=self.by,
            deal=deal,
            approves=posted["approves"] == "yes",
            reason=posted.get("reason", ""),
            version=version(posted.get("version", "")),
        )
        return Done(say(_("Your vote on {deal} is recorded."), deal=deal))

    def refuse(self, posted: QueryDict) -> Done:
        deal = find(self.person, "deal", one_id(posted.get("deal", "")))
        decide(by=self.by, deal=deal, approves=False, reason=posted.get("reason", ""), version=version(posted.get("version", "")))
        return Done(say(_("Your decision on {deal} is recorded."), deal=deal))

    def settle(self, posted: QueryDict) -> Done:
        deal = find(self.person, "deal", one_id(posted.get("deal", "")))
        return Done(settled(self.by, deal, posted))

    def speak(self, posted: QueryDict) -> Done:
        deal = find(self.person, "deal", one_id(posted.get("deal", "")))
        return Done(spoken(self.by, deal, posted))

    def take_note(self, posted: QueryDict) -> Done:
        return Done(take_note_of(self, posted))

    def see_to(self, posted: QueryDict) -> Done:
        see_to(by=self.by, alarms=Alarm.objects.filter(pk__in=ids(posted.get("alarms", ""))))
        return Done(_("It stands in the record that you see to it. If it is still open tomorrow, it stands here again."))

    def nominate(self, posted: QueryDict) -> Done:
        seat = find(self.person, "seat", one_id(posted.get("seat", "")))
        if not posted.get("person"):
            raise Refusal("input.invalid", _("That cannot be done as it stands."), fields={"person": _("Please fill this in.")})
        person = find(self.person, "person", one_id(posted.get("person", "")))
        nominate(by=self.by, seat=seat, person=person)
        return Done(say(_("{name} is asked to take the seat."), name=person.name))

    def set_date(self, posted: QueryDict) -> Done:
        deal = find(self.person, "deal", one_id(posted.get("deal", "")))
        if not posted.get("due"):
            raise Refusal("input.invalid", _("That cannot be done as it stands."), fields={"due": _("Please fill this in.")})
        changed = change_deal(by=self.by, deal=deal, version=version(posted.get("version", "")), due=posted.get("due", ""))
        return Done(say(_("{deal} has another date."), deal=changed))


def decision(one: Decision) -> dict[str, Any]:
    """One that the head takes here: what it is about, the words to be heard first, and the form of its act."""
    deal, given = one.deal, one.voice.giving_up if one.voice else None
    whom = {"settle": one.dissent, "speak": one.voice}.get(one.kind)
    hidden = {"act": one.kind, "deal": str(deal.pk)} | ({"dissent": str(one.dissent.pk)} if one.dissent else {})
    return {
        "kind": one.kind,
        "id": str(whom.pk if whom is not None else deal.pk),
        "deal": str(deal),
        "url": reverse("giving_up" if given else "gate", kwargs={"id": deal.pk}),
        "account": deal.account.name if deal.account else "",
        "gate": deal.stage.gate if given is None else None,
        "amount": deal.amount,
        "currency": deal.currency,
        "asked_for": one.asking.instead_of.name if one.asking and one.asking.instead_of else "",
        "against": {"name": one.dissent.vote.person.name, "role": one.dissent.role, "reason": one.dissent.vote.reason}
        if one.dissent
        else None,
        "given": given
        and {
            "name": given.person.name,
            "reason": given.reason,
            "tried": [{"tried": row.tried, "came": row.came_of_it} for row in given.alternatives.all()],
        },
        "quotes": [parts.quote(read) for read in one.words],
        "more": one.more,
        "unheard": len(one.unheard),
        "note": {"act": "take_note", "shown": ",".join(str(pk) for pk in one.unheard)},
        "version": deal.version,
        "hidden": hidden,
        "choices": CHOICES[one.kind],
    }


CHOICES = {
    "vote": [("yes", gettext_lazy("I approve")), ("no", gettext_lazy("I am against"))],
    "settle": dissents.CHOICES,
    "speak": giving_up.CHOICES,
    "refuse": [],
}


def breach(line: DayLine) -> dict[str, Any]:
    """A duty of the unit that has run out: seen to here, where the head was told of it; else where it is mended."""
    shown = acts.duty(line, {})
    if line.act == "see_to":
        shown["hidden"] = {**shown["hidden"]}
        shown["act_post"] = reverse("my_unit")
        shown["hidden"].pop("next", None)
    elif line.act == "open":
        shown |= {"act_label": pgettext("go to what is late", "Look"), "act_url": acts.of(line.target)}
    return shown
