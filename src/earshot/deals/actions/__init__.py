"""Verbs on deals: open, change, move, decide, lose; moved to a newer process."""

from earshot.deals.actions.figures import state_figures
from earshot.deals.actions.handing import hand_deal
from earshot.deals.actions.moves import lose_deal, move_back, move_on
from earshot.deals.actions.opening import CURRENCIES, bring_in_deal, change_deal, open_deal, refuse_seats_of_closed
from earshot.deals.actions.processes import Moved, add_missing_seats, move_all_to_process, move_to_process
from earshot.deals.actions.votes import judge_again, vote, withdraw_vote

__all__ = [
    "CURRENCIES",
    "Moved",
    "add_missing_seats",
    "bring_in_deal",
    "change_deal",
    "hand_deal",
    "judge_again",
    "lose_deal",
    "move_all_to_process",
    "move_back",
    "move_on",
    "move_to_process",
    "open_deal",
    "refuse_seats_of_closed",
    "state_figures",
    "vote",
    "withdraw_vote",
]
