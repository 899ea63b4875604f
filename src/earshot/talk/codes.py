"""The code that a person types to confirm a channel. It is kept nowhere: it follows from the channel, how many codes were sent, and the
key of the installation."""

from __future__ import annotations

from datetime import timedelta

from django.utils.crypto import constant_time_compare, salted_hmac

from earshot.talk.models.channels import Channel

GOOD_FOR = timedelta(hours=1)
MOST_WRONG = 5  # for one code
MOST_CODES = 10  # for one channel
PAUSE = timedelta(minutes=1)  # between two of them
# Of one person, over all channels, ended ones too: ending one and adding it again is no way to send mail to a stranger or to guess.
MOST_CODES_A_DAY = 20
MOST_WRONG_A_DAY = 30
DAY = timedelta(days=1)


def code_of(channel: Channel) -> str:
    """Six digits, others for every code that is sent."""
    digest = salted_hmac("earshot.talk.codes", f"{channel.pk}/{channel.codes}", algorithm="sha256").digest()
    return f"{int.from_bytes(digest[:8], 'big') % 1_000_000:06}"


def fits(channel: Channel, typed: str) -> bool:
    return constant_time_compare("".join(typed.split()), code_of(channel))
