"""The SOQL that the Salesforce twin understands: one object, AND and OR, comparisons, IN, LIKE, ORDER BY, LIMIT."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Look = Callable[[str], Any]
"""A field's name -> its value in a record."""
Test = Callable[[Look], bool]
_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^'\\]|\\.)*')|(?P<time>\d{4}-\d\d-\d\dT[0-9:.]+Z)|(?P<word>[A-Za-z_][\w.]*)|(?P<number>\d+)"
    r"|(?P<sign>!=|>=|<=|[=<>(),]))"
)
_STATEMENT = re.compile(
    r"SELECT (?P<fields>[\w., ]+) FROM (?P<entity>\w+)(?: WHERE (?P<where>.*?))?(?: ORDER BY (?P<order>[\w., ]+?))?"
    r"(?: LIMIT (?P<limit>\d+))?",
    re.DOTALL,
)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}


class Malformed(Exception):
    """Salesforce would answer MALFORMED_QUERY."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A query that was understood. ``names``: every field that it mentions."""

    entity: str
    fields: tuple[str, ...]
    names: frozenset[str]
    test: Test
    order: tuple[str, ...]
    limit: int


def read(statement: str) -> Statement:
    """Raises Malformed."""
    found = _STATEMENT.fullmatch(statement.strip())
    if found is None:
        raise Malformed("unexpected token")
    parser = _Parser(found["where"] or "")
    test = parser.whole() if found["where"] else lambda look: True
    fields = tuple(item.strip() for item in found["fields"].split(","))
    order = tuple(item.strip().partition(" ")[0] for item in (found["order"] or "").split(",") if item.strip())
    return Statement(
        entity=found["entity"],
        fields=fields,
        names=frozenset((*fields, *order, *parser.names)),
        test=test,
        order=order,
        limit=int(found["limit"] or 50_000),
    )


class _Parser:
    def __init__(self, text: str) -> None:
        self.names: set[str] = set()
        self._tokens: list[tuple[str, str]] = []
        at = 0
        while at < len(text.rstrip()):
            found = _TOKEN.match(text, at)
            if found is None:
                raise Malformed(f"unexpected token at {at}")
            self._tokens.append((str(found.lastgroup), found[str(found.lastgroup)]))
            at = found.end()

    def whole(self) -> Test:
        test = self._either()
        if self._tokens:
            raise Malformed("unexpected token")
        return test

    def _either(self) -> Test:
        tests = [self._both()]
        while self._word("OR"):
            tests.append(self._both())
        return lambda look: any(test(look) for test in tests)

    def _both(self) -> Test:
        tests = [self._one()]
        while self._word("AND"):
            tests.append(self._one())
        return lambda look: all(test(look) for test in tests)

    def _one(self) -> Test:
        if self._sign("("):
            test = self._either()
            self._need(")")
            return test
        name = self._next("word")
        self.names.add(name)
        if self._word("IN"):
            self._need("(")
            values = [self._value()]
            while self._sign(","):
                values.append(self._value())
            self._need(")")
            return lambda look: any(_same(look(name), value) for value in values)
        if self._word("LIKE"):
            pattern = _pattern(self._next("text"))
            return lambda look: bool(pattern.fullmatch(str(look(name) or "")))
        sign, value = self._next("sign"), self._value()
        return _COMPARE[sign](name, value)

    def _value(self) -> Any:
        if not self._tokens:
            raise Malformed("unexpected end")
        kind, token = self._tokens.pop(0)
        if kind == "text":
            return unquoted(token)
        known: Mapping[str, Any] = {"null": None, "true": True, "false": False}
        if kind == "word" and token.lower() in known:
            return known[token.lower()]
        if kind in ("time", "number"):
            return token
        raise Malformed(f"unexpected token {token}")

    def _next(self, kind: str) -> str:
        if not self._tokens or self._tokens[0][0] != kind:
            raise Malformed(f"{kind} expected")
        return self._tokens.pop(0)[1]

    def _need(self, sign: str) -> None:
        if not self._sign(sign):
            raise Malformed(f"{sign} expected")

    def _sign(self, sign: str) -> bool:
        return self._take("sign", sign)

    def _word(self, word: str) -> bool:
        return self._take("word", word)

    def _take(self, kind: str, token: str) -> bool:
        found = bool(self._tokens) and self._tokens[0] == (kind, token)
        if found:
            self._tokens.pop(0)
        return found


def unquoted(token: str) -> str:
    """What a literal means."""
    return re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[1]), token[1:-1], flags=re.DOTALL)


def _pattern(token: str) -> re.Pattern[str]:
    """LIKE, without regard to case: ``%`` and ``_``, unless escaped."""
    parts = []
    for found in re.finditer(r"\\(.)|(.)", token[1:-1], flags=re.DOTALL):
        wild = {"%": ".*", "_": "."}.get(found[2] or "")
        parts.append(wild or re.escape(found[2] or _ESCAPES.get(found[1], found[1])))
    return re.compile("".join(parts), re.DOTALL | re.IGNORECASE)


def _same(left: Any, right: Any) -> bool:
    if isinstance(left, str) and isinstance(right, str):
        return left.casefold() == right.casefold()
    return bool(left == right)


def _later(name: str, value: Any, *, equal: bool) -> Test:
    def test(look: Look) -> bool:
        found = look(name)
        return found is not None and (str(found) > str(value) or (equal and str(found) == str(value)))

    return test


_COMPARE: Mapping[str, Callable[[str, Any], Test]] = {
    "=": lambda name, value: lambda look: _same(look(name), value),
    "!=": lambda name, value: lambda look: not _same(look(name), value),
    ">": lambda name, value: _later(name, value, equal=False),
    ">=": lambda name, value: _later(name, value, equal=True),
}
