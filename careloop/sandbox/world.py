"""The whole product in one process: twins and app on real HTTP, workers in threads, state in one folder.

What differs from production is addresses and credentials alone: the twins call our webhooks over HTTP with the vendors'
signatures, and our workers call the twins' APIs over HTTP.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from careloop.connecting.links import set_up
from careloop.local.application import application_of
from careloop.local.gateway import Server, serve
from careloop.local.runner import Runner
from careloop.local.system import LocalSystem, open_local
from careloop.local.telemetry import LocalTelemetry
from careloop.sandbox.places import (
    BRAND_POST,
    HANDLES,
    PEOPLE,
    FacebookPlace,
    MessengerPlace,
    Place,
    Written,
    XPlace,
)
from careloop.sandbox.setup import BRAND_X, META_ENDPOINT, X_ENDPOINT, Addresses, Keys, configure
from careloop.twins.meta import MetaTwin
from careloop.twins.server import deliver, serve_twin
from careloop.twins.x import XTwin
from careloop.twins.zendesk import ZendeskTwin
from chalicelib import bootstrap
from chalicelib.adapters.clock import SystemClock
from chalicelib.adapters.http import UrllibHttp
from chalicelib.bootstrap import Application
from chalicelib.core.errors import ConfigurationError

FLUSH_SECONDS = 0.1
SAVE_SECONDS = 1.0


class World:
    """A running sandbox. ``folder`` holds state.sqlite3 (the product's) and world.json (the twins')."""

    def __init__(self, folder: Path, *, poll_seconds: float = 15.0) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        os.chmod(folder, 0o700)
        self._folder = folder
        self._saved: dict[str, Any] = self._load()
        self.clock = SystemClock()
        self.keys = Keys(**self._saved["keys"]) if "keys" in self._saved else Keys.fresh()
        self.system: LocalSystem = open_local(str(folder / "sandbox.sqlite3"), self.clock, visibility=20.0)
        self.telemetry = LocalTelemetry()
        self.app: Application = application_of(self.system, UrllibHttp(), self.clock, self.telemetry)
        self._make_twins()
        self._servers: list[Server] = []
        self._stop = threading.Event()
        self._poll_seconds = poll_seconds
        self._threads: list[threading.Thread] = []
        self.api = ""

    # -- twins ---------------------------------------------------------------------------------------------------------

    def _make_twins(self) -> None:
        keys, clock = self.keys, self.clock
        self.meta = MetaTwin(clock, app_secret=keys.app_secret, page_token=keys.page_token, deliver=deliver)
        self.x = XTwin(
            clock,
            brand_id=BRAND_X,
            consumer_secret=keys.consumer_secret,
            client_secret=keys.x_client,
            strict_urls=False,
            deliver=deliver,
        )
        self.desk = ZendeskTwin(clock, api_token=keys.api_token, deliver=deliver)
        twins: Mapping[str, Any] = {"meta": self.meta, "x": self.x, "zendesk": self.desk}
        if "twins" in self._saved:
            for name, twin in twins.items():
                twin.load(self._saved["twins"][name])
            self._users, self._post = self._saved["users"], self._saved["post"]
            self._x_login = self._saved["x_login"]
        else:
            self._users = {key: self.meta.add_user(name) for key, name in PEOPLE.items()}
            self._post = self.meta.page_post(BRAND_POST)
            for key, handle in HANDLES.items():
                self.x.add_user(handle, PEOPLE[key])
            self._x_login = self.x.authorise()
        self._twins = twins
        self.places: dict[str, Place] = {
            place.id: place
            for place in (
                FacebookPlace(self.meta, self._users, self._post),
                MessengerPlace(self.meta, self._users),
                XPlace(self.x),
            )
        }

    # -- life ----------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Serve the twins and the app, connect them, start the workers."""
        import app as chalice_app

        ports = {name: self._serve(serve_twin(twin)) for name, twin in self._twins.items()}
        base = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
        bootstrap.install(self.app)
        addresses = Addresses(meta=base["meta"], x=base["x"], zendesk=base["zendesk"])
        configure(self.app, self.keys, addresses, self._x_login)
        self.api = f"http://127.0.0.1:{self._serve(serve(chalice_app.app))}"
        set_up(self.app, self.api)
        self._subscribe()
        self._runner = Runner(self.app, self.system.dead_letters, poll_seconds=self._poll_seconds)
        self._runner.start()
        for target in (self._deliver, self._save_often):
            thread = threading.Thread(target=target, daemon=True)
            thread.start()
            self._threads.append(thread)

    def _serve(self, server: Server) -> int:
        self._servers.append(server)
        return int(server.server_port)

    def _subscribe(self) -> None:
        """Each vendor is told our addresses, and proves or is given its secret, as in its dashboard."""
        self.meta.subscribe(f"{self.api}/webhooks/platform/facebook/{META_ENDPOINT}", self.keys.verify_token)
        for name in ("webhooks", "subscriptions"):
            self.x.hooks.data[name].clear()
        self.x.subscribe_brand(f"{self.api}/webhooks/platform/x/{X_ENDPOINT}")
        self.desk.hooks.data["webhooks"].clear()
        self.desk.add_webhook(f"{self.api}/webhooks/helpdesk/zendesk/zendesk", self.keys.signing_secret)

    def stop(self) -> None:
        """End everything and keep the state."""
        self._stop.set()
        self._runner.stop()
        for thread in self._threads:
            thread.join(timeout=5)
        for server in self._servers:
            server.shutdown()
            server.server_close()
        self.save()
        bootstrap.install(None)
        self.system.close()

    def _deliver(self) -> None:
        while not self._stop.wait(FLUSH_SECONDS):
            for twin in (self.meta, self.x, self.desk):
                # a receiver that hangs up is the vendor's everyday life: the twin keeps what was not accepted
                with contextlib.suppress(OSError):
                    twin.flush()

    # -- what people do ------------------------------------------------------------------------------------------------

    def act(self, what: Mapping[str, Any]) -> None:
        """One action of the page. Raises ValueError for what makes no sense."""
        action = str(what.get("action", ""))
        text = str(what.get("text", "")).strip()
        if action in ("write", "edit", "delete"):
            self._as_customer(action, what, text)
        elif action in ("reply", "note", "solve"):
            self._as_agent(action, str(what.get("ticket", "")), text)
        else:
            raise ValueError(f"unknown action {action!r}")

    def _as_customer(self, action: str, what: Mapping[str, Any], text: str) -> None:
        place = self.places.get(str(what.get("place", "")))
        if place is None:
            raise ValueError("unknown place")
        if action != "delete" and not text:
            raise ValueError("write something first")
        written = Written(
            who=str(what.get("who", "")),
            text=text,
            thread=str(what.get("thread", "")),
            message=str(what.get("message", "")),
        )
        if action == "write" and written.who not in PEOPLE:
            raise ValueError("unknown person")
        try:
            getattr(place, action)(written)
        except Exception as refused:  # the twins' own refusals are words for a person
            raise ValueError(str(refused)) from refused

    def _as_agent(self, action: str, ticket: str, text: str) -> None:
        try:
            if action == "solve":
                self.desk.solve(ticket)
            elif action == "note":
                self.desk.agent_note(ticket, text)
            else:
                self.desk.agent_reply(ticket, text)
        except Exception as refused:
            raise ValueError(str(refused)) from refused

    # -- state ---------------------------------------------------------------------------------------------------------

    @property
    def _file(self) -> Path:
        return self._folder / "world.json"

    def _load(self) -> dict[str, Any]:
        if not self._file.exists():
            return {}
        try:
            found: dict[str, Any] = json.loads(self._file.read_text(encoding="utf-8"))
        except ValueError as error:
            raise ConfigurationError(f"{self._file} is damaged: remove {self._folder} to begin anew") from error
        return found

    def save(self) -> None:
        """Write the twins' worlds, whole or not at all."""
        data = {
            "keys": asdict(self.keys),
            "users": self._users,
            "post": self._post,
            "x_login": self._x_login,
            "twins": {name: twin.dump() for name, twin in self._twins.items()},
        }
        text = json.dumps(data)
        if getattr(self, "_written", "") == text:
            return
        draft = self._file.with_suffix(".new")
        draft.write_text(text, encoding="utf-8")
        os.chmod(draft, 0o600)
        draft.replace(self._file)
        self._written = text

    def _save_often(self) -> None:
        while not self._stop.wait(SAVE_SECONDS):
            self.save()


__all__ = ["HANDLES", "World"]
