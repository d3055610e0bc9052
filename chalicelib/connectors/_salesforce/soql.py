"""SOQL: literals, statements, record ids. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime

from chalicelib.core.errors import ConfigurationError

RECORD = re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,79}")
_ESCAPES = str.maketrans(
    {"\\": r"\\", "'": r"\'", '"': r"\"", "\n": r"\n", "\r": r"\r", "\t": r"\t", "\b": r"\b", "\f": r"\f"}
)


def text(value: str) -> str:
    """A string literal that means exactly `value` (SOQL and SOSL Reference, Quoted String Escape Sequences)."""
    return "'" + value.translate(_ESCAPES) + "'"


def like(value: str) -> str:
    """`value` inside a pattern of LIKE, without the quotes: its wildcards mean themselves."""
    return value.translate(_ESCAPES).replace("%", r"\%").replace("_", r"\_")


def among(values: Iterable[str]) -> str:
    """``('a','b')``."""
    return "(" + ",".join(text(value) for value in values) + ")"


def moment(at: datetime) -> str:
    """A date and time, which has no quotes."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def is_record(value: str, prefix: str = "") -> bool:
    """Whether this is an id of Salesforce's, of the object with this key prefix."""
    return bool(RECORD.fullmatch(value)) and value.startswith(prefix)


def field_name(name: str, option: str) -> str:
    """The name of a field, as an option gives it. Raises ConfigurationError."""
    if not _NAME.fullmatch(name):
        raise ConfigurationError(f"salesforce: option {option} is no name of a field")
    return name
