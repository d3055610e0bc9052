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
from chalicelib.core.events import Envelope, IdentityClaimed, ThreadInvitation, account_of, order_group
from chalicelib.core.ids import EventKey, digest
from chalicelib.pipeline.alarms import notice, of_account, of_connection
from chalicelib.ports.runtime import Runtime
from chalicelib.ports.stores import CompleteEvent

_ADVICE = {
    "not_found": "Something that it needs is gone in the helpdesk: a queue, a form, a person. Put that right.",
    "rejected": "The helpdesk refused it: a required field, a rule, a value that it does not take. Put that right.",
    "unsupported": "The helpdesk can't do what this needs: deal with it by hand on the platform, then discard it.",
    "ticket_closed": "The ticket is closed and can't be followed up: look at the helpdesk's rules for follow-ups.",
}
_THEN = "Then: careloop parked release (or discard) {item}"
RETRIED = (RetryableError, OutcomeUnknownError, CredentialsError, ConfigurationError)
"""While an event is being taken in, an unknown outcome is settled by looking first on the next attempt, and dead
credentials or a missing setting delay: they are mended by an operator, and the event must not be lost to them."""


def settle(runtime: Runtime, envelope: Envelope, claim: Claim, error: Exception) -> Disposition:
    """Park what can't succeed (and return that); give the claim back and re-raise what may succeed later, and bugs."""
    if isinstance(error, RETRIED) or not isinstance(error, PermanentError | NeedsHumanError):
        _retry(runtime, envelope, claim, error)
    reason = ParkReason.NEEDS_HUMAN if isinstance(error, NeedsHumanError) else ParkReason.PERMANENT
    item = parked_event(runtime, envelope, reason, error.code, _advice(error))
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


def _advice(error: CareloopError) -> str:
    """What a person can do about it."""
    if isinstance(error, NeedsHumanError):
        return error.advice
    remote = f" ({error.remote_code})" if isinstance(error, PermanentError) and error.remote_code else ""
    return _ADVICE.get(error.code, f"It was refused for good: {error.code}. Look for the cause.") + remote


def parked_id(key: EventKey) -> str:
    """Under which an event is parked: the same however often it is."""
    return "p-" + digest(key, length=16)


def parked_event(runtime: Runtime, envelope: Envelope, reason: ParkReason, code: str, advice: str) -> ParkedItem:
    """The parking lot's form of an event. ``advice``: what to do about the cause; the command is added."""
    name = parked_id(envelope.key)
    told = isinstance(envelope.event, IdentityClaimed)
    if told:
        advice = (
            "A customer's answer who they are could not be checked, and is not kept. Ask again: /ask on the ticket."
        )
    then = "" if told or "careloop " in advice else f" {_THEN.format(item=name)}"
    return ParkedItem(
        id=name,
        reason=reason,
        code=code,
        advice=f"{advice}{then}",
        parked_at=runtime.clock.now(),
        account=str(account_of(envelope.event)),
        queue=None if told else "inbound",
        group=order_group(envelope.event),
        body=None if told else to_json(envelope),
        archived_at=envelope.archived_at,
    )
