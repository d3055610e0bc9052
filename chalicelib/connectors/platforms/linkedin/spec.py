"""LinkedIn's data sheet. Sources: Microsoft's documentation of the Community Management API; see README.md."""

from __future__ import annotations

from datetime import timedelta

from chalicelib.core.capabilities import PlatformCapabilities, PlatformTerms
from chalicelib.core.events import Surface
from chalicelib.core.text.length import LengthUnit, Limit, TextLimits
from chalicelib.ports.spec import CredentialField, Fact, Level, OptionField, PlatformSpec, ShownBy, UsedFor

BASE_URL = "https://api.linkedin.com"
API_VERSION = "202609"
_DOCUMENTATION = "learn.microsoft.com/linkedin"

SPEC = PlatformSpec(
    name="linkedin",
    title="LinkedIn",
    level=Level.COMPLETE,
    capabilities=PlatformCapabilities(
        surfaces=frozenset({Surface.COMMENT, Surface.MENTION}),
        text_limits=TextLimits((Limit(1250, LengthUnit.CODE_POINTS),)),
        delete=True,
        terms=PlatformTerms(
            may_match_crm=False,
            may_match_told=False,
            may_store_media=False,
            retention=timedelta(hours=48),
            note="Members' comments may be stored for 48 hours, their profiles not at all; no matching with a CRM:"
            " ask the customer for an identifier. Answers must be written or approved by a person.",
        ),
    ),
    credentials=(
        CredentialField(
            name="client_secret",
            description="The app's client secret: it signs webhooks and answers the challenge; the newest first",
            used_for=UsedFor.VERIFY,
            example="WPL_AP1.AnExampleSecret",
        ),
        CredentialField(
            name="access_token",
            description="A token of a page administrator (60 days) with r_organization_social_feed and "
            "w_organization_social_feed",
            used_for=UsedFor.CALL,
            example="AQX-an-example-token",
        ),
    ),
    hosts=("api.linkedin.com",),
    shown_by=ShownBy.DOCUMENTATION,
    options=(
        OptionField(name="base_url", description="Address of the API", default=BASE_URL, example=BASE_URL),
        OptionField(
            name="api_version",
            description="The header Linkedin-Version; a version is supported for at least one year",
            default=API_VERSION,
            example=API_VERSION,
        ),
        OptionField(
            name="token_ends",
            description="The day on which the access token ends, 60 days after it was made: an alarm comes before",
            example="2027-01-20",
        ),
        OptionField(name="application", description="The app's number, to look after its subscription", example="1234"),
        OptionField(name="person", description="The id of the member whose token it is, for the same", example="aBc"),
        OptionField(
            name="webhook_url",
            description="The endpoint's address as registered in the developer portal, for the same",
            example="https://api.example.com/webhooks/platform/linkedin/main",
        ),
    ),
    api_version=API_VERSION,
    facts=(
        Fact(
            what="The challenge is repeated every 2 hours and must be answered within 3 seconds",
            source=f"{_DOCUMENTATION}, webhook validation",
            date="2026-08",
        ),
        Fact(
            what="Redelivered every 5 minutes for 8 hours; up to 10 notifications in one POST",
            source=f"{_DOCUMENTATION}, organization social action notifications",
            date="2026-08",
        ),
        Fact(
            what="Members' social activity may be stored for 48 hours",
            source=f"{_DOCUMENTATION}, data storage requirements",
            date="2026-08",
        ),
    ),
)
