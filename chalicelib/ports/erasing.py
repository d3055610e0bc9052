"""Part of the state: forgetting people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from chalicelib.core.case import Case
from chalicelib.core.ids import AuthorKey, ContactRef, EventKey, MessageKey


class ErasureStore(Protocol):
    """Removes for good. Everything may be repeated, and stop anywhere."""

    def authors_of(self, contact: ContactRef) -> Sequence[AuthorKey]:
        """Authors who are linked to `contact`, or were."""
        ...

    def erase_case(self, case: Case, author: AuthorKey) -> int:
        """Remove what a case holds of `author`: all of it where nobody else talks in it, else their conversations and
        what waits of theirs. Returns how many items are gone or changed. ConflictError: it is being changed."""
        ...

    def erase_messages(self, messages: Sequence[MessageKey]) -> int:
        """Remove what is remembered of these messages."""
        ...

    def erase_events(self, events: Sequence[EventKey]) -> int:
        """Leave of ledger entries only that the event was dealt with, so that a poll does not bring it in again."""
        ...

    def erase_author(self, author: AuthorKey) -> int:
        """Remove all else that stands under the author: links, what was ruled out, persons, ways to their cases."""
        ...
