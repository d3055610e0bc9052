"""Organisation social action notifications to events, one function per action."""

from __future__ import annotations

from collections.abc import Callable

from chalicelib.connectors.platforms.linkedin.urns import comment_parts, full_comment, permalink
from chalicelib.connectors.toolkit.payload import Collector, Reader
from chalicelib.core.errors import PayloadError
from chalicelib.core.events import InboundMessage, MessageDeleted, MessageEdited, PlatformEvent, Surface, Visibility
from chalicelib.core.ids import AccountId, AccountKey, AuthorId, AuthorKey, MessageId, MessageKey, ThreadId, ThreadKey
from chalicelib.core.people import Author

TYPE = "ORGANIZATION_SOCIAL_ACTION_NOTIFICATIONS"


def read_notification(entry: Reader, found: Collector) -> None:
    """Add what one notification tells to `found`. Raises PayloadError."""
    action = entry.need_text("action")
    handler = _ACTIONS.get(action)
    if handler is None:
        found.ignore(action)
        return
    account = AccountKey(platform="linkedin", account=AccountId(entry.need_id("organizationalEntity")))
    found.events.append(handler(entry, account))


def author_of(urn: str | None, account: AccountKey) -> Author | None:
    """LinkedIn tells a URN and nothing else; a person's id is one for this app only."""
    if urn is None:
        return None
    return Author(key=AuthorKey(platform="linkedin", author=AuthorId(urn)), is_brand=urn == account.account)


def _generated(entry: Reader, kind: str) -> Reader:
    """The decorated part, or nothing: deletions and backfilled notifications lack it."""
    return entry.find("decoratedGeneratedActivity", kind) or Reader({}, entry.path)


def _name(entry: Reader, generated: Reader) -> str:
    return full_comment(generated.find_id("entity") or entry.need_id("generatedActivity"))


def _post(entry: Reader, generated: Reader, name: str) -> str:
    """The post below which it stands: the thread."""
    parts = comment_parts(name)
    post = entry.find_id("sourcePost") or generated.find_id("object") or (parts[0] if parts else None)
    if post is None:
        raise PayloadError(f"{entry.path}.sourcePost", "missing")
    return post


def _context(entry: Reader) -> dict[str, str]:
    """The post's other name: activity, share and ugcPost URNs name the same thing."""
    post = entry.find_id("decoratedSourcePost", "entity")
    return {"post": post} if post else {}


def _comment(entry: Reader, account: AccountKey) -> PlatformEvent:
    generated = _generated(entry, "comment")
    return _commented(entry, account, author_of(generated.find_id("owner"), account))


def _own_comment(entry: Reader, account: AccountKey) -> PlatformEvent:
    return _commented(entry, account, author_of(account.account, account))


def _commented(entry: Reader, account: AccountKey, author: Author | None) -> InboundMessage:
    generated = _generated(entry, "comment")
    name = _name(entry, generated)
    post = _post(entry, generated, name)
    return InboundMessage(
        key=MessageKey(account=account, message=MessageId(name)),
        thread=ThreadKey(account=account, thread=ThreadId(post)),
        author=author,
        text=generated.find_text("text") or "",
        surface=Surface.COMMENT,
        visibility=Visibility.PUBLIC,
        sent_at=entry.need_time("lastModifiedAt"),
        # Whether it answers another comment is not told.
        in_reply_to=MessageId(post),
        permalink=permalink(post, name),
        is_echo=author is not None and author.is_brand,
        context=_context(entry),
    )


def _mention(entry: Reader, account: AccountKey) -> PlatformEvent:
    generated = _generated(entry, "share")
    name = generated.find_id("entity") or entry.need_id("generatedActivity")
    post = entry.find_id("sourcePost") or name
    author = author_of(generated.find_id("owner"), account)
    return InboundMessage(
        key=MessageKey(account=account, message=MessageId(name)),
        thread=ThreadKey(account=account, thread=ThreadId(post)),
        author=author,
        text=generated.find_text("text") or "",
        surface=Surface.MENTION,
        visibility=Visibility.PUBLIC,
        sent_at=entry.need_time("lastModifiedAt"),
        permalink=permalink(post),
        is_echo=author is not None and author.is_brand,
        context=_context(entry),
    )


def _edit(entry: Reader, account: AccountKey) -> PlatformEvent:
    generated = _generated(entry, "comment")
    name = _name(entry, generated)
    return MessageEdited(
        key=MessageKey(account=account, message=MessageId(name)),
        text=generated.need_text("text"),
        edited_at=entry.need_time("lastModifiedAt"),
        thread=ThreadKey(account=account, thread=ThreadId(_post(entry, generated, name))),
        author=author_of(generated.find_id("owner"), account),
        version=entry.need_id("lastModifiedAt"),
    )


def _deletion(entry: Reader, account: AccountKey) -> PlatformEvent:
    generated = _generated(entry, "comment")
    name = _name(entry, generated)
    return MessageDeleted(
        key=MessageKey(account=account, message=MessageId(name)),
        deleted_at=entry.need_time("lastModifiedAt"),
        thread=ThreadKey(account=account, thread=ThreadId(_post(entry, generated, name))),
        author=author_of(generated.find_id("owner"), account),
    )


_ACTIONS: dict[str, Callable[[Reader, AccountKey], PlatformEvent]] = {
    "COMMENT": _comment,
    "ADMIN_COMMENT": _own_comment,
    "COMMENT_EDIT": _edit,
    "COMMENT_DELETE": _deletion,
    "SHARE_MENTION": _mention,
}
"""Not here, so counted: LIKE, SHARE (a repost), and what LinkedIn may invent."""
