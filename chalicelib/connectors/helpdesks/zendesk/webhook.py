"""What Zendesk tells us: "look at this ticket". Ids are taken and nothing else, whatever a template renders."""

from __future__ import annotations

import re
from datetime import timedelta

from chalicelib.connectors.helpdesks.zendesk.loose import case_of, look, number_text
from chalicelib.connectors.toolkit.payload import Collector, Reader, parse_time, read_json
from chalicelib.connectors.toolkit.signatures import base64_sha256, require_fresh, require_match
from chalicelib.core.errors import PayloadError, SignatureError
from chalicelib.core.events import HelpdeskHint, Parsed
from chalicelib.core.ids import TicketId
from chalicelib.core.webhook import VerifiedWebhook, WebhookRequest
from chalicelib.ports.receiver import ReceiverContext

TOLERANCE = timedelta(minutes=5)
"""developer.zendesk.com, verifying webhooks (2026-08) names no number; five minutes is what integrations use."""

_SIGNATURE = "x-zendesk-webhook-signature"
_TIMESTAMP = "x-zendesk-webhook-signature-timestamp"
_EVENT = "zen:event-type:"
_SUBJECT = "zen:ticket:"
_TICKET = re.compile(r"[0-9]{1,20}")
_BROKEN = re.compile(rb'\A\s*\{\s*"ticket(?:_id)?"\s*:\s*"?([0-9]{1,20})"?\s*[,}]')

REASONS = {
    "ticket.comment_added": "comment_added",
    "ticket.comment_made_private": "comment_made_private",
    "ticket.comment_redacted": "comment_redacted",
    "ticket.merged": "merged",
    "ticket.permanently_deleted": "deleted",
    "ticket.soft_deleted": "deleted",
    "ticket.status_changed": "status_changed",
    "ticket.undeleted": "undeleted",
}
"""Event types that are a reason to look (developer.zendesk.com, ticket events, 2026-08); all others are ignored."""


class Receiver:
    """Webhooks of either kind: connected to a trigger with our template, or subscribed to ticket events."""

    def __init__(self, context: ReceiverContext) -> None:
        self._secrets = context.secrets.get("signing_secret", ())
        self._own = context.options.get("integration_user_id", "").strip()

    def verify(self, request: WebhookRequest) -> None:
        """base64(HMAC-SHA256(secret, timestamp header + raw body)). Raises SignatureError, StaleWebhookError."""
        stamp = request.headers.get(_TIMESTAMP, "")
        given = request.headers.get(_SIGNATURE) if stamp else None
        signed = stamp.encode("utf-8", "replace") + request.body
        require_match(given, [base64_sha256(secret, signed) for secret in self._secrets if secret])
        signed_at = parse_time(stamp)
        if signed_at is None:
            raise SignatureError("the signed time can't be read")
        require_fresh(signed_at, request.received_at, TOLERANCE)

    def parse(self, webhook: VerifiedWebhook) -> Parsed[HelpdeskHint]:
        """One hint at most. Raises PayloadError for what is no JSON object."""
        body = webhook.request.body
        collector = Collector()
        try:
            document = read_json(body)
        except PayloadError:
            # a template that renders an agent's words breaks the JSON behind our first member
            found = _BROKEN.match(body)
            if found is None:
                raise
            return Parsed(events=(HelpdeskHint(ticket=TicketId(found[1].decode("ascii")), reason="trigger"),))
        document.keys()
        collector.attempt(lambda entry: self._read(entry, collector), document)
        return Parsed(events=tuple(collector.events), malformed=tuple(collector.malformed), ignored=collector.ignored)

    def _read(self, document: Reader, collector: Collector) -> None:
        kind = document.find_text("type") or ""
        if not kind.startswith(_EVENT):
            collector.events.append(_triggered(document))
            return
        name = kind.removeprefix(_EVENT)
        if name not in REASONS:
            collector.ignore(kind)
        elif name == "ticket.comment_added" and self._is_echo(document):
            collector.ignore(f"{kind} (not by an agent)")
        else:
            collector.events.append(_subscribed(document, REASONS[name]))

    def _is_echo(self, document: Reader) -> bool:
        """The customer's own comment, or Careloop's: nothing to read. Doubtful ones are read."""
        author = look(document.value, "event", "comment", "author")
        by_us = bool(self._own) and number_text(look(author, "id")) == self._own
        return by_us or look(author, "is_staff") in (False, "false")


def _subscribed(document: Reader, reason: str) -> HelpdeskHint:
    ticket = document.find_id("detail", "id")
    if ticket is None:
        ticket = (document.find_text("subject") or "").removeprefix(_SUBJECT)
    case = case_of(look(document.value, "detail", "external_id"))
    return HelpdeskHint(ticket=_ticket(ticket, "detail.id"), reason=reason, case=case)


def _triggered(document: Reader) -> HelpdeskHint:
    members = document.value
    case = case_of(look(members, "ticket", "external_id"), members.get("case"), members.get("external_id"))
    if isinstance(members.get("ticket"), dict):
        ticket = document.find_id("ticket", "id")
    else:
        ticket = document.find_id("ticket") or document.find_id("ticket_id") or document.find_id("id")
    return HelpdeskHint(ticket=_ticket(ticket, "ticket"), reason="trigger", case=case)


def _ticket(value: str | None, path: str) -> TicketId:
    if not value:
        raise PayloadError(path, "missing")
    if not _TICKET.fullmatch(value):
        raise PayloadError(path, "ticket id expected")
    return TicketId(value)
