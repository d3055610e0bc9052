"""The layers as tables: who may import what. `broken` compares a tree with them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.architecture.source import ROOT, Import, Source, is_within, sources

CORE, PORTS, TOOLKIT = "chalicelib.core", "chalicelib.ports", "chalicelib.connectors.toolkit"
CONNECTORS = "chalicelib.connectors"
KINDS = ("chalicelib.connectors.platforms", "chalicelib.connectors.helpdesks", "chalicelib.connectors.crms")

NETWORK = frozenset(
    [
        "asyncio",
        "ftplib",
        "http.client",
        "http.server",
        "imaplib",
        "nntplib",
        "poplib",
        "selectors",
        "smtplib",
        "socket",
        "socketserver",
        "ssl",
        "telnetlib",
        "urllib.request",
        "wsgiref",
        "xmlrpc",
    ]
)
FILES_AND_PROCESSES = frozenset(
    [
        "ctypes",
        "dbm",
        "fcntl",
        "fileinput",
        "glob",
        "mmap",
        "multiprocessing",
        "os",
        "pathlib",
        "pickle",
        "pty",
        "shelve",
        "shutil",
        "signal",
        "sqlite3",
        "subprocess",
        "tempfile",
        "threading",
        "concurrent",
    ]
)
CLOCK_AND_CHANCE = frozenset(["random", "secrets", "time", "sched", "uuid.uuid1", "uuid.uuid4"])
LOGGING = frozenset({"logging", "warnings"})
STREAMS = frozenset({"io", "sys", "builtins"})
DYNAMIC = frozenset({"importlib", "pkgutil", "runpy"})

PURE = NETWORK | FILES_AND_PROCESSES | CLOCK_AND_CHANCE | LOGGING | STREAMS | DYNAMIC
NO_EFFECTS = NETWORK | FILES_AND_PROCESSES | frozenset({"time", "random", "sched"})

# Import name -> the distribution in requirements.txt. Chalice adds its own runtime to the package.
THIRD_PARTY = {
    "anyascii": "anyascii",
    "aws_lambda_powertools": "aws-lambda-powertools",
    "botocore": "botocore",
    "cryptography": "cryptography",
    "jellyfish": "jellyfish",
    "phonenumbers": "phonenumberslite",
    "regex": "regex",
    "urllib3": "urllib3",
}


@dataclass(frozen=True, kw_only=True)
class Layer:
    """What the modules below ``package`` may import: of ours, of others'; and which standard modules they may not."""

    package: str
    ours: tuple[str, ...]
    others: frozenset[str] = frozenset()
    forbidden: frozenset[str] = field(default=NETWORK)


# The longest package that holds a module is its layer. A connector's own package and the families are added in `_may_import_ours`.
LAYERS = (
    Layer(package=CORE, ours=(CORE,), others=frozenset({"regex"}), forbidden=PURE),
    Layer(
        package="chalicelib.core.matching",
        ours=(CORE,),
        others=frozenset({"anyascii", "jellyfish", "phonenumbers", "regex"}),
        forbidden=PURE,
    ),
    Layer(package=PORTS, ours=(PORTS, CORE), forbidden=PURE),
    Layer(package="chalicelib.connectors", ours=(PORTS, CORE), forbidden=NO_EFFECTS),
    Layer(
        package="chalicelib.connectors.receivers",
        ours=("chalicelib.connectors", "chalicelib.connectors.registry", PORTS, CORE),
        forbidden=NO_EFFECTS,
    ),
    Layer(
        package="chalicelib.connectors.factory",
        ours=(
            "chalicelib.connectors",
            "chalicelib.connectors.registry",
            "chalicelib.connectors.receivers",
            PORTS,
            CORE,
        ),
        forbidden=NO_EFFECTS,
    ),
    Layer(
        package=TOOLKIT,
        ours=(TOOLKIT, PORTS, CORE),
        others=frozenset({"cryptography", "regex"}),
        forbidden=PURE - STREAMS,
    ),
    *(
        Layer(
            package=kind,
            ours=(TOOLKIT, PORTS, CORE),
            others=frozenset({"cryptography", "regex"}),
            forbidden=PURE - STREAMS,
        )
        for kind in KINDS
    ),
    Layer(
        package="chalicelib.pipeline",
        ours=("chalicelib.pipeline", PORTS, CORE),
        others=frozenset({"regex"}),
        forbidden=NO_EFFECTS,
    ),
    Layer(
        package="chalicelib.adapters",
        ours=("chalicelib.adapters", PORTS, CORE),
        others=frozenset({"regex"}),
    ),
    Layer(
        package="chalicelib.adapters.aws",
        ours=("chalicelib.adapters", PORTS, CORE),
        others=frozenset({"aws_lambda_powertools", "botocore"}),
    ),
    Layer(
        package="chalicelib.adapters.aws.wire",
        ours=(PORTS, CORE),
        forbidden=frozenset(),
    ),
    Layer(
        package="chalicelib.adapters.aws.light",
        ours=("chalicelib.adapters", PORTS, CORE),
    ),
    Layer(package="chalicelib.adapters.aws.signing", ours=(), forbidden=PURE),
    Layer(
        package="chalicelib.adapters.http",
        ours=(PORTS, CORE),
        others=frozenset({"urllib3"}),
        forbidden=frozenset(),
    ),
    Layer(package="chalicelib.settings", ours=(CORE,)),
    Layer(
        package="chalicelib.bootstrap",
        ours=(
            "chalicelib.settings",
            "chalicelib.pipeline",
            "chalicelib.adapters",
            "chalicelib.connectors.registry",
            "chalicelib.connectors.factory",
            "chalicelib.connectors.receivers",
            PORTS,
            CORE,
        ),
    ),
    Layer(
        package="chalicelib.entrypoints",
        ours=(
            "chalicelib.entrypoints",
            "chalicelib.bootstrap",
            "chalicelib.settings",
            "chalicelib.pipeline",
            "chalicelib.adapters.aws.telemetry",
            PORTS,
            CORE,
        ),
        others=frozenset({"chalice", "aws_lambda_powertools"}),
    ),
    Layer(package="chalicelib", ours=()),
    Layer(
        package="app",
        ours=("chalicelib.entrypoints",),
        others=frozenset({"chalice"}),
        forbidden=NETWORK | FILES_AND_PROCESSES - {"os"},
    ),
)
FAMILY = Layer(
    package=f"{CONNECTORS}._*",
    ours=(TOOLKIT, PORTS, CORE),
    others=frozenset({"cryptography", "regex"}),
    forbidden=PURE - STREAMS,
)
"""What connectors of several kinds share (a vendor's helpdesk and CRM): ``chalicelib/connectors/_<family>``."""
RUN_WITHOUT_AWS = ("careloop.local", "careloop.twins", "careloop.sandbox")


def broken(root: Path = ROOT) -> Sequence[str]:
    """Every import that breaks a rule, as "file:line: what"."""
    found: list[str] = []
    for source in sources("app.py", "chalicelib", root=root):
        layer = layer_of(source.module)
        for item in source.imports:
            found += [f"{source.name}:{item.line}: {problem}" for problem in _problems(source, layer, item)]
    for source in sources("careloop", root=root):
        for item in source.imports:
            if is_within(source.module, *RUN_WITHOUT_AWS) and is_within(item.module, "boto3", "botocore"):
                found.append(f"{source.name}:{item.line}: {item.module} in a part that runs without AWS")
    return list(dict.fromkeys(found))


def layer_of(module: str) -> Layer:
    """The layer with the longest package that holds `module`."""
    if module.startswith(f"{CONNECTORS}._"):
        return FAMILY
    return max((layer for layer in LAYERS if is_within(module, layer.package)), key=lambda layer: len(layer.package))


def _problems(source: Source, layer: Layer, item: Import) -> list[str]:
    top = item.module.partition(".")[0]
    if top in ("careloop", "tests", "bench", "app"):
        return [f"imports {item.module}: what is deployed does not know {top}"]
    if top == "chalicelib":
        return [] if _may_import_ours(source, layer, item.module) else [f"{layer.package} may not import {item.module}"]
    if top in sys.stdlib_module_names:
        return [f"{layer.package} may not import {item.module}"] if is_within(item.module, *layer.forbidden) else []
    if item.for_types and top.startswith("mypy_boto3_") and "botocore" in layer.others:
        return []
    return (
        []
        if top in layer.others
        else [f"{layer.package} may not import {item.module}: not among {sorted(layer.others)}"]
    )


def _may_import_ours(source: Source, layer: Layer, module: str) -> bool:
    if is_within(module, *layer.ours) or any(allowed.startswith(f"{module}.") for allowed in layer.ours):
        # `from chalicelib import settings` names the package `chalicelib` too; empty packages on the way are harmless.
        return True
    own = connector_of(source.module)
    if own is None:
        return False
    if is_within(module, own) or own.startswith(f"{module}."):
        return True
    other = connector_of(module)
    return other is not None and other.rpartition(".")[2].startswith("_")


def connector_of(module: str) -> str | None:
    """The package of the connector (or of the family, which begins with an underscore) that holds `module`."""
    if module.startswith(f"{CONNECTORS}._"):
        return ".".join(module.split(".")[:3])
    for kind in KINDS:
        if module.startswith(f"{kind}."):
            return ".".join(module.split(".")[: kind.count(".") + 2])
    return None
