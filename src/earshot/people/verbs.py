"""The journal verbs and kinds of this room."""

from django.utils.translation import gettext_lazy as _

from earshot.journal import kinds, verbs
from earshot.people.models import Absence, Person, Token, Unit, WorkingCalendar

kinds.register("unit", Unit)
kinds.register("person", Person, page="person")
kinds.register("token", Token, label=lambda token: token.name)
kinds.register("calendar", WorkingCalendar, page="calendar")
kinds.register("absence", Absence, label=lambda absence: f"{absence.first} – {absence.last}")
verbs.register(
    {
        "people.unit_added": _("{actor} added the unit {unit}"),
        "people.head_appointed": _("{actor} appointed {person} head of {unit}"),
        "people.person_added": _("{actor} added {person}"),
        "people.handed_over": _("{actor} handed over what was open of {person} to {heir} ({n}): {reason}"),
        "people.deputy_handed": _("{deputy} decides for {person} in place of {former}"),
        "people.left": _("{actor} recorded that {person} is no longer with the company: {reason}"),
        "people.left_with_heir": _("{actor} recorded that {person} is no longer with the company; {heir} takes over ({n}): {reason}"),
        "people.post_given": _("{actor} gave {person} the role “{post}” in {unit}"),
        "people.post_ended": _("{actor} ended the role “{post}” of {person} in {unit}: {reason}"),
        "people.skill_given": _("{actor} recorded the skill {skill} of {person} at level {level}: {evidence}"),
        "people.skill_ended": _("{actor} ended the skill {skill} of {person}, held until {until}: {reason}"),
        "people.permission_given": _("{actor} gave {person} the permission “{permission}”"),
        "people.permission_ended": _("{actor} ended the permission “{permission}” of {person}: {reason}"),
        "people.login_given": _("{actor} gave {person} a login"),
        "people.token_made": _("{actor} made the token {token}"),
        "people.token_revoked": _("{actor} revoked the token {token}"),
        "people.calendar_set": _("{actor} set the working calendar {calendar}"),
        "people.own_days_begun": _("{actor} began a table of days of its own for {unit}"),
        "people.hours_changed": _("{actor} changed the hours of {calendar}: {hours} ({zone})"),
        "people.days_changed": _("{actor} changed days in {calendar}: {changes}"),
        "people.year_confirmed": _("{actor} confirmed the holidays and make-up days of {year} in {calendar}"),
        "people.year_unconfirmed": _("{actor} took back the confirmation of {year} in {calendar}: {reason}"),
        "people.calendar_given": _("{actor} let {unit} work by another calendar: {calendar}"),
        "people.absence_entered": _("{actor} recorded that {person} is away from {first} to {last}; {deputy} decides meanwhile"),
        "people.absence_begun": _("{person} is away until {last}; {deputy} decides meanwhile"),
        "people.absence_ended": _("{person} is back; {deputy} stands in no more ({actor})"),
        "people.standing_rebuilt": _("{actor} rebuilt standing: {added} added, {ended} ended"),
    }
)
