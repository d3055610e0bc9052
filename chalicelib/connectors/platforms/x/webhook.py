"""X's webhooks: events of the X Activity API, and the older Account Activity API's bodies.

Signature and check (CRC): docs.x.com/x-api/webhooks, 2026-08-22. Nothing signs the time: the ledger drops repeats.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial

from chalicelib.connectors.platforms.x.current import read_post
from chalicelib.connectors.platforms.x.legacy import read_encrypted, read_legacy_post, read_message
from chalicelib.connectors.platforms.x.posts import Post, View, author_of, events_of, once, view_of
from chalicelib.connectors.toolkit.payload import Collector, Reader, read_json
from chalicelib.connectors.toolkit.signatures import base64_sha256, require_match
from chalicelib.core.errors import ConfigurationError, SignatureError
from chalicelib.core.events import AccountRevoked, MessageDeleted, Parsed, PlatformEvent
from chalicelib.core.ids import MessageId, MessageKey
from chalicelib.core.webhook import VerifiedWebhook, WebhookRequest, WebhookResponse
from chalicelib.ports.receiver import ReceiverContext

SIGNATURE = "x-twitter-webhooks-signature"
SECRET = "consumer_secret"

# The check is answered with the very function that signs bodies: whoever could have any text signed could forge one.
# X's tokens are plain words; no JSON object is.
_TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]{1,1024}")

Handler = Callable[["_Delivery", Reader, str], None]


class Receiver:
    """Verifies with the app's consumer secret, answers X's checks, and parses one delivery at a time."""

    def __init__(self, context: ReceiverContext) -> None:
        self._secrets = tuple(item for item in context.secrets.get(SECRET, ()) if item)
        self._accounts = tuple(map(str, context.accounts))
        self._options = context.options

    def answer_challenge(self, request: WebhookRequest) -> WebhookResponse | None:
        """The answer to a check (CRC), made with the first secret; None when there is no ``crc_token``.

        Raises SignatureError for a token that is none of X's, ConfigurationError without a secret.
        """
        token = request.query.get("crc_token")
        if request.method != "GET" or token is None:
            return None
        if not self._secrets:
            raise ConfigurationError("no verification secret is stored for this endpoint")
        if not _TOKEN.fullmatch(token):
            raise SignatureError("crc_token is not X's")
        answer = {"response_token": f"sha256={base64_sha256(self._secrets[0], token.encode('ascii'))}"}
        return WebhookResponse(status=200, body=json.dumps(answer))

    def verify(self, request: WebhookRequest) -> None:
        """Raises SignatureError unless one of the current secrets signed these very bytes."""
        candidates = [f"sha256={base64_sha256(secret, request.body)}" for secret in self._secrets]
        require_match(request.headers.get(SIGNATURE), candidates)

    def parse(self, webhook: VerifiedWebhook) -> Parsed[PlatformEvent]:
        """The events of one delivery. Raises PayloadError when the body is no JSON object."""
        body = read_json(webhook.request.body)
        collector = Collector()
        delivery = _Delivery(collector, webhook.request, self._accounts, self._options, body)
        names = body.keys()
        for name in names:
            handler = _SECTIONS.get(name)
            if handler is not None and body.has(name):
                collector.attempt(partial(_run, handler, delivery, name), body.need(name))
            elif name not in _BESIDE:
                collector.ignore(name)
        return Parsed(
            events=once(collector.events), malformed=tuple(collector.malformed), ignored=dict(collector.ignored)
        )


class _Delivery:
    """One body on its way through the tables."""

    def __init__(
        self,
        collector: Collector,
        request: WebhookRequest,
        accounts: tuple[str, ...],
        options: Mapping[str, str],
        body: Reader,
    ) -> None:
        self.collector = collector
        self.request = request
        self.body = body
        self._accounts = accounts
        self._options = options

    def view(self, account: str | None, missing: Reader) -> View:
        """The view of the named account; where none is named, of the endpoint's only one. Raises PayloadError."""
        if account is None and len(self._accounts) == 1:
            account = self._accounts[0]
        if account is None:
            raise missing.wrong("names no account")
        return view_of(account, self._accounts, self._options)

    def add(self, *events: PlatformEvent | None) -> None:
        """Keep what there is."""
        self.collector.events += [event for event in events if event is not None]

    def each(self, entries: Iterable[Reader], parse: Callable[[Reader], None]) -> None:
        """One bad entry never blocks the others."""
        for entry in entries:
            self.collector.attempt(parse, entry)

    def add_post(self, post: Post, view: View, *, named: bool = False, quotes_us: bool = False) -> None:
        """Keep a post; reposts are noise, edits of our own posts change nothing."""
        if post.is_repost:
            self.collector.ignore("repost")
        else:
            self.add(*events_of(post, view, named=named, quotes_us=quotes_us))


def _run(handler: Handler, delivery: _Delivery, name: str, section: Reader) -> None:
    handler(delivery, section, name)


# -- X Activity API: {"data": {event_uuid, filter, event_type, tag?, payload, includes?}} ------------------------------


def _activity(delivery: _Delivery, data: Reader, section: str) -> None:
    kind = data.need_text("event_type")
    handler = _KINDS.get(_squashed(kind))
    if handler is None:
        delivery.collector.ignore(kind)
    else:
        handler(delivery, data, kind)


def _squashed(kind: str) -> str:
    """``post.mention.create`` and the older ``PostMentionCreate`` alike."""
    return re.sub(r"[^a-z]", "", kind[:200].lower())


def _view(delivery: _Delivery, data: Reader) -> View:
    return delivery.view(data.find_id("filter", "user_id"), data)


def _post(delivery: _Delivery, data: Reader, kind: str) -> None:
    view = _view(delivery, data)
    post = read_post(data.need("payload"), data.find("includes"), view)
    name = _squashed(kind)
    delivery.add_post(post, view, named=name == "postmentioncreate", quotes_us=name == "postquotecreate")


def _post_deleted(delivery: _Delivery, data: Reader, kind: str) -> None:
    view, payload = _view(delivery, data), data.need("payload")
    author = payload.find_id("author_id")
    delivery.add(
        MessageDeleted(
            key=MessageKey(account=view.account, message=MessageId(payload.need_id("id"))),
            deleted_at=delivery.request.received_at,
            author=author_of(view, author, None) if author else None,
        )
    )


def _direct_messages(delivery: _Delivery, data: Reader, kind: str) -> None:
    view, payload = _view(delivery, data), data.need("payload")
    users = payload.find("users")
    entries = list(payload.need("direct_message_events").items())
    delivery.each(entries, lambda entry: _message(delivery, entry, users, view))


def _message(delivery: _Delivery, entry: Reader, users: Reader | None, view: View) -> None:
    message = read_message(entry, users, view)
    if message is None:
        delivery.collector.ignore("direct_message_events: no message")
    delivery.add(message)


def _encrypted(delivery: _Delivery, data: Reader, kind: str) -> None:
    delivery.add(read_encrypted(data.need("payload"), _view(delivery, data)))


def _revoked(delivery: _Delivery, data: Reader, kind: str) -> None:
    payload = data.need("payload")
    view = delivery.view(payload.find_id("user_id") or data.find_id("filter", "user_id"), data)
    delivery.add(AccountRevoked(account=view.account, at=payload.need_time("date_time")))


_KINDS: Mapping[str, Handler] = {
    "postcreate": _post,
    "postmentioncreate": _post,
    "postreplycreate": _post,
    "postquotecreate": _post,
    "postrepostcreate": lambda delivery, data, kind: delivery.collector.ignore(kind),
    "postdelete": _post_deleted,
    "dmreceived": _direct_messages,
    "dmsent": _direct_messages,
    "chatreceived": _encrypted,
    "chatsent": _encrypted,
    "oauthrevoke": _revoked,
}
"""The rest is of no use: likes, follows, blocks, mutes, read marks, and our own profile (its handle is no id)."""


# -- Account Activity API: {"for_user_id", "<what>_events": [...]}, deprecated -----------------------------------------


def _old_view(delivery: _Delivery, section: Reader) -> View:
    return delivery.view(delivery.body.find_id("for_user_id"), section)


def _old_posts(delivery: _Delivery, section: Reader, name: str) -> None:
    view = _old_view(delivery, section)
    delivery.each(section.items(), lambda entry: delivery.add_post(read_legacy_post(entry, view), view))


def _old_deletions(delivery: _Delivery, section: Reader, name: str) -> None:
    view = _old_view(delivery, section)
    delivery.each(section.items(), lambda entry: _old_deletion(delivery, entry, view))


def _old_deletion(delivery: _Delivery, entry: Reader, view: View) -> None:
    author = entry.find_id("status", "user_id")
    delivery.add(
        MessageDeleted(
            key=MessageKey(account=view.account, message=MessageId(entry.need_id("status", "id"))),
            deleted_at=entry.find_time("timestamp_ms") or delivery.request.received_at,
            author=author_of(view, author, None) if author else None,
        )
    )


def _old_messages(delivery: _Delivery, section: Reader, name: str) -> None:
    view, users = _old_view(delivery, section), delivery.body.find("users")
    delivery.each(section.items(), lambda entry: _message(delivery, entry, users, view))


def _user_event(delivery: _Delivery, section: Reader, name: str) -> None:
    if not section.has("revoke"):
        delivery.collector.ignore(name)
        return
    revoke = section.need("revoke")
    account = revoke.find_id("source", "user_id") or delivery.body.find_id("for_user_id")
    view = delivery.view(account, revoke)
    delivery.add(AccountRevoked(account=view.account, at=revoke.need_time("date_time")))


_BESIDE = frozenset({"for_user_id", "users", "apps", "user_has_blocked"})
_SECTIONS: Mapping[str, Handler] = {
    "data": _activity,
    "tweet_create_events": _old_posts,
    "tweet_delete_events": _old_deletions,
    "direct_message_events": _old_messages,
    "user_event": _user_event,
}
