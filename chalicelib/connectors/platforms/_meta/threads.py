"""Threads: replies, mentions, and what the account itself published or deleted, as events of ``threads``.

Its envelope is not Meta's usual one: one event at the top level, ``values`` with ``field`` and ``value``. Source:
Threads API > Webhooks (2026-06-30).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from chalicelib.connectors.platforms._meta.entry import Entry, Side, time_of
from chalicelib.connectors.platforms._meta.messaging import facts
from chalicelib.connectors.platforms._meta.names import THREADS
from chalicelib.connectors.toolkit.payload import Collector, Reader, parse_time
from chalicelib.core.events import (
    Attachment,
    AttachmentKind,
    InboundMessage,
    MessageDeleted,
    PlatformEvent,
    Surface,
    Visibility,
)
from chalicelib.core.ids import AccountId, AuthorId, AuthorKey, MessageId
from chalicelib.core.people import Author

_PROFILE = "https://www.threads.net/@"
_MEDIA_KINDS: Mapping[str, AttachmentKind] = {
    "IMAGE": AttachmentKind.IMAGE,
    "VIDEO": AttachmentKind.VIDEO,
    "AUDIO": AttachmentKind.AUDIO,
}
_FACTS: Mapping[str, tuple[str, ...]] = {
    "media_type": ("media_type",),
    "shortcode": ("shortcode",),
    "quoted_post": ("quoted_post", "id"),
    "reposted_post": ("reposted_post", "id"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One event. ``entry.page`` is the account's id."""

    entry: Entry
    value: Reader
    by_account: bool = False
    """Only the account itself does such things."""

    @property
    def side(self) -> Side:
        """Makes the account's keys."""
        return Side.of(THREADS, self.entry.page)

    @property
    def thread(self) -> str:
        """The root post, else the post that is answered, else the post itself."""
        roots = (("root_post", "id"), ("replied_to", "id"), ("id",))
        return next(filter(None, (self.value.find_id(*root) for root in roots)), None) or self.value.need_id("id")

    def find_author(self) -> Author | None:
        """Of others only the username is told. Names change hands, so the key says with an @ that it is no id."""
        name = (self.value.find_text("username") or "").strip().lstrip("@")
        if self._is_own(name):
            author = AuthorId(self.entry.page)
        elif name:
            author = AuthorId(f"@{name}")
        else:
            return None
        return Author(
            key=AuthorKey(platform=THREADS, author=author),
            handle=name or None,
            profile_url=f"{_PROFILE}{name}" if name.replace(".", "").replace("_", "").isalnum() else None,
            is_brand=author == self.entry.page,
        )

    def _is_own(self, name: str) -> bool:
        if self.by_account or self.value.find_id("owner", "owner_id") == self.entry.page:
            return True
        root_is_own = self.value.find_id("root_post", "owner_id") == self.entry.page
        return bool(name) and root_is_own and self.value.find_text("root_post", "username") == name


def parse_event(out: Collector, document: Reader, accounts: Sequence[AccountId] = ()) -> None:
    """A body without entries. ``values`` is an object; a list of them is read too. `accounts`: the endpoint's, all of
    Threads."""
    sent_at, target = parse_time(document.value.get("time")), document.find_id("target_id")
    values = document.need("values")
    find_account = partial(_account, target, accounts)
    for item in values.items() if isinstance(values.value, list) else (values,):
        out.attempt(partial(_parse, out, find_account, sent_at), item)


def parse_entry(out: Collector, entry: Reader) -> None:
    """An entry in Meta's usual envelope; its id is taken for the account's."""
    account, sent_at = entry.need_id("id"), parse_time(entry.value.get("time"))
    for change in entry.items("changes"):
        out.attempt(partial(_parse, out, lambda field, value: account, sent_at), change)
    if not entry.has("changes"):
        out.ignore("entry/unknown")


def _parse(
    out: Collector, find_account: Callable[[str, Reader], str], sent_at: datetime | None, change: Reader
) -> None:
    field = change.need_text("field")
    make = _FIELDS.get(field)
    if make is None:
        out.ignore(f"values/{field}")
        return
    value = change.need("value")
    entry = Entry(page=find_account(field, value), sent_at=sent_at)
    out.events.append(make(Change(entry=entry, value=value, by_account=field in _BY_ACCOUNT)))


def _account(target: str | None, accounts: Sequence[AccountId], field: str, value: Reader) -> str:
    """Whose event it is: ``target_id`` is the account of a mention, but documented as the media's id elsewhere."""
    owner = ("root_post", "owner_id") if field == "replies" else ("owner", "owner_id")
    named = target if field == "mentions" else value.find_id(*owner)
    if named:
        return named
    if target is not None and target in accounts:
        return target
    if len(accounts) == 1:
        return accounts[0]
    if field == "publish" and target and target not in (value.find_id("id"), value.find_id("root_post", "id")):
        return target
    raise value.wrong("account can't be told")


def _message(surface: Surface, change: Change) -> PlatformEvent:
    value, author = change.value, change.find_author()
    parent = value.find_id("replied_to", "id")
    return InboundMessage(
        key=change.side.message(value.need_id("id")),
        thread=change.side.thread(change.thread),
        author=author,
        text=value.find_text("text") or "",
        surface=surface,
        visibility=Visibility.PUBLIC,
        sent_at=time_of(change.entry, value, "timestamp"),
        attachments=_attachments(value),
        in_reply_to=MessageId(parent) if parent else None,
        permalink=value.find_text("permalink"),
        is_echo=author is not None and author.is_brand,
        context=facts(value, _FACTS),
    )


def _published(change: Change) -> PlatformEvent:
    """The account's own post or reply: what it is an answer to may not be told."""
    return _message(Surface.COMMENT if change.value.has("replied_to") else Surface.POST, change)


def _deleted(change: Change) -> PlatformEvent:
    """Only what the account itself deleted is told, never what a customer did."""
    return MessageDeleted(
        key=change.side.message(change.value.need_id("id")),
        deleted_at=time_of(change.entry, change.value, "deleted_at"),
        author=change.find_author(),
    )


def _attachments(value: Reader) -> tuple[Attachment, ...]:
    """Signed addresses that expire."""
    kind = _MEDIA_KINDS.get(value.find_text("media_type") or "", AttachmentKind.UNKNOWN)
    title = value.find_text("alt_text")
    found = [
        Attachment(kind=kind, url=value.find_text("media_url"), title=title),
        Attachment(kind=AttachmentKind.IMAGE, url=value.find_text("gif_url"), title=title),
    ]
    return tuple(item for item in found if item.url)


_FIELDS: Mapping[str, Callable[[Change], PlatformEvent]] = {
    "replies": partial(_message, Surface.COMMENT),
    "mentions": partial(_message, Surface.MENTION),
    "publish": _published,
    "delete": _deleted,
}
_BY_ACCOUNT = frozenset({"publish", "delete"})
