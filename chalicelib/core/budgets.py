"""What a remote says of its rate limits, read from an answer's headers. Pure, and tolerant: nonsense counts as nothing.

Which headers mean what is data in each connector's spec (`BudgetHeaders`).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

RESERVE = 0.2
"""The share of a limit that work which can wait leaves to replies."""
MOST_NAMED = 20
"""Headers of one prefix that are looked at."""
_FIELD = re.compile(r"\s*([a-z_-]{1,20})\s*=\s*([0-9.]{1,15})\s*")
_USED = re.compile(r"(?<![\w-])api-usage=([0-9]{1,12})/([0-9]{1,12})\b")
_SHARES = frozenset({"call_count", "total_time", "total_cputime"})
_NUMBERS = re.compile(r"[0-9]+|[0-9]+_[0-9]+")


class Reset(StrEnum):
    """How a header tells when a window begins anew."""

    SECONDS = "seconds"
    """So many seconds from now."""
    UNIX = "unix"
    """At this unix time."""
    ISO = "iso"
    """At this time in ISO 8601."""


class Scope(StrEnum):
    """Which calls a budget holds for."""

    ALL = "all"
    ENDPOINT = "endpoint"
    """Those of the method and path that were called, whatever ids the path holds."""
    PATH = "path"
    """Those of exactly this path. Also where it is not known whether it is wider: too narrow costs a refused call, too
    wide stops what could have gone."""


class Form(StrEnum):
    """How a header tells what is left."""

    NUMBER = "number"
    FIELDS = "fields"
    """``total=100; remaining=99; resets=41`` in one header; ``remaining`` is then a prefix of names ending in ``*``."""
    PERCENT = "percent"
    """JSON with shares used, in percent, at any depth (Meta)."""
    USED = "used"
    """``api-usage=18/5000``: so many of the limit are used (Salesforce)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetHeaders:
    """One budget that a remote tells of. Header names are in lower case.

    ``window``: for so long the figure is believed when no reset is told; ``longest``: no reset beyond it is believed.
    """

    remaining: str
    limit: str = ""
    reset: str = ""
    reset_is: Reset = Reset.SECONDS
    form: Form = Form.NUMBER
    scope: Scope = Scope.ALL
    window: timedelta = timedelta(minutes=1)
    longest: timedelta = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What is left of one window. ``holds_for`` empty: every call; else a target's endpoint or path."""

    name: str
    remaining: float
    reset_at: datetime
    limit: float | None = None
    holds_for: str = ""

    @property
    def is_used_up(self) -> bool:
        """Nothing is left."""
        return self.remaining < 1

    @property
    def is_tight(self) -> bool:
        """Only the reserve is left, or less."""
        return self.is_used_up or (self.limit is not None and self.remaining <= self.limit * RESERVE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a call goes to. ``endpoint``: ``PUT /api/v2/tickets/{id}``, which is what most limits go by."""

    endpoint: str
    path: str

    def concerns(self, budget: Budget) -> bool:
        """Whether `budget` holds for this call."""
        return budget.holds_for in ("", self.endpoint, self.path)


def target_of(method: str, url: str) -> Target:
    """The target of a call. The query is left out."""
    path = urlsplit(url).path
    parts = [item for item in path.split("/") if item]
    shown = [item if place == 0 or not _is_id(item) else "{id}" for place, item in enumerate(parts)]
    return Target(endpoint=f"{method} /{'/'.join(shown)}", path=f"{method} {path[:300]}")


def _is_id(part: str) -> bool:
    return len(part) > 40 or ":" in part or "%" in part or _NUMBERS.fullmatch(part) is not None


def read_budgets(
    told: Sequence[BudgetHeaders], headers: Mapping[str, str], target: Target, now: datetime
) -> tuple[Budget, ...]:
    """The budgets that the `headers` of an answer to `target` tell of."""
    return tuple(budget for row in told for budget in _READERS[row.form](row, headers, target, now))


def _numbers(row: BudgetHeaders, headers: Mapping[str, str], target: Target, now: datetime) -> Iterator[Budget]:
    left = number(headers.get(row.remaining))
    if left is not None:
        reset = _reset_at(row, headers.get(row.reset) if row.reset else None, now)
        yield _budget(row, row.remaining, left, number(headers.get(row.limit)), reset, target)


def _fields(row: BudgetHeaders, headers: Mapping[str, str], target: Target, now: datetime) -> Iterator[Budget]:
    prefix = row.remaining.rstrip("*")
    for name in [name for name in headers if name.startswith(prefix)][:MOST_NAMED]:
        parts = (_FIELD.fullmatch(part) for part in headers[name].lower().split(";"))
        values = {part[1]: number(part[2]) for part in parts if part}
        left = values.get("remaining")
        if left is not None:
            resets = values.get("resets")
            reset = _reset_at(row, None if resets is None else str(resets), now)
            yield _budget(row, name[:80], left, values.get("total"), reset, target)


def _percent(row: BudgetHeaders, headers: Mapping[str, str], target: Target, now: datetime) -> Iterator[Budget]:
    try:
        value = json.loads(headers.get(row.remaining) or "null")
    except (ValueError, RecursionError):
        return
    shares = list(_walk(value))
    used = max((amount for name, amount in shares if name in _SHARES), default=None)
    if used is None:
        return
    minutes = max((amount for name, amount in shares if name not in _SHARES), default=0.0)
    left = 0.0 if minutes else max(0.0, 100.0 - used)
    reset = _reset_at(row, str(minutes * 60) if minutes else None, now)
    yield _budget(row, row.remaining, left, 100.0, reset, target)


def _walk(value: Any, depth: int = 0) -> Iterator[tuple[str, float]]:
    """Shares, and the minutes until access is regained, wherever they stand."""
    if depth > 3:
        return
    if isinstance(value, dict):
        for name, item in value.items():
            if name in _SHARES or name == "estimated_time_to_regain_access":
                amount = None if isinstance(item, bool) else number(str(item))
                if amount is not None:
                    yield name, amount
            else:
                yield from _walk(item, depth + 1)
    elif isinstance(value, list):
        for item in value[:32]:
            yield from _walk(item, depth + 1)


def _used(row: BudgetHeaders, headers: Mapping[str, str], target: Target, now: datetime) -> Iterator[Budget]:
    found = _USED.search(headers.get(row.remaining) or "")
    used, limit = (number(found[1]), number(found[2])) if found else (None, None)
    if used is not None and limit:
        yield _budget(row, row.remaining, max(0.0, limit - used), limit, _reset_at(row, None, now), target)


_READERS = {Form.NUMBER: _numbers, Form.FIELDS: _fields, Form.PERCENT: _percent, Form.USED: _used}


def _budget(row: BudgetHeaders, name: str, left: float, limit: float | None, reset: datetime, target: Target) -> Budget:
    scopes = {Scope.ALL: "", Scope.ENDPOINT: target.endpoint, Scope.PATH: target.path}
    return Budget(
        name=name,
        remaining=left,
        limit=limit if limit else None,
        reset_at=reset,
        holds_for=scopes[row.scope],
    )


def number(text: str | None) -> float | None:
    """A finite number from 0 to a billion times a thousand (unix times fit), or None."""
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) and 0 <= value < 1e12 else None


def _reset_at(row: BudgetHeaders, text: str | None, now: datetime) -> datetime:
    """When the window begins anew: what the remote says where it can be true, else after ``window``."""
    told = _moment(row.reset_is, text, now)
    if told is None or told <= now:
        return now + row.window
    return min(told, now + row.longest)


def _moment(kind: Reset, text: str | None, now: datetime) -> datetime | None:
    if text is None:
        return None
    try:
        if kind is Reset.ISO:
            moment = datetime.fromisoformat(text)
            return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        value = number(text)
        if value is None:
            return None
        return datetime.fromtimestamp(value, UTC) if kind is Reset.UNIX else now + timedelta(seconds=value)
    except (ValueError, OverflowError, OSError):
        return None
