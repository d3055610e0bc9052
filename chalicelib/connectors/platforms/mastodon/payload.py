"""API answers and stream frames to events. Known shapes: notifications, statuses, conversations, frames and push hints,
alone or in a list, and a status's context.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from chalicelib.connectors.platforms.mastodon.statuses import Reading, edit_of, is_to_us, message_of
from chalicelib.connectors.toolkit.payload import Reader, read_json
from chalicelib.core.errors import PayloadError
from chalicelib.core.events import MessageDeleted, Parsed, PlatformEvent, event_key
from chalicelib.core.ids import AccountKey


def parse_document(document: Reader, account: AccountKey, seen_at: datetime) -> Parsed[PlatformEvent]:
    """All that the document holds, in its order. Raises PayloadError for one of no known shape."""
    if isinstance(document.value, list):
        return parse_entries(document.items(), account, seen_at)
    if document.has("ancestors") or document.has("descendants"):
        return _context(document, account, seen_at)
    _reader_of(document)
    return parse_entries((document,), account, seen_at)


def parse_entries(
    entries: Iterable[Reader], account: AccountKey, seen_at: datetime, roots: Mapping[str, str] | None = None
) -> Parsed[PlatformEvent]:
    """Each entry by its own shape. A status that comes twice (as mention and as quote) is told once."""
    reading = Reading(account=account, seen_at=seen_at, roots=roots or {})
    for entry in entries:
        reading.found.attempt(lambda item: _reader_of(item)(item, reading), entry)
    events: dict[str, PlatformEvent] = {}
    for event in reading.found.events:
        events.setdefault(event_key(event), event)
    found = reading.found
    return Parsed(
        events=tuple(events.values()), malformed=tuple(found.malformed), ignored=dict(sorted(found.ignored.items()))
    )


def root_of(context: Reader) -> str | None:
    """The first status of the thread that a context belongs to; None when it is the asked one itself."""
    for status in context.items("ancestors"):
        return status.need_id("id")
    return None


def _context(document: Reader, account: AccountKey, seen_at: datetime) -> Parsed[PlatformEvent]:
    statuses = [*document.items("ancestors"), *document.items("descendants")]
    root = root_of(document) or (statuses[0].find_id("in_reply_to_id") if statuses else None)
    numbers = [status.value.get("id") for status in statuses if isinstance(status.value, dict)]
    roots = {str(number): root for number in numbers if root and isinstance(number, str)}
    return parse_entries(statuses, account, seen_at, roots)


def _reader_of(entry: Reader) -> Callable[[Reader, Reading], None]:
    for name, read in _SHAPES.items():
        if name in entry.keys():  # noqa: SIM118
            return read
    raise entry.wrong("no notification, status, conversation, context or frame")


def _status(status: Reader, reading: Reading) -> None:
    if status.has("reblog"):
        reading.found.ignore("reblog")
    elif not is_to_us(status, reading):
        reading.found.ignore("status not to us")
    else:
        reading.found.events.append(message_of(status, reading))
        if status.has("edited_at"):
            reading.found.events.append(edit_of(status, reading))


def _notification(entry: Reader, reading: Reading) -> None:
    kind = entry.need_text("type")
    outer = entry.find("account")
    if kind in ("mention", "quote"):
        reading.found.events.append(message_of(entry.need("status"), reading, outer))
    elif kind in ("update", "quoted_update"):
        reading.found.events.append(edit_of(entry.need("status"), reading, outer))
    else:
        reading.found.ignore(kind)


def _conversation(entry: Reader, reading: Reading) -> None:
    last = entry.find("last_status")
    if last is None:
        reading.found.ignore("conversation without a status")
    else:
        _status(last, reading)


def _hint(entry: Reader, reading: Reading) -> None:
    """A web push, deciphered: it says that there is something to poll, and holds an access token."""
    reading.found.ignore(f"push/{entry.need_text('notification_type')}")


def _frame(frame: Reader, reading: Reading) -> None:
    kind = frame.need_text("event")
    handler = _FRAMES.get(kind)
    if handler is None:
        reading.found.ignore(f"stream/{kind}")
    else:
        handler(frame.need("payload"), reading)


def _deciphered(read: Callable[[Reader, Reading], None]) -> Callable[[Reader, Reading], None]:
    """A frame's payload is JSON in a string."""

    def handle(payload: Reader, reading: Reading) -> None:
        if not isinstance(payload.value, str):
            read(payload, reading)
            return
        try:
            inner = read_json(payload.need_text().encode())
        except PayloadError as error:
            raise payload.wrong(error.reason) from None
        read(Reader(inner.value, payload.path), reading)

    return handle


def _deleted(payload: Reader, reading: Reading) -> None:
    """The bare id; no time is given."""
    deleted = MessageDeleted(key=reading.message(payload.need_id()), deleted_at=reading.seen_at)
    reading.found.events.append(deleted)


def _edited(status: Reader, reading: Reading) -> None:
    if is_to_us(status, reading):
        reading.found.events.append(edit_of(status, reading))
    else:
        reading.found.ignore("status not to us")


_SHAPES: dict[str, Callable[[Reader, Reading], None]] = {
    "event": _frame,
    "notification_id": _hint,
    "last_status": _conversation,
    "content": _status,
    "type": _notification,
}
"""A member that tells the shape, in the order to look."""
_FRAMES: dict[str, Callable[[Reader, Reading], None]] = {
    "update": _deciphered(_status),
    "status.update": _deciphered(_edited),
    "notification": _deciphered(_notification),
    "conversation": _deciphered(_conversation),
    "delete": _deleted,
}
