"""Facebook Pages: comments, visitors' posts, mentions and recommendations."""

from __future__ import annotations

from datetime import timedelta

from chalicelib.connectors.platforms._meta.family import (
    API_VERSION,
    BUDGETS,
    CREDENTIALS,
    HOSTS,
    MEDIA_HOSTS,
    OPTIONS,
    family_of,
)
from chalicelib.connectors.platforms._meta.names import FACEBOOK
from chalicelib.core.capabilities import PlatformCapabilities, PlatformTerms, Threading
from chalicelib.core.events import AttachmentKind, Surface
from chalicelib.core.media import MediaLimit
from chalicelib.core.text.length import LengthUnit, Limit, TextLimits
from chalicelib.ports.spec import Fact, Level, OptionField, PlatformSpec, ShownBy

MEDIA = (
    MediaLimit(kind=AttachmentKind.IMAGE, media_types=("image/jpeg", "image/png", "image/gif"), most_bytes=4_000_000),
)
"""What a comment may carry: one photo. The size is not confirmed; Meta refuses what is too large for it."""

SPEC = PlatformSpec(
    name=FACEBOOK,
    title="Facebook",
    level=Level.COMPLETE,
    capabilities=PlatformCapabilities(
        surfaces=frozenset({Surface.COMMENT, Surface.POST, Surface.MENTION, Surface.REVIEW}),
        text_limits=TextLimits((Limit(8000, LengthUnit.UTF16),)),
        private_text_limits=TextLimits((Limit(1999, LengthUnit.UTF16),)),
        attachments=frozenset({AttachmentKind.IMAGE}),
        media=MEDIA,
        private_reply_files=False,
        private_reply=True,
        private_reply_window=timedelta(days=7),
        threading=Threading.FLAT,
        edit=True,
        delete=True,
        hide=True,
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
            name="private_reply_metadata",
            description="Send our mark along with private replies, so that their echo is known. 'false' if refused.",
            default="true",
        ),
        OptionField(
            name="ad_posts",
            description="'true': polling also looks at posts that stand in ads alone (the edge ads_posts).",
            default="false",
        ),
    ),
    api_version=API_VERSION,
    family=family_of(FACEBOOK),
    budgets=BUDGETS,
    facts=(
        Fact(
            what="One private reply per comment or post, within 7 days",
            source="Messenger Platform: Private Replies",
            date="2026-04-16",
        ),
        Fact(
            what="A comment holds 8,000 characters (not stated by Meta's documentation; as seen in practice)",
            source="unconfirmed",
            date="2026-11-22",
        ),
        Fact(
            what="A comment takes one photo, uploaded unpublished and named by attachment_id; 4 MB is not confirmed",
            source="Meta's business SDK: PagePost.create_comment, Page.create_photo",
            date="2026-11-22",
        ),
        Fact(
            what="A private reply holds less than 2,000 characters",
            source="Messenger Platform: Send API reference",
            date="2026-11-22",
        ),
        Fact(
            what="A page's feed lists about 600 posts of a year",
            source="Graph API reference: Page feed, limitations",
            date="2026-11-22",
        ),
        Fact(
            what="Webhooks are repeated for 36 hours, at least once each, in any order, up to 1,000 in a batch",
            source="Graph API: Webhooks, Getting started",
            date="2026-11-22",
        ),
    ),
)
