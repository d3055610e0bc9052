"""TikTok signs the time, a dot and the bytes of the body with the app's secret."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime


def sign(secrets: Mapping[str, Sequence[str]], body: bytes, received_at: datetime) -> dict[str, str]:
    """The header of a POST."""
    stamp = str(int(received_at.timestamp()))
    mac = hmac.new(secrets["app_secret"][0].encode(), f"{stamp}.".encode() + body, hashlib.sha256)
    return {"Tiktok-Signature": f"t={stamp},s={mac.hexdigest()}"}
