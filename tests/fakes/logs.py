"""The deployed functions' telemetry, written to a stream of the test's own."""

from __future__ import annotations

import io
import logging

from chalicelib.adapters.aws.telemetry import LoggedTelemetry
from chalicelib.ports.services import Clock


def logged_telemetry(stream: io.StringIO, clock: Clock) -> LoggedTelemetry:
    """Powertools has one logger per service and process, which keeps its first stream: it is made anew."""
    logging.Logger.manager.loggerDict.pop("careloop", None)
    return LoggedTelemetry("test", clock, stream)
