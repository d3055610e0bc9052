"""HTTP ports that misbehave as networks and vendors do."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from chalicelib.core.errors import CareloopError, OutcomeUnknownError, UnavailableError
from chalicelib.ports.services import HttpRequest, HttpResponse
from tests.fakes.clock import NOON
from tests.fakes.http import answer

Exchange = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that goes wrong. ``lost``: the request was sent and no answer came; ``refused``: no connection."""

    what: str
    status: int = 0
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    lost: bool = False
    refused: bool = False


LOST = (Fault(what="a read time-out", lost=True), Fault(what="a connection reset after sending", lost=True))
BROKEN = (
    Fault(what="500 with JSON", status=500, body=b'{"error":"InternalServerError"}'),
    Fault(what="500 with a page", status=500, body=b"<html>oops</html>"),
    Fault(what="502 with a page", status=502, body=b"<html>Bad gateway</html>", headers={"content-type": "text/html"}),
)
UNREADABLE = (
    Fault(what="200 with nothing in it", status=200),
    Fault(what="200 with a page", status=200, body=b"<html>Welcome to the hotel's network</html>"),
    Fault(what="200 cut off", status=200, body=b'{"id": "12'),
    Fault(what="200 with an empty object", status=200, body=b"{}"),
    Fault(what="200 with an empty list", status=200, body=b"[]"),
)
REFUSED = Fault(what="no connection", refused=True)
UNAUTHORISED = Fault(what="401", status=401, body=b"{}")
_IN_HALF_A_MINUTE = str(int(NOON.timestamp()) + 30)
TOO_MANY = Fault(
    what="429",
    status=429,
    body=b"{}",
    headers={"retry-after": "30", "x-rate-limit-reset": _IN_HALF_A_MINUTE, "ratelimit-reset": _IN_HALF_A_MINUTE},
)


class ReplayHttp:
    """Answers from an exchange by method and address, in any order; at step ``at`` the fault instead.

    As the real adapter: a lost answer is an UnavailableError for idempotent requests, else an OutcomeUnknownError.
    """

    def __init__(self, exchange: Exchange, *, at: int | None = None, fault: Fault | None = None) -> None:
        self._exchange = list(exchange)
        self._used = [False] * len(self._exchange)
        self._at = at
        self._fault = fault
        self.requests: list[HttpRequest] = []
        self.steps: list[int | None] = []
        """Which step each request took; None: one that is not in the exchange."""

    def send(self, request: HttpRequest) -> HttpResponse:
        self.requests.append(request)
        step = self._choose(request)
        self.steps.append(step)
        if step is None:
            return answer(404, {"error": "not in the script"})
        self._used[step] = True
        if step == self._at and self._fault is not None:
            return self._fail(request, self._fault)
        response = self._exchange[step]["response"]
        if isinstance(response.get("raises"), CareloopError):
            raise response["raises"]
        body = response["text"].encode() if "text" in response else None
        if "base64" in response:
            body = base64.b64decode(response["base64"])
        return answer(response.get("status", 200), response.get("json"), headers=response.get("headers"), body=body)

    def _choose(self, request: HttpRequest) -> int | None:
        parts = urlsplit(request.url)
        address = f"{parts.scheme}://{parts.netloc}{parts.path}"
        found = None
        for index, step in enumerate(self._exchange):
            if (step["request"]["method"], step["request"]["url"]) == (request.method, address):
                found = index
                if not self._used[index]:
                    return index
        return found

    def _fail(self, request: HttpRequest, fault: Fault) -> HttpResponse:
        if fault.refused or (fault.lost and request.idempotent):
            raise UnavailableError(fault.what)
        if fault.lost:
            raise OutcomeUnknownError(fault.what)
        return HttpResponse(status=fault.status, headers=dict(fault.headers), body=fault.body)


def sending_step(exchange: Exchange) -> int | None:
    """The step that posts: the last one that is no reading."""
    writing = [index for index, step in enumerate(exchange) if step["request"]["method"] not in ("GET", "HEAD")]
    return writing[-1] if writing else None


def echo_of(values: Sequence[str]) -> Fault:
    """A refusal that repeats what must not be repeated, as some vendors do."""
    text = " ".join(values)
    data = {
        "error": {"message": text, "code": 1},
        "errcode": "M_UNKNOWN",
        "message": text,
        "detail": text,
        "title": text,
    }
    return Fault(what="400 that repeats secrets", status=400, body=json.dumps(data).encode())
