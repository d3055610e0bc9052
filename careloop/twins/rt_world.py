"""The RT twin's world: users, tickets, transactions with their messages, and RT's rules about them. No HTTP in here.

Everything is plain data, so that a world can be dumped, loaded and shown. Rules as seen on RT 5.0.3 (2026-11).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC
from typing import Any

from chalicelib.ports.services import Clock

Data = dict[str, Any]

ACTIVE = ("new", "open", "stalled")
INACTIVE = ("resolved", "rejected", "deleted")
SYSTEM = "RT_System"
MOST_SUBJECT = 200
NO_TIME = "1970-01-01T00:00:00Z"
RIGHTS = (
    "AdminUsers",
    "CommentOnTicket",
    "CreateTicket",
    "ModifyTicket",
    "ReplyToTicket",
    "SeeQueue",
    "ShowTicket",
)


class Refused(Exception):
    """RT says no: a status and the message of the answer's body."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class RtWorld:
    """One RT with one or more queues. ``rights`` are those of Careloop's user; agents may do everything."""

    def __init__(self, clock: Clock, *, queues: Sequence[str], bridge: str) -> None:
        self.clock = clock
        self.bridge = bridge
        self.data: Data = {
            "users": {},
            "tickets": {},
            "transactions": [],
            "attachments": [],
            "next": {"user": 30, "ticket": 1, "transaction": 41, "attachment": 1},
            "queues": list(queues),
            "rights": list(RIGHTS),
            "ticket_fields": ["CareloopCase"],
            "transaction_fields": ["CareloopMessage"],
        }
        self.add_user(bridge, "Careloop", privileged=True)

    def number(self, kind: str) -> int:
        """The next id."""
        self.data["next"][kind] += 1
        return int(self.data["next"][kind] - 1)

    def now(self) -> str:
        """As RT writes times."""
        return self.clock.now().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def need_right(self, actor: str, right: str, message: str, status: int = 400) -> None:
        """Refused when Careloop's user lacks `right`."""
        if actor == self.bridge and right not in self.data["rights"]:
            raise Refused(status, message)

    # -- users ---------------------------------------------------------------------------------------------------------

    def find_user(self, name: str) -> Data | None:
        """By name, without regard to case; by id when it is a number."""
        if name.isdigit():
            return next((item for item in self.data["users"].values() if str(item["id"]) == name), None)
        found: Data | None = self.data["users"].get(name.lower())
        return found

    def add_user(
        self, name: str, real_name: str = "", *, email: str = "", privileged: bool = False, comments: str = ""
    ) -> Data:
        """A new user. Refused: the name or the address is taken."""
        if not name:
            raise Refused(400, "Must specify 'Name' attribute")
        if name.lower() in self.data["users"]:
            raise Refused(400, "Name in use")
        if email and any(item["email"].lower() == email.lower() for item in self.data["users"].values()):
            raise Refused(400, "Email address in use")
        user = {
            "id": self.number("user"),
            "name": name,
            "real_name": real_name,
            "email": email,
            "privileged": privileged,
            "comments": comments,
        }
        self.data["users"][name.lower()] = user
        return user

    def change_user(self, name: str, given: Mapping[str, Any]) -> list[str]:
        """RT's words on it; without the right nothing changes. Refused: 404."""
        user = self.find_user(name)
        if user is None:
            raise Refused(404, "Not Found")
        if "AdminUsers" not in self.data["rights"]:
            return ["Permission Denied"]
        said = []
        for field, key in (("RealName", "real_name"), ("EmailAddress", "email"), ("Comments", "comments")):
            if field in given and given[field] != user[key]:
                user[key] = given[field]
                said.append(f"{field} changed")
        if given.get("Name") and given["Name"] != user["name"]:
            self._rename(user, given["Name"])
            said.append("Name changed")
        if given.get("Disabled"):
            said.append("User disabled")
        return said

    def _rename(self, user: Data, name: str) -> None:
        """Tickets hold people by id: they show the new name."""
        old = user["name"]
        self.data["users"][name.lower()] = self.data["users"].pop(old.lower())
        user["name"] = name
        for ticket in self.data["tickets"].values():
            ticket["requestors"] = [name if item == old else item for item in ticket["requestors"]]

    # -- tickets -------------------------------------------------------------------------------------------------------

    def ticket(self, number: Any) -> Data | None:
        """The living record; of a merged ticket the survivor."""
        found: Data | None = self.data["tickets"].get(str(number))
        if found is not None and found["effective"] != found["id"]:
            return self.ticket(found["effective"])
        return found

    def merged_ids(self, survivor: int) -> frozenset[int]:
        """The ids that lead to `survivor`, its own included."""
        return frozenset(item["id"] for item in self.data["tickets"].values() if item["effective"] == survivor)

    def create_ticket(self, given: Mapping[str, Any], actor: str) -> Data:
        """A new ticket with its first message. An unknown requestor is left out without a word, as RT does."""
        if not given.get("Queue"):
            raise Refused(400, "Could not create ticket. Queue not set")
        refusal = f"No permission to create tickets in the queue '{given['Queue']}'"
        if given["Queue"] not in self.data["queues"]:
            raise Refused(403, refusal)
        self.need_right(actor, "CreateTicket", refusal, 403)
        status = given.get("Status", "new")
        if status not in (*ACTIVE, *INACTIVE):
            raise Refused(400, f"Status '{status}' isn't a valid status for tickets in this queue.")
        number = self.number("ticket")
        ticket: Data = {
            "id": number,
            "effective": number,
            "queue": given["Queue"],
            "subject": str(given.get("Subject") or "")[:MOST_SUBJECT],
            "status": status,
            "requestors": self._known(given.get("Requestor")),
            "fields": self._fields(given.get("CustomFields"), "ticket_fields"),
            "priority": str(given.get("Priority", 0)),
            "due": given.get("Due", NO_TIME),
            "refers_to": [str(given["RefersTo"])] if given.get("RefersTo") else [],
            "creator": actor,
            "created": self.now(),
            "updated": self.now(),
        }
        self.data["tickets"][str(number)] = ticket
        transaction = self.record(ticket, "Create", actor, data=ticket["subject"])
        self.attach(transaction, given)
        return ticket

    def _known(self, names: Any) -> list[str]:
        listed = names if isinstance(names, list) else [names] if names else []
        users = [self.find_user(str(name)) for name in listed]
        return [user["name"] for user in users if user is not None]

    def set_requestors(self, ticket: Data, names: Any, actor: str) -> str:
        """RT's words on it; without the right nothing changes, and nothing is refused with an error."""
        if actor == self.bridge and "ModifyTicket" not in self.data["rights"]:
            return "Permission Denied"
        found = self._known(names)
        for kind, changed in (
            ("AddWatcher", [item for item in found if item not in ticket["requestors"]]),
            ("DelWatcher", [item for item in ticket["requestors"] if item not in found]),
        ):
            for name in changed:
                self.record(ticket, kind, actor, field="Requestor", new=name if kind == "AddWatcher" else "")
        ticket["requestors"] = found
        return "Requestor changed"

    def _fields(self, given: Any, known: str) -> Data:
        values = given if isinstance(given, dict) else {}
        return {
            name: [str(item) for item in (value if isinstance(value, list) else [value])]
            for name, value in values.items()
            if name in self.data[known]
        }

    # -- transactions --------------------------------------------------------------------------------------------------

    def record(self, ticket: Data, kind: str, actor: str, **more: Any) -> Data:
        """A new transaction on exactly this record."""
        transaction = {
            "id": self.number("transaction"),
            "type": kind,
            "ticket": ticket["id"],
            "creator": actor,
            "created": self.now(),
            "field": "",
            "old": "",
            "new": "",
            "data": "",
            "fields": {},
            **more,
        }
        self.data["transactions"].append(transaction)
        ticket["updated"] = self.now()
        return transaction

    def write(self, ticket: Data, kind: str, given: Mapping[str, Any], actor: str) -> tuple[Data, list[str]]:
        """Correspondence or a comment: the transaction, and RT's words on what was done. Not one thing: the message
        stands before its custom fields and the status are looked at."""
        is_reply = kind == "Correspond"
        self.need_right(actor, "ReplyToTicket" if is_reply else "CommentOnTicket", "Permission Denied")
        transaction = self.record(ticket, kind, actor, data=str(given.get("Subject") or "No Subject"))
        self.attach(transaction, given)
        said = ["Correspondence added" if is_reply else "Comments added"]
        if is_reply:
            self._open_by_itself(ticket, actor)
        for name, value in (given.get("TxnCustomFields") or {}).items():
            if name in self.data["transaction_fields"]:
                transaction["fields"][name] = [str(value)]
                said.append("Custom fields updated")
            else:
                said.append(f"Unable to load transaction custom field: {name}")
        if given.get("Status"):
            said.append(self.set_status(ticket, given["Status"], actor))
        return transaction, said

    def _open_by_itself(self, ticket: Data, actor: str) -> None:
        """The Scrip "On Correspond Open Inactive Tickets": also a deleted ticket comes back."""
        waits = ticket["status"] == "new" and actor not in ticket["requestors"]
        if ticket["status"] in INACTIVE or waits:
            self.set_status(ticket, "open", SYSTEM)

    def set_status(self, ticket: Data, status: str, actor: str) -> str:
        """RT's words on it; nothing is refused with an error."""
        old = ticket["status"]
        if status not in (*ACTIVE, *INACTIVE):
            return f"Status '{status}' isn't a valid status for this ticket."
        if status == old or status == "new":
            return f"You can't change status from '{old}' to '{status}'."
        ticket["status"] = status
        self.record(ticket, "Status", actor, field="Status", old=old, new=status)
        return f"Status changed from '{old}' to '{status}'"

    def merge(self, source: Data, target: Data, actor: str) -> str:
        """Afterwards the source's id leads to the target; both get a link in their history. Custom fields stay."""
        if source["id"] == target["id"]:
            return "Can't merge a ticket into itself"
        address = f"fsck.com-rt://twin.test/ticket/{target['id']}"
        for merged in self.merged_ids(source["id"]):
            self.data["tickets"][str(merged)]["effective"] = target["id"]
        for record in (source, target):
            self.record(record, "AddLink", actor, field="MergedInto", new=address)
        target["requestors"] += [name for name in source["requestors"] if name not in target["requestors"]]
        return "Merge Successful"

    def history(self, ticket: Data) -> list[Data]:
        """Transactions of a survivor and of all that was merged into it, oldest first."""
        ids = self.merged_ids(ticket["id"])
        return [item for item in self.data["transactions"] if item["ticket"] in ids]

    # -- messages ------------------------------------------------------------------------------------------------------

    def attach(self, transaction: Data, given: Mapping[str, Any]) -> None:
        """The message of a transaction: one part, or a container with the text and the files."""
        files: Sequence[Mapping[str, Any]] = given.get("Attachments") or ()
        if not given.get("Content") and not files:
            return
        media_type, _, parameters = str(given.get("ContentType") or "text/plain").partition(";")
        text = [(media_type.strip(), parameters, "", str(given.get("Content") or ""))] if given.get("Content") else []
        others = [(str(item["FileType"]), "", str(item["FileName"]), str(item["FileContent"])) for item in files]
        if files:
            self._part(transaction, "multipart/mixed", 'boundary="twin"', "", "")
        for kind, more, name, content in [*text, *others]:
            self._part(transaction, kind, more, name, content)

    def _part(self, transaction: Data, media_type: str, parameters: str, filename: str, content: str) -> None:
        more = [f'{name}="{value}"' for name, value in re.findall(r"([\w.-]+)=\"?([^\";\s]+)", parameters)]
        charset = ['charset="utf-8"'] if media_type.startswith("text/") else []
        number = self.number("attachment")
        kind = "; ".join([media_type, *more, *charset])
        headers = (
            f"MIME-Version: 1.0\nX-RT-Interface: REST\nContent-Type: {kind}\nMessage-ID: <rt-twin-{number}@twin.test>"
        )
        self.data["attachments"].append(
            {
                "id": number,
                "transaction": transaction["id"],
                "media_type": media_type,
                "filename": filename,
                "headers": headers,
                "content": content,
                "creator": transaction["creator"],
                "created": transaction["created"],
            }
        )

    def attachments(self, transactions: Iterable[int]) -> list[Data]:
        """Parts of messages, oldest first."""
        wanted = frozenset(transactions)
        return [item for item in self.data["attachments"] if item["transaction"] in wanted]
