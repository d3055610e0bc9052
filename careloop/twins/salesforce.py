"""A stand-in for one Salesforce org: the part of its REST API that Careloop uses for cases and contacts, a flow that
calls out, and agents and customers to play with. By Salesforce's documentation (2026)."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from careloop.twins.base import Deliver
from careloop.twins.salesforce_api import SalesforceApi
from careloop.twins.salesforce_world import Data
from chalicelib.ports.services import Clock


class SalesforceTwin(SalesforceApi):
    """The org. Callouts wait until `flush`, and are made once: a flow does not repeat them."""

    def __init__(
        self,
        clock: Clock,
        *,
        client_id: str = "3MVG9IHf89I1t8hrvswazsWedXWY0i1q",
        client_secret: str = "8D8E1D3F0A7B4C6E9F2A5B8C1D4E7F0A",
        deliver: Deliver | None = None,
    ) -> None:
        super().__init__(clock, client_id=client_id, client_secret=client_secret)
        self.deliver = deliver
        self.hook: dict[str, str] = {}
        self.waiting: list[str] = []

    # -- agents and customers ------------------------------------------------------------------------------------------

    def agent_reply(self, ticket: Any, text: str, *, agent: str | None = None) -> str:
        """A published case comment; its id."""
        return self._comment(ticket, text, agent or self.world.agent, published=True)

    def agent_note(self, ticket: Any, text: str, *, agent: str | None = None) -> str:
        """A private case comment; its id."""
        return self._comment(ticket, text, agent or self.world.agent, published=False)

    def add_contact(self, **fields: Any) -> str:
        """A contact of the company's; its id."""
        with self.lock:
            return str(self.world.add("Contact", fields, self.world.agent)["Id"])

    def customer_reply(self, ticket: Any, text: str) -> str:
        """The customer writes in the portal; the comment's id."""
        return self._comment(ticket, text, self.world.portal, published=True)

    def agent_post(
        self, ticket: Any, text: str, *, for_all: bool = True, html: bool = False, file: tuple[str, bytes] | None = None
    ) -> str:
        """A post in the case's feed, with a file; its id."""
        with self.lock:
            given: Data = {"ParentId": str(ticket), "Body": text, "IsRichText": html}
            given["Visibility"] = "AllUsers" if for_all else "InternalUsers"
            if file is not None:
                data = base64.b64encode(file[1]).decode("ascii")
                words = {"Title": file[0], "PathOnClient": file[0], "VersionData": data}
                version = self.world.add("ContentVersion", words, self.world.agent)
                given |= {"Type": "ContentPost", "RelatedRecordId": version["Id"], "Title": file[0]}
            made = self.world.add("FeedItem", given, self.world.agent)
            self.noticed("FeedItem", made)
            return str(made["Id"])

    def set_status(self, ticket: Any, status: str) -> None:
        """Change the status in the pages."""
        with self.lock:
            self.world.change("Case", self.world.record("Case", str(ticket)), {"Status": status})

    def solve(self, ticket: Any) -> None:
        """Close, which can be taken back."""
        self.set_status(ticket, "Closed")

    def remove(self, ticket: Any) -> None:
        """Delete the case."""
        with self.lock:
            self.world.delete(self.world.record("Case", str(ticket)))

    def merge(self, source: Any, target: Any, *, keep: bool = False) -> None:
        """Merge `source` into `target`."""
        with self.lock:
            self.world.merge(self.world.record("Case", str(source)), self.world.record("Case", str(target)), keep=keep)

    def _comment(self, ticket: Any, text: str, user: str, *, published: bool) -> str:
        with self.lock:
            given = {"ParentId": str(ticket), "CommentBody": text, "IsPublished": published}
            made = self.world.add("CaseComment", given, user)
            self.noticed("CaseComment", made)
            return str(made["Id"])

    # -- the flow ------------------------------------------------------------------------------------------------------

    def add_webhook(self, url: str, secret: str) -> None:
        """Activate the flow: comments that are not by the integration user are told."""
        with self.lock:
            self.hook = {"url": url, "secret": secret}

    def noticed(self, entity: str, record: Data) -> None:
        if self.hook and entity in ("CaseComment", "FeedItem") and record["CreatedById"] != self.world.own:
            self.waiting.append(record["ParentId"])

    def flush(self) -> int:
        """Make the callouts that wait, once each; how many were accepted."""
        with self.lock:
            waiting, self.waiting = self.waiting, []
        return sum(self._call_out(ticket) for ticket in waiting) if self.deliver is not None else 0

    def _call_out(self, ticket: str) -> bool:
        case = self.world.table("Case")[ticket]
        body = json.dumps({"ticket": ticket, "case": case["Careloop_Case__c"]}).encode()
        headers = {"content-type": "application/json", "x-careloop-secret": self.hook["secret"]}
        assert self.deliver is not None
        status, _ = self.deliver("POST", self.hook["url"], headers, body)
        return 200 <= status < 300

    @property
    def pending(self) -> int:
        """Callouts that wait."""
        return len(self.waiting)

    # -- the whole -----------------------------------------------------------------------------------------------------

    def dump(self) -> dict[str, Any]:
        with self.lock:
            whole = {"world": self.world.data, "hook": self.hook, "waiting": self.waiting, "tokens": self.tokens}
            copied: dict[str, Any] = json.loads(json.dumps({**whole, "used": self.used}))
            return copied

    def load(self, data: Mapping[str, Any]) -> None:
        with self.lock:
            copied = json.loads(json.dumps(dict(data)))
            self.world.data, self.hook, self.waiting = copied["world"], copied["hook"], copied["waiting"]
            self.tokens, self.used = copied["tokens"], copied["used"]

    def snapshot(self) -> dict[str, Any]:
        """Cases with their entries, for a page: plain data."""
        with self.lock:
            return {"tickets": [self._seen(item) for item in self.world.table("Case").values()]}

    def _seen(self, case: Data) -> Data:
        first = {
            "id": case["Id"],
            "author": "Careloop Integration",
            "role": "integration",
            "public": True,
            "text": case["Description"],
            "created_at": case["CreatedDate"],
        }
        below = [item for item in self.world.table("CaseComment").values() if item["ParentId"] == case["Id"]]
        below.sort(key=lambda item: (item["CreatedDate"], item["Id"]))
        kept = ("Subject", "Status", "Priority", "ContactId", "OwnerId", "Careloop_Case__c")
        return {
            "id": case["Id"],
            **{name: case[name] for name in kept},
            "comments": [first, *(self._seen_comment(item) for item in below)],
        }

    def _seen_comment(self, item: Data) -> Data:
        user = self.world.table("User")[item["CreatedById"]]
        return {
            "id": item["Id"],
            "author": user["Name"],
            "role": "customer" if user["UserType"] != "Standard" else "agent",
            "public": item["IsPublished"],
            "text": item["CommentBody"],
            "created_at": item["CreatedDate"],
        }
