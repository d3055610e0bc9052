"""What a customer took back is struck out of the ticket, where the helpdesk can, and out of the archive."""

from __future__ import annotations

from chalicelib.core.case import Case
from chalicelib.core.errors import NotFoundError, PermanentError
from chalicelib.core.events import message_event_key
from chalicelib.core.ids import MessageKey
from chalicelib.core.jobs import RemovePayload
from chalicelib.pipeline.jobs import job_message
from chalicelib.pipeline.work import entry_id
from chalicelib.ports.helpdesk import RedactsComments
from chalicelib.ports.runtime import Runtime


def strike_out(runtime: Runtime, case: Case, message: MessageKey) -> None:
    """As far as policy and helpdesk allow. A raw payload goes as a whole: what else it held was dealt with, and can't
    be replayed any more. Raises RetryableError, and what the helpdesk's access is refused with."""
    if not runtime.policy.redact_deleted:
        return
    event = message_event_key(message)
    client = runtime.connectors.helpdesk(case.helpdesk)
    if case.ticket is not None and isinstance(client, RedactsComments):
        try:
            found = client.find_comment(case.ticket, entry_id(event))
            if found is not None:
                client.redact(case.ticket, found)
        except (NotFoundError, PermanentError) as error:
            runtime.telemetry.log("redact", "refused", case=case.id, error_code=error.code)
    entry = runtime.stores.ledger.find_entry(event)
    if entry is not None and entry.archived_at is not None:
        job = RemovePayload(archived_at=entry.archived_at)
        runtime.queues.jobs.send([job_message(job, runtime.clock.now())])
