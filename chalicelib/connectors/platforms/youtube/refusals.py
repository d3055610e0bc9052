"""The Data API's errors to leaves of the error tree, by ``error.errors[0].reason``."""

from __future__ import annotations

from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.errors import (
    CredentialsError,
    NotAnswerableError,
    NotFoundError,
    OutcomeUnknownError,
    PayloadError,
    RateLimitedError,
    RejectedError,
)
from chalicelib.ports.services import HttpResponse

_MINUTE, _HOUR = 60.0, 3600.0
_WAITS = {
    # Until midnight Pacific; asking costs units too.
    "quotaExceeded": _HOUR,
    "dailyLimitExceeded": _HOUR,
    "rateLimitExceeded": _MINUTE,
    "userRateLimitExceeded": _MINUTE,
}
_GONE = frozenset(
    ["commentNotFound", "commentThreadNotFound", "parentCommentNotFound", "channelNotFound", "videoNotFound"]
)
_ACCESS = frozenset({"accessNotConfigured", "insufficientPermissions", "forbidden", "ineligibleAccount"})
_REJECTED = frozenset({"commentTextRequired", "commentTextTooLong", "invalidCommentMetadata", "processingFailure"})
_NO_ANSWER = {
    "commentsDisabled": "Comments are switched off under this video.",
    "operationNotSupported": "YouTube takes no answers to this comment.",
    "parentCommentIsPrivate": "The comment is not public any more.",
}
ADVICE = "Let the channel's owner consent to the app again, and look at the app's id, secret and scope."


def refusal(response: HttpResponse, body: Reader | None) -> None:
    """The table for `ApiClient`; the rest is left to the general rules."""
    for reason in _refused_for(response, body):
        if reason in _WAITS:
            raise RateLimitedError(reason, retry_after=_WAITS[reason])
        if reason in _GONE:
            raise NotFoundError(reason, remote_code=reason)
        if reason in _ACCESS:
            raise CredentialsError(reason, advice=ADVICE, remote_code=reason)
        if reason in _REJECTED or reason in _NO_ANSWER:
            raise RejectedError(reason, remote_code=reason)


def refusal_of_writing(response: HttpResponse, body: Reader | None) -> None:
    """The same for what changes something."""
    for reason in _refused_for(response, body):
        if reason in _NO_ANSWER:
            raise NotAnswerableError(reason, advice=_NO_ANSWER[reason], remote_code=reason)
        if reason == "processingFailure":
            # transient, or bad input: the API does not say (ThioJoe/YT-Spammer-Purge#16, #85)
            raise OutcomeUnknownError(reason)
    refusal(response, body)


def _refused_for(response: HttpResponse, body: Reader | None) -> tuple[str, ...]:
    return _reasons(body) if response.status >= 400 and body is not None else ()


def _reasons(body: Reader) -> tuple[str, ...]:
    try:
        listed = [*body.items("error", "errors"), *body.items("error", "details")]
        return tuple(reason for item in listed if (reason := item.find_text("reason")))
    except PayloadError:
        return ()
