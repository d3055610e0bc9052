"""What may not stand, or not for good: words that a customer took back, and what a platform's terms let us keep.

Where the helpdesk can strike entries out, words stand as long as the terms allow; where it can't, they do not stand at
all, and the ticket has a link. Raw payloads go with them.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from chalicelib.core import compose
from chalicelib.core.case import Case, MessageRecord
from chalicelib.core.errors import NotFoundError, PermanentError
from chalicelib.core.events import InboundMessage, message_event_key
from chalicelib.core.ids import EventKey, MessageKey
from chalicelib.core.jobs import DueItem, JobEnvelope, RemovePayload, StrikeOut
from chalicelib.pipeline.jobs import job_message
from chalicelib.pipeline.work import Work, entry_id, living_case
from chalicelib.ports.helpdesk import RedactsComments
from chalicelib.ports.runtime import Runtime
from chalicelib.ports.spec import PlatformSpec
from chalicelib.ports.stores import RemoveDue, SaveDue, Write


def words_may_stand(runtime: Runtime, spec: PlatformSpec, helpdesk: str) -> bool:
    """Whether customers' words from that platform may stand on that helpdesk's tickets."""
    terms = spec.capabilities.terms
    if not terms.may_store_text:
        return False
    return terms.retention is None or runtime.connectors.helpdesk_spec(helpdesk).capabilities.redacts


def shown(work: Work, event: InboundMessage, helpdesk: str) -> InboundMessage:
    """`event` as it may stand on a ticket."""
    if words_may_stand(work.runtime, work.spec, helpdesk):
        return event
    return replace(event, text=compose.withheld(work.spec.title, event.permalink))


def shown_together(work: Work, event: InboundMessage, helpdesk: str) -> InboundMessage:
    """`event` as it may stand in an entry of several messages. They are not struck out one by one: words that may stand
    for a time only do not stand there at all."""
    if work.spec.capabilities.terms.retention is None:
        return shown(work, event, helpdesk)
    return replace(event, text=compose.withheld(work.spec.title, event.permalink))


def kept_until(work: Work, case: Case, at: datetime) -> tuple[Write, ...]:
    """What has the words of this event, written at `at`, struck out when the terms' time is over."""
    retention = work.spec.capabilities.terms.retention
    if retention is None:
        return ()
    event = work.envelope.key
    job = StrikeOut(case=case.id, event=event)
    return (SaveDue(due=DueItem(id=f"strike|{event}", at=at + retention, job=job)),)


def strike_out(runtime: Runtime, case: Case, event: EventKey) -> None:
    """Strike out the entry of an event, where the helpdesk can, and delete its raw payload: as a whole, for what else
    it held was dealt with. Raises RetryableError, and what the helpdesk's access is refused with."""
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


def strike_message(runtime: Runtime, case: Case, message: MessageRecord, key: MessageKey) -> None:
    """Strike out a message and its edits, as `strike_out` does."""
    strike_out(runtime, case, message_event_key(key))
    if message.edited_at is None:
        return
    for entry in runtime.stores.ledger.history(case.id):
        if entry.key.startswith(f"edit|{key}|"):
            strike_out(runtime, case, entry.key)


def strike_job(runtime: Runtime, envelope: JobEnvelope) -> None:
    """The terms' time is over."""
    job = envelope.job
    assert isinstance(job, StrikeOut)
    try:
        strike_out(runtime, living_case(runtime, job.case), job.event)
    except NotFoundError:
        runtime.telemetry.log("redact", "case_gone", case=job.case)
    if envelope.due is not None:
        runtime.stores.transactions.commit(RemoveDue(due=envelope.due))
