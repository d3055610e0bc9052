"""The way to AWS without botocore: HTTP/1.1 over kept connections, bounded repetition.

Everything that goes this way may be repeated: reads, conditional writes that know their own repetition, transactions
and FIFO messages with a token, objects whose key is computed from their content.
"""

from __future__ import annotations

import http.client
import os
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from chalicelib.core.errors import UnavailableError

CONNECT_SECONDS = 2.0
READ_SECONDS = 10.0
ATTEMPTS = 3
_PAUSES = (0.1, 0.4)
"""Seconds before the second and the third attempt, from half of it to half as much again."""
_KEPT = 4
"""Idle connections to one host: more than one only where threads share a client."""
_BROKEN = (OSError, http.client.HTTPException)

Headers = Mapping[str, str]


class Answer:
    """One answer: status, headers by lower-case name, body."""

    __slots__ = ("body", "headers", "status")

    def __init__(self, status: int, headers: Headers, body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body


def _chance() -> float:
    """From 0 up to 1. Importing `random` takes two milliseconds of a cold start."""
    return os.urandom(1)[0] / 256


class Wire:
    """Connections to one address. Safe among threads.

    ``cafile``: certificates to trust instead of the machine's own; ``sleep`` and ``chance``: for the pauses.
    """

    def __init__(
        self,
        url: str,
        *,
        cafile: str | None = None,
        sleep: Callable[[float], None] = time.sleep,
        chance: Callable[[], float] = _chance,
    ) -> None:
        parts = urlsplit(url)
        self.host = parts.netloc
        self.base = parts.path.rstrip("/")
        self._is_tls = parts.scheme == "https"
        self._name = parts.hostname or ""
        self._port = parts.port or (443 if self._is_tls else 80)
        self._cafile = cafile
        self._sleep = sleep
        self._chance = chance
        self._idle: list[socket.socket] = []
        self._lock = threading.Lock()

    def ask(
        self, what: str, attempt: Callable[[], tuple[str, str, Headers, bytes]], again: Callable[[Answer], bool]
    ) -> Answer:
        """One request to its answer. ``attempt`` gives method, path, headers and body, signed anew each time;
        ``again``: whether an answer asks for a repetition. The last answer is returned whatever it is;
        UnavailableError when there was none."""
        for pause in (*_PAUSES, None):
            try:
                answer = self._exchange(*attempt())
            except _BROKEN as error:
                if pause is None:
                    raise UnavailableError(f"{what}: {type(error).__name__}") from error
            else:
                if pause is None or not again(answer):
                    return answer
            self._sleep(pause * (0.5 + self._chance()))
        raise AssertionError("the last attempt returns or raises")

    def _exchange(self, method: str, path: str, headers: Headers, body: bytes) -> Answer:
        """On a kept connection, and at once on a new one when that had been ended by the other side."""
        kept = self._take()
        if kept is not None:
            try:
                return self._over(kept, method, path, headers, body)
            except TimeoutError:
                raise
            except _BROKEN:
                self.close()
        return self._over(self._connect(), method, path, headers, body)

    def _over(self, connection: socket.socket, method: str, path: str, headers: Headers, body: bytes) -> Answer:
        """Head and body leave in one piece: over TLS, writing costs more than signing."""
        try:
            head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
            start = f"{method} {path} HTTP/1.1\r\n{head}content-length: {len(body)}\r\n\r\n"
            connection.sendall(start.encode("ascii") + body)
            response = http.client.HTTPResponse(connection, method=method)
            response.begin()
            answer = Answer(
                response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
            )
        except BaseException:
            connection.close()
            raise
        if response.will_close:
            response.close()
            connection.close()
        else:
            self._keep(connection)
        return answer

    def _connect(self) -> socket.socket:
        connection = socket.create_connection((self._name, self._port), CONNECT_SECONDS)
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._is_tls:
                connection = _context(self._cafile).wrap_socket(connection, server_hostname=self._name)
            connection.settimeout(READ_SECONDS)
        except BaseException:
            connection.close()
            raise
        return connection

    def _take(self) -> socket.socket | None:
        with self._lock:
            return self._idle.pop() if self._idle else None

    def _keep(self, connection: socket.socket) -> None:
        with self._lock:
            if len(self._idle) < _KEPT:
                self._idle.append(connection)
                return
        connection.close()

    def close(self) -> None:
        """End the idle connections; new ones are made when needed."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()


_contexts: dict[str | None, ssl.SSLContext] = {}


def _context(cafile: str | None) -> ssl.SSLContext:
    """Reading a machine's certificates takes longer than a handshake: once for all hosts."""
    if cafile not in _contexts:
        _contexts[cafile] = ssl.create_default_context(cafile=cafile)
    return _contexts[cafile]
