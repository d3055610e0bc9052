"""The X twin's world: people, posts, private messages, and X's rules about them. No HTTP in here.

Everything is plain data, so that a world can be dumped, loaded and shown. Ids are X's own kind: they hold the time of
the clock that was given, and grow.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from chalicelib.core.text._x_links import x_link_spans
from chalicelib.core.text.length import LengthUnit, text_length
from chalicelib.ports.services import Clock

Data = dict[str, Any]

PROBLEMS = "https://api.x.com/2/problems/"
DM_LIMIT = 10_000
DUPLICATES_WITHIN_MS = int(timedelta(hours=24).total_seconds() * 1000)
_EPOCH_MS = 1288834974657
_MENTION = re.compile(r"(?<![A-Za-z0-9_@])@([A-Za-z0-9_]{1,15})\b")
_CASHTAG = re.compile(r"(?<!\w)\$[A-Za-z]{1,6}\b")

NOT_SUMMONED = (
    "Reply to this conversation is not allowed because you have not been mentioned or otherwise engaged by the author "
    "of the post you are replying to."
)
DUPLICATE = "You are not allowed to create a Tweet with duplicate content."
NOT_VISIBLE = "You attempted to reply to a Tweet that is deleted or not visible to you."
NO_DM = "You do not have permission to DM one or more participants."
SENDER_LIMITED = "This operation is not permitted."
TOO_LONG = (
    "Your Tweet text is too long. For more information, visit https://docs.x.com/fundamentals/counting-characters."
)


class Refused(Exception):
    """X says no: ``status`` and the problem as JSON."""

    def __init__(self, status: int, body: Data) -> None:
        super().__init__(f"{status} {body.get('title')}")
        self.status = status
        self.body = body


def forbidden(detail: str) -> Refused:
    """403 in X's words."""
    return Refused(403, {"detail": detail, "type": "about:blank", "title": "Forbidden", "status": 403})


def old_error(code: int, message: str, status: int = 403) -> Refused:
    """A refusal with one of the old codes."""
    return Refused(status, {"errors": [{"code": code, "message": message}]})


def invalid(message: str, **parameters: str) -> Refused:
    """400: a parameter that X does not take."""
    return Refused(
        400,
        {
            "errors": [{"parameters": {name: [value] for name, value in parameters.items()}, "message": message}],
            "title": "Invalid Request",
            "detail": "One or more parameters to your request was invalid.",
            "type": f"{PROBLEMS}invalid-request",
        },
    )


def missing(kind: str, value: str, parameter: str = "id", *, hidden: bool = False) -> Data:
    """What a 200 has under ``errors`` for a thing that is gone, or hidden from whoever asks."""
    words = f"Could not find {kind} with {parameter}: [{value}]."
    if hidden:
        words = f"Sorry, you are not authorized to see the {kind} with {parameter}: [{value}]."
    return {
        "value": value,
        "detail": words,
        "title": "Authorization Error" if hidden else "Not Found Error",
        "resource_type": kind,
        "parameter": parameter,
        "resource_id": value,
        "type": PROBLEMS + ("not-authorized-for-resource" if hidden else "resource-not-found"),
    }


class XWorld:
    """Who is there and what was written. Nobody outside writes to ``data``."""

    def __init__(self, clock: Clock, *, self_serve: bool = True) -> None:
        self.clock = clock
        self.data = {
            "users": {},
            "posts": {},
            "messages": [],
            "links": {},
            "uploads": {},
            "last_id": 0,
            "numbers": {},
            "self_serve": self_serve,
            "sender_limited": False,
        }

    @property
    def data(self) -> Data:
        """All there is."""
        return self._data

    @data.setter
    def data(self, data: Data) -> None:
        self._data = data
        self._handles: dict[str, str] = {}
        self._by_author: dict[str, list[str]] = {}
        self._by_person: dict[str, list[Data]] = {}
        for user in data["users"].values():
            self._handles.setdefault(user["username"].casefold(), user["id"])
        for post in data["posts"].values():
            self._by_author.setdefault(post["author"], []).append(post["id"])
        for message in data["messages"]:
            self._index_message(message)

    def _index_message(self, message: Data) -> None:
        for who in dict.fromkeys((message["sender"], message["recipient"])):
            self._by_person.setdefault(who, []).append(message)

    # -- time and numbers ----------------------------------------------------------------------------------------------

    def now_ms(self) -> int:
        """Milliseconds since 1970."""
        return int(self.clock.now().timestamp() * 1000)

    def new_id(self) -> str:
        """The next id of anything."""
        self.data["last_id"] = max(self.data["last_id"] + 1, max(0, self.now_ms() - _EPOCH_MS) << 22)
        return str(self.data["last_id"])

    def number(self, kind: str) -> int:
        """Counts from 1 for each kind."""
        self.data["numbers"][kind] = self.data["numbers"].get(kind, 0) + 1
        return int(self.data["numbers"][kind])

    # -- people --------------------------------------------------------------------------------------------------------

    def add_user(self, username: str, name: str = "", *, user_id: str | None = None, **more: bool) -> str:
        """A person or a brand; the id. ``protected``, ``receives_dm`` (False: only from whom they wrote to),
        ``premium``."""
        identity = user_id or str(1_000_000 + self.number("user"))
        self.data["users"][identity] = {
            "id": identity,
            "username": username,
            "name": name or username,
            "protected": False,
            "receives_dm": True,
            "premium": False,
            "suspended": False,
            "blocks": [],
            **more,
        }
        self._handles.setdefault(username.casefold(), identity)
        return identity

    def user(self, who: str) -> Data:
        """By id or username. Raises KeyError."""
        found: Data | None = self.data["users"].get(who) or self._by_name(who.removeprefix("@"))
        if found is None:
            raise KeyError(f"no such user: {who}")
        return found

    def _by_name(self, username: str) -> Data | None:
        wanted = username.casefold()
        known: Data | None = self.data["users"].get(self._handles.get(wanted))
        if known is not None and known["username"].casefold() == wanted:
            return known
        return next((item for item in self.data["users"].values() if item["username"].casefold() == wanted), None)

    # -- posts ---------------------------------------------------------------------------------------------------------

    def post(self, identity: str) -> Data | None:
        """A post that is there, by the id of any of its versions."""
        found = self.data["posts"].get(identity)
        return found if found is not None and not found["deleted"] else None

    def posts(self) -> Iterator[Data]:
        """The newest version of each post that is there, newest first."""
        return self._newest(reversed(self.data["posts"]))  # ids grow

    def posts_of(self, author: str) -> Iterator[Data]:
        """The same of one author."""
        return self._newest(reversed(self._by_author.get(author, ())))

    def _newest(self, identities: Iterator[str]) -> Iterator[Data]:
        for identity in identities:
            post = self.data["posts"][identity]
            if not post["deleted"] and post["versions"][-1] == identity:
                yield post

    def write(
        self,
        author: str,
        text: str,
        *,
        reply_to: str | None = None,
        quote: str | None = None,
        repost_of: str | None = None,
        pictures: Sequence[str] = (),
        excluded: Sequence[str] = (),
    ) -> Data:
        """A new post, whoever may write it: the rules for apps are `check_reply` and `check_text`."""
        parent = self.data["posts"].get(reply_to) if reply_to else None
        identity = self.new_id()
        post: Data = {
            "id": identity,
            "author": author,
            "text": text,
            "ms": self.now_ms(),
            "parent": parent["id"] if parent else None,
            "parent_author": parent["author"] if parent else None,
            "conversation": parent["conversation"] if parent else identity,
            "quoted": quote,
            "repost_of": repost_of,
            "inherited": self._inherited(author, parent, excluded) if parent else [],
            "pictures": [{"media_key": f"3_{self.new_id()}", "url": url} for url in pictures],
            "versions": [identity],
            "deleted": False,
            "hidden": False,
        }
        self.data["posts"][identity] = post
        self._by_author.setdefault(author, []).append(identity)
        return post

    def _inherited(self, author: str, parent: Data, excluded: Sequence[str]) -> list[str]:
        """Whom an answer addresses without naming them: the parent's author, and whom the parent addresses."""
        people = [parent["author"], *parent["inherited"], *(item["id"] for item in self.named(parent["text"]))]
        return [who for who in dict.fromkeys(people) if who != author and who not in excluded]

    def edit(self, author: str, identity: str, text: str) -> Data:
        """A new version with an id of its own. Answers to others can't be edited: ValueError."""
        old = self.post(identity)
        if old is None or old["author"] != author:
            raise KeyError(f"no such post of {author}: {identity}")
        if old["parent_author"] not in (None, author):
            raise ValueError("answers to others can't be edited")
        new = {**old, "id": self.new_id(), "text": text, "ms": self.now_ms()}
        versions = [*old["versions"], new["id"]]
        self.data["posts"][new["id"]] = new
        self._by_author.setdefault(author, []).append(new["id"])
        for version in versions:
            self.data["posts"][version]["versions"] = versions
        return new

    def delete(self, identity: str) -> None:
        """All versions of it."""
        for version in self.data["posts"][identity]["versions"]:
            self.data["posts"][version]["deleted"] = True

    def named(self, text: str) -> list[Data]:
        """Who is @mentioned in a text."""
        return [person for _, _, person in self.mentions(text)]

    def mentions(self, text: str) -> list[tuple[int, int, Data]]:
        """(start, end, who) of each @mention of somebody who is there."""
        found = [(match.start(), match.end(), self._by_name(match[1])) for match in _MENTION.finditer(text)]
        return [(start, end, person) for start, end, person in found if person is not None]

    def sees(self, viewer: str | None, post: Data) -> bool:
        """Whether somebody may see a post: not a protected author's, not one's who blocks them. None: an app."""
        author = self.data["users"][post["author"]]
        if viewer == post["author"]:
            return True
        return not (author["protected"] or author["suspended"] or (viewer is not None and viewer in author["blocks"]))

    # -- X's rules for apps --------------------------------------------------------------------------------------------

    def check_reply(self, us: str, parent: str) -> None:
        """Whether an app may answer this post for `us`. Refused: 403."""
        post = self.post(parent)
        if post is None or not self.sees(us, post):
            raise forbidden(NOT_VISIBLE)
        if self.data["self_serve"] and post["author"] != us and not self.summons(us, post):
            raise forbidden(NOT_SUMMONED)

    def summons(self, us: str, post: Data) -> bool:
        """The author names us in the post itself, or quotes a post of ours."""
        quoted = self.data["posts"].get(post["quoted"]) if post["quoted"] else None
        return any(item["id"] == us for item in self.named(post["text"])) or bool(quoted and quoted["author"] == us)

    def check_text(self, us: str, text: str, parent: str | None) -> None:
        """Length, cashtags, repetition. Refused: 400 or 403."""
        if not text.strip():
            raise invalid("$.text: is missing or empty", text=text)
        limit = 25_000 if self.data["users"][us]["premium"] else 280
        if text_length(text, LengthUnit.WEIGHTED) > limit:
            raise forbidden(TOO_LONG)
        if len(_CASHTAG.findall(text)) > 1:
            raise forbidden("Posts may hold at most one cashtag.")
        addressed = self._addressed(us, parent)
        recently = self.now_ms() - DUPLICATES_WITHIN_MS
        for post in self.posts_of(us):
            if post["ms"] < recently:
                break
            if post["text"].strip() == text.strip() and post["inherited"] == addressed:
                raise forbidden(DUPLICATE)

    def _addressed(self, us: str, parent: str | None) -> list[str]:
        post = self.data["posts"].get(parent) if parent else None
        return self._inherited(us, post, ()) if post else []

    # -- private messages ----------------------------------------------------------------------------------------------

    def send(self, sender: str, recipient: str, text: str, pictures: Sequence[str] = ()) -> Data:
        """A private message, whoever may send it: the rule for apps is `check_message`."""
        message = {
            "id": self.new_id(),
            "sender": sender,
            "recipient": recipient,
            "text": text,
            "ms": self.now_ms(),
            "pictures": [{"media_key": f"3_{self.new_id()}", "url": url} for url in pictures],
        }
        self.data["messages"].append(message)
        self._index_message(message)
        return message

    def check_message(self, us: str, recipient: str, text: str) -> None:
        """Whether an app may send this for `us`. Refused: 400 or 403."""
        person = self.data["users"].get(recipient)
        if not text:
            raise invalid("$.text: must have a minimum length of 1", text=text)
        if self.data["sender_limited"]:
            raise forbidden(SENDER_LIMITED)
        wrote = any(item["sender"] == recipient and item["recipient"] == us for item in self.messages(recipient, us))
        closed = person is None or person["suspended"] or us in person["blocks"] or recipient == us
        if closed or not (person["receives_dm"] or wrote):
            raise forbidden(NO_DM)
        if len(text) > DM_LIMIT:
            raise old_error(354, "The text of your Direct Message is over the max character limit.")

    def messages(self, who: str, other: str | None = None) -> list[Data]:
        """One's private messages, with one other person if asked for, newest first."""
        theirs = self._by_person.get(other if other is not None else who, ())
        return [item for item in reversed(theirs) if who in (item["sender"], item["recipient"])]

    # -- links ---------------------------------------------------------------------------------------------------------

    def shortened(self, text: str) -> tuple[str, list[Data]]:
        """`text` with every link replaced by t.co's, and the ``urls`` entities; offsets in the new text."""
        shown, entities, position = "", [], 0
        for start, end in x_link_spans(text):
            shown += text[position:start]
            entity = self._link(text[start:end], len(shown))
            shown += entity["url"]
            entities.append(entity)
            position = end
        return shown + text[position:], entities

    def _link(self, written: str, start: int) -> Data:
        links: Mapping[str, str] = self.data["links"]
        short = links.get(written) or f"https://t.co/{self.number('link'):010d}"
        self.data["links"][written] = short
        full = written if re.match(r"(?i)https?://", written) else f"http://{written}"
        display = re.sub(r"(?i)^https?://(www\.)?", "", full)
        return {
            "start": start,
            "end": start + len(short),
            "url": short,
            "expanded_url": full,
            "display_url": display if len(display) <= 26 else display[:26] + "…",
        }
