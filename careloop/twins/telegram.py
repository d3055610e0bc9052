"""A stand-in for Telegram with one bot: people who write, groups, a business account, updates by webhook or by asking.

It keeps to Telegram's own rules: updates of a chat come one after another and an untaken one blocks the rest, what is
not taken within 24 hours is lost, there is no history and no idempotency key.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from careloop.twins.base import Deliver
from careloop.twins.forms import FormFile
from careloop.twins.telegram_api import TelegramApi
from careloop.twins.telegram_world import Data, TelegramWorld
from chalicelib.ports.services import Clock

TOKEN = "7100000001:AAF-twin-bot-token-0123456789abcdefgh"


class TelegramTwin(TelegramApi):
    """People and chats are named by their ids, messages by their number in the chat. Updates wait until `flush`."""

    def __init__(
        self,
        clock: Clock,
        *,
        token: str = TOKEN,
        username: str = "acme_bot",
        deliver: Deliver | None = None,
        flood: int | None = None,
    ) -> None:
        bot = {"id": int(token.partition(":")[0]), "is_bot": True, "first_name": "Acme", "username": username}
        super().__init__(TelegramWorld(clock, bot), token, flood)
        self.deliver = deliver

    # -- people --------------------------------------------------------------------------------------------------------

    def add_user(self, first_name: str, username: str | None = None, bio: str | None = None) -> str:
        """Somebody new; the id, which is that of their private chat too."""
        with self.lock:
            user = self.world.add_user(first_name, username)
            if bio:
                self.world.data["users"][str(user["id"])]["bio"] = bio
            return str(user["id"])

    def write(self, user: str, text: str, *, chat: str | None = None, answer: int | None = None) -> int:
        """Somebody writes to the bot, or in a group; the message's number."""
        return self._say(user, {"text": text}, chat, answer)

    def send_file(self, user: str, part: str, file: FormFile, caption: str = "", chat: str | None = None) -> int:
        """Somebody sends a ``photo``, ``document``, ``voice`` ...; the message's number."""
        with self.lock:
            shown = self.keep_file(part, file)
            content: Data = {part: [shown] if part == "photo" else shown, **({"caption": caption} if caption else {})}
            return self._say(user, content, chat, None)

    def edit(self, user: str, number: int, text: str, chat: str | None = None) -> None:
        """Somebody changes a message of theirs."""
        with self.lock:
            message = self._chat(user, chat)["messages"][str(number)]
            message |= {"text": text, "edit_date": self.world.now()}
            self.world.tell("edited_message", message, chat or user)

    def block(self, user: str, *, blocked: bool = True) -> None:
        """Somebody blocks the bot, or takes it back."""
        with self.lock:
            chat = self._chat(user, None)
            chat["blocked"] = "bot was blocked by the user" if blocked else None
            bot, states = self.world.data["bot"], ("member", "kicked")
            old, new = states if blocked else states[::-1]
            change = {
                "chat": self.world.shown_chat(chat),
                "from": self._user(user),
                "date": self.world.now(),
                "old_chat_member": {"status": old, "user": bot},
                "new_chat_member": {"status": new, "user": bot, **({"until_date": 0} if blocked else {})},
            }
            self.world.tell("my_chat_member", change, user)

    # -- groups and business -------------------------------------------------------------------------------------------

    def add_group(self, title: str) -> str:
        """A group with the bot in it; the id."""
        with self.lock:
            return str(self.world.add_chat(-self.world.number(), "group", title)["id"])

    def upgrade(self, group: str) -> str:
        """The group becomes a supergroup; the new id. Messages have other numbers there."""
        with self.lock:
            old = self.world.chat(group)
            new = self.world.add_chat(-1000000000000 - self.world.number(), "supergroup", old["title"])
            old["moved_to"] = new["id"]
            return str(new["id"])

    def connect(self, name: str = "Acme Ltd", *, enabled: bool = True) -> str:
        """A business account connects the bot (or disconnects it again); the connection's id."""
        with self.lock:
            user = self.world.add_user(name, None)
            identity = f"bc-{user['id']}"
            connection = {
                "id": identity,
                "user": user,
                "user_chat_id": user["id"],
                "date": self.world.now(),
                "is_enabled": enabled,
            }
            self.world.data["connections"][identity] = connection
            self.world.tell("business_connection", connection, identity)
            return identity

    def write_to_business(self, user: str, connection: str, text: str) -> int:
        """Somebody writes to the business account; the message's number."""
        return self._business(connection, user, self._user(user), text)

    def native_answer(self, user: str, connection: str, text: str) -> int:
        """The business account's owner answers in the app; the message's number."""
        return self._business(connection, user, self.world.data["connections"][connection]["user"], text)

    def _business(self, connection: str, user: str, author: Data, text: str) -> int:
        with self.lock:
            chat = self.world.add_chat(int(user), "private", connection=connection)
            message = self.world.add_message(chat, author, {"text": text})
            self.world.tell("business_message", message, chat["key"])
            return int(message["message_id"])

    def _say(self, user: str, content: Data, chat: str | None, answer: int | None) -> int:
        with self.lock:
            place = self._chat(user, chat)
            message = self.world.add_message(place, self._user(user), content, answered=answer)
            self.world.tell("message", message, place["key"])
            return int(message["message_id"])

    def _user(self, user: str) -> Data:
        known: Data = self.world.data["users"][user]
        return {name: known[name] for name in known if name != "bio"}

    def _chat(self, user: str, chat: str | None) -> Data:
        return self.world.chat(chat) if chat else self.world.add_chat(int(user), "private")

    # -- what stands there ---------------------------------------------------------------------------------------------

    def texts(self, chat: str) -> list[str]:
        """What everybody wrote there, in order; files by their caption."""
        with self.lock:
            messages = self.world.chat(chat)["messages"].values()
            return [item.get("text") or item.get("caption") or "" for item in messages]

    # -- updates -------------------------------------------------------------------------------------------------------

    def flush(self) -> int:
        """Send what waits to the webhook, each chat's in order; how many were taken."""
        with self.lock:
            hook = self.world.data["hook"]
            if self.deliver is None or not hook["url"]:
                return 0
            taken, blocked = 0, set()
            for item in list(self.world.waiting()):
                if item["chat"] in blocked:
                    continue
                if self._attempt(item["update"], hook):
                    self.world.data["updates"].remove(item)
                    taken += 1
                else:
                    item["attempts"] += 1
                    blocked.add(item["chat"])
            return taken

    def _attempt(self, update: Data, hook: Data) -> bool:
        assert self.deliver is not None
        headers = {"content-type": "application/json"}
        if hook["secret"]:
            headers["x-telegram-bot-api-secret-token"] = hook["secret"]
        body = json.dumps(update, ensure_ascii=False).encode()
        status, _ = self.deliver("POST", hook["url"], headers, body)
        if 200 <= status < 300:
            return True
        reason = "Connection timed out" if status == 0 else f"Wrong response from the webhook: {status}"
        hook |= {"failed_at": self.world.now(), "reason": reason}
        return False

    @property
    def pending(self) -> int:
        """Updates that wait."""
        with self.lock:
            return len(self.world.waiting())

    def dump(self) -> dict[str, Any]:
        """The world as plain data."""
        with self.lock:
            copied: dict[str, Any] = json.loads(json.dumps(self.world.data))
            return copied

    def load(self, data: Mapping[str, Any]) -> None:
        """Restore what `dump` gave."""
        with self.lock:
            self.world.data.clear()
            self.world.data.update(json.loads(json.dumps(data)))
