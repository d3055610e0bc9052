"""moto's server from the project's own environment: SQS, S3, Secrets Manager, CloudFormation and more, in memory."""

import sys
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar

from tests.e2e.servers.base import LocalServer
from tests.e2e.servers.installing import NotInstallable
from tests.e2e.servers.web import Api

_GAPS = Path(__file__).resolve().parents[2] / "fakes" / "moto_gaps.py"


def _version() -> str:
    try:
        return version("moto")
    except PackageNotFoundError:
        return "absent"


class MotoServer(LocalServer):
    """AWS as moto plays it. Stopping it forgets everything. ``start`` options: ``port``; ``deployable``: with what moto
    lacks to be deployed to, see ``tests/fakes/moto_gaps.py``."""

    name: ClassVar[str] = "moto"
    summary: ClassVar[str] = "moto server: AWS"
    recipe: ClassVar[str] = f"moto {_version()} of this environment"
    options: ClassVar[frozenset[str]] = frozenset({"port", "deployable"})
    groups: ClassVar[tuple[str, ...]] = ("moto",)

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs to talk to this AWS with boto3; the keys are made up."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "careloop",
            "AWS_SECRET_ACCESS_KEY": "careloop",
            "AWS_DEFAULT_REGION": "eu-central-1",
            "AWS_ACCOUNT_ID_ENDPOINT_MODE": "disabled",
        }

    def clear(self) -> None:
        """Forget everything without stopping."""
        Api(base=self.url).call("POST", "/moto-api/reset", expect=[200])

    def _install(self, log: Path) -> None:
        if not self._is_installed():
            raise NotInstallable(
                f"moto[server] is not installed for {Path(sys.executable).name}: pip install -r requirements-dev.txt"
            )

    def _is_installed(self) -> bool:
        return find_spec("moto") is not None and find_spec("flask") is not None

    def _launch(self, options: dict[str, Any]) -> None:
        port = self._choose_ports("port", port=options.get("port"))["port"]
        program = [str(_GAPS)] if options.get("deployable") else ["-m", "moto.server"]
        self._groups["moto"].start([sys.executable, *program, "-H", "127.0.0.1", "-p", str(port)], cwd=self.run_dir)

    def _answers(self) -> bool:
        return Api(base=self.url).call("GET", "/moto-api/").status == 200
