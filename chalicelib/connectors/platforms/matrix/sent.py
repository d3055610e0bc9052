"""Whether a listed event is a reply of ours that was sent before."""

from __future__ import annotations

from datetime import datetime, timedelta

from chalicelib.connectors.platforms.matrix.payload import DELIVERY
from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.errors import PayloadError

_CLOCKS = timedelta(minutes=10)
"""How far the homeserver's clock may be off ours."""


def is_sent_as(event: Reader, transaction: str, user: str) -> bool:
    """It carries the delivery's key, or where its content was removed its transaction."""
    if not _is_by(event, user):
        return False
    try:
        return transaction in (event.find_text("content", DELIVERY), event.find_text("unsigned", "transaction_id"))
    except PayloadError:
        return False


def is_ours_from_before(event: Reader, user: str, began_at: datetime) -> bool:
    """Our own, and older than the first attempt: what comes below it is older still. Only our homeserver's own times
    count; others claim what they like."""
    try:
        at = event.find_time("origin_server_ts") if _is_by(event, user) else None
    except PayloadError:
        return False
    return at is not None and at < began_at - _CLOCKS


def _is_by(event: Reader, user: str) -> bool:
    try:
        return event.find_text("sender") == user
    except PayloadError:
        return False
