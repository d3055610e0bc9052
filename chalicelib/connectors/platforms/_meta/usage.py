"""How much of its allowance a page has used, from the headers of every Graph answer (Rate limiting, 2026-03-23)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from chalicelib.connectors.toolkit.payload import Reader, read_json
from chalicelib.core.errors import PayloadError

BUSY = 85.0
"""Percent from which we stop asking what can wait: calls while limited only make the limit last longer."""

_SHARES = ("call_count", "total_time", "total_cputime")


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """``percent``: the highest share that any header names. ``wait``: seconds until access is regained, if said."""

    percent: float = 0.0
    wait: float | None = None

    @property
    def is_busy(self) -> bool:
        """What can wait should."""
        return self.percent >= BUSY or self.wait is not None


def usage_of(headers: Mapping[str, str]) -> Usage:
    """From ``x-app-usage`` and ``x-business-use-case-usage``; what can't be read counts as nothing."""
    parts = [*_objects(headers.get("x-app-usage", ""))]
    for business in _objects(headers.get("x-business-use-case-usage", "")):
        parts += [Reader(item, "") for value in business.value.values() for item in _items(value)]
    shares = [_number(part.value.get(name)) for part in parts for name in _SHARES if isinstance(part.value, dict)]
    minutes = [
        _number(part.value.get("estimated_time_to_regain_access")) for part in parts if isinstance(part.value, dict)
    ]
    wait = max(minutes, default=0.0) * 60
    return Usage(percent=max(shares, default=0.0), wait=min(wait, 86400.0) or None)


def _objects(header: str) -> Iterator[Reader]:
    if not header:
        return
    try:
        found = read_json(header.encode("utf-8", "replace"))
    except PayloadError:
        return
    if isinstance(found.value, dict):
        yield found


def _items(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e9:
        return 0.0
    return float(value)
