"""What agents' decisions teach: rows of one partition, by time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from chalicelib.adapters.records import keys
from chalicelib.adapters.records.documents import document, read
from chalicelib.core.matching.types import Example
from chalicelib.ports.table import Put, Table

_PAGE = 500


class RecordExamples:
    """Implements ports.identities.ExampleStore."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def put_example(self, name: str, example: Example) -> None:
        self._table.write([Put(key=keys.example(example.at, name), item={"doc": document(example)})])

    def list_examples(self, *, since: datetime | None = None, limit: int = 1000) -> Sequence[Example]:
        found: list[Example] = []
        after = keys.stamp(since) if since is not None else None
        while len(found) < limit:
            page = min(_PAGE, limit - len(found))
            rows = self._table.query(keys.EXAMPLES, after=after, limit=page)
            found += [read(Example, item) for _, item in rows]
            if len(rows) < page:
                break
            after = rows[-1][0][1]
        return found
