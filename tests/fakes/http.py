"""An HTTP port that follows a script: what must be asked, and what is answered."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from chalicelib.core.errors import CareloopError
from chalicelib.ports.services import HttpRequest, HttpResponse


def answer(
    status: int = 200, data: Any = None, *, headers: Mapping[str, str] | None = None, body: bytes | None = None
) -> HttpResponse:
    """A response; `data` becomes JSON."""
    if body is None:
        body = b"" if data is None else json.dumps(data).encode()
    return HttpResponse(status=status, headers={k.lower(): v for k, v in (headers or {}).items()}, body=body)


def wanted(request: HttpRequest) -> dict[str, Any]:
    """A request in the form that scripts are written in: url without query, query as pairs, JSON, form or
    multipart body."""
    parts = urlsplit(request.url)
    shape: dict[str, Any] = {"method": request.method, "url": f"{parts.scheme}://{parts.netloc}{parts.path}"}
    if parts.query:
        shape["query"] = dict(parse_qsl(parts.query, keep_blank_values=True))
    kind = {k.lower(): v for k, v in request.headers.items()}.get("content-type", "")
    if request.body is not None:
        if "json" in kind:
            shape["json"] = json.loads(request.body)
        elif "x-www-form-urlencoded" in kind:
            shape["form"] = dict(parse_qsl(request.body.decode(), keep_blank_values=True))
        elif kind.startswith("multipart/form-data"):
            shape["multipart"] = _parts(kind.partition("boundary=")[2], request.body)
        else:
            shape["text"] = request.body.decode("utf-8", "replace")
    return shape


def _parts(boundary: str, body: bytes) -> list[dict[str, str]]:
    """Each part's name, and its file's name and type, and its content as text."""
    found = []
    for part in body.split(b"--" + boundary.encode())[1:-1]:
        head, _, content = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        lines = head.decode().splitlines()
        named = {name: value for name, _, value in (item.partition("=") for item in lines[0].split("; ")[1:])}
        shape = {name: value.strip('"') for name, value in named.items()}
        kinds = [line.partition(": ")[2] for line in lines if line.lower().startswith("content-type:")]
        shape |= {"type": kinds[0]} if kinds else {}
        found.append({**shape, "text": content.removesuffix(b"\r\n").decode("utf-8", "replace")})
    return found


class ScriptedHttp:
    """Exchanges in order: ``{"request": {method, url, query?, json?|form?|text?, headers?}, "response": {status,
    json?|text?|base64?, headers?}}``.

    A request's ``headers`` name only those that must match (lower-case names). A response may be
    ``{"raises": CareloopError}`` instead. What was asked is kept in ``requests``.
    """

    def __init__(self, exchange: Sequence[Mapping[str, Any]]) -> None:
        self._script = list(exchange)
        self.requests: list[HttpRequest] = []

    def send(self, request: HttpRequest) -> HttpResponse:
        self.requests.append(request)
        assert self._script, f"a call that is not in the script: {request.method} {request.url}"
        step = self._script.pop(0)
        expected = dict(step["request"])
        headers = expected.pop("headers", {})
        assert wanted(request) == expected
        given = {name.lower(): value for name, value in request.headers.items()}
        assert {name: given.get(name) for name in headers} == headers
        response = step["response"]
        if isinstance(response.get("raises"), CareloopError):
            raise response["raises"]
        body = response["text"].encode() if "text" in response else None
        if "base64" in response:
            body = base64.b64decode(response["base64"])
        return answer(response.get("status", 200), response.get("json"), headers=response.get("headers"), body=body)

    def done(self) -> None:
        """Every exchange of the script took place."""
        assert not self._script, f"calls that were not made: {self._script}"
