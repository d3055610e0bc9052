"""Request Tracker 5 (Debian package, SQLite) with Careloop's own Scrip installed: the real helpdesk of the suite."""

import contextlib
import json
import os
import secrets
import shutil
import sqlite3
import subprocess
from pathlib import Path
from typing import Any, ClassVar

from tests.e2e.servers import installing
from tests.e2e.servers.base import LocalServer, ServerError
from tests.e2e.servers.processes import clean_environment, run_quiet
from tests.e2e.servers.rt_people import RtPerson
from tests.e2e.servers.web import Api

QUEUE = "Social"
AGENT = "agent"
SECOND_AGENT = "agent2"
BRIDGE = "careloop"
CASE_FIELD = "CareloopCase"
MESSAGE_FIELD = "CareloopMessage"

_ASSETS = Path(__file__).parent / "assets" / "rt"
_SCRIP = Path(__file__).parents[3] / "careloop" / "rt_scrip"
_RT = Path("/usr/share/request-tracker5")
_LIBRARIES = [Path("/usr/local/share/request-tracker5/lib"), _RT / "lib"]
_SERVER = _RT / "libexec" / "rt-server"
# msmtp-mta satisfies the dependency on mail without a daemon; dbconfig-no-thanks keeps Debian from making a database.
_PACKAGES = ["request-tracker5", "rt5-standalone", "rt5-db-sqlite", "dbconfig-no-thanks", "msmtp-mta", "sqlite3"]
_PRESEED = """\
dbconfig-common dbconfig-common/dbconfig-install boolean false
request-tracker5 request-tracker5/dbconfig-install boolean false
request-tracker5 request-tracker5/rtname string care.test
request-tracker5 request-tracker5/organization string care.test
request-tracker5 request-tracker5/correspondaddress string rt@care.test
request-tracker5 request-tracker5/commentaddress string rt-comment@care.test
request-tracker5 request-tracker5/webbaseurl string http://127.0.0.1:8765
request-tracker5 request-tracker5/webpath string
request-tracker5 request-tracker5/handle-siteconfig-permissions boolean true
request-tracker5 request-tracker5/install-cronjobs boolean false
"""


class RequestTracker(LocalServer):
    """Request Tracker with queue ``Social``, two agents, the bridge's user, tokens, custom fields and the Scrip.

    ``start`` options: ``port``; ``hook_url``, where the Scrip POSTs (default: nowhere); ``hook_secret`` (default: made at
    random and kept; another one counts at once, see ``set_hook_secret``); ``hook_pause``, seconds without calls after one
    that failed (the Scrip's default is 30, here 0, so that a test need not wait); ``workers``, server processes (4).
    """

    name: ClassVar[str] = "rt"
    summary: ClassVar[str] = "Request Tracker 5: helpdesk"
    recipe: ClassVar[str] = "debian request-tracker5, 2"
    heavy: ClassVar[bool] = True
    options: ClassVar[frozenset[str]] = frozenset({"port", "hook_url", "hook_secret", "hook_pause", "workers"})
    groups: ClassVar[tuple[str, ...]] = ("web",)

    # -- credentials --------------------------------------------------------------------------------------------------

    @property
    def api_url(self) -> str:
        """Base address of REST2."""
        return f"{self.url}/REST/2.0"

    @property
    def bridge_token(self) -> str:
        """The REST2 token of Careloop's own user."""
        return str(self._secrets()["tokens"][BRIDGE])

    @property
    def agent_token(self) -> str:
        """The REST2 token of the first agent."""
        return str(self._secrets()["tokens"][AGENT])

    @property
    def agent_password(self) -> str:
        """The password of every agent, for RT's login page."""
        return str(self._secrets()["password"])

    @property
    def hook_secret(self) -> str:
        """The key with which the Scrip signs."""
        return (self.run_dir / "hook.secret").read_text().strip()

    def set_hook_secret(self, secret: str) -> None:
        """Rotate the Scrip's key; it counts from the next call on."""
        self._write_secret_file("hook.secret", secret + "\n")

    def has_committed(self, transaction: int) -> bool:
        """True when RT's database holds the transaction, seen past RT, so that no web request waits for another."""
        with contextlib.closing(sqlite3.connect(f"file:{self._database}?mode=ro", uri=True)) as connection:
            query = "SELECT count(*) FROM Transactions WHERE id = ?"
            return bool(connection.execute(query, [transaction]).fetchone()[0])

    # -- people -------------------------------------------------------------------------------------------------------

    def agent(self, name: str = AGENT) -> RtPerson:
        """An agent who works over REST2 with a token of their own."""
        return self._person(name)

    def bridge(self) -> RtPerson:
        """Careloop's user, for tests that look at RT from its side."""
        return self._person(BRIDGE)

    def _person(self, name: str) -> RtPerson:
        token = self._secrets()["tokens"][name]
        return RtPerson(name=name, api=Api(base=self.api_url, headers={"Authorization": f"token {token}"}))

    def run_install(self, *options: str) -> int:
        """Run the administrator's ``install.pl`` again, as on the first start; returns its exit code."""
        argv: list[str | Path] = [
            "perl",
            *self._includes(),
            _SCRIP / "install.pl",
            "--queue",
            QUEUE,
            "--action-lib",
            self.run_dir / "lib",
            *options,
        ]
        with (self.run_dir / "setup.log").open("ab") as log:
            environment = clean_environment(self._environment())
            return subprocess.run(
                argv, stdout=log, stderr=log, env=environment, stdin=subprocess.DEVNULL, check=False
            ).returncode

    # -- the recipe ---------------------------------------------------------------------------------------------------

    def _install(self, log: Path) -> None:
        (self.install_dir / "virgin.sqlite3").unlink(missing_ok=True)
        installing.apt_install(_PACKAGES, log=log, preseed=_PRESEED)

    def _is_installed(self) -> bool:
        return _SERVER.exists() and all(installing.has_package(package) for package in _PACKAGES)

    def _launch(self, options: dict[str, Any]) -> None:
        port = self._choose_ports("port", port=options.get("port"))["port"]
        self._write_config(port, options)
        if not (self.run_dir / "secrets.json").exists():
            self._make_database()
        workers = str(options.get("workers", 4))
        self._groups["web"].start(
            [
                "perl",
                *self._includes(),
                _SERVER,
                "--server",
                "Starlet",
                "--host",
                "127.0.0.1",
                "--port",
                str(port),
                "--max-workers",
                workers,
            ],
            env=self._environment(),
            cwd=self.run_dir,
        )

    def _answers(self) -> bool:
        return self.bridge().api.call("GET", "/rt").status == 200

    def _secrets(self) -> dict[str, Any]:
        try:
            return json.loads((self.run_dir / "secrets.json").read_text())
        except FileNotFoundError:
            raise ServerError("rt has not been started") from None

    def _includes(self) -> list[str]:
        return [f"-I{folder}" for folder in (self.run_dir / "lib", *_LIBRARIES)]

    def _environment(self) -> dict[str, str]:
        return {
            "RT_SITE_CONFIG": str(self.run_dir / "RT_SiteConfig.pm"),
            "RT_SITE_CONFIG_DIR": str(self.run_dir / "conf.d"),
            "TMPDIR": str(self.run_dir / "mail"),
        }

    def _write_config(self, port: int, options: dict[str, Any]) -> None:
        for folder in ("conf.d", "lib", "mail"):
            (self.run_dir / folder).mkdir(exist_ok=True)
        if options.get("hook_secret") or not (self.run_dir / "hook.secret").exists():
            self.set_hook_secret(options.get("hook_secret") or secrets.token_hex(24))
        settings: dict[str, str | int | None] = {
            "rtname": "care.test",
            "Organization": "care.test",
            "CorrespondAddress": "rt@care.test",
            "CommentAddress": "rt-comment@care.test",
            "WebDomain": "127.0.0.1",
            "WebPort": port,
            "WebBaseURL": f"http://127.0.0.1:{port}",
            "WebPath": "",
            "DatabaseType": "SQLite",
            "DatabaseName": str(self._database),
            "MailCommand": "testfile",
            "LogToSyslog": None,
            "LogToSTDERR": "warning",
            "Timezone": "UTC",
            "CareloopHookURL": options.get("hook_url") or "",
            "CareloopHookSecretFile": str(self.run_dir / "hook.secret"),
            "CareloopHookPause": options.get("hook_pause", 0),
            "CareloopBridgeUser": BRIDGE,
        }
        lines = [f"Set(${name}, {_perl(value)});" for name, value in settings.items()]
        self._write_secret_file("RT_SiteConfig.pm", "\n".join([*lines, "1;", ""]))

    @property
    def _database(self) -> Path:
        return self.run_dir / "rt.sqlite3"

    def _make_database(self) -> None:
        """A fresh RT: schema and RT's own initial data, then ours, then what Careloop gives to RT's administrators."""
        for leftover in self.run_dir.glob("rt.sqlite3*"):
            leftover.unlink()
        log = self.run_dir / "setup.log"
        virgin = self.install_dir / "virgin.sqlite3"
        with installing.locked(self.install_dir / "virgin.lock"):
            if not virgin.exists():
                self._init_database(log)
                shutil.copyfile(self._database, virgin)
        shutil.copyfile(virgin, self._database)
        with contextlib.closing(sqlite3.connect(self._database)) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
        seeded = self._seed(log)
        if self.run_install() != 0:
            raise ServerError(f"rt: install.pl failed\n{log.read_text()[-2000:]}")
        self._write_secret_file("secrets.json", json.dumps(seeded))

    def _init_database(self, log: Path) -> None:
        """RT's schema and initial data; nobody ever needs the superuser's password."""
        root = self._write_secret_file("root.password", secrets.token_hex(24) + "\n")
        argv: list[str | Path] = ["rt-setup-database-5", "--action", "init", "--dba", "root", "--dba-password", ""]
        self._run_setup(argv, log, {"ROOT_PASSWORD_FILE": str(root)})
        root.unlink()

    def _seed(self, log: Path) -> dict[str, Any]:
        password = secrets.token_hex(12)
        agents = [(AGENT, "Ada Agent"), (SECOND_AGENT, "Ben Agent")]
        wish = {
            "queue": QUEUE,
            "bridge": BRIDGE,
            "agents": [{"name": name, "real_name": real, "password": password} for name, real in agents],
        }
        with log.open("ab") as errors:
            done = subprocess.run(
                ["perl", *self._includes(), os.fspath(_ASSETS / "seed.pl")],
                input=json.dumps(wish).encode(),
                stdout=subprocess.PIPE,
                stderr=errors,
                env=clean_environment(self._environment()),
                check=False,
            )
        if done.returncode != 0:
            raise ServerError(f"rt: seeding failed\n{log.read_text()[-2000:]}")
        return {**json.loads(done.stdout), "password": password}

    def _run_setup(self, argv: list[str | Path], log: Path, env: dict[str, str]) -> None:
        if not run_quiet(argv, log=log, env={**self._environment(), **env}, cwd=self.run_dir, stdin=subprocess.DEVNULL):
            raise ServerError(f"rt: {argv[0]} failed\n{log.read_text()[-2000:]}")


def _perl(value: str | int | None) -> str:
    """A value as Perl source."""
    if value is None:
        return "undef"
    if isinstance(value, int):
        return str(value)
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
