"""When a private message may be sent. Source: Messenger Platform > Policy overview (2026-09-28), Instagram Platform >
Messaging API (2026-11-22): 24 hours for an answer, 7 days for a person's with the reviewed Human Agent feature."""

from __future__ import annotations

from datetime import datetime, timedelta

from chalicelib.core.errors import ReplyWindowClosedError

STANDARD_WINDOW = timedelta(hours=24)
HUMAN_WINDOW = timedelta(days=7)


def permission(
    last_message_at: datetime | None, now: datetime, *, has_human_agent: bool, title: str, inside: dict[str, str]
) -> dict[str, str]:
    """What lets a message go at this time; ``inside`` within the standard window. An unknown last message is left to
    Meta to judge. ReplyWindowClosedError where Meta's rules are known to refuse it: an answer outside the window can
    cost the account its right to send."""
    age = now - last_message_at if last_message_at else timedelta(0)
    if age < STANDARD_WINDOW:
        return inside
    if age < HUMAN_WINDOW and has_human_agent:
        return {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}
    limit = "7 days" if has_human_agent else "24 hours"
    raise ReplyWindowClosedError(
        f"last customer message is older than {limit}",
        advice=f"{title} takes an answer only within {limit} of the customer's last message: "
        "wait until they write again, or reach them another way.",
    )
