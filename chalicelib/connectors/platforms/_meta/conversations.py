"""Private threads as Graph API tells them, and finding our own words again.

Only about the 20 newest messages of a thread can be read. Source: Messenger Platform > Conversations, 2026-02-11.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from chalicelib.connectors.platforms._meta.graph import GraphApi
from chalicelib.connectors.toolkit.api import segment
from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.errors import OutcomeUnknownError, PayloadError, UnavailableError

READABLE = 20
"""Messages of a thread that Meta lets us read."""
SLACK = timedelta(seconds=5)
"""Graph's times are whole seconds, and its clock is not ours."""
MESSAGES = "messages{id,created_time,from,to,message,attachments}"


def fetch_messages(graph: GraphApi, conversation: str, fields: str = MESSAGES) -> tuple[Reader, ...]:
    """The readable messages of a conversation, newest first. Raises leaves."""
    found = graph.get(f"/{segment(conversation)}", fields=f"id,{fields}")
    try:
        found.need_id("id")
        return tuple(found.items("messages", "data"))
    except PayloadError:
        raise UnavailableError("a conversation that can't be read") from None


def find_own(
    messages: Iterable[Reader],
    own: Collection[str],
    text: str,
    began_at: datetime,
    *,
    words: str = "message",
    time: str = "created_time",
    person: str | None = None,
) -> Reader | None:
    """What the account (by one of its ids or names, `own`) wrote with this text since `began_at`, or None when it is
    not among `messages` (or comments, which have other names for their ``words`` and ``time``). ``person``: the other
    one in a private thread.

    Raises OutcomeUnknownError when the author of such a text is
    withheld, or a message can't be read.
    """
    try:
        for message in messages:
            is_new = message.need_time(time) >= began_at - SLACK
            if is_new and same_text(message.find_text(words) or "", text):
                message.need_id("id")
                if is_by(message, own, person):
                    return message
    except PayloadError:
        raise OutcomeUnknownError("a message that can't be read") from None
    return None


def find_own_file(
    messages: Iterable[Reader], own: Collection[str], began_at: datetime, *, first: bool, person: str | None = None
) -> Reader | None:
    """The file without words that the account sent since `began_at`, or None when there certainly is none.

    Files look alike: several, or one that an earlier part of the same reply may have been (not ``first``, and not
    later than the second in which this one began), raise OutcomeUnknownError.
    """
    found: list[Reader] = []
    try:
        for message in messages:
            is_file = message.has("attachments") and not (message.find_text("message") or "").strip()
            if is_file and message.need_time("created_time") >= began_at - SLACK and is_by(message, own, person):
                message.need_id("id")
                found.append(message)
        if len(found) > 1:
            raise OutcomeUnknownError("several files were sent")
        if found and not first and found[0].need_time("created_time") <= began_at:
            raise OutcomeUnknownError("the file may be another part's")
    except PayloadError:
        raise OutcomeUnknownError("a message that can't be read") from None
    return found[0] if found else None


def is_by(message: Reader, own: Collection[str], person: str | None = None) -> bool:
    """Whether the account wrote it: by one of its names, or in a thread of two whoever is not the ``person``, as the
    account may be called by yet another id. Raises PayloadError; OutcomeUnknownError when the author is withheld."""
    author, handle = message.find_id("from", "id"), message.find_text("from", "username")
    if author is None and handle is None:
        raise OutcomeUnknownError("author withheld")
    if author in own or handle in own:
        return True
    return person is not None and author is not None and author != person


def other_side(message: Reader, own: Collection[str]) -> str | None:
    """The customer's id: whoever in ``from`` and ``to`` is not the account. Raises PayloadError."""
    senders = [sender] if (sender := message.find("from")) is not None else []
    for person in (*senders, *message.items("to", "data")):
        name, handle = person.find_id("id"), person.find_text("username")
        if name and name not in own and handle not in own:
            return name
    return None


def same_text(one: str, other: str) -> bool:
    """Equal but for blanks: Meta trims, and joins lines of its own."""
    return one.split() == other.split()
