"""Private messages: the one form that all JSON shapes end in, and the encrypted ones that nobody can read. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from chalicelib.connectors.platforms.x.posts import View, by_age, readable
from chalicelib.core.events import Attachment, InboundMessage, Surface, Visibility
from chalicelib.core.ids import AuthorId, MessageId, MessageKey, ThreadId, ThreadKey
from chalicelib.core.people import Author

ENCRYPTED = "(An encrypted message was received. It can be read and answered only in the X app.)"
ENCRYPTED_SENT = "(An encrypted message was sent from the X app. It can be read only there.)"

_PAIR = re.compile(r"([0-9]+)[:-]([0-9]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivateMessage:
    """One message. ``recipient`` None: a group, or not told."""

    id: str
    thread: str
    author: Author
    recipient: str | None
    text: str
    sent_at: datetime
    links: Mapping[str, str]
    attachments: tuple[Attachment, ...] = ()
    is_encrypted: bool = False


def private_message(message: PrivateMessage, view: View) -> InboundMessage:
    """The event; an echo names the customer that it went to."""
    is_echo = message.author.is_brand
    return InboundMessage(
        key=MessageKey(account=view.account, message=MessageId(message.id)),
        thread=ThreadKey(account=view.account, thread=ThreadId(message.thread)),
        author=message.author,
        text=readable(message.text, message.links),
        surface=Surface.DM,
        visibility=Visibility.PRIVATE,
        sent_at=message.sent_at,
        attachments=message.attachments,
        is_echo=is_echo,
        recipient=AuthorId(message.recipient) if is_echo and message.recipient else None,
        answerable=not message.is_encrypted,
    )


def thread_between(one: str, other: str) -> str:
    """``{smaller}-{larger}``: the thread of two people; X names it only when asked, not in its events."""
    return "-".join(by_age((one, other)))


def thread_of(conversation: str) -> str:
    """The same for a conversation id of two people, ``a-b`` or ``a:b`` in any order; a group's id as it is."""
    found = _PAIR.fullmatch(conversation)
    return thread_between(found[1], found[2]) if found else conversation


def other_party(conversation: str, one: str) -> str | None:
    """The other of the two people of a conversation id; None for a group."""
    found = _PAIR.fullmatch(conversation)
    others = [item for item in found.groups() if item != one] if found else []
    return others[0] if others else None
