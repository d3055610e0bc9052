"""Zammad: logins that stay apart, polling over many tickets, writing as the customer by header."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from careloop.twins.base import TwinHttp
from careloop.twins.zammad import ZammadTwin
from chalicelib.connectors.helpdesks.zammad import bodies, touched
from chalicelib.connectors.helpdesks.zammad.client import Client
from chalicelib.core.account import Connection, ConnectionKind
from chalicelib.core.events import Visibility
from chalicelib.core.ids import AuthorId, AuthorKey, CaseId, Cursor
from chalicelib.core.people import Author
from chalicelib.core.ticket import Comment, TicketDraft
from chalicelib.ports.helpdesk import HelpdeskContext
from tests.fakes.clock import NOON, FrozenClock
from tests.fakes.sessions import MemorySessions

SITE = "https://support.example.com"


class Desk:
    """A twin and a client of it."""

    def __init__(self, **options: str) -> None:
        self.clock = FrozenClock()
        self.twin = ZammadTwin(self.clock)
        chosen = {"base_url": SITE, "group": "Social", **options}
        self.client = Client(
            HelpdeskContext(
                connection=Connection(kind=ConnectionKind.HELPDESK, name="desk", connector="zammad", options=chosen),
                credentials={"token": self.twin.token},
                http=TwinHttp({SITE: self.twin}),
                clock=self.clock,
                sessions=MemorySessions(),
            )
        )

    def open_ticket(self, number: int) -> str:
        key = AuthorKey(platform="facebook", author=AuthorId(str(number)))
        person = self.client.ensure_person(Author(key=key, display_name="Kim"), None)
        comment = Comment(body="hello", visibility=Visibility.PUBLIC, external_id=f"e{number}", author=person)
        draft = TicketDraft(
            external_id=CaseId(f"case-abcdefgh{number:04d}"), requester=person, subject="Kim", comment=comment
        )
        return str(self.client.create_ticket(draft).ticket)


@given(st.text(min_size=1, max_size=80), st.text(min_size=1, max_size=80))
def test_logins_of_two_people_differ_for_a_helpdesk_that_folds_case(one: str, other: str) -> None:
    keys = [AuthorKey(platform="x", author=AuthorId(item)) for item in (one, other)]
    logins = [bodies.login(key) for key in keys]
    assert all(login == login.lower() and "@" not in login for login in logins)
    assert (logins[0] == logins[1]) == (one == other)


def test_polling_gets_through_more_tickets_than_a_page_and_comes_to_rest() -> None:
    desk = Desk()
    cursor = desk.client.touched_since(None).cursor
    tickets = []
    for number in range(230):
        desk.clock.advance(seconds=0.2)
        tickets.append(desk.open_ticket(number))
    found: list[str] = []
    for _ in range(10):
        page = desk.client.touched_since(cursor)
        cursor = page.cursor
        found += [hint.ticket for hint in page.hints]
        if not page.more:
            break
    assert sorted(found, key=int) == tickets
    assert len(cursor) < 12_000
    for _ in range(2):
        page = desk.client.touched_since(cursor)
        cursor = page.cursor
        assert page.hints == ()


@given(st.text(max_size=60))
def test_no_cursor_makes_polling_stumble(text: str) -> None:
    after, seen, _ = touched.read(Cursor(text), NOON)
    assert after >= 0
    again = touched.touched([], after, seen, more=False)
    assert again.hints == ()


def test_by_header_the_article_is_the_customers_own() -> None:
    desk = Desk(act_as="From")
    desk.open_ticket(1)
    shown: dict[str, Any] = desk.twin.snapshot()["tickets"][0]["comments"][0]
    assert (shown["author"], shown["role"]) == ("Kim", "customer")
    assert desk.twin.world.data["articles"][0]["created_by_id"] != desk.twin.world.own
