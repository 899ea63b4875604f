"""Changing the playbook: revisions are opened, written, approved and begin; a pack is taken in by the same way."""

from earshot.playbooks.actions.adopting import adopt_pack
from earshot.playbooks.actions.approving import approve, ask_approval
from earshot.playbooks.actions.beginning import begin_due
from earshot.playbooks.actions.cells import add_row, remove_row, set_cells
from earshot.playbooks.actions.preparing import open_revision, set_start, undo, withdraw, write_part

__all__ = [
    "add_row",
    "adopt_pack",
    "approve",
    "ask_approval",
    "begin_due",
    "open_revision",
    "remove_row",
    "set_cells",
    "set_start",
    "undo",
    "withdraw",
    "write_part",
]
