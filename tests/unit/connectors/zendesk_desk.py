"""A Zendesk client over its twin, for tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from careloop.twins.base import TwinHttp
from careloop.twins.zendesk import ZendeskTwin
from chalicelib.connectors.helpdesks.zendesk.client import Client
from chalicelib.core.account import Connection, ConnectionKind
from chalicelib.core.events import Visibility
from chalicelib.core.ids import AuthorId, AuthorKey, CaseId, PersonRef, TicketRef
from chalicelib.core.people import Author
from chalicelib.core.ticket import Comment, TicketDraft
from chalicelib.ports.helpdesk import HelpdeskContext
from chalicelib.ports.services import Http
from tests.fakes.clock import FrozenClock
from tests.fakes.sessions import MemorySessions

SITE = "https://acme.zendesk.com"
CREDENTIALS = {"email": "careloop@acme.example", "api_token": "twin-api-token-1"}
KIM = Author(key=AuthorKey(platform="facebook", author=AuthorId("1234")), handle="kim", display_name="Kim Lee")


def case_id(number: int = 1) -> CaseId:
    return CaseId(f"case-abcdefghij23456723{number:02d}")


@dataclass
class Desk:
    """A fresh account and a client of it; all calls are counted in ``twin.calls``."""

    clock: FrozenClock = field(default_factory=FrozenClock)
    sessions: MemorySessions = field(default_factory=MemorySessions)
    options: Mapping[str, str] = field(default_factory=dict)
    twin: ZendeskTwin = field(init=False)
    client: Client = field(init=False)

    def __post_init__(self) -> None:
        self.twin = ZendeskTwin(self.clock)
        self.client = self.another_client()

    def another_client(
        self, *, credentials: Mapping[str, str] = CREDENTIALS, http: Http | None = None, **options: str
    ) -> Client:
        return Client(
            HelpdeskContext(
                connection=Connection(
                    kind=ConnectionKind.HELPDESK,
                    name="support",
                    connector="zendesk",
                    options={"subdomain": "acme", **self.options, **options},
                ),
                credentials=credentials,
                http=http or TwinHttp({SITE: self.twin}),
                clock=self.clock,
                sessions=self.sessions,
            )
        )

    def person(self, author: Author = KIM) -> PersonRef:
        return self.client.ensure_person(author, None)

    def draft(self, number: int = 1, text: str = "Where is my parcel?", author: Author = KIM) -> TicketDraft:
        person = self.person(author)
        return TicketDraft(
            external_id=case_id(number),
            requester=person,
            subject="Kim Lee on Facebook",
            comment=says(text, person, f"entry-{number}-0"),
            tags=("careloop", "facebook"),
        )

    def open_ticket(self, number: int = 1, text: str = "Where is my parcel?", author: Author = KIM) -> TicketRef:
        return self.client.create_ticket(self.draft(number, text, author))

    def texts(self, ticket: TicketRef) -> list[tuple[str, bool, str]]:
        """(author, is public, text) of each comment."""
        for shown in self.twin.snapshot()["tickets"]:
            if str(shown["id"]) == ticket.ticket:
                return [(item["author"], item["public"], item["text"]) for item in shown["comments"]]
        raise AssertionError("no such ticket")

    def status(self, ticket: TicketRef) -> str:
        return next(str(item["status"]) for item in self.twin.snapshot()["tickets"] if str(item["id"]) == ticket.ticket)

    def calls(self) -> list[str]:
        """The calls since the last time."""
        made, self.twin.calls = self.twin.calls, []
        return [line.replace("/api/v2", "") for line in made]


def says(text: str, author: PersonRef | None, external_id: str, *, reopen: bool = False) -> Comment:
    return Comment(
        body=text,
        visibility=Visibility.PUBLIC,
        external_id=external_id,
        author=author,
        author_label="Kim Lee",
        reopen=reopen,
    )


def note(text: str, external_id: str) -> Comment:
    return replace(says(text, None, external_id), visibility=Visibility.INTERNAL, author_label=None)
