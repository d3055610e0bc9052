"""What waits for a person: an item per thing, and a row in the list. A body too long for an item is kept in pieces."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

from chalicelib.adapters.records import keys
from chalicelib.adapters.records.documents import document, read
from chalicelib.core.disposition import ParkedItem
from chalicelib.core.errors import ConflictError
from chalicelib.ports.table import Change, Condition, ConditionFailed, Delete, Item, Key, Put, Table

INLINE = 60_000
"""Characters of a body that stay in the item's document; as JSON at worst 360,000 bytes."""
PIECE = 80_000
"""Characters of a longer body in one item of its own; at most 320,000 bytes."""
MOST_PIECES = 14
"""The longest message that a queue takes has so many, and DynamoDB takes them in one write."""
_BATCH = 100
_RACES = 4


class RecordParking:
    """Implements ports.stores.ParkingLot."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def park(self, item: ParkedItem) -> None:
        """As the port says. ValueError when the body is longer than any queue's message."""
        place = keys.parking(item.parked_at, item.id)
        text, is_json = _long_text(item.body)
        pieces = _pieces(text)
        stored: Item = {
            "doc": document(replace(item, body=None) if pieces else item),
            "pieces": len(pieces),
            "is_json": is_json,
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

    def list_parked(self, *, limit: int = 100, before: ParkedItem | None = None) -> Sequence[ParkedItem]:
        after = keys.parking(before.parked_at, before.id)[1] if before else None
        rows = self._table.query(keys.PARKING, newest_first=True, limit=limit, after=after)
        ids = [str(item["id"]) for _, item in rows]
        found: list[ParkedItem] = []
        for start in range(0, len(ids), _BATCH):
            stored = self._table.get([keys.parked(item) for item in ids[start : start + _BATCH]])
            for item_id in ids[start : start + _BATCH]:
                if keys.parked(item_id) in stored:
                    found.append(self._whole(item_id, stored[keys.parked(item_id)]))
        return found

    def discard(self, item_id: str, *, only: ParkedItem | None = None) -> bool:
        for _ in range(_RACES):
            before = self._item(item_id)
            if before is None or (only is not None and before["row"] != keys.parking(only.parked_at, item_id)[1]):
                return False
            own = Delete(key=keys.parked(item_id), condition=_unchanged(before))
            if self._write([own, *(Delete(key=key) for key in _beside(item_id, before))]):
                return True
        raise ConflictError("this is being parked by others")

    def _item(self, item_id: str) -> Item | None:
        return self._table.get([keys.parked(item_id)]).get(keys.parked(item_id))

    def _whole(self, item_id: str, stored: Item) -> ParkedItem:
        item = read(ParkedItem, stored)
        places = _body_places(item_id, stored)
        if not places:
            return item
        texts = self._table.get(places)
        text = "".join(str(texts[place]["text"]) for place in places)
        return replace(item, body=json.loads(text) if stored["is_json"] else text)

    def _write(self, changes: Sequence[Change]) -> bool:
        try:
            self._table.write(changes)
        except ConditionFailed:
            return False
        return True


def _long_text(body: str | None) -> tuple[str, bool]:
    """What of a body is kept in pieces: nothing of one that fits its item, its JSON when it is not valid Unicode."""
    if body is None or len(body) <= INLINE:
        return "", False
    try:
        body.encode("utf-8")
    except UnicodeEncodeError:
        return json.dumps(body), True
    return body, False


def _pieces(text: str) -> Sequence[str]:
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
