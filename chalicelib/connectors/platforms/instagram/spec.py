"""Instagram professional accounts: comments, mentions, stories and private messages."""

from __future__ import annotations

from chalicelib.connectors.platforms._meta.family import API_VERSION, BASE_URL, VERIFY_CREDENTIALS, family_of
from chalicelib.connectors.platforms._meta.names import INSTAGRAM
from chalicelib.core.capabilities import PlatformCapabilities, PlatformTerms
from chalicelib.core.events import Surface
from chalicelib.core.text.length import LengthUnit, Limit, TextLimits
from chalicelib.ports.spec import CredentialField, Fact, Level, OptionField, PlatformSpec, ShownBy, UsedFor

INSTAGRAM_LOGIN, FACEBOOK_LOGIN = "instagram", "facebook"
BASE_URLS = {INSTAGRAM_LOGIN: "https://graph.instagram.com", FACEBOOK_LOGIN: BASE_URL}

SPEC = PlatformSpec(
    name=INSTAGRAM,
    title="Instagram",
    level=Level.RECEIVES,
    capabilities=PlatformCapabilities(
        surfaces=frozenset({Surface.COMMENT, Surface.MENTION, Surface.DM, Surface.STORY}),
        text_limits=TextLimits((Limit(2200, LengthUnit.CODE_POINTS),)),
        private_text_limits=TextLimits((Limit(1000, LengthUnit.BYTES),)),
        delivery_updates=True,
        terms=PlatformTerms(
            note="Meta Platform Terms: what people wrote is used to answer them; media of stories is never stored."
        ),
    ),
    credentials=(
        *VERIFY_CREDENTIALS,
        CredentialField(
            name="access_token",
            description="Instagram User token, or with login=facebook the token of the linked Page.",
            used_for=UsedFor.CALL,
            example="IGAA...",
        ),
    ),
    hosts=("graph.instagram.com", "graph.facebook.com"),
    shown_by=ShownBy.DOCUMENTATION,
    options=(
        OptionField(
            name="login",
            description="How the account is connected: 'instagram' (Instagram Login), or 'facebook' (by its Page).",
            default=INSTAGRAM_LOGIN,
        ),
        OptionField(name="api_version", description="Version of the Graph API.", default=API_VERSION),
        OptionField(name="base_url", description="Address of the API without version.", default="by login"),
    ),
    api_version=API_VERSION,
    family=family_of(INSTAGRAM),
    facts=(
        Fact(
            what="Comments tell no time of their own, mentions neither words nor author",
            source="Instagram Platform: Webhooks, examples",
            date="2025-11-24",
        ),
        Fact(
            what="A private message holds 1,000 bytes of UTF-8",
            source="Instagram Platform: Messaging API",
            date="2026-11-22",
        ),
        Fact(
            what="A comment holds 2,200 characters (not stated by the pages read)",
            source="unconfirmed",
            date="2026-11-22",
        ),
    ),
)
