"""A file of contacts into the contact index: in portions, each of which is remembered, so that one that was stopped
goes on where it was."""

from __future__ import annotations

import gc
import hashlib
import json
import time
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TypeVar

from careloop.contacts import BadRow, ContactFile, GoneRow, found_in, id_in
from chalicelib.core.errors import RetryableError
from chalicelib.core.ids import ContactId, ContactRef, Cursor
from chalicelib.core.people import Contact
from chalicelib.ports.stores import ContactIndex, ContactList, SaveCursor, Stores

MOST_TOLD = 20
"""Bad rows that are told by line."""
_TRIES = 9
T = TypeVar("T")


@dataclass(slots=True, kw_only=True)
class Tally:
    """What became of a file's rows. ``bad``: the first of those that were left out, as (line, reason); ``nameless``:
    rows that do not even tell whom they are about; ``went_on_from``: rows that were done when this began."""

    rows: int = 0
    contacts: int = 0
    changed: int = 0
    gone: int = 0
    left_out: int = 0
    nameless: int = 0
    bad: list[tuple[int, str]] = field(default_factory=list)
    went_on_from: int = 0

    def note(self, row: BadRow, is_nameless: bool) -> None:
        """One more that can't be used."""
        self.left_out += 1
        self.nameless += is_nameless
        if len(self.bad) < MOST_TOLD:
            self.bad.append((row.line, row.reason))


class Seen:
    """Whom a file was about: eight bytes each. That two share them happens to one in thirty million files of a million
    contacts, and then one deleted contact stays."""

    def __init__(self) -> None:
        self._marks = array("Q")
        self._is_sorted = True

    def add(self, contact: ContactId) -> None:
        """The file has a row about it."""
        self._marks.append(_mark(contact))
        self._is_sorted = False

    def __contains__(self, contact: ContactId) -> bool:
        if not self._is_sorted:
            self._marks = array("Q", sorted(self._marks))
            self._is_sorted = True
        mark = _mark(contact)
        place = bisect_left(self._marks, mark)
        return place < len(self._marks) and self._marks[place] == mark


@dataclass(slots=True, kw_only=True)
class Import:
    """One file for one CRM connection. ``told``: called with the bytes read and the tally, again and again; ``sleep``:
    between tries, when the store is busy."""

    stores: Stores
    path: Path
    crm: str
    region: str = ""
    told: Callable[[int, Tally], None] = lambda position, tally: None
    sleep: Callable[[float], None] = time.sleep
    seen: Seen = field(default_factory=Seen)

    def run(self, *, again: bool = False) -> Tally:
        """Read the file and store what it says; repeating it changes nothing. ``again``: from the first row on, also
        when it was stopped before. Raises OSError, and RetryableError when the store stays out of reach: what was done
        until then is kept, and so is the place."""
        name, mark = f"import|{self.crm}", fingerprint(self.path, self.crm, self.region)
        before = self.stores.cursors.find_cursor(name)
        tally = Tally() if again else _tally_of(before, mark)
        tally.went_on_from = tally.rows
        contacts = self.stores.contacts
        pace = contacts.pace
        with ContactFile(self.path) as file, ThreadPoolExecutor(pace.at_once) as pool, _uncollected():
            for portion in self._portions(file, tally, pace.contacts * pace.at_once):
                self._store(portion, tally, pool)
                before = self._save(name, before, _cursor_of(tally, mark))
                self.told(file.position, tally)
        self._save(name, before, Cursor(""))
        return tally

    def missing(self) -> tuple[list[ContactRef], int]:
        """Those in the index of whom the file that was read had no row, and how many there are in the index."""
        gone: list[ContactRef] = []
        there, after = 0, None
        while True:
            page = self._page(after)
            gone += (item.ref for item in page.contacts if item.ref.contact not in self.seen)
            there, after = there + len(page.contacts), page.following
            if after is None:
                return gone, there

    def _page(self, after: Cursor | None) -> ContactList:
        return self._patiently(lambda: self.stores.contacts.list_contacts(self.crm, after=after))

    def remove(self, ref: ContactRef) -> None:
        """Take a contact out of the index."""
        self._patiently(lambda: self.stores.contacts.remove_contact(ref))

    def _portions(self, file: ContactFile, tally: Tally, size: int) -> Iterator[dict[ContactRef, Contact | None]]:
        """What the rows say, the last row about each contact deciding; None: that it is gone."""
        portion: dict[ContactRef, Contact | None] = {}
        for number, (line, row) in enumerate(file.rows(), 1):
            about = id_in(row)
            if about is not None:
                self.seen.add(about)
            if number <= tally.went_on_from:
                continue
            found = found_in(line, row, crm=self.crm, region=self.region)
            tally.rows = number
            if isinstance(found, BadRow):
                tally.note(found, about is None)
            elif isinstance(found, GoneRow):
                tally.gone += 1
                portion[found.ref] = None
            else:
                tally.contacts += 1
                portion[found.ref] = found
            if len(portion) >= size:
                yield portion
                portion = {}
        yield portion

    def _store(self, portion: dict[ContactRef, Contact | None], tally: Tally, pool: ThreadPoolExecutor) -> None:
        index = self.stores.contacts
        there = [item for item in portion.values() if item is not None]
        size = index.pace.contacts
        parts = [there[start : start + size] for start in range(0, len(there), size)]
        tally.changed += sum(pool.map(lambda part: self._put(index, part), parts))
        for ref in (ref for ref, item in portion.items() if item is None):
            self.remove(ref)

    def _put(self, index: ContactIndex, part: Sequence[Contact]) -> int:
        return self._patiently(lambda: index.put_contacts(part))

    def _patiently(self, call: Callable[[], T]) -> T:
        """Again after a pause, when the store is busy or the rows are being changed by others."""
        for attempt in range(_TRIES):
            try:
                return call()
            except RetryableError as error:
                self.sleep(min(error.retry_after or 0.25 * 2**attempt, 30.0))
        return call()

    def _save(self, name: str, before: Cursor | None, after: Cursor) -> Cursor | None:
        if after == (before or ""):
            return before
        self.stores.transactions.commit(SaveCursor(name=name, cursor=after, expected=before))
        return after


def fingerprint(path: Path, crm: str, region: str) -> str:
    """The same for the same file read in the same way. Reads all of it. Raises OSError."""
    with path.open("rb") as file:
        content = hashlib.file_digest(file, "sha256").hexdigest()
    return hashlib.sha256(json.dumps([content, path.suffix.lower(), crm, region]).encode()).hexdigest()[:32]


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without looking for cycles: there are none in millions of short-lived strings, and looking takes a quarter of the
    time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _mark(contact: ContactId) -> int:
    text = contact.encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest())


def _cursor_of(tally: Tally, mark: str) -> Cursor:
    return Cursor(json.dumps({**asdict(tally), "file": mark}))


def _tally_of(cursor: Cursor | None, mark: str) -> Tally:
    """Where an earlier run of the same file stopped, else the beginning."""
    stored = json.loads(cursor) if cursor else {}
    if stored.pop("file", None) != mark:
        return Tally()
    stored["bad"] = [(line, reason) for line, reason in stored["bad"]]
    return Tally(**stored)
