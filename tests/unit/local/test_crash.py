"""Processes that share the state file are killed in the middle of writing: what was committed is there, and whole."""

from __future__ import annotations

import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from careloop.local.database import Database
from careloop.local.queue import SqliteQueue
from careloop.local.table import SqliteTable
from tests.fakes.clock import FrozenClock
from tests.unit.local.crash_writer import PARTS, SHARED, part_key, series_key

ROOT = Path(__file__).parents[3]
WRITERS = 4
ROUNDS = 5
MOST_LINES = 25


def start(path: Path, series: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.unit.local.crash_writer", str(path), series]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def kill_after(writer: subprocess.Popen[str], lines: int) -> set[int]:
    """Kill a writer once it has told of so many rounds. Returns all rounds that it told of before it died."""
    assert writer.stdout is not None
    told = [writer.stdout.readline() for _ in range(lines)]
    writer.kill()
    rest, _ = writer.communicate()
    return {int(line) for line in told + rest.splitlines()}


@pytest.mark.parametrize("seed", [7])
def test_a_killed_process_leaves_whole_transactions(tmp_path: Path, seed: int) -> None:
    path, chance = tmp_path / "state.db", random.Random(seed)
    told: dict[str, set[int]] = {str(series): set() for series in range(WRITERS)}
    for _ in range(ROUNDS):
        writers = {series: start(path, series) for series in told}
        order = list(writers)
        chance.shuffle(order)
        for series in order:
            told[series] |= kill_after(writers[series], chance.randint(1, MOST_LINES))
        check(path, told)


def check(path: Path, told: dict[str, set[int]]) -> None:
    database = Database(path)
    clock = FrozenClock()
    table, queue = SqliteTable(database, clock), SqliteQueue(database, "inbound", clock)
    assert database.read("PRAGMA integrity_check") == [("ok",)]
    counts = {}
    for series, rounds in told.items():
        keys = [series_key(series), *(part_key(series, part) for part in range(PARTS))]
        numbers = {item["n"] for item in table.get(keys).values()}
        assert len(numbers) == 1, f"series {series} is torn: {numbers}"
        counts[series] = int(numbers.pop() or 0)
        assert counts[series] >= max(rounds), f"series {series} told of round {max(rounds)} and lost it"
    assert table.get([SHARED])[SHARED]["n"] == sum(counts.values())
    messages = [body.split() for (body,) in database.read("SELECT body FROM messages ORDER BY seq")]
    for series, rounds in told.items():
        found = [(int(number), int(part)) for name, number, part in messages if name == series]
        assert found == sorted(found)
        assert {number for number, _ in found} >= rounds
        assert set(Counter(number for number, _ in found).values()) == {PARTS}
    assert queue.depth() == len(messages)
    database.close()
