"""As LINE signs: base64 of HMAC-SHA256 with the channel secret over the bytes on the wire; no time is signed."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime


def sign(secrets: Mapping[str, Sequence[str]], body: bytes, received_at: datetime) -> dict[str, str]:
    """The header, in the vendor's spelling."""
    key = secrets["channel_secret"][0].encode()
    return {"X-Line-Signature": base64.b64encode(hmac.new(key, body, hashlib.sha256).digest()).decode()}
