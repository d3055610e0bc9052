"""Telegram from the customer's message to the agent's answer and back, over its twin."""

from __future__ import annotations

import pytest

from careloop.twins.base import Fault
from chalicelib.core.events import Attachment, AttachmentKind
from chalicelib.core.jobs import PollAccount
from chalicelib.core.reply import DeliveryStatus
from chalicelib.pipeline.poll import poll_account, schedule
from tests.functional.chat_world import INVOICE, PHOTO, PICTURE, TelegramWorld

PDF = Attachment(kind=AttachmentKind.FILE, url="https://desk/f1", remote_id="f1", media_type="application/pdf")
PNG = Attachment(kind=AttachmentKind.IMAGE, url="https://desk/p1", remote_id="p1", media_type="image/png")


def asked(**how) -> tuple[TelegramWorld, str]:
    """Kim wrote, and there is a ticket."""
    world = TelegramWorld(**how)
    kim = world.twin.add_user("Kim", "kim_w")
    world.twin.write(kim, "order 4711 is late")
    world.play()
    return world, kim


def test_a_message_becomes_a_ticket_and_the_answer_stands_below_it():
    world, kim = asked()
    assert "order 4711 is late" in world.ticket.customer[0]
    world.answer("It left today. Sorry!")
    assert world.twin.texts(kim) == ["order 4711 is late", "It left today. Sorry!"]
    [ours] = [m for m in world.twin.world.chat(kim)["messages"].values() if m["from"]["is_bot"]]
    assert ours["reply_to_message"]["text"] == "order 4711 is late"
    assert world.told("Posted in private on Telegram") == 1
    number = world.twin.write(kim, "Thanks")
    world.play()
    world.twin.edit(kim, number, "Thanks a lot")
    world.play()
    assert "Thanks a lot" in world.ticket.customer[-1]
    assert len(world.desk.tickets) == 1


def test_files_go_both_ways_and_no_address_is_told():
    world, kim = asked()
    world.twin.send_file(kim, "photo", PICTURE, "It came like this")
    world.play()
    assert [content for _, content in world.files] == [PICTURE.content]
    world.answer("Here is a new one.", attachments=(PNG, PDF))
    files = {item["path"].rpartition(".")[2]: item for item in world.twin.world.data["files"].values()}
    assert files["pdf"]["size"] == len(INVOICE.content)
    assert world.twin.texts(kim)[-2:] == ["Here is a new one.", ""]
    sent = [m for m in world.twin.world.chat(kim)["messages"].values() if m["from"]["is_bot"]]
    assert [next(iter({"photo", "document"} & set(m))) for m in sent] == ["photo", "document"]
    assert sent[0]["photo"][0]["file_size"] == len(PHOTO.content)
    written = repr(world.ticket.entries) + repr(world.telemetry.lines)
    assert world.twin.token not in written


def test_somebody_who_blocked_the_bot_is_told_to_the_agent_in_words():
    world, kim = asked()
    world.twin.block(kim)
    world.play()
    world.answer("It left today.")
    assert "The customer has blocked the bot." in world.ticket.notes[-1]
    assert [item.status for item in world.deliveries()] == [DeliveryStatus.REFUSED]
    world.twin.block(kim, blocked=False)
    world.desk.note("1", "/retry")
    world.hint()
    world.play()
    assert world.twin.texts(kim)[-1] == "It left today."


def test_a_lost_answer_stays_unknown_and_is_never_sent_again_on_a_guess():
    world, kim = asked()
    world.twin.faults.append(Fault("POST .*/sendMessage", 0, before=False))
    world.answer("It left today.")
    world.later(minutes=10)
    assert world.twin.texts(kim).count("It left today.") == 1
    assert world.told("UNKNOWN") == 1


def test_a_busy_chat_is_waited_for():
    world, kim = asked(flood=1)
    world.answer("First, " + "a word " * 900)
    world.later(seconds=5)
    world.later(seconds=30)
    ours = [m["text"] for m in world.twin.world.chat(kim)["messages"].values() if m["from"]["is_bot"]]
    assert len(ours) == 2, "both parts, each once"
    assert all(len(text.encode("utf-16-le")) // 2 <= 4096 for text in ours)


def test_an_outage_of_ours_loses_nothing_and_keeps_the_chats_order():
    world, kim = asked()
    world.down = True
    world.twin.write(kim, "one")
    world.twin.write(kim, "two")
    world.play()
    assert world.twin.pending == 2
    assert "503" in world.client.probe()
    world.down = False
    world.play()
    body = "\n".join(world.ticket.customer)
    assert body.index("one") < body.index("two")


def test_a_group_that_became_a_supergroup_is_answered_there():
    world = TelegramWorld()
    kim, group = world.twin.add_user("Kim"), world.twin.add_group("Acme lamps")
    world.twin.write(kim, "@acme_bot when do you open?", chat=group)
    world.play()
    there = world.twin.upgrade(group)
    world.answer("At nine.")
    assert world.twin.texts(there) == ["At nine."]
    assert world.told("Posted on Telegram") == 1


def test_the_companys_own_account_answers_natively_and_by_us():
    world = TelegramWorld()
    kim, connection = world.twin.add_user("Kim"), world.twin.connect()
    world.twin.write_to_business(kim, connection, "Do you repair lamps?")
    world.play()
    world.twin.native_answer(kim, connection, "Which one?")
    world.play()
    assert world.told("Answered on Telegram itself") == 1
    world.answer("Yes, we do.")
    assert world.twin.texts(f"{connection}|{kim}")[-1] == "Yes, we do."
    world.clock.advance(hours=25)
    world.answer("Still there?")
    assert "within the last 24 hours" in world.ticket.notes[-1]


def test_a_bot_without_a_webhook_is_asked_for_its_updates():
    world = TelegramWorld(polled=True)
    kim = world.twin.add_user("Kim")
    world.twin.write(kim, "Hello?")
    job = PollAccount(account=world.account.key)
    poll_account(world.runtime, job)
    assert world.twin.pending == 1, "taken off the list only with the next question"
    assert schedule(world.runtime) >= 1
    world.work()
    assert world.twin.pending == 0
    assert "Hello?" in world.ticket.customer[0]
    world.twin.write(kim, "Anybody?")
    poll_account(world.runtime, job)
    world.work()
    assert "Anybody?" in "\n".join(world.ticket.customer)
    assert len(world.ticket.customer) == 2, "each once"


def test_more_updates_than_one_answer_holds_come_in_one_job():
    world = TelegramWorld(polled=True)
    kim = world.twin.add_user("Kim")
    job = PollAccount(account=world.account.key)
    poll_account(world.runtime, job)
    for number in range(150):
        world.twin.write(kim, f"line {number}.")
    poll_account(world.runtime, job)
    assert world.twin.pending == 50, "the first hundred were durable when the rest was asked for"
    world.work()
    world.later(minutes=5)
    body = "\n".join(world.ticket.customer)
    assert "line 0." in body
    assert "line 149." in body


@pytest.mark.parametrize("what", ["webhook", "kinds", "polled"])
def test_the_webhook_is_mended(what: str):
    world = TelegramWorld(polled=what == "polled")
    hook = world.twin.world.data["hook"]
    assert world.client.missing_subscriptions() == ()
    if what == "webhook":
        hook["url"] = ""
    elif what == "kinds":
        hook["allowed"] = ["message"]
    else:
        hook["url"] = "https://elsewhere.example/hook"
    assert world.client.missing_subscriptions()
    world.client.subscribe()
    assert world.client.missing_subscriptions() == ()
    assert bool(hook["url"]) is (what != "polled")


def test_our_own_message_can_be_taken_back():
    world, kim = asked()
    world.answer("Oops")
    [delivery] = world.deliveries()
    assert delivery.receipt is not None
    for _ in range(2):
        world.client.remove(delivery.receipt.messages[0])
    assert world.twin.texts(kim) == ["order 4711 is late"]
