"""What twins have in common: local stand-ins that speak a vendor's own HTTP protocol, for sandbox and tests.

A twin is a set of routes over its own small world (posts, chats, tickets). It is called in one of two ways that it
can't tell apart: in process through `TwinHttp` (an `Http` port that maps base URLs to twins), or over real HTTP through
`careloop.twins.server`. It calls our webhooks through a `Deliver` function. Vendors' faults are injected by `Faults`.
The world can be dumped to and loaded from plain data, so that a sandbox survives a restart.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol
from urllib.parse import parse_qsl, unquote, urlsplit

from chalicelib.core.errors import OutcomeUnknownError, UnavailableError
from chalicelib.ports.services import HttpRequest, HttpResponse


@dataclass(frozen=True, slots=True, kw_only=True)
class TwinRequest:
    """A call to a twin. ``headers`` have lower-case names, ``path`` is unquoted only in ``args``."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    args: tuple[str, ...] = ()
    pairs: tuple[tuple[str, str], ...] = ()
    """The query as it was sent, where a name may come several times."""

    def values(self, name: str) -> list[str]:
        """All values of a query parameter, in order."""
        if self.pairs:
            return [value for key, value in self.pairs if key == name]
        return [self.query[name]] if name in self.query else []

    @property
    def json(self) -> Any:
        """The body as JSON; {} when empty."""
        return json.loads(self.body) if self.body else {}

    @property
    def form(self) -> dict[str, str]:
        """The body as a form."""
        return dict(parse_qsl(self.body.decode("utf-8"), keep_blank_values=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class TwinResponse:
    """A twin's answer."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


def reply_json(data: Any, status: int = 200, **headers: str) -> TwinResponse:
    """A JSON answer."""
    named = {"content-type": "application/json", **{k.replace("_", "-"): v for k, v in headers.items()}}
    return TwinResponse(status=status, body=json.dumps(data, ensure_ascii=False).encode("utf-8"), headers=named)


class Deliver(Protocol):
    """Calls one of our webhooks as the vendor would: returns our status and body (status 0: unreachable)."""

    def __call__(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        """One attempt."""
        ...


Handler = Callable[[TwinRequest], TwinResponse]


@dataclass(slots=True)
class Fault:
    """What goes wrong next: ``times`` calls whose "METHOD path" matches ``pattern``. ``before``: the call has no
    effect; otherwise it takes effect and only the answer is lost or replaced. ``status`` 0: the connection breaks."""

    pattern: str
    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    times: int = 1
    before: bool = True


class BrokenConnection(Exception):
    """A fault of status 0: the caller sees no answer. ``reached``: the call took effect."""

    def __init__(self, *, reached: bool) -> None:
        super().__init__("connection broken")
        self.reached = reached


class Twin:
    """Base of all twins. Subclasses fill ``routes``: (method, regular expression of the path) -> handler.

    ``calls`` keeps "METHOD path" of every call, for counting. All access is under one lock: a twin is a small
    world, not a server farm.
    """

    name = "twin"

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.faults: list[Fault] = []
        self.calls: list[str] = []
        self._routes: dict[str, list[tuple[re.Pattern[str], Handler]]] = {}
        for (method, pattern), handler in self.routes().items():
            self._routes.setdefault(method, []).append((re.compile(pattern), handler))

    def routes(self) -> dict[tuple[str, str], Handler]:
        """The vendor's API: (method, path pattern with groups) -> handler; groups arrive unquoted in ``args``."""
        return {}

    def dump(self) -> dict[str, Any]:
        """The world as plain data."""
        return {}

    def load(self, data: Mapping[str, Any]) -> None:
        """Restore what `dump` gave."""

    def not_found(self, request: TwinRequest) -> TwinResponse:
        """The vendor's own answer for an unknown path."""
        return reply_json({"error": "not found", "path": request.path}, 404)

    def handle(self, request: TwinRequest) -> TwinResponse:
        """One call of the vendor's API, faults included."""
        with self.lock:
            self.calls.append(f"{request.method} {request.path}")
            fault = self._next_fault(request)
            if fault and fault.before:
                return self._fail(fault, reached=False)
            response = self._dispatch(request)
            return self._fail(fault, reached=True) if fault else response

    def _dispatch(self, request: TwinRequest) -> TwinResponse:
        for pattern, handler in self._routes.get(request.method, ()):
            found = pattern.fullmatch(request.path)
            if found:
                return handler(replace(request, args=tuple(unquote(group or "") for group in found.groups())))
        return self.not_found(request)

    def _next_fault(self, request: TwinRequest) -> Fault | None:
        line = f"{request.method} {request.path}"
        for fault in self.faults:
            if fault.times > 0 and re.search(fault.pattern, line):
                fault.times -= 1
                return fault
        return None

    def _fail(self, fault: Fault, *, reached: bool) -> TwinResponse:
        if fault.status == 0:
            raise BrokenConnection(reached=reached)
        return TwinResponse(status=fault.status, body=fault.body, headers=fault.headers)


class TwinHttp:
    """The `Http` port over twins in process: base URL -> twin. Unknown hosts are unreachable."""

    def __init__(self, twins: Mapping[str, Twin]) -> None:
        self._twins = {base.rstrip("/"): twin for base, twin in twins.items()}

    def send(self, request: HttpRequest) -> HttpResponse:
        """As the real adapter would see the vendor."""
        for base, twin in self._twins.items():
            if request.url == base or request.url.startswith((base + "/", base + "?")):
                return self._call(twin, request, base)
        raise UnavailableError("no such host")

    def _call(self, twin: Twin, request: HttpRequest, base: str) -> HttpResponse:
        parts = urlsplit(request.url[len(base) :])
        pairs = parse_qsl(parts.query, keep_blank_values=True)
        try:
            response = twin.handle(
                TwinRequest(
                    method=request.method,
                    path=parts.path or "/",
                    query=dict(pairs),
                    pairs=tuple(pairs),
                    headers={name.lower(): value for name, value in request.headers.items()},
                    body=request.body or b"",
                )
            )
        except BrokenConnection:
            if request.idempotent:
                raise UnavailableError("connection broken") from None
            raise OutcomeUnknownError("connection broken after sending") from None
        return HttpResponse(
            status=response.status,
            headers={name.lower(): value for name, value in response.headers.items()},
            body=response.body,
        )
