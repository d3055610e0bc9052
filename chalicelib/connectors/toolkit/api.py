"""An HTTP client for vendors' APIs: JSON in, JSON out, statuses to leaves of the error tree by table."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, NoReturn
from urllib.parse import quote, urlencode, urlsplit

from chalicelib.connectors.toolkit.payload import Reader, read_json
from chalicelib.core.errors import (
    ConfigurationError,
    CredentialsError,
    NotFoundError,
    OutcomeUnknownError,
    PayloadError,
    RateLimitedError,
    RejectedError,
    UnavailableError,
)
from chalicelib.ports.services import Clock, Http, HttpRequest, HttpResponse


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiAnswer:
    """A 2xx answer, or another status that the caller said it expects."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Reader:
        """The body as JSON. Raises PayloadError."""
        return read_json(self.body)


Refusal = Callable[[HttpResponse, Reader | None], None]
"""A connector's own table: raises a leaf for what it recognises, returns to leave it to the general rules."""


class ApiClient:
    """Calls below one base URL.

    When the outcome of a request is unknown (time-out after sending, unreadable 2xx, 5xx), an ``idempotent`` one is
    an UnavailableError, any other an OutcomeUnknownError.
    """

    def __init__(
        self,
        http: Http,
        clock: Clock,
        base_url: str,
        *,
        headers: Mapping[str, str] | None = None,
        refusal: Refusal | None = None,
        timeout: float = 10.0,
    ) -> None:
        parts = urlsplit(base_url)
        if parts.scheme not in ("https", "http") or not parts.hostname or parts.username or "@" in parts.netloc:
            raise ConfigurationError("base_url must be an http(s) address without credentials")
        self._http = http
        self._clock = clock
        self._base = base_url.rstrip("/")
        self._headers = dict(headers or {})
        self._refusal = refusal
        self._timeout = timeout

    def get(
        self,
        path: str,
        params: Mapping[str, Any] | None = None,
        *,
        expect: tuple[int, ...] = (),
        most_bytes: int | None = None,
    ) -> ApiAnswer:
        """GET; always idempotent. ``most_bytes``: of the answer (UnsupportedError: larger), for files."""
        return self.call("GET", path, params=params, idempotent=True, expect=expect, most_bytes=most_bytes)

    def post(
        self, path: str, data: Any = None, *, idempotent: bool = False, headers: Mapping[str, str] | None = None
    ) -> ApiAnswer:
        """POST `data` as JSON."""
        return self.call("POST", path, data=data, idempotent=idempotent, headers=headers)

    def call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        data: Any = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        idempotent: bool = False,
        expect: tuple[int, ...] = (),
        most_bytes: int | None = None,
    ) -> ApiAnswer:
        """One call. ``path`` is appended to the base URL; ids in it must be quoted with `segment`. Statuses in `expect`
        are returned, all other refusals raise a leaf."""
        query = _query(params)
        sent = {"accept": "application/json", **self._headers, **{k.lower(): v for k, v in (headers or {}).items()}}
        if data is not None:
            body = json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
            sent.setdefault("content-type", "application/json")
        request = HttpRequest(
            method=method,
            url=f"{self._base}{path}{'?' + query if query else ''}",
            headers=sent,
            body=body,
            timeout=self._timeout,
            idempotent=idempotent,
            most_bytes=most_bytes,
        )
        response = self._http.send(request)
        if not (200 <= response.status < 300 or response.status in expect):
            self._refuse(response, idempotent=idempotent)
        if response.status not in expect:
            self._refuse_disguised(response)
        return ApiAnswer(status=response.status, headers=response.headers, body=response.body)

    def _refuse_disguised(self, response: HttpResponse) -> None:
        """Some APIs answer 200 with an error inside: the connector's table looks at 2xx too."""
        if self._refusal and b'"error' in response.body[:2048]:
            self._refusal(response, _readable(response))

    def _refuse(self, response: HttpResponse, *, idempotent: bool) -> NoReturn:
        if self._refusal:
            self._refusal(response, _readable(response))
        raise_for_status(response, clock=self._clock, idempotent=idempotent)


def raise_for_status(response: HttpResponse, *, clock: Clock, idempotent: bool) -> NoReturn:
    """The general rules, after a connector's own table had its say."""
    status = response.status
    code = str(status)
    if status in (401, 403):
        advice = "The access was refused: renew the connection's credentials."
        raise CredentialsError(f"HTTP {code}", advice=advice, remote_code=code, dead=status == 401)
    if status in (404, 410):
        raise NotFoundError(f"HTTP {code}", remote_code=code)
    if status == 429:
        raise RateLimitedError(f"HTTP {code}", retry_after=retry_after(response, clock))
    if status == 503 or (status >= 500 and idempotent) or status in (408, 425):
        raise UnavailableError(f"HTTP {code}", retry_after=retry_after(response, clock))
    if status >= 500:
        raise OutcomeUnknownError(f"HTTP {code}")
    raise RejectedError(f"HTTP {code}", remote_code=code)


def retry_after(response: HttpResponse, clock: Clock) -> float | None:
    """Seconds to wait by the Retry-After header (a number or an HTTP date), at most a day."""
    value = response.headers.get("retry-after", "").strip()
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            when = parsedate_to_datetime(value)
        except (TypeError, ValueError):
            return None
        when = when if when.tzinfo else when.replace(tzinfo=UTC)
        seconds = (when - clock.now()).total_seconds()
    return min(max(seconds, 0.0), 86400.0) if seconds == seconds else None


def reset_after(value: str | None, now: datetime) -> float | None:
    """Seconds until a unix time in a header such as ``x-rate-limit-reset``."""
    try:
        return max(0.0, float(value or "") - now.timestamp())
    except ValueError:
        return None


def segment(value: str) -> str:
    """`value` as one path segment."""
    return quote(value, safe="")


def require_field(answer: ApiAnswer, *names: str) -> str:
    """An id from a 2xx answer to a call that must not be repeated; unreadable means OutcomeUnknownError."""
    try:
        return answer.json.need_id(*names)
    except PayloadError as error:
        raise OutcomeUnknownError(f"2xx without {'.'.join(names)}") from error


def _query(params: Mapping[str, Any] | None) -> str:
    pairs: list[tuple[str, str]] = []
    for name, value in (params or {}).items():
        for item in value if isinstance(value, list | tuple) else (value,):
            if item is not None:
                pairs.append((name, str(item)))
    return urlencode(pairs)


def _readable(response: HttpResponse) -> Reader | None:
    try:
        return read_json(response.body)
    except PayloadError:
        return None
