"""Mastodon's data sheet. Sources: the project's documentation; see README.md."""

from __future__ import annotations

from datetime import timedelta

from chalicelib.core.budgets import BudgetHeaders, Reset
from chalicelib.core.capabilities import PlatformCapabilities, PlatformTerms, Threading
from chalicelib.core.events import AttachmentKind, Surface
from chalicelib.core.media import MediaLimit
from chalicelib.core.text.length import LengthUnit, Limit, TextLimits
from chalicelib.ports.spec import CredentialField, Fact, Level, OptionField, PlatformSpec, ShownBy, UsedFor

_DOCS = "docs.joinmastodon.org"
IMAGES = ("image/jpeg", "image/png", "image/webp", "image/heic", "image/heif", "image/avif")
"""Ready when the upload is answered. Moving pictures, videos and sound are worked on for up to minutes before they can
be posted (docs.joinmastodon.org, media, 2026-07-02)."""

SPEC = PlatformSpec(
    name="mastodon",
    title="Mastodon",
    level=Level.COMPLETE,
    capabilities=PlatformCapabilities(
        surfaces=frozenset({Surface.COMMENT, Surface.MENTION, Surface.POST, Surface.DM}),
        # 500 less the mention that each answer begins with: names have 30 characters, other servers' may have more.
        text_limits=TextLimits((Limit(460, LengthUnit.GRAPHEMES),)),
        attachments=frozenset({AttachmentKind.IMAGE}),
        media=(MediaLimit(kind=AttachmentKind.IMAGE, media_types=IMAGES, most_bytes=16 * 1024 * 1024),),
        most_attachments=4,
        threading=Threading.CHAIN,
        delete=True,
        idempotent_send=True,
        polls=True,
        terms=PlatformTerms(note="The server's own rules hold; some forbid accounts that act by themselves."),
    ),
    credentials=(
        CredentialField(
            name="access_token",
            description="An access token with read:notifications, read:statuses, read:accounts, write:statuses and "
            "write:media",
            used_for=UsedFor.CALL,
            example="ZA-Yj3aBD8U8Cm7lKUp-lm9O9BmDgdhHzDeqsY8tlL0",
        ),
    ),
    hosts=(),
    shown_by=ShownBy.DOCUMENTATION,
    options=(
        OptionField(
            name="base_url",
            description="The account's server",
            required=True,
            example="https://our.social",
        ),
        OptionField(
            name="media_hosts",
            description="Hosts of the server's files beside its own and those below it, separated by commas",
            example="cdn.our-social.example",
        ),
    ),
    api_version="4.6, documentation of 2026-07-02",
    budgets=(
        BudgetHeaders(
            remaining="x-ratelimit-remaining",
            limit="x-ratelimit-limit",
            reset="x-ratelimit-reset",
            reset_is=Reset.ISO,
            window=timedelta(minutes=5),
        ),
    ),
    facts=(
        Fact(
            what="A post has at most 500 characters, unless the server says otherwise", source=_DOCS, date="2026-07-02"
        ),
        Fact(what="Each link counts 23 characters, of @user@domain only @user", source=_DOCS, date="2026-07-02"),
        Fact(what="An Idempotency-Key is remembered for about an hour", source=_DOCS, date="2026-07-02"),
        Fact(what="A post takes 4 files; a picture has at most 16 MB", source=f"{_DOCS}, media", date="2026-07-02"),
        Fact(what="300 requests in 5 minutes for each account", source=f"{_DOCS}, rate limits", date="2026-07-02"),
    ),
)
