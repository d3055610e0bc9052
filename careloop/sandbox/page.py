"""The sandbox's page: static files, the state as JSON (held back until it changes), and what a person does."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler
from importlib.resources import files
from typing import Any
from urllib.parse import parse_qs, urlsplit

from careloop.local.gateway import Server

FILES = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/style.css": ("style.css", "text/css; charset=utf-8"),
    "/page.js": ("page.js", "text/javascript; charset=utf-8"),
}
HOLD = 20.0
"""Seconds that a question for a newer state is held back at most."""
LARGEST = 64 * 1024
POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:"


class Board:
    """The latest state with a version; `look` rebuilds it, `wait` returns when it is newer than what the page has."""

    def __init__(self, build: Callable[[], dict[str, Any]]) -> None:
        self._build = build
        self._changed = threading.Condition()
        self._state: dict[str, Any] = {}
        self._version = 0

    def look(self) -> bool:
        """Build the state; True when it changed."""
        state = self._build()
        with self._changed:
            if state == self._state:
                return False
            self._state, self._version = state, self._version + 1
            self._changed.notify_all()
            return True

    def wait(self, since: int, seconds: float = HOLD) -> dict[str, Any] | None:
        """The state when it is newer than `since`, waiting for it; None after `seconds`."""
        with self._changed:
            self._changed.wait_for(lambda: self._version > since or (since > self._version > 0), timeout=seconds)
            if self._version == since:
                return None
            return {"version": self._version, **self._state}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    board: Board
    act: Callable[[Mapping[str, Any]], None]

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        if parts.path == "/state":
            since = parse_qs(parts.query).get("since", ["0"])[0]
            state = self.board.wait(int(since) if since.isdigit() else 0)
            if state is None:
                self._answer(204, b"", "application/json")
            else:
                self._json(200, state)
        elif parts.path in FILES:
            name, kind = FILES[parts.path]
            self._answer(200, files("careloop.sandbox").joinpath("static", name).read_bytes(), kind)
        else:
            self._json(404, {"error": "not found"})

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "0")
        size = int(length) if length.isdigit() else 0
        if size > LARGEST:
            self.close_connection = True
            self._json(413, {"error": "too long"})
            return
        body = self.rfile.read(size)
        if self.path != "/act" or "json" not in self.headers.get("Content-Type", ""):
            self._json(404, {"error": "not found"})
            return
        try:
            what = json.loads(body)
            if not isinstance(what, dict):
                raise ValueError("an object is expected")
            type(self).act(what)
        except (ValueError, KeyError, LookupError) as error:
            self._json(400, {"error": str(error) or type(error).__name__})
            return
        self.board.look()
        self._json(200, {})

    def _json(self, status: int, data: Any) -> None:
        self._answer(status, json.dumps(data, ensure_ascii=False).encode("utf-8"), "application/json")

    def _answer(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("Content-Security-Policy", POLICY)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        if body:
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet: the terminal belongs to the one address."""


def serve_page(board: Board, act: Callable[[Mapping[str, Any]], None], port: int = 0) -> Server:
    """Serve the page in the background on 127.0.0.1; ``server.server_port`` tells the port."""
    handler = type("Handler", (_Handler,), {"board": board, "act": staticmethod(act)})
    server = Server(("127.0.0.1", port), handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    return server
