"""Cases by every way in, and what is known of messages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from chalicelib.adapters.records import keys
from chalicelib.adapters.records.documents import Remembered, Retention, document, read, seconds
from chalicelib.adapters.records.pointers import LIVE, Pointers, pointer_changes
from chalicelib.core.bursts import WaitingEntry
from chalicelib.core.case import Case, CaseSnapshot, MessageRecord
from chalicelib.core.errors import ConflictError, NotFoundError
from chalicelib.core.ids import (
    AccountKey,
    AuthorKey,
    CaseId,
    ContactRef,
    ConversationKey,
    Cursor,
    MessageKey,
    TicketRef,
    case_id,
)
from chalicelib.core.people import Verdict
from chalicelib.ports.services import Clock
from chalicelib.ports.stores import DropEntries, KeepEntry, OpenCases, OpenPage, RememberMessage, SaveCase
from chalicelib.ports.table import Change, Condition, Delete, Item, Key, Put, Table

_CASES = 1000
_MOMENT = timedelta(minutes=10)
_BATCH = 100


class RecordCases:
    """Implements ports.stores.CaseStore.

    A version of a case never changes, so the latest version seen of a case is remembered: a read of the same version
    is not decoded again, and a save knows from it which pointers there are.
    """

    def __init__(self, table: Table, clock: Clock, retention: Retention) -> None:
        self._table = table
        self._clock = clock
        self._keep = retention.messages
        self._seen: Remembered[CaseId, Pointers] = Remembered(_CASES)

    def snapshot(self, conversation: ConversationKey | None, message: MessageKey) -> CaseSnapshot:
        wanted = [keys.message(message)]
        if conversation is not None:
            pointer, guess = keys.conversation(conversation), case_id(conversation)
            wanted += [pointer, keys.case(guess)]
        stored = self._table.get(wanted)
        record = _record(stored.get(keys.message(message)))
        case = self._pointed_at(stored, pointer, guess) if conversation is not None else None
        return CaseSnapshot(case=case, message=record)

    def get_case(self, case: CaseId) -> Case:
        found = self._case(self._table.get([keys.case(case)]), case)
        if found is None:
            raise NotFoundError("no such case")
        return found

    def find_by_ticket(self, ticket: TicketRef, *, guess: CaseId | None = None) -> Case | None:
        pointer = keys.ticket(ticket)
        wanted = [pointer] if guess is None else [pointer, keys.case(guess)]
        return self._pointed_at(self._table.get(wanted), pointer, guess)

    def find_open_by_contact(self, contact: ContactRef) -> OpenCases:
        place = keys.contact_cases(contact)
        rows = self._table.query(place, prefix=keys.OPEN_OR_OPENED, newest_first=True, limit=_BATCH)
        named = {key[1]: CaseId(str(item["case"])) for key, item in rows}
        latest = named.pop(keys.OPENED, None)
        ids = list(dict.fromkeys([*named.values(), *([latest] if latest else [])]))
        stored = self._table.get([keys.case(item) for item in ids])
        if latest is not None and keys.case(latest) not in stored:
            # a query may see one item of a transaction before the others (DynamoDB: read committed, item by item)
            raise ConflictError("a case of this contact is being stored", retry_after=1.0)
        found = (self._case(stored, item) for item in ids)
        # the one opened last may be held for somebody else by now
        cases = tuple(case for case in found if case is not None and case.state in LIVE and _is_of(case, contact))
        return OpenCases(contact=contact, cases=cases, latest=latest)

    def find_by_author(self, author: AuthorKey, *, limit: int = 100) -> Sequence[Case]:
        rows = self._table.query(keys.author_cases(author), limit=limit)
        ids = [CaseId(str(item["case"])) for _, item in rows]
        stored = self._table.get([keys.case(item) for item in ids]) if ids else {}
        return [case for item in ids if (case := self._case(stored, item)) is not None]

    def find_message(self, message: MessageKey) -> MessageRecord | None:
        return _record(self._table.get([keys.message(message)]).get(keys.message(message)))

    def waiting(self, case: CaseId, *, after: int = 0, limit: int = 80) -> Sequence[WaitingEntry]:
        beyond = keys.waiting(case, after)[1]
        rows = self._table.query(keys.case(case)[0], prefix=keys.WAITING, after=beyond, limit=limit)
        return [read(WaitingEntry, item) for _, item in rows]

    def keeping(self, write: KeepEntry) -> Sequence[Change]:
        """The change that keeps a message to be written with others."""
        key = keys.waiting(write.entry.case, write.entry.number)
        return (Put(key=key, item={"doc": document(write.entry)}),)

    def dropping(self, write: DropEntries) -> Sequence[Change]:
        """The changes that forget kept messages."""
        return [Delete(key=keys.waiting(write.case, number)) for number in write.numbers]

    def open_conversations(self, account: AccountKey, *, limit: int = 200) -> Sequence[ConversationKey]:
        """Latest first by the day of the latest message: a row that moved with every message would cost two writes."""
        rows = self._table.query(keys.account_partition(account), prefix=keys.OPEN, newest_first=True, limit=limit)
        return list(dict.fromkeys(read(ConversationKey, item) for _, item in rows))

    def open_page(self, account: AccountKey, *, after: Cursor | None = None, limit: int = 200) -> OpenPage:
        partition = keys.account_partition(account)
        rows = self._table.query(partition, prefix=keys.OPEN, newest_first=True, limit=limit, after=after)
        found = dict.fromkeys(read(ConversationKey, item) for _, item in rows)
        following = Cursor(rows[-1][0][1]) if len(rows) == limit else None
        return OpenPage(conversations=tuple(found), following=following)

    def saving(self, write: SaveCase) -> tuple[Pointers, Sequence[Change]]:
        """A case's next version, and the changes that store it with the pointers that differ from the version before.

        Raises ConflictError when that version is not the stored one.
        """
        version = write.case.version
        before = self._before(write.case)
        saved = Pointers.to(replace(write.case, version=version + 1))
        condition = Condition(equals={"version": version}) if version else Condition(exists=False)
        item: Item = {"doc": document(saved.case), "version": version + 1}
        put = Put(key=keys.case(saved.case.id), item=item, condition=condition)
        changes = [put, *pointer_changes(before, saved, takes_over=write.takes_over)]
        if write.among is not None:
            changes.append(self._opened(saved.case, write.among))
        return saved, changes

    def _opened(self, case: Case, among: OpenCases) -> Change:
        """The change that lets a second case of one contact, opened in the same moment, fail. It need not be kept
        longer than a worker lives."""
        return Put(
            key=keys.contact_opened(among.contact),
            item={"case": case.id},
            condition=Condition(equals={"case": among.latest}),
            expires_at=seconds(self._clock.now() + _MOMENT),
        )

    def saved(self, pointers: Iterable[Pointers]) -> None:
        """To be called with what `saving` gave, once its changes are committed."""
        for saved in pointers:
            self._seen.keep(saved.case.id, saved)

    def remembering(self, write: RememberMessage) -> Sequence[Change]:
        """The change that stores a message's record, as its next version."""
        before = write.record.version
        unchanged = Condition(equals={"version": before or None}) if write.unchanged else None
        condition = Condition(exists=False) if write.only_new else unchanged
        item: Item = {"doc": document(replace(write.record, version=before + 1)), "version": before + 1}
        expires_at = seconds(self._clock.now() + self._keep)
        return (Put(key=keys.message(write.key), item=item, condition=condition, expires_at=expires_at),)

    def _before(self, case: Case) -> Pointers | None:
        if case.version == 0:
            return None
        seen = self._seen.find(case.id)
        if seen is None or seen.case.version != case.version:
            self._case(self._table.get([keys.case(case.id)]), case.id)
            seen = self._seen.find(case.id)
        if seen is None or seen.case.version != case.version:
            raise ConflictError("the case was changed by somebody else")
        return seen

    def _pointed_at(self, stored: Mapping[Key, Item], pointer: Key, guess: CaseId | None) -> Case | None:
        """The case that `pointer` names: among `stored` when the guess was right, else read."""
        if pointer not in stored:
            return None
        named = CaseId(str(stored[pointer]["case"]))
        return self._case(stored if named == guess else self._table.get([keys.case(named)]), named)

    def _case(self, stored: Mapping[Key, Item], case: CaseId) -> Case | None:
        item = stored.get(keys.case(case))
        if item is None:
            return None
        seen = self._seen.find(case)
        if seen is None or seen.case.version != item["version"]:
            seen = Pointers.to(read(Case, item))
            self._seen.keep(case, seen)
        return seen.case


def _is_of(case: Case, contact: ContactRef) -> bool:
    linked = case.match.contact if case.match.verdict is Verdict.LINKED else None
    return linked is not None and linked.ref == contact


def _record(item: Item | None) -> MessageRecord | None:
    return None if item is None else read(MessageRecord, item)
