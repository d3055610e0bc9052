"""The Bot API as its machine-readable description has it: methods and types with their fields.

``tests/cases/platforms/telegram/schema.json`` is what we use of it, distilled from Bot API 10.1. The whole description
(PaulSonOfLars/telegram-bot-api-spec, api.json) is taken where the environment variable names its file.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

CASES = Path(__file__).resolve().parents[2] / "cases" / "platforms" / "telegram"
VARIABLE = "CARELOOP_TELEGRAM_API"


class BotApiSchema:
    """One description."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self._methods: Mapping[str, Any] = data["methods"]
        self._types: Mapping[str, Any] = data["types"]

    def request_problems(self, method: str, params: Mapping[str, Any], *, as_text: bool = False) -> list[str]:
        """What is wrong with a call. ``as_text``: its values are those of a query or a form."""
        known = self._methods.get(method)
        if known is None:
            return [f"no method {method}"]
        return list(self._fields(method, known.get("fields", ()), params, as_text=as_text, strict=True))

    def answer_problems(self, method: str, result: Any, *, strict: bool) -> list[str]:
        """What is wrong with a method's result. ``strict``: no field that is always there may lack."""
        return list(self._value(method, self._methods[method]["returns"], result, as_text=False, strict=strict))

    def update_problems(self, update: Mapping[str, Any]) -> list[str]:
        """What is wrong with an update."""
        return list(self._fields("update", self._types["Update"]["fields"], update, as_text=False, strict=True))

    def _fields(
        self, where: str, fields: Any, found: Mapping[str, Any], *, as_text: bool, strict: bool
    ) -> Iterator[str]:
        known = {item["name"]: item for item in fields}
        for name, item in known.items():
            if item["required"] and name not in found and strict:
                yield f"{where}.{name} is missing"
        for name, value in found.items():
            if name not in known:
                yield f"{where}.{name} is no field"
                continue
            yield from self._value(f"{where}.{name}", known[name]["types"], value, as_text=as_text, strict=strict)

    def _value(self, where: str, types: Any, value: Any, *, as_text: bool, strict: bool) -> Iterator[str]:
        tried = [list(self._of_type(where, kind, value, as_text=as_text, strict=strict)) for kind in types]
        if all(tried):
            yield from min(tried, key=len)

    def _of_type(self, where: str, kind: str, value: Any, *, as_text: bool, strict: bool) -> Iterator[str]:
        if kind in _PLAIN:
            if not (_as_text(kind, value) if as_text else _PLAIN[kind](value)):
                yield f"{where} is no {kind}"
            return
        if as_text:
            try:
                value = json.loads(value)
            except (TypeError, ValueError):
                yield f"{where} is no JSON"
                return
        if kind.startswith("Array of "):
            items = enumerate(value) if isinstance(value, list) else ()
            if not isinstance(value, list):
                yield f"{where} is no list"
            for index, item in items:
                inner = kind.removeprefix("Array of ")
                yield from self._of_type(f"{where}[{index}]", inner, item, as_text=False, strict=strict)
            return
        yield from self._object(where, kind, value, strict=strict)

    def _object(self, where: str, kind: str, value: Any, *, strict: bool) -> Iterator[str]:
        known = self._types.get(kind)
        if known is None:
            return  # not among what was distilled
        if not isinstance(value, dict):
            yield f"{where} is no {kind}"
        elif "subtypes" in known:
            tried = [list(self._object(where, name, value, strict=strict)) for name in known["subtypes"]]
            if all(tried):
                yield from min(tried, key=len)
        else:
            yield from self._fields(where, known.get("fields", ()), value, as_text=False, strict=strict)


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


_PLAIN: Mapping[str, Any] = {
    "Integer": _is_integer,
    "String": lambda value: isinstance(value, str),
    "Boolean": lambda value: isinstance(value, bool),
    "Float": lambda value: isinstance(value, float) or _is_integer(value),
    "InputFile": lambda value: isinstance(value, bytes),
}


def _as_text(kind: str, value: Any) -> bool:
    if kind == "Integer":
        return isinstance(value, str) and value.lstrip("-").isdigit()
    if kind == "Boolean":
        return value in ("true", "false")
    return bool(_PLAIN[kind](value))


def schemas() -> dict[str, BotApiSchema]:
    """Ours, and the vendor's where it is given."""
    found = {"ours": BotApiSchema(json.loads((CASES / "schema.json").read_text(encoding="utf-8")))}
    path = os.environ.get(VARIABLE)
    if path:
        found["the vendor's"] = BotApiSchema(json.loads(Path(path).read_text(encoding="utf-8")))
    return found
