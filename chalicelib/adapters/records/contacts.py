"""Contacts by exact clue: an item per contact, and an item per clue that lists the contacts who have it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from chalicelib.adapters.records import keys
from chalicelib.adapters.records.documents import document, read, writable
from chalicelib.core.errors import ConflictError
from chalicelib.core.ids import ContactId, ContactRef
from chalicelib.core.matching.types import KeyRow
from chalicelib.core.people import Clues, Contact
from chalicelib.ports.table import Change, Condition, ConditionFailed, Delete, Item, Key, Put, Table

MOST_PER_CLUE = 50
"""A clue that more contacts share (a switchboard's number) says nothing; those beyond are not listed."""
MOST_CLUES = 45
"""Clues of one contact that are kept: with those it loses they must fit one write."""
_CHUNK = 25
_MOST_CHANGES = 100
_RACES = 8


class RecordContacts:
    """Implements ports.stores.ContactIndex."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def lookup(self, crm: str, clues: Clues) -> Sequence[Contact]:
        wanted = [keys.clue(crm, clue.index_key) for clue in clues.items]
        rows = self._stored(wanted)
        named = [contact for key in wanted if key in rows for contact in _listed(rows[key])]
        refs = [keys.contact(ContactRef(crm=crm, contact=ContactId(item))) for item in dict.fromkeys(named)]
        found = self._stored(refs)
        return [read(Contact, found[ref]) for ref in refs if ref in found]

    def read_keys(self, crm: str, keys_: Sequence[str]) -> Mapping[str, KeyRow]:
        named = {name: keys.clue(crm, name) for name in keys_}
        rows = self._stored(list(named.values()))
        return {name: _row(rows[key]) for name, key in named.items() if key in rows}

    def read_contacts(self, crm: str, contacts: Sequence[ContactId]) -> Sequence[Contact]:
        refs = [keys.contact(ContactRef(crm=crm, contact=item)) for item in dict.fromkeys(contacts)]
        found = self._stored(refs)
        return [read(Contact, found[ref]) for ref in refs if ref in found]

    def find_contact(self, ref: ContactRef) -> Contact | None:
        stored = self._table.get([keys.contact(ref)]).get(keys.contact(ref))
        return read(Contact, stored) if stored else None

    def put_contacts(self, contacts: Sequence[Contact]) -> int:
        """As the port says. Each contact changes together with its clues; the whole list does not change at once."""
        latest = list({contact.ref: contact for contact in contacts}.values())
        return sum(self._put_some(latest[start : start + _CHUNK]) for start in range(0, len(latest), _CHUNK))

    def remove_contact(self, ref: ContactRef) -> None:
        for _ in range(_RACES):
            stored = self._stored([keys.contact(ref)])
            if not stored or self._write([_Update.removing(ref, stored[keys.contact(ref)])]):
                return
        raise ConflictError("the contact is being changed by others")

    def _put_some(self, contacts: Sequence[Contact]) -> int:
        waiting = list(contacts)
        changed = 0
        for _ in range(_RACES):
            stored = self._stored([keys.contact(contact.ref) for contact in waiting])
            updates = [_Update.storing(item, stored.get(keys.contact(item.ref))) for item in waiting]
            updates = [update for update in updates if update.needed]
            lost: list[Contact] = []
            for batch in _batches(updates):
                if self._write(batch):
                    changed += len(batch)
                else:
                    lost += [update.contact for update in batch if update.contact is not None]
            if not lost:
                return changed
            waiting = lost
        raise ConflictError("the contacts are being changed by others")

    def _write(self, updates: Sequence[_Update]) -> bool:
        """Store these updates with their clues' lists. False when somebody else changed one of them meanwhile."""
        touched = {key: None for update in updates for key in (*update.gained, *update.lost)}
        rows = self._stored(list(touched))
        lists = {key: _listed(rows[key]) if key in rows else [] for key in touched}
        for update in updates:
            for key in update.lost:
                lists[key] = [item for item in lists[key] if item != update.ref.contact]
            for key in update.gained:
                if update.ref.contact not in lists[key] and len(lists[key]) < MOST_PER_CLUE:
                    lists[key] = [*lists[key], update.ref.contact]
        changes = [update.change() for update in updates]
        changes += [change for key, ids in lists.items() if (change := _list_change(key, rows.get(key), ids))]
        try:
            self._table.write(changes)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Update:
    """One contact's change: what is stored now, what shall be (None: nothing), which clues it gains and loses."""

    ref: ContactRef
    before: Item | None
    contact: Contact | None
    doc: str = ""
    clues: tuple[str, ...] = ()
    gained: Sequence[Key] = field(default=())
    lost: Sequence[Key] = field(default=())

    @classmethod
    def storing(cls, contact: Contact, before: Item | None) -> _Update:
        from chalicelib.core.matching import contact_keys

        clues = tuple(sorted(contact_keys(contact)))[:MOST_CLUES]
        old = _clues(before)
        return cls(
            ref=contact.ref,
            before=before,
            contact=contact,
            doc=document(contact),
            clues=clues,
            gained=[keys.clue(contact.ref.crm, clue) for clue in clues if clue not in old],
            lost=[keys.clue(contact.ref.crm, clue) for clue in old if clue not in clues],
        )

    @classmethod
    def removing(cls, ref: ContactRef, before: Item) -> _Update:
        return cls(ref=ref, before=before, contact=None, lost=[keys.clue(ref.crm, clue) for clue in _clues(before)])

    @property
    def needed(self) -> bool:
        return self.before is None or self.before["doc"] != self.doc or bool(self.gained or self.lost)

    def change(self) -> Change:
        key, condition = keys.contact(self.ref), _unchanged(self.before)
        if self.contact is None:
            return Delete(key=key, condition=condition)
        names = writable(json.dumps(self.clues, ensure_ascii=False, separators=(",", ":")))
        return Put(
            key=key, item={"doc": self.doc, "clues": names, "version": _version(self.before) + 1}, condition=condition
        )


def _batches(updates: Iterable[_Update]) -> Iterator[Sequence[_Update]]:
    """Updates in portions whose items fit one write."""
    batch: list[_Update] = []
    touched: set[Key] = set()
    for update in updates:
        own = {keys.contact(update.ref), *update.gained, *update.lost}
        if batch and len(touched | own) > _MOST_CHANGES:
            yield batch
            batch, touched = [], set()
        batch.append(update)
        touched |= own
    if batch:
        yield batch


def _list_change(key: Key, row: Item | None, ids: Sequence[str]) -> Change | None:
    if row is None and not ids:
        return None
    if row is not None and _listed(row) == ids:
        return None
    if not ids:
        return Delete(key=key, condition=_unchanged(row))
    text = writable(json.dumps(ids, ensure_ascii=False, separators=(",", ":")))
    return Put(key=key, item={"contacts": text, "version": _version(row) + 1}, condition=_unchanged(row))


def _listed(row: Item) -> list[str]:
    return [str(item) for item in json.loads(str(row["contacts"]))]


def _row(row: Item) -> KeyRow:
    listed = tuple(ContactId(item) for item in _listed(row))
    return KeyRow(contacts=listed, count=max(int(row.get("count") or 0), len(listed)))


def _clues(item: Item | None) -> tuple[str, ...]:
    return tuple(json.loads(str(item["clues"]))) if item else ()


def _version(item: Item | None) -> int:
    return int(item["version"] or 0) if item else 0


def _unchanged(item: Item | None) -> Condition:
    return Condition(equals={"version": item["version"]}) if item else Condition(exists=False)
