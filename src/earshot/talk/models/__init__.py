"""Discussions and messages, and what is told to whom by which channel."""

from earshot.talk.models.channels import Channel, Feed, Wishes
from earshot.talk.models.notices import Notice, Sending

__all__ = ["Channel", "Feed", "Notice", "Sending", "Wishes"]
