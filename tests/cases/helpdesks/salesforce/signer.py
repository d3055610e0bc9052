"""How a flow's HTTP callout proves itself: a custom header of its external credential (Salesforce Help, Named
Credentials, Custom Headers). Nothing is signed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime


def sign(secrets: Mapping[str, Sequence[str]], body: bytes, received_at: datetime) -> dict[str, str]:
    """The headers, with the first of the current secrets."""
    return {"X-Careloop-Secret": secrets["hook_secret"][0]}
