"""A million contacts by key in bounded memory: hashes of keys in compact sorted arrays, contacts in a temporary file.

A key is its 64-bit hash; two different keys of one hash would be taken for one (at 30 million keys the
chance of any is 1 in 40,000). Contacts are numbered by row."""

from __future__ import annotations

import marshal
import os
import tempfile
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from careloop.matching.people import CRM
from chalicelib.adapters.records.contact_rows import MOST_PER_CLUE
from chalicelib.core.ids import ContactId, ContactRef
from chalicelib.core.matching.types import KeyRow
from chalicelib.core.people import Contact, SocialHandle

BUCKETS = 64
_MASK = 2**64 - 1


def key_hash(key: str) -> int:
    """64 bits; the same in processes that were forked from one another only."""
    return hash(key) & _MASK


def id_key(contact: str) -> str:
    """The key under which a contact's own row is found."""
    return f"id:{contact}"


def pack(contact: Contact) -> bytes:
    """A contact as bytes for `unpack` in the same version of Python."""
    social = tuple((item.platform, item.handle, item.user_id, item.avatar_hash) for item in contact.social)
    since = contact.created.timestamp() if contact.created else None
    return marshal.dumps(
        (
            *(contact.ref.contact, contact.name, contact.emails, contact.phones, social, contact.customer_numbers),
            *(contact.company, contact.city, contact.country, contact.language, contact.url),
            *(contact.given_name, contact.family_name, since),
        )
    )


def unpack(data: bytes) -> Contact:
    """What `pack` was given."""
    values: tuple[Any, ...] = marshal.loads(data)
    social = tuple(
        SocialHandle(platform=platform, handle=handle, user_id=user_id, avatar_hash=picture)
        for platform, handle, user_id, picture in values[4]
    )
    return Contact(
        ref=ContactRef(crm=CRM, contact=values[0]),
        name=values[1],
        emails=values[2],
        phones=values[3],
        social=social,
        customer_numbers=values[5],
        company=values[6],
        city=values[7],
        country=values[8],
        language=values[9],
        url=values[10],
        given_name=values[11],
        family_name=values[12],
        created=datetime.fromtimestamp(values[13], UTC) if values[13] is not None else None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Filed:
    """Some rows' contacts ready for an index: made in any process. ``ids`` and ``sizes`` (of each in ``packed``) by
    row, "" and 0 where a row is no contact; per bucket the hashes and the rows' numbers that they belong to."""

    ids: list[str]
    sizes: array[int]
    packed: bytes
    hashes: list[array[int]]
    numbers: list[array[int]]


def file_contacts(contacts: Sequence[tuple[Contact, Iterable[str]] | None], first: int) -> Filed:
    """`contacts` of the rows from number `first` on, each with its keys; None where a row is no contact."""
    hashes: list[array[int]] = [array("Q") for _ in range(BUCKETS)]
    numbers: list[array[int]] = [array("I") for _ in range(BUCKETS)]
    ids: list[str] = []
    packed: list[bytes] = []
    for number, item in enumerate(contacts, first):
        ids.append(item[0].ref.contact if item else "")
        packed.append(pack(item[0]) if item else b"")
        for key in (*item[1], id_key(item[0].ref.contact)) if item else ():
            mark = key_hash(key)
            hashes[mark % BUCKETS].append(mark)
            numbers[mark % BUCKETS].append(number)
    sizes = array("I", map(len, packed))
    return Filed(ids=ids, sizes=sizes, packed=b"".join(packed), hashes=hashes, numbers=numbers)


class CompactIndex:
    """Implements core.matching.Reads. Add, then `freeze`, then read; reading is safe in forked processes."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the index
        self._hashes: list[array[int]] = [array("Q") for _ in range(BUCKETS)]
        self._numbers: list[array[int]] = [array("I") for _ in range(BUCKETS)]
        self._places = array("Q", [0])
        self._ids = bytearray()
        self._id_places = array("Q", [0])
        self.contacts = 0
        self.keys_read = 0

    def add(self, filed: Filed) -> None:
        """The rows that follow those added before."""
        self._file.write(filed.packed)
        for size in filed.sizes:
            self._places.append(self._places[-1] + size)
        for contact in filed.ids:
            self._ids += contact.encode("utf-8", "surrogatepass")
            self._id_places.append(len(self._ids))
            self.contacts += bool(contact)
        for bucket in range(BUCKETS):
            self._hashes[bucket].extend(filed.hashes[bucket])
            self._numbers[bucket].extend(filed.numbers[bucket])

    def freeze(self) -> None:
        """Sort, so that keys can be read."""
        self._file.flush()
        for bucket in range(BUCKETS):
            hashes, numbers = self._hashes[bucket], self._numbers[bucket]
            order = sorted(range(len(hashes)), key=hashes.__getitem__)
            self._hashes[bucket] = array("Q", map(hashes.__getitem__, order))
            self._numbers[bucket] = array("I", map(numbers.__getitem__, order))

    def sizes(self) -> tuple[int, int]:
        """Bytes in memory, and in the temporary file."""
        arrays = [*self._hashes, *self._numbers, self._places, self._id_places]
        return sum(len(item) * item.itemsize for item in arrays) + len(self._ids), self._places[-1]

    def close(self) -> None:
        """Remove the temporary file."""
        self._file.close()

    # -- reads ---------------------------------------------------------------------------------------------------------

    def read_keys(self, keys: Sequence[str]) -> Mapping[str, KeyRow]:
        self.keys_read += len(keys)
        found: dict[str, KeyRow] = {}
        for key in keys:
            numbers, start, end = self._holders(key)
            if start < end:
                listed = numbers[start : min(end, start + MOST_PER_CLUE)]
                ids = tuple(dict.fromkeys(self._id_of(number) for number in listed))
                count = len(ids) if end - start <= MOST_PER_CLUE else end - start
                found[key] = KeyRow(contacts=ids, count=count)
        return found

    def read_contacts(self, contacts: Sequence[ContactId]) -> Sequence[Contact]:
        found: list[Contact] = []
        for contact in dict.fromkeys(contacts):
            numbers, start, end = self._holders(id_key(contact))
            if start < end:  # of several rows with one id the last one counts
                found.append(self._contact(numbers[end - 1]))
        return found

    def _holders(self, key: str) -> tuple[array[int], int, int]:
        mark = key_hash(key)
        hashes = self._hashes[mark % BUCKETS]
        start = bisect_left(hashes, mark)
        return self._numbers[mark % BUCKETS], start, bisect_right(hashes, mark, lo=start)

    def _id_of(self, number: int) -> ContactId:
        data = self._ids[self._id_places[number] : self._id_places[number + 1]]
        return ContactId(data.decode("utf-8", "surrogatepass"))

    def _contact(self, number: int) -> Contact:
        start = self._places[number]
        return unpack(os.pread(self._file.fileno(), self._places[number + 1] - start, start))
