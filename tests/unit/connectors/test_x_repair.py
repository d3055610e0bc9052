"""The X connector against the X twin: what the webhook lost, edits and deletions are found by reading."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from chalicelib.core.errors import (
    NotFoundError,
)
from chalicelib.core.events import InboundMessage, MessageEdited
from chalicelib.core.ids import MessageId, ThreadId
from chalicelib.core.people import Author
from tests.fakes.sessions import MemorySessions
from tests.unit.connectors.x_network import Network, answer_to, network


def mention(net: Network, text: str = "hey @AcmeCare, it is broken") -> InboundMessage:
    net.twin.post(net.kim, text)
    return net.hear()[-1]


def test_what_the_webhook_lost_is_polled() -> None:
    net = network()
    client = net.client()
    cursor = client.poll(None).cursor
    net.endpoint.status = 500
    net.twin.post(net.kim, "hey @AcmeCare, are you there?")
    net.twin.dm(net.kim, "and here?")
    net.twin.flush()
    assert net.endpoint.events == []

    polled = client.poll(cursor)
    assert [item.text for item in polled.parsed.events if isinstance(item, InboundMessage)] == [
        "hey @AcmeCare, are you there?",
        "and here?",
    ]
    assert not polled.more
    net.clock.advance(minutes=3)
    again = client.poll(polled.cursor)
    assert again.parsed.events == polled.parsed.events  # too young to be settled then: harmless repeats
    assert client.poll(again.cursor).parsed.events == ()
    net.twin.post(net.kim, "hello @AcmeCare??")
    net.clock.advance(minutes=3)
    later = client.poll(again.cursor)
    assert [item.text for item in later.parsed.events if isinstance(item, InboundMessage)] == ["hello @AcmeCare??"]
    assert client.poll(later.cursor).parsed.events == ()


def test_many_mentions_are_taken_in_several_polls_and_none_is_missed() -> None:
    net = network()
    client = net.client()
    cursor = client.poll(None).cursor
    posts = [net.twin.post(net.kim, f"hey @AcmeCare, {number}") for number in range(780)]
    found: list[str] = []
    polls = 0
    while True:
        polled = client.poll(cursor)
        found += [item.key.message for item in polled.parsed.events if isinstance(item, InboundMessage)]
        cursor, polls = polled.cursor, polls + 1
        if not polled.more:
            break
    assert polls == 2
    assert sorted(found) == sorted(posts)


def test_many_private_messages_too() -> None:
    net = network()
    client = net.client()
    cursor = client.poll(None).cursor
    sent = [net.twin.dm(net.kim, f"{number}") for number in range(730)]
    first = client.poll(cursor)
    net.twin.dm(net.kim, "while we were reading")
    second = client.poll(first.cursor)
    third = client.poll(second.cursor)
    found = {
        item.key.message
        for polled in (first, second, third)
        for item in polled.parsed.events
        if isinstance(item, InboundMessage)
    }
    assert (first.more, second.more) == (True, False)
    assert set(sent) < found
    assert len(found) == 731


def test_a_thread_read_again_shows_edits_and_only_what_concerns_us() -> None:
    net = network()
    root = net.twin.post(net.kim, "hey @AcmeCare, mine leaks")
    message = net.hear()[0]
    net.clock.advance(minutes=1)
    net.client().send(answer_to(message, "Sorry!", net))
    net.clock.advance(minutes=1)
    net.twin.post(net.kim, "and it smells", reply_to=root)
    aside = net.twin.post(net.lee, "nice weather", reply_to=net.twin.post(net.lee, "so does mine", reply_to=root))
    newest = net.twin.edit(net.kim, root, "hey @AcmeCare, mine leaks badly")
    listed = net.client().list_thread(message.thread.thread)
    messages = [item for item in listed.events if isinstance(item, InboundMessage)]

    assert {item.text for item in messages} == {
        "hey @AcmeCare, mine leaks badly",
        "Sorry!",
        "@AcmeCare and it smells",
        "@kim_w @AcmeCare so does mine",
        "@kim_w @AcmeCare nice weather",
    }
    assert aside in {item.key.message for item in messages}
    (edited,) = [item for item in listed.events if isinstance(item, MessageEdited)]
    assert edited.key == message.key
    assert edited.version == newest
    assert [item.is_echo for item in messages if item.text == "Sorry!"] == [True]


def test_private_threads_are_read_again() -> None:
    net = network()
    net.twin.dm(net.kim, "order 4711")
    message = net.hear()[0]
    net.client().send(answer_to(message, "Thank you", net))
    echo = net.hear()[0]
    assert net.client().list_thread(message.thread.thread).events == (message, echo)


def test_threads_that_are_gone() -> None:
    net = network()
    message = mention(net)
    net.twin.delete(net.kim, message.key.message)
    with pytest.raises(NotFoundError):
        net.client().list_thread(message.thread.thread)
    with pytest.raises(NotFoundError):
        net.client().list_thread(ThreadId("100-999"))


def test_own_posts_that_are_deleted_are_told_and_customers_are_not() -> None:
    net = network()
    message = mention(net)
    sent = net.client().send(answer_to(message, "Sorry!", net)).messages[0]
    net.twin.delete("AcmeCare", sent)
    net.twin.delete(net.kim, message.key.message)
    net.twin.flush()
    assert [item.key.message for item in net.endpoint.deletions()] == [sent]


def test_profiles_and_posts_are_fetched() -> None:
    net = network()
    message = mention(net)
    assert message.author is not None
    bare = Author(key=message.author.key)
    fetched = net.client().fetch_author(bare)
    assert fetched.profile is not None
    assert fetched.profile.bio
    assert replace(fetched, profile=None) == replace(message.author, profile=None)
    assert net.client().fetch_message(message.key.message).events == (message,)
    net.twin.world.user(net.kim)["suspended"] = True
    with pytest.raises(NotFoundError):
        net.client().fetch_author(bare)
    with pytest.raises(NotFoundError):
        net.client().fetch_message(MessageId("1"))


@pytest.mark.parametrize("names", ["tweet", "post"])
def test_both_sets_of_field_names_read_the_same(names: str) -> None:
    net = network()
    ours = net.twin.post("AcmeCare", "Our kettle is back")
    net.twin.post(net.kim, "hello @AcmeCare?", reply_to=ours, pictures=("https://pbs.twimg.com/media/a.jpg",))
    heard = net.hear()[-1]
    client = net.client(options={"field_names": names})
    assert client.fetch_message(heard.key.message).events == (heard,)
    assert heard in client.poll(None).parsed.events


def test_the_whole_world_survives_a_restart() -> None:
    net = network()
    message = mention(net)
    net.twin.dm(net.kim, "order 4711")
    saved = json.loads(json.dumps(net.twin.dump()))
    after = network()
    after.twin.load(saved)
    after.sessions = MemorySessions()
    assert after.twin.snapshot() == net.twin.snapshot()
    after.credentials = net.credentials
    assert after.client().send(answer_to(message, "Sorry!", after)).messages
    assert [item.text for item in after.hear()] == ["order 4711", "Sorry!"]
