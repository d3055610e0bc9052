"""People on a Bluesky network: what a customer and a brand do in the app, for tests."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

from tests.e2e.servers.web import Answer, Api, wait_until

_POST = "app.bsky.feed.post"


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A post that was made: its address and version, and the thread's first post (itself when it is no reply)."""

    uri: str
    cid: str
    text: str
    root_uri: str
    root_cid: str

    @property
    def rkey(self) -> str:
        """The record key: the last part of the address."""
        return self.uri.rpartition("/")[2]

    @property
    def repo(self) -> str:
        """The author's DID."""
        return self.uri.split("/")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class BlueskyAccount:
    """One account, logged in with its own password. Every method raises ``UnexpectedAnswer`` when the server refuses."""

    did: str
    handle: str
    password: str
    api: Api

    def app_password(self, name: str = "careloop") -> str:
        """A new app password, as a brand makes it for Careloop."""
        made = self._post("com.atproto.server.createAppPassword", {"name": f"{name}-{secrets.token_hex(3)}"})
        return str(made["password"])

    # -- writing ------------------------------------------------------------------------------------------------------

    def post(
        self,
        text: str,
        *,
        mention: Sequence["BlueskyAccount"] = (),
        reply_to: Post | None = None,
        langs: Sequence[str] = ("en",),
        images: Sequence[tuple[bytes, str]] = (),
    ) -> Post:
        """Post ``text``. Each account in ``mention`` must appear in it as ``@handle``. ``images``: (PNG bytes, alt text)."""
        record: dict[str, Any] = {"$type": _POST, "text": text, "createdAt": _now(), "langs": list(langs)}
        if mention:
            record["facets"] = [_mention(text, account) for account in mention]
        if reply_to is not None:
            record["reply"] = {
                "root": {"uri": reply_to.root_uri, "cid": reply_to.root_cid},
                "parent": {"uri": reply_to.uri, "cid": reply_to.cid},
            }
        if images:
            record["embed"] = {
                "$type": "app.bsky.embed.images",
                "images": [{"alt": alt, "image": self.upload(data)} for data, alt in images],
            }
        made = self._post("com.atproto.repo.createRecord", {"repo": self.did, "collection": _POST, "record": record})
        root = reply_to or None
        return Post(
            uri=made["uri"],
            cid=made["cid"],
            text=text,
            root_uri=root.root_uri if root else made["uri"],
            root_cid=root.root_cid if root else made["cid"],
        )

    def reply(self, to: Post, text: str) -> Post:
        """Reply as a person does: only once the AppView shows the post (an overtaking reply notifies nobody)."""
        self.wait_visible(to.uri)
        return self.post(text, reply_to=to)

    def delete(self, post: Post) -> None:
        """Delete an own post."""
        self._post("com.atproto.repo.deleteRecord", {"repo": self.did, "collection": _POST, "rkey": post.rkey})

    def upload(self, data: bytes, media_type: str = "image/png") -> dict[str, Any]:
        """Upload a file; returns the blob for an embed."""
        answer = self.api.call(
            "POST", "/xrpc/com.atproto.repo.uploadBlob", body=data, headers={"Content-Type": media_type}, expect=[200]
        )
        return answer.json()["blob"]

    def block(self, other: "BlueskyAccount") -> None:
        """Block somebody: their replies are hidden from us from now on."""
        record = {"$type": "app.bsky.graph.block", "subject": other.did, "createdAt": _now()}
        self._post(
            "com.atproto.repo.createRecord", {"repo": self.did, "collection": "app.bsky.graph.block", "record": record}
        )

    # -- reading ------------------------------------------------------------------------------------------------------

    def get_thread(self, uri: str) -> dict[str, Any]:
        """The thread below (and above) a post, as ``getPostThread`` gives it."""
        return self._get("app.bsky.feed.getPostThread", uri=uri)["thread"]

    def replies(self, uri: str) -> list[Post]:
        """The direct replies to a post that this account can see, oldest first."""
        views = [node["post"] for node in self.get_thread(uri).get("replies", []) if "post" in node]
        return [_from_view(view) for view in sorted(views, key=lambda view: view["indexedAt"])]

    def records(self) -> list[dict[str, Any]]:
        """All posts of the account as its own server keeps them, oldest first, whatever the AppView knows."""
        listed = self._get("com.atproto.repo.listRecords", repo=self.did, collection=_POST, limit=100, reverse="true")
        return listed["records"]

    def notifications(self) -> Answer:
        """The bare answer of ``listNotifications``: 502 while the AppView is away."""
        return self.api.call("GET", "/xrpc/app.bsky.notification.listNotifications", query={"limit": 100})

    def notified_of(self, uri: str, *, timeout: float = 60.0) -> dict[str, Any]:
        """The notification about a post, as soon as it is there; ``TimeoutError`` otherwise. Seconds."""

        def look() -> dict[str, Any] | None:
            answer = self.notifications()
            found = answer.json()["notifications"] if answer.status == 200 else []
            return next((each for each in found if each["uri"] == uri), None)

        return wait_until(look, f"a notification of {uri}", timeout=timeout)

    def wait_visible(self, uri: str, *, timeout: float = 60.0) -> dict[str, Any]:
        """The view of a post, as soon as the AppView shows it to this account; ``TimeoutError`` otherwise. Seconds."""
        return wait_until(lambda: self._view(uri), f"{uri} to be visible", timeout=timeout)

    def wait_gone(self, uri: str, *, timeout: float = 60.0) -> None:
        """Return once the AppView does not show a post any more; ``TimeoutError`` otherwise. Seconds."""
        wait_until(lambda: self._view(uri) is None, f"{uri} to be gone", timeout=timeout)

    def wait_reply(self, to: Post, *, by: "BlueskyAccount", timeout: float = 60.0) -> Post:
        """The first direct reply to a post by somebody, as soon as this account sees it. Seconds."""

        def look() -> Post | None:
            return next((each for each in self.replies(to.uri) if each.repo == by.did), None)

        return wait_until(look, f"a reply by {by.handle}", timeout=timeout)

    def _view(self, uri: str) -> dict[str, Any] | None:
        answer = self.api.call("GET", "/xrpc/app.bsky.feed.getPosts", query={"uris": uri})
        posts = answer.json()["posts"] if answer.status == 200 else []
        return posts[0] if posts else None

    def _get(self, nsid: str, **query: Any) -> dict[str, Any]:
        return self.api.call("GET", f"/xrpc/{nsid}", query=query, expect=[200]).json()

    def _post(self, nsid: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = self.api.call("POST", f"/xrpc/{nsid}", json=body, expect=[200])
        return answer.json() if answer.body else {}

    @classmethod
    def made(cls, api: Api, made: dict[str, Any], password: str) -> Self:
        """From the answer of ``createAccount``."""
        own = Api(base=api.base, headers={"Authorization": f"Bearer {made['accessJwt']}"})
        return cls(did=made["did"], handle=made["handle"], password=password, api=own)


def create_account(api: Api, name: str, *, display_name: str | None = None) -> BlueskyAccount:
    """Register ``name`` plus a random part on the server behind ``api``, and give it a profile."""
    handle = f"{name}{secrets.token_hex(3)}.test"
    password = secrets.token_hex(8)
    body = {"handle": handle, "email": f"{handle}@example.test".replace(".test@", "@"), "password": password}
    made = api.call("POST", "/xrpc/com.atproto.server.createAccount", json=body, expect=[200]).json()
    account = BlueskyAccount.made(api, made, password)
    record = {"$type": "app.bsky.actor.profile", "displayName": display_name or name.title()}
    profile = {"repo": account.did, "collection": "app.bsky.actor.profile", "rkey": "self", "record": record}
    account.api.call("POST", "/xrpc/com.atproto.repo.putRecord", json=profile, expect=[200])
    return account


def _mention(text: str, account: BlueskyAccount) -> dict[str, Any]:
    """A facet: positions count bytes of UTF-8."""
    at, needle = text.encode(), f"@{account.handle}".encode()
    start = at.index(needle)
    feature = {"$type": "app.bsky.richtext.facet#mention", "did": account.did}
    return {"index": {"byteStart": start, "byteEnd": start + len(needle)}, "features": [feature]}


def _from_view(view: dict[str, Any]) -> Post:
    root = view["record"].get("reply", {}).get("root", {"uri": view["uri"], "cid": view["cid"]})
    return Post(
        uri=view["uri"], cid=view["cid"], text=view["record"]["text"], root_uri=root["uri"], root_cid=root["cid"]
    )


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
