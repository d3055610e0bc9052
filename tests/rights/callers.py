"""Which Lambda function a call belongs to: the outermost of its frames that is one of the functions' ways in.

Calls without such a frame are the operator's: a test that sets the scene, or a command.
"""

from __future__ import annotations

import sys
from types import FrameType

OPERATOR = "operator"
FUNCTIONS = ("api_handler", "inbound", "outbound", "jobs", "poll", "watch", "dead_letters")
_WAYS_IN = {
    ("chalicelib.entrypoints.api", "answer"): "api_handler",
    ("chalicelib.entrypoints.inbound", "handle_batch"): "inbound",
    ("chalicelib.entrypoints.outbound", "handle_batch"): "outbound",
    ("chalicelib.entrypoints.jobs", "handle_batch"): "jobs",
    ("chalicelib.entrypoints.dead_letters", "handle_batch"): "dead_letters",
    ("chalicelib.entrypoints.poll", "fan_out"): "poll",
    ("chalicelib.entrypoints.watch", "fan_out"): "watch",
    # tests that go round the entry point
    ("chalicelib.pipeline.receive", "receive"): "api_handler",
    ("chalicelib.pipeline.ingest", "ingest"): "inbound",
    ("chalicelib.pipeline.respond", "respond"): "outbound",
    ("chalicelib.pipeline.working", "run_job"): "jobs",
    ("chalicelib.pipeline.working", "job_failed"): "jobs",
    ("chalicelib.pipeline.poll", "schedule"): "poll",
    ("chalicelib.pipeline.watch", "watch"): "watch",
}
_NAMED = {
    # Lambda's poller takes and deletes messages by the function's own role
    ("careloop.local.runner", "work_once"): "name",
    ("chalicelib.entrypoints.worker", "run_batch"): "queue",
}
"""Here a variable tells the function."""


def calling() -> str:
    """The function that is at work, or `OPERATOR`."""
    found = OPERATOR
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        place = (frame.f_globals.get("__name__", ""), frame.f_code.co_name)
        if place in _WAYS_IN:
            found = _WAYS_IN[place]
        elif place in _NAMED:
            found = frame.f_locals[_NAMED[place]]
        elif place[0].startswith("careloop.cli."):
            found = OPERATOR
        frame = frame.f_back
    return found


def is_command() -> bool:
    """Whether a command of `careloop` is at work."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if frame.f_globals.get("__name__", "").startswith("careloop.cli."):
            return True
        frame = frame.f_back
    return False
