"""API answers and stream frames to events: pages of notifications, threads, posts, Jetstream frames."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from chalicelib.connectors.platforms.bluesky.posts import Reading, message_of, surface_of, viewed_post
from chalicelib.connectors.platforms.bluesky.stream import read_frame, single_frame
from chalicelib.connectors.platforms.bluesky.thread import walk_thread
from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.events import InboundMessage, MessageDeleted, MessageEdited, Parsed, PlatformEvent, Surface
from chalicelib.core.ids import AccountKey

_SURFACES = {"mention": Surface.MENTION, "quote": Surface.MENTION, "reply": Surface.COMMENT}


def parse_document(document: Reader, account: AccountKey, seen_at: datetime) -> Parsed[PlatformEvent]:
    """All that an API answer or a list of stream frames holds, oldest first. Raises PayloadError for a document of no
    known shape."""
    reading = Reading(account=account, seen_at=seen_at)
    if isinstance(document.value, list):
        for frame in document.items():
            reading.found.attempt(lambda entry: read_frame(entry, reading), frame)
    else:
        shape = next((name for name in _SHAPES if name in document.keys()), None)  # noqa: SIM118
        if shape is None:
            raise document.wrong("no notifications, thread, posts or frames")
        _SHAPES[shape](document, reading)
    events = sorted(reading.found.events, key=_time_of)
    return Parsed(
        events=tuple(events),
        malformed=tuple(reading.found.malformed),
        ignored=dict(sorted(reading.found.ignored.items())),
    )


def _time_of(event: PlatformEvent) -> datetime:
    match event:
        case InboundMessage():
            return event.sent_at
        case MessageEdited():
            return event.edited_at
        case MessageDeleted():
            return event.deleted_at
    raise AssertionError(event)


def _notifications(document: Reader, reading: Reading) -> None:
    for entry in document.items("notifications"):
        reading.found.attempt(lambda item: _notification(item, reading), entry)


def _notification(entry: Reader, reading: Reading) -> None:
    reason = entry.need_text("reason")
    surface = _SURFACES.get(reason)
    if surface is None:
        reading.found.ignore(reason)
        return
    reading.found.events.append(message_of(viewed_post(entry, reading), reading, surface))


def _posts(document: Reader, reading: Reading) -> None:
    for entry in document.items("posts"):
        reading.found.attempt(lambda item: _post(item, reading), entry)


def _post(entry: Reader, reading: Reading) -> None:
    post = viewed_post(entry, reading)
    reading.found.events.append(message_of(post, reading, surface_of(post, reading)))


_SHAPES: dict[str, Callable[[Reader, Reading], None]] = {
    "notifications": _notifications,
    "thread": walk_thread,
    "posts": _posts,
    "time_us": single_frame,
}
