"""Private messages: what ``content`` holds for each ``im_...`` event."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from chalicelib.connectors.platforms.tiktok.places import author_of
from chalicelib.connectors.toolkit.payload import Collector, Reader
from chalicelib.core.errors import PayloadError
from chalicelib.core.events import (
    Attachment,
    AttachmentKind,
    DeliveryState,
    DeliveryUpdated,
    InboundMessage,
    Surface,
    Visibility,
)
from chalicelib.core.ids import AccountKey, AuthorId, MessageId, MessageKey, ThreadId, ThreadKey
from chalicelib.core.people import Author

WITHHELD = "(A private message waits in the TikTok inbox. TikTok does not hand out messages of users in this region.)"


def received(content: Reader, account: AccountKey, found: Collector) -> None:
    """A customer's message."""
    sender = content.need_id("from_user", "id")
    author = author_of(sender, account, content.find_text("from"))
    found.events.append(_message(content, account, author=author, is_echo=author.is_brand))


def sent(content: Reader, account: AccountKey, found: Collector) -> None:
    """The account's own message, by API or in the app."""
    author = author_of(str(account.account), account, content.find_text("from"))
    recipient = content.find_id("to_user", "id")
    found.events.append(_message(content, account, author=author, is_echo=True, recipient=recipient))


def received_in_europe(content: Reader, account: AccountKey, found: Collector) -> None:
    """That there is a message, and when: no sender, no conversation, no id, no words."""
    at = content.need_time("timestamp")
    found.events.append(
        InboundMessage(
            key=MessageKey(account=account, message=MessageId(f"eu-{content.need_id('timestamp')}")),
            thread=ThreadKey(account=account, thread=ThreadId("eu")),
            author=None,
            text=WITHHELD,
            surface=Surface.DM,
            visibility=Visibility.PRIVATE,
            sent_at=at,
            answerable=False,
        )
    )


def read(content: Reader, account: AccountKey, found: Collector) -> None:
    """Somebody read the conversation up to a time; our own reading tells nothing."""
    if content.find_id("from_user", "id") == account.account:
        found.ignore("im_mark_read_msg by the account")
        return
    found.events.append(
        DeliveryUpdated(
            account=account,
            state=DeliveryState.READ,
            at=content.need_time("read", "last_read_timestamp"),
            thread=ThreadKey(account=account, thread=ThreadId(content.need_id("conversation_id"))),
        )
    )


def _message(
    content: Reader, account: AccountKey, *, author: Author, is_echo: bool, recipient: str | None = None
) -> InboundMessage:
    kind = content.need_text("type")
    return InboundMessage(
        key=MessageKey(account=account, message=MessageId(content.need_id("message_id"))),
        thread=ThreadKey(account=account, thread=ThreadId(content.need_id("conversation_id"))),
        author=author,
        text=content.need_text("text", "body") if kind == "text" else "",
        surface=Surface.DM,
        visibility=Visibility.PRIVATE,
        sent_at=content.need_time("timestamp"),
        attachments=tuple(_attachments(kind, content)),
        in_reply_to=_answered(content),
        is_echo=is_echo,
        recipient=AuthorId(recipient) if recipient else None,
    )


def _answered(content: Reader) -> MessageId | None:
    try:
        found = content.find_id("referenced_message_info", "referenced_message_id")
    except PayloadError:
        return None
    return MessageId(found) if found else None


def _attachments(kind: str, content: Reader) -> Iterator[Attachment]:
    """Whatever stands there: never an error, so that no message is lost for a strange picture."""
    if kind == "text":
        return
    try:
        yield _MEDIA.get(kind, _unknown)(kind, content)
    except PayloadError:
        yield _unknown(kind, content)


def _media(kind: str, content: Reader) -> Attachment:
    return Attachment(kind=AttachmentKind(kind), remote_id=content.find_id(kind, "media_id"))


def _shared_post(kind: str, content: Reader) -> Attachment:
    url = content.need_text(kind, "embed_url")
    shown = url if url.startswith(("https://", "http://")) else None
    return Attachment(kind=AttachmentKind.LINK, url=shown, title="Shared post")


def _unknown(kind: str, content: Reader) -> Attachment:
    return Attachment(kind=AttachmentKind.UNKNOWN, title=kind[:100] or None)


_MEDIA: dict[str, Callable[[str, Reader], Attachment]] = {
    "image": _media,
    "video": _media,
    "sticker": _media,
    "share_post": _shared_post,
}
