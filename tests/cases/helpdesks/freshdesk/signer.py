"""What an automation rule of Freshdesk sends: the secret that an administrator typed into it, as a custom header
(support.freshdesk.com 132589, 2026-01). Nothing is signed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime


def sign(secrets: Mapping[str, Sequence[str]], body: bytes, received_at: datetime) -> dict[str, str]:
    """The header, with the first of the current secrets."""
    return {"X-Webhook-Secret": secrets["hook_secret"][0]}
