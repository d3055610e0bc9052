"""One public reply of an agent -> cleaned, routed, guarded, fitted, delivered part by part -> a note for the ticket."""

from __future__ import annotations

from dataclasses import dataclass, replace

from chalicelib.core import compose
from chalicelib.core.capabilities import Threading
from chalicelib.core.case import Case, Conversation
from chalicelib.core.errors import ConflictError
from chalicelib.core.events import Visibility
from chalicelib.core.guard import Allow, Hold, Proposal, fit, judge
from chalicelib.core.ids import ConversationKey, MessageId, TicketRef
from chalicelib.core.parcels import Parcel, parcels
from chalicelib.core.reply import Delivery, DeliveryReceipt, DeliveryStatus, OutboundReply, delivery_key
from chalicelib.core.text.clean import CleanReply, clean_reply
from chalicelib.core.text.facets import find_links
from chalicelib.core.ticket import AgentReply
from chalicelib.pipeline.deliver import Moved, Outbound, Refused, Sent, Unknown, deliver
from chalicelib.pipeline.routing import Destination, choose
from chalicelib.pipeline.work import join_conversation, private_conversation
from chalicelib.ports.platform import KnowsPrivateThreads
from chalicelib.ports.runtime import Runtime
from chalicelib.ports.stores import SaveDelivery

STARTED = (DeliveryStatus.BEGUN, DeliveryStatus.SENT, DeliveryStatus.UNKNOWN)
"""What stands on the platform, or may stand there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """What to tell the ticket. ``opened``: the private conversation that came of it."""

    note: str
    sent: bool = False
    parked: bool = False
    repeated: bool = False
    """An earlier attempt had settled it: its note may stand already."""
    opened: Conversation | None = None


def post_reply(
    runtime: Runtime,
    case: Case,
    reply: AgentReply,
    *,
    attempt: str = "",
    pinned: ConversationKey | None = None,
    private_only: bool = False,
) -> Posted:
    """Bring one reply to an end. ``attempt`` sets a /retry apart from the first try; ``pinned``: where its first part
    stands already, though the customer may have written elsewhere since; ``private_only``: it is held wherever anybody
    but the customer could read it. Raises RetryableError."""
    cleaned = clean_reply(text=reply.text, html=reply.html, signature_lines=runtime.policy.signature_lines)
    destination = choose(runtime, case, pinned)
    if private_only and isinstance(destination, Destination):
        destination = _in_private(destination)
    if isinstance(destination, Hold):
        begun = _begun(runtime, case, _key(case, reply, 1, attempt))
        if begun is not None and begun.conversation is not None and pinned is None:
            return post_reply(
                runtime, case, reply, attempt=attempt, pinned=begun.conversation, private_only=private_only
            )
        return _held(runtime, case, reply, attempt, destination)
    proposal = Proposal(
        entry_visibility=reply.visibility,
        text=cleaned.text,
        attachments=reply.attachments,
        account=destination.account,
        title=destination.spec.title,
        capabilities=destination.capabilities,
        conversation=destination.conversation,
        private_reply=destination.private_reply,
        now=runtime.clock.now(),
    )
    verdict = judge(proposal, runtime.policy)
    if isinstance(verdict, Hold):
        parts = fit(proposal, runtime.policy)
        if isinstance(parts, Hold) or _begun(runtime, case, _key(case, reply, 1, attempt)) is None:
            return _held(runtime, case, reply, attempt, verdict)
        # an earlier attempt may have posted some of it before the reason to hold it arose
        return _send_parts(
            runtime, case, reply, attempt, destination, _parcels(reply, destination, parts), cleaned, hold=verdict
        )
    _expect_private(runtime, case, destination)
    return _send_parts(runtime, case, reply, attempt, destination, _parcels(reply, destination, verdict), cleaned)


def _parcels(reply: AgentReply, destination: Destination, allowed: Allow) -> tuple[Parcel, ...]:
    return parcels(allowed.parts, reply.attachments, destination.capabilities, private=destination.is_private)


def _in_private(destination: Destination) -> Destination | Hold:
    if destination.is_private:
        return replace(destination, private_only=True)
    return Hold(code="not_private", reason="it is for the customer alone", advice="Ask for it in private.")


def _begun(runtime: Runtime, case: Case, key: str) -> Delivery | None:
    """The delivery that was sent, or may have been."""
    found = runtime.stores.deliveries.find_delivery(key, case=case.id)
    return found if found is not None and found.status in STARTED else None


def _ticket(case: Case) -> TicketRef:
    if case.ticket is None:
        raise ConflictError("the case has no ticket yet")
    return case.ticket


def _key(case: Case, reply: AgentReply, part: int, attempt: str) -> str:
    key = delivery_key(reply.ticket, reply.key, part)
    return f"{key}|{attempt}" if attempt else key


def _held(runtime: Runtime, case: Case, reply: AgentReply, attempt: str, hold: Hold) -> Posted:
    title = runtime.connectors.platform_spec(case.latest.key.thread.account.platform).title
    fresh = _record_hold(runtime, case, reply, attempt, hold)
    return Posted(note=compose.refused_note(title, hold), repeated=not fresh)


def _record_hold(runtime: Runtime, case: Case, reply: AgentReply, attempt: str, hold: Hold) -> bool:
    """A held reply has a delivery too: it is told once, and /retry finds it. False: it was recorded before, perhaps by
    an attempt that waited and was certainly not sent: that one is refused now."""
    now = runtime.clock.now()
    held = Delivery(
        key=_key(case, reply, 1, attempt),
        case=case.id,
        ticket=_ticket(case),
        reply=reply.key,
        part=1,
        of=1,
        status=DeliveryStatus.REFUSED,
        began_at=now,
        reason=hold.reason,
        advice=hold.advice,
        finished_at=now,
    )
    try:
        runtime.stores.transactions.commit(SaveDelivery(delivery=held, begin=True))
    except ConflictError:
        known = runtime.stores.deliveries.find_delivery(held.key, case=case.id)
        if known is not None and known.status is DeliveryStatus.WAITING:
            refused = replace(held, of=known.of, began_at=known.began_at, conversation=known.conversation)
            runtime.stores.transactions.commit(SaveDelivery(delivery=refused, expected=(DeliveryStatus.WAITING,)))
        return False
    runtime.telemetry.count("deliveries", platform=case.latest.key.thread.account.platform, outcome=f"held_{hold.code}")
    return True


def _send_parts(
    runtime: Runtime,
    case: Case,
    reply: AgentReply,
    attempt: str,
    destination: Destination,
    parts: tuple[Parcel, ...],
    cleaned: CleanReply,
    hold: Hold | None = None,
) -> Posted:
    """``hold``: nothing more may leave; what began is brought to its end."""
    receipts: list[DeliveryReceipt] = []
    repeated = False
    for number, parcel in enumerate(parts, start=1):
        if hold is not None and _begun(runtime, case, _key(case, reply, number, attempt)) is None:
            note = compose.refused_note(destination.spec.title, hold, len(receipts))
            return Posted(note=note, sent=bool(receipts), repeated=True)
        outbound = _outbound(runtime, case, reply, attempt, destination, receipts, number, len(parts), parcel)
        result = deliver(replace(outbound, held=hold))
        repeated = repeated or result.repeated
        elsewhere = _stands_elsewhere(case, destination, result)
        if elsewhere is not None:
            return post_reply(
                runtime, case, reply, attempt=attempt, pinned=elsewhere, private_only=destination.private_only
            )
        if isinstance(result, Sent):
            receipts.append(result.receipt)
        elif isinstance(result, Refused):
            return Posted(
                note=compose.refused_note(destination.spec.title, result.hold, len(receipts)),
                sent=bool(receipts),
                repeated=repeated,
            )
        else:
            link = destination.conversation.permalink
            body = compose.unknown_note(destination.spec.title, link)
            return Posted(note=body, sent=bool(receipts), parked=True, repeated=repeated)
    private = destination.private_reply or destination.conversation.visibility is Visibility.PRIVATE
    return Posted(
        note=compose.posted_note(
            destination.spec.title, receipts, private, cleaned.stripped, _hint(destination, cleaned.text, private)
        ),
        sent=True,
        repeated=repeated,
        opened=_opened(case, receipts),
    )


def _hint(destination: Destination, text: str, private: bool) -> str:
    """About links, where the answer held one in public."""
    hint = destination.capabilities.link_hint
    return hint if hint and not private and find_links(text) else ""


def _stands_elsewhere(
    case: Case, destination: Destination, result: Sent | Refused | Unknown | Moved
) -> ConversationKey | None:
    """The other conversation in which an earlier attempt posted this part, or may have."""
    if isinstance(result, Moved):
        return result.conversation if case.conversation(result.conversation) is not None else None
    if not isinstance(result, Sent) or not result.repeated or result.conversation is None:
        return None
    moved = result.conversation != destination.conversation.key
    return result.conversation if moved and case.conversation(result.conversation) is not None else None


def _outbound(
    runtime: Runtime,
    case: Case,
    reply: AgentReply,
    attempt: str,
    destination: Destination,
    receipts: list[DeliveryReceipt],
    part: int,
    of: int,
    parcel: Parcel,
) -> Outbound:
    conversation = destination.conversation
    answered: MessageId = conversation.last_message
    context = dict(conversation.context)
    if receipts and destination.capabilities.threading is Threading.CHAIN and receipts[-1].messages:
        answered = receipts[-1].messages[-1]
        context.update(receipts[-1].context)
    return Outbound(
        runtime=runtime,
        case=case,
        ticket=_ticket(case),
        account=destination.account,
        spec=destination.spec,
        client=destination.client,
        source=reply.key,
        insists=bool(attempt),
        reply=OutboundReply(
            key=_key(case, reply, part, attempt),
            account=destination.account.key,
            thread=conversation.key.thread,
            in_reply_to=answered,
            recipient=conversation.key.author,
            text=parcel.text,
            visibility=Visibility.PRIVATE if destination.private_reply else conversation.visibility,
            began_at=runtime.clock.now(),
            part=part,
            of=of,
            attachments=parcel.attachments,
            private_reply=destination.private_reply,
            last_customer_message_at=conversation.last_message_at,
            context=context,
        ),
    )


def _expect_private(runtime: Runtime, case: Case, destination: Destination) -> None:
    """Where it is known in which conversation a private reply will stand, the case has it before: the customer may
    answer there before we know that ours was posted."""
    client = destination.client
    if not destination.private_reply or not isinstance(client, KnowsPrivateThreads):
        return
    key = client.private_conversation(destination.conversation.key.author)
    expected = private_conversation(case, key, destination.conversation.last_message)
    try:
        join_conversation(runtime, runtime.stores.cases.get_case(case.id), expected, ())
    except ConflictError:
        runtime.telemetry.log("respond", "conversation_is_elsewhere", case=case.id)


def _opened(case: Case, receipts: list[DeliveryReceipt]) -> Conversation | None:
    """The private conversation that a private reply opened, so that the customer's answer finds this case."""
    receipt = next((item for item in receipts if item.opened is not None), None)
    if receipt is None or receipt.opened is None:
        return None
    return private_conversation(case, receipt.opened, receipt.messages[-1])
