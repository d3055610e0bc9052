"""Facebook and Messenger over the Meta twin: webhooks in, answers out, echoes back, and what repairs what got lost."""

from __future__ import annotations

from datetime import timedelta

import pytest

from careloop.twins.base import Fault
from careloop.twins.meta import INBOX_APP_ID, PAGE_ID
from chalicelib.core.errors import (
    ConfigurationError,
    CredentialsError,
    NotAnswerableError,
    NotFoundError,
    OutcomeUnknownError,
    RateLimitedError,
    RecipientUnreachableError,
    RejectedError,
    ReplyWindowClosedError,
    UnavailableError,
)
from chalicelib.core.events import (
    AttachmentKind,
    DeliveryState,
    DeliveryUpdated,
    InboundMessage,
    MessageDeleted,
    MessageEdited,
    Surface,
    Visibility,
    event_key,
)
from chalicelib.core.ids import ThreadId
from tests.unit.connectors.meta_desk import Desk, private


def desk_with_post(*, echo_first: bool = False) -> tuple[Desk, str, str]:
    """A desk, a person, and a post of the page whose echo has come in."""
    desk = Desk(echo_first=echo_first)
    dana, post = desk.twin.add_user("Dana Weber"), desk.twin.page_post("New shoes!")
    echo = desk.message()
    assert (echo.is_echo, echo.surface, echo.key.message, echo.text) == (True, Surface.POST, post, "New shoes!")
    return desk, dana, post


# -- in public ---------------------------------------------------------------------------------------------------------


def test_a_comment_comes_in_is_answered_and_its_echo_is_ours() -> None:
    desk, dana, post = desk_with_post()
    comment = desk.twin.comment(dana, post, "Größe 42? 👟")
    asked = desk.message()
    assert (asked.key.message, asked.thread.thread, asked.in_reply_to, asked.text) == (
        comment,
        post,
        post,
        "Größe 42? 👟",
    )
    assert asked.author is not None
    assert asked.author.display_name == "Dana Weber"
    assert asked.author.key.author == desk.twin.world.commenter(dana, PAGE_ID)
    receipt = desk.facebook().send(desk.answer(asked, "Ja, noch zwei Paar."))
    echo = desk.message()
    assert (echo.is_echo, echo.key.message, echo.in_reply_to, echo.permalink) == (
        True,
        receipt.messages[0],
        comment,
        receipt.permalink,
    )


def test_an_answer_to_a_reply_stands_below_the_first_comment_and_is_found_there() -> None:
    desk, dana, post = desk_with_post()
    first = desk.twin.comment(dana, post, "Hello?")
    desk.told()
    desk.twin.comment(dana, post, "Anybody?", first)
    asked = desk.message()
    assert asked.context["parent_id"] == first
    answer = desk.answer(asked)
    assert desk.facebook().find_sent(answer) is None
    receipt = desk.facebook().send(answer)
    echo = desk.message()
    assert echo.in_reply_to == first
    assert desk.facebook().find_sent(answer) == receipt


def test_the_same_words_twice_in_a_row_are_refused() -> None:
    desk, dana, post = desk_with_post()
    desk.twin.comment(dana, post, "Hello?")
    answer = desk.answer(desk.message())
    desk.facebook().send(answer)
    with pytest.raises(RejectedError) as caught:
        desk.facebook().send(answer)
    assert caught.value.remote_code == "506"


@pytest.mark.parametrize("before", [True, False])
def test_a_broken_connection_is_settled_by_looking(before: bool) -> None:
    desk, dana, post = desk_with_post()
    desk.twin.comment(dana, post, "Hello?")
    answer = desk.answer(desk.message())
    desk.twin.faults.append(Fault("POST .*/comments", status=0, before=before))
    with pytest.raises(OutcomeUnknownError):
        desk.facebook().send(answer)
    found = desk.facebook().find_sent(answer)
    assert (found is None) is before
    assert len(desk.told()) == (0 if before else 1)


def test_edits_and_removals_come_in() -> None:
    desk, dana, post = desk_with_post()
    comment = desk.twin.comment(dana, post, "Hallo")
    desk.told()
    desk.clock.advance(minutes=1)
    desk.twin.edit_comment(comment, "Hello")
    desk.twin.hide_comment(comment)
    desk.twin.react(dana, post)
    desk.twin.remove_comment(comment, by_page=True)
    edited, deleted = desk.told()
    assert isinstance(edited, MessageEdited)
    assert (edited.text, edited.edited_at) == ("Hello", desk.clock.now())
    assert isinstance(deleted, MessageDeleted)
    assert (deleted.key.message, deleted.author) == (comment, None)
    assert desk.ignored == {"feed/comment/hide": 1, "feed/reaction/add": 1}


def test_an_answer_to_what_was_removed_is_refused_as_gone() -> None:
    desk, dana, post = desk_with_post()
    comment = desk.twin.comment(dana, post, "Hello?")
    answer = desk.answer(desk.message())
    desk.twin.remove_comment(comment)
    with pytest.raises(NotFoundError):
        desk.facebook().send(answer)
    with pytest.raises(NotFoundError):
        desk.facebook().find_sent(answer)


def test_visitors_posts_reviews_and_comments_on_them() -> None:
    desk, dana, _ = desk_with_post()
    post = desk.twin.visitor_post(dana, "Is anybody there?", photo="https://scontent.example/p.jpg")
    asked = desk.message()
    assert (asked.surface, asked.in_reply_to, asked.attachments[0].kind) == (Surface.POST, None, AttachmentKind.IMAGE)
    desk.facebook().send(desk.answer(asked))
    assert desk.message().in_reply_to == post
    story = desk.twin.rate(dana, "Two weeks, no answer")
    review = desk.message()
    assert (review.surface, review.key.message, review.context["recommendation"]) == (Surface.REVIEW, story, "negative")
    desk.facebook().send(desk.answer(review, "We are sorry."))
    echo = desk.message()
    assert (echo.is_echo, echo.thread.thread, echo.in_reply_to) == (True, story, story)
    comment = desk.twin.comment(dana, story, "Too late.")
    below = desk.message()
    assert (below.surface, below.key.message, below.thread.thread) == (Surface.COMMENT, comment, story)


@pytest.mark.parametrize("visible", [True, False])
def test_a_mention_is_fetched_for_its_author(visible: bool) -> None:
    desk, dana, _ = desk_with_post()
    desk.twin.mention(dana, "@Acme please help", visible=visible)
    event = desk.message()
    assert (event.surface, event.author, event.text) == (Surface.MENTION, None, "@Acme please help")
    if not visible:
        with pytest.raises(NotFoundError):
            desk.facebook().fetch_message(event.key.message)
        return
    (found,) = desk.facebook().fetch_message(event.key.message).events
    assert isinstance(found, InboundMessage)
    assert found.author is not None
    assert found.author.display_name == "Dana Weber"
    assert event_key(found) == event_key(event)
    assert (found.thread, found.surface, found.in_reply_to) == (event.thread, event.surface, event.in_reply_to)


def test_without_advanced_access_names_are_withheld_but_echoes_are_known() -> None:
    desk, dana, post = desk_with_post()
    desk.twin.world.page(PAGE_ID)["advanced_access"] = False
    comment = desk.twin.comment(dana, post, "Hello?")
    asked = desk.message()
    assert asked.author is None
    (found,) = desk.facebook().fetch_message(asked.key.message).events
    assert isinstance(found, InboundMessage)
    assert found.author is None
    desk.twin.native_reply(comment, "Hello!")
    assert desk.message().is_echo


def test_a_posts_message_can_be_fetched_too() -> None:
    desk, dana, _ = desk_with_post()
    post = desk.twin.visitor_post(dana, "Is anybody there?")
    told = desk.message()
    (found,) = desk.facebook().fetch_message(told.key.message).events
    assert found == told
    assert desk.twin.calls == [f"GET /v26.0/{post}"] * 2


# -- private replies ---------------------------------------------------------------------------------------------------


def private_answer(desk: Desk, dana: str, post: str) -> tuple[str, InboundMessage]:
    comment = desk.twin.comment(dana, post, "My order never arrived")
    return comment, desk.message()


def test_a_private_reply_opens_the_persons_messenger_thread() -> None:
    desk, dana, post = desk_with_post()
    _, asked = private_answer(desk, dana, post)
    answer = desk.answer(asked, "What is your order number?", private_reply=True, visibility=Visibility.PRIVATE)
    client = desk.facebook()
    assert client.find_sent(answer) is None
    receipt = client.send(answer)
    psid = desk.twin.world.psid(dana, PAGE_ID)
    assert receipt.opened is not None
    assert str(receipt.opened) == f"messenger:{PAGE_ID}:{psid}:{psid}"
    echo = desk.message()
    assert (echo.key.account.platform, echo.key.message) == ("messenger", receipt.messages[0])
    assert (echo.delivery, echo.thread) == (answer.key, receipt.opened.thread)
    assert client.find_sent(answer) == receipt
    with pytest.raises(OutcomeUnknownError) as second:
        client.send(answer)
    assert "one private reply" in second.value.advice
    with pytest.raises(ReplyWindowClosedError):
        desk.messenger().send(private(psid, "One more thing", desk))
    desk.twin.message(dana, "4711")
    assert desk.message().thread == receipt.opened.thread
    desk.messenger().send(private(psid, "Thank you.", desk))


def test_a_private_reply_of_a_colleague_is_not_taken_for_ours() -> None:
    desk, dana, post = desk_with_post()
    _, asked = private_answer(desk, dana, post)
    answer = desk.answer(asked, private_reply=True)
    desk.facebook().send(desk.answer(asked, "Somebody else's words", private_reply=True, key="another"))
    with pytest.raises(OutcomeUnknownError):
        desk.facebook().find_sent(answer)


def test_what_can_not_be_answered_in_private() -> None:
    desk, dana, post = desk_with_post()
    comment, asked = private_answer(desk, dana, post)
    desk.twin.world.page(PAGE_ID)["messaging"] = False
    with pytest.raises(NotAnswerableError):
        desk.facebook().send(desk.answer(asked, private_reply=True))
    desk.twin.world.page(PAGE_ID)["messaging"] = True
    desk.clock.advance(days=7)
    with pytest.raises(NotAnswerableError):
        desk.facebook().send(desk.answer(asked, private_reply=True))
    desk.twin.remove_comment(comment)
    with pytest.raises(NotFoundError):
        desk.facebook().send(desk.answer(asked, private_reply=True))


def test_a_visitors_post_is_answered_in_private_as_a_post() -> None:
    desk, dana, _ = desk_with_post()
    desk.twin.visitor_post(dana, "Is anybody there?")
    asked = desk.message()
    answer = desk.answer(asked, private_reply=True)
    assert desk.facebook().find_sent(answer) is None
    assert desk.facebook().send(answer).opened is not None
    with pytest.raises(OutcomeUnknownError):
        desk.facebook().find_sent(answer)


# -- Messenger ---------------------------------------------------------------------------------------------------------


def test_a_message_comes_in_is_answered_and_its_echo_carries_our_key() -> None:
    desk = Desk()
    dana = desk.twin.add_user("Dana Weber")
    desk.twin.message(dana, "Where is my parcel?", image="https://scontent.example/p.jpg")
    asked = desk.message()
    assert (asked.surface, asked.visibility, asked.attachments[0].url) == (
        Surface.DM,
        Visibility.PRIVATE,
        "https://scontent.example/p.jpg",
    )
    assert asked.author is not None
    assert asked.author.display_name is None
    assert desk.messenger().fetch_author(asked.author).display_name == "Dana Weber"
    answer = desk.answer(asked)
    receipt = desk.messenger().send(answer)
    echo = desk.message()
    assert (echo.is_echo, echo.delivery, echo.recipient, echo.key.message) == (
        True,
        answer.key,
        asked.author.key.author,
        receipt.messages[0],
    )
    assert desk.messenger().find_sent(answer) == receipt
    desk.twin.read(dana)
    delivered, read = desk.told()
    assert isinstance(delivered, DeliveryUpdated)
    assert isinstance(read, DeliveryUpdated)
    assert (delivered.state, delivered.message) == (DeliveryState.DELIVERED, echo.key)
    assert (read.state, read.thread, read.message) == (DeliveryState.READ, asked.thread, None)


def test_an_echo_may_come_before_the_call_returns() -> None:
    desk, dana, _ = desk_with_post(echo_first=True)
    desk.twin.message(dana, "Where is my parcel?")
    asked = desk.message()
    seen_during_the_call: list[int] = []
    deliver = desk.twin.deliver
    assert deliver is not None

    def watched(*arguments: object) -> tuple[int, bytes]:
        answered = deliver(*arguments)  # type: ignore[arg-type]
        seen_during_the_call.append(len(desk.events))
        return answered

    desk.twin.deliver = watched  # type: ignore[assignment]
    answer = desk.answer(asked)
    desk.messenger().send(answer)
    assert seen_during_the_call == [1]
    assert desk.twin.pending == 0
    (echo,) = desk.told()
    assert isinstance(echo, InboundMessage)
    assert echo.delivery == answer.key


def test_an_answer_from_metas_own_inbox_is_an_echo_without_our_key() -> None:
    desk = Desk()
    dana = desk.twin.add_user("Dana Weber")
    desk.twin.message(dana, "Where is my parcel?")
    desk.told()
    desk.twin.native_reply(dana, "It ships today.")
    echo = desk.message()
    assert (echo.is_echo, echo.delivery, echo.context["app_id"]) == (True, None, INBOX_APP_ID)


def test_edits_unsent_messages_buttons_and_threads_that_another_app_holds() -> None:
    desk = Desk()
    dana = desk.twin.add_user("Dana Weber")
    message = desk.twin.message(dana, "Where is my parcel?")
    desk.told()
    desk.twin.edit_message(message, "Where is parcel 4711?")
    desk.twin.unsend(message)
    edited, deleted = desk.told()
    assert isinstance(edited, MessageEdited)
    assert (edited.text, edited.version) == ("Where is parcel 4711?", "1")
    assert isinstance(deleted, MessageDeleted)
    assert deleted.key.message == message
    desk.twin.press(dana, "Track my order", "TRACK")
    assert desk.message().text == "Track my order"
    desk.twin.hand_over(dana, INBOX_APP_ID)
    desk.twin.message(dana, "Hello?")
    asked = desk.message()
    assert asked.context["standby"] == "true"
    with pytest.raises(NotAnswerableError):
        desk.messenger().send(desk.answer(asked))


@pytest.mark.parametrize(
    ("age", "option", "granted", "outcome"),
    [
        (timedelta(hours=23), "false", False, None),
        (timedelta(hours=25), "false", True, ReplyWindowClosedError),
        (timedelta(hours=25), "true", True, None),
        (timedelta(hours=25), "true", False, CredentialsError),
        (timedelta(days=8), "true", True, ReplyWindowClosedError),
    ],
)
def test_the_windows(age: timedelta, option: str, granted: bool, outcome: type[Exception] | None) -> None:
    desk = Desk()
    dana = desk.twin.add_user("Dana Weber")
    desk.twin.world.page(PAGE_ID)["human_agent"] = granted
    desk.twin.message(dana, "Where is my parcel?")
    asked = desk.message()
    desk.clock.advance(seconds=age.total_seconds())
    before = len(desk.twin.calls)
    client = desk.messenger(human_agent=option)
    if outcome is None:
        client.send(desk.answer(asked))
    else:
        with pytest.raises(outcome):
            client.send(desk.answer(asked))
    asked_meta = outcome is not ReplyWindowClosedError
    assert len(desk.twin.calls) == before + asked_meta, "what is known to be refused is not tried"


def test_metas_own_judgement_of_the_window_counts_when_ours_is_wrong() -> None:
    desk = Desk()
    dana = desk.twin.add_user("Dana Weber")
    desk.twin.message(dana, "Where is my parcel?")
    asked = desk.message()
    desk.clock.advance(hours=25)
    with pytest.raises(ReplyWindowClosedError) as caught:
        desk.messenger().send(desk.answer(asked, last_customer_message_at=None))
    assert caught.value.remote_code == "10-2018278"


def test_who_can_not_be_reached() -> None:
    desk = Desk()
    dana = desk.twin.add_user("Dana Weber")
    desk.twin.message(dana, "Stop writing to me")
    asked = desk.message()
    desk.twin.block(dana)
    with pytest.raises(RecipientUnreachableError):
        desk.messenger().send(desk.answer(asked))
    with pytest.raises(NotFoundError):
        desk.messenger().send(private("1", "Hello", desk))
    desk.twin.world.page(PAGE_ID)["restricted"] = True
    with pytest.raises(NotAnswerableError):
        desk.messenger().send(desk.answer(asked))


@pytest.mark.parametrize("before", [True, False])
def test_a_message_of_unknown_outcome_is_looked_for(before: bool) -> None:
    desk = Desk()
    dana = desk.twin.add_user("Dana Weber")
    desk.twin.message(dana, "Where is my parcel?")
    answer = desk.answer(desk.message())
    desk.clock.advance(minutes=1)
    desk.twin.faults.append(Fault("POST .*/messages", status=0, before=before))
    with pytest.raises(OutcomeUnknownError):
        desk.messenger().send(answer)
    assert (desk.messenger().find_sent(answer) is None) is before


# -- repair ------------------------------------------------------------------------------------------------------------


def keys(events: object) -> list[str]:
    assert isinstance(events, list | tuple)
    return [event_key(event) for event in events]


def texts(events: object) -> list[str]:
    assert isinstance(events, list | tuple)
    return [event.text for event in events if isinstance(event, InboundMessage)]


def test_what_webhooks_lost_is_found_by_polling_with_the_same_keys() -> None:
    desk, dana, post = desk_with_post()
    desk.clock.advance(minutes=30)
    first = desk.facebook().poll(None)
    assert keys(first.parsed.events) == [f"message|facebook:{PAGE_ID}:{post}"]
    desk.clock.advance(hours=2)
    desk.twin.comment(dana, post, "Hello?")
    desk.twin.visitor_post(dana, "Is anybody there?")
    desk.twin.rate(dana, "")
    told = desk.told()
    desk.clock.advance(minutes=1)
    second = desk.facebook().poll(first.cursor)
    assert sorted(keys(second.parsed.events)) == sorted(keys(told))
    assert sorted(texts(second.parsed.events)) == sorted(texts(told))
    assert "(does not recommend the page)" in texts(told)
    assert not second.more
    desk.clock.advance(hours=1)
    third = desk.facebook().poll(second.cursor)
    assert sorted(keys(third.parsed.events)) == sorted(keys(told)), "the overlap repeats what is ten minutes old"
    assert desk.facebook().poll(third.cursor).parsed.events == ()


def test_polled_and_listed_comments_are_the_same_as_the_webhooks() -> None:
    desk, dana, post = desk_with_post()
    first = desk.twin.comment(dana, post, "Hello?")
    desk.twin.comment(dana, post, "Anybody?", first)
    told = desk.told()
    listed = desk.facebook().list_thread(ThreadId(post)).events
    assert list(listed[1:]) == told
    polled = desk.facebook().poll(None).parsed.events
    assert list(polled[1:]) == told


def test_lost_private_messages_are_found_by_polling() -> None:
    desk = Desk()
    dana, kim = desk.twin.add_user("Dana Weber"), desk.twin.add_user("Kim Lee")
    first = desk.messenger().poll(None)
    assert first.parsed.events == ()
    desk.twin.message(dana, "Where is my parcel?")
    desk.clock.advance(seconds=5)
    desk.twin.message(kim, "Is it open today?")
    desk.twin.native_reply(kim, "Until eight.")
    told = desk.told()
    second = desk.messenger().poll(first.cursor)
    assert keys(second.parsed.events) == keys(told)
    thread = told[1].thread.thread if isinstance(told[1], InboundMessage) else ThreadId("")
    listed = desk.messenger().list_thread(thread).events
    assert keys(listed) == keys(told[1:])
    assert [event.is_echo for event in listed if isinstance(event, InboundMessage)] == [False, True]


def test_only_twenty_messages_of_a_thread_can_be_read() -> None:
    desk = Desk()
    dana = desk.twin.add_user("Dana Weber")
    for number in range(25):
        desk.twin.message(dana, f"{number}")
    listed = desk.messenger().list_thread(ThreadId(desk.twin.world.psid(dana, PAGE_ID))).events
    assert [event.text for event in listed if isinstance(event, InboundMessage)] == [
        str(number) for number in range(5, 25)
    ]


def test_long_lists_are_read_page_by_page() -> None:
    desk, dana, post = desk_with_post()
    for number in range(230):
        desk.twin.comment(dana, post, f"{number}")
    listed = desk.facebook().list_thread(ThreadId(post)).events
    assert [event.text for event in listed[1:] if isinstance(event, InboundMessage)] == [
        str(number) for number in range(230)
    ]
    polled = desk.facebook().poll(None)
    assert len(polled.parsed.events) == 231
    assert not polled.more


def test_a_page_sees_nothing_of_another_page() -> None:
    desk, dana, post = desk_with_post()
    other = desk.twin.add_page("Other")
    comment = desk.twin.comment(dana, post, "Hello?")
    desk.twin.message(dana, "Where is my parcel?")
    client, messenger = desk.facebook(other), desk.messenger(other)
    assert client.poll(None).parsed.events == ()
    assert messenger.poll(None).parsed.events == ()
    with pytest.raises(NotFoundError):
        client.list_thread(ThreadId(post))
    with pytest.raises(NotFoundError):
        messenger.list_thread(ThreadId(desk.twin.world.psid(dana, PAGE_ID)))
    asked = desk.told()[0]
    assert isinstance(asked, InboundMessage)
    assert asked.key.message == comment
    with pytest.raises(NotFoundError):
        client.send(desk.answer(asked))


# -- health ------------------------------------------------------------------------------------------------------------


def test_the_health_check_tells_token_and_subscription() -> None:
    desk = Desk()
    assert desk.facebook().probe().startswith("token good, subscribed to feed, mention")
    assert "message_echoes" in desk.messenger(app_id="1517776481860111").probe()
    desk.twin.install(PAGE_ID, ["messages", "message_echoes"])
    with pytest.raises(ConfigurationError, match="feed"):
        desk.facebook().probe()
    with pytest.raises(ConfigurationError, match="message_echoes"):
        desk.messenger(app_id="99").probe()
    client = desk.facebook()
    desk.twin.world.page(PAGE_ID)["token"] = "EAAGanother"
    with pytest.raises(CredentialsError):
        client.probe()


def test_an_hour_of_failures_ends_the_subscription_and_the_poll_repairs() -> None:
    desk = Desk()
    dana = desk.twin.add_user("Dana Weber")
    before = desk.messenger().poll(None)
    desk.down = True
    desk.twin.message(dana, "Hello?")
    desk.told()
    desk.clock.advance(minutes=59)
    assert desk.told() == []
    assert desk.twin.pending == 1
    desk.clock.advance(minutes=2)
    desk.told()
    desk.down = False
    with pytest.raises(ConfigurationError, match="messages"):
        desk.messenger().probe()
    desk.twin.message(dana, "Anybody?")
    assert desk.told() == []
    found = desk.messenger().poll(before.cursor).parsed.events
    assert [event.text for event in found if isinstance(event, InboundMessage)] == ["Hello?", "Anybody?"]


def test_the_proof_of_the_app_secret_is_accepted_and_demanded() -> None:
    desk, dana, post = desk_with_post()
    desk.twin.requires_proof = True
    with pytest.raises(RejectedError):
        desk.facebook().list_thread(ThreadId(post))
    with pytest.raises(RejectedError):
        desk.facebook(credentials={"app_secret_proof_key": "wrong"}).list_thread(ThreadId(post))
    proven = {"app_secret_proof_key": "twin-meta-app-secret"}
    assert desk.facebook(credentials=proven).list_thread(ThreadId(post)).events
    desk.twin.message(dana, "Hello?")
    desk.messenger(credentials=proven).send(desk.answer(desk.message()))


def test_a_busy_page_stops_the_poll_where_it_is() -> None:
    desk, dana, post = desk_with_post()
    desk.twin.comment(dana, post, "Hello?")
    desk.twin.usage = 90
    first = desk.facebook().poll(None)
    assert not first.more
    assert first.parsed.events == ()
    desk.twin.usage = 10
    found = desk.facebook().poll(first.cursor).parsed.events
    assert [event.text for event in found if isinstance(event, InboundMessage)] == ["New shoes!", "Hello?"]


def test_vendor_faults_come_out_as_leaves() -> None:
    desk, _, post = desk_with_post()
    limit = (
        b'{"error":{"message":"(#32) Page request limit reached","type":"OAuthException","code":32,"fbtrace_id":"A"}}'
    )
    desk.twin.faults.append(Fault("GET .*/comments", status=403, body=limit, headers={"retry-after": "60"}))
    with pytest.raises(RateLimitedError) as caught:
        desk.facebook().list_thread(ThreadId(post))
    assert caught.value.retry_after == 60
    desk.twin.faults.append(Fault("GET .*/comments", status=0))
    with pytest.raises(UnavailableError):
        desk.facebook().list_thread(ThreadId(post))
