"""A Meta twin with both connectors on it: what it delivers is verified and parsed, what the clients ask it answers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from careloop.twins.base import TwinHttp
from careloop.twins.meta import PAGE_ID, MetaTwin
from careloop.twins.meta_files import CDN
from chalicelib.connectors.platforms._meta.receiver import MetaReceiver
from chalicelib.connectors.platforms.facebook.client import Client as Facebook
from chalicelib.connectors.platforms.messenger.client import Client as Messenger
from chalicelib.core.account import Account
from chalicelib.core.errors import WebhookError
from chalicelib.core.events import InboundMessage, PlatformEvent, Visibility
from chalicelib.core.ids import AccountId, AccountKey, AuthorId, MessageId, ThreadId, ThreadKey
from chalicelib.core.reply import OutboundReply
from chalicelib.core.webhook import VerifiedWebhook, WebhookRequest
from chalicelib.ports.platform import PlatformContext
from chalicelib.ports.receiver import ReceiverContext
from tests.fakes.clock import FrozenClock
from tests.fakes.sessions import MemorySessions

GRAPH = "https://graph.facebook.com"
CALLBACK = "https://care.example.com/webhooks/platform/facebook/acme-meta"
SECRET = "twin-meta-app-secret"
VERIFY = "handshake-with-acme-care"


def account(platform: str, page: str = PAGE_ID, **options: str) -> Account:
    key = AccountKey(platform=platform, account=AccountId(page))
    return Account(key=key, title="Acme", helpdesk="zendesk", options=options)


class Desk:
    """``events``: everything that came in, in order; ``bodies``: the bytes; ``down``: we answer 503."""

    def __init__(self, *, echo_first: bool = False, subscribed: bool = True) -> None:
        self.clock = FrozenClock()
        self.events: list[PlatformEvent] = []
        self.ignored: dict[str, int] = {}
        self.bodies: list[bytes] = []
        self.down = False
        self.twin = MetaTwin(self.clock, app_secret=SECRET, deliver=self.receive, echo_first=echo_first)
        self.receiver = MetaReceiver(ReceiverContext(secrets={"app_secret": (SECRET,), "verify_token": (VERIFY,)}))
        if subscribed:
            self.twin.subscribe(CALLBACK, VERIFY)

    def receive(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        """Our webhook: challenge, verify, parse."""
        parts = urlsplit(url)
        request = WebhookRequest(
            method=method,
            url=url,
            headers={name.lower(): value for name, value in headers.items()},
            query=dict(parse_qsl(parts.query)),
            body=body,
            received_at=datetime(2026, 11, 20, 12, tzinfo=UTC),
        )
        challenge = self.receiver.answer_challenge(request)
        if challenge is not None:
            return challenge.status, challenge.body.encode()
        if self.down:
            return 503, b""
        try:
            self.receiver.verify(request)
        except WebhookError as error:
            return error.status, b""
        parsed = self.receiver.parse(VerifiedWebhook(request=request))
        assert not parsed.malformed, parsed.malformed
        self.bodies.append(body)
        self.events += parsed.events
        for kind, count in parsed.ignored.items():
            self.ignored[kind] = self.ignored.get(kind, 0) + count
        return 200, b""

    def told(self) -> list[PlatformEvent]:
        """Deliver what waits; what came in since the last time."""
        self.twin.flush()
        found, self.events = self.events, []
        return found

    def message(self) -> InboundMessage:
        """The one message that came in."""
        (found,) = self.told()
        assert isinstance(found, InboundMessage)
        return found

    def _context(
        self, platform: str, page: str, credentials: dict[str, str], options: dict[str, str]
    ) -> PlatformContext:
        token = self.twin.world.page(page)["token"]
        return PlatformContext(
            account=account(platform, page, **options),
            credentials={"page_token": token, **credentials},
            http=TwinHttp({GRAPH: self.twin, CDN: self.twin}),
            clock=self.clock,
            sessions=MemorySessions(),
        )

    def facebook(self, page: str = PAGE_ID, *, credentials: dict[str, str] | None = None, **options: str) -> Facebook:
        return Facebook(self._context("facebook", page, credentials or {}, options))

    def messenger(self, page: str = PAGE_ID, *, credentials: dict[str, str] | None = None, **options: str) -> Messenger:
        return Messenger(self._context("messenger", page, credentials or {}, options))

    def answer(self, message: InboundMessage, text: str = "It ships today.", **changes: Any) -> OutboundReply:
        """A reply to `message`, as the pipeline makes it."""
        assert message.author is not None
        values: dict[str, Any] = {
            "key": "zendesk:42|17|1",
            "account": message.key.account,
            "thread": message.thread,
            "in_reply_to": message.key.message,
            "recipient": message.author.key.author,
            "text": text,
            "visibility": message.visibility,
            "began_at": self.clock.now(),
            "last_customer_message_at": message.sent_at,
            "context": message.context,
        }
        return OutboundReply(**{**values, **changes})


def private(psid: str, text: str, desk: Desk, *, ago: timedelta = timedelta(0)) -> OutboundReply:
    """A reply in a Messenger thread."""
    key = AccountKey(platform="messenger", account=AccountId(PAGE_ID))
    return OutboundReply(
        key="zendesk:42|18|1",
        account=key,
        thread=ThreadKey(account=key, thread=ThreadId(psid)),
        in_reply_to=MessageId("m_1"),
        recipient=AuthorId(psid),
        text=text,
        visibility=Visibility.PRIVATE,
        began_at=desk.clock.now(),
        last_customer_message_at=desk.clock.now() - ago,
    )
