"""Calls to the account's PDS: polling, threads, replies. The PDS passes app.bsky calls on to the app view."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from chalicelib.connectors.platforms.bluesky.notifications import REASONS, cursor_at, joined, read_page, read_place
from chalicelib.connectors.platforms.bluesky.outbound import (
    Target,
    embed_of,
    own_uri,
    parent_of,
    receipt_of,
    record_key,
    record_of,
    target_of,
)
from chalicelib.connectors.platforms.bluesky.payload import parse_document
from chalicelib.connectors.platforms.bluesky.places import POSTS, AtUri, find_uri, profile_page
from chalicelib.connectors.platforms.bluesky.refusals import TokenOverError
from chalicelib.connectors.platforms.bluesky.session import Login
from chalicelib.connectors.platforms.bluesky.spec import MEDIA_HOSTS
from chalicelib.connectors.toolkit.api import ApiAnswer, ApiClient
from chalicelib.connectors.toolkit.asking import readable
from chalicelib.connectors.toolkit.media import fetch_from
from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.errors import (
    CredentialsError,
    NotAnswerableError,
    NotFoundError,
    RateLimitedError,
    RecipientUnreachableError,
    RejectedError,
    UnavailableError,
    UnsupportedError,
)
from chalicelib.core.events import Attachment, AttachmentKind, Parsed, PlatformEvent, Visibility
from chalicelib.core.ids import Cursor, MessageId, ThreadId
from chalicelib.core.media import MediaFile
from chalicelib.core.people import Author, Profile
from chalicelib.core.reply import DeliveryReceipt, OutboundReply
from chalicelib.ports.platform import PlatformContext, Polled

_PAGES = 5
_PAGE_SIZE = 100
_DEPTH = 100
"""Levels of a thread. The service allows 1,000; a JSON document of that depth is beyond Python's reader."""
_MAX_MENTIONS = 10
_BLOCKS = ("blockedBy", "blocking", "blockingByList")
_Call = Callable[[ApiClient], ApiAnswer]


class Client:
    """One account. Needs the credential ``app_password``."""

    def __init__(self, context: PlatformContext) -> None:
        self._context = context
        self._login = Login(context)
        self._did = str(context.account.key.account)

    # -- reading -------------------------------------------------------------------------------------------------------

    def poll(self, cursor: Cursor | None) -> Polled:
        """Mentions, replies and quotes since `cursor`, at most 500 at a time."""
        account, now = self._context.account.key, self._context.clock.now()
        place, limited = read_place(cursor, now), False
        found: list[Parsed[PlatformEvent]] = []
        for _ in range(_PAGES):
            params = {"limit": _PAGE_SIZE, "reasons": REASONS, "cursor": place.page}
            try:
                page = self._read("app.bsky.notification.listNotifications", params)
            except RateLimitedError:
                if not found:
                    raise
                limited = True
                break
            with readable():
                events, place, goes_on = read_page(page, place, account, now)
            found.append(events)
            if not goes_on:
                break
        more = place.page is not None
        return Polled(parsed=joined(found), cursor=place.write(), more=more and not limited, paused=more and limited)

    def cursor_at(self, moment: datetime) -> Cursor:
        """The cursor with which `poll` begins at `moment`."""
        return cursor_at(moment)

    def list_thread(self, thread: ThreadId) -> Parsed[PlatformEvent]:
        """What was said to us in the thread whose root is `thread`, and our own posts in it."""
        params = {"uri": thread, "depth": _DEPTH, "parentHeight": 0}
        document = self._read("app.bsky.feed.getPostThread", params)
        with readable():
            kind = document.need_text("thread", "$type")
            if not kind.endswith("#threadViewPost"):
                raise NotFoundError("the thread is gone or hidden from us", remote_code=kind.rpartition("#")[2][:40])
            return parse_document(document, self._context.account.key, self._context.clock.now())

    def fetch_author(self, author: Author) -> Author:
        """Handle and name of now."""
        profile = self._profile(str(author.key.author))
        with readable():
            handle = profile.find_text("handle")
            return Author(
                key=author.key,
                handle=handle if handle and handle != "handle.invalid" else author.handle,
                display_name=profile.find_text("displayName") or author.display_name,
                profile_url=profile_page(str(author.key.author)),
                is_brand=author.is_brand,
                profile=_profile_of(profile),
            )

    def probe(self) -> str:
        """Tries the login and the way to the app view."""
        session = self._read("com.atproto.server.getSession", {})
        self._read("app.bsky.notification.listNotifications", {"limit": 1, "reasons": REASONS})
        with readable():
            if session.need_text("did") != self._did:
                raise CredentialsError("another account", advice="The app password belongs to another account.")
            return f"signed in as {session.find_text('handle') or self._did}; notifications can be read"

    def refresh(self) -> datetime | None:
        """Renew the session ahead of its end. The access itself, an app password, ends by a person's hand alone."""
        self._login.renew_ahead()
        return None

    # -- sending -------------------------------------------------------------------------------------------------------

    def send(self, reply: OutboundReply) -> DeliveryReceipt:
        """Put the reply's record under its own key: a second attempt puts the same record in the same place. Pictures
        go first; their references are made of their content."""
        if reply.visibility is not Visibility.PUBLIC or reply.private_reply:
            raise UnsupportedError("only public posts can be sent")
        if len(reply.files) != len(reply.attachments):
            raise UnsupportedError("a file without its content")
        target = self._target(reply)
        images = [self._upload(file) for file in reply.files]
        data = {
            "repo": self._did,
            "collection": POSTS,
            "rkey": record_key(reply),
            "record": {**record_of(reply, target, self._resolver()), **embed_of(reply, images)},
        }
        answer = self._call(lambda api: api.post("/xrpc/com.atproto.repo.putRecord", data, idempotent=True))
        with readable():
            body = answer.json
            if body.need_id("uri") != str(own_uri(reply)):
                raise body.need("uri").wrong("another record's")
            return receipt_of(reply, self._context.clock.now(), body.need_id("cid"), target.context)

    def _upload(self, file: MediaFile) -> Any:
        """The picture's reference. What no record names the server forgets. Raises leaves."""
        headers = {"content-type": file.media_type}
        path = "/xrpc/com.atproto.repo.uploadBlob"
        answer = self._call(lambda api: api.call("POST", path, body=file.content, headers=headers, idempotent=True))
        with readable():
            blob = answer.json.need("blob")
            reference, kind = {"$link": blob.need_id("ref", "$link")}, blob.need_text("mimeType")
        return {"$type": "blob", "ref": reference, "mimeType": kind, "size": len(file.content)}

    def remove(self, message: MessageId) -> None:
        """Delete our own post; gone already is fine."""
        uri = find_uri(message)
        if uri is None or uri.did != self._did:
            raise UnsupportedError("only our own posts can be deleted")
        data = {"repo": self._did, "collection": uri.collection, "rkey": uri.rkey}
        with suppress(NotFoundError):
            self._call(lambda api: api.post("/xrpc/com.atproto.repo.deleteRecord", data, idempotent=True))

    def fetch_media(self, attachment: Attachment, *, most_bytes: int) -> MediaFile:
        """A picture from Bluesky's CDN. Films come as playlists of pieces, and are not fetched."""
        if attachment.kind is not AttachmentKind.IMAGE or not attachment.url:
            raise UnsupportedError("only pictures can be fetched")
        return fetch_from(
            self._context.http,
            attachment.url,
            hosts=MEDIA_HOSTS,
            most_bytes=most_bytes,
            types=("image/*",),
            name=attachment.title or None,
        )

    def find_sent(self, reply: OutboundReply) -> DeliveryReceipt | None:
        """Ask our own repository for the reply's key."""
        try:
            record = self._record(own_uri(reply))
        except NotFoundError:
            return None
        with readable():
            at = record.need("value").find_time("createdAt") or reply.began_at
            return receipt_of(reply, at, record.need_id("cid"), {})

    def _target(self, reply: OutboundReply) -> Target:
        parent = parent_of(reply)
        if parent.did == self._did:
            # The app view may not have our last part yet; our own repository has.
            with readable():
                return target_of(self._record(parent), "value", None)
        wanted = dict.fromkeys((str(parent), str(reply.thread.thread)))
        posts = self._read("app.bsky.feed.getPosts", {"uris": list(wanted)})
        with readable():
            found = {post.need_id("uri"): post for post in posts.items("posts")}
            view = found.get(str(parent))
            if view is None:
                raise self._why_missing(parent)
            _check_answerable(view)
            return target_of(view, "record", found.get(str(reply.thread.thread)))

    def _why_missing(self, parent: AtUri) -> Exception:
        """Posts of people who block us are left out just as posts that are gone."""
        try:
            viewer = self._profile(parent.did).find("viewer")
        except (NotFoundError, RejectedError):
            viewer = None
        if viewer is not None and _is_blocked(viewer):
            return _unreachable()
        return NotFoundError("the post to answer is gone")

    def _resolver(self) -> Callable[[str], str | None]:
        """Handle to DID, each asked once, a bounded number of them."""
        known: dict[str, str | None] = {}

        def resolve(handle: str) -> str | None:
            if handle not in known and len(known) < _MAX_MENTIONS:
                try:
                    answer = self._read("com.atproto.identity.resolveHandle", {"handle": handle})
                    with readable():
                        known[handle] = answer.need_text("did")
                except (RejectedError, NotFoundError, UnavailableError):
                    known[handle] = None  # it stays plain text: better than no answer
            return known.get(handle)

        return resolve

    # -- calls ---------------------------------------------------------------------------------------------------------

    def _profile(self, did: str) -> Reader:
        try:
            return self._read("app.bsky.actor.getProfile", {"actor": did})
        except RejectedError as error:
            raise NotFoundError("no such profile", remote_code=error.remote_code) from None

    def _record(self, uri: AtUri) -> Reader:
        return self._read(
            "com.atproto.repo.getRecord", {"repo": uri.did, "collection": uri.collection, "rkey": uri.rkey}
        )

    def _read(self, method: str, params: Mapping[str, Any]) -> Reader:
        answer = self._call(lambda api: api.get(f"/xrpc/{method}", params))
        with readable():
            return answer.json

    def _call(self, make: _Call) -> ApiAnswer:
        """With the shared session, renewed once when it is over: a refused token means that nothing was done."""
        session = self._login.current()
        try:
            return make(self._login.api(session))
        except TokenOverError:
            session = self._login.renew(session)
        try:
            return make(self._login.api(session))
        except TokenOverError as error:
            raise CredentialsError(
                "a new session was refused", advice="Make a new app password.", remote_code=error.remote_code, dead=True
            ) from None


def _profile_of(profile: Reader) -> Profile:
    followers = profile.find_id("followersCount")
    return Profile(
        bio=(profile.find_text("description") or "")[:2000].strip() or None,
        website=profile.find_text("website"),
        followers=int(followers) if followers and followers.isdecimal() else None,
        account_created=profile.find_time("createdAt"),
    )


def _is_blocked(viewer: Reader) -> bool:
    return any(viewer.has(name) and viewer.need(name).value is not False for name in _BLOCKS)


def _unreachable() -> RecipientUnreachableError:
    return RecipientUnreachableError(
        "blocked",
        advice="The customer and the account do not see each other (one blocks the other).",
        remote_code="blocked",
    )


def _check_answerable(view: Reader) -> None:
    """A reply past a closed thread or a block is stored and shown to nobody: refuse before."""
    if (viewer := view.need("author").find("viewer")) is not None and _is_blocked(viewer):
        raise _unreachable()
    closed = view.find("viewer", "replyDisabled")
    if closed is not None and closed.value is True:
        raise NotAnswerableError(
            "reply disabled",
            advice="The thread's author allows no answers from this account.",
            remote_code="replyDisabled",
        )
