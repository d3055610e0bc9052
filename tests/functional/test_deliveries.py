"""What becomes of a reply when the world is not well: once, settled, told, never on a guess."""

from __future__ import annotations

import pytest

from chalicelib.core.errors import (
    CredentialsError,
    NotFoundError,
    OutcomeUnknownError,
    RateLimitedError,
    RejectedError,
    ReplyWindowClosedError,
    UnavailableError,
)
from chalicelib.core.events import MessageDeleted
from tests.fakes.clock import FrozenClock
from tests.fakes.platform import FakePlatform, FindingPlatform, spec
from tests.fakes.runtime import World
from tests.functional.scenes import finding, opened, unread


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (RejectedError("no", remote_code="100"), "rejected (100)"),
        (NotFoundError("gone"), "gone"),
        (ReplyWindowClosedError(advice="Wait until the customer writes again."), "Wait until"),
        (CredentialsError(advice="Renew the token, then /retry."), "Renew the token"),
    ],
)
def test_a_refusal_is_told_once_in_words_with_the_next_option(error: Exception, words: str):
    world = opened()
    world.platform.faults = [(True, error)]
    world.desk.agent_writes("1", "answer")
    world.hint()
    world.hint()
    assert world.platform.sent == []
    assert "NOT posted" in world.ticket.notes[-1]
    assert words in world.ticket.notes[-1]
    assert sum("NOT posted" in item for item in world.ticket.notes) == 1


def test_a_platform_that_is_busy_is_tried_again_later():
    world = opened()
    world.platform.faults = [(True, RateLimitedError(retry_after=30)), (True, UnavailableError())]
    world.desk.agent_writes("1", "answer")
    world.hint()
    assert world.platform.sent == []
    world.later(seconds=31)
    world.later(minutes=10)
    assert world.platform.texts == ["answer"]


@pytest.mark.parametrize("posted", [True, False])
def test_an_unknown_outcome_is_settled_by_looking_where_that_is_possible(posted: bool):
    world = finding()
    world.platform.faults = [(not posted, OutcomeUnknownError("reset"))]
    world.desk.agent_writes("1", "answer")
    world.hint()
    world.later(minutes=5)
    assert world.platform.texts == ["answer"]
    assert "Posted on Agora" in world.ticket.notes[-1]


@pytest.mark.parametrize("posted", [True, False])
def test_an_unknown_outcome_is_told_and_never_sent_again_on_a_guess(posted: bool):
    world = opened()
    world.platform.faults = [(not posted, OutcomeUnknownError("reset"))]
    world.desk.agent_writes("1", "answer")
    world.hint()
    world.later(minutes=10)
    world.hint()
    assert len(world.platform.sent) == int(posted)
    assert "UNKNOWN" in world.ticket.notes[-1]
    [item] = world.system.stores.parking.list_parked()
    assert item.code == "outcome_unknown"


def test_where_sending_twice_is_harmless_an_unknown_outcome_is_sent_again():
    class Idempotent(FakePlatform):
        def send(self, reply):
            if any(item.key == reply.key for item in self.sent):
                return self._receipt(next(item for item in self.sent if item.key == reply.key))
            return super().send(reply)

    clock = FrozenClock()
    world = World(platform=Idempotent(clock.now), sheet=spec(idempotent_send=True))
    world.platform._now = world.clock.now
    opened(world)
    world.platform.faults = [(False, OutcomeUnknownError("reset"))]
    world.desk.agent_writes("1", "answer")
    world.hint()
    world.later(minutes=5)
    assert world.platform.texts == ["answer"]
    assert "Posted on Agora" in world.ticket.notes[-1]


@pytest.mark.parametrize("second", [UnavailableError(), RateLimitedError(retry_after=5), None])
def test_where_a_call_may_be_repeated_a_lost_answer_keeps_the_replys_time(second: Exception | None):
    """Bluesky's record keys and times are made of it: another time is another post."""

    class ByTime(FakePlatform):
        def send(self, reply):
            if any(item.began_at == reply.began_at for item in self.sent):
                if self.faults:
                    raise self.faults.pop(0)[1]
                return self._receipt(next(item for item in self.sent if item.began_at == reply.began_at))
            return super().send(reply)

    clock = FrozenClock()
    world = World(platform=ByTime(clock.now), sheet=spec(idempotent_send=True))
    world.platform._now = world.clock.now
    opened(world)
    world.platform.faults = [(False, UnavailableError("answer lost")), *([(True, second)] if second else [])]
    world.desk.agent_writes("1", "answer")
    world.hint()
    for _ in range(5):
        world.later(minutes=2)
    assert world.platform.texts == ["answer"]
    assert "Posted on Agora" in world.ticket.notes[-1]


def test_our_own_echo_changes_nothing():
    world = opened()
    world.desk.agent_writes("1", "answer")
    world.hint()
    before = list(world.ticket.notes)
    world.arrive(world.message("our-1", "answer", person="brand", is_echo=True, in_reply_to="m1"))
    assert world.ticket.notes == before
    assert "echo" in world.dispositions().values()


def test_an_echo_settles_a_delivery_of_unknown_outcome():
    world = opened()
    world.platform.faults = [(False, OutcomeUnknownError("reset"))]
    world.desk.agent_writes("1", "the answer")
    world.hint()
    world.arrive(world.message("our-77", "The answer", person="brand", is_echo=True, in_reply_to="m1"))
    assert "It was posted after all." in world.ticket.notes[-1]
    world.desk.note("1", "/retry")
    world.hint()
    assert world.platform.texts == ["the answer"]


def test_a_native_answer_is_noted():
    world = opened()
    world.arrive(world.message("native-1", "We are on it", person="brand", is_echo=True, in_reply_to="m1"))
    assert "Answered on Agora itself" in world.ticket.notes[-1]
    assert world.platform.sent == []


def test_retry_posts_what_was_refused():
    world = opened()
    world.platform.faults = [(True, RejectedError("no"))]
    world.desk.agent_writes("1", "answer")
    world.hint()
    world.desk.note("1", "/retry")
    world.hint()
    world.hint()
    assert world.platform.texts == ["answer"]
    assert "Posted on Agora" in world.ticket.notes[-1]


def test_a_reply_on_the_survivor_of_a_merge_reaches_the_customer():
    world = opened()
    world.arrive(world.message("m2", person="lee", thread="post-2"))
    world.desk.merge("1", "2")
    world.hint("1")
    world.clock.advance(minutes=1)
    world.arrive(world.message("m3", "more from Kim"))
    world.desk.agent_writes("2", "To Kim")
    world.hint("2")
    assert [(item.text, item.recipient) for item in world.platform.sent] == [("To Kim", "kim")]


@pytest.mark.parametrize("before", [True, False])
def test_a_note_that_could_not_be_written_is_written_later_and_the_reply_not_posted_again(before: bool):
    world = opened()
    world.desk.faults = [("add_comment", before, OutcomeUnknownError("lost"))]
    world.desk.agent_writes("1", "answer")
    world.hint()
    world.later(minutes=10)
    assert world.platform.texts == ["answer"]
    assert sum("Posted" in item for item in world.ticket.notes) == 1


@pytest.mark.parametrize("entry", ["answer", "word " * 600])
def test_another_hint_after_a_crash_tells_nothing_twice(entry: str):
    world = opened()
    world.desk.agent_writes("1", entry)
    world.desk.note("1", "/help")
    world.hint()
    before = list(world.ticket.notes)
    unread(world)
    world.hint()
    assert world.ticket.notes == before
    assert len(world.platform.sent) <= 1


def test_what_was_unread_on_either_side_of_a_merge_is_posted():
    world = opened()
    world.arrive(world.message("m2", person="lee", thread="post-2"))
    world.desk.agent_writes("2", "unread on the survivor")
    world.desk.merge("1", "2")
    world.hint("1")
    world.hint("2")
    assert world.platform.texts == ["unread on the survivor"]


def test_an_account_that_is_not_set_up_is_told():
    world = opened()
    platform = world.connectors.platforms.pop("agora")
    world.desk.agent_writes("1", "answer")
    world.hint()
    assert "not set up" in world.ticket.notes[-1]
    world.connectors.platforms["agora"] = platform
    world.desk.note("1", "/retry")
    world.hint()
    assert world.platform.texts == ["answer"]


def test_a_platform_that_only_receives_is_answered_natively():
    from dataclasses import replace

    from chalicelib.ports.spec import Level

    world = opened(World(sheet=replace(spec(), level=Level.RECEIVES)))
    world.desk.agent_writes("1", "answer")
    world.hint()
    assert world.platform.sent == []
    assert "Answer it on Agora itself" in world.ticket.notes[-1]


@pytest.mark.parametrize(
    ("error", "words"),
    [(OutcomeUnknownError("cannot be told"), "UNKNOWN"), (NotFoundError("gone"), "NOT posted")],
)
def test_what_a_look_finds_out_is_told(error: Exception, words: str):
    class Forgetful(FindingPlatform):
        def find_sent(self, reply):
            raise error

    world = World(platform=Forgetful(FrozenClock().now))
    world.platform._now = world.clock.now
    opened(world)
    world.platform.faults = [(False, OutcomeUnknownError("reset"))]
    world.desk.agent_writes("1", "answer")
    world.hint()
    world.later(minutes=5)
    assert words in world.ticket.notes[-1]
    assert world.platform.texts == ["answer"]


def test_the_brands_own_native_words_are_never_the_customers():
    from chalicelib.core.events import MessageEdited

    world = opened()
    native = world.message("native-1", "We are on it", person="brand", is_echo=True, in_reply_to="m1")
    world.arrive(native)
    before = world.ticket.customer
    world.arrive(MessageEdited(key=native.key, text="We are on it!", edited_at=world.clock.now()))
    assert world.ticket.customer == before
    world.arrive(MessageDeleted(key=native.key, deleted_at=world.clock.now()))
    assert "Our reply was removed" in world.ticket.notes[-1]


def test_the_parts_of_one_reply_stay_together_though_the_customer_writes_elsewhere():
    from chalicelib.core.ids import ContactId, ContactRef
    from chalicelib.core.people import Contact, SocialHandle

    world = World()
    social = (SocialHandle(platform="agora", handle="kim"), SocialHandle(platform="agora-dm", handle="kim"))
    world.crm.contacts = [Contact(ref=ContactRef(crm="crm", contact=ContactId("1")), name="Kim", social=social)]
    opened(world)
    send, busy = world.platform.send, iter([False, True, False, False, False])

    def sometimes(reply):
        if next(busy):
            raise RateLimitedError(retry_after=30)
        return send(reply)

    world.platform.send = sometimes  # type: ignore[method-assign]
    world.desk.agent_writes("1", " ".join(f"word{n}" for n in range(25)))
    world.hint()
    assert len(world.platform.sent) == 1
    world.clock.advance(seconds=5)
    world.arrive(world.message("d1", "and here", platform="agora-dm", private=True, thread="dm-kim"))
    world.later(minutes=1)
    assert world.private.sent == []
    assert [item.part for item in world.platform.sent] == list(range(1, world.platform.sent[0].of + 1))


def test_a_closed_ticket_that_cannot_be_told_parks_nothing():
    from chalicelib.core.events import DeliveryState, DeliveryUpdated
    from chalicelib.core.ids import MessageId, MessageKey
    from chalicelib.core.ticket import TicketStatus

    world = opened()
    world.desk.agent_writes("1", "answer")
    world.hint()
    world.desk.set_status("1", TicketStatus.CLOSED)
    account = world.message().key.account
    failed = DeliveryUpdated(
        account=account,
        state=DeliveryState.FAILED,
        at=world.clock.now(),
        message=MessageKey(account=account, message=MessageId("our-1")),
    )
    world.arrive(failed)
    assert "parked" not in world.dispositions().values()
    assert world.system.stores.parking.list_parked() == []


def test_a_delivery_that_failed_after_the_fact_is_told():
    from chalicelib.core.events import DeliveryState, DeliveryUpdated
    from chalicelib.core.ids import MessageId, MessageKey

    world = opened()
    world.desk.agent_writes("1", "answer")
    world.hint()
    account = world.message().key.account
    key = MessageKey(account=account, message=MessageId("our-1"))
    world.arrive(DeliveryUpdated(account=account, state=DeliveryState.FAILED, at=world.clock.now(), message=key))
    assert "NOT delivered" in world.ticket.notes[-1]
