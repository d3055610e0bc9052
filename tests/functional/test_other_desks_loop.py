"""The whole loop with Zammad and with django-helpdesk, over their twins: their webhooks come in as they send them."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import pytest

from careloop.twins.base import Fault, TwinHttp
from careloop.twins.django_helpdesk import DjangoHelpdeskTwin
from careloop.twins.zammad import ZammadTwin
from chalicelib.connectors import registry
from chalicelib.core.account import Connection, ConnectionKind
from chalicelib.core.webhook import VerifiedWebhook, WebhookRequest
from chalicelib.pipeline.receive import hint_message
from chalicelib.ports.helpdesk import HelpdeskContext
from chalicelib.ports.receiver import ReceiverContext
from tests.fakes.runtime import World
from tests.fakes.sessions import MemorySessions

KIND = ConnectionKind.HELPDESK
SITE = "https://desk.example.com"
SECRET = "9f2c51d07be84c0f"
DESKS: Mapping[str, tuple[Any, str, Mapping[str, str]]] = {
    "django_helpdesk": (DjangoHelpdeskTwin, "hook_secret", {"queue": "1"}),
    "zammad": (ZammadTwin, "signature_token", {"group": "Social"}),
}
WRITES = {"django_helpdesk": "^POST .*/followups/$", "zammad": "^(POST .*/ticket_articles|PUT .*/tickets)"}


class DeskWorld(World):
    """The pipeline with the twin of one helpdesk, whose webhooks come in."""

    def __init__(self, name: str) -> None:
        super().__init__()
        make, self._secret, options = DESKS[name]
        self.name = name
        self.twin = make(self.clock, deliver=self._deliver)
        self.twin.add_webhook(f"https://care.example.com/webhooks/helpdesk/{name}/desk", SECRET)
        connection = Connection(kind=KIND, name="desk", connector=name, options={"base_url": SITE, **options})
        client = import_module(f"{registry.CONNECTORS[KIND, name]}.client").Client
        self.client = client(
            HelpdeskContext(
                connection=connection,
                credentials={"token": self.twin.token},
                http=TwinHttp({SITE: self.twin}),
                clock=self.clock,
                sessions=MemorySessions(),
            )
        )
        self.connectors.helpdesks = {"desk": self.client}
        self.heard = 0

    def _deliver(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        request = WebhookRequest(
            method=method, url=url, headers=headers, query={}, body=body, received_at=self.clock.now()
        )
        receiver = registry.receiver(KIND, self.name, ReceiverContext(secrets={self._secret: (SECRET,)}))
        receiver.verify(request)
        self.heard += 1
        for hint in receiver.parse(VerifiedWebhook(request=request)).events:
            self.runtime.queues.outbound.send([hint_message("desk", hint, self.clock.now(), str(self.heard))])
        return 200, b""

    def hear(self) -> None:
        """Webhooks arrive; work, until nothing more happens."""
        while self.twin.pending:
            self.twin.flush()
            self.work()

    def poll(self, cursor: Any = None) -> Any:
        """No webhook came: find out by asking."""
        self.clock.advance(minutes=1)
        touched = self.client.touched_since(cursor)
        for hint in touched.hints:
            self.runtime.queues.outbound.send([hint_message("desk", hint, self.clock.now(), "poll")])
        self.work()
        return touched.cursor

    def shown(self, place: int = 0) -> dict[str, Any]:
        found: dict[str, Any] = self.twin.snapshot()["tickets"][place]
        return found

    def texts(self, place: int = 0, *, public: bool) -> list[str]:
        return [item["text"] for item in self.shown(place)["comments"] if item["public"] is public]


@pytest.fixture(params=DESKS)
def world(request: pytest.FixtureRequest) -> DeskWorld:
    return DeskWorld(request.param)


def test_a_message_its_answer_a_note_and_the_next_message(world: DeskWorld) -> None:
    world.arrive(world.message("m1", "Where is my {{ parcel }}?"))
    world.hear()
    assert "Where is my {{ parcel }}?" in world.texts(public=True)[0]
    assert any("Careloop brief" in text for text in world.texts(public=False))
    ticket = world.shown()["id"]
    world.twin.agent_note(ticket, "Ask the depot")
    world.twin.agent_reply(ticket, "It left today.")
    world.hear()
    assert world.platform.texts == ["It left today."]
    assert any("Posted on Agora" in text for text in world.texts(public=False))
    world.twin.solve(ticket)
    world.hear()
    world.clock.advance(minutes=5)
    world.arrive(world.message("m2", "Thanks, but {% where?"))
    world.hear()
    assert len(world.twin.snapshot()["tickets"]) == 1
    assert world.shown()["status" if world.name == "django_helpdesk" else "state"] in (2, "open")
    assert "Thanks, but {% where?" in world.texts(public=True)[-1]
    world.twin.agent_reply(ticket, "In Bonn.")
    world.hear()
    assert world.platform.texts == ["It left today.", "In Bonn."]
    assert world.platform.sent[-1].in_reply_to == "m2"


def test_without_any_webhook_polling_finds_the_answer_once(world: DeskWorld) -> None:
    cursor = world.poll()
    world.arrive(world.message("m1"))
    world.twin.agent_reply(world.shown()["id"], "It left today.")
    cursor = world.poll(cursor)
    world.poll(cursor)
    world.hear()
    assert world.platform.texts == ["It left today."]


def test_lost_answers_lead_to_one_ticket_and_one_entry(world: DeskWorld) -> None:
    creates = "^POST .*/tickets/?$"
    world.twin.faults += [Fault(pattern=creates, status=0, before=False), Fault(pattern=WRITES[world.name], status=0)]
    world.arrive(world.message("m1"))
    for _ in range(20):
        world.clock.advance(minutes=3)
        world.work()
    assert len(world.twin.snapshot()["tickets"]) == 1
    assert len(world.texts(public=True)) == 1
    world.twin.faults.append(Fault(pattern=WRITES[world.name], status=0, before=False))
    world.arrive(world.message("m2", "Any news?"))
    for _ in range(20):
        world.clock.advance(minutes=3)
        world.work()
    assert sum("Any news?" in text for text in world.texts(public=True)) == 1


def test_a_webhook_with_another_secret_stays_outside(world: DeskWorld) -> None:
    world.arrive(world.message("m1"))
    world.hear()
    world.twin.add_webhook("https://care.example.com/webhooks/helpdesk/x/desk", "another secret")
    world.twin.agent_reply(world.shown()["id"], "It left today.")
    with pytest.raises(Exception, match="signature"):
        world.twin.flush()
    assert world.platform.texts == []
