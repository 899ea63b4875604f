"""Succession: what is open and somebody's goes to a named successor, in one act or singly; nobody leaves while something is owed.

What a person can hold is known to the rooms to the right: `registry.HOLDINGS`, filled by `wiring`, in the order in which it is handed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from uuid import UUID

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from earshot.journal.actions import record, verb
from earshot.journal.actors import Actor, process
from earshot.journal.kinds import ref
from earshot.journal.models import Entry
from earshot.kit import now
from earshot.kit.engine import locks
from earshot.kit.problems import Line, Refusal, forbidden, say, wrong
from earshot.kit.ruling import permissive
from earshot.kit.texts import text
from earshot.people import permits
from earshot.people.actions import end_grant, end_post, revoke_token
from earshot.people.actors import personally
from earshot.people.models import Grant, Login, Person, Post, Token, Unit
from earshot.people.queries import head_at_or_above, is_head_at_or_above
from earshot.people.registry import HOLDINGS, Owed

Chosen = Collection[tuple[str, UUID]]  # name of the holding, id of what is held


@permissive("nothing is owed", lambda person: [])
def owed(person: Person) -> list[Owed]:
    """Everything open that is the person's, in the order in which it is handed over."""
    return [one for holding in HOLDINGS.values() for one in holding.held(person)]


def may_hand(by: Person, person: Person) -> bool:
    """One's own, as a head what somebody of the unit holds, and whoever administers."""
    heads = person.unit is not None and is_head_at_or_above(by, person.unit)
    return by.pk == person.pk or heads or permits.holds(by, permits.ADMINISTER)


@verb
def hand_over(*, by: Actor, person: Person, to: Person | None, reason: str, what: Chosen | None = None) -> int:
    """What is open and `person`'s goes to `to`; `what` None: all of it. Returns how much was handed over. What the successor cannot take,
    not being qualified, is refused by name, and nothing is handed."""
    _must_hand(by, person)
    reason = text("reason", reason, most=300)
    heir = _heir(person, to)
    open_now = owed(person)
    chosen = [one for one in open_now if what is None or (one.holding, one.id) in set(what)]
    if not chosen:
        raise Refusal(
            "person.nothing_owed", say(_("{name} has nothing open of this kind."), name=person.name), about=ref(person), status=409
        )
    data = {"n": len(chosen), "reason": reason}
    entry = record("people.handed_over", by=by, objects={"person": person, "heir": heir}, scopes=[person, heir], data=data)
    _hand(entry, person, heir, chosen, reason)
    return len(chosen)


@verb
def leave(*, by: Actor, person: Person, reason: str, to: Person | None = None, to_head: bool = False) -> None:
    """The person is no longer with the company, from now on. Refused while something is owed and no successor is named; `to_head`: by the
    recorded decision of whoever does this, it goes to the next head. What a role had to hear or deliver and the successor is not qualified
    for goes to who holds that role now. Posts, permissions, keys and the login end; nothing that was recorded does."""
    someone = _must_hand(by, person)
    if someone is not None and someone.pk == person.pk:
        raise forbidden(
            "person.leaves_alone", _("A head above you, or whoever administers, records that you leave. You can hand over before.")
        )
    locks.hold(locks.POSTS)
    person = Person.objects.select_related("unit").get(pk=person.pk)
    reason = text("reason", reason, most=300)
    if person.left_at is not None:
        raise Refusal("person.left", say(_("{name} is no longer with the company."), name=person.name), about=ref(person), status=409)
    open_now = owed(person)
    if open_now and to is None and not to_head:
        raise _owes(person, open_now)
    heir = _heir(person, _next_head(person) if to_head and to is None else to) if open_now else None
    data = {"n": len(open_now), "reason": reason, "to_head": to_head and to is None}
    objects = {"person": person} | ({"heir": heir} if heir else {})
    name = "people.left_with_heir" if heir else "people.left"
    entry = record(name, by=by, objects=objects, scopes=[person], data=data)
    after = process("people/leave").because(entry)
    if heir is not None:
        _hand(entry, person, heir, open_now, reason, by_rule=True)
    for post in Post.objects.filter(person=person, until__isnull=True).order_by("since", "pk"):
        end_post(by=after, post=post, reason=reason)
    for grant in Grant.objects.filter(person=person, until__isnull=True).order_by("given_at", "pk"):
        end_grant(by=after, grant=grant, reason=reason)
    for token in Token.objects.filter(person=person, revoked_at__isnull=True).select_related("person"):
        revoke_token(by=after, token=token)
    Login.objects.filter(person=person).update(is_active=False)
    person.left_at = now()
    person.save(update_fields=["left_at"])
    if left := owed(person):
        _hand(entry, person, heir or _heir(person, _next_head(person)), left, reason, by_rule=True)
    if left := owed(person):
        raise _owes(person, left)


def _must_hand(by: Actor, person: Person) -> Person | None:
    if not by.is_personal:
        return None
    someone = personally(by)
    if not may_hand(someone, person):
        sentence = say(_("Only {name}, a head above, or whoever administers hands over what is {name}'s."), name=person.name)
        raise forbidden("person.not_yours", sentence)
    return someone


def _heir(person: Person, to: Person | None) -> Person:
    if to is None:
        raise wrong("to", _("Choose who takes it over."))
    if to.pk == person.pk:
        raise wrong("to", _("Nobody succeeds him- or herself."))
    if to.left_at is not None:
        raise wrong("to", say(_("{name} is no longer with the company."), name=to.name))
    return to


def _next_head(person: Person) -> Person | None:
    """The nearest head of the person's unit or above, other than the person."""
    unit: Unit | None = person.unit
    while unit is not None:
        head = head_at_or_above(unit)
        if head is None or head.pk != person.pk:
            return head
        unit = Unit.objects.filter(head=person, belows__unit=unit).order_by("-belows__steps").first()
        unit = unit.parent if unit is not None else None
    return None


def _owes(person: Person, found: Collection[Owed]) -> Refusal:
    sentence = ngettext_lazy(
        "{name} still owes {n} thing. Name who takes it over, or let it go to the next head.",
        "{name} still owes {n} things. Name who takes them over, or let them go to the next head.",
        len(found),
    )
    # Counted, not named: not everything that somebody owes is for whoever hands it over to see (law 13).
    counts = Counter(one.holding for one in found)
    lines = [Line("person.owes", say("{what}: {n}", what=HOLDINGS[name].words, n=n), about=ref(person)) for name, n in counts.items()]
    said = say(sentence, name=person.name, n=len(found))
    return Refusal("person.owes", said, lines=lines, fields={"to": _("Choose who takes it over.")}, about=ref(person), status=409)


def _hand(entry: Entry, person: Person, heir: Person, things: Collection[Owed], reason: str, *, by_rule: bool = False) -> None:
    by = process("people/hand-over").because(entry)
    wanted: dict[str, list[UUID]] = {}
    for one in things:
        wanted.setdefault(one.holding, []).append(one.id)
    for name, holding in HOLDINGS.items():
        if name in wanted:
            holding.hand(by, wanted[name], person, heir, reason, by_rule)
