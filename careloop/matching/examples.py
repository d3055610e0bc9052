"""Examples to learn from: JSON lines, or what agents decided in a stage."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from chalicelib.core.codec import from_json, to_json
from chalicelib.core.errors import PayloadError
from chalicelib.core.matching.types import Example
from chalicelib.ports.identities import ExampleStore

PAGE = 1000


def read_examples(path: Path) -> Iterator[Example | tuple[int, str]]:
    """One example a line, ``{"features": {...}, "is_same": true, "at": "2026-11-22T10:00:00+00:00"}``; for a line that
    is none its number and why."""
    with path.open(encoding="utf-8", errors="replace") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                found: Example = from_json(Example, line)
            except PayloadError as error:
                yield number, str(error)
            else:
                yield found


def example_line(example: Example) -> str:
    """What `read_examples` reads, without the line's end."""
    return to_json(example)


def stored_examples(store: ExampleStore) -> Iterator[Example]:
    """All of a stage's, oldest first."""
    since = None
    before: list[Example] = []
    while True:
        page = store.list_examples(since=since, limit=PAGE)
        # a page begins at the time of the last one before it, with what was seen of that time
        again = sum(1 for item in page if item.at == since)
        fresh = page[len(before) :] if since is not None and again >= len(before) else page
        if not fresh:
            return
        yield from fresh
        since = fresh[-1].at
        before = [item for item in page if item.at == since]
