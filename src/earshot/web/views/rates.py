"""Exchange rates: everybody sees by which figures sums are converted; operations enter them."""

from __future__ import annotations

from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from earshot.deals.queries import today
from earshot.deals.rates import Given, company_currency, enter_rates, live, of_csv, rates_on
from earshot.kit.problems import wrong
from earshot.people.permits import OPERATE
from earshot.people.standing import reach_of
from earshot.web.page import Done, Page
from earshot.web.templatetags.looks import quoted, when

SHOWN = 200
BYTES = 200_000


class Rates(Page):
    """The last figures, the newest first, and for operations the forms: one, or a file of many."""

    template = "web/rates.html"
    acts = {"enter": ("currency", "day", "rate"), "file": ("lines",)}

    def initial(self) -> dict[str, dict[str, Any]]:
        return {"enter": {"day": today().isoformat()}}

    def context(self) -> dict[str, Any]:
        own = company_currency()
        rows = list(live().select_related("person").order_by("-day", "currency")[:SHOWN])
        return {
            "own": own,
            "operates": OPERATE in reach_of(self.person).permissions,
            "current": [f"1 {one.currency} = {one.rate.normalize():f} {own}" for one in rates_on(today()).values()],
            "columns": [
                {"label": gettext_lazy("Currency")},
                {"label": gettext_lazy("Day")},
                {"label": gettext_lazy("Worth of one unit"), "number": True},
                {"label": gettext_lazy("Entered")},
                {"label": gettext_lazy("By whom")},
            ],
            "rows": [
                [
                    one.currency,
                    one.day.isoformat(),
                    f"{one.rate.normalize():f} {one.base}",
                    when(one.at),
                    quoted(one.person.name) if one.person else "",
                ]
                for one in rows
            ],
        }

    def enter(self, posted: QueryDict) -> Done:
        given = Given(posted.get("currency", ""), posted.get("day", ""), posted.get("rate", ""))
        return self.told(enter_rates(by=self.by, rates=[given]))

    def file(self, posted: QueryDict) -> Done:
        """A file that was chosen, or lines that were typed."""
        sent = self.request.FILES.get("file")
        text = posted.get("lines", "")
        if sent is not None:
            if sent.size is None or sent.size > BYTES:
                raise wrong("file", _("This file is too big for a list of rates."))
            try:
                text = sent.read().decode("utf-8-sig")
            except UnicodeDecodeError:
                raise wrong("file", _("This file is no text in UTF-8.")) from None
        return self.told(enter_rates(by=self.by, rates=of_csv(text)))

    @staticmethod
    def told(new: int) -> Done:
        if not new:
            return Done(_("These figures stood there already."))
        return Done(ngettext("%(n)s rate is entered.", "%(n)s rates are entered.", new) % {"n": new})
