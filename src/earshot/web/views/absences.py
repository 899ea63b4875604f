"""When somebody is away, and who decides meanwhile."""

from __future__ import annotations

from typing import Any

from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from earshot.desk.finding import FINDERS, find
from earshot.kit.problems import missing, say
from earshot.people import absences
from earshot.people.models import Absence
from earshot.people.models import Person as Somebody
from earshot.web import acts, parts
from earshot.web.page import Done, Page, one_id

MOST_BEFORE = 50


class Absences(Page):
    """The absences of a person: ahead, now and before; entered and ended here by him- or herself, a head above, or whoever administers."""

    template = "web/absences.html"
    kind = "person"
    live = True
    acts = {"enter": ("first", "last", "deputy", "reason"), "end": ("absence",)}

    def seek(self) -> None:
        super().seek()
        if not absences.may_enter(self.person, self.thing):
            raise missing()

    def context(self) -> dict[str, Any]:
        somebody: Somebody = self.thing
        rows = list(absences.of(somebody)[: 2 * MOST_BEFORE])
        acting = absences.stand_ins()
        colleagues = FINDERS["person"](self.person).filter(left_at__isnull=True).exclude(pk=somebody.pk).order_by("name", "pk")
        open_now = [row for row in rows if row.ended_at is None and row.last >= absences.today()]
        return {
            "person_url": acts.address("person", somebody.pk),
            "is_me": somebody.pk == self.person.pk,
            "today": absences.today(),
            "live_rows": [
                {
                    "row": row,
                    "begun": row.begun_at is not None,
                    "alone": row.begun_at is not None and somebody.pk not in acting,
                    "hidden": {"act": "end", "absence": str(row.pk)},
                }
                for row in reversed(open_now)
            ],
            "before": [row for row in rows if row not in open_now][:MOST_BEFORE],
            "represents": absences.represented_by(somebody),
            "deputies": parts.options(colleagues[:500]),
        }

    def enter(self, posted: QueryDict) -> Done:
        deputy = find(self.person, "person", one_id(to)) if (to := posted.get("deputy", "")) else None
        row = absences.record_absence(
            by=self.by,
            person=self.thing,
            first=posted.get("first", ""),
            last=posted.get("last", ""),
            deputy=deputy,
            reason=posted.get("reason", ""),
        )
        sentence = _("Entered: from {first} to {last}. {deputy} decides meanwhile.")
        return Done(say(sentence, first=row.first, last=row.last, deputy=row.deputy.name))

    def end(self, posted: QueryDict) -> Done:
        row = Absence.objects.filter(person=self.thing, pk=one_id(posted.get("absence", ""))).select_related("person").first()
        if row is None:
            raise missing()
        absences.end_absence(by=self.by, absence=row)
        return Done(_("The absence is over. What the deputy has decided stays decided."))


def address(person: Somebody) -> str:
    """The page of somebody's absences."""
    return reverse("absences", kwargs={"id": person.pk})
