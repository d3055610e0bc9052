"""The only way out to the network. No redirects, no retries, TLS always verified.

What decides after a failure is whether a byte of the request may have left: before that nothing can have happened,
after it nobody knows.
"""

from __future__ import annotations

import http.client
import ssl
import threading
import time
from collections.abc import Callable
from typing import Any

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection

from chalicelib.core.errors import CareloopError, ConfigurationError, OutcomeUnknownError, UnavailableError
from chalicelib.ports.services import HttpRequest, HttpResponse

LARGEST = 20 * 1024 * 1024
"""Bytes of a body, unpacked."""
CONNECT_SECONDS = 5.0
IDLE_SECONDS = 4.0
"""A connection that was not used for longer is not used again: the other end, or the sleep of a Lambda container, may
have ended it unnoticed, and then nobody could tell whether the request arrived."""
_PATIENCE = 3
"""A whole answer may take so many times the time-out, which is for each single wait."""
_CHUNK = 65_536
_CONNECTIONS = 10
_PORTS = {"https": 443, "http": 80}
_Site = tuple[str, str, int]
"""Scheme, host, port."""
_AFTER_SENDING = (urllib3.exceptions.HTTPError, http.client.HTTPException, OSError)

_attempt = threading.local()


def _announce(connection: HTTPConnection) -> None:
    """Connect, if that is still to do, and note for this thread that something is about to be sent."""
    if connection.sock is None:
        connection.connect()
    _attempt.sent = True


class _PlainConnection(HTTPConnection):
    def send(self, data: Any) -> None:
        _announce(self)
        super().send(data)


class _TlsConnection(HTTPSConnection):
    def send(self, data: Any) -> None:
        _announce(self)
        super().send(data)


class _PlainPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _PlainConnection


class _TlsPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


class UrllibHttp:
    """Implements ports.services.Http. Safe among threads.

    ``ca_file``: certificates to trust instead of the machine's own; ``largest``: bytes that an answer may have;
    ``monotonic``: seconds that only go forward.
    """

    def __init__(
        self,
        *,
        user_agent: str = "careloop",
        ca_file: str | None = None,
        largest: int = LARGEST,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._user_agent = user_agent
        self._ca_file = ca_file
        self._largest = largest
        self._monotonic = monotonic
        self._pools: dict[_Site, tuple[urllib3.HTTPConnectionPool, float]] = {}
        self._lock = threading.Lock()
        self._tls: ssl.SSLContext | None = None

    def send(self, request: HttpRequest) -> HttpResponse:
        """As the port says. ConfigurationError for an address or a header that can't be sent."""
        site, target = _parse(request.url)
        headers = {"user-agent": self._user_agent, **{name.lower(): value for name, value in request.headers.items()}}
        deadline = self._monotonic() + _PATIENCE * request.timeout
        _attempt.sent = False
        response: urllib3.BaseHTTPResponse | None = None
        try:
            response = self._pool(site).urlopen(
                request.method,
                target,
                body=request.body,
                headers=headers,
                retries=False,
                redirect=False,
                timeout=urllib3.Timeout(connect=min(CONNECT_SECONDS, request.timeout), read=request.timeout),
                preload_content=False,
                assert_same_host=False,
            )
            body = self._read(response, deadline)
        except _AFTER_SENDING as error:
            # The errors of urllib3 and http.client may hold the address, and addresses may hold tokens.
            raise _failure(request, site[1], type(error).__name__) from None
        except ValueError:
            if _attempt.sent:
                raise _failure(request, site[1], "unreadable answer") from None
            raise ConfigurationError(f"a request to {site[1]} has a header or an address that can't be sent") from None
        finally:
            if response is not None:
                response.close()
        self._used(site)
        return HttpResponse(
            status=response.status,
            headers={name.lower(): value for name, value in response.headers.itermerged()},
            body=body,
        )

    def _read(self, response: urllib3.BaseHTTPResponse, deadline: float) -> bytes:
        """The whole body. Raises AnswerTooLarge, AnswerTooSlow."""
        parts: list[bytes] = []
        size = 0
        while part := response.read1(_CHUNK):
            size += len(part)
            if size > self._largest:
                raise AnswerTooLarge
            if self._monotonic() > deadline:
                raise AnswerTooSlow
            parts.append(part)
        return b"".join(parts)

    def _pool(self, site: _Site) -> urllib3.HTTPConnectionPool:
        """The site's connections; after a pause new ones, while the old ones end with their last user."""
        now = self._monotonic()
        with self._lock:
            pool, used = self._pools.get(site, (None, now))
            if pool is None or now - used > IDLE_SECONDS:
                pool = self._new_pool(site)
            self._pools[site] = (pool, now)
            return pool

    def _new_pool(self, site: _Site) -> urllib3.HTTPConnectionPool:
        scheme, host, port = site
        if scheme == "http":
            return _PlainPool(host, port, maxsize=_CONNECTIONS)
        if self._tls is None:
            self._tls = ssl.create_default_context(cafile=self._ca_file)
        return _TlsPool(host, port, maxsize=_CONNECTIONS, ssl_context=self._tls)

    def _used(self, site: _Site) -> None:
        with self._lock:
            self._pools[site] = (self._pools[site][0], self._monotonic())


class AnswerTooLarge(http.client.HTTPException):
    """More bytes than are taken."""


class AnswerTooSlow(http.client.HTTPException):
    """Not finished in time."""


def _parse(url: str) -> tuple[_Site, str]:
    """Where to connect to, and what to ask for there."""
    try:
        parts = urllib3.util.parse_url(url)
    except urllib3.exceptions.LocationParseError:
        raise ConfigurationError("an address that can't be read") from None
    if parts.scheme not in _PORTS or not parts.host or parts.auth:
        raise ConfigurationError("an address must begin with https:// or http:// and hold no credentials")
    return (parts.scheme, parts.host.strip("[]"), parts.port or _PORTS[parts.scheme]), parts.request_uri


def _failure(request: HttpRequest, host: str, what: str) -> CareloopError:
    """What a failed call means, by whether anything was sent."""
    if not _attempt.sent:
        return UnavailableError(f"no connection to {host}: {what}")
    if request.idempotent:
        return UnavailableError(f"no answer from {host}: {what}")
    return OutcomeUnknownError(f"no answer from {host}: {what}")
