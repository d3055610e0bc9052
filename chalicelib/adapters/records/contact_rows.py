"""What storing or removing contacts changes: their items, and the rows of the keys that they gain and lose. Pure.

A row lists the first `MOST_PER_CLUE` holders of its key and counts all of them. A contact that found no place in a row
remembers that (``beyond``), so that its leaving is counted right; it takes a free place when it is stored anew. Nobody
else can: a row does not know whom it does not list. Until then the row stays full, and says how common its key is.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from chalicelib.adapters.records import keys
from chalicelib.adapters.records.documents import document, writable
from chalicelib.core.ids import ContactId, ContactRef
from chalicelib.core.matching.types import KeyRow
from chalicelib.core.people import Contact
from chalicelib.ports.table import Change, Condition, Delete, Item, Key, Put

_encoded = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
MOST_PER_CLUE = 50
"""A key that more contacts share (a switchboard's number, a common name) says little; those beyond are not listed."""
MOST_CLUES = 45
"""Keys of one contact that are kept: with those it loses they must fit one write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A contact ready to be stored: its document and its keys, which cost the most to make."""

    contact: Contact
    doc: str
    clues: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Update:
    """One contact's change: what is stored now, what shall be (None: nothing), and the keys whose rows it touches."""

    ref: ContactRef
    before: Item | None
    after: Prepared | None
    gained: Sequence[str] = field(default=())
    lost: Sequence[str] = field(default=())
    beyond: frozenset[str] = frozenset()
    """Of the keys held before: where it is counted and not listed."""

    @cached_property
    def rows(self) -> Mapping[str, Key]:
        """Where the rows are that may change, by key."""
        names = (*self.gained, *self.lost, *self.beyond)
        return {name: keys.clue(self.ref.crm, name) for name in names}

    @property
    def needed(self) -> bool:
        """Whether anything is other than stored."""
        return (
            self.before is None
            or self.after is None
            or self.before["doc"] != self.after.doc
            or bool(self.gained or self.lost)
        )


def prepared(contact: Contact) -> Prepared:
    """With all keys that the index files it under."""
    from chalicelib.core.matching import index_keys

    return Prepared(contact=contact, doc=document(contact), clues=tuple(sorted(index_keys(contact))[:MOST_CLUES]))


def storing(after: Prepared, before: Item | None) -> Update:
    """`after` in the place of what is stored."""
    old, new = _names(before, "clues"), after.clues
    before_set, now_set = frozenset(old), frozenset(new)
    return Update(
        ref=after.contact.ref,
        before=before,
        after=after,
        gained=[name for name in new if name not in before_set],
        lost=[name for name in old if name not in now_set],
        beyond=frozenset(_names(before, "beyond")),
    )


def removing(ref: ContactRef, before: Item) -> Update:
    """Nothing in the place of what is stored."""
    beyond = frozenset(_names(before, "beyond"))
    return Update(ref=ref, before=before, after=None, lost=_names(before, "clues"), beyond=beyond)


def batches(updates: Iterable[Update], most: int) -> Iterator[Sequence[Update]]:
    """Updates in portions that change at most `most` items."""
    batch: list[Update] = []
    touched: set[Key] = set()
    for update in updates:
        own = {keys.contact(update.ref), *update.rows.values()}
        if batch and len(touched | own) > most:
            yield batch
            batch, touched = [], set()
        batch.append(update)
        touched |= own
    if batch:
        yield batch


def changes(updates: Sequence[Update], stored: Mapping[Key, Item], most: int = MOST_PER_CLUE) -> list[Change]:
    """The writes for `updates`, one after the other. ``stored``: of the rows that they touch those that there are;
    ``most``: ids that a row lists."""
    rows: dict[Key, _Row] = {}

    def row_of(update: Update, name: str) -> _Row:
        key = update.rows[name]
        if key not in rows:
            rows[key] = _Row(stored.get(key))
        return rows[key]

    made: list[Change] = []
    for update in updates:
        for name in update.lost:
            row_of(update, name).leave(update.ref.contact)
        for name in update.gained:
            row_of(update, name).count += 1
        waiting = (*update.gained, *sorted(update.beyond.difference(update.lost)))
        beyond = [name for name in waiting if not row_of(update, name).list(update.ref.contact, most)]
        made.append(_contact_change(update, beyond))
    made += [change for key, row in rows.items() if (change := row.change(key))]
    return made


class _Row:
    """A row while it changes. ``count``: its holders; ``ids``: of those the listed ones."""

    __slots__ = ("before", "count", "ids")

    def __init__(self, before: Item | None) -> None:
        self.before = before
        self.ids = _listed(before) if before else []
        self.count = _count(before) if before else 0

    def leave(self, contact: ContactId) -> None:
        """One holder less, listed or not."""
        self.count -= 1
        if contact in self.ids:
            self.ids.remove(contact)

    def list(self, contact: ContactId, most: int) -> bool:
        """Give a holder a place; False: there is none."""
        if contact not in self.ids and len(self.ids) < most:
            self.ids.append(contact)
        return contact in self.ids

    def change(self, key: Key) -> Change | None:
        """The write that keeps it."""
        if self.count < 1:
            return Delete(key=key, condition=_unchanged_row(self.before)) if self.before else None
        item: Item = {"contacts": _text(self.ids), "count": self.count if self.count > len(self.ids) else None}
        if self.before and all(self.before.get(name) == value for name, value in item.items()):
            return None
        return Put(key=key, item=item, condition=_unchanged_row(self.before))


def key_row(item: Item) -> KeyRow:
    """As the port has it."""
    return KeyRow(contacts=tuple(_listed(item)), count=_count(item))


def _contact_change(update: Update, beyond: Sequence[str]) -> Change:
    key = keys.contact(update.ref)
    condition = Condition(equals={"seal": update.before["seal"]}) if update.before else Condition(exists=False)
    if update.after is None:
        return Delete(key=key, condition=condition)
    doc, clues = update.after.doc, _text(update.after.clues)
    unlisted = _text(beyond) if beyond else None
    seal = hashlib.blake2b("\n".join((doc, clues, unlisted or "")).encode(), digest_size=12).hexdigest()
    return Put(key=key, item={"doc": doc, "clues": clues, "beyond": unlisted, "seal": seal}, condition=condition)


def _text(names: Sequence[str]) -> str:
    return writable(_encoded(names))


def _names(item: Item | None, name: str) -> tuple[str, ...]:
    text = item.get(name) if item else None
    return tuple(json.loads(str(text))) if text else ()


def _listed(row: Item) -> list[ContactId]:
    return [ContactId(item) for item in json.loads(str(row["contacts"]))]


def _count(row: Item) -> int:
    """All holders: where the row does not say more, those that are listed."""
    return int(row.get("count") or 0) or len(_listed(row))


def _unchanged_row(row: Item | None) -> Condition:
    """By what it says: the write was made from exactly that."""
    return (
        Condition(equals={"contacts": row["contacts"], "count": row.get("count")}) if row else Condition(exists=False)
    )
