"""What an OpenAPI description says of calls and answers: as much of it as our checks need."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

_TYPES: Mapping[str, Any] = {
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
}
_WORDS: Mapping[str, Any] = {
    "integer": lambda value: value.lstrip("-").isdigit(),
    "boolean": lambda value: value in ("true", "false"),
}


class OpenApi:
    """One description, or several read as one."""

    def __init__(self, documents: Sequence[Mapping[str, Any]]) -> None:
        self._operations = [
            (document, re.compile(re.sub(r"\\\{[^}]*\\\}", "[^/()]+", re.escape(path))), operations)
            for document in documents
            for path, operations in document["paths"].items()
        ]

    @classmethod
    def read(cls, paths: Sequence[Path]) -> OpenApi:
        """From files."""
        return cls([json.loads(path.read_text(encoding="utf-8")) for path in paths])

    def request_problems(self, request: Mapping[str, Any]) -> list[str]:
        """What is wrong with a call as cases write it."""
        where = f"{request['method']} {urlsplit(request['url']).path}"
        found = self._find(request)
        if found is None:
            return [f"no operation {where}"]
        document, operation = found
        problems = list(self._query(document, operation, where, request.get("query", {})))
        content = operation.get("requestBody", {}).get("content", {})
        schema = content.get("application/json", {}).get("schema")
        if "multipart" in request and "multipart/form-data" in content:
            return problems  # files; their parts are the cases' own to look at
        if schema is not None:
            problems += _problems(document, f"{where} body", schema, request.get("json"))
        elif "json" in request:
            problems.append(f"{where} takes no body")
        return problems

    def answer_problems(self, request: Mapping[str, Any], status: int, answer: Any) -> list[str]:
        """What is wrong with the answer to a call."""
        found = self._find(request)
        if found is None:
            return []
        document, operation = found
        described = operation["responses"].get(str(status))
        if described is None:
            return [f"no answer {status} to {request['method']} {urlsplit(request['url']).path}"]
        schema = described.get("content", {}).get("application/json", {}).get("schema")
        return [] if schema is None else list(_problems(document, f"answer {status}", schema, answer))

    def _find(self, request: Mapping[str, Any]) -> tuple[Mapping[str, Any], Mapping[str, Any]] | None:
        path, method = urlsplit(request["url"]).path, request["method"].lower()
        for document, pattern, operations in self._operations:
            if pattern.fullmatch(path) and method in operations:
                return document, operations[method]
        return None

    def _query(
        self, document: Mapping[str, Any], operation: Mapping[str, Any], where: str, query: Mapping[str, str]
    ) -> Iterator[str]:
        described = [_resolved(document, item) for item in operation.get("parameters", ())]
        known = {item["name"]: item for item in described if item.get("in") == "query"}
        is_whole = all("in" in item for item in described)
        for name, value in query.items():
            if name not in known:
                if not is_whole:
                    continue  # a parameter that is described in another file
                yield f"{where} has no parameter {name}"
            elif not _WORDS.get(known[name].get("schema", {}).get("type"), lambda _: True)(value):
                yield f"{where}?{name} is no {known[name]['schema']['type']}"
        for name, item in known.items():
            if item.get("required") and name not in query:
                yield f"{where}?{name} is missing"


def _resolved(document: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a reference leads to; what stands in another file may be anything."""
    while "$ref" in schema:
        here: Any = document
        for part in schema["$ref"].removeprefix("#/").split("/"):
            here = here.get(part, {})
        schema = here
    return schema


def _problems(document: Mapping[str, Any], where: str, schema: Mapping[str, Any], value: Any) -> Iterator[str]:
    schema = _resolved(document, schema)
    kind = schema.get("type")
    if kind is not None and not _TYPES[kind](value):
        yield f"{where} is no {kind}"
    elif "enum" in schema and value not in schema["enum"]:
        yield f"{where} is none of {schema['enum']}"
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _problems(document, f"{where}[{index}]", schema.get("items", {}), item)
    elif isinstance(value, dict):
        yield from _members(document, where, schema, value)


def _members(
    document: Mapping[str, Any], where: str, schema: Mapping[str, Any], value: Mapping[str, Any]
) -> Iterator[str]:
    known, others = schema.get("properties", {}), schema.get("additionalProperties")
    yield from (f"{where}.{name} is missing" for name in schema.get("required", ()) if name not in value)
    for name, item in value.items():
        if name in known:
            yield from _problems(document, f"{where}.{name}", known[name], item)
        elif isinstance(others, Mapping):
            # a property without a value is null, whatever its type
            yield from _problems(document, f"{where}.{name}", others, item) if item is not None else ()
        elif known and not others:
            yield f"{where}.{name} is no field"
