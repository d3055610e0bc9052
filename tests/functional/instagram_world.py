"""The pipeline with Instagram: the real connector on its twin, webhooks verified, a helpdesk of fakes."""

from __future__ import annotations

from careloop.twins.base import TwinHttp
from careloop.twins.meta_instagram import ACCOUNT, CDN, InstagramTwin
from chalicelib.connectors.platforms.instagram.client import Client
from chalicelib.connectors.platforms.instagram.spec import BASE_URLS, SPEC
from chalicelib.connectors.platforms.instagram.webhook import Receiver
from chalicelib.core.account import Account
from chalicelib.core.ids import AccountId, AccountKey, AuthorId, AuthorKey
from chalicelib.core.people import Author
from chalicelib.ports.platform import PlatformContext
from chalicelib.ports.receiver import ReceiverContext
from tests.fakes.sessions import MemorySessions
from tests.functional.chat_world import SITE, VERIFY, ChatWorld

SECRET = "twin-instagram-app-secret"


class InstagramWorld(ChatWorld):
    """Acme's account, by either flavour of login, and Dana who follows it."""

    twin: InstagramTwin

    def __init__(self, login: str = "instagram", *, echo_first: bool = False, **options: str) -> None:
        super().__init__()
        self.twin = InstagramTwin(
            self.clock, login=login, app_secret=SECRET, deliver=self.deliver, echo_first=echo_first
        )
        self.account = Account(
            key=AccountKey(platform="instagram", account=AccountId(ACCOUNT)),
            title="Acme on Instagram",
            helpdesk="desk",
            handle="acme",
            options={"login": login, **options},
        )
        self.sessions = MemorySessions()
        self.stored = str(self.twin.world.account["token"])
        self.receiver = Receiver(ReceiverContext(secrets={"app_secret": (SECRET,), "verify_token": (VERIFY,)}))
        self.join(SPEC, self.client, self.account)
        assert self.twin.subscribe(f"{SITE}/instagram/acme-meta", VERIFY) == 200
        self.dana = self.twin.add_user("Dana Weber", "dana.w")
        self.media = self.twin.post("Our new lamp is here.")

    @property
    def client(self) -> Client:
        """As a worker makes one for its work."""
        hosts = {BASE_URLS[self.account.options["login"]]: self.twin, CDN: self.twin}
        return Client(
            PlatformContext(
                account=self.account,
                credentials={"access_token": self.stored},
                http=TwinHttp(hosts),
                clock=self.clock,
                sessions=self.sessions,
            )
        )

    def person(self) -> Author:
        """Dana, as an event that tells only the id has her."""
        return Author(key=AuthorKey(platform="instagram", author=AuthorId(self.dana)))
