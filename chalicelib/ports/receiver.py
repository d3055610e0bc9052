"""The receiving part of a connector: verifies and parses, pure, with verification secrets only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeVar, runtime_checkable

from chalicelib.core.events import HelpdeskHint, Parsed, PlatformEvent
from chalicelib.core.ids import AccountId
from chalicelib.core.webhook import VerifiedWebhook, WebhookRequest, WebhookResponse

EventT = TypeVar("EventT")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiverContext:
    """What a receiver is made of: ``Receiver(context)``. ``secrets``: VERIFY fields by name, each with all current
    values. ``accounts``: the endpoint's accounts, for payloads that do not name theirs."""

    secrets: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)
    accounts: tuple[AccountId, ...] = ()
    options: Mapping[str, str] = field(default_factory=dict)


class WebhookReceiver(Protocol[EventT]):
    """``Receiver(context)``; no I/O anywhere."""

    def verify(self, request: WebhookRequest) -> None:
        """Return when the sender is proved; SignatureError or StaleWebhookError otherwise (time: ``received_at``)."""
        ...

    def parse(self, webhook: VerifiedWebhook) -> Parsed[EventT]:
        """All that the body holds. Entries that can't be read are in ``malformed``; a body that can't be read at all
        raises PayloadError. Never any other exception, whatever the body."""
        ...


@runtime_checkable
class AnswersChallenge(Protocol):
    """Platforms that prove an endpoint by a challenge (Meta's hub.challenge, X's CRC)."""

    def answer_challenge(self, request: WebhookRequest) -> WebhookResponse | None:
        """The answer, or None when the request is no challenge. A wrong verify token: SignatureError."""
        ...


@runtime_checkable
class Acknowledges(Protocol):
    """Platforms that want more than an empty 200 (Matrix: a JSON object)."""

    def acknowledgement(self, request: WebhookRequest) -> WebhookResponse:
        """The answer to an accepted webhook."""
        ...


PlatformReceiver = WebhookReceiver[PlatformEvent]
HelpdeskReceiver = WebhookReceiver[HelpdeskHint]
