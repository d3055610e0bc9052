"""Deliveries: written before sending, and never back from a final state."""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.adapters.records import keys
from chalicelib.adapters.records.documents import Retention, document, read, seconds
from chalicelib.core.ids import CaseId
from chalicelib.core.reply import Delivery
from chalicelib.ports.services import Clock
from chalicelib.ports.stores import SaveDelivery
from chalicelib.ports.table import Change, Condition, Put, Table

_PAGE = 100


class RecordDeliveries:
    """Implements ports.stores.DeliveryStore."""

    def __init__(self, table: Table, clock: Clock, retention: Retention) -> None:
        self._table = table
        self._clock = clock
        self._keep = retention.deliveries

    def find_delivery(self, key: str, *, case: CaseId) -> Delivery | None:
        place = keys.delivery(case, key)
        stored = self._table.get([place]).get(place)
        return read(Delivery, stored) if stored else None

    def deliveries(self, case: CaseId) -> Sequence[Delivery]:
        found: list[Delivery] = []
        after: str | None = None
        while True:
            page = self._table.query(keys.case(case)[0], prefix=keys.DELIVERY, after=after, limit=_PAGE)
            found += [read(Delivery, item) for _, item in page]
            if len(page) < _PAGE:
                return sorted(found, key=lambda item: (item.began_at, item.part, item.key))
            after = page[-1][0][1]

    def saving(self, write: SaveDelivery) -> Sequence[Change]:
        """The change that stores a delivery, guarded by the status that is stored."""
        delivery = write.delivery
        expected = {"status": tuple(status.value for status in write.expected)}
        condition = Condition(exists=False) if write.begin else Condition(exists=True, one_of=expected)
        return (
            Put(
                key=keys.delivery(delivery.case, delivery.key),
                item={"doc": document(delivery), "status": delivery.status.value},
                condition=condition,
                expires_at=seconds(self._clock.now() + self._keep),
            ),
        )
