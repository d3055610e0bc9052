"""The Telegram twin's Bot API: the methods that a customer-care bot calls, as strict as the real one.

Facts: Bot API 10.1 (2026-06-11), and the issues that the connector's page names.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from typing import Any

from careloop.twins.base import Handler, Twin, TwinRequest, TwinResponse, reply_json
from careloop.twins.forms import FormFile, read_form
from careloop.twins.telegram_world import (
    LONGEST_CAPTION,
    LONGEST_TEXT,
    MOST_DOWNLOAD,
    Data,
    Refused,
    TelegramWorld,
    bad,
    units,
)

_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")
_SENDING = {
    "sendPhoto": "photo",
    "sendVideo": "video",
    "sendVoice": "voice",
    "sendAudio": "audio",
    "sendDocument": "document",
}
_FIELDS = {"width": 1, "height": 1, "duration": 1}
_TAKES = {"photo": ("width", "height"), "video": ("width", "height", "duration"), "voice": ("duration",)}


class TelegramApi(Twin):
    """The vendor's side; what people do is in `TelegramTwin`. ``flood``: messages that one chat takes in a second."""

    name = "telegram"

    def __init__(self, world: TelegramWorld, token: str, flood: int | None) -> None:
        self.world = world
        self.token = token
        self.flood = flood
        self._sent_at: dict[str, list[int]] = {}
        self._methods: dict[str, Callable[[Data, dict[str, FormFile]], Any]] = {
            "getMe": lambda params, files: world.data["bot"],
            "getWebhookInfo": lambda params, files: self._hook_info(),
            "setWebhook": self._set_webhook,
            "deleteWebhook": self._delete_webhook,
            "getUpdates": self._get_updates,
            "getChat": self._get_chat,
            "getFile": self._get_file,
            "sendMessage": self._send_message,
            "deleteMessage": self._delete_message,
            "deleteBusinessMessages": self._delete_business,
            **{name: self._sender(name) for name in _SENDING},
        }
        super().__init__()

    def routes(self) -> dict[tuple[str, str], Handler]:
        """GET and POST alike; files at an address of their own."""
        call, file = r"/bot([^/]+)/(\w+)", r"/file/bot([^/]+)/(.+)"
        return {("GET", call): self._call, ("POST", call): self._call, ("GET", file): self._download}

    def not_found(self, request: TwinRequest) -> TwinResponse:
        """As for an unknown method."""
        return reply_json({"ok": False, "error_code": 404, "description": "Not Found"}, 404)

    def _call(self, request: TwinRequest) -> TwinResponse:
        token, name = request.args
        method = self._methods.get(name)
        if method is None or ":" not in token:
            return self.not_found(request)
        if token != self.token:
            return reply_json({"ok": False, "error_code": 401, "description": "Unauthorized"}, 401)
        try:
            params, files = _params(request)
            return reply_json({"ok": True, "result": method(params, files)})
        except Refused as refused:
            return reply_json(refused.body, refused.status)

    # -- sending -------------------------------------------------------------------------------------------------------

    def _send_message(self, params: Data, files: dict[str, FormFile]) -> Data:
        text = params.get("text")
        if not isinstance(text, str) or not text.strip():
            raise bad("message text is empty")
        if units(text) > LONGEST_TEXT:
            raise bad("message is too long")
        return self._posted(params, {"text": text})

    def _sender(self, name: str) -> Callable[[Data, dict[str, FormFile]], Data]:
        part = _SENDING[name]

        def send(params: Data, files: dict[str, FormFile]) -> Data:
            file = files.get(part)
            if file is None:
                raise bad(f"there is no {part} in the request")
            caption = params.get("caption") or ""
            if units(caption) > LONGEST_CAPTION:
                raise bad("message caption is too long")
            if part == "photo" and not file.media_type.startswith("image/"):
                raise bad("IMAGE_PROCESS_FAILED")
            shown = self.keep_file(part, file)
            content: Data = {part: [shown] if part == "photo" else shown, **({"caption": caption} if caption else {})}
            return self._posted(params, content)

        return send

    def keep_file(self, part: str, file: FormFile) -> Data:
        """Store a file; its ``PhotoSize``, ``Document`` or the like."""
        number = self.world.number()
        identity = f"AgAC{number}"
        ending = file.name.rpartition(".")[2] or "bin"
        self.world.data["files"][identity] = {
            "path": f"{part}s/file_{number}.{ending}",
            "content": base64.b64encode(file.content).decode(),
            "size": len(file.content),
        }
        extra = {name: _FIELDS[name] for name in _TAKES.get(part, ("duration",) if part == "audio" else ())}
        kind = {"mime_type": file.media_type} if part != "photo" else {}
        named = {"file_name": file.name, **kind} if part not in ("photo", "voice") else kind
        return {"file_id": identity, "file_unique_id": f"u{number}", "file_size": len(file.content), **named, **extra}

    def _posted(self, params: Data, content: Data) -> Data:
        chat = self._target(params)
        self.world.check_open(chat)
        self._pace(chat["key"])
        answered = (params.get("reply_parameters") or {}).get("message_id")
        if answered is not None:
            if not isinstance(answered, int):
                raise bad("can't parse reply parameters JSON object")
            lenient = params["reply_parameters"].get("allow_sending_without_reply")
            if str(answered) not in chat["messages"] and not lenient:
                raise bad("message to be replied not found")
        return self.world.add_message(chat, self._author(chat), content, answered=answered)

    def _author(self, chat: Data) -> Data:
        """The bot, or the account that it writes for."""
        connection = self.world.data["connections"].get(chat["connection"])
        found: Data = connection["user"] if connection else self.world.data["bot"]
        return found

    def _target(self, params: Data) -> Data:
        chat, connection = str(params.get("chat_id", "")), params.get("business_connection_id")
        if not chat:
            raise bad("chat_id is empty")
        return self.world.chat(f"{connection}|{chat}" if connection else chat)

    def _pace(self, chat: str) -> None:
        if self.flood is None:
            return
        now = self.world.now()
        recent = [at for at in self._sent_at.get(chat, []) if at == now]
        if len(recent) >= self.flood:
            raise Refused(429, "Too Many Requests: retry after 3", retry_after=3)
        self._sent_at[chat] = [*recent, now]

    # -- the rest ------------------------------------------------------------------------------------------------------

    def _delete_message(self, params: Data, files: dict[str, FormFile]) -> bool:
        self.world.delete(self._target(params), int(params["message_id"]))
        return True

    def _delete_business(self, params: Data, files: dict[str, FormFile]) -> bool:
        connection = params.get("business_connection_id")
        chats = [chat for chat in self.world.data["chats"].values() if chat["connection"] == connection]
        for number in params["message_ids"]:
            for chat in chats:
                if str(number) in chat["messages"]:
                    self.world.delete(chat, number)
        return True

    def _get_chat(self, params: Data, files: dict[str, FormFile]) -> Data:
        chat = self.world.chat(str(params.get("chat_id", "")))
        bio = self.world.data["users"].get(str(chat["id"]), {}).get("bio")
        gifts = ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels")
        always = {"accent_color_id": 1, "max_reaction_count": 11, "accepted_gift_types": dict.fromkeys(gifts, True)}
        return {**self.world.shown_chat(chat), **always, **({"bio": bio} if bio else {})}

    def _get_file(self, params: Data, files: dict[str, FormFile]) -> Data:
        identity = str(params.get("file_id", ""))
        file = self.world.data["files"].get(identity)
        if file is None:
            raise bad("wrong file_id or the file is temporarily unavailable")
        if file["size"] > MOST_DOWNLOAD:
            raise bad("file is too big")
        return {
            "file_id": identity,
            "file_unique_id": f"u{identity[4:]}",
            "file_size": file["size"],
            "file_path": file["path"],
        }

    def _download(self, request: TwinRequest) -> TwinResponse:
        token, path = request.args
        found = next((item for item in self.world.data["files"].values() if item["path"] == path), None)
        if token != self.token or found is None:
            return self.not_found(request)
        content = base64.b64decode(found["content"])
        return TwinResponse(status=200, body=content, headers={"content-type": "application/octet-stream"})

    def _hook_info(self) -> Data:
        hook = self.world.data["hook"]
        failed = (
            {"last_error_date": hook["failed_at"], "last_error_message": hook["reason"]} if hook["failed_at"] else {}
        )
        kinds = {"allowed_updates": hook["allowed"]} if hook["allowed"] else {}
        waiting = len(self.world.waiting())
        return {
            "url": hook["url"],
            "has_custom_certificate": False,
            "pending_update_count": waiting,
            **failed,
            **kinds,
        }

    def _set_webhook(self, params: Data, files: dict[str, FormFile]) -> bool:
        url, secret = params.get("url", ""), params.get("secret_token", "")
        if url and not url.startswith("https://"):
            raise bad("bad webhook: An HTTPS URL must be provided for webhook")
        if secret and not _SECRET.fullmatch(secret):
            raise bad("secret token contains unallowed characters")
        hook = self.world.data["hook"]
        hook |= {"url": url, "secret": secret, "failed_at": None, "reason": None}
        if "allowed_updates" in params:
            hook["allowed"] = params["allowed_updates"]
        return True

    def _delete_webhook(self, params: Data, files: dict[str, FormFile]) -> bool:
        self.world.data["hook"] |= {"url": "", "secret": ""}
        if params.get("drop_pending_updates"):
            self.world.data["updates"] = []
        return True

    def _get_updates(self, params: Data, files: dict[str, FormFile]) -> list[Data]:
        if self.world.data["hook"]["url"]:
            words = "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
            raise Refused(409, f"Conflict: {words}")
        if "allowed_updates" in params:
            self.world.data["hook"]["allowed"] = params["allowed_updates"]
        self.world.take(int(params.get("offset", 0)))
        return [item["update"] for item in self.world.waiting()[: int(params.get("limit", 100))]]


def _params(request: TwinRequest) -> tuple[Data, dict[str, FormFile]]:
    """JSON as it is; in a query or a form, what begins as JSON is JSON."""
    if "json" in request.headers.get("content-type", ""):
        return dict(request.json), {}
    fields, files = read_form(request)
    given = {**request.query, **fields}
    return {name: json.loads(value) if value[:1] in ("{", "[") else value for name, value in given.items()}, files
