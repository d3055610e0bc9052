"""The local file: threads, other processes, and what goes wrong with files."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from careloop.local.database import Database
from careloop.local.system import open_local
from careloop.local.table import SqliteTable
from chalicelib.core.errors import ConfigurationError, UnavailableError
from chalicelib.ports.services import QueueMessage
from chalicelib.ports.table import Condition, ConditionFailed, Put
from tests.fakes.clock import FrozenClock


def counted(table: SqliteTable) -> None:
    """Count one up by compare-and-set."""
    key = ("counter", "counter")
    while True:
        stored = table.get([key]).get(key)
        before = Condition(equals={"n": stored["n"]}) if stored else Condition(exists=False)
        try:
            table.write([Put(key=key, item={"n": int(stored["n"] or 0) + 1 if stored else 1}, condition=before)])
        except ConditionFailed:
            continue
        return


@pytest.mark.parametrize("connections", ["one", "one each", "memory"])
def test_threads_lose_no_update(tmp_path: Path, connections: str) -> None:
    path = ":memory:" if connections == "memory" else tmp_path / "state.db"
    shared = SqliteTable(path, FrozenClock())

    def work(_: int) -> None:
        table = SqliteTable(path, FrozenClock()) if connections == "one each" else shared
        for _ in range(25):
            counted(table)
        if table is not shared:
            table.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))

    assert shared.get([("counter", "counter")]) == {("counter", "counter"): {"n": 100}}
    shared.close()


def test_every_message_is_taken_by_one_of_many_threads(tmp_path: Path) -> None:
    systems = [open_local(tmp_path / "state.db", FrozenClock()) for _ in range(3)]
    messages = [QueueMessage(body=str(n), group=str(n % 7), dedup=str(n)) for n in range(150)]
    systems[0].queues["inbound"].send(messages)
    taken: list[list[int]] = [[], [], []]

    def work(place: int) -> None:
        queue = systems[place].queues["inbound"]
        while queue.depth():
            received = queue.receive(10)
            taken[place] += [int(item.body) for item in received]
            queue.delete([item.receipt for item in received])

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(work, range(3)))

    assert sorted(number for mine in taken for number in mine) == list(range(150))
    for mine in taken:
        for group in range(7):
            own = [number for number in mine if number % 7 == group]
            assert own == sorted(own)
    for system in systems:
        system.close()


def test_an_exception_inside_a_transaction_undoes_it(tmp_path: Path) -> None:
    database = Database(tmp_path / "state.db")
    database.create(["CREATE TABLE t (n INTEGER)"])

    def fail() -> None:
        with database.transaction() as connection:
            connection.execute("INSERT INTO t VALUES (1)")
            raise KeyError

    with pytest.raises(KeyError):
        fail()

    assert database.read("SELECT n FROM t") == []
    with database.transaction() as connection:
        connection.execute("INSERT INTO t VALUES (2)")
    assert database.read("SELECT n FROM t") == [(2,)]
    database.close()


def test_a_file_that_others_hold_for_too_long_is_unavailable(tmp_path: Path) -> None:
    holder, waiter = Database(tmp_path / "state.db"), Database(tmp_path / "state.db", busy_seconds=0.05)
    table = SqliteTable(waiter, FrozenClock())

    with holder.transaction(), pytest.raises(UnavailableError, match="locked"):
        table.write([Put(key=("a", "b"), item={})])

    table.write([Put(key=("a", "b"), item={})])
    assert table.get([("a", "b")]) == {("a", "b"): {}}
    for database in (holder, waiter):
        database.close()
        database.close()


def test_a_failed_statement_leaves_the_lock_free(tmp_path: Path) -> None:
    database = Database(tmp_path / "state.db")
    with pytest.raises(UnavailableError, match="no such table"), database.transaction() as connection:
        connection.execute("INSERT INTO missing VALUES (1)")

    answers: list[object] = []
    thread = threading.Thread(target=lambda: answers.extend(database.read("SELECT 1")))
    thread.start()
    thread.join(timeout=10)
    assert answers == [(1,)]
    database.close()


def test_a_path_that_can_t_be_used_is_a_wrong_setting(tmp_path: Path) -> None:
    other = tmp_path / "letter.txt"
    other.write_text("Dear Kim, this is no database at all, whatever its name says. " * 20)

    for path in (tmp_path, tmp_path / "missing" / "state.db", other):
        with pytest.raises(ConfigurationError, match=str(path)):
            open_local(path, FrozenClock())
    assert other.read_text().startswith("Dear Kim")


def test_everything_survives_closing(tmp_path: Path) -> None:
    clock = FrozenClock()
    system = open_local(tmp_path / "state.db", clock)
    system.queues["inbound"].send([QueueMessage(body="1", group="a", dedup="1")])
    system.table.write([Put(key=("a", "b"), item={"doc": "x"})])
    key = system.archive.keep(source="s", body=b"x", received_at=clock.now(), headers={})
    system.close()

    again = open_local(tmp_path / "state.db", clock)
    again.queues["inbound"].send([QueueMessage(body="2", group="a", dedup="1")])
    assert [item.body for item in again.queues["inbound"].receive()] == ["1"]
    assert again.table.get([("a", "b")]) == {("a", "b"): {"doc": "x"}}
    assert again.archive.fetch(key) == (b"x", {})
    again.close()


def test_expired_items_are_removed_by_and_by(tmp_path: Path) -> None:
    clock = FrozenClock()
    database = Database(tmp_path / "state.db")
    table = SqliteTable(database, clock)
    soon = int(clock.now().timestamp()) + 60
    for number in range(500):
        table.write([Put(key=("old", str(number)), item={}, expires_at=soon)])
    clock.advance(minutes=2)
    for number in range(2000):
        table.write([Put(key=("new", str(number % 10)), item={}, expires_at=soon + 3600)])

    assert database.read("SELECT count(*) FROM items WHERE pk = 'old'") == [(0,)]
    clock.advance(hours=2)
    assert table.purge() == 10
    assert database.read("SELECT count(*) FROM items") == [(0,)]
    database.close()
