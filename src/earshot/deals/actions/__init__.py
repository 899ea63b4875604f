"""Verbs on deals: open, change, move, decide, lose; moved to a newer process."""

from earshot.deals.actions.closing import lose_deal, say_why_won
from earshot.deals.actions.deciding import decide, refuse_beyond
from earshot.deals.actions.dissenting import ask_anew
from earshot.deals.actions.escalating import ask_another, ask_for_decision, climb_silent, role_ended, withdraw_escalation
from earshot.deals.actions.figures import state_figures
from earshot.deals.actions.giving_up import (
    conclude_giving_up,
    end_giving_up,
    propose_giving_up,
    speak_on_giving_up,
    withdraw_giving_up,
)
from earshot.deals.actions.handing import hand_deal
from earshot.deals.actions.joining import join_deals
from earshot.deals.actions.leads import (
    bring_in_lead,
    correct_lead,
    hand_lead,
    join_lead,
    open_deal_of_lead,
    rate_lead,
    record_lead,
    refuse_lead,
    reopen_lead,
    set_lead_account,
    set_lead_step,
    take_up_lead,
    verify_lead,
)
from earshot.deals.actions.leaving_out import leave_out_step, need_step
from earshot.deals.actions.lining import set_lines
from earshot.deals.actions.moves import move_back, move_on
from earshot.deals.actions.opening import CURRENCIES, bring_in_deal, change_deal, open_deal, refuse_seats_of_closed
from earshot.deals.actions.processes import Moved, add_missing_seats, move_all_to_process, move_to_process
from earshot.deals.actions.risks import AtRisk, end_risks, judge_risks, make_good, pass_at_risk
from earshot.deals.actions.serving import set_services
from earshot.deals.actions.settling import settle_dissent
from earshot.deals.actions.speaking import ask_of_team, ask_others, ask_under, silence_voices, speak_anew
from earshot.deals.actions.splitting import split_deal
from earshot.deals.actions.stepping import set_next_step
from earshot.deals.actions.votes import judge_again, vote, withdraw_vote
from earshot.deals.actions.waiting import end_wait, end_waits, take_over, wait_for

__all__ = [
    "CURRENCIES",
    "AtRisk",
    "Moved",
    "add_missing_seats",
    "ask_anew",
    "ask_another",
    "ask_for_decision",
    "ask_of_team",
    "ask_others",
    "ask_under",
    "bring_in_deal",
    "bring_in_lead",
    "change_deal",
    "climb_silent",
    "conclude_giving_up",
    "correct_lead",
    "decide",
    "end_giving_up",
    "end_risks",
    "end_wait",
    "end_waits",
    "hand_deal",
    "hand_lead",
    "join_deals",
    "join_lead",
    "judge_again",
    "judge_risks",
    "leave_out_step",
    "lose_deal",
    "make_good",
    "move_all_to_process",
    "move_back",
    "move_on",
    "move_to_process",
    "need_step",
    "open_deal",
    "open_deal_of_lead",
    "pass_at_risk",
    "propose_giving_up",
    "rate_lead",
    "record_lead",
    "refuse_beyond",
    "refuse_lead",
    "refuse_seats_of_closed",
    "reopen_lead",
    "role_ended",
    "say_why_won",
    "set_lead_account",
    "set_lead_step",
    "set_lines",
    "set_next_step",
    "set_services",
    "settle_dissent",
    "silence_voices",
    "speak_anew",
    "speak_on_giving_up",
    "split_deal",
    "state_figures",
    "take_over",
    "take_up_lead",
    "verify_lead",
    "vote",
    "wait_for",
    "withdraw_escalation",
    "withdraw_giving_up",
    "withdraw_vote",
]
