"""WhatsApp Business Platform, Cloud API: messages to a business phone number, and how far ours got."""

from __future__ import annotations

from datetime import timedelta

from chalicelib.connectors.platforms._meta.family import API_VERSION, BASE_URL, HOSTS, VERIFY_CREDENTIALS, family_of
from chalicelib.connectors.platforms._meta.names import WHATSAPP
from chalicelib.core.capabilities import PlatformCapabilities, PlatformTerms, Threading
from chalicelib.core.events import Surface
from chalicelib.core.text.length import LengthUnit, Limit, TextLimits
from chalicelib.ports.spec import CredentialField, Fact, Level, OptionField, PlatformSpec, ShownBy, UsedFor

SPEC = PlatformSpec(
    name=WHATSAPP,
    title="WhatsApp",
    level=Level.RECEIVES,
    capabilities=PlatformCapabilities(
        surfaces=frozenset({Surface.DM}),
        text_limits=TextLimits((Limit(4096, LengthUnit.CODE_POINTS),)),
        reply_window=timedelta(hours=24),
        threading=Threading.NONE,
        delivery_updates=True,
        terms=PlatformTerms(note="WhatsApp Business terms: what people wrote is used to answer them."),
    ),
    credentials=(
        *VERIFY_CREDENTIALS,
        CredentialField(
            name="access_token",
            description="Token of a system user with whatsapp_business_messaging and whatsapp_business_management.",
            used_for=UsedFor.CALL,
            example="EAAG...",
        ),
    ),
    hosts=HOSTS,
    shown_by=ShownBy.DOCUMENTATION,
    options=(
        OptionField(name="api_version", description="Version of the Graph API.", default=API_VERSION),
        OptionField(name="base_url", description="Address of the Graph API without version.", default=BASE_URL),
    ),
    api_version=API_VERSION,
    family=family_of(WHATSAPP),
    facts=(
        Fact(
            what="People are known by a business-scoped user id; the phone number may be withheld",
            source="WhatsApp: Business-scoped user ids",
            date="2026-05-28",
        ),
        Fact(
            what="Webhooks are repeated for 7 days, in any order, to all subscribed apps",
            source="WhatsApp: Webhooks, overview",
            date="2026-04-29",
        ),
        Fact(what="A text holds 4,096 characters", source="WhatsApp: Send messages", date="2026-11-22"),
        Fact(
            what="24 hours to answer after the customer's last message; later only approved templates",
            source="WhatsApp: Send messages",
            date="2026-11-22",
        ),
    ),
)
