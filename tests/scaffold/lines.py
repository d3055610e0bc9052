"""Adding a line, or a block of lines, to a source file, in order with its like. Pure."""

from __future__ import annotations

import re

Key = tuple[tuple[int, str], ...]


class NoPlaceError(Exception):
    """The file is not as the scaffold knows it, so that there is no place for the new lines."""


def order(name: str) -> Key:
    """How names are sorted: digits as numbers, as the formatter sorts imports."""
    return tuple((int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"([0-9]+)", name) if part)


def with_registry_line(text: str, kind: str, name: str) -> str:
    """`text` of registry.py with the connector's line, in order within its kind. Raises NoPlaceError."""
    entry = re.compile(r'    \(ConnectionKind\.([A-Z]+), "(\w+)"\): ')
    lines = text.splitlines(keepends=True)
    places = [(at, found[1], found[2]) for at, line in enumerate(lines) if (found := entry.match(line))]
    ours = [(at, other) for at, of, other in places if of == kind.upper()]
    if not ours:
        raise NoPlaceError(f"chalicelib/connectors/registry.py lists no {kind}")
    at = next((at for at, other in ours if order(other) > order(name)), ours[-1][0] + 1)
    lines.insert(at, f'    (ConnectionKind.{kind.upper()}, "{name}"): f"{{_ROOT}}.{kind}s.{name}",\n')
    return "".join(lines)


def with_import(text: str, package: str, module: str, imported: str) -> str:
    """`text` with ``from <package>.<module> import <imported>``, in order with the package's other imports. Raises
    NoPlaceError."""
    entry = re.compile(rf"from {re.escape(package)}\.(\w+) import ")
    lines = text.splitlines(keepends=True)
    places = [(at, found[1]) for at, line in enumerate(lines) if (found := entry.match(line))]
    if not places:
        raise NoPlaceError(f"nothing of {package} is imported where the new import belongs")
    at = next((at for at, other in places if order(other) > order(module)), places[-1][0] + 1)
    lines.insert(at, f"from {package}.{module} import {imported}\n")
    return "".join(lines)


def with_entry(text: str, table: str, name: str, block: str) -> str:
    """`text` with the entry `block` (whole lines) in the module's dictionary `table`, in order of its keys. Raises
    NoPlaceError."""
    lines = text.splitlines(keepends=True)
    begin = next((at for at, line in enumerate(lines) if re.match(rf"{table}\b.*\{{$", line.rstrip())), None)
    if begin is None:
        raise NoPlaceError(f"there is no dictionary {table}")
    end = next((at for at in range(begin, len(lines)) if lines[at].rstrip() == "}"), None)
    if end is None:
        raise NoPlaceError(f"the dictionary {table} has no end")
    entry = re.compile(r'    "(\w+)": ')
    places = [(at, found[1]) for at in range(begin, end) if (found := entry.match(lines[at]))]
    lines.insert(next((at for at, other in places if order(other) > order(name)), end), block)
    return "".join(lines)
