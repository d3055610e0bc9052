"""The pipeline with WhatsApp or Telegram: the real connectors on their twins, webhooks verified, a helpdesk of fakes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from careloop.twins.base import TwinHttp
from careloop.twins.forms import FormFile
from careloop.twins.telegram import TelegramTwin
from careloop.twins.whatsapp import WhatsAppTwin
from careloop.twins.whatsapp_api import MEDIA_BASE
from careloop.twins.whatsapp_world import NUMBER, WABA
from chalicelib.connectors.platforms.telegram.client import Client as Telegram
from chalicelib.connectors.platforms.telegram.spec import SPEC as TELEGRAM
from chalicelib.connectors.platforms.telegram.webhook import Receiver as TelegramReceiver
from chalicelib.connectors.platforms.whatsapp.client import Client as WhatsApp
from chalicelib.connectors.platforms.whatsapp.spec import SPEC as WHATSAPP
from chalicelib.connectors.platforms.whatsapp.webhook import Receiver as WhatsAppReceiver
from chalicelib.core.account import Account
from chalicelib.core.errors import SignatureError
from chalicelib.core.ids import AccountId, AccountKey
from chalicelib.core.media import MediaFile
from chalicelib.core.reply import Delivery
from chalicelib.core.webhook import VerifiedWebhook, WebhookRequest
from chalicelib.pipeline.receive import envelope_messages
from chalicelib.ports.platform import PlatformContext
from chalicelib.ports.receiver import ReceiverContext
from tests.fakes.helpdesk import sheet
from tests.fakes.runtime import World
from tests.fakes.sessions import MemorySessions

SITE = "https://care.example.com/webhooks/platform"
SECRET, VERIFY = "twin-whatsapp-app-secret", "handshake-with-acme-care"
HOOK_SECRET = "acme-secret_token-1"
PICTURE = FormFile(name="lamp.png", media_type="image/png", content=b"\x89PNG\r\n\x1a\n of a broken lamp")
INVOICE = MediaFile(name="invoice.pdf", media_type="application/pdf", content=b"%PDF-1.7 of a lamp")
PHOTO = MediaFile(name="new.png", media_type="image/png", content=b"\x89PNG\r\n\x1a\n of a new lamp")


class ChatWorld(World):
    """Base: what both have. ``down``: our webhook answers 503."""

    twin: Any
    receiver: Any

    def __init__(self) -> None:
        super().__init__()
        self.connectors.desk_sheet = sheet(most_file_bytes=100_000)
        self.desk.files = {"f1": INVOICE, "p1": PHOTO}
        self.down = False

    def join(self, spec: Any, client: Any, account: Account) -> None:
        self.connectors.platforms[spec.name] = client
        self.connectors.specs[spec.name] = spec
        self.system.stores.directory.put_account(account)

    def deliver(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        """Our endpoint: challenge, verify, parse, queue."""
        request = WebhookRequest(
            method=method,
            url=url,
            headers=dict(headers),
            query=dict(parse_qsl(urlsplit(url).query)),
            body=body,
            received_at=self.clock.now(),
        )
        if method == "GET":
            challenge = self.receiver.answer_challenge(request)
            return challenge.status, challenge.body.encode()
        if self.down:
            return 503, b""
        try:
            self.receiver.verify(request)
        except SignatureError:
            return 401, b""
        parsed = self.receiver.parse(VerifiedWebhook(request=request))
        assert not parsed.malformed, parsed.malformed
        self.runtime.queues.inbound.send(envelope_messages(parsed, self.clock.now(), None))
        return 200, b""

    def play(self, **how: bool) -> None:
        """Webhooks arrive and are worked on, until nothing more happens. It takes a second."""
        self.clock.advance(seconds=1)
        for _ in range(20):
            moved = self.twin.flush(**how)
            self.work()
            if not moved:
                return
        raise AssertionError("it does not come to rest")

    def answer(self, text: str, ticket: str = "1", **more: Any) -> None:
        """An agent replies, and whatever comes of it."""
        self.desk.agent_writes(ticket, text, **more)
        self.hint(ticket)
        self.play()

    def deliveries(self, ticket: str = "1") -> list[Delivery]:
        case = self.system.stores.cases.find_by_ticket(self.desk.tickets[ticket].ref)
        assert case is not None
        return list(self.system.stores.deliveries.deliveries(case.id))

    def told(self, words: str) -> int:
        return sum(words in item for item in self.ticket.notes)

    @property
    def files(self) -> list[tuple[str, bytes]]:
        """What was copied into the ticket."""
        return [(file.name, file.content) for item in self.ticket.comments for file in item.files]


class TelegramWorld(ChatWorld):
    """A bot."""

    def __init__(self, *, polled: bool = False, flood: int | None = None) -> None:
        super().__init__()
        self.twin = TelegramTwin(self.clock, deliver=self.deliver, flood=flood)
        number = AccountId(str(self.twin.world.data["bot"]["id"]))
        url = f"{SITE}/telegram/acme"
        options = {"poll": "true"} if polled else {"webhook_url": url}
        account = Account(
            key=AccountKey(platform="telegram", account=number), title="Acme's bot", helpdesk="desk", options=options
        )
        self.client = Telegram(
            PlatformContext(
                account=account,
                credentials={"bot_token": self.twin.token, "webhook_secret": HOOK_SECRET},
                http=TwinHttp({"https://api.telegram.org": self.twin}),
                clock=self.clock,
                sessions=MemorySessions(),
            )
        )
        self.receiver = TelegramReceiver(ReceiverContext(secrets={"secret_token": (HOOK_SECRET,)}, accounts=(number,)))
        self.account = account
        self.join(TELEGRAM, self.client, account)
        if not polled:
            self.client.subscribe()


class WhatsAppWorld(ChatWorld):
    """A business number."""

    def __init__(self, options: Mapping[str, str] | None = None, *, paced: bool = False) -> None:
        super().__init__()
        self.twin = WhatsAppTwin(self.clock, app_secret=SECRET, deliver=self.deliver, paced=paced)
        self.account = Account(
            key=AccountKey(platform="whatsapp", account=AccountId(NUMBER)),
            title="Acme on WhatsApp",
            helpdesk="desk",
            options={"waba_id": WABA, **(options or {})},
        )
        self.client = WhatsApp(
            PlatformContext(
                account=self.account,
                credentials={"access_token": self.twin.token},
                http=TwinHttp({"https://graph.facebook.com": self.twin, MEDIA_BASE: self.twin}),
                clock=self.clock,
                sessions=MemorySessions(),
            )
        )
        self.receiver = WhatsAppReceiver(ReceiverContext(secrets={"app_secret": (SECRET,), "verify_token": (VERIFY,)}))
        self.join(WHATSAPP, self.client, self.account)
        assert self.twin.subscribe(f"{SITE}/facebook/acme-meta", VERIFY) == 200
