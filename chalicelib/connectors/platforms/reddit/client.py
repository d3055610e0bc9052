"""Calls to Reddit: polling the inbox, reading things again. It writes nothing, and marks nothing as read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from chalicelib.connectors.platforms.reddit.login import Login
from chalicelib.connectors.platforms.reddit.things import Reading, read_document, read_waiting
from chalicelib.connectors.toolkit.asking import readable
from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.errors import CredentialsError, NotFoundError, PayloadError
from chalicelib.core.events import InboundMessage, Parsed, PlatformEvent
from chalicelib.core.ids import Cursor, MessageId
from chalicelib.ports.platform import PlatformContext, Polled

_PAGES = 10
"""A listing ends after about 1,000 entries anyway."""
_KEPT = 25
"""Names in the cursor: the newest entries of a page may be deleted before the next poll."""
_FIRST = timedelta(hours=1)


class Client:
    """One account. Needs the credentials ``client_id``, ``client_secret``, ``refresh_token``."""

    def __init__(self, context: PlatformContext) -> None:
        self._account, self._clock = context.account.key, context.clock
        self._login = Login(context)

    def poll(self, cursor: Cursor | None) -> Polled:
        """Answers, mentions and private messages that came after those that `cursor` names. The first poll takes the
        last hour."""
        known, reading = set((cursor or "").split(",")) - {""}, self._reading()
        names: list[str] = []
        for entry in self._inbox(known, pages=_PAGES if known else 1):
            name = _name(entry)
            if name is not None and name in known:
                break
            names += [name] if name else []
            reading.waiting.append(entry)
        parsed = read_waiting(reading)
        if not known:
            parsed = _since(parsed, self._clock.now() - _FIRST)
        kept = [*names, *(name for name in (cursor or "").split(",") if name)][:_KEPT]
        return Polled(parsed=parsed, cursor=Cursor(",".join(kept)))

    def fetch_message(self, message: MessageId) -> Parsed[PlatformEvent]:
        """One comment or post as it is now, or that it was deleted. Raises NotFoundError."""
        answer = self._login.get("/api/info", {"id": message})
        with readable():
            if not list(answer.items("data", "children")):
                raise NotFoundError("no such thing")
            return read_document(answer, self._reading())

    def probe(self) -> str:
        """Tries the login, and whether the inbox can be read."""
        me = self._login.get("/api/v1/me", {})
        with readable():
            if f"t2_{me.need_id('id')}" != self._account.account:
                raise CredentialsError("another account", advice="The refresh token belongs to another account.")
            name = me.find_text("name") or self._account.account
        self._login.get("/message/inbox", {"limit": 1})
        return f"signed in as {name}; the inbox can be read"

    def _inbox(self, known: set[str], pages: int) -> Iterator[Reader]:
        """Entries, newest first."""
        after = None
        for _ in range(pages):
            page = self._login.get("/message/inbox", {"limit": 100, "after": after})
            with readable():
                entries = list(page.items("data", "children"))
                after = page.find_id("data", "after")
            yield from entries
            if after is None:
                return

    def _reading(self) -> Reading:
        return Reading(account=self._account, seen_at=self._clock.now())


def _since(parsed: Parsed[PlatformEvent], start: datetime) -> Parsed[PlatformEvent]:
    """Without messages that were sent before `start`, and their edits."""
    old = {event.key for event in parsed.events if isinstance(event, InboundMessage) and event.sent_at < start}
    events = tuple(event for event in parsed.events if getattr(event, "key", None) not in old)
    return Parsed(events=events, malformed=parsed.malformed, ignored=parsed.ignored)


def _name(entry: Reader) -> str | None:
    """An entry's fullname, if it can be read; names go into the cursor, so no commas."""
    try:
        name = entry.find_id("data", "name")
    except PayloadError:
        return None
    return name if name and "," not in name and len(name) <= 40 else None
