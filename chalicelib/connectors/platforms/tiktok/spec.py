"""TikTok's data sheet, for business accounts. Mostly integrators' findings: no schema is published; see README.md."""

from __future__ import annotations

from datetime import timedelta

from chalicelib.core.capabilities import PlatformCapabilities, PlatformTerms
from chalicelib.core.events import Surface
from chalicelib.core.text.length import LengthUnit, Limit, TextLimits
from chalicelib.ports.spec import CredentialField, Fact, Level, OptionField, PlatformSpec, ShownBy, UsedFor

BASE_URL = "https://business-api.tiktok.com/open_api/v1.3"
TOLERANCE = 300
"""Seconds that a signature may be old."""
_INTEGRATORS = "noktuaio/chatwoot at 87eef33a9904"

SPEC = PlatformSpec(
    name="tiktok",
    title="TikTok",
    level=Level.RECEIVES,
    capabilities=PlatformCapabilities(
        surfaces=frozenset({Surface.COMMENT, Surface.DM}),
        # 1,200 by one source, 150 by another: the smaller one holds by both.
        text_limits=TextLimits((Limit(150, LengthUnit.CODE_POINTS),)),
        reply_window=timedelta(hours=48),
        delivery_updates=True,
        terms=PlatformTerms(
            note="Private messages of users in the EEA, Switzerland and the UK are not handed out, and business"
            " accounts there can't answer any."
        ),
    ),
    credentials=(
        CredentialField(
            name="app_secret",
            description="The secret of the app at the Business portal; signs the webhooks. Several during a change",
            used_for=UsedFor.VERIFY,
            example="0123456789abcdef0123456789abcdef01234567",
        ),
        CredentialField(
            name="access_token",
            description="The business account's token (24 hours, renewed from outside); reads comments",
            used_for=UsedFor.CALL,
            example="act.an-example-token",
        ),
    ),
    hosts=("business-api.tiktok.com",),
    shown_by=ShownBy.DOCUMENTATION,
    options=(
        OptionField(name="base_url", description="Address of the API with its version", default=BASE_URL),
        OptionField(
            name="signature_tolerance",
            description="Seconds that a signature may be old; repeats may carry the time of the first attempt",
            default=str(TOLERANCE),
            example="3600",
        ),
    ),
    api_version="v1.3",
    facts=(
        Fact(what="Webhooks are repeated for up to 72 hours", source="developers.tiktok.com, webhooks", date="2026-08"),
        Fact(what="The signature covers its time, a dot and the body", source=_INTEGRATORS, date="2026-08"),
        Fact(what="content is JSON inside a JSON string", source=_INTEGRATORS, date="2026-08"),
        Fact(what="40 calls a minute per account and endpoint", source="integrators' notes", date="2026-08"),
        Fact(
            what="48 hours and 10 messages after each of the customer's messages",
            source="integrators' notes",
            date="2026-08",
        ),
    ),
)
