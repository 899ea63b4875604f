"""Working calendars: by what hours and days a unit works. Whoever administers changes them; everybody sees those of the own unit."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse, HttpResponseBase, QueryDict
from django.urls import reverse
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from earshot.desk.finding import find
from earshot.desk.queries import timeline
from earshot.kit import now
from earshot.kit.problems import Together, missing, say, wrong
from earshot.people import calendars, rules
from earshot.people.models import Person, Unit, WorkingCalendar
from earshot.people.permits import ADMINISTER
from earshot.people.queries import business_time_of, calendars_visible_to, days_of, first_calendar, inherited_days
from earshot.people.rules import EXCEPTION, KINDS
from earshot.people.standing import reach_of
from earshot.web import acts, parts, year
from earshot.web.page import Done, Form, Page, one_id, version
from earshot.web.tables import link, under
from earshot.web.templatetags.looks import quoted
from earshot.web.times import WEEKDAYS, when

MOST_BYTES = 1_000_000
COUNTRIES = ("CN", "HK", "MO", "TW", "SG", "DE", "FR", "GB", "US", "AE", "SA", "EG", "KE", "ZA", "IN", "ID", "VN", "TH", "BR", "MX")


def units_of(one: WorkingCalendar) -> list[str]:
    """Who works by it, named: the units that it was given to, or the one whose days these are."""
    return [one.of_unit.name] if one.of_unit else [unit.name for unit in one.unit_set.all()]


def find_chosen(person: Person, typed: str) -> Unit:
    if not typed:
        raise wrong("unit", _("Choose one of the list."))
    unit: Unit = find(person, "unit", one_id(typed))
    return unit


class Calendars(Page):
    template = "web/calendars.html"
    live = True
    acts = {"set": ("name", "zone", "country"), "own": ("unit", "day", "hours", "name"), "use": ("unit", "calendar")}

    def initial(self) -> dict[str, dict[str, Any]]:
        return {"set": {"zone": "Asia/Shanghai", "country": "CN"}}

    def context(self) -> dict[str, Any]:
        rows = calendars_visible_to(self.person).select_related("of_unit").prefetch_related("unit_set")
        found = list(rows.order_by("of_unit__name", "name", "pk"))
        administers = ADMINISTER in reach_of(self.person).permissions
        first = first_calendar().first()
        units = list(Unit.objects.select_related("calendar").order_by("name", "pk")) if administers else []
        return {
            "columns": [
                {"label": gettext_lazy("Calendar")},
                {"label": gettext_lazy("Who works by it")},
                {"label": gettext_lazy("Time zone")},
                {"label": gettext_lazy("Confirmed to")},
            ],
            "rows": [
                [
                    under(link(acts.address("calendar", one.pk), one.name), _("days of one unit") if one.of_unit else ""),
                    quoted(", ".join([*units_of(one), *([_("everybody else")] if first and one.pk == first.pk else [])])),
                    one.zone or _("that of the calendar above"),
                    when(one.confirmed_to) if one.confirmed_to else "",
                ]
                for one in found
            ],
            "administers": administers,
            "units": [(str(unit.pk), f"{unit.name} ({unit.calendar})" if unit.calendar else unit.name) for unit in units],
            "whole": [(str(one.pk), one.name) for one in found if not one.of_unit_id],
            "countries": [(code, code) for code in COUNTRIES],
        }

    def set(self, posted: QueryDict) -> Done:
        made = calendars.set_calendar(
            by=self.by, name=posted.get("name", ""), zone=posted.get("zone", ""), country=posted.get("country", "")
        )
        return Done(say(_("The calendar “{name}” is set."), name=made.name), acts.address("calendar", made.pk))

    def own(self, posted: QueryDict) -> Done:
        """The table of a unit begins with its first day: to look at the form makes none."""
        each = Together()
        unit = each(find_chosen, self.person, posted.get("unit", ""))
        day = each(rules.day, "day", posted.get("day", ""))
        each(rules.hours, "hours", posted.get("hours", ""))
        each.refuse()
        made = calendars.own_days(by=self.by, unit=unit)
        hours, name = posted.get("hours", ""), posted.get("name", "")
        calendars.set_day(by=self.by, calendar=made, day=day, kind=EXCEPTION, hours=hours, name=name)
        return Done(_("The day is kept; time limits that run will move with it."), acts.address("calendar", made.pk))

    def use(self, posted: QueryDict) -> Done:
        unit = find(self.person, "unit", one_id(posted.get("unit", "")))
        chosen = posted.get("calendar", "")
        calendars.use_calendar(by=self.by, unit=unit, calendar=find(self.person, "calendar", one_id(chosen)) if chosen else None)
        return Done(say(_("{unit} works by another calendar now; time limits that run will move."), unit=unit.name))


class Calendar(Page):
    template = "web/calendar.html"
    kind = "calendar"
    live = True
    acts = {
        "hours": ("name", "zone", *(f"weekly_{n}" for n in range(1, 8))),
        "day": ("day", "kind", "hours", "name"),
        "remove": ("day",),
        "seed": ("country",),
        "confirm": ("year",),
        "unconfirm": ("year", "reason"),
        "preview": ("file",),
        "take_in": (),
    }
    preview_of: dict[str, Any] | None = None

    @property
    def year(self) -> int:
        """The year shown: asked for, or that of today where the company is."""
        typed = self.request.POST.get("shown") or self.request.GET.get("year") or ""
        if not typed:
            return localtime(now()).year
        if not typed.isascii() or not typed.isdigit() or not rules.FIRST_YEAR <= int(typed[:5]) <= rules.LAST_YEAR:
            raise missing()
        return int(typed)

    def at_year(self, number: int) -> str:
        return f"{self.request.path}?year={number}"

    def initial(self) -> dict[str, dict[str, Any]]:
        one: WorkingCalendar = self.thing
        weekly = {f"weekly_{n}": rules.written(spans) for n, spans in enumerate(one.weekly, 1)}
        kind = EXCEPTION if one.of_unit_id else rules.HOLIDAY
        return {"hours": {"name": one.name, "zone": one.zone, **weekly}, "day": {"kind": kind}, "seed": {"country": "CN"}}

    def context(self) -> dict[str, Any]:
        one: WorkingCalendar = self.thing
        number = self.year
        time = business_time_of(one.of_unit_id) if one.of_unit_id else None
        calendar = time.calendar if time else one.as_calendar()
        confirmed_to = time.confirmed_to if time else one.confirmed_to
        assert confirmed_to is not None
        own = days_of(one)
        shown = (inherited_days(one.of_unit_id) if one.of_unit_id else {}) | own
        here = {"next": self.at_year(number), "shown": str(number)}
        entered = [day for day in sorted(own.values(), key=lambda day: day.day) if day.day.year == number]
        return {
            "year": number,
            "years": [
                {"url": self.at_year(each), "label": str(each), "current": each == number}
                for each in range(max(number - 2, rules.FIRST_YEAR), min(number + 2, rules.LAST_YEAR) + 1)
            ],
            "months": year.months(number, calendar, shown, today=localtime(now(), calendar.zone).date(), confirmed_to=confirmed_to),
            "legend": year.legend(),
            "confirmed_to": confirmed_to,
            "next_year": confirmed_to.year + 1,
            "zone": str(calendar.zone),
            "week": [{"label": name, "hours": rules.written(spans)} for name, spans in zip(WEEKDAYS, calendar.weekly, strict=True)],
            "units": units_of(one),
            "administers": ADMINISTER in reach_of(self.person).permissions,
            "kinds": [(kind, name) for kind, name in KINDS.items() if (kind == EXCEPTION) == bool(one.of_unit_id)],
            "countries": [(code, code) for code in COUNTRIES],
            "weekdays": [{"label": name} for name in WEEKDAYS],
            "columns": [
                {"label": gettext_lazy("Day")},
                {"label": gettext_lazy("Kind")},
                {"label": gettext_lazy("Name")},
                {"label": gettext_lazy("Hours")},
            ],
            "days": [
                [
                    f"{day.day.isoformat()} {WEEKDAYS[day.day.weekday()]}",
                    KINDS[day.kind],
                    quoted(day.name),
                    rules.written(day.spans) or _("nobody works"),
                ]
                for day in entered
            ],
            "hidden": {name: {"act": name, **here} for name in self.acts},
            "unconfirm": {"act": "unconfirm", "year": str(confirmed_to.year), "version": str(one.version), **here},
            "confirm": {"act": "confirm", "year": str(confirmed_to.year + 1), "version": str(one.version), **here},
            "export_url": reverse("calendar_days", kwargs={"id": one.pk}),
            "preview": self.preview_of,
            "entries": parts.entries(timeline(self.person, one.pk, most=30)),
        }

    def forms(self) -> dict[str, Form]:
        """A day is removed with the form in which it is entered."""
        made = super().forms()
        if made["remove"].open:
            made["day"].value |= made["remove"].value
            made["day"].error |= made["remove"].error
        return made

    def _version(self, posted: QueryDict) -> int | None:
        return version(posted.get("version", "")) if posted.get("version") else None

    def hours(self, posted: QueryDict) -> Done:
        calendars.change_hours(
            by=self.by,
            calendar=self.thing,
            name=posted.get("name", ""),
            zone=posted.get("zone", ""),
            weekly=[posted.get(f"weekly_{n}", "") for n in range(1, 8)],
            version=self._version(posted),
        )
        return Done(_("The hours are kept; time limits that run will move with them."))

    def day(self, posted: QueryDict) -> Done:
        each = Together()
        chosen = each(rules.day, "day", posted.get("day", ""))
        each(rules.hours, "hours", posted.get("hours", ""))
        each.refuse()
        calendars.set_day(
            by=self.by,
            calendar=self.thing,
            day=chosen,
            kind=posted.get("kind", ""),
            hours=posted.get("hours", ""),
            name=posted.get("name", ""),
            version=self._version(posted),
        )
        return Done(_("The day is kept; time limits that run will move with it."))

    def remove(self, posted: QueryDict) -> Done:
        calendars.remove_day(by=self.by, calendar=self.thing, day=rules.day("day", posted.get("day", "")), version=self._version(posted))
        return Done(_("The week holds again on this day; time limits that run will move with it."))

    def seed(self, posted: QueryDict) -> Done:
        country = posted.get("country", "")
        calendars.seed_year(by=self.by, calendar=self.thing, year=self.year, country=country, version=self._version(posted))
        return Done(
            say(_("The public holidays of {year} stand as the house knows them. Look at them before you confirm the year."), year=self.year)
        )

    def confirm(self, posted: QueryDict) -> Done:
        number = version(posted.get("year", ""))
        calendars.confirm_year(by=self.by, calendar=self.thing, year=number, version=self._version(posted))
        return Done(say(_("{year} is confirmed: times due in it are no longer provisional."), year=number))

    def unconfirm(self, posted: QueryDict) -> Done:
        number = version(posted.get("year", ""))
        reason = posted.get("reason", "")
        calendars.unconfirm_year(by=self.by, calendar=self.thing, year=number, reason=reason, version=self._version(posted))
        return Done(say(_("{year} is confirmed no more: times due in it are provisional."), year=number))

    def preview(self, posted: QueryDict) -> HttpResponseBase:
        """What the file would do, and what in it cannot be read. Nothing is written."""
        calendars.may_change(self.by)
        sent = self.request.FILES.get("file")
        if sent is None:
            raise wrong("file", _("Choose a file."))
        if (sent.size or 0) > MOST_BYTES:
            raise wrong("file", _("The file is too big for a table of days."))
        self.look_at(rules.decoded(sent.read()), sent.name or "days.csv")
        return self.show()

    def look_at(self, content: str, file: str) -> None:
        """Show what the file would do to the calendar as it stands now."""
        found = calendars.preview_days(self.thing, content, file=file)
        told = [
            {"day": each.day, "before": calendars.told_day(each.before), "after": calendars.told_day(each.after)} for each in found.changes
        ]
        n = len(told)
        self.preview_of = {
            "file": file,
            "bad": [{"sentence": calendars.told_cell(cell), "judged": True} for cell in found.bad],
            "changes": told,
            "sum": ngettext("%(n)s day changes", "%(n)s days change", n) % {"n": n},
            "same": ngettext("%(n)s day stays", "%(n)s days stay", found.same) % {"n": found.same},
            "years": ", ".join(map(str, found.years)),
            "hidden": {
                "act": "take_in",
                "content": content,
                "file": file,
                "version": str(self.thing.version),
                "next": self.at_year(found.years[0] if found.years else self.year),
            },
        }

    def show(self, status: int = 200) -> HttpResponse:
        """Somebody else was quicker: what the file would do now stands there to be looked at again, so that nobody fetches it anew."""
        if self.refused is not None and self.typed is not None and self.typed.get("act") == "take_in" and self.preview_of is None:
            self.look_at(self.typed.get("content", ""), self.typed.get("file", "")[:200])
        return super().show(status)

    def take_in(self, posted: QueryDict) -> Done:
        file = posted.get("file", "")[:200]
        calendars.import_days(by=self.by, calendar=self.thing, content=posted.get("content", ""), file=file, version=self._version(posted))
        return Done(_("The file is taken in; time limits that run will move with it."))


class Days(Page):
    """The table of days as a file, to be changed in a spreadsheet and taken in again."""

    kind = "calendar"

    def show(self, status: int = 200) -> HttpResponse:
        content = rules.write_days(days_of(self.thing).values())
        response = HttpResponse("\ufeff" + content, content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="days-{self.thing.pk}.csv"'
        return response
