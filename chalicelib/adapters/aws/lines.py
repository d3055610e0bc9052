"""The same lines as `telemetry`, by `json` alone: importing Powertools takes a third of the public function's start.

A test holds the two to each other, line by line.
"""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC
from typing import TextIO

from chalicelib.adapters.aws.telemetry import NAMESPACE, Dimensions, Metered, check_fields
from chalicelib.ports.services import Clock


class LineTelemetry(Metered):
    """Writes to standard output, where Lambda's log collector reads."""

    def __init__(self, stage: str, clock: Clock, stream: TextIO | None = None) -> None:
        super().__init__(stage, clock, stream)
        self._followed = ""

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

    def _write(self, dimensions: Dimensions, metric: str, unit: str, values: list[float]) -> None:
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
