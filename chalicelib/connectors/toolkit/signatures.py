"""Checking who sent a webhook: HMACs over the raw bytes, compared in constant time, any current secret accepted."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta

from chalicelib.core.errors import ConfigurationError, SignatureError, StaleWebhookError


def hmac_sha256(secret: str, data: bytes) -> bytes:
    """The raw HMAC."""
    return hmac.digest(secret.encode("utf-8"), data, "sha256")


def hex_sha256(secret: str, data: bytes) -> str:
    """HMAC-SHA256 in lower-case hex."""
    return hmac_sha256(secret, data).hex()


def base64_sha256(secret: str, data: bytes) -> str:
    """HMAC-SHA256 in base64."""
    return base64.b64encode(hmac_sha256(secret, data)).decode("ascii")


def require_match(given: str | None, candidates: Sequence[str]) -> None:
    """Return when `given` equals one of `candidates`, all compared in constant time. Raises SignatureError, or
    ConfigurationError when there is nothing to compare with (a missing secret must never let everyone in)."""
    usable = [item for item in candidates if item]
    if not usable:
        raise ConfigurationError("no verification secret is stored for this endpoint")
    if not given:
        raise SignatureError("signature missing")
    matches = [hmac.compare_digest(given.encode("utf-8", "replace"), item.encode("utf-8")) for item in usable]
    if not any(matches):
        raise SignatureError("signature wrong")


def require_fresh(signed_at: datetime, received_at: datetime, tolerance: timedelta = timedelta(minutes=5)) -> None:
    """Raises StaleWebhookError when the signed time is more than `tolerance` off."""
    if abs(received_at - signed_at) > tolerance:
        raise StaleWebhookError("signed time is outside the allowed window")
