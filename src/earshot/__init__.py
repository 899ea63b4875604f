"""Earshot (炮声): those within earshot of the customer decide, and everyone who must hear, hears."""

__version__ = "0.1.0"
