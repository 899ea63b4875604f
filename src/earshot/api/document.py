"""The OpenAPI 3.1 document: what the framework reads from the functions, and what is the same for all of them: problems, headers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema
from ninja.operation import Operation
from pydantic import TypeAdapter

from earshot.api.answers import KEY, KEY_PATTERN, MATCH, MATCH_PATTERN
from earshot.api.problems import MEDIA_TYPE, Problem

MEANINGS = {
    400: "The body is not JSON that can be read.",
    401: "No token, or one that is not valid any more.",
    403: "Seen, but not yours to do.",
    404: "There is no such thing, or it is not yours to see: both sound the same.",
    409: "The state of things does not allow it. A gate that is shut, and a vote that does not count, say so line by line.",
    412: "Somebody changed the row since the version that you named; the lines say what changed.",
    413: "The body is too big.",
    415: "The body is not `application/json`.",
    422: "The request does not fit; `fields` says what is wrong where.",
    428: "`If-Match` is missing.",
}
REF = "#/components/schemas/{model}"
PROBLEM = {"$ref": REF.format(model="Problem")}
LANGUAGE = {
    "name": "Accept-Language",
    "in": "header",
    "required": False,
    "description": "The language of sentences and names: `zh-hans` (default) or `en`.",
    "schema": {"type": "string", "enum": ["zh-hans", "en"]},
}
REPEAT = {
    "name": KEY,
    "in": "header",
    "required": False,
    "description": "The same key with the same body gives the first answer again and does nothing twice; with another body it is "
    "refused (422). Only answers of success are kept. A key belongs to the token's person.",
    "schema": {"type": "string", "pattern": f"^{KEY_PATTERN}$"},
}
VERSION = {
    "name": MATCH,
    "in": "header",
    "required": True,
    "description": "The ETag of the version that you have read.",
    "schema": {"type": "string", "pattern": f"^{MATCH_PATTERN}$"},
}
CONTENT_LANGUAGE = {"description": "The language of the answer.", "schema": {"type": "string"}}
ETAG = {"description": "The version of the row, for `If-Match`.", "schema": {"type": "string"}}


def refusals(operation: Operation) -> Iterator[int]:
    """The 4xx that an operation may answer, from what it takes."""
    sources = {model.__ninja_param_source__ for model in operation.models}
    writes = operation.methods != ["GET"]
    yield 401
    if writes or "path" in sources or getattr(operation.view_func, "may_miss", False):
        yield 404
    if "body" in sources:
        yield from (400, 413, 415)
    if writes or getattr(operation.view_func, "needs_permission", False):
        yield 403
    if writes:
        yield 409
    if writes or "query" in sources:
        yield 422
    if getattr(operation.view_func, "needs_version", False):
        yield from (412, 428)


class Document(OpenAPISchema):
    """The framework's document with the refusals and headers of every operation."""

    def operation_details(self, operation: Operation) -> dict[str, Any]:
        details: dict[str, Any] = super().operation_details(operation)
        details["parameters"] += [LANGUAGE]
        if "POST" in operation.methods:
            details["parameters"] += [REPEAT]
        if getattr(operation.view_func, "needs_version", False):
            details["parameters"] += [VERSION]
        for answer in details["responses"].values():
            answer["headers"] = {"Content-Language": CONTENT_LANGUAGE}
            if getattr(operation.view_func, "shows_version", False):
                answer["headers"]["ETag"] = ETAG
        for status in sorted(refusals(operation)):
            details["responses"][status] = {
                "description": MEANINGS[status],
                "headers": {"Content-Language": CONTENT_LANGUAGE},
                "content": {MEDIA_TYPE: {"schema": PROBLEM}},
            }
        return details

    def get_components(self) -> dict[str, Any]:
        problem = TypeAdapter(Problem).json_schema(ref_template=REF)
        self.add_schema_definitions(problem.pop("$defs"))
        self.add_schema_definitions({"Problem": problem})
        components: dict[str, Any] = super().get_components()
        return components


class Door(NinjaAPI):
    """The API with our document, made once: no operation comes or goes while the process runs."""

    _document: Document | None = None

    def get_openapi_schema(self, *, path_prefix: str | None = None, path_params: dict[str, Any] | None = None) -> OpenAPISchema:
        if self._document is None:
            self._document = Document(self, self.get_root_path(path_params or {}) if path_prefix is None else path_prefix)
        return self._document

    def get_openapi_operation_id(self, operation: Operation) -> str:
        return operation.view_func.__name__
