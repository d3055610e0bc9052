"""Structured logs and metrics through aws-lambda-powertools: one JSON line per stage, metrics in EMF lines.

Fields are ids, codes and numbers. A field whose name could carry content is refused, so that a careless call fails in
tests rather than leaks in production.
"""

from __future__ import annotations

import json
import sys
from typing import Any, TextIO

from chalicelib.ports.services import Clock

FORBIDDEN = frozenset({"text", "body", "name", "display_name", "handle", "email", "phone", "token", "secret"})
NAMESPACE = "Careloop"


class LoggedTelemetry:
    """Writes to standard output, where Lambda's log collector reads."""

    def __init__(self, stage: str, clock: Clock, stream: TextIO | None = None) -> None:
        from aws_lambda_powertools import Logger

        self._stage = stage
        self._clock = clock
        self._stream = stream
        self._logger: Any = Logger(service="careloop", level="INFO", stream=stream or sys.stdout)

    def log(self, stage: str, outcome: str, **fields: str | int | float | None) -> None:
        """One line."""
        check_fields(fields)
        self._logger.info(stage, extra={"outcome": outcome, **{k: v for k, v in fields.items() if v is not None}})

    def count(self, metric: str, amount: int = 1, **dimensions: str) -> None:
        """One EMF line (CloudWatch embedded metric format). Dimensions cost money by combination: only names that the
        caller's code fixes."""
        check_fields(dimensions)
        names = sorted(dimensions)
        line = {
            "_aws": {
                "Timestamp": int(self._clock.now().timestamp() * 1000),
                "CloudWatchMetrics": [
                    {
                        "Namespace": NAMESPACE,
                        "Dimensions": [["stage", *names]],
                        "Metrics": [{"Name": metric, "Unit": "Count"}],
                    }
                ],
            },
            "stage": self._stage,
            **dimensions,
            metric: amount,
        }
        print(json.dumps(line, separators=(",", ":")), file=self._stream or sys.stdout)


def check_fields(fields: Any) -> None:
    """Raises ValueError for a field name that could carry content."""
    wrong = FORBIDDEN.intersection(fields)
    if wrong:
        raise ValueError(f"not to be logged: {', '.join(sorted(wrong))}")
