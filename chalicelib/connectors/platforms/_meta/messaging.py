"""``messaging`` and ``standby`` of a page: private messages and what happens to them, as events of ``messenger``.

The key that an item has decides its kind. Source: Messenger Platform > Webhook events, read 2026-11-22.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from chalicelib.connectors.platforms._meta.attachments import parse_attachments
from chalicelib.connectors.platforms._meta.entry import Entry, Side, time_of
from chalicelib.connectors.platforms._meta.metadata import delivery_of
from chalicelib.connectors.platforms._meta.names import MESSENGER
from chalicelib.connectors.toolkit.payload import Collector, Reader
from chalicelib.core.events import (
    Attachment,
    AttachmentKind,
    DeliveryState,
    DeliveryUpdated,
    InboundMessage,
    MessageDeleted,
    MessageEdited,
    PlatformEvent,
    Surface,
    Visibility,
)
from chalicelib.core.ids import AuthorId, MessageId, digest

LONGEST_FACT = 500
"""Characters; facts are for the agent's brief."""

UNSUPPORTED = Attachment(
    kind=AttachmentKind.UNKNOWN, title="Messenger does not hand this kind of message over; see it in the page's inbox."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One element of ``messaging`` or ``standby``."""

    entry: Entry
    side: Side
    value: Reader
    context: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_echo(self) -> bool:
        """The page itself wrote."""
        if self.value.has("message") and self.value.find_bool("message", "is_echo"):
            return True
        return self.value.find_id("sender", "id") == self.entry.page

    def find_customer(self) -> str | None:
        """The PSID of the person on the other side: of an echo the recipient, else the sender."""
        return self.value.find_id("recipient" if self.is_echo else "sender", "id")

    @property
    def customer(self) -> str:
        """As `find_customer`. Raises PayloadError."""
        return self.find_customer() or self.value.need_id("recipient" if self.is_echo else "sender", "id")


def parse_item(entry: Entry, out: Collector, value: Reader) -> None:
    """One element of ``messaging``."""
    parse_kinds(Item(entry=entry, side=Side.of(MESSENGER, entry.page), value=value), out, KINDS)


def parse_standby_item(entry: Entry, out: Collector, value: Reader) -> None:
    """One element of ``standby``: the same, while another app owns the thread."""
    side = Side.of(MESSENGER, entry.page)
    parse_kinds(Item(entry=entry, side=side, value=value, context={"standby": "true"}), out, KINDS)


def parse_kinds(item: Item, out: Collector, kinds: Mapping[str, Callable[[Item], list[PlatformEvent]]]) -> None:
    """What `item` is, by the first of `kinds` that it has; others are counted."""
    given = item.value.keys()
    names = [name for name in given if item.value.has(name) and name not in _ENVELOPE]
    known = next((name for name in kinds if name in names), None)
    if known is None:
        out.ignore(f"messaging/{names[0] if names else 'empty'}")
    else:
        out.events.extend(kinds[known](item))


def _message(item: Item) -> list[PlatformEvent]:
    message = item.value.need("message")
    if message.find_bool("is_deleted"):
        return [_deleted(item, message)]
    customer, is_echo = item.customer, item.is_echo
    delivery = delivery_of(message.find_text("metadata") or "")
    unsupported = (UNSUPPORTED,) if message.find_bool("is_unsupported") else ()
    return [
        _inbound(
            item,
            message.need_id("mid"),
            message.find_text("text") or "",
            attachments=parse_attachments(message) + unsupported,
            in_reply_to=message.find_id("reply_to", "mid"),
            is_echo=is_echo,
            recipient=AuthorId(customer) if is_echo else None,
            delivery=delivery if is_echo else None,
            context={
                **facts(message, {"quick_reply": ("quick_reply", "payload")}),
                **_referral(message),
                **facts(message, {"app_id": ("app_id",)} if is_echo else {}),
            },
        )
    ]


def _inbound(
    item: Item, message: str, text: str, *, context: Mapping[str, str], in_reply_to: str | None = None, **parts: Any
) -> InboundMessage:
    author = item.entry.page if item.is_echo else item.customer
    return InboundMessage(
        key=item.side.message(message),
        thread=item.side.thread(item.customer),
        author=item.side.author(author),
        text=text,
        surface=Surface.DM,
        visibility=Visibility.PRIVATE,
        sent_at=time_of(item.entry, item.value, "timestamp"),
        in_reply_to=MessageId(in_reply_to) if in_reply_to else None,
        context={**context, **item.context},
        **parts,
    )


def _deleted(item: Item, message: Reader) -> PlatformEvent:
    """An unsent message may come with nothing but its id."""
    customer = item.find_customer()
    return MessageDeleted(
        key=item.side.message(message.need_id("mid")),
        deleted_at=time_of(item.entry, item.value, "timestamp"),
        thread=item.side.thread(customer) if customer else None,
        author=item.side.author(customer) if customer and not item.is_echo else None,
    )


def _message_edit(item: Item) -> list[PlatformEvent]:
    edit, customer = item.value.need("message_edit"), item.customer
    return [
        MessageEdited(
            key=item.side.message(edit.need_id("mid")),
            text=edit.need_text("text"),
            edited_at=time_of(item.entry, item.value, "timestamp"),
            thread=item.side.thread(customer),
            author=item.side.author(item.entry.page if item.is_echo else customer),
            version=edit.find_id("num_edit") or "",
        )
    ]


def _postback(item: Item) -> list[PlatformEvent]:
    """A pressed button is the person's word: its title. Old versions give no id, so one is made of what tells two
    presses apart."""
    postback = item.value.need("postback")
    payload = postback.find_text("payload") or ""
    made = digest(item.customer, item.value.find_id("timestamp") or "", payload)
    return [
        _inbound(
            item,
            postback.find_id("mid") or f"postback-{made}",
            postback.find_text("title") or "",
            context={**facts(postback, {"postback": ("payload",)}), **_referral(postback)},
        )
    ]


def _delivery(item: Item) -> list[PlatformEvent]:
    """Everything sent before the watermark is delivered; ``mids`` names messages where Meta gives them."""
    delivery = item.value.need("delivery")
    messages = [message.need_id() for message in delivery.items("mids")]
    if not messages:
        return [_updated(item, DeliveryState.DELIVERED, delivery, None)]
    return [_updated(item, DeliveryState.DELIVERED, delivery, message) for message in messages]


def _read(item: Item) -> list[PlatformEvent]:
    return [_updated(item, DeliveryState.READ, item.value.need("read"), None)]


def _updated(item: Item, state: DeliveryState, report: Reader, message: str | None) -> PlatformEvent:
    return DeliveryUpdated(
        account=item.side.account,
        state=state,
        at=report.need_time("watermark"),
        message=item.side.message(message) if message else None,
        thread=item.side.thread(item.customer),
    )


KINDS: Mapping[str, Callable[[Item], list[PlatformEvent]]] = {
    "message": _message,
    "message_edit": _message_edit,
    "postback": _postback,
    "delivery": _delivery,
    "read": _read,
}
_ENVELOPE = frozenset({"sender", "recipient", "timestamp"})


def _referral(part: Reader) -> dict[str, str]:
    """Where the person came from: an ad, a short link."""
    return facts(
        part,
        {
            "referral": ("referral", "ref"),
            "referral_source": ("referral", "source"),
            "ad_id": ("referral", "ad_id"),
            "ad_title": ("referral", "ads_context_data", "ad_title"),
            "ad_post_id": ("referral", "ads_context_data", "post_id"),
        },
    )


def facts(part: Reader, names: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """Small facts as text; ids may be numbers, and a referral's text is the advertiser's own, of any length."""
    found: dict[str, str] = {}
    for name, path in names.items():
        fact = part.find(*path)
        if fact is not None:
            text = fact.find_text() if isinstance(fact.value, str) else fact.find_id()
            if text:
                found[name] = text[:LONGEST_FACT]
    return found
