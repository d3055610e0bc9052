"""What the scaffold writes for a new connector: worked out as a whole before the first file is touched."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.scaffold.lines import NoPlaceError, with_entry, with_import, with_registry_line

KINDS = ("platform", "helpdesk", "crm")
TEMPLATES = Path(__file__).resolve().parent / "templates"
REGISTRY = "chalicelib/connectors/registry.py"
DESKS = "tests/contracts/desks.py"
SIGNING = "careloop/connecting/signing.py"
_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_LONGEST = 30


class RefusedError(Exception):
    """The connector can't be made; the message is one sentence for the person who asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Paths (relative to the root) and their texts: ``new`` files, and files that get ``changed``."""

    new: Mapping[str, str]
    changed: Mapping[str, str]

    def write(self, root: Path) -> None:
        """Make it so."""
        for path, text in (*self.new.items(), *self.changed.items()):
            target = root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(text.encode("utf-8"))


def plan(root: Path, kind: str, name: str) -> Plan:
    """What makes the connector `name` below `root`. Raises RefusedError; touches nothing."""
    _check_name(name)
    words = {
        "name": name,
        "host": name.replace("_", "-"),
        "title": " ".join(part.capitalize() for part in name.split("_")),
        "class": "".join(part.capitalize() for part in name.split("_")),
    }
    new = {path: _filled(text, words) for path, text in _templates(kind, name)}
    _check_free(root, kind, name, new)
    registry = _read(root, REGISTRY)
    if f'(ConnectionKind.{kind.upper()}, "{name}")' in registry:
        raise RefusedError(f"The {kind} {name} can't be made: {REGISTRY} lists it already.")
    try:
        changed = {REGISTRY: with_registry_line(registry, kind, name)}
        if kind != "crm":
            changed[SIGNING] = _with_test_webhook(_read(root, SIGNING), kind, words)
        if kind == "helpdesk":
            changed[DESKS] = _with_desk(_read(root, DESKS), words)
    except NoPlaceError as error:
        raise RefusedError(f"There is no place for the new connector: {error}.") from error
    return Plan(new=new, changed=changed)


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name) or keyword.iskeyword(name):
        raise RefusedError(
            f"{name!r} is no name for a connector: it becomes a Python package and part of an address, so it begins with a "
            "lower-case letter, goes on with letters, digits and single underscores, and is no Python keyword."
        )
    if len(name) > _LONGEST:
        raise RefusedError(f"{name!r} is too long: a connector's name has at most {_LONGEST} characters.")


def _check_free(root: Path, kind: str, name: str, new: Mapping[str, str]) -> None:
    folders = (f"chalicelib/connectors/{kind}s/{name}", f"tests/cases/{kind}s/{name}")
    for path in (*folders, *new):
        if (root / path).exists():
            raise RefusedError(f"The {kind} {name} can't be made: {path} exists already.")


def _templates(kind: str, name: str) -> Iterator[tuple[str, str]]:
    """(where it goes, its text) of every template of a kind."""
    places = {
        "package": f"chalicelib/connectors/{kind}s/{name}",
        "cases": f"tests/cases/{kind}s/{name}",
        "twin": "careloop/twins",
    }
    for part, place in places.items():
        folder = TEMPLATES / kind / part
        for path in sorted(folder.rglob("*.txt")):
            inside = path.relative_to(folder).as_posix().removesuffix(".txt").replace("@@name@@", name)
            yield f"{place}/{inside}", path.read_text(encoding="utf-8")


def _filled(text: str, words: Mapping[str, str]) -> str:
    return re.sub(r"@@([a-z]+)@@", lambda found: words[found[1]], text)


def _with_desk(desks: str, words: Mapping[str, str]) -> str:
    """The contract suites try a helpdesk against its twin: they have to know it."""
    block = _filled((TEMPLATES / "helpdesk" / "desk.py.txt").read_text(encoding="utf-8"), words)
    imported = with_import(desks, "careloop.twins", words["name"], f"{words['class']}Twin")
    return with_entry(imported, "KINDS", words["name"], block)


def _with_test_webhook(signing: str, kind: str, words: Mapping[str, str]) -> str:
    """`careloop connect` tries an address with a webhook of its own, signed as the vendor signs."""
    block = _filled((TEMPLATES / "signed.py.txt").read_text(encoding="utf-8"), {**words, "kind": kind.upper()})
    return with_entry(signing, "SIGNED", words["name"], block)


def _read(root: Path, path: str) -> str:
    try:
        return (root / path).read_bytes().decode("utf-8")
    except OSError as error:
        raise RefusedError(f"{path} can't be read: {error.strerror}.") from error
