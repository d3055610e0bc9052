"""A small evaluator of IAM identity policies. Pure.

It knows what our policies are made of: Allow and Deny, Action, Resource, and Condition with StringEquals, StringLike,
their negations, ``ForAllValues:`` and policy variables. Anything else raises `NotUnderstood`, so that nothing is taken
for granted. (IAM user guide, "Policy evaluation logic" and "IAM JSON policy elements", 2026-10.)
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

Document = Mapping[str, Any]
Statement = Mapping[str, Any]
_ELEMENTS = {"Sid", "Effect", "Action", "Resource", "Condition"}
_VARIABLE = re.compile(r"\$\{([^}]+)\}")


class NotUnderstood(ValueError):
    """A policy says something that this evaluator does not know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One action on one resource. ``context``: condition keys with their values."""

    action: str
    resource: str
    context: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def values(self, key: str) -> tuple[str, ...]:
        """The values of a condition key; none when it is absent."""
        return dict(self.context).get(key, ())


def allows(document: Document, request: Request) -> bool:
    """Whether an identity with this policy alone may do it: some statement allows it and none denies it."""
    effects = {statement["Effect"] for statement in statements(document) if concerns(statement, request)}
    return "Allow" in effects and "Deny" not in effects


def statements(document: Document) -> Sequence[Statement]:
    """The statements, checked. Raises NotUnderstood."""
    if document.get("Version") != "2012-10-17":
        raise NotUnderstood("policy variables need Version 2012-10-17")
    found = _listed(document["Statement"])
    for statement in found:
        if unknown := set(statement) - _ELEMENTS:
            raise NotUnderstood(f"elements {sorted(unknown)}")
        if statement["Effect"] not in ("Allow", "Deny"):
            raise NotUnderstood(f"effect {statement['Effect']}")
    return found


def concerns(statement: Statement, request: Request) -> bool:
    """Whether a statement is about this request: its action, its resource and all its conditions match."""
    return (
        any(like(pattern.lower(), request.action.lower()) for pattern in _listed(statement["Action"]))
        and any(like(pattern, request.resource) for pattern in _listed(statement["Resource"]))
        and all(
            _holds(operator, key, _listed(wanted), request)
            for operator, keys in statement.get("Condition", {}).items()
            for key, wanted in keys.items()
        )
    )


def like(pattern: str, text: str) -> bool:
    """IAM's wildcards: ``*`` is any characters, ``?`` is one; everything else is itself."""
    return _compiled(pattern).fullmatch(text) is not None


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), re.DOTALL)


def _holds(operator: str, key: str, wanted: Sequence[str], request: Request) -> bool:
    test = _OPERATORS.get(operator.removeprefix("ForAllValues:"))
    if test is None:
        raise NotUnderstood(f"condition operator {operator}")
    for_all = operator.startswith("ForAllValues:")
    given = request.values(key)
    if not for_all and len(given) > 1:
        raise NotUnderstood(f"{key} has many values: use ForAllValues")
    patterns = [_filled(pattern, request) for pattern in wanted]
    negated = operator.endswith(_NEGATED)
    if for_all:
        # of an absent key all values match: whoever uses this grants only actions that always have the key
        return all(any(test(pattern, value) for pattern in patterns) != negated for value in given)
    if not given:
        return negated
    return any(test(pattern, given[0]) for pattern in patterns) != negated


_NEGATED = ("StringNotEquals", "StringNotLike")
_OPERATORS = {
    "StringEquals": str.__eq__,
    "StringNotEquals": str.__eq__,
    "StringLike": like,
    "StringNotLike": like,
}


def _filled(pattern: str, request: Request) -> str:
    """Policy variables by their values. One that the context lacks matches nothing."""

    def value(match: re.Match[str]) -> str:
        given = request.values(match[1])
        return given[0] if len(given) == 1 else match[0]

    return _VARIABLE.sub(value, pattern)


def _listed(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else [value]
