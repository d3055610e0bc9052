"""Files in Messenger and below Facebook comments over the Meta twin, both ways; and what we hide and take back."""

from __future__ import annotations

import pytest

from careloop.twins.base import Fault
from careloop.twins.meta_files import content_of
from chalicelib.core.errors import NotFoundError, OutcomeUnknownError, RejectedError, UnavailableError, UnsupportedError
from chalicelib.core.events import Attachment, AttachmentKind, InboundMessage, MessageDeleted
from chalicelib.core.ids import MessageId, ThreadId
from chalicelib.core.media import MediaFile
from tests.unit.connectors.meta_desk import Desk

PNG = MediaFile(name="lamp.png", media_type="image/png", content=b"\x89PNG\r\n\x1a\n of a new lamp")
PDF = MediaFile(name="bill.pdf", media_type="application/pdf", content=b"%PDF-1.7 a bill \r\n--edge")
FILE = Attachment(kind=AttachmentKind.FILE, url="https://desk.example/f")


def asked_in_private() -> tuple[Desk, InboundMessage, str]:
    desk = Desk()
    dana = desk.twin.add_user("Dana Weber")
    desk.twin.message(dana, "It came like this", picture=PNG.content)
    return desk, desk.message(), dana


def asked_in_public() -> tuple[Desk, InboundMessage]:
    desk = Desk()
    dana, post = desk.twin.add_user("Dana Weber"), desk.twin.page_post("New lamps!")
    desk.told()
    desk.twin.comment(dana, post, "Is it blue?", photo=None)
    return desk, desk.message()


def test_what_a_customer_sends_is_fetched_and_what_ran_out_is_gone() -> None:
    desk, asked, _ = asked_in_private()
    [picture] = asked.attachments
    found = desk.messenger().fetch_media(picture, most_bytes=1000)
    assert (found.content, found.media_type, found.name.endswith(".png")) == (PNG.content, "image/png", True)
    with pytest.raises(UnsupportedError, match="larger"):
        desk.messenger().fetch_media(picture, most_bytes=10)
    desk.twin.world.data["files"].clear()
    with pytest.raises(NotFoundError):
        desk.messenger().fetch_media(picture, most_bytes=1000)


@pytest.mark.parametrize(("file", "kind"), [(PNG, "image"), (PDF, "file")])
def test_a_file_is_sent_its_echo_is_ours_and_it_is_found_again(file: MediaFile, kind: str) -> None:
    desk, asked, _ = asked_in_private()
    desk.clock.advance(seconds=30)
    answer = desk.answer(asked, "", attachments=(FILE,), files=(file,))
    assert desk.messenger().find_sent(answer) is None
    receipt = desk.messenger().send(answer)
    echo = desk.message()
    assert (echo.is_echo, echo.delivery, echo.key.message) == (True, answer.key, receipt.messages[0])
    [sent] = echo.attachments
    assert sent.url is not None
    assert (sent.kind.value, content_of(desk.twin.world, sent.url)) == (kind, file.content)
    assert desk.messenger().find_sent(answer) == receipt
    listed = desk.messenger().list_thread(ThreadId(asked.thread.thread)).events
    assert [item.attachments[0].kind.value for item in listed if isinstance(item, InboundMessage)] == ["image", kind]


@pytest.mark.parametrize("before", [True, False])
def test_a_broken_connection_at_the_upload_sent_nothing(before: bool) -> None:
    desk, asked, _ = asked_in_private()
    desk.twin.faults.append(Fault("POST .*/message_attachments", status=0, before=before))
    answer = desk.answer(asked, "", attachments=(FILE,), files=(PNG,))
    with pytest.raises(UnavailableError):
        desk.messenger().send(answer)
    assert desk.told() == []
    desk.messenger().send(answer)
    assert len(desk.told()) == 1


@pytest.mark.parametrize("before", [True, False])
def test_a_broken_connection_at_the_message_is_settled_by_looking(before: bool) -> None:
    desk, asked, _ = asked_in_private()
    desk.clock.advance(seconds=30)
    desk.twin.faults.append(Fault("POST .*/messages", status=0, before=before))
    answer = desk.answer(asked, "", attachments=(FILE,), files=(PNG,))
    with pytest.raises(OutcomeUnknownError):
        desk.messenger().send(answer)
    assert (desk.messenger().find_sent(answer) is None) is before


def test_what_meta_refuses_at_the_upload_is_a_refusal() -> None:
    desk, asked, _ = asked_in_private()
    desk.twin.faults.append(
        Fault("POST .*/message_attachments", status=400, body=b'{"error":{"code":100,"error_subcode":2018047}}')
    )
    with pytest.raises(RejectedError):
        desk.messenger().send(desk.answer(asked, "", attachments=(FILE,), files=(PNG,)))


@pytest.mark.parametrize("words", ["Yes, it is.", ""])
def test_a_photo_stands_in_the_comment_that_names_it(words: str) -> None:
    desk, asked = asked_in_public()
    answer = desk.answer(asked, words, attachments=(FILE,), files=(PNG,))
    receipt = desk.facebook().send(answer)
    echo = desk.message()
    assert (echo.is_echo, echo.text, echo.key.message) == (True, words, receipt.messages[0])
    [shown] = echo.attachments
    assert shown.url is not None
    assert content_of(desk.twin.world, shown.url) == PNG.content
    assert desk.facebook().fetch_media(shown, most_bytes=1000).content == PNG.content
    assert desk.facebook().find_sent(answer) == receipt


def test_a_comment_takes_no_document_and_no_large_photo() -> None:
    desk, asked = asked_in_public()
    large = MediaFile(name="a.png", media_type="image/png", content=b"x" * 4_000_001)
    for file in (PDF, large):
        with pytest.raises(UnsupportedError):
            desk.facebook().send(desk.answer(asked, "See", attachments=(FILE,), files=(file,)))
    assert desk.told() == []


def test_a_comment_is_hidden_and_shown_again_and_ours_is_taken_back() -> None:
    desk, asked = asked_in_public()
    client = desk.facebook()
    for hidden in (True, False):
        client.hide(asked.key.message, hidden=hidden)
        assert desk.twin.world.comment(str(asked.key.message))["hidden"] is hidden
    desk.told()
    receipt = client.send(desk.answer(asked))
    desk.told()
    client.remove(receipt.messages[0])
    [deleted] = desk.told()
    assert isinstance(deleted, MessageDeleted)
    assert deleted.key.message == receipt.messages[0]
    client.remove(receipt.messages[0])
    with pytest.raises(NotFoundError):
        client.hide(MessageId("122_1"), hidden=True)
