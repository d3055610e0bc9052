"""RT's searches, as far as the twin has them: its SQL over tickets and transactions, and lists of JSON conditions.

Seen on RT 5.0.3: strings compare without regard to case, a backslash escapes, an unknown field is a 400, an unknown
custom field finds nothing. AND binds tighter than OR. JSON conditions on one field are alternatives, fields must all
hold.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

Values = Callable[[str], tuple[str, ...] | None]
"""Field name -> its values on one record; None: there is no such field."""
Test = Callable[[Values], bool]

_TOKEN = re.compile(
    r"""\s*(?:(?P<paren>[()])
    |(?P<text>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
    |(?P<operator>!=|>=|<=|=|<|>|\bIS\s+NOT\b|\bIS\b)
    |(?P<field>(?:CF|CustomField)\.\{[^}]*\})
    |(?P<word>[A-Za-z0-9_.+-]+))""",
    re.VERBOSE | re.IGNORECASE,
)


class BadQuery(Exception):
    """The message is RT's answer."""


def parse(query: str, known: Iterable[str]) -> Test:
    """The test that `query` makes of a record. Raises BadQuery."""
    return _Parser(query, {name.lower(): name for name in known}).parse()


class _Parser:
    def __init__(self, query: str, known: Mapping[str, str]) -> None:
        self._tokens = list(_tokens(query))
        self._known = known
        self._at = 0

    def parse(self) -> Test:
        test = self._either()
        if self._at != len(self._tokens):
            raise BadQuery(f"Unexpected {self._tokens[self._at][1]}")
        return test

    def _take(self, *kinds: str) -> str:
        if self._at < len(self._tokens) and self._tokens[self._at][0] in kinds:
            self._at += 1
            return self._tokens[self._at - 1][1]
        raise BadQuery("Couldn't parse the query")

    def _is_next(self, text: str) -> bool:
        if self._at < len(self._tokens) and self._tokens[self._at][1].upper() == text:
            self._at += 1
            return True
        return False

    def _either(self) -> Test:
        tests = [self._both()]
        while self._is_next("OR"):
            tests.append(self._both())
        return lambda values: any(test(values) for test in tests)

    def _both(self) -> Test:
        tests = [self._one()]
        while self._is_next("AND"):
            tests.append(self._one())
        return lambda values: all(test(values) for test in tests)

    def _one(self) -> Test:
        if self._is_next("("):
            test = self._either()
            self._take("paren")
            return test
        name = self._take("field", "word")
        if not name.lower().startswith(("cf.", "customfield.")):
            if name.lower() not in self._known:
                raise BadQuery(f"Unknown field: {name}")
            name = self._known[name.lower()]
        operator = re.sub(r"\s+", " ", self._take("operator").upper())
        return condition(name, operator, _value(self._take("text", "word")))


def _tokens(query: str) -> Iterable[tuple[str, str]]:
    at = 0
    while query[at:].strip():
        found = _TOKEN.match(query, at)
        if found is None:
            raise BadQuery("Couldn't parse the query")
        kind = found.lastgroup or ""
        yield kind, found[kind]
        at = found.end()


def _value(token: str) -> str:
    return re.sub(r"\\(.)", r"\1", token[1:-1]) if token[0] in "'\"" else token


def condition(name: str, operator: str, wanted: str) -> Test:
    """One comparison. Raises BadQuery for an operator that RT does not have."""
    if operator in ("IS", "IS NOT"):
        return lambda values: bool(values(name)) == (operator == "IS NOT")
    if operator not in ("=", "!=", "<", ">", "<=", ">="):
        raise BadQuery(f"Unknown operator: {operator}")

    def test(values: Values) -> bool:
        found = values(name) or ()
        if operator == "!=":
            return not any(_compare(item, "=", wanted) for item in found)
        return any(_compare(item, operator, wanted) for item in found)

    return test


def _compare(found: str, operator: str, wanted: str) -> bool:
    left: Any = found.lower()
    right: Any = wanted.lower()
    if found.isdigit() and wanted.isdigit():
        left, right = int(found), int(wanted)
    if operator == "=":
        return bool(left == right)
    below = bool(left < right)
    return {"<": below, ">=": not below, ">": not below and left != right, "<=": below or left == right}[operator]


def from_json(conditions: Any) -> Test:
    """The test that a list of JSON conditions makes; unknown fields are passed over, as RT does. Raises BadQuery."""
    if not isinstance(conditions, list) or not all(isinstance(item, dict) for item in conditions):
        raise BadQuery("JSON object must be a ARRAY")
    by_field: dict[str, list[Test]] = {}
    for item in conditions:
        if item.get("field") and item.get("value") is not None:
            name = str(item["field"])
            test = condition(name, str(item.get("operator", "=")), str(item["value"]))
            by_field.setdefault(name, []).append(test)

    def holds(values: Values) -> bool:
        return all(any(test(values) for test in tests) for name, tests in by_field.items() if values(name) is not None)

    return holds
