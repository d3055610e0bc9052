"""A small HTTP client and a webhook receiver for loopback, made of the standard library."""

import json as jsonlib
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar

T = TypeVar("T")

# Proxies of the environment are for the outside; every address here is loopback.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class UnexpectedAnswer(Exception):
    """A server answered with another status than the caller expects."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One HTTP answer, whatever its status."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes

    @property
    def text(self) -> str:
        """The body as UTF-8, with marks for what is not."""
        return self.body.decode(errors="replace")

    def json(self) -> Any:
        """The body as JSON; ``ValueError`` if it is none."""
        return jsonlib.loads(self.body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """Calls below one base address, with the same headers each time. ``timeout`` in seconds."""

    base: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    timeout: float = 30.0

    def call(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        form: Mapping[str, Any] | None = None,
        body: bytes | None = None,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        expect: Collection[int] | None = None,
    ) -> Answer:
        """One call. ``path`` may be a whole address. With ``expect``, another status raises ``UnexpectedAnswer``.

        ``OSError`` when nobody answers.
        """
        url = path if path.startswith("http") else self.base + path
        if query:
            url += ("&" if "?" in url else "?") + urllib.parse.urlencode(query, doseq=True)
        data, kind = body, None
        if json is not None:
            data, kind = jsonlib.dumps(json).encode(), "application/json"
        elif form is not None:
            data, kind = urllib.parse.urlencode(form, doseq=True).encode(), "application/x-www-form-urlencoded"
        request = urllib.request.Request(
            url, data, {**({"Content-Type": kind} if kind else {}), **self.headers, **(headers or {})}, method=method
        )
        answer = self._send(request)
        if expect is not None and answer.status not in expect:
            raise UnexpectedAnswer(f"{method} {urllib.parse.urlsplit(url).path}: {answer.status} {answer.text[:500]}")
        return answer

    def _send(self, request: urllib.request.Request) -> Answer:
        try:
            with _opener.open(request, timeout=self.timeout) as response:
                return Answer(status=response.status, headers=_headers(response.headers), body=response.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(status=error.code, headers=_headers(error.headers), body=error.read())


def _headers(message: Message) -> dict[str, str]:
    return {name.lower(): value for name, value in message.items()}


def wait_until(look: Callable[[], T | None], what: str, *, timeout: float = 60.0, every: float = 0.1) -> T:
    """The first true result of ``look``; ``TimeoutError`` that names ``what`` and the last result. Seconds."""
    end = time.monotonic() + timeout
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > end:
            raise TimeoutError(f"waited {timeout:.0f} s for {what}; last seen: {found!r:.300}")
        time.sleep(every)


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One request that came to a ``Receiver``; header names are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes
    answered: int

    def json(self) -> Any:
        """The body as JSON; ``ValueError`` if it is none."""
        return jsonlib.loads(self.body)


class Receiver:
    """Listens on loopback and keeps what comes, for tests of a server's own webhooks.

    ``answer`` may be replaced at any time: it is given each request (with ``answered`` 0) on the connection's thread while
    the sender waits, and returns the status to answer. Use as a context manager.
    """

    def __init__(self, answer: Callable[[Received], int] = lambda _: 200, *, port: int = 0) -> None:
        self.answer = answer
        self.received: list[Received] = []
        self._changed = threading.Condition()
        self._server = ThreadingHTTPServer(("127.0.0.1", port), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def __enter__(self) -> "Receiver":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def url(self, path: str = "/") -> str:
        """The address of a path here."""
        return f"http://127.0.0.1:{self._server.server_address[1]}{path}"

    def wait_for(self, is_it: Callable[[Received], Any], what: str, *, timeout: float = 60.0) -> Received:
        """The first request, past or future, that fits; ``TimeoutError`` that names ``what``. Seconds."""
        with self._changed:
            found = self._changed.wait_for(lambda: [each for each in self.received if is_it(each)], timeout)
        if not found:
            raise TimeoutError(
                f"waited {timeout:.0f} s for {what}; came: {[(r.method, r.path, r.answered) for r in self.received]}"
            )
        return found[0]

    def _take(self, request: Received) -> int:
        status = self.answer(request)
        with self._changed:
            self.received.append(
                Received(
                    method=request.method,
                    path=request.path,
                    headers=request.headers,
                    body=request.body,
                    answered=status,
                )
            )
            self._changed.notify_all()
        return status

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        take = self._take

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                request = Received(
                    method=self.command, path=self.path, headers=_headers(self.headers), body=body, answered=0
                )
                status = take(request)
                # Synapse takes an answer without these two headers for a failure.
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            do_PUT = do_GET = do_POST  # noqa: N815 (the names that http.server looks for)

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing: the test reads ``received``."""

        return Handler
