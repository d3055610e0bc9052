"""How our Scrip signs: ``sha256=`` and the hex HMAC-SHA256 of unix time, a dot and the body."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime


def sign(secrets: Mapping[str, Sequence[str]], body: bytes, received_at: datetime) -> dict[str, str]:
    stamp = str(int(received_at.timestamp()))
    made = hmac.new(secrets["hook_secret"][0].encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return {"x-rt-timestamp": stamp, "x-rt-signature": f"sha256={made}"}
