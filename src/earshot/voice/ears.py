"""Ears: who must hear, named by rule, passed on when who acts for a role changes, ended, and met. Parts of the verbs and reactions that
bring them about; each says in the journal what it did."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Any
from uuid import UUID

from django.db.models import Q

from earshot.clocks import actions as clocks
from earshot.deals import queries as deals
from earshot.deals.models import Deal
from earshot.journal.actions import record
from earshot.journal.actors import process
from earshot.journal.models import Entry
from earshot.kit import now
from earshot.kit.ruling import permissive
from earshot.people.models import Person
from earshot.playbooks import queries as playbook
from earshot.teams.queries import sitting
from earshot.voice import queries, rules
from earshot.voice.models import Ear, Item, SharedItem


def name_ears(entry: Entry, required: Sequence[tuple[Item, Sequence[rules.RequiredEar]]], by_default: Set[UUID]) -> None:
    """Bring the live ears of the items to what the rules ask. A role asked anew begins with its clock; one asked under another rule
    goes on under that, counted from when it began; one no longer asked ends only if its hearer has heard, or if no rule had
    named it: `by_default` are the items that went to the default hearer until now."""
    at = now()
    deal = required[0][0].deal
    items = {item.pk: item for item, _asked in required}
    live: dict[tuple[UUID, str], list[Ear]] = {}
    for ear in Ear.objects.filter(item__in=items, ended_at__isnull=True).select_related("person"):
        live.setdefault((ear.item_id, ear.role), []).append(ear)
    heard = queries.heard_pairs(items) if live else set()
    wanted = {(item.pk, ask.role): ask for item, asked in required for ask in asked}

    def done(ear: Ear) -> bool:
        return ear.person_id is not None and (ear.item_id, ear.person_id) in heard

    over = [ear for key, ears in live.items() if key not in wanted for ear in ears if done(ear) or ear.item_id in by_default]
    moved = [ear for key, ears in live.items() if key in wanted for ear in ears if not done(ear) and wanted[key].rule != ear.rule]
    if over or moved:
        _end_ears(entry, [*over, *moved], items)
    begin = {key: at for key in wanted if key not in live}
    for ear in moved:
        begin[ear.item_id, ear.role] = min(ear.since, begin.get((ear.item_id, ear.role), at))
    acting = queries.acting_on(deal) if begin else {}
    hearers = {role: queries.hearers_of(deal, role, acting) for role in dict.fromkeys(role for _item, role in begin)}
    ended = {ear.pk for ear in moved}
    fresh = []
    for (item, role), since in begin.items():
        still = {ear.person_id for ear in live.get((item, role), ()) if ear.pk not in ended}
        people = [person for person in hearers[role] if person.pk not in still]
        fresh += [
            Ear(item=items[item], role=role, person=person, rule=wanted[item, role].rule, since=since)
            for person in (*people, *([] if people or still else [None]))
        ]
    Ear.objects.bulk_create(fresh)
    for rule, person, since in dict.fromkeys((ear.rule, ear.person, ear.since) for ear in fresh):
        group = [ear for ear in fresh if (ear.rule, ear.person, ear.since) == (rule, person, since)]
        objects: dict[str, Any] = {"item": [ear.item for ear in group], "hearer": [person] if person else [], "ear": group}
        scopes = [deal, *(ear.item for ear in group)]
        named = record("voice.ears_named", by=process(rule).because(entry), objects=objects, scopes=scopes)
        level = playbook.service_level(wanted[group[0].item_id, group[0].role].service_level)
        unit = person.unit if person else deal.unit
        clocks.start("ear", [ear.pk for ear in group], level, unit=unit, since=since, because=named)


def _end_ears(entry: Entry, ears: Sequence[Ear], items: Mapping[UUID, Item]) -> None:
    Ear.objects.filter(pk__in=[ear.pk for ear in ears]).update(ended_at=now())
    touched = {ear.item_id: items[ear.item_id] for ear in ears}
    objects: dict[str, Any] = {"item": list(touched.values()), "former": [ear.person for ear in ears if ear.person], "ear": list(ears)}
    scopes = [next(iter(touched.values())).deal, *touched.values()]
    done = record("voice.ears_ended", by=process(ears[0].rule).because(entry), objects=objects, scopes=scopes)
    clocks.cancel([ear.pk for ear in ears], because=done)


@permissive("nobody's duty changes", lambda entry, deal, role, items=None: None)
def align_ears(entry: Entry, deal: Deal, role: str, items: Iterable[UUID] | None = None) -> None:
    """A reaction: who acts for `role` on this deal has changed. Everybody who acts for it now hears for him- or herself all that the
    role must hear there, each by an ear of his or her own; who acts no more is released, and keeps the hearings; who still sits on the
    team stays asked. Nobody: an alarm to operations. `items`: only these."""
    if hasattr(deal, "closing"):
        return
    deals.lock(deal.pk)
    asked: dict[UUID, list[Ear]] = {}
    ears = Ear.objects.filter(item__deal=deal, role=role, ended_at__isnull=True)
    for ear in (ears if items is None else ears.filter(item__in=list(items))).select_related("item", "person").order_by("since", "pk"):
        asked.setdefault(ear.item_id, []).append(ear)
    if not asked:
        return
    acting = {person.pk: person for person in queries.hearers_of(deal, role)}
    stays = set(acting) | set(sitting(deal.team_id).values_list("pk", flat=True))
    changes: dict[tuple[str, tuple[UUID | None, ...]], list[list[Ear]]] = {}
    for group in asked.values():
        changes.setdefault((group[0].rule, tuple(ear.person_id for ear in group)), []).append(group)
    for (_rule, before), groups in changes.items():
        fresh: list[Person | None] = [person for pk, person in acting.items() if pk not in before]
        ended = [pk for pk in before if pk not in stays]
        if not fresh and set(before) <= {*ended}:
            if None in before:
                continue
            fresh.append(None)
        if fresh or ended:
            _pass(entry, deal, [ear for group in groups for ear in group if ear.person_id in ended], [g[0] for g in groups], fresh)


def fill_ears(entry: Entry, role: str) -> None:
    """A reaction: somebody holds `role` now. What nobody could hear for it, on deals still open, has a hearer."""
    empty = Ear.objects.filter(queries.still_asked(), role=role, person__isnull=True, ended_at__isnull=True)
    by_deal: dict[Deal, list[UUID]] = {}
    for ear in empty.select_related("item__deal__owner", "item__deal__unit").order_by("since", "pk"):
        by_deal.setdefault(ear.item.deal, []).append(ear.item_id)
    deals.lock(*(deal.pk for deal in by_deal))
    for deal, items in by_deal.items():
        align_ears(entry, deal, role, items)


def leave_ears(entry: Entry, role: str, person: Person) -> None:
    """A reaction: the person no longer holds `role` somewhere. On each open deal where he or she was to hear for it and does not act
    for it in another way, it passes to who does."""
    held = Deal.objects.filter(is_open=True, items__ears__role=role, items__ears__person=person, items__ears__ended_at__isnull=True)
    found = list(held.select_related("owner", "unit").distinct().order_by("pk"))
    deals.lock(*(deal.pk for deal in found))
    for deal in found:
        align_ears(entry, deal, role)


def _pass(entry: Entry, deal: Deal, ended: Sequence[Ear], asked: Sequence[Ear], people: Sequence[Person | None]) -> None:
    """End these ears, and give each of the people one for every item of `asked` (one ear an item, all under one rule), with a clock
    from now on."""
    at = now()
    rule, items = asked[0].rule, [ear.item for ear in asked]
    Ear.objects.filter(pk__in=[ear.pk for ear in ended]).update(ended_at=at)
    former = {ear.person.pk: ear.person for ear in ended if ear.person}
    fresh = [Ear(item=ear.item, role=ear.role, person=person, rule=rule, since=at) for person in people for ear in asked]
    Ear.objects.bulk_create(fresh)
    objects: dict[str, Any] = {
        "item": items,
        "ear": [*(ear for ear in ended if ear.person), *fresh],
        "former": list(former.values()),
        "hearer": [person for person in people if person],
    }
    name = "voice.ear_passed" if former and objects["hearer"] else "voice.ears_released" if former else "voice.ears_named"
    name = "voice.ears_of_nobody" if None in people else name
    passed = record(name, by=process(rule).because(entry), objects=objects, scopes=[deal, *items])
    clocks.cancel([ear.pk for ear in ended], because=passed)
    level = playbook.service_level_of(rule)
    for person in people:
        unit = (person and person.unit) or deal.unit
        clocks.start("ear", [ear.pk for ear in fresh if ear.person == person], level, unit=unit, because=passed)
    stop_clocks_of_heard(passed, items)


def stop_clocks_of_heard(entry: Entry, items: Sequence[Item]) -> None:
    """Whoever has heard what he or she had to hear of these is done."""
    heard = queries.heard_pairs(item.pk for item in items)
    ears = Ear.objects.filter(item__in=items, ended_at__isnull=True, person__isnull=False)
    done = [pk for pk, item, person in ears.values_list("pk", "item_id", "person_id") if (item, person) in heard]
    clocks.meet(done, because=entry)


def hand_ears(entry: Entry, ears: Sequence[Ear], to: Person) -> None:
    """Part of a hand-over: what the person was to hear and has not, the successor hears, each by an ear of his or her own. One who has it
    to hear anyway has no second ear for the same role."""
    deals.lock(*{ear.item.deal_id for ear in ears})
    groups: dict[tuple[UUID, str, str], list[Ear]] = {}
    for ear in ears:
        groups.setdefault((ear.item.deal_id, ear.role, ear.rule), []).append(ear)
    asked = Ear.objects.filter(item__in=[ear.item_id for ear in ears], person=to, ended_at__isnull=True)
    known = set(asked.values_list("item_id", "role"))
    for group in groups.values():
        deal = group[0].item.deal
        twice = [ear for ear in group if (ear.item_id, ear.role) in known]
        fresh = [ear for ear in group if ear not in twice]
        if twice:
            _end_ears(entry, twice, {ear.item_id: ear.item for ear in twice})
        if fresh:
            _pass(entry, deal, fresh, fresh, [to])


def end_with_deal(entry: Entry) -> None:
    """A reaction to a deal won or lost: nobody's clock runs on for it, but for what concerns another part of it that is open. What was
    said, and who had not heard it, stays on record."""
    deal = entry.one("deal")
    there = Q(item__deal=deal) | Q(item__in=SharedItem.objects.filter(deal=deal).values("item"))
    over = Ear.objects.filter(there, ~queries.still_asked(), ended_at__isnull=True)
    clocks.cancel(over.values_list("pk", flat=True), because=entry)
