"""What keeps the house running and belongs to no single room."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext_lazy as _

from earshot.journal import jobs
from earshot.journal.actions import record, verb
from earshot.journal.actors import Actor, process
from earshot.journal.models import Delivery
from earshot.journal.reactions import WORDS
from earshot.kit.problems import Refusal, forbidden, in_both
from earshot.people import permits
from earshot.people.actors import personally


@verb
def send_again(*, by: Actor, deliveries: Iterable[Delivery]) -> int:
    """Owe given-up deliveries again, with all their attempts. Returns how many there were."""
    personally(by)
    may_keep_running(by)
    n = jobs.revive(Delivery.objects.filter(pk__in=[one.pk for one in deliveries]))
    if not n:
        raise Refusal("delivery.not_given_up", _("These are not given up any more: somebody has sent them again already."), status=409)
    record("desk.sent_again", by=by, objects={}, data={"n": n}, permission=permits.OPERATE)
    return n


@verb
def given_up(delivery: Delivery) -> None:
    """The worker gave a delivery up: an entry for who sees to it, so that their open pages show the line at once."""
    by = process("journal/worker").because(delivery.entry)
    does = in_both(WORDS.get(delivery.reaction, delivery.reaction))
    record("desk.given_up", by=by, objects={}, data={"what": does, "attempts": delivery.attempts}, permission=permits.OPERATE)


def may_keep_running(by: Actor) -> None:
    """Sales operations and administrators see to what the worker has given up."""
    held = permits.held_by(by)
    if not held & {permits.OPERATE, permits.ADMINISTER}:
        raise forbidden("delivery.not_yours", _("Operations and administrators see to what the worker has given up."))
