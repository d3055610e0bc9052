"""A public talk that goes on in private: one ticket, nothing private in public, whenever a worker dies."""

from __future__ import annotations

import pytest

from chalicelib.core.errors import OutcomeUnknownError
from chalicelib.core.ids import AccountId, AccountKey, AuthorId, ConversationKey, ThreadId, ThreadKey
from chalicelib.core.reply import DeliveryReceipt, OutboundReply, delivery_key, ticket_of_delivery
from tests.fakes.clock import FrozenClock
from tests.fakes.platform import FakePlatform, FindingPlatform, spec
from tests.fakes.runtime import World
from tests.functional.scenes import opened, unread


class Dead(BaseException):
    """A worker that ended between two calls."""


def private_world(platform: FakePlatform | None = None) -> World:
    world = World(platform=platform or FindingPlatform(FrozenClock().now), sheet=spec(private_reply=True))
    world.platform._now = world.clock.now
    opened(world)
    world.desk.note("1", "/private")
    world.hint()
    return world


def customers_answer(world: World, mark: str = "d1") -> None:
    world.arrive(world.message(mark, "KD-1", platform="agora-dm", private=True, thread="dm-kim", person="dm-kim"))


def dying_notes(world: World) -> None:
    """The worker dies at its next note."""
    world.desk.faults.append(("add_comment", True, Dead()))


def test_the_customers_private_answer_finds_the_ticket_though_the_worker_died_before_its_note():
    world = private_world()
    dying_notes(world)
    world.desk.agent_writes("1", "Your number?")
    with pytest.raises(Dead):
        world.hint()
    customers_answer(world)
    assert world.ticket.customer == ["Where is my parcel?", "KD-1"]
    world.later(minutes=5)
    assert len(world.platform.sent) == 1
    assert sum("Posted" in item for item in world.ticket.notes) == 1


def test_an_echo_that_names_the_delivery_brings_the_private_conversation_to_its_ticket():
    world = private_world(FakePlatform(FrozenClock().now))
    world.platform.faults = [(False, OutcomeUnknownError("reset"))]
    reply = world.desk.agent_writes("1", "Your number?")
    world.hint()
    key = delivery_key(world.ticket.ref, reply, 1)
    echo = world.message(
        "our-1",
        "Your number? (as the platform shows it)",
        platform="agora-dm",
        private=True,
        thread="dm-kim",
        person="brand",
        is_echo=True,
        recipient=AuthorId("dm-kim"),
        delivery=key,
    )
    world.arrive(echo)
    assert "It was posted after all." in world.ticket.notes[-1]
    customers_answer(world)
    assert world.ticket.customer[-1] == "KD-1"
    case = world.system.stores.cases.find_by_ticket(world.ticket.ref)
    assert case is not None
    [delivery] = world.system.stores.deliveries.deliveries(case.id)
    assert delivery.status == "sent"


def test_an_echo_with_a_mark_of_another_kind_is_ours_and_no_more():
    world = private_world()
    world.arrive(world.message("our-9", "hello", person="brand", is_echo=True, delivery="careloop-0a1b2c"))
    assert "echo" in world.dispositions().values()
    assert len(world.ticket.notes) == 2


def test_a_conversation_that_is_another_tickets_stays_there():
    world = private_world()
    customers_answer(world, "d0")
    world.desk.agent_writes("1", "Your number?")
    world.hint("1")
    assert len(world.platform.sent) == 1
    assert "Posted in private" in world.desk.tickets["1"].notes[-1]
    customers_answer(world)
    assert world.desk.tickets["2"].customer == ["KD-1", "KD-1"]


class OneIdEach(FakePlatform):
    """People have one id in public and in private."""

    def private_conversation(self, author: AuthorId) -> ConversationKey:
        account = AccountKey(platform="agora-dm", account=AccountId("brand"))
        return ConversationKey(thread=ThreadKey(account=account, thread=ThreadId(f"dm-{author}")), author=author)


def test_where_the_private_thread_is_known_the_ticket_has_it_before_the_reply_is_sent():
    world = private_world(OneIdEach(FrozenClock().now))

    def die(reply: OutboundReply) -> DeliveryReceipt:
        raise Dead

    world.platform.send = die  # type: ignore[method-assign]
    world.desk.agent_writes("1", "Your number?")
    with pytest.raises(Dead):
        world.hint()
    world.arrive(world.message("d1", "KD-1", platform="agora-dm", private=True, thread="dm-kim", person="kim"))
    assert world.ticket.customer == ["Where is my parcel?", "KD-1"]


@pytest.mark.parametrize("kind", [FindingPlatform, OneIdEach])
@pytest.mark.parametrize("posted", [True, False])
def test_a_private_reply_never_goes_public_when_it_is_resumed(kind: type[FakePlatform], posted: bool):
    world = private_world(kind(FrozenClock().now))
    send = world.platform.send

    def die(reply: OutboundReply) -> DeliveryReceipt:
        if posted:
            send(reply)
        raise Dead

    world.platform.send = die  # type: ignore[method-assign]
    world.desk.agent_writes("1", "Your number?")
    with pytest.raises(Dead):
        world.hint()
    world.platform.send = send  # type: ignore[method-assign]
    world.later(minutes=5)
    everything = [*world.platform.sent, *world.private.sent]
    assert all(item.visibility == "private" for item in everything)
    assert len(everything) == int(posted or kind is FindingPlatform)
    told = [note for note in world.ticket.notes if "Posted in private" in note or "UNKNOWN" in note]
    assert len(told) == 1


def test_what_was_not_told_as_unknown_is_not_told_as_posted_after_all():
    world = World(platform=FindingPlatform(FrozenClock().now))
    world.platform._now = world.clock.now
    opened(world)
    world.platform.faults = [(False, OutcomeUnknownError("reset"))]
    world.desk.agent_writes("1", "the answer")
    world.hint()
    world.arrive(world.message("our-1", "the answer", person="brand", is_echo=True, in_reply_to="m1"))
    world.later(minutes=5)
    assert [item for item in world.ticket.notes if "Careloop brief" not in item] == [world.ticket.notes[-1]]
    assert world.ticket.notes[-1].startswith("Posted on Agora")
    unread(world)
    world.hint()
    assert world.platform.texts == ["the answer"]


@pytest.mark.parametrize("key", ["", "x", "desk:", ":1", "|desk:1"])
def test_other_marks_name_no_ticket(key: str):
    assert ticket_of_delivery(key) is None


def test_a_deliverys_name_begins_with_its_ticket():
    world = opened()
    reply = world.desk.agent_writes("1", "answer")
    assert ticket_of_delivery(delivery_key(world.ticket.ref, reply, 2)) == world.ticket.ref
