"""Calls to Reddit: polling the inbox, reading things again. It writes nothing, and marks nothing as read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib.connectors.platforms.reddit.login import Login
from chalicelib.connectors.platforms.reddit.things import Reading, read_document, read_waiting
from chalicelib.connectors.toolkit.asking import readable
from chalicelib.connectors.toolkit.payload import Reader, parse_time
from chalicelib.core.errors import CredentialsError, NotFoundError, PayloadError
from chalicelib.core.events import Parsed, PlatformEvent
from chalicelib.core.ids import Cursor, MessageId
from chalicelib.ports.platform import HISTORY_ENDS, PlatformContext, Polled

_PAGES = 10
"""A listing ends after about 1,000 entries anyway."""
_LISTED = 900
"""A listing of more entries that reaches nothing known has ended by Reddit's bound."""
_KEPT = 25
"""Names in the cursor: the newest entries of a page may be deleted before the next poll."""
_FIRST = timedelta(hours=1)
_TIME = "@"
"""How a cursor begins that names a time instead of entries."""


class Client:
    """One account. Needs the credentials ``client_id``, ``client_secret``, ``refresh_token``."""

    def __init__(self, context: PlatformContext) -> None:
        self._account, self._clock = context.account.key, context.clock
        self._login = Login(context)

    def poll(self, cursor: Cursor | None) -> Polled:
        """Answers, mentions and private messages that came after those that `cursor` names. The first poll takes the
        last hour."""
        known = {name for name in (cursor or "").split(",") if name and not name.startswith(_TIME)}
        start = _start(cursor, known, self._clock.now())
        names: list[str] = []
        reading, reached = self._reading(), False
        for page in self._inbox():
            for entry in page:
                name = _name(entry)
                if name is not None and name in known:
                    reached = True
                    break
                names += [name] if name else []
                is_old = start is not None and _is_before(entry, start)
                reached = reached or is_old
                if not is_old:
                    reading.waiting.append(entry)
            if reached:
                break
        parsed = read_waiting(reading)
        if cursor and not reached and len(names) > _LISTED:
            parsed = replace(parsed, ignored={**parsed.ignored, HISTORY_ENDS: 1})
        kept = [*names, *(name for name in (cursor or "").split(",") if name in known)][:_KEPT]
        return Polled(parsed=parsed, cursor=Cursor(",".join(kept) or cursor or ""))

    def cursor_at(self, moment: datetime) -> Cursor:
        """The cursor with which `poll` reads down to `moment`."""
        return Cursor(_TIME + moment.isoformat())

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

    def _inbox(self) -> Iterator[list[Reader]]:
        """Pages of entries, newest first."""
        after = None
        for _ in range(_PAGES):
            page = self._login.get("/message/inbox", {"limit": 100, "after": after})
            with readable():
                entries = list(page.items("data", "children"))
                after = page.find_id("data", "after")
            yield entries
            if after is None:
                return

    def _reading(self) -> Reading:
        return Reading(account=self._account, seen_at=self._clock.now())


def _start(cursor: Cursor | None, known: set[str], now: datetime) -> datetime | None:
    """The time to read down to, where no entry says it."""
    if known:
        return None
    wanted = parse_time((cursor or "").removeprefix(_TIME)) if cursor else None
    return wanted or now - _FIRST


def _is_before(entry: Reader, start: datetime) -> bool:
    """An entry whose time can't be read may be new."""
    try:
        at = entry.find_time("data", "created_utc")
    except PayloadError:
        return False
    return at is not None and at < start


def _name(entry: Reader) -> str | None:
    """An entry's fullname, if it can be read; names go into the cursor, so no commas."""
    try:
        name = entry.find_id("data", "name")
    except PayloadError:
        return None
    return name if name and "," not in name and len(name) <= 40 else None
