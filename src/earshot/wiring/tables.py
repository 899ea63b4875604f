"""The tables: journal verb → reactions; check point → checks; addressee → resolver. (Facts and impact come with the playbook's
editor.) Filled into the registries of the left rooms at start."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from earshot.accounts import verbs as accounts
from earshot.calls import actions as call_actions
from earshot.calls import checks as call_checks
from earshot.calls import queries as call_queries
from earshot.calls import verbs as calls
from earshot.calls.models import Call
from earshot.clocks import calendar_change
from earshot.clocks.registry import ADDRESSEES, SUBJECTS
from earshot.deals import actions as deal_actions
from earshot.deals import conditions as gate_conditions
from earshot.deals import dissents, giving_up, risks, specialties, waits
from earshot.deals import lead_verbs as leads
from earshot.deals import leads as lead_queries
from earshot.deals import policies as deal_policies
from earshot.deals import queries as deal_queries
from earshot.deals import registry as gates
from earshot.deals import verbs as deals
from earshot.deals.lead_tables import Lead
from earshot.deals.models import Deal
from earshot.desk.actions import given_up
from earshot.journal.actions import call
from earshot.journal.actors import process
from earshot.journal.models import Entry
from earshot.journal.reactions import GIVEN_UP, afterwards, at_once, sends
from earshot.kit.engine.prepared import Prepared
from earshot.people import absences, standing
from earshot.people import registry as people
from earshot.people.models import LIVE, Absence, Person, Post, Standing
from earshot.playbooks.models import SUPPORT, PartVersion
from earshot.playbooks.queries import role_words, skills_asked_for
from earshot.playbooks.registry import FACTS, FOLLOWED, FOLLOWED_TIERS, IMPACTS, OBJECTIONS, PROVIDERS
from earshot.talk import notices
from earshot.talk import registry as talking
from earshot.talk import verbs as talk
from earshot.talk.actions import messages as message_actions
from earshot.talk.models import Message
from earshot.teams import registry as teams
from earshot.teams.models import Membership
from earshot.voice import actions as voice_actions
from earshot.voice import checks as voice_checks
from earshot.voice import ears as voice_ears
from earshot.voice import leads as voice_leads
from earshot.voice import registry as hearing
from earshot.voice import verbs as voice
from earshot.voice.models import Ear, Item
from earshot.wiring import addressees, asking, facts, impacts, news, subjects
from earshot.wiring.holdings import HOLDINGS
from earshot.wiring.topics import TOPICS


def _standing(why: str, *parts: str, new: bool = False) -> Callable[[Entry], None]:
    """The reaction that makes the standings given for this reason by these parts of the entry what their rule says. `new`: the
    objects in these parts began with the entry."""

    def sync(entry: Entry) -> None:
        touched = entry.parts()
        standing.sync(entry, why, [object_id for part in parts for object_id in touched.get(part, [])], new=new)

    return sync


_MEMBERS = Prepared(lambda ids: Membership.objects.filter(seat__team__deal__in=ids, ended_at__isnull=True).values_list("pk"))


def _members_of_deal(entry: Entry, new: bool = False) -> None:
    """The team is formed before the deal that it serves: its members' standing begins, or changes, with the deal's entry."""
    standing.sync(entry, deals.SITS, [pk for (pk,) in _MEMBERS.rows(entry.parts()["deal"])], new=new)


def _first_members_of_deal(entry: Entry) -> None:
    _members_of_deal(entry, new=True)


def _calls_of_deal(entry: Entry) -> None:
    """What the customer said, and who must hear it, changed: so does what the deal's calls need."""
    items = entry.parts().get("item", [])
    said = Q(deal__items__in=items) | Q(pk__in=call_queries.of_shared_words(items))
    found = list(Call.objects.filter(said).values_list("pk", flat=True).distinct())
    if found:
        standing.sync(entry, calls.CALL_NEEDS, found)


def _calls_of_split(entry: Entry) -> None:
    """What the calls of both deals need is what was said on either until now."""
    there = Q(deal__in=[entry.one("deal"), UUID(entry.data["part_id"])])
    standing.sync(entry, calls.CALL_NEEDS, list(Call.objects.filter(there).values_list("pk", flat=True)))


def _calls_of_join(entry: Entry) -> None:
    """What the calls of the deal need is what was said on both."""
    standing.sync(entry, calls.CALL_NEEDS, list(Call.objects.filter(deal=entry.one("deal")).values_list("pk", flat=True)))


def _deciders_of_post(entry: Entry) -> None:
    """Somebody was given a post: he or she may now decide at gates of open deals, for the roles held."""
    roles = Post.objects.filter(person__in=entry.parts()["person"], until__isnull=True).values("role")
    open_deals = Deal.objects.filter(is_open=True, stage__gate__deciders__role__code__in=roles)
    standing.sync(entry, deals.DECIDES, list(open_deals.values_list("pk", flat=True)))


def _deputies_at(wanted: Callable[[Entry], Q]) -> Callable[[Entry], None]:
    """Who decides on these deals, or who is away, changed: so does who sees them as a deputy. Where nobody is away, nobody does."""

    def sync(entry: Entry) -> None:
        if deals.anybody_away():
            there = Deal.objects.filter(wanted(entry)).values_list("pk", flat=True).distinct()
            standing.sync(entry, deals.STANDS_IN, list(there))

    return sync


_deputies_on_deal = _deputies_at(lambda entry: Q(pk__in=entry.parts()["deal"]))
_deputies_on_team = _deputies_at(lambda entry: Q(team__seats__memberships__in=entry.parts()["membership"]))
_deputies_of_holder = _deputies_at(lambda entry: Q(is_open=True, stage__gate__isnull=False, unit__aboves__above__in=entry.parts()["unit"]))


def _deputies_of_absent(entry: Entry) -> None:
    """Somebody is away, or back: the deputy sees what waits for the decision of whoever is away, as long as that lasts; and so does the
    deputy of whoever the absent person stands in for."""
    people = [*entry.parts()["person"], *Absence.objects.filter(deputy=entry.one("person")).values_list("person", flat=True)]
    seen = Standing.objects.filter(LIVE, person__in=people, kind="deal").values("object_id")
    there = list(Deal.objects.filter(pk__in=seen, is_open=True).values_list("pk", flat=True))
    standing.sync(entry, deals.STANDS_IN, there)


def _asked_who_is_away(entry: Entry) -> None:
    deal_actions.ask_another(entry, away=entry.parts()["person"])


def _asked_as_holder(entry: Entry) -> None:
    deal_actions.role_ended(entry, entry.one("person"), entry.data["role"])


def _asked_who_left(entry: Entry) -> None:
    deal_actions.ask_another(entry, gone=entry.parts()["person"])


def _giving_up_asked_of_others(entry: Entry) -> None:
    deal_actions.ask_others(entry, entry.parts()["person"])


def _giving_up_asked_under(entry: Entry) -> None:
    deal_actions.ask_under(entry, entry.one("unit"))


def _giving_up_asked_of_team(entry: Entry) -> None:
    team = Membership.objects.values_list("seat__team", flat=True).get(pk=entry.one("membership"))
    deal_actions.ask_of_team(entry, team)


def _deciders_of_role(entry: Entry) -> None:
    """Somebody holds a role no more: who decides for it at the gates of open deals of the unit and those below it?"""
    below = Q(unit__aboves__above=entry.one("unit"), is_open=True)
    there = Deal.objects.filter(below, stage__gate__deciders__role__code=entry.data["role"])
    standing.sync(entry, deals.DECIDES, list(there.values_list("pk", flat=True)))


def _ears_of_call(entry: Entry) -> None:
    """Who is to do a call hears what its role must hear on that deal."""
    call = Call.objects.select_related("deal__owner", "deal__unit", "deal__closing").get(pk=entry.one("call"))
    voice_ears.align_ears(entry, call.deal, call.role)


def _ears_of_post(entry: Entry) -> None:
    voice_ears.fill_ears(entry, entry.data["role"])


def _ears_of_former(entry: Entry) -> None:
    voice_ears.leave_ears(entry, entry.data["role"], Person.objects.get(pk=entry.one("person")))


def _ears_of_seat(entry: Entry) -> None:
    """Somebody sits on the team of a deal now, or does no more."""
    seat = Membership.objects.select_related("seat").get(pk=entry.one("membership")).seat
    deal = Deal.objects.select_related("owner", "unit", "closing").filter(team=seat.team_id).first()
    if deal is not None:
        voice_ears.align_ears(entry, deal, seat.role)


def _ears_of_owner(entry: Entry) -> None:
    """Another owns the deal now: what the former one was to hear as its owner passes to who acts for each of those roles."""
    deal = Deal.objects.select_related("owner", "unit").get(pk=entry.one("deal"))
    waiting = Ear.objects.filter(item__deal=deal, person=entry.one("former"), ended_at__isnull=True)
    for role in sorted(set(waiting.values_list("role", flat=True))):
        voice_ears.align_ears(entry, deal, role)


def _votes_anew(entry: Entry) -> None:
    """The customer has said something: who was silent or overruled before that is asked anew."""
    items = Item.objects.filter(pk__in=entry.parts().get("item", [])).values_list("pk", "deal_id")
    deal_actions.ask_anew(entry, dict(items))
    deal_actions.speak_anew(entry, dict(items))


def _alarmed(entry: Entry) -> None:
    """A step told somebody, or what it told of is over: whoever is alarmed sees what about, and only as long as it lasts."""
    touched = entry.parts()
    if "asking" in touched:  # that nobody has decided yet is told; whoever may not see the deal reads no more than that
        return
    if "recipient" in touched:  # that somebody has not answered is told; the message stays between those whom it reached
        return
    standing.sync(entry, voice.ALARMED_EAR, touched.get("ear", []))
    standing.sync(entry, leads.ALARMED_LEAD, touched.get("lead", []))
    if "ear" not in touched and "lead" not in touched:
        standing.sync(entry, calls.ALARMED_CALL, touched["what"])


def _messages_of_member(entry: Entry) -> None:
    """Somebody sits on the team now, or does no more: so it is with what was written to him or her there."""
    members = entry.parts().get("person", [])
    mine = Q(author__in=members) | Q(recipients__person__in=members)
    there = Message.objects.filter(mine, team=entry.one("team")).values_list("pk", flat=True).distinct()
    standing.sync(entry, talk.REACHED, list(there))


def _heads_of_before(entry: Entry) -> None:
    """Another heads the unit now: whoever did before sees less."""
    message_actions.release_unseeing(entry, entry.parts().get("former", []))


def _permission_ended(entry: Entry) -> None:
    message_actions.release_unseeing(entry, entry.parts()["person"])


def _leads_of_account(entry: Entry) -> None:
    """Another answers for the account now: so he or she knows of its leads."""
    known = Lead.objects.filter(account__in=entry.parts()["account"]).values_list("pk", flat=True)
    standing.sync(entry, leads.KNOWS_LEAD, list(known))


def _no_longer_alarmed(entry: Entry) -> None:
    if "alarmed" in entry.data:
        _alarmed(entry)


def _is_support(entry: Entry) -> bool:
    return PartVersion.objects.filter(pk=entry.one("version"), part=SUPPORT).exists()


def _call_for_open_deals(entry: Entry) -> None:
    if _is_support(entry):
        with call():
            call_actions.raise_missing(entry)


def _judge_again(entry: Entry) -> None:
    """What could not be judged by the playbook of before may be by this one."""
    for name in dict.fromkeys(name for name, _where, _count in gate_conditions.unjudged()):
        deal_actions.judge_again(by=process(entry.verb).because(entry), name=name)


def _risks_judged(entry: Entry) -> None:
    parts = entry.parts()
    there = Q(pk__in=parts.get("deal", [])) | Q(team__in=parts.get("team", [])) | Q(items__in=parts.get("item", []))
    deal_actions.judge_risks(entry, Deal.objects.filter(there))


# What can make good something that a head passed at risk: whoever heard, delivered, sat down, or stated it.
RISKS_JUDGED_BY = (
    "voice.noted",
    "voice.present_confirmed",
    "voice.ears_ended",
    "voice.ears_released",
    "calls.delivered",
    "calls.ended",
    "deals.deal_changed",
    "deals.deal_split",
    "deals.figures_stated",
    "deals.process_changed",
    "deals.services_set",
    "teams.accepted",
)

REACTIONS: list[tuple[str, Callable[[Entry], None]]] = [
    ("accounts.account_opened", _standing(accounts.OWNS_ACCOUNT, "account", new=True)),
    ("accounts.account_handed", _standing(accounts.OWNS_ACCOUNT, "account")),
    ("accounts.account_handed", _leads_of_account),
    ("deals.lead_recorded", _standing(leads.KNOWS_LEAD, "lead", new=True)),
    ("deals.lead_brought_in", _standing(leads.KNOWS_LEAD, "lead", new=True)),
    *(
        (f"deals.lead_{verb}", _standing(leads.KNOWS_LEAD, "lead"))
        for verb in ("taken_up", "handed", "account_set", "turned_down", "reopened", "became_deal", "joined")
    ),
    ("deals.lead_became_deal", voice_leads.bring_words),
    ("deals.lead_joined", voice_leads.bring_words),
    ("voice.lead_words_kept", _standing(voice.WAS_PRESENT, "attendance", new=True)),
    ("voice.lead_words_kept", call_actions.raise_where_it_holds),
    ("people.left", absences.end_all),
    ("people.left_with_heir", absences.end_all),
    ("people.deputy_handed", _deputies_of_absent),
    ("people.absence_begun", _deputies_of_absent),
    ("people.absence_begun", _asked_who_is_away),
    ("people.absence_ended", _deputies_of_absent),
    ("people.left", _asked_who_left),
    ("people.left_with_heir", _asked_who_left),
    *((f"people.{how}", _giving_up_asked_of_others) for how in ("absence_begun", "left", "left_with_heir")),
    ("people.head_appointed", _giving_up_asked_under),
    *((f"teams.{how}", _giving_up_asked_of_team) for how in ("accepted", "left", "released")),
    ("teams.nominated", deal_actions.refuse_seats_of_closed),
    ("teams.accepted", deal_actions.refuse_seats_of_closed),
    ("teams.nominated", _standing(deals.SITS, "membership", new=True)),
    ("teams.declined", _standing(deals.SITS, "membership")),
    ("teams.left", _standing(deals.SITS, "membership")),
    ("teams.released", _standing(deals.SITS, "membership")),
    ("people.post_given", _deciders_of_post),
    ("people.post_given", _ears_of_post),
    ("people.post_ended", _deciders_of_role),
    ("people.post_given", _deputies_of_holder),
    ("people.post_ended", _deputies_of_holder),
    ("people.post_ended", _asked_as_holder),
    ("teams.accepted", _deputies_on_team),
    ("teams.left", _deputies_on_team),
    ("teams.released", _deputies_on_team),
    ("people.post_ended", call_actions.pass_on),  # who acts for the role on the deal changes first, then who hears for it
    ("people.post_ended", _ears_of_former),
    ("teams.accepted", _ears_of_seat),
    ("teams.left", _ears_of_seat),
    ("teams.released", _ears_of_seat),
    ("teams.accepted", _messages_of_member),
    ("teams.left", _messages_of_member),
    ("teams.released", _messages_of_member),
    ("talk.posted", _standing(talk.REACHED, "message", new=True)),
    ("talk.asked", _standing(talk.REACHED, "message", new=True)),
    ("talk.directed", _standing(talk.REACHED, "message", new=True)),
    ("people.head_appointed", _heads_of_before),
    ("people.permission_ended", _permission_ended),
    *(
        (f"deals.decision_{verb}", _standing(deals.ASKED, "asking"))
        for verb in (
            "asked",
            "asked_of_nobody",
            "climbed",
            "climbed_of_nobody",
            "approved",
            "refused",
            "withdrawn",
            "moved",
            "otherwise",
        )
    ),
    ("deals.deal_opened", _standing(deals.OWNS, "deal", new=True)),
    ("deals.deal_opened", _first_members_of_deal),
    ("deals.deal_split", call_actions.divide_calls),
    ("deals.deal_split", voice_actions.share_words),
    ("deals.deal_split", _calls_of_split),
    ("deals.deal_split", call_actions.raise_where_it_holds),
    ("deals.joined_in", call_actions.bring_calls),
    ("deals.joined_in", voice_actions.bring_said),
    ("deals.joined_in", _calls_of_join),
    ("deals.joined_in", call_actions.raise_where_it_holds),
    ("deals.deal_joined", gate_conditions.end_unjudged),
    ("deals.deal_joined", _standing(deals.DECIDES, "deal")),
    ("deals.deal_joined", _deputies_on_deal),
    ("deals.deal_joined", call_actions.end_with_deal),
    ("deals.deal_joined", voice_ears.end_with_deal),
    ("deals.deal_joined", deal_actions.end_waits),
    ("deals.part_opened", _standing(deals.OWNS, "deal", new=True)),
    ("deals.part_opened", _first_members_of_deal),
    ("deals.deal_brought_in", _standing(deals.OWNS, "deal", new=True)),
    ("deals.deal_brought_in", _first_members_of_deal),
    ("deals.deal_brought_in", _deputies_on_deal),
    ("deals.deal_changed", _standing(deals.OWNS, "deal")),
    ("deals.deal_changed", _members_of_deal),
    ("deals.deal_changed", _deputies_on_deal),
    ("deals.deal_handed", _standing(deals.OWNS, "deal")),
    ("deals.deal_handed", _standing(deals.DECIDES, "deal")),
    ("deals.deal_handed", _deputies_on_deal),
    ("deals.deal_handed", _ears_of_owner),
    ("deals.stage_entered", _standing(deals.DECIDES, "deal")),
    ("deals.stage_entered", _deputies_on_deal),
    ("deals.stage_entered", call_actions.raise_for_stage),
    ("deals.deal_changed", call_actions.raise_where_it_holds),
    ("deals.figures_stated", call_actions.raise_where_it_holds),
    ("deals.services_set", call_actions.raise_where_it_holds),
    ("deals.process_changed", _standing(deals.DECIDES, "deal")),
    ("deals.process_changed", _deputies_on_deal),
    ("deals.process_changed", call_actions.raise_for_stage),
    ("deals.process_changed", gate_conditions.note_unjudged),
    ("deals.gate_refused", gate_conditions.note_unjudged),
    ("deals.gate_refused", call_actions.raise_where_it_holds),
    ("deals.move_refused", gate_conditions.note_unjudged),
    ("deals.move_refused", call_actions.raise_where_it_holds),
    ("deals.gate_opened", gate_conditions.note_unjudged),
    ("deals.deal_won", gate_conditions.end_unjudged),
    ("deals.deal_lost", gate_conditions.end_unjudged),
    ("deals.deal_given_up", gate_conditions.end_unjudged),
    ("voice.meeting_recorded", call_actions.raise_where_it_holds),
    ("deals.deal_won", _standing(deals.DECIDES, "deal")),
    ("deals.deal_won", _deputies_on_deal),
    ("deals.deal_lost", _standing(deals.DECIDES, "deal")),
    ("deals.deal_given_up", _standing(deals.DECIDES, "deal")),
    ("deals.deal_lost", _deputies_on_deal),
    ("deals.deal_given_up", _deputies_on_deal),
    ("deals.deal_won", call_actions.end_with_deal),
    ("deals.deal_lost", call_actions.end_with_deal),
    ("deals.deal_given_up", call_actions.end_with_deal),
    ("deals.deal_won", voice_ears.end_with_deal),
    ("deals.deal_lost", voice_ears.end_with_deal),
    ("deals.deal_given_up", voice_ears.end_with_deal),
    *((name, _risks_judged) for name in RISKS_JUDGED_BY),
    ("deals.deal_lost", deal_actions.end_risks),
    ("deals.deal_given_up", deal_actions.end_risks),
    ("voice.ears_named", _votes_anew),
    ("deals.deal_won", deal_actions.end_waits),
    ("deals.deal_lost", deal_actions.end_waits),
    ("deals.deal_given_up", deal_actions.end_waits),
    *((f"deals.deal_{how}", deal_actions.end_giving_up) for how in ("won", "lost", "joined")),
    ("clocks.warned", _alarmed),
    ("clocks.breached", _alarmed),
    ("clocks.escalated", _alarmed),
    ("clocks.met", _no_longer_alarmed),
    ("clocks.met_late", _no_longer_alarmed),
    ("clocks.cancelled", _no_longer_alarmed),
    ("voice.ears_named", _standing(voice.MUST_HEAR, "ear", new=True)),
    ("voice.ears_named", _calls_of_deal),
    ("voice.ears_ended", _standing(voice.MUST_HEAR, "ear")),
    ("voice.ears_ended", _calls_of_deal),
    ("voice.ear_passed", _standing(voice.MUST_HEAR, "ear")),
    ("voice.ear_passed", _calls_of_deal),
    ("voice.ears_released", _standing(voice.MUST_HEAR, "ear")),
    ("voice.ears_released", _calls_of_deal),
    ("voice.ears_of_nobody", _standing(voice.MUST_HEAR, "ear")),
    ("voice.ears_of_nobody", _calls_of_deal),
    ("voice.meeting_recorded", _standing(voice.WAS_PRESENT, "attendance", new=True)),
    ("voice.meeting_completed", _standing(voice.WAS_PRESENT, "attendance")),
    ("voice.present_denied", _standing(voice.WAS_PRESENT, "attendance")),
    ("calls.raised", _ears_of_call),
    ("calls.raised", _standing(calls.CALLED, "call", new=True)),
    ("calls.raised", _standing(calls.CALL_NEEDS, "call", new=True)),
    ("calls.named", _ears_of_call),
    ("calls.named", _standing(calls.CALLED, "call")),
    ("calls.named", _standing(calls.CALL_NEEDS, "call")),
    ("calls.declined", _ears_of_call),
    ("calls.declined", _standing(calls.CALLED, "call")),
    ("calls.declined", _standing(calls.CALL_NEEDS, "call")),
    ("calls.passed_on", _ears_of_call),
    ("calls.passed_on", _standing(calls.CALLED, "call")),
    ("calls.passed_on", _standing(calls.CALL_NEEDS, "call")),
    ("calls.went_with", _standing(calls.CALLED, "call")),
    ("calls.went_with", _standing(calls.CALL_NEEDS, "call")),
    ("calls.answered_for", _standing(calls.CALLED, "call")),
    ("calls.answered_for", _standing(calls.CALL_NEEDS, "call")),
    ("calls.ended", _standing(calls.CALLED, "call")),
    ("calls.ended", _standing(calls.CALL_NEEDS, "call")),
]

# What is owed after the commit: verb, the name its delivery rows carry, the reaction, and what it does in words.
LATER: list[tuple[str, str, Callable[[Entry], None], Any]] = [
    ("playbooks.part_in_force", "voice.apply_new_rules", voice_actions.apply_new_rules, _("Name hearers by the new rules")),
    ("playbooks.part_in_force", "calls.raise_missing", _call_for_open_deals, _("Raise the calls that the new table asks for")),
    ("playbooks.part_in_force", "deals.judge_again", _judge_again, _("Judge again what could not be judged")),
    *(
        (verb, "clocks.move_with_calendar", calendar_change.move_clocks, _("Move time limits with the changed calendar"))
        for verb in calendar_change.MOVED_BY
    ),
]


def fill() -> None:
    """Called once at start."""
    for verb, name, later, words in LATER:
        afterwards(verb, name, later, words)
    for verb, reaction in REACTIONS:
        at_once(verb, reaction)
    gates.LAWS.add("everyone_has_heard", voice_checks.everyone_has_heard)
    gates.LAWS.add("every_call_has_a_result", call_checks.every_call_has_a_result)
    OBJECTIONS.add("calls_of_open_deals", call_actions.refuse_uncovered)
    OBJECTIONS.add("profiles_of_open_deals", deal_policies.refuse_forgotten_sizes)
    OBJECTIONS.add("services_of_open_deals", specialties.refuse_forgotten)
    gates.VOTERS.add("has_heard_what_is_critical", voice_checks.voters_have_heard)
    gates.HEARD.add("critical_statements", voice_checks.heard_by)
    FOLLOWED.add("deals", deal_queries.stages_followed)
    FOLLOWED_TIERS.add("deals", deal_queries.tiers_followed)
    gates.BRINGS.add("calls", call_checks.would_be_called)
    people.ROLES.add("playbook", role_words)
    people.SKILLS.add("playbook", skills_asked_for)
    for name, holding in HOLDINGS.items():
        people.HOLDINGS.add(name, holding)
    teams.OWNERS.add("deal", deal_queries.owners_of_team)
    teams.STANDINGS.add("deal", deal_policies.standing_of_team)
    hearing.ACTING.add("called", call_queries.acting)
    for policy, whom_asked in asking.ASKED.items():
        gates.ASKED.add(policy.code, whom_asked)
    for fact in facts.FACTS:
        FACTS.add(fact.name, fact)
    for group, provider in facts.PROVIDERS.items():
        PROVIDERS.add(group, provider)
    for table, impact in impacts.IMPACTS.items():
        IMPACTS.add(table, impact)
    SUBJECTS.add("ear", subjects.ears)
    SUBJECTS.add("call", subjects.calls)
    SUBJECTS.add("recipient", subjects.recipients)
    SUBJECTS.add("risk", risks.subjects)
    SUBJECTS.add("wait", waits.subjects)
    SUBJECTS.add("asking", subjects.askings)
    SUBJECTS.add("vote_asked", dissents.subjects_of_votes)
    SUBJECTS.add("dissent", dissents.subjects_of_dissents)
    SUBJECTS.add("giving_up_voice", giving_up.subjects)
    SUBJECTS.add("lead", lead_queries.subjects)
    standing.LOST.add("messages", message_actions.release_unseeing)
    for kind, topic in TOPICS.items():
        talking.TOPICS.add(kind, topic)
    for name, resolver in addressees.RESOLVERS.items():
        ADDRESSEES.add(name, resolver)
    for verb, whom in news.NEWS:
        talking.concerns(verb, whom)
    for verb in talking.NEWS:
        afterwards(verb, "talk.spread", notices.spread, _("Find out whom it concerns, and how they wish to be told"))
    for name, cause in news.CAUSES.items():
        talking.CAUSES.add(name, cause)
    talking.READERS.add("timeline", news.as_read)
    talking.READERS.add("alarms", news.as_alarmed)
    GIVEN_UP.append(given_up)
    for name, (errand, does) in notices.ERRANDS.items():
        sends(name, errand, does)
