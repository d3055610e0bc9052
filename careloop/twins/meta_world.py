"""The Meta twin's small world: pages, people, posts, comments, reviews and Messenger threads, as plain data.

People have two ids at each page, one as commenter and one (PSID) in Messenger, as Meta gives them. Deleted things stay,
invisible. Times are milliseconds since 1970.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from chalicelib.ports.services import Clock

Data = dict[str, Any]
PAGE_ID = "104857600123456"
APP_ID = "1517776481860111"
INBOX_APP_ID = "26390203743090"
"""Meta's own inbox for pages."""
WWW = "https://www.facebook.com"


class Refused(Exception):
    """What the vendor does not let a person do either."""


class MetaWorld:
    """Everything that is, in ``data``; ids are counted, so that the same story has the same ids."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.data = {
            "next": 1,
            "pages": {},
            "users": {},
            "posts": {},
            "comments": {},
            "ratings": {},
            "threads": {},
        }

    @property
    def data(self) -> Data:
        """All there is."""
        return self._data

    @data.setter
    def data(self, data: Data) -> None:
        self._data = data
        for kind in ("files", "uploads"):
            data.setdefault(kind, {})
        self._below: dict[str, list[str]] = {}
        self._messages: dict[str, tuple[Data, Data]] = {}
        self._threads: dict[str, str] = {item["id"]: psid for psid, item in data["threads"].items()}
        for comment in data["comments"].values():
            self._index_comment(comment)
        for thread in data["threads"].values():
            for message in thread["messages"]:
                self._messages[message["id"]] = thread, message

    def _index_comment(self, comment: Data) -> None:
        for root in dict.fromkeys((comment["post"], comment["parent"])):
            if root is not None:
                self._below.setdefault(root, []).append(comment["id"])

    # -- time and ids --------------------------------------------------------------------------------------------------

    def now(self) -> int:
        """Milliseconds."""
        return int(self.clock.now().timestamp() * 1000)

    def count(self) -> int:
        """The next number."""
        self.data["next"] += 1
        return int(self.data["next"] - 1)

    def is_within(self, at: int | None, window: timedelta) -> bool:
        """Whether `at` is known and less than `window` ago."""
        return at is not None and self.now() - at < window.total_seconds() * 1000

    # -- making --------------------------------------------------------------------------------------------------------

    def add_page(self, name: str, page: str | None, token: str | None) -> str:
        """A page without subscriptions. ``advanced_access`` off: people's names are withheld."""
        made = page or (PAGE_ID if not self.data["pages"] else str(204857600000000 + self.count()))
        self.data["pages"][made] = {
            "id": made,
            "name": name,
            "token": token or f"EAAGtwinPageToken{made}",
            "fields": [],
            "advanced_access": True,
            "human_agent": False,
            "messaging": True,
            "restricted": False,
            "last_text": {},
        }
        return made

    def add_user(self, name: str) -> str:
        """A person."""
        made = f"user-{self.count()}"
        self.data["users"][made] = {"id": made, "name": name, "scoped": {}, "psids": {}}
        return made

    def commenter(self, user: str, page: str) -> str:
        """The person's id as a commenter at `page`."""
        scoped = self.user(user)["scoped"]
        if page not in scoped:
            scoped[page] = str(7654321090000000 + self.count())
        return str(scoped[page])

    def psid(self, user: str, page: str) -> str:
        """The person's id in the Messenger of `page`."""
        psids = self.user(user)["psids"]
        if page not in psids:
            psids[page] = str(6543210980000000 + self.count())
        return str(psids[page])

    def add_post(self, owner: str, page: str, author: Data, text: str, **extra: Any) -> Data:
        """A post on the wall of `owner` that concerns `page`."""
        part = 122100000000000 + self.count()
        now = self.now()
        post = {"id": f"{owner}_{part}", "page": page, "author": author, "message": text, "created": now}
        self.data["posts"][post["id"]] = {**post, "updated": now, "deleted": False, "private_reply": None, **extra}
        return self.data["posts"][post["id"]]  # type: ignore[no-any-return]

    def add_comment(self, root: str, page: str, author: Data, text: str, parent: str | None, **extra: Any) -> Data:
        """A comment below a post or a review. An answer to a reply hangs below the same parent comment."""
        above = self.data["comments"].get(parent) if parent else None
        top = (above["parent"] or above["id"]) if above else None
        made = f"{root.rpartition('_')[2]}_{998800000000000 + self.count()}"
        comment = {"id": made, "post": root, "page": page, "parent": top, "author": author, "message": text}
        state = {"created": self.now(), "deleted": False, "hidden": False, "private_reply": None}
        self.data["comments"][made] = {**comment, **state, **extra}
        self._index_comment(comment)
        if root in self.data["posts"]:
            self.data["posts"][root]["updated"] = self.now()
        return self.data["comments"][made]  # type: ignore[no-any-return]

    def add_rating(self, page: str, user: str, text: str, positive: bool) -> Data:
        """A recommendation."""
        story = str(3344556677000000 + self.count())
        self.data["ratings"][story] = {
            "id": story,
            "page": page,
            "author": self.person(user),
            "message": text,
            "positive": positive,
            "created": self.now(),
            "deleted": False,
        }
        return self.data["ratings"][story]  # type: ignore[no-any-return]

    def thread_with(self, user: str, page: str) -> Data:
        """The Messenger thread of a person with a page, made when missing."""
        psid = self.psid(user, page)
        if psid not in self.data["threads"]:
            self.data["threads"][psid] = {
                "id": f"t_{1000000000000000 + self.count()}",
                "psid": psid,
                "page": page,
                "user": user,
                "updated": self.now(),
                "spoke_at": None,
                "blocked": False,
                "owner": None,
                "messages": [],
            }
            self._threads[self.data["threads"][psid]["id"]] = psid
        return self.data["threads"][psid]  # type: ignore[no-any-return]

    def add_message(self, thread: Data, *, by_page: bool, text: str, **extra: Any) -> Data:
        """A message in a thread; a person's opens the window to answer."""
        now = self.now()
        message = {"id": f"m_Twin{self.count():08d}", "by_page": by_page, "text": text, "created": now}
        made = {**message, "attachments": [], "deleted": False, "edits": 0, **extra}
        thread["messages"].append(made)
        self._messages[made["id"]] = thread, made
        thread["updated"] = now
        if not by_page:
            thread["spoke_at"] = now
        return made

    # -- finding -------------------------------------------------------------------------------------------------------

    def user(self, user: str) -> Data:
        """Raises Refused."""
        return self._find("users", user)

    def page(self, page: str | None) -> Data:
        """The page, or the only one. Raises Refused."""
        return self._find("pages", page or next(iter(self.data["pages"]), ""))

    def post(self, post: str) -> Data:
        """A visible post. Raises Refused."""
        return self._visible("posts", post)

    def comment(self, comment: str) -> Data:
        """A visible comment. Raises Refused."""
        return self._visible("comments", comment)

    def message(self, message: str) -> tuple[Data, Data]:
        """(thread, message). Raises Refused."""
        found = self._messages.get(message)
        if found is None or found[1]["deleted"]:
            raise Refused(f"no message {message}")
        return found

    def thread(self, name: str) -> Data | None:
        """A Messenger thread by its own id."""
        found: Data | None = self.data["threads"].get(self._threads.get(name))
        return found

    def replies(self, root: str) -> list[Data]:
        """Visible comments whose post, or else parent comment, is `root`, oldest first."""
        below = (self.data["comments"][name] for name in self._below.get(root, ()))
        return [item for item in below if not item["deleted"]]

    def _find(self, kind: str, name: str) -> Data:
        try:
            return self.data[kind][name]  # type: ignore[no-any-return]
        except KeyError:
            raise Refused(f"no {name} among the {kind}") from None

    def _visible(self, kind: str, name: str) -> Data:
        found = self._find(kind, name)
        if found["deleted"]:
            raise Refused(f"{name} is deleted")
        return found

    # -- authors -------------------------------------------------------------------------------------------------------

    def person(self, user: str) -> Data:
        """A person as author."""
        return {"user": self.user(user)["id"]}

    def brand(self, page: str) -> Data:
        """A page as author."""
        return {"page": page}

    def is_brand(self, author: Data, page: str) -> bool:
        """Whether `author` is `page` itself."""
        return author.get("page") == page

    def named(self, author: Data, page: str) -> Data:
        """``{"id", "name"}`` of an author as `page` sees them."""
        if "page" in author:
            return {"id": author["page"], "name": self.page(author["page"])["name"]}
        return {"id": self.commenter(author["user"], page), "name": self.user(author["user"])["name"]}


def iso(at: int) -> str:
    """``2026-11-20T12:00:00+0000``, as Graph writes times."""
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")


def post_url(post: str) -> str:
    """A post's address."""
    owner, _, part = post.partition("_")
    return f"{WWW}/{owner}/posts/{part}"


def comment_url(root: str, comment: str) -> str:
    """A comment's address."""
    return f"{post_url(root)}/?comment_id={comment.rpartition('_')[2]}"
