"""Every way to spoil a JSON document that a suite tries: each place removed, and replaced by each unlikely value."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

_DEEP = 300
_MARK = "\x01here\x01"
_MARK_JSON = json.dumps(_MARK)
_MANY = 120
"""A document with more places than this is spoiled once for each kind of place, not for each place."""

REPLACEMENTS: dict[str, str] = {
    "null": "null",
    "empty text": '""',
    "empty list": "[]",
    "empty object": "{}",
    "zero": "0",
    "minus one": "-1",
    "true": "true",
    "infinity": "1e400",
    "a long number": "9" * 400,
    "a long text": '"' + "x" * 5000 + '"',
    "nested lists": "[" * _DEEP + "]" * _DEEP,
    "a list of objects": '[{"a":[null,{}]},0,"x"]',
    "a lone surrogate": '"a\\ud800\\u0000b"',
}
"""What it is, and its JSON text (some have no Python value that survives `json.dumps`)."""

FROM_A_SERVER = ("null", "empty list", "empty object", "minus one", "infinity", "a lone surrogate")
"""Replacements for answers of a vendor, whom we asked ourselves: one of each type."""

BODIES: dict[str, bytes] = {
    "nothing": b"",
    "a blank": b" ",
    "null": b"null",
    "a number": b"1",
    "a text": b'"x"',
    "an empty list": b"[]",
    "an empty object": b"{}",
    "an unknown object": b'{"something":{"new":[1,2,{"deep":true}]}}',
    "no JSON": b"<html>hello</html>",
    "no UTF-8": b'{"a":"\xff\xfe"}',
    "a byte order mark": b'\xef\xbb\xbf{"a":1}',
    "NaN": b'{"a":NaN}',
    "deeper than the reader": b'{"a":' * 100_000,
    "a number of 5,000 digits": b"1" * 5000,
}
"""Whole bodies that are nothing that a vendor would send."""


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from _places(item, (*path, key))


def _chosen(document: Any, many: int) -> list[tuple[Any, ...]]:
    places = list(_places(document))
    if len(places) <= many:
        return places
    kinds = {tuple("*" if isinstance(step, int) else step for step in place): place for place in reversed(places)}
    return list(kinds.values())


def _parent(document: Any, place: tuple[Any, ...]) -> Any:
    for step in place[:-1]:
        document = document[step]
    return document


def name_of(place: tuple[Any, ...]) -> str:
    """``entry[0].changes``, for messages."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in place).lstrip(".")


def spoiled(body: bytes, chosen: Sequence[str] = ()) -> Iterator[tuple[str, bytes]]:
    """(what was done, the new body) for everything that can be done to `body`; nothing when it is not JSON. With
    `chosen` replacements: these alone, once for each kind of place."""
    try:
        original = json.loads(body)
    except ValueError:
        return
    for place in _chosen(original, 0 if chosen else _MANY):
        parent, last = _parent(original, place), place[-1]
        kept, parent[last] = parent[last], _MARK
        text = json.dumps(original)
        for what in chosen or REPLACEMENTS:
            yield f"{name_of(place)} = {what}", text.replace(_MARK_JSON, REPLACEMENTS[what]).encode()
        del parent[last]
        yield f"{name_of(place)} removed", json.dumps(original).encode()
        if isinstance(parent, list):
            parent.insert(last, kept)
        else:
            parent[last] = kept


def respaced(body: bytes) -> bytes | None:
    """The same JSON with other blanks, or None when `body` is not JSON."""
    try:
        document = json.loads(body)
    except ValueError:
        return None
    compact = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    return compact if compact != body else json.dumps(document, ensure_ascii=False, separators=(", ", ": ")).encode()
