"""A status (Mastodon's word for a post) as an event of ours. Ids are the own server's."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit

from chalicelib.connectors.toolkit.payload import Collector, Reader
from chalicelib.core.events import Attachment, AttachmentKind, InboundMessage, MessageEdited, Surface, Visibility
from chalicelib.core.ids import AccountId, AccountKey, AuthorId, AuthorKey, MessageId, MessageKey, ThreadId, ThreadKey
from chalicelib.core.people import Author
from chalicelib.core.text.clean import post_to_text

UNNAMED = AccountId("unnamed")
"""The account of payloads from files when nobody says whose they are; echoes can't be told then."""
PRIVATE_THREAD = "dm-"
_LONGEST = 500
_LINK = re.compile(r"<a\b[^<>]*>")
_CLASS = re.compile(r'\bclass="([^"]*)"')
_VISIBILITIES = {
    "public": Visibility.PUBLIC,
    "unlisted": Visibility.PUBLIC,
    "private": Visibility.PRIVATE,
    "direct": Visibility.PRIVATE,
}
_MEDIA = {
    "image": AttachmentKind.IMAGE,
    "gifv": AttachmentKind.VIDEO,
    "video": AttachmentKind.VIDEO,
    "audio": AttachmentKind.AUDIO,
}


@dataclass(slots=True, kw_only=True)
class Reading:
    """Whose payload it is, when it came, and what it holds. ``roots``: status to first status of its thread, as far as
    somebody asked."""

    account: AccountKey
    seen_at: datetime
    roots: Mapping[str, str] = field(default_factory=dict)
    found: Collector = field(default_factory=Collector)

    @property
    def own(self) -> str | None:
        """The account's number on its server; None when nobody says."""
        return None if self.account.account == UNNAMED else self.account.account.partition("@")[0]

    def person(self, number: str) -> AuthorId:
        """Numbers are a server's own: the account's server belongs to the name."""
        server = self.account.account.partition("@")[2]
        return AuthorId(f"{number}@{server}" if server else number)

    def message(self, status: str) -> MessageKey:
        """The key of a status."""
        return MessageKey(account=self.account, message=MessageId(status))


def message_of(status: Reader, reading: Reading, outer: Reader | None = None) -> InboundMessage:
    """`outer`: the account that the notification names, where the status has it only in short. Raises PayloadError."""
    author = author_of(status, reading, outer)
    shown = status.need_text("visibility")
    answers = status.find_id("in_reply_to_id")
    is_direct = shown == "direct"
    other = _other(status, reading) if author.is_brand else None
    return InboundMessage(
        key=reading.message(status.need_id("id")),
        thread=_thread(status, reading, author, other),
        author=author,
        text=text_of(status),
        surface=_surface(status, reading, author),
        visibility=_VISIBILITIES.get(shown, Visibility.UNKNOWN),
        sent_at=status.need_time("created_at"),
        attachments=_attachments(status),
        in_reply_to=MessageId(answers) if answers else None,
        permalink=status.find_text("url") or status.find_text("uri"),
        language=status.find_text("language"),
        is_echo=author.is_brand,
        recipient=other if is_direct else None,
        context={} if author.is_brand else _context(status, shown, outer),
    )


def edit_of(status: Reader, reading: Reading, outer: Reader | None = None) -> MessageEdited:
    """The status as it is now. Raises PayloadError, also when it was never edited."""
    author = author_of(status, reading, outer)
    at = status.need_time("edited_at")
    return MessageEdited(
        key=reading.message(status.need_id("id")),
        text=text_of(status),
        edited_at=at,
        thread=_thread(status, reading, author, _other(status, reading) if author.is_brand else None),
        author=author,
        version=at.isoformat(),
    )


def is_to_us(status: Reader, reading: Reading) -> bool:
    """Whether we wrote it, are named in it, or are answered by it; all are when nobody says who we are."""
    numbers = [status.find_id("account", "id"), status.find_id("in_reply_to_account_id")]
    numbers += [mention.find_id("id") for mention in status.items("mentions")]
    return reading.own is None or reading.own in numbers


def author_of(status: Reader, reading: Reading, outer: Reader | None) -> Author:
    """Who wrote. Raises PayloadError."""
    account = _account(status, outer)
    number, name = account.need_id("id"), account.find_text("acct") or account.find_text("username")
    url = account.find_text("url")
    return Author(
        key=AuthorKey(platform=reading.account.platform, author=reading.person(number)),
        handle=_global(name, url) if name else None,
        display_name=account.find_text("display_name") or account.find_text("username"),
        profile_url=url,
        is_brand=number == reading.own,
    )


def _account(status: Reader, outer: Reader | None) -> Reader:
    account = status.need("account")
    if outer is not None and not account.has("url") and outer.find_id("id") == account.find_id("id"):
        return outer
    return account


def _global(name: str, url: str | None) -> str:
    """People of the own server are named without it."""
    if "@" in name or url is None:
        return name
    try:
        server = urlsplit(url).hostname
    except ValueError:
        server = None
    return f"{name}@{server}" if server else name


def _context(status: Reader, shown: str, outer: Reader | None) -> dict[str, str]:
    """What an answer needs: how to name the person, and who may read it."""
    name = _account(status, outer).find_text("acct") or ""
    facts = {"acct": name, "visibility": shown}
    return {key: value[:_LONGEST] for key, value in facts.items() if value}


def _other(status: Reader, reading: Reading) -> AuthorId | None:
    """The customer that a message of ours goes to: the first that it names."""
    for mention in status.items("mentions"):
        number = mention.need_id("id")
        if number != reading.own:
            return reading.person(number)
    return None


def _thread(status: Reader, reading: Reading, author: Author, other: AuthorId | None) -> ThreadKey:
    """Private talk goes by the customer, public talk by the thread's first status, as far as that is known."""
    number = status.need_id("id")
    if status.find_text("visibility") == "direct" and (other or not author.is_brand):
        thread = f"{PRIVATE_THREAD}{other or author.key.author}"
    else:
        thread = reading.roots.get(number) or status.find_id("in_reply_to_id") or number
    return ThreadKey(account=reading.account, thread=ThreadId(thread))


def _surface(status: Reader, reading: Reading, author: Author) -> Surface:
    if status.find_text("visibility") == "direct":
        return Surface.DM
    is_answer = status.has("in_reply_to_id")
    if author.is_brand:
        return Surface.COMMENT if is_answer else Surface.POST
    is_to_own = reading.own in (None, status.find_id("in_reply_to_account_id"))
    return Surface.COMMENT if is_answer and is_to_own else Surface.MENTION


def text_of(status: Reader) -> str:
    """The warning, if there is one, and the text. Mentions and hashtags are links, but say what they are."""
    html = _LINK.sub(_without_target, status.need_text("content"))
    warning = (status.find_text("spoiler_text") or "").strip()
    return "\n\n".join(filter(None, (warning, post_to_text(html))))


def _without_target(tag: re.Match[str]) -> str:
    found = _CLASS.search(tag[0])
    return "<a>" if found and {"mention", "hashtag"} & set(found[1].split()) else tag[0]


def _attachments(status: Reader) -> tuple[Attachment, ...]:
    found = [_media(item) for item in status.items("media_attachments")]
    if (poll := status.find("poll")) is not None:
        options = " / ".join(item.need_text("title") for item in poll.items("options"))
        found.append(Attachment(kind=AttachmentKind.UNKNOWN, title=f"poll: {options}"[:_LONGEST]))
    if (quoted := status.find("quote", "quoted_status")) is not None:
        url = quoted.find_text("url") or quoted.find_text("uri")
        found.append(Attachment(kind=AttachmentKind.LINK, url=url, title="quoted post", remote_id=quoted.find_id("id")))
    return tuple(found)


def _media(item: Reader) -> Attachment:
    """``url`` is null while the own server still works on it."""
    return Attachment(
        kind=_MEDIA.get(item.need_text("type"), AttachmentKind.UNKNOWN),
        url=item.find_text("url") or item.find_text("remote_url"),
        title=item.find_text("description"),
        remote_id=item.find_id("id"),
    )
