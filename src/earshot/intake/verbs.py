"""The journal verbs and kinds of this room."""

from django.utils.translation import gettext_lazy as _

from earshot.intake.models import Batch
from earshot.journal import kinds, verbs

kinds.register("batch", Batch)
verbs.register(
    {
        "intake.batch_taken": _("Import of {batch}: {added} deals added, {known} known, {findings} findings"),
        "intake.leads_taken": _("Import of {batch}: {added} leads added, {known} known, {findings} findings"),
    }
)
