"""What the verbs on deals share: the deal as it stands, locked and fresh; writing it; entering a stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from earshot.deals import queries
from earshot.deals.actions.speaking import ask_all_anew
from earshot.deals.conditions import narrowed
from earshot.deals.dissent_tables import GOES_ON, Dissent
from earshot.deals.models import Deal, Vote
from earshot.journal.actions import record
from earshot.journal.actors import Actor
from earshot.journal.kinds import ref
from earshot.journal.models import Entry
from earshot.journal.queries import tell
from earshot.kit import now
from earshot.kit.engine import written
from earshot.kit.problems import Line, Refusal, forbidden, in_both, say, stale
from earshot.people.actors import personally
from earshot.playbooks.models import ClosingReason, Gate, Mandate, Role, Stage


def fresh(by: Actor, deal: Deal, version: int) -> Deal:
    """The deal as it stands now, locked with the open parts of what it was one deal with; refused when it is closed, stale, or not the
    actor's to work on."""
    hold_parts(deal)
    queries.lock(deal.pk)
    deal = queries.as_it_stands(deal.pk)
    if by.is_personal:
        person = personally(by)
        if not queries.may_work(person, deal):
            sentence = _("You may read this deal, but only its owner, its team and the heads above it work on it.")
            raise forbidden("deal.not_yours", sentence, ref(deal))
    open_and_not_stale(deal, version)
    return deal


def hold_parts(*deals: Deal) -> None:
    """These deals, and every open part of what each was one deal with: held in one go, before any of them is looked at, by whoever changes
    what they are judged by together. Nothing for one deal that was never split: it is held when it is looked at."""
    known = [deal.whole_id for deal in deals if deal.whole_id is not None]
    parts = Deal.objects.filter(whole__in=known, is_open=True).values_list("pk", flat=True) if known else ()
    if known or len(deals) > 1:
        queries.lock(*(deal.pk for deal in deals), *parts)


def open_and_not_stale(deal: Deal, version: int) -> None:
    if hasattr(deal, "closing"):
        raise Refusal("deal.closed", say(_("{deal} is closed."), deal=deal.number), about=ref(deal), status=409)
    not_stale(deal, version)


def not_stale(deal: Deal, version: int) -> None:
    if version != deal.version:
        changed = tell(queries.changes_since(deal, version))
        lines = [Line("deal.changed", told.sentence, about=ref(deal)) for told in changed]
        raise stale(_("Somebody changed this deal after you opened it. Look at what changed and try again."), lines, ref(deal))


def touch(deal: Deal, *fields: str) -> None:
    """Write these fields of a deal that was read after it was locked, and raise its version."""
    deal.version += 1
    written.update(deal, "version", *fields)


def lapse_votes(by: Actor, deal: Deal, why: Any) -> None:
    """Whoever has voted at the gate before the deal voted on something else: those votes count no more, and the journal says whose, and
    why. Nor does what a head has settled over a voice against it, nor who agreed to give the deal up."""
    visits = {"visit__deal": deal, "visit__left_at__isnull": True}
    live = Vote.objects.filter(**visits, replaced_at__isnull=True)
    if names := sorted(set(live.values_list("person__name", flat=True))):
        live.update(replaced_at=now())
        data = {"names": ", ".join(names), "why": in_both(why)}
        record("deals.votes_lapsed", by=by, objects={"deal": deal}, scopes=[deal], data=data)
    Dissent.objects.filter(**visits, outcome=GOES_ON, lapsed_at__isnull=True).update(lapsed_at=now())
    if by.cause is not None:
        ask_all_anew(by.cause, deal)


def words(row: Stage | Gate | Mandate | Role | ClosingReason) -> dict[str, str]:
    return {"zh-hans": row.zh, "en": row.en}


def narrowing(deal: Deal) -> dict[str, bool]:
    """For an entry: whether its reactions must look at what narrows the sizes and seats of the deal's process."""
    return {"narrowed": True} if narrowed(deal) else {}


def entered(by: Actor, deal: Deal, stage: Stage, lines: Sequence[Mapping[str, Any]] = ()) -> Entry:
    """The entry that calls: whoever moved the deal, by whatever door, its reactions raise what the stage owes (law 4). `lines`: what the
    stages asked, as it stood, where no gate's record keeps it."""
    data = {"stage": words(stage), "stage_code": stage.code, "version": deal.version, **narrowing(deal)}
    data |= {"lines": lines} if lines else {}
    return record("deals.stage_entered", by=by, objects={"deal": deal}, scopes=[deal], data=data)
