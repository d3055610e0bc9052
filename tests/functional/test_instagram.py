"""Instagram from the customer's comment or message to the agent's answer, over its twin, with Meta's own faults."""

from __future__ import annotations

import pytest

from careloop.twins.base import Fault
from chalicelib.core.events import Attachment, AttachmentKind, DeliveryState, InboundMessage
from chalicelib.core.ids import ThreadId
from chalicelib.core.reply import DeliveryStatus
from tests.functional.chat_world import PHOTO
from tests.functional.instagram_world import InstagramWorld

PNG = Attachment(kind=AttachmentKind.IMAGE, url="https://desk/p1", remote_id="p1", media_type="image/png")
PICTURE = b"\x89PNG\r\n\x1a\n of a broken lamp"
LOGINS = ("instagram", "facebook")


def commented(login: str = "instagram", *, echo_first: bool = False) -> tuple[InstagramWorld, str]:
    """Dana commented, and there is a ticket."""
    world = InstagramWorld(login, echo_first=echo_first)
    comment = world.twin.comment(world.dana, world.media, "@acme where is my parcel?")
    world.play()
    return world, comment


def wrote(login: str = "instagram", **options: str) -> InstagramWorld:
    """Dana wrote in private, and there is a ticket."""
    world = InstagramWorld(login, **options)  # type: ignore[arg-type]  # options are texts alone
    world.twin.message(world.dana, "Where is my parcel?")
    world.play()
    return world


@pytest.mark.parametrize("login", LOGINS)
@pytest.mark.parametrize("flat", [False, True])
def test_a_comment_becomes_a_ticket_and_the_answer_stands_below_it(login: str, flat: bool):
    world = InstagramWorld(login)
    world.twin.flat = flat
    comment = world.twin.comment(world.dana, world.media, "@acme where is my parcel?")
    world.play()
    assert "where is my parcel?" in world.ticket.customer[0]
    world.answer("It ships today.")
    assert world.twin.answers(comment) == ["It ships today."]
    assert world.told("Posted on Instagram") == 1
    assert len(world.ticket.customer) == 1, "our own comment came back as an echo"
    world.twin.comment(world.dana, world.media, "Thanks!", comment)
    world.play()
    assert world.ticket.customer[-1].startswith("Thanks!")
    world.answer("You are welcome.")
    assert world.twin.answers(comment) == ["It ships today.", "@dana.w You are welcome."]
    assert len(world.desk.tickets) == 1


def test_an_echo_that_comes_before_the_answer_to_the_call_is_no_news():
    world, comment = commented(echo_first=True)
    world.answer("It ships today.")
    assert world.twin.answers(comment) == ["It ships today."]
    assert (world.told("Posted on Instagram"), len(world.ticket.customer), len(world.desk.tickets)) == (1, 1, 1)


def test_both_flavours_connected_tell_everything_twice_and_it_counts_once():
    world = InstagramWorld()
    world.twin.doubled = True
    world.twin.comment(world.dana, world.media, "Hello?")
    world.twin.message(world.dana, "Hello in private?")
    world.play()
    assert sum(len(ticket.customer) for ticket in world.desk.tickets.values()) == 2


def test_what_the_owner_answers_in_the_app_stands_on_the_ticket_as_a_note():
    world, comment = commented()
    world.twin.native_reply(comment, "It ships today, says the owner.")
    world.play()
    assert any("It ships today, says the owner." in note for note in world.ticket.notes)
    assert len(world.ticket.customer) == 1


@pytest.mark.parametrize("login", LOGINS)
def test_a_private_reply_is_sent_once_and_the_talk_goes_on_in_private(login: str):
    world, _ = commented(login)
    world.desk.note("1", "/private")
    world.hint()
    world.answer("What is your customer number?")
    assert world.twin.sent(world.dana) == ["What is your customer number?"]
    assert world.told("Posted in private") == 1
    world.twin.message(world.dana, "KD-1001")
    world.play()
    assert world.ticket.customer[-1].startswith("KD-1001")
    world.answer("Thank you, it ships today.")
    assert world.twin.sent(world.dana)[-1] == "Thank you, it ships today."
    assert len(world.desk.tickets) == 1


def test_a_mention_elsewhere_is_fetched_and_answered_with_facebook_login():
    world = InstagramWorld("facebook")
    comment = world.twin.mention(world.dana, "@acme is it waterproof?")
    world.play()
    assert "is it waterproof?" in world.ticket.customer[0]
    assert any("@dana.w" in note for note in world.ticket.notes)
    world.answer("It is.")
    assert world.twin.answers(comment) == ["It is."]
    world.twin.mention(world.dana, "My new lamp by @acme", caption=True)
    world.play()
    texts = [text for ticket in world.desk.tickets.values() for text in ticket.customer]
    assert any("My new lamp by @acme" in text for text in texts)


@pytest.mark.parametrize("login", LOGINS)
def test_a_story_mention_is_linked_never_stored_and_opens_the_window(login: str):
    world = InstagramWorld(login)
    world.twin.story_mention(world.dana)
    world.play()
    assert world.files == []
    assert "asset_id=story-" in world.ticket.customer[0]
    assert world.desk.tickets["1"] is world.ticket
    world.answer("Thank you for showing it!")
    assert world.twin.sent(world.dana) == ["Thank you for showing it!"]


def test_an_answer_to_a_story_and_what_becomes_of_a_message():
    world = InstagramWorld()
    world.twin.message(world.dana, "Is it on sale?", reply_to_story="18112")
    world.play()
    assert "Is it on sale?" in world.ticket.customer[0]
    message = world.twin.message(world.dana, "And the blue one?")
    world.play()
    world.twin.edit_message(message, "And the green one?")
    world.twin.react(message)
    world.play()
    assert "And the green one?" in world.ticket.customer[-1]
    world.answer("Both are.")
    world.twin.read(world.dana)
    world.twin.unsend(message)
    world.play()
    assert world.told("deleted") == 1
    assert world.deliveries()[0].reached is DeliveryState.READ


def test_pictures_go_both_ways():
    world = InstagramWorld("facebook")
    world.twin.message(world.dana, "It came like this", picture=PICTURE)
    world.play()
    assert [content for _, content in world.files] == [PICTURE]
    world.answer("This is the new one.", attachments=(PNG,))
    text, picture = world.twin.sent(world.dana)
    assert text == "This is the new one."
    assert world.twin.content(picture) == PHOTO.content


def test_with_instagram_login_a_file_is_refused_in_words():
    world = wrote()
    world.answer("This is the new one.", attachments=(PNG,))
    assert world.twin.sent(world.dana) == []
    assert world.told("pictures can't be sent from here") == 1


@pytest.mark.parametrize(("note", "words"), [("", "only private messages take files"), ("/private", "is a text alone")])
def test_a_file_that_a_comment_can_not_carry_holds_the_whole_answer(note: str, words: str):
    world, comment = commented("facebook")
    if note:
        world.desk.note("1", note)
        world.hint()
    world.answer("This is the new one.", attachments=(PNG,))
    assert (world.twin.answers(comment), world.twin.sent(world.dana)) == ([], [])
    assert world.told(words) == 1


@pytest.mark.parametrize(
    ("hours", "option", "granted", "sent"),
    [
        (23, "false", False, 1),
        (25, "false", True, 0),
        (25, "true", True, 1),
        (25, "true", False, 0),
        (169, "true", True, 0),
    ],
)
def test_the_windows(hours: int, option: str, granted: bool, sent: int):
    world = wrote(human_agent=option)
    world.twin.world.account["human_agent"] = granted
    world.clock.advance(hours=hours)
    world.answer("It ships today.")
    assert len(world.twin.sent(world.dana)) == sent


def test_a_long_answer_is_cut_by_bytes_into_messages_that_instagram_takes():
    world = wrote()
    words = "Größenänderung für Ihre Lampe. " * 50
    world.answer(words)
    parts = world.twin.sent(world.dana)
    assert len(parts) > 1
    assert all(len(part.encode()) <= 1000 for part in parts)
    assert "Größenänderung" in parts[-1]


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("public", [True, False])
def test_an_answer_of_unknown_outcome_is_looked_for_and_sent_once(public: bool, before: bool):
    world = commented()[0] if public else wrote()
    world.clock.advance(minutes=1)
    world.twin.faults.append(Fault("POST .*/(replies|messages)", status=0, before=before))
    world.answer("It ships today.")
    for _ in range(4):
        world.later(minutes=5)
        world.play()
    comments = [item["text"] for item in world.twin.world.data["comments"].values() if item["author"] != world.dana]
    assert (comments if public else world.twin.sent(world.dana)) == ["It ships today."]
    assert world.deliveries()[0].status is DeliveryStatus.SENT


def test_what_the_webhook_lost_is_found_by_polling_with_the_same_keys():
    world = InstagramWorld()
    first = world.client.poll(None)
    world.clock.advance(minutes=20)
    told: list[str] = []
    comment = world.twin.comment(world.dana, world.media, "Hello?")
    world.twin.comment(world.dana, world.media, "Anybody?", comment)
    told += [comment]
    message = world.twin.message(world.dana, "In private?")
    world.twin.story_mention(world.dana)
    world.twin.waiting.clear()
    world.clock.advance(minutes=1)
    polled = world.client.poll(first.cursor)
    found = [event for event in polled.parsed.events if isinstance(event, InboundMessage)]
    assert [event.text for event in found] == ["Hello?", "Anybody?", "In private?", ""]
    assert {comment, message} <= {str(event.key.message) for event in found}
    assert found[-1].context["story"] == "mention"
    world.clock.advance(hours=1)
    again = world.client.poll(polled.cursor)
    third = world.client.poll(again.cursor)
    assert third.parsed.events == (), "nothing changed"
    assert [event.text for event in world.client.list_thread(ThreadId(world.media)).events] == ["Hello?", "Anybody?"]  # type: ignore[union-attr]
    assert len(world.client.list_thread(ThreadId(world.dana)).events) == 2


def test_hiding_removing_and_names():
    world, comment = commented()
    key = world.client.list_thread(ThreadId(world.media)).events[0].key.message  # type: ignore[union-attr]
    world.client.hide(key, hidden=True)
    assert world.twin.world.comment(comment)["hidden"]
    world.client.hide(key, hidden=False)
    world.answer("It ships today.")
    own = next(item["id"] for item in world.twin.world.data["comments"].values() if item["author"] != world.dana)
    world.client.remove(own)
    world.client.remove(own)
    assert world.twin.answers(comment) == []
    world.twin.message(world.dana, "Hello")
    named = world.client.fetch_author(world.person())
    assert (named.display_name, named.handle, named.profile and named.profile.followers) == (
        "Dana Weber",
        "dana.w",
        311,
    )


def test_an_hour_without_an_answer_loses_private_messages_and_the_poll_brings_them():
    world = wrote()
    world.down = True
    world.twin.message(world.dana, "Hello?")
    cursor = world.client.cursor_at(world.clock.now())
    for _ in range(8):
        world.clock.advance(minutes=10)
        world.twin.flush()
    assert len(world.twin.dropped) == 1
    world.down = False
    found = world.client.poll(cursor).parsed.events
    assert "Hello?" in [event.text for event in found if isinstance(event, InboundMessage)]


def test_the_token_is_renewed_over_the_twin_and_work_goes_on():
    world = wrote()
    world.clock.advance(hours=23)
    assert world.client.refresh() is None, "not a day old yet"
    world.clock.advance(hours=2)
    world.twin.message(world.dana, "Hello?")
    assert world.client.refresh() is not None
    world.connectors.platforms["instagram"] = world.client
    world.play()
    world.answer("It ships today.")
    assert world.twin.sent(world.dana) == ["It ships today."]
