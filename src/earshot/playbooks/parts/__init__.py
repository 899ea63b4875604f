"""The parts of a playbook, a module each: its form as JSON Schema (`SCHEMA`), what it must not say (`check`), and how its rows are kept
(`write`)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from earshot.kit.problems import in_both
from earshot.playbooks import models as rows
from earshot.playbooks.models import PartVersion
from earshot.playbooks.parts import hearing, meaning, measures, policies, process, service_levels, support, templates
from earshot.playbooks.parts.form import Schema, Tables
from earshot.playbooks.parts.reading import Reading


@dataclass(frozen=True)
class Part:
    schema: Schema
    check: Callable[[Reading], None]
    write: Callable[[PartVersion, Tables], None]


# In the order in which their files are read and their findings stand.
BY_NAME: Mapping[str, Part] = {
    rows.PROCESS: Part(process.SCHEMA, process.check, process.write),
    rows.SERVICE_LEVELS: Part(service_levels.SCHEMA, service_levels.check, service_levels.write),
    rows.HEARING: Part(hearing.SCHEMA, hearing.check, hearing.write),
    rows.SUPPORT: Part(support.SCHEMA, support.check, support.write),
    rows.POLICIES: Part(policies.SCHEMA, policies.check, policies.write),
    rows.TEMPLATES: Part(templates.SCHEMA, templates.check, templates.write),
    rows.MEASURES: Part(measures.SCHEMA, measures.check, measures.write),
}


def published(part: str) -> str:
    """The JSON Schema of a part as it is published, for editors."""
    head: dict[str, Any] = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": f"Earshot playbook: {part}"}
    return json.dumps(head | meaning.described(part, BY_NAME[part].schema, _both), ensure_ascii=False, indent=2) + "\n"


def _both(sentence: Any) -> str:
    """In Chinese and in English, whatever the language of whoever asks."""
    return " / ".join(in_both(sentence).values())
