"""Stating the figures that a decision goes by."""

from __future__ import annotations

from decimal import Decimal

from django.utils.translation import gettext_lazy as _

from earshot.deals import figures as known
from earshot.deals.actions.escalating import align
from earshot.deals.actions.writing import fresh, lapse_votes, touch
from earshot.deals.decisions import ADVANCE, DAYS, MARGIN, Figure
from earshot.deals.models import Deal
from earshot.journal.actions import record, verb
from earshot.journal.actors import Actor
from earshot.kit import now
from earshot.kit.problems import Together, in_each, wrong
from earshot.kit.texts import text
from earshot.people.actors import personally

SOURCE = 300
Value = str | int | Decimal | None


@verb
def state_figures(
    *,
    by: Actor,
    deal: Deal,
    version: int,
    gross_margin: Value = None,
    advance_share: Value = None,
    days_to_cash: Value = None,
    source: str,
) -> list[Figure]:
    """What a person states about the offer, in per cent and days, and where it is from; what is empty is not spoken of. What was stated
    before stays on record. A value that differs lets the votes at the gate lapse: they were about other figures."""
    person = personally(by)
    deal = fresh(by, deal, version)
    each = Together()
    typed = {MARGIN: gross_margin, ADVANCE: advance_share, DAYS: days_to_cash}
    given = {name: each(known.read, name, value) for name, value in typed.items()}
    source = each(text, "source", source, most=SOURCE)
    each.refuse()
    values = {name: value for name, value in given.items() if value is not None}
    if not values:
        raise wrong("gross_margin", _("State at least one of the three."))
    before = known.standing(deal)
    rows = [Figure(deal=deal, name=name, value=value, source=source, person=person, at=now()) for name, value in values.items()]
    Figure.objects.bulk_create(rows)
    touch(deal)
    data = {
        "figures": in_each(lambda: _("; ").join(str(known.KINDS[row.name].said(row.value)) for row in rows)),
        "values": {row.name: known.plain(row.value) for row in rows},
        "source": source,
        "version": deal.version,
    }
    stated = record("deals.figures_stated", by=by, objects={"deal": deal}, scopes=[deal], data=data)
    if any(name not in before or before[name].value != value for name, value in values.items()):
        lapse_votes(by.because(stated), deal, _("the figures are others now"))
        align(stated, deal)
    return rows
