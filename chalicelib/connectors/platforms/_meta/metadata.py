"""The mark that our private messages carry: Messenger hands it back with the echo."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chalicelib.core.reply import OutboundReply

METADATA_PREFIX = "careloop:"
"""Followed by the delivery key."""
LONGEST_METADATA = 999
"""Under 1,000 characters (Send API reference, 2026-11-22)."""


def metadata_for(reply: OutboundReply) -> dict[str, str]:
    """``metadata`` of a message, or nothing when the key is too long: its echo is then known by the message's id."""
    mark = METADATA_PREFIX + reply.key
    return {"metadata": mark} if len(mark) <= LONGEST_METADATA else {}


def delivery_of(metadata: str) -> str | None:
    """The delivery key in the metadata of an echo, or None when it is not ours."""
    return metadata.removeprefix(METADATA_PREFIX) or None if metadata.startswith(METADATA_PREFIX) else None
