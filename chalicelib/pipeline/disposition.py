"""What an error means: retry, park, or a bug. The only place that decides."""

from __future__ import annotations

from typing import NoReturn

from chalicelib.core.account import ConnectionKind
from chalicelib.core.alarms import Subject
from chalicelib.core.codec import to_json
from chalicelib.core.disposition import Claim, Disposition, Outcome, ParkedItem, ParkReason
from chalicelib.core.errors import (
    CareloopError,
    ConfigurationError,
    ConflictError,
    CredentialsError,
    NeedsHumanError,
    OutcomeUnknownError,
    PermanentError,
    RetryableError,
)
from chalicelib.core.events import Envelope, ThreadInvitation, account_of, order_group
from chalicelib.core.ids import digest
from chalicelib.pipeline.alarms import notice, of_account, of_connection
from chalicelib.ports.runtime import Runtime
from chalicelib.ports.stores import CompleteEvent

RETRIED = (RetryableError, OutcomeUnknownError, CredentialsError, ConfigurationError)
"""While an event is being taken in, an unknown outcome is settled by looking first on the next attempt, and dead
credentials or a missing setting delay: they are mended by an operator, and the event must not be lost to them."""


def settle(runtime: Runtime, envelope: Envelope, claim: Claim, error: Exception) -> Disposition:
    """Park what can't succeed (and return that); give the claim back and re-raise what may succeed later, and bugs."""
    if isinstance(error, RETRIED) or not isinstance(error, PermanentError | NeedsHumanError):
        _retry(runtime, envelope, claim, error)
    reason = ParkReason.NEEDS_HUMAN if isinstance(error, NeedsHumanError) else ParkReason.PERMANENT
    advice = error.advice if isinstance(error, NeedsHumanError) else "Look at the error code; release it after a fix."
    item = parked_event(runtime, envelope, reason, error.code, advice)
    disposition = Disposition(outcome=Outcome.PARKED, reason=error.code, detail={"parked": item.id})
    runtime.stores.parking.park(item)
    write = CompleteEvent(key=envelope.key, owner=claim.owner, disposition=disposition, at=runtime.clock.now())
    runtime.stores.transactions.commit(write)
    return disposition


def _refuser(runtime: Runtime, envelope: Envelope, error: Exception) -> Subject:
    """Whose access or setting it was: while an event is taken in, the helpdesk's, but for an invitation, which only the
    platform can accept, and for settings, which are the account's to look through."""
    account = account_of(envelope.event)
    if isinstance(envelope.event, ThreadInvitation) or not isinstance(error, CredentialsError):
        return of_account(account)
    return of_connection(ConnectionKind.HELPDESK, runtime.stores.directory.get_account(account).helpdesk)


def _retry(runtime: Runtime, envelope: Envelope, claim: Claim, error: Exception) -> NoReturn:
    if isinstance(error, CredentialsError | ConfigurationError):
        notice(runtime, _refuser(runtime, envelope, error), error)
    runtime.telemetry.log(
        "ingest",
        "retry" if isinstance(error, CareloopError) else "bug",
        correlation=envelope.correlation,
        account=str(account_of(envelope.event)),
        error_code=error.code if isinstance(error, CareloopError) else type(error).__name__,
    )
    runtime.stores.ledger.release(envelope.key, owner=claim.owner)
    if isinstance(error, CareloopError) and not isinstance(error, RetryableError):
        raise ConflictError(f"to be tried again: {error.code}", retry_after=30.0) from error
    raise error


def parked_event(runtime: Runtime, envelope: Envelope, reason: ParkReason, code: str, advice: str) -> ParkedItem:
    """The parking lot's form of an event."""
    return ParkedItem(
        id="p-" + digest(envelope.key, length=16),
        reason=reason,
        code=code,
        advice=advice,
        parked_at=runtime.clock.now(),
        account=str(account_of(envelope.event)),
        queue="inbound",
        group=order_group(envelope.event),
        body=to_json(envelope),
        archived_at=envelope.archived_at,
    )
