"""A stand-in for one HubSpot account with Service Hub: the part of its API that Careloop's helpdesk connector uses,
webhooks of an app, and agents and customers to play with. By HubSpot's documentation (2026)."""

from __future__ import annotations

import base64
import hmac
import html
import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from careloop.twins.base import Deliver
from careloop.twins.hubspot_desk_api import BODY, MERGED, STAGE, Data, HubspotDeskApi
from chalicelib.ports.services import Clock

RETRY = timedelta(minutes=1)
MOST_TRIES = 10
SOLVED, CLOSED = "4", "5"
_OURS = re.compile(r"\[careloop (note )?[^\]]*\]\s*\Z")


class HubspotDeskTwin(HubspotDeskApi):
    """The account. Webhooks wait until `flush`; one that fails is due again a minute later, ten times at most."""

    def __init__(self, clock: Clock, *, token: str = "pat-twin-1", deliver: Deliver | None = None) -> None:
        super().__init__(clock, token=token)
        self._deliver = deliver

    # -- agents and customers ------------------------------------------------------------------------------------------

    def agent_reply(self, ticket: str, text: str, *, files: tuple[tuple[str, bytes], ...] = ()) -> str:
        """A note that begins with the agreed word; its id."""
        ids = ";".join(self.add_file(name, content) for name, content in files)
        return self._agent_writes(ticket, f"/reply {text}", hs_attachment_ids=ids)

    def agent_note(self, ticket: str, text: str) -> str:
        """A note; its id."""
        return self._agent_writes(ticket, text)

    def workflow_note(self, ticket: str, text: str) -> str:
        """A note that no person wrote; its id."""
        return self._agent_writes(ticket, text, hs_object_source="AUTOMATION_PLATFORM")

    def customer_reply(self, ticket: str, text: str) -> str:
        """The customer writes an e-mail: an activity of its own, and no note."""
        with self.lock:
            return self.add_entry(self.ticket(ticket), {BODY: _as_html(text)}, kind="email")

    def solve(self, ticket: str) -> None:
        """Done; can be reopened."""
        self._set_stage(ticket, SOLVED)

    def close(self, ticket: str) -> None:
        """Into the stage that is never left."""
        self._set_stage(ticket, CLOSED)

    def delete(self, ticket: str) -> None:
        """Into the recycle bin: the API knows it no more."""
        with self.lock:
            found = self.ticket(ticket)
            found["archived"] = True
            self.tell("ticket.deletion", objectId=int(found["id"]))

    def merge(self, source: str, target: str) -> None:
        """`target` survives: it gets the notes, and is what the API answers when `source` is asked for."""
        with self.lock:
            gone, into = self.ticket(source), self.ticket(target)
            for entry in self._data["entries"]:
                if entry["ticket"] == gone["id"]:
                    entry["ticket"] = into["id"]
            gone["merged_into"] = into["id"]
            merged = filter(None, [into["properties"].get(MERGED), gone["id"]])
            self.change(into, {MERGED: ";".join(merged)})
            self.tell("ticket.merge", objectId=int(into["id"]), mergedObjectIds=[int(gone["id"])])

    def _set_stage(self, ticket: str, stage: str) -> None:
        with self.lock:
            self.change(self.ticket(ticket), {STAGE: stage})

    def _agent_writes(self, ticket: str, text: str, **properties: str) -> str:
        with self.lock:
            written = {"hs_object_source": "CRM_UI", "hs_created_by_user_id": self.agent, **properties}
            return self.add_entry(self.ticket(ticket), {BODY: f"<p>{_as_html(text)}</p>", **written})

    # -- webhooks ------------------------------------------------------------------------------------------------------

    def add_webhook(self, url: str, secret: str) -> None:
        """The app's target address, and its client secret."""
        with self.lock:
            self._data["hook"] = {"url": url, "secret": secret}

    @property
    def pending(self) -> bool:
        """Whether something is due now."""
        with self.lock:
            return any(self._is_due(item) for item in self._data["queue"])

    def flush(self) -> int:
        """Call the webhook with what is due, in one list; how many events it told."""
        with self.lock:
            due = [item for item in self._data["queue"] if self._is_due(item)]
            self._data["queue"] = [item for item in self._data["queue"] if item not in due]
            hook = self._data["hook"]
        if not due or not hook:
            return 0
        body = json.dumps([{**item["event"], "attemptNumber": item["tries"]} for item in due]).encode()
        status = self._deliver("POST", hook["url"], self._signed(hook, body), body)[0] if self._deliver else 200
        if not 200 <= status < 300:
            later = (self._clock.now() + RETRY).isoformat()
            with self.lock:
                again = [item for item in due if item["tries"] + 1 < MOST_TRIES]
                self._data["queue"] += [{**item, "tries": item["tries"] + 1, "due": later} for item in again]
        return len(due)

    def _is_due(self, item: Data) -> bool:
        return datetime.fromisoformat(item["due"]) <= self._clock.now()

    def _signed(self, hook: Mapping[str, str], body: bytes) -> dict[str, str]:
        stamp = str(int(self._clock.now().timestamp() * 1000))
        told = f"POST{hook['url']}".encode() + body + stamp.encode()
        made = base64.b64encode(hmac.digest(hook["secret"].encode(), told, "sha256")).decode()
        return {
            "content-type": "application/json",
            "x-hubspot-signature-v3": made,
            "x-hubspot-request-timestamp": stamp,
        }

    # -- the whole world -----------------------------------------------------------------------------------------------

    def dump(self) -> dict[str, Any]:
        with self.lock:
            copied: dict[str, Any] = json.loads(json.dumps(self._data))
            return copied

    def load(self, data: Mapping[str, Any]) -> None:
        with self.lock:
            self._data = json.loads(json.dumps(dict(data)))

    def snapshot(self) -> dict[str, Any]:
        """Tickets with their entries, for a page: plain data."""
        with self.lock:
            return {"tickets": [self._seen(ticket) for ticket in self._data["tickets"].values()]}

    def _seen(self, ticket: Data) -> Data:
        entries = [item for item in self._data["entries"] if item["ticket"] == ticket["id"]]
        first = {"id": "content", "author": "Careloop", "public": True, "text": ticket["properties"].get("content", "")}
        return {
            "id": ticket["id"],
            "subject": ticket["properties"]["subject"],
            "status": ticket["properties"][STAGE],
            "gone": ticket["archived"] or ticket["merged_into"] is not None,
            "comments": [first, *map(_shown, entries)],
        }


def _shown(entry: Data) -> Data:
    text = _as_text(entry["properties"][BODY])
    ours = _OURS.search(text)
    public = not ours[1] if ours else entry["kind"] == "email" or text.startswith("/reply ")
    author = "Careloop" if ours else "the customer" if entry["kind"] == "email" else "Ana Agent"
    return {"id": entry["id"], "author": author, "public": public, "text": text}


def _as_html(text: str) -> str:
    return html.escape(text, quote=False).replace("\n", "<br>")


def _as_text(text: str) -> str:
    return html.unescape(re.sub(r"<[^>]*>", "", text.replace("<br>", "\n")))
