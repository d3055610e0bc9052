"""The Instagram twin's Graph API, for both flavours of login, with Meta's errors, and the host of its files.

Facts: Instagram Platform documentation, read 2026-11-22, as in the README of the connector ``instagram``.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from careloop.twins.base import Handler, Twin, TwinRequest, TwinResponse, reply_json
from careloop.twins.forms import read_form
from careloop.twins.meta_errors import GraphError, chosen, gone, invalid, parameters
from careloop.twins.meta_instagram_world import Data, InstagramWorld
from careloop.twins.meta_world import Refused

STANDARD, HUMAN, PRIVATE_REPLY = timedelta(hours=24), timedelta(days=7), timedelta(days=7)
TOKEN_LASTS, TOKEN_RESTS = timedelta(days=60), timedelta(days=1)
_VERSION = r"/v\d{1,2}\.0"
_LONGEST_BYTES = 1000
_LONGEST_COMMENT = 2200
_MOST = {"image": 8_000_000, "video": 25_000_000, "audio": 25_000_000, "file": 25_000_000}
_COMMENT = frozenset(
    ["id", "text", "timestamp", "username", "from", "parent_id", "media", "hidden", "like_count", "replies"]
)
_MEDIA = frozenset(["id", "timestamp", "permalink", "comments_count", "media_product_type", "caption"])
_THREAD = frozenset(["id", "updated_time", "participants", "messages"])
_PROFILE = frozenset(["id", "name", "username", "profile_pic", "follower_count", "is_verified_user"])
_MENTION = re.compile(r"(mentioned_comment|mentioned_media)\.(?:comment_id|media_id)\((\d+)\)\{.*\}")
Call = Callable[[Data, tuple[str, ...]], Any]


class InstagramApi(Twin):
    """Graph API over an `InstagramWorld`. ``login``: the flavour whose token it is; by Instagram Login there are no
    uploads and no mentions elsewhere. ``echo_first``: webhooks go out before the call that caused them returns."""

    name = "instagram"

    def __init__(self, world: InstagramWorld, *, login: str, echo_first: bool) -> None:
        self.world, self.login, self.echo_first = world, login, echo_first
        super().__init__()

    # -- what subclasses tell others -----------------------------------------------------------------------------------

    def tell_comment(self, comment: Data) -> None:
        """A comment was made."""

    def tell_message(self, thread: Data, message: Data, **parts: Any) -> None:
        """The account wrote in private."""

    def flush(self) -> int:
        """Deliver what waits."""
        return 0

    # -- routes --------------------------------------------------------------------------------------------------------

    def routes(self) -> dict[tuple[str, str], Handler]:
        calls: dict[tuple[str, str], Call] = {
            ("GET", r"/me"): lambda given, args: self._me(given),
            ("GET", r"/me/subscribed_apps"): self._subscribed,
            ("POST", r"/me/subscribed_apps"): self._subscribe,
            ("GET", r"/me/conversations"): self._conversations,
            ("POST", r"/me/messages"): self._messages,
            ("GET", r"/(\d+)/media"): self._media,
            ("POST", r"/(\d+)/mentions"): self._mentions,
            ("GET", r"/([^/]+)/comments"): self._comments,
            ("GET", r"/([^/]+)/replies"): self._replies,
            ("POST", r"/([^/]+)/replies"): self._reply,
            ("GET", r"/([^/]+)"): self._node,
            ("POST", r"/(\d+)"): self._change,
            ("DELETE", r"/(\d+)"): self._delete,
        }
        guarded = {(method, _VERSION + path): self._guarded(call) for (method, path), call in calls.items()}
        return {
            ("GET", r"/refresh_access_token"): self._refresh,
            ("GET", r"/me"): self._guarded(lambda given, args: self._me(given)),
            ("GET", r"/ig_messaging_cdn/"): self._file,
            ("POST", _VERSION + r"/me/message_attachments"): self._upload,
            **guarded,
        }

    def not_found(self, request: TwinRequest) -> TwinResponse:
        return self._refuse(GraphError(2500, f"Unknown path components: {request.path}"))

    def _guarded(self, call: Call) -> Handler:
        def handle(request: TwinRequest) -> TwinResponse:
            try:
                given = parameters(request)
                self._authorise(request)
                answer = call(given, request.args)
            except GraphError as error:
                return self._refuse(error)
            except Refused:
                return self._refuse(gone("it", request.method.lower()))
            if self.echo_first and request.method == "POST":
                self.flush()
            return reply_json(answer)

        return handle

    def _refuse(self, error: GraphError) -> TwinResponse:
        return reply_json(error.body(f"A{self.world.count():010d}twin"), error.status)

    def _authorise(self, request: TwinRequest) -> None:
        self._check(request.headers.get("authorization", "").removeprefix("Bearer "))

    def _check(self, token: str) -> None:
        account = self.world.account
        if token != account["token"]:
            raise GraphError(190, "Invalid OAuth access token - Cannot parse access token", kind="IGApiException")
        if account["token_ends"] is not None and account["token_ends"] <= self.world.now():
            raise GraphError(190, "Error validating access token: Session has expired", subcode=463)

    # -- the account ---------------------------------------------------------------------------------------------------

    def _me(self, given: Data) -> Data:
        account = self.world.account
        node = {"id": "901234567890", "user_id": account["id"], "username": account["username"]}
        return chosen("User", node, given.get("fields"), frozenset(node))

    def _refresh(self, request: TwinRequest) -> TwinResponse:
        """A new token for one that is a day old; the old one is good no longer."""
        account, now = self.world.account, self.world.now()
        try:
            self._check(request.query.get("access_token", ""))
            if self.login != "instagram" or request.query.get("grant_type") != "ig_refresh_token":
                raise invalid("Unsupported grant_type")
            if self.world.is_within(account["token_made"], TOKEN_RESTS):
                raise invalid("The access token is too new")
        except GraphError as error:
            return self._refuse(error)
        lasts = int(TOKEN_LASTS.total_seconds())
        account |= {"token": f"IGAAtwin{self.world.count()}", "token_made": now, "token_ends": now + lasts * 1000}
        return reply_json({"access_token": account["token"], "token_type": "bearer", "expires_in": lasts})

    def _subscribed(self, given: Data, args: tuple[str, ...]) -> Data:
        fields = self.world.account["installed"]
        return {"data": [{"id": "1517776481860111", "subscribed_fields": fields}] if fields else []}

    def _subscribe(self, given: Data, args: tuple[str, ...]) -> Data:
        self.world.account["installed"] = str(given.get("subscribed_fields", "")).split(",")
        return {"success": True}

    # -- comments ------------------------------------------------------------------------------------------------------

    def _media(self, given: Data, args: tuple[str, ...]) -> Data:
        own = [item for item in self.world.data["media"].values() if item["owner"] == self._own(args[0])]
        nodes = [self.world.media_node(item) for item in own[::-1] if not item["deleted"]]
        return _page([chosen("Media", node, given.get("fields"), _MEDIA) for node in nodes], given)

    def _own(self, name: str) -> str:
        if name != self.world.account["id"]:
            raise gone(name)
        return name

    def _comments(self, given: Data, args: tuple[str, ...]) -> Data:
        if args[0] in self.world.data["people"]:
            raise invalid("Tried accessing nonexisting field (comments) on node type (IGBusinessScopedID)")
        media = self._readable(self.world.media(args[0]))
        nodes = [self.world.comment_node(item) for item in self.world.below(media["id"], None)]
        return _page([chosen("Comment", node, given.get("fields"), _COMMENT) for node in nodes], given)

    def _readable(self, media: Data) -> Data:
        """Others' media are not ours to read, nor those of ads."""
        if media["owner"] != self.world.account["id"] or media["kind"] == "AD":
            raise gone(media["id"])
        return media

    def _ours(self, name: str) -> Data:
        comment = self.world.comment(name)
        if self.world.data["media"][comment["media"]]["owner"] != self.world.account["id"]:
            raise gone(name)
        return comment

    def _replies(self, given: Data, args: tuple[str, ...]) -> Data:
        comment = self._ours(args[0])
        nodes = [self.world.comment_node(item, replies=False) for item in self.world.below(comment["media"], args[0])]
        return _page([chosen("Comment", node, given.get("fields"), _COMMENT) for node in nodes], given)

    def _reply(self, given: Data, args: tuple[str, ...]) -> Data:
        comment = self._ours(args[0])
        media = self.world.data["media"][comment["media"]]
        if comment["hidden"] or media["kind"] == "IG_LIVE":
            raise invalid("This comment can not be replied to")
        return self._said(media, str(given.get("message") or ""), comment)

    def _said(self, media: Data, text: str, above: Data | None) -> Data:
        if not text.strip() or len(text) > _LONGEST_COMMENT:
            raise invalid("The message must have 1 to 2200 characters")
        if self.world.account["restricted"]:
            raise GraphError(2207050, "The Instagram account is restricted.", status=403)
        made = self.world.add_comment(media, self.world.account["id"], text, above)
        self.tell_comment(made)
        return {"id": made["id"]}

    def _mentions(self, given: Data, args: tuple[str, ...]) -> Data:
        self._own(args[0])
        if self.login != "facebook":
            raise GraphError(2500, "Unknown path components: /mentions")
        above = self.world.comment(str(given["comment_id"])) if "comment_id" in given else None
        return self._said(self.world.media(str(given.get("media_id"))), str(given.get("message") or ""), above)

    def _change(self, given: Data, args: tuple[str, ...]) -> Data:
        comment = self._ours(args[0])
        if not isinstance(given.get("hide"), bool):
            raise invalid("The parameter hide is required")
        comment["hidden"] = given["hide"]
        return {"success": True}

    def _delete(self, given: Data, args: tuple[str, ...]) -> Data:
        comment = self._ours(args[0])
        for item in (comment, *self.world.below(comment["media"], comment["id"])):
            item["deleted"] = True
        return {"success": True}

    # -- private messages ----------------------------------------------------------------------------------------------

    def _messages(self, given: Data, args: tuple[str, ...]) -> Data:
        recipient, message = given.get("recipient"), given.get("message")
        if not isinstance(recipient, dict) or not isinstance(message, dict):
            raise invalid("The parameter recipient is required")
        self._require_open()
        text, files = self._content(message)
        if "comment_id" in recipient:
            thread = self._private_reply(str(recipient["comment_id"]), files)
        else:
            thread = self._answered(str(recipient.get("id")), given)
        made = self.world.add_message(thread, by_account=True, text=text, files=files)
        self.tell_message(thread, made, metadata=message.get("metadata"))
        return {"recipient_id": thread["person"], "message_id": made["id"]}

    def _require_open(self) -> None:
        if not self.world.account["messages_open"]:
            raise GraphError(200, "(#200) The account owner has disabled access to messages", subcode=2534041)

    def _content(self, message: Data) -> tuple[str, list[Data]]:
        text, attachment = message.get("text"), message.get("attachment")
        if text is not None and attachment is None:
            if not text.strip() or len(text.encode()) > _LONGEST_BYTES:
                raise invalid("Length of param message[text] must be less than or equal to 1000")
            return text, []
        if attachment is None or text is not None:
            raise invalid("Must include exactly one of text and attachment")
        payload, kind = attachment["payload"], attachment["type"]
        if "attachment_id" in payload:
            upload = self.world.data["uploads"].get(payload["attachment_id"])
            if upload is None or upload["kind"] != kind:
                raise invalid("The attachment id is not known", 2018008)
            url = upload["url"]
        else:
            url = payload["url"]
        shape = {"image": {"image_data": {"url": url}}, "video": {"video_data": {"url": url}}}
        return "", [shape.get(kind, {"file_url": url, "mime_type": f"{kind}/x"})]

    def _private_reply(self, name: str, files: list[Data]) -> Data:
        try:
            comment = self._ours(name)
        except (Refused, GraphError):
            raise invalid("Invalid comment", 2534025) from None
        if files:
            raise invalid("Only text can be sent in a private reply")
        if comment["author"] == self.world.account["id"] or not self.world.is_within(comment["created"], PRIVATE_REPLY):
            raise GraphError(10903, "(#10903) This user cant reply to this activity")
        if comment["private_reply"]:
            raise GraphError(10900, "(#10900) Activity already replied to")
        comment["private_reply"] = True
        return self.world.thread_with(comment["author"])

    def _answered(self, person: str, given: Data) -> Data:
        if person not in self.world.data["people"]:
            raise invalid("The id is no Instagram-scoped id of this account", 2534014)
        thread = self.world.thread_with(person)
        if thread["owner"] is not None:
            raise invalid("The thread is controlled by another app", 2534037)
        is_tagged = given.get("tag") == "HUMAN_AGENT"
        if is_tagged and not self.world.account["human_agent"]:
            raise GraphError(200, "(#200) The app is not reviewed for the Human Agent feature.", subcode=2018028)
        if not self.world.is_within(thread["spoke_at"], HUMAN if is_tagged else STANDARD):
            raise GraphError(10, "(#10) This message is sent outside of allowed window.", subcode=2534022)
        return thread

    def _upload(self, request: TwinRequest) -> TwinResponse:
        try:
            self._authorise(request)
            fields, files = read_form(request)
            file, kind = (
                files.get("filedata"),
                json.loads(fields.get("message", "{}")).get("attachment", {}).get("type"),
            )
            if self.login != "facebook" or fields.get("platform") != "instagram":
                raise GraphError(2500, "Unknown path components: /message_attachments")
            if file is None or kind not in _MOST or len(file.content) > _MOST[kind]:
                raise invalid("Attachment size exceeds allowable limit or its type is not supported", 2018047)
        except GraphError as error:
            return self._refuse(error)
        name = str(1857777774821000 + self.world.count())
        url = self.world.add_file(file.content, file.media_type)
        self.world.data["uploads"][name] = {"kind": kind, "url": url}
        return reply_json({"attachment_id": name})

    def _file(self, request: TwinRequest) -> TwinResponse:
        found = self.world.data["files"].get(request.query.get("asset_id", ""))
        if found is None:
            return TwinResponse(status=404, body=b"gone")
        return TwinResponse(body=bytes.fromhex(found["content"]), headers={"content-type": found["media_type"]})

    def _conversations(self, given: Data, args: tuple[str, ...]) -> Data:
        self._require_open()
        threads = [item for item in self.world.data["threads"].values() if item["messages"]]
        if "user_id" in given:
            threads = [item for item in threads if item["person"] == given["user_id"]]
        threads.sort(key=lambda item: int(item["updated"]), reverse=True)
        nodes = [chosen("Thread", self.world.thread_node(item), given.get("fields"), _THREAD) for item in threads]
        return _page(nodes, given)

    # -- nodes ---------------------------------------------------------------------------------------------------------

    def _node(self, given: Data, args: tuple[str, ...]) -> Any:
        name, fields = args[0], given.get("fields")
        mention = _MENTION.fullmatch(fields or "")
        if name == self.world.account["id"]:
            if mention:
                return self._mentioned(mention[1], mention[2])
            node = {"id": name, "username": self.world.account["username"]}
            return chosen("Account", node, fields, frozenset(node))
        if name in self.world.data["people"]:
            return self._profile(self.world.person(name), fields)
        for thread in self.world.data["threads"].values():
            if thread["id"] == name:
                return chosen("Thread", self.world.thread_node(thread), fields, _THREAD)
        if name in self.world.data["media"]:
            return chosen("Media", self.world.media_node(self._readable(self.world.media(name))), fields, _MEDIA)
        return chosen("Comment", self.world.comment_node(self._ours(name)), fields, _COMMENT)

    def _mentioned(self, kind: str, name: str) -> Data:
        if self.login != "facebook":
            raise invalid("Tried accessing nonexisting field (mentioned_comment)")
        named = f"@{self.world.account['username']}"
        if kind == "mentioned_comment":
            found = self.world.data["comments"].get(name)
            if found is None or found["deleted"] or named not in found["text"]:
                raise invalid("The comment does not mention the account")
            node = self.world.comment_node(found, replies=False)
            shown = {key: node[key] for key in ("id", "text", "timestamp", "username", "media")}
        else:
            found = self.world.media(name)
            if named not in found["caption"]:
                raise invalid("The media does not mention the account")
            node = self.world.media_node(found)
            shown = {key: node[key] for key in ("id", "caption", "timestamp", "permalink")}
            shown["username"] = self.world.named(found["owner"])["username"]
        return {kind: shown, "id": self.world.account["id"]}

    def _profile(self, person: Data, fields: str | None) -> Data:
        if not person["has_consented"]:
            raise GraphError(230, "(#230) User consent is required to access user profile")
        node = {"id": person["id"], "name": person["name"], "username": person["username"]}
        return chosen("Profile", {**node, "follower_count": 311, "is_verified_user": False}, fields, _PROFILE)


def _page(items: Sequence[Data], given: Data) -> Data:
    """One page of a list, with cursors; ``next`` only where there is more."""
    start = int(base64.urlsafe_b64decode(str(given["after"]))) if given.get("after") else 0
    end = start + min(int(given.get("limit", 25)), 100)
    shown = list(items[start:end])
    after = base64.urlsafe_b64encode(str(end).encode()).decode()
    paging = {"cursors": {"before": "MA==", "after": after}} if shown else {}
    more = {"next": f"https://graph.instagram.com/next?after={after}"} if end < len(items) else {}
    return {"data": shown, **({"paging": {**paging, **more}} if shown else {})}
