"""Forgetting people: all items that stand under an author, a case, a message."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from chalicelib.adapters.records import keys
from chalicelib.adapters.records.cases import RecordCases
from chalicelib.adapters.records.documents import Retention, document, read, seconds
from chalicelib.adapters.records.pointers import Pointers
from chalicelib.core.bursts import WaitingEntry
from chalicelib.core.case import Case, unknown_match
from chalicelib.core.disposition import LedgerEntry
from chalicelib.core.errors import ConflictError
from chalicelib.core.ids import AuthorKey, ContactRef, EventKey, MessageKey
from chalicelib.core.people import Identity
from chalicelib.ports.table import Change, Condition, ConditionFailed, Delete, Item, Key, Put, Table
from chalicelib.ports.writes import SaveCase

_PAGE = 100
_MOST_CHANGES = 90


class RecordErasure:
    """Implements ports.erasing.ErasureStore."""

    def __init__(self, table: Table, cases: RecordCases, retention: Retention) -> None:
        self._table = table
        self._cases = cases
        self._keep = retention.ledger

    def authors_of(self, contact: ContactRef) -> Sequence[AuthorKey]:
        return [read(AuthorKey, item) for _, item in self._rows(keys.contact_authors(contact))]

    def erase_case(self, case: Case, author: AuthorKey) -> int:
        left = tuple(item for item in case.conversations if item.author.key != author)
        if left and len(left) < len(case.conversations):
            return self._without(case, author, left)
        pointers = Pointers.to(case)
        rows = [key for key, _ in self._rows(keys.case(case.id)[0])]
        ways = {*pointers.contacts, *pointers.open_conversations}
        owned = [*pointers.conversations, *pointers.tickets]
        own = Condition(equals={"case": case.id}, or_absent=True)
        gone = self._delete([*rows, *ways])
        # a conversation that a follow-up took over is that one's to remove
        return gone + sum(self._delete_one(Delete(key=key, condition=own)) for key in owned)

    def _without(self, case: Case, author: AuthorKey, left: tuple[object, ...]) -> int:
        """The case goes on for the others."""
        gone = [item for item in case.conversations if item.author.key == author]
        changed = replace(case, conversations=left, match=unknown_match(), requester=None)  # type: ignore[arg-type]
        _, changes = self._cases.saving(SaveCase(case=changed))
        own = Condition(equals={"case": case.id}, or_absent=True)
        waiting = [key for key, item in self._rows(keys.case(case.id)[0], keys.WAITING) if _is_of(item, author)]
        try:
            self._table.write(changes)
        except ConditionFailed:
            raise ConflictError("the case was changed by somebody else") from None
        found = [Delete(key=keys.conversation(item.key), condition=own) for item in gone]
        return len(changes) + self._delete(waiting) + sum(map(self._delete_one, found))

    def erase_messages(self, messages: Sequence[MessageKey]) -> int:
        return self._delete([keys.message(item) for item in messages])

    def erase_events(self, events: Sequence[EventKey]) -> int:
        wanted = [keys.event(item) for item in dict.fromkeys(events)]
        return sum(self._emptied(key) for key in wanted)

    def _emptied(self, key: Key) -> int:
        stored = self._table.get([key]).get(key)
        if stored is None:
            return 0
        entry = read(LedgerEntry, stored)
        if entry.disposition is None:
            raise ConflictError("an event of this person is being dealt with", retry_after=60.0)
        disposition = replace(entry.disposition, case=None, ticket=None, detail={}, reason="erased")
        emptied = replace(entry, disposition=disposition, archived_at=None)
        unchanged = Condition(equals={"attempts": entry.attempts, "outcome": entry.disposition.outcome.value})
        put = Put(
            key=key,
            item={**stored, "doc": document(emptied)},
            condition=unchanged,
            expires_at=seconds((entry.completed_at or entry.first_seen_at) + self._keep),
        )
        try:
            self._table.write([put])
        except ConditionFailed:
            raise ConflictError("the event was changed by somebody else") from None
        return 1

    def erase_author(self, author: AuthorKey) -> int:
        identity = keys.identity(author)
        stored = self._table.get([identity]).get(identity)
        linked = [keys.contact_author(read(Identity, stored).contact, author)] if stored else []
        own = [key for key, _ in self._rows(identity[0])]
        # the ways to the cases last: whoever stops before finds them again
        return self._delete([*linked, *own]) + self._delete([key for key, _ in self._rows(keys.author_cases(author))])

    def _rows(self, partition: str, prefix: str = "") -> list[tuple[Key, Item]]:
        found: list[tuple[Key, Item]] = []
        after: str | None = None
        while True:
            page = self._table.query(partition, prefix=prefix, after=after, limit=_PAGE)
            found += page
            if len(page) < _PAGE:
                return found
            after = page[-1][0][1]

    def _delete(self, wanted: Iterable[Key]) -> int:
        gone: list[Change] = [Delete(key=key) for key in dict.fromkeys(wanted)]
        for start in range(0, len(gone), _MOST_CHANGES):
            self._table.write(gone[start : start + _MOST_CHANGES])
        return len(gone)

    def _delete_one(self, change: Delete) -> int:
        try:
            self._table.write([change])
        except ConditionFailed:
            return 0
        return 1


def _is_of(item: Item, author: AuthorKey) -> bool:
    message = read(WaitingEntry, item).message
    return message.author is not None and message.author.key == author
