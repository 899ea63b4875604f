"""Reading a body: JSON, and nothing that no database could hold."""

from __future__ import annotations

import json
import re
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from ninja.parser import Parser

from earshot.kit.problems import Refusal

_HALVES = re.compile(rb"\\u[dD][89a-fA-F]")


class StrictJson(Parser):
    """`application/json` in UTF-8. Half a character (a surrogate without its pair) is no text, and refused like bad JSON."""

    def parse_body(self, request: HttpRequest) -> Any:
        kind = request.content_type or ""
        if kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
            raise Refusal("body.kind", _("Send the body as application/json."), status=415)
        data = json.loads(request.body.decode("utf-8"), parse_constant=_no_number)
        if _HALVES.search(request.body):
            json.dumps(data, ensure_ascii=False).encode("utf-8")
        return data


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")
