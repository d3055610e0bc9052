"""A clock that stands still until told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

NOON = datetime(2026, 11, 20, 12, 0, 0, tzinfo=UTC)


class FrozenClock:
    """Starts at 2026-11-20 12:00 UTC."""

    def __init__(self, start: datetime = NOON) -> None:
        self._now = start

    def now(self) -> datetime:
        return self._now

    def advance(self, **duration: float) -> None:
        """As timedelta's arguments."""
        self._now += timedelta(**duration)
