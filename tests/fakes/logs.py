"""The deployed functions' telemetry, written to a stream of the test's own."""

from __future__ import annotations

import io

from chalicelib.adapters.aws.telemetry import LoggedTelemetry
from chalicelib.ports.services import Clock


def logged_telemetry(stream: io.StringIO, clock: Clock) -> LoggedTelemetry:
    """That of a stage named "test"."""
    return LoggedTelemetry("test", clock, stream)
