"""What this room tells a gate: which call has no result (law 5), and whether the stage says what it calls for (B20.3a)."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from earshot.calls import queries, rules
from earshot.calls.actions import who_owes
from earshot.calls.policies import STAGE_SAYS_SUPPORT
from earshot.deals.models import Deal
from earshot.deals.policies import standing
from earshot.deals.rules import Condition
from earshot.journal.kinds import ref
from earshot.kit.problems import Line, say
from earshot.playbooks import queries as playbook


def every_call_has_a_result(deal: Deal) -> list[Condition]:
    """One condition for each call of the deal, one for each support of the stage that was never called, and one where the
    table is silent about the stage."""
    reads = queries.read_of_deal(deal)
    lacking = set(rules.without_result(rules.CallNow(r.call.pk, r.result is not None, r.ending is not None) for r in reads))
    conditions = []
    for read in reads:
        met = read.call.pk not in lacking
        person = read.assignment.person.name if read.assignment else ""
        if read.ending:
            sentence = say(
                _("{call} was ended by {name}: {reason}"), call=read.call, name=read.ending.person.name, reason=read.ending.reason
            )
        elif met:
            sentence = say(_("{call} has a result ({unit})"), call=read.call, unit=read.call.unit.name)
        else:
            sentence = say(_("{call} has no result yet ({unit})"), call=read.call, unit=read.call.unit.name)
        code = "call.has_result" if met else "call.no_result"
        line = Line(code, sentence, about=ref(read.call), who=person, act="deliver", target=ref(read.call))
        conditions.append(Condition(met, line, part="result", lasts=True))
    return conditions + _table(deal, {read.call.support_code for read in reads})


def would_be_called(deal: Deal) -> list[Line]:
    """The calls that the process would raise if the deal stood as it is handed in here: what, and who would answer for it."""
    called = {read.call.support_code for read in queries.read_of_deal(deal)}
    lines = []
    for row in queries.uncalled(playbook.triggers(deal.stage.code), deal, called):
        unit, person = who_owes(row.support)
        sentence = say(
            _("“{support}” is called from {unit}; {name} answers for it."), support=row.support, unit=unit.name, name=person.name
        )
        lines.append(Line(row.support.code, sentence, about=ref(deal), who=person.name))
    return lines


def _table(deal: Deal, called: set[str]) -> list[Condition]:
    rows = playbook.triggers(deal.stage.code)
    conditions = []
    for row in queries.uncalled(rows, deal, called):
        sentence = say(_("The support “{support}” of this stage has not been called yet."), support=row.support)
        who = _("the process itself, as soon as somebody tries the gate") if row.when else _("the process itself, within a minute")
        conditions.append(Condition(False, Line("call.not_raised", sentence, about=ref(deal), who=who), part=f"calls:{row.support.code}"))
    if not rows and not playbook.says_none_needed(deal.stage.code):
        sentence = say(_("The playbook does not say which support the stage “{stage}” needs, nor that none is needed."), stage=deal.stage)
        line = Line("call.table_silent", sentence, about=ref(deal), who=_("sales operations"), judged=False)
        conditions.append(Condition(None, line, standing(deal).warns(STAGE_SAYS_SUPPORT)))
    return conditions
