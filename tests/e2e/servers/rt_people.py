"""People who work in Request Tracker over REST2: what an agent does by hand, for tests."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.e2e.servers.web import Api


@dataclass(frozen=True, slots=True, kw_only=True)
class RtFile:
    """An attachment: its name, its media type, its bytes."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class RtEntry:
    """One entry of a ticket's history, with its text and files read back."""

    id: int
    type: str
    creator: str
    text: str
    media_type: str
    files: tuple[RtFile, ...]
    fields: Mapping[str, Sequence[str]]
    old_value: str
    new_value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RtPerson:
    """One RT user with a token. Every method raises ``UnexpectedAnswer`` when RT refuses."""

    name: str
    api: Api

    # -- writing ------------------------------------------------------------------------------------------------------

    def reply(
        self, ticket: int, text: str, *, html: bool = False, files: Sequence[RtFile] = (), status: str | None = None
    ) -> int:
        """Reply publicly; with ``status`` in the same request. Returns the transaction's id."""
        return self._write(ticket, "correspond", text, html, files, status)

    def comment(
        self, ticket: int, text: str, *, html: bool = False, files: Sequence[RtFile] = (), status: str | None = None
    ) -> int:
        """Write an internal note. Returns the transaction's id."""
        return self._write(ticket, "comment", text, html, files, status)

    def resolve(self, ticket: int) -> None:
        """Set the status to resolved."""
        self.update(ticket, Status="resolved")

    def reopen(self, ticket: int) -> None:
        """Set the status to open."""
        self.update(ticket, Status="open")

    def take(self, ticket: int) -> None:
        """Become the ticket's owner."""
        self.update(ticket, Owner=self.name)

    def merge(self, ticket: int, into: int) -> None:
        """Merge ``ticket`` into ``into``; afterwards the first id leads to the second ticket."""
        self.update(ticket, MergeInto=into)

    def update(self, ticket: int, **changes: Any) -> list[str]:
        """Change RT's fields (Status, Owner, Subject, CustomFields ...). RT answers 200 with a sentence for each change."""
        return self.api.call("PUT", f"/ticket/{ticket}", json=changes, expect=[200]).json()

    def create(self, subject: str, text: str, *, queue: str = "Social", **fields: Any) -> int:
        """Open a ticket; ``fields`` as in REST2 (Requestor, CustomFields ...). Returns its id."""
        body = {"Queue": queue, "Subject": subject, "Content": text, "ContentType": "text/plain", **fields}
        return int(self.api.call("POST", "/ticket", json=body, expect=[201]).json()["id"])

    # -- reading ------------------------------------------------------------------------------------------------------

    def ticket(self, ticket: int) -> dict[str, Any]:
        """The ticket as REST2 gives it; after a merge its ``id`` is the survivor's."""
        return self.api.call("GET", f"/ticket/{ticket}", expect=[200]).json()

    def status(self, ticket: int) -> str:
        """The ticket's status."""
        return str(self.ticket(ticket)["Status"])

    def field(self, ticket: int, name: str) -> list[str]:
        """The values of one of the ticket's custom fields."""
        return next((each["values"] for each in self.ticket(ticket)["CustomFields"] if each["name"] == name), [])

    def find(self, query: str) -> list[int]:
        """Ids of the tickets that fit a TicketSQL query, oldest first."""
        answer = self.api.call(
            "POST", "/tickets", form={"query": query, "orderby": "id", "per_page": 100}, expect=[200]
        )
        return [int(item["id"]) for item in answer.json()["items"]]

    def tickets(self, queue: str = "Social") -> list[int]:
        """Ids of all of a queue's tickets (100 at most), oldest first."""
        return self.find(f"Queue = '{queue}'")

    def history(self, ticket: int, *types: str) -> list[RtEntry]:
        """The ticket's transactions with their contents, oldest first; only of ``types`` when given."""
        entries: list[RtEntry] = []
        query: dict[str, Any] = {"fields": "Type,Creator,OldValue,NewValue,CustomFields", "per_page": 100, "page": 1}
        while True:
            page = self.api.call("GET", f"/ticket/{ticket}/history", query=query, expect=[200]).json()
            entries += [self._entry(item) for item in page["items"] if not types or item["Type"] in types]
            if not page.get("next_page"):
                return entries
            query["page"] += 1

    def _write(self, ticket: int, kind: str, text: str, html: bool, files: Sequence[RtFile], status: str | None) -> int:
        body: dict[str, Any] = {"Content": text, "ContentType": "text/html" if html else "text/plain"}
        if files:
            body["Attachments"] = [
                {
                    "FileName": each.name,
                    "FileType": each.media_type,
                    "FileContent": base64.b64encode(each.content).decode(),
                }
                for each in files
            ]
        if status:
            body["Status"] = status
        answer = self.api.call("POST", f"/ticket/{ticket}/{kind}", json=body, expect=[201])
        return int(answer.headers["location"].rpartition("/")[2])

    def _entry(self, item: Mapping[str, Any]) -> RtEntry:
        text, media_type, files = self._contents(int(item["id"]))
        return RtEntry(
            id=int(item["id"]),
            type=item["Type"],
            creator=(item.get("Creator") or {}).get("id", ""),
            text=text,
            media_type=media_type,
            files=files,
            fields=_fields(item.get("CustomFields")),
            old_value=item.get("OldValue") or "",
            new_value=item.get("NewValue") or "",
        )

    def _contents(self, transaction: int) -> tuple[str, str, tuple[RtFile, ...]]:
        """(text, its media type, files): plain text is preferred when RT has both kinds."""
        listed = self.api.call("GET", f"/transaction/{transaction}/attachments", query={"per_page": 100}, expect=[200])
        # Lists give an attachment's content as it is, the attachment itself gives it in base64: only the second holds bytes.
        items = [
            self.api.call("GET", f"/attachment/{each['id']}", expect=[200]).json() for each in listed.json()["items"]
        ]
        parts = [
            (each.get("ContentType", ""), each.get("Filename") or "", base64.b64decode(each.get("Content") or ""))
            for each in items
        ]
        files = tuple(RtFile(name=name, media_type=kind, content=content) for kind, name, content in parts if name)
        for wanted in ("text/plain", "text/html"):
            for kind, name, content in parts:
                if kind == wanted and not name:
                    return content.decode(errors="replace"), kind, files
        return "", "", files


def _fields(fields: Any) -> dict[str, list[str]]:
    """Custom fields by name; RT gives a list of objects, or nothing at all."""
    if isinstance(fields, str):
        fields = json.loads(fields)
    return {each["name"]: each["values"] for each in fields or [] if isinstance(each, dict)}
