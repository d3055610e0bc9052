"""Real HTTP in front of the Chalice app, as API Gateway does it: request -> proxy event -> app -> response.

Chalice's own local server reads chunked bodies as empty, leaves fields out of the event and serves some twenty requests
a second; this one is small, and byte-exact. `app.current_request` is one attribute, so calls take turns.
"""

from __future__ import annotations

import base64
import threading
import uuid
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

LARGEST = 12 * 1024 * 1024
"""Bytes; API Gateway stops at 10 MB."""


class Context:
    """The part of Lambda's context that Chalice and powertools look at."""

    function_name = "careloop-local-api_handler"
    function_version = "$LATEST"
    invoked_function_arn = "arn:aws:lambda:local:000000000000:function:careloop-local-api_handler"
    memory_limit_in_mb = 512
    log_group_name = "/aws/lambda/careloop-local"
    log_stream_name = "local"

    def __init__(self) -> None:
        self.aws_request_id = str(uuid.uuid4())

    def get_remaining_time_in_millis(self) -> int:
        """Enough."""
        return 30_000


class Gateway:
    """Calls a Chalice app with API Gateway's REST proxy events."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self._lock = threading.Lock()
        self._routes = [(path.strip("/").split("/"), path) for path in app.routes]

    def call(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        """One request; returns status, headers, body."""
        parts = urlsplit(target)
        resource, parameters = self._resource(parts.path)
        if resource is None:
            return 403, {"Content-Type": "application/json"}, b'{"message":"Missing Authentication Token"}'
        event = proxy_event(method, parts.path, parts.query, headers, body, resource, parameters)
        with self._lock:
            answer = self._app(event, Context())
        content = answer.get("body") or ""
        data = base64.b64decode(content) if answer.get("isBase64Encoded") else content.encode("utf-8")
        named = {name: ",".join(values) for name, values in (answer.get("multiValueHeaders") or {}).items()}
        return int(answer["statusCode"]), {**named, **(answer.get("headers") or {})}, data

    def _resource(self, path: str) -> tuple[str | None, dict[str, str]]:
        given = path.strip("/").split("/")
        for pattern, name in self._routes:
            if len(pattern) != len(given):
                continue
            found = {
                want[1:-1]: unquote(have) for want, have in zip(pattern, given, strict=True) if want.startswith("{")
            }
            if all(want.startswith("{") or want == have for want, have in zip(pattern, given, strict=True)):
                return name, found
        return None, {}


def proxy_event(
    method: str,
    path: str,
    query: str,
    headers: Mapping[str, str],
    body: bytes,
    resource: str,
    parameters: Mapping[str, str],
) -> dict[str, Any]:
    """API Gateway's REST proxy event (payload format 1.0). Bodies that are not UTF-8 come in base64."""
    try:
        content, encoded = body.decode("utf-8"), False
    except UnicodeDecodeError:
        content, encoded = base64.b64encode(body).decode("ascii"), True
    many = parse_qs(query, keep_blank_values=True)
    return {
        "resource": resource,
        "path": path,
        "httpMethod": method,
        "headers": dict(headers),
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": {name: values[-1] for name, values in many.items()} or None,
        "multiValueQueryStringParameters": many or None,
        "pathParameters": dict(parameters) or None,
        "stageVariables": None,
        "requestContext": {
            "resourcePath": resource,
            "httpMethod": method,
            "path": path,
            "requestId": str(uuid.uuid4()),
            "stage": "local",
            "identity": {"sourceIp": "127.0.0.1"},
        },
        "body": content if body else None,
        "isBase64Encoded": encoded,
    }


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    gateway: Gateway

    def _serve(self) -> None:
        body = self._body()
        if body is None:
            self._answer(413, {"Content-Type": "application/json"}, b'{"error":"too_large"}')
            self.close_connection = True
            return
        try:
            status, headers, data = self.gateway.call(self.command, self.path, dict(self.headers.items()), body)
        except Exception:
            status, headers, data = 500, {"Content-Type": "application/json"}, b'{"error":"internal"}'
        self._answer(status, headers, data)

    def _body(self) -> bytes | None:
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            return self._chunks()
        length = self.headers.get("Content-Length", "0")
        size = int(length) if length.isascii() and length.isdigit() else 0
        return None if size > LARGEST else self.rfile.read(size)

    def _chunks(self) -> bytes | None:
        data = b""
        while True:
            size = int(self.rfile.readline().split(b";")[0].strip() or b"0", 16)
            if size == 0:
                self.rfile.readline()
                return data
            data += self.rfile.read(size)
            self.rfile.readline()
            if len(data) > LARGEST:
                return None

    def _answer(self, status: int, headers: Mapping[str, str], data: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815 - the names that http.server looks for

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet: requests may carry tokens in their addresses."""


class Server(ThreadingHTTPServer):
    """Does not complain on the terminal about peers that hang up."""

    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A peer that hung up is nobody's error."""


def serve(app: Any, port: int = 0) -> Server:
    """Serve `app` on 127.0.0.1 in the background; ``server.server_port`` tells the port; ``shutdown()`` ends it."""
    handler = type("Handler", (_Handler,), {"gateway": Gateway(app)})
    server = Server(("127.0.0.1", port), handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    return server
