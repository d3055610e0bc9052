"""What waits for a person: an item per thing, and a row in the list. A body too long for an item is kept in pieces."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

from chalicelib.adapters.records import keys
from chalicelib.adapters.records.documents import document, read, writable
from chalicelib.core.disposition import ParkedItem
from chalicelib.core.errors import ConflictError
from chalicelib.ports.table import Change, Condition, ConditionFailed, Delete, Item, Key, Put, Table

PIECE = 80_000
"""Characters of a body in one item: at most 320,000 bytes."""
MOST_PIECES = 12
"""So many fit one write, and the longest message that a queue takes fits them."""
_BATCH = 100
_RACES = 4


class RecordParking:
    """Implements ports.stores.ParkingLot."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def park(self, item: ParkedItem) -> None:
        """As the port says. ValueError when the body is longer than any queue's message."""
        place = keys.parking(item.parked_at, item.id)
        pieces = _pieces(item.body)
        stored: Item = {
            "doc": document(replace(item, body=None) if pieces else item),
            "pieces": len(pieces),
            "row": place[1],
        }
        beside: dict[Key, Change] = {place: Put(key=place, item={"id": item.id})}
        for number, piece in enumerate(pieces):
            key = keys.parked_body(item.id, number)
            beside[key] = Put(key=key, item={"text": piece})
        for _ in range(_RACES):
            before = self._item(item.id)
            gone = [Delete(key=key) for key in _beside(item.id, before) if key not in beside]
            put = Put(key=keys.parked(item.id), item=stored, condition=_unchanged(before))
            if self._write([put, *beside.values(), *gone]):
                return
        raise ConflictError("this is being parked by others")

    def find_parked(self, item_id: str) -> ParkedItem | None:
        stored = self._item(item_id)
        return self._whole(item_id, stored) if stored else None

    def list_parked(self, *, limit: int = 100) -> Sequence[ParkedItem]:
        rows = self._table.query(keys.PARKING, newest_first=True, limit=limit)
        ids = [str(item["id"]) for _, item in rows]
        found: list[ParkedItem] = []
        for start in range(0, len(ids), _BATCH):
            stored = self._table.get([keys.parked(item) for item in ids[start : start + _BATCH]])
            for item_id in ids[start : start + _BATCH]:
                if keys.parked(item_id) in stored:
                    found.append(self._whole(item_id, stored[keys.parked(item_id)]))
        return found

    def discard(self, item_id: str) -> None:
        for _ in range(_RACES):
            before = self._item(item_id)
            if before is None:
                return
            own = Delete(key=keys.parked(item_id), condition=_unchanged(before))
            if self._write([own, *(Delete(key=key) for key in _beside(item_id, before))]):
                return
        raise ConflictError("this is being parked by others")

    def _item(self, item_id: str) -> Item | None:
        return self._table.get([keys.parked(item_id)]).get(keys.parked(item_id))

    def _whole(self, item_id: str, stored: Item) -> ParkedItem:
        item = read(ParkedItem, stored)
        places = _body_places(item_id, stored)
        if not places:
            return item
        texts = self._table.get(places)
        return replace(item, body=json.loads("".join(str(texts[place]["text"]) for place in places)))

    def _write(self, changes: Sequence[Change]) -> bool:
        try:
            self._table.write(changes)
        except ConditionFailed:
            return False
        return True


def _pieces(body: str | None) -> Sequence[str]:
    """A long body as JSON text in pieces; none for one that fits its item."""
    if body is None or len(body) <= PIECE:
        return ()
    text = writable(json.dumps(body, ensure_ascii=False))
    pieces = [text[start : start + PIECE] for start in range(0, len(text), PIECE)]
    if len(pieces) > MOST_PIECES:
        raise ValueError("a body longer than any queue's message can't be parked")
    return pieces


def _beside(item_id: str, stored: Item | None) -> Sequence[Key]:
    """What belongs to a parked item beside itself: its row in the list, and the pieces of its body."""
    if stored is None:
        return ()
    return (keys.PARKING, str(stored["row"])), *_body_places(item_id, stored)


def _body_places(item_id: str, stored: Item) -> Sequence[Key]:
    return [keys.parked_body(item_id, number) for number in range(int(stored["pieces"] or 0))]


def _unchanged(stored: Item | None) -> Condition:
    if stored is None:
        return Condition(exists=False)
    return Condition(equals={"row": stored["row"], "pieces": stored["pieces"]})
