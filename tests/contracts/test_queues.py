"""The contract of queues: SQS FIFO's rules, on SQLite and against SQS in process."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from chalicelib.adapters.queue_rules import queue_id
from chalicelib.ports.services import Queue, QueueMessage, ReceivedMessage
from tests.contracts.families import FAMILIES, State, opened
from tests.fakes.clock import NOON


@pytest.fixture(params=FAMILIES)
def state(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[State]:
    with opened(request.param, tmp_path / "state.db") as state:
        yield state


@pytest.fixture
def queue(state: State) -> Queue:
    return state.queue()


def message(body: str, group: str = "kim", dedup: str | None = None) -> QueueMessage:
    return QueueMessage(body=body, group=group, dedup=f"id-{body}" if dedup is None else dedup)


def send(queue: Queue, *bodies: str, group: str = "kim") -> None:
    queue.send([message(body, group) for body in bodies])


def bodies(messages: Sequence[ReceivedMessage]) -> list[str]:
    return [item.body for item in messages]


def done(queue: Queue, messages: Sequence[ReceivedMessage]) -> None:
    queue.delete([item.receipt for item in messages])


def pass_visibility(state: State, seconds: float = 30.0) -> None:
    """A little more than the time-out: moto shows a message only after its moment."""
    state.clock.advance(seconds=seconds, milliseconds=10)


def test_a_message_comes_as_it_was_sent(state: State, queue: Queue) -> None:
    queue.send([QueueMessage(body='{"text":"Grüße 😀"}', group="facebook:page-1|kim", dedup="message|1")])

    [received] = queue.receive()

    assert (received.body, received.group, received.receive_count) == ('{"text":"Grüße 😀"}', "facebook:page-1|kim", 1)
    assert received.sent_at == NOON
    assert received.id
    assert received.receipt
    assert queue.receive() == []


def test_an_empty_queue_gives_nothing(queue: Queue) -> None:
    assert queue.receive() == []
    assert queue.depth() == 0
    queue.send([])
    queue.delete([])


def test_messages_of_a_group_keep_their_order(queue: Queue) -> None:
    send(queue, *"abcdefghijkl")
    first = queue.receive(4)
    assert bodies(first) == list("abcd")
    assert queue.receive() == []
    done(queue, first)
    second = queue.receive(10)
    assert bodies(second) == list("efghijkl")
    done(queue, second)
    assert queue.depth() == 0


def test_more_than_ten_at_once_are_never_given(queue: Queue) -> None:
    send(queue, *(f"m{number}" for number in range(12)))

    assert len(queue.receive(50)) == 10


def test_a_group_is_locked_while_one_of_its_messages_is_in_flight(queue: Queue) -> None:
    send(queue, "k1", "k2", "k3")
    send(queue, "l1", group="lee")
    first = queue.receive(2)
    assert bodies(first) == ["k1", "k2"]

    assert bodies(queue.receive()) == ["l1"]
    queue.delete([first[0].receipt])
    assert queue.receive() == []
    queue.delete([first[1].receipt])
    assert bodies(queue.receive()) == ["k3"]


def test_an_unfinished_message_comes_again(state: State, queue: Queue) -> None:
    send(queue, "a", "b")
    [first] = queue.receive(1)
    state.clock.advance(seconds=29)
    assert queue.receive() == []
    state.clock.advance(seconds=1, milliseconds=10)

    [again, _] = queue.receive()

    assert (again.id, again.body, again.receive_count) == (first.id, "a", 2)
    assert again.receipt != first.receipt


def test_unfinished_messages_come_again_in_their_places(local: State) -> None:
    """Not against moto, which lets the second of a batch pass the first when both time out."""
    queue = local.queue()
    send(queue, "a", "b", "c")
    first = queue.receive(2)
    local.clock.advance(seconds=29)
    assert queue.receive() == []
    local.clock.advance(seconds=1, milliseconds=10)

    again = queue.receive()

    assert bodies(again) == ["a", "b", "c"]
    assert [item.receive_count for item in again] == [2, 2, 1]
    assert [item.id for item in again[:2]] == [item.id for item in first]
    assert {item.receipt for item in again}.isdisjoint(item.receipt for item in first)


def test_the_time_out_can_be_set_for_one_receive(state: State, queue: Queue) -> None:
    send(queue, "a")
    queue.receive(visibility=300)
    pass_visibility(state, 299)
    assert queue.receive() == []
    pass_visibility(state, 1)
    assert bodies(queue.receive()) == ["a"]


def test_a_released_message_comes_again_at_once_or_later(state: State, queue: Queue) -> None:
    send(queue, "a", "b")
    [first] = queue.receive(1)
    queue.release(first.receipt)
    pass_visibility(state, 0)
    [again] = queue.receive(1)
    assert (again.body, again.receive_count) == ("a", 2)

    queue.release(again.receipt, delay=100)
    pass_visibility(state, 99)
    assert queue.receive() == []
    pass_visibility(state, 1)
    assert bodies(queue.receive()) == ["a", "b"]


def test_what_is_released_waits_for_the_rest_of_its_group(state: State, queue: Queue) -> None:
    send(queue, "a", "b", "c")
    first, second = queue.receive(2)
    queue.release(first.receipt)
    pass_visibility(state, 0)

    assert queue.receive() == []
    queue.delete([second.receipt])
    assert bodies(queue.receive()) == ["a", "c"]


def test_unknown_receipts_are_ignored(queue: Queue) -> None:
    send(queue, "a")
    [first] = queue.receive()
    queue.delete(["nonsense", first.receipt + "0"])
    assert queue.depth() == 1
    queue.delete(["nonsense", first.receipt, first.receipt])
    queue.delete([first.receipt])
    queue.release(first.receipt)
    queue.release("nonsense", delay=5)

    assert queue.depth() == 0


def test_depth_counts_what_waits_and_what_is_in_flight(queue: Queue) -> None:
    send(queue, "a", "b")
    send(queue, "c", group="lee")
    queue.receive(1)

    assert queue.depth() == 3


# ---- doubles -------------------------------------------------------------------------------------------------------


def test_the_same_id_within_five_minutes_is_sent_once(state: State, queue: Queue) -> None:
    queue.send([message("a", dedup="1"), message("b", dedup="1"), message("c", dedup="2")])
    state.clock.advance(minutes=4, seconds=59)
    queue.send([message("d", group="lee", dedup="1")])
    assert bodies(queue.receive()) == ["a", "c"]
    state.clock.advance(seconds=1, milliseconds=10)
    queue.send([message("e", group="lee", dedup="1")])
    assert bodies(queue.receive()) == ["e"]


def test_an_id_is_remembered_after_its_message_is_gone(local: State) -> None:
    """Not against moto, which forgets the id with its message; SQS keeps it for five minutes (its developer guide)."""
    queue = local.queue()
    queue.send([message("a", dedup="1")])
    done(queue, queue.receive())

    queue.send([message("b", dedup="1")])
    assert queue.receive() == []
    local.clock.advance(minutes=5)
    queue.send([message("c", dedup="1")])
    assert bodies(queue.receive()) == ["c"]


def test_queues_remember_ids_apart(state: State) -> None:
    one, two = state.queue("one"), state.queue("two")
    for queue in (one, two):
        queue.send([message("a", dedup="1")])

    assert bodies(one.receive()) == bodies(two.receive()) == ["a"]
    assert (one.depth(), two.depth()) == (1, 1)


# ---- dead letters --------------------------------------------------------------------------------------------------


def test_a_message_received_too_often_becomes_a_dead_letter(state: State) -> None:
    queue = state.queue(max_receives=3)
    send(queue, "poison")
    seen = []
    for _ in range(3):
        [received] = queue.receive()
        seen.append(received)
        pass_visibility(state)

    assert [item.receive_count for item in seen] == [1, 2, 3]
    assert queue.receive() == []
    assert queue.depth() == 0
    [dead] = state.dead_letters().receive()
    assert (dead.body, dead.group) == ("poison", "kim")
    assert {item.id for item in seen} == {dead.id}


def test_after_a_dead_letter_its_group_goes_on(state: State) -> None:
    queue = state.queue(max_receives=2)
    send(queue, "poison", "fine")
    send(queue, "other", group="lee")
    for _ in range(2):
        [first] = queue.receive(1)
        assert first.body == "poison"
        pass_visibility(state)

    found = bodies(queue.receive()) + bodies(queue.receive())

    assert sorted(found) == ["fine", "other"]
    assert bodies(state.dead_letters().receive()) == ["poison"]


def test_nothing_is_a_dead_letter_at_its_last_allowed_receive(state: State) -> None:
    queue = state.queue(max_receives=1)
    send(queue, "a")
    done(queue, queue.receive())
    pass_visibility(state)

    assert queue.receive() == []
    assert state.dead_letters().depth() == 0


# ---- what SQS takes ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "odd", ["x" * 129, "x" * 5000, "group with blanks", "zäh", "😀", "", "a\nb", "half \ud83d"], ids=range(8)
)
def test_ids_may_be_any_text(state: State, queue: Queue, odd: str) -> None:
    queue.send([message("1", group=odd, dedup=odd), message("2", group=odd, dedup=odd), message("3", group=odd + "!")])
    first = queue.receive(1)

    assert bodies(first) == ["1"]
    assert bodies(queue.receive()) == ["3"]
    group = first[0].group
    assert group == queue_id(odd)
    queue.send([message("4", group=group)])
    assert queue.receive() == []
    done(queue, first)
    assert bodies(queue.receive()) == ["4"]


def test_ids_that_sqs_takes_stay_as_they_are() -> None:
    plain = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~" + "aZ09" * 24
    assert len(plain) == 128
    assert queue_id(plain) == plain
    assert queue_id(plain + "x") != plain + "x"
    assert queue_id(queue_id("zäh")) == queue_id("zäh")


@pytest.mark.parametrize("text", ["\ufffe", "\uffff", "half \ud83d", "\x00\x1b", "ok \u2028 \x7f 😀"])
def test_json_with_any_character_arrives_with_its_meaning(queue: Queue, text: str) -> None:
    queue.send([message(json.dumps({"text": text}, ensure_ascii=False), dedup="1")])

    [received] = queue.receive()
    assert json.loads(received.body) == {"text": text}


@pytest.mark.parametrize("body", ["", "no json \ufffe", "x" * (1024 * 1024 + 1), "ü" * (512 * 1024 + 1)], ids=range(4))
def test_what_sqs_does_not_take_is_refused_before_anything_is_sent(queue: Queue, body: str) -> None:
    with pytest.raises(ValueError, match="message"):
        queue.send([message("good"), QueueMessage(body=body, group="kim", dedup="2")])

    assert queue.depth() == 0


def test_many_and_large_messages_are_sent_in_order(queue: Queue) -> None:
    large = ["x" * 400_000 + str(number) for number in range(3)]
    small = [f"s{number}" for number in range(25)]
    queue.send([message(body, dedup=body[-6:]) for body in (*large, *small)])

    found: list[str] = []
    while received := queue.receive():
        found += bodies(received)
        done(queue, received)
    assert found == [*large, *small]


def test_a_queue_without_time_runs_on(state: State) -> None:
    queue = state.queue(visibility=0)
    send(queue, "a")
    assert bodies(queue.receive()) == ["a"]
    pass_visibility(state, 0)
    assert bodies(queue.receive()) == ["a"]
    state.clock.advance(seconds=timedelta(hours=1).total_seconds())
    assert queue.depth() == 1
