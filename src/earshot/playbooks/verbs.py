"""The journal verbs and kinds of this room."""

from django.utils.translation import gettext_lazy as _

from earshot.journal import kinds, verbs
from earshot.playbooks.models import PartVersion

kinds.register("playbook", PartVersion)
verbs.register({"playbooks.part_in_force": _("{actor} put {version} of the playbook in force: {reason}")})
