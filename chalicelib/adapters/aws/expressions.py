"""Conditions of the table port in DynamoDB's language. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chalicelib.adapters.records.rules import holds
from chalicelib.ports.table import Condition, Item, Value

Attribute = Mapping[str, Any]

_OWN = frozenset({"pk", "sk", "expires_at", "write_id"})
_ABSENT = ("attribute_not_exists(pk)", "expires_at <= :now")
_UNEXPIRED = ("attribute_not_exists(expires_at)", "expires_at > :now")


def to_attribute(value: Value) -> Attribute:
    """A scalar in DynamoDB's notation."""
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, int):
        return {"N": str(value)}
    return {"S": value} if value is not None else {"NULL": True}


def to_attributes(item: Item) -> dict[str, Attribute]:
    """An item without its keys; None is left out."""
    return {name: to_attribute(value) for name, value in item.items() if value is not None}


def from_attributes(attributes: Mapping[str, Attribute]) -> Item:
    """An item without its keys and the table's own attributes. Types that we never write are left out."""
    return {name: _value(value) for name, value in attributes.items() if name not in _OWN}


def expired(attributes: Mapping[str, Attribute], now: int) -> bool:
    """True when the stored item counts as absent (DynamoDB removes it up to days later)."""
    return "expires_at" in attributes and int(attributes["expires_at"]["N"]) <= now


def _value(attribute: Attribute) -> Value:
    if "S" in attribute:
        return str(attribute["S"])
    if "N" in attribute:
        return int(attribute["N"])
    return bool(attribute["BOOL"]) if "BOOL" in attribute else None


@dataclass(slots=True, kw_only=True)
class Expression:
    """A condition expression with its placeholders: ``alternatives`` joined by OR."""

    alternatives: list[str] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    values: dict[str, Attribute] = field(default_factory=dict)

    def parameters(self) -> dict[str, Any]:
        """As arguments of a call; DynamoDB refuses empty maps and unused placeholders."""
        found: dict[str, Any] = {"ConditionExpression": " OR ".join(self.alternatives)}
        if self.names:
            found["ExpressionAttributeNames"] = self.names
        if self.values:
            found["ExpressionAttributeValues"] = self.values
        return found


def render(condition: Condition, now: int) -> Expression | None:
    """The expression for `condition`; None when every item and none satisfies it. An expired item is a missing one.

    Raises ValueError for a condition that nothing can satisfy.
    """
    expression = Expression(values={":now": to_attribute(now)})
    clauses = list(_clauses(condition, expression))
    may_be_missing = holds(condition, None)
    if condition.exists is False:
        if not may_be_missing:
            raise ValueError("a condition that nothing can satisfy")
        return Expression(alternatives=list(_ABSENT), values={":now": to_attribute(now)})
    if may_be_missing and not clauses:
        return None
    if may_be_missing:
        expression.alternatives = [*_ABSENT, _all_of(clauses)]
    else:
        expression.alternatives = [_all_of(["attribute_exists(pk)", _any_of(_UNEXPIRED), *clauses])]
    return expression


def _any_of(parts: Sequence[str]) -> str:
    return f"({' OR '.join(parts)})"


def _all_of(parts: Sequence[str]) -> str:
    """AND binds closer than OR, and DynamoDB refuses parentheses that change nothing."""
    return " AND ".join(parts)


def _clauses(condition: Condition, expression: Expression) -> Iterator[str]:
    for name, value in (condition.equals or {}).items():
        placeholder = _name(expression, name)
        if value is None:
            yield f"attribute_not_exists({placeholder})"
        else:
            yield f"{placeholder} = {_put(expression, value)}"
    for name, bound in (condition.below or {}).items():
        placeholder = _name(expression, name)
        yield _any_of((f"attribute_not_exists({placeholder})", f"{placeholder} < {_put(expression, bound)}"))
    for name, values in (condition.one_of or {}).items():
        placeholder = _name(expression, name)
        yield f"{placeholder} IN ({', '.join(_put(expression, value) for value in values)})"


def _name(expression: Expression, name: str) -> str:
    placeholder = f"#n{len(expression.names)}"
    expression.names[placeholder] = name
    return placeholder


def _put(expression: Expression, value: Value) -> str:
    placeholder = f":v{len(expression.values)}"
    expression.values[placeholder] = to_attribute(value)
    return placeholder
