"""Who wrote, as far as Telegram tells."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.ids import AccountKey, AuthorId, AuthorKey
from chalicelib.core.people import Author


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """``author``: None for who is not told."""

    author: Author | None
    is_echo: bool


def sender_of(message: Reader, account: AccountKey) -> Sender:
    """Who wrote, and whether that is the brand: the bot, its channel, or the business account it is connected to."""
    chat, kind = message.need_id("chat", "id"), message.find_text("chat", "type")
    by_chat = message.find("sender_chat")
    if kind == "channel" or message.find_bool("is_automatic_forward"):
        return Sender(author=_chat_author(by_chat or message.need("chat"), account, is_brand=True), is_echo=True)
    if by_chat is not None:
        # An anonymous administrator writes as the group itself: nobody says who it was.
        is_group = by_chat.need_id("id") == chat
        return Sender(author=None if is_group else _chat_author(by_chat, account, is_brand=False), is_echo=False)
    user = message.find("from")
    if user is None:
        return Sender(author=None, is_echo=False)
    # A business connection is to private chats, which have the customer's id: all others in it are ours.
    is_business = message.has("business_connection_id") and kind == "private"
    is_echo = user.need_id("id") == account.account or (is_business and user.need_id("id") != chat)
    return Sender(author=person(user, account, is_brand=is_echo, phone=_own_phone(message, user)), is_echo=is_echo)


def person(user: Reader, account: AccountKey, *, is_brand: bool = False, phone: str | None = None) -> Author:
    """A user. Raises PayloadError."""
    name = " ".join(filter(None, (user.find_text("first_name"), user.find_text("last_name")))).strip()
    handle = user.find_text("username")
    return Author(
        key=AuthorKey(platform=account.platform, author=AuthorId(user.need_id("id"))),
        handle=handle,
        display_name=name or None,
        profile_url=f"https://t.me/{handle}" if handle else None,
        phone=phone,
        locale=user.find_text("language_code"),
        is_brand=is_brand,
    )


def _chat_author(chat: Reader, account: AccountKey, *, is_brand: bool) -> Author:
    handle = chat.find_text("username")
    return Author(
        key=AuthorKey(platform=account.platform, author=AuthorId(chat.need_id("id"))),
        handle=handle,
        display_name=chat.find_text("title"),
        profile_url=f"https://t.me/{handle}" if handle else None,
        is_brand=is_brand,
    )


def _own_phone(message: Reader, user: Reader) -> str | None:
    """Somebody who shares the contact with their own id shares their own number."""
    contact = message.find("contact")
    if contact is None or contact.find_id("user_id") != user.need_id("id"):
        return None
    digits = "".join(filter(str.isdigit, contact.find_id("phone_number") or ""))
    return f"+{digits}" if 7 <= len(digits) <= 15 and digits.isascii() else None
