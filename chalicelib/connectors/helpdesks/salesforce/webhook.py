"""What a flow's HTTP callout tells us: "look at this case". Salesforce signs nothing: the secret is a header of the
flow's external credential. Ids are taken and nothing else."""

from __future__ import annotations

import re
from typing import Any

from chalicelib.connectors.toolkit.payload import read_json
from chalicelib.connectors.toolkit.signatures import require_match
from chalicelib.core.events import HelpdeskHint, Parsed
from chalicelib.core.ids import CaseId, TicketId
from chalicelib.core.webhook import VerifiedWebhook, WebhookRequest
from chalicelib.ports.receiver import ReceiverContext

HEADER = "x-careloop-secret"
_TICKET = re.compile(r"500[A-Za-z0-9]{15}")
_CASE = re.compile(r"case-[a-z0-9]{8,64}")


class Receiver:
    """POSTs of ``{"ticket": "500...", "case": "case-..."}``."""

    def __init__(self, context: ReceiverContext) -> None:
        self._secrets = context.secrets.get("hook_secret", ())

    def verify(self, request: WebhookRequest) -> None:
        """The secret in the header. Raises SignatureError."""
        require_match(request.headers.get(HEADER), [secret for secret in self._secrets if secret])

    def parse(self, webhook: VerifiedWebhook) -> Parsed[HelpdeskHint]:
        """One hint, or none where no case is named. An id of 15 characters is refused: it would be another name of the
        same case. Raises PayloadError."""
        document = read_json(webhook.request.body)
        if not document.has("ticket"):
            document.keys()
            return Parsed(ignored={"without a case": 1})
        number = document.need_id("ticket")
        if not _TICKET.fullmatch(number):
            raise document.need("ticket").wrong("id of a case with 18 characters expected")
        case = _case(document.value.get("case"))
        return Parsed(events=(HelpdeskHint(ticket=TicketId(number), reason="flow", case=case),))


def _case(value: Any) -> CaseId | None:
    return CaseId(value) if isinstance(value, str) and _CASE.fullmatch(value) else None
