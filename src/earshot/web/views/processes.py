"""A deal moved to a newer process: what changes for it first, then the act; and many deals at once, for sales operations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from earshot.deals import processes
from earshot.deals.actions import move_all_to_process, move_to_process
from earshot.deals.models import Deal
from earshot.kit.problems import Refusal, say
from earshot.people import permits
from earshot.people.permits import OPERATE
from earshot.people.standing import reach_of
from earshot.web import acts
from earshot.web.page import Done, Page, version, words

GROUPS = (
    (("stage",), gettext_lazy("Stages")),
    (("gate", "decider"), gettext_lazy("Gates and who decides")),
    (("condition",), gettext_lazy("What is asked")),
    (("size",), gettext_lazy("Size")),
    (("seat",), gettext_lazy("Team")),
    (("vote",), gettext_lazy("Votes cast")),
    (("call",), gettext_lazy("What is called at once")),
)


class Process(Page):
    """What a newer process changes for the deal. The stage that is looked at stands in the address, so it can be sent to a colleague."""

    template = "web/deal_process.html"
    kind = "deal"
    live = True
    acts = {"move": ("version", "to", "stage", "reason")}

    def initial(self) -> Mapping[str, Mapping[str, Any]]:
        return {"move": {"stage": words(self.request.GET.get("stage", ""))}}

    def context(self) -> dict[str, Any]:
        deal: Deal = self.thing
        chosen, wrong = words(self.request.GET.get("stage", "")), ""
        operates = OPERATE in reach_of(self.person).permissions
        seen = None
        if not hasattr(deal, "closing"):
            try:
                seen = processes.preview(deal, chosen, free=operates)
            except Refusal as refused:
                wrong = refused.fields.get("stage", "")
                seen = processes.preview(deal, free=operates)
        return {
            "deal": deal,
            "seen": seen,
            "groups": _groups(seen) if seen else [],
            "choices": [(one.code, str(one)) for one in seen.choices] if seen else [],
            "chosen": chosen,
            "wrong": wrong,
            "may": processes.may_move(self.person, deal),
            "hidden": {"act": "move", "to": seen.new.number, "stage": seen.stage.code if seen.stage else ""} if seen else {},
        }

    def move(self, posted: QueryDict) -> Done:
        deal = move_to_process(
            by=self.by,
            deal=self.thing,
            version=version(posted.get("version", "")),
            to=version(posted.get("to", "")),
            reason=posted.get("reason", ""),
            stage=words(posted.get("stage", "")),
        )
        done = say(
            _("{deal} follows {process} from now on, in the stage “{stage}”."), deal=deal.number, process=deal.process, stage=deal.stage
        )
        return Done(done, acts.address("deal", deal.pk))


def _groups(seen: processes.Preview) -> list[dict[str, Any]]:
    found = []
    for kinds, label in GROUPS:
        rows = [one.sentence for one in seen.changes if one.what in kinds]
        if rows:
            found.append({"label": label, "rows": rows})
    return found


class Followers(Page):
    """Open deals that follow an older process, by the stage in which they stand: sales operations move all of a stage at once."""

    template = "web/deals_process.html"
    acts = {"move": ("to", "stages[]", "leave_out[]", "reason")}

    def seek(self) -> None:
        permits.require(self.by, OPERATE)

    def context(self) -> dict[str, Any]:
        behind = processes.behind()
        counts: dict[str, int] = {}
        labels: dict[str, Any] = {}
        owed: dict[str, tuple[Any, int]] = {}
        for one in behind:
            for gate, n in one.owed:
                owed[gate.code] = (gate, n + owed.get(gate.code, (gate, 0))[1])
            if one.stays:
                counts[one.stage.code] = counts.get(one.stage.code, 0) + one.count
                labels[one.stage.code] = one.stage
        newest = processes.newest().version
        return {
            "newest": newest,
            "rows": [
                [
                    str(one.process),
                    str(one.stage),
                    str(one.count),
                    _in_force(one),
                ]
                for one in behind
            ],
            "columns": [
                {"label": gettext_lazy("Process")},
                {"label": gettext_lazy("Stage")},
                {"label": gettext_lazy("Open deals"), "number": True},
                {"label": gettext_lazy("In the process in force, the stage")},
            ],
            "stages": [
                {"value": code, "label": str(labels[code]), "help": ngettext("%(n)s deal", "%(n)s deals", count) % {"n": count}}
                for code, count in counts.items()
            ],
            "gates": [
                {
                    "value": code,
                    "label": str(gate),
                    "help": ngettext("%(n)s deal never passed it", "%(n)s deals never passed it", n) % {"n": n},
                }
                for code, (gate, n) in owed.items()
            ],
            "hidden": {"act": "move", "to": newest.number},
        }

    def move(self, posted: QueryDict) -> Done:
        done = move_all_to_process(
            by=self.by,
            to=version(posted.get("to", "")),
            reason=posted.get("reason", ""),
            stages=posted.getlist("stages"),
            leave_out=posted.getlist("leave_out"),
        )
        return Done(summed(done))


def _in_force(behind: processes.Behind) -> Any:
    """What the process in force does with the deals of one row, in words."""
    if not behind.stays:
        return _("is gone: each deal is moved by hand")
    if not behind.owed:
        return _("is there too")
    gates = say(
        ", ".join(f"“{{g{at}}}”" for at in range(len(behind.owed))), **{f"g{at}": gate for at, (gate, _n) in enumerate(behind.owed)}
    )
    return say(_("is there too, and behind it {gates}, which they never passed"), gates=gates)


def summed(done: Any) -> Any:
    """What became of moving many, in words."""
    moved = ngettext("%(n)s deal follows the process in force now.", "%(n)s deals follow the process in force now.", len(done.deals))
    said = [moved % {"n": len(done.deals)}]
    if done.left:
        left = ngettext("%(n)s is left: do it again.", "%(n)s are left: do it again.", done.left)
        said.append(left % {"n": done.left})
    if done.stuck:
        stuck = ngettext("%(n)s stands in a stage that is gone.", "%(n)s stand in stages that are gone.", done.stuck)
        said.append(stuck % {"n": done.stuck})
    return " ".join(said)
