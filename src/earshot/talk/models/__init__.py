"""Discussions and messages, and what is told to whom by which channel."""
