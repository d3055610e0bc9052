"""What Zammad's webhook tells us: "look at this ticket". The default payload holds the ticket and the article; ids are
taken and nothing else."""

from __future__ import annotations

import hmac
import re
from typing import Any

from chalicelib.connectors.helpdesks.zammad.marks import CASE, is_marked
from chalicelib.connectors.toolkit.payload import Reader, read_json
from chalicelib.connectors.toolkit.signatures import require_match
from chalicelib.core.events import HelpdeskHint, Parsed
from chalicelib.core.ids import CaseId, TicketId
from chalicelib.core.webhook import VerifiedWebhook, WebhookRequest
from chalicelib.ports.receiver import ReceiverContext

_SIGNATURE = "x-hub-signature"
_TICKET = re.compile(r"[1-9][0-9]{0,17}")


class Receiver:
    """POSTs of a trigger's webhook, signed with ``signature_token``."""

    def __init__(self, context: ReceiverContext) -> None:
        self._secrets = context.secrets.get("signature_token", ())
        self._own = context.options.get("user_id", "").strip()
        self._case_field = context.options.get("case_field", "").strip() or "careloop_case"

    def verify(self, request: WebhookRequest) -> None:
        """``sha1=`` and the hex HMAC-SHA1 of the body (lib/user_agent.rb); no time is signed. Raises SignatureError."""
        made = [f"sha1={_hex_sha1(secret, request.body)}" for secret in self._secrets if secret]
        require_match(request.headers.get(_SIGNATURE), made)

    def parse(self, webhook: VerifiedWebhook) -> Parsed[HelpdeskHint]:
        """One hint; none for the customer's own words and for ours. Raises PayloadError."""
        document = read_json(webhook.request.body)
        if not document.has("ticket"):
            document.keys()
            return Parsed(ignored={"without a ticket": 1})
        ticket = document.need("ticket")
        number = ticket.need_id("id")
        if not _TICKET.fullmatch(number):
            raise ticket.need("id").wrong("ticket id expected")
        why = self._no_reason(_member(document.value, "article"))
        if why:
            return Parsed(ignored={why: 1})
        reason = "article" if document.has("article") else "ticket"
        return Parsed(events=(HelpdeskHint(ticket=TicketId(number), reason=reason, case=self._case(ticket)),))

    def _no_reason(self, article: Any) -> str:
        """Why there is nothing to read. Doubtful ones are read."""
        if is_marked(_member(article, "subject")):
            return "article (our own)"
        if self._own and str(_member(article, "created_by_id")) == self._own:
            return "article (our own)"
        return "article (the customer's)" if _member(article, "sender") == "Customer" else ""

    def _case(self, ticket: Reader) -> CaseId | None:
        value = _member(ticket.value, self._case_field)
        return CaseId(value) if isinstance(value, str) and CASE.fullmatch(value) else None


def _member(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None


def _hex_sha1(secret: str, body: bytes) -> str:
    return hmac.digest(secret.encode(), body, "sha1").hex()
