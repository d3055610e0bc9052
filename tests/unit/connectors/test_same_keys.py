"""What happened has one key, however we learn of it: pushed, polled, polled from a moment on, or found in its thread.

Otherwise reconciliation would double what the webhook told. Each scene lets the same things happen, reads them in all
ways that the platform has, and says which kinds its lists can't tell.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from careloop.twins.bluesky import BlueskyTwin
from careloop.twins.meta import PAGE_ID
from chalicelib.core.events import InboundMessage, MessageDeleted, MessageEdited, PlatformEvent, event_key
from chalicelib.core.ids import Cursor, EventKey, MessageId, ThreadId
from tests.fakes.clock import FrozenClock
from tests.unit.connectors.instagram_desk import InstagramDesk
from tests.unit.connectors.meta_desk import Desk
from tests.unit.connectors.test_long_outages import bluesky_client
from tests.unit.connectors.x_network import network
from tests.unit.twins.test_matrix_twin import World


@dataclass(frozen=True, kw_only=True)
class Told:
    """One story. ``pushed``: by the webhook, or where there is none by the polls of every minute; ``lists``: what each
    way of reading afterwards gave; ``unlisted``: kinds of events that no list of this platform tells; ``unpushed``:
    messages of which something is told by lists alone; ``gone``: messages that were deleted since."""

    pushed: Sequence[PlatformEvent]
    lists: dict[str, Sequence[PlatformEvent]]
    unlisted: frozenset[str] = frozenset()
    unpushed: frozenset[str] = frozenset()
    gone: frozenset[str] = frozenset()


def polled(client: Any, cursor: Cursor) -> list[PlatformEvent]:
    found: list[PlatformEvent] = []
    while True:
        result = client.poll(cursor)
        found += result.parsed.events
        assert not result.parsed.malformed
        cursor = result.cursor
        if not result.more:
            return found


def facebook() -> Told:
    desk = Desk()
    began = desk.clock.now()
    dana, kim = desk.twin.add_user("Dana Weber"), desk.twin.add_user("Kim Lee")
    post = desk.twin.page_post("New shoes!")
    desk.clock.advance(minutes=1)
    first = desk.twin.comment(dana, post, "Size 42?", photo="https://scontent.example/1.jpg")
    desk.clock.advance(minutes=1)
    desk.twin.native_reply(first, "Two pairs left.")
    desk.twin.visitor_post(kim, "Is it open today?")
    review = desk.twin.rate(kim, "Never again", positive=False)
    desk.twin.native_reply(review, "We are sorry.")
    gone = desk.twin.comment(kim, post, "oops")
    told = desk.told()
    desk.twin.edit_comment(first, "Size 43?")
    desk.twin.remove_comment(gone)
    told += desk.told()
    client = desk.facebook()
    thread = client.list_thread(ThreadId(post)).events
    lists = {
        "poll": polled(client, client.cursor_at(began)),
        "thread": thread,
        "message": client.fetch_message(thread[1].key.message).events,  # type: ignore[union-attr]
    }
    return Told(pushed=told, lists=lists, unlisted=frozenset({"edit", "delete"}), gone=frozenset({gone}))


def messenger() -> Told:
    desk = Desk()
    began = desk.clock.now()
    dana = desk.twin.add_user("Dana Weber")
    first = desk.twin.message(dana, "Where is my parcel?", image="https://scontent.example/2.jpg")
    desk.clock.advance(seconds=5)
    desk.twin.native_reply(dana, "On its way.")
    gone = desk.twin.message(dana, "oops")
    told = desk.told()
    desk.twin.edit_message(first, "Where is my second parcel?")
    desk.twin.unsend(gone)
    told += desk.told()
    client = desk.messenger()
    person = ThreadId(desk.twin.world.psid(dana, PAGE_ID))
    lists = {"poll": polled(client, client.cursor_at(began)), "thread": client.list_thread(person).events}
    return Told(pushed=told, lists=lists, unlisted=frozenset({"edit", "delete"}), gone=frozenset({gone}))


def instagram() -> Told:
    """A comment's event tells no time of its own, and the twin sends it at once."""
    desk = InstagramDesk()
    twin = desk.twin
    began = desk.clock.now()
    dana, lamp = twin.add_user("Dana Weber", "dana.w"), twin.post("Our new lamp is here.")
    desk.clock.advance(minutes=1)
    first = twin.comment(dana, lamp, "Is it blue?")
    twin.native_reply(first, "It is.")
    twin.comment(dana, lamp, "Thanks", first)
    gone = twin.comment(dana, lamp, "oops")
    desk.clock.advance(minutes=1)
    asked = twin.message(dana, "Where is my parcel?")
    twin.message(dana, "Is it on sale?", reply_to_story="18112")
    twin.story_mention(dana)
    twin.native_reply(dana, "On its way.")
    told = desk.told()
    twin.edit_message(asked, "Where is my second parcel?")
    twin.delete_comment(gone)
    unsent = twin.message(dana, "oops in private")
    told += desk.told()
    twin.unsend(unsent)
    told += desk.told()
    client = desk.client()
    lists = {
        "poll": polled(client, client.cursor_at(began)),
        "comments": client.list_thread(ThreadId(lamp)).events,
        "messages": client.list_thread(ThreadId(dana)).events,
        "message": client.fetch_message(MessageId(first)).events,
    }
    return Told(pushed=told, lists=lists, unlisted=frozenset({"edit", "delete"}), gone=frozenset({gone, unsent}))


def x() -> Told:
    net = network()
    began = net.clock.now()
    root = net.twin.post(net.kim, "hey @AcmeCare, mine leaks")
    net.clock.advance(minutes=1)
    ours = net.twin.native_reply(root, "Which one?")
    net.twin.post(net.kim, "the blue one @AcmeCare", reply_to=ours)
    net.twin.dm(net.lee, "order 4711")
    net.twin.native_dm(net.lee, "Thank you")
    net.clock.advance(minutes=1)
    net.hear()
    net.twin.edit(net.kim, root, "hey @AcmeCare, mine leaks badly")
    net.hear()
    client = net.client()
    private = next(item.thread.thread for item in net.endpoint.messages() if item.text == "order 4711")
    lists = {
        "poll": polled(client, client.cursor_at(began)),
        "thread": client.list_thread(ThreadId(root)).events,
        "private thread": client.list_thread(private).events,
    }
    return Told(pushed=net.endpoint.events, lists=lists, unpushed=frozenset({root}))


def bluesky() -> Told:
    clock = FrozenClock()
    twin = BlueskyTwin(clock)
    kim = twin.add_user("kim.example", "Kim")
    client, began = bluesky_client(twin, clock), clock.now()
    pushed: list[PlatformEvent] = []
    cursor = client.cursor_at(began)

    def minute() -> None:
        nonlocal cursor
        clock.advance(minutes=1)
        result = client.poll(cursor)
        pushed.extend(result.parsed.events)
        cursor = result.cursor

    root = twin.mention(kim, "mine leaks")
    minute()
    ours = twin.native_reply(root, "Which one?")
    twin.post(kim, "the blue one", reply_to=ours)
    gone = twin.post(kim, "oops", reply_to=ours)
    minute()
    twin.delete(kim, gone)
    twin.edit(kim, root, "@acme.com mine leaks badly")
    minute()
    lists = {
        "poll from a moment on": polled(client, client.cursor_at(began)),
        "thread": client.list_thread(ThreadId(root)).events,
    }
    edits, echoes = frozenset({"edit"}), frozenset({ours})
    return Told(pushed=pushed, lists=lists, unlisted=edits, unpushed=echoes, gone=frozenset({gone}))


def matrix() -> Told:
    world = World()
    began = world.clock.now()
    room = world.twin.open_room(world.kim)
    before = polled(world.client, world.client.cursor_at(began))
    world.twin.flush()
    world.client.join_thread(ThreadId(room))
    first = world.twin.send(world.kim, room, "wo ist mein Päckchen? 📦")
    world.clock.advance(minutes=1)
    world.twin.native_send(room, "Moment!")
    world.twin.send_picture(world.kim, room, caption="so sieht es aus")
    world.client.send(world.reply(room, first))
    world.clock.advance(minutes=1)
    world.twin.edit(world.kim, room, first, "wo ist mein zweites Päckchen?")
    gone = world.twin.send(world.kim, room, "oops")
    world.twin.flush()
    world.twin.redact(world.kim, room, gone)
    world.twin.flush()
    lists = {
        "poll before we joined": before,
        "poll": polled(world.client, world.client.cursor_at(began)),
        "thread": world.client.list_thread(ThreadId(room)).events,
    }
    return Told(pushed=world.events, lists=lists, gone=frozenset({gone}))


STORIES: tuple[Callable[[], Told], ...] = (facebook, messenger, instagram, x, bluesky, matrix)


def _kind(key: EventKey) -> str:
    return key.partition("|")[0]


def _message(event: PlatformEvent) -> str:
    return str(event.key.message) if isinstance(event, InboundMessage | MessageEdited | MessageDeleted) else ""


def _facts(event: PlatformEvent) -> Any:
    """What must be the same of a message, whoever tells it. Graph's times are whole seconds."""
    if not isinstance(event, InboundMessage):
        return None
    author = event.author.key if event.author else None
    return event.thread, author, event.is_echo, event.surface, event.visibility, event.sent_at.replace(microsecond=0)


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_what_happened_has_one_key_however_we_learn_of_it(story: Callable[[], Told]) -> None:
    told = story()
    pushed = {event_key(event): event for event in told.pushed}
    listed = {event_key(event): event for events in told.lists.values() for event in events}
    for way, events in told.lists.items():
        assert events, f"nothing by {way}"
    strange = {key for key, event in listed.items() if key not in pushed and _message(event) not in told.unpushed}
    assert not strange, "read under keys that were never pushed"
    missing = {key for key in pushed if key not in listed and _kind(key) not in told.unlisted}
    assert {_message(pushed[key]) for key in missing} <= told.gone, "pushed, and in no list"
    edits = [event for event in {**pushed, **listed}.values() if isinstance(event, MessageEdited)]
    edited = {_message(event) for event in edits}
    assert len(edited) == len(edits), "one edit under several keys"
    for key in listed.keys() & pushed.keys():
        if _message(pushed[key]) not in edited:
            assert _facts(listed[key]) == _facts(pushed[key]), key


def test_the_stories_hold_what_they_should() -> None:
    kinds = {story.__name__: {_kind(event_key(event)) for event in story().pushed} for story in STORIES}
    assert kinds == {
        "facebook": {"message", "edit", "delete"},
        "messenger": {"message", "edit", "delete"},
        "instagram": {"message", "edit", "delete"},
        "x": {"message"},
        "bluesky": {"message", "edit"},
        "matrix": {"message", "edit", "delete", "invitation"},
    }
