"""The connector's own client against a real django-helpdesk: what its page says of it holds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from chalicelib.adapters.clock import SystemClock
from chalicelib.adapters.http import UrllibHttp
from chalicelib.connectors.helpdesks.django_helpdesk.client import Client
from chalicelib.core.account import Connection, ConnectionKind
from chalicelib.core.errors import (
    CredentialsError,
    NotFoundError,
    TicketClosedError,
    TicketMovedError,
    UnsupportedError,
)
from chalicelib.core.events import Visibility
from chalicelib.core.ids import AuthorId, AuthorKey, CaseId, Cursor, TicketId, TicketRef
from chalicelib.core.media import MediaFile
from chalicelib.core.people import Author
from chalicelib.core.ticket import Comment, TicketActivity, TicketDraft, TicketStatus
from chalicelib.ports.helpdesk import HelpdeskContext
from tests.e2e.servers.django_helpdesk import CASE_FIELD, DjangoHelpdesk
from tests.e2e.servers.django_helpdesk_people import DeskAgent
from tests.e2e.servers.testing import fresh
from tests.e2e.servers.web import UnexpectedAnswer
from tests.fakes.sessions import MemorySessions

pytestmark = pytest.mark.e2e

PICTURE = b"\x89PNG\r\n\x1a\n a parcel"
ODD = "{{ ticket.title }} {% if %} {# x #} }} {{ & <b>\n> not a quote ✓ 🎁"


@pytest.fixture(scope="module")
def desk() -> Iterator[DjangoHelpdesk]:
    with fresh(DjangoHelpdesk(instance="smoke")) as server:
        yield server


@pytest.fixture(scope="module")
def agent(desk: DjangoHelpdesk) -> DeskAgent:
    return desk.agent()


def client_of(desk: DjangoHelpdesk, token: str = "", **options: str) -> Client:
    """A client as a worker has it."""
    chosen = {"base_url": desk.url, "queue": str(desk.queue), "case_field": CASE_FIELD, **options}
    return Client(
        HelpdeskContext(
            connection=Connection(
                kind=ConnectionKind.HELPDESK, name="desk", connector="django_helpdesk", options=chosen
            ),
            credentials={"token": token or desk.bridge_token},
            http=UrllibHttp(),
            clock=SystemClock(),
            sessions=MemorySessions(),
        )
    )


@pytest.fixture(scope="module")
def client(desk: DjangoHelpdesk) -> Client:
    return client_of(desk)


_made = iter(range(1, 1000))


def open_ticket(client: Client, text: str = "Where is my parcel?") -> tuple[TicketRef, TicketDraft]:
    """A new case's ticket."""
    number = next(_made)
    author = Author(key=AuthorKey(platform="matrix", author=AuthorId(f"@kim{number}:care.test")), display_name="Kim")
    comment = said(text, f"first{number}")
    draft = TicketDraft(
        external_id=CaseId(f"case-abcdefgh{number:04d}"),
        requester=client.ensure_person(author, None),
        subject=f"Kim on Matrix: {text}",
        comment=comment,
        tags=("careloop",),
    )
    return client.create_ticket(draft), draft


def said(text: str, entry: str, **more: object) -> Comment:
    return Comment(body=text, visibility=Visibility.PUBLIC, external_id=entry, author_label="Kim", **more)  # type: ignore[arg-type]


def texts(activity: TicketActivity) -> list[tuple[str, Visibility]]:
    return [(reply.text, reply.visibility) for reply in activity.replies]


def test_it_says_how_it_is(client: Client, desk: DjangoHelpdesk) -> None:
    assert f"queue {desk.queue}" in client.probe()
    with pytest.raises(CredentialsError):
        client_of(desk, token="no-such-token").probe()
    with pytest.raises(CredentialsError, match="400"):
        open_ticket(client_of(desk, queue="99"))


def test_words_stand_as_they_were_written(client: Client, agent: DeskAgent) -> None:
    ticket, draft = open_ticket(client, ODD)
    key = client.add_comment(ticket, said(ODD, "odd2"))
    for public in agent.entries(int(ticket.ticket), public=True):
        assert ODD in public
    assert client.find_comment(ticket, "odd2") == key
    assert client.find_ticket(draft.external_id) == ticket
    assert "[careloop]" not in agent.page(f"/tickets/{ticket.ticket}/")
    assert agent.ticket(int(ticket.ticket))[f"custom_{CASE_FIELD}"] == draft.external_id


def test_agents_entries_come_with_their_files(client: Client, agent: DeskAgent, desk: DjangoHelpdesk) -> None:
    ticket, _ = open_ticket(client)
    client.add_comment(ticket, Comment(body="brief", visibility=Visibility.INTERNAL, external_id="brief1"))
    first = client.fetch_activity(ticket, None)
    assert first.replies == ()
    agent.note(int(ticket.ticket), "/why")
    agent.reply(int(ticket.ticket), "It left today.", file=("label.png", PICTURE))
    found = client.fetch_activity(ticket, first.cursor)
    assert texts(found) == [("/why", Visibility.INTERNAL), ("It left today.", Visibility.PUBLIC)]
    assert {reply.agent.id for reply in found.replies} == {str(desk.agent_id())}
    file = client.fetch_file(found.replies[1].attachments[0], most_bytes=10_000)
    assert (file.content, file.name, file.media_type) == (PICTURE, "label.png", "image/png")
    with pytest.raises(UnsupportedError):
        client.fetch_file(found.replies[1].attachments[0], most_bytes=5)
    assert client.fetch_activity(ticket, found.cursor).replies == ()


def test_customers_files_are_stored_and_struck_out_with_the_words(client: Client, agent: DeskAgent) -> None:
    ticket, _ = open_ticket(client)
    files = (
        MediaFile(name="parcel.jpeg", media_type="image/jpeg", content=PICTURE),
        MediaFile(name="clip.mp4", media_type="video/mp4", content=b"film"),
    )
    key = client.add_comment(ticket, said("look at this", "look1", files=files))
    stored = agent.ticket(int(ticket.ticket))["followup_set"][-1]["followupattachment_set"]
    assert [item["filename"] for item in stored] == ["parcel.jpg"]
    for _ in range(2):
        client.redact(ticket, key)
    struck = agent.ticket(int(ticket.ticket))["followup_set"][-1]
    assert struck["comment"].startswith("(removed)")
    assert "look at this" not in struck["comment"]
    assert struck["followupattachment_set"] == []
    assert client.find_comment(ticket, "look1") == key
    opening = client.find_comment(ticket, f"first{_number(agent, ticket)}")
    assert opening is not None
    client.redact(ticket, opening)
    assert "parcel" not in agent.ticket(int(ticket.ticket))["description"]


def _number(agent: DeskAgent, ticket: TicketRef) -> int:
    """The number in the case of a ticket."""
    return int(agent.ticket(int(ticket.ticket))[f"custom_{CASE_FIELD}"][-4:])


def test_a_ticket_is_reopened_and_a_deleted_one_is_not_written_to(client: Client, agent: DeskAgent) -> None:
    ticket, _ = open_ticket(client)
    agent.resolve(int(ticket.ticket))
    solved = client.fetch_activity(ticket, None)
    assert (solved.status, solved.replies) == (TicketStatus.SOLVED, ())
    client.add_comment(ticket, said("it is broken again", "again1", reopen=True))
    assert client.fetch_activity(ticket, None).status is TicketStatus.OPEN
    agent.api.call("DELETE", f"/tickets/{ticket.ticket}/", expect=[204])
    with pytest.raises(TicketClosedError):
        client.add_comment(ticket, said("hello?", "hello1"))
    with pytest.raises(NotFoundError):
        client.fetch_activity(ticket, None)


def test_a_merge_is_polled_and_followed(desk: DjangoHelpdesk, agent: DeskAgent) -> None:
    client = client_of(desk, email_domain="careloop.invalid")
    cursor = drained(client, None)[1]
    (ticket, _), (survivor, _) = open_ticket(client), open_ticket(client)
    before = client.fetch_activity(ticket, None)
    agent.reply(int(survivor.ticket), "to somebody else")
    agent.reply(int(ticket.ticket), "to Kim")
    touched, cursor = drained(client, cursor)
    assert {ticket.ticket, survivor.ticket} <= touched
    cursor = drained(client, cursor)[1]
    agent.merge(int(ticket.ticket), int(survivor.ticket))
    assert ticket.ticket in drained(client, cursor)[0]
    activity = client.fetch_activity(ticket, before.cursor)
    assert (activity.ticket, texts(activity)) == (survivor, [("to Kim", Visibility.PUBLIC)])
    agent.reply(int(survivor.ticket), "to both")
    assert texts(client.fetch_activity(survivor, activity.cursor)) == [("to both", Visibility.PUBLIC)]
    with pytest.raises(TicketMovedError) as moved:
        client.add_comment(ticket, said("any news?", "news1"))
    assert moved.value.survivor == survivor


def test_a_merge_without_addresses_is_done_with_an_error_page(client: Client, agent: DeskAgent) -> None:
    (ticket, _), (survivor, _) = open_ticket(client), open_ticket(client)
    agent.reply(int(ticket.ticket), "to Kim")
    with pytest.raises(UnexpectedAnswer, match="500"):
        agent.merge(int(ticket.ticket), int(survivor.ticket))
    activity = client.fetch_activity(ticket, None)
    assert (activity.ticket, texts(activity)) == (survivor, [("to Kim", Visibility.PUBLIC)])


def drained(client: Client, cursor: Cursor | None) -> tuple[set[TicketId], Cursor]:
    """All tickets that polling names from `cursor` on, and where it stands then."""
    found: set[TicketId] = set()
    while True:
        touched = client.touched_since(cursor)
        found |= {hint.ticket for hint in touched.hints}
        cursor = touched.cursor
        if not touched.more:
            return found, cursor


def test_a_submitter_is_set_and_polling_reads_page_after_page(
    client: Client, agent: DeskAgent, desk: DjangoHelpdesk
) -> None:
    ticket, draft = open_ticket(client)
    writer = client_of(desk, email_domain="careloop.invalid")
    key = AuthorKey(platform="matrix", author=AuthorId("@Kim:care.test"))
    person = writer.ensure_person(Author(key=key), None)
    writer.set_requester(ticket, person)
    assert agent.ticket(int(ticket.ticket))["submitter_email"] == person.person
    cursor = drained(client, None)[1]
    client.add_comment(ticket, Comment(body="note", visibility=Visibility.INTERNAL, external_id="note1"))
    assert drained(client, cursor)[0] == set(), "what Careloop wrote is no news"
    many = {open_ticket(client)[0].ticket for _ in range(3)}
    for number in range(105):
        note = {"ticket": int(sorted(many)[number % 3]), "comment": f"note {number}", "public": False}
        agent.api.call("POST", "/followups/", json=note, expect=[201])
    found, cursor = drained(client, cursor)
    assert found == many
    assert drained(client, cursor)[0] == set()
    assert client.find_ticket(draft.external_id) == ticket
    assert client.create_ticket(replace(draft, priority="high", subject="x" * 300)) != ticket
