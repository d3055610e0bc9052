"""YouTube's data sheet. Sources: the Data API's documentation and discovery document; see README.md."""

from __future__ import annotations

from chalicelib.core.capabilities import PlatformCapabilities, PlatformTerms
from chalicelib.core.events import Surface
from chalicelib.core.text.length import LengthUnit, Limit, TextLimits
from chalicelib.ports.spec import CredentialField, Fact, Level, OptionField, PlatformSpec, ShownBy, UsedFor

BASE_URL = "https://www.googleapis.com/youtube/v3"
HTML = "html"
"""The value of the option ``text_format`` for payloads that were fetched with the API's default."""

SPEC = PlatformSpec(
    name="youtube",
    title="YouTube",
    level=Level.RECEIVES,
    capabilities=PlatformCapabilities(
        surfaces=frozenset({Surface.COMMENT}),
        text_limits=TextLimits((Limit(10_000, LengthUnit.CODE_POINTS),)),
        polls=True,
        terms=PlatformTerms(note="What others wrote must be read again or deleted after 30 days."),
    ),
    credentials=(
        CredentialField(
            name="api_key",
            description="A key of the Google Cloud project for the YouTube Data API; reads published comments",
            used_for=UsedFor.CALL,
            example="AIza-an-example-key",
        ),
    ),
    hosts=("www.googleapis.com",),
    shown_by=ShownBy.DOCUMENTATION,
    options=(
        OptionField(name="base_url", description="The API with its version", default=BASE_URL, example=BASE_URL),
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
        Fact(what="At most 100 threads a page", source="discovery document, revision 20261104", date="2026-11-04"),
        Fact(
            what="Embedded replies are five at most; a new reply does not move its thread to the top",
            source="gojiplus/tuber#33 and #52",
            date="2026-11-22",
        ),
        Fact(what="imageUrl is valid for six hours", source="YouTube Data API, revision history", date="2026-09-30"),
    ),
)
