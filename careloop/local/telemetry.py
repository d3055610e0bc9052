"""Telemetry of a local run: kept in memory for the page, written nowhere."""

from __future__ import annotations

import threading
from collections import Counter, deque

from chalicelib.adapters.aws.telemetry import check_fields


class LocalTelemetry:
    """The latest log lines and all counts."""

    def __init__(self, most: int = 500) -> None:
        self._lines: deque[dict[str, object]] = deque(maxlen=most)
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def log(self, stage: str, outcome: str, **fields: str | int | float | None) -> None:
        """Keep one line."""
        check_fields(fields)
        with self._lock:
            self._lines.append({"stage": stage, "outcome": outcome, **fields})

    def count(self, metric: str, amount: int = 1, **dimensions: str) -> None:
        """Add to a counter."""
        check_fields(dimensions)
        with self._lock:
            self._counts[metric] += amount

    def follow(self, correlation: str) -> None:
        """Lines are few enough here to be read as they are."""

    def measure(self, metric: str, value: float, unit: str = "Seconds", **dimensions: str) -> None:
        """The page shows counts only."""
        check_fields(dimensions)

    def flush(self) -> None:
        """Nothing waits."""

    def lines(self) -> list[dict[str, object]]:
        """What was logged, oldest first."""
        with self._lock:
            return list(self._lines)

    def counts(self) -> dict[str, int]:
        """All counters."""
        with self._lock:
            return dict(self._counts)
