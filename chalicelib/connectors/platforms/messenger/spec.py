"""Messenger: the private messages of a Facebook page."""

from __future__ import annotations

from datetime import timedelta

from chalicelib.connectors.platforms._meta.family import (
    API_VERSION,
    BUDGETS,
    CREDENTIALS,
    HOSTS,
    MEDIA_HOSTS,
    MOST_FILE_BYTES,
    OPTIONS,
    family_of,
)
from chalicelib.connectors.platforms._meta.names import MESSENGER
from chalicelib.core.capabilities import PlatformCapabilities, PlatformTerms, Threading
from chalicelib.core.events import AttachmentKind, Surface
from chalicelib.core.media import MediaLimit
from chalicelib.core.text.length import LengthUnit, Limit, TextLimits
from chalicelib.ports.spec import Fact, Level, OptionField, PlatformSpec, ShownBy

MEDIA = (
    MediaLimit(kind=AttachmentKind.IMAGE, media_types=("image/*",), most_bytes=MOST_FILE_BYTES),
    MediaLimit(kind=AttachmentKind.VIDEO, media_types=("video/*",), most_bytes=MOST_FILE_BYTES),
    MediaLimit(kind=AttachmentKind.AUDIO, media_types=("audio/*",), most_bytes=MOST_FILE_BYTES),
    MediaLimit(kind=AttachmentKind.FILE, media_types=("application/*", "text/*"), most_bytes=MOST_FILE_BYTES),
)
"""What a message may carry, one file each and no words beside it (Send API reference, 2026-11-22)."""

SPEC = PlatformSpec(
    name=MESSENGER,
    title="Messenger",
    level=Level.COMPLETE,
    capabilities=PlatformCapabilities(
        surfaces=frozenset({Surface.DM}),
        text_limits=TextLimits((Limit(1999, LengthUnit.UTF16),)),
        attachments=frozenset(limit.kind for limit in MEDIA),
        media=MEDIA,
        text_with_media=False,
        reply_window=timedelta(days=7),
        threading=Threading.NONE,
        edit=True,
        delete=True,
        delivery_updates=True,
        terms=PlatformTerms(
            note="Meta Platform Terms: what people wrote is used to answer them, and for nothing else."
        ),
    ),
    credentials=CREDENTIALS,
    hosts=HOSTS,
    media_hosts=MEDIA_HOSTS,
    shown_by=ShownBy.DOCUMENTATION,
    options=(
        *OPTIONS,
        OptionField(
            name="human_agent",
            description="'true' when Meta has granted the app the Human Agent feature: 7 days to answer, not 24 hours.",
            default="false",
        ),
    ),
    api_version=API_VERSION,
    family=family_of(MESSENGER),
    budgets=BUDGETS,
    facts=(
        Fact(
            what="24 hours to answer; 7 days for a person's answer with the Human Agent feature",
            source="Messenger Platform: Policy overview",
            date="2026-09-28",
        ),
        Fact(
            what="A file has up to 25 MB and is a message of its own",
            source="Messenger Platform: Saving assets; Send API reference",
            date="2026-04-22",
        ),
        Fact(what="Less than 2,000 characters", source="Messenger Platform: Send API reference", date="2026-11-22"),
        Fact(
            what="Webhooks want 200 within 5 seconds; after an hour of failures the page is unsubscribed",
            source="Messenger Platform: Webhooks",
            date="2026-11-22",
        ),
        Fact(
            what="Only the 20 newest messages of a thread can be read",
            source="Messenger Platform: Conversations",
            date="2026-02-11",
        ),
    ),
)
