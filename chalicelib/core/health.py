"""What is remembered of an account between two checks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from chalicelib.core.rhythm import Rhythm


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """One account, helpdesk or CRM. ``canary_at``: when the latest canary was put into the inbound queue.
    ``failing_since``: since when it could not be reached."""

    name: str
    checked_at: datetime
    rhythm: Rhythm | None = None
    canary_at: datetime | None = None
    failing_since: datetime | None = None
