"""What happens in the Zendesk twin: a change of the world, and the webhooks that are told of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from careloop.twins.zendesk_hooks import ZendeskHooks
from careloop.twins.zendesk_people import Data, invalid, not_found
from careloop.twins.zendesk_world import ZendeskWorld
from chalicelib.ports.services import Clock


class ZendeskDesk:
    """World and webhooks together. Refused is raised for what the vendor refuses."""

    def __init__(self, clock: Clock) -> None:
        self.world = ZendeskWorld(clock)
        self.hooks = ZendeskHooks(self.world)

    def create(self, given: Data, actor: int, via: Mapping[str, Any]) -> tuple[Data, Data]:
        """A new ticket and its audit."""
        ticket, audit = self.world.create_ticket(given, actor, via)
        self.hooks.updated(ticket, audit, created=True)
        return ticket, audit

    def update(self, number: Any, given: Data, actor: int, via: Mapping[str, Any]) -> tuple[Data, Data]:
        """A changed ticket and the audit."""
        ticket, audit = self.world.update_ticket(number, given, actor, via)
        self.hooks.updated(ticket, audit)
        return ticket, audit

    def merge(self, source: Any, target: Any, actor: int, via: Mapping[str, Any]) -> None:
        """Close `source`, go on in `target`."""
        closed, joined = self.world.merge(source, target, actor, via)
        survivor = self.world.ticket(target)
        self.hooks.updated(self.world.ticket(source), closed, merged_into=int(survivor["id"]))
        self.hooks.updated(survivor, joined)

    def make_private(self, number: Any, comment: Any, actor: int) -> None:
        """Take a public comment back into the house."""
        item = self._comment(number, comment)
        item["public"] = False
        self._told("comment_made_private", number, item, actor)

    def redact(self, number: Any, comment: Any, text: str, actor: int) -> Data:
        """Black `text` out of a comment for good."""
        item = self._comment(number, comment)
        for name in ("body", "plain_body", "html_body"):
            item[name] = item[name].replace(text, "▇" * len(text))
        self._told("comment_redacted", number, item, actor)
        return item

    def delete(self, number: Any, actor: int) -> None:
        """Delete a ticket softly: the API no longer knows it."""
        found = self.world.ticket(number)
        found["status"] = "deleted"
        self.world.touch(found)
        self.hooks.happened("soft_deleted", {}, found, actor)

    def _told(self, kind: str, number: Any, item: Data, actor: int) -> None:
        ticket = self.world.ticket(number)
        self.world.touch(ticket)
        self.hooks.happened(kind, {"comment": {"id": str(item["id"])}}, ticket, actor)

    def _comment(self, number: Any, comment: Any) -> Data:
        if self.world.ticket(number)["status"] == "closed":
            raise invalid("status", "Status: closed prevents ticket update")
        for item in self.world.comments(number):
            if str(item["id"]) == str(comment):
                return item
        raise not_found()
