"""X's data sheet: limits, terms, credentials, options. Sources and dates: README.md beside this file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from chalicelib.core.budgets import BudgetHeaders, Reset, Scope
from chalicelib.core.capabilities import PlatformCapabilities, PlatformTerms, Threading
from chalicelib.core.errors import ConfigurationError
from chalicelib.core.events import AttachmentKind, Surface
from chalicelib.core.media import MediaLimit
from chalicelib.core.text.length import LengthUnit, Limit, TextLimits
from chalicelib.ports.spec import (
    CredentialField,
    Fact,
    Level,
    OptionField,
    PlatformSpec,
    Price,
    ShownBy,
    UsedFor,
)

BASE_URL = "https://api.x.com"

STANDARD_LIMIT = 280
PREMIUM_LIMIT = 25_000
DM_LIMIT = 10_000
"""Not confirmed by a source: hence the option ``dm_limit``."""

IMAGE_TYPES = ("image/jpeg", "image/png", "image/webp")
"""GIFs and films are worked on by X after they were uploaded, for as long as it likes: they can't be waited for."""
MOST_IMAGE_BYTES = 5_000_000
MEDIA_HOSTS = ("pbs.twimg.com", "video.twimg.com", "ton.twitter.com", "ton.x.com")
LOCKED_HOSTS = ("ton.twitter.com", "ton.x.com")
"""Where the files of private messages are, which the account's own access opens."""

TERMS = PlatformTerms(
    may_match_crm=False,
    note=(
        "X lets us match an author with records from elsewhere only with the person's express consent, or with what "
        "they gave us directly or would expect to be used; what they delete or edit there must go or change here too."
    ),
)

CAPABILITIES = PlatformCapabilities(
    surfaces=frozenset({Surface.POST, Surface.MENTION, Surface.COMMENT, Surface.DM}),
    text_limits=TextLimits((Limit(STANDARD_LIMIT, LengthUnit.WEIGHTED),)),
    private_text_limits=TextLimits((Limit(DM_LIMIT, LengthUnit.CODE_POINTS),)),
    private_reply=True,
    threading=Threading.CHAIN,
    attachments=frozenset({AttachmentKind.IMAGE}),
    media=(MediaLimit(kind=AttachmentKind.IMAGE, media_types=IMAGE_TYPES, most_bytes=MOST_IMAGE_BYTES),),
    most_attachments=4,
    most_private_attachments=1,
    delete=True,
    hide=True,
    answerable_always=False,
    link_hint="X charges about $0.20 for an answer with a link, 13 times as much as for one without.",
    terms=TERMS,
)


def capabilities_for(options: Mapping[str, str]) -> PlatformCapabilities:
    """What holds for an account with these options (a premium account writes longer). Raises ConfigurationError."""
    limit = PREMIUM_LIMIT if is_on(options, "premium") else STANDARD_LIMIT
    dm_limit = options.get("dm_limit") or str(DM_LIMIT)
    if not (dm_limit.isascii() and dm_limit.isdecimal()) or int(dm_limit) < 1:
        raise ConfigurationError("option dm_limit: a whole number of characters")
    return replace(
        CAPABILITIES,
        text_limits=TextLimits((Limit(limit, LengthUnit.WEIGHTED),)),
        private_text_limits=TextLimits((Limit(int(dm_limit), LengthUnit.CODE_POINTS),)),
    )


def is_on(options: Mapping[str, str], name: str, default: bool = False) -> bool:
    """Whether the option `name` says "true"; `default` when it is not set."""
    value = options.get(name)
    return default if value is None or not value.strip() else value.strip().casefold() == "true"


_OAUTH2 = "OAuth 2.0 user context (instead of OAuth 1.0a): "
_OAUTH1 = "OAuth 1.0a user context (instead of OAuth 2.0): "

CREDENTIALS = (
    CredentialField(
        name="consumer_secret",
        description="The app's API key secret (consumer secret): signs webhooks and answers X's checks. Newest first.",
        used_for=UsedFor.VERIFY,
        example="kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw",
    ),
    CredentialField(
        name="access_token",
        description=_OAUTH2 + "the account's access token, valid for 2 hours. May be left out: it is renewed.",
        used_for=UsedFor.CALL,
        example="VGhpc0lzQW5BY2Nlc3NUb2tlbg",
        rotates=True,
        required=False,
    ),
    CredentialField(
        name="refresh_token",
        description=_OAUTH2 + "the account's refresh token (scope offline.access); a new one comes with each use.",
        used_for=UsedFor.CALL,
        example="bWRWa3gzdnk3WHRGU1o0bmRRcTJ5VUx",
        rotates=True,
        required=False,
    ),
    CredentialField(
        name="client_id",
        description=_OAUTH2 + "the app's client ID.",
        used_for=UsedFor.CALL,
        example="rG9n6402A3dbUJKzXTNX4oWHJ",
        required=False,
    ),
    CredentialField(
        name="client_secret",
        description=_OAUTH2 + "the app's client secret; only confidential apps have one.",
        used_for=UsedFor.CALL,
        example="Y2xpZW50LXNlY3JldC1leGFtcGxl",
        required=False,
    ),
    CredentialField(
        name="app_bearer_token",
        description="The app's own bearer token: the check then looks after webhook and subscriptions.",
        used_for=UsedFor.CALL,
        example="AAAAAAAAAAAAAAAAAAAAAMLheAAAAAAA0%2BuSeid",
        required=False,
    ),
    CredentialField(
        name="oauth1_consumer_key",
        description=_OAUTH1 + "the app's API key.",
        used_for=UsedFor.CALL,
        example="xvz1evFS4wEEPTGEFPHBog",
        required=False,
    ),
    CredentialField(
        name="oauth1_consumer_secret",
        description=_OAUTH1 + "the app's API key secret.",
        used_for=UsedFor.CALL,
        example="kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw",
        required=False,
    ),
    CredentialField(
        name="oauth1_token",
        description=_OAUTH1 + "the account's access token; it does not expire.",
        used_for=UsedFor.CALL,
        example="370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb",
        required=False,
    ),
    CredentialField(
        name="oauth1_token_secret",
        description=_OAUTH1 + "the account's access token secret.",
        used_for=UsedFor.CALL,
        example="LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE",
        required=False,
    ),
)

EVENTS = (
    "post.mention.create,post.reply.create,post.quote.create,post.create,post.delete,"
    "dm.received,dm.sent,chat.received,chat.sent"
)

OPTIONS = (
    OptionField(name="base_url", description="Where the API is.", default=BASE_URL, example="http://localhost:9000"),
    OptionField(
        name="enterprise",
        description="An enterprise contract: posts may be answered without a summons. true or false.",
        default="false",
    ),
    OptionField(
        name="inherited_mentions",
        description="Take the mention that a reply inherits from its thread for a summons (not documented by X).",
        default="false",
    ),
    OptionField(name="premium", description="The account may write 25,000 characters. true or false.", default="false"),
    OptionField(name="dm_limit", description="Longest private message, in characters.", default=str(DM_LIMIT)),
    OptionField(
        name="poll",
        description="true: look each minute for what the webhook lost; false: never; else as often as the policy says "
        "(reconcile_every). Each post read costs.",
    ),
    OptionField(
        name="poll_direct_messages",
        description="Look for private messages too when polling (needs dm.read; each read event is billed).",
        default="true",
    ),
    OptionField(
        name="webhook_url",
        description="The endpoint's address as registered with X; needed where the app has several webhooks.",
        example="https://care.example.com/webhooks/platform/x/main",
    ),
    OptionField(
        name="webhook_events",
        description="Kinds of events that must be subscribed, with commas between.",
        default=EVENTS,
    ),
    OptionField(
        name="field_names",
        description="Names of the fields asked for: tweet (the guides) or post (X's OpenAPI 2.167).",
        default="tweet",
    ),
)

_DOCS = "docs.x.com"
BUDGETS = (
    BudgetHeaders(
        remaining="x-rate-limit-remaining",
        limit="x-rate-limit-limit",
        reset="x-rate-limit-reset",
        reset_is=Reset.UNIX,
        scope=Scope.ENDPOINT,
        window=timedelta(minutes=15),
    ),
    *(
        BudgetHeaders(
            remaining=f"x-{whose}-limit-24hour-remaining",
            limit=f"x-{whose}-limit-24hour-limit",
            reset=f"x-{whose}-limit-24hour-reset",
            reset_is=Reset.UNIX,
            scope=Scope.ENDPOINT,
            window=timedelta(minutes=15),
            longest=timedelta(days=1),
        )
        for whose in ("user", "app")
    ),
)
"""Each endpoint has windows of its own (docs.x.com, rate limits, 2026-08)."""

FACTS = (
    Fact(
        what="An API reply needs a summons: the author mentions us or quotes a post of ours",
        source=f"{_DOCS}/x-api/posts/manage-tweets, changelog of 2026-02-23",
        date="2026-08-22",
    ),
    Fact(what="Posts weigh at most 280, links 23", source="twitter-text config/v3.json", date="2026-08-22"),
    Fact(
        what="Access tokens live 2 hours, refresh tokens are used once", source=f"{_DOCS}/fundamentals", date="2026-08"
    ),
    Fact(what="Matching with off-X records needs consent", source=f"{_DOCS}/developer-terms/policy", date="2026-08-22"),
    Fact(
        what="The newest 800 mentions and private messages of 30 days are listed",
        source=f"{_DOCS}/x-api/posts/timelines, direct-messages",
        date="2026-08",
    ),
    Fact(
        what="A picture has 5 MB at most; a post takes four, a private message one; uploads last 24 hours",
        source=f"{_DOCS}/x-api/media, OpenAPI 2.167 (initialize, append, finalize)",
        date="2026-08-22",
    ),
    Fact(
        what="Events need a 200 within 10 seconds; no retries are promised",
        source=f"{_DOCS}/x-api/webhooks",
        date="2026-08-22",
    ),
)

_PRICING = f"{_DOCS}/x-api/getting-started/pricing"
PRICES = tuple(
    Price(what=what, usd=usd, source=_PRICING, date="2026-08-22")
    for what, usd in (
        ("read a post", 0.005),
        ("read a user", 0.010),
        ("read a private message", 0.010),
        ("read an own post", 0.001),
        ("a post's event", 0.005),
        ("a private message's event", 0.010),
        ("write a post", 0.015),
        ("write an answer to a summons", 0.010),
        ("write a post with a link", 0.20),
        ("write a private message", 0.015),
        ("delete a post", 0.010),
    )
)
"""Pay per use, prepaid; the same thing read again on the same day (UTC) is charged once."""

SPEC = PlatformSpec(
    name="x",
    title="X",
    level=Level.COMPLETE,
    capabilities=CAPABILITIES,
    credentials=CREDENTIALS,
    hosts=("api.x.com",),
    media_hosts=MEDIA_HOSTS,
    shown_by=ShownBy.PUBLISHED_SCHEMA,
    options=OPTIONS,
    api_version="2",
    prices=PRICES,
    budgets=BUDGETS,
    facts=FACTS,
)
