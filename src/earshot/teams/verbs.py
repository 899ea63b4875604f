"""The journal verbs and kinds of this room."""

from django.utils.translation import gettext_lazy as _

from earshot.journal import kinds, verbs
from earshot.teams.models import Membership, Team

kinds.register("team", Team, page="team")
kinds.register("membership", Membership, label=lambda membership: membership.person.name)
verbs.register(
    {
        "teams.team_formed": _("{actor} formed the team {team}"),
        "teams.team_carried_on": _("{team} has the seats of {first}, and in them who sat there: {member} accepted this work before"),
        "teams.nominated": _("{actor} nominated {person} to a seat of {team}"),
        "teams.accepted": _("{actor} accepted the seat in {team}"),
        "teams.declined": _("{actor} declined the seat in {team}: {reason}"),
        "teams.left": _("{actor} gave back the seat in {team}: {reason}"),
        "teams.released": _("{actor} released {person} from a seat of {team}: {reason}"),
    }
)
