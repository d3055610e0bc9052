"""As Meta signs: HMAC-SHA256 with the App Secret over the bytes on the wire; no time is signed."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime


def sign(secrets: Mapping[str, Sequence[str]], body: bytes, received_at: datetime) -> dict[str, str]:
    """The header that Meta adds; with it comes an old SHA-1 one, which proves nothing and is ignored."""
    key = secrets["app_secret"][0].encode()
    return {"x-hub-signature-256": "sha256=" + hmac.new(key, body, hashlib.sha256).hexdigest()}
