"""A customer in a private Matrix room: the one real server here that pushes, with retries and repeats of its own."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.adapters.clock import SystemClock
from chalicelib.adapters.http import UrllibHttp
from chalicelib.connectors.platforms.matrix.client import Client
from chalicelib.core.account import Account
from chalicelib.core.events import InboundMessage, MessageDeleted, MessageEdited, PlatformEvent
from chalicelib.core.ids import AccountId, AccountKey, Cursor
from chalicelib.ports.platform import PlatformContext
from tests.e2e.product import HOOK_SECRET, Product
from tests.e2e.servers.matrix_people import MatrixUser
from tests.e2e.servers.rt import RequestTracker
from tests.e2e.servers.synapse import Synapse
from tests.e2e.servers.tryton import Tryton
from tests.e2e.servers.web import Api, wait_until
from tests.fakes.sessions import MemorySessions

pytestmark = pytest.mark.e2e

PATIENCE = 120.0


class Room:
    """One customer's private room with the brand, and the ticket that comes of it."""

    def __init__(self, product: Product, rt: RequestTracker, synapse: Synapse, tryton: Tryton) -> None:
        self.product, self.rt, self.synapse = product, rt, synapse
        product.add_helpdesk(
            "rt",
            "rt",
            options={"base_url": rt.url, "queue": "Social"},
            call={"token": rt.bridge_token},
            verify={"hook_secret": HOOK_SECRET},
        )
        product.add_crm("tryton", "tryton", options={"base_url": tryton.base_url}, call={"key": tryton.rest_key})
        product.add_account(
            "matrix",
            synapse.brand_id,
            helpdesk="rt",
            crms=("tryton",),
            options={"base_url": synapse.url},
            call={"as_token": synapse.as_token},
            endpoint="chat",
            verify={"hs_token": synapse.hs_token},
        )
        self.customer: MatrixUser = synapse.create_user("kim")
        self.customer.set_name("Kim Park")
        self.email = f"kim.{secrets.token_hex(3)}@example.com"
        self.tryton = tryton
        self.party = tryton.create_party("Kim Park", email=self.email)
        self.room = self.customer.create_direct_room(synapse.brand_id)

    def client(self) -> Client:
        """The connector's own client of the brand, beside the product's."""
        key = AccountKey(platform="matrix", account=AccountId(self.synapse.brand_id))
        account = Account(key=key, title="Acme", helpdesk="rt", options={"base_url": self.synapse.url})
        return Client(
            PlatformContext(
                account=account,
                credentials={"as_token": self.synapse.as_token},
                http=UrllibHttp(),
                clock=SystemClock(),
                sessions=MemorySessions(),
            )
        )

    def presences(self) -> set[tuple[str, str]]:
        """What stands with the customer's party beside the address: names and values of its contact mechanisms."""
        mechanisms = self.tryton.party(self.party)["contact_mechanisms"]
        return {(item["name"], item["value"]) for item in mechanisms if item["name"]}

    def tickets(self) -> list[int]:
        """Tickets of this customer, whose user id is in the subject or the first words."""
        local = self.customer.user_id.split(":")[0].lstrip("@")
        return self.rt.agent().find(f"Queue='Social' AND Subject LIKE '{local}'")

    def ticket(self) -> int:
        """The one ticket."""
        found: list[int] = wait_until(self.tickets, "a ticket", timeout=PATIENCE)
        return found[0]

    def words(self, ticket: int) -> str:
        """Everything written to and by the customer."""
        return "\n".join(item.text for item in self.rt.agent().history(ticket, "Create", "Correspond"))

    def wait_words(self, ticket: int, words: str) -> None:
        """Until the ticket holds `words`."""
        wait_until(lambda: words in self.words(ticket), f"{words!r} on the ticket", timeout=PATIENCE)

    def notes(self, ticket: int) -> str:
        """All internal notes."""
        return "\n".join(item.text for item in self.rt.agent().history(ticket, "Comment"))


@pytest.fixture
def room(product: Product, rt: RequestTracker, synapse: Synapse, tryton: Tryton) -> Room:
    """A room whose customer has written nothing yet."""
    return Room(product, rt, synapse, tryton)


def test_the_loop(room: Room) -> None:
    room.customer.send(room.room, "wo ist mein Päckchen? 📦")
    ticket = room.ticket()
    room.wait_words(ticket, "wo ist mein Päckchen? 📦")
    room.rt.agent().reply(ticket, "Which e-mail address did you order with?")
    room.customer.wait_message(room.room, by=room.synapse.brand_id, text="Which e-mail address did you order with?")
    room.customer.send(room.room, f"with {room.email}")
    room.wait_words(ticket, room.email)
    wait_until(lambda: f"e-mail {room.email} (private message)" in room.notes(ticket), "the match", timeout=PATIENCE)
    assert "Customer record: Kim Park" in room.notes(ticket)
    room.rt.agent().resolve(ticket)
    assert room.tickets() == [ticket]


def test_an_agent_settles_who_it_is(room: Room) -> None:
    """Suggested, confirmed by a note, written into the CRM; certain from then on; and taken back."""
    second = room.tryton.create_party("Kim Parker", email=room.email)
    room.customer.send(room.room, f"I ordered with {room.email}")
    ticket = room.ticket()
    wait_until(lambda: "To choose: an internal note with /link" in room.notes(ticket), "suggestions", timeout=PATIENCE)
    notes = room.notes(ticket)
    assert f"Kim Park, tryton:{room.party}" in notes
    assert f"Kim Parker, tryton:{second}" in notes
    room.rt.agent().comment(ticket, f"/link tryton:{room.party}")
    wait_until(lambda: f"is Kim Park, tryton:{room.party}" in room.notes(ticket), "the confirmation", timeout=PATIENCE)

    wait_until(lambda: ("matrix_id", room.customer.user_id) in room.presences(), "the identity", timeout=PATIENCE)
    again = room.customer.create_direct_room(room.synapse.brand_id)
    room.customer.send(again, "And where is my second order?")
    room.wait_words(ticket, "And where is my second order?")
    assert room.tickets() == [ticket]

    room.rt.agent().comment(ticket, "/unlink")
    wait_until(lambda: "Unlinked: " in room.notes(ticket), "the confirmation", timeout=PATIENCE)
    wait_until(lambda: room.presences() == set(), "the identity to be gone", timeout=PATIENCE)


def test_edits_and_deletions_reach_the_ticket(room: Room) -> None:
    event = room.customer.send(room.room, "my numbr is 1")
    ticket = room.ticket()
    room.customer.edit(room.room, event, "my number is 1")
    room.wait_words(ticket, "it now reads:")
    room.wait_words(ticket, "my number is 1")
    room.customer.redact(room.room, event)
    wait_until(lambda: "deleted a message" in room.notes(ticket), "the note", timeout=PATIENCE)


def test_the_receiver_is_down_while_the_homeserver_pushes(room: Room) -> None:
    room.customer.send(room.room, "first")
    ticket = room.ticket()
    room.product.stop_receiver()
    for text in ("second", "third", "fourth"):
        room.customer.send(room.room, text)
    room.product.start_receiver()
    room.wait_words(ticket, "fourth")
    words = room.words(ticket)
    assert [words.count(text) for text in ("first", "second", "third", "fourth")] == [1, 1, 1, 1]
    assert words.index("second") < words.index("third") < words.index("fourth")
    assert room.tickets() == [ticket]


def test_the_same_transaction_twice_is_one_entry(room: Room) -> None:
    event = room.customer.send(room.room, "only once, please")
    ticket = room.ticket()
    repeated = {
        "events": [
            {
                "type": "m.room.message",
                "event_id": event,
                "room_id": room.room,
                "sender": room.customer.user_id,
                "origin_server_ts": 1795000000000,
                "content": {"msgtype": "m.text", "body": "only once, please"},
            }
        ]
    }
    api = Api(base=room.product.url, headers={"Authorization": f"Bearer {room.synapse.hs_token}"})
    for number in ("9001", "9001", "9002"):
        path = f"/webhooks/platform/matrix/chat/_matrix/app/v1/transactions/{number}"
        assert api.call("PUT", path, json=repeated).status == 200
    room.customer.send(room.room, "the end")
    room.wait_words(ticket, "the end")
    assert room.words(ticket).count("only once, please") == 1
    assert room.tickets() == [ticket]


def test_a_poll_finds_what_the_homeserver_pushed_and_what_it_could_not(room: Room) -> None:
    """The same event ids as were sent, edits and redactions. (Synapse lets the service's own user have no ``/sync``: each room
    is read back, and an invitation comes by push alone, when the receiver is there again.)"""
    began = datetime.now(UTC) - timedelta(seconds=5)
    first = room.customer.send(room.room, "first")
    room.wait_words(room.ticket(), "first")
    client = room.client()
    known = client.poll(client.cursor_at(began))
    while known.more:  # a sweep under way goes to its end before it looks again
        known = client.poll(known.cursor)
    edit = room.customer.edit(room.room, first, "first, mended")
    gone = room.customer.send(room.room, "oops")
    room.customer.redact(room.room, gone)
    room.product.stop_receiver()
    later = [room.customer.send(room.room, f"number {number}") for number in range(15)]
    for cursor in (client.cursor_at(began), known.cursor):
        events = everything(client, cursor)
        messages = {event.key.message for event in events if isinstance(event, InboundMessage)}
        assert messages >= set(later)
        edits = [event for event in events if isinstance(event, MessageEdited)]
        assert edit in {event.version for event in edits}
        assert gone in {event.key.message for event in events if isinstance(event, MessageDeleted)}
    room.product.start_receiver()
    room.wait_words(room.ticket(), "number 14")
    assert room.words(room.ticket()).count("number 14") == 1


def everything(client: Client, cursor: Cursor) -> list[PlatformEvent]:
    """Polled on until there is no more."""
    events: list[PlatformEvent] = []
    for _ in range(50):
        polled = client.poll(cursor)
        events += polled.parsed.events
        cursor = polled.cursor
        if not polled.more:
            return events
    raise AssertionError("it does not come to an end")
