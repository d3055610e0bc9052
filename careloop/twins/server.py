"""Twins over real HTTP: each twin behind a port on 127.0.0.1, and deliveries to our webhooks by real requests."""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from careloop.local.gateway import Server
from careloop.twins.base import BrokenConnection, Twin, TwinRequest


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    twin: Twin

    def _serve(self) -> None:
        length = self.headers.get("Content-Length", "0")
        body = self.rfile.read(int(length) if length.isdigit() else 0)
        parts = urlsplit(self.path)
        pairs = parse_qsl(parts.query, keep_blank_values=True)
        request = TwinRequest(
            method=self.command,
            path=parts.path or "/",
            query=dict(pairs),
            pairs=tuple(pairs),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=body,
        )
        try:
            response = self.twin.handle(request)
        except BrokenConnection:
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
            return
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        self.wfile.write(response.body)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = _serve  # noqa: N815 - the names that http.server looks for

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet: addresses may carry tokens."""


def serve_twin(twin: Twin, port: int = 0) -> Server:
    """Serve `twin` in the background; ``server.server_port`` tells the port."""
    server = Server(("127.0.0.1", port), type("Handler", (_Handler,), {"twin": twin}))
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    return server


def deliver(method: str, url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
    """Call one of our webhooks for real; status 0 when nobody answers. (`careloop.twins.base.Deliver`)"""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    try:
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        connection.request(method, target, body=body or None, headers=dict(headers))
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, http.client.HTTPException):
        return 0, b""
    finally:
        connection.close()
