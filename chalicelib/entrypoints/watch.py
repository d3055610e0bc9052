"""Lambda function `watch`: every minute, what is due and who is to be looked after."""

from __future__ import annotations

from typing import Any

from chalice.app import Blueprint, Rate

bp = Blueprint(__name__)


def fan_out() -> int:
    """Send the jobs; returns how many."""
    from chalicelib.bootstrap import application
    from chalicelib.pipeline.watch import watch as plan

    runtime = application().runtime
    try:
        return plan(runtime)
    finally:
        runtime.telemetry.flush()


@bp.schedule(Rate(1, unit=Rate.MINUTES))
def watch(event: Any) -> None:
    """Chalice's entry."""
    fan_out()
