"""The Meta twin's Graph API: the calls that Careloop makes, with Meta's authorisation, errors, lists and headers.

Source: Graph API reference v26.0, read 2026-11-22.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from careloop.twins.base import Deliver, Handler, Twin, TwinRequest, TwinResponse, reply_json
from careloop.twins.meta_errors import GraphError, chosen, gone, invalid, parameters
from careloop.twins.meta_files import photo, serve, upload, uploaded
from careloop.twins.meta_hooks import ALL_FIELDS, MetaHooks
from careloop.twins.meta_nodes import MetaNodes
from careloop.twins.meta_send import send
from careloop.twins.meta_world import APP_ID, Data, MetaWorld, Refused
from chalicelib.ports.services import Clock

NEWEST = 26
"""v26.0."""
_VERSION = r"/v(\d{1,2})\.0"
_LONGEST_COMMENT = 8000
SCOPES = (
    "pages_manage_engagement",
    "pages_manage_metadata",
    "pages_messaging",
    "pages_read_engagement",
    "pages_read_user_content",
    "pages_show_list",
)
"""What a page's token was granted, where nothing else is said."""
Call = Callable[[Data, "Caller", tuple[str, ...]], Any]


class Caller:
    """Whose token it is: a page's, or the app's (``page`` None)."""

    def __init__(self, page: Data | None) -> None:
        self.page = page

    def own(self, name: str) -> Data:
        """The caller's page when `name` (or ``me``) is it. Raises GraphError."""
        if self.page is None or name not in ("me", self.page["id"]):
            raise gone(name)
        return self.page


class MetaGraph(Twin):
    """Graph API over a `MetaWorld`. ``echo_first``: webhooks go out before the call that caused them returns."""

    name = "meta"

    def __init__(
        self, clock: Clock, *, app_id: str, app_secret: str, deliver: Deliver | None, echo_first: bool
    ) -> None:
        self.world = MetaWorld(clock)
        self.hooks = MetaHooks(self.world, app_id or APP_ID, app_secret)
        self.nodes = MetaNodes(self.world)
        self.deliver = deliver
        self.echo_first = echo_first
        self.requires_proof = False
        self.usage = 1
        """Percent of the allowance that every answer names."""
        super().__init__()

    def routes(self) -> dict[tuple[str, str], Handler]:
        calls: dict[tuple[str, str], Call] = {
            ("GET", r"/me"): self._me,
            ("GET", r"/debug_token"): self._debug_token,
            ("GET", r"/(\d+)/subscriptions"): self._own_webhooks,
            ("POST", r"/(\d+)/subscriptions"): self._subscriptions,
            ("GET", r"/(\d+)/subscribed_apps"): self._subscribed_apps,
            ("POST", r"/(\d+)/subscribed_apps"): self._install,
            ("GET", r"/(me|\d+)/feed"): self._feed,
            ("GET", r"/(me|\d+)/ratings"): self._ratings,
            ("GET", r"/(me|\d+)/conversations"): self._conversations,
            ("POST", r"/(me|\d+)/messages"): self._messages,
            ("POST", r"/(me|\d+)/message_attachments"): self._upload,
            ("POST", r"/(me|\d+)/photos"): self._photo,
            ("GET", r"/([^/]+)/comments"): self._comments,
            ("POST", r"/([^/]+)/comments"): self._comment,
            ("GET", r"/([^/]+)"): self._node,
            ("POST", r"/([^/]+_[^/]+)"): self._hide,
            ("DELETE", r"/([^/]+)"): self._delete,
        }
        guarded = {(method, _VERSION + path): self._guarded(call) for (method, path), call in calls.items()}
        files: dict[tuple[str, str], Handler] = {("GET", r"/v/([^/]+)"): lambda request: serve(self.world, request)}
        return {("POST", _VERSION + r"/?"): self._batch, **guarded, **files}

    def not_found(self, request: TwinRequest) -> TwinResponse:
        return self._refuse(GraphError(2500, f"Unknown path components: {request.path}"))

    def _guarded(self, call: Call) -> Handler:
        def handle(request: TwinRequest) -> TwinResponse:
            try:
                if int(request.args[0]) > NEWEST:
                    raise GraphError(2500, f"Unknown path components: {request.path}")
                given = parameters(request)
                answer = call(given, self._caller(request, given), request.args[1:])
            except GraphError as error:
                return self._refuse(error)
            if self.echo_first and request.method == "POST":
                self.flush()
            return reply_json(answer, 200, **self._headers())

        return handle

    def _refuse(self, error: GraphError) -> TwinResponse:
        trace = f"A{self.world.count():010d}twin"
        return reply_json(error.body(trace), error.status, **self._headers())

    def _headers(self) -> dict[str, str]:
        share = {"call_count": self.usage, "total_cputime": 0, "total_time": 0}
        return {"x_app_usage": json.dumps(share), "facebook_api_version": f"v{NEWEST}.0"}

    def flush(self) -> int:
        """Try to deliver everything that waits; see `MetaTwin.flush`."""
        return 0

    # -- authorisation -------------------------------------------------------------------------------------------------

    def _caller(self, request: TwinRequest, given: Data) -> Caller:
        scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
        token = bearer if scheme.lower() in ("bearer", "oauth") else str(given.get("access_token", ""))
        if not token:
            message = "An active access token must be used to query information about the current user."
            raise GraphError(2500, message)
        caller = self._known(token)
        proof = given.get("appsecret_proof")
        if proof is None and self.requires_proof:
            raise GraphError(100, "API calls from the server require an appsecret_proof argument")
        if proof is not None and not hmac.compare_digest(str(proof).encode(), self._proof(token).encode()):
            raise GraphError(100, "Invalid appsecret_proof provided in the API argument")
        return caller

    def _known(self, token: str) -> Caller:
        if token == f"{self.hooks.app_id}|{self.hooks.app_secret}":
            return Caller(None)
        page = next((item for item in self.world.data["pages"].values() if item["token"] == token), None)
        if page is None:
            raise GraphError(190, "Invalid OAuth access token - Cannot parse access token", subcode=467)
        if 0 < page.get("expires_at", 0) <= self.world.now() // 1000:
            raise GraphError(190, "Error validating access token: Session has expired", subcode=463)
        return Caller(page)

    def _proof(self, token: str) -> str:
        return hmac.new(self.hooks.app_secret.encode(), token.encode(), hashlib.sha256).hexdigest()

    # -- the app and its subscriptions ---------------------------------------------------------------------------------

    def _me(self, given: Data, caller: Caller, args: tuple[str, ...]) -> Any:
        page = caller.own("me")
        return chosen("Page", {"id": page["id"], "name": page["name"]}, given.get("fields"), frozenset({"id", "name"}))

    def _debug_token(self, given: Data, caller: Caller, args: tuple[str, ...]) -> Any:
        if caller.page is not None:
            words = "You must provide an app access token, or a user access token of a developer of the app"
            raise GraphError(100, f"(#100) {words}")
        try:
            page = self._known(str(given.get("input_token", ""))).page
        except GraphError as error:
            told = {"code": error.code, "message": str(error), "subcode": error.subcode}
            return {"data": {"is_valid": False, "error": told, "scopes": []}}
        kind = {"type": "PAGE", "profile_id": page["id"]} if page else {"type": "APP"}
        ends = {name: (page or {}).get(name, 0) for name in ("expires_at", "data_access_expires_at")}
        scopes = (page or {}).get("scopes", list(SCOPES)) if page else []
        return {"data": {"app_id": self.hooks.app_id, "is_valid": True, **ends, "scopes": scopes, **kind}}

    def _batch(self, request: TwinRequest) -> TwinResponse:
        """Several calls in one by the same caller, each with its own status; its body is text."""
        try:
            given = parameters(request)
            self._caller(request, given)
            items = given.get("batch")
            if not isinstance(items, list) or not 1 <= len(items) <= 50:
                raise invalid("Param batch must be an array of 1 to 50 calls")
        except GraphError as error:
            return self._refuse(error)
        parts = [(str(item.get("method", "GET")), urlsplit(f"/{item.get('relative_url', '')}")) for item in items]
        calls = [
            replace(request, method=method, path=part.path, query=dict(parse_qsl(part.query)), body=b"")
            for method, part in parts
        ]
        answers = [self._dispatch(call) for call in calls]
        return reply_json([{"code": answer.status, "body": answer.body.decode()} for answer in answers])

    def _own_webhooks(self, given: Data, caller: Caller, args: tuple[str, ...]) -> Any:
        if caller.page is not None or args[0] != self.hooks.app_id:
            raise GraphError(15, "(#15) This method must be called with an app access_token.")
        known = self.hooks.data["callback"]
        fields = [{"name": name, "version": f"v{NEWEST}.0"} for name in (known or {}).get("fields", ())]
        one = {"object": "page", "callback_url": (known or {}).get("url"), "active": True, "fields": fields}
        return {"data": [one] if known else []}

    def _subscriptions(self, given: Data, caller: Caller, args: tuple[str, ...]) -> Any:
        if caller.page is not None or args[0] != self.hooks.app_id:
            raise GraphError(15, "(#15) This method must be called with an app access_token.")
        if given.get("object") != "page":
            raise invalid("Param object must be one of {page}")
        fields = [item for item in str(given.get("fields", "")).split(",") if item]
        unknown = [item for item in fields if item not in ALL_FIELDS]
        if unknown or not fields:
            raise invalid(f"Param fields[0] must be one of the page's fields - got {unknown[:1]}")
        self.subscribe(str(given.get("callback_url", "")), str(given.get("verify_token", "")), fields)
        return {"success": True}

    def subscribe(self, url: str, verify_token: str, fields: list[str] | tuple[str, ...] = ALL_FIELDS) -> None:
        """Configure the app's webhook: the handshake with `url`. Raises GraphError 2200 when it fails."""
        if self.deliver is None:
            raise Refused("this twin delivers nothing")
        status = self.hooks.subscribe(self.deliver, url, verify_token, list(fields))
        if status != 200:
            raise GraphError(
                2200, f"(#2200) Callback verification failed with the following errors: HTTP Status Code = {status}"
            )

    def _subscribed_apps(self, given: Data, caller: Caller, args: tuple[str, ...]) -> Any:
        page = caller.own(args[0])
        app = {"id": self.hooks.app_id, "name": "Careloop", "category": "Business", "link": "https://care.example/"}
        return {"data": [{**app, "subscribed_fields": page["fields"]}] if page["fields"] else []}

    def _install(self, given: Data, caller: Caller, args: tuple[str, ...]) -> Any:
        page = caller.own(args[0])
        fields = [item for item in str(given.get("subscribed_fields", "")).split(",") if item]
        if not fields or any(item not in ALL_FIELDS for item in fields):
            raise invalid("Param subscribed_fields must be a list of the page's fields")
        page["fields"] = fields
        return {"success": True}

    # -- writing -------------------------------------------------------------------------------------------------------

    def _messages(self, given: Data, caller: Caller, args: tuple[str, ...]) -> Any:
        return send(self.world, self.hooks, caller.own(args[0]), given)

    def _comment(self, given: Data, caller: Caller, args: tuple[str, ...]) -> Any:
        target, page = args[0], caller.page
        if page is None:
            raise gone(target, "post")
        root, parent = self.nodes.place(target, page["id"])
        text = given.get("message", "")
        picture = uploaded(self.world, given["attachment_id"], "photo") if "attachment_id" in given else None
        if not isinstance(text, str) or not (text.strip() or picture):
            raise invalid("param message must be non-empty.")
        if len(text) > _LONGEST_COMMENT:
            raise invalid("param message is too long")
        if page["restricted"]:
            raise GraphError(368, "The action attempted has been deemed abusive or is otherwise disallowed")
        if text and page["last_text"].get(target) == text:
            raise GraphError(506, "(#506) Duplicate status message")
        page["last_text"][target] = text
        made = self.post_comment(page["id"], root, parent, text, picture)
        return {"id": made["id"]}

    def _upload(self, given: Data, caller: Caller, args: tuple[str, ...]) -> Any:
        caller.own(args[0])
        return upload(self.world, given)

    def _photo(self, given: Data, caller: Caller, args: tuple[str, ...]) -> Any:
        caller.own(args[0])
        return photo(self.world, given)

    def _hide(self, given: Data, caller: Caller, args: tuple[str, ...]) -> Any:
        comment = self._comment_of(args[0], caller, "post")
        if not isinstance(given.get("is_hidden"), bool):
            raise invalid("Param is_hidden must be a boolean")
        comment["hidden"] = given["is_hidden"]
        self.tell_comment(comment, "hide" if comment["hidden"] else "unhide")
        return {"success": True}

    def _delete(self, given: Data, caller: Caller, args: tuple[str, ...]) -> Any:
        comment = self._comment_of(args[0], caller, "delete")
        for item in (comment, *self.world.replies(comment["id"])):
            item["deleted"] = True
        self.tell_comment(comment, "remove", created_time=self.world.now() // 1000)
        return {"success": True}

    def _comment_of(self, name: str, caller: Caller, method: str) -> Data:
        """A visible comment at the caller's page. Raises GraphError."""
        found: Data | None = self.world.data["comments"].get(name)
        if caller.page is None or found is None or found["deleted"] or found["page"] != caller.page["id"]:
            raise gone(name, method)
        return found

    def post_comment(self, page: str, root: str, parent: str | None, text: str, picture: str | None = None) -> Data:
        """A comment by the page itself, and its echo."""
        made = self.world.add_comment(root, page, self.world.brand(page), text, parent, photo=picture)
        self.tell_comment(made, "add")
        return made

    def tell_comment(self, comment: Data, verb: str, **extra: Any) -> None:
        """The webhook of a comment's change."""
        root, page = comment["post"], comment["page"]
        value = self.hooks.comment_value(comment, verb, **extra)
        if root in self.world.data["ratings"]:
            person = value.pop("from", None)
            value |= {"sender_id": int(person["id"]), "sender_name": person["name"]} if person else {}
            reviewer = self.world.named(self.world.data["ratings"][root]["author"], page)["id"]
            value |= {"open_graph_story_id": root, "post_id": f"{reviewer}_{root}"}
            value["parent_id"] = comment["parent"] or value["post_id"]
            self.hooks.changed(page, "ratings", value)
        elif comment.get("mention"):
            value.pop("from", None)
            value.pop("post", None)
            self.hooks.changed(page, "mention", value)
        else:
            self.hooks.changed(page, "feed", value)

    # -- reading -------------------------------------------------------------------------------------------------------

    def _node(self, given: Data, caller: Caller, args: tuple[str, ...]) -> Any:
        if caller.page is None:
            raise gone(args[0])
        return self.nodes.read(args[0], caller.page, given.get("fields"))

    def _feed(self, given: Data, caller: Caller, args: tuple[str, ...]) -> Any:
        return self._list(self.nodes.feed(caller.own(args[0]), given.get("fields")), given)

    def _ratings(self, given: Data, caller: Caller, args: tuple[str, ...]) -> Any:
        return self._list(self.nodes.ratings(caller.own(args[0]), given.get("fields")), given)

    def _conversations(self, given: Data, caller: Caller, args: tuple[str, ...]) -> Any:
        if given.get("platform", "messenger") != "messenger":
            raise invalid("Param platform must be one of {MESSENGER, INSTAGRAM}")
        person = str(given["user_id"]) if "user_id" in given else None
        return self._list(self.nodes.conversations(caller.own(args[0]), person, given.get("fields")), given)

    def _comments(self, given: Data, caller: Caller, args: tuple[str, ...]) -> Any:
        if caller.page is None:
            raise gone(args[0])
        stream = {"toplevel": False, "stream": True}.get(given.get("filter", "toplevel"))
        order = given.get("order", "chronological")
        if stream is None or order not in ("chronological", "reverse_chronological"):
            raise invalid("Invalid filter or order")
        found = self.nodes.comments(args[0], caller.page, given.get("fields"), stream=stream)
        return self._list(found[::-1] if order == "reverse_chronological" else found, given)

    def _list(self, items: Sequence[Data], given: Data) -> Data:
        """One page of a list, with cursors; ``next`` only where there is more."""
        try:
            limit = min(int(given.get("limit", 25)), 100)
            start = int(base64.urlsafe_b64decode(str(given.get("after") or "MA=="))) if given.get("after") else 0
        except ValueError:
            raise invalid("Invalid cursor or limit") from None
        if limit < 1 or start < 0:
            raise invalid("Invalid cursor or limit")
        shown, end = items[start : start + limit], start + limit
        if not shown:
            return {"data": []}
        cursors = {"before": _cursor(start), "after": _cursor(end)}
        more = {"next": f"https://graph.facebook.com/v{NEWEST}.0/next?after={_cursor(end)}"} if end < len(items) else {}
        return {"data": list(shown), "paging": {"cursors": cursors, **more}}


def _cursor(place: int) -> str:
    return base64.urlsafe_b64encode(str(place).encode()).decode()
