"""The django-helpdesk twin's world: users, tickets, follow-ups with their files, and the program's own rules and
faults. No HTTP in here. Everything is plain data. Rules as seen on django-helpdesk 2.6.1 (2026-11-22)."""

from __future__ import annotations

import base64
import re
from typing import Any

from chalicelib.ports.services import Clock

Data = dict[str, Any]

OPEN, REOPENED, RESOLVED, CLOSED, DUPLICATE = range(1, 6)
ENDINGS = frozenset({"txt", "asc", "pdf", "doc", "docx", "odt", "jpg", "png", "eml", ""})
MOST_TITLE = 200
_TAGS = re.compile(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}")
_CONSTANT = re.compile(r'\{\{ "([^"]*)" \}\}')
_VARIABLE = re.compile(r"\{\{ *([a-z_]+(?:\.[a-z_]+)*) *\}\}")


class Refused(Exception):
    """A 4xx: its status and body."""

    def __init__(self, status: int, body: Data) -> None:
        super().__init__(str(status))
        self.status = status
        self.body = body


class Broken(Exception):
    """A 500, after whatever was written until then."""


class DjangoHelpdeskWorld:
    """One django-helpdesk with one queue."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.data: Data = {
            "users": {},
            "tickets": {},
            "followups": {},
            "queues": [1],
            "custom_fields": ["careloopcase"],
            "next": {"user": 1, "ticket": 1, "followup": 1, "attachment": 1},
        }
        self.add_user("Careloop")
        self.add_user("Ana Agent")

    def number(self, kind: str) -> int:
        """The next id."""
        self.data["next"][kind] += 1
        return int(self.data["next"][kind] - 1)

    def now(self) -> str:
        """As the API writes times."""
        return self.clock.now().isoformat()

    def add_user(self, name: str) -> int:
        """A new member of staff; the number."""
        number = self.number("user")
        self.data["users"][str(number)] = name
        return number

    # -- tickets -------------------------------------------------------------------------------------------------------

    def need_ticket(self, number: Any) -> Data:
        """The living record. Refused: 404."""
        found: Data | None = self.data["tickets"].get(str(number))
        if found is None:
            raise Refused(404, {"detail": "No Ticket matches the given query."})
        return found

    def create(self, given: Data) -> Data:
        """A new ticket with its opening follow-up, whose text is not rendered."""
        if given.get("queue") not in self.data["queues"]:
            raise Refused(400, {"queue": [f'Invalid pk "{given.get("queue")}" - object does not exist.']})
        if not given.get("description"):
            raise Refused(400, {"body": ["This field is required."]})
        if len(str(given.get("title") or "")) > MOST_TITLE:
            raise Refused(400, {"title": ["Ensure this field has no more than 200 characters."]})
        number = self.number("ticket")
        fields = {name: given.get(f"custom_{name}") for name in self.data["custom_fields"]}
        ticket = {
            "id": number,
            "queue": given["queue"],
            "title": given["title"],
            "description": given["description"],
            "resolution": None,
            "submitter_email": given.get("submitter_email", ""),
            "assigned_to": None,
            "status": OPEN,
            "on_hold": False,
            "priority": given["priority"],
            "due_date": given.get("due_date"),
            "merged_to": None,
            "fields": fields,
        }
        self.data["tickets"][str(number)] = ticket
        self._add(ticket, given["description"], 1, public=True, title="Ticket Opened")
        return ticket

    def merge(self, source: Data, target: Data) -> None:
        """What `redirect_from_chosen_ticket` does: follow-ups move under another title, and nothing says when."""
        for item in self.of_ticket(source["id"]):
            item.update(ticket=target["id"], title=f"[Merged from #{source['id']}] {source['title']}"[:MOST_TITLE])
        source.update(merged_to=target["id"], status=DUPLICATE)

    def delete(self, ticket: Data) -> None:
        """With all follow-ups."""
        for item in self.of_ticket(ticket["id"]):
            del self.data["followups"][str(item["id"])]
        del self.data["tickets"][str(ticket["id"])]

    # -- follow-ups ----------------------------------------------------------------------------------------------------

    def of_ticket(self, number: int) -> list[Data]:
        """Oldest first."""
        return [item for item in self.data["followups"].values() if item["ticket"] == number]

    def need_followup(self, number: Any) -> Data:
        """The living record. Refused: 404."""
        found: Data | None = self.data["followups"].get(str(number))
        if found is None:
            raise Refused(404, {"detail": "No FollowUp matches the given query."})
        return found

    def write(
        self,
        ticket: Data,
        text: str,
        user: int | None,
        *,
        public: bool,
        status: int | None = None,
        title: str | None = None,
    ) -> Data:
        """What `update_ticket` does: renders the comment as a template, takes a title for the ticket's new one."""
        if status is not None and status not in range(OPEN, DUPLICATE + 1):
            raise Refused(400, {"new_status": [f'"{status}" is not a valid choice.']})
        rendered = self._rendered(text, ticket)
        made = self._add(ticket, rendered, user, public=public, title=title or ticket["title"])
        if title:
            ticket["title"] = title
        if status is not None and status != ticket["status"]:
            ticket["status"] = made["new_status"] = status
        return made

    def _add(self, ticket: Data, text: str, user: int | None, *, public: bool, title: str) -> Data:
        number = self.number("followup")
        made = {
            "id": number,
            "ticket": ticket["id"],
            "user": user,
            "title": title,
            "comment": text,
            "public": public,
            "new_status": None,
            "time_spent": None,
            "followupattachment_set": [],
            "date": self.now(),
            "message_id": None,
            "email_recipients": [],
        }
        self.data["followups"][str(number)] = made
        return made

    def _rendered(self, text: str, ticket: Data) -> str:
        """Django's templates, as far as customers' words meet them. Broken: what is no template."""
        outside = _TAGS.sub("", text)
        if "{%" in outside or "%}" in outside:
            raise Broken
        return _TAGS.sub(lambda found: self._tag(found[0], ticket), text)

    def _tag(self, tag: str, ticket: Data) -> str:
        constant, variable = _CONSTANT.fullmatch(tag), _VARIABLE.fullmatch(tag)
        if tag.startswith("{%"):
            return tag
        if tag.startswith("{#"):
            return ""
        if constant:
            return constant[1]
        if variable:
            return str(ticket["title"]) if variable[1] == "ticket.title" else ""
        raise Broken

    def attach(self, followup: Data, name: str, media_type: str, content: bytes) -> None:
        """A file. Broken: an ending that is not allowed; the follow-up stands by then."""
        ending = name.rpartition(".")[2].lower() if "." in name else ""
        if ending not in ENDINGS:
            raise Broken
        number = self.number("attachment")
        folder = f"/media/helpdesk/attachments/social-{followup['ticket']}-secret/{followup['id']}"
        followup["followupattachment_set"].append(
            {
                "id": number,
                "followup": followup["id"],
                "file": f"{folder}/{number}.{ending or 'txt'}",
                "filename": name,
                "mime_type": media_type,
                "size": len(content),
                "content": base64.b64encode(content).decode("ascii"),
            }
        )

    def files(self) -> list[Data]:
        """All files there are."""
        return [file for item in self.data["followups"].values() for file in item["followupattachment_set"]]
