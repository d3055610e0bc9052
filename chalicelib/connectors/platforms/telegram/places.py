"""Chats, topics and messages as ids of ours, and the way back.

A message's number is unique in its chat only. A private chat has the customer's id, whether they write to the bot or to
the company's own account that the bot is connected to: chats of a business connection get its id in front.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a message stands. ``connection``: of the business account that owns the chat."""

    chat: str
    topic: str | None = None
    connection: str | None = None

    @property
    def thread(self) -> str:
        """``[connection|]chat[#topic]``."""
        return f"{self._chat}#{self.topic}" if self.topic else self._chat

    def message(self, number: str) -> str:
        """``[connection|]chat:number``: edits may not tell the topic."""
        return f"{self._chat}:{number}"

    @property
    def _chat(self) -> str:
        return f"{self.connection}|{self.chat}" if self.connection else self.chat


def place_of(thread: str) -> Place:
    """The way back from `Place.thread`."""
    connection, _, rest = thread.rpartition("|")
    chat, _, topic = rest.partition("#")
    return Place(chat=chat, topic=topic or None, connection=connection or None)


def number_of(message: str) -> int | None:
    """The number in its chat; None for what is no message (a pressed button)."""
    number = message.rpartition(":")[2]
    return int(number) if number.isascii() and number.isdigit() and len(number) < 16 and "/" not in message else None


def permalink(chat: str, username: str | None, number: str) -> str | None:
    """Public chats by name, supergroups and channels by number for their members; private chats have none."""
    if username:
        return f"https://t.me/{username}/{number}"
    return f"https://t.me/c/{chat.removeprefix('-100')}/{number}" if chat.startswith("-100") else None
