"""Calls to the homeserver as the brand's user: sending, joining, reading a room again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from chalicelib.connectors.platforms.matrix import rooms
from chalicelib.connectors.platforms.matrix.payload import DELIVERY, TRANSACTION_PREFIX, parse_room, permalink
from chalicelib.connectors.platforms.matrix.refusals import ForbiddenError, refuse
from chalicelib.connectors.platforms.matrix.sent import is_ours_from_before, is_sent_as
from chalicelib.connectors.platforms.matrix.spec import FILE_TYPES, THREADS
from chalicelib.connectors.toolkit.api import ApiAnswer, ApiClient, require_field, segment
from chalicelib.connectors.toolkit.asking import readable
from chalicelib.connectors.toolkit.media import fetch_from
from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.errors import (
    CareloopError,
    ConfigurationError,
    CredentialsError,
    NotAnswerableError,
    NotFoundError,
    NotSubscribedError,
    OutcomeUnknownError,
    RecipientUnreachableError,
    UnsupportedError,
)
from chalicelib.core.events import Attachment, Parsed, PlatformEvent, Visibility
from chalicelib.core.ids import Cursor, MessageId, ThreadId, digest
from chalicelib.core.media import MediaFile
from chalicelib.core.people import Author
from chalicelib.core.reply import DeliveryReceipt, OutboundReply, ReceiptState
from chalicelib.ports.platform import PlatformContext, Polled

_PAGES = 3
_PAGE_SIZE = 100
_V3 = "/_matrix/client/v3"
_GONE = ("leave", "ban")


class Client:
    """One brand user. Needs the credential ``as_token`` and the option ``base_url``."""

    def __init__(self, context: PlatformContext) -> None:
        options, token = context.account.options, context.credentials.get("as_token")
        if not options.get("base_url") or not token:
            raise ConfigurationError("matrix: the option base_url and the credential as_token are needed")
        self._threads = options.get("threads", THREADS[0])
        if self._threads not in THREADS:
            raise ConfigurationError(f"matrix: threads is one of {', '.join(THREADS)}")
        self._context = context
        self._base_url = options["base_url"]
        self._user = str(context.account.key.account)
        self._token = token
        self._api = ApiClient(
            context.http,
            context.clock,
            self._base_url,
            headers={"authorization": f"Bearer {token}"},
            refusal=refuse,
        )

    def send(self, reply: OutboundReply) -> DeliveryReceipt:
        """Send under a transaction id made of the delivery's key: the homeserver sends the same one once, as long as
        it remembers it."""
        if reply.visibility is not Visibility.PRIVATE or len(reply.files) != len(reply.attachments):
            raise UnsupportedError("only private messages can be sent")
        self._check_recipient(reply)
        transaction = _transaction(reply)
        room = segment(reply.thread.thread)
        path = f"{_V3}/rooms/{room}/send/m.room.message/{transaction}"
        try:
            content = {**self._said(reply), DELIVERY: transaction, **self._relation(reply)}
            answer = self._call("PUT", path, content, idempotent=False)
        except ForbiddenError:
            raise self._why_forbidden(reply) from None
        return _receipt(reply, require_field(answer, "event_id"), self._context.clock.now())

    def _said(self, reply: OutboundReply) -> dict[str, Any]:
        """The words, or a file with them as its caption (v1.10). A file that is uploaded and never sent is nobody's."""
        if not reply.files:
            return {"msgtype": "m.text", "body": reply.text}
        (file,) = reply.files
        answer = self._call(
            "POST",
            "/_matrix/media/v3/upload",
            params={"filename": file.name},
            body=file.content,
            headers={"content-type": file.media_type},
        )
        with readable():
            uri = answer.json.need_text("content_uri")
        named = {"body": reply.text, "filename": file.name} if reply.text.strip() else {"body": file.name}
        info = {"mimetype": file.media_type, "size": len(file.content)}
        kind = FILE_TYPES.get(file.media_type.partition("/")[0], "m.file")
        return {"msgtype": kind, **named, "url": uri, "info": info}

    def fetch_media(self, attachment: Attachment, *, most_bytes: int) -> MediaFile:
        """From our homeserver, which fetches other servers' files itself."""
        url = attachment.url or ""
        if not url.startswith(f"{self._base_url.rstrip('/')}/_matrix/"):
            raise UnsupportedError("not a file of the homeserver")
        return fetch_from(
            self._context.http,
            f"{url}?{urlencode({'user_id': self._user})}",
            hosts=(),
            most_bytes=most_bytes,
            headers={"authorization": f"Bearer {self._token}"},
            name=attachment.title,
            origin=self._base_url,
        )

    def find_sent(self, reply: OutboundReply) -> DeliveryReceipt | None:
        """Look among the room's last 300 events for the one with the delivery's key. A homeserver keeps transaction ids
        of an application service in memory alone: a restart, or half an hour, and the same one sends again."""
        transaction, start = _transaction(reply), None
        for _ in range(_PAGES):
            page = self._page(reply.thread.thread, start)
            with readable():
                for event in page.items("chunk"):
                    if is_sent_as(event, transaction, self._user):
                        return _receipt(reply, event.need_id("event_id"), event.need_time("origin_server_ts"))
                    if is_ours_from_before(event, self._user, reply.began_at):
                        return None
                start = page.find_id("end")
            if start is None:
                return None
        raise OutcomeUnknownError("much was said since: its beginning is out of reach")

    def list_thread(self, thread: ThreadId) -> Parsed[PlatformEvent]:
        """The room's last 300 events, oldest first."""
        found: list[Reader] = []
        start: str | None = None
        for _ in range(_PAGES):
            page = self._page(thread, start)
            with readable():
                found += page.items("chunk")
                start = page.find_id("end")
            if start is None:
                break
        return parse_room(reversed(found), self._context.account.key, self._base_url)

    def poll(self, cursor: Cursor | None) -> Polled:
        """What came in all rooms since `cursor`, and open invitations; see `rooms`."""
        sweep = rooms.Sweep(self._read, self._context.account.key, self._base_url, self._context.clock.now())
        return sweep.poll(cursor)

    def cursor_at(self, moment: datetime) -> Cursor:
        """The cursor with which `poll` begins at `moment`."""
        return rooms.cursor_at(moment)

    def join_thread(self, thread: ThreadId) -> None:
        """Accept the invitation; joining twice is one join."""
        try:
            self._call("POST", f"{_V3}/rooms/{segment(thread)}/join", {})
        except ForbiddenError:
            raise NotFoundError("the invitation is gone", remote_code="M_FORBIDDEN") from None

    def fetch_author(self, author: Author) -> Author:
        """The profile's display name."""
        profile = self._read(f"{_V3}/profile/{segment(author.key.author)}", {})
        with readable():
            name = profile.find_text("displayname")
        return replace(author, display_name=name or author.display_name, handle=str(author.key.author).lstrip("@"))

    def probe(self) -> str:
        """Tries the token, and that it may act as the brand's user; where the option ``service_id`` says which
        registration is ours, also that the homeserver reaches our endpoint."""
        try:
            answer = self._call("GET", f"{_V3}/account/whoami")
        except ForbiddenError:
            raise CredentialsError(
                "the token may not act as the user",
                advice="The application service's registration does not cover the account's user id.",
                remote_code="M_FORBIDDEN",
            ) from None
        with readable():
            user = answer.json.need_text("user_id")
        if user != self._user:
            raise ConfigurationError("matrix: the token belongs to another user")
        service = self._context.account.options.get("service_id")
        return f"signed in as {user}; {self._ping(service)}" if service else f"signed in as {user}"

    def _ping(self, service: str) -> str:
        """Has the homeserver call our endpoint (v1.7). Raises NotSubscribedError when it can't reach it."""
        path = f"/_matrix/client/v1/appservice/{segment(service)}/ping"
        try:
            answer = self._api.call("POST", path, data={}, idempotent=True, expect=(400, 502, 504))
        except ForbiddenError:
            raise ConfigurationError("matrix: the option service_id names another registration") from None
        with readable():
            body = answer.json
            if answer.status == 200:
                return f"the homeserver reaches us in {body.need_id('duration_ms')} ms"
            code = body.need_text("errcode")
        raise NotSubscribedError(f"matrix: the homeserver does not reach our endpoint: {code[:40]}")

    # -- parts ---------------------------------------------------------------------------------------------------------

    def _check_recipient(self, reply: OutboundReply) -> None:
        """A homeserver takes messages for people who left, and nobody reads them."""
        try:
            membership = self._membership(reply, reply.recipient)
        except ForbiddenError:
            raise _we_are_out("M_FORBIDDEN") from None
        except NotFoundError:
            return  # the room never heard of that user; the homeserver decides
        if membership in _GONE:
            raise RecipientUnreachableError(
                membership, advice="The customer has left this chat.", remote_code=membership
            )

    def _membership(self, reply: OutboundReply, user: str) -> str:
        room = segment(reply.thread.thread)
        answer = self._call("GET", f"{_V3}/rooms/{room}/state/m.room.member/{segment(user)}")
        with readable():
            return answer.json.find_text("membership") or ""

    def _why_forbidden(self, reply: OutboundReply) -> CareloopError:
        """Those who were removed may still look at what was said until then."""
        try:
            membership = self._membership(reply, self._user)
        except CareloopError:
            membership = ""
        if membership in _GONE:
            return _we_are_out(membership)
        return NotAnswerableError(
            "forbidden", advice="The account may read this chat but not write in it.", remote_code="M_FORBIDDEN"
        )

    def _relation(self, reply: OutboundReply) -> dict[str, Any]:
        root = reply.context.get("thread_root") or (reply.in_reply_to if self._threads == "always" else None)
        if root is None or self._threads == "never":
            return {}
        # Clients without threads show the answer as one to the customer's message.
        answered = {"is_falling_back": True, "m.in_reply_to": {"event_id": reply.in_reply_to}}
        return {"m.relates_to": {"rel_type": "m.thread", "event_id": root, **answered}}

    def _page(self, thread: ThreadId, start: str | None) -> Reader:
        """A page of the room's events, newest first."""
        place = f"{_V3}/rooms/{segment(thread)}/messages"
        return self._read(place, {"dir": "b", "limit": _PAGE_SIZE, "from": start})

    def _read(self, path: str, params: Mapping[str, Any]) -> Reader:
        try:
            answer = self._call("GET", path, params=params)
        except ForbiddenError as error:
            raise NotFoundError("hidden from us", remote_code=error.remote_code) from None
        with readable():
            return answer.json

    def _call(
        self,
        method: str,
        path: str,
        data: Any = None,
        *,
        params: Mapping[str, Any] | None = None,
        idempotent: bool = True,
        **sent: Any,
    ) -> ApiAnswer:
        """As the brand's user."""
        query = {"user_id": self._user, **(params or {})}
        return self._api.call(method, path, params=query, data=data, idempotent=idempotent, **sent)


def _transaction(reply: OutboundReply) -> str:
    return TRANSACTION_PREFIX + digest(reply.key, length=32)


def _receipt(reply: OutboundReply, event: str, at: datetime) -> DeliveryReceipt:
    return DeliveryReceipt(
        messages=(MessageId(event),),
        state=ReceiptState.SENT,
        at=at,
        permalink=permalink(reply.thread.thread, event),
    )


def _we_are_out(code: str) -> RecipientUnreachableError:
    advice = "The account is not in this chat any more."
    return RecipientUnreachableError("we are not in the room", advice=advice, remote_code=code)
