"""FIFO queues on SQLite, with the rules of SQS (developer guide, "FIFO queue delivery logic", 2026-08).

A group whose message is in flight is locked. A message comes back when its visibility time-out ends; received too
often, it goes to the dead-letter queue instead. A deduplication id is remembered for five minutes, whatever became of
the message.
"""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime

from careloop.local.database import Database
from chalicelib.adapters.queue_rules import DEDUP_SECONDS, MAX_BATCH, MAX_VISIBILITY_SECONDS, acceptable
from chalicelib.ports.services import Clock, QueueMessage, ReceivedMessage

_SCHEMA = (
    """CREATE TABLE IF NOT EXISTS messages (
        seq INTEGER PRIMARY KEY AUTOINCREMENT, queue TEXT NOT NULL, id TEXT NOT NULL, grp TEXT NOT NULL,
        body TEXT NOT NULL, sent_at REAL NOT NULL, visible_at REAL NOT NULL DEFAULT 0,
        receive_count INTEGER NOT NULL DEFAULT 0
    )""",
    "CREATE INDEX IF NOT EXISTS messages_order ON messages (queue, seq)",
    "CREATE INDEX IF NOT EXISTS messages_in_flight ON messages (queue, grp, visible_at) WHERE visible_at > 0",
    """CREATE TABLE IF NOT EXISTS sent_ids (
        queue TEXT NOT NULL, dedup TEXT NOT NULL, until REAL NOT NULL, PRIMARY KEY (queue, dedup)
    ) WITHOUT ROWID""",
)
_REMEMBER = """INSERT INTO sent_ids (queue, dedup, until) VALUES (?, ?, ?)
    ON CONFLICT (queue, dedup) DO UPDATE SET until = excluded.until WHERE sent_ids.until <= ?"""
_SEND = "INSERT INTO messages (queue, id, grp, body, sent_at) VALUES (?, ?, ?, ?, ?)"
_NEXT = """SELECT seq, id, grp, body, sent_at, receive_count FROM messages AS m
    WHERE queue = :queue AND visible_at <= :now AND NOT EXISTS (
        SELECT 1 FROM messages AS held
        WHERE held.queue = :queue AND held.grp = m.grp AND held.visible_at > 0 AND held.visible_at > :now
    ) ORDER BY seq LIMIT :most"""
_TAKE = "UPDATE messages SET visible_at = ?, receive_count = receive_count + 1 WHERE seq = ?"
_BURY = """INSERT INTO messages (queue, id, grp, body, sent_at)
    SELECT ?, id, grp, body, sent_at FROM messages WHERE seq = ?"""
_HELD = "queue = ? AND seq = ? AND receive_count = ? AND visible_at > ?"


class SqliteQueue:
    """Implements ports.services.Queue. ``visibility``: seconds a received message stays hidden when `receive` does not
    say. ``dead_letters``: the name of the queue that takes messages received ``max_receives`` times."""

    def __init__(
        self,
        database: Database,
        name: str,
        clock: Clock,
        *,
        visibility: float = 60.0,
        dead_letters: str | None = None,
        max_receives: int = 5,
    ) -> None:
        self._database = database
        self._name = name
        self._clock = clock
        self._visibility = visibility
        self._dead_letters = dead_letters
        self._max_receives = max_receives
        self._forget_at = 0.0
        database.create(_SCHEMA)

    def send(self, messages: Sequence[QueueMessage]) -> None:
        """As the port says. ValueError for what SQS does not take; then nothing is sent."""
        ready = acceptable(messages)
        now = self._now()
        with self._database.transaction() as connection:
            for item in ready:
                known = (self._name, item.dedup, now + DEDUP_SECONDS, now)
                if connection.execute(_REMEMBER, known).rowcount:
                    connection.execute(_SEND, (self._name, str(uuid.uuid4()), item.group, item.body, now))
            if now >= self._forget_at:
                connection.execute("DELETE FROM sent_ids WHERE until <= ?", (now,))
                self._forget_at = now + DEDUP_SECONDS

    def receive(self, maximum: int = 10, *, visibility: float | None = None) -> Sequence[ReceivedMessage]:
        now = self._now()
        hidden = self._visibility if visibility is None else visibility
        with self._database.transaction() as connection:
            rows = self._next(connection, min(maximum, MAX_BATCH), now)
            connection.executemany(_TAKE, [(now + hidden, row[0]) for row in rows])
        return [
            ReceivedMessage(
                id=message_id,
                receipt=f"{seq}-{count + 1}",
                body=body,
                group=group,
                receive_count=count + 1,
                sent_at=datetime.fromtimestamp(sent_at, UTC),
            )
            for seq, message_id, group, body, sent_at, count in rows
        ]

    def _next(
        self, connection: sqlite3.Connection, most: int, now: float
    ) -> list[tuple[int, str, str, str, float, int]]:
        """The next messages in order, after those that came too often have been put aside."""
        while True:
            rows = connection.execute(_NEXT, {"queue": self._name, "now": now, "most": most}).fetchall()
            worn = [row[0] for row in rows if row[5] >= self._max_receives] if self._dead_letters else []
            if not worn:
                return rows
            connection.executemany(_BURY, [(self._dead_letters, seq) for seq in worn])
            connection.executemany("DELETE FROM messages WHERE seq = ?", [(seq,) for seq in worn])

    def delete(self, receipts: Sequence[str]) -> None:
        now = self._now()
        held = [(self._name, *_parse(receipt), now) for receipt in receipts]
        with self._database.transaction() as connection:
            connection.executemany(f"DELETE FROM messages WHERE {_HELD}", held)

    def release(self, receipt: str, *, delay: float = 0.0) -> None:
        now = self._now()
        until = now + min(max(delay, 0.0), MAX_VISIBILITY_SECONDS)
        with self._database.transaction() as connection:
            connection.execute(
                f"UPDATE messages SET visible_at = ? WHERE {_HELD}", (until, self._name, *_parse(receipt), now)
            )

    def depth(self) -> int:
        [(number,)] = self._database.read("SELECT count(*) FROM messages WHERE queue = ?", (self._name,))
        return int(number)

    def _now(self) -> float:
        return self._clock.now().timestamp()


def _parse(receipt: str) -> tuple[int, int]:
    """Sequence number and count of receives; a receipt that is none fits no message."""
    seq, _, count = receipt.partition("-")
    return (int(seq), int(count)) if seq.isdecimal() and count.isdecimal() else (-1, -1)
