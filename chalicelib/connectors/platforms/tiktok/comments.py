"""Comments below the account's videos: as webhooks tell them, and as the API lists them."""

from __future__ import annotations

from collections.abc import Callable

from chalicelib.connectors.platforms.tiktok.places import author_of, comment_id
from chalicelib.connectors.toolkit.payload import Collector, Reader
from chalicelib.core.events import InboundMessage, MessageDeleted, Surface, Visibility
from chalicelib.core.ids import AccountKey, MessageId, MessageKey, ThreadId, ThreadKey
from chalicelib.core.people import Author

_TOP = "0"


def updated(content: Reader, account: AccountKey, found: Collector) -> None:
    """``comment.update``: written, deleted, or shown to other people than before."""
    action = content.need_text("comment_action")
    handler = _ACTIONS.get(action)
    if handler is None:
        found.ignore(f"comment {action}")
    else:
        handler(content, account, found)


def _inserted(content: Reader, account: AccountKey, found: Collector) -> None:
    """Sources disagree on whether the words are told. Without them the author is left open too: that makes the message
    be fetched, and the list names people by another id."""
    words = content.find_text("text")
    writer = content.find_id("unique_identifier")
    ours = writer is not None and writer == account.account
    author = author_of(writer, account) if writer is not None and (words is not None or ours) else None
    found.events.append(_message(content, account, author, text=words or "", at="timestamp"))


def _deleted(content: Reader, account: AccountKey, found: Collector) -> None:
    video = content.need_id("video_id")
    found.events.append(
        MessageDeleted(
            key=MessageKey(account=account, message=comment_id(video, content.need_id("comment_id"))),
            deleted_at=content.need_time("timestamp"),
            thread=ThreadKey(account=account, thread=ThreadId(video)),
        )
    )


def listed(entry: Reader, account: AccountKey, found: Collector) -> None:
    """One comment of ``/business/comment/list/``. Raises PayloadError."""
    owner = entry.find_bool("owner") is True
    identity = str(account.account) if owner else entry.find_id("user_id")
    name = entry.find_text("username")
    author = author_of(identity, account, name, is_brand=owner) if identity else None
    found.events.append(_message(entry, account, author, text=entry.find_text("text") or "", at="create_time"))


def _message(entry: Reader, account: AccountKey, author: Author | None, *, text: str, at: str) -> InboundMessage:
    video, parent = entry.need_id("video_id"), entry.find_id("parent_comment_id")
    return InboundMessage(
        key=MessageKey(account=account, message=comment_id(video, entry.need_id("comment_id"))),
        thread=ThreadKey(account=account, thread=ThreadId(video)),
        author=author,
        text=text,
        surface=Surface.COMMENT,
        visibility=Visibility.PUBLIC,
        sent_at=entry.need_time(at),
        in_reply_to=MessageId(comment_id(video, parent)) if parent not in (None, _TOP) else None,
        is_echo=author is not None and author.is_brand,
    )


_ACTIONS: dict[str, Callable[[Reader, AccountKey, Collector], None]] = {"insert": _inserted, "delete": _deleted}
"""Not here, so counted: set_to_hidden, set_to_friends_only, set_to_public."""
