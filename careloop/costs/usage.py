"""What one run of each flow uses of AWS: counted, kept in usage.json, and held to the counters by the tests."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chalicelib.core.errors import ConfigurationError

FILE = Path(__file__).with_name("usage.json")
"""Written by ``python -m bench.usage --write``."""
FIRST, FURTHER, REPLY, ECHO = "first message", "further message", "reply", "echo of our reply"
SCHEDULES = "schedules, a minute"
POLL_HELPDESK, POLL_ACCOUNT, REREAD = "poll of a helpdesk", "poll of an account", "a thread read again"
CHECK_ACCOUNT, CHECK_CONNECTION = "check of an account", "check of a connection"
FLOWS = (
    FIRST,
    FURTHER,
    REPLY,
    ECHO,
    SCHEDULES,
    POLL_HELPDESK,
    POLL_ACCOUNT,
    REREAD,
    CHECK_ACCOUNT,
    CHECK_CONNECTION,
)
API = "api_handler"
QUEUE_FUNCTIONS = frozenset({"inbound", "outbound", "jobs"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """What one function uses in one run of a flow. ``queue_requests``: of SQS, in 64 KB, without those of Lambda's
    poller; ``sent_bytes``: to vendors; ``log_bytes``: our own lines."""

    invocations: int = 0
    aws_calls: int = 0
    write_units: int = 0
    read_units: int = 0
    queue_requests: int = 0
    objects: int = 0
    object_bytes: int = 0
    http_calls: int = 0
    sent_bytes: int = 0
    log_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """``kept``: days -> bytes that stay in the table for so long; 0 days: for good."""

    functions: Mapping[str, Use]
    kept: Mapping[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """``metrics``: custom metrics that the flows write."""

    metrics: int
    flows: Mapping[str, Flow]


def read_usage(path: Path = FILE) -> Usage:
    """The counted use. Raises ConfigurationError when a flow is missing or the file can't be read."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return usage_from(data)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigurationError(f"{path.name} can't be read: {error!r}; run python -m bench.usage --write") from error


def usage_from(data: Mapping[str, Any]) -> Usage:
    """Use as the counters tell it. Raises KeyError for a flow that is missing."""
    return Usage(metrics=int(data["metrics"]), flows={name: _flow(data["flows"][name]) for name in FLOWS})


def _flow(data: Mapping[str, Any]) -> Flow:
    kept = {int(days): int(size) for days, size in data["kept_bytes_by_days"].items()}
    return Flow(functions={name: _use(sums) for name, sums in data["functions"].items()}, kept=kept)


def _use(sums: Mapping[str, int]) -> Use:
    known = {name: int(sums.get(name, 0)) for name in Use.__slots__ if name != "aws_calls"}
    return Use(aws_calls=sum(number for name, number in sums.items() if name.startswith("aws_calls_")), **known)
