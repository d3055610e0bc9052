"""Tryton 8.2 with the party module (PyPI, SQLite): the real CRM of the suite, over REST and JSON-RPC."""

import base64
import json
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from tests.e2e.servers import installing
from tests.e2e.servers.base import LocalServer, ServerError
from tests.e2e.servers.processes import run_quiet
from tests.e2e.servers.web import Api, UnexpectedAnswer

REQUIREMENTS = ("trytond==8.2.1", "trytond-party==8.2.0", "trytond-country==8.2.0")
DATABASE = "crm"


class Tryton(LocalServer):
    """Tryton with one database ``crm``, one administrator and one application key for REST.

    ``start`` options: ``port``. Making a database takes some 20 s, so that is part of the installation; an instance copies it.
    """

    name: ClassVar[str] = "tryton"
    summary: ClassVar[str] = "Tryton 8.2 party: CRM"
    recipe: ClassVar[str] = f"pypi {' '.join(REQUIREMENTS)}, 1"
    groups: ClassVar[tuple[str, ...]] = ("trytond",)

    # -- credentials --------------------------------------------------------------------------------------------------

    @property
    def base_url(self) -> str:
        """The database's address: REST is at ``/rest/model/...`` below it, JSON-RPC at ``/rpc/``."""
        return f"{self.url}/{DATABASE}"

    @property
    def rest_key(self) -> str:
        """The application key: ``Authorization: Bearer <key>``."""
        try:
            return json.loads((self.run_dir / "secrets.json").read_text())["rest_key"]
        except FileNotFoundError:
            raise ServerError("tryton has not been started") from None

    @property
    def admin_password(self) -> str:
        """The password of user ``admin`` for JSON-RPC."""
        return (self.install_dir / "admin.password").read_text().strip()

    # -- contacts -----------------------------------------------------------------------------------------------------

    def create_party(
        self,
        name: str,
        *,
        email: str | None = None,
        phone: str | None = None,
        handles: Mapping[str, str] | None = None,
        code: str | None = None,
    ) -> int:
        """A contact. ``handles``: name of the network to handle, kept as mechanism "other". Returns the party's id."""
        mechanisms = [{"type": "email", "value": email}] if email else []
        mechanisms += [{"type": "mobile", "value": phone}] if phone else []
        mechanisms += [
            {"type": "other", "name": network, "value": handle} for network, handle in (handles or {}).items()
        ]
        values = {"name": name, "contact_mechanisms": [["create", mechanisms]], **({"code": code} if code else {})}
        return int(self.rpc("model.party.party.create", [values])[0])

    def party(self, party: int) -> dict[str, Any]:
        """A contact's name, code and contact mechanisms."""
        found = self.rpc("model.party.party.read", [party], ["name", "code", "active", "write_date"])[0]
        return {**found, "contact_mechanisms": self._mechanisms([["party", "=", party]])}

    def find_parties(self, value: str) -> list[int]:
        """Ids of the parties that have this e-mail, number or handle, oldest first."""
        return sorted({each["party"] for each in self._mechanisms([["value", "=", value]])})

    def rpc(self, method: str, *parameters: Any) -> Any:
        """Call JSON-RPC as the administrator; ``UnexpectedAnswer`` with Tryton's error."""
        login = self._rpc("common.db.login", ["admin", {"password": self.admin_password}, "en"], {})
        token = base64.b64encode(f"admin:{login[0]}:{login[1]}".encode()).decode()
        return self._rpc(method, [*parameters, {"language": "en"}], {"Authorization": f"Session {token}"})

    def rest(self) -> Api:
        """The REST interface with the application key: ``rest().call("GET", "/party.party", query=...)``."""
        return Api(base=f"{self.base_url}/rest/model", headers={"Authorization": f"Bearer {self.rest_key}"})

    def _mechanisms(self, domain: list[Any]) -> list[dict[str, Any]]:
        fields = ["party", "type", "name", "value"]
        return self.rpc("model.party.contact_mechanism.search_read", domain, 0, 100, None, fields)

    def _rpc(self, method: str, parameters: list[Any], headers: dict[str, str]) -> Any:
        body = {"id": 1, "method": method, "params": parameters}
        answer = (
            Api(base=self.base_url, timeout=60).call("POST", "/rpc/", json=body, headers=headers, expect=[200]).json()
        )
        if isinstance(answer, dict) and answer.get("error"):
            raise UnexpectedAnswer(f"{method}: {str(answer['error'])[:500]}")
        return answer["result"] if isinstance(answer, dict) else answer

    # -- the recipe ---------------------------------------------------------------------------------------------------

    @property
    def _bin(self) -> Path:
        return self.install_dir / "venv" / "bin"

    @property
    def _template(self) -> Path:
        return self.install_dir / "template.sqlite"

    def _install(self, log: Path) -> None:
        installing.make_venv(self.install_dir / "venv", REQUIREMENTS, log=log)
        self._make_template(log)

    def _is_installed(self) -> bool:
        return (self._bin / "trytond").exists() and self._template.exists()

    def _make_template(self, log: Path) -> None:
        folder = self.install_dir / "template"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
        password = self.install_dir / "admin.password"
        password.touch(mode=0o600)
        password.write_text(secrets.token_hex(16) + "\n")
        config = folder / "trytond.conf"
        config.write_text(f"[database]\nuri = sqlite://\npath = {folder}\n")
        (folder / f"{DATABASE}.sqlite").touch()  # trytond-admin wants the file to be there
        admin: list[str | Path] = [self._bin / "trytond-admin", "-c", config, "-d", DATABASE]
        for step in (["--all", "--email", "admin@care.test"], ["-u", "party", "--activate-dependencies"]):
            done = run_quiet([*admin, *step], log=log, env={"TRYTONPASSFILE": str(password)})
            installing.require(done, "trytond-admin could not make the database", log)
        shutil.move(folder / f"{DATABASE}.sqlite", self._template)
        shutil.rmtree(folder)

    def _launch(self, options: dict[str, Any]) -> None:
        port = self._choose_ports("port", port=options.get("port"))["port"]
        database = self.run_dir / "db" / f"{DATABASE}.sqlite"
        if not database.exists():
            database.parent.mkdir(exist_ok=True)
            shutil.copyfile(self._template, database)
        config = self._write_secret_file(
            "trytond.conf",
            f"[web]\nlisten = 127.0.0.1:{port}\n[database]\nuri = sqlite://\npath = {database.parent}\n"
            f"[attachment]\npath = {self.run_dir / 'attachments'}\n[session]\ntimeout = 86400\n",
        )
        self._groups["trytond"].start([self._bin / "trytond", "-c", config, "-d", DATABASE], cwd=self.run_dir)

    def _answers(self) -> bool:
        try:
            if not (self.run_dir / "secrets.json").exists():
                self._make_rest_key()
            return self.rest().call("GET", "/party.party", query={"f": "name"}).status == 200
        except UnexpectedAnswer:
            return False

    def _make_rest_key(self) -> None:
        user = self._rpc("common.db.login", ["admin", {"password": self.admin_password}, "en"], {})[0]
        key = secrets.token_hex(32)
        made = self.rpc("model.res.user.application.create", [{"key": key, "user": user, "application": "rest"}])
        kept = self.rpc("model.res.user.application.read", made, ["key"])[0]["key"]
        self._write_secret_file("secrets.json", json.dumps({"rest_key": kept}))
