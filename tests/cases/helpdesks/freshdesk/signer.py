"""How the example signs: hex HMAC-SHA256 of timestamp, dot and body. Replace by the vendor's scheme, written from its
document and not from ``webhook.py``: two mistakes that agree prove nothing."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime


def sign(secrets: Mapping[str, Sequence[str]], body: bytes, received_at: datetime) -> dict[str, str]:
    """The headers, with the first of the current secrets."""
    stamp = str(int(received_at.timestamp()))
    made = hmac.new(secrets["signing_secret"][0].encode(), stamp.encode() + b"." + body, hashlib.sha256)
    return {
        "X-freshdesk-Signature": f"sha256={made.hexdigest()}",
        "X-freshdesk-Timestamp": stamp,
    }
