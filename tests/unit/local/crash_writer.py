"""Writes to a state file until it is killed: ``python -m tests.unit.local.crash_writer <file> <series>``.

Each round is one transaction of the table and one of the queue, and then a line with the round's number.
"""

from __future__ import annotations

import sys

from careloop.local.database import Database
from careloop.local.queue import SqliteQueue
from careloop.local.table import SqliteTable
from chalicelib.adapters.clock import SystemClock
from chalicelib.ports.services import QueueMessage
from chalicelib.ports.table import Change, Condition, ConditionFailed, Put

SHARED = ("shared", "count")
PARTS = 4
TEXT = "x" * 3000


def series_key(series: str) -> tuple[str, str]:
    return f"series|{series}", "round"


def part_key(series: str, part: int) -> tuple[str, str]:
    return f"series|{series}", f"part|{part}"


def write_round(table: SqliteTable, series: str) -> int:
    """Count this series and all series up by one, and give every part the new number: all of it or nothing."""
    while True:
        stored = table.get([SHARED, series_key(series)])
        total, own = (int(stored.get(key, {}).get("n") or 0) for key in (SHARED, series_key(series)))
        before = Condition(equals={"n": total}) if total else Condition(exists=False)
        changes: list[Change] = [
            Put(key=SHARED, item={"n": total + 1}, condition=before),
            Put(key=series_key(series), item={"n": own + 1}),
            *(Put(key=part_key(series, part), item={"n": own + 1, "doc": TEXT}) for part in range(PARTS)),
        ]
        try:
            table.write(changes)
        except ConditionFailed:
            continue
        return own + 1


def main() -> None:
    path, series = sys.argv[1:]
    clock, database = SystemClock(), Database(path)
    table, queue = SqliteTable(database, clock), SqliteQueue(database, "inbound", clock)
    while True:
        number = write_round(table, series)
        queue.send(
            [
                QueueMessage(body=f"{series} {number} {part}", group=series, dedup=f"{series}-{number}-{part}")
                for part in range(PARTS)
            ]
        )
        print(number, flush=True)


if __name__ == "__main__":
    main()
