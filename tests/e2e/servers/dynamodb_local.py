"""DynamoDB Local, AWS's own (inside an npm package; Java), in memory: strict types, limits, true capacity, transactions."""

import secrets
import shutil
from pathlib import Path
from typing import Any, ClassVar

from tests.e2e.servers import installing
from tests.e2e.servers.base import LocalServer
from tests.e2e.servers.processes import run_quiet
from tests.e2e.servers.web import Api

PACKAGE = "amplify-dynamodb-simulator"
VERSION = "2.9.30"

_ASSETS = Path(__file__).parent / "assets" / "dynamodb"


class DynamoDbLocal(LocalServer):
    """DynamoDB Local without disk: stopping it forgets everything. Its licence is for development and testing.

    ``start`` options: ``port``.
    """

    name: ClassVar[str] = "dynamodb"
    summary: ClassVar[str] = "DynamoDB Local: AWS's tables"
    recipe: ClassVar[str] = f"npm {PACKAGE} {VERSION}, 2"
    groups: ClassVar[tuple[str, ...]] = ("java",)

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs to find these tables with boto3; the keys are made up."""
        return {
            "AWS_ENDPOINT_URL_DYNAMODB": self.url,
            "AWS_ACCESS_KEY_ID": "careloop",
            "AWS_SECRET_ACCESS_KEY": secrets.token_hex(8),
            "AWS_DEFAULT_REGION": "eu-central-1",
        }

    @property
    def _emulator(self) -> Path:
        return self.install_dir / "package" / "emulator"

    @property
    def _loopback(self) -> Path:
        return self.install_dir / "loopback.so"

    def _install(self, log: Path) -> None:
        installing.need_commands({"java": "default-jre-headless"}, log=log)
        archive = self.install_dir / f"{PACKAGE}-{VERSION}.tgz"
        if not archive.exists():
            installing.npm(["pack", f"{PACKAGE}@{VERSION}"], log=log, cwd=self.install_dir)
        installing.require(
            run_quiet(["tar", "xzf", archive.name], log=log, cwd=self.install_dir), "tar could not unpack", log
        )
        archive.unlink()

        # The program has no option for its address and would listen on every interface. (Debian's g++ brings
        # gcc with the C library's headers; its gcc does not.)
        installing.need_commands({"gcc": "g++"}, log=log)
        done = run_quiet(["gcc", "-shared", "-fPIC", "-o", self._loopback, _ASSETS / "loopback.c", "-ldl"], log=log)
        installing.require(done, "loopback.c could not be compiled", log)

    def _is_installed(self) -> bool:
        return (
            (self._emulator / "DynamoDBLocal.jar").exists()
            and self._loopback.exists()
            and shutil.which("java") is not None
        )

    def _launch(self, options: dict[str, Any]) -> None:
        port = self._choose_ports("port", port=options.get("port"))["port"]
        argv: list[str | Path] = ["java", "-Xmx256m", f"-Djava.library.path={self._emulator / 'DynamoDBLocal_lib'}"]
        argv += [
            "-jar",
            self._emulator / "DynamoDBLocal.jar",
            "-inMemory",
            "-sharedDb",
            "-disableTelemetry",
            "-port",
            str(port),
        ]
        self._groups["java"].start(argv, env={"LD_PRELOAD": str(self._loopback)}, cwd=self.run_dir)

    def _answers(self) -> bool:
        # Any signed-looking call is answered; without a signature the status is 400, which is an answer as well.
        return Api(base=self.url).call("GET", "/").status in (200, 400)
