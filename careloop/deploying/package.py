"""The optimised package: everything that Lambda needs beside Chalice's own runtime, made ready for quick starts.

`chalice deploy` alone packages the project's requirements as their wheels come: complete and right, but uncompiled,
and with the descriptions of all of AWS. `assemble` makes a project folder beside the original in which ``vendor/``
holds the same requirements, pruned and compiled, and from which Chalice deploys as from any other. Nothing in the
project itself is touched, so there is nothing to restore when a deployment fails.
"""

from __future__ import annotations

import compileall
import importlib.util
import json
import os
import py_compile
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from chalicelib.core.errors import ConfigurationError

PLATFORMS: Mapping[str, str] = {"arm64": "aarch64", "x86_64": "x86_64"}
"""Lambda's word for an architecture -> the wheels' word."""
SERVICES = frozenset({"dynamodb", "s3", "secretsmanager", "sqs", "xray"})
"""What is kept of botocore's data: services that functions ask where botocore is used, and that X-Ray's SDK asks."""
PARTITIONS = frozenset({"aws", "aws-cn", "aws-us-gov"})
_JUNK_NAMES = frozenset({"__pycache__", "bin", "tests", "test"})
_JUNK_ENDINGS = (".pyi", ".c", ".h", ".pyx", ".pxd", ".typed")
_KEPT_OF_INFO = frozenset({"METADATA", "LICENSE", "LICENSE.txt", "NOTICE", "COPYING", "licenses"})
"""Of a ``dist-info``: what `importlib.metadata` reads a version from, and what licences ask to be kept."""
UNUSED = (
    "aws_lambda_powertools/event_handler",
    "aws_lambda_powertools/utilities/[!_jt]*",
    "phonenumbers/shortdata/region_*.py",
)
"""Parts that load on demand and that nothing of ours demands: routers and utilities of Powertools (but its types and
what its logger needs), emergency and other short phone numbers."""
_TASK = "/var/task"
"""Where Lambda unpacks the package: tracebacks name files there."""
_COPIED = ("app.py", "chalicelib", "policies")
_NOT_COPIED = frozenset({"deployed", "deployments", "venv"})
"""Of ``.chalice``: the record, which is shared, and what Chalice makes anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What the package is for. ``architecture``: as Lambda says it; ``python``: the minor version that runs it, which
    is this one, because only it can compile for itself, and because Chalice deploys the one it runs on."""

    architecture: str = "arm64"
    python: tuple[int, int] = field(default_factory=lambda: (sys.version_info[0], sys.version_info[1]))

    def tags(self) -> list[str]:
        """Platform tags of wheels that run there: Amazon Linux 2 (glibc 2.26) up to Python 3.11, then Amazon Linux 2023
        (2.34). Raises ConfigurationError."""
        if self.architecture not in PLATFORMS:
            raise ConfigurationError(f"{self.architecture!r} is no architecture: {', '.join(PLATFORMS)}")
        machine = PLATFORMS[self.architecture]
        newest = 26 if self.python < (3, 12) else 34
        return ["manylinux2014_" + machine, *(f"manylinux_2_{minor}_{machine}" for minor in range(newest, 16, -1))]


def architecture(project: Path) -> str:
    """What the project's configuration deploys to (Chalice's default is x86_64)."""
    config = json.loads((project / ".chalice" / "config.json").read_text(encoding="utf-8"))
    return str(config.get("lambda_architecture", "x86_64"))


def assemble(project: Path, folder: Path, target: Target | None = None) -> Path:
    """Make the project folder to deploy from, anew; returns it. Raises ConfigurationError when a requirement has no
    wheel for the target."""
    target = target or Target(architecture=architecture(project))
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    ours = [item for item in (project / ".chalice").iterdir() if item.name not in _NOT_COPIED]
    for source in (*(project / name for name in _COPIED), *ours):
        _copy(source, folder / source.relative_to(project))
    _set_architecture(folder / ".chalice" / "config.json", target.architecture)
    (folder / "requirements.txt").write_text("# All of it is in vendor/.\n", encoding="utf-8")
    fill(folder / "vendor", project / "requirements.txt", target)
    vendor = folder / "vendor"
    compile_all(vendor, vendor)
    compile_all(folder / "chalicelib", folder)
    for source, name in ((folder / "app.py", "app.py"), *_runtime()):
        _compile_into(vendor, source, name)
    _share_record(project, folder)
    return folder


def zipped(project: Path, stage: str, folder: Path) -> Path:
    """The zip that Chalice deploys from a project folder, made by Chalice itself; beside it stands its SAM template.
    Raises ConfigurationError."""
    command = [sys.executable, "-c", "import sys; from chalice.cli import main; sys.exit(main())"]
    command += ["--project-dir", str(project.resolve()), "package", "--stage", stage, str(folder.resolve())]
    environment = {"AWS_DEFAULT_REGION": "eu-central-1", **os.environ}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        last = (done.stderr or done.stdout).strip().splitlines()[-1:] or ["chalice failed"]
        raise ConfigurationError(f"chalice package: {last[0]}")
    return folder / "deployment.zip"


def fill(vendor: Path, requirements: Path, target: Target) -> None:
    """Unpack the requirements' wheels and leave out what no function uses. Raises ConfigurationError."""
    vendor.mkdir(parents=True, exist_ok=True)
    version = "".join(map(str, target.python))
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
    command += ["--no-deps", "--only-binary=:all:", "--target", str(vendor), "--requirement", str(requirements)]
    command += ["--implementation", "cp", "--python-version", ".".join(map(str, target.python))]
    command += [part for abi in (f"cp{version}", "abi3", "none") for part in ("--abi", abi)]
    command += [part for tag in target.tags() for part in ("--platform", tag)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        last = done.stderr.strip().splitlines()[-1:] or ["pip failed"]
        raise ConfigurationError(f"requirements.txt for {target.architecture}, Python {version}: {last[0]}")
    prune(vendor)


def prune(vendor: Path) -> None:
    """Remove what no function uses: tests, stubs, sources of extensions, records of installation, foreign services."""
    for path in [*_junk(vendor), *(path for part in UNUSED for path in vendor.glob(part))]:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    data = vendor / "botocore" / "data"
    if data.is_dir():
        for service in data.iterdir():
            if service.is_dir() and service.name not in SERVICES:
                shutil.rmtree(service)
        for examples in data.rglob("examples-1.json*"):
            examples.unlink()
        _cut_endpoints(data / "endpoints.json")


def _junk(vendor: Path) -> Iterator[Path]:
    for path in vendor.rglob("*"):
        if path.parent.suffix == ".dist-info":
            if path.name not in _KEPT_OF_INFO:
                yield path
        elif (path.is_dir() and path.name in _JUNK_NAMES) or path.name.endswith(_JUNK_ENDINGS):
            yield path


def _cut_endpoints(path: Path) -> None:
    """Leave the partitions that we know and the services that we use: reading it all takes 45 ms of a cold start."""
    if not path.exists():
        return
    found = json.loads(path.read_text(encoding="utf-8"))
    found["partitions"] = [
        {**item, "services": {name: value for name, value in item["services"].items() if name in SERVICES}}
        for item in found["partitions"]
        if item["partition"] in PARTITIONS
    ]
    path.write_text(json.dumps(found, separators=(",", ":")), encoding="utf-8")


def compile_all(place: Path, root: Path) -> None:
    """Compile everything below, so that Lambda, which can't write there, need not at each cold start. The files are not
    compared with their sources (a zip gives them all another time); sources stay, for tracebacks. ``root``: what Lambda
    finds as its task's folder."""
    done = compileall.compile_dir(
        place,
        quiet=2,
        force=True,
        stripdir=str(root),
        prependdir=_TASK,
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    )
    if not done:
        raise ConfigurationError(f"something below {place.name}/ does not compile")


def _runtime() -> Iterator[tuple[Path, str]]:
    """Chalice's own runtime, of which it packages the sources from where it is installed."""
    found = importlib.util.find_spec("chalice")
    if found is None or found.origin is None:
        raise ConfigurationError("chalice is not installed: pip install -r requirements-operator.txt")
    for name in ("__init__.py", "app.py"):
        yield Path(found.origin).parent / name, f"chalice/{name}"


def _compile_into(vendor: Path, source: Path, name: str) -> None:
    """Put the compiled form of a file that stands elsewhere where Python will look for it once all is in one place."""
    cached = vendor / Path(importlib.util.cache_from_source(name))
    cached.parent.mkdir(parents=True, exist_ok=True)
    py_compile.compile(
        str(source),
        str(cached),
        f"{_TASK}/{name}",
        doraise=True,
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    )


def _copy(source: Path, destination: Path) -> None:
    destination.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, destination, ignore=shutil.ignore_patterns("__pycache__", "*.py[co]", "*.md"))
    else:
        shutil.copyfile(source, destination)


def _set_architecture(path: Path, wanted: str) -> None:
    config = json.loads(path.read_text(encoding="utf-8"))
    if config.get("lambda_architecture", "x86_64") != wanted:
        config["lambda_architecture"] = wanted
        path.write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def _share_record(project: Path, folder: Path) -> None:
    """Chalice keeps its record of what it deployed in the project, from wherever it deploys."""
    record = project / ".chalice" / "deployed"
    record.mkdir(parents=True, exist_ok=True)
    os.symlink(record.resolve(), folder / ".chalice" / "deployed", target_is_directory=True)
