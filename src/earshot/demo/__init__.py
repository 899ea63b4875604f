"""Demonstration worlds: small companies, written as data, built through the same verbs that people use."""
