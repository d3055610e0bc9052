"""A platform with a list of its own that can be read from any moment on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from chalicelib.core.events import InboundMessage, Parsed, PlatformEvent
from chalicelib.core.ids import Cursor, ThreadId
from chalicelib.ports.platform import Polled
from tests.fakes.platform import FakePlatform


class ListingPlatform(FakePlatform):
    """Lists `page` messages at a time, oldest first; cursors are times. ``down``: what becomes of the next polls."""

    def __init__(self, now: Callable[[], datetime], page: int = 3) -> None:
        super().__init__(now)
        self.written: list[InboundMessage] = []
        self.only_in_threads: list[InboundMessage] = []
        self.read: list[str] = []
        self.page = page
        self.down: list[Exception | None] = []
        self.asked: list[Cursor | None] = []

    def cursor_at(self, moment: datetime) -> Cursor:
        return Cursor(moment.isoformat())

    def poll(self, cursor: Cursor | None) -> Polled:
        self.asked.append(cursor)
        error = self.down.pop(0) if self.down else None
        if error is not None:
            raise error
        since = datetime.fromisoformat(cursor) if cursor else self._now()
        found = [item for item in self.written if item.sent_at >= since]
        shown = found[: self.page]
        more = len(found) > len(shown)
        after = shown[-1].sent_at + timedelta(microseconds=1) if more else self._now()
        return Polled(parsed=Parsed(events=tuple(shown)), cursor=Cursor(after.isoformat()), more=more)

    def list_thread(self, thread: ThreadId) -> Parsed[PlatformEvent]:
        self.read.append(thread)
        whole = [*self.written, *self.only_in_threads]
        return Parsed(events=tuple(item for item in whole if item.thread.thread == thread))
