"""The policy that this room reads."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from earshot.playbooks.burden import HEAR
from earshot.playbooks.models import BLOCK, HEAR_BEFORE_GATE, WARN
from earshot.playbooks.registry import policy

HEARD_BEFORE_GATE = policy(
    HEAR_BEFORE_GATE,
    _("A gate opens once everybody who must hear has heard."),
    light=WARN,
    standard=BLOCK,
    strict=BLOCK,
    allowed=(BLOCK, WARN),
    demands=HEAR,
)
