"""Frames of Jetstream, the public stream of all records (version 1): creations, edits, deletions.

It filters by author, so it serves those who run a consumer for their own account or for customers with open tickets.
Source: bluesky-social/jetstream at 9a30defd224e.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from chalicelib.connectors.platforms.bluesky.places import POSTS, AtUri, find_uri
from chalicelib.connectors.platforms.bluesky.posts import (
    Post,
    Reading,
    author_of,
    calls_us,
    message_of,
    references_of,
    surface_of,
)
from chalicelib.connectors.platforms.bluesky.richtext import expanded_text
from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.events import MessageDeleted, MessageEdited
from chalicelib.core.ids import ThreadId, ThreadKey


def single_frame(document: Reader, reading: Reading) -> None:
    reading.found.attempt(lambda entry: read_frame(entry, reading), document)


def read_frame(frame: Reader, reading: Reading) -> None:
    kind = frame.need_text("kind")
    if kind != "commit":
        reading.found.ignore(kind)
        return
    collection, operation = frame.need_text("commit", "collection"), frame.need_text("commit", "operation")
    handler = _OPERATIONS.get(operation) if collection == POSTS else None
    if handler is None:
        reading.found.ignore(collection if collection != POSTS else operation)
        return
    did, rkey = frame.need_text("did"), frame.need_text("commit", "rkey")
    uri = find_uri(f"at://{did}/{collection}/{rkey}")
    if uri is None:
        raise frame.wrong("a record's place expected")
    handler(frame, uri, reading)


def _frame_time(frame: Reader) -> datetime:
    value: Any = frame.need("time_us").value
    try:
        if isinstance(value, bool) or value < 0:
            raise ValueError
        return datetime.fromtimestamp(value / 1_000_000, UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        raise frame.need("time_us").wrong("microseconds since 1970 expected") from None


def _committed(frame: Reader, uri: AtUri, reading: Reading) -> Post:
    record = frame.need("commit", "record")
    parent, root, refs = references_of(record)
    return Post(
        uri=uri,
        cid=frame.need_id("commit", "cid"),
        author=author_of(Reader({"did": uri.did}, frame.path), reading),
        record=record,
        at=_frame_time(frame),
        parent=parent,
        root=root,
        refs=refs,
    )


def _created(frame: Reader, uri: AtUri, reading: Reading) -> None:
    post = _committed(frame, uri, reading)
    answers_us = any(ref is not None and reading.is_ours(ref.did) for ref in (post.parent, post.root))
    if reading.takes_all or post.author.is_brand or answers_us or calls_us(post.record, reading):
        reading.found.events.append(message_of(post, reading, surface_of(post, reading)))
    else:
        reading.found.ignore("not said to us")


def _updated(frame: Reader, uri: AtUri, reading: Reading) -> None:
    post = _committed(frame, uri, reading)
    edited = MessageEdited(
        key=reading.key(uri),
        text=expanded_text(post.record),
        edited_at=post.at,
        thread=ThreadKey(account=reading.account, thread=ThreadId(str(post.thread))),
        author=post.author,
        version=post.cid,
    )
    reading.found.events.append(edited)


def _removed(frame: Reader, uri: AtUri, reading: Reading) -> None:
    author = author_of(Reader({"did": uri.did}, frame.path), reading)
    event = MessageDeleted(key=reading.key(uri), deleted_at=_frame_time(frame), author=author)
    reading.found.events.append(event)


_OPERATIONS: dict[str, Callable[[Reader, AtUri, Reading], None]] = {
    "create": _created,
    "update": _updated,
    "delete": _removed,
}
