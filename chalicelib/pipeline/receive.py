"""The public function's work: verify, parse, make durable, answer. No call out, nothing unverified is parsed.

200 means durable: every readable event is in a queue, every unreadable part archived and on its way to the parking lot.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from chalicelib.core.account import ConnectionKind
from chalicelib.core.codec import to_json
from chalicelib.core.errors import PayloadError, TooLargeError, UnknownEndpointError
from chalicelib.core.events import (
    Envelope,
    HelpdeskHint,
    Malformed,
    Parsed,
    PlatformEvent,
    correlation_of,
    event_key,
    order_group,
)
from chalicelib.core.ids import digest
from chalicelib.core.webhook import VerifiedWebhook, WebhookRequest, WebhookResponse
from chalicelib.pipeline.rotation import note_proofs
from chalicelib.ports.receiver import Acknowledges, AnswersChallenge
from chalicelib.ports.services import QueueMessage

if TYPE_CHECKING:
    from datetime import datetime

    from chalicelib.core.account import Endpoint
    from chalicelib.ports.runtime import Reception

MAX_BODY = 4 * 1024 * 1024
"""Bytes. Lambda's limit for a request is 6 MB with base64 in it; no platform's batch comes near 4 MiB."""

MAX_MESSAGE = 200 * 1024
"""Bytes of one queue message; a longer envelope can only be a payload made to annoy, and is parked."""

TOO_LARGE = "(event)"
"""In place of a path, for an event that no queue takes."""

MAX_VALUES = 60_000
"""JSON values of one body, about, by its commas. Meta's largest batch, 1,000 updates, has half of that; what has more
is archived and parked unread, because reading it might take longer than the sender waits."""

MAX_EVENTS = 2_000
"""Events of one body that are put into the queue while the sender waits: ten to a call."""

MOST_PARKED = 100
"""Parts of one body that are parked singly; the rest is one item. The payload is kept whole in any case."""

KEPT_HEADERS = ("content-type", "user-agent")
_ACCEPTED = WebhookResponse(status=200, body="", content_type="text/plain")


def receive(
    runtime: Reception, kind: ConnectionKind, connector: str, name: str, request: WebhookRequest
) -> WebhookResponse:
    """Deal with one webhook request. Raises WebhookError leaves to be answered with their status, and RetryableError
    when it could not be made durable (503: the sender repeats)."""
    if len(request.body) > MAX_BODY:
        raise TooLargeError(f"body over {MAX_BODY} bytes")
    endpoint = runtime.stores.directory.find_endpoint(kind, connector, name)
    if endpoint is None:
        raise UnknownEndpointError("no such endpoint")
    receiver = runtime.connectors.receiver(kind, endpoint)
    if _is_able(receiver.__class__, AnswersChallenge):
        challenge: WebhookResponse | None = receiver.answer_challenge(request)
        if challenge is not None:
            note_proofs(runtime, kind, endpoint, request)
            return challenge
    receiver.verify(request)
    verified = VerifiedWebhook(request=request)
    archived_at: str | None = None
    try:
        parsed = _bounded(receiver, verified)
    except PayloadError as error:
        parsed = Parsed(malformed=(Malformed(path=error.path or "(body)", reason=error.reason),))
    if parsed.malformed or (parsed.events and kind is ConnectionKind.PLATFORM):
        archived_at = _archive(runtime, endpoint, request)
    _enqueue(runtime, endpoint, parsed, request.received_at, archived_at)
    _report(runtime, endpoint, parsed)
    note_proofs(runtime, kind, endpoint, request)
    if not _is_able(receiver.__class__, Acknowledges):
        return _ACCEPTED
    acknowledged: WebhookResponse = receiver.acknowledgement(request)
    return acknowledged


def _bounded(receiver: Any, verified: VerifiedWebhook) -> Parsed[Any]:
    """Parse, unless that could take long. Raises PayloadError."""
    if verified.request.body.count(b",") > MAX_VALUES:
        raise PayloadError("(body)", f"more than {MAX_VALUES} values")
    parsed: Parsed[Any] = receiver.parse(verified)
    if len(parsed.events) > MAX_EVENTS:
        raise PayloadError("(body)", f"more than {MAX_EVENTS} events")
    return parsed


@cache
def _is_able(kind: type, ability: type) -> bool:
    """Whether receivers of `kind` have `ability`. Asking a protocol takes longer than verifying a signature."""
    return issubclass(kind, ability)


def open_payload(request: WebhookRequest) -> VerifiedWebhook:
    """For payloads that an operator holds in files or that the archive kept: their sender is not in question."""
    return VerifiedWebhook(request=request)


def envelope_messages(
    parsed: Parsed[PlatformEvent], received_at: datetime, archived_at: str | None, salt: str = ""
) -> list[QueueMessage]:
    """Queue messages for platform events, in order. ``salt`` sets a replay apart from the first sending."""
    messages = []
    for event in parsed.events:
        key = event_key(event)
        envelope = Envelope(
            key=key,
            event=event,
            received_at=received_at,
            archived_at=archived_at,
            correlation=correlation_of(key),
        )
        messages.append(QueueMessage(body=to_json(envelope), group=order_group(event), dedup=f"{key}{salt}"))
    return messages


def hint_message(helpdesk: str, hint: HelpdeskHint, received_at: datetime, salt: str) -> QueueMessage:
    """A queue message for one hint. Two hints about one ticket are never taken for one."""
    from chalicelib.core.jobs import HintEnvelope  # most webhooks are of platforms

    envelope = HintEnvelope(
        helpdesk=helpdesk,
        hint=hint,
        received_at=received_at,
        correlation=digest(helpdesk, hint.ticket, salt, length=12),
    )
    return QueueMessage(
        body=to_json(envelope),
        group=f"{helpdesk}:{hint.ticket}",
        dedup=digest(helpdesk, hint.ticket, hint.reason, salt, received_at.isoformat(), length=40),
    )


def helpdesk_of(endpoint: Endpoint) -> str:
    """The helpdesk connection that an endpoint serves: its one account, else its own name."""
    return endpoint.accounts[0] if endpoint.accounts else endpoint.name


def _archive(runtime: Reception, endpoint: Endpoint, request: WebhookRequest) -> str:
    headers = {name: request.headers[name] for name in KEPT_HEADERS if name in request.headers}
    headers["x-careloop-path-suffix"] = request.path_suffix
    return runtime.archive.keep(
        source=f"{endpoint.kind}/{endpoint.connector}/{endpoint.name}",
        body=request.body,
        received_at=request.received_at,
        headers=headers,
    )


def _enqueue(
    runtime: Reception,
    endpoint: Endpoint,
    parsed: Parsed[PlatformEvent] | Parsed[HelpdeskHint],
    received_at: datetime,
    archived_at: str | None,
) -> None:
    malformed = list(parsed.malformed)
    if endpoint.kind is ConnectionKind.HELPDESK:
        salt = digest(*(str(item) for item in parsed.events), length=12)
        hints = [event for event in parsed.events if isinstance(event, HelpdeskHint)]
        messages = [hint_message(helpdesk_of(endpoint), hint, received_at, salt) for hint in hints]
        queue = runtime.queues.outbound
    else:
        events = tuple(event for event in parsed.events if not isinstance(event, HelpdeskHint))
        messages = envelope_messages(Parsed(events=events), received_at, archived_at)
        queue = runtime.queues.inbound
    small = [message for message in messages if len(message.body.encode("utf-8")) <= MAX_MESSAGE]
    malformed += [Malformed(path=TOO_LARGE, reason="larger than a queue message")] * (len(messages) - len(small))
    if small:
        queue.send(small)
    if malformed:
        told = malformed[:MOST_PARKED]
        if len(malformed) > MOST_PARKED:
            told.append(Malformed(path="(body)", reason=f"{len(malformed) - MOST_PARKED} more parts can't be read"))
        runtime.queues.jobs.send(
            [_park_message(endpoint, item, index, received_at, archived_at) for index, item in enumerate(told)]
        )


def _park_message(
    endpoint: Endpoint, malformed: Malformed, index: int, received_at: datetime, archived_at: str | None
) -> QueueMessage:
    from chalicelib.core.disposition import ParkedItem, ParkReason  # seldom
    from chalicelib.core.jobs import JobEnvelope, ParkPayload

    source = f"{endpoint.kind}/{endpoint.connector}/{endpoint.name}"
    item = ParkedItem(
        id="p-" + digest(source, archived_at or "", str(index), malformed.path, length=16),
        reason=ParkReason.MALFORMED,
        code="payload",
        advice=f"{malformed.reason}. The raw payload is kept. When the reader has been mended: "
        f"careloop replay --endpoint {source} --since {received_at:%Y-%m-%d}",
        parked_at=received_at,
        account=source,
        archived_at=archived_at,
        path=malformed.path,
    )
    body = to_json(JobEnvelope(job=ParkPayload(item=item), made_at=received_at))
    return QueueMessage(body=body, group=f"park|{source}", dedup=item.id)


def _report(runtime: Reception, endpoint: Endpoint, parsed: Parsed[PlatformEvent] | Parsed[HelpdeskHint]) -> None:
    telemetry = runtime.telemetry
    first = parsed.events[0] if parsed.events else None
    if first is not None and not isinstance(first, HelpdeskHint):
        telemetry.follow(correlation_of(event_key(first)))
    telemetry.log(
        "receive",
        "accepted",
        connector=endpoint.connector,
        endpoint=endpoint.name,
        events=len(parsed.events),
        malformed=len(parsed.malformed),
        ignored=sum(parsed.ignored.values()),
    )
    if parsed.ignored:  # the kinds themselves are a stranger's words: no dimension
        telemetry.count("ignored", sum(parsed.ignored.values()), connector=endpoint.connector)
    if parsed.malformed:
        telemetry.count("malformed", len(parsed.malformed), connector=endpoint.connector)
