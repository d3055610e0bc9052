"""Signed links by which a customer tells us in private who they are. Pure: secrets and time are given.

A link names the account, the case and the question that it belongs to, when it ends, and how its page looks. It holds
nothing about the customer: which author was asked is known to the case alone. What is signed is all of it, so that the
public function needs no database to tell a good link from a bad one.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from chalicelib.core.ids import AccountId, AccountKey, CaseId

PATH = "/identify/"
LONGEST = 1_000
"""Characters of a token; the longest that we make has about half of that."""
MOST_BRAND = 60
_VERSION = 1
_SIGNED = b"careloop identify 1\n"
_SIGNATURE_BYTES = 24
"""Of HMAC-SHA-256: RFC 2104 asks for at least half of it."""


class Told(StrEnum):
    """What a customer may be asked for."""

    NUMBER = "number"
    """Order or customer number."""
    EMAIL = "email"
    PHONE = "phone"


_LETTERS = {Told.NUMBER: "n", Told.EMAIL: "e", Told.PHONE: "p"}


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityLink:
    """What a link says. ``expires_at`` counts whole seconds; ``fields`` are what its page asks for beside the name."""

    token: str
    account: AccountKey
    case: CaseId
    expires_at: datetime
    language: str
    fields: tuple[Told, ...]
    brand: str


def write_token(link: IdentityLink, secret: str) -> str:
    """The last part of the link's address: letters, digits, ``-``, ``_`` and one dot. Equal for equal input."""
    said = [
        _VERSION,
        link.token,
        link.account.platform,
        link.account.account,
        link.case,
        int(link.expires_at.timestamp()),
        link.language,
        "".join(_LETTERS[item] for item in link.fields),
        link.brand[:MOST_BRAND],
    ]
    text = _encoded(json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace"))
    return f"{text}.{_signature(text, secret)}"


def read_token(token: str, secrets: Sequence[str], now: datetime) -> IdentityLink | None:
    """What a token says that one of `secrets` signed and that has not ended; None for every other one."""
    text, dot, signature = token.partition(".")
    if len(token) > LONGEST or not dot or not token.isascii():
        return None
    good = [hmac.compare_digest(_signature(text, secret).encode(), signature.encode()) for secret in secrets if secret]
    if not any(good):
        return None
    link = _link(text)
    return link if link is not None and now < link.expires_at else None


def _link(text: str) -> IdentityLink | None:
    """What was signed may have been written by another version of us."""
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        version, token, platform, account, case, ends, language, fields, brand = json.loads(data)
        if version != _VERSION:
            return None
        return IdentityLink(
            token=str(token),
            account=AccountKey(platform=str(platform), account=AccountId(str(account))),
            case=CaseId(str(case)),
            expires_at=datetime.fromtimestamp(ends, UTC),
            language=str(language),
            fields=tuple(item for item in Told if _LETTERS[item] in fields),
            brand=str(brand),
        )
    except (binascii.Error, ValueError, TypeError, OverflowError, OSError, RecursionError):
        return None


def _signature(text: str, secret: str) -> str:
    made = hmac.new(secret.encode("utf-8"), _SIGNED + text.encode("ascii"), hashlib.sha256).digest()
    return _encoded(made[:_SIGNATURE_BYTES])


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode("ascii").rstrip("=")
