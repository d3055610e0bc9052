"""The Bluesky twin's HTTP side: XRPC methods of a PDS, which passes app.bsky calls on to the app view."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from careloop.twins.base import Handler, Twin, TwinRequest, TwinResponse, reply_json
from careloop.twins.bluesky_access import LOGINS, WRITES, BlueskyAccess, TooManyCalls
from careloop.twins.bluesky_index import BlueskyIndex
from careloop.twins.bluesky_views import BlueskyViews
from careloop.twins.bluesky_world import BlueskyWorld, Data, Refused, invalid
from chalicelib.ports.services import Clock

_Method = Callable[[TwinRequest], Any]
_MOST_URIS = 25


class BlueskyApi(Twin):
    """The protocol. ``app_view_away`` True: app.bsky calls are 502, as with no app view behind the PDS."""

    name = "bluesky"

    def __init__(self, clock: Clock, pds: str, limits: Mapping[str, int] | None) -> None:
        self.world = BlueskyWorld(clock)
        self.index = BlueskyIndex(self.world)
        self.views = BlueskyViews(self.index)
        self.access = BlueskyAccess(self.world, limits)
        self.pds = pds
        self.app_view_away = False
        self.address = "192.0.2.1"
        """From where calls seem to come: the general limit counts by address."""
        super().__init__()

    def routes(self) -> dict[tuple[str, str], Handler]:
        """XRPC: queries by GET, procedures by POST."""
        queries: dict[str, _Method] = {
            "com.atproto.server.getSession": self._get_session,
            "com.atproto.identity.resolveHandle": self._resolve_handle,
            "com.atproto.repo.getRecord": self._get_record,
            "app.bsky.notification.listNotifications": self._list_notifications,
            "app.bsky.feed.getPosts": self._get_posts,
            "app.bsky.feed.getPostThread": self._get_thread,
            "app.bsky.actor.getProfile": self._get_profile,
        }
        procedures: dict[str, _Method] = {
            "com.atproto.server.createSession": self._create_session,
            "com.atproto.server.refreshSession": self._refresh_session,
            "com.atproto.repo.putRecord": self._put_record,
            "com.atproto.repo.createRecord": self._create_record,
            "com.atproto.repo.deleteRecord": self._delete_record,
        }
        made = {("GET", f"/xrpc/{_quoted(name)}"): self._method(name, method) for name, method in queries.items()}
        for name, method in procedures.items():
            made["POST", f"/xrpc/{_quoted(name)}"] = self._method(name, method)
        return made

    def not_found(self, request: TwinRequest) -> TwinResponse:
        """A method that the PDS has not."""
        return reply_json({"error": "MethodNotImplemented", "message": "Method Not Implemented"}, 501)

    def _method(self, name: str, method: _Method) -> Handler:
        def handle(request: TwinRequest) -> TwinResponse:
            try:
                left, headers = self.access.consume(("global-ip",), self.address)
                narrower = self._consume(name, request)
                if narrower is not None and narrower[0] < left:
                    headers = narrower[1]
                if name.startswith("app.bsky.") and self.app_view_away:
                    raise Refused(502, "UpstreamFailure", "Upstream Failure")
                self.index.catch_up()
                return _answer(method(request), 200, headers)
            except TooManyCalls as refused:
                return _answer(refused.body, refused.status, refused.headers)
            except Refused as refused:
                return _answer(refused.body, refused.status, headers)

        return handle

    def _consume(self, name: str, request: TwinRequest) -> tuple[int, dict[str, str]] | None:
        points = {"createRecord": 3, "putRecord": 2, "deleteRecord": 1}.get(name.rpartition(".")[2])
        if points is not None:
            return self.access.consume(WRITES, self._caller(request), points)
        if name == "com.atproto.server.createSession":
            return self.access.consume(LOGINS, f"{_body(request).get('identifier')}-{self.address}")
        return None

    def _caller(self, request: TwinRequest) -> str:
        return self.access.who(bearer(request))

    # -- sessions ------------------------------------------------------------------------------------------------------

    def _session(self, user: Data, tokens: Mapping[str, str]) -> Data:
        document = {
            "@context": ["https://www.w3.org/ns/did/v1"],
            "id": user["did"],
            "alsoKnownAs": [f"at://{user['handle']}"],
            "service": [{"id": "#atproto_pds", "type": "AtprotoPersonalDataServer", "serviceEndpoint": self.pds}],
        }
        return {**tokens, "did": user["did"], "didDoc": document, "handle": user["handle"], "active": True}

    def _create_session(self, request: TwinRequest) -> Data:
        body = _body(request)
        return self._session(*self.access.log_in(_text(body, "identifier"), _text(body, "password")))

    def _refresh_session(self, request: TwinRequest) -> Data:
        return self._session(*self.access.refresh(bearer(request)))

    def _get_session(self, request: TwinRequest) -> Data:
        return self._session(self.world.user(self._caller(request)), {})

    def _resolve_handle(self, request: TwinRequest) -> Data:
        user = self.world.find_user(_param(request, "handle"))
        if user is None or user["broken_domain"]:
            raise invalid("Unable to resolve handle")
        return {"did": user["did"]}

    # -- repositories --------------------------------------------------------------------------------------------------

    def _get_record(self, request: TwinRequest) -> Data:
        user = self.world.find_user(_param(request, "repo"))
        repo = user["did"] if user else _param(request, "repo")
        uri = f"at://{repo}/{_param(request, 'collection')}/{_param(request, 'rkey')}"
        found = self.world.record(uri)
        wanted = request.query.get("cid")
        if found is None or (wanted and wanted != found["cid"]):
            raise invalid(f"Could not locate record: {uri}", "RecordNotFound")
        return {"uri": uri, "cid": found["cid"], "value": found["value"]}

    def _own(self, request: TwinRequest, body: Data) -> str:
        did = self._caller(request)
        owner = self.world.find_user(_text(body, "repo"))
        if owner is None or owner["did"] != did:
            raise Refused(401, "AuthenticationRequired", "Authentication Required")
        return did

    def _put_record(self, request: TwinRequest) -> Data:
        """Under the same key the same contents change nothing, and no commit is named."""
        body = _body(request)
        did, collection, rkey = self._own(request, body), _text(body, "collection"), _text(body, "rkey")
        known = self.world.record(f"at://{did}/{collection}/{rkey}")
        if "swapRecord" in body and body["swapRecord"] != (known["cid"] if known else None):
            raise invalid(f"Record was at {known['cid'] if known else 'null'}", "InvalidSwap")
        made, changed = self.world.put(did, collection, rkey, _record(body))
        return _written(made, changed=changed)

    def _create_record(self, request: TwinRequest) -> Data:
        """A key that is taken is an unspecific 500, as dev-env 0.6.7 answered."""
        body = _body(request)
        did, collection = self._own(request, body), _text(body, "collection")
        rkey = _text(body, "rkey") if "rkey" in body else self.world.new_key()
        if self.world.record(f"at://{did}/{collection}/{rkey}") is not None:
            raise Refused(500, "InternalServerError", "Internal Server Error")
        made, _ = self.world.put(did, collection, rkey, _record(body))
        return _written(made, changed=True)

    def _delete_record(self, request: TwinRequest) -> Data:
        body = _body(request)
        uri = f"at://{self._own(request, body)}/{_text(body, 'collection')}/{_text(body, 'rkey')}"
        if not self.world.remove(uri):
            return {}
        return {"commit": {"cid": f"bafyreicommit{self.world.number('commit')}", "rev": self.world.new_key()}}

    # -- the app view --------------------------------------------------------------------------------------------------

    def _list_notifications(self, request: TwinRequest) -> Data:
        viewer = self._caller(request)
        if "seenAt" in request.query:
            raise invalid("The seenAt parameter is unsupported")
        limit = _number(request, "limit", 50, 1, 100)
        found, below = self.index.notifications(viewer, request.values("reasons"), limit, request.query.get("cursor"))
        seen = self.world.user(viewer)["seen_ms"]
        notifications = [self.views.notification(item, viewer, seen) for item in found]
        page: Data = {"notifications": notifications, "priority": False}
        return {**page, "cursor": below} if below is not None else page

    def _get_posts(self, request: TwinRequest) -> Data:
        """Those that are gone are left out, and those of people with a block in between too."""
        viewer, uris = self._caller(request), request.values("uris")
        if not 1 <= len(uris) <= _MOST_URIS:
            raise invalid(f"uris must not have more than {_MOST_URIS} elements")
        posts = [post for uri in dict.fromkeys(uris) if (post := self.index.post(uri)) is not None]
        seen = [post for post in posts if not self.index.are_apart(viewer, post["author"])]
        return {"posts": [self.views.post(post, viewer) for post in seen]}

    def _get_thread(self, request: TwinRequest) -> Data:
        viewer, uri = self._caller(request), _param(request, "uri")
        depth, height = _number(request, "depth", 6, 0, 1000), _number(request, "parentHeight", 80, 0, 1000)
        thread = self.views.thread(uri, viewer, depth, height)
        if thread is None:
            raise invalid(f"Post not found: {uri}", "NotFound")
        return {"thread": thread}

    def _get_profile(self, request: TwinRequest) -> Data:
        viewer, user = self._caller(request), self.world.find_user(_param(request, "actor"))
        if user is None:
            raise invalid("Profile not found")
        if user["taken_down"]:
            raise invalid("Account has been suspended", "AccountTakedown")
        return self.views.profile(user["did"], viewer)


# -- requests ----------------------------------------------------------------------------------------------------------


def bearer(request: TwinRequest) -> str | None:
    """The token that came along."""
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    return token if kind.lower() == "bearer" and token else None


def _quoted(name: str) -> str:
    return name.replace(".", r"\.")


def _body(request: TwinRequest) -> Data:
    try:
        body = request.json
    except ValueError:
        raise invalid("Request body is not valid JSON") from None
    if not isinstance(body, dict):
        raise invalid("Input must be an object")
    return body


def _text(body: Data, name: str) -> str:
    if not isinstance(body.get(name), str):
        raise invalid(f'Input must have the property "{name}"')
    return str(body[name])


def _record(body: Data) -> Data:
    if not isinstance(body.get("record"), dict):
        raise invalid('Input must have the property "record"')
    found: Data = body["record"]
    return found


def _param(request: TwinRequest, name: str) -> str:
    if not request.query.get(name):
        raise invalid(f'Params must have the property "{name}"')
    return request.query[name]


def _number(request: TwinRequest, name: str, default: int, least: int, most: int) -> int:
    given = request.query.get(name, str(default))
    if not given.isdigit() or not least <= int(given) <= most:
        raise invalid(f"Params/{name} must be between {least} and {most}")
    return int(given)


def _written(made: Data, *, changed: bool) -> Data:
    answer = {"uri": made["uri"], "cid": made["cid"], "validationStatus": "valid"}
    return {**answer, "commit": {"cid": f"bafyreicommit{made['rev']}", "rev": made["rev"]}} if changed else answer


def _answer(body: Any, status: int, headers: Mapping[str, str]) -> TwinResponse:
    plain = reply_json(body, status)
    return TwinResponse(status=status, body=plain.body, headers={**plain.headers, **headers})
