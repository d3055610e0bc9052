"""What stands in the logs: one JSON line per stage with its correlation, metrics in CloudWatch's embedded format, traces."""

from __future__ import annotations

import io
import json
import os
import socket
import subprocess
import sys
from typing import Any

import pytest

from chalicelib.adapters.aws.telemetry import MOST_VALUES, LoggedTelemetry
from tests.fakes.clock import NOON, FrozenClock
from tests.fakes.logs import logged_telemetry


def written(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


@pytest.fixture
def stream() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def telemetry(stream: io.StringIO) -> LoggedTelemetry:
    return logged_telemetry(stream, FrozenClock())


def test_lines_carry_the_correlation_until_the_invocation_ends(telemetry: LoggedTelemetry, stream: io.StringIO) -> None:
    telemetry.follow("abc")
    telemetry.log("ingest", "done", case="case-1", nothing=None)
    telemetry.flush()
    telemetry.log("worker", "retry")
    first, second = written(stream)
    assert (first["message"], first["outcome"], first["case"], first["correlation_id"]) == (
        "ingest",
        "done",
        "case-1",
        "abc",
    )
    assert "nothing" not in first
    assert second.get("correlation_id") is None


def test_metrics_leave_together_by_stage_and_by_dimensions(telemetry: LoggedTelemetry, stream: io.StringIO) -> None:
    telemetry.count("events", platform="facebook", disposition="ticketed")
    telemetry.count("events", 2, platform="facebook", disposition="ticketed")
    telemetry.measure("seconds_to_ticket", 3.5, platform="facebook")
    assert written(stream) == []
    telemetry.flush()
    telemetry.flush()
    events, seconds = written(stream)
    about = events["_aws"]["CloudWatchMetrics"][0]
    assert about["Namespace"] == "Careloop"
    assert [sorted(names) for names in about["Dimensions"]] == [["stage"], ["disposition", "platform", "stage"]]
    assert about["Metrics"] == [{"Name": "events", "Unit": "Count"}]
    assert (events["stage"], events["platform"], events["events"]) == ("test", "facebook", [1.0, 2.0])
    assert events["_aws"]["Timestamp"] == int(NOON.timestamp() * 1000)
    assert seconds["_aws"]["CloudWatchMetrics"][0]["Metrics"] == [{"Name": "seconds_to_ticket", "Unit": "Seconds"}]


def test_more_values_than_a_line_may_hold_take_several(telemetry: LoggedTelemetry, stream: io.StringIO) -> None:
    for _ in range(MOST_VALUES + 1):
        telemetry.count("parked")
    telemetry.flush()
    lines = written(stream)
    assert [len(line["parked"]) for line in lines] == [MOST_VALUES, 1]
    assert lines[0]["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["stage"]]


@pytest.mark.parametrize("field", ["text", "handle", "token"])
def test_a_field_that_could_hold_content_is_refused(telemetry: LoggedTelemetry, field: str) -> None:
    with pytest.raises(ValueError, match=field):
        telemetry.log("ingest", "done", **{field: "x"})
    with pytest.raises(ValueError, match=field):
        telemetry.count("events", 1, **{field: "x"})
    with pytest.raises(ValueError, match=field):
        telemetry.measure("seconds", 1.0, **{field: "x"})


WORK = """
import sys
from chalicelib.adapters.aws.tracing import traced
with traced("inbound", message="m-1"):
    pass
print("aws_xray_sdk" in sys.modules)
"""


def work(**env: str) -> str:
    clean = {name: value for name, value in os.environ.items() if "XRAY" not in name and "X_AMZN" not in name}
    done = subprocess.run(
        [sys.executable, "-c", WORK], env={**clean, **env}, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_a_worker_is_traced_where_lambda_traces() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as daemon:
        daemon.bind(("127.0.0.1", 0))
        daemon.settimeout(5)
        loaded = work(
            AWS_XRAY_DAEMON_ADDRESS=f"127.0.0.1:{daemon.getsockname()[1]}",
            AWS_LAMBDA_FUNCTION_NAME="careloop-test-inbound",
            LAMBDA_TASK_ROOT="/var/task",
            _X_AMZN_TRACE_ID="Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1",
        )
        assert loaded == "True"
        header, _, document = daemon.recv(65536).partition(b"\n")
    sent = json.loads(document)
    assert json.loads(header)["format"] == "json"
    assert sent["name"] == "## inbound"
    assert sent["annotations"]["message"] == "m-1"


def test_nothing_is_loaded_where_nobody_traces() -> None:
    assert work() == "False"
