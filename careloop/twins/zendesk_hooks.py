"""The Zendesk twin's webhooks: connected to a trigger with a template, or subscribed to ticket events; signed, queued,
delivered again on 409, 5xx and silence."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from datetime import UTC
from typing import Any

from careloop.twins.base import Deliver
from careloop.twins.zendesk_people import Data
from careloop.twins.zendesk_world import ZendeskWorld

TEMPLATE = '{"ticket":"{{ticket.id}}","case":"{{ticket.external_id}}"}'
"""What Careloop's trigger sends."""
MOST_ATTEMPTS = 4
"""The first delivery and three retries."""
_PLACEHOLDER = re.compile(r"\{\{\s*([a-z_.]+)\s*\}\}")


class ZendeskHooks:
    """The account's webhooks and what waits to be delivered. Plain data too."""

    def __init__(self, world: ZendeskWorld) -> None:
        self.world = world
        self.data: Data = {"webhooks": [], "pending": [], "failed": [], "next": 1}

    def add(
        self,
        url: str,
        secret: str,
        *,
        subscriptions: tuple[str, ...] = (),
        template: str = TEMPLATE,
        tag: str | None = "careloop",
    ) -> str:
        """A webhook. With ``subscriptions`` ("zen:event-type:ticket.comment_added" ...) it gets events, else it belongs
        to a trigger: every update that is not made by the API, on tickets with `tag` (None: on all)."""
        name = f"01TWINWEBHOOK{len(self.data['webhooks']) + 1:013d}"
        self.data["webhooks"].append(
            {
                "id": name,
                "url": url,
                "secret": secret,
                "subscriptions": list(subscriptions),
                "template": template,
                "tag": tag,
                "status": "active",
                "trigger": {"id": 360001000000 + len(self.data["webhooks"]), "active": True},
            }
        )
        return name

    def find(self, name: str) -> Data | None:
        """A webhook by its id."""
        return next((item for item in self.data["webhooks"] if item["id"] == name), None)

    def find_by_trigger(self, number: str) -> Data | None:
        """The webhook that a trigger calls, by the trigger's id."""
        called = (item for item in self.data["webhooks"] if not item["subscriptions"])
        return next((item for item in called if str(item["trigger"]["id"]) == number), None)

    # -- what happens --------------------------------------------------------------------------------------------------

    def updated(self, ticket: Data, audit: Data, *, created: bool = False, merged_into: int | None = None) -> None:
        """A ticket was created or updated: queue what each webhook is to be told."""
        if not audit["events"]:
            return
        for webhook in self.data["webhooks"]:
            if webhook["subscriptions"]:
                for kind, event in _happenings(self.world, audit, created=created, merged_into=merged_into):
                    self._subscribed(webhook, kind, event, ticket, audit["author_id"])
            elif not webhook["trigger"]["active"]:
                continue
            elif audit["via"]["channel"] != "api" and webhook["tag"] in (None, *ticket["tags"]):
                body = fill(webhook["template"], self._values(ticket, audit))
                self._queue(webhook, body)

    def happened(self, kind: str, event: Data, ticket: Data, actor: int) -> None:
        """Something that only event subscriptions tell (a comment made private, a redaction, a deletion)."""
        for webhook in self.data["webhooks"]:
            if webhook["subscriptions"]:
                self._subscribed(webhook, kind, event, ticket, actor)

    def _subscribed(self, webhook: Data, kind: str, event: Data, ticket: Data, actor: int) -> None:
        name = f"zen:event-type:ticket.{kind}"
        if name not in webhook["subscriptions"]:
            return
        envelope = {
            "account_id": 22129848,
            "detail": _detail(ticket, actor),
            "event": {**event, "meta": {"sequence": {"id": f"SEQ{self._next():08d}", "position": 1, "total": 1}}},
            "id": f"00000000-0000-4000-8000-{self._next():012d}",
            "subject": f"zen:ticket:{ticket['id']}",
            "time": self.world.clock.now().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f000Z"),
            "type": name,
            "zendesk_event_version": "2022-11-06",
        }
        self._queue(webhook, json.dumps(envelope, ensure_ascii=False))

    def _values(self, ticket: Data, audit: Data) -> dict[str, str]:
        latest = next((item for item in reversed(self.world.comments(ticket["id"])) if item["public"]), None)
        actor = self.world.data["users"].get(str(audit["author_id"]), {})
        return {
            "ticket.id": str(ticket["id"]),
            "ticket.external_id": str(ticket["external_id"] or ""),
            "ticket.status": str(ticket["status"]).capitalize(),
            "ticket.latest_public_comment_html": str(latest["html_body"]) if latest else "",
            "current_user.id": str(audit["author_id"]),
            "current_user.role": str(actor.get("role", "")),
        }

    def _next(self) -> int:
        self.data["next"] += 1
        return int(self.data["next"] - 1)

    def _queue(self, webhook: Data, body: str) -> None:
        if webhook["status"] != "active":
            return
        self.data["pending"].append({"webhook": webhook["id"], "body": body, "attempts": 0})

    # -- delivery ------------------------------------------------------------------------------------------------------

    def take(self) -> list[tuple[Data, Data]]:
        """(webhook, delivery) for all that waits; the queue is empty afterwards."""
        waiting, self.data["pending"] = self.data["pending"], []
        known = {webhook["id"]: webhook for webhook in self.data["webhooks"]}
        return [(known[item["webhook"]], item) for item in waiting if item["webhook"] in known]

    def attempt(self, webhook: Data, delivery: Data, deliver: Deliver) -> int:
        """Deliver once; the answer's status, 0 for none."""
        body = delivery["body"].encode("utf-8")
        stamp = self.world.stamp()
        headers = {
            "content-type": "application/json",
            "x-zendesk-account-id": "22129848",
            "x-zendesk-webhook-id": webhook["id"],
            "x-zendesk-webhook-invocation-id": f"01TWININVOCATION{self._next():010d}",
            "x-zendesk-webhook-signature": sign(webhook["secret"], stamp, body),
            "x-zendesk-webhook-signature-timestamp": stamp,
        }
        delivery["attempts"] += 1
        status, _ = deliver("POST", webhook["url"], headers, body)
        return status

    def settle(self, delivery: Data, status: int) -> None:
        """Keep what is to be delivered again; remember what failed for good."""
        if 200 <= status < 300:
            return
        again = status == 409 or status == 0 or status >= 500
        if again and delivery["attempts"] < MOST_ATTEMPTS:
            self.data["pending"].append(delivery)
        else:
            self.data["failed"].append({**delivery, "status": status})


def sign(secret: str, stamp: str, body: bytes) -> str:
    """base64(HMAC-SHA256(secret, timestamp + body))."""
    made = hmac.new(secret.encode(), stamp.encode() + body, hashlib.sha256).digest()
    return base64.b64encode(made).decode("ascii")


def fill(template: str, values: Mapping[str, str]) -> str:
    """Replace placeholders as they are, quotes and all; unknown ones become nothing."""
    return _PLACEHOLDER.sub(lambda found: values.get(found[1], ""), template)


def _happenings(world: ZendeskWorld, audit: Data, *, created: bool, merged_into: int | None) -> list[tuple[str, Data]]:
    found: list[tuple[str, Data]] = [("created", {})] if created else []
    for item in audit["events"]:
        if item["type"] == "Comment":
            found.append(("comment_added", {"comment": _comment(world, item)}))
        elif item["type"] == "Change" and item["field_name"] == "status":
            changed = {"current": item["value"].upper(), "previous": item["previous_value"].upper()}
            found.append(("status_changed", changed))
        elif item["type"] == "Change" and item["field_name"] == "tags":
            found.append(("tags_changed", {"tags_added": sorted(set(item["value"]) - set(item["previous_value"]))}))
    if merged_into is not None:
        found.append(("merged", {"target_ticket_id": str(merged_into)}))
    return found


def _comment(world: ZendeskWorld, item: Data) -> Data:
    author = world.data["users"][str(item["author_id"])]
    return {
        "id": str(item["id"]),
        "body": item["plain_body"],
        "is_public": item["public"],
        "author": {
            "id": str(author["id"]),
            "is_staff": author["role"] in ("agent", "admin"),
            "name": author["name"],
        },
    }


def _detail(ticket: Data, actor: int) -> dict[str, Any]:
    """Ids as strings, absent ones empty, words in upper case."""
    ids = ("assignee_id", "brand_id", "group_id", "requester_id", "submitter_id")
    return {
        "actor_id": str(actor),
        **{name: str(ticket.get(name) or "") for name in ids},
        "created_at": ticket["created_at"],
        "external_id": ticket["external_id"] or "",
        "form_id": str(ticket.get("ticket_form_id") or ""),
        "id": str(ticket["id"]),
        "is_public": True,
        "organization_id": "",
        "priority": str(ticket.get("priority") or "").upper(),
        "status": ticket["status"].upper(),
        "subject": ticket["subject"],
        "tags": ticket["tags"] or "",
        "type": str(ticket.get("type") or "").upper(),
        "updated_at": ticket["updated_at"],
        "via": {"channel": ticket["via"]["channel"]},
    }
