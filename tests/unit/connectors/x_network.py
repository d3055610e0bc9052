"""The connector and the twin put together: what a test of the two needs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from careloop.twins.base import TwinHttp
from careloop.twins.x import XTwin
from chalicelib.connectors.platforms.x.client import Client
from chalicelib.connectors.platforms.x.webhook import Receiver
from chalicelib.core.account import Account
from chalicelib.core.errors import WebhookError
from chalicelib.core.events import InboundMessage, MessageDeleted, MessageEdited, PlatformEvent, Visibility
from chalicelib.core.ids import AccountId, AccountKey, AuthorId, MessageId, ThreadId, ThreadKey
from chalicelib.core.reply import OutboundReply
from chalicelib.core.webhook import VerifiedWebhook, WebhookRequest
from chalicelib.ports.platform import PlatformContext
from chalicelib.ports.receiver import ReceiverContext
from chalicelib.ports.services import Http
from tests.fakes.clock import FrozenClock
from tests.fakes.sessions import MemorySessions

ACME = AccountKey(platform="x", account=AccountId("100"))
SECRET = "twin-consumer-secret"
URL = "https://care.example.com/webhooks/platform/x/main"


def receiver(options: Mapping[str, str] | None = None, secrets: tuple[str, ...] = (SECRET,)) -> Receiver:
    return Receiver(
        ReceiverContext(secrets={"consumer_secret": secrets}, accounts=(AccountId("100"),), options=options or {})
    )


@dataclass
class Endpoint:
    """Our public function, as far as X can tell: answers checks, verifies, parses. ``status``: what to answer instead."""

    clock: FrozenClock
    receiver: Receiver = field(default_factory=receiver)
    events: list[PlatformEvent] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    bodies: list[Any] = field(default_factory=list)
    status: int | None = None

    def __call__(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        if self.status is not None:
            return self.status, b""
        request = WebhookRequest(
            method=method,
            url=url,
            headers={name.lower(): value for name, value in headers.items()},
            query=dict(parse_qsl(urlsplit(url).query)),
            body=body,
            received_at=self.clock.now(),
        )
        try:
            challenge = self.receiver.answer_challenge(request)
            if challenge is not None:
                return challenge.status, challenge.body.encode()
            self.receiver.verify(request)
        except WebhookError as error:
            return error.status, b""
        parsed = self.receiver.parse(VerifiedWebhook(request=request))
        assert not parsed.malformed
        self.events += parsed.events
        self.ignored += parsed.ignored
        self.bodies.append(json.loads(body))
        return 200, b""

    def messages(self) -> list[InboundMessage]:
        return [event for event in self.events if isinstance(event, InboundMessage)]

    def edits(self) -> list[MessageEdited]:
        return [event for event in self.events if isinstance(event, MessageEdited)]

    def deletions(self) -> list[MessageDeleted]:
        return [event for event in self.events if isinstance(event, MessageDeleted)]


@dataclass
class Network:
    """X with Acme Care, Kim and Lee, our endpoint subscribed, and our client with OAuth 2.0 credentials."""

    clock: FrozenClock
    twin: XTwin
    endpoint: Endpoint
    sessions: MemorySessions
    credentials: Mapping[str, str]
    kim: str
    lee: str

    def client(
        self,
        *,
        options: Mapping[str, str] | None = None,
        credentials: Mapping[str, str] | None = None,
        http: Http | None = None,
    ) -> Client:
        return Client(
            PlatformContext(
                account=Account(key=ACME, title="Acme on X", helpdesk="zendesk", options=options or {}),
                credentials=credentials or self.credentials,
                http=http or self.http,
                clock=self.clock,
                sessions=self.sessions,
            )
        )

    @property
    def http(self) -> Http:
        return TwinHttp({"https://api.x.com": self.twin})

    def hear(self) -> list[InboundMessage]:
        """Deliver what waits; the messages that came."""
        before = len(self.endpoint.messages())
        self.twin.flush()
        return self.endpoint.messages()[before:]


def network(**options: str) -> Network:
    clock = FrozenClock()
    endpoint = Endpoint(clock=clock, receiver=receiver(options))
    twin = XTwin(clock, deliver=endpoint)
    kim, lee = twin.add_user("kim_w", "Kim"), twin.add_user("lee", "Lee")
    twin.subscribe_brand(URL)
    return Network(
        clock=clock,
        twin=twin,
        endpoint=endpoint,
        sessions=MemorySessions(),
        credentials=twin.authorise(),
        kim=kim,
        lee=lee,
    )


def answer_to(message: InboundMessage, text: str, net: Network, **more: Any) -> OutboundReply:
    """An agent's answer to `message`, begun a minute ago."""
    assert message.author is not None
    values: dict[str, Any] = {
        "key": f"zendesk:42|{message.key.message}|1",
        "account": ACME,
        "thread": message.thread,
        "in_reply_to": message.key.message,
        "recipient": message.author.key.author,
        "text": text,
        "visibility": message.visibility,
        "began_at": net.clock.now() - timedelta(seconds=1),
    }
    return OutboundReply(**{**values, **more})


def post_reply(text: str = "We are on it.", **more: Any) -> OutboundReply:
    """An answer without a message before it."""
    values: dict[str, Any] = {
        "key": "zendesk:42|c1|1",
        "account": ACME,
        "thread": ThreadKey(account=ACME, thread=ThreadId("800")),
        "in_reply_to": MessageId("901"),
        "recipient": AuthorId("200"),
        "text": text,
        "visibility": Visibility.PUBLIC,
        "began_at": FrozenClock().now() - timedelta(minutes=2),
    }
    return OutboundReply(**{**values, **more})
