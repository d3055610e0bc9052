"""An agent's public reply is posted once, and the ticket says so; nothing else ever leaves."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.core.capabilities import Threading
from chalicelib.core.events import MessageDeleted, Visibility
from tests.fakes.platform import FakePlatform, spec
from tests.fakes.runtime import World
from tests.functional.scenes import opened


def test_a_reply_is_posted_in_the_thread_and_reported_with_its_link():
    world = opened()
    world.desk.agent_writes("1", "It left today.")
    world.hint()
    [sent] = world.platform.sent
    assert (sent.text, sent.in_reply_to, sent.thread.thread) == ("It left today.", "m1", "post-1")
    assert world.ticket.notes[-1] == "Posted on Agora. https://agora.example/our-1"


def test_hints_and_polls_about_one_reply_post_it_once():
    world = opened()
    world.desk.agent_writes("1", "It left today.")
    for _ in range(3):
        world.hint()
    assert world.platform.texts == ["It left today."]
    assert sum("Posted" in item for item in world.ticket.notes) == 1


def test_a_poll_alone_finds_the_reply():
    from chalicelib import bootstrap
    from chalicelib.entrypoints import poll

    world = opened()
    world.desk.agent_writes("1", "It left today.")
    bootstrap.install(world.app)
    poll.fan_out()
    world.work()
    assert world.platform.texts == ["It left today."]


@pytest.mark.parametrize("visibility", [item for item in Visibility if item is not Visibility.PUBLIC])
def test_what_is_not_certainly_public_never_leaves(visibility: Visibility):
    world = opened()
    world.desk.agent_writes("1", "this customer is difficult", visibility)
    world.hint()
    assert world.platform.sent == []
    assert world.private.sent == []


def test_replies_go_out_in_order():
    world = opened()
    world.desk.agent_writes("1", "one")
    world.desk.note("1", "an aside")
    world.desk.agent_writes("1", "two")
    world.hint()
    assert world.platform.texts == ["one", "two"]


def test_a_reply_answers_the_customers_latest_message():
    world = opened()
    world.clock.advance(minutes=1)
    world.arrive(world.message("m2"))
    world.desk.agent_writes("1", "answer")
    world.hint()
    assert world.platform.sent[0].in_reply_to == "m2"


def test_quotes_and_signature_stay_here_and_the_note_says_so():
    world = opened()
    world.desk.agent_writes("1", "It left today.\n\n-- \nAda\nAcme Care\n")
    world.hint()
    assert world.platform.texts == ["It left today."]
    assert "Left out of the post" in world.ticket.notes[-1]


def test_a_long_reply_is_split_and_numbered():
    world = opened()
    world.desk.agent_writes("1", " ".join(f"word{n}" for n in range(40)))
    world.hint()
    assert len(world.platform.sent) > 1
    assert all(len(text) <= 100 for text in world.platform.texts)
    assert world.platform.texts[0].endswith(f"(1/{len(world.platform.sent)})")
    assert all(item.in_reply_to == "m1" for item in world.platform.sent)
    assert f"in {len(world.platform.sent)} parts" in world.ticket.notes[-1]


def test_where_the_platform_chains_each_part_answers_the_one_before():
    world = opened(World(sheet=spec(threading=Threading.CHAIN)))
    world.desk.agent_writes("1", " ".join(f"word{n}" for n in range(40)))
    world.hint()
    assert [item.in_reply_to for item in world.platform.sent][:2] == ["m1", "our-1"]


def test_a_reply_that_would_be_too_many_parts_is_refused_with_advice():
    world = opened()
    world.desk.agent_writes("1", "word " * 600)
    world.hint()
    assert world.platform.sent == []
    assert "NOT posted on Agora" in world.ticket.notes[-1]
    assert "Shorten it" in world.ticket.notes[-1]


def test_a_deleted_message_is_not_answered():
    world = opened()
    world.arrive(MessageDeleted(key=world.message("m1").key, deleted_at=world.clock.now()))
    world.desk.agent_writes("1", "answer")
    world.hint()
    assert world.platform.sent == []
    assert "deleted the message" in world.ticket.notes[-1]


def test_private_data_is_not_posted_in_public_but_may_go_in_private():
    world = opened()
    world.desk.agent_writes("1", "Your card 4111 1111 1111 1111 was charged.")
    world.hint()
    assert world.platform.sent == []
    assert "card" in world.ticket.notes[-1]
    world.arrive(world.message("d1", "hi", private=True, thread="dm", person="lee"))
    world.desk.agent_writes("2", "Your card 4111 1111 1111 1111 was charged.")
    world.hint("2")
    assert len(world.platform.sent) == 1


def test_what_may_not_be_answered_by_api_is_handed_to_the_agent_with_the_link():
    world = opened(answerable=False)
    assert "answer it on Agora itself" in world.ticket.notes[0]
    world.desk.agent_writes("1", "answer")
    world.hint()
    assert world.platform.sent == []
    assert "https://agora.example/m1" in world.ticket.notes[-1]


def test_a_paused_account_sends_nothing():
    from dataclasses import replace

    world = opened()
    directory = world.system.stores.directory
    directory.put_account(replace(directory.get_account(world.message().key.account), paused=True))
    world.clock.advance(minutes=5)
    world.desk.agent_writes("1", "answer")
    world.hint()
    assert world.platform.sent == []
    assert "paused" in world.ticket.notes[-1]


def test_private_goes_private_and_the_customers_answer_finds_the_ticket():
    world = opened(World(sheet=spec(private_reply=True)))
    world.desk.note("1", "/private")
    world.desk.agent_writes("1", "What is your order number?")
    world.hint()
    [sent] = world.platform.sent
    assert sent.private_reply
    assert sent.visibility is Visibility.PRIVATE
    assert "in private on Agora" in world.ticket.notes[-1]
    answer = world.message("d1", "KD-12345", platform="agora-dm", private=True, thread="dm-kim", person="dm-kim")
    world.arrive(answer)
    assert world.ticket.customer == ["Where is my parcel?", "KD-12345"]
    world.desk.agent_writes("1", "Thank you!")
    world.hint()
    assert world.private.texts == ["Thank you!"]


def test_public_brings_replies_back_to_the_thread():
    world = opened(World(sheet=spec(private_reply=True)))
    for entry in ("/private", "/public"):
        world.desk.note("1", entry)
    world.desk.agent_writes("1", "answer")
    world.hint()
    assert not world.platform.sent[0].private_reply


def test_private_is_refused_in_words_where_the_platform_has_none():
    world = opened()
    world.desk.note("1", "/private")
    world.hint()
    assert "no private answer" in world.ticket.notes[-1]


def test_what_was_meant_to_be_private_never_goes_public_whoever_reads_the_refusal_first():
    world = opened()
    world.desk.note("1", "/private")
    world.desk.agent_writes("1", "Your card ends in 1234.")
    world.hint()
    assert world.platform.sent == []
    assert "NOT posted" in world.ticket.notes[-1]
    world.desk.note("1", "/public")
    world.desk.agent_writes("1", "Please write to us in private.")
    world.hint()
    assert world.platform.texts == ["Please write to us in private."]


@pytest.mark.parametrize(
    ("note", "words"),
    [("/help", "/retry"), ("/hilfe", "/hilfe is not a command"), ("/why", "ticketed"), ("/retry", "no refused")],
)
def test_commands_are_answered_in_a_note(note: str, words: str):
    world = opened()
    world.desk.note("1", note)
    world.hint()
    assert words in world.ticket.notes[-1]
    assert world.platform.sent == []


def test_an_ordinary_note_is_not_answered():
    world = opened()
    before = len(world.ticket.notes)
    world.desk.note("1", "/etc/hosts on their side is wrong, I think")
    world.hint()
    assert len(world.ticket.notes) == before


def test_a_reply_window_that_is_shut_is_told_before_sending():
    world = opened(World(sheet=spec(reply_window=timedelta(hours=24))), private=True)
    world.clock.advance(hours=25)
    world.desk.agent_writes("1", "answer")
    world.hint()
    assert world.platform.sent == []
    assert "within 24 hours" in world.ticket.notes[-1]


def test_hints_about_other_tickets_are_left_alone():
    world = opened()
    from chalicelib.core.events import HelpdeskHint
    from chalicelib.core.ids import TicketId
    from chalicelib.pipeline.receive import hint_message

    hint = HelpdeskHint(ticket=TicketId("999"))
    world.runtime.queues.outbound.send([hint_message("desk", hint, world.clock.now(), "s")])
    world.work()
    assert world.system.queues["outbound"].depth() == 0


def test_what_an_agent_wants_in_private_never_goes_public():
    from dataclasses import replace

    from chalicelib.core.case import Route
    from chalicelib.ports.stores import SaveCase

    world = opened()
    case = world.system.stores.cases.find_by_ticket(world.ticket.ref)
    assert case is not None
    world.system.stores.transactions.commit(SaveCase(case=replace(case, route=Route.PRIVATE)))
    world.desk.agent_writes("1", "your new password is 1234")
    world.hint()
    assert world.platform.sent == []
    assert "you asked for private" in world.ticket.notes[-1]


def test_an_account_of_its_own_kind_has_its_own_limits():
    from chalicelib.core.text.length import LengthUnit, Limit, TextLimits

    class Premium(FakePlatform):
        @property
        def capabilities(self):
            from dataclasses import replace

            return replace(spec().capabilities, text_limits=TextLimits((Limit(10_000, LengthUnit.CODE_POINTS),)))

    world = World()
    world.platform = world.connectors.platforms["agora"] = Premium(world.clock.now)
    opened(world)
    world.desk.agent_writes("1", "word " * 600)
    world.hint()
    assert len(world.platform.sent) == 1


def test_what_a_link_costs_is_said_before_and_after() -> None:
    base = spec(most=280)
    hint = "Agora charges more for a link."
    world = World(sheet=replace(base, capabilities=replace(base.capabilities, link_hint=hint)))
    world.arrive(world.message())
    assert hint in world.ticket.notes[0]
    for text in ("It left today.", "Track it at https://acme.example/t/1"):
        world.desk.agent_writes("1", text)
        world.hint()
    plain, linked = world.ticket.notes[-2:]
    assert hint not in plain
    assert linked.endswith(hint)
