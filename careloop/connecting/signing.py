"""Webhooks of our own making, signed as each vendor signs: they prove that an address answers, and make no event.

``SIGNED`` is data: what a vendor's signature covers, and a body that the connector knows to be nothing.
"""

from __future__ import annotations

import base64
import hmac
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from chalicelib.connectors.toolkit.signatures import base64_sha256, hex_sha256
from chalicelib.core.account import ConnectionKind

Secrets = Mapping[str, str]
"""VERIFY fields by name, the newest value of each."""
Sign = Callable[[Secrets, bytes, datetime], dict[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """``suffix``: what the vendor puts behind the address. ``body``: gives no event and nothing to park."""

    sign: Sign
    body: bytes
    method: str = "POST"
    suffix: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """A vendor's way to prove an address. ``query`` and the ``expected`` body for a random text."""

    query: Callable[[Secrets, str], dict[str, str]]
    expected: Callable[[Secrets, str], str] = field(default=lambda values, text: text)


def _meta(values: Secrets, body: bytes, at: datetime) -> dict[str, str]:
    return {"x-hub-signature-256": f"sha256={hex_sha256(values['app_secret'], body)}"}


def _x(values: Secrets, body: bytes, at: datetime) -> dict[str, str]:
    return {"x-twitter-webhooks-signature": f"sha256={base64_sha256(values['consumer_secret'], body)}"}


def _matrix(values: Secrets, body: bytes, at: datetime) -> dict[str, str]:
    return {"authorization": f"Bearer {values['hs_token']}"}


def _line(values: Secrets, body: bytes, at: datetime) -> dict[str, str]:
    return {"x-line-signature": base64_sha256(values["channel_secret"], body)}


def _linkedin(values: Secrets, body: bytes, at: datetime) -> dict[str, str]:
    return {"x-li-signature": hex_sha256(values["client_secret"], b"hmacsha256=" + body)}


def _telegram(values: Secrets, body: bytes, at: datetime) -> dict[str, str]:
    return {"x-telegram-bot-api-secret-token": values["secret_token"]}


def _tiktok(values: Secrets, body: bytes, at: datetime) -> dict[str, str]:
    stamp = str(int(at.timestamp()))
    return {"tiktok-signature": f"t={stamp},s={hex_sha256(values['app_secret'], f'{stamp}.'.encode() + body)}"}


def _hubspot(values: Secrets, body: bytes, at: datetime) -> dict[str, str]:
    stamp = str(int(at.timestamp() * 1000))
    told = f"POST{values['webhook_url']}".encode() + body + stamp.encode()
    return {
        "x-hubspot-signature-v3": base64_sha256(values["app_secret"], told),
        "x-hubspot-request-timestamp": stamp,
    }


def _zendesk(values: Secrets, body: bytes, at: datetime) -> dict[str, str]:
    stamp = f"{at:%Y-%m-%dT%H:%M:%SZ}"
    return {
        "x-zendesk-webhook-signature": base64_sha256(values["signing_secret"], stamp.encode() + body),
        "x-zendesk-webhook-signature-timestamp": stamp,
    }


def _rt(values: Secrets, body: bytes, at: datetime) -> dict[str, str]:
    stamp = str(int(at.timestamp()))
    signature = hex_sha256(values["hook_secret"], f"{stamp}.".encode() + body)
    return {"x-rt-timestamp": stamp, "x-rt-signature": f"sha256={signature}"}


def _zammad(values: Secrets, body: bytes, at: datetime) -> dict[str, str]:
    return {"x-hub-signature": f"sha1={hmac.digest(values['signature_token'].encode(), body, 'sha1').hex()}"}


def _django_helpdesk(values: Secrets, body: bytes, at: datetime) -> dict[str, str]:
    login = base64.b64encode(f"careloop:{values['hook_secret']}".encode()).decode("ascii")
    return {"authorization": f"Basic {login}"}


def _salesforce(values: Secrets, body: bytes, at: datetime) -> dict[str, str]:
    return {"x-careloop-secret": values["hook_secret"]}


def _freshdesk(values: Secrets, body: bytes, at: datetime) -> dict[str, str]:
    return {"x-webhook-secret": values["hook_secret"]}


_META = Signed(sign=_meta, body=b'{"object":"page","entry":[]}')
_PLATFORM, _HELPDESK = ConnectionKind.PLATFORM, ConnectionKind.HELPDESK

SIGNED: Mapping[tuple[ConnectionKind, str], Signed] = {
    **{(_PLATFORM, name): _META for name in ("facebook", "messenger", "instagram", "whatsapp", "threads")},
    (_PLATFORM, "x"): Signed(sign=_x, body=b"{}"),
    (_PLATFORM, "matrix"): Signed(
        sign=_matrix, body=b'{"events":[]}', method="PUT", suffix="/_matrix/app/v1/transactions/careloop-test"
    ),
    (_PLATFORM, "line"): Signed(sign=_line, body=b'{"destination":"U00000000000000000000000000000000","events":[]}'),
    (_PLATFORM, "linkedin"): Signed(sign=_linkedin, body=b'{"type":"CARELOOP_TEST","notifications":[]}'),
    (_PLATFORM, "telegram"): Signed(sign=_telegram, body=b'{"update_id":1,"careloop_test":{}}'),
    (_PLATFORM, "tiktok"): Signed(
        sign=_tiktok, body=b'{"event":"careloop.test","user_openid":"","create_time":0,"content":"{}"}'
    ),
    (_HELPDESK, "zendesk"): Signed(sign=_zendesk, body=b'{"type":"zen:event-type:ticket.careloop_test"}'),
    (_HELPDESK, "rt"): Signed(sign=_rt, body=b'{"event":"careloop.test","ticket":1,"case":""}'),
    (_HELPDESK, "zammad"): Signed(sign=_zammad, body=b'{"careloop_test":{}}'),
    (_HELPDESK, "django_helpdesk"): Signed(sign=_django_helpdesk, body=b'{"careloop_test":{}}'),
    (_HELPDESK, "salesforce"): Signed(sign=_salesforce, body=b'{"careloop_test":{}}'),
    (_HELPDESK, "freshdesk"): Signed(sign=_freshdesk, body=b'{"careloop_test":{}}'),
    (_HELPDESK, "hubspot"): Signed(sign=_hubspot, body=b"[]"),
}

_HUB = Challenge(
    query=lambda values, text: {
        "hub.mode": "subscribe",
        "hub.verify_token": values["verify_token"],
        "hub.challenge": text,
    }
)
CHALLENGES: Mapping[tuple[ConnectionKind, str], Challenge] = {
    **{(_PLATFORM, name): _HUB for name in ("facebook", "messenger", "instagram", "whatsapp", "threads")},
    (_PLATFORM, "x"): Challenge(
        query=lambda values, text: {"crc_token": text},
        expected=lambda values, text: json.dumps(
            {"response_token": f"sha256={base64_sha256(values['consumer_secret'], text.encode())}"}
        ),
    ),
    (_PLATFORM, "linkedin"): Challenge(
        query=lambda values, text: {"challengeCode": text},
        expected=lambda values, text: json.dumps(
            {"challengeCode": text, "challengeResponse": hex_sha256(values["client_secret"], text.encode())}
        ),
    ),
}


def challenge_text() -> str:
    """Digits, as Meta's are."""
    return str(10**9 + secrets.randbelow(9 * 10**9))


def newest(values: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """The value of each field that signs: the first."""
    return {name: items[0] for name, items in values.items() if items}
