"""Instagram professional accounts: comments, mentions, stories and private messages."""

from __future__ import annotations

from datetime import timedelta

from chalicelib.connectors.platforms._meta.family import (
    API_VERSION,
    BASE_URL,
    BUDGETS,
    MEDIA_HOSTS,
    MOST_FILE_BYTES,
    VERIFY_CREDENTIALS,
    family_of,
)
from chalicelib.connectors.platforms._meta.names import INSTAGRAM
from chalicelib.core.capabilities import PlatformCapabilities, PlatformTerms, Threading
from chalicelib.core.events import AttachmentKind, Surface
from chalicelib.core.media import MediaLimit
from chalicelib.core.text.length import LengthUnit, Limit, TextLimits
from chalicelib.ports.spec import CredentialField, Fact, Level, OptionField, PlatformSpec, ShownBy, UsedFor

INSTAGRAM_LOGIN, FACEBOOK_LOGIN = "instagram", "facebook"
BASE_URLS = {INSTAGRAM_LOGIN: "https://graph.instagram.com", FACEBOOK_LOGIN: BASE_URL}

MEDIA = (
    MediaLimit(kind=AttachmentKind.IMAGE, media_types=("image/jpeg", "image/png", "image/gif"), most_bytes=8_000_000),
    MediaLimit(
        kind=AttachmentKind.VIDEO,
        media_types=("video/mp4", "video/ogg", "video/x-msvideo", "video/quicktime", "video/webm"),
        most_bytes=MOST_FILE_BYTES,
    ),
    MediaLimit(
        kind=AttachmentKind.AUDIO,
        media_types=("audio/aac", "audio/mp4", "audio/x-m4a", "audio/wav", "audio/x-wav"),
        most_bytes=MOST_FILE_BYTES,
    ),
    MediaLimit(kind=AttachmentKind.FILE, media_types=("application/pdf",), most_bytes=MOST_FILE_BYTES),
)
"""What a private message may carry (Instagram Messaging > Upload media, 2026-04-01); a comment carries none."""

SPEC = PlatformSpec(
    name=INSTAGRAM,
    title="Instagram",
    level=Level.COMPLETE,
    capabilities=PlatformCapabilities(
        surfaces=frozenset({Surface.COMMENT, Surface.MENTION, Surface.DM, Surface.STORY}),
        text_limits=TextLimits((Limit(2200, LengthUnit.CODE_POINTS),)),
        private_text_limits=TextLimits((Limit(1000, LengthUnit.BYTES),)),
        attachments=frozenset(limit.kind for limit in MEDIA),
        media=MEDIA,
        text_with_media=False,
        public_files=False,
        private_reply_files=False,
        reply_window=timedelta(days=7),
        private_reply=True,
        private_reply_window=timedelta(days=7),
        threading=Threading.FLAT,
        edit=True,
        delete=True,
        hide=True,
        delivery_updates=True,
        answerable_always=False,
        terms=PlatformTerms(
            note="Meta Platform Terms: what people wrote is used to answer them; media of stories is never stored."
        ),
    ),
    credentials=(
        *VERIFY_CREDENTIALS,
        CredentialField(
            name="access_token",
            description="Long-lived Instagram User token (it is renewed by itself), or with login=facebook the token "
            "of the linked Page.",
            used_for=UsedFor.CALL,
            example="IGAA...",
            rotates=True,
        ),
        CredentialField(
            name="app_secret_proof_key",
            description="With login=facebook: the Meta app's secret once more, for apps with 'Require App Secret', and "
            "with app_id to be told of the token's end.",
            used_for=UsedFor.CALL,
            example="0123456789abcdef0123456789abcdef",
            required=False,
        ),
    ),
    hosts=("graph.instagram.com", "graph.facebook.com"),
    media_hosts=MEDIA_HOSTS,
    shown_by=ShownBy.DOCUMENTATION,
    options=(
        OptionField(
            name="login",
            description="How the account is connected: 'instagram' (Instagram Login), or 'facebook' (by its Page).",
            default=INSTAGRAM_LOGIN,
        ),
        OptionField(name="api_version", description="Version of the Graph API.", default=API_VERSION),
        OptionField(
            name="app_id",
            description="Id of the app: the check then looks at its subscription only, not at other apps'.",
            example="1517776481860111",
        ),
        OptionField(
            name="human_agent",
            description="'true' when Meta has granted the app the Human Agent feature: 7 days to answer, not 24 hours.",
            default="false",
        ),
        OptionField(
            name="media_by_url",
            description="'true': with Instagram Login files go out by the helpdesk's own address of them, which Meta "
            "must be able to open. Only for helpdesks whose files everybody with the address can read.",
            default="false",
        ),
        OptionField(
            name="message_metadata",
            description="'true': send our mark along with private messages, so that their echo names the reply.",
            default="false",
        ),
        OptionField(
            name="hide_parameter",
            description="Name of the parameter that hides a comment.",
            default="hide",
        ),
        OptionField(
            name="watched_media",
            description="How many of the newest posts a poll looks at for comments that webhooks lost.",
            default="100",
        ),
        OptionField(
            name="poll",
            description="'true': ask each minute for what webhooks lost; 'false': never; else as often as the policy "
            "says (reconcile_every).",
        ),
        OptionField(name="base_url", description="Address of the API without version.", default="by login"),
    ),
    api_version=API_VERSION,
    family=family_of(INSTAGRAM),
    budgets=BUDGETS,
    facts=(
        Fact(
            what="Comments tell no time of their own, mentions neither words nor author",
            source="Instagram Platform: Webhooks, examples",
            date="2025-11-24",
        ),
        Fact(
            what="A private message holds 1,000 bytes of UTF-8",
            source="Instagram Platform: Messaging API",
            date="2026-11-22",
        ),
        Fact(
            what="Files: png, jpeg, gif to 8 MB; aac, m4a, wav, mp4, ogg, avi, mov, webm, pdf to 25 MB",
            source="Instagram Messaging: Upload media",
            date="2026-04-01",
        ),
        Fact(
            what="One private reply per comment, within 7 days; 24 hours to answer, 7 days with Human Agent",
            source="Instagram Platform: Private replies; Messaging API",
            date="2026-11-22",
        ),
        Fact(
            what="A token of Instagram Login is good for 60 days, and renewed when it is a day old",
            source="Instagram Platform: Business Login",
            date="2026-11-22",
        ),
        Fact(
            what="A comment holds 2,200 characters (not stated by the pages read)",
            source="unconfirmed",
            date="2026-11-22",
        ),
    ),
)
