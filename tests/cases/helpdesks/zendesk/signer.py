"""How Zendesk signs: base64(HMAC-SHA256(signing secret, timestamp + body))."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime


def sign(secrets: Mapping[str, Sequence[str]], body: bytes, received_at: datetime) -> dict[str, str]:
    stamp = received_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    made = hmac.new(secrets["signing_secret"][0].encode(), stamp.encode() + body, hashlib.sha256).digest()
    return {
        "x-zendesk-webhook-signature": base64.b64encode(made).decode(),
        "x-zendesk-webhook-signature-timestamp": stamp,
    }
