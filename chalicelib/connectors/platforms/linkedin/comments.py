"""Comments as the API answers them, to messages."""

from __future__ import annotations

from chalicelib.connectors.platforms.linkedin.notifications import author_of
from chalicelib.connectors.platforms.linkedin.urns import comment_parts, full_comment, permalink
from chalicelib.connectors.toolkit.payload import Collector, Reader
from chalicelib.core.errors import PayloadError
from chalicelib.core.events import Attachment, AttachmentKind, InboundMessage, MessageEdited, Surface, Visibility
from chalicelib.core.ids import AccountKey, MessageId, MessageKey, ThreadId, ThreadKey


def read_comment(entry: Reader, account: AccountKey, found: Collector) -> None:
    """Add one comment to `found`; before it an edit, when it was edited. Raises PayloadError."""
    message = _message(entry, account)
    changed = entry.find_time("lastModified", "time")
    if changed is not None and changed > message.sent_at:
        edit = MessageEdited(
            key=message.key,
            text=message.text,
            edited_at=changed,
            thread=message.thread,
            author=message.author,
            version=entry.need_id("lastModified", "time"),
        )
        found.events.append(edit)
    found.events.append(message)


def _message(entry: Reader, account: AccountKey) -> InboundMessage:
    name = _name(entry)
    parts, post = comment_parts(name), entry.find_id("object")
    post = post or (parts[0] if parts else None)
    if post is None:
        raise PayloadError(f"{entry.path}.object".lstrip("."), "missing")
    parent = entry.find_id("parentComment")
    author = author_of(entry.find_id("actor"), account)
    return InboundMessage(
        key=MessageKey(account=account, message=MessageId(name)),
        thread=ThreadKey(account=account, thread=ThreadId(post)),
        author=author,
        text=entry.find_text("message", "text") or "",
        surface=Surface.COMMENT,
        visibility=Visibility.PUBLIC,
        sent_at=entry.need_time("created", "time"),
        attachments=(Attachment(kind=AttachmentKind.UNKNOWN),) if entry.has("content") else (),
        in_reply_to=MessageId(full_comment(parent) if parent else post),
        permalink=permalink(post, name),
        is_echo=author is not None and author.is_brand,
    )


def _name(entry: Reader) -> str:
    """The comment's URN; where it is not given, made of the post and the id."""
    name = entry.find_id("commentUrn") or entry.find_id("$URN")
    if name is not None:
        return full_comment(name)
    return f"urn:li:comment:({entry.need_id('object')},{entry.need_id('id')})"
