"""Policies: the named switches, and what they are called together. In force by date."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from earshot.kit.problems import say
from earshot.playbooks import models as rows
from earshot.playbooks.findings import meant
from earshot.playbooks.models import PartVersion
from earshot.playbooks.parts.form import Schema, Tables, named, part, table
from earshot.playbooks.parts.reading import Reading

SCHEMA: Schema = part(
    {"profile": {"enum": rows.PROFILES}, "policies": table({"setting": {"enum": ["block", "warn"]}}, ["setting"])},
    ["profile", "policies"],
)


def check(reading: Reading) -> None:
    for row in reading.tables[rows.POLICIES]["policies"]:
        if row["code"] not in rows.KNOWN_POLICIES:
            sentence = say(_("there is no policy “{code}”{hint}"), code=row["code"], hint=meant(row["code"], rows.KNOWN_POLICIES))
            reading.finds(rows.POLICIES, f"policies/{row['code']}", sentence)


def write(version: PartVersion, tables: Tables) -> None:
    for row in tables["policies"]:
        rows.Policy.objects.create(version=version, **named(row), setting=row["setting"])
