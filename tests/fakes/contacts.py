"""A contact index in memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from chalicelib.core import codec
from chalicelib.core.ids import ContactId, ContactRef, Cursor
from chalicelib.core.matching import index_keys
from chalicelib.core.matching.types import KeyRow
from chalicelib.core.people import Clues, Contact
from chalicelib.ports.stores import ContactList, Pace


class MemoryContacts:
    """Finds by every key of `index_keys`."""

    def __init__(self, contacts: Iterable[Contact] = ()) -> None:
        self.contacts = {item.ref: item for item in contacts}

    @classmethod
    def of(cls, data: Iterable[Mapping[str, Any]]) -> MemoryContacts:
        """From the codec's form."""
        return cls(codec.from_data(Contact, item) for item in data)

    def lookup(self, crm: str, clues: Clues) -> Sequence[Contact]:
        wanted = {clue.index_key for clue in clues.items}
        return [item for item in self.contacts.values() if item.ref.crm == crm and wanted & index_keys(item)]

    def read_keys(self, crm: str, keys: Sequence[str]) -> Mapping[str, KeyRow]:
        rows = {
            key: tuple(ref.contact for ref, item in self.contacts.items() if ref.crm == crm and key in index_keys(item))
            for key in keys
        }
        return {key: KeyRow(contacts=ids, count=len(ids)) for key, ids in rows.items() if ids}

    def read_contacts(self, crm: str, contacts: Sequence[ContactId]) -> Sequence[Contact]:
        refs = [ContactRef(crm=crm, contact=item) for item in dict.fromkeys(contacts)]
        return [self.contacts[ref] for ref in refs if ref in self.contacts]

    def find_contact(self, ref: ContactRef) -> Contact | None:
        return self.contacts.get(ref)

    def put_contacts(self, contacts: Sequence[Contact]) -> int:
        changed = [item for item in contacts if self.contacts.get(item.ref) != item]
        self.contacts.update({item.ref: item for item in contacts})
        return len(changed)

    @property
    def pace(self) -> Pace:
        return Pace(contacts=100)

    def list_contacts(self, crm: str, *, after: Cursor | None = None, limit: int = 500) -> ContactList:
        start = int(after or 0)
        mine = [item for ref, item in self.contacts.items() if ref.crm == crm]
        following = Cursor(str(start + limit)) if start + limit < len(mine) else None
        return ContactList(contacts=tuple(mine[start : start + limit]), following=following)

    def remove_contact(self, ref: ContactRef) -> None:
        self.contacts.pop(ref, None)
