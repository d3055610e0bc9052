"""Traces of workers through aws-lambda-powertools and X-Ray: one subsegment per record, and one per call to AWS.

Only where Lambda itself traces (``xray`` in ``.chalice/config.json``), and never in the public function: the SDK would
cost it 200 ms of each cold start. Calls to platforms and helpdesks are not recorded one by one: addresses hold ids.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any


@contextmanager
def traced(name: str, **annotations: str) -> Iterator[None]:
    """A subsegment around one piece of work. ``annotations``: ids that traces are searched by."""
    tracer = _tracer()
    if tracer is None:
        yield
        return
    with tracer.provider.in_subsegment(f"## {name}"):
        for key, value in annotations.items():
            tracer.put_annotation(key, value)
        yield


@contextmanager
def traced_call(service: str, operation: str) -> Iterator[None]:
    """A subsegment around one call to AWS. (botocore's calls are found by X-Ray itself, where botocore is used.)"""
    tracer = _tracer()
    if tracer is None:
        yield
        return
    with tracer.provider.in_subsegment(service, namespace="aws") as segment:
        if segment is not None:  # none where no record is being traced
            segment.set_aws({"operation": operation})
        yield


@cache
def _tracer() -> Any:
    """Powertools' tracer, or None where nobody would take its segments."""
    if not os.environ.get("_X_AMZN_TRACE_ID") and not os.environ.get("AWS_XRAY_DAEMON_ADDRESS"):
        return None
    from aws_lambda_powertools import Tracer

    is_used = "botocore.client" in sys.modules
    return Tracer(service="careloop", auto_patch=is_used, patch_modules=["botocore"] if is_used else None)
