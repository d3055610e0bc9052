"""A distrustful reader for what strangers send: every look names its path, every surprise is a `PayloadError`.

`Reader` wraps a JSON value with its path. ``need_*`` raise when something is missing or of the wrong type; ``find_*``
return None when it is missing or null, and raise only for a wrong type. Strings come out clean (no NUL, no lone
surrogates), ids always as strings.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from chalicelib.core.errors import PayloadError
from chalicelib.core.events import Malformed
from chalicelib.core.text.normalise import clean_text

_MOST_KINDS = 50
_LARGEST_TIME = 253402300799.0  # the end of the year 9999


def _refuse_constant(name: str) -> Any:
    raise ValueError(name)


_decode = json.JSONDecoder(parse_constant=_refuse_constant).decode


def read_json(body: bytes) -> Reader:
    """The JSON document in `body` (UTF-8). Raises PayloadError for anything else, too deep nesting included."""
    try:
        return Reader(_decode(body.decode("utf-8")), "")
    except UnicodeDecodeError:
        raise PayloadError("", "not UTF-8") from None
    except RecursionError:
        raise PayloadError("", "nested too deeply") from None
    except ValueError:
        raise PayloadError("", "not JSON") from None


class Reader:
    """A JSON value and where it stood."""

    __slots__ = ("path", "value")

    def __init__(self, value: Any, path: str) -> None:
        self.value = value
        self.path = path

    def wrong(self, reason: str) -> PayloadError:
        """The error to raise for this place."""
        return PayloadError(self.path or "(body)", reason)

    # -- going down ----------------------------------------------------------------------------------------------------

    def has(self, name: str) -> bool:
        """Whether this is an object with a non-null member `name`."""
        return isinstance(self.value, dict) and self.value.get(name) is not None

    def keys(self) -> tuple[str, ...]:
        """Member names of this object."""
        if not isinstance(self.value, dict):
            raise self.wrong("object expected")
        return tuple(self.value)

    def find(self, *names: str) -> Reader | None:
        """The member down the path `names`, or None when any step is missing or null."""
        if not names:
            return self
        value = self._look(names)
        return None if value is None else Reader(value, self._path(names))

    def need(self, *names: str) -> Reader:
        """The member down the path `names`."""
        here = self
        for name in names:
            found = here.find(name)
            if found is None:
                raise PayloadError(here._path((name,)), "missing")
            here = found
        return here

    def _look(self, names: tuple[str, ...]) -> Any:
        """The value down the path: None when a step is missing. Without names, this value."""
        value = self.value
        for depth, name in enumerate(names):
            if not isinstance(value, dict):
                raise self._wrong(names[:depth], "object expected")
            value = value.get(name)
            if value is None:
                return None
        return value

    def _path(self, names: tuple[str, ...]) -> str:
        below = ".".join(names)
        return f"{self.path}.{below}" if self.path and below else self.path or below

    def _wrong(self, names: tuple[str, ...], reason: str) -> PayloadError:
        return PayloadError(self._path(names) or "(body)", reason)

    def items(self, *names: str) -> Iterator[Reader]:
        """The elements of the list down the path `names`; nothing when it is missing."""
        here = self.find(*names)
        if here is None:
            return
        if not isinstance(here.value, list):
            raise here.wrong("list expected")
        for index, value in enumerate(here.value):
            yield Reader(value, f"{here.path}[{index}]")

    # -- leaves --------------------------------------------------------------------------------------------------------

    def find_text(self, *names: str) -> str | None:
        """A string, cleaned."""
        value = self._look(names)
        if isinstance(value, str):
            text: str = clean_text(value)
            return text
        if value is None and names:
            return None
        raise self._wrong(names, "string expected")

    def need_text(self, *names: str) -> str:
        """A string that must be there (it may be empty)."""
        return self.need(*names).find_text() or ""

    def find_id(self, *names: str) -> str | None:
        """An id: a string or a whole number, always returned as a string; empty counts as missing."""
        value = self._look(names)
        if value is None and names:
            return None
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise self._wrong(names, "id expected")
        try:
            text = clean_text(value).strip() if isinstance(value, str) else str(value)
        except ValueError:  # beyond the interpreter's limit of digits
            raise self._wrong(names, "number too large") from None
        if len(text) > 1024:
            raise self._wrong(names, "id too long")
        return text or None

    def need_id(self, *names: str) -> str:
        """An id that must be there."""
        found = self.find_id(*names)
        if found is None:
            raise PayloadError(self._path(names), "missing")
        return found

    def find_bool(self, *names: str) -> bool | None:
        """A boolean; 0, 1, "true", "false" are understood."""
        value = self._look(names)
        if value is None and names:
            return None
        known = {True: True, False: False, "true": True, "false": False, "1": True, "0": False}
        if isinstance(value, bool | int | str) and value in known:
            return known[value]
        raise self._wrong(names, "boolean expected")

    def find_time(self, *names: str) -> datetime | None:
        """A time: ISO 8601 with zone, or seconds or milliseconds (>= 1e12) since 1970 as number or numeric string."""
        value = self._look(names)
        if value is None and names:
            return None
        parsed = parse_time(value)
        if parsed is None:
            raise self._wrong(names, "time expected")
        return parsed

    def need_time(self, *names: str) -> datetime:
        """A time that must be there."""
        found = self.find_time(*names)
        if found is None:
            raise PayloadError(self._path(names), "missing")
        return found


def parse_time(value: Any) -> datetime | None:
    """See `Reader.find_time`; None when it is no time. A time without a zone is taken as UTC."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        text = value.strip()
        try:
            value = float(text)
        except ValueError:
            try:
                parsed = datetime.fromisoformat(text)
                return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).astimezone(UTC)
            except (ValueError, OverflowError):
                return None
    try:
        number = float(value)
        if not math.isfinite(number):
            return None
        seconds = number / 1000 if abs(number) >= 1e12 else number
        return datetime.fromtimestamp(seconds, UTC) if 0 <= seconds <= _LARGEST_TIME else None
    except (TypeError, ValueError, OverflowError):
        return None


class Collector:
    """Gathers what a batch holds: one bad entry never blocks the others."""

    def __init__(self) -> None:
        self.events: list[Any] = []
        self.malformed: list[Malformed] = []
        self.ignored: dict[str, int] = {}

    def ignore(self, kind: str) -> None:
        """Count something known to be of no use, or unknown. Beyond fifty kinds they count together: the names are a
        stranger's."""
        name = clean_text(kind)[:80]
        if name not in self.ignored and len(self.ignored) >= _MOST_KINDS:
            name = "other kinds"
        self.ignored[name] = self.ignored.get(name, 0) + 1

    def attempt(self, parse: Callable[[Reader], None], entry: Reader) -> None:
        """Run `parse` on one entry. What it raises is recorded as malformed, what it had added so far is taken back."""
        before = len(self.events)
        try:
            parse(entry)
        except PayloadError as error:
            del self.events[before:]
            self.malformed.append(Malformed(path=error.path, reason=error.reason))
