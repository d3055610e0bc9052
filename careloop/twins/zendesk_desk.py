"""What happens in the Zendesk twin: a change of the world, and the webhooks that are told of it."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from typing import Any

from careloop.twins.zendesk_hooks import ZendeskHooks
from careloop.twins.zendesk_people import Data, invalid, not_found
from careloop.twins.zendesk_world import ZendeskWorld, to_plain
from chalicelib.ports.services import Clock

BLACK = "▇"


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
        black = BLACK * len(text)
        plain = {name: item[name].replace(text, black) for name in ("body", "plain_body")}
        markup = item["html_body"].replace(html.escape(text), black)
        return self._black_out(number, item, {**plain, "html_body": markup}, actor)

    def redact_marked(self, number: Any, comment: Any, markup: str, actor: int) -> Data:
        """Black out what `markup`, the comment's own, has between ``redact`` tags, and drop tags that are marked so;
        also on a closed ticket."""
        item = self._comment(number, comment, closed=True)
        unmarked = re.sub(r"</?redact>", "", re.sub(r"(<(?:a|img)\b[^>]*) redact(?=/?>)", r"\1", markup))
        if unmarked != item["html_body"]:
            raise invalid("html_body", "Html body: is not the comment's")
        done = re.sub(r"<a\b[^>]* redact>(.*?)</a>", r"\1", markup)
        done = re.sub(r"<img\b[^>]* redact/?>", "", done)
        done = re.sub(r"<redact>(.*?)</redact>", lambda found: BLACK * len(html.unescape(found[1])), done, flags=re.S)
        plain = to_plain(done)
        return self._black_out(number, item, {"body": plain, "plain_body": plain, "html_body": done}, actor)

    def _black_out(self, number: Any, item: Data, words: Data, actor: int) -> Data:
        """For good: in the comment and in the audit that wrote it."""
        item.update(words)
        for audit in self.world.audits(number):
            for event in audit["events"]:
                if event["id"] == item["id"]:
                    event.update(words)
        self._told("comment_redacted", number, item, actor)
        return item

    def redact_file(self, number: Any, comment: Any, file: Any, actor: int) -> Data:
        """Put an empty file in an attachment's place."""
        item = self._comment(number, comment)
        attachments: list[Data] = item["attachments"]
        for found in attachments:
            if str(found["id"]) == str(file):
                found.update(file_name="redacted.txt", content_type="text/plain", size=0)
                self._told("comment_redacted", number, item, actor)
                return found
        raise not_found()

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

    def _comment(self, number: Any, comment: Any, *, closed: bool = False) -> Data:
        if self.world.ticket(number)["status"] == "closed" and not closed:
            raise invalid("status", "Status: closed prevents ticket update")
        for item in self.world.comments(number):
            if str(item["id"]) == str(comment):
                return item
        raise not_found()
