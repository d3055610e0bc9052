"""A private message as Graph API tells it: the same event as the webhook's.

Fields: Messenger Platform > Conversations (2026-02-11); Instagram Platform > Conversations API (2026-11-22).
"""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib.connectors.platforms._meta.entry import Side
from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.events import Attachment, AttachmentKind, InboundMessage, Surface, Visibility
from chalicelib.core.ids import AuthorId


def message_event(side: Side, person: str, node: Reader) -> InboundMessage:
    """A message of Messenger's. Raises PayloadError."""
    author = node.need_id("from", "id")
    is_echo = author == side.account.account
    return InboundMessage(
        key=side.message(node.need_id("id")),
        thread=side.thread(person),
        author=side.author(author, node.find_text("from", "name")),
        text=node.find_text("message") or "",
        surface=Surface.DM,
        visibility=Visibility.PRIVATE,
        sent_at=node.need_time("created_time"),
        attachments=tuple(attachments_of(node)),
        is_echo=is_echo,
        recipient=AuthorId(person) if is_echo else None,
    )


def attachments_of(node: Reader) -> Iterator[Attachment]:
    """``attachments`` of a message node. Raises PayloadError."""
    for item in node.items("attachments", "data"):
        kind = _kind(item)
        data = item.find(f"{kind}_data") or item
        url = data.find_text("url") or item.find_text("file_url")
        yield Attachment(
            kind=kind,
            url=url,
            title=item.find_text("name"),
            media_type=item.find_text("mime_type"),
            remote_id=item.find_id("id"),
        )


def _kind(item: Reader) -> AttachmentKind:
    """By the part that is there, else by the media type."""
    for kind in (AttachmentKind.IMAGE, AttachmentKind.VIDEO):
        if item.has(f"{kind}_data"):
            return kind
    family = (item.find_text("mime_type") or "").partition("/")[0]
    return AttachmentKind(family) if family in ("image", "video", "audio") else AttachmentKind.FILE
