"""Discussions and messages, and what is told to whom by which channel."""

from earshot.talk.models.channels import Channel, Feed, Wishes
from earshot.talk.models.messages import Acknowledgement, Message, Recipient, Release
from earshot.talk.models.notices import Notice, Sending

__all__ = ["Acknowledgement", "Channel", "Feed", "Message", "Notice", "Recipient", "Release", "Sending", "Wishes"]
