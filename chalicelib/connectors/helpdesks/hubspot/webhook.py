"""What HubSpot tells us: "this ticket changed". Ids are taken and nothing else; the ticket is read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from chalicelib.connectors.toolkit.payload import Collector, Reader, parse_time, read_json
from chalicelib.connectors.toolkit.signatures import base64_sha256, require_fresh, require_match
from chalicelib.core.errors import SignatureError
from chalicelib.core.events import HelpdeskHint, Parsed
from chalicelib.core.ids import CaseId, TicketId
from chalicelib.core.webhook import VerifiedWebhook, WebhookRequest
from chalicelib.ports.receiver import ReceiverContext

TOLERANCE = timedelta(minutes=5)
"""developers.hubspot.com, validating requests, 2026-11."""
_SIGNATURE = "x-hubspot-signature-v3"
_TIMESTAMP = "x-hubspot-request-timestamp"
_TICKET = re.compile(r"[1-9][0-9]{0,17}")
_CASE = re.compile(r"case-[a-z0-9]{8,64}")
_MILLISECONDS = re.compile(r"[0-9]{12,14}")

REASONS = {
    "ticket.propertyChange": "property",
    "ticket.associationChange": "entry",
    "ticket.merge": "merged",
    "ticket.deletion": "deleted",
    "ticket.restore": "restored",
}
"""Subscriptions that are a reason to look; all others are ignored."""


class Receiver:
    """Webhooks of an app, signed with ``app_secret``."""

    def __init__(self, context: ReceiverContext) -> None:
        self._secrets = context.secrets.get("app_secret", ())
        self._urls = context.secrets.get("webhook_url", ())

    def verify(self, request: WebhookRequest) -> None:
        """Base64 of the HMAC-SHA256 of method, address, body and time. Behind a gateway nobody knows the address that
        was called, so it is stored with the secret. Raises SignatureError, StaleWebhookError."""
        stamp = request.headers.get(_TIMESTAMP, "")
        after = request.body + stamp.encode("utf-8", "replace")
        made = [
            base64_sha256(secret, f"{request.method}{url}".encode() + after)
            for secret in self._secrets
            for url in self._urls
            if secret and url
        ]
        require_match(request.headers.get(_SIGNATURE) if stamp else None, made)
        signed_at = parse_time(stamp) if _MILLISECONDS.fullmatch(stamp) else None
        if signed_at is None:
            raise SignatureError("the signed time can't be read")
        require_fresh(signed_at, request.received_at, TOLERANCE)

    def parse(self, webhook: VerifiedWebhook) -> Parsed[HelpdeskHint]:
        """A hint for each ticket that an event of the list is about. Raises PayloadError for a body that is no list; a
        bad event is listed, and the others come all the same."""
        found = Collector()
        for entry in read_json(webhook.request.body).items():
            found.attempt(lambda item: _event(item, found), entry)
        hints = dict.fromkeys(found.events)
        return Parsed(events=tuple(hints), malformed=tuple(found.malformed), ignored=found.ignored)


def case_of(value: object) -> CaseId | None:
    """People may use the property for other things: only what looks like a case's id is taken for one."""
    return CaseId(value) if isinstance(value, str) and _CASE.fullmatch(value) else None


def _event(entry: Reader, found: Collector) -> None:
    kind = entry.need_text("subscriptionType")
    reason = REASONS.get(kind)
    if reason is None:
        found.ignore(kind)
        return
    # Whose doing it was is left open: a note of an agent's shows as a property that HubSpot itself reckons.
    found.events += [HelpdeskHint(ticket=ticket, reason=reason) for ticket in _tickets(entry, kind)]


def _tickets(entry: Reader, kind: str) -> Iterator[TicketId]:
    if kind == "ticket.associationChange":
        yield _ticket(entry, "fromObjectId")
        return
    yield _ticket(entry, "objectId")
    if kind == "ticket.merge":
        for item in entry.items("mergedObjectIds"):
            number = item.find_id() or ""
            if not _TICKET.fullmatch(number):
                raise item.wrong("ticket id expected")
            yield TicketId(number)


def _ticket(entry: Reader, name: str) -> TicketId:
    number = entry.need_id(name)
    if not _TICKET.fullmatch(number):
        raise entry.need(name).wrong("ticket id expected")
    return TicketId(number)
