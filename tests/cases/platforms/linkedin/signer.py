"""LinkedIn signs a prefix and the bytes of the body with the app's client secret; nothing signs the time."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime


def sign(secrets: Mapping[str, Sequence[str]], body: bytes, received_at: datetime) -> dict[str, str]:
    """The header of a POST; its value has no prefix."""
    mac = hmac.new(secrets["client_secret"][0].encode(), b"hmacsha256=" + body, hashlib.sha256)
    return {"X-LI-Signature": mac.hexdigest()}
