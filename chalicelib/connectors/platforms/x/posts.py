"""A post as Careloop understands it, and the events that it gives, whichever JSON it came in. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from chalicelib.connectors.platforms.x.spec import is_on
from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.events import (
    Attachment,
    InboundMessage,
    MessageEdited,
    PlatformEvent,
    Surface,
    Visibility,
    event_key,
)
from chalicelib.core.ids import AccountId, AccountKey, AuthorId, AuthorKey, MessageId, MessageKey, ThreadId, ThreadKey
from chalicelib.core.people import Author, Profile
from chalicelib.core.text.normalise import unescape_html

PLATFORM = "x"

_SHORT_LINK = re.compile(r"https?://t\.co/[A-Za-z0-9]+")
_HANDLE = re.compile(r"[A-Za-z0-9_]{1,50}")
_LEADING_HANDLE = re.compile(r"@([A-Za-z0-9_]+)\s+")
_NO_LANGUAGE = re.compile(r"und|zxx|q[a-z]{2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """With whose eyes a payload is read: the account, the ids that are the brand, and what counts as a summons."""

    account: AccountKey
    own: frozenset[str]
    enterprise: bool = False
    inherited_summons: bool = False


def view_of(account: str, siblings: Iterable[str], options: Mapping[str, str]) -> View:
    """The view of `account`; `siblings` are the brand's other accounts behind the same endpoint."""
    return View(
        account=AccountKey(platform=PLATFORM, account=AccountId(account)),
        own=frozenset({account, *map(str, siblings)}),
        enterprise=is_on(options, "enterprise"),
        inherited_summons=is_on(options, "inherited_mentions"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """@somebody in a text. ``start`` and ``end`` in X's offsets, whose unit does not matter here."""

    author: str
    start: int
    end: int
    username: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """What both JSON forms of a post have in common. ``versions``: ids of its edits, oldest first, this one included.
    ``links``: short link -> what to show instead. ``shown``: the part of the text that is not inherited handles."""

    id: str
    versions: tuple[str, ...]
    author: Author
    text: str
    created_at: datetime
    conversation: str
    parent: str | None = None
    parent_author: str | None = None
    mentions: tuple[Mention, ...] = ()
    links: Mapping[str, str]
    shown: tuple[int, int] | None = None
    quoted_authors: frozenset[str] = frozenset()
    is_repost: bool = False
    attachments: tuple[Attachment, ...] = ()
    language: str | None = None


def events_of(post: Post, view: View, *, named: bool = False, quotes_us: bool = False) -> tuple[PlatformEvent, ...]:
    """The message, and before it the edit when the post has earlier versions.

    The edit comes first: when the message is known it is appended to its ticket and the message is a duplicate; when
    it is not, the message takes the new words. ``named``/``quotes_us``: what the kind of event already proves.
    """
    is_echo = post.author.is_brand
    text = readable_text(post, without_inherited=is_echo)
    key = MessageKey(account=view.account, message=MessageId(post.versions[0]))
    thread = ThreadKey(account=view.account, thread=ThreadId(post.conversation))
    message = InboundMessage(
        key=key,
        thread=thread,
        author=post.author,
        text=text,
        surface=_surface(post),
        visibility=Visibility.PUBLIC,
        sent_at=post.created_at,
        attachments=post.attachments,
        in_reply_to=MessageId(post.parent) if post.parent else None,
        permalink=permalink(post.id),
        language=post.language,
        is_echo=is_echo,
        answerable=is_echo or view.enterprise or is_summons(post, view, named=named, quotes_us=quotes_us),
    )
    if len(post.versions) < 2 or is_echo:
        return (message,)
    edit = MessageEdited(
        key=key,
        text=text,
        edited_at=post.created_at,
        thread=thread,
        author=post.author,
        version=post.versions[-1],
    )
    return (edit, message)


def is_summons(post: Post, view: View, *, named: bool = False, quotes_us: bool = False) -> bool:
    """Whether X lets a self-serve app answer this post: its author mentions us in it or quotes a post of ours.

    A mention counts when it stands in the part that is shown; what stands before is inherited from the thread (whether
    that counts is not documented: option ``inherited_mentions``).
    """
    if quotes_us or post.quoted_authors & view.own:
        return True
    ours = [item for item in post.mentions if item.author in view.own]
    if view.inherited_summons and ours:
        return True
    if post.shown is None:
        return named or (bool(ours) and post.parent is None)
    return any(item.start >= post.shown[0] for item in ours)


def concerns_us(post: Post, view: View) -> bool:
    """Whether a post that was read from a thread is ours, or addressed to us (inherited mentions included)."""
    addressed = post.parent_author in view.own or any(item.author in view.own for item in post.mentions)
    return post.author.is_brand or addressed or bool(post.quoted_authors & view.own)


def readable_text(post: Post, *, without_inherited: bool = False) -> str:
    """The text as a person reads it. ``without_inherited``: also without the handles that its thread put before it."""
    text = readable(post.text, post.links)
    if without_inherited and post.shown is not None:
        limit = post.shown[0]
        inherited = {item.username.casefold() for item in post.mentions if item.end <= limit}
        while (leading := _LEADING_HANDLE.match(text)) and leading[1].casefold() in inherited:
            text = text[leading.end() :]
    return text


def readable(text: str, links: Mapping[str, str]) -> str:
    """`text` without X's entities and with each short link replaced by what `links` shows for it."""
    plain = unescape_html(text)
    expanded = _SHORT_LINK.sub(lambda found: links.get(found[0], found[0]), plain)
    return expanded if expanded == plain else expanded.rstrip()


def link_text(full: str | None, display: str | None) -> str | None:
    """What to show for a link: as it was written. X makes ``http://acme.com`` of ``acme.com``, and shows it without
    scheme and ``www.``, cut at the end; whoever means ``http://`` today hardly ever writes it."""
    if not full or not display or not full.startswith("http://"):
        return full
    bare, shown = full.removeprefix("http://"), display.rstrip("…").removeprefix("www.")
    return bare if shown and bare.removeprefix("www.").startswith(shown) else full


def _surface(post: Post) -> Surface:
    if post.parent:
        return Surface.COMMENT
    return Surface.POST if post.author.is_brand else Surface.MENTION


def author_of(view: View, author: str, user: Reader | None) -> Author:
    """The author with id `author`; `user` is their profile in either JSON form, if it was sent along."""
    handle = name = None
    if user is not None:
        handle = user.find_text("username") or user.find_text("screen_name") or None
        name = user.find_text("name") or None
    return Author(
        key=AuthorKey(platform=PLATFORM, author=AuthorId(author)),
        handle=handle,
        display_name=name,
        profile_url=f"https://x.com/{handle}" if handle and _HANDLE.fullmatch(handle) else None,
        is_brand=author in view.own,
    )


def profile_of(user: Reader) -> Profile | None:
    """What a profile says of its owner, None for nothing. Raises PayloadError."""
    followers = user.find("public_metrics", "followers_count")
    count = followers.value if followers is not None else None
    found = Profile(
        bio=_plain(user, "description"),
        website=_website(user),
        location=_plain(user, "location"),
        verified=user.find_bool("verified"),
        followers=count if isinstance(count, int) and not isinstance(count, bool) and count >= 0 else None,
        account_created=user.find_time("created_at"),
    )
    return None if found == Profile() else found


def _plain(user: Reader, name: str) -> str | None:
    return unescape_html(user.find_text(name) or "").strip() or None


def _website(user: Reader) -> str | None:
    """The address behind X's short link."""
    short = user.find_text("url") or None
    entities = user.find("entities", "url")
    for item in entities.items("urls") if entities is not None else ():
        if item.find_text("url") == short:
            return item.find_text("expanded_url") or short
    return short


def permalink(post: str) -> str:
    """Where a person reads the post with this id, whoever wrote it."""
    return f"https://x.com/i/web/status/{post}"


def language_of(post: Reader) -> str | None:
    """The language, or None where X has none (und, zxx, and its own q codes)."""
    found = post.find_text("lang")
    return None if not found or _NO_LANGUAGE.fullmatch(found) else found


def once(events: Iterable[PlatformEvent]) -> tuple[PlatformEvent, ...]:
    """Each event the first time it occurs."""
    found: dict[str, PlatformEvent] = {}
    for event in events:
        found.setdefault(event_key(event), event)
    return tuple(found.values())


def by_age(ids: Iterable[str]) -> tuple[str, ...]:
    """Ids, oldest first: they are numbers that grow with time."""
    return tuple(sorted(set(ids), key=lambda item: (len(item), item)))


def whole(reader: Reader, *names: str) -> int:
    """A whole number. Raises PayloadError."""
    found = reader.need(*names)
    if isinstance(found.value, bool) or not isinstance(found.value, int):
        raise found.wrong("whole number expected")
    return found.value


def pair(reader: Reader, *names: str) -> tuple[int, int] | None:
    """Two whole numbers in a list, or None when the list is missing. Raises PayloadError."""
    found = reader.find(*names)
    if found is None:
        return None
    numbers = found.value
    if not isinstance(numbers, list) or len(numbers) != 2:
        raise found.wrong("two numbers expected")
    if any(isinstance(item, bool) or not isinstance(item, int) for item in numbers):
        raise found.wrong("two whole numbers expected")
    return numbers[0], numbers[1]
