"""What contacts cost in DynamoDB: the units of storing them, and their room, by the rules of its developer guide."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from careloop.costs.prices import Prices
from chalicelib.adapters.records import keys
from chalicelib.adapters.records.contact_rows import prepared
from chalicelib.core.people import Contact

_WRITE_UNIT, _READ_UNIT = 1024, 4096
_TRANSACTED = 2
_OVERHEAD = 100
"""Bytes that DynamoDB counts for an item beside its own."""
_MARKS = 60
"""Names of attributes, sort key and seal."""
_GB = 1 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactCost:
    """Of so many contacts that are stored for the first time, each key with a row of its own: common names share rows,
    so it is a little less."""

    contacts: int
    keys: int
    writes: int
    reads: int
    size: int

    def times(self, factor: float) -> ContactCost:
        """The same for more or fewer of the kind."""
        values = (self.contacts, self.keys, self.writes, self.reads, self.size)
        contacts, names, writes, reads, size = (round(item * factor) for item in values)
        return ContactCost(contacts=contacts, keys=names, writes=writes, reads=reads, size=size)

    def words(self, prices: Prices) -> str:
        """In one sentence."""
        once = prices.items["write_units"].of(self.writes) + prices.items["read_units"].of(self.reads)
        monthly = prices.items["table_gb_months"].of(self.size / _GB)
        each = self.keys / max(self.contacts, 1)
        return (
            f"{self.contacts:,} contacts with {each:.1f} keys each: {self.writes:,} write units and {self.reads:,} "
            f"read units, ${once:,.2f} once; {self.size / _GB:.2f} GB, ${monthly:,.2f} a month."
        )


def cost_of(contacts: Iterable[Contact]) -> ContactCost:
    """The items that the index makes of `contacts`, counted."""
    number = names = writes = reads = size = 0
    for contact in contacts:
        item = prepared(contact)
        own = len(item.doc.encode()) + sum(len(name.encode()) + 3 for name in item.clues) + _MARKS
        rows = [len(keys.clue(contact.ref.crm, name)[0].encode()) + 2 * _MARKS for name in item.clues]
        number += 1
        names += len(rows)
        writes += _TRANSACTED * sum(-(-each // _WRITE_UNIT) for each in (own, *rows))
        reads += -(-own // _READ_UNIT) + len(rows)
        size += own + sum(rows) + _OVERHEAD * (1 + len(rows))
    return ContactCost(contacts=number, keys=names, writes=writes, reads=reads, size=size)
