"""Accounts and the people at the customer."""
