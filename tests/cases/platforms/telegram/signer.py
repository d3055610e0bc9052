"""Telegram repeats the secret_token of setWebhook in a header (Bot API 10.1); neither body nor time is signed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime


def sign(secrets: Mapping[str, Sequence[str]], body: bytes, received_at: datetime) -> dict[str, str]:
    """The header."""
    return {"X-Telegram-Bot-Api-Secret-Token": secrets["secret_token"][0]}
