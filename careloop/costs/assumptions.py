"""What the model assumes where nothing was counted: data with a source each, changed on the command line."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from chalicelib.core.errors import ConfigurationError

FILE = Path(__file__).with_name("assumptions.toml")
SHARES = frozenset({"first_share", "cold_share", "trace_share"})
AT_LEAST_ONE = frozenset({"batch", "messages_per_webhook", "core_mb", "poll_seconds", "containers"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumption:
    """One number, in words, and where it is from."""

    value: float
    what: str
    source: str


Assumptions = Mapping[str, Assumption]


@cache
def usual() -> Assumptions:
    """Those of assumptions.toml."""
    data = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return {name: Assumption(**fields) for name, fields in data.items()}


def changed(base: Assumptions, given: Sequence[str]) -> Assumptions:
    """`base` with NAME=VALUE replaced. Raises ConfigurationError for names that there are not and values that can't
    be."""
    found = dict(base)
    for item in given:
        name, _, text = item.partition("=")
        if name not in found:
            raise ConfigurationError(f"no assumption {name!r}; there are {', '.join(found)}")
        found[name] = Assumption(value=_value(name, text), what=found[name].what, source="given")
    return found


def _value(name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise ConfigurationError(f"{name}={text}: not a number") from None
    if not math.isfinite(value) or value < 0:
        raise ConfigurationError(f"{name}={text}: must not be negative")
    if name in SHARES and value > 1:
        raise ConfigurationError(f"{name}={text}: a share is at most 1")
    if name in AT_LEAST_ONE and value < 1:
        raise ConfigurationError(f"{name}={text}: at least 1")
    return value
