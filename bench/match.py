"""What matching one author costs as contacts grow: processor time, keys and rounds read, memory for each contact.

``SIZE=1000000 python -m bench match`` goes on to a million (some minutes)."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.matching.generate import Files, generate
from bench.matching.measure import percentile
from careloop.matching.index import CompactIndex
from careloop.matching.people import CRM, subject_in
from careloop.matching.running import Loaded, load_contacts
from chalicelib.core.ids import ContactId
from chalicelib.core.matching import match
from chalicelib.core.matching.types import MOST_ROUNDS, KeyRow, MatchSettings
from chalicelib.core.people import Contact

SIZES = (10_000, 100_000)
SUMMARY_SIZES = (4_000, 40_000)
AUTHORS = 2_000
SEED = "bench"
MOST_MEDIAN, MOST_P99, MOST_GROWTH = 2.0, 20.0, 2.0
"""Milliseconds, and how much more a median author may cost at the largest size than at the smallest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One size. ``build``: processor seconds for the index; ``memory``, ``disk``: bytes for each contact."""

    contacts: int
    build: float
    memory: float
    disk: float
    median: float
    p99: float
    keys: float
    keys_p99: float
    rounds: int


class _Counting:
    """Reads of one author, counted."""

    def __init__(self, index: CompactIndex) -> None:
        self._index = index
        self.keys = self.rounds = 0

    def read_keys(self, keys: Sequence[str]) -> Mapping[str, KeyRow]:
        self.keys += len(keys)
        self.rounds += 1
        return self._index.read_keys(keys)

    def read_contacts(self, contacts: Sequence[ContactId]) -> Sequence[Contact]:
        return self._index.read_contacts(contacts)


def measure(size: int) -> Point:
    """`size` contacts and a fixed number of authors, all made for this; one process."""
    with tempfile.TemporaryDirectory() as folder:
        files = generate(Path(folder), contacts=size, authors=AUTHORS, seed=SEED)
        begun = time.process_time()
        loaded = load_contacts(files.contacts, brand_region="DE")
        build = time.process_time() - begun
        try:
            return _matched(files, loaded, size, build)
        finally:
            loaded.index.close()


def _matched(files: Files, loaded: Loaded, size: int, build: float) -> Point:
    settings = MatchSettings(region=loaded.region, number_patterns=loaded.patterns)
    spent: list[float] = []
    keys: list[int] = []
    rounds = 0
    with files.authors.open(encoding="utf-8") as lines:
        for line in lines:
            subject, counting = subject_in(json.loads(line)), _Counting(loaded.index)
            begun = time.process_time()
            match(subject, counting, settings, crm=CRM)
            spent.append((time.process_time() - begun) * 1000)
            keys.append(counting.keys)
            rounds = max(rounds, counting.rounds)
    memory, disk = loaded.index.sizes()
    return Point(
        contacts=size,
        build=build,
        memory=memory / size,
        disk=disk / size,
        median=percentile(spent, 50),
        p99=percentile(spent, 99),
        keys=percentile(keys, 50),
        keys_p99=percentile(keys, 99),
        rounds=rounds,
    )


def run(console: Console) -> bool:
    """The curve. False when an author costs too much, or more with more contacts."""
    most = int(os.environ.get("SIZE", SIZES[-1]))
    points = [measure(size) for size in (*(size for size in SIZES if size < most), most)]
    shown = Table("contacts", title=f"Matching {AUTHORS:,} authors", title_justify="left")
    for name in ("index, s", "memory, B", "disk, B", "median, ms", "p99", "keys", "p99", "rounds"):
        shown.add_column(name, justify="right")
    for point in points:
        shown.add_row(
            f"{point.contacts:,}",
            *(f"{value:,.0f}" for value in (point.build, point.memory, point.disk)),
            *(f"{value:.2f}" for value in (point.median, point.p99)),
            *(f"{value:.0f}" for value in (point.keys, point.keys_p99, point.rounds)),
        )
    console.print(shown)
    console.print(
        "Seconds are the processor's; bytes are for each contact; keys and rounds for each author.", highlight=False
    )
    problems = list(_problems(points))
    for problem in problems:
        console.print(f"WRONG: {problem}", style="red", highlight=False)
    return not problems


def _problems(points: Sequence[Point]) -> Sequence[str]:
    found = []
    for point in points:
        if point.median > MOST_MEDIAN or point.p99 > MOST_P99:
            found.append(f"{point.contacts:,} contacts: more than {MOST_MEDIAN} ms, or {MOST_P99} ms at p99")
        if point.rounds > MOST_ROUNDS:
            found.append(f"{point.contacts:,} contacts: {point.rounds} rounds of key reads")
    if points[-1].median > MOST_GROWTH * points[0].median:
        found.append(f"an author costs more than {MOST_GROWTH} times as much with more contacts")
    return found
