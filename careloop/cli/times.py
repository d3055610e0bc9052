"""Times as an operator types them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import click

_SPAN = re.compile(r"(\d{1,5})([mhdw])", re.ASCII)
_UNITS = {"m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}


def moment(text: str, now: datetime) -> datetime:
    """``2026-11-20``, ``2026-11-20T09:30`` (UTC unless a zone is given), or so long before `now`: ``24h``, ``7d``.

    Raises click.BadParameter.
    """
    span = _SPAN.fullmatch(text.strip().lower())
    if span:
        return now - timedelta(seconds=int(span[1]) * _UNITS[span[2]])
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        raise click.BadParameter(
            f"{text!r} is no time: 2026-11-20, 2026-11-20T09:30, or 24h, 7d back from now"
        ) from None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
