"""The tree of errors. The class says what to do; connectors raise leaves; ``pipeline/disposition.py`` alone decides.

=====================  =========================================================================================
branch                 then
=====================  =========================================================================================
ConfigurationError     alarm: someone must change a setting
WebhookError           answer with ``status``; a payload error is archived and parked
RetryableError         try again, after ``retry_after`` seconds when given; in the end park
PermanentError         stop, with a note
NeedsHumanError        park and tell the agent the ``advice``
=====================  =========================================================================================

Anything outside the tree is a bug: retried, counted apart, alarmed. Messages are for logs and operators: they must not
contain tokens, names or message texts.
"""

from __future__ import annotations

from chalicelib.core.ids import TicketRef


class CareloopError(Exception):
    """The root of all errors that Careloop raises on purpose."""

    code: str = "error"


class ConfigurationError(CareloopError):
    """A setting, an account or a secret is missing or contradictory."""

    code = "configuration"


class NotSubscribedError(ConfigurationError):
    """The access is good, but the remote does not tell us what happens there."""


class WebhookError(CareloopError):
    """A webhook request is refused; ``status`` is the HTTP answer."""

    code = "webhook"
    status: int = 400


class UnknownEndpointError(WebhookError):
    """No such connector or endpoint."""

    code = "unknown_endpoint"
    status = 404


class SignatureError(WebhookError):
    """The signature, token or challenge is missing or wrong."""

    code = "signature"
    status = 401


class StaleWebhookError(WebhookError):
    """Rightly signed, but its signed time is outside the allowed window (a replay)."""

    code = "stale"
    status = 401


class TooLargeError(WebhookError):
    """The body is over the limit."""

    code = "too_large"
    status = 413


class PayloadError(WebhookError):
    """A verified body, or one entry of it, can't be read. Archived and parked; the platform is answered 200.

    ``path`` names the place in the body (``entry[0].changes[1].value.comment_id``), ``reason`` what is wrong, without
    the value itself.
    """

    code = "payload"
    status = 200

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


class RetryableError(CareloopError):
    """May work later. ``retry_after``: seconds to wait, where the remote said so."""

    code = "retryable"

    def __init__(self, message: str = "", *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class RateLimitedError(RetryableError):
    """The remote asks us to slow down."""

    code = "rate_limited"


class TicketBusyError(RateLimitedError):
    """This one ticket was written to too often: it takes no more for now, others do. Nothing was written."""

    code = "ticket_busy"


class UnavailableError(RetryableError):
    """The remote is down or unreachable, and the call had no effect or may be repeated."""

    code = "unavailable"


class ConflictError(RetryableError):
    """Somebody else changed or holds what we wanted to change: read again, try again."""

    code = "conflict"


class PermanentError(CareloopError):
    """Repeating can't help. ``remote_code``: the remote's own code for it."""

    code = "permanent"

    def __init__(self, message: str = "", *, remote_code: str | None = None) -> None:
        super().__init__(message)
        self.remote_code = remote_code


class RejectedError(PermanentError):
    """The remote understood and refused (bad parameter, policy, duplicate text)."""

    code = "rejected"


class NotFoundError(PermanentError):
    """The thing is gone, or hidden from us."""

    code = "not_found"


class UnsupportedError(PermanentError):
    """The platform or helpdesk can't do this."""

    code = "unsupported"


class TicketClosedError(PermanentError):
    """The ticket is closed for good (or deleted): open a follow-up."""

    code = "ticket_closed"


class TicketMovedError(PermanentError):
    """The ticket was merged into another; ``survivor`` is where the story goes on."""

    code = "ticket_moved"

    def __init__(self, survivor: TicketRef) -> None:
        super().__init__(f"merged into {survivor}")
        self.survivor = survivor


class NeedsHumanError(CareloopError):
    """A person must act. ``advice`` is one plain sentence for the agent or the operator."""

    code = "needs_human"

    def __init__(self, message: str = "", *, advice: str, remote_code: str | None = None) -> None:
        super().__init__(message or advice)
        self.advice = advice
        self.remote_code = remote_code


class CredentialsError(NeedsHumanError):
    """A token is dead or lacks a permission. ``dead``: whatever is called with it, it will be refused."""

    code = "credentials"

    def __init__(self, message: str = "", *, advice: str, remote_code: str | None = None, dead: bool = False) -> None:
        super().__init__(message, advice=advice, remote_code=remote_code)
        self.dead = dead


class ReplyWindowClosedError(NeedsHumanError):
    """The platform no longer accepts an answer to this message."""

    code = "reply_window_closed"


class RecipientUnreachableError(NeedsHumanError):
    """The customer blocked us, left, or does not accept messages."""

    code = "recipient_unreachable"


class NotAnswerableError(NeedsHumanError):
    """The platform's rules or thread settings forbid an answer by API; it may be possible natively."""

    code = "not_answerable"


class OutcomeUnknownError(NeedsHumanError):
    """A call that must not be repeated may or may not have taken effect."""

    code = "outcome_unknown"

    def __init__(self, message: str = "", *, advice: str = "Look at the thread before you send it again.") -> None:
        super().__init__(message, advice=advice)
