"""A list of leads, brought in by operations: a file or its lines, its columns chosen, looked through before anything is written."""

from __future__ import annotations

import codecs
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, QueryDict
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from earshot.deals import leads
from earshot.desk.finding import FINDERS
from earshot.intake import lead_actions, queries
from earshot.intake.lead_actions import COLUMN, DATES, Sheet
from earshot.intake.leads import guessed
from earshot.intake.maps import FIELDS, LEADS
from earshot.intake.models import Finding
from earshot.intake.rules import SENTENCES
from earshot.intake.tables import Bad, columns_of
from earshot.kit import now
from earshot.kit.problems import Refusal, missing, say, wrong
from earshot.people.permits import OPERATE
from earshot.people.standing import reach_of
from earshot.web.page import Done, Page, is_id, one_id
from earshot.web.templatetags.looks import quoted

BYTES = 2_000_000
SHOWN = 200
CALLED = {
    "words": gettext_lazy("What was said"),
    "customer": gettext_lazy("Customer"),
    "id": gettext_lazy("Key of the row"),
    "speaker": gettext_lazy("Who said it"),
    "speaker_title": gettext_lazy("What that person is there"),
    "said_on": gettext_lazy("The day on which it was said"),
    "source": gettext_lazy("Source"),
    "category": gettext_lazy("What it is about"),
    "reporter": gettext_lazy("Who of us heard of it"),
}


class LeadImport(Page):
    """First a file or its lines; then its columns, with what would come in and what is bad; then it is brought in. Until then nothing is
    written."""

    template = "web/lead_import.html"
    acts = {"bring": ("name", "lines", "date", "reporter", "lead_source", *(f"{COLUMN}{name}" for name in CALLED))}

    def seek(self) -> None:
        if OPERATE not in reach_of(self.person).permissions:
            raise missing()

    def initial(self) -> Mapping[str, Mapping[str, Any]]:
        return {"bring": {"date": DATES[0], "reporter": str(self.person.pk)}}

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        if "look" not in request.POST:
            return super().post(request, **kwargs)
        typed = request.POST.copy()
        try:
            typed["lines"] = sent(request)
        except Refusal as refusal:
            self.refused, self.typed = refusal, typed
            return self.show(status=refusal.status)
        columns = columns_of(str(typed["lines"]))
        if not any(typed.get(f"{COLUMN}{name}") for name in CALLED):
            called = guessed(columns, {name: str(label) for name, label in CALLED.items()})
            typed.update({f"{COLUMN}{name}": column for name, column in called.items()})
        self.typed = typed
        try:
            lead_actions.look_at(sheet_of(typed), ordered_by=self.person)
        except Refusal as refusal:
            self.refused = refusal
        return self.show(status=self.refused.status if self.refused else 200)

    def context(self) -> dict[str, Any]:
        typed = self.typed
        columns = columns_of(str(typed.get("lines", ""))) if typed is not None else []
        known = [(str(pk), name) for pk, name in FINDERS["person"](self.person).order_by("name", "pk").values_list("pk", "name")]
        shown = {
            "columns": [(column, column) for column in columns],
            "fields": self.fields(columns),
            "people": known,
            "sources": [(code, str(row)) for code, row in leads.sources().items()],
            "dates": [(form, now().strftime(form)) for form in DATES],
            "heads": [
                {"label": gettext_lazy("Line")},
                {"label": gettext_lazy("Column")},
                {"label": gettext_lazy("Value")},
                {"label": gettext_lazy("What is wrong")},
                {"label": gettext_lazy("The row")},
            ],
        }
        return shown | self.looked_through() | self.brought()

    def fields(self, columns: Sequence[str]) -> list[dict[str, Any]]:
        """The choice of a column for each of our fields, those first that a row is nothing without."""
        if not columns:
            return []
        form = self.forms()["bring"]
        return [
            {
                "name": f"{COLUMN}{name}",
                "label": label,
                "value": form.value[f"{COLUMN}{name}"],
                "error": form.error[f"{COLUMN}{name}"],
                "optional": "" if FIELDS[LEADS][name] else "1",
            }
            for name, label in CALLED.items()
        ]

    def looked_through(self) -> dict[str, Any]:
        """What would come in, while nothing that was typed is wrong."""
        if self.typed is None or self.refused is not None:
            return {}
        map_, taken = lead_actions.look_at(sheet_of(self.typed), ordered_by=self.person)
        will = queries.forecast_leads(taken, map_)
        return {
            "will": will,
            "owners": [(owner.name, ngettext("%(n)s lead", "%(n)s leads", count) % {"n": count}) for owner, count in will.owners],
            "unread": taken.unknown_columns,
            "found": len(taken.found),
            "bad": [bad_row(one) for one in taken.found[:SHOWN]],
        }

    def brought(self) -> dict[str, Any]:
        """The findings of the import that was just done."""
        asked = self.request.GET.get("batch", "")
        batch = queries.batch(one_id(asked)) if is_id(asked) and self.typed is None else None
        if batch is None:
            return {}
        rows = queries.findings(batch)
        return {"batch": batch, "found": rows.count(), "bad": [kept_row(one) for one in rows[:SHOWN]]}

    def bring(self, posted: QueryDict) -> Done:
        map_, taken = lead_actions.look_at(sheet_of(posted), ordered_by=self.person)
        batch = lead_actions.take_in(map_, taken, ordered_by=self.person)
        counts = batch.counts
        said = say(
            _("{added} leads are brought in, {known} were here already, {findings} findings are kept."),
            added=counts["leads_added"],
            known=counts["leads_known"],
            findings=counts["findings"],
        )
        return Done(said, f"{reverse('lead_import')}?{urlencode({'batch': batch.pk})}")


def sent(request: HttpRequest) -> str:
    """A file that was chosen, or the lines that stand in the form."""
    file = request.FILES.get("file")
    if file is None:
        return request.POST.get("lines", "")
    if file.size is None or file.size > BYTES:
        raise wrong("file", _("This file is too big for this page."))
    content = file.read()
    utf_16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    for encoding in () if utf_16 else ("utf-8-sig", "gb18030"):
        try:
            return str(content.decode(encoding)).replace("\x00", "�")
        except UnicodeDecodeError:
            continue
    raise wrong("file", _("This file is no text in UTF-8 or GB 18030. Save it as CSV."))


def sheet_of(posted: QueryDict) -> Sheet:
    given = {name: posted.get(name, "") for name in ("name", "date", "reporter", "lead_source")}
    columns = {name: posted.get(f"{COLUMN}{name}", "") for name in CALLED}
    return Sheet(lines=posted.get("lines", ""), columns=columns, **given)


def fate(brought_in: bool) -> str:
    return _("brought in without it") if brought_in else _("not brought in")


def bad_row(bad: Bad) -> list[Any]:
    return [bad.row.line, quoted(bad.column), quoted(bad.value[:100]), SENTENCES[bad.code], fate(bad.brought_in)]


def kept_row(one: Finding) -> list[Any]:
    return [one.line, quoted(one.column), quoted(one.value[:100]), SENTENCES[one.code], fate(one.brought_in)]
