"""The only way out to the network. No redirects, no retries, TLS always verified.

What decides after a failure is whether a byte of the request may have left: before that nothing can have happened,
after it nobody knows.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from chalicelib.core.errors import (
    CareloopError,
    ConfigurationError,
    OutcomeUnknownError,
    UnavailableError,
    UnsupportedError,
)
from chalicelib.ports.services import HttpRequest, HttpResponse

if TYPE_CHECKING:
    import urllib3

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
_Site = tuple[str, str, int, bool]
"""Scheme, host, port; whether only public addresses will do."""

_attempt = threading.local()


@cache
def _pool_classes(public_only: bool) -> tuple[type[urllib3.HTTPConnectionPool], type[urllib3.HTTPSConnectionPool]]:
    """For http and https: urllib3's pools, whose connections note for their thread that something is about to be sent,
    and with ``public_only`` send nothing to an address that is not.

    Made at first use, because urllib3 tries the network out when it is imported.
    """
    import urllib3
    from urllib3.connection import HTTPConnection, HTTPSConnection

    def announce(connection: HTTPConnection) -> None:
        if connection.sock is None:
            connection.connect()
        _attempt.sent = True

    def checked(sock: socket.socket) -> socket.socket:
        # What was connected to is looked at, not what a name meant a moment ago: names can be made to change.
        if public_only and not _is_public(sock.getpeername()[0]):
            sock.close()
            raise PrivateAddress
        return sock

    class PlainConnection(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return checked(super()._new_conn())

        def send(self, data: Any) -> None:
            announce(self)
            super().send(data)

    class TlsConnection(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return checked(super()._new_conn())

        def send(self, data: Any) -> None:
            announce(self)
            super().send(data)

    class PlainPool(urllib3.HTTPConnectionPool):
        ConnectionCls = PlainConnection

    class TlsPool(urllib3.HTTPSConnectionPool):
        ConnectionCls = TlsConnection

    return PlainPool, TlsPool


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
        site, target = _parse(request.url, request.public_only)
        headers = {"user-agent": self._user_agent, **{name.lower(): value for name, value in request.headers.items()}}
        deadline = self._monotonic() + _PATIENCE * request.timeout
        _attempt.sent = False
        response: urllib3.BaseHTTPResponse | None = None
        try:
            response = self._begin(site, target, headers, request)
            body = self._read(response, deadline, min(request.most_bytes or self._largest, self._largest))
        except Exception as error:
            # The errors of urllib3 and http.client may hold the address, and addresses may hold tokens.
            failure = _failure(error, request, site[1])
            if failure is None:
                raise
            raise failure from None
        finally:
            if response is not None:
                response.close()
        self._used(site)
        return HttpResponse(
            status=response.status,
            headers={name.lower(): value for name, value in response.headers.itermerged()},
            body=body,
        )

    def _begin(
        self, site: _Site, target: str, headers: Mapping[str, str], request: HttpRequest
    ) -> urllib3.BaseHTTPResponse:
        """Send the request and read the answer's head."""
        import urllib3

        return self._pool(site).urlopen(
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

    def _read(self, response: urllib3.BaseHTTPResponse, deadline: float, most: int) -> bytes:
        """The whole body. Raises AnswerTooLarge, AnswerTooSlow."""
        parts: list[bytes] = []
        size = 0
        told = response.headers.get("content-length", "")
        if told.isdecimal() and int(told) > most:
            raise AnswerTooLarge
        while part := response.read1(_CHUNK):
            size += len(part)
            if size > most:
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
        scheme, host, port, public_only = site
        plain, tls = _pool_classes(public_only)
        if scheme == "http":
            return plain(host, port, maxsize=_CONNECTIONS)
        if self._tls is None:
            self._tls = ssl.create_default_context(cafile=self._ca_file)
        return tls(host, port, maxsize=_CONNECTIONS, ssl_context=self._tls)

    def _used(self, site: _Site) -> None:
        with self._lock:
            self._pools[site] = (self._pools[site][0], self._monotonic())


class AnswerTooLarge(http.client.HTTPException):
    """More bytes than are taken."""


class AnswerTooSlow(http.client.HTTPException):
    """Not finished in time."""


class PrivateAddress(Exception):
    """A public address was demanded."""


def _is_public(address: str) -> bool:
    """Whether `address` is one of the public network, in a form that hides no other: an IPv4 address may come within
    an IPv6 one (RFC 4291, 6052, 3056)."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return _is_public(str(found.ipv4_mapped))
        if found.sixtofour is not None or found.teredo is not None or found in _NAT64:
            return False
    return found.is_global and not found.is_multicast


_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def _parse(url: str, public_only: bool) -> tuple[_Site, str]:
    """Where to connect to, and what to ask for there."""
    from urllib3.exceptions import LocationParseError
    from urllib3.util import parse_url

    try:
        parts = parse_url(url)
    except LocationParseError:
        raise ConfigurationError("an address that can't be read") from None
    if parts.scheme not in _PORTS or not parts.host or parts.auth:
        raise ConfigurationError("an address must begin with https:// or http:// and hold no credentials")
    port = parts.port or _PORTS[parts.scheme]
    return (parts.scheme, parts.host.strip("[]"), port, public_only), parts.request_uri


def _failure(error: Exception, request: HttpRequest, host: str) -> CareloopError | None:
    """What a failed call means, by whether anything was sent. None: a bug."""
    from urllib3.exceptions import HTTPError

    if isinstance(error, PrivateAddress):
        return UnsupportedError(f"{host} is no public address")
    if isinstance(error, AnswerTooLarge) and request.most_bytes is not None:
        return UnsupportedError(f"the answer from {host} is larger than {request.most_bytes} bytes")
    if not isinstance(error, HTTPError | http.client.HTTPException | OSError | ValueError):
        return None
    if isinstance(error, ValueError) and not isinstance(error, HTTPError) and not _attempt.sent:
        return ConfigurationError(f"a request to {host} has a header or an address that can't be sent")
    what = type(error).__name__
    if not _attempt.sent:
        return UnavailableError(f"no connection to {host}: {what}")
    if request.idempotent:
        return UnavailableError(f"no answer from {host}: {what}")
    return OutcomeUnknownError(f"no answer from {host}: {what}")
