"""A real Bluesky network (PLC directory, PDS, AppView; npm) with PostgreSQL and Redis of its own: the social network.

The directory of identities lives in memory, so each start is a new network: accounts do not survive ``restart``. To take
the AppView away and keep the accounts, use ``cut_appview`` and ``restore_appview``.
"""

import hashlib
import os
import platform
import shutil
import signal
import tempfile
import time
from pathlib import Path
from typing import Any, ClassVar

from tests.e2e.servers import installing
from tests.e2e.servers.base import LocalServer, ServerError
from tests.e2e.servers.bluesky_people import BlueskyAccount, create_account
from tests.e2e.servers.processes import ProcessGroup, run_quiet
from tests.e2e.servers.web import Api

MODES = ("full", "pds")
NODE_VERSION = "22.23.3"
NPM_VERSION = "10.9.9"
DEV_ENV_VERSION = "0.6.7"

_ASSETS = Path(__file__).parent / "assets" / "bluesky"
_PORTS = ("port", "plc", "appview", "gate", "control", "postgres", "redis")
_POSTGRES_OPTIONS = (
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "max_connections=100",
)


class Bluesky(LocalServer):
    """Bluesky's own servers. ``url`` is the PDS, the one address that a client needs.

    ``start`` options: ``mode``, "full" or "pds" (no AppView at all: notifications and threads answer 502); ``port`` of the PDS.
    """

    name: ClassVar[str] = "bluesky"
    summary: ClassVar[str] = "Bluesky PLC + PDS + AppView: social network"
    recipe: ClassVar[str] = f"npm @atproto/dev-env {DEV_ENV_VERSION}, node {NODE_VERSION}, npm {NPM_VERSION}, 1"
    heavy: ClassVar[bool] = True
    options: ClassVar[frozenset[str]] = frozenset({"port", "mode"})
    groups: ClassVar[tuple[str, ...]] = ("postgres", "redis", "network")

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        keep = bool(arguments.get("keep"))
        self._groups["postgres"] = ProcessGroup("postgres", self.run_dir, keep=keep, stop_signal=signal.SIGINT)

    # -- people and outages -------------------------------------------------------------------------------------------

    def create_account(self, name: str, *, display_name: str | None = None) -> BlueskyAccount:
        """A new account whose handle begins with ``name`` (letters and digits, up to 10) and is unique."""
        return create_account(Api(base=self.url), name, display_name=display_name)

    def cut_appview(self) -> None:
        """Take the AppView away from the PDS: notifications and threads answer 502 until it is restored."""
        self._gate("POST", "/down")

    def restore_appview(self) -> None:
        """Bring the AppView back; what was posted meanwhile has been indexed."""
        self._gate("POST", "/up")

    @property
    def appview_is_up(self) -> bool:
        """False while the AppView is cut off."""
        return bool(self._gate("GET", "/")["up"])

    def _gate(self, method: str, path: str) -> dict[str, bool]:
        if self._read_state().get("options", {}).get("mode", "full") != "full":
            raise ServerError("bluesky has no AppView in mode pds")
        return Api(base=f"http://127.0.0.1:{self.port('control')}").call(method, path, expect=[200]).json()

    # -- the recipe ---------------------------------------------------------------------------------------------------

    @property
    def _node(self) -> Path:
        machine = {"x86_64": "x64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
        return self.install_dir / "node22" / "node_modules" / f"node-linux-{machine}"

    @property
    def _app(self) -> Path:
        return self.install_dir / "app"

    def _install(self, log: Path) -> None:
        installing.apt_install(["postgresql", "redis-server"], log=log)
        installing.need_commands({"g++": "g++", "make": "make", "python3": "python3"}, log=log)
        tools = self.install_dir / "node22"
        npm_cli = tools / "node_modules" / "npm" / "bin" / "npm-cli.js"
        if not ((self._node / "bin" / "node").exists() and npm_cli.exists()):
            tools.mkdir(exist_ok=True)
            packages = [f"{self._node.name}@{NODE_VERSION}", f"npm@{NPM_VERSION}"]
            installing.npm(["install", "--no-save", "--prefix", tools, *packages], log=log, cwd=self.install_dir)
        self._app.mkdir(exist_ok=True)
        for file in ("package.json", "package-lock.json"):
            shutil.copy(_ASSETS / file, self._app)
        # better-sqlite3 is compiled against the headers that come with this Node, by the npm that belongs to it (with
        # Debian's own the result crashes); all other binaries are packages themselves.
        env = {"PATH": f"{self._node / 'bin'}:{os.environ['PATH']}", "npm_config_nodedir": str(self._node)}
        program = (self._node / "bin" / "node", npm_cli)
        installing.npm(["ci"], log=log, cwd=self._app, env=env, program=program)
        if not self._sqlite_loads(log):
            rebuild = ["rebuild", "better-sqlite3", "--build-from-source"]
            installing.npm(rebuild, log=log, cwd=self._app, env=env, program=program)
            installing.require(self._sqlite_loads(log), "better-sqlite3 could not be compiled", log)

    def _sqlite_loads(self, log: Path) -> bool:
        script = "import('better-sqlite3').then((m) => new m.default(':memory:'))"
        return run_quiet([self._node / "bin" / "node", "-e", script], log=log, cwd=self._app)

    def _is_installed(self) -> bool:
        files = (self._node / "bin" / "node", self._app / "node_modules" / "@atproto" / "dev-env" / "package.json")
        return (
            all(file.exists() for file in files)
            and _postgres_bin() is not None
            and shutil.which("redis-server") is not None
        )

    def _launch(self, options: dict[str, Any]) -> None:
        mode = options.get("mode", "full")
        if mode not in MODES:
            raise ValueError(f"mode must be one of {MODES}")
        ports = self._choose_ports(*_PORTS, port=options.get("port"))
        data = self.run_dir / "data"
        shutil.rmtree(data, ignore_errors=True)
        data.mkdir()
        shutil.copy(_ASSETS / "start.mjs", self._app)
        env = {f"{name.upper()}_PORT": str(ports[name]) for name in ("plc", "appview", "gate", "control")}
        env |= {"PDS_PORT": str(ports["port"]), "MODE": mode, "TMPDIR": str(data)}
        if mode == "full":
            self._start_stores(ports)
            env |= {
                "DB_POSTGRES_URL": f"postgresql://postgres@127.0.0.1:{ports['postgres']}/postgres",
                "DB_POSTGRES_SCHEMA": "s" + str(time.time_ns()).translate(str.maketrans("0123456789", "abcdefghij")),
                "REDIS_HOST": f"127.0.0.1:{ports['redis']}",
            }
        self._groups["network"].log.unlink(missing_ok=True)
        self._groups["network"].start([self._node / "bin" / "node", "start.mjs"], env=env, cwd=self._app)

    def _answers(self) -> bool:
        if '"ready":true' not in self._groups["network"].log.read_text(errors="replace"):
            return False
        return Api(base=self.url).call("GET", "/xrpc/_health").status == 200

    def reset(self) -> None:
        """See ``Server.reset``."""
        super().reset()
        shutil.rmtree(self._cluster, ignore_errors=True)

    # -- PostgreSQL and Redis, private to this instance -----------------------------------------------------------------

    @property
    def _cluster(self) -> Path:
        """The PostgreSQL files. As root they belong to user postgres, who must be able to reach them."""
        inside = self.run_dir / "postgres"
        if os.geteuid() != 0 or all(folder.stat().st_mode & 0o001 for folder in (self.home, *self.home.parents)):
            return inside
        return Path(tempfile.gettempdir()) / f"careloop-e2e-{hashlib.sha256(str(inside).encode()).hexdigest()[:12]}"

    def _start_stores(self, ports: dict[str, int]) -> None:
        programs = _postgres_bin()
        if programs is None:
            raise ServerError("PostgreSQL has gone")
        user = "postgres" if os.geteuid() == 0 else None
        if not (self._cluster / "PG_VERSION").exists():
            self._init_cluster(programs, user)
        settings = [part for option in (*_POSTGRES_OPTIONS, f"port={ports['postgres']}") for part in ("-c", option)]
        self._groups["postgres"].start(
            [programs / "postgres", "-D", self._cluster, *settings], cwd=Path("/"), user=user
        )
        redis = [
            "redis-server",
            "--bind",
            "127.0.0.1",
            "--port",
            str(ports["redis"]),
            "--save",
            "",
            "--appendonly",
            "no",
            "--daemonize",
            "no",
        ]
        self._groups["redis"].start(redis, cwd=self.run_dir)
        self._wait_for_postgres(programs, ports["postgres"])

    def _init_cluster(self, programs: Path, user: str | None) -> None:
        for folder in (self.home / "run", self.home / "run" / self.name, self.run_dir):
            folder.chmod(0o711)
        self._cluster.mkdir(mode=0o700, exist_ok=True)
        if user:
            shutil.chown(self._cluster, user, user)
        log = self.run_dir / "initdb.log"
        argv: list[str | Path] = [
            programs / "initdb",
            "-D",
            self._cluster,
            "-A",
            "trust",
            "-U",
            "postgres",
            "-E",
            "UTF8",
            "--locale",
            "C.UTF-8",
            "--no-sync",
        ]
        if not run_quiet(argv, log=log, cwd=Path("/"), user=user, group=user):
            raise ServerError(f"bluesky: initdb failed\n{log.read_text()[-2000:]}")

    def _wait_for_postgres(self, programs: Path, port: int) -> None:
        end = time.monotonic() + 30
        argv: list[str | Path] = [programs / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)]
        while not run_quiet(argv, log=self.run_dir / "pg_isready.log"):
            if time.monotonic() > end or not self._groups["postgres"].is_running():
                raise ServerError(f"bluesky: PostgreSQL does not start\n{self.log_tail()}")
            time.sleep(0.1)


def _postgres_bin() -> Path | None:
    """The newest of Debian's PostgreSQL program folders."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/postgres")]
    return max(found, key=lambda path: int(path.parent.name), default=None)
