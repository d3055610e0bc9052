"""The frame of the X twin's calls: who calls and how often, refusals as X words them, and who is told of what."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from careloop.twins.base import Deliver, Handler, Twin, TwinRequest, TwinResponse, reply_json
from careloop.twins.x_access import Limited, XAccess
from careloop.twins.x_hooks import XHooks
from careloop.twins.x_media import XMedia
from careloop.twins.x_shapes import XShapes
from careloop.twins.x_world import Data, Refused, XWorld, invalid
from chalicelib.ports.services import Clock

Answer = tuple[int, Data]

_SCOPES: Mapping[str, str] = {
    "post": "tweet.write",
    "delete": "tweet.write",
    "hide": "tweet.moderate.write",
    "media": "media.write",
    "dm": "dm.write",
    "dm_events": "dm.read",
    "user": "users.read",
    "me": "users.read",
}
"""What a call needs; ``tweet.read`` where nothing is said."""


class XFrame(Twin):
    """A twin without routes."""

    name = "x"

    def __init__(self, clock: Clock, app: Mapping[str, str], base_url: str, *, strict_urls: bool) -> None:
        self.world = XWorld(clock)
        self.shapes = XShapes(self.world)
        self.access = XAccess(self.world, app, base_url)
        self.hooks = XHooks(self.world, self.access.app["consumer_secret"], strict_urls=strict_urls)
        self.media = XMedia(self.world)
        self.deliver: Deliver | None = None
        super().__init__()

    def not_found(self, request: TwinRequest) -> TwinResponse:
        """X answers unknown paths with an empty 404."""
        return TwinResponse(status=404)

    # -- the frame of a call -------------------------------------------------------------------------------------------

    def guarded(self, what: str, handler: Callable[[TwinRequest, str], Answer]) -> Handler:
        """In a user's name, with the scope that the call needs."""

        def call(request: TwinRequest) -> tuple[int, Data, Mapping[str, str]]:
            user = self.access.caller(request, _SCOPES.get(what, "tweet.read"))
            headers = self.access.count(user, what)
            status, data = handler(request, user)
            return status, data, headers

        return self._answering(call)

    def for_app(self, what: str, handler: Callable[[TwinRequest], Answer]) -> Handler:
        """With the app's own bearer token."""

        def call(request: TwinRequest) -> tuple[int, Data, Mapping[str, str]]:
            self.access.need_app(request)
            headers = self.access.count(None, what)
            status, data = handler(request)
            return status, data, headers

        return self._answering(call)

    def plain(self, handler: Callable[[TwinRequest], Answer]) -> Handler:
        """Calls that decide for themselves who may make them."""
        return self._answering(lambda request: (*handler(request), {}))

    def _answering(self, call: Callable[[TwinRequest], tuple[int, Data, Mapping[str, str]]]) -> Handler:
        def answer(request: TwinRequest) -> TwinResponse:
            try:
                status, data, headers = call(request)
            except Refused as refusal:
                limits = refusal.headers if isinstance(refusal, Limited) else {}
                return _json(refusal.body, refusal.status, {**limits, "content-type": "application/problem+json"})
            except ValueError:  # no JSON, no number, no time
                return _json(invalid("the request can't be read").body, 400, {})
            return _json(data, status, headers)

        return answer

    # -- what others learn of it ---------------------------------------------------------------------------------------

    def tell_of(self, post: Data) -> None:
        """Events of a new post. X tells nobody of protected authors, nor of mentions that an answer inherits."""
        if self.world.data["users"][post["author"]]["protected"]:
            return
        payload, includes = self.shapes.post(post), self.shapes.event_includes(post)
        told = [("post.create", post["author"])]
        named = [] if post["repost_of"] else self.world.named(post["text"])
        told += [("post.mention.create", item["id"]) for item in named]
        told += [("post.reply.create", post["parent_author"])] if post["parent_author"] else []
        for name, kind in (("quoted", "post.quote.create"), ("repost_of", "post.repost.create")):
            other = self.world.data["posts"].get(post[name]) if post[name] else None
            told += [(kind, other["author"])] if other else []
        for kind, user in dict.fromkeys(told):
            if kind == "post.create" or user != post["author"]:
                self.hooks.happened(kind, user, payload, includes)

    def tell_of_message(self, message: Data) -> None:
        """Events of a private message."""
        payload = self.shapes.message_event(message)
        self.hooks.happened("dm.sent", message["sender"], payload)
        self.hooks.happened("dm.received", message["recipient"], payload)

    def erase(self, post: Data) -> None:
        """Delete a post; only its author's subscription hears of it."""
        self.world.delete(post["id"])
        author = post["author"]
        payload = {"id": post["id"], "author_id": author}
        self.hooks.happened("post.delete", author, payload, {"users": [{"data": self.shapes.user(author)}]})


def body_of(request: TwinRequest, allowed: set[str]) -> Data:
    """The JSON object that was sent. Refused: 400 for anything else, and for members that X does not know."""
    return known(request.json, allowed)


def known(given: object, allowed: set[str]) -> Data:
    """An object with no other members. Refused: 400."""
    if not isinstance(given, dict):
        raise invalid("$: got another type, object expected")
    for name in sorted(set(given) - allowed):
        raise invalid(f"$.{name}: is not defined in the schema and the schema does not allow additional properties")
    return given


def text_of(given: Data, name: str) -> str:
    """A member that is a string, "" when it is missing. Refused: 400."""
    value = given.get(name, "")
    if not isinstance(value, str):
        raise invalid(f"$.{name}: got another type, string expected", **{name: str(value)})
    return value


def _json(data: Data, status: int, headers: Mapping[str, str]) -> TwinResponse:
    answer = reply_json(data, status)
    return TwinResponse(status=status, body=answer.body, headers={**answer.headers, **headers})
