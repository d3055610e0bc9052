"""Reddit's data sheet. Sources: Reddit's Data API wiki and policy, recorded answers of the API; see README.md."""

from __future__ import annotations

from datetime import timedelta

from chalicelib.core.budgets import BudgetHeaders
from chalicelib.core.capabilities import PlatformCapabilities, PlatformTerms
from chalicelib.core.events import Surface
from chalicelib.core.text.length import LengthUnit, Limit, TextLimits
from chalicelib.ports.spec import CredentialField, Fact, Level, OptionField, PlatformSpec, ShownBy, UsedFor

BASE_URL = "https://oauth.reddit.com"
TOKEN_URL = "https://www.reddit.com"

SPEC = PlatformSpec(
    name="reddit",
    title="Reddit",
    level=Level.RECEIVES,
    capabilities=PlatformCapabilities(
        surfaces=frozenset({Surface.COMMENT, Surface.MENTION, Surface.POST, Surface.DM}),
        text_limits=TextLimits((Limit(10_000, LengthUnit.CODE_POINTS),)),
        polls=True,
        terms=PlatformTerms(
            may_match_crm=False,
            may_match_told=False,
            note="Matching Redditors with identifiers from elsewhere is forbidden, unless the person volunteers one;"
            " what is deleted on Reddit must be deleted in copies.",
        ),
    ),
    credentials=(
        CredentialField(
            name="client_id",
            description="The approved app's id",
            used_for=UsedFor.CALL,
            example="AnExampleClientId",
        ),
        CredentialField(
            name="client_secret",
            description="The approved app's secret",
            used_for=UsedFor.CALL,
            example="an-example-client-secret",
        ),
        CredentialField(
            name="refresh_token",
            description="Of the care account's consent with duration=permanent (identity, read, privatemessages)",
            used_for=UsedFor.CALL,
            example="123456-an-example-refresh-token",
        ),
    ),
    hosts=("oauth.reddit.com", "www.reddit.com"),
    shown_by=ShownBy.DOCUMENTATION,
    options=(
        OptionField(
            name="user_agent",
            description="What Reddit wants to know of an app: platform:app:version (by /u/name)",
            required=True,
            example="aws:careloop:1.0 (by /u/acme_care)",
        ),
        OptionField(name="base_url", description="Address of the API, tokens included", default=BASE_URL),
    ),
    budgets=(
        BudgetHeaders(remaining="x-ratelimit-remaining", reset="x-ratelimit-reset", longest=timedelta(minutes=10)),
    ),
    facts=(
        Fact(what="100 requests a minute, averaged over 10 minutes", source="Reddit Data API wiki", date="2026-11"),
        Fact(what="Listings give 100 entries a page and about 1,000 in all", source="Reddit API docs", date="2026-11"),
        Fact(
            what="No matching of Redditors with identifiers from elsewhere; new apps need approval",
            source="Responsible Builder Policy",
            date="2025-11",
        ),
    ),
)
