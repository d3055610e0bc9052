"""WhatsApp from the customer's message to the agent's answer, its statuses and what fails later, over its twin."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from careloop.twins.base import Fault
from chalicelib.core.errors import ConfigurationError
from chalicelib.core.events import Attachment, AttachmentKind, DeliveryState
from chalicelib.core.reply import DeliveryStatus
from tests.functional.chat_world import INVOICE, PHOTO, PICTURE, WhatsAppWorld

PDF = Attachment(kind=AttachmentKind.FILE, url="https://desk/f1", remote_id="f1", media_type="application/pdf")
PNG = Attachment(kind=AttachmentKind.IMAGE, url="https://desk/p1", remote_id="p1", media_type="image/png")
ASKS = {"template": "we_have_an_answer", "template_language": "de"}


def asked(
    options: Mapping[str, str] | None = None, *, hides_phone: bool = False, fails: int | None = None
) -> tuple[WhatsAppWorld, str]:
    """Dana wrote, and there is a ticket."""
    world = WhatsAppWorld(options)
    dana = world.twin.add_user("Dana Weber", "4915123456789", username="danaw", hides_phone=hides_phone, fails=fails)
    world.twin.write(dana, "Where is my parcel?")
    world.play()
    return world, dana


@pytest.mark.parametrize("hides_phone", [False, True])
def test_a_message_becomes_a_ticket_and_the_answer_reaches_the_phone(hides_phone: bool):
    world, dana = asked(hides_phone=hides_phone)
    assert "Where is my parcel?" in world.ticket.customer[0]
    world.answer("It ships today.")
    assert world.twin.sent(dana) == ["It ships today."]
    [sent] = world.twin.world.data["sent"].values()
    assert (sent["to"], sent["quotes"]) == (dana, "wamid.HBgNfrom000002")
    assert world.told("Posted in private on WhatsApp") == 1
    assert world.deliveries()[0].reached is DeliveryState.DELIVERED
    world.twin.read(dana)
    world.play()
    assert world.deliveries()[0].reached is DeliveryState.READ
    message = world.twin.write(dana, "Thanks")
    world.play()
    world.twin.edit(dana, message, "Thanks a lot")
    world.twin.revoke(dana, message)
    world.play()
    assert "Thanks a lot" in world.ticket.customer[-1]
    assert world.told("deleted") == 1
    assert len(world.desk.tickets) == 1


@pytest.mark.parametrize("how", [{"backwards": True}, {"twice": True}, {"backwards": True, "twice": True}])
def test_webhooks_in_any_order_and_twice_change_nothing(how: dict[str, bool]):
    world, dana = asked()
    world.desk.agent_writes("1", "It ships today.")
    world.hint()
    world.twin.read(dana)
    world.play(**how)
    [delivery] = world.deliveries()
    assert (delivery.status, delivery.reached) == (DeliveryStatus.SENT, DeliveryState.READ)
    assert len(world.ticket.customer) == 1
    assert world.told("NOT") == 0


def test_files_go_both_ways():
    world, dana = asked()
    world.twin.send_file(dana, "image", PICTURE, "It came like this")
    world.play()
    assert [content for _, content in world.files] == [PICTURE.content]
    world.answer("Here is a new one.", attachments=(PNG, PDF))
    assert world.twin.sent(dana) == ["Here is a new one.", "new.png", "invoice.pdf"]
    sizes = {item["name"]: item["file_size"] for item in world.twin.world.data["media"].values()}
    assert (sizes["new.png"], sizes["invoice.pdf"]) == (len(PHOTO.content), len(INVOICE.content))
    assert [item.reached for item in world.deliveries()] == [DeliveryState.DELIVERED] * 3


def test_after_a_day_an_answer_is_held_with_advice():
    world, dana = asked()
    world.clock.advance(hours=25)
    world.answer("It ships today.")
    assert world.twin.sent(dana) == []
    assert "within 24 hours" in world.ticket.notes[-1]


def test_after_a_day_a_template_asks_the_customer_to_write_and_then_the_answer_goes():
    world, dana = asked(ASKS)
    world.twin.add_template("we_have_an_answer", "de", "We have an answer for you. Write to us and we send it.")
    world.clock.advance(hours=25)
    world.answer("It ships today.")
    assert world.twin.sent(dana) == ["We have an answer for you. Write to us and we send it."]
    assert "/retry" in world.ticket.notes[-1]
    assert [item.status for item in world.deliveries()] == [DeliveryStatus.REFUSED]
    world.twin.write(dana, "Yes?")
    world.play()
    world.desk.note("1", "/retry")
    world.hint()
    world.play()
    assert world.twin.sent(dana)[1:] == ["It ships today."]


def test_after_a_day_a_template_carries_the_agents_words():
    world, dana = asked({**ASKS, "template_variable": "1"})
    world.twin.add_template("we_have_an_answer", "de", "News of your order: {1}", variables=1)
    world.clock.advance(hours=25)
    world.answer("It ships today.\n\nSorry for the delay!")
    assert world.twin.sent(dana) == ["News of your order: It ships today. Sorry for the delay!"]
    assert world.deliveries()[0].reached is DeliveryState.DELIVERED


@pytest.mark.parametrize(("state", "words"), [("PAUSED", "paused"), (None, "name, language")])
def test_a_template_that_is_not_taken_is_told_in_words(state: str | None, words: str):
    world, dana = asked(ASKS)
    if state:
        world.twin.add_template("we_have_an_answer", "de", "Write to us.", state=state)
    world.clock.advance(hours=25)
    world.answer("It ships today.")
    assert world.twin.sent(dana) == []
    assert words in world.ticket.notes[-1]


@pytest.mark.parametrize(("code", "words"), [(131026, "Reach them another way"), (131049, "wait a day")])
def test_what_fails_after_it_was_sent_is_told_and_can_be_sent_again(code: int, words: str):
    world, dana = asked(fails=code)
    world.answer("It ships today.")
    assert world.told("Posted in private on WhatsApp") == 1
    assert world.told("NOT delivered") == 1
    assert words in world.ticket.notes[-1]
    assert str(code) in world.ticket.notes[-1]
    world.twin.world.data["people"][dana]["fails"] = None
    world.desk.note("1", "/retry")
    world.hint()
    world.play()
    assert world.deliveries()[-1].reached is DeliveryState.DELIVERED
    assert world.told("NOT delivered") == 1


def test_a_window_that_closes_on_the_way_is_told_by_a_status():
    world, dana = asked()
    world.clock.advance(hours=23, minutes=59)
    world.twin.world.data["people"][dana]["heard_at"] -= 3600  # by WhatsApp's clock
    world.answer("It ships today.")
    assert "an approved template only" in world.ticket.notes[-1]
    assert world.deliveries()[0].status is DeliveryStatus.REFUSED


def test_a_lost_answer_is_settled_by_the_first_status_that_brings_our_key_back():
    world, dana = asked()
    world.twin.faults.append(Fault("POST .*/messages", 0, before=False))
    world.desk.agent_writes("1", "It ships today.")
    world.hint()
    assert world.told("UNKNOWN") == 1
    world.clock.advance(minutes=2)
    world.play()
    assert world.told("posted after all") == 1
    [delivery] = world.deliveries()
    assert (delivery.status, delivery.reached) == (DeliveryStatus.SENT, DeliveryState.DELIVERED)
    assert world.twin.sent(dana) == ["It ships today."]


def test_a_lost_answer_that_was_not_sent_stays_unknown():
    world, dana = asked()
    world.twin.faults.append(Fault("POST .*/messages", 500, before=True, body=b"oops"))
    world.answer("It ships today.")
    world.later(minutes=10)
    assert world.twin.sent(dana) == []
    assert world.told("UNKNOWN") == 1


def test_a_pair_that_is_too_fast_is_waited_for():
    world = WhatsAppWorld(paced=True)
    dana = world.twin.add_user("Dana Weber", "4915123456789")
    world.twin.write(dana, "Tell me everything")
    world.play()
    world.answer("First. " + "a word " * 700)
    for _ in range(4):
        world.later(seconds=10)
        world.play()
    assert len(world.twin.sent(dana)) == 2
    assert all(item.status is DeliveryStatus.SENT for item in world.deliveries())


def test_a_colleague_answers_in_the_app():
    world, dana = asked()
    world.twin.native_answer(dana, "I called you.")
    world.play()
    assert world.told("Answered on WhatsApp itself") == 1


def test_an_outage_of_ours_loses_nothing():
    world, dana = asked()
    world.down = True
    world.twin.write(dana, "Hello?")
    world.play()
    assert world.twin.pending == 1
    world.down = False
    world.play()
    assert "Hello?" in world.ticket.customer[-1]


def test_a_template_without_its_language_is_a_setting_to_mend():
    with pytest.raises(ConfigurationError, match="template_language"):
        WhatsAppWorld({"template": "we_have_an_answer"})


def test_the_subscription_is_mended_and_the_number_is_looked_at():
    world = WhatsAppWorld()
    world.twin.world.data["subscribed"] = False
    assert world.client.missing_subscriptions() == ("the business account's messages",)
    world.client.subscribe()
    assert world.client.missing_subscriptions() == ()
    assert world.client.probe() == "token good, quality GREEN, status CONNECTED"
