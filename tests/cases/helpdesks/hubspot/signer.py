"""How HubSpot signs (developers.hubspot.com, validating requests, version 3): base64 of the HMAC-SHA256 with the app's
client secret over method, address as called, body and the time in milliseconds."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime


def sign(secrets: Mapping[str, Sequence[str]], body: bytes, received_at: datetime) -> dict[str, str]:
    """The headers, with the first of the current secrets."""
    stamp = str(int(received_at.timestamp() * 1000))
    signed = b"".join([b"POST", secrets["webhook_url"][0].encode(), body, stamp.encode()])
    made = hmac.new(secrets["app_secret"][0].encode(), signed, hashlib.sha256)
    return {
        "X-HubSpot-Signature-v3": base64.b64encode(made.digest()).decode(),
        "X-HubSpot-Request-Timestamp": stamp,
    }
