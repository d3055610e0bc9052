"""The homeserver proves itself by the registration's hs_token (Application Service API v1.13)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime


def sign(secrets: Mapping[str, Sequence[str]], body: bytes, received_at: datetime) -> dict[str, str]:
    """The header; it covers neither the body nor the time."""
    return {"Authorization": f"Bearer {secrets['hs_token'][0]}"}
