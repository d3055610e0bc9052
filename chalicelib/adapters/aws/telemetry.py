"""Structured logs and metrics through aws-lambda-powertools: one JSON line per stage, metrics in EMF lines.

Fields are ids, codes and numbers. A field whose name could carry content is refused, so that a careless call fails in
tests rather than leaks in production. What one invocation counts leaves in one line per set of dimensions, when the
entry point says that the invocation ends.
"""

from __future__ import annotations

import json
import logging
import sys
from abc import ABC, abstractmethod
from typing import Any, TextIO

from chalicelib.ports.services import Clock

FORBIDDEN = frozenset({"text", "body", "name", "display_name", "handle", "email", "phone", "token", "secret"})
NAMESPACE = "Careloop"
SERVICE = "careloop"
MOST_VALUES = 99
"""Values of one metric in one EMF line (CloudWatch takes 100)."""

Dimensions = tuple[tuple[str, str], ...]


class Metered(ABC):
    """What is counted and measured waits here until the invocation ends. Subclasses say how a line is written."""

    def __init__(self, stage: str, clock: Clock, stream: TextIO | None = None) -> None:
        self._stage = stage
        self._clock = clock
        self._stream = stream
        self._waiting: dict[tuple[Dimensions, str, str], list[float]] = {}

    def count(self, metric: str, amount: int = 1, **dimensions: str) -> None:
        """Add to a counter. Dimensions cost money by combination: only names that the caller's code fixes."""
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
        self.follow("")

    def _add(self, metric: str, unit: str, value: float, dimensions: dict[str, str]) -> None:
        check_fields(dimensions)
        self._waiting.setdefault((tuple(sorted(dimensions.items())), metric, unit), []).append(value)

    @abstractmethod
    def follow(self, correlation: str) -> None:
        """Lines from here on carry this correlation id; empty: none."""

    @abstractmethod
    def _write(self, dimensions: Dimensions, metric: str, unit: str, values: list[float]) -> None:
        """One EMF line: by stage alone, which alarms look at, and by all dimensions."""


class LoggedTelemetry(Metered):
    """Writes to standard output, where Lambda's log collector reads."""

    def __init__(self, stage: str, clock: Clock, stream: TextIO | None = None) -> None:
        from aws_lambda_powertools import Logger

        # Powertools has one logger per service and process, which keeps its first stream: made anew, this one's counts.
        logging.Logger.manager.loggerDict.pop(SERVICE, None)
        super().__init__(stage, clock, stream)
        self._logger: Any = Logger(service=SERVICE, level="INFO", stream=stream or sys.stdout)

    def log(self, stage: str, outcome: str, **fields: str | int | float | None) -> None:
        """One line."""
        check_fields(fields)
        self._logger.info(stage, extra={"outcome": outcome, **{k: v for k, v in fields.items() if v is not None}})

    def follow(self, correlation: str) -> None:
        """Lines from here on carry this correlation id; empty: none."""
        self._logger.set_correlation_id(correlation or None)

    def _write(self, dimensions: Dimensions, metric: str, unit: str, values: list[float]) -> None:
        from aws_lambda_powertools.metrics.provider.cloudwatch_emf.cloudwatch import AmazonCloudWatchEMFProvider

        provider = AmazonCloudWatchEMFProvider(namespace=NAMESPACE, default_dimensions={"stage": self._stage})
        if dimensions:
            provider.add_dimensions(**dict(dimensions))
        provider.set_timestamp(int(self._clock.now().timestamp() * 1000))
        for value in values:
            provider.add_metric(name=metric, unit=unit, value=value)
        print(json.dumps(provider.serialize_metric_set(), separators=(",", ":")), file=self._stream or sys.stdout)


def check_fields(fields: Any) -> None:
    """Raises ValueError for a field name that could carry content."""
    wrong = FORBIDDEN.intersection(fields)
    if wrong:
        raise ValueError(f"not to be logged: {', '.join(sorted(wrong))}")
