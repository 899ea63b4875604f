"""The journal verbs and kinds of this room."""

from django.utils.translation import gettext_lazy as _

from earshot.journal import kinds, verbs
from earshot.playbooks.models import PartVersion, Revision

kinds.register("playbook", PartVersion, page="playbook_version")
kinds.register("revision", Revision, page="revision", in_two_languages=True)
verbs.register(
    {
        "playbooks.revision_opened": _("{actor} began to change the playbook, {revision}: {reason}"),
        "playbooks.part_written": _("{actor} wrote {version} in {revision}: {place}"),
        "playbooks.edit_undone": _("{actor} took back an edit of {version} in {revision}: {place}"),
        "playbooks.start_set": _("{actor} set when {revision} of the playbook begins"),
        "playbooks.approval_asked": _("{actor} asked for the approval of {revision}: {reason}"),
        "playbooks.part_approved": _("{actor} approved {version} in {revision}"),
        "playbooks.revision_approved": _("{revision} of the playbook is approved ({actor}): {reason}"),
        "playbooks.revision_withdrawn": _("{actor} withdrew {revision} of the playbook: {reason}"),
        "playbooks.part_in_force": _("{actor} put {version} of the playbook in force: {reason}"),
    }
)
