"""Errors to HTTP answers. What a stranger sends never makes a 500; an answer never tells more than the code."""

from __future__ import annotations

import json

from chalicelib.core.errors import CareloopError, WebhookError
from chalicelib.core.webhook import WebhookResponse


def refusal(error: Exception) -> WebhookResponse:
    """The answer to a failed webhook: its own status for a WebhookError; 503 for everything else, so that the sender
    repeats what we could not make durable."""
    if isinstance(error, WebhookError):
        return _answer(error.status, error.code)
    return _answer(503, error.code if isinstance(error, CareloopError) else "internal")


def _answer(status: int, code: str) -> WebhookResponse:
    return WebhookResponse(status=status, body=json.dumps({"error": code}))
