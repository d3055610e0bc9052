"""A reply whose first attempt died half way, and a reason to hold it that arose meanwhile: the note says what is so."""

from __future__ import annotations

import pytest

from chalicelib.core.errors import OutcomeUnknownError, RateLimitedError, UnavailableError
from chalicelib.core.events import MessageDeleted
from chalicelib.core.ids import ContactId, ContactRef
from chalicelib.core.people import Contact, SocialHandle
from chalicelib.core.reply import DeliveryReceipt, OutboundReply
from tests.fakes.clock import FrozenClock
from tests.fakes.platform import FakePlatform, FindingPlatform
from tests.fakes.runtime import World
from tests.functional.scenes import finding, opened


def the_customer_deletes(world: World, number: str = "m1") -> None:
    world.arrive(MessageDeleted(key=world.message(number).key, deleted_at=world.clock.now()))


def reports(world: World) -> list[str]:
    return [item for item in world.ticket.notes if item.startswith(("Posted", "NOT posted", "It is UNKNOWN"))]


def test_posted_and_then_deleted_is_reported_as_posted() -> None:
    world = opened()
    world.desk.agent_writes("1", "It left today.")
    world.desk.faults.append(("add_comment", True, UnavailableError("down")))
    world.hint()
    assert reports(world) == []
    the_customer_deletes(world)
    world.later(minutes=5)
    assert world.platform.texts == ["It left today."]
    assert [item.split(".")[0] for item in reports(world)] == ["Posted on Agora"]


def test_a_reply_that_waited_is_refused_once_its_question_is_gone_and_can_be_tried_again() -> None:
    world = opened()
    world.platform.faults.append((True, RateLimitedError("slow down", retry_after=60)))
    world.desk.agent_writes("1", "It left today.")
    world.hint()
    the_customer_deletes(world)
    world.later(minutes=5)
    assert world.platform.texts == []
    assert [item.split(":")[0] for item in reports(world)] == ["NOT posted on Agora"]
    world.clock.advance(minutes=1)
    world.arrive(world.message("m2", "Hello?"))
    world.desk.note("1", "/retry")
    world.hint()
    assert world.platform.texts == ["It left today."]


def test_an_unknown_outcome_is_looked_for_and_never_sent_again_once_held() -> None:
    world = finding()
    world.platform.faults.append((True, OutcomeUnknownError("cut")))
    world.desk.agent_writes("1", "It left today.")
    world.hint()
    the_customer_deletes(world)
    world.later(minutes=5)
    assert world.platform.texts == []
    assert [item.split(":")[0] for item in reports(world)] == ["NOT posted on Agora"]


def test_an_unknown_outcome_that_is_found_is_reported_as_posted_though_held() -> None:
    world = finding()
    world.platform.faults.append((False, OutcomeUnknownError("cut")))
    world.desk.agent_writes("1", "It left today.")
    world.hint()
    the_customer_deletes(world)
    world.later(minutes=5)
    assert len(world.platform.texts) == 1
    assert [item.split(".")[0] for item in reports(world)] == ["Posted on Agora"]


class TiresAfterOne(FakePlatform):
    """Takes one message, then asks for patience."""

    def send(self, reply: OutboundReply) -> DeliveryReceipt:
        if self.sent:
            raise RateLimitedError("slow down", retry_after=60)
        return super().send(reply)


def test_the_rest_of_a_long_reply_is_held_and_the_note_tells_what_stands() -> None:
    world = World(platform=TiresAfterOne(FrozenClock().now))
    opened(world)
    world.desk.agent_writes("1", "It left the depot today, we promise. " * 20)
    world.hint()
    assert len(world.platform.texts) == 1
    the_customer_deletes(world)
    world.later(minutes=5)
    assert len(world.platform.texts) == 1
    assert [item.split(":")[0] for item in reports(world)] == ["NOT posted on Agora (the first 1 parts were posted)"]


class LooksBelow(FindingPlatform):
    """Finds a message only where it was put: below what it answers, as real platforms do."""

    def find_sent(self, reply: OutboundReply) -> DeliveryReceipt | None:
        stands = [item for item in self.sent if item.key == reply.key and item.in_reply_to == reply.in_reply_to]
        return self._receipt(stands[0]) if stands else None


def looking_below() -> World:
    world = World(platform=LooksBelow(FrozenClock().now))
    world.platform._now = world.clock.now
    return opened(world)


@pytest.mark.parametrize("reached", [True, False])
def test_a_reply_is_looked_for_where_it_was_sent_though_the_customer_wrote_again(reached: bool) -> None:
    world = looking_below()
    world.platform.faults.append((not reached, OutcomeUnknownError("cut")))
    world.desk.agent_writes("1", "It left today.")
    world.hint()
    world.clock.advance(seconds=5)
    world.arrive(world.message("m2", "Hello?"))
    world.later(minutes=5)
    assert world.platform.texts == ["It left today."]
    assert world.platform.sent[0].in_reply_to == "m1"
    assert [item.split(".")[0] for item in reports(world)] == ["Posted on Agora"]


def test_a_reply_that_certainly_was_not_sent_answers_what_the_customer_wrote_since() -> None:
    world = looking_below()
    world.platform.faults.append((True, RateLimitedError("slow down", retry_after=60)))
    world.desk.agent_writes("1", "It left today.")
    world.hint()
    world.clock.advance(seconds=5)
    world.arrive(world.message("m2", "Hello?"))
    world.later(minutes=5)
    assert [item.in_reply_to for item in world.platform.sent] == ["m2"]


def test_a_reply_of_unknown_outcome_is_not_sent_again_elsewhere() -> None:
    world = World(platform=LooksBelow(FrozenClock().now))
    world.platform._now = world.clock.now
    social = (SocialHandle(platform="agora", user_id="kim"), SocialHandle(platform="agora-dm", user_id="kim"))
    world.crm.contacts = [Contact(ref=ContactRef(crm="crm", contact=ContactId("1")), name="Kim", social=social)]
    opened(world)
    world.platform.faults.append((False, OutcomeUnknownError("cut")))
    world.desk.agent_writes("1", "It left today.")
    world.hint()
    world.clock.advance(seconds=5)
    world.arrive(world.message("d1", "and here", platform="agora-dm", private=True, thread="dm-kim"))
    world.later(minutes=5)
    assert world.private.sent == []
    assert world.platform.texts == ["It left today."]
    assert [item.split(".")[0] for item in reports(world)] == ["Posted on Agora"]
