"""A webhook as it came, and as it is after verification."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookRequest:
    """One HTTP request from a platform or helpdesk. ``headers`` have lower-case names; ``body`` is byte-exact."""

    method: str
    url: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes
    received_at: datetime
    path_suffix: str = ""
    """What follows the endpoint in the path (Matrix appends ``/_matrix/app/v1/transactions/7``)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedWebhook:
    """A request whose sender is proved. Only ``pipeline/receive.py`` makes one, and `parse` takes nothing else."""

    request: WebhookRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookResponse:
    """What the sender is answered: a challenge's answer, an acknowledgement, a refusal."""

    status: int
    body: str = ""
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
