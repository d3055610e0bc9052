"""Where customers write in the matrix: a twin of each platform, and what people do there.

The twins' own worlds are the judge's evidence, so nothing here asks the product.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from careloop.twins.base import Deliver, Twin
from careloop.twins.bluesky import BlueskyTwin
from careloop.twins.matrix import MatrixTwin
from careloop.twins.meta import PAGE_ID, MetaTwin
from careloop.twins.meta_hooks import ALL_FIELDS
from careloop.twins.x import XTwin
from chalicelib.bootstrap import Application
from chalicelib.core.account import Account, ConnectionKind, Endpoint
from chalicelib.core.ids import AccountId, AccountKey
from chalicelib.ports.services import Clock

BASE = "https://care.acme.example"
PEOPLE = {"kim": "Kim Park", "lee": "Lee Stone"}
EDITS, DELETES, ANY_ORDER, PRIVATE_REPLY = "edits", "deletes", "deletes in any order", "private reply"
"""What a platform tells us of its customers, or lets us do: a flow that needs it is played where it is there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """Something that the brand published. ``where``: the thread, or the private conversation."""

    text: str
    where: str


class Place(Protocol):
    """One platform."""

    name: str
    abilities: frozenset[str]
    long_reply: int
    """Words of a reply that needs several posts."""
    can_be_asked: bool
    """Whether the platform tells what it has."""

    def make(self, clock: Clock, deliver: Deliver) -> Mapping[str, Twin]:
        """The twins by base URL."""
        ...

    def connect(self, app: Application, helpdesk: str) -> None:
        """Accounts, endpoints, secrets."""
        ...

    def begin(self) -> None:
        """People, the brand's own post, the subscription: once everything can be delivered."""
        ...

    def accounts(self) -> Sequence[AccountKey]:
        """All accounts that events may belong to."""
        ...

    def author(self, who: str) -> tuple[str, str]:
        """(platform, the id by which the product knows a person): for the customer directory."""
        ...

    def say(self, who: str, text: str) -> str:
        """Write in the person's own thread; the message."""
        ...

    def say_in_private(self, who: str, text: str) -> str: ...

    def edit(self, who: str, message: str, text: str) -> None: ...

    def delete(self, who: str, message: str) -> None: ...

    def hold_back(self) -> None:
        """The webhooks that wait now will arrive last first."""
        ...

    def posts(self) -> Sequence[Post]:
        """What the brand published, in order."""
        ...

    def public_threads(self) -> Sequence[str]:
        """Where everybody can read."""
        ...


def account_of(platform: str, account: str, helpdesk: str, endpoint: str | None, **options: str) -> Account:
    """An account as an operator would set it up: polled, because a webhook may be lost for good."""
    return Account(
        key=AccountKey(platform=platform, account=AccountId(account)),
        title=f"Acme on {platform}",
        helpdesk=helpdesk,
        crms=("directory",),
        endpoint=endpoint,
        options={"poll": "true", **options},
    )


class FacebookPlace:
    """A page with posts of its own, one for each person, and its Messenger."""

    name = "facebook"
    abilities = frozenset({EDITS, DELETES, ANY_ORDER, PRIVATE_REPLY})
    can_be_asked = True
    long_reply = 1500
    _url = "https://graph.facebook.example"

    def make(self, clock: Clock, deliver: Deliver) -> Mapping[str, Twin]:
        self.twin = MetaTwin(clock, page_token="page-token", deliver=deliver)
        return {self._url: self.twin}

    def connect(self, app: Application, helpdesk: str) -> None:
        kind, page = ConnectionKind.PLATFORM, AccountId(PAGE_ID)
        for platform in ("facebook", "messenger"):
            account = account_of(platform, PAGE_ID, helpdesk, "meta", base_url=self._url)
            app.runtime.stores.directory.put_account(account)
            app.secrets.put_credentials(kind, platform, PAGE_ID, {"page_token": "page-token"})
        endpoint = Endpoint(kind=kind, connector="facebook", name="meta", accounts=(page,))
        app.runtime.stores.directory.put_endpoint(endpoint)
        secrets = {"app_secret": ("twin-meta-app-secret",), "verify_token": ("verify",)}
        app.secrets.put_verification(kind, "facebook", "meta", secrets)

    def begin(self) -> None:
        self._users = {who: self.twin.add_user(name) for who, name in PEOPLE.items()}
        self._posts = {who: self.twin.page_post(f"News for {name}") for who, name in PEOPLE.items()}
        self.twin.subscribe(f"{BASE}/webhooks/platform/facebook/meta", "verify")

    def accounts(self) -> Sequence[AccountKey]:
        return [AccountKey(platform=name, account=AccountId(PAGE_ID)) for name in ("facebook", "messenger")]

    def author(self, who: str) -> tuple[str, str]:
        return "facebook", self.twin.world.commenter(self._users[who], PAGE_ID)

    def say(self, who: str, text: str) -> str:
        return self.twin.comment(self._users[who], self._posts[who], text)

    def say_in_private(self, who: str, text: str) -> str:
        return self.twin.message(self._users[who], text)

    def edit(self, who: str, message: str, text: str) -> None:
        self.twin.edit_comment(message, text)

    def delete(self, who: str, message: str) -> None:
        self.twin.remove_comment(message)

    def hold_back(self) -> None:
        self.twin.hooks.data["pending"].reverse()

    def posts(self) -> Sequence[Post]:
        own = set(self._posts.values())
        return [
            Post(text=item["text"], where=thread["id"])
            for thread in self.twin.snapshot()["threads"]
            for item in thread["messages"]
            if item["is_brand"] and item["id"] not in own
        ]

    def public_threads(self) -> Sequence[str]:
        return list(self._posts.values())


class MessengerPlace(FacebookPlace):
    """The page's Messenger alone."""

    name = "messenger"
    abilities = frozenset({EDITS, DELETES, ANY_ORDER})
    long_reply = 600

    def author(self, who: str) -> tuple[str, str]:
        return "messenger", self.twin.world.psid(self._users[who], PAGE_ID)

    def say(self, who: str, text: str) -> str:
        return self.say_in_private(who, text)

    def edit(self, who: str, message: str, text: str) -> None:
        self.twin.edit_message(message, text)

    def delete(self, who: str, message: str) -> None:
        self.twin.unsend(message)


class UnaskedPlace(MessengerPlace):
    """A platform that can be told something and asked nothing, and that does not say what it took: what became of a
    message whose answer was lost, nobody will ever know."""

    name = "unasked"
    can_be_asked = False

    def begin(self) -> None:
        super().begin()
        self.twin.install(PAGE_ID, [field for field in ALL_FIELDS if field != "message_echoes"])


class XPlace:
    """Posts that name the brand, each person in a thread of their own, and private messages. X tells nobody of a
    customer's edit or deletion, and delivers nothing twice."""

    name = "x"
    abilities = frozenset({PRIVATE_REPLY})
    can_be_asked = True
    long_reply = 100
    _url = "https://api.x.example"
    _brand = "100"

    def make(self, clock: Clock, deliver: Deliver) -> Mapping[str, Twin]:
        self.twin = XTwin(clock, brand_id=self._brand, deliver=deliver)
        return {self._url: self.twin}

    def connect(self, app: Application, helpdesk: str) -> None:
        kind = ConnectionKind.PLATFORM
        account = account_of("x", self._brand, helpdesk, "x", base_url=self._url)
        app.runtime.stores.directory.put_account(account)
        endpoint = Endpoint(kind=kind, connector="x", name="x", accounts=(AccountId(self._brand),))
        app.runtime.stores.directory.put_endpoint(endpoint)
        app.secrets.put_verification(kind, "x", "x", {"consumer_secret": ("twin-consumer-secret",)})
        app.secrets.put_credentials(kind, "x", self._brand, self.twin.authorise())

    def begin(self) -> None:
        self._users = {who: self.twin.add_user(f"{who}_p", name) for who, name in PEOPLE.items()}
        self.twin.subscribe_brand(f"{BASE}/webhooks/platform/x/x")

    def accounts(self) -> Sequence[AccountKey]:
        return [AccountKey(platform="x", account=AccountId(self._brand))]

    def author(self, who: str) -> tuple[str, str]:
        return "x", self._users[who]

    def say(self, who: str, text: str) -> str:
        mine = [post for post in self.twin.world.posts() if post["author"] == self._users[who]]
        first = mine[-1]["id"] if mine else None
        return self.twin.post(self._users[who], f"@AcmeCare {text}", first)

    def say_in_private(self, who: str, text: str) -> str:
        return self.twin.dm(self._users[who], text)

    def edit(self, who: str, message: str, text: str) -> None:
        raise NotImplementedError("X tells nobody of a customer's edit")

    def delete(self, who: str, message: str) -> None:
        raise NotImplementedError("X tells nobody of a customer's deletion")

    def hold_back(self) -> None:
        self.twin.hooks.data["pending"].reverse()

    def posts(self) -> Sequence[Post]:
        shown: dict[str, Any] = self.twin.snapshot()
        public = [(item, thread["id"]) for thread in shown["threads"] for item in thread["posts"]]
        private = [(item, thread["id"]) for thread in shown["messages"] for item in thread["messages"]]
        return [Post(text=item["text"], where=where) for item, where in (*public, *private) if item["brand"]]

    def public_threads(self) -> Sequence[str]:
        return [thread["id"] for thread in self.twin.snapshot()["threads"]]


class BlueskyPlace:
    """Posts that name the brand. There are no webhooks: all is found by asking."""

    name = "bluesky"
    abilities: frozenset[str] = frozenset()
    can_be_asked = True
    long_reply = 70
    _url = "https://pds.acme.example"
    _brand = "did:plc:acme"

    def make(self, clock: Clock, deliver: Deliver) -> Mapping[str, Twin]:
        self.twin = BlueskyTwin(clock, brand_did=self._brand, pds=self._url)
        return {self._url: self.twin}

    def connect(self, app: Application, helpdesk: str) -> None:
        account = account_of("bluesky", self._brand, helpdesk, None, base_url=self._url)
        app.runtime.stores.directory.put_account(account)
        login = {"app_password": "abcd-efgh-ijkl-mnop"}
        app.secrets.put_credentials(ConnectionKind.PLATFORM, "bluesky", self._brand, login)

    def begin(self) -> None:
        self._users = {who: self.twin.add_user(f"{who}.example.com", name) for who, name in PEOPLE.items()}

    def accounts(self) -> Sequence[AccountKey]:
        return [AccountKey(platform="bluesky", account=AccountId(self._brand))]

    def author(self, who: str) -> tuple[str, str]:
        return "bluesky", self._users[who]

    def say(self, who: str, text: str) -> str:
        mine = self.twin.posts(self._users[who])
        if not mine:
            return self.twin.mention(self._users[who], text)
        return self.twin.post(self._users[who], f"@acme.com {text}", reply_to=mine[0]["uri"])

    def say_in_private(self, who: str, text: str) -> str:
        raise NotImplementedError("Bluesky's private messages are no part of the protocol")

    def edit(self, who: str, message: str, text: str) -> None:
        raise NotImplementedError("Bluesky tells nobody of an edit")

    def delete(self, who: str, message: str) -> None:
        raise NotImplementedError("Bluesky tells nobody of a deletion")

    def hold_back(self) -> None:
        raise NotImplementedError("Bluesky has no webhooks")

    def posts(self) -> Sequence[Post]:
        threads = self.twin.snapshot()["threads"]
        return [
            Post(text=item["text"], where=thread["id"])
            for thread in threads
            for item in thread["posts"]
            if item["brand"]
        ]

    def public_threads(self) -> Sequence[str]:
        return [thread["id"] for thread in self.twin.snapshot()["threads"]]


class MatrixPlace:
    """A private room with each person; the brand has joined. The homeserver pushes in order, and holds all back until
    what failed was taken."""

    name = "matrix"
    abilities = frozenset({EDITS, DELETES})
    can_be_asked = True
    long_reply = 3500
    _url = "https://chat.example"

    def make(self, clock: Clock, deliver: Deliver) -> Mapping[str, Twin]:
        self.twin = MatrixTwin(clock, url=f"{BASE}/webhooks/platform/matrix/chat", deliver=deliver)
        return {self._url: self.twin}

    def connect(self, app: Application, helpdesk: str) -> None:
        kind, brand = ConnectionKind.PLATFORM, AccountId(self.twin.brand)
        account = account_of("matrix", brand, helpdesk, "chat", base_url=self._url)
        app.runtime.stores.directory.put_account(account)
        endpoint = Endpoint(kind=kind, connector="matrix", name="chat", accounts=(brand,))
        app.runtime.stores.directory.put_endpoint(endpoint)
        app.secrets.put_verification(kind, "matrix", "chat", {"hs_token": ("twin-hs-token",)})
        app.secrets.put_credentials(kind, "matrix", brand, {"as_token": "twin-as-token"})

    def begin(self) -> None:
        self._users = {who: self.twin.add_user(who, name) for who, name in PEOPLE.items()}
        self._rooms = {who: self.twin.open_room(user) for who, user in self._users.items()}

    def accounts(self) -> Sequence[AccountKey]:
        return [AccountKey(platform="matrix", account=AccountId(self.twin.brand))]

    def author(self, who: str) -> tuple[str, str]:
        return "matrix", self._users[who]

    def say(self, who: str, text: str) -> str:
        return self.twin.send(self._users[who], self._rooms[who], text)

    def say_in_private(self, who: str, text: str) -> str:
        return self.say(who, text)

    def edit(self, who: str, message: str, text: str) -> None:
        self.twin.edit(self._users[who], self._rooms[who], message, text)

    def delete(self, who: str, message: str) -> None:
        self.twin.redact(self._users[who], self._rooms[who], message)

    def hold_back(self) -> None:
        raise NotImplementedError("a homeserver keeps the order")

    def posts(self) -> Sequence[Post]:
        return [
            Post(text=item["text"], where=room["id"])
            for room in self.twin.snapshot()["rooms"]
            for item in room["messages"]
            if item["brand"]
        ]

    def public_threads(self) -> Sequence[str]:
        return []


PLACES: Mapping[str, type[Place]] = {
    "facebook": FacebookPlace,
    "messenger": MessengerPlace,
    "unasked": UnaskedPlace,
    "x": XPlace,
    "bluesky": BlueskyPlace,
    "matrix": MatrixPlace,
}
