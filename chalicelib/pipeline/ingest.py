"""One event from the queue to its disposition. The ledger's claim makes it once; FIFO only orders."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from chalicelib.core.disposition import ClaimState, Disposition, Outcome
from chalicelib.core.errors import ConflictError, CredentialsError
from chalicelib.core.events import (
    AccountRevoked,
    AuthorIdChanged,
    AuthorOptedOut,
    Canary,
    DeliveryUpdated,
    Envelope,
    IdentityClaimed,
    InboundMessage,
    MessageDeleted,
    MessageEdited,
    ThreadInvitation,
    account_of,
)
from chalicelib.core.jobs import DueItem, EraseAuthor, RereadThread
from chalicelib.core.questions import Asking
from chalicelib.pipeline.alarms import notice, of_account
from chalicelib.pipeline.changes import deleted, edited
from chalicelib.pipeline.delivered import delivery_updated
from chalicelib.pipeline.disposition import settle
from chalicelib.pipeline.echoes import echo
from chalicelib.pipeline.id_changed import id_changed
from chalicelib.pipeline.identified import identity_claimed
from chalicelib.pipeline.jobs import job_message
from chalicelib.pipeline.liveness import canary_mark
from chalicelib.pipeline.messages import message
from chalicelib.pipeline.work import Work
from chalicelib.ports.platform import JoinsThreads, ListsThread
from chalicelib.ports.runtime import Runtime
from chalicelib.ports.stores import SaveDue
from chalicelib.ports.writes import SaveAsking

LEASE = timedelta(seconds=90)
"""Longer than any worker may run on one event: the function `inbound` ends after 60 seconds."""


def ingest(runtime: Runtime, envelope: Envelope, *, owner: str) -> Disposition:
    """Deal with one event. ``owner``: the queue message's id, so that its redelivery resumes its own claim.

    Raises RetryableError when the event must come again later; what needs a person is parked and returned as such.
    """
    account_key = account_of(envelope.event)
    runtime.telemetry.follow(envelope.correlation)
    if isinstance(envelope.event, Canary):
        runtime.stores.health.set_mark(canary_mark(account_key), envelope.event.at)
        return Disposition(outcome=Outcome.NOISE, reason="canary")
    claim = runtime.stores.ledger.claim(
        envelope.key,
        account=account_key,
        owner=owner,
        now=runtime.clock.now(),
        lease=LEASE,
        archived_at=envelope.archived_at,
    )
    if claim.state is ClaimState.DONE and claim.entry.disposition is not None:
        _log(runtime, envelope, "repeated", claim.entry.disposition)
        return claim.entry.disposition
    if claim.state is ClaimState.BUSY:
        raise ConflictError("another worker has this event", retry_after=5.0)
    try:
        account = runtime.stores.directory.get_account(account_key)
        spec = runtime.connectors.platform_spec(account_key.platform)
        work = Work(runtime=runtime, envelope=envelope, account=account, spec=spec, claim=claim)
        disposition = HANDLERS[type(envelope.event)](work, envelope.event)
    except Exception as error:
        disposition = settle(runtime, envelope, claim, error)
    _log(runtime, envelope, "done", disposition)
    return disposition


def _log(runtime: Runtime, envelope: Envelope, outcome: str, disposition: Disposition) -> None:
    account = account_of(envelope.event)
    runtime.telemetry.log(
        "ingest",
        outcome,
        account=str(account),
        disposition=disposition.outcome.value,
        case=disposition.case,
    )
    if outcome == "done":
        runtime.telemetry.count("events", platform=account.platform, disposition=disposition.outcome.value)
        if isinstance(envelope.event, InboundMessage) and disposition.outcome in (Outcome.TICKETED, Outcome.APPENDED):
            waited = runtime.clock.now() - envelope.event.sent_at
            runtime.telemetry.measure("seconds_to_ticket", waited.total_seconds(), platform=account.platform)


def _message(work: Work, event: InboundMessage) -> Disposition:
    return echo(work, event) if event.is_echo else message(work, event)


def _invited(work: Work, event: ThreadInvitation) -> Disposition:
    """Join; what was written before we were in the room was never pushed, so the room is read once."""
    client = work.runtime.connectors.platform(work.account)
    if isinstance(client, JoinsThreads):
        client.join_thread(event.thread.thread)
    if isinstance(client, ListsThread):
        job = RereadThread(account=event.thread.account, thread=event.thread.thread)
        work.runtime.queues.jobs.send([job_message(job, work.runtime.clock.now())])
    return work.finish(Outcome.NOISE, "invitation accepted")


def _opted_out(work: Work, event: AuthorOptedOut) -> Disposition:
    """A person asked the platform to have their data deleted: a job forgets them, now or as often as it takes."""
    identities = work.runtime.stores.identities
    identities.forget_identity(event.author)
    asking = identities.find_asking(event.author) or Asking(author=event.author)
    opted_out = SaveAsking(asking=replace(asking, opted_out_at=event.at))
    if not work.runtime.policy.erase_on_request:
        return work.finish(Outcome.NOISE, "author opted out: link to the contact forgotten", opted_out)
    due = DueItem(id=f"erase|{event.author}", at=event.at, job=EraseAuthor(author=event.author))
    return work.finish(Outcome.NOISE, "author opted out: to be erased", opted_out, SaveDue(due=due))


def _revoked(work: Work, event: AccountRevoked) -> Disposition:
    work.runtime.telemetry.count("account_revoked", account=str(event.account))
    advice = "The account's owner withdrew our access: connect the account again."
    notice(work.runtime, of_account(event.account), CredentialsError("revoked", advice=advice, dead=True))
    return work.finish(Outcome.NOISE, "access withdrawn by the account's owner")


HANDLERS: dict[type, Callable[[Work, Any], Disposition]] = {
    InboundMessage: _message,
    MessageEdited: edited,
    MessageDeleted: deleted,
    DeliveryUpdated: delivery_updated,
    ThreadInvitation: _invited,
    AuthorIdChanged: id_changed,
    AuthorOptedOut: _opted_out,
    AccountRevoked: _revoked,
    IdentityClaimed: identity_claimed,
}
