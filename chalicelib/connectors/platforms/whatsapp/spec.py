"""WhatsApp Business Platform, Cloud API: messages to a business phone number, and how far ours got."""

from __future__ import annotations

from datetime import timedelta

from chalicelib.connectors.platforms._meta.family import (
    API_VERSION,
    BASE_URL,
    BUDGETS,
    HOSTS,
    VERIFY_CREDENTIALS,
    family_of,
)
from chalicelib.connectors.platforms._meta.names import WHATSAPP
from chalicelib.connectors.platforms.whatsapp.outbound import MEDIA
from chalicelib.core.capabilities import PlatformCapabilities, PlatformTerms, Threading
from chalicelib.core.events import Surface
from chalicelib.core.text.length import LengthUnit, Limit, TextLimits
from chalicelib.ports.spec import CredentialField, Fact, Level, OptionField, PlatformSpec, ShownBy, UsedFor

WINDOW = timedelta(hours=24)
"""After the customer's last message; later only approved templates (Send messages, 2026-11-22)."""
_MEDIA_HOST = "lookaside.fbsbx.com"

SPEC = PlatformSpec(
    name=WHATSAPP,
    title="WhatsApp",
    level=Level.COMPLETE,
    capabilities=PlatformCapabilities(
        surfaces=frozenset({Surface.DM}),
        text_limits=TextLimits((Limit(4096, LengthUnit.CODE_POINTS),)),
        attachments=frozenset(limit.kind for limit in MEDIA),
        media=MEDIA,
        text_with_media=False,  # sounds take no caption
        reply_window=WINDOW,
        threading=Threading.NONE,
        edit=True,
        delete=True,
        delivery_updates=True,
        updates_carry_key=True,
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
        CredentialField(
            name="app_secret_proof_key",
            description="The App Secret once more: every call carries appsecret_proof (apps with 'Require App Secret' "
            "need it), and with app_id the check asks until when the token is good and what it may.",
            used_for=UsedFor.CALL,
            example="0123456789abcdef0123456789abcdef",
            required=False,
        ),
    ),
    hosts=(*HOSTS, _MEDIA_HOST),
    media_hosts=(_MEDIA_HOST,),
    shown_by=ShownBy.DOCUMENTATION,
    options=(
        OptionField(
            name="waba_id",
            description="Id of the WhatsApp business account: the check then sees that it tells us, and mends it.",
            example="102290129340398",
        ),
        OptionField(
            name="app_id",
            description="Id of the Meta app: the check then looks at its subscription only, not at other apps'.",
            example="1517776481860111",
        ),
        OptionField(
            name="template",
            description="Name of an approved template that is sent when 24 hours have passed.",
            example="we_have_an_answer",
        ),
        OptionField(name="template_language", description="Its language, as WhatsApp Manager shows it.", example="de"),
        OptionField(
            name="template_variable",
            description="The variable of its body that takes the agent's words ('1', or a name); without it the "
            "template only asks the customer to write.",
            example="1",
        ),
        OptionField(name="api_version", description="Version of the Graph API.", default=API_VERSION),
        OptionField(name="base_url", description="Address of the Graph API without version.", default=BASE_URL),
    ),
    api_version=API_VERSION,
    family=family_of(WHATSAPP),
    budgets=BUDGETS,
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
        Fact(
            what="From October 2026 each delivered message costs, beyond 1,000 a month and number",
            source="WhatsApp: Pricing, non-template messages",
            date="2026-08",
        ),
        Fact(
            what="Files: pictures 5 MB, sounds and videos 16 MB, documents 100 MB",
            source="WhatsApp: Business phone numbers, media",
            date="2026-06-16",
        ),
    ),
)
