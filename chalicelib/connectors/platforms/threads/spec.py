"""Threads: replies in the account's threads and mentions. There are no private messages in its API."""

from __future__ import annotations

from chalicelib.connectors.platforms._meta.family import VERIFY_CREDENTIALS, family_of
from chalicelib.connectors.platforms._meta.names import THREADS
from chalicelib.core.capabilities import PlatformCapabilities, PlatformTerms, Threading
from chalicelib.core.events import Surface
from chalicelib.core.text.length import LengthUnit, Limit, TextLimits
from chalicelib.ports.spec import CredentialField, Fact, Level, OptionField, PlatformSpec, ShownBy, UsedFor

BASE_URL = "https://graph.threads.net"
API_VERSION = "v1.0"
"""Threads' own number, not the Graph API's."""

SPEC = PlatformSpec(
    name=THREADS,
    title="Threads",
    level=Level.RECEIVES,
    capabilities=PlatformCapabilities(
        surfaces=frozenset({Surface.COMMENT, Surface.MENTION, Surface.POST}),
        text_limits=TextLimits((Limit(500, LengthUnit.CODE_POINTS),)),
        threading=Threading.CHAIN,
        terms=PlatformTerms(
            note="Meta Platform Terms: what people wrote is used to answer them, and for nothing else."
        ),
    ),
    credentials=(
        *VERIFY_CREDENTIALS,
        CredentialField(
            name="access_token",
            description="Long-lived token of the Threads account (60 days).",
            used_for=UsedFor.CALL,
            example="THAA...",
        ),
    ),
    hosts=("graph.threads.net",),
    shown_by=ShownBy.DOCUMENTATION,
    options=(
        OptionField(name="api_version", description="Version of the Threads API.", default=API_VERSION),
        OptionField(name="base_url", description="Address of the Threads API without version.", default=BASE_URL),
    ),
    api_version=API_VERSION,
    family=family_of(THREADS),
    facts=(
        Fact(
            what="Of others only the username is told, no id; one event per webhook, in an envelope of its own",
            source="Threads API: Webhooks",
            date="2026-06-30",
        ),
        Fact(what="A post holds 500 characters", source="Threads API: Create replies", date="2025-12-22"),
        Fact(
            what="Customers' edits and deletions, likes and hides send nothing",
            source="Threads API: Webhooks",
            date="2026-06-30",
        ),
    ),
)
