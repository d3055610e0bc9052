"""Contacts by exact key: an item per contact, and an item per key that lists and counts the contacts who hold it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from chalicelib.adapters.records import keys
from chalicelib.adapters.records.contact_rows import (
    MOST_PER_CLUE,
    Prepared,
    Update,
    batches,
    changes,
    key_row,
    prepared,
    removing,
    storing,
)
from chalicelib.adapters.records.documents import read
from chalicelib.core.errors import ConflictError
from chalicelib.core.ids import ContactId, ContactRef, Cursor
from chalicelib.core.matching.types import KeyRow
from chalicelib.core.people import Clues, Contact
from chalicelib.ports.stores import ContactList, Pace
from chalicelib.ports.table import BulkTable, Check, ConditionFailed, Item, Key, Table, TakesBulk

_CHUNK = 25
_BULK = 10_000
"""Contacts of one transaction: a few seconds, for which others wait. Fewer touch the whole index more often."""
_MOST_CHANGES = 100
_RACES = 8


class RecordContacts:
    """Implements ports.stores.ContactIndex. ``most_listed``: ids that the row of one key lists."""

    def __init__(self, table: Table, most_listed: int = MOST_PER_CLUE) -> None:
        self._table = table
        self._most = most_listed

    def lookup(self, crm: str, clues: Clues) -> Sequence[Contact]:
        rows = self.read_keys(crm, [clue.index_key for clue in clues.items])
        named = [rows[clue.index_key].contacts for clue in clues.items if clue.index_key in rows]
        return self.read_contacts(crm, [item for contacts in named for item in contacts])

    def read_keys(self, crm: str, keys_: Sequence[str]) -> Mapping[str, KeyRow]:
        named = {name: keys.clue(crm, name) for name in keys_}
        rows = self._stored(list(named.values()))
        return {name: key_row(rows[key]) for name, key in named.items() if key in rows}

    def read_contacts(self, crm: str, contacts: Sequence[ContactId]) -> Sequence[Contact]:
        refs = [keys.contact(ContactRef(crm=crm, contact=item)) for item in dict.fromkeys(contacts)]
        found = self._stored(refs)
        return [read(Contact, found[ref]) for ref in refs if ref in found]

    def find_contact(self, ref: ContactRef) -> Contact | None:
        stored = self._table.get([keys.contact(ref)]).get(keys.contact(ref))
        return read(Contact, stored) if stored else None

    def list_contacts(self, crm: str, *, after: Cursor | None = None, limit: int = 500) -> ContactList:
        shard, _, behind = (after or "0|").partition("|")
        number, found = int(shard), list[Contact]()
        while number < keys.SHARDS:
            left = limit - len(found)
            page = self._table.query(keys.contact_shard(crm, number), limit=left, after=behind or None)
            found += [read(Contact, item) for _, item in page]
            if len(page) == left:
                return ContactList(contacts=tuple(found), following=Cursor(f"{number}|{page[-1][0][1]}"))
            number, behind = number + 1, ""
        return ContactList(contacts=tuple(found))

    def put_contacts(self, contacts: Sequence[Contact]) -> int:
        """As the port says. Each contact changes together with its keys; the whole list does at once only where the
        table can be had for oneself."""
        latest = [prepared(item) for item in {contact.ref: contact for contact in contacts}.values()]
        if len(latest) > _CHUNK and isinstance(self._table, TakesBulk):
            with self._table.bulk() as table:
                return self._put_all(table, latest)
        return sum(self._put_some(latest[start : start + _CHUNK]) for start in range(0, len(latest), _CHUNK))

    @property
    def pace(self) -> Pace:
        return Pace(contacts=_BULK) if isinstance(self._table, TakesBulk) else Pace(contacts=_CHUNK, at_once=8)

    def remove_contact(self, ref: ContactRef) -> None:
        for _ in range(_RACES):
            stored = self._stored([keys.contact(ref)])
            if not stored or self._write([removing(ref, stored[keys.contact(ref)])]):
                return
        raise ConflictError("the contact is being changed by others")

    def _put_all(self, table: BulkTable, contacts: Sequence[Prepared]) -> int:
        """The same writes as in many portions, all at once."""
        updates = _updates(contacts, table.get([keys.contact(item.contact.ref) for item in contacts]))
        rows = table.get(list({key: None for update in updates for key in update.rows.values()}))
        made = changes(updates, rows, self._most)
        table.write([change for change in made if not isinstance(change, Check)])
        return len(updates)

    def _put_some(self, contacts: Sequence[Prepared]) -> int:
        waiting = list(contacts)
        changed = 0
        for _ in range(_RACES):
            stored = self._stored([keys.contact(item.contact.ref) for item in waiting])
            lost: list[Prepared] = []
            for batch in batches(_updates(waiting, stored), _MOST_CHANGES):
                if self._write(batch):
                    changed += len(batch)
                else:
                    lost += [update.after for update in batch if update.after is not None]
            if not lost:
                return changed
            waiting = lost
        raise ConflictError("the contacts are being changed by others")

    def _write(self, updates: Sequence[Update]) -> bool:
        """Store these updates with the rows of their keys. False when somebody else changed one of them meanwhile."""
        rows = self._stored(list({key: None for update in updates for key in update.rows.values()}))
        try:
            self._table.write(changes(updates, rows, self._most))
        except ConditionFailed:
            return False
        return True

    def _stored(self, wanted: Sequence[Key]) -> Mapping[Key, Item]:
        if len(wanted) <= _MOST_CHANGES:
            return self._table.get(wanted) if wanted else {}
        stored: dict[Key, Item] = {}
        for start in range(0, len(wanted), _MOST_CHANGES):
            stored.update(self._table.get(wanted[start : start + _MOST_CHANGES]))
        return stored


def _updates(contacts: Sequence[Prepared], stored: Mapping[Key, Item]) -> list[Update]:
    made = (storing(item, stored.get(keys.contact(item.contact.ref))) for item in contacts)
    return [update for update in made if update.needed]
