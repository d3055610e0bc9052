"""The same lines as `telemetry`, by `json` alone: importing Powertools takes a third of the public function's start.

A test holds the two to each other, line by line.
"""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC
from typing import TextIO

from chalicelib.adapters.aws.telemetry import MOST_VALUES, NAMESPACE, Dimensions, check_fields
from chalicelib.ports.services import Clock


class LineTelemetry:
    """Writes to standard output, where Lambda's log collector reads."""

    def __init__(self, stage: str, clock: Clock, stream: TextIO | None = None) -> None:
        self._stage = stage
        self._clock = clock
        self._stream = stream
        self._followed = ""
        self._waiting: dict[tuple[Dimensions, str, str], list[float]] = {}

    def log(self, stage: str, outcome: str, **fields: str | int | float | None) -> None:
        """One line."""
        check_fields(fields)
        now = self._clock.now().astimezone(UTC)
        line: dict[str, object] = {
            "level": "INFO",
            "location": stage,
            "message": stage,
            "timestamp": f"{now:%Y-%m-%d %H:%M:%S},{now.microsecond // 1000:03}+0000",
            "service": "careloop",
        }
        if self._followed:
            line["correlation_id"] = self._followed
        line["outcome"] = outcome
        line.update((name, value) for name, value in fields.items() if value is not None)
        trace = os.environ.get("_X_AMZN_TRACE_ID", "").partition(";")[0].removeprefix("Root=")
        if trace:
            line["xray_trace_id"] = trace
        self._print(line)

    def follow(self, correlation: str) -> None:
        """Lines from here on carry this correlation id; empty: none."""
        self._followed = correlation

    def count(self, metric: str, amount: int = 1, **dimensions: str) -> None:
        """Add to a counter."""
        self._add(metric, "Count", float(amount), dimensions)

    def measure(self, metric: str, value: float, unit: str = "Seconds", **dimensions: str) -> None:
        """One value of a metric that is more than a count."""
        self._add(metric, unit, value, dimensions)

    def flush(self) -> None:
        """Write what was counted, and forget whom we followed."""
        waiting, self._waiting = self._waiting, {}
        for (dimensions, metric, unit), values in waiting.items():
            for start in range(0, len(values), MOST_VALUES):
                self._write(dimensions, metric, unit, values[start : start + MOST_VALUES])
        self._followed = ""

    def _add(self, metric: str, unit: str, value: float, dimensions: dict[str, str]) -> None:
        check_fields(dimensions)
        self._waiting.setdefault((tuple(sorted(dimensions.items())), metric, unit), []).append(value)

    def _write(self, dimensions: Dimensions, metric: str, unit: str, values: list[float]) -> None:
        """One EMF line: by stage alone, which alarms look at, and by all dimensions."""
        names = ["stage", *(name for name, _ in dimensions)]
        about = {
            "Namespace": NAMESPACE,
            "Dimensions": [["stage"], names] if dimensions else [["stage"]],
            "Metrics": [{"Name": metric, "Unit": unit}],
        }
        moment = int(self._clock.now().timestamp() * 1000)
        self._print(
            {
                "_aws": {"Timestamp": moment, "CloudWatchMetrics": [about]},
                "stage": self._stage,
                **dict(dimensions),
                metric: values,
            }
        )

    def _print(self, line: dict[str, object]) -> None:
        print(json.dumps(line, ensure_ascii=False, separators=(",", ":")), file=self._stream or sys.stdout)
