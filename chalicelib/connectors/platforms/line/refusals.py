"""The Messaging API's errors to leaves of the error tree: ``{"message": "...", "details": [...]}``, without codes."""

from __future__ import annotations

from collections.abc import Callable

from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.errors import CareloopError, NotAnswerableError, PayloadError, RecipientUnreachableError
from chalicelib.ports.services import HttpResponse


def _unreachable(code: str) -> CareloopError:
    advice = "LINE could not send the message: the customer may have removed or blocked the account."
    return RecipientUnreachableError(code, advice=advice, remote_code=code)


def _quota(code: str) -> CareloopError:
    advice = "The channel's messages for this month are used up: change the plan, or wait for the next month."
    return NotAnswerableError(code, advice=advice, remote_code=code)


def _plan(code: str) -> CareloopError:
    advice = "The channel's plan or rights do not allow sending: look in LINE's console."
    return NotAnswerableError(code, advice=advice, remote_code=code)


_TABLE: tuple[tuple[int, str, Callable[[str], CareloopError]], ...] = (
    (400, "failed to send messages", _unreachable),
    (429, "you have reached your monthly limit", _quota),
    (403, "", _plan),
)


def refuse(response: HttpResponse, body: Reader | None) -> None:
    """The table for `ApiClient`; the rest is left to the general rules."""
    if response.status < 400 or body is None:
        return
    try:
        message = (body.find_text("message") or "").lower()
    except PayloadError:
        return
    for status, words, make in _TABLE:
        if status == response.status and words in message:
            raise make(words or f"HTTP {status}")
