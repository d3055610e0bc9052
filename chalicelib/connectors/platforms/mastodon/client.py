"""Calls to the account's server: polling notifications, reading a thread again, answering."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, TypeGuard

from chalicelib.connectors.platforms.mastodon.files import media_hosts, upload
from chalicelib.connectors.platforms.mastodon.outbound import status_of
from chalicelib.connectors.platforms.mastodon.own import find_own
from chalicelib.connectors.platforms.mastodon.payload import parse_entries, root_of
from chalicelib.connectors.platforms.mastodon.profile import with_profile
from chalicelib.connectors.platforms.mastodon.refusals import refuse
from chalicelib.connectors.platforms.mastodon.statuses import PRIVATE_THREAD
from chalicelib.connectors.toolkit.api import ApiClient, segment
from chalicelib.connectors.toolkit.asking import readable
from chalicelib.connectors.toolkit.media import fetch_from
from chalicelib.connectors.toolkit.payload import Reader, parse_time
from chalicelib.core.errors import ConfigurationError, NotFoundError, UnsupportedError
from chalicelib.core.events import Attachment, Parsed, PlatformEvent
from chalicelib.core.ids import Cursor, MessageId, ThreadId, digest
from chalicelib.core.media import MediaFile
from chalicelib.core.people import Author
from chalicelib.core.reply import DeliveryReceipt, OutboundReply, ReceiptState
from chalicelib.ports.platform import PlatformContext, Polled

TYPES = ("mention", "quote", "update")
_PAGE = 20
"""Each answer in it costs another call, for its thread; 300 calls in 5 minutes are allowed."""
_FIRST = timedelta(hours=1)
_KEY_LIVES = timedelta(minutes=50)
"""Servers remember Idempotency-Keys for about an hour."""
_START = Cursor("0")
_SEEKING = "@"
"""How a cursor begins that names a time: notifications' ids tell none, so the place is looked for from the top."""
_SEEK_PAGE = 80
_CONVERSATIONS = 40


class Client:
    """One account. Needs the credential ``access_token`` and the option ``base_url``."""

    def __init__(self, context: PlatformContext) -> None:
        base_url, token = context.account.options.get("base_url"), context.credentials.get("access_token")
        if not base_url or not token:
            raise ConfigurationError("mastodon: the option base_url and the credential access_token are needed")
        self._account = context.account.key
        self._own = self._account.account.partition("@")[0]
        self._http = context.http
        self._base_url = base_url
        self._media_hosts = media_hosts(base_url, context.account.options.get("media_hosts", ""))
        self._clock = context.clock
        self._api = ApiClient(
            context.http,
            context.clock,
            base_url,
            headers={"authorization": f"Bearer {token}"},
            refusal=refuse(context.clock.now),
        )

    # -- reading -------------------------------------------------------------------------------------------------------

    def poll(self, cursor: Cursor | None) -> Polled:
        """Mentions, quotes and edits after the notification `cursor`, 20 at a time; at first those of the last hour."""
        if cursor is not None and cursor.startswith(_SEEKING):
            return self._seek(cursor)
        now = self._clock.now()
        params = {"types[]": TYPES, "min_id": cursor, "limit": _PAGE, "include_filtered": "true"}
        page = self._read("/api/v1/notifications", params)
        with readable():
            entries = sorted(page.items(), key=lambda entry: _rank(_number(entry)))
            reached = max((_number(entry) for entry in entries), key=_rank, default="")
        if cursor is None and len(entries) >= _PAGE and _is_since(entries[0], now - _FIRST):
            return Polled(parsed=Parsed(), cursor=self.cursor_at(now - _FIRST), more=True)
        wanted = entries if cursor else [entry for entry in entries if _is_since(entry, now - _FIRST)]
        with readable():
            roots = {status: root for entry in wanted if (status := _asked(entry)) and (root := self._root(status))}
            parsed = parse_entries(wanted, self._account, now, roots)
        moved = Cursor(max(reached, cursor or _START, key=_rank))
        return Polled(parsed=parsed, cursor=moved, more=bool(cursor) and len(entries) >= _PAGE and moved != cursor)

    def cursor_at(self, moment: datetime) -> Cursor:
        """The cursor with which `poll` looks for the last notification before `moment`, and goes on from there."""
        return Cursor(_SEEKING + moment.isoformat())

    def _seek(self, cursor: Cursor) -> Polled:
        """One page down; at the wanted time the cursor becomes a notification's id."""
        wanted, _, below = cursor.removeprefix(_SEEKING).partition("|")
        start = parse_time(wanted) or self._clock.now() - _FIRST
        params = {"types[]": TYPES, "max_id": below or None, "limit": _SEEK_PAGE, "include_filtered": "true"}
        page = self._read("/api/v1/notifications", params)
        with readable():
            entries = sorted((entry for entry in page.items() if _number(entry)), key=lambda item: _rank(_number(item)))
        older = [_number(entry) for entry in entries if not _is_since(entry, start)]
        if older or not entries:
            return Polled(parsed=Parsed(), cursor=Cursor(older[-1] if older else _START), more=True)
        return Polled(parsed=Parsed(), cursor=Cursor(f"{_SEEKING}{wanted}|{_number(entries[0])}"), more=True)

    def list_thread(self, thread: ThreadId) -> Parsed[PlatformEvent]:
        """What was said to us below the status `thread`, edits too, and our own posts. Private talk: what stands around
        the latest message of the conversation, which the server keeps even where it tells nobody of it."""
        if thread.startswith(PRIVATE_THREAD):
            return self._private(thread)
        first = self._read(f"/api/v1/statuses/{segment(thread)}")
        context = self._read(f"/api/v1/statuses/{segment(thread)}/context")
        with readable():
            statuses = [first, *context.items("descendants")]
            numbers = [status.value.get("id") for status in statuses if isinstance(status.value, dict)]
            roots = {str(number): str(thread) for number in numbers if isinstance(number, str)}
            return parse_entries(statuses, self._account, self._clock.now(), roots)

    def _private(self, thread: ThreadId) -> Parsed[PlatformEvent]:
        person = thread.removeprefix(PRIVATE_THREAD).partition("@")[0]
        page = self._read("/api/v1/conversations", {"limit": _CONVERSATIONS})
        with readable():
            for talk in page.items():
                if person in [account.find_id("id") for account in talk.items("accounts")]:
                    latest = talk.find("last_status")
                    break
            else:
                latest = None
        if latest is None:
            raise NotFoundError("no such conversation among the latest")
        with readable():
            number = latest.need_id("id")
        context = self._read(f"/api/v1/statuses/{segment(number)}/context")
        with readable():
            statuses = [*context.items("ancestors"), latest, *context.items("descendants")]
            private = [item for item in statuses if item.find_text("visibility") == "direct"]
            return parse_entries(private, self._account, self._clock.now())

    def probe(self) -> str:
        """Whose token it is."""
        account = self._read("/api/v1/accounts/verify_credentials")
        with readable():
            if account.need_id("id") != self._own:
                raise ConfigurationError("mastodon: the token belongs to another account")
            return f"signed in as {account.need_text('acct')}"

    def _root(self, status: str) -> str | None:
        """The first status of a thread. A status that is hidden by now keeps what its notification tells."""
        try:
            context = self._read(f"/api/v1/statuses/{segment(status)}/context")
        except NotFoundError:
            return None
        return root_of(context)

    def _read(self, path: str, params: Mapping[str, Any] | None = None) -> Reader:
        answer = self._api.get(path, params)
        with readable():
            return answer.json

    def fetch_author(self, author: Author) -> Author:
        """Names of now, and what the profile says."""
        account = self._read(f"/api/v1/accounts/{segment(author.key.author.partition('@')[0])}")
        with readable():
            return with_profile(author, account)

    def fetch_media(self, attachment: Attachment, *, most_bytes: int) -> MediaFile:
        """From the own server, which keeps copies of other servers' files; see `media_hosts`."""
        if not attachment.url:
            raise UnsupportedError("the server gives no address")
        return fetch_from(
            self._http, attachment.url, hosts=self._media_hosts, most_bytes=most_bytes, origin=self._base_url
        )

    # -- sending -------------------------------------------------------------------------------------------------------

    def send(self, reply: OutboundReply) -> DeliveryReceipt:
        """One post under an Idempotency-Key made of the delivery's key: within the hour the server makes one of it.
        After a first attempt older than that, what the account has posted since is looked through before."""
        if reply.private_reply or len(reply.files) != len(reply.attachments):
            raise UnsupportedError("only those who can read the message can be answered")
        data = status_of(reply)
        if self._clock.now() - reply.began_at > _KEY_LIVES:
            earlier = find_own(self._read, self._own, reply)
            if earlier is not None:
                return self._receipt(earlier)
        if reply.files:
            data["media_ids"] = upload(self._api, reply.files)
        key = {"idempotency-key": digest(reply.key, length=32)}
        answer = self._api.post("/api/v1/statuses", data, idempotent=True, headers=key)
        with readable():
            return self._receipt(answer.json)

    def _receipt(self, status: Reader) -> DeliveryReceipt:
        with readable():
            return DeliveryReceipt(
                messages=(MessageId(status.need_id("id")),),
                state=ReceiptState.SENT,
                at=self._clock.now(),
                permalink=status.find_text("url"),
            )

    def remove(self, message: MessageId) -> None:
        """Delete our own status; gone already is fine."""
        with suppress(NotFoundError):
            self._api.call("DELETE", f"/api/v1/statuses/{segment(message)}", idempotent=True)


def _number(entry: Reader) -> str:
    """Of a notification; empty for an entry that has none."""
    value = entry.value.get("id") if isinstance(entry.value, dict) else None
    return value if _is_id(value) else ""


def _rank(number: str) -> tuple[int, str]:
    """Ids are decimals of any length, or letters and digits of one length."""
    return len(number), number


def _is_since(entry: Reader, start: datetime) -> bool:
    at = parse_time(entry.value.get("created_at")) if isinstance(entry.value, dict) else None
    return at is None or at >= start


def _asked(entry: Reader) -> str | None:
    """The status whose thread must be asked for: an answer in public."""
    status = entry.value.get("status") if isinstance(entry.value, dict) else None
    if not isinstance(status, dict) or not status.get("in_reply_to_id") or status.get("visibility") == "direct":
        return None
    number = status.get("id")
    return number if _is_id(number) else None


def _is_id(value: Any) -> TypeGuard[str]:
    """Decimals in Mastodon, letters and digits in its forks."""
    return isinstance(value, str) and value.isascii() and value.isalnum() and len(value) <= 64
