"""Files of rows, CSV or JSON lines, in chunks of raw rows: what is parsed can be parsed in another process."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, TextIO

_MOST_CELL = 1_000_000


class UnreadableRowError(ValueError):
    """A row that is none; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RawRow:
    """A row as it stands in the file. ``line``: where it begins (CSV: where it ends), from 1. ``content``: the bytes
    of a JSON line, or cells."""

    line: int
    content: bytes | tuple[str, ...]

    def parse(self, columns: tuple[str, ...]) -> Mapping[str, Any]:
        """The row by column name. Cells that hold JSON lists or objects are read as such. UnreadableRowError."""
        if isinstance(self.content, bytes):
            return _object(self.content)
        if len(self.content) > len(columns) and any(cell.strip() for cell in self.content[len(columns) :]):
            raise UnreadableRowError("more cells than columns")
        return {name: _cell(value) for name, value in zip(columns, self.content, strict=False)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """Rows that follow one another. ``first``: the index of the first in the file, from 0; ``position``: bytes of the
    file read so far."""

    first: int
    columns: tuple[str, ...]
    rows: tuple[RawRow, ...]
    position: int


def chunks_of(path: Path, size: int) -> Iterator[Chunk]:
    """All rows, `size` at a time; a file is JSON lines when its first character is "{" or "[". OSError."""
    with path.open("rb") as file:
        start = file.read(4096).removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
        file.seek(0)
        if start in (b"{", b"["):
            yield from _json_chunks(file, size)
        else:
            yield from _csv_chunks(file, size)


def _json_chunks(file: BinaryIO, size: int) -> Iterator[Chunk]:
    rows = (
        RawRow(line=line, content=text)
        for line, data in enumerate(file, 1)
        if (text := data.removeprefix(b"\xef\xbb\xbf").strip())
    )
    yield from _chunked(rows, size, (), file)


def _csv_chunks(file: BinaryIO, size: int) -> Iterator[Chunk]:
    csv.field_size_limit(_MOST_CELL)
    with io.TextIOWrapper(file, encoding="utf-8-sig", errors="replace", newline="") as text:
        header = text.readline()
        text.seek(0)
        rows = _csv_rows(text, header)
        columns = next(rows, None)
        if columns is not None:
            names = tuple(str(name).strip().lower() for name in columns.content)
            yield from _chunked(rows, size, names, file)


def _csv_rows(text: TextIO, header: str) -> Iterator[RawRow]:
    reader = csv.reader(text, delimiter=max((",", ";", "\t"), key=header.count))
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield RawRow(line=reader.line_num, content=b"")
            continue
        if any(cell.strip() for cell in cells):
            yield RawRow(line=reader.line_num, content=tuple(cells))


def _chunked(rows: Iterator[RawRow], size: int, columns: tuple[str, ...], file: BinaryIO) -> Iterator[Chunk]:
    first = 0
    while taken := tuple(islice(rows, size)):
        yield Chunk(first=first, columns=columns, rows=taken, position=file.tell())
        first += len(taken)


def _object(data: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise UnreadableRowError("not JSON (one object on each line is expected)" if data else "not CSV") from error
    if not isinstance(found, dict):
        raise UnreadableRowError("not an object")
    return found


def _cell(value: str) -> Any:
    text = value.strip()
    if text[:1] in ("[", "{"):
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            return text
    return text or None
