"""YouTube's data sheet. Sources: the Data API's documentation and discovery document; see README.md."""

from __future__ import annotations

from chalicelib.core.capabilities import PlatformCapabilities, PlatformTerms
from chalicelib.core.events import Surface
from chalicelib.core.text.length import LengthUnit, Limit, TextLimits
from chalicelib.ports.spec import CredentialField, Fact, Level, OptionField, PlatformSpec, ShownBy, UsedFor

BASE_URL = "https://www.googleapis.com/youtube/v3"
TOKEN_URL = "https://oauth2.googleapis.com/token"
MEDIA_HOSTS = ("*.ggpht.com", "*.googleusercontent.com", "*.ytimg.com")
POLL_UNITS = "5000"
"""Of the day's 10,000; the rest is for a hundred answers."""
HTML = "html"
"""The value of the option ``text_format`` for payloads that were fetched with the API's default."""

SPEC = PlatformSpec(
    name="youtube",
    title="YouTube",
    level=Level.COMPLETE,
    capabilities=PlatformCapabilities(
        surfaces=frozenset({Surface.COMMENT}),
        text_limits=TextLimits((Limit(10_000, LengthUnit.CODE_POINTS),)),
        delete=True,
        hide=True,
        polls=True,
        rereads_threads=False,
        terms=PlatformTerms(note="What others wrote must be read again or deleted after 30 days."),
    ),
    credentials=(
        CredentialField(
            name="client_id",
            description="The OAuth client of your Google Cloud project",
            used_for=UsedFor.CALL,
            example="1234-abc.apps.googleusercontent.com",
        ),
        CredentialField(
            name="client_secret",
            description="Its secret",
            used_for=UsedFor.CALL,
            example="GOCSPX-example",
        ),
        CredentialField(
            name="refresh_token",
            description="What the channel's owner's consent gave, for the scope youtube.force-ssl",
            used_for=UsedFor.CALL,
            example="1//0example",
        ),
    ),
    hosts=("www.googleapis.com", "oauth2.googleapis.com"),
    media_hosts=MEDIA_HOSTS,
    shown_by=ShownBy.DOCUMENTATION,
    options=(
        OptionField(name="base_url", description="The API with its version", default=BASE_URL, example=BASE_URL),
        OptionField(name="token_url", description="Where tokens are renewed", default=TOKEN_URL, example=TOKEN_URL),
        OptionField(
            name="poll_units",
            description="Units of the day's quota that polling may use; an answer costs 50",
            default=POLL_UNITS,
            example="5000",
        ),
        OptionField(
            name="text_format",
            description="How texts are written in payloads from elsewhere: plain, or html (the API's own default)",
            default="plain",
            example=HTML,
        ),
    ),
    api_version="v3, discovery revision 20261104",
    facts=(
        Fact(what="10,000 units a day; a page of comments costs 1", source="YouTube Data API, quota", date="2026-06"),
        Fact(what="Writing costs 50 units", source="YouTube Data API, quota", date="2026-06"),
        Fact(what="At most 100 threads a page", source="discovery document, revision 20261104", date="2026-11-04"),
        Fact(
            what="Embedded replies are five at most; a new reply does not move its thread to the top",
            source="gojiplus/tuber#33 and #52",
            date="2026-11-22",
        ),
        Fact(what="imageUrl is valid for six hours", source="YouTube Data API, revision history", date="2026-09-30"),
    ),
)
