"""What X's refusals mean: a table from X's own words, problem types and old codes to the leaves of the error tree.

Source: docs.x.com/x-api/fundamentals/response-codes-and-errors and error texts in public repositories, 2026-08-22.
X's words never go into an error: they may repeat names and texts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from chalicelib.connectors.toolkit.api import Refusal, reset_after, retry_after
from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.errors import (
    CareloopError,
    ConfigurationError,
    CredentialsError,
    NotAnswerableError,
    NotFoundError,
    OutcomeUnknownError,
    RateLimitedError,
    RecipientUnreachableError,
    RejectedError,
)
from chalicelib.ports.services import Clock, HttpResponse

QUIET_AFTER_LIMIT = 900.0
"""Seconds without sending after X limited the sender; X does not say how long. One window of its rate limits."""
LONGEST_WAIT = 86400.0

BUDGET_ADVICE = "The credit or cap of the X app is used up: raise it in X's developer console, then release this."
ACCESS_ADVICE = (
    "The X app lacks access to this: check its plan, its permissions and the account in X's developer console."
)
NATIVE_ADVICE = "X lets us answer by API only who mentions us or quotes us in the post itself. Answer it in the X app."


class DuplicateTextError(OutcomeUnknownError):
    """X has this text already: our own earlier attempt, or the same words elsewhere. Never leaves the connector."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A refusal, as far as it can be read. ``kind``: the last part of the problem type."""

    status: int
    detail: str
    kind: str
    codes: frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One known refusal, recognised by any of: words of X, an old code, a problem type."""

    code: str
    make: Callable[[str], CareloopError]
    words: str = ""
    codes: frozenset[int] = frozenset()
    kinds: frozenset[str] = frozenset()

    def fits(self, problem: Problem) -> bool:
        """Whether `problem` is this one."""
        in_words = bool(self.words) and self.words in problem.detail
        return in_words or bool(self.codes & problem.codes) or problem.kind in self.kinds


def _not_summoned(code: str) -> CareloopError:
    return NotAnswerableError("not mentioned by the author", advice=NATIVE_ADVICE, remote_code=code)


def _restricted(code: str) -> CareloopError:
    advice = "The author restricted who may answer. Answer in the X app, or in private."
    return NotAnswerableError("answers are restricted", advice=advice, remote_code=code)


def _duplicate(code: str) -> CareloopError:
    advice = "X says that this text was posted already. Look at the thread; if it is not there, change the wording."
    return DuplicateTextError(code, advice=advice)


def _gone(code: str) -> CareloopError:
    return NotFoundError("deleted, or not visible to us", remote_code=code)


def _closed(code: str) -> CareloopError:
    advice = "This person does not accept private messages from us. Answer in public, or reach them another way."
    return RecipientUnreachableError("no private messages", advice=advice, remote_code=code)


def _limited(code: str) -> CareloopError:
    return RateLimitedError("X limits this sender", retry_after=QUIET_AFTER_LIMIT)


def _permissions(code: str) -> CareloopError:
    return ConfigurationError("the X app needs the permission to read, write and send direct messages")


def _no_access(code: str) -> CareloopError:
    return CredentialsError(code, advice=ACCESS_ADVICE, remote_code=code)


def _locked(code: str) -> CareloopError:
    advice = "X has locked or suspended the account: log in on x.com and follow what it asks."
    return CredentialsError(code, advice=advice, remote_code=code, dead=True)


def _bad_token(code: str) -> CareloopError:
    advice = "X does not accept the stored access: authorise the account again and store the new tokens."
    return CredentialsError(code, advice=advice, remote_code=code, dead=True)


def _rejected(code: str) -> CareloopError:
    return RejectedError(code, remote_code=code)


ROWS = (
    Row(code="not-summoned", make=_not_summoned, words="not been mentioned or otherwise engaged by the author"),
    Row(code="replies-restricted", make=_restricted, codes=frozenset({433})),
    Row(code="duplicate", make=_duplicate, words="duplicate content", codes=frozenset({187})),
    Row(code="parent-gone", make=_gone, words="deleted or not visible to you", codes=frozenset({385})),
    Row(code="dm-refused", make=_closed, words="do not have permission to dm", codes=frozenset({349, 150})),
    Row(code="sender-limited", make=_limited, words="this operation is not permitted"),
    Row(code="app-permissions", make=_permissions, words="not configured with the appropriate oauth1 app permissions"),
    Row(code="text-too-long", make=_rejected, words="text is too long", codes=frozenset({186, 354})),
    Row(code="account-locked", make=_locked, words="account is suspended", codes=frozenset({326, 64})),
    Row(code="client-forbidden", make=_no_access, codes=frozenset({453}), kinds=frozenset({"client-forbidden"})),
    Row(code="bad-token", make=_bad_token, codes=frozenset({32, 89})),
    Row(
        code="not-visible",
        make=_gone,
        kinds=frozenset({"resource-not-found", "resource-unavailable", "not-authorized-for-resource"}),
    ),
    Row(code="invalid-request", make=_rejected, kinds=frozenset({"invalid-request", "disallowed-resource"})),
)


def refusal_table(clock: Clock) -> Refusal:
    """The table as the API client asks it: raises the leaf of what it recognises."""

    def refuse(response: HttpResponse, body: Reader | None) -> None:
        if response.status < 400:
            return
        problem = read_problem(response.status, body)
        # A server's failure is not a refusal, whatever its words: it may have taken effect.
        if response.status < 500:
            _refuse(problem, response, clock)

    return refuse


def _refuse(problem: Problem, response: HttpResponse, clock: Clock) -> None:
    if problem.kind == "usage-capped" or problem.status == 402:
        raise CredentialsError("usage-capped", advice=BUDGET_ADVICE, remote_code="usage-capped")
    if problem.status == 429 or 88 in problem.codes:
        raise RateLimitedError(f"HTTP {problem.status}", retry_after=_wait(response, clock))
    for row in ROWS:
        if row.fits(problem):
            raise row.make(row.code)
    if problem.status == 401:
        raise _bad_token("401")
    if problem.status == 403:
        raise _no_access("403")


def read_problem(status: int, body: Reader | None) -> Problem:
    """Whatever JSON the refusal has. Raises nothing."""
    value = body.value if body is not None else None
    items = [item for item in _objects(value) if isinstance(item, dict)]
    words = [item[name] for item in items for name in ("detail", "message") if isinstance(item.get(name), str)]
    kinds = [item["type"] for item in items if isinstance(item.get("type"), str)]
    codes = [item["code"] for item in items if isinstance(item.get("code"), int)]
    return Problem(
        status=status,
        detail=" ".join(words)[:4000].casefold(),
        kind=next((kind.rpartition("/")[2] for kind in kinds if kind != "about:blank"), ""),
        codes=frozenset(codes),
    )


def _objects(value: Any) -> Iterator[Any]:
    """The problem itself, and those in its ``errors``."""
    yield value
    errors = value.get("errors") if isinstance(value, dict) else None
    yield from errors[:20] if isinstance(errors, list) else ()


def _wait(response: HttpResponse, clock: Clock) -> float | None:
    """Seconds until the window that is used up begins anew: a day's where the day is used up, else the usual one."""
    headers = response.headers
    for scope in ("x-user-limit-24hour", "x-app-limit-24hour"):
        if headers.get(f"{scope}-remaining") == "0":
            waiting = reset_after(headers.get(f"{scope}-reset"), clock.now())
            if waiting:
                return min(waiting, LONGEST_WAIT)
    waiting = reset_after(headers.get("x-rate-limit-reset"), clock.now())
    return min(waiting, LONGEST_WAIT) if waiting is not None else retry_after(response, clock)
