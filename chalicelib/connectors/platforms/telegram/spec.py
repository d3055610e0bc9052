"""Telegram's data sheet. Sources: the Bot API and issues of its server; see README.md."""

from __future__ import annotations

from chalicelib.connectors.platforms.telegram.outbound import WAYS
from chalicelib.core.capabilities import PlatformCapabilities, PlatformTerms, Threading
from chalicelib.core.events import Surface
from chalicelib.core.text.length import LengthUnit, Limit, TextLimits
from chalicelib.ports.spec import CredentialField, Fact, Level, OptionField, PlatformSpec, ShownBy, UsedFor

_BOT_API = "core.telegram.org/bots/api, Bot API 10.1"

SPEC = PlatformSpec(
    name="telegram",
    title="Telegram",
    level=Level.COMPLETE,
    capabilities=PlatformCapabilities(
        surfaces=frozenset({Surface.DM, Surface.COMMENT, Surface.POST}),
        # The unit is not documented; no text has fewer UTF-16 units than characters.
        text_limits=TextLimits((Limit(4096, LengthUnit.UTF16),)),
        attachments=frozenset(way.limit.kind for way in WAYS),
        media=tuple(way.limit for way in WAYS),
        caption_limits=TextLimits((Limit(1024, LengthUnit.UTF16),)),
        threading=Threading.FLAT,
        edit=True,
        delete=True,
        terms=PlatformTerms(note="Telegram's Bot terms: people's data is used for the service that they asked for."),
    ),
    credentials=(
        CredentialField(
            name="secret_token",
            description="The secret_token given to setWebhook: Telegram repeats it in a header of each update",
            used_for=UsedFor.VERIFY,
            made_here=True,
            example="9f2c4e_Acme-care",
        ),
        CredentialField(
            name="bot_token",
            description="The bot's token from BotFather",
            used_for=UsedFor.CALL,
            example="7100000001:AAF-1aBcDeFgHiJkLmNoPqRsTuVwXyZ01234",
        ),
        CredentialField(
            name="webhook_secret",
            description="The secret_token once more: with webhook_url the check sets the webhook again when it is gone",
            used_for=UsedFor.CALL,
            required=False,
            example="9f2c4e_Acme-care",
        ),
    ),
    hosts=("api.telegram.org",),
    media_hosts=("api.telegram.org",),
    shown_by=ShownBy.PUBLISHED_SCHEMA,
    options=(
        OptionField(
            name="webhook_url",
            description="The webhook's address: the check then sees that it is ours, and sets it again",
            example="https://care.example.com/webhooks/platform/telegram/acme",
        ),
        OptionField(
            name="poll",
            description="'true': the bot has no webhook, its updates are asked for each minute; 'false': never",
        ),
        OptionField(
            name="base_url",
            description="A Bot API server of one's own",
            default="https://api.telegram.org",
            example="https://telegram.example.com",
        ),
    ),
    api_version="Bot API 10.1",
    facts=(
        Fact(what="A text has 1 to 4,096 characters", source=f"{_BOT_API}, sendMessage", date="2026-06-11"),
        Fact(
            what="Bots send files of 50 MB (pictures 10 MB) and fetch files of 20 MB",
            source=f"{_BOT_API}, sendDocument, sendPhoto, getFile",
            date="2026-06-11",
        ),
        Fact(what="Updates are kept for 24 hours", source=f"{_BOT_API}, Getting updates", date="2026-06-11"),
        Fact(
            what="Anything but 2xx is sent again with growing delay, and holds back its chat",
            source="tdlib/telegram-bot-api#147, #422",
            date="2026-06",
        ),
        Fact(
            what="About 30 messages a second in all, 1 a second in a chat, 20 a minute in a group",
            source="grammY, flood limits",
            date="2026-06",
        ),
    ),
)
