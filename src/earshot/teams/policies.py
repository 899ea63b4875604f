"""The policy that this room reads."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from earshot.playbooks import queries as playbook
from earshot.playbooks.models import BLOCK, WARN
from earshot.playbooks.policies import Standing
from earshot.playbooks.registry import policy
from earshot.teams.models import Team
from earshot.teams.registry import STANDINGS

ONE_SEAT_EACH = policy("one-seat-each", _("One person sits in one seat of a team."), light=WARN, standard=BLOCK, strict=BLOCK)


def standing(team: Team) -> Standing:
    """In which profile the team stands: as what it serves does, else as its unit does."""
    return next((found for of in STANDINGS.values() if (found := of(team)) is not None), None) or playbook.standing(team.unit_id)
