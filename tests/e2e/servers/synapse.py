"""A real Matrix homeserver (Synapse, PyPI, SQLite) that pushes to an application service: private chat with true webhooks.

Synapse PUTs ``{as_url}/_matrix/app/v1/transactions/{number}`` with ``Authorization: Bearer {hs_token}``, at least once, in
order: after a failure it repeats the same number (first after about 2 s, then ever later) and holds back all that follows.
An answer without Content-Type or Content-Length counts as a failure too.
"""

import hashlib
import hmac
import json
import secrets
from pathlib import Path
from typing import Any, ClassVar

from tests.e2e.servers import installing
from tests.e2e.servers.base import LocalServer, ServerError
from tests.e2e.servers.matrix_people import MatrixUser
from tests.e2e.servers.processes import run_quiet
from tests.e2e.servers.web import Api

VERSION = "1.163.2"
SERVER_NAME = "care.test"
BRAND = "brand"


class Synapse(LocalServer):
    """Synapse with one application service, whose own user is ``@brand:care.test``.

    ``start`` options: ``as_url``, where events are pushed (default: nowhere); ``port``.
    """

    name: ClassVar[str] = "synapse"
    summary: ClassVar[str] = "Matrix Synapse: private chat with webhooks"
    recipe: ClassVar[str] = f"pypi matrix-synapse {VERSION}, 1"
    heavy: ClassVar[bool] = True
    options: ClassVar[frozenset[str]] = frozenset({"port", "as_url"})
    groups: ClassVar[tuple[str, ...]] = ("homeserver",)

    # -- credentials --------------------------------------------------------------------------------------------------

    @property
    def as_token(self) -> str:
        """With this token the application service calls Synapse."""
        return str(self._secrets()["as_token"])

    @property
    def hs_token(self) -> str:
        """With this token Synapse calls the application service."""
        return str(self._secrets()["hs_token"])

    @property
    def brand_id(self) -> str:
        """The user id of the brand."""
        return f"@{BRAND}:{SERVER_NAME}"

    # -- people -------------------------------------------------------------------------------------------------------

    def create_user(self, name: str) -> MatrixUser:
        """Register a customer, ``name`` plus a random part, and log in."""
        local, password = f"{name}-{secrets.token_hex(3)}", secrets.token_hex(12)
        nonce = self._admin.call("GET", "/_synapse/admin/v1/register", expect=[200]).json()["nonce"]
        signed = "\0".join([nonce, local, password, "notadmin"]).encode()
        mac = hmac.new(str(self._secrets()["registration"]).encode(), signed, hashlib.sha1).hexdigest()
        body = {"nonce": nonce, "username": local, "password": password, "admin": False, "mac": mac}
        made = self._admin.call("POST", "/_synapse/admin/v1/register", json=body, expect=[200]).json()
        return MatrixUser(user_id=made["user_id"], password=password, api=self._api(made["access_token"]))

    def brand(self) -> MatrixUser:
        """The brand as the application service acts for it."""
        return MatrixUser(user_id=self.brand_id, password="", api=self._api(self.as_token))

    @property
    def _admin(self) -> Api:
        return Api(base=self.url)

    def _api(self, token: str) -> Api:
        return Api(base=self.url, headers={"Authorization": f"Bearer {token}"})

    # -- the recipe ---------------------------------------------------------------------------------------------------

    @property
    def _python(self) -> Path:
        return self.install_dir / "venv" / "bin" / "python"

    def _install(self, log: Path) -> None:
        installing.make_venv(self.install_dir / "venv", [f"matrix-synapse=={VERSION}"], log=log)

    def _is_installed(self) -> bool:
        return self._python.exists() and any((self.install_dir / "venv").glob("lib/python*/site-packages/synapse"))

    def _launch(self, options: dict[str, Any]) -> None:
        port = self._choose_ports("port", port=options.get("port"))["port"]
        if not (self.run_dir / "secrets.json").exists():
            names = ("as_token", "hs_token", "registration", "macaroon", "form")
            self._write_secret_file("secrets.json", json.dumps({name: secrets.token_hex(24) for name in names}))
        self._write_config(port, options.get("as_url"))
        argv: list[str | Path] = [self._python, "-m", "synapse.app.homeserver", "-c", "homeserver.yaml"]
        if not (self.run_dir / "signing.key").exists():
            log = self.run_dir / "setup.log"
            if not run_quiet([*argv, "--generate-keys"], log=log, cwd=self.run_dir):
                raise ServerError(f"synapse: no keys\n{log.read_text()[-2000:]}")
        self._groups["homeserver"].start(argv, cwd=self.run_dir)

    def _answers(self) -> bool:
        return Api(base=self.url).call("GET", "/_matrix/client/versions").status == 200

    def _secrets(self) -> dict[str, str]:
        try:
            return json.loads((self.run_dir / "secrets.json").read_text())
        except FileNotFoundError:
            raise ServerError("synapse has not been started") from None

    def _write_config(self, port: int, as_url: str | None) -> None:
        """JSON is YAML too. Limits are lifted: tests write faster than people."""
        own = self._secrets()
        plenty = {"per_second": 1000, "burst_count": 1000}
        service = {
            "id": "careloop",
            "url": as_url,
            "as_token": own["as_token"],
            "hs_token": own["hs_token"],
            "sender_localpart": BRAND,
            "rate_limited": False,
            "namespaces": {"users": [{"exclusive": False, "regex": f"@{BRAND}:.*"}], "rooms": [], "aliases": []},
        }
        log = {
            "version": 1,
            "handlers": {"out": {"class": "logging.StreamHandler"}},
            "root": {"level": "WARNING", "handlers": ["out"]},
        }
        resources = [{"names": ["client"], "compress": False}]
        config = {
            "server_name": SERVER_NAME,
            "public_baseurl": f"http://127.0.0.1:{port}/",
            "pid_file": str(self.run_dir / "synapse-own.pid"),
            "listeners": [
                {"port": port, "type": "http", "bind_addresses": ["127.0.0.1"], "tls": False, "resources": resources}
            ],
            "database": {"name": "sqlite3", "args": {"database": str(self.run_dir / "homeserver.db")}},
            "log_config": str(self.run_dir / "log.yaml"),
            "media_store_path": str(self.run_dir / "media"),
            "signing_key_path": str(self.run_dir / "signing.key"),
            "macaroon_secret_key": own["macaroon"],
            "form_secret": own["form"],
            "registration_shared_secret": own["registration"],
            "report_stats": False,
            "trusted_key_servers": [],
            "suppress_key_server_warning": True,
            "federation_domain_whitelist": [],
            "app_service_config_files": [str(self.run_dir / "appservice.yaml")],
            "rc_message": plenty,
            "rc_login": {"address": plenty, "account": plenty},
            "rc_registration": plenty,
            "rc_invites": {"per_room": plenty, "per_user": plenty, "per_issuer": plenty},
            "rc_joins": {"local": plenty, "remote": plenty},
        }
        for name, content in (("homeserver", config), ("appservice", service), ("log", log)):
            self._write_secret_file(f"{name}.yaml", json.dumps(content, indent=1))
