"""The Zammad twin's world: users, tickets, articles, histories, and Zammad's rules about them. No HTTP in here.

Everything is plain data, so that a world can be dumped, loaded and shown. Rules by Zammad's source and documentation
(2021 to 2026).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.ports.services import Clock

Data = dict[str, Any]

STATES = ("new", "open", "pending reminder", "pending close", "closed", "merged", "removed")
PRIORITIES = ("1 low", "2 normal", "3 high")
CASE_FIELD = "careloop_case"


class Refused(Exception):
    """Zammad says no: its status and the words of the body's ``error``."""

    def __init__(self, status: int, error: str) -> None:
        super().__init__(error)
        self.status = status
        self.error = error


class ZammadWorld:
    """One Zammad with one group."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.data: Data = {
            "users": {},
            "tickets": {},
            "articles": [],
            "history": [],
            "groups": ["Social"],
            "attributes": [CASE_FIELD],
            "next": {"user": 3, "ticket": 10, "article": 100, "history": 1, "attachment": 1},
        }
        self.own = self.add_user("careloop@acme.example", "Careloop", "Bridge", role="Agent")
        self.agent = self.add_user("ana@acme.example", "Ana", "Agent", role="Agent")

    def number(self, kind: str) -> int:
        """The next id."""
        self.data["next"][kind] += 1
        return int(self.data["next"][kind] - 1)

    def now(self) -> str:
        """As Zammad writes times."""
        return self.clock.now().strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"

    # -- users ---------------------------------------------------------------------------------------------------------

    def add_user(
        self, login: str, firstname: str, lastname: str = "", *, role: str, email: str = "", web: str = ""
    ) -> int:
        """A new user. Refused: login or address are taken (without regard to case)."""
        login = login.lower()
        if not (login or email or firstname):
            raise Refused(422, "At least one identifier (firstname, lastname, phone, mobile or email) is required.")
        for user in self.data["users"].values():
            if user["login"] == login or (email and user["email"] == email.lower()):
                raise Refused(422, "This object already exists.")
        number = self.number("user")
        self.data["users"][str(number)] = {
            "id": number,
            "login": login,
            "firstname": firstname,
            "lastname": lastname,
            "email": email.lower(),
            "web": web,
            "role": role,
            "active": True,
        }
        return number

    def user(self, number: Any) -> Data:
        """The living record. Refused: 404."""
        return _need(self.data["users"], number, "User")

    def full_name(self, number: Any) -> str:
        """As the ``from`` of articles has it."""
        user = self.user(number)
        return f"{user['firstname']} {user['lastname']}".strip()

    # -- tickets -------------------------------------------------------------------------------------------------------

    def ticket(self, number: Any) -> Data:
        """The living record. Refused: 404."""
        return _need(self.data["tickets"], number, "Ticket")

    def create(self, given: Mapping[str, Any], actor: int) -> Data:
        """A new ticket with its first article, or nothing. Refused: 422."""
        if given.get("group") not in self.data["groups"]:
            raise Refused(422, "No lookup value found for 'group'")
        if str(given.get("customer_id")) not in self.data["users"]:
            raise Refused(422, "Invalid value for customer_id")
        if given.get("priority", "2 normal") not in PRIORITIES:
            raise Refused(422, "No lookup value found for 'priority'")
        self._check_article(given.get("article") or {})
        number = self.number("ticket")
        ticket: Data = {
            "id": number,
            "number": str(67000 + number),
            "title": given.get("title") or "",
            "group": given["group"],
            "state": given.get("state", "new"),
            "priority": given.get("priority", "2 normal"),
            "customer_id": given["customer_id"],
            "tags": [item for item in str(given.get("tags") or "").split(",") if item],
            "links": given.get("links") or {},
            "created_at": self.now(),
            "updated_at": self.now(),
            "close_at": None,
            **{name: given.get(name, "") for name in self.data["attributes"]},
        }
        self.data["tickets"][str(number)] = ticket
        self.note(ticket, "created", "Ticket", number)
        self.write(ticket, given.get("article") or {}, actor)
        return ticket

    def update(self, ticket: Data, given: Mapping[str, Any], actor: int) -> None:
        """Change a ticket, with an article in the same transaction. Refused: 422."""
        if given.get("state") not in (None, *STATES):
            raise Refused(422, "No lookup value found for 'state'")
        if given.get("article"):
            self._check_article(given["article"])
        if given.get("state"):
            self.set_state(ticket, given["state"])
        ticket.update(
            {name: given[name] for name in ("customer_id", "title", *self.data["attributes"]) if name in given}
        )
        ticket["updated_at"] = self.now()
        if given.get("article"):
            self.write(ticket, given["article"], actor)

    def set_state(self, ticket: Data, state: str) -> None:
        """And the time of closing."""
        ticket.update(state=state, updated_at=self.now())
        if state == "closed":
            ticket["close_at"] = self.now()

    def merge(self, source: Data, target: Data, actor: int) -> None:
        """`merge_to`: articles move, a public note "merged" is left behind, both histories tell."""
        for item in self.of_ticket(source["id"]):
            item["ticket_id"] = target["id"]
        both = {"id_from": source["id"], "id_to": target["id"]}
        self.note(source, "merged_into", "Ticket", source["id"], **both)
        self.note(target, "received_merge", "Ticket", target["id"], **both)
        note = {"body": "merged", "type": "note", "sender": "Agent", "internal": False, "content_type": "text/plain"}
        self.write(source, note, actor)
        self.set_state(source, "merged")
        target["updated_at"] = self.now()

    def note(self, ticket: Data, kind: str, about: str, number: int, **more: Any) -> None:
        """A line of a ticket's history."""
        line = {"id": self.number("history"), "ticket": ticket["id"], "type": kind, "object": about, "o_id": number}
        self.data["history"].append({**line, "created_at": self.now(), **more})

    # -- articles ------------------------------------------------------------------------------------------------------

    def of_ticket(self, number: int) -> list[Data]:
        """Oldest first."""
        return [item for item in self.data["articles"] if item["ticket_id"] == number]

    def article(self, number: Any) -> Data:
        """The living record. Refused: 404."""
        return _need({str(item["id"]): item for item in self.data["articles"]}, number, "Ticket::Article")

    def _check_article(self, given: Mapping[str, Any]) -> None:
        if not given.get("body"):
            raise Refused(422, "Need at least an 'article body' field.")
        if given.get("origin_by_id") and str(given["origin_by_id"]) not in self.data["users"]:
            raise Refused(422, "Invalid value for origin_by_id")

    def write(self, ticket: Data, given: Mapping[str, Any], actor: int) -> Data:
        """An article; an agent's communication opens a new ticket. Refused: 422."""
        self._check_article(given)
        origin = given.get("origin_by_id")
        sender = "Customer" if origin and self.user(origin)["role"] == "Customer" else given.get("sender", "Agent")
        if self.user(actor)["role"] == "Customer":
            sender = "Customer"
        number = self.number("article")
        article: Data = {
            "id": number,
            "ticket_id": ticket["id"],
            "type": given.get("type", "note"),
            "sender": sender,
            "from": self.full_name(origin or actor),
            "to": "",
            "subject": given.get("subject") or "",
            "body": given["body"],
            "content_type": given.get("content_type", "text/plain"),
            "internal": bool(given.get("internal", False)),
            "origin_by_id": origin,
            "created_by_id": actor,
            "created_at": self.now(),
            "attachments": [self._attachment(item) for item in given.get("attachments") or ()],
        }
        self.data["articles"].append(article)
        self.note(ticket, "created", "Ticket::Article", number)
        if ticket["state"] == "new" and sender == "Agent" and article["type"] in ("phone", "email", "web"):
            ticket["state"] = "open"
        ticket["updated_at"] = self.now()
        return article

    def _attachment(self, given: Mapping[str, Any]) -> Data:
        return {
            "id": self.number("attachment"),
            "filename": given["filename"],
            "size": str(len(given["data"]) * 3 // 4),
            "preferences": {"Content-Type": given["mime-type"]},
            "data": given["data"],
        }


def _need(table: Mapping[str, Data], number: Any, what: str) -> Data:
    found = table.get(str(number))
    if found is None:
        raise Refused(404, f"Couldn't find {what} with 'id'={number}")
    return found
