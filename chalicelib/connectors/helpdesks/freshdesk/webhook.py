"""What Freshdesk's automation rules tell us: "look at this ticket". Ids are taken and nothing else.

There is no signature: the rule sends a secret of ours in a header of its own, over TLS (support.freshdesk.com 132589,
2026-01). The body is what an administrator typed into the rule, with placeholders that Freshdesk fills in; all values
come as text.
"""

from __future__ import annotations

import re

from chalicelib.connectors.toolkit.payload import Collector, Reader, read_json
from chalicelib.connectors.toolkit.signatures import require_match
from chalicelib.core.events import HelpdeskHint, Parsed
from chalicelib.core.ids import CaseId, TicketId
from chalicelib.core.webhook import VerifiedWebhook, WebhookRequest
from chalicelib.ports.receiver import ReceiverContext

HEADER = "x-webhook-secret"
WRAPPER = "freshdesk_webhook"
"""What the rule's simple form puts its fields into (support.freshdesk.com 132589, 2026-01)."""
_TICKET = re.compile(r"[0-9]{1,18}")
_CASE = re.compile(r"case-[a-z0-9]{8,64}")


class Receiver:
    """Webhooks with ``hook_secret`` in a header."""

    def __init__(self, context: ReceiverContext) -> None:
        self._secrets = context.secrets.get("hook_secret", ())

    def verify(self, request: WebhookRequest) -> None:
        """The header must be one of the current secrets, compared in constant time. Raises SignatureError."""
        require_match(request.headers.get(HEADER), self._secrets)

    def parse(self, webhook: VerifiedWebhook) -> Parsed[HelpdeskHint]:
        """One hint. A rule without a ticket (one about contacts) is counted. Raises PayloadError for what is no JSON
        object: a template with people's words in it may be none."""
        body = read_json(webhook.request.body)
        found = Collector()
        here = body.find(WRAPPER) or body
        if "ticket_id" in here.keys():  # noqa: SIM118 - a Reader
            found.attempt(lambda item: found.events.append(_hint(item)), here)
        else:
            found.ignore("without a ticket")
        return Parsed(events=tuple(found.events), malformed=tuple(found.malformed), ignored=found.ignored)


def case_of(value: object) -> CaseId | None:
    """People may use the field for other things: only what looks like a case's id is taken for one."""
    return CaseId(value) if isinstance(value, str) and _CASE.fullmatch(value) else None


def _hint(body: Reader) -> HelpdeskHint:
    ticket = body.need_id("ticket_id")
    if not _TICKET.fullmatch(ticket):
        raise body.need("ticket_id").wrong("ticket id expected")
    case = body.find("case")
    return HelpdeskHint(ticket=TicketId(ticket), case=case_of(case.value) if case else None)
