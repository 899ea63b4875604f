"""Discussions and messages, and what is told to whom by which channel."""

from earshot.talk.models.messages import Acknowledgement, Message, Recipient, Release

__all__ = ["Acknowledgement", "Message", "Recipient", "Release"]
