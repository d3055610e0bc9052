"""One poll of an account: its comments, then its private messages, each from a place of its own.

What was read to its end rests until the other is too; then both begin again.
"""

from __future__ import annotations

import json
from datetime import datetime

from chalicelib.connectors.platforms._meta import inbox
from chalicelib.connectors.platforms.instagram import sweep
from chalicelib.connectors.toolkit.payload import read_json
from chalicelib.core.errors import CredentialsError, PayloadError, RateLimitedError
from chalicelib.core.events import Parsed, PlatformEvent
from chalicelib.core.ids import Cursor
from chalicelib.ports.platform import Polled

WATCHED = 100
"""Newest media whose comments are looked at."""
_LISTS = ("comments", "messages")


def poll(box: inbox.Inbox, make: sweep.Make, cursor: Cursor | None, now: datetime, *, watched: int) -> Polled:
    """Both lists on from `cursor`. Raises leaves; then the cursor stays. Where the account's owner does not let apps
    read its messages, comments are read all the same; that is counted."""
    places, left = _restore(cursor)
    found: dict[str, Polled] = {}
    refused: dict[str, int] = {}
    for name in left:
        try:
            if name == "comments":
                found[name] = sweep.poll(box.graph, make, places.get(name), now, watched=watched)
            else:
                found[name] = inbox.poll(box, places.get(name), now)
        except RateLimitedError:
            if not found:
                raise
            break  # what was read is kept; the rest goes on from where it was
        except CredentialsError as error:
            if error.dead or (name == left[-1] and not found):
                raise
            refused[f"poll/{name} refused"] = 1
    places |= {name: polled.cursor for name, polled in found.items()}
    unfinished = [name for name in left if _is_left(name, found, refused)]
    events: list[PlatformEvent] = [event for polled in found.values() for event in polled.parsed.events]
    events.sort(key=_time)
    parsed = Parsed(
        events=tuple(events),
        malformed=tuple(item for polled in found.values() for item in polled.parsed.malformed),
        ignored={**_counts(found), **refused},
    )
    more = any(polled.more for polled in found.values())
    return Polled(parsed=parsed, cursor=_save(places, unfinished), more=more, paused=bool(unfinished) and not more)


def _is_left(name: str, found: dict[str, Polled], refused: dict[str, int]) -> bool:
    if name in found:
        return found[name].more or found[name].paused
    return f"poll/{name} refused" not in refused


def _time(event: PlatformEvent) -> datetime:
    return event.sent_at  # type: ignore[union-attr]  # polls give messages alone


def _counts(found: dict[str, Polled]) -> dict[str, int]:
    total: dict[str, int] = {}
    for polled in found.values():
        for kind, count in polled.parsed.ignored.items():
            total[kind] = total.get(kind, 0) + count
    return total


def cursor_at(moment: datetime) -> Cursor:
    """The place after a poll that began at `moment`."""
    return _save({"comments": sweep.cursor_at(moment), "messages": inbox.cursor_at(moment)}, [])


def _save(places: dict[str, Cursor], left: list[str]) -> Cursor:
    return Cursor(json.dumps({**places, **({"left": left} if left else {})}, separators=(",", ":")))


def _restore(cursor: Cursor | None) -> tuple[dict[str, Cursor], tuple[str, ...]]:
    """Where each list is, and which are still to be read in this round."""
    if not cursor:
        return {}, _LISTS
    try:
        data = read_json(cursor.encode())
        places = {name: Cursor(found) for name in _LISTS if (found := data.find_text(name))}
        named = {item.find_text() for item in data.items("left")}
    except PayloadError:
        return {}, _LISTS
    return places, tuple(name for name in _LISTS if name in named) or _LISTS
