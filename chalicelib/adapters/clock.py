"""The present, as the machine tells it."""

from __future__ import annotations

from datetime import UTC, datetime


class SystemClock:
    """Implements ports.services.Clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)
