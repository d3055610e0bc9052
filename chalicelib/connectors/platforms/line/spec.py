"""LINE's data sheet. Sources: the vendor's published OpenAPI documents of the Messaging API; see README.md."""

from __future__ import annotations

from chalicelib.core.capabilities import PlatformCapabilities, PlatformTerms, Threading
from chalicelib.core.events import Surface
from chalicelib.core.text.length import LengthUnit, Limit, TextLimits
from chalicelib.ports.spec import CredentialField, Fact, Level, OptionField, PlatformSpec, ShownBy, UsedFor

_REFERENCE = "developers.line.biz, Messaging API reference"

SPEC = PlatformSpec(
    name="line",
    title="LINE",
    level=Level.REPLIES,
    capabilities=PlatformCapabilities(
        surfaces=frozenset({Surface.DM}),
        # The unit is not documented; no text has fewer UTF-16 units than characters.
        text_limits=TextLimits((Limit(5000, LengthUnit.UTF16),)),
        threading=Threading.FLAT,
        idempotent_send=True,
        terms=PlatformTerms(note="LINE's terms for Official Accounts; what people unsend must not be kept."),
    ),
    credentials=(
        CredentialField(
            name="channel_secret",
            description="The channel's secret (with LINE's chat-plus module: the Switcher secret)",
            used_for=UsedFor.VERIFY,
            example="0123456789abcdef0123456789abcdef",
        ),
        CredentialField(
            name="channel_access_token",
            description="A channel access token, best a long-lived one from the console",
            used_for=UsedFor.CALL,
            example="AcmeChannelAccessToken0123456789+/=",
        ),
    ),
    hosts=("api.line.me",),
    shown_by=ShownBy.PUBLISHED_SCHEMA,
    options=(
        OptionField(
            name="base_url",
            description="Another address of the Messaging API, for trials",
            default="https://api.line.me",
            example="https://line.example.com",
        ),
    ),
    api_version="Messaging API v2, OpenAPI of 2026-07-01",
    facts=(
        Fact(what="A text has at most 5,000 characters", source=_REFERENCE, date="2026-07-01"),
        Fact(what="The same retry key is never sent twice within 24 hours", source=_REFERENCE, date="2026-07-01"),
        Fact(what="Webhooks want 2xx within 2 seconds", source=_REFERENCE, date="2026-07-01"),
        Fact(what="2,000 requests a second for each channel and endpoint", source=_REFERENCE, date="2026-07-01"),
        Fact(what="A push counts against the plan's monthly quota", source=_REFERENCE, date="2026-07-01"),
    ),
)
