"""The Telegram twin's world: people, chats, messages, files, and the bot's list of updates. No HTTP in here.

Facts: Bot API 10.1 (2026-06-11); tdlib/telegram-bot-api#147, #422. An update that is not taken blocks those of its
chat, is repeated, and is lost after 24 hours.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from chalicelib.ports.services import Clock

Data = dict[str, Any]

KEPT = timedelta(hours=24)
"""So long Telegram keeps updates that nobody took."""
BUSINESS_WINDOW = timedelta(hours=24)
LONGEST_TEXT, LONGEST_CAPTION = 4096, 1024
MOST_DOWNLOAD = 20_000_000
DELETABLE = timedelta(hours=48)
UNASKED = frozenset({"chat_member", "message_reaction", "message_reaction_count"})
"""Sent only to who names them."""


class Refused(Exception):
    """The Bot API says no."""

    def __init__(self, status: int, description: str, **parameters: Any) -> None:
        super().__init__(description)
        self.status = status
        self.body: Data = {"ok": False, "error_code": status, "description": description}
        if parameters:
            self.body["parameters"] = parameters


def bad(words: str, **parameters: Any) -> Refused:
    """400."""
    return Refused(400, f"Bad Request: {words}", **parameters)


def units(text: str) -> int:
    """UTF-16 code units."""
    return len(text.encode("utf-16-le")) // 2


class TelegramWorld:
    """Everything that Telegram knows, as plain data."""

    def __init__(self, clock: Clock, bot: Data) -> None:
        self.clock = clock
        self.data: Data = {
            "bot": bot,
            "users": {},
            "chats": {},
            "connections": {},
            "files": {},
            "updates": [],
            "next_update": 845001200,
            "next_id": 6400001234,
            "hook": {"url": "", "secret": "", "allowed": [], "failed_at": None, "reason": None},
        }

    def now(self) -> int:
        """Seconds since 1970."""
        return int(self.clock.now().timestamp())

    def number(self) -> int:
        """A new id."""
        self.data["next_id"] += 1
        return int(self.data["next_id"])

    # -- people and chats ----------------------------------------------------------------------------------------------

    def add_user(self, first_name: str, username: str | None) -> Data:
        """Somebody, with a private chat to the bot that they have not begun yet."""
        user: Data = {"id": self.number(), "is_bot": False, "first_name": first_name, "language_code": "de"}
        if username:
            user["username"] = username
        self.data["users"][str(user["id"])] = user
        return user

    def add_chat(self, identity: int, kind: str, title: str | None = None, connection: str | None = None) -> Data:
        """A chat; the key is its id, with the business connection in front where it is the company's own."""
        key = f"{connection}|{identity}" if connection else str(identity)
        if key not in self.data["chats"]:
            self.data["chats"][key] = {
                "key": key,
                "id": identity,
                "type": kind,
                "title": title,
                "connection": connection,
                "messages": {},
                "next": 2100,
                "blocked": None,
                "moved_to": None,
                "heard_at": None,
            }
        found: Data = self.data["chats"][key]
        return found

    def chat(self, key: str) -> Data:
        """An open chat. Refused: there is none."""
        found: Data | None = self.data["chats"].get(key)
        if found is None:
            raise bad("chat not found")
        return found

    def shown_chat(self, chat: Data) -> Data:
        """``Chat``."""
        if chat["type"] == "private":
            user = self.data["users"][str(chat["id"])]
            names = {name: user[name] for name in ("first_name", "username") if name in user}
            return {"id": chat["id"], "type": "private", **names}
        return {"id": chat["id"], "type": chat["type"], "title": chat["title"]}

    # -- messages ------------------------------------------------------------------------------------------------------

    def add_message(self, chat: Data, author: Data, content: Data, *, answered: int | None = None) -> Data:
        """A message in `chat`."""
        chat["next"] += 1
        message: Data = {
            "message_id": chat["next"],
            "date": self.now(),
            "from": author,
            "chat": self.shown_chat(chat),
            **content,
        }
        if chat["connection"]:
            message["business_connection_id"] = chat["connection"]
        known = chat["messages"].get(str(answered))
        if known is not None:
            message["reply_to_message"] = {name: known[name] for name in known if name != "reply_to_message"}
        chat["messages"][str(message["message_id"])] = message
        if author["id"] == chat["id"]:
            chat["heard_at"] = self.now()
        return message

    def check_open(self, chat: Data) -> None:
        """Whether the bot may write there. Refused: no."""
        if chat["moved_to"] is not None:
            raise bad("group chat was upgraded to a supergroup chat", migrate_to_chat_id=chat["moved_to"])
        if chat["blocked"]:
            raise Refused(403, f"Forbidden: {chat['blocked']}")
        if chat["connection"]:
            connection = self.data["connections"].get(chat["connection"])
            if connection is None or not connection["is_enabled"]:
                raise bad("business connection not found")
            heard = chat["heard_at"]
            if heard is None or self.now() - heard > BUSINESS_WINDOW.total_seconds():
                raise bad("BUSINESS_PEER_USAGE_MISSING")
        elif chat["type"] == "private" and not chat["messages"]:
            raise Refused(403, "Forbidden: bot can't initiate conversation with a user")

    def delete(self, chat: Data, number: int) -> None:
        """Take back what the bot wrote. Refused: not there, or too old."""
        message = chat["messages"].get(str(number))
        if message is None:
            raise bad("message to delete not found")
        if self.now() - message["date"] > DELETABLE.total_seconds():
            raise bad("message can't be deleted for everyone")
        del chat["messages"][str(number)]

    # -- updates -------------------------------------------------------------------------------------------------------

    def tell(self, kind: str, content: Data, chat: str) -> None:
        """Put an update on the bot's list, if it asked for that kind."""
        allowed = self.data["hook"]["allowed"]
        if kind not in allowed if allowed else kind in UNASKED:
            return
        update = {"update_id": self.data["next_update"], kind: content}
        self.data["next_update"] += 1
        self.data["updates"].append({"update": update, "chat": chat, "at": self.now(), "attempts": 0})

    def waiting(self) -> list[Data]:
        """Updates that nobody took; what is older than a day is gone."""
        oldest = self.now() - KEPT.total_seconds()
        self.data["updates"] = [item for item in self.data["updates"] if item["at"] >= oldest]
        found: list[Data] = self.data["updates"]
        return found

    def take(self, offset: int) -> None:
        """Everything before `offset` was taken."""
        self.data["updates"] = [item for item in self.waiting() if item["update"]["update_id"] >= offset]
