"""One WhatsApp message, by a customer or by a colleague in the app, and what later happens to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from chalicelib.connectors.platforms._meta.entry import Entry, Side, time_of
from chalicelib.connectors.platforms._meta.messaging import facts
from chalicelib.connectors.platforms._meta.names import WHATSAPP
from chalicelib.connectors.platforms._meta.whatsapp_content import content_of
from chalicelib.connectors.platforms._meta.whatsapp_people import Person
from chalicelib.connectors.toolkit.payload import Collector, Reader
from chalicelib.core.events import (
    AuthorIdChanged,
    InboundMessage,
    MessageDeleted,
    MessageEdited,
    PlatformEvent,
    Surface,
    Visibility,
)
from chalicelib.core.ids import AuthorId, AuthorKey, MessageId, ThreadKey
from chalicelib.core.people import Author

_FACTS: Mapping[str, tuple[str, ...]] = {
    "group_id": ("group_id",),
    "product": ("context", "referred_product", "product_retailer_id"),
    "catalog_id": ("context", "referred_product", "catalog_id"),
    "referral_source": ("referral", "source_type"),
    "referral_url": ("referral", "source_url"),
    "ad_id": ("referral", "source_id"),
    "ad_title": ("referral", "headline"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """An element of ``messages`` or ``message_echoes``."""

    entry: Entry
    side: Side
    value: Reader
    customer: Person
    is_echo: bool = False

    def find_thread(self) -> ThreadKey | None:
        """The group, else the customer: WhatsApp has no other threads."""
        thread = self.value.find_id("group_id") or self.customer.id
        return self.side.thread(thread) if thread else None

    def find_author(self) -> Author | None:
        """Who wrote."""
        return self.side.author(self.side.account.account) if self.is_echo else self.customer.author()


def add_message(out: Collector, message: Message) -> None:
    """The event that `message` is; reactions and greetings without content are counted."""
    kind = message.value.need_text("type")
    event = _KINDS.get(kind, _written)(message)
    if event is None:
        sub = message.value.find_text("system", "type") if kind == "system" else None
        out.ignore("/".join(filter(None, ("messages", kind, sub))))
    else:
        out.events.append(event)


def _written(message: Message) -> PlatformEvent:
    value, thread = message.value, message.find_thread()
    if thread is None:
        raise value.wrong("neither phone number nor user id")
    content, quoted = content_of(value), value.find_id("context", "id")
    forwarded = value.has("context") and (
        value.find_bool("context", "forwarded") or value.find_bool("context", "frequently_forwarded")
    )
    return InboundMessage(
        key=message.side.message(value.need_id("id")),
        thread=thread,
        author=message.find_author(),
        text=content.text,
        surface=Surface.DM,
        visibility=Visibility.PRIVATE,
        sent_at=time_of(message.entry, value, "timestamp"),
        attachments=content.attachments,
        in_reply_to=MessageId(quoted) if quoted else None,
        is_echo=message.is_echo,
        recipient=AuthorId(message.customer.id) if message.is_echo and message.customer.id else None,
        context={**facts(value, _FACTS), **content.context, **({"forwarded": "true"} if forwarded else {})},
    )


def _edited(message: Message) -> PlatformEvent:
    """The edit has an id of its own, which tells it from the next one."""
    edit = message.value.need("edit")
    return MessageEdited(
        key=message.side.message(edit.need_id("original_message_id")),
        text=content_of(edit.need("message")).text,
        edited_at=time_of(message.entry, message.value, "timestamp"),
        thread=message.find_thread(),
        author=message.find_author(),
        version=message.value.find_id("id") or "",
    )


def _revoked(message: Message) -> PlatformEvent:
    return MessageDeleted(
        key=message.side.message(message.value.need_id("revoke", "original_message_id")),
        deleted_at=time_of(message.entry, message.value, "timestamp"),
        thread=message.find_thread(),
        author=message.find_author(),
    )


def _system(message: Message) -> PlatformEvent | None:
    """The customer has another phone number or another BSUID: old and new of the same kind are tied."""
    system = message.value.need("system")
    kind, new_user = system.find_text("type") or "", system.find_id("user_id")
    new_phone = system.find_id("wa_id") or system.find_id("new_wa_id")
    by_user, by_phone = (message.customer.user, new_user), (message.customer.wa_id, new_phone)
    pairs = {
        "user_changed_number": (by_user, by_phone),
        "customer_changed_number": (by_user, by_phone),  # its older name
        "user_changed_user_id": (by_user,),
    }.get(kind, ())
    old, new = next(((old, new) for old, new in pairs if old and new and old != new), (None, None))
    if old is None or new is None:
        return None
    return AuthorIdChanged(
        account=message.side.account,
        old=AuthorKey(platform=WHATSAPP, author=AuthorId(old)),
        new=AuthorKey(platform=WHATSAPP, author=AuthorId(new)),
        at=time_of(message.entry, message.value, "timestamp"),
    )


def _nothing(_: Message) -> None:
    return None


_KINDS: Mapping[str, Callable[[Message], PlatformEvent | None]] = {
    "edit": _edited,
    "revoke": _revoked,
    "system": _system,
    "reaction": _nothing,
    "request_welcome": _nothing,
}
"""``type`` -> what it is; every other type is something that somebody wrote."""
