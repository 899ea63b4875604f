"""Who is asked for a decision that lies outside what the team may decide: of one person at a time, up a ladder.

The ladder: who holds the role whose mandate covers it, the nearest unit first; then who holds the role of a wider mandate that covers it
too; then the heads of the deal's unit and above. Not asked: the deal's owner and whoever asks, for nobody's mandate covers his or her own
question.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import OuterRef, QuerySet, Subquery

from earshot.deals import mandates, rules
from earshot.deals.models import Asking, Deal, Escalation, StageVisit, Vote
from earshot.deals.queries import LIVE_ASKING
from earshot.kit.engine.prepared import Prepared, grouped
from earshot.kit.ruling import permissive
from earshot.people import absences
from earshot.people.models import Person, Post, Unit, UnitAbove
from earshot.people.queries import heads_upwards
from earshot.playbooks.models import Mandate, Role
from earshot.teams.models import Seat


@dataclass(frozen=True)
class Question:
    """What is asked: within which mandate the answer lies, and for which role it counts at the gate. Both None: every mandate is known not
    to hold, so that no answer within one opens the gate."""

    mandate: Mandate | None
    role: Role | None

    def same_as(self, escalation: Escalation) -> bool:
        return (self.mandate.pk if self.mandate else None) == escalation.mandate_id


_SEATED = Prepared(lambda team, role: Seat.objects.filter(team=team, role=role).values_list("pk")[:1])


def of_team(deal: Deal, role: Role) -> bool:
    """Whether the team decides for this role itself: it has a seat on the team, or owns the deal."""
    return role.owner or bool(_SEATED.rows(deal.team_id, role.code))


@permissive("the team decides everything itself", lambda deal, authority: None)
def question(deal: Deal, authority: mandates.Authority) -> Question | None:
    """What must be asked outside the team; None where a mandate of the team covers it, and where nobody can say."""
    covers = authority.covers
    if covers is not None:
        return None if of_team(deal, covers.role) else Question(covers, covers.role)
    outside = bool(authority.judged) and all(one.met is False for _row, one in authority.judged)
    return Question(None, None) if outside else None


@permissive("the team has always voted", lambda question, lacking, ballots: True)
def voted_its_part(question: Question, lacking: Sequence[str], ballots: Sequence[rules.Ballot]) -> bool:
    """Whether nothing of the decision is wanting but the answer from outside: every other role has approved, and nobody whose answer would
    be asked is against already. `lacking`: the roles that have not approved; above every mandate only those of the team, for nobody else's
    vote would help."""
    role = question.role.code if question.role else None
    refused = any(ballot.role == role and ballot.counts and not ballot.approves for ballot in ballots)
    approved = any(ballot.counts and ballot.approves for ballot in ballots)
    return approved and not refused and all(code == role for code in lacking)


@dataclass(frozen=True)
class Candidate:
    """Who would be asked: `instead_of`: for whom, as a deputy; `as_head`: as a head above, not as a holder of the role."""

    person: Person
    unit: Unit
    instead_of: Person | None = None
    as_head: bool = False


_HOLDERS = Prepared(
    lambda unit, roles: (
        UnitAbove.objects.filter(
            unit=unit, above__posts__role__in=roles, above__posts__until__isnull=True, above__posts__person__left_at__isnull=True
        )
        .order_by("steps", "-above__posts__answerable", "above__posts__since", "above__posts__pk")
        .values_list("above__posts__pk", "above__posts__role")
    )
)


def ladder(deal: Deal, asked: Question, authority: mandates.Authority, without: Collection[UUID]) -> Iterator[Candidate]:
    """Whom to ask, in order. `without`: people who are not asked (any more). Whoever is away is asked through a deputy, where one is there;
    a deputy's deputy is not."""
    acting, away = absences.stand_ins(), absences.away_now()
    taken = {*without, deal.owner_id}
    for person, as_head in [*((one, False) for one in _holders(deal, asked, authority)), *((one, True) for one in _heads(deal))]:
        answers = acting.get(person.pk) if person.pk in away else person
        if answers is None or {answers.pk, person.pk} & taken:
            continue
        taken |= {answers.pk, person.pk}
        yield Candidate(answers, answers.unit or deal.unit, person if answers.pk != person.pk else None, as_head)


def _holders(deal: Deal, asked: Question, authority: mandates.Authority) -> list[Person]:
    if asked.role is None:
        return []
    rows = [row for row, _one in authority.judged]
    at = next((n for n, row in enumerate(rows) if asked.mandate is not None and row.pk == asked.mandate.pk), 0)
    wider = [row.role.code for row, one in authority.judged[at:] if one.met is True]
    roles = list(dict.fromkeys([asked.role.code, *wider]))
    found = list(_HOLDERS.rows(deal.unit_id, sorted(roles)))
    posts = {post.pk: post for post in Post.objects.filter(pk__in=[pk for pk, _role in found]).select_related("person__unit")}
    return [posts[pk].person for role in roles for pk, held in found if held == role]


def _heads(deal: Deal) -> list[Person]:
    return heads_upwards([deal.unit_id]).get(deal.unit_id, [])


_OPEN = Prepared(
    lambda deal: Escalation.objects.filter(visit__deal=deal, ended_at__isnull=True).select_related("mandate", "role", "gate", "raised_by")
)


def open_now(deal: Deal) -> Escalation | None:
    """The one that is open on the deal, if any."""
    found: Escalation | None = _OPEN.one(deal.pk)
    return found


def live(escalation: Escalation) -> Asking | None:
    """Of whom it is asked now."""
    return Asking.objects.filter(escalation=escalation, ended_at__isnull=True).select_related("person", "instead_of", "unit").first()


def asked_before(escalation: Escalation) -> set[UUID]:
    """Everybody of whom it was asked already, and who was away when a deputy was."""
    rows = Asking.objects.filter(escalation=escalation).values_list("person_id", "instead_of_id")
    return {pk for row in rows for pk in row} - {None}


def waiting_for(person: Person) -> QuerySet[Asking]:
    """What is asked of the person now, the longest waiting first."""
    mine = Asking.objects.filter(LIVE_ASKING, person=person)
    names = ("escalation__gate", "escalation__mandate", "escalation__role", "escalation__raised_by", "instead_of")
    return mine.select_related(*names, "escalation__visit__deal__account", "escalation__visit__deal__owner").order_by("at", "pk")


def of_deal(deal: Deal) -> list[tuple[Escalation, list[Asking]]]:
    """Every one on the deal, the newest first, with of whom it was asked in turn; two statements, one where there is none."""
    rows = list(
        Escalation.objects.filter(visit__deal=deal)
        .select_related("mandate", "role", "gate", "raised_by", "ended_by")
        .order_by("-at", "-pk")
    )
    asked = Asking.objects.filter(escalation__in=rows).select_related("person", "instead_of", "unit").order_by("at", "pk") if rows else ()
    by_escalation = grouped(asked, "escalation_id")
    return [(row, by_escalation.get(row.pk, [])) for row in rows]


def answered_lately(visit: StageVisit, votes: Sequence[Vote]) -> bool:
    """Whether somebody has refused or withdrawn it at this visit, and nobody has voted since: the process does not ask the same again."""
    last = Escalation.objects.filter(visit=visit, ended_at__isnull=False).order_by("-ended_at", "-pk").first()
    if last is None or last.outcome not in (Escalation.REFUSED, Escalation.WITHDRAWN):
        return False
    return all(vote.at < last.ended_at for vote in votes)  # type: ignore[operator]  # it has ended


def held_by_nobody() -> list[tuple[Role, int]]:
    """Roles that nobody holds where their decision is asked, so that a head is asked from the beginning, and on how many deals."""
    first = Asking.objects.filter(escalation=OuterRef("escalation")).order_by("at", "pk").values("pk")[:1]
    rows = Asking.objects.filter(LIVE_ASKING, as_head=True, pk=Subquery(first), escalation__role__isnull=False)
    counts: dict[str, tuple[Role, int]] = {}
    for one in rows.select_related("escalation__role"):
        role = one.escalation.role
        assert role is not None, "as the rows were asked for"
        counts[role.code] = (role, counts.get(role.code, (role, 0))[1] + 1)
    return list(counts.values())


def asked_of_nobody() -> int:
    """How many decisions are asked, and nobody is there of whom."""
    return Asking.objects.filter(LIVE_ASKING, person__isnull=True).count()


def beyond(deal: Deal) -> Asking | None:
    """Where every mandate is known not to hold and that is asked of somebody: of whom. He or she may refuse (`refuse_beyond`); opening the
    gate all the same is a risk decision, which is no vote and not here."""
    there = open_now(deal)
    return live(there) if there is not None and there.role_id is None else None
