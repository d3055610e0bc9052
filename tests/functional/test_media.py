"""Files both ways: copied into the ticket, sent to the customer; and what happens where one can't be."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from chalicelib import bootstrap
from chalicelib.core.capabilities import PlatformCapabilities, PlatformTerms
from chalicelib.core.errors import CredentialsError, NotFoundError, UnavailableError, UnsupportedError
from chalicelib.core.events import Attachment, AttachmentKind, Surface
from chalicelib.core.media import MediaFile, MediaLimit
from chalicelib.core.text.length import LengthUnit, Limit, TextLimits
from chalicelib.entrypoints import watch
from tests.fakes.clock import FrozenClock
from tests.fakes.helpdesk import sheet
from tests.fakes.platform import MediaPlatform, spec
from tests.fakes.runtime import World

PICTURE = MediaFile(name="parcel.jpg", media_type="image/jpeg", content=b"a picture")
INVOICE = MediaFile(name="invoice.pdf", media_type="application/pdf", content=b"%PDF")
LIMITS = (
    MediaLimit(kind=AttachmentKind.IMAGE, media_types=("image/jpeg", "image/png"), most_bytes=1000),
    MediaLimit(kind=AttachmentKind.FILE, media_types=("application/pdf",), most_bytes=2000),
)


def attached(name: str, kind: AttachmentKind = AttachmentKind.IMAGE, **more: Any) -> Attachment:
    return Attachment(kind=kind, url=f"https://cdn.example/{name}", remote_id=name, **more)


def world(*, most_file_bytes: int = 100_000, terms: PlatformTerms | None = None, **capabilities: Any) -> World:
    """A platform that takes pictures and documents, and a helpdesk that takes files."""
    base = spec(attachments=frozenset({AttachmentKind.IMAGE, AttachmentKind.FILE}))
    values: dict[str, Any] = {"media": LIMITS, "terms": terms or PlatformTerms(), **capabilities}
    changed: PlatformCapabilities = replace(base.capabilities, **values)
    clock = FrozenClock()
    found = World(MediaPlatform(clock.now), replace(base, capabilities=changed))
    found.connectors.desk_sheet = sheet(most_file_bytes=most_file_bytes)
    found.platform.files["p1"] = PICTURE  # type: ignore[attr-defined]
    return found


def files(world: World) -> list[tuple[str, ...]]:
    """The names of the files of each entry that has some."""
    return [tuple(file.name for file in item.files) for item in world.ticket.comments if item.files]


# ---- the way in ------------------------------------------------------------------------------------------------------


def test_what_a_customer_sends_along_is_stored_with_the_entry_and_its_link_stays() -> None:
    here = world()
    here.arrive(here.message("m1", "look", attachments=(attached("p1"),)))
    here.arrive(here.message("m2", "and again", attachments=(attached("p1"),)))
    assert files(here) == [("parcel.jpg",), ("parcel.jpg",)]
    assert "https://cdn.example/p1" in here.ticket.customer[0]


@pytest.mark.parametrize(
    "error",
    [NotFoundError("gone"), UnsupportedError("an exe"), CredentialsError("no", advice="renew it"), ValueError("bug")],
)
def test_a_file_that_cannot_be_had_leaves_the_message_and_its_link(error: Exception) -> None:
    here = world()
    here.platform.files["p1"] = error  # type: ignore[attr-defined]
    here.arrive(here.message("m1", "look", attachments=(attached("p1"),)))
    assert files(here) == []
    assert "https://cdn.example/p1" in here.ticket.customer[0]
    assert set(here.dispositions().values()) == {"ticketed"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"most_file_bytes": 0}, {}),
        ({"terms": PlatformTerms(may_store_media=False)}, {}),
        ({"terms": PlatformTerms(may_store_text=False)}, {}),
        ({}, {"surface": Surface.STORY}),
        ({}, {"attachments": (attached("p1", AttachmentKind.LINK), attached("p1", AttachmentKind.LOCATION))}),
        ({"most_file_bytes": 5}, {"attachments": (attached("p1", size=9),)}),
    ],
)
def test_what_is_only_linked_is_not_even_fetched(options: dict[str, Any], message: dict[str, Any]) -> None:
    here = world(**options)
    here.arrive(here.message("m1", "look", **{"attachments": (attached("p1"),), **message}))
    assert here.platform.fetched == []  # type: ignore[attr-defined]
    assert "https://cdn.example/p1" in here.ticket.customer[0]


def test_a_platform_that_is_down_for_a_moment_delays_the_file_and_not_the_message() -> None:
    here = world()
    here.platform.files["p1"] = UnavailableError("down")  # type: ignore[attr-defined]
    here.arrive(here.message("m1", "look", attachments=(attached("p1"),)))
    assert files(here) == []
    minutes(here, 5)
    assert files(here) == [], "still down"
    here.platform.files["p1"] = PICTURE  # type: ignore[attr-defined]
    minutes(here, 5)
    assert files(here) == [("parcel.jpg",)]
    assert "the files are here" in here.ticket.notes[-1]
    fetched = len(here.platform.fetched)  # type: ignore[attr-defined]
    minutes(here, 5)
    assert len(here.platform.fetched) == fetched, "it is done"  # type: ignore[attr-defined]


def test_a_platform_that_stays_down_is_given_up_in_words() -> None:
    here = world()
    here.platform.files["p1"] = UnavailableError("down")  # type: ignore[attr-defined]
    here.arrive(here.message("m1", "look", attachments=(attached("p1"),)))
    here.clock.advance(hours=25)
    minutes(here, 2)
    assert "the platform did not hand it out" in here.ticket.notes[-1]
    notes = len(here.ticket.notes)
    minutes(here, 3)
    assert len(here.ticket.notes) == notes


def minutes(world: World, number: int) -> None:
    """The watch wakes each minute."""
    for _ in range(number):
        world.clock.advance(minutes=1)
        bootstrap.install(world.app)
        watch.fan_out()
        world.work()


# ---- the way out -----------------------------------------------------------------------------------------------------


def answered(here: World, text: str, *attachments: Attachment) -> None:
    here.desk.files = {"p1": PICTURE, "f1": INVOICE}
    here.arrive(here.message())
    here.desk.agent_writes("1", text, attachments=attachments)
    here.hint()


def sent(here: World) -> list[tuple[str, tuple[str, ...]]]:
    return [(item.text, tuple(file.name for file in item.files)) for item in here.platform.sent]


def test_an_agents_file_goes_along_with_the_first_text() -> None:
    here = world()
    answered(here, "See here.", attached("p1", media_type="image/jpeg"))
    assert sent(here) == [("See here.", ("parcel.jpg",))]
    assert here.ticket.notes[-1].startswith("Posted on Agora.")


def test_more_files_than_a_post_takes_follow_in_posts_of_their_own() -> None:
    here = world()
    answered(here, "See here.", attached("p1"), attached("f1", AttachmentKind.FILE))
    assert sent(here) == [("See here.", ("parcel.jpg",)), ("", ("invoice.pdf",))]


def test_a_private_message_may_take_fewer_files_than_a_post() -> None:
    here = world(most_attachments=4, most_private_attachments=1)
    answered(here, "See here.", attached("p1"), attached("f1", AttachmentKind.FILE))
    assert sent(here) == [("See here.", ("parcel.jpg", "invoice.pdf"))]
    here.arrive(here.message("m2", private=True))
    here.desk.agent_writes("1", "Again.", attachments=(attached("p1"), attached("f1", AttachmentKind.FILE)))
    here.hint()
    assert sent(here)[1:] == [("Again.", ("parcel.jpg",)), ("", ("invoice.pdf",))]


def test_where_files_and_words_do_not_mix_the_words_go_first() -> None:
    here = world(text_with_media=False, most_attachments=4)
    answered(here, "See here.", attached("p1"), attached("f1", AttachmentKind.FILE))
    assert sent(here) == [("See here.", ()), ("", ("parcel.jpg", "invoice.pdf"))]


def test_a_caption_that_is_too_long_goes_first() -> None:
    here = world(caption_limits=TextLimits((Limit(5, LengthUnit.CODE_POINTS),)))
    answered(here, "See here.", attached("p1"))
    assert sent(here) == [("See here.", ()), ("", ("parcel.jpg",))]


def test_a_file_without_words_is_an_answer() -> None:
    here = world()
    answered(here, "", attached("p1"))
    assert sent(here) == [("", ("parcel.jpg",))]


@pytest.mark.parametrize(
    ("attachment", "words"),
    [
        (attached("p1", AttachmentKind.VIDEO), "videos can't be sent from here"),
        (attached("p1", media_type="image/bmp"), "pictures of type image/bmp can't be sent"),
        (attached("p1", size=5_000_000), "this one has 5.0 MB"),
        (attached("f1"), "pictures of type application/pdf can't be sent"),
        (attached("p9"), "no longer has the file"),
    ],
)
def test_a_file_that_cannot_go_holds_the_reply_in_words(attachment: Attachment, words: str) -> None:
    here = world()
    answered(here, "See here.", attachment)
    assert here.platform.sent == []
    assert "NOT posted on Agora" in here.ticket.notes[-1]
    assert words in here.ticket.notes[-1]


def test_a_helpdesk_that_is_down_delays_the_reply_and_it_is_sent_once() -> None:
    here = world()
    here.desk.files = {"p1": PICTURE}
    here.arrive(here.message())
    here.desk.faults.append(("fetch_file", True, UnavailableError("down")))
    here.desk.agent_writes("1", "See here.", attachments=(attached("p1"),))
    here.hint()
    assert here.platform.sent == []
    here.later(minutes=10)
    assert sent(here) == [("See here.", ("parcel.jpg",))]
