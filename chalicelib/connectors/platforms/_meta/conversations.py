"""Messenger threads as Graph API tells them, and finding our own words again.

Only about the 20 newest messages of a thread can be read. Source: Messenger Platform > Conversations, 2026-02-11.
"""

from __future__ import annotations

from collections.abc import Iterable
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


def fetch_messages(graph: GraphApi, conversation: str) -> tuple[Reader, ...]:
    """The readable messages of a conversation, newest first. Raises leaves."""
    found = graph.get(f"/{segment(conversation)}", fields=f"id,{MESSAGES}")
    try:
        found.need_id("id")
        return tuple(found.items("messages", "data"))
    except PayloadError:
        raise UnavailableError("a conversation that can't be read") from None


def find_own(messages: Iterable[Reader], page: str, text: str, began_at: datetime) -> Reader | None:
    """What the page wrote with this text since `began_at`, or None when it is not among `messages` (or comments).

    Raises OutcomeUnknownError when the author of such a text is
    withheld, or a message can't be read.
    """
    try:
        for message in messages:
            is_new = message.need_time("created_time") >= began_at - SLACK
            if is_new and same_text(message.find_text("message") or "", text):
                author, _ = message.find_id("from", "id"), message.need_id("id")
                if author is None:
                    raise OutcomeUnknownError("author withheld")
                if author == page:
                    return message
    except PayloadError:
        raise OutcomeUnknownError("a message that can't be read") from None
    return None


def other_side(message: Reader, page: str) -> str | None:
    """The customer's PSID: whoever in ``from`` and ``to`` is not the page. Raises PayloadError."""
    people = [message.find_id("from", "id"), *(person.find_id("id") for person in message.items("to", "data"))]
    return next((person for person in people if person and person != page), None)


def same_text(one: str, other: str) -> bool:
    """Equal but for blanks: Meta trims, and joins lines of its own."""
    return one.split() == other.split()
