"""TikTok's signature: how old it may be is a setting, because nobody says whether repeats are signed anew."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.connectors.platforms.tiktok.webhook import Receiver
from chalicelib.core.errors import SignatureError, StaleWebhookError
from chalicelib.core.webhook import WebhookRequest
from chalicelib.ports.receiver import ReceiverContext
from tests.cases.platforms.tiktok.signer import sign

SECRETS = {"app_secret": ("the-app-secret",)}
SENT = datetime(2026, 11, 20, 12, tzinfo=UTC)


def _receiver(tolerance: str | None = None) -> Receiver:
    options = {"signature_tolerance": tolerance} if tolerance is not None else {}
    return Receiver(ReceiverContext(secrets=SECRETS, options=options))


def _request(age: int = 0) -> WebhookRequest:
    headers = {name.lower(): value for name, value in sign(SECRETS, b"{}", SENT).items()}
    at = SENT + timedelta(seconds=age)
    return WebhookRequest(method="POST", url="", headers=headers, query={}, body=b"{}", received_at=at)


@pytest.mark.parametrize("tolerance", [None, "", "-1", "ten", "1e9", "\u0663"])
def test_five_minutes_unless_said_otherwise(tolerance: str | None) -> None:
    _receiver(tolerance).verify(_request(300))
    with pytest.raises(StaleWebhookError):
        _receiver(tolerance).verify(_request(301))


def test_the_option_says_otherwise() -> None:
    _receiver("259200").verify(_request(259200))
    with pytest.raises(StaleWebhookError):
        _receiver("10").verify(_request(11))


@pytest.mark.parametrize("stamp", ["", "soon", "9" * 13, "\u0661\u0662"])
def test_a_time_that_is_none_is_refused(stamp: str) -> None:
    request = _request()
    given = request.headers["tiktok-signature"].split(",")[1]
    with pytest.raises(SignatureError):
        _receiver().verify(replace(request, headers={"tiktok-signature": f"t={stamp},{given}"}))


def test_the_order_of_the_parts_and_blanks_do_not_matter() -> None:
    request = _request()
    stamp, given = request.headers["tiktok-signature"].split(",")
    _receiver().verify(replace(request, headers={"tiktok-signature": f"{given}, {stamp}"}))
