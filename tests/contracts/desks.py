"""Helpdesks' twins with their clients, all spoken to in the same way: what an agent does, what a customer does, what
stands on a ticket."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from careloop.twins.base import Fault, Twin, TwinHttp
from careloop.twins.django_helpdesk import DjangoHelpdeskTwin
from careloop.twins.freshdesk import FreshdeskTwin
from careloop.twins.hubspot_desk import HubspotDeskTwin
from careloop.twins.rt import RtTwin
from careloop.twins.salesforce import SalesforceTwin
from careloop.twins.zammad import ZammadTwin
from careloop.twins.zendesk import ZendeskTwin
from chalicelib.connectors import registry
from chalicelib.core.account import ConnectionKind
from chalicelib.core.events import Visibility
from chalicelib.core.ids import AuthorId, AuthorKey, CaseId, Cursor, PersonRef, TicketId, TicketRef
from chalicelib.core.people import Author
from chalicelib.core.ticket import Comment, TicketActivity, TicketDraft
from chalicelib.ports.services import Http, HttpRequest, HttpResponse
from tests.contracts.connections import connector
from tests.fakes.clock import FrozenClock
from tests.fakes.sessions import MemorySessions

KIND = ConnectionKind.HELPDESK


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One helpdesk's twin and how its own words differ. ``writes``: the call that adds an entry, as a pattern of the
    twin's calls; ``creates`` the one that makes a ticket. ``close`` puts a ticket beyond reopening; where closed ones open
    again, it deletes. ``words``: a customer's words in a ``comments`` entry of the twin's ``snapshot``, without what the
    connector puts around them (a name, a mark)."""

    make: Callable[[FrozenClock], Any]
    base_url: str
    credentials: Callable[[Any], Mapping[str, str]]
    writes: str
    creates: str
    close: Callable[[Any, str], object]
    words: Callable[[Mapping[str, Any]], str] = lambda entry: str(entry["text"])
    people: str = r"^POST .*user"
    """The call that makes a person; empty: the helpdesk knows none."""
    tells_merges: bool = True
    """Whether it can be told what was written on a survivor before the merge and what after."""
    tells_origins: bool = True
    """Whether it can be told on which ticket an entry stood before a merge; else none of them goes out."""


def _unmarked(text: str) -> str:
    """django-helpdesk's entries without Careloop's marks at the end and the customer's name above."""
    words = text.partition("\n\n[careloop]: #")[0]
    return words.partition(":\n\n")[2] or words


def _without_careloop(text: str) -> str:
    """Salesforce's and HubSpot's entries without Careloop's mark at the end and the customer's name above."""
    words = text.partition("\n\n[careloop ")[0]
    return words.partition(":\n\n")[2] or words


KINDS: Mapping[str, Kind] = {
    "django_helpdesk": Kind(
        make=DjangoHelpdeskTwin,
        base_url="https://desk.example.com",
        credentials=lambda twin: {"token": twin.token},
        writes=r"^POST .*/followups/$",
        creates=r"^POST .*/tickets/$",
        close=lambda twin, ticket: twin.mark_duplicate(ticket),
        words=lambda entry: _unmarked(entry["text"]),
        people="",
        tells_merges=False,
    ),
    "freshdesk": Kind(
        make=FreshdeskTwin,
        base_url="https://freshdesk.example.com",
        credentials=lambda twin: {"api_key": twin.api_key},
        writes=r"^POST .*/notes$",
        creates=r"^POST .*/tickets$",
        close=lambda twin, ticket: twin.delete(ticket),
        words=lambda entry: str(entry["text"]).rpartition("\n")[0] or str(entry["text"]),
        people=r"^POST .*/contacts$",
    ),
    "hubspot": Kind(
        make=HubspotDeskTwin,
        base_url="https://api.hubapi.com",
        credentials=lambda twin: {"access_token": twin.token},
        writes=r"^POST .*/objects/notes$",
        creates=r"^POST .*/objects/tickets$",
        close=lambda twin, ticket: twin.close(ticket),
        words=lambda entry: _without_careloop(entry["text"]),
        people=r"^POST .*/objects/contacts$",
        tells_origins=False,
    ),
    "rt": Kind(
        make=RtTwin,
        base_url="https://rt.example.com",
        credentials=lambda twin: {"token": twin.token},
        writes=r"^POST .*/(correspond|comment)$",
        creates=r"^POST .*/ticket$",
        close=lambda twin, ticket: twin.delete(ticket),
        words=lambda entry: str(entry["text"]).partition(":\n\n")[2] or str(entry["text"]),
    ),
    "salesforce": Kind(
        make=SalesforceTwin,
        base_url="https://acme.my.salesforce.com",
        credentials=lambda twin: {"client_id": twin.client_id, "client_secret": twin.client_secret},
        writes=r"^POST .*/(sobjects/CaseComment|composite)$",
        creates=r"^PATCH .*/sobjects/Case/Careloop",
        close=lambda twin, ticket: twin.remove(ticket),
        words=lambda entry: _without_careloop(entry["text"]),
        people=r"^PATCH .*/sobjects/Contact/",
    ),
    "zammad": Kind(
        make=ZammadTwin,
        base_url="https://support.example.com",
        credentials=lambda twin: {"token": twin.token},
        writes=r"^(POST .*/ticket_articles|PUT .*/tickets/\d+)$",
        creates=r"^POST .*/tickets$",
        close=lambda twin, ticket: twin.remove(ticket),
    ),
    "zendesk": Kind(
        make=ZendeskTwin,
        base_url="https://acme.zendesk.com",
        credentials=lambda twin: {"email": "careloop@acme.example", "api_token": "twin-api-token-1"},
        writes=r"^PUT .*/tickets/\d+$",
        creates=r"^POST .*/tickets$",
        close=lambda twin, ticket: twin.close(ticket),
    ),
}


class Meanwhile:
    """An HTTP port that lets somebody else act right before the first writing call goes out."""

    def __init__(self, http: Http, act: Callable[[], object]) -> None:
        self._http = http
        self._act: Callable[[], object] | None = act

    def send(self, request: HttpRequest) -> HttpResponse:
        act = self._act
        if act is not None and request.method != "GET":
            self._act = None
            act()
        return self._http.send(request)


@dataclass
class Desk:
    """A fresh twin and a client of it."""

    name: str
    clock: FrozenClock = field(default_factory=FrozenClock)
    sessions: MemorySessions = field(default_factory=MemorySessions)
    written: int = 0

    def __post_init__(self) -> None:
        self.kind = KINDS[self.name]
        self.twin: Any = self.kind.make(self.clock)
        assert isinstance(self.twin, Twin)
        self.http = TwinHttp({self.kind.base_url: self.twin})
        self.client = self.another_client()

    def another_client(self, http: Http | None = None) -> Any:
        """A client as another worker has it."""
        subject = connector(KIND, self.name)
        without_user = {"options": {"user": ""}} if self.name == "rt" else {}
        context = subject.context(
            http or self.http,
            without_user,
            self.sessions,
            clock=self.clock,
            credentials=self.kind.credentials(self.twin),
        )
        return registry.client(KIND, self.name, context)

    # -- what the pipeline does ----------------------------------------------------------------------------------------

    def person(self, author: Author | None = None) -> PersonRef:
        found: PersonRef = self.client.ensure_person(author or someone(), None)
        return found

    def draft(self, number: int = 1, author: Author | None = None) -> TicketDraft:
        person = self.person(author)
        return TicketDraft(
            external_id=case_id(number),
            requester=person,
            subject="Kim Lee on Facebook: Where is my parcel?",
            comment=said("Where is my parcel?", f"entry{number}x0", person),
            tags=("careloop", "facebook"),
        )

    def open_ticket(self, number: int = 1, author: Author | None = None) -> TicketRef:
        found: TicketRef = self.client.create_ticket(self.draft(number, author))
        self.later()
        return found

    def add(self, ticket: TicketRef, text: str, *, reopen: bool = False) -> str:
        """The customer's next message."""
        self.written += 1
        comment = said(text, f"added{self.written}", self.person(), reopen=reopen)
        return str(self.client.add_comment(ticket, comment))

    def note(self, ticket: TicketRef, text: str) -> str:
        """A note of ours."""
        self.written += 1
        return str(self.client.add_comment(ticket, noted(text, f"noted{self.written}")))

    def activity(self, ticket: TicketRef, after: Cursor | None = None) -> TicketActivity:
        found: TicketActivity = self.client.fetch_activity(ticket, after)
        return found

    # -- what people do ------------------------------------------------------------------------------------------------

    def agent_reply(self, ticket: TicketRef, text: str) -> str:
        return str(self.twin.agent_reply(ticket.ticket, text))

    def agent_note(self, ticket: TicketRef, text: str) -> str:
        return str(self.twin.agent_note(ticket.ticket, text))

    def customer_reply(self, ticket: TicketRef, text: str) -> None:
        self.twin.customer_reply(ticket.ticket, text)

    def solve(self, ticket: TicketRef) -> None:
        self.twin.solve(ticket.ticket)

    def close(self, ticket: TicketRef) -> None:
        self.kind.close(self.twin, ticket.ticket)

    def merge(self, source: TicketRef, target: TicketRef) -> None:
        self.twin.merge(source.ticket, target.ticket)

    def later(self, minutes: float = 1.0) -> None:
        """Time goes by."""
        self.clock.advance(minutes=minutes)

    # -- what went wrong, what stands there ----------------------------------------------------------------------------

    def lose_answer(self, pattern: str) -> None:
        """The next call that fits takes effect, and its answer is lost."""
        self.twin.faults.append(Fault(pattern=pattern, status=0, before=False))

    def entries(self, ticket: TicketRef) -> list[tuple[str, bool]]:
        """(words, is public) of what stands on a ticket, oldest first."""
        for shown in self.twin.snapshot()["tickets"]:
            if str(shown["id"]) == ticket.ticket:
                return [(self.kind.words(item), item["public"]) for item in shown["comments"]]
        raise AssertionError("no such ticket")

    def tickets(self) -> list[TicketRef]:
        found = self.twin.snapshot()["tickets"]
        return [
            TicketRef(helpdesk=connector(KIND, self.name).connection.name, ticket=TicketId(str(item["id"])))
            for item in found
        ]


def case_id(number: int = 1) -> CaseId:
    return CaseId(f"case-abcdefghij23456723{number:02d}")


def someone(author: str = "1234", platform: str = "facebook", name: str = "Kim Lee") -> Author:
    return Author(key=AuthorKey(platform=platform, author=AuthorId(author)), handle="kim.lee", display_name=name)


def said(text: str, external_id: str, author: PersonRef, *, reopen: bool = False) -> Comment:
    return Comment(
        body=text,
        visibility=Visibility.PUBLIC,
        external_id=external_id,
        author=author,
        author_label="Kim Lee (@kim.lee)",
        reopen=reopen,
    )


def noted(text: str, external_id: str) -> Comment:
    return Comment(body=text, visibility=Visibility.INTERNAL, external_id=external_id)
