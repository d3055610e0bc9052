"""The X connector against the X twin: what a person writes arrives, what an agent answers stands."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from careloop.twins.base import Fault
from chalicelib.core.errors import (
    CredentialsError,
    NotAnswerableError,
    NotFoundError,
    OutcomeUnknownError,
    RateLimitedError,
    RecipientUnreachableError,
    RejectedError,
    UnavailableError,
)
from chalicelib.core.events import (
    AccountRevoked,
    Attachment,
    AttachmentKind,
    InboundMessage,
    Surface,
    Visibility,
    event_key,
)
from chalicelib.core.ids import MessageId
from chalicelib.core.media import MediaFile
from chalicelib.core.people import Profile
from chalicelib.core.reply import OutboundReply, ReceiptState
from tests.unit.connectors.x_network import Network, answer_to, network


def mention(net: Network, text: str = "hey @AcmeCare, it is broken") -> InboundMessage:
    net.twin.post(net.kim, text)
    return net.hear()[-1]


# -- in ----------------------------------------------------------------------------------------------------------------


def test_a_mention_arrives_with_its_author_and_may_be_answered() -> None:
    message = mention(network(), "hey @AcmeCare, 1 < 2 & see www.kim.com")

    assert message.text == "hey @AcmeCare, 1 < 2 & see www.kim.com"
    assert message.author is not None
    assert (message.author.handle, message.author.display_name) == ("kim_w", "Kim")
    assert (message.surface, message.visibility) == (Surface.MENTION, Visibility.PUBLIC)
    assert str(message.thread.thread) == str(message.key.message)
    assert message.in_reply_to is None
    assert message.answerable
    assert not message.is_echo


def test_an_answer_to_ours_is_heard_but_not_answerable_unless_it_names_us() -> None:
    net = network()
    ours = net.twin.post("AcmeCare", "Our kettle is back")
    net.twin.post(net.kim, "mine leaks", reply_to=ours)
    net.twin.post(net.kim, "and hello @AcmeCare?", reply_to=ours)
    own, plain, named = net.hear()[:3]

    assert own.is_echo
    assert (plain.text, plain.in_reply_to, plain.answerable) == ("@AcmeCare mine leaks", ours, False)
    assert (named.text, named.surface, named.answerable) == ("@AcmeCare and hello @AcmeCare?", Surface.COMMENT, True)


def test_mention_and_reply_events_of_one_post_are_one_event() -> None:
    net = network()
    ours = net.twin.post("AcmeCare", "Our kettle is back")
    net.hear()
    net.twin.post(net.kim, "hello @AcmeCare?", reply_to=ours)
    both = net.hear()

    assert [body["data"]["event_type"] for body in net.endpoint.bodies[-2:]] == [
        "post.mention.create",
        "post.reply.create",
    ]
    assert len({event_key(item) for item in both}) == 1
    assert both[0] == both[1]


def test_a_quote_of_ours_may_be_answered_and_a_repost_is_noise() -> None:
    net = network()
    ours = net.twin.post("AcmeCare", "We ship in two days")
    net.twin.post(net.kim, "never again", quote=ours)
    net.twin.repost(net.lee, ours)
    net.twin.like(net.lee, ours)
    net.twin.block("AcmeCare", net.lee)
    net.twin.rename("AcmeCare", "AcmeHelp")
    messages = net.hear()

    assert [item.text for item in messages] == ["We ship in two days", "never again"]
    assert messages[1].answerable
    assert net.endpoint.ignored == ["post.repost.create", "like.create", "block.block", "profile.update.handle"]


def test_pictures_and_long_posts_arrive_whole() -> None:
    net = network()
    long = "hey @AcmeCare " + "a long story " * 40
    net.twin.post(net.kim, long, pictures=("https://pbs.twimg.com/media/a.jpg",))
    message = net.hear()[0]

    assert message.text == long.strip()
    assert [item.url for item in message.attachments] == ["https://pbs.twimg.com/media/a.jpg"]


def test_private_messages_both_ways_and_encrypted_ones() -> None:
    net = network()
    net.twin.dm(net.kim, "order 4711 & 4712")
    net.twin.native_dm(net.kim, "Thank you")
    net.twin.chat(net.kim)
    received, sent, encrypted = net.hear()

    assert received.text == "order 4711 & 4712"
    assert received.visibility is Visibility.PRIVATE
    assert {item.thread for item in (received, sent, encrypted)} == {received.thread}
    assert (sent.is_echo, sent.recipient) == (True, net.kim)
    assert encrypted.text.startswith("(An encrypted message was received.")
    assert not encrypted.answerable


def test_the_owner_withdraws_access() -> None:
    net = network()
    net.twin.revoke()
    net.twin.flush()

    assert [type(event) for event in net.endpoint.events] == [AccountRevoked]
    with pytest.raises(CredentialsError):
        net.client().probe()


# -- out ---------------------------------------------------------------------------------------------------------------


def test_an_answer_stands_under_the_mention_and_its_echo_is_recognisable() -> None:
    net = network()
    receipt = net.client().send(answer_to(mention(net), "Sorry, Kim! See https://acme.com/4711 & write us", net))
    echo = net.hear()[0]

    assert receipt.state is ReceiptState.SENT
    assert receipt.messages == (echo.key.message,)
    assert receipt.permalink == echo.permalink
    assert echo.is_echo
    assert echo.text == "Sorry, Kim! See https://acme.com/4711 & write us"


def test_a_long_answer_is_a_chain() -> None:
    net = network()
    first = answer_to(mention(net), "the first half (1/2)", net, of=2)
    one = net.client().send(first)
    second = answer_to(mention(net), "the second half (2/2)", net, in_reply_to=one.messages[0], part=2, of=2)
    net.client().send(second)

    thread = net.twin.snapshot()["threads"][0]["posts"]
    assert [(item["text"], item["reply_to"]) for item in thread][1:] == [
        ("the first half (1/2)", thread[0]["id"]),
        ("the second half (2/2)", thread[1]["id"]),
    ]


def test_who_did_not_name_us_can_be_answered_only_in_the_app() -> None:
    net = network()
    ours = net.twin.post("AcmeCare", "Our kettle is back")
    post = net.twin.post(net.kim, "mine leaks", reply_to=ours)
    message = net.hear()[-1]
    with pytest.raises(NotAnswerableError) as caught:
        net.client().send(answer_to(message, "Sorry!", net))
    assert caught.value.advice.endswith(f"https://x.com/i/web/status/{post}")

    net.twin.native_reply(post, "Sorry!")
    echo = net.hear()[0]
    assert (echo.is_echo, echo.in_reply_to, echo.text) == (True, post, "Sorry!")


def test_an_enterprise_account_answers_without_a_summons() -> None:
    net = network(enterprise="true")
    net.twin.world.data["self_serve"] = False
    ours = net.twin.post("AcmeCare", "Our kettle is back")
    net.twin.post(net.kim, "mine leaks", reply_to=ours)
    message = net.hear()[-1]

    assert message.answerable
    assert net.client().send(answer_to(message, "Sorry!", net)).messages


@pytest.mark.parametrize("how", ["deleted", "blocked", "protected"])
def test_a_mention_that_is_gone_can_not_be_answered(how: str) -> None:
    net = network()
    message = mention(net)
    if how == "deleted":
        net.twin.delete(net.kim, message.key.message)
    elif how == "blocked":
        net.twin.block(net.kim, "AcmeCare")
    else:
        net.twin.world.user(net.kim)["protected"] = True
    with pytest.raises(NotFoundError):
        net.client().send(answer_to(message, "Sorry!", net))
    with pytest.raises(NotFoundError):
        net.client().fetch_message(message.key.message)


def test_too_long_a_text_is_refused_and_a_premium_account_may() -> None:
    net = network()
    message, text = mention(net), "é" * 281
    with pytest.raises(RejectedError):
        net.client().send(answer_to(message, text, net))
    net.twin.world.user("AcmeCare")["premium"] = True
    assert net.client(options={"premium": "true"}).send(answer_to(message, text, net)).messages


def test_private_answers_go_out_and_refusals_tell_the_agent() -> None:
    net = network()
    net.twin.dm(net.kim, "order 4711")
    message = net.hear()[0]
    receipt = net.client().send(answer_to(message, "Thank you", net))
    assert receipt.messages == (net.hear()[0].key.message,)
    assert receipt.opened is None

    public = mention(net, "hey @AcmeCare, in private please")
    opened = net.client().send(answer_to(public, "Here we are", net, private_reply=True)).opened
    assert opened is not None
    assert (opened.thread, opened.author) == (message.thread, net.kim)

    net.twin.world.user(net.lee)["receives_dm"] = False
    net.twin.post(net.lee, "hey @AcmeCare")
    closed = net.hear()[-1]
    with pytest.raises(RecipientUnreachableError):
        net.client().send(answer_to(closed, "Here we are", net, private_reply=True))
    net.twin.world.data["sender_limited"] = True
    with pytest.raises(RateLimitedError) as caught:
        net.client().send(answer_to(message, "Still there?", net))
    assert caught.value.retry_after == 900.0


# -- doubt -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [0, 500, 503])
def test_an_answer_whose_receipt_was_lost_is_found_again(status: int) -> None:
    net = network()
    reply = answer_to(mention(net), "Sorry, see acme.com/help & call", net)
    net.twin.faults.append(Fault(pattern="POST /2/tweets", status=status, before=False))
    with pytest.raises(OutcomeUnknownError):
        net.client().send(reply)

    found = net.client().find_sent(reply)
    assert found is not None
    assert found.messages == (net.hear()[0].key.message,)
    assert net.client().send(reply).messages == found.messages  # X refuses the repetition, and it is our own
    assert len(net.twin.snapshot()["threads"][0]["posts"]) == 2


def test_an_answer_that_never_arrived_is_not_found_once_x_had_time() -> None:
    net = network()
    reply = answer_to(mention(net), "Sorry", net)
    net.twin.faults.append(Fault(pattern="POST /2/tweets", status=500, before=True))
    with pytest.raises(OutcomeUnknownError):
        net.client().send(reply)
    with pytest.raises(UnavailableError):
        net.client().find_sent(reply)
    net.clock.advance(minutes=2)
    assert net.client().find_sent(reply) is None


def test_the_same_words_to_the_same_person_elsewhere_are_no_receipt() -> None:
    net = network()
    first, second = mention(net), mention(net, "and hey @AcmeCare again")
    net.client().send(answer_to(first, "Thank you!", net))
    net.clock.advance(minutes=5)
    with pytest.raises(OutcomeUnknownError) as unclear:
        net.client().send(answer_to(second, "Thank you!", net))
    assert "change the wording" in unclear.value.advice
    with pytest.raises(RejectedError) as certain:
        net.client().send(answer_to(second, "Thank you!", net, began_at=net.clock.now() - timedelta(minutes=2)))
    assert certain.value.remote_code == "duplicate"


def test_a_private_message_whose_receipt_was_lost_is_found_again() -> None:
    net = network()
    net.twin.dm(net.kim, "order 4711")
    reply = answer_to(net.hear()[0], "Thank you", net)
    net.twin.faults.append(Fault(pattern="/messages", status=0, before=False))
    with pytest.raises(OutcomeUnknownError):
        net.client().send(reply)
    found = net.client().find_sent(reply)
    assert found is not None
    assert found.messages == (net.hear()[0].key.message,)


# -- files, and taking back --------------------------------------------------------------------------------------------

PICTURE = MediaFile(name="lamp.png", media_type="image/png", content=b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 17_000)
LAMP = Attachment(kind=AttachmentKind.IMAGE, url="https://desk.example/lamp.png")


def with_picture(reply: OutboundReply) -> OutboundReply:
    return replace(reply, attachments=(LAMP,), files=(PICTURE,))


def test_a_picture_goes_out_in_pieces_and_stands_under_the_answer() -> None:
    net = network()
    net.client().send(with_picture(answer_to(mention(net), "Like this one?", net)))
    [shown] = net.twin.snapshot()["threads"][0]["posts"][1]["pictures"]
    assert net.twin.media.content(shown) == PICTURE.content
    assert len([item for item in net.twin.calls if item.endswith("/append")]) == 2


def test_an_answer_with_a_picture_whose_receipt_was_lost_is_found_again() -> None:
    net = network()
    reply = with_picture(answer_to(mention(net), "Like this one?", net))
    net.twin.faults.append(Fault(pattern="POST /2/tweets", status=503, before=False))
    with pytest.raises(OutcomeUnknownError):
        net.client().send(reply)
    assert net.client().find_sent(reply) is not None


def test_a_picture_goes_out_in_private() -> None:
    net = network()
    net.twin.dm(net.kim, "which lamp?")
    net.client().send(with_picture(answer_to(net.hear()[-1], "This one", net)))
    [shown] = net.twin.snapshot()["messages"][0]["messages"][1]["pictures"]
    assert net.twin.media.content(shown) == PICTURE.content


def test_a_picture_that_x_still_works_on_is_tried_again() -> None:
    net = network()
    reply = with_picture(answer_to(mention(net), "Like this one?", net))
    net.twin.media.working = 2
    with pytest.raises(UnavailableError):
        net.client().send(reply)
    net.twin.media.working = 0
    assert net.client().send(reply).state is ReceiptState.SENT


def test_pictures_of_private_messages_arrive_by_event_and_by_polling() -> None:
    net = network()
    url = "https://ton.twitter.com/1.1/ton/data/dm/1/2/x.png"
    net.twin.dm(net.kim, "look", pictures=(url,))
    told = net.hear()[-1]
    net.clock.advance(minutes=5)
    [listed] = [item for item in net.client().poll(None).parsed.events if isinstance(item, InboundMessage)]
    assert [item.url for message in (told, listed) for item in message.attachments] == [url, url]


def test_an_answer_is_taken_back_and_a_customer_s_is_hidden() -> None:
    net = network()
    ours = net.twin.post("AcmeCare", "Our kettle is back")
    theirs = net.twin.post(net.kim, "buy elsewhere @AcmeCare", reply_to=ours)
    message = net.hear()[-1]
    sent = net.client().send(answer_to(message, "Sorry!", net)).messages[0]
    net.client().remove(sent)
    net.client().remove(sent)
    assert net.twin.world.post(sent) is None
    net.client().hide(MessageId(theirs), hidden=True)
    assert net.twin.world.data["posts"][theirs]["hidden"] is True
    other = net.twin.post(net.lee, "hello")
    with pytest.raises(CredentialsError):
        net.client().hide(MessageId(other), hidden=True)


def test_a_profile_is_read() -> None:
    net = network()
    author = mention(net).author
    assert author is not None
    wanted = Profile(
        bio="Kim & friends",
        location="Bonn",
        followers=12,
        verified=False,
        account_created=datetime(2019, 4, 1, 10, tzinfo=UTC),
    )
    assert net.client().fetch_author(author).profile == wanted
