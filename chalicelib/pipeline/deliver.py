"""One part of a reply on its way out: recorded before sending, sent at most once, settled before it is sent again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from chalicelib.core import compose
from chalicelib.core.account import Account
from chalicelib.core.case import Case, MessageRecord
from chalicelib.core.errors import (
    CareloopError,
    ConflictError,
    CredentialsError,
    NeedsHumanError,
    OutcomeUnknownError,
    PermanentError,
    RetryableError,
    UnavailableError,
)
from chalicelib.core.events import Visibility
from chalicelib.core.guard import Hold
from chalicelib.core.ids import CommentId, ConversationKey, MessageKey, TicketRef
from chalicelib.core.media import MediaFile
from chalicelib.core.reply import Delivery, DeliveryReceipt, DeliveryStatus, OutboundReply
from chalicelib.pipeline.alarms import access_works, dead_access, notice, of_account
from chalicelib.pipeline.media import fetch_files
from chalicelib.pipeline.work import join_conversation, private_conversation
from chalicelib.ports.platform import FindsSentReplies, HasCapabilities, PlatformClient
from chalicelib.ports.runtime import Runtime
from chalicelib.ports.spec import PlatformSpec
from chalicelib.ports.stores import RememberMessage, SaveDelivery, Write

IN_FLIGHT = timedelta(minutes=2)
"""For so long after its beginning a delivery may be another living worker's."""
SETTLE = 20.0
"""Seconds to wait before looking whether a message of unknown outcome was posted."""

_ADVICE = {
    "not_found": "The message or its author is gone; there is nothing to answer there any more.",
    "unsupported": "Answer on the platform itself.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outbound:
    """What one delivery needs."""

    runtime: Runtime
    case: Case
    ticket: TicketRef
    account: Account
    spec: PlatformSpec
    client: PlatformClient
    reply: OutboundReply
    source: CommentId
    insists: bool = False
    """The agent asked for another attempt (/retry)."""
    held: Hold | None = None
    """Why nothing more may leave: what began is looked for, and not sent again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """The part stands. ``repeated``: an earlier attempt had brought it to this end."""

    receipt: DeliveryReceipt
    repeated: bool = False
    conversation: ConversationKey | None = None
    """Where it stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The part will not be sent."""

    hold: Hold
    repeated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """Nobody can tell."""

    repeated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """An earlier attempt, of which nothing more is known, went to another conversation: it must go on there."""

    conversation: ConversationKey
    repeated: bool = True


def deliver(out: Outbound) -> Sent | Refused | Unknown | Moved:
    """Bring one part to an end. Raises RetryableError when it must be tried again later: nothing was sent then, or
    the next attempt will look first."""
    delivery = _begin(out)
    if delivery.finished_at is not None:
        return _outcome(delivery)
    if delivery.attempts > 1 and delivery.status in (DeliveryStatus.BEGUN, DeliveryStatus.UNKNOWN):
        if delivery.conversation is not None and delivery.conversation != _conversation_key(out):
            known = out.case.conversation(delivery.conversation)
            return _finish_unknown(out, delivery) if known is None else Moved(conversation=known.key)
        if delivery.conversation is None and out.reply.visibility is not Visibility.PRIVATE:
            return _finish_unknown(out, delivery)  # begun in private; nobody can look for it in public
        out = _as_begun(out, delivery)
        try:
            earlier = _earlier_attempt(out, delivery)
        except (OutcomeUnknownError, CredentialsError) as error:
            # without access nobody can look: what an earlier attempt did is not known
            notice(out.runtime, of_account(out.account.key), error)
            return _finish_unknown(out, delivery)
        except (PermanentError, NeedsHumanError) as error:
            return _finish_refused(out, delivery, error)
        if earlier is not None:
            return _finish_sent(out, delivery, earlier)
        if not _may_repeat(out):
            return _finish_unknown(out, delivery)
    return _send(out, delivery)


def _begin(out: Outbound) -> Delivery:
    """Record the beginning, or take over an unfinished one (then with ``attempts`` above 1)."""
    runtime = out.runtime
    fresh = Delivery(
        key=out.reply.key,
        case=out.case.id,
        ticket=out.ticket,
        reply=out.source,
        part=out.reply.part,
        of=out.reply.of,
        status=DeliveryStatus.BEGUN,
        began_at=out.reply.began_at,
        conversation=_conversation_key(out),
        answered=out.reply.in_reply_to,
        context=dict(out.reply.context),
        text_digest=compose.text_digest(out.reply.text) if out.reply.text.strip() else "",
    )
    try:
        runtime.stores.transactions.commit(SaveDelivery(delivery=fresh, begin=True))
        return fresh
    except ConflictError:
        known = runtime.stores.deliveries.find_delivery(out.reply.key, case=out.case.id)
        if known is None:
            raise
    if known.finished_at is not None:
        return known
    if known.status is DeliveryStatus.WAITING:
        # certainly not sent: whoever changes it to BEGUN first sends it, as a first attempt
        again = replace(fresh, began_at=runtime.clock.now(), attempts=known.attempts)
        runtime.stores.transactions.commit(SaveDelivery(delivery=again, expected=(DeliveryStatus.WAITING,)))
        return replace(again, attempts=1)
    flying = known.status is DeliveryStatus.BEGUN and runtime.clock.now() - known.began_at < IN_FLIGHT
    if flying and not _may_repeat_blindly(out):
        raise ConflictError("another worker may be sending this", retry_after=10.0)
    return replace(known, attempts=known.attempts + 1)


def _as_begun(out: Outbound, delivery: Delivery) -> Outbound:
    """The part as its earlier attempt sent it: the customer may have written again since, and what would be answered
    now is not where that attempt is to be looked for."""
    if delivery.answered is None or delivery.conversation != _conversation_key(out):
        return out
    return replace(out, reply=replace(out.reply, in_reply_to=delivery.answered, context=dict(delivery.context)))


def _conversation_key(out: Outbound) -> ConversationKey | None:
    """Where the part will stand. A private reply stands in the conversation that it opens, never in the public one."""
    if out.reply.private_reply:
        return None
    return ConversationKey(thread=out.reply.thread, author=out.reply.recipient)


def _may_repeat_blindly(out: Outbound) -> bool:
    return out.spec.capabilities.idempotent_send


def _may_repeat(out: Outbound) -> bool:
    """After a look that found nothing, or where sending again leads to the same message."""
    return _may_repeat_blindly(out) or isinstance(out.client, FindsSentReplies)


def _earlier_attempt(out: Outbound, delivery: Delivery) -> DeliveryReceipt | None:
    if _may_repeat_blindly(out) or not isinstance(out.client, FindsSentReplies):
        return None
    return out.client.find_sent(replace(out.reply, began_at=delivery.began_at))


def _send(out: Outbound, delivery: Delivery) -> Sent | Refused | Unknown:
    hold = out.held or (_no_access(out) if delivery.attempts == 1 and not out.insists else None)
    if hold is not None and delivery.attempts > 1 and _may_repeat_blindly(out):
        return _finish_unknown(out, delivery)
    if hold is not None:
        return _finish_held(out, delivery, hold)
    try:
        files = _files(out)
    except (RetryableError, NeedsHumanError) as error:
        # nothing was sent, and the helpdesk must be well again before anything else can be done with this reply
        _save(out, replace(delivery, status=_turned_away(out, delivery, error), reason=error.code))
        raise UnavailableError("the helpdesk does not hand out the attachment for now") from None
    if isinstance(files, Hold):
        return _finish_held(out, delivery, files)
    try:
        receipt = out.client.send(replace(out.reply, began_at=delivery.began_at, files=files))
    except OutcomeUnknownError:
        return _unsettled(out, delivery)
    except RetryableError as error:
        _save(out, replace(delivery, status=_turned_away(out, delivery, error), reason=error.code))
        raise
    except (PermanentError, NeedsHumanError) as error:
        notice(out.runtime, of_account(out.account.key), error)
        if delivery.attempts > 1 and _may_repeat_blindly(out):
            # the repetition was refused: that says nothing about the first attempt
            return _finish_unknown(out, delivery)
        return _finish_refused(out, delivery, error)
    return _finish_sent(out, delivery, receipt)


def _files(out: Outbound) -> tuple[MediaFile, ...] | Hold:
    if not out.reply.attachments:
        return ()
    capabilities = out.client.capabilities if isinstance(out.client, HasCapabilities) else out.spec.capabilities
    return fetch_files(out.runtime, out.case.helpdesk, out.reply.attachments, capabilities, out.spec.title)


def _turned_away(out: Outbound, delivery: Delivery, error: CareloopError) -> DeliveryStatus:
    """Certainly not sent; or, where a call may be repeated, an answer that did not come: then the next attempt repeats
    this very one, under its own key and time."""
    unheard = isinstance(error, UnavailableError) or delivery.attempts > 1
    return DeliveryStatus.UNKNOWN if unheard and _may_repeat_blindly(out) else DeliveryStatus.WAITING


def _no_access(out: Outbound) -> Hold | None:
    """A dead access is not tried again with each reply: the agent is told at once."""
    alarm = dead_access(out.runtime, out.account.key)
    if alarm is None:
        return None
    since = f"{alarm.since:%Y-%m-%d %H:%M} UTC"
    return Hold(
        code="credentials",
        reason=f"{out.spec.title} no longer accepts the access to {out.account.title} (since {since})",
        advice=f"Ask your administrator to renew it ({alarm.command}), then write an internal note with /retry.",
    )


def _unsettled(out: Outbound, delivery: Delivery) -> Unknown:
    if not _may_repeat(out):
        return _finish_unknown(out, delivery)
    _save(out, replace(delivery, status=DeliveryStatus.UNKNOWN, reason="to be looked for"))
    raise UnavailableError("outcome unknown: to be settled by looking", retry_after=SETTLE)


def _save(out: Outbound, delivery: Delivery) -> None:
    out.runtime.stores.transactions.commit(SaveDelivery(delivery=delivery))


def _finish_sent(out: Outbound, delivery: Delivery, receipt: DeliveryReceipt) -> Sent:
    """One commit: the delivery, and the messages by which echoes, edits and answers are recognised."""
    done = replace(
        delivery, status=DeliveryStatus.SENT, receipt=receipt, finished_at=out.runtime.clock.now(), reason=None
    )
    remembered = [
        RememberMessage(
            key=MessageKey(account=receipt.opened.thread.account if receipt.opened else out.account.key, message=item),
            record=MessageRecord(
                message=item, case=out.case.id, conversation=delivery.conversation, delivery=delivery.key
            ),
        )
        for item in receipt.messages
    ]
    _commit_sent(out, receipt, (SaveDelivery(delivery=done), *remembered))
    out.runtime.telemetry.count("deliveries", platform=out.account.key.platform, outcome="sent")
    access_works(out.runtime, out.account.key)
    return Sent(receipt=receipt)


def _commit_sent(out: Outbound, receipt: DeliveryReceipt, writes: tuple[Write, ...]) -> None:
    """With the conversation that a private reply opened: the customer may answer there at once."""
    stores = out.runtime.stores
    if receipt.opened is None:
        stores.transactions.commit(*writes)
        return
    expected = private_conversation(out.case, receipt.opened, receipt.messages[-1])
    try:
        join_conversation(out.runtime, stores.cases.get_case(out.case.id), expected, writes)
    except ConflictError:
        # it belongs to another case already, and stays there
        stores.transactions.commit(*writes)


def _finish_refused(out: Outbound, delivery: Delivery, error: CareloopError) -> Refused:
    advice = error.advice if isinstance(error, NeedsHumanError) else _ADVICE.get(error.code, "")
    if isinstance(error, CredentialsError):
        advice = f"{advice} When that is done, write an internal note with /retry.".lstrip()
    hold = Hold(
        code=error.code,
        reason=f"{out.spec.title} refused it: {_reason(error)}",
        advice=advice or "Change the text and reply again, or answer on the platform itself.",
    )
    return _finish_held(out, delivery, hold)


def _finish_held(out: Outbound, delivery: Delivery, hold: Hold) -> Refused:
    done = replace(
        delivery,
        status=DeliveryStatus.REFUSED,
        reason=hold.reason,
        advice=hold.advice,
        finished_at=out.runtime.clock.now(),
    )
    _save(out, done)
    out.runtime.telemetry.count("deliveries", platform=out.account.key.platform, outcome="refused")
    return Refused(hold=hold)


def _finish_unknown(out: Outbound, delivery: Delivery) -> Unknown:
    _save(out, replace(delivery, status=DeliveryStatus.UNKNOWN, finished_at=out.runtime.clock.now()))
    out.runtime.telemetry.count("deliveries", platform=out.account.key.platform, outcome="unknown")
    return Unknown()


def _outcome(delivery: Delivery) -> Sent | Refused | Unknown:
    if delivery.status is DeliveryStatus.SENT and delivery.receipt is not None:
        stands = delivery.receipt.opened or delivery.conversation
        return Sent(receipt=delivery.receipt, repeated=True, conversation=stands)
    if delivery.status is DeliveryStatus.REFUSED:
        hold = Hold(code="refused", reason=delivery.reason or "", advice=delivery.advice or "")
        return Refused(hold=hold, repeated=True)
    return Unknown(repeated=True)


def _reason(error: CareloopError) -> str:
    words = error.code.replace("_", " ")
    code = getattr(error, "remote_code", None)
    return f"{words} ({code})" if code else words
