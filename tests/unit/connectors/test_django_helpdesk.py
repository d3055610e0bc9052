"""django-helpdesk: what a template engine makes of customers' words, marks that nobody forges, and pages that move."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from careloop.twins.base import TwinHttp
from careloop.twins.django_helpdesk import DjangoHelpdeskTwin
from careloop.twins.django_helpdesk_world import Broken
from chalicelib.connectors.helpdesks.django_helpdesk import bodies, touched
from chalicelib.connectors.helpdesks.django_helpdesk.client import Client
from chalicelib.connectors.helpdesks.django_helpdesk.marks import marked
from chalicelib.core.account import Connection, ConnectionKind
from chalicelib.core.events import Visibility
from chalicelib.core.ids import Cursor
from chalicelib.core.media import MediaFile
from chalicelib.core.ticket import Comment
from chalicelib.ports.helpdesk import HelpdeskContext
from tests.fakes.clock import FrozenClock
from tests.fakes.sessions import MemorySessions

BRACES = st.text(alphabet=st.sampled_from([*"{}%#", " ", '"', "a", "\n"]), min_size=1, max_size=40)


@given(BRACES)
def test_words_come_back_from_the_template_engine_as_they_were(text: str) -> None:
    twin = DjangoHelpdeskTwin(FrozenClock())
    ticket = twin.world.create({"queue": 1, "title": "x", "description": "y", "priority": 3})
    made = twin.world.write(ticket, bodies.literal(text), 1, public=True)
    assert made["comment"] == text


def test_without_that_they_break_it() -> None:
    twin = DjangoHelpdeskTwin(FrozenClock())
    ticket = twin.world.create({"queue": 1, "title": "x", "description": "y", "priority": 3})
    with pytest.raises(Broken):
        twin.world.write(ticket, "{% oops", 1, public=True)
    assert twin.world.write(ticket, "{{ ticket.title }}", 1, public=True)["comment"] == "x"


@given(st.text(max_size=60), st.sampled_from(["entry-1", "a|b", "x" * 200, "ü"]))
def test_a_mark_is_found_again_whatever_stands_above_it(text: str, entry: str) -> None:
    comment = Comment(body=text, visibility=Visibility.PUBLIC, external_id=entry)
    assert marked(bodies.words(comment, ())).mark == bodies.mark(entry)


def test_a_mark_counts_at_the_end_alone() -> None:
    assert marked("[careloop]: #entry-1\n\nsee above").mark is None
    assert marked("see [careloop]: #entry-1").mark is None
    assert marked("words\n\n[careloop]: #entry-1\n[careloop-case]: #not a case").mark is None


@pytest.mark.parametrize(
    ("name", "media_type", "stored"),
    [
        ("a.jpeg", "image/jpeg", "a.jpg"),
        ("a.JPG", "image/jpeg", "a.JPG"),
        ("a.mp4", "video/mp4", None),
        ("a.svg", "image/svg+xml", None),
        ("noend", "text/plain", None),
    ],
)
def test_only_files_that_are_taken_go_along(name: str, media_type: str, stored: str | None) -> None:
    file = MediaFile(name=name, media_type=media_type, content=b"x", source="https://cdn.example/1")
    comment = Comment(body="look", visibility=Visibility.PUBLIC, external_id="e", files=(file,))
    assert [item.name for item in bodies.files(comment, {})] == ([stored] if stored else [])


@given(st.text(max_size=60))
def test_no_cursor_of_others_is_taken_for_ours(text: str) -> None:
    place = touched.read_place(Cursor(text))
    assert place is None or touched.read_place(place.cursor) == place


def test_polling_finds_all_though_entries_before_were_deleted() -> None:
    clock = FrozenClock()
    twin = DjangoHelpdeskTwin(clock)
    client = Client(
        HelpdeskContext(
            connection=Connection(
                kind=ConnectionKind.HELPDESK,
                name="desk",
                connector="django_helpdesk",
                options={"base_url": "https://desk.example.com", "queue": "1"},
            ),
            credentials={"token": twin.token},
            http=TwinHttp({"https://desk.example.com": twin}),
            clock=clock,
            sessions=MemorySessions(),
        )
    )
    tickets = [twin.world.create({"queue": 1, "title": "x", "description": "y", "priority": 3}) for _ in range(3)]
    for _ in range(130):
        twin.agent_note(tickets[0]["id"], "note")
    clock.advance(minutes=10)
    twin.agent_note(tickets[1]["id"], "later")
    cursor = client.touched_since(None).cursor
    twin.delete(tickets[0]["id"])
    clock.advance(minutes=10)
    twin.agent_note(tickets[2]["id"], "after the deletion")
    touched_now = client.touched_since(cursor)
    assert [hint.ticket for hint in touched_now.hints] == [str(tickets[2]["id"])]
    assert client.touched_since(touched_now.cursor).hints == ()
