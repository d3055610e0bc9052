"""What the items of one entry have in common."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.ids import AccountId, AccountKey, AuthorId, AuthorKey, MessageId, MessageKey, ThreadId, ThreadKey
from chalicelib.core.people import Author


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A page, and when Meta sent the entry (unreadable: None, it is only the last resort for a time)."""

    page: str
    sent_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One platform's account at one page: makes its keys."""

    account: AccountKey

    @classmethod
    def of(cls, platform: str, page: str) -> Side:
        """The account of `platform` at `page`."""
        return cls(account=AccountKey(platform=platform, account=AccountId(page)))

    def message(self, message: str) -> MessageKey:
        """The key of a message."""
        return MessageKey(account=self.account, message=MessageId(message))

    def thread(self, thread: str) -> ThreadKey:
        """The key of a thread."""
        return ThreadKey(account=self.account, thread=ThreadId(thread))

    def author(self, author: str, name: str | None = None) -> Author:
        """A person, or the page itself."""
        return Author(
            key=AuthorKey(platform=self.account.platform, author=AuthorId(author)),
            display_name=name or None,
            is_brand=author == self.account.account,
        )


def time_of(entry: Entry, item: Reader, *names: str) -> datetime:
    """The first time that `item` has under `names`, else when the entry was sent. Raises PayloadError."""
    for name in names:
        found = item.find_time(name)
        if found is not None:
            return found
    if entry.sent_at is not None:
        return entry.sent_at
    return item.need_time(*names[:1])
