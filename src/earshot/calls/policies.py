"""The policies that this room reads."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from earshot.playbooks.models import BLOCK, SUPPORT_SAID, WARN
from earshot.playbooks.registry import policy

STAGE_SAYS_SUPPORT = policy(
    SUPPORT_SAID,
    _("Of each stage the playbook says which support it calls for, or that none is needed."),
    light=WARN,
    standard=BLOCK,
    strict=BLOCK,
    allowed=(BLOCK, WARN),
)
QUALIFIED = policy(
    "qualified-for-call",
    _("Whoever is named for a call holds its role and has the skill that the catalogue asks for."),
    light=WARN,
    standard=BLOCK,
    strict=BLOCK,
)
