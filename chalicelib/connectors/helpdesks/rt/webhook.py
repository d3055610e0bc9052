"""What our Scrip in RT tells us: "look at this ticket"."""

from __future__ import annotations

import re
from datetime import timedelta

from chalicelib.connectors.toolkit.payload import Reader, parse_time, read_json
from chalicelib.connectors.toolkit.signatures import hex_sha256, require_fresh, require_match
from chalicelib.core.errors import SignatureError
from chalicelib.core.events import HelpdeskHint, Parsed
from chalicelib.core.ids import CaseId, TicketId
from chalicelib.core.webhook import VerifiedWebhook, WebhookRequest
from chalicelib.ports.receiver import ReceiverContext

TOLERANCE = timedelta(minutes=5)
_SIGNATURE = "x-rt-signature"
_TIMESTAMP = "x-rt-timestamp"
_TICKET = re.compile(r"[1-9][0-9]{0,18}")
_CASE = re.compile(r"case-[a-z0-9]{8,64}")

REASONS = {
    "ticket.correspond": "reply",
    "ticket.comment": "note",
    "ticket.status": "status",
}
"""Events of the Scrip (careloop/rt_scrip) that are a reason to look; all others are ignored."""


class Receiver:
    """POSTs of the Scrip, signed with ``hook_secret``."""

    def __init__(self, context: ReceiverContext) -> None:
        self._secrets = context.secrets.get("hook_secret", ())

    def verify(self, request: WebhookRequest) -> None:
        """``sha256=`` and the hex HMAC-SHA256 of timestamp, dot and body. Raises SignatureError, StaleWebhookError."""
        stamp = request.headers.get(_TIMESTAMP, "")
        signed = stamp.encode("utf-8", "replace") + b"." + request.body
        given = request.headers.get(_SIGNATURE) if stamp else None
        require_match(given, [f"sha256={hex_sha256(secret, signed)}" for secret in self._secrets if secret])
        signed_at = parse_time(stamp) if stamp.isascii() and stamp.isdigit() and len(stamp) <= 11 else None
        if signed_at is None:
            raise SignatureError("the signed time can't be read")
        require_fresh(signed_at, request.received_at, TOLERANCE)

    def parse(self, webhook: VerifiedWebhook) -> Parsed[HelpdeskHint]:
        """One hint, or none for an event that is no reason to look. Raises PayloadError."""
        document = read_json(webhook.request.body)
        event = document.need_text("event")
        if event not in REASONS:
            return Parsed(ignored={event[:80] or "(empty)": 1})
        hint = HelpdeskHint(ticket=_ticket(document), reason=REASONS[event], case=_case(document))
        return Parsed(events=(hint,))


def _ticket(document: Reader) -> TicketId:
    value = document.need_id("ticket")
    if not _TICKET.fullmatch(value):
        raise document.need("ticket").wrong("ticket id expected")
    return TicketId(value)


def _case(document: Reader) -> CaseId | None:
    """RT's administrators may use the field for other things: only what looks like a case's id is taken for one."""
    value = document.find("case")
    found = value.value if value else None
    return CaseId(found) if isinstance(found, str) and _CASE.fullmatch(found) else None
