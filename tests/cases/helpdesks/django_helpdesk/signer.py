"""How django-helpdesk proves itself: it does not sign. The address that it is given holds user and password, which the
requests library sends as basic authentication (requests 2.34, prepare_auth; seen on django-helpdesk 2.6.1)."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import datetime


def sign(secrets: Mapping[str, Sequence[str]], body: bytes, received_at: datetime) -> dict[str, str]:
    """The headers, with the first of the current secrets."""
    login = f"careloop:{secrets['hook_secret'][0]}"
    return {"Authorization": f"Basic {b64encode(login.encode('latin1')).decode()}"}
