"""What django-helpdesk's webhooks tell us: "look at this ticket". They hold the whole ticket; ids are taken and nothing
else. They are not signed: the secret is the password in the address, which arrives as basic authentication."""

from __future__ import annotations

import base64

from chalicelib.connectors.helpdesks.django_helpdesk.marks import marked, number_of
from chalicelib.connectors.toolkit.payload import Reader, read_json
from chalicelib.connectors.toolkit.signatures import require_match
from chalicelib.core.errors import PayloadError
from chalicelib.core.events import HelpdeskHint, Parsed
from chalicelib.core.ids import CaseId, TicketId
from chalicelib.core.webhook import VerifiedWebhook, WebhookRequest
from chalicelib.ports.receiver import ReceiverContext

USER = "careloop"


class Receiver:
    """POSTs to HELPDESK_FOLLOWUP_WEBHOOK_URLS (helpdesk/webhooks.py of 2.6.1)."""

    def __init__(self, context: ReceiverContext) -> None:
        self._secrets = context.secrets.get("hook_secret", ())

    def verify(self, request: WebhookRequest) -> None:
        """Basic authentication as user ``careloop`` with the secret. Raises SignatureError."""
        require_match(request.headers.get("authorization"), [_basic(secret) for secret in self._secrets if secret])

    def parse(self, webhook: VerifiedWebhook) -> Parsed[HelpdeskHint]:
        """One hint; none for what is no reason to look: a new ticket, an entry of Careloop's. Raises PayloadError."""
        document = read_json(webhook.request.body)
        if not document.has("followup_id"):
            return Parsed(ignored={"new ticket" if document.has("ticket") else "unknown": 1})
        ticket = document.need("ticket")
        number = number_of(ticket)
        if _is_ours(ticket, document.need_id("followup_id")):
            return Parsed(ignored={"follow-up (our own)": 1})
        return Parsed(events=(HelpdeskHint(ticket=TicketId(number), reason="followup", case=_case(ticket)),))


def _basic(secret: str) -> str:
    return "Basic " + base64.b64encode(f"{USER}:{secret}".encode()).decode("ascii")


def _is_ours(ticket: Reader, followup: str) -> bool:
    """Whether the follow-up that is told of bears our mark. What can't be read is looked at."""
    try:
        for item in ticket.items("followup_set"):
            if item.find_id("id") == followup:
                return marked(item.find_text("comment") or "").mark is not None
    except PayloadError:
        return False
    return False


def _case(ticket: Reader) -> CaseId | None:
    try:
        return marked(ticket.find_text("description") or "").case
    except PayloadError:
        return None
