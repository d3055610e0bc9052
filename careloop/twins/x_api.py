"""The X twin's routes for an account: posts, people, private messages, as API v2 has them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from itertools import islice
from typing import Any

from careloop.twins.base import Handler, TwinRequest
from careloop.twins.x_frame import Answer, body_of, known, text_of
from careloop.twins.x_media import PRIVATE, PUBLIC
from careloop.twins.x_operator import XOperator
from careloop.twins.x_pages import cut, within
from careloop.twins.x_shapes import asked, conversation
from careloop.twins.x_world import Data, forbidden, invalid, missing

_SIDE = ("expansions", "user.fields", "media.fields")
_POST = ("tweet.fields", "post.fields", *_SIDE)
_DM = ("dm_event.fields", "event_types", "max_results", "pagination_token", *_SIDE)
_TIMED = ("since_id", "until_id", "start_time", "end_time")
_NEW_POST = {"text", "reply", "quote_tweet_id", "media", "made_with_ai", "direct_message_deep_link", "reply_settings"}
_REPLY = {"in_reply_to_tweet_id", "exclude_reply_user_ids", "auto_populate_reply_metadata"}
_NUMBER = re.compile(r"[0-9]{1,19}")
SEARCHED = timedelta(days=7)
MENTIONS_LISTED = 800
DM_KEPT = timedelta(days=30)


class XApi(XOperator):
    """The routes. `careloop.twins.x.XTwin` adds the people."""

    def routes(self) -> dict[tuple[str, str], Handler]:
        """See `Twin`."""
        identity, table = r"([^/]+)", self.guarded
        return {
            ("POST", "/2/tweets"): table("post", self._create_post),
            ("GET", "/2/tweets"): table("tweet", self._get_posts),
            ("GET", "/2/tweets/search/recent"): table("search", self._search),
            ("GET", f"/2/tweets/{identity}"): table("tweet", self._get_post),
            ("DELETE", f"/2/tweets/{identity}"): table("delete", self._delete_post),
            ("PUT", f"/2/tweets/{identity}/hidden"): table("hide", self._hide),
            ("GET", "/2/users/me"): table("me", self._me),
            ("GET", f"/2/users/{identity}"): table("user", self._get_user),
            ("GET", f"/2/users/{identity}/mentions"): table("mentions", self._mentions),
            ("GET", f"/2/users/{identity}/tweets"): table("timeline", self._timeline),
            ("POST", f"/2/dm_conversations/with/{identity}/messages"): table("dm", self._send_message),
            ("GET", "/2/dm_events"): table("dm_events", self._messages),
            ("GET", f"/2/dm_conversations/with/{identity}/dm_events"): table("dm_events", self._messages_with),
            ("GET", f"/2/dm_conversations/{identity}/dm_events"): table("dm_events", self._messages_of),
            ("POST", "/2/oauth2/token"): self.plain(lambda request: (200, self.access.refresh(request))),
            **self.operator_routes(),
            **self.media.routes(self.guarded),
        }

    # -- posts ---------------------------------------------------------------------------------------------------------

    def _create_post(self, request: TwinRequest, us: str) -> Answer:
        given = body_of(request, _NEW_POST)
        reply = known(given.get("reply", {}), _REPLY)
        parent, quote = reply.get("in_reply_to_tweet_id"), given.get("quote_tweet_id")
        for name, value in (("in_reply_to_tweet_id", parent), ("quote_tweet_id", quote)):
            if value is not None and not (isinstance(value, str) and _NUMBER.fullmatch(value)):
                raise invalid(f"$.{name}: does not match the regex pattern ^[0-9]{{1,19}}$", **{name: str(value)})
        pictures = self.media.taken(
            us, known(given.get("media", {}), {"media_ids"}).get("media_ids", []), PUBLIC, most=4
        )
        if quote is not None and self.world.data["self_serve"]:
            raise forbidden("Quote posts by API are not available in your access level.")
        text, excluded = text_of(given, "text"), reply.get("exclude_reply_user_ids", [])
        if not isinstance(excluded, list) or not all(isinstance(item, str) for item in excluded):
            raise invalid("$.exclude_reply_user_ids: got another type, list of strings expected")
        if parent is not None:
            self.world.check_reply(us, parent)
        if text or not pictures:
            self.world.check_text(us, text, parent)
        post = self.world.write(us, text, reply_to=parent, quote=quote, excluded=excluded, pictures=pictures)
        self.tell_of(post)
        whole = self.shapes.post(post)
        return 201, {"data": {name: whole[name] for name in ("id", "text", "edit_history_tweet_ids")}}

    def _delete_post(self, request: TwinRequest, us: str) -> Answer:
        post = self.world.post(request.args[0])
        if post is None:
            return 200, {"data": {"deleted": False}}
        if post["author"] != us:
            raise forbidden("You are not allowed to delete this Tweet.")
        self.erase(post)
        return 200, {"data": {"deleted": True}}

    def _hide(self, request: TwinRequest, us: str) -> Answer:
        post, hidden = self.world.post(request.args[0]), body_of(request, {"hidden"}).get("hidden")
        root = self.world.post(post["conversation"]) if post else None
        if post is None or root is None or root["author"] != us or not isinstance(hidden, bool):
            raise forbidden("You are not permitted to perform this action.")
        post["hidden"] = hidden
        return 200, {"data": {"hidden": hidden}}

    def _get_post(self, request: TwinRequest, us: str) -> Answer:
        wanted = asked(request.query, _POST)
        post, problem = self._look(request.args[0], us)
        return 200, self._answer([post] if post else [], [problem] if problem else [], wanted, single=True)

    def _get_posts(self, request: TwinRequest, us: str) -> Answer:
        wanted = asked(request.query, (*_POST, "ids"))
        ids = request.query.get("ids", "").split(",")
        if not 1 <= len(ids) <= 100:
            raise invalid("The number of values in the `ids` query parameter list is not between 1 and 100")
        looked = [self._look(item, us) for item in ids]
        return 200, self._answer([post for post, _ in looked if post], [item for _, item in looked if item], wanted)

    def _look(self, identity: str, us: str) -> tuple[Data | None, Data | None]:
        if not _NUMBER.fullmatch(identity):
            raise invalid("The `id` query parameter value is not valid", id=identity)
        post = self.world.post(identity)
        if post is None:
            return None, missing("tweet", identity)
        return (post, None) if self.world.sees(us, post) else (None, missing("tweet", identity, hidden=True))

    def _answer(
        self,
        posts: Sequence[Data],
        problems: Sequence[Data],
        wanted: Mapping[str, frozenset[str]],
        *,
        single: bool = False,
    ) -> Data:
        shown = [self.shapes.asked_post(item, wanted) for item in posts]
        answer: Data = {"data": shown[0] if single else shown} if shown else {}
        included = self.shapes.includes(posts, wanted)
        return answer | ({"includes": included} if included else {}) | ({"errors": problems} if problems else {})

    def _search(self, request: TwinRequest, us: str) -> Answer:
        wanted = asked(request.query, (*_POST, *_TIMED, "query", "max_results", "pagination_token", "next_token"))
        terms = dict(part.partition(":")[::2] for part in request.query.get("query", "").split())
        if not terms or set(terms) - {"conversation_id", "from"}:
            raise invalid("Rules must contain at least one operator that this twin knows", query="?")
        oldest = self.world.now_ms() - int(SEARCHED.total_seconds() * 1000)
        found = [
            post
            for post in self.world.posts()
            if post["repost_of"] is None
            and post["ms"] >= oldest
            and post["conversation"] == terms.get("conversation_id", post["conversation"])
            and self.world.user(post["author"])["username"] == terms.get("from", self._handle(post))
            and self.world.sees(None, post)
        ]
        return 200, self._page(request, found, wanted, least=10)

    def _handle(self, post: Data) -> Any:
        return self.world.data["users"][post["author"]]["username"]

    def _mentions(self, request: TwinRequest, us: str) -> Answer:
        wanted = asked(request.query, (*_POST, *_TIMED, "max_results", "pagination_token"))
        who = request.args[0]
        found = (
            post
            for post in self.world.posts()
            if who in post["inherited"] or any(item["id"] == who for item in self.world.named(post["text"]))
        )
        seen = [post for post in islice(found, MENTIONS_LISTED) if self.world.sees(us, post)]
        return 200, self._page(request, seen, wanted, least=5)

    def _timeline(self, request: TwinRequest, us: str) -> Answer:
        wanted = asked(request.query, (*_POST, *_TIMED, "max_results", "pagination_token", "exclude"))
        excluded = request.query.get("exclude", "").split(",")
        found = [
            post
            for post in self.world.posts_of(request.args[0])
            if not (post["repost_of"] and "retweets" in excluded)
            and not (post["parent"] and "replies" in excluded)
            and self.world.sees(us, post)
        ]
        return 200, self._page(request, found, wanted, least=5)

    def _page(
        self, request: TwinRequest, posts: Iterable[Data], wanted: Mapping[str, frozenset[str]], *, least: int
    ) -> Data:
        page, meta = cut(within(posts, request.query), request.query, least=least, default=10)
        if page:
            meta |= {"newest_id": page[0]["id"], "oldest_id": page[-1]["id"]}
        return {**self._answer(page, [], wanted), "meta": meta}

    # -- people --------------------------------------------------------------------------------------------------------

    def _me(self, request: TwinRequest, us: str) -> Answer:
        wanted = asked(request.query, (*_POST,))
        return 200, {"data": self.shapes.user(us, wanted.get("user.fields", frozenset()))}

    def _get_user(self, request: TwinRequest, us: str) -> Answer:
        wanted, identity = asked(request.query, (*_POST,)), request.args[0]
        found = self.world.data["users"].get(identity)
        if found is None or found["suspended"]:
            return 200, {"errors": [missing("user", identity)]}
        return 200, {"data": self.shapes.user(identity, wanted.get("user.fields", frozenset()))}

    # -- private messages ----------------------------------------------------------------------------------------------

    def _send_message(self, request: TwinRequest, us: str) -> Answer:
        given = body_of(request, {"text", "attachments"})
        text, attachments = text_of(given, "text"), given.get("attachments", [])
        ids = [known(item, {"media_id"}).get("media_id") for item in attachments]
        pictures = self.media.taken(us, ids, PRIVATE, most=1)
        self.world.check_message(us, request.args[0], text or ("(picture)" if pictures else ""))
        message = self.world.send(us, request.args[0], text, pictures)
        self.tell_of_message(message)
        return 201, {"data": {"dm_conversation_id": conversation(message), "dm_event_id": message["id"]}}

    def _messages(self, request: TwinRequest, us: str) -> Answer:
        return self._message_page(request, self.world.messages(us))

    def _messages_with(self, request: TwinRequest, us: str) -> Answer:
        return self._message_page(request, self.world.messages(us, request.args[0]))

    def _messages_of(self, request: TwinRequest, us: str) -> Answer:
        wanted = request.args[0]
        return self._message_page(request, [item for item in self.world.messages(us) if conversation(item) == wanted])

    def _message_page(self, request: TwinRequest, messages: Iterable[Data]) -> Answer:
        wanted = asked(request.query, _DM)
        oldest = self.world.now_ms() - int(DM_KEPT.total_seconds() * 1000)
        page, meta = cut([item for item in messages if item["ms"] >= oldest], request.query, least=1, default=100)
        answer: Data = {"meta": meta}
        if page:
            answer["data"] = [self.shapes.message(item, wanted) for item in page]
            people = dict.fromkeys(item["sender"] for item in page)
            if "sender_id" in wanted.get("expansions", ()):
                fields = wanted.get("user.fields", frozenset())
                answer["includes"] = {"users": [self.shapes.user(item, fields) for item in people]}
            media = self.shapes.included_media(page, wanted)
            if media:
                answer.setdefault("includes", {})["media"] = media
        return 200, answer
