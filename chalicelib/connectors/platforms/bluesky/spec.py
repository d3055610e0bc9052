"""Bluesky's data sheet. Sources: the AT Protocol lexicons and the servers' code; see README.md."""

from __future__ import annotations

from datetime import timedelta

from chalicelib.core.budgets import BudgetHeaders, Reset, Scope
from chalicelib.core.capabilities import PlatformCapabilities, PlatformTerms, Threading
from chalicelib.core.events import AttachmentKind, Surface
from chalicelib.core.media import MediaLimit
from chalicelib.core.text.length import LengthUnit, Limit, TextLimits
from chalicelib.ports.spec import CredentialField, Fact, Level, OptionField, PlatformSpec, ShownBy, UsedFor

MEDIA_HOSTS = ("cdn.bsky.app",)
_LEXICONS = "bluesky-social/atproto lexicons at d6296a1cfdb4"

SPEC = PlatformSpec(
    name="bluesky",
    title="Bluesky",
    level=Level.COMPLETE,
    capabilities=PlatformCapabilities(
        surfaces=frozenset({Surface.COMMENT, Surface.MENTION, Surface.POST}),
        text_limits=TextLimits((Limit(300, LengthUnit.GRAPHEMES), Limit(3000, LengthUnit.BYTES))),
        attachments=frozenset({AttachmentKind.IMAGE}),
        media=(MediaLimit(kind=AttachmentKind.IMAGE, media_types=("image/*",), most_bytes=2_000_000),),
        most_attachments=4,
        threading=Threading.CHAIN,
        delete=True,
        idempotent_send=True,
        polls=True,
        terms=PlatformTerms(note="Public posts by an open protocol; a deleted post must not be shown any longer."),
    ),
    credentials=(
        CredentialField(
            name="app_password",
            description="An app password of the account (Settings, Privacy and security, App passwords)",
            used_for=UsedFor.CALL,
            example="abcd-efgh-ijkl-mnop",
        ),
    ),
    hosts=("bsky.social", "*.host.bsky.network"),
    media_hosts=MEDIA_HOSTS,
    shown_by=ShownBy.REAL_SERVER,
    options=(
        OptionField(
            name="base_url",
            description="The account's own PDS, when it is not one of Bluesky's",
            default="https://bsky.social",
            example="https://pds.example.com",
        ),
    ),
    api_version="lexicons of 2026-08-20",
    budgets=(
        BudgetHeaders(
            remaining="ratelimit-remaining",
            limit="ratelimit-limit",
            reset="ratelimit-reset",
            reset_is=Reset.UNIX,
            scope=Scope.ENDPOINT,
            window=timedelta(minutes=5),
            longest=timedelta(days=1),
        ),
    ),
    facts=(
        Fact(what="A post has at most 300 graphemes and 3,000 bytes", source=f"{_LEXICONS}, feed.post", date="2026-08"),
        Fact(what="A post takes 4 pictures of 2 MB", source=f"{_LEXICONS}, embed.images", date="2026-08"),
        Fact(what="At most 100 notifications a page, newest first", source=_LEXICONS, date="2026-08"),
        Fact(what="5,000 write points an hour, 3 for a new post", source="docs.bsky.app, rate limits", date="2026-08"),
        Fact(what="30 logins in 5 minutes, 300 a day", source="docs.bsky.app, rate limits", date="2026-08"),
        Fact(
            what="Putting the same record under the same key again changes nothing",
            source="tried on a real PDS, dev-env 0.6.7",
            date="2026-11-22",
        ),
    ),
)
