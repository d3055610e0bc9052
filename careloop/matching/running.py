"""A file of contacts into an index, and a file of authors through the matcher; in several processes where they help."""

from __future__ import annotations

import multiprocessing
import resource
import sys
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import IO, Any, TypeVar

from careloop.matching.index import CompactIndex, Filed, file_contacts
from careloop.matching.people import CRM, author_id_in, contact_in, subject_in
from careloop.matching.report import failed_line, result_line
from careloop.matching.source import Chunk, UnreadableRowError, chunks_of
from careloop.matching.values import region as region_of
from chalicelib.core.matching import index_keys, match, patterns_of
from chalicelib.core.matching.types import MatchSettings
from chalicelib.core.matching.weights import DEFAULT_WEIGHTS, Weights
from chalicelib.core.people import Contact

CHUNK = 500
_NUMBERS_OF_CHUNK = 200
"""Order numbers of each chunk that patterns are learned from."""
_AHEAD = 4
"""Chunks for each process that wait for their turn: memory stays bounded."""
_FEWEST = 20
"""Chunks below which one process is quicker than several."""
S = TypeVar("S")
R = TypeVar("R")
Progress = Callable[[int], None]
"""Called with the bytes of the file dealt with so far."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BadLine:
    """A row that was left out. ``line``: its number in the file."""

    line: int
    reason: str


@dataclass(slots=True, kw_only=True)
class Loaded:
    """An index with what was learned on the way. ``region``: the brand's, given or the commonest of the contacts'."""

    index: CompactIndex
    region: str
    patterns: tuple[str, ...]
    bad: list[BadLine] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What came of the authors."""

    decisions: Counter[str] = field(default_factory=Counter)
    bad: list[BadLine] = field(default_factory=list)


# -- several processes -------------------------------------------------------------------------------------------------


_work: Callable[[Any], Any] = str
"""What forked processes do: theirs by birth, as an index can't be sent to them."""


def _do(item: Any) -> Any:
    return _work(item)


@contextmanager
def _mapped(workers: int, work: Callable[[S], R]) -> Iterator[Callable[[Iterator[S]], Iterator[R]]]:
    """A map in order over `workers` processes forked now, which see everything made before; one: in this process."""
    if workers <= 1 or "fork" not in multiprocessing.get_all_start_methods():
        yield lambda items: map(work, items)
        return
    global _work
    _work = work
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("fork")) as pool:

        def spread(items: Iterator[S]) -> Iterator[R]:
            waiting = deque(pool.submit(_do, item) for item in islice(items, workers * _AHEAD))
            while waiting:
                yield waiting.popleft().result()
                waiting.extend(pool.submit(_do, item) for item in islice(items, 1))

        yield spread


def peak_megabytes() -> tuple[float, float]:
    """The most memory that this process has had, and that the largest of its finished children has had. What a child
    shares with this process is in both."""
    unit = 1e6 if sys.platform == "darwin" else 1e3
    own, child = (resource.getrusage(who).ru_maxrss / unit for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own, child


# -- contacts ----------------------------------------------------------------------------------------------------------


@dataclass(slots=True, kw_only=True)
class _Digest:
    filed: Filed
    position: int
    regions: Counter[str]
    numbers: list[str]
    bad: list[BadLine]


class _Digests:
    """Chunks of contacts to what goes into the index: the work of one process."""

    def __init__(self, brand_region: str) -> None:
        self._region = brand_region

    def __call__(self, chunk: Chunk) -> _Digest:
        found: list[tuple[Contact, frozenset[str]] | None] = []
        bad: list[BadLine] = []
        regions: Counter[str] = Counter()
        numbers: list[str] = []
        for row in chunk.rows:
            try:
                contact = contact_in(row.parse(chunk.columns), brand_region=self._region)
                found.append((contact, index_keys(contact)))
            except UnreadableRowError as error:
                bad.append(BadLine(line=row.line, reason=str(error)))
                found.append(None)
                continue
            regions[region_of(contact.country)] += 1
            numbers += contact.customer_numbers
        return _Digest(
            filed=file_contacts(found, chunk.first),
            position=chunk.position,
            regions=regions,
            numbers=numbers[:_NUMBERS_OF_CHUNK],
            bad=bad,
        )


def load_contacts(
    path: Path, *, brand_region: str = "", workers: int = 1, progress: Progress = lambda _: None
) -> Loaded:
    """All contacts of `path` in an index. Without a region, national phone numbers of contacts without a country are
    left out, and the contacts' commonest country is taken for the authors. OSError: it can't be read."""
    index = CompactIndex()
    regions: Counter[str] = Counter()
    numbers: list[str] = []
    bad: list[BadLine] = []
    with _mapped(_workers_for(path, workers), _Digests(brand_region)) as mapped:
        for digest in mapped(chunks_of(path, CHUNK)):
            index.add(digest.filed)
            regions.update(digest.regions)
            numbers += digest.numbers
            bad += digest.bad
            progress(digest.position)
    index.freeze()
    del regions[""]
    region = brand_region or (regions.most_common(1)[0][0] if regions else "")
    return Loaded(index=index, region=region, patterns=patterns_of(numbers), bad=bad)


def _workers_for(path: Path, workers: int) -> int:
    return workers if path.stat().st_size > _FEWEST * CHUNK * 200 else 1


# -- authors -----------------------------------------------------------------------------------------------------------


@dataclass(slots=True, kw_only=True)
class _Answers:
    lines: list[str]
    decisions: Counter[str]
    bad: list[BadLine]
    position: int


class _Matching:
    """Chunks of authors to lines of results: the work of one process."""

    def __init__(self, index: CompactIndex, settings: MatchSettings, weights: Weights) -> None:
        self._index = index
        self._settings = settings
        self._weights = weights

    def __call__(self, chunk: Chunk) -> _Answers:
        answers = _Answers(lines=[], decisions=Counter(), bad=[], position=chunk.position)
        for row in chunk.rows:
            try:
                data = row.parse(chunk.columns)
                author = author_id_in(data)
            except UnreadableRowError as error:
                answers.bad.append(BadLine(line=row.line, reason=str(error)))
                continue
            try:
                line, decision = self._one(author, data)
            except Exception as error:  # one author must not cost the others' results
                answers.bad.append(BadLine(line=row.line, reason=f"failed: {type(error).__name__}"))
                line, decision = failed_line(author), "none"
            answers.lines.append(line)
            answers.decisions[decision] += 1
        return answers

    def _one(self, author: str, data: Any) -> tuple[str, str]:
        read, begun = self._index.keys_read, time.process_time()
        subject = subject_in(data)
        found = match(subject, self._index, self._settings, crm=CRM, weights=self._weights)
        spent = (time.process_time() - begun) * 1000
        reads = self._index.keys_read - read
        return result_line(author, found, milliseconds=spent, reads=reads), found.verdict.value


def match_authors(
    path: Path,
    out: IO[str],
    loaded: Loaded,
    *,
    weights: Weights | None = None,
    own_addresses: tuple[str, ...] = (),
    workers: int = 1,
    progress: Progress = lambda _: None,
) -> Outcome:
    """A line of `out` for each author of `path`, in order. OSError: it can't be read."""
    settings = MatchSettings(region=loaded.region, number_patterns=loaded.patterns, own_addresses=own_addresses)
    outcome = Outcome()
    with _mapped(_workers_for(path, workers), _Matching(loaded.index, settings, weights or DEFAULT_WEIGHTS)) as mapped:
        for answers in mapped(chunks_of(path, CHUNK)):
            out.writelines(f"{line}\n" for line in answers.lines)
            outcome.decisions.update(answers.decisions)
            outcome.bad += answers.bad
            progress(answers.position)
    return outcome
