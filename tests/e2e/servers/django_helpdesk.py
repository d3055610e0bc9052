"""django-helpdesk 2.6 (PyPI, SQLite, gunicorn): the second real helpdesk of the suite."""

import json
import os
import secrets
import shutil
import subprocess
from pathlib import Path
from typing import Any, ClassVar

from tests.e2e.servers import installing
from tests.e2e.servers.base import LocalServer, ServerError
from tests.e2e.servers.django_helpdesk_people import DeskAgent
from tests.e2e.servers.processes import clean_environment, run_quiet
from tests.e2e.servers.web import Api

REQUIREMENTS = (
    "django-helpdesk==2.6.1",
    "Django==5.2.19",
    "djangorestframework==3.18.3",
    "gunicorn==27.0.1",
)
QUEUE = "Social"
CASE_FIELD = "careloopcase"
BRIDGE = "careloop"
AGENT = "ada"

_ASSETS = Path(__file__).parent / "assets" / "django_helpdesk"


class DjangoHelpdesk(LocalServer):
    """django-helpdesk with one queue, an agent and Careloop's user, each with a token.

    ``start`` options: ``port``; ``hook_url``, HELPDESK_FOLLOWUP_WEBHOOK_URLS with user and password in it (default:
    no webhook). Making a database takes some seconds, so that is part of the installation; an instance copies it.
    """

    name: ClassVar[str] = "django_helpdesk"
    summary: ClassVar[str] = "django-helpdesk 2.6: helpdesk"
    recipe: ClassVar[str] = f"pypi {' '.join(REQUIREMENTS)}, 1"
    options: ClassVar[frozenset[str]] = frozenset({"port", "hook_url"})
    groups: ClassVar[tuple[str, ...]] = ("web",)

    # -- credentials --------------------------------------------------------------------------------------------------

    @property
    def queue(self) -> int:
        """The number of the queue."""
        return int(self._secrets()["queue"])

    @property
    def bridge_token(self) -> str:
        """The API token of Careloop's own user."""
        return str(self._secrets()["users"][BRIDGE]["token"])

    def agent_id(self, name: str = AGENT) -> int:
        """The number of a user."""
        return int(self._secrets()["users"][name]["id"])

    def api(self, name: str = BRIDGE) -> Api:
        """The REST API as one of the users."""
        token = self._secrets()["users"][name]["token"]
        return Api(base=f"{self.url}/api", headers={"Authorization": f"Token {token}"})

    def agent(self) -> DeskAgent:
        """The agent, logged in to the pages."""
        found = DeskAgent(site=self.url, api=self.api(AGENT))
        found.log_in(AGENT, str(self._secrets()["users"][AGENT]["password"]))
        return found

    def _secrets(self) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads((self.run_dir / "secrets.json").read_text())
        except FileNotFoundError:
            raise ServerError("django_helpdesk has not been started") from None
        return found

    # -- the recipe ---------------------------------------------------------------------------------------------------

    @property
    def _bin(self) -> Path:
        return self.install_dir / "venv" / "bin"

    @property
    def _template(self) -> Path:
        return self.install_dir / "template.sqlite3"

    def _install(self, log: Path) -> None:
        installing.make_venv(self.install_dir / "venv", REQUIREMENTS, log=log)
        folder = self.install_dir / "template"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
        migrate: list[str | Path] = [self._bin / "python", "-m", "django", "migrate", "--verbosity", "0"]
        done = run_quiet(migrate, log=log, env=self._environment(folder))
        installing.require(done, "django-helpdesk could not make its database", log)
        shutil.move(folder / "desk.sqlite3", self._template)
        shutil.rmtree(folder)

    def _is_installed(self) -> bool:
        return (self._bin / "gunicorn").exists() and self._template.exists()

    def _environment(self, folder: Path) -> dict[str, str]:
        return {
            "DJANGO_SETTINGS_MODULE": "desk_settings",
            "DESK_RUN": os.fspath(folder),
            "PYTHONPATH": os.fspath(_ASSETS),
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def _launch(self, options: dict[str, Any]) -> None:
        port = self._choose_ports("port", port=options.get("port"))["port"]
        key = self.run_dir / "secret.key"
        if not (self.run_dir / "secrets.json").exists():
            shutil.copyfile(self._template, self.run_dir / "desk.sqlite3")
            self._write_secret_file(key.name, secrets.token_hex(32))
            self._write_secret_file("secrets.json", self._seed())
        hook = {"HELPDESK_FOLLOWUP_WEBHOOK_URLS": str(options["hook_url"])} if options.get("hook_url") else {}
        self._groups["web"].start(
            [self._bin / "gunicorn", "--bind", f"127.0.0.1:{port}", "--threads", "4", "desk_wsgi:application"],
            env={**self._environment(self.run_dir), "DESK_SECRET_KEY": key.read_text(), **hook},
            cwd=self.run_dir,
        )

    def _seed(self) -> str:
        people = [(BRIDGE, "Careloop Bridge"), (AGENT, "Ada Agent")]
        users = [{"name": name, "real_name": real, "password": secrets.token_hex(12)} for name, real in people]
        wish = {"queue": QUEUE, "case_field": CASE_FIELD, "users": users}
        with (self.run_dir / "setup.log").open("ab") as errors:
            done = subprocess.run(
                [self._bin / "python", _ASSETS / "seed.py"],
                input=json.dumps(wish).encode(),
                stdout=subprocess.PIPE,
                stderr=errors,
                env=clean_environment(self._environment(self.run_dir)),
                check=False,
            )
        if done.returncode != 0:
            raise ServerError(f"django_helpdesk: seeding failed\n{(self.run_dir / 'setup.log').read_text()[-2000:]}")
        return done.stdout.decode()

    def _answers(self) -> bool:
        return self.api().call("GET", "/tickets/", query={"page_size": 1}).status == 200
