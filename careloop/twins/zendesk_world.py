"""The Zendesk twin's world: tickets, comments, audits, and the vendor's rules about them. No HTTP in here.

Everything is plain data, so that a world can be dumped, loaded and shown. Times come from the clock that was given.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from careloop.twins.zendesk_people import Data, Refused, ZendeskPeople, invalid, not_found

STATUSES = ("new", "open", "pending", "hold", "solved", "closed")
MERGED_TAG = "closed_by_merge"
MOST_COMMENTS = 5000
CHANGEABLE = ("status", "priority", "subject", "external_id", "requester_id")
MOST_SUBJECT = 150
VIA_API: Mapping[str, Any] = {"channel": "api", "source": {"from": {}, "to": {}, "rel": None}}
VIA_WEB: Mapping[str, Any] = {"channel": "web", "source": {"from": {}, "to": {}, "rel": None}}


def to_plain(markup: str) -> str:
    """HTML as text."""
    text = re.sub(r"<br\s*/?>", "\n", markup)
    text = re.sub(r"</p>\s*<p[^>]*>", "\n\n", text)
    return html.unescape(re.sub(r"<[^>]+>", "", text)).strip()


def to_markup(text: str) -> str:
    """Text as HTML, the way comments show it."""
    return "<p>" + html.escape(text).replace("\n", "<br>") + "</p>"


class ZendeskWorld(ZendeskPeople):
    """The account with its tickets."""

    # -- tickets -------------------------------------------------------------------------------------------------------

    def ticket(self, number: Any) -> Data:
        """The living record, to be changed by the world alone. Refused: 404, also for a deleted one."""
        found = self.data["tickets"].get(str(number))
        if found is None or found["status"] == "deleted":
            raise not_found()
        return found  # type: ignore[no-any-return]

    def comments(self, number: Any) -> list[Data]:
        """Oldest first."""
        return self.data["comments"].setdefault(str(number), [])  # type: ignore[no-any-return]

    def audits(self, number: Any) -> list[Data]:
        """Oldest first."""
        return self.data["audits"].setdefault(str(number), [])  # type: ignore[no-any-return]

    def tickets_by_external_id(self, external_id: str) -> list[Data]:
        """Exact; several are possible."""
        numbers = dict.fromkeys(self._cases.get(external_id, ()))
        found = [self.data["tickets"][number] for number in sorted(numbers, key=int)]
        return [item for item in found if item["external_id"] == external_id and item["status"] != "deleted"]

    def reindex(self) -> None:
        super().reindex()
        self._cases: dict[str, list[str]] = {}
        for ticket in self.data["tickets"].values():
            self._index_ticket(ticket)

    def _index_ticket(self, ticket: Data) -> None:
        self._cases.setdefault(ticket["external_id"], []).append(str(ticket["id"]))

    def create_ticket(self, given: Data, actor: int, via: Mapping[str, Any]) -> tuple[Data, Data]:
        """A new ticket and its audit. Refused: 422."""
        if not isinstance(given.get("comment"), dict):
            raise invalid("base", "Description: cannot be blank", "BlankValue")
        requester = given.get("requester_id", actor)
        self._need_user("requester", requester)
        if len(str(given.get("subject") or "")) > MOST_SUBJECT:
            raise invalid("subject", "Subject: is too long (maximum is 150 characters)", "InvalidFormat")
        tags, source = self._follow_up(given)
        number = self.number("ticket")
        ticket = {
            "id": number,
            "url": f"/api/v2/tickets/{number}.json",
            "external_id": given.get("external_id"),
            "subject": given.get("subject") or "",
            "status": "new",
            "type": given.get("type"),
            "priority": given.get("priority"),
            "due_at": given.get("due_at"),
            "group_id": given.get("group_id"),
            "brand_id": given.get("brand_id"),
            "ticket_form_id": given.get("ticket_form_id"),
            "requester_id": requester,
            "submitter_id": given.get("submitter_id", actor),
            "assignee_id": None,
            "tags": _split_tags(given["tags"]) if "tags" in given else tags,
            "custom_fields": list(given.get("custom_fields") or []),
            "via": dict(via) if source is None else _via("follow_up", {"ticket_id": source}, via),
            "followup_source_id": source,
            "created_at": self.stamp(),
            "updated_at": self.stamp(),
            "status_updated_at": self.stamp(),
            "generated_timestamp": self.unix(),
        }
        author = given["comment"].get("author_id", ticket["submitter_id"])
        comment = self._comment(number, {"public": True, **given["comment"], "author_id": author}, actor, via)
        self.data["tickets"][str(number)] = ticket
        self._index_ticket(ticket)
        events = [{"id": self.number("event"), "type": "Create", "field_name": "status", "value": "new"}]
        return ticket, self._record(ticket, actor, via, given.get("metadata"), [comment], events)

    def _follow_up(self, given: Data) -> tuple[list[str], int | None]:
        source = self.data["tickets"].get(str(given.get("via_followup_source_id")))
        if source is None or source["status"] != "closed":
            return [], None
        return list(source["tags"]), int(source["id"])

    def update_ticket(self, number: Any, given: Data, actor: int, via: Mapping[str, Any]) -> tuple[Data, Data]:
        """Change a ticket. Refused: 404, 409 (safe update), 422 (closed, unknown author, too many comments)."""
        ticket = self.ticket(number)
        if ticket["status"] == "closed":
            raise invalid("status", "Status: closed prevents ticket update", "InvalidValue")
        if given.get("safe_update") and given.get("updated_stamp") != ticket["updated_at"]:
            raise Refused(409, {"error": "UpdateConflict", "description": "Safe Update prevented the update"})
        if given.get("status") not in (None, *STATUSES):
            raise invalid("status", "Status: is not valid", "InvalidValue")
        comments = []
        if isinstance(given.get("comment"), dict):
            private_first = any(not item["public"] for item in self.comments(number)[:1])
            defaults = {"public": not private_first, "author_id": actor}
            comments = [self._comment(number, {**defaults, **given["comment"]}, actor, via)]
        if "requester_id" in given:
            self._need_user("requester", given["requester_id"])
        events = self._change(ticket, given)
        return ticket, self._record(ticket, actor, via, given.get("metadata"), comments, events)

    def _change(self, ticket: Data, given: Data) -> list[Data]:
        events = []
        wanted: Data = {name: given[name] for name in CHANGEABLE if name in given}
        if "tags" in given:
            wanted["tags"] = _split_tags(given["tags"])
        for name, value in wanted.items():
            if ticket[name] != value:
                events.append(
                    {
                        "id": self.number("event"),
                        "type": "Change",
                        "field_name": name,
                        "value": value,
                        "previous_value": ticket[name],
                    }
                )
                ticket[name] = value
                if name == "external_id":
                    self._index_ticket(ticket)
                if name == "status":
                    ticket["status_updated_at"] = self.stamp()
        return events

    def touch(self, ticket: Data) -> None:
        """Note that `ticket` changed."""
        ticket["updated_at"] = self.stamp()
        ticket["generated_timestamp"] = self.unix()

    # -- comments and audits -------------------------------------------------------------------------------------------

    def _comment(self, number: Any, given: Data, actor: int, via: Mapping[str, Any]) -> Data:
        markup, text = given.get("html_body"), given.get("body")
        if not str(markup or text or "").strip():
            raise invalid("base", "Description: cannot be blank", "BlankValue")
        if len(self.comments(number)) >= MOST_COMMENTS:
            raise invalid("base", "Ticket has reached its limit of comments", "TooManyValues")
        author = given.get("author_id", actor)
        self._need_user("author", author)
        plain = to_plain(str(markup)) if markup else str(text)
        return {
            "id": self.number("event"),
            "type": "Comment",
            "author_id": author,
            "body": plain,
            "html_body": f'<div class="zd-comment" dir="auto">{markup or to_markup(plain)}</div>',
            "plain_body": plain,
            "public": given["public"] is True or given["public"] == "true",
            "attachments": self._uploaded(given.get("uploads")),
            "via": dict(via),
            "created_at": self.stamp(),
        }

    def _uploaded(self, tokens: Any) -> list[Data]:
        found: list[Data] = []
        for token in tokens or ():
            upload = self.data["uploads"].pop(str(token), None)
            if upload is None:
                raise invalid("uploads", "Uploads: token is invalid or has expired")
            found += upload["attachments"]
        return found

    def _need_user(self, field: str, number: Any) -> None:
        user = self.data["users"].get(str(number))
        if user is None or not user["active"]:
            raise invalid(field, f"{field.capitalize()}: is invalid", "InvalidValue")

    def _record(
        self,
        ticket: Data,
        actor: int,
        via: Mapping[str, Any],
        metadata: Any,
        comments: Sequence[Data],
        events: Sequence[Data],
    ) -> Data:
        """Write the audit. What changes nothing leaves none, and then keeps no metadata."""
        audit = {
            "id": self.number("event"),
            "ticket_id": ticket["id"],
            "created_at": self.stamp(),
            "author_id": actor,
            "metadata": {"system": {"client": "twin"}, "custom": dict(metadata or {})},
            "via": dict(via),
            "events": [],
        }
        if not comments and not events:
            return audit
        for item in comments:
            item.update(audit_id=audit["id"], metadata=audit["metadata"])
        audit["events"] = [*(dict(item) for item in comments), *events]
        self.comments(ticket["id"]).extend(comments)
        self.audits(ticket["id"]).append(audit)
        self.touch(ticket)
        return audit

    # -- merging -------------------------------------------------------------------------------------------------------

    def merge(self, source: Any, target: Any, actor: int, via: Mapping[str, Any]) -> tuple[Data, Data]:
        """Close `source` and go on in `target`. Returns both audits. Refused: 404, 422 (closed)."""
        losing, winning = self.ticket(source), self.ticket(target)
        if losing is winning or "closed" in (losing["status"], winning["status"]):
            raise invalid("base", "These tickets can't be merged")
        last = self.comments(source)[-1]["plain_body"]
        into = f'This request was closed and merged into request #{winning["id"]} "{winning["subject"]}".'
        was = (
            f'Request #{losing["id"]} "{losing["subject"]}" was closed and merged into this request. '
            f"Last comment in request #{losing['id']}:\n\n{last}"
        )
        there = _via("merge", {"ticket_ids": [losing["id"]]}, via)
        here = _via("merge", {"ticket_id": winning["id"], "subject": winning["subject"]}, via)
        closing = {"status": "closed", "tags": [*losing["tags"], MERGED_TAG]}
        note = {"body": into, "public": False}
        _, closed = self.update_ticket(source, {"comment": note, **closing}, actor, here)
        _, joined = self.update_ticket(target, {"comment": {"body": was, "public": False}}, actor, there)
        return closed, joined

    # -- export --------------------------------------------------------------------------------------------------------

    def changed_since(self, start: tuple[int, int], most: int) -> tuple[list[Data], tuple[int, int], bool]:
        """(tickets, where they end, whether that is all) after `start` (time, id); the last minute is left out."""
        latest = self.unix() - 60
        places = sorted(
            (item["generated_timestamp"], item["id"])
            for item in self.data["tickets"].values()
            if item["generated_timestamp"] <= latest
        )
        after = [place for place in places if place > start]
        chosen = after[:most]
        tickets = [self.data["tickets"][str(number)] for _, number in chosen]
        return tickets, (chosen[-1] if chosen else start), len(chosen) == len(after)

    def forget_old_keys(self) -> None:
        """Idempotency keys are kept for two hours."""
        oldest = (self.clock.now() - timedelta(hours=2)).timestamp()
        keys = self.data["keys"]  # the oldest stand first
        while keys and keys[first := next(iter(keys))]["at"] <= oldest:
            del keys[first]


def _via(rel: str, source: Data, via: Mapping[str, Any]) -> Data:
    return {"channel": via["channel"], "source": {"from": source, "to": {}, "rel": rel}}


def _split_tags(given: Any) -> list[str]:
    items = given.split() if isinstance(given, str) else [part for item in given for part in str(item).split()]
    return sorted(dict.fromkeys(item.lower() for item in items))
