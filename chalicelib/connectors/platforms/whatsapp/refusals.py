"""WhatsApp's refusals to leaves of the error tree, by the table of codes that explains failed messages, too."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from chalicelib.connectors.platforms._meta.usage import usage_of
from chalicelib.connectors.platforms._meta.whatsapp_errors import Failure, Kind, failure_of
from chalicelib.connectors.toolkit.api import Refusal, retry_after
from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.errors import (
    CareloopError,
    CredentialsError,
    NotAnswerableError,
    NotFoundError,
    OutcomeUnknownError,
    PayloadError,
    RateLimitedError,
    RecipientUnreachableError,
    RejectedError,
    ReplyWindowClosedError,
    UnavailableError,
)
from chalicelib.ports.services import Clock, HttpResponse

_GONE = "33"
"""Subcode of 100: the thing does not exist, or is not ours to see."""

_Make = Callable[[Failure, str, float | None], CareloopError]
_LEAVES: Mapping[Kind, _Make] = {
    Kind.WINDOW: lambda it, code, _: ReplyWindowClosedError(code, advice=it.words, remote_code=code),
    Kind.UNREACHABLE: lambda it, code, _: RecipientUnreachableError(code, advice=it.words, remote_code=code),
    Kind.LIMITED: lambda it, code, wait: RateLimitedError(code, retry_after=it.wait or wait),
    Kind.BUSY: lambda it, code, wait: UnavailableError(code, retry_after=wait),
    Kind.REFUSED: lambda it, code, _: NotAnswerableError(code, advice=it.words, remote_code=code),
    Kind.TEMPLATE: lambda it, code, _: NotAnswerableError(code, advice=it.words, remote_code=code),
    Kind.ACCOUNT: lambda it, code, _: CredentialsError(code, advice=it.words, remote_code=code),
    Kind.ACCESS: lambda it, code, _: CredentialsError(code, advice=it.words, remote_code=code),
    Kind.DEAD: lambda it, code, _: CredentialsError(code, advice=it.words, remote_code=code, dead=True),
}


def refusal(clock: Clock, *, sending: bool) -> Refusal:
    """The table as `ApiClient` takes it. ``sending``: for calls that must not be repeated."""

    def refuse(response: HttpResponse, body: Reader | None) -> None:
        try:
            error = body.find("error") if body is not None else None
            code = error.find_id("code") if error is not None else None
            subcode = error.find_id("error_subcode") if error is not None else None
        except PayloadError:
            return
        if code is None or not (code.isdecimal() and len(code) < 12):
            return
        wait = usage_of(response.headers).wait or retry_after(response, clock)
        raise _leaf(int(code), subcode, response.status, wait, sending=sending)

    return refuse


def _leaf(code: int, subcode: str | None, status: int, wait: float | None, *, sending: bool) -> CareloopError:
    name = f"{code}-{subcode}" if subcode else str(code)
    if code == 100 and subcode == _GONE:
        return NotFoundError(name, remote_code=name)
    found = failure_of(code)
    if found is not None and found.kind in _LEAVES:
        return _LEAVES[found.kind](found, name, wait)
    if status == 429:
        return RateLimitedError(name, retry_after=wait)
    if found is not None or status >= 500:
        return OutcomeUnknownError(name) if sending else UnavailableError(name, retry_after=wait)
    return RejectedError(name, remote_code=name)
