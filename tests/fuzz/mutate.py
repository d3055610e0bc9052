"""Bodies that nobody would send, made from those that somebody did: mutations that know JSON, and some that do not.

A document is read into `Pairs`, lists and leaves, so that keys may come twice; what Python can't write (1e400, NaN,
halves of characters, nesting deeper than any stack) is `Raw` text. The same random number generator gives the same body.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

MANY = 1000
"""Entries where one was."""
_CROWDED = 3000
"""Places from which on nothing is multiplied any more: copies share their parts, and would multiply each other."""
LONGEST = 512 * 1024
"""Bytes of a made body; larger ones are made by `hostile`. A body that is cut off there is not JSON any more."""


class Pairs(list[tuple[str, Any]]):
    """An object; keys may repeat."""


class Raw(str):
    """JSON text as it is to be written."""

    __slots__ = ()


def read(body: bytes) -> Any:
    """The document. Raises ValueError."""
    return json.loads(body, object_pairs_hook=Pairs)


class _Full(Exception):
    """The body is long enough."""


class _Parts(list[str]):
    """Pieces of a body; raises `_Full` beyond `most` characters."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.left = most

    def append(self, part: str) -> None:
        super().append(part)
        self.left -= len(part)
        if self.left < 0:
            raise _Full


def write(value: Any, most: int = LONGEST) -> bytes:
    """The body, cut off at about `most` bytes. Halves of characters are written as escapes."""
    parts = _Parts(most)
    with suppress(_Full):
        _write(value, parts)
    return "".join(parts).encode("utf-8", "surrogatepass")


def _write(value: Any, parts: _Parts) -> None:
    if isinstance(value, Raw):
        parts.append(value)
    elif isinstance(value, Pairs):
        parts.append("{")
        for index, (key, item) in enumerate(value):
            parts.append(("," if index else "") + json.dumps(key) + ":")
            _write(item, parts)
        parts.append("}")
    elif isinstance(value, list):
        parts.append("[")
        for index, item in enumerate(value):
            parts.append("," if index else "")
            _write(item, parts)
        parts.append("]")
    else:
        parts.append(json.dumps(value, ensure_ascii=not _plain(value)))


def _plain(value: Any) -> bool:
    return isinstance(value, str) and not any("\ud800" <= character <= "\udfff" for character in value)


# -- values ------------------------------------------------------------------------------------------------------------

NASTY: tuple[str, ...] = (
    "null",
    "true",
    "false",
    "0",
    "-1",
    "-0",
    "1.5",
    "9007199254740993",
    "-9223372036854775809",
    "18446744073709551616",
    "1e308",
    "1e400",
    "-1e-400",
    "NaN",
    "-Infinity",
    "253402300800",
    "253402300800000",
    "1795176000000",
    '""',
    '" "',
    '"0"',
    '"-1"',
    '"null"',
    '"1e5"',
    '"nan"',
    '"infinity"',
    '"99999999999999999999"',
    '"\\u0000"',
    '"a\\u0000b"',
    '"\\ud800"',
    '"\\udfff\\ud800"',
    '"a\\ud83d"',
    '"\\u202e\\u2066\\ufeff"',
    '"é\\u0301\\u0301\\u0301"',
    '"https://"',
    '"javascript:alert(1)"',
    '"https://[::1"',
    '"http://user:pass@host:99999/"',
    '"at://"',
    '"2026-13-45T99:99:99Z"',
    '"0000-00-00T00:00:00Z"',
    '"9999-12-31T23:59:59-23:59"',
    '"0001-01-01T00:00:00+23:59"',
    '"2026-11-20T12:00:00"',
    '"20261120"',
    '"%00%zz|:/#?"',
    "[]",
    "{}",
    "[null]",
    "[[]]",
    "[{}]",
    '{"":""}',
    '{"id":{"id":{"id":[]}}}',
    '{"$type":"x"}',
)
"""JSON texts that stand for whole values."""


def _long(dice: random.Random) -> Raw:
    size = dice.choice((255, 256, 1024, 1025, 5000, 65_537, 120_000))
    return Raw(
        json.dumps(dice.choice(("x", "é", "👩‍👩‍👧", "\u0301", "@a ", "https://x.example/ ", "\n> ", "<b>")) * size)[
            : size * 2
        ]
        + '"'
    )


def _number(dice: random.Random) -> Raw:
    return Raw("-" * dice.randrange(2) + "9" * dice.choice((16, 19, 20, 39, 309, 4000, 5000)))


def _nested(dice: random.Random) -> Raw:
    depth = dice.choice((20, 100, 300, 900, 1100, 20_000))
    opening, closing = dice.choice((("[", "]"), ('{"a":', "}"), ('[{"replies":', "}]"), ('{"message":', "}")))
    return Raw(opening * depth + "1" + closing * depth)


def value(dice: random.Random) -> Any:
    """Something unlikely."""
    chance = dice.random()
    if chance < 0.8:
        return Raw(dice.choice(NASTY))
    return dice.choice((_long, _number, _nested))(dice)


# -- mutations ---------------------------------------------------------------------------------------------------------

Place = tuple[Any, int]
"""A container and an index in it."""
Mutation = Callable[[random.Random, list[Place], Sequence[Any]], None]


def places(document: Any) -> list[Place]:
    """Every place in a document where a value stands."""
    found: list[Place] = []
    waiting = [document]
    while waiting:
        here = waiting.pop()
        if isinstance(here, list) and not isinstance(here, Raw):
            found += [(here, index) for index in range(len(here))]
            waiting += [item[1] if isinstance(here, Pairs) else item for item in here]
    return found


def _get(place: Place) -> Any:
    container, index = place
    return container[index][1] if isinstance(container, Pairs) else container[index]


def _set(place: Place, new: Any) -> None:
    container, index = place
    container[index] = (container[index][0], new) if isinstance(container, Pairs) else new


def _replace(dice: random.Random, found: list[Place], others: Sequence[Any]) -> None:
    _set(dice.choice(found), value(dice))


def _delete(dice: random.Random, found: list[Place], others: Sequence[Any]) -> None:
    container, index = dice.choice(found)
    del container[index]


def _double(dice: random.Random, found: list[Place], others: Sequence[Any]) -> None:
    """An element or a key twice; of a key's values one may be strange."""
    container, index = dice.choice(found)
    container.insert(dice.randrange(len(container) + 1), container[index])
    if dice.random() < 0.5:
        _set((container, dice.randrange(len(container))), value(dice))


def _multiply(dice: random.Random, found: list[Place], others: Sequence[Any]) -> None:
    lists = [place for place in found if type(place[0]) is list]
    if lists and len(found) < _CROWDED:
        container, index = dice.choice(lists)
        room = max(1, LONGEST // max(1, len(write(container[index]))))
        container.extend([container[index]] * min(MANY, room))


def _swap(dice: random.Random, found: list[Place], others: Sequence[Any]) -> None:
    one, other = dice.choice(found), dice.choice(found)
    first, second = _as_plain(_get(one)), _as_plain(_get(other))
    _set(one, second)
    _set(other, first)


def _as_plain(item: Any) -> Any:
    """A copy without shared parts, so that nothing comes to hold itself; None for what can't be read back."""
    try:
        return read(write(item))
    except (ValueError, RecursionError):
        return None


def _retype(dice: random.Random, found: list[Place], others: Sequence[Any]) -> None:
    """A text for a number, a list for its element, an object for its list, and back."""
    place = dice.choice(found)
    old = _get(place)
    if isinstance(old, list) and not isinstance(old, Pairs) and old:
        _set(place, old[0])
    elif isinstance(old, str) and not isinstance(old, Raw) and old.isdigit():
        _set(place, Raw(old.lstrip("0") or "0"))
    elif isinstance(old, int | float) and not isinstance(old, bool):
        _set(place, str(old))
    else:
        _set(place, dice.choice(([old], Pairs([("a", old)]), [[old]])))


def _rename(dice: random.Random, found: list[Place], others: Sequence[Any]) -> None:
    keyed = [place for place in found if isinstance(place[0], Pairs)]
    if keyed:
        container, index = dice.choice(keyed)
        names = [pair[0] for place in keyed for pair in (place[0][place[1]],)]
        container[index] = (dice.choice([*names, "", "\ud800", "a\u0000", "type"]), container[index][1])


def _graft(dice: random.Random, found: list[Place], others: Sequence[Any]) -> None:
    """A part of another body."""
    other = dice.choice(others)
    there = places(other)
    if there:
        _set(dice.choice(found), _as_plain(_get(dice.choice(there))))


def _edge(dice: random.Random, found: list[Place], others: Sequence[Any]) -> None:
    """A text or a number, a little off."""
    leaves = [
        place for place in found if isinstance(_get(place), str | int) and not isinstance(_get(place), Raw | bool)
    ]
    if not leaves:
        return
    place = dice.choice(leaves)
    old = _get(place)
    if isinstance(old, int):
        _set(place, Raw(str(old * dice.choice((-1, 1000, 2**53, 10**18)) + dice.choice((-1, 0, 1)))))
        return
    at = dice.randrange(len(old) + 1)
    extra = dice.choice(
        ("\u0000", "\ud800", "\udfff", "\u202e", " ", "\n", "🏳️‍🌈", "|", "/", "../", "%", "\\", '"', "\x7f")
    )
    _set(place, dice.choice((old[:at] + extra + old[at:], old[:at], old.upper(), old * 2, old + extra * 40)))


MUTATIONS: tuple[Mutation, ...] = (
    _replace,
    _replace,
    _replace,
    _delete,
    _delete,
    _double,
    _multiply,
    _swap,
    _retype,
    _rename,
    _graft,
    _edge,
    _edge,
)


def _bytes(dice: random.Random, body: bytes) -> bytes:
    """Damage that knows no JSON."""
    at = dice.randrange(len(body) + 1)
    extra = dice.choice(
        (b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\x00", b"\xf0\x9f", b"}", b"]", b",", b'"', b"\\", b"{}")
    )
    made: tuple[bytes, ...] = (
        body[:at],
        body[at:],
        body[:at] + extra + body[at:],
        b"\xef\xbb\xbf" + body,
        body.decode("utf-8", "replace").encode("utf-16"),
        body + body,
        body[:at] + body[at + dice.randrange(1, 9) :],
    )
    return dice.choice(made)


def mutate(dice: random.Random, body: bytes, others: Sequence[bytes], most: int = LONGEST) -> bytes:
    """One to four mutations of `body`, cut off at about `most` bytes; ``others`` are bodies to take parts from."""
    try:
        document = [read(body)]
    except (ValueError, RecursionError):
        return _bytes(dice, body or b"{}")
    if dice.random() < 0.06:
        return _bytes(dice, body)
    donors: list[Any] = []
    for other in dice.sample(list(others), min(2, len(others))):
        try:
            donors.append([read(other)])
        except (ValueError, RecursionError):
            continue
    for _ in range(dice.choice((1, 1, 1, 2, 3, 4))):
        found = places(document)
        if not found:
            document = [value(dice)]
        else:
            dice.choice(MUTATIONS)(dice, found, donors or [document])
    return write(document[0], most) if document else b""


# -- bodies that are large by intention --------------------------------------------------------------------------------


def hostile(seed: bytes, size: int) -> dict[str, bytes]:
    """(what it is -> body of about `size` bytes): each list of the seed blown up with copies, with nothings, with one
    broken entry many times; and one long text, one long number, deep nesting, many keys."""
    made = {
        "one long text": b'{"a":"' + b"x" * size + b'"}',
        "many escapes": b'{"a":"' + b"\\u0000" * (size // 6) + b'"}',
        "a long number": b'{"a":' + b"9" * size + b"}",
        "deep lists": b"[" * size,
        "deep objects": b'{"a":' * (size // 5),
        "many keys": b"{" + b",".join(b'"k%d":0' % number for number in range(size // 12)) + b"}",
        "one key many times": b"{" + b",".join([b'"object":0'] * (size // 11)) + b"}",
        "many nothings": b"[" + b",".join([b"{}"] * (size // 3)) + b"]",
        "many numbers": b"[" + b",".join([b"1"] * (size // 2)) + b"]",
    }
    try:
        document = read(seed)
    except (ValueError, RecursionError):
        return made
    lists = [place for place in places([document]) if type(_get(place)) is list and _get(place)]
    if type(document) is list and document:
        lists.append(([document], 0))
    for number, place in enumerate(lists[:4]):
        old = _get(place)
        for what, filler in {"copies": old[0], "nothings": Pairs(), "nulls": None}.items():
            one = write(filler)
            text = "[" + ",".join([one.decode("utf-8", "surrogatepass")] * max(1, size // (len(one) + 1))) + "]"
            _set(place, Raw(text))
            made[f"list {number + 1} of {what}"] = write(document, 2 * size + len(seed))
            _set(place, old)
    return made
