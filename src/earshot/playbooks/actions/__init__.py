"""Changing the playbook: revisions are opened, written, approved and begin; a pack is taken in by the same way."""

from earshot.playbooks.actions.adopting import adopt_pack, switch_profile
from earshot.playbooks.actions.approving import approve, ask_approval
from earshot.playbooks.actions.beginning import begin_due
from earshot.playbooks.actions.cells import add_row, move_row, remove_row, set_cells
from earshot.playbooks.actions.preparing import add_part, open_revision, open_with, set_start, undo, withdraw, write_part, write_parts

__all__ = [
    "add_part",
    "add_row",
    "adopt_pack",
    "approve",
    "ask_approval",
    "begin_due",
    "move_row",
    "open_revision",
    "open_with",
    "remove_row",
    "set_cells",
    "set_start",
    "switch_profile",
    "undo",
    "withdraw",
    "write_part",
    "write_parts",
]
