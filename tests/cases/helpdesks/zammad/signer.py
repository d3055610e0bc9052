"""How Zammad signs: ``sha1=`` and the hex HMAC-SHA1 of the body with the webhook's signature token (admin documentation,
Manage, Webhook)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime


def sign(secrets: Mapping[str, Sequence[str]], body: bytes, received_at: datetime) -> dict[str, str]:
    """The headers, with the first of the current secrets."""
    made = hmac.new(secrets["signature_token"][0].encode(), body, hashlib.sha1)
    return {"X-Hub-Signature": f"sha1={made.hexdigest()}"}
