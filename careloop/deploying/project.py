"""The files of a project that deploying reads and writes: Chalice's configuration and record of deployment."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chalicelib.core.errors import ConfigurationError

STAGE_NAME = re.compile(r"[a-z][a-z0-9-]{0,19}")
CONSUMERS = {
    "inbound": "CARELOOP_INBOUND_QUEUE",
    "outbound": "CARELOOP_OUTBOUND_QUEUE",
    "jobs": "CARELOOP_JOBS_QUEUE",
    "dead_letters": "CARELOOP_DEAD_LETTERS_QUEUE",
}
"""Function -> the setting that names the queue it takes from."""
SCHEDULED = ("poll", "watch")
API = "api_handler"
"""Chalice's name of the function behind the API."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One stage of ``.chalice/config.json``. ``api_path``: the first part of the API's addresses."""

    name: str
    app: str
    environment: Mapping[str, str]
    functions: tuple[str, ...]
    api_path: str = "api"

    def function(self, name: str) -> str:
        """What Chalice calls a function in AWS."""
        return f"{self.app}-{self.name}" if name == API else f"{self.app}-{self.name}-{name}"

    def role(self, name: str) -> str:
        """What Chalice calls a function's role."""
        return f"{self.app}-{self.name}-{name}"

    def rule(self, name: str) -> str:
        """What Chalice calls a function's schedule."""
        return f"{self.app}-{self.name}-{name}-event"

    def queue(self, function: str) -> str:
        """The queue that a function takes from. Raises ConfigurationError."""
        try:
            return self.environment[CONSUMERS[function]]
        except KeyError:
            raise ConfigurationError(f"stage {self.name} has no {CONSUMERS[function]}") from None

    @property
    def queues(self) -> dict[str, str]:
        """Function -> queue."""
        return {function: self.queue(function) for function in CONSUMERS}


class Project:
    """A folder with ``app.py``, ``.chalice/`` and ``infra/``."""

    def __init__(self, folder: Path = Path()) -> None:
        self.folder = folder
        self.config = folder / ".chalice" / "config.json"
        self.template = folder / "infra" / "stack.yaml"

    def record(self, stage: str) -> Path:
        """Chalice's record of what it deployed."""
        return self.folder / ".chalice" / "deployed" / f"{stage}.json"

    def read(self) -> dict[str, Any]:
        """The configuration. Raises ConfigurationError."""
        if not self.config.exists():
            raise ConfigurationError(f"{self.config} is not here: run this in the project's folder")
        try:
            found: dict[str, Any] = json.loads(self.config.read_text(encoding="utf-8"))
        except ValueError as error:
            raise ConfigurationError(f"{self.config} is not JSON: {error}") from error
        return found

    def stages(self) -> list[str]:
        """The names of all stages."""
        return sorted(self.read().get("stages", {}))

    def stage(self, name: str) -> Stage:
        """One stage. Raises ConfigurationError."""
        if not STAGE_NAME.fullmatch(name):
            raise ConfigurationError(f"{name!r} is no stage's name: small letters, digits and hyphens, at most 20")
        config = self.read()
        block = config.get("stages", {}).get(name)
        if block is None:
            raise ConfigurationError(f"no stage {name!r} in {self.config}; it has: {', '.join(self.stages())}")
        functions = {**config.get("lambda_functions", {}), **block.get("lambda_functions", {})}
        return Stage(
            name=name,
            app=str(config["app_name"]),
            environment={**config.get("environment_variables", {}), **block.get("environment_variables", {})},
            functions=tuple(functions),
            api_path=str(block.get("api_gateway_stage", config.get("api_gateway_stage", "api"))),
        )

    def write_variables(self, stage: str, values: Mapping[str, str]) -> list[str]:
        """Set environment variables of a stage; returns the names of those that changed. Everything else in the file
        stays as it is, its formatting included."""
        changed = []
        for name, value in values.items():
            config = self.read()
            variables = config["stages"][stage].setdefault("environment_variables", {})
            if variables.get(name) == value:
                continue
            old = variables.get(name)
            variables[name] = value
            self._write(config, _replaced(self.config.read_text(encoding="utf-8"), name, old, value, config))
            changed.append(name)
        return changed

    def add_stage(self, name: str, like: str) -> None:
        """A new stage with the blocks of another, its name in place of the other's."""
        config = self.read()
        before = config["stages"][like]
        config["stages"][name] = _renamed(copy.deepcopy(before), like, name)
        self._write(config, _with_block(self.config.read_text(encoding="utf-8"), like, name, before, config))

    def _write(self, config: Mapping[str, Any], text: str | None) -> None:
        self.config.write_text(text or json.dumps(config, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _replaced(text: str, name: str, old: str | None, new: str, wanted: Mapping[str, Any]) -> str | None:
    """The text with one value replaced, so that it reads as `wanted`; None where that can't be done in place."""
    if old is None:
        return None
    for found in re.finditer(rf"({re.escape(json.dumps(name))}\s*:\s*){re.escape(json.dumps(old))}", text):
        candidate = text[: found.start()] + found.group(1) + json.dumps(new) + text[found.end() :]
        if json.loads(candidate) == wanted:
            return candidate
    return None


def _with_block(text: str, like: str, name: str, block: Any, wanted: Mapping[str, Any]) -> str | None:
    """The text with a copy of one block after it, so that it reads as `wanted`; None where that can't be done."""
    for found in re.finditer(rf"(?m)^(\s*){re.escape(json.dumps(like))}\s*:\s*(?={{)", text):
        value, end = json.JSONDecoder().raw_decode(text, found.end())
        copied = _renamed(text[found.end() : end], like, name)
        candidate = f"{text[:end]},\n{found.group(1)}{json.dumps(name)}: {copied}{text[end:]}"
        if value == block and json.loads(candidate) == wanted:
            return candidate
    return None


def _renamed(value: Any, old: str, new: str) -> Any:
    if isinstance(value, dict):
        return {key: _renamed(item, old, new) for key, item in value.items()}
    if isinstance(value, list):
        return [_renamed(item, old, new) for item in value]
    return re.sub(rf"\b{re.escape(old)}\b", new, value) if isinstance(value, str) else value
