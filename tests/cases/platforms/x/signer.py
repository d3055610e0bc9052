"""X signs the bytes of the body with the app's consumer secret; nothing signs the time."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime


def sign(secrets: Mapping[str, Sequence[str]], body: bytes, received_at: datetime) -> dict[str, str]:
    """The header of a POST."""
    mac = hmac.new(secrets["consumer_secret"][0].encode(), body, hashlib.sha256).digest()
    return {"x-twitter-webhooks-signature": f"sha256={base64.b64encode(mac).decode()}"}
