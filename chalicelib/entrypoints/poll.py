"""Lambda function `poll`: every minute, one job per account that is polled and per helpdesk."""

from __future__ import annotations

from typing import Any

from chalice.app import Blueprint, Rate

bp = Blueprint(__name__)


def fan_out() -> int:
    """Send the jobs; returns how many."""
    from chalicelib.bootstrap import application
    from chalicelib.pipeline.poll import schedule

    runtime = application().runtime
    try:
        return schedule(runtime)
    finally:
        runtime.telemetry.flush()


@bp.schedule(Rate(1, unit=Rate.MINUTES))
def poll(event: Any) -> None:
    """Chalice's entry."""
    fan_out()
