"""Decisions about gates and moves, pure: no query, no clock."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from typing import TYPE_CHECKING

from earshot.kit.problems import Line
from earshot.kit.ruling import permissive

if TYPE_CHECKING:
    from earshot.playbooks.models import SeatTemplate
    from earshot.teams.models import Seat


@dataclass(frozen=True)
class Condition:
    """One condition of a gate. `met` None: it cannot be judged, which counts as not met (and the line says so).
    `warns`: a policy lets the gate open all the same; the line is printed on the gate's record. `name`: of the playbook's check or
    condition that could not be evaluated, which operations must hear of. `part`: which of the things asked of the line's object it is
    (a role, a condition), the same whether it is met or not. `lasts`: it can be asked again once the deal stands in a later stage."""

    met: bool | None
    line: Line
    warns: bool = False
    name: str = ""
    part: str = ""
    lasts: bool = False

    @property
    def key(self) -> str:
        """Names what is asked, however it stands and in whatever words: twelve characters."""
        about = (self.line.about.kind, str(self.line.about.id)) if self.line.about else ("", "")
        return sha256("\x00".join((*about, self.part or self.line.code)).encode()).hexdigest()[:12]


@dataclass(frozen=True)
class Ballot:
    """A vote as the decision rule reads it. `counts`: the voter has heard every critical item of the deal (law 3), or the
    policy only warns. `sells`: the voter is of the sales side, by the role voted for, by a post, or as the deal's owner. `person`: who
    votes."""

    role: str
    approves: bool
    counts: bool
    sells: bool = False
    person: Hashable = None


@permissive("nothing missing", lambda conditions: [])
def unmet(conditions: Iterable[Condition]) -> list[Condition]:
    """The conditions that keep the gate shut."""
    return [condition for condition in conditions if condition.met is not True and not condition.warns]


# What no risk decision passes: the customer that nobody knows (law 10), goal and date, a gate that was never asked (its own lines would
# go unlisted), and a call that the process owes but has not made (law 4).
NEVER_AT_RISK = frozenset({"deal.account_unknown", "deal.no_goal", "gate.asked_late", "call.not_raised", "law.cannot_judge"})


@permissive("anything may be passed at risk", lambda conditions: [])
def never_at_risk(conditions: Iterable[Condition]) -> list[Condition]:
    """Of what is not met, that with which nobody opens a gate."""
    return [condition for condition in conditions if condition.line.code in NEVER_AT_RISK]


@permissive("nothing is unlisted", lambda missing, listed: ([], 0))
def unlisted(missing: Iterable[Condition], listed: Iterable[str]) -> tuple[list[Condition], int]:
    """What is missing and not listed, and how many keys are listed that are not missing (any more)."""
    rows, keys = list(missing), set(listed)
    return [one for one in rows if one.key not in keys], len(keys - {one.key for one in rows})


@permissive("all is made good", lambda owed, conditions: list(owed))
def made_good(owed: Iterable[str], conditions: Iterable[Condition]) -> list[str]:
    """Of the keys owed, those whose check finds nothing missing now. Where a whole check breaks, none: nobody knows what it
    would find."""
    asked = list(conditions)
    if any(one.met is None and one.part.startswith("check:") for one in asked):
        return []
    still = {one.key for one in asked if one.met is not True}
    return [key for key in owed if key not in still]


@permissive("all have approved", lambda deciders, ballots, excused=(): [])
def roles_still_to_approve(deciders: Sequence[str], ballots: Iterable[Ballot], excused: Collection[str] = ()) -> list[str]:
    """Decider roles that have not approved, in the gate's order: without a counted approving vote, or with a counted vote against.
    `excused`: those whose silence or dissent keeps nothing shut any more (B8.2a)."""
    cast = [ballot for ballot in ballots if ballot.counts]
    approved = {ballot.role for ballot in cast if ballot.approves} - {ballot.role for ballot in cast if not ballot.approves}
    return [role for role in deciders if role not in approved and role not in excused]


@permissive("nobody is excused", lambda silent, settled, ballots: frozenset())
def excused(silent: Collection[str], settled: Collection[str], ballots: Iterable[Ballot]) -> frozenset[str]:
    """The roles whose voice keeps the gate shut no longer: those that were asked and `silent` beyond the limit, unless one of theirs is
    against after all; and those whose dissent a head has `settled`."""
    against = {ballot.role for ballot in ballots if ballot.counts and not ballot.approves}
    return frozenset(settled) | (frozenset(silent) - against)


@permissive("silence approves", lambda excused, ballots: False)
def only_silence(excused: Collection[str], ballots: Iterable[Ballot]) -> bool:
    """Whether nobody but the sales side has approved where others were silent or overruled: that opens no gate, whatever the policies say
    (B12.4a)."""
    return bool(excused) and not any(ballot.counts and ballot.approves and not ballot.sells for ballot in ballots)


@permissive("nobody is relieved", lambda mandates: (None, frozenset()))
def covering(mandates: Sequence[tuple[str, bool | None]]) -> tuple[int | None, frozenset[str]]:
    """The mandate that covers a decision, and the roles that need not be asked because of it: those of later mandates. `mandates`: role,
    and whether the deal is within it (None: nobody can say), the narrowest first. Only one that is known to hold covers (None: none
    does, and nobody is relieved)."""
    for at, (_role, met) in enumerate(mandates):
        if met is True:
            asked = {role for role, _met in mandates[: at + 1]}
            return at, frozenset(role for role, _met in mandates[at + 1 :] if role not in asked)
    return None, frozenset()


@permissive("never alone", lambda ballots: False)
def sales_alone(ballots: Iterable[Ballot]) -> bool:
    """Whether only people of the sales side have approved: never enough where solution, delivery or support is decided, whatever
    further roles they hold (B12.4a)."""
    approving = [ballot for ballot in ballots if ballot.approves and ballot.counts]
    return bool(approving) and all(ballot.sells for ballot in approving)


@permissive("one person may approve for every role", lambda deciders, ballots: {})
def stands_for_several(deciders: Sequence[str], ballots: Iterable[Ballot]) -> Mapping[Hashable, list[str]]:
    """Person → the roles that are approved for by nobody else but whoever stands for another role already: what is left over once every
    role is given, as far as can be, to another of those who approved for it."""
    cast = [ballot for ballot in ballots if ballot.counts and ballot.approves]
    by_role = {role: [ballot.person for ballot in cast if ballot.role == role] for role in deciders}
    taken: dict[Hashable, str] = {}

    def give(role: str, tried: set[Hashable]) -> bool:
        for person in by_role[role]:
            if person not in tried:
                tried.add(person)
                if person not in taken or give(taken[person], tried):
                    taken[person] = role
                    return True
        return False

    left = [role for role in deciders if by_role[role] and not give(role, set())]
    alone: dict[Hashable, list[str]] = {}
    for role in left:
        person = by_role[role][0]
        alone.setdefault(person, [taken[person]]).append(role)
    return alone


@permissive("nobody is alone", lambda seated: False)
def alone(seated: Iterable[tuple[Hashable, str]]) -> bool:
    """Whether fewer than two people, or fewer than two roles, carry a deal (A1.1a). `seated`: person and role of each seat taken."""
    rows = list(seated)
    return len({person for person, _role in rows}) < 2 or len({role for _person, role in rows}) < 2


@permissive("one person may hold every seat", lambda seated: {})
def in_several_seats(seated: Iterable[tuple[Hashable, str]]) -> Mapping[Hashable, list[str]]:
    """Person → the roles of his or her seats, for those who sit in more than one (A17.2a)."""
    found: dict[Hashable, list[str]] = {}
    for person, role in seated:
        found.setdefault(person, []).append(role)
    return {person: roles for person, roles in found.items() if len(roles) > 1}


@permissive("no seat missing", lambda wanted, there: [])
def seats_missing(wanted: Sequence[SeatTemplate], there: Sequence[Seat]) -> list[SeatTemplate]:
    """Seats of the template that a team lacks, in the template's order. A seat fills the row of the template that it was made from, while
    that is still for the same role; one of which that is not known, any row for its role. The leading seat is the leading seat."""
    free = list(there)
    lacking = []
    for row in sorted(wanted, key=lambda row: not row.leader):
        fitting = [seat for seat in free if seat.leader] if row.leader else [seat for seat in free if _fills(seat, row)]
        if fitting:
            free.remove(min(fitting, key=lambda seat: seat.template != row.code))
        else:
            lacking.append(row)
    return [row for row in wanted if row in lacking]


@permissive("one unit alone carries everything", lambda needed, covered: [])
def lacking(needed: Mapping[str, Collection[str]], covered: Collection[str]) -> list[str]:
    """The specialties without which a deal cannot go on (A8.2a): those that nobody covers, where no one unit has all that the deal needs.
    `needed`: of each specialty, the units that have it."""
    together = set.intersection(*map(set, needed.values())) if needed else set()
    return [] if together or not needed else [code for code in needed if code not in covered]


def seats_beside(template: Sequence[SeatTemplate], there: Sequence[Seat]) -> list[Seat]:
    """Seats of a team that stand in no row of the template; whoever sits there stays."""
    return [seat for seat in there if not seat.leader and not any(_fills(seat, row) for row in template)]


def _fills(seat: Seat, row: SeatTemplate) -> bool:
    return seat.role == row.role.code and seat.template in ("", row.code) and not row.leader and not seat.leader


@permissive("nothing is lost by a split", lambda before, kept, taken: None)
def difference(before: Decimal | None, kept: Decimal | None, taken: Decimal | None) -> Decimal | None:
    """By how much the two parts of a deal come to more (or less, below 0) than it did; None where one of the three is not known."""
    return None if before is None or kept is None or taken is None else kept + taken - before


@permissive("what one of both has passed counts for both", lambda own, joined: {code for code, _at in own})
def passed_by_both(own: Collection[tuple[str, datetime]], joined: Collection[tuple[datetime, Collection[str]]]) -> set[str]:
    """The codes of the gates that count as passed for a deal to which others were joined. `own`: code and moment of each that it
    passed; `joined`: when another was joined to it, and what that had passed. What it passed before that counts where the other had
    passed it, too."""
    return {code for code, at in own if all(at > when or code in passed for when, passed in joined)}


def together(amounts: Sequence[Decimal | None]) -> Decimal | None:
    """What the parts of one deal come to; None where one of them states no amount: nobody knows."""
    known = [amount for amount in amounts if amount is not None]
    return sum(known, Decimal("0.00")) if len(known) == len(amounts) else None


def steps_skipped(current: int, target: int) -> int:
    """How many stages a move forwards would leave out; 0 for the next one and for any move back."""
    return max(0, target - current - 1)


@dataclass(frozen=True)
class Opinion:
    """What somebody who is asked says to giving a deal up. `agrees` None: nothing yet; `silent`: the time for it ran out. `head`: asked as
    the head above the deal; `sells`: is of the sales side; `proposes`: it is his or her own proposal."""

    agrees: bool | None
    silent: bool = False
    head: bool = False
    sells: bool = False
    proposes: bool = False


OPEN_VOICES, AGAINST, ALONE, SALES_ALONE = "open", "against", "alone", "sales_alone"


@permissive("nothing missing", lambda opinions: [])
def giving_up_lacks(opinions: Iterable[Opinion]) -> list[str]:
    """What a deal lacks before it is given up: everybody who is asked has spoken or was silent beyond the limit; where somebody is against,
    the head agrees all the same; besides whoever proposes it somebody else agrees (B8.2a), and not only people who sell (B12.4a). A head's
    agreement is enough for the last three. Silence is no agreement."""
    cast = list(opinions)
    head = any(one.head and one.agrees for one in cast)
    agreeing = [one for one in cast if one.agrees]
    found = [OPEN_VOICES] if any(one.agrees is None and not one.silent for one in cast) else []
    if head:
        return found
    found += [AGAINST] if any(one.agrees is False for one in cast) else []
    if not any(not one.proposes for one in agreeing):
        found.append(ALONE)
    elif all(one.sells for one in agreeing):
        found.append(SALES_ALONE)
    return found
