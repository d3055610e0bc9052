"""The names and the form of secrets, whoever keeps them: JSON objects of fields. Pure; no value gets into an error."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from chalicelib.core.account import ConnectionKind
from chalicelib.core.errors import ConfigurationError

_ODD = re.compile(r"[^A-Za-z0-9_.+@-]")


def verification_name(prefix: str, kind: ConnectionKind, connector: str, endpoint: str) -> str:
    """``<prefix>/verify/<kind>/<connector>/<endpoint>``."""
    return "/".join((prefix, "verify", kind.value, _part(connector), _part(endpoint)))


def credentials_name(prefix: str, kind: ConnectionKind, connector: str, name: str) -> str:
    """``<prefix>/call/<kind>/<connector>/<name>``."""
    return "/".join((prefix, "call", kind.value, _part(connector), _part(name)))


def _part(text: str) -> str:
    """`text` with only the characters that Secrets Manager allows in a name (API reference, CreateSecret, 2026-08);
    others become ``=`` and their UTF-8 in hexadecimal."""
    return _ODD.sub(lambda match: "".join(f"={byte:02X}" for byte in match[0].encode("utf-8", "surrogatepass")), text)


def write_verification(values: Mapping[str, tuple[str, ...]]) -> str:
    """The document of VERIFY fields, each with all its current values."""
    return json.dumps({name: list(items) for name, items in values.items()})


def read_verification(name: str, text: str) -> Mapping[str, tuple[str, ...]]:
    """VERIFY fields. A single value that a person wrote as text is taken as the only one."""
    found: dict[str, tuple[str, ...]] = {}
    for field, value in _fields(name, text).items():
        values = value if isinstance(value, list) else [value]
        if not all(isinstance(item, str) for item in values):
            raise ConfigurationError(f"secret {name}: {field} must be a text or a list of texts")
        found[field] = tuple(values)
    return found


def write_credentials(values: Mapping[str, str]) -> str:
    """The document of CALL fields."""
    return json.dumps(dict(values))


def read_credentials(name: str, text: str) -> Mapping[str, str]:
    """CALL fields."""
    found = _fields(name, text)
    for field, value in found.items():
        if not isinstance(value, str):
            raise ConfigurationError(f"secret {name}: {field} must be a text")
    return found


def missing(name: str) -> ConfigurationError:
    """The error for a secret that is not there."""
    return ConfigurationError(f"secret {name} is missing")


def _fields(name: str, text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        raise ConfigurationError(f"secret {name} is not JSON") from None
    if not isinstance(found, dict):
        raise ConfigurationError(f"secret {name} is not an object of fields")
    return found
