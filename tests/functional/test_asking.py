"""Asking a customer who they are: in private only, once, whenever a worker dies; the answer checked, told to agents."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib import bootstrap
from chalicelib.core.errors import OutcomeUnknownError, RejectedError, UnavailableError
from chalicelib.core.events import AuthorIdChanged, AuthorOptedOut, Visibility
from chalicelib.core.ids import AccountId, AccountKey, AuthorId, AuthorKey
from chalicelib.core.people import Verdict
from chalicelib.entrypoints import watch
from tests.fakes.clock import FrozenClock
from tests.fakes.platform import FakePlatform, FindingPlatform, spec
from tests.fakes.runtime import World
from tests.functional.asking_world import (
    KIM,
    ask,
    asking_world,
    case_of,
    fill_in,
    identities_by_answer,
    link_in,
    write_privately,
)
from tests.functional.scenes import opened

KIM_IN_PRIVATE = AuthorKey(platform="agora-dm", author=AuthorId("dm-kim"))
RIGHT = {"name": "Kim Park", "number": "KD-1001"}


class Dead(BaseException):
    """A worker that ended between two calls."""


def minute(world: World) -> None:
    world.clock.advance(minutes=1)
    bootstrap.install(world.app)
    try:
        watch.fan_out()
    finally:
        bootstrap.install(None)
    world.work()


def asked_in_private(**policy) -> World:
    world = asking_world(**policy)
    write_privately(world)
    ask(world)
    return world


# -- asking ------------------------------------------------------------------------------------------------------------


def test_an_agent_asks_in_the_private_conversation():
    world = asked_in_private()

    [question] = world.private.texts
    assert link_in(question, world).case == case_of(world).id
    assert "24 hours" in question
    assert world.ticket.notes[-1].startswith("Asked the customer in private on Agora-Dm who they are, for Ada: a link")
    assert world.platform.sent == []


def test_a_public_message_is_answered_in_private():
    world = opened(asking_world())
    ask(world)

    [question] = world.platform.sent
    assert question.private_reply
    assert question.visibility is Visibility.PRIVATE
    assert link_in(question.text, world).token == case_of(world).asked.token


def test_where_there_is_no_private_way_nothing_is_asked():
    world = asking_world()
    world.connectors.specs["agora"] = spec(most=2_000)
    opened(world)
    ask(world)

    assert world.platform.sent == []
    assert "NOT asked who they are: Agora has no private answer" in world.ticket.notes[-1]
    assert case_of(world).asked is None


def test_the_number_is_asked_for_where_the_agent_or_the_policy_says_so():
    world = asking_world()
    write_privately(world)
    ask(world, "/ask question de")

    [question] = world.private.texts
    assert "Kundennummer" in question
    assert "http" not in question
    assert case_of(world).asked.token == ""


def test_words_are_the_companys_where_it_has_some():
    world = asking_world(ask_link_texts={"en": "Hi from {brand}: {link}"}, brand_name="Acme Lamps")
    write_privately(world)
    ask(world)
    assert world.private.texts[0].startswith("Hi from Acme Lamps: https://care.example.com/api/identify/")


@pytest.mark.parametrize(
    ("words", "policy", "links", "told"),
    [
        ("/ask loudly", {}, True, "/ask understands link, question, en, de"),
        ("/ask", {"ask_in_private": "never"}, True, "your company does not ask"),
        ("/ask", {}, False, "links are not set up"),
        ("/ask", {"crm_may_match": False}, True, "no CRM to check"),
    ],
)
def test_what_can_not_be_asked_is_said(words: str, policy: dict, links: bool, told: str):
    world = asking_world(links=links, **policy)
    write_privately(world)
    ask(world, words)
    assert world.private.sent == []
    assert told in world.ticket.notes[-1]


def test_somebody_known_is_not_asked():
    world = asked_in_private()
    fill_in(world, link_in(world.private.texts[0], world), **RIGHT)
    ask(world)
    assert len(world.private.sent) == 1
    assert "they are known: Kim Park" in world.ticket.notes[-1]


def test_who_opted_out_is_not_asked():
    world = asking_world()
    write_privately(world)
    account = AccountKey(platform="agora-dm", account=AccountId("brand"))
    world.arrive(AuthorOptedOut(author=KIM_IN_PRIVATE, account=account, at=world.clock.now()))
    ask(world)
    assert world.private.sent == []
    assert "do not want to be asked" in world.ticket.notes[-1]


def test_a_shut_window_holds_the_question():
    world = asking_world()
    world.connectors.specs["agora-dm"] = spec("agora-dm", most=2_000, reply_window=timedelta(hours=24))
    write_privately(world)
    world.clock.advance(hours=25)
    ask(world)
    assert world.private.sent == []
    assert "only within 24 hours" in world.ticket.notes[-1]
    assert case_of(world).asked.refused


def test_a_question_that_the_platform_refuses_is_told_and_can_be_asked_again():
    world = asking_world()
    write_privately(world)
    world.private.faults = [(True, RejectedError("no", remote_code="7"))]
    ask(world)
    assert "NOT posted on Agora-Dm" in world.ticket.notes[-1]
    ask(world, "/ask question")
    assert len(world.private.sent) == 1


def test_retry_posts_no_question_again():
    world = asking_world()
    write_privately(world)
    world.private.faults = [(True, RejectedError("no", remote_code="7"))]
    ask(world)
    ask(world, "/retry")
    assert world.private.sent == []
    assert "no refused or unsettled reply" in world.ticket.notes[-1]


# -- at most once ------------------------------------------------------------------------------------------------------


def test_a_worker_that_dies_before_its_note_asks_once():
    world = asking_world()
    write_privately(world)
    world.desk.faults.append(("add_comment", True, Dead()))
    world.desk.note("1", "/ask")
    with pytest.raises(Dead):
        world.hint()
    world.later(minutes=5)
    assert len(world.private.sent) == 1
    assert sum("Asked the customer" in item for item in world.ticket.notes) == 1


@pytest.mark.parametrize("posted", [True, False])
def test_an_unknown_outcome_is_looked_for_and_the_words_stay_the_same(posted: bool):
    world = asking_world(FindingPlatform(FrozenClock().now))
    opened(world)
    world.platform.faults = [(not posted, OutcomeUnknownError("reset"))]
    ask(world)
    for _ in range(5):
        world.later(minutes=5)
    [question] = world.platform.sent
    assert link_in(question.text, world).token == case_of(world).asked.token
    assert sum("Asked the customer" in item for item in world.ticket.notes) == 1


def test_where_nobody_can_look_it_is_unknown_and_not_sent_again():
    world = asking_world(FakePlatform(FrozenClock().now))
    opened(world)
    world.platform.faults = [(False, OutcomeUnknownError("reset"))]
    ask(world)
    world.later(minutes=5)
    assert len(world.platform.sent) == 1
    assert "UNKNOWN whether our question reached" in world.ticket.notes[-1]


def test_our_question_that_comes_back_is_an_echo():
    world = asked_in_private()
    [sent] = world.private.sent
    before = len(world.ticket.notes)
    echo = world.message(
        "our-1", sent.text, platform="agora-dm", private=True, thread="dm-kim", person="brand", is_echo=True,
        recipient=AuthorId("dm-kim"),
    )  # fmt: skip
    world.arrive(echo)
    assert len(world.ticket.notes) == before


# -- answering ---------------------------------------------------------------------------------------------------------


def test_an_answer_that_matches_makes_the_next_message_certain():
    world = asked_in_private()
    fill_in(world, link_in(world.private.texts[0], world), **RIGHT)

    case = case_of(world)
    assert case.match.verdict is Verdict.LINKED
    assert case.match.contact is not None
    assert case.match.contact.ref == KIM.ref
    assert case.asked.answered
    assert "checked against the CRM, it matches" in world.ticket.notes[-1]
    assert "Kim Park" in world.ticket.notes[-1]
    assert {item.source for item in case.match.evidence} == {"their answer to our question"}
    assert identities_by_answer(world, KIM_IN_PRIVATE) == ["crm:C-1"]
    assert len(world.private.sent) == 1  # nothing is told to the customer


@pytest.mark.parametrize(
    "values",
    [
        {"name": "Kim Park", "email": "kim@example.com"},
        {"name": "Park, Kim", "number": "kd 1001"},
        {"name": "KIM PARK", "number": "KD-1001", "email": "kims.new.one@example.com"},
    ],
)
def test_what_people_write_is_understood(values: dict[str, str]):
    world = asked_in_private()
    fill_in(world, link_in(world.private.texts[0], world), **values)
    assert identities_by_answer(world, KIM_IN_PRIVATE) == ["crm:C-1"]


def test_after_a_private_reply_both_of_their_ids_are_known():
    world = opened(asking_world())
    ask(world)
    fill_in(world, link_in(world.platform.texts[0], world), **RIGHT)
    in_public = AuthorKey(platform="agora", author=AuthorId("kim"))
    assert identities_by_answer(world, in_public, KIM_IN_PRIVATE) == ["crm:C-1", "crm:C-1"]


@pytest.mark.parametrize(
    "values",
    [
        {"name": "Kim Park", "number": "KD-9999"},
        {"name": "Kim Park", "number": "KD-1002"},
        {"name": "Kim", "number": "KD-1001"},
        {"name": "Park", "number": "KD-1001"},
        {"name": "Maria Park", "number": "KD-1001"},
        {"name": "Kim Park <script>", "number": "<b>KD-1</b>"},
        {"name": "Kim Park", "email": "no address"},
        {"name": "Kim Park", "phone": "call me"},
        {"name": "Karl Meier", "email": "kim@example.com"},
        {"name": "Kim Park", "email": "kim@example.com", "number": "KD-1002"},
        {"name": "Kim Park", "email": "lee@example.com", "number": "KD-1001"},
    ],
)
def test_an_answer_that_does_not_match_is_told_to_the_agent_alone(values: dict[str, str]):
    world = asked_in_private()
    fill_in(world, link_in(world.private.texts[0], world), **values)

    assert case_of(world).match.verdict is not Verdict.LINKED
    assert "it did NOT match. They were not told so." in world.ticket.notes[-1]
    assert identities_by_answer(world, KIM_IN_PRIVATE) == []
    assert len(world.private.sent) == 1


@pytest.mark.parametrize("values", [RIGHT, {"name": "x", "number": "KD-9999"}])
def test_thanks_are_the_same_for_every_answer(values: dict[str, str]):
    world = asked_in_private(ask_thanks_texts={"en": "Thank you! {brand}"})
    fill_in(world, link_in(world.private.texts[0], world), **values)
    assert world.private.texts[1:] == ["Thank you! Acme"]


def test_a_link_is_good_for_one_answer():
    world = asked_in_private()
    link = link_in(world.private.texts[0], world)
    fill_in(world, link, name="x", number="KD-9999")
    before = list(world.ticket.notes)
    world.clock.advance(minutes=10)
    fill_in(world, link, **RIGHT)
    assert world.ticket.notes == before
    assert case_of(world).match.verdict is not Verdict.LINKED


def test_a_newer_question_ends_the_link_before():
    world = asked_in_private()
    old = link_in(world.private.texts[0], world)
    ask(world)
    fill_in(world, old, **RIGHT)
    assert case_of(world).match.verdict is not Verdict.LINKED
    fill_in(world, link_in(world.private.texts[1], world), **RIGHT)
    assert case_of(world).match.verdict is Verdict.LINKED


def test_anothers_link_says_nothing_about_this_case():
    world = asked_in_private()
    write_privately(world, "d2", person="lee")
    ask(world, ticket="2")
    first, second = (link_in(text, world) for text in world.private.texts)
    from dataclasses import replace

    fill_in(world, replace(first, token=second.token), **RIGHT)
    fill_in(world, replace(second, token=first.token), **RIGHT)
    assert case_of(world, "1").match.verdict is not Verdict.LINKED
    assert case_of(world, "2").match.verdict is not Verdict.LINKED


def test_an_answer_after_the_end_counts_for_nothing():
    world = asked_in_private(ask_expires=timedelta(hours=1))
    link = link_in(world.private.texts[0], world)
    world.clock.advance(hours=1)
    fill_in(world, link, **RIGHT)
    assert case_of(world).match.verdict is not Verdict.LINKED


def test_after_three_wrong_answers_only_an_agent_decides():
    world = asked_in_private()
    for number in range(3):
        fill_in(world, link_in(world.private.texts[number], world), name="Kim Park", number=f"KD-900{number}")
        ask(world)
    assert len(world.private.sent) == 3
    assert "3 answers did not match" in world.ticket.notes[-1]


def test_an_answer_to_what_an_agent_decided_meanwhile_changes_nothing():
    world = asked_in_private()
    ask(world, "/link C-2")
    assert case_of(world).match.verdict is Verdict.LINKED
    fill_in(world, link_in(world.private.texts[0], world), **RIGHT)
    assert case_of(world).match.contact.ref.contact == "C-2"
    assert "It was not checked: that is settled." in world.ticket.notes[-1]


def test_who_goes_by_another_id_meanwhile_is_linked_by_that_one_alone():
    world = asked_in_private()
    link = link_in(world.private.texts[0], world)
    new = AuthorKey(platform="agora-dm", author=AuthorId("dm-kim-2"))
    account = AccountKey(platform="agora-dm", account=AccountId("brand"))
    world.arrive(AuthorIdChanged(account=account, old=KIM_IN_PRIVATE, new=new, at=world.clock.now()))
    fill_in(world, link, **RIGHT)
    assert case_of(world).match.verdict is Verdict.LINKED
    assert identities_by_answer(world, KIM_IN_PRIVATE) == []
    assert identities_by_answer(world, new) == ["crm:C-1"]


def test_while_the_crm_is_down_an_answer_waits():
    world = asked_in_private()
    link = link_in(world.private.texts[0], world)
    world.crm.down = UnavailableError("down")
    fill_in(world, link, **RIGHT)
    assert "matches" not in world.ticket.notes[-1]
    world.crm.down = None
    world.later(minutes=10)
    assert case_of(world).match.verdict is Verdict.LINKED
    assert sum("it matches" in item for item in world.ticket.notes) == 1


def test_a_worker_that_dies_checks_once_more_and_tells_once():
    world = asked_in_private()
    link = link_in(world.private.texts[0], world)
    world.desk.faults.append(("add_comment", False, Dead()))
    with pytest.raises(Dead):
        fill_in(world, link, name="x", number="KD-9999")
    world.later(minutes=10)
    assert sum("did NOT match" in item for item in world.ticket.notes) == 1
    asking = world.system.stores.identities.find_asking(KIM_IN_PRIVATE)
    assert asking is not None
    assert asking.wrong == 1


def test_what_was_filled_in_is_never_parked_nor_logged():
    world = asked_in_private()
    link = link_in(world.private.texts[0], world)
    world.desk.faults.append(("add_comment", True, RejectedError("no", remote_code="9")))
    fill_in(world, link, **RIGHT)
    [item] = world.system.stores.parking.list_parked()
    assert item.body is None
    assert "/ask on the ticket" in item.advice
    assert "KD-1001" not in repr(item)
    assert "KD-1001" not in repr(world.telemetry.lines)


# -- by itself ---------------------------------------------------------------------------------------------------------


def test_careloop_asks_by_itself_once_for_a_case():
    world = asking_world(ask_in_private="when_unknown")
    write_privately(world)
    for number in range(3):
        minute(world)
        write_privately(world, f"e{number}", "hello?")
    assert len(world.private.sent) == 1
    assert sum("they are, by itself" in item for item in world.ticket.notes) == 1
    assert not world.system.stores.due.list_due(world.clock.now() + timedelta(days=1))


def test_by_itself_it_asks_the_same_author_again_only_after_long():
    world = asking_world(ask_in_private="when_unknown", ask_again_after=timedelta(days=30))
    for number, days in enumerate((0, 10, 31)):
        world.clock.advance(days=days)
        world.arrive(world.message(f"m{number}", thread=f"post-{number}"))
        minute(world)
    assert [item.in_reply_to for item in world.platform.sent] == ["m0", "m2"]


def test_by_itself_it_asks_nobody_in_public_nor_who_is_known():
    world = asking_world(ask_in_private="when_unknown")
    world.connectors.specs["agora"] = spec(most=2_000)
    opened(world)
    write_privately(world, "d5", "my customer number is KD-1002", person="lee")
    minute(world)
    assert world.platform.sent == []
    assert world.private.sent == []
    assert not any("Asked" in item for ticket in world.desk.tickets.values() for item in ticket.notes)


@pytest.mark.parametrize("policy", ["by_agent", "never"])
def test_by_itself_it_asks_only_where_the_policy_says_so(policy: str):
    world = asking_world(ask_in_private=policy)
    write_privately(world)
    minute(world)
    assert world.private.sent == []


def test_a_job_that_dies_asks_once():
    world = asking_world(ask_in_private="when_unknown")
    write_privately(world)
    world.desk.faults.append(("add_comment", True, Dead()))
    with pytest.raises(Dead):
        minute(world)
    minute(world)
    world.later(minutes=10)
    assert len(world.private.sent) == 1
    assert sum("they are, by itself" in item for item in world.ticket.notes) == 1


# -- never in public ---------------------------------------------------------------------------------------------------

STEPS = st.lists(
    st.sampled_from(["public", "private", "/ask", "/ask question", "/private", "/public", "reply", "minute", "deaf"]),
    max_size=8,
)


@given(steps=STEPS, private_reply=st.booleans(), by_itself=st.booleans())
@settings(max_examples=40, deadline=None)
def test_no_question_is_ever_asked_in_public(steps: list[str], private_reply: bool, by_itself: bool):
    world = asking_world(ask_in_private="when_unknown" if by_itself else "by_agent")
    world.connectors.specs["agora"] = spec(private_reply=private_reply, most=2_000)
    opened(world)
    for number, step in enumerate(steps):
        world.clock.advance(minutes=3)
        if step == "public":
            world.arrive(world.message(f"p{number}"))
        elif step == "private":
            world.arrive(world.message(f"q{number}", private=True, thread="post-1"))
        elif step == "reply":
            world.desk.agent_writes("1", "Hello!")
            world.hint()
        elif step == "minute":
            minute(world)
        elif step == "deaf":
            world.platform.faults = [(False, OutcomeUnknownError("reset"))]
        else:
            ask(world, step)
    world.later(minutes=30)
    for sent in (*world.platform.sent, *world.private.sent):
        if "who you are" in sent.text or "customer number" in sent.text:
            assert sent.visibility is Visibility.PRIVATE


# -- a number instead of a form ----------------------------------------------------------------------------------------


def asked_for_number(**policy) -> World:
    world = asking_world(ask_by="question", **policy)
    write_privately(world)
    ask(world)
    return world


@pytest.mark.parametrize("answer", ["KD-1001", "kd 1001", "It is KD-1001."])
def test_the_number_that_was_asked_for_tells_who_it_is(answer: str):
    world = asked_for_number()
    write_privately(world, "d2", answer)
    case = case_of(world)
    assert case.match.verdict is Verdict.LINKED
    assert case.asked.answered
    assert identities_by_answer(world, KIM_IN_PRIVATE) == ["crm:C-1"]


def test_a_number_of_any_shape_counts_where_it_was_asked_for():
    world = asked_for_number(customer_number_patterns=())
    write_privately(world, "d2", "KD-1001")
    assert case_of(world).match.verdict is Verdict.LINKED


def test_the_same_words_count_for_nothing_where_nobody_asked():
    world = asking_world(customer_number_patterns=())
    write_privately(world)
    write_privately(world, "d2", "KD-1001")
    assert case_of(world).match.verdict is not Verdict.LINKED


def test_a_number_that_another_name_goes_with_is_no_proof():
    world = asked_for_number()
    write_privately(world, "d2", "KD-1002")
    assert case_of(world).match.verdict is not Verdict.LINKED
    assert "answer did NOT match" in world.ticket.notes[-1]


@pytest.mark.parametrize("policy", [{}, {"customer_number_patterns": ()}])
@pytest.mark.parametrize("words", ["my dad's number is KD-1001", "KD-1001, but that is my wife's"])
def test_somebody_elses_number_is_no_answer(policy: dict, words: str):
    world = asked_for_number(**policy)
    write_privately(world, "d2", words)
    assert case_of(world).match.verdict is not Verdict.LINKED


def test_wrong_numbers_are_told_and_after_three_none_counts():
    world = asked_for_number(customer_number_patterns=())
    for number in range(3):
        write_privately(world, f"w{number}", f"KD-900{number}")
    assert sum("answer did NOT match" in item for item in world.ticket.notes) == 3
    assert "3 wrong answers" in world.ticket.notes[-1]
    write_privately(world, "d9", "KD-1001")
    assert case_of(world).match.verdict is not Verdict.LINKED
    ask(world)
    assert "3 answers did not match" in world.ticket.notes[-1]


def test_after_a_week_a_bare_number_is_no_answer_any_more():
    world = asked_for_number(customer_number_patterns=())
    world.clock.advance(days=8)
    write_privately(world, "d2", "KD-1001")
    assert case_of(world).match.verdict is not Verdict.LINKED
