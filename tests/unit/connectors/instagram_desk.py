"""An Instagram twin with the connector on it: what it delivers is verified and parsed, what the client asks it answers."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlsplit

from careloop.twins.base import TwinHttp
from careloop.twins.meta_instagram import ACCOUNT, CDN, InstagramTwin
from chalicelib.connectors.platforms.instagram.client import Client
from chalicelib.connectors.platforms.instagram.spec import BASE_URLS
from chalicelib.connectors.platforms.instagram.webhook import Receiver
from chalicelib.core.account import Account
from chalicelib.core.events import PlatformEvent
from chalicelib.core.ids import AccountId, AccountKey
from chalicelib.core.webhook import VerifiedWebhook, WebhookRequest
from chalicelib.ports.platform import PlatformContext
from chalicelib.ports.receiver import ReceiverContext
from tests.fakes.clock import FrozenClock
from tests.fakes.sessions import MemorySessions

SECRET, VERIFY = "twin-instagram-app-secret", "handshake-with-acme-care"


class InstagramDesk:
    """``events``: everything that came in, in order."""

    def __init__(self, login: str = "instagram") -> None:
        self.clock = FrozenClock()
        self.login = login
        self.events: list[PlatformEvent] = []
        self.receiver = Receiver(ReceiverContext(secrets={"app_secret": (SECRET,), "verify_token": (VERIFY,)}))
        self.twin = InstagramTwin(self.clock, login=login, app_secret=SECRET, deliver=self._receive)
        self.twin.subscribe("https://care.example.com/webhooks/platform/instagram/acme", VERIFY)

    def _receive(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        request = WebhookRequest(
            method=method,
            url=url,
            headers=dict(headers),
            query=dict(parse_qsl(urlsplit(url).query)),
            body=body,
            received_at=self.clock.now(),
        )
        challenge = self.receiver.answer_challenge(request)
        if challenge is not None:
            return challenge.status, challenge.body.encode()
        self.receiver.verify(request)
        parsed = self.receiver.parse(VerifiedWebhook(request=request))
        assert not parsed.malformed, parsed.malformed
        self.events += parsed.events
        return 200, b""

    def told(self) -> list[PlatformEvent]:
        """Deliver what waits; what came in since the last time."""
        self.twin.flush()
        found, self.events = self.events, []
        return found

    def client(self, **options: str) -> Client:
        """The connector's client, with the account's token."""
        account = Account(
            key=AccountKey(platform="instagram", account=AccountId(ACCOUNT)),
            title="Acme",
            helpdesk="desk",
            handle="acme",
            options={"login": self.login, **options},
        )
        return Client(
            PlatformContext(
                account=account,
                credentials={"access_token": str(self.twin.world.account["token"])},
                http=TwinHttp({BASE_URLS[self.login]: self.twin, CDN: self.twin}),
                clock=self.clock,
                sessions=MemorySessions(),
            )
        )
