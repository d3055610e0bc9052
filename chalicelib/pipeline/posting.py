"""One public reply of an agent -> cleaned, routed, guarded, fitted, delivered part by part -> a note for the ticket."""

from __future__ import annotations

from dataclasses import dataclass, replace

from chalicelib.core import compose
from chalicelib.core.account import Account
from chalicelib.core.capabilities import Threading
from chalicelib.core.case import Case, Conversation, Route
from chalicelib.core.errors import ConflictError
from chalicelib.core.events import Surface, Visibility
from chalicelib.core.guard import Hold, Proposal, judge
from chalicelib.core.ids import AuthorKey, MessageId, TicketRef
from chalicelib.core.people import Author
from chalicelib.core.reply import Delivery, DeliveryReceipt, DeliveryStatus, OutboundReply, delivery_key
from chalicelib.core.text.clean import CleanReply, clean_reply
from chalicelib.core.ticket import AgentReply
from chalicelib.pipeline.deliver import Outbound, Refused, Sent, deliver
from chalicelib.ports.platform import PlatformClient
from chalicelib.ports.runtime import Runtime
from chalicelib.ports.spec import Level, PlatformSpec
from chalicelib.ports.stores import SaveDelivery


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """What to tell the ticket. ``opened``: the private conversation that came of it."""

    note: str
    sent: bool = False
    parked: bool = False
    repeated: bool = False
    """An earlier attempt had settled it: its note may stand already."""
    opened: Conversation | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """Where a reply goes."""

    conversation: Conversation
    account: Account
    spec: PlatformSpec
    private_reply: bool


def post_reply(runtime: Runtime, case: Case, reply: AgentReply, *, attempt: str = "") -> Posted:
    """Bring one reply to an end. ``attempt`` sets a /retry apart from the first try. Raises RetryableError."""
    cleaned = clean_reply(text=reply.text, html=reply.html, signature_lines=runtime.policy.signature_lines)
    destination = choose(runtime, case)
    proposal = Proposal(
        entry_visibility=reply.visibility,
        text=cleaned.text,
        attachments=reply.attachments,
        account=destination.account,
        title=destination.spec.title,
        capabilities=destination.spec.capabilities,
        conversation=destination.conversation,
        private_reply=destination.private_reply,
        now=runtime.clock.now(),
    )
    verdict = judge(proposal, runtime.policy)
    if isinstance(verdict, Hold):
        fresh = _record_hold(runtime, case, reply, attempt, verdict)
        return Posted(note=compose.refused_note(destination.spec.title, verdict), repeated=not fresh)
    return _send_parts(runtime, case, reply, attempt, destination, verdict.parts, cleaned)


def choose(runtime: Runtime, case: Case) -> Destination:
    """The conversation of the customer's latest message; by /public the latest public one; by /private the latest
    private one, else a private answer to the latest public message where the platform has that."""
    conversation = case.latest
    public = [item for item in case.conversations if item.visibility is Visibility.PUBLIC]
    if case.route is Route.PUBLIC and public:
        conversation = max(public, key=lambda item: item.last_message_at)
    private = [item for item in case.conversations if item.visibility is Visibility.PRIVATE]
    private_reply = False
    if case.route is Route.PRIVATE and conversation.visibility is not Visibility.PRIVATE:
        if private:
            conversation = max(private, key=lambda item: item.last_message_at)
        else:
            private_reply = True
    account = runtime.stores.directory.get_account(conversation.key.thread.account)
    spec = runtime.connectors.platform_spec(account.key.platform)
    private_reply = private_reply and spec.capabilities.private_reply
    if spec.level < Level.REPLIES:
        conversation, private_reply = replace(conversation, answerable=False), False
    return Destination(conversation=conversation, account=account, spec=spec, private_reply=private_reply)


def _ticket(case: Case) -> TicketRef:
    if case.ticket is None:
        raise ConflictError("the case has no ticket yet")
    return case.ticket


def _key(case: Case, reply: AgentReply, part: int, attempt: str) -> str:
    key = delivery_key(reply.ticket, reply.key, part)
    return f"{key}|{attempt}" if attempt else key


def _record_hold(runtime: Runtime, case: Case, reply: AgentReply, attempt: str, hold: Hold) -> bool:
    """A held reply has a delivery too: it is told once, and /retry finds it. False: it was recorded before."""
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
        return False
    runtime.telemetry.count("deliveries", platform=case.latest.key.thread.account.platform, outcome=f"held_{hold.code}")
    return True


def _send_parts(
    runtime: Runtime,
    case: Case,
    reply: AgentReply,
    attempt: str,
    destination: Destination,
    parts: tuple[str, ...],
    cleaned: CleanReply,
) -> Posted:
    client = runtime.connectors.platform(destination.account)
    receipts: list[DeliveryReceipt] = []
    repeated = False
    for number, text in enumerate(parts, start=1):
        outbound = _outbound(runtime, case, reply, attempt, destination, client, receipts, number, len(parts), text)
        result = deliver(outbound)
        repeated = repeated or result.repeated
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
        note=compose.posted_note(destination.spec.title, receipts, private, cleaned.stripped),
        sent=True,
        repeated=repeated,
        opened=_opened(destination, receipts),
    )


def _outbound(
    runtime: Runtime,
    case: Case,
    reply: AgentReply,
    attempt: str,
    destination: Destination,
    client: PlatformClient,
    receipts: list[DeliveryReceipt],
    part: int,
    of: int,
    text: str,
) -> Outbound:
    conversation = destination.conversation
    answered: MessageId = conversation.last_message
    context = dict(conversation.context)
    if receipts and destination.spec.capabilities.threading is Threading.CHAIN and receipts[-1].messages:
        answered = receipts[-1].messages[-1]
        context.update(receipts[-1].context)
    return Outbound(
        runtime=runtime,
        case=case,
        ticket=_ticket(case),
        account=destination.account,
        spec=destination.spec,
        client=client,
        source=reply.key,
        reply=OutboundReply(
            key=_key(case, reply, part, attempt),
            account=destination.account.key,
            thread=conversation.key.thread,
            in_reply_to=answered,
            recipient=conversation.key.author,
            text=text,
            visibility=Visibility.PRIVATE if destination.private_reply else conversation.visibility,
            began_at=runtime.clock.now(),
            part=part,
            of=of,
            attachments=reply.attachments if part == 1 else (),
            private_reply=destination.private_reply,
            last_customer_message_at=conversation.last_message_at,
            context=context,
        ),
    )


def _opened(destination: Destination, receipts: list[DeliveryReceipt]) -> Conversation | None:
    """The private conversation that a private reply opened, so that the customer's answer finds this case."""
    receipt = next((item for item in receipts if item.opened is not None), None)
    if receipt is None or receipt.opened is None:
        return None
    before = destination.conversation
    author = Author(
        key=AuthorKey(platform=receipt.opened.thread.account.platform, author=receipt.opened.author),
        handle=before.author.handle,
        display_name=before.author.display_name,
    )
    return Conversation(
        key=receipt.opened,
        author=author,
        visibility=Visibility.PRIVATE,
        surface=Surface.DM,
        last_message=receipt.messages[-1],
        last_message_at=before.last_message_at,
    )
