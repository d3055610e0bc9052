"""The public function's lines are those of Powertools, field for field."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from chalicelib.adapters.aws.lines import LineTelemetry
from chalicelib.adapters.aws.telemetry import MOST_VALUES
from chalicelib.ports.runtime import Telemetry
from tests.fakes.clock import FrozenClock
from tests.fakes.logs import logged_telemetry

TRACE = "Root=1-67b1b1b1-0123456789abcdef01234567;Parent=0123456789abcdef;Sampled=1"


def talk(telemetry: Telemetry) -> None:
    """Everything that the port knows."""
    telemetry.log("receive", "accepted", connector="facebook", endpoint="main", events=1, ratio=0.5, nothing=None)
    telemetry.follow("abc")
    telemetry.log("receive", "refused", status=401, error_code='a "code"\n\u00fc')
    telemetry.count("refused", status="401")
    telemetry.count("ignored", 3, connector="facebook", kind="x")
    telemetry.count("plain")
    telemetry.measure("seconds", 1.25, connector="facebook")
    telemetry.measure("bytes", 10, "Bytes")
    for _ in range(MOST_VALUES + 1):
        telemetry.count("many")
    telemetry.flush()
    telemetry.log("receive", "accepted")
    telemetry.flush()


@pytest.fixture(params=[None, TRACE], ids=["no trace", "traced"])
def trace(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """The environment that Lambda changes from one invocation to the next."""
    before = os.environ.pop("_X_AMZN_TRACE_ID", None)
    if request.param:
        os.environ["_X_AMZN_TRACE_ID"] = request.param
    yield request.param
    os.environ.pop("_X_AMZN_TRACE_ID", None)
    if before is not None:
        os.environ["_X_AMZN_TRACE_ID"] = before


def written(make: Callable[[io.StringIO], Telemetry]) -> list[dict[str, Any]]:
    stream = io.StringIO()
    talk(make(stream))
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_line_by_line_as_powertools_writes_them(trace: str | None) -> None:
    ours = written(lambda stream: LineTelemetry("test", FrozenClock(), stream))
    theirs = written(lambda stream: logged_telemetry(stream, FrozenClock()))

    assert len(ours) == len(theirs) == 10
    for mine, other in zip(ours, theirs, strict=True):
        # when and where it was written: Powertools asks the machine, and the call stack
        for line in (mine, other):
            if "timestamp" in line:
                assert line.pop("location")
                assert len(line.pop("timestamp")) == len("2026-11-20 12:00:00,000+0000")
        assert mine == other
    assert all(("xray_trace_id" in line) == bool(trace) for line in ours if "_aws" not in line)


def test_the_time_is_the_clocks() -> None:
    [first, *_] = written(lambda stream: LineTelemetry("test", FrozenClock(), stream))

    assert first["timestamp"] == "2026-11-20 12:00:00,000+0000"


@pytest.mark.parametrize("field", ["text", "handle", "token"])
def test_a_field_that_could_hold_content_is_refused(field: str) -> None:
    telemetry = LineTelemetry("test", FrozenClock(), io.StringIO())
    with pytest.raises(ValueError, match=field):
        telemetry.log("receive", "done", **{field: "x"})
    with pytest.raises(ValueError, match=field):
        telemetry.count("events", 1, **{field: "x"})
    with pytest.raises(ValueError, match=field):
        telemetry.measure("seconds", 1.0, "Seconds", **{field: "x"})
